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
    str: ("a text in quotes", "引号内的文字"),
    bool: ("true or false", "true或false"),
    int: ("a whole number", "整数"),
    list: ("a list", "列表[…]"),
    dict: ("a table", "表{…}"),
}
_WHERE = re.compile(r"\(at line (\d+), column (\d+)\)")


class TomlFile:
    """One file being read. `error` is the exception class of the boundary it stands at."""

    def __init__(self, source: str, *, name: str, error: type[ValueError]) -> None:
        self.name = name
        self.error = error
        try:
            self.data: Table = tomllib.loads(source)
        except tomllib.TOMLDecodeError as mistake:
            raise self.refusal("", f"not readable as TOML: {mistake}", _not_toml(mistake)) from mistake

    def refuse(self, place: str, message: str, chinese: str = "") -> NoReturn:
        """`chinese` says the same, for a boundary whose error speaks both languages."""
        raise self.refusal(place, message, chinese)

    def refusal(self, place: str, message: str, chinese: str) -> ValueError:
        return self.error(f"{self.name}, {place}: {message}" if place else f"{self.name}: {message}")

    def only_keys(self, table: Table, allowed: Iterable[str], place: str) -> None:
        allowed = list(allowed)
        for key in table:
            if key not in allowed:
                self.refuse(
                    place,
                    f"unknown key {key!r}; allowed: {', '.join(allowed)}",
                    f"不认识的键“{key}”，可用：{'、'.join(allowed)}",
                )

    def all_known(
        self, words: Iterable[str], known: Iterable[str], place: str, what: str, chinese: str = "可用的词"
    ) -> None:
        known = list(known)
        for word in words:
            if word not in known:
                self.refuse(
                    place,
                    f"{word!r} is no {what}; allowed: {', '.join(known) or '(none)'}",
                    f"“{word}”不是{chinese}，可用：{'、'.join(known) or '（没有）'}",
                )

    def value(self, table: Table, key: str, kind: type, default: Any, place: str) -> Any:
        """The value of an optional key, of exactly this kind: true is no whole number."""
        if key not in table:
            return default
        found = table[key]
        if type(found) is not kind:
            english, chinese = _KINDS[kind]
            self.refuse(
                at(place, key), f"found {found!r}; expected {english}", f"写的是“{found}”，应为{chinese}"
            )
        return found

    def required(self, table: Table, key: str, kind: type, place: str) -> Any:
        if key not in table:
            self.lacks(place, key)
        return self.value(table, key, kind, None, place)

    def lacks(self, place: str, key: str) -> NoReturn:
        self.refuse(place, f"the key {key!r} is missing", f"缺少“{key}”")

    def tables(self, table: Table, key: str, place: str) -> dict[str, Table]:
        """The tables below a key by name; none if the key is missing."""
        found: dict[str, Table] = self.value(table, key, dict, {}, place)
        for name, entry in found.items():
            if not isinstance(entry, dict):
                self.refuse(
                    at(place, f"{key}.{name}"),
                    f"found {entry!r}; expected a table",
                    f"写的是“{entry}”，应为表{{…}}",
                )
        return found

    def words(self, table: Table, key: str, place: str) -> tuple[str, ...]:
        """A list of different, non-empty texts."""
        found = self.required(table, key, list, place)
        if not found or not all(isinstance(word, str) and word.strip() for word in found):
            self.refuse(
                at(place, key),
                f"found {found!r}; expected a list of texts in quotes, at least one",
                f"写的是“{found}”，应为列表，其中至少有一项带引号的文字",
            )
        for word in found:
            if found.count(word) > 1:
                self.refuse(at(place, key), f"{word!r} stands there twice", f"“{word}”写了两次")
        return tuple(found)

    def number(self, table: Table, key: str, place: str) -> Decimal:
        """A number as it was written: 1.1 stays 1.1."""
        if key not in table:
            self.lacks(place, key)
        found = table[key]
        if isinstance(found, bool) or not isinstance(found, int | float) or not abs(found) < 1e12:
            self.refuse(at(place, key), f"found {found!r}; expected a number", f"写的是“{found}”，应为数字")
        return Decimal(str(found))

    def identifier(self, table: Table, key: str, place: str) -> str:
        """An optional name; empty if the key is missing."""
        word: str = self.value(table, key, str, "", place)
        if key in table and not NAME.fullmatch(word):
            self.refuse(
                at(place, key),
                f"{word!r} is not a name; allowed: {NAME_RULE}",
                f"“{word}”不能作名称，可用：以字母开头的a–z、0–9和_，不超过40个字符",
            )
        return word


def _not_toml(mistake: tomllib.TOMLDecodeError) -> str:
    found = _WHERE.search(str(mistake))
    where = f"第{found[1]}行第{found[2]}列" if found else "文件末尾"
    return f"{where}不符合TOML格式，请检查引号、括号和等号"


def at(place: str, key: str) -> str:
    """The place of a key for a message: "items.overall" and "type" make "items.overall.type"."""
    return f"{place}.{key}" if place else key
