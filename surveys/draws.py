"""Random draws that anybody can repeat: from the same list and the same seed come the same units. No Django.

Every unit gets the SHA-256 of "seed | group | unit"; the units of a group are put in the order of these
numbers and the first ones are drawn. So the order in which the list was typed plays no part, no program's
random generator has to be trusted, and whoever knows the seed can check a single line with any tool.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping, Sequence


class DrawRefused(ValueError):
    """A draw that cannot be made as asked; `group` says where."""

    def __init__(self, group: str, wanted: int, there_are: int):
        super().__init__(f"{group}: {wanted} of {there_are}")
        self.group, self.wanted, self.there_are = group, wanted, there_are


def new_seed() -> str:
    return secrets.token_hex(8)


def draw(frame: Mapping[str, Sequence[str]], *, wanted: Mapping[str, int], seed: str) -> dict[str, list[str]]:
    """group → the units drawn, in the order of their numbers. Groups without `wanted` are left out.

    DrawRefused where more are wanted than there are, or a unit stands twice in its group.

    >>> draw({"一小": ["1班", "2班", "3班"]}, wanted={"一小": 1}, seed="2026")
    {'一小': ['2班']}
    """
    drawn: dict[str, list[str]] = {}
    for group, units in frame.items():
        count = wanted.get(group, 0)
        if count < 0 or count > len(units) or len(set(units)) != len(units):
            raise DrawRefused(group, count, len(set(units)))
        if count:
            drawn[group] = sorted(units, key=lambda unit: draw_number(seed, group, unit))[:count]
    return drawn


def draw_number(seed: str, group: str, unit: str) -> str:
    """The unit's number in the draw: 64 hexadecimal digits, smallest first."""
    return hashlib.sha256(f"{seed}|{group}|{unit}".encode()).hexdigest()


def numbered(first: int, last: int) -> list[str]:
    """Units that are only numbered: households, slips. Leading zeros keep them in order on paper."""
    width = len(str(last))
    return [f"{number:0{width}}" for number in range(first, last + 1)]
