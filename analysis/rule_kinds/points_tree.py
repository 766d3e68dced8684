"""The tree of points (A–B–C) as a standard's file describes it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from analysis.findings import Texts
from analysis.standard_file import LIMITS, StandardFile
from analysis.standard_parts import CountyItem, Limit, Open
from surveys.toml_file import Table, at

POINTS: Texts = {"zh-hans": "分", "en": "points"}


@dataclass(frozen=True)
class Node:
    """One node: points to be had, and either parts or a leaf's item of the county.

    item: how a leaf is answered: points earned, or yes (all) and no (none); with a limit, a figure that
    earns all or nothing; with `each_missing`, a count of what is missing, each costing so many points.
    """

    key: str
    name: Texts
    points: Open
    parts: tuple[Node, ...] = ()
    item: str = ""
    limit: Limit | None = None
    each_missing: Open | None = None

    def leaves(self) -> Iterator[Node]:
        if not self.parts:
            yield self
        for part in self.parts:
            yield from part.leaves()


def read_tree(file: StandardFile, key: str, table: Table, place: str, *, is_root: bool = False) -> Node:
    file.check_key(key, place)
    points = file.open_number(table, "points", place)
    if isinstance(points, Fraction) and points <= 0:
        file.out_of_range(at(place, "points"), points, "above 0", "大于0")
    tables = file.tables(table, "parts", place)
    if not is_root:
        leaf_keys = ("name", "points", "item", *LIMITS, "each_missing")
        allowed = ("name", "points", "parts") if tables else leaf_keys
        file.only_keys(table, allowed, place)
    name = {} if is_root else file.texts(table, "name", place)
    parts = tuple(read_tree(file, name, part, at(place, f"parts.{name}")) for name, part in tables.items())
    if parts:
        _check_sum(file, points, parts, place)
        return Node(key, name, points, parts)
    if is_root:
        file.refuse(
            place,
            "has no parts; add parts.<name> with name and points",
            "没有下级指标，请写parts.<名称>，并写明name和points",
        )
    return _leaf(file, key, name, points, table, place)


def _leaf(file: StandardFile, key: str, name: Texts, points: Open, table: Table, place: str) -> Node:
    limit = file.limit(table, place) if set(LIMITS) & set(table) else None
    each = file.open_number(table, "each_missing", place) if "each_missing" in table else None
    if "item" in table:
        kinds = ("share", "number") if limit else ("number",) if each else ("points", "yes_no")
        item = file.item_name(file.required(table, "item", str, place), at(place, "item"), kinds=kinds)
    else:
        # A leaf of its own name is asked for by that name in the county's file.
        if limit or each:
            file.refuse(
                place,
                "a limit or each_missing needs the figure it is about; add item = '…'",
                "写了限值或each_missing，就要写明是哪一项数据：item = '…'",
            )
        if key in file.items:
            file.refuse(
                place,
                f"an item is called {key!r} already; name it by item = {key!r} if it is meant",
                f"已有指标项叫“{key}”；如果指的就是它，请写item = '{key}'",
            )
        file.items[key] = CountyItem(key, name, "points", POINTS)
        file.used.add(f"items.{key}")
        item = key
    return Node(key, name, points, (), item, limit, each)


def _check_sum(file: StandardFile, points: Open, parts: tuple[Node, ...], place: str) -> None:
    numbers = [part.points for part in parts]
    known = [number for number in numbers if isinstance(number, Fraction)]
    total = sum(known, Fraction(0))
    if isinstance(points, Fraction):
        is_wrong = total != points if len(known) == len(numbers) else total >= points
        if is_wrong:
            file.refuse(
                at(place, "parts"),
                f"the parts have {float(total):g} points; the whole has {float(points):g}",
                f"下级指标合计{float(total):g}分，本级为{float(points):g}分，两者应相等",
            )
