"""A TOML file read key by key: whatever is missing, unknown or of the wrong kind is refused in one sentence.

The sentence names the file, the place (item, option, key) and what is allowed, so that the person who wrote
the file can mend it without knowing the program.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from decimal import Decimal
from typing import Any, NoReturn

Table = dict[str, Any]

NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
CODE = re.compile(r"[a-z0-9][a-z0-9_]{0,39}")
NAME_RULE = "a–z, 0–9 and _, beginning with a letter, up to 40"
CODE_RULE = "a–z, 0–9 and _, up to 40"

_KINDS = {
    str: "a text in quotes",
    bool: "true or false",
    int: "a whole number",
    list: "a list",
    dict: "a table",
}


class TomlFile:
    """One file being read. `error` is the exception class of the boundary it stands at."""

    def __init__(self, source: str, *, name: str, error: type[ValueError]) -> None:
        self.name = name
        self.error = error
        try:
            self.data: Table = tomllib.loads(source)
        except tomllib.TOMLDecodeError as mistake:
            raise error(f"{name}: not readable as TOML: {mistake}") from mistake

    def refuse(self, place: str, message: str) -> NoReturn:
        raise self.error(f"{self.name}, {place}: {message}" if place else f"{self.name}: {message}")

    def only_keys(self, table: Table, allowed: Iterable[str], place: str) -> None:
        allowed = list(allowed)
        for key in table:
            if key not in allowed:
                self.refuse(place, f"unknown key {key!r}; allowed: {', '.join(allowed)}")

    def all_known(self, words: Iterable[str], known: Iterable[str], place: str, what: str) -> None:
        known = list(known)
        for word in words:
            if word not in known:
                self.refuse(place, f"{word!r} is no {what}; allowed: {', '.join(known) or '(none)'}")

    def value(self, table: Table, key: str, kind: type, default: Any, place: str) -> Any:
        """The value of an optional key, of exactly this kind: true is no whole number."""
        if key not in table:
            return default
        found = table[key]
        if type(found) is not kind:
            self.refuse(at(place, key), f"found {found!r}; expected {_KINDS[kind]}")
        return found

    def required(self, table: Table, key: str, kind: type, place: str) -> Any:
        if key not in table:
            self.refuse(place, f"the key {key!r} is missing")
        return self.value(table, key, kind, None, place)

    def tables(self, table: Table, key: str, place: str) -> dict[str, Table]:
        """The tables below a key by name; none if the key is missing."""
        found: dict[str, Table] = self.value(table, key, dict, {}, place)
        for name, entry in found.items():
            if not isinstance(entry, dict):
                self.refuse(at(place, f"{key}.{name}"), f"found {entry!r}; expected a table")
        return found

    def words(self, table: Table, key: str, place: str) -> tuple[str, ...]:
        """A list of different, non-empty texts."""
        found = self.required(table, key, list, place)
        if not found or not all(isinstance(word, str) and word.strip() for word in found):
            self.refuse(at(place, key), f"found {found!r}; expected a list of texts in quotes, at least one")
        for word in found:
            if found.count(word) > 1:
                self.refuse(at(place, key), f"{word!r} stands there twice")
        return tuple(found)

    def number(self, table: Table, key: str, place: str) -> Decimal:
        """A number as it was written: 1.1 stays 1.1."""
        if key not in table:
            self.refuse(place, f"the key {key!r} is missing")
        found = table[key]
        if isinstance(found, bool) or not isinstance(found, int | float) or not abs(found) < 1e12:
            self.refuse(at(place, key), f"found {found!r}; expected a number")
        return Decimal(str(found))

    def identifier(self, table: Table, key: str, place: str) -> str:
        """An optional name; empty if the key is missing."""
        word: str = self.value(table, key, str, "", place)
        if key in table and not NAME.fullmatch(word):
            self.refuse(at(place, key), f"{word!r} is not a name; allowed: {NAME_RULE}")
        return word


def at(place: str, key: str) -> str:
    """The place of a key for a message: "items.overall" and "type" make "items.overall.type"."""
    return f"{place}.{key}" if place else key
