"""The columns of the canonical indicator table and the words that may stand in them, from `columns.toml`.

A standard's file may add columns of its own in the same form; no other place knows what a column means.
"""

from __future__ import annotations

import tomllib
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from analysis.findings import CHINESE, ENGLISH, Texts

COUNTED = ("stage", "split", "school")
STAGES = ("primary", "junior", "senior")
COMPULSORY = ("primary", "junior")  # the stages that are judged
STAGES_OF_TYPE: Mapping[str, tuple[str, ...]] = {
    "primary": ("primary",),
    "junior": ("junior",),
    "nine_year": ("primary", "junior"),
    "complete": ("junior", "senior"),
    "twelve_year": STAGES,
    "teaching_point": ("primary",),
    "special": (),
    "vocational": (),
    "senior": ("senior",),
}
LOCATIONS = ("urban", "town", "rural")
STAGE_NAMES: Mapping[str, Texts] = {
    "primary": {CHINESE: "小学", ENGLISH: "primary"},
    "junior": {CHINESE: "初中", ENGLISH: "junior secondary"},
    "senior": {CHINESE: "高中", ENGLISH: "senior secondary"},
    "": {CHINESE: "全校", ENGLISH: "whole school"},
}


@dataclass(frozen=True)
class Column:
    """One column of amounts, or of yes and no."""

    key: str
    name: Texts
    unit: Texts
    counted: str
    headings: tuple[str, ...] = ()
    is_yes_no: bool = False
    joined: str = "sum"  # how the stages of a school make the whole: "sum" or "largest"

    @property
    def is_money(self) -> bool:
        return self.unit.get(CHINESE) == "元"


@cache
def canonical_columns() -> dict[str, Column]:
    """The columns every standard knows, by key."""
    return {
        key: Column(
            key,
            table["name"],
            table["unit"],
            table["counted"],
            tuple(table.get("headings", ())),
            joined=table.get("joined", "sum"),
        )  # fmt: skip
        for key, table in _file()["columns"].items()
    }


@cache
def text_headings() -> dict[str, tuple[str, ...]]:
    """The columns of words (school, stage, …) with every heading they go by."""
    return {
        key: (key, *table["name"].values(), *table.get("headings", ()))
        for key, table in _file()["texts"].items()
    }


@cache
def words(kind: str) -> dict[str, str]:
    """Spelling → value for `stage`, `school_type`, `location`, `public`, `amounts_of` and `yes_no`."""
    return {
        plain(spelling): value
        for value, spellings in _file()["words"][kind].items()
        for spelling in (value, *spellings)
    }


def first_words(kind: str, only: Iterable[str] | None = None) -> Texts:
    """The values a clerk may write, for a message: 小学、初中 or "primary (小学), junior (初中)"."""
    found = {
        value: spellings[0]
        for value, spellings in _file()["words"][kind].items()
        if only is None or value in only
    }
    return {
        CHINESE: "、".join(found.values()),
        ENGLISH: ", ".join(f"{value} ({spelling})" for value, spelling in found.items()),
    }


def called(key: str, columns: Mapping[str, Column]) -> Texts:
    """A column as messages call it: by its Chinese heading, or in English by its key."""
    if key in columns:
        return {CHINESE: columns[key].name[CHINESE], ENGLISH: key}
    head, _, stage = key.rpartition("_")
    if head in columns and stage in STAGES:
        return {CHINESE: f"{STAGE_NAMES[stage][CHINESE]}{columns[head].name[CHINESE]}", ENGLISH: key}
    text = _file()["texts"].get(key)
    return {CHINESE: text["name"][CHINESE] if text else key, ENGLISH: key}


def plain(text: str) -> str:
    """For comparing words: half-width, lower case, without blanks."""
    return "".join(unicodedata.normalize("NFKC", text).lower().split())


@cache
def _file() -> dict:
    return tomllib.loads(Path(__file__).with_name("columns.toml").read_text(encoding="utf-8"))
