"""What the columns of a file of ready-made answers mean: by their headings, or by a small TOML map.

Without a map a column is what its heading says: an item of the wave's questionnaires, or one of the
headings in `HEADINGS`. A map is needed where the file has names or codes of its own:

    audience = "who"            # heading of the column
    respondent = "nr"
    ignore = ["remarks"]        # columns that are not imported
    [items]
    location = "class"          # item = heading
    [codes.grade_band]          # item: what the file says = code; "" means no answer
    none = ""
    [audiences]
    "代表" = "deputy"            # what the file says = audience
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from surveys.toml_file import TomlFile

# Part of a row → headings that are understood without a map.
HEADINGS: dict[str, tuple[str, ...]] = {
    "audience": ("audience", "调查对象"),
    "school": ("school", "school_code", "学校代码"),
    "township": ("township", "乡镇"),
    "respondent": ("respondent", "resp_id", "id", "编号"),
    "received_at": ("received_at", "提交时间"),
    "seconds": ("seconds", "答题秒数"),
    "language": ("language", "语言"),
}


class ColumnMapError(ValueError):
    """A map of columns that cannot be used; the message names file, place and what is allowed."""


@dataclass(frozen=True)
class ColumnMap:
    """A file's own names and codes. Everything it does not mention goes by its heading."""

    parts: Mapping[str, str] = field(default_factory=dict)  # key of HEADINGS → heading
    items: Mapping[str, str] = field(default_factory=dict)  # item → heading
    codes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)  # item → {written: code}
    audiences: Mapping[str, str] = field(default_factory=dict)  # written → audience
    ignore: tuple[str, ...] = ()


@dataclass(frozen=True)
class Columns:
    """Where everything stands in one file: index by part and by item, and headings nobody knows."""

    parts: Mapping[str, int]
    items: Mapping[str, int]
    unknown: tuple[str, ...]
    missing: tuple[str, ...]  # headings that the map names and the file does not have
    without_column: tuple[str, ...]  # items that the file says nothing about


def read_column_map(source: str, *, name: str) -> ColumnMap:
    """The map of a TOML text; `name` stands for the file in messages."""
    file = TomlFile(source, name=name, error=ColumnMapError)
    file.only_keys(file.data, (*HEADINGS, "ignore", "items", "codes", "audiences"), "")
    parts = {key: file.required(file.data, key, str, "") for key in HEADINGS if key in file.data}
    tables = {key: file.value(file.data, key, dict, {}, "") for key in ("items", "codes", "audiences")}
    codes = {}
    for item in tables["codes"]:
        table = file.required(tables["codes"], item, dict, "codes")
        codes[item] = {written: file.required(table, written, str, f"codes.{item}") for written in table}
    return ColumnMap(
        parts=parts,
        items={item: file.required(tables["items"], item, str, "items") for item in tables["items"]},
        codes=codes,
        audiences={
            word: file.required(tables["audiences"], word, str, "audiences") for word in tables["audiences"]
        },
        ignore=file.words(file.data, "ignore", "") if "ignore" in file.data else (),
    )


def find_columns(headings: list[str], *, items: Collection[str], columns: ColumnMap) -> Columns:
    """What each column of a file is. `items` are the names that the wave's questionnaires ask for."""
    where = {heading: index for index, heading in reversed(list(enumerate(headings)))}
    asked = [*columns.parts.values(), *columns.items.values()]
    missing = tuple(heading for heading in asked if heading not in where)
    parts = {key: where[heading] for key, heading in columns.parts.items() if heading in where}
    found = {item: where[heading] for item, heading in columns.items.items() if heading in where}
    free = {heading: index for heading, index in where.items() if heading not in asked}
    for key, known in HEADINGS.items():
        heading = next((heading for heading in known if heading in free), None)
        if heading and key not in columns.parts:
            parts[key] = free.pop(heading)
    for item in items:
        if item in free and item not in columns.items:
            found[item] = free.pop(item)
    taken = {*parts.values(), *found.values()}
    unknown = [
        heading
        for index, heading in enumerate(headings)
        if index not in taken and heading and heading not in columns.ignore
    ]
    answered = {item.partition(".")[0] for item in found}
    without = tuple(item for item in items if item.partition(".")[0] not in answered)
    return Columns(parts, found, tuple(unknown), missing, without)
