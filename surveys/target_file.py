"""Targets and hard stops as a spreadsheet: a row per place and audience, to be filled in and uploaded.

Rows are found by the place's code (a school's) or name (a township's, the county's) and the audience's name;
columns by their heading, in Chinese or English. A blank cell leaves what there is.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import xlsxwriter
from django.utils.translation import gettext as _

from surveys.audiences import AUDIENCES
from surveys.models import Location
from surveys.roster.cells import Odd, RosterFileError, Row
from surveys.roster.reading import read_sheets
from surveys.target_changes import CellChange
from surveys.wave_targets import CellKey, TargetCell

LARGEST_TARGET = 1_000_000
MOST_PROBLEMS = 100
_OPTIONS = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
_HEADINGS = {
    "code": ("学校代码", "School code"),
    "name": ("学校或乡镇", "School or township"),
    "audience": ("调查对象", "Audience"),
    "target": ("目标", "Target"),
    "limit": ("硬性名额", "Hard stop"),
}


class TargetFileError(Exception):
    """A file that does not hold targets; the sentence says what is missing."""


@dataclass(frozen=True)
class RowProblem:
    row: int
    heading: str
    found: str
    sentence: str


@dataclass(frozen=True)
class TargetFile:
    """What an uploaded file would change, and the entries that cannot be used."""

    changes: Mapping[CellKey, CellChange]
    problems: tuple[RowProblem, ...]
    rows: int


def targets_xlsx(cells: Sequence[TargetCell], *, replies: Mapping[CellKey, int], language: str) -> bytes:
    """The form: every place and audience with target, hard stop and replies, then the parts by grade."""
    stream = io.BytesIO()
    at = 0 if language == "zh-hans" else 1
    with xlsxwriter.Workbook(stream, _OPTIONS) as book:
        bold = book.add_format({"bold": True, "bg_color": "#DCE9EF", "border": 1, "text_wrap": True})
        sheet = book.add_worksheet(_("Targets")[:31])
        headings = [
            _HEADINGS["code"][at], _HEADINGS["name"][at], _("Township"), _("Location"),
            _HEADINGS["audience"][at], _("People"), _HEADINGS["target"][at], _HEADINGS["limit"][at],
            _("Valid replies"),
        ]  # fmt: skip
        _head(sheet, headings, (16, 34, 14, 10, 12, 9, 9, 11, 11), bold)
        for number, cell in enumerate(cells, start=1):
            people = cell.place.people or ""
            row = (cell.code, cell.name, cell.township, _location(cell), _audience(cell.audience, language),
                   people, cell.target, cell.limit or "", replies.get(cell.key, 0))  # fmt: skip
            _write(sheet, number, row)
        sheet.autofilter(0, 0, max(len(cells), 1), len(headings) - 1)
        _grades(book.add_worksheet(_("By grade")[:31]), cells, language, bold)
    return stream.getvalue()


def read_targets(content: bytes, *, file_name: str, cells: Sequence[TargetCell]) -> TargetFile:
    """The changes a filled-in form asks for. TargetFileError or RosterFileError if it is no such form."""
    sheet = read_sheets(content, file_name=file_name)[0]
    rows = list(sheet)
    columns = _columns(rows[0]) if rows else {}
    missing = [_HEADINGS[name][0] for name in ("audience", "target") if name not in columns]
    if "code" not in columns and "name" not in columns:
        missing.insert(0, _HEADINGS["code"][0])
    if missing:
        raise TargetFileError(
            _("The first row of “%(sheet)s” lacks the heading %(missing)s. Download the form and fill it in.")
            % {"sheet": sheet.name, "missing": "、".join(missing)}
        )
    known = _known(cells)
    changes: dict[CellKey, CellChange] = {}
    problems: list[RowProblem] = []
    for row in rows[1:]:
        entry = {name: row.cell(column) for name, column in columns.items()}
        found = _place(entry, known)
        if isinstance(found, RowProblem):
            problems.append(RowProblem(row.number, found.heading, found.found, found.sentence))
            continue
        if found.key in changes:
            sentence = _("This place and audience stands in the file twice.")
            problems.append(RowProblem(row.number, _HEADINGS["name"][0], found.name, sentence))
            continue
        numbers = {name: _number(entry.get(name, "")) for name in ("target", "limit")}
        for name, value in numbers.items():
            if isinstance(value, str):
                problems.append(RowProblem(row.number, _HEADINGS[name][0], str(entry[name]), value))
        target, limit = (None if isinstance(one, str) else one for one in numbers.values())
        changes[found.key] = CellChange(target, limit)
    return TargetFile(_that_differ(changes, cells), tuple(problems[:MOST_PROBLEMS]), len(rows) - 1)


def _that_differ(
    changes: Mapping[CellKey, CellChange], cells: Sequence[TargetCell]
) -> dict[CellKey, CellChange]:
    by_key = {cell.key: cell for cell in cells}
    found = {}
    for key, change in changes.items():
        cell = by_key[key]
        target = None if change.target == cell.target else change.target
        limit = None if change.limit == (cell.limit or 0) else change.limit
        if target is not None or limit is not None:
            found[key] = CellChange(target, limit)
    return found


def _columns(row: Row) -> dict[str, int]:
    found = {}
    for column, cell in enumerate(row.cells):
        for name, words in _HEADINGS.items():
            if str(cell).strip().casefold() in {word.casefold() for word in words}:
                found.setdefault(name, column)
    return found


def _known(cells: Sequence[TargetCell]) -> dict[tuple[str, str], list[TargetCell]]:
    """(code or name, audience's name or code) → cells; a name that two schools share finds both."""
    known: dict[tuple[str, str], list[TargetCell]] = {}
    for cell in cells:
        words = {cell.audience, *(_audience(cell.audience, language) for language in ("zh-hans", "en"))}
        for place in {cell.code, cell.name} - {""}:
            for word in words:
                known.setdefault((place.casefold(), word.casefold()), []).append(cell)
    return known


def _place(entry: Mapping[str, str | Odd], known: Mapping[tuple[str, str], list[TargetCell]]):
    code, name = str(entry.get("code", "")).strip(), str(entry.get("name", "")).strip()
    audience = str(entry.get("audience", "")).strip()
    cells = known.get(((code or name).casefold(), audience.casefold()), [])
    if len(cells) == 1:
        return cells[0]
    if cells:
        sentence = _("Several places have this name; give the school code.")
    else:
        sentence = _("The wave does not ask this audience at this place.")
    return RowProblem(0, _HEADINGS["code" if code else "name"][0], f"{code or name} {audience}", sentence)


def _number(cell: str | Odd) -> int | str | None:
    """The number, None for a blank, or the sentence that says what is allowed."""
    text = str(cell).replace(",", "").replace("，", "").strip()
    if not text:
        return None
    if isinstance(cell, Odd) or not text.isascii() or not text.isdecimal() or int(text) > LARGEST_TARGET:
        return _("Allowed: a whole number from 0 to %(most)s.") % {"most": f"{LARGEST_TARGET:,}"}
    return int(text)


def _grades(sheet, cells: Sequence[TargetCell], language: str, bold) -> None:
    at = 0 if language == "zh-hans" else 1
    headings = [_HEADINGS["code"][at], _HEADINGS["name"][at], _HEADINGS["audience"][at], _("Grade"),
                _HEADINGS["target"][at]]  # fmt: skip
    _head(sheet, headings, (16, 34, 12, 16, 9), bold)
    number = 0
    for cell in cells:
        for grade, target in cell.grades.items():
            number += 1
            words = band_name(grade)
            _write(sheet, number, (cell.code, cell.name, _audience(cell.audience, language), words, target))


def band_name(band: str) -> str:
    """A grade band in words: g1_3 is grades 1–3."""
    numbers = band.removeprefix("g").split("_")
    if not all(number.isdecimal() for number in numbers):
        return band
    if len(numbers) == 1:
        return _("Grade %(first)s") % {"first": numbers[0]}
    return _("Grades %(first)s–%(last)s") % {"first": numbers[0], "last": numbers[1]}


def _head(sheet, headings: Sequence[str], widths: Sequence[int], bold) -> None:
    for column, (heading, width) in enumerate(zip(headings, widths, strict=True)):
        sheet.set_column(column, column, width)
        sheet.write_string(0, column, heading, bold)
    sheet.freeze_panes(1, 2)


def _write(sheet, number: int, row: Sequence[str | int]) -> None:
    for column, value in enumerate(row):
        if isinstance(value, int):
            sheet.write_number(number, column, value)
        else:
            sheet.write_string(number, column, str(value))


def _location(cell: TargetCell) -> str:
    return str(Location(cell.place.location).label) if cell.place.location else ""


def _audience(code: str, language: str) -> str:
    return AUDIENCES[code].name(language) if code in AUDIENCES else code


__all__ = [
    "RosterFileError", "RowProblem", "TargetFile", "TargetFileError", "band_name", "read_targets",
    "targets_xlsx",
]  # fmt: skip
