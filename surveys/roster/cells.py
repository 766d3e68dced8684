"""Sheets, rows and cells as they come out of a file of any kind, and the limits on how many there may be."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from django.utils.translation import gettext as _

MOST_BLANK_ROWS = 1_000  # after so many blank rows the rest of a sheet is not looked at
LARGEST_EXACT = 10**15  # from here on spreadsheets no longer keep every digit of a number

_ERROR_VALUES = frozenset(
    ("#REF!", "#N/A", "#VALUE!", "#DIV/0!", "#NAME?", "#NUM!", "#NULL!", "#SPILL!", "#CALC!")
)


@dataclass(frozen=True)
class Limits:
    """How large a file may be: packed, unpacked, filled rows of one sheet, cells of all sheets."""

    file_bytes: int
    unpacked_bytes: int
    rows: int
    cells: int


ROSTER_LIMITS = Limits(file_bytes=10 * 1024**2, unpacked_bytes=60 * 1024**2, rows=5_000, cells=300_000)


class RosterFileError(Exception):
    """A file that cannot be read as a spreadsheet; one sentence says why and what to do."""


@dataclass(frozen=True)
class Odd:
    """A cell that holds no plain text or number: `kind` is "date", "error" or "formula"."""

    kind: str
    text: str

    def __str__(self) -> str:
        return self.text


Cell = str | Odd  # numbers as their digits: 96, 45.5; a blank cell is ""


@dataclass(frozen=True)
class Row:
    """One row; `number` is the one the spreadsheet program shows at its left."""

    number: int
    cells: tuple[Cell, ...]

    def cell(self, index: int) -> Cell:
        return self.cells[index] if index < len(self.cells) else ""


@dataclass(frozen=True)
class Sheet:
    """One visible sheet (of a text file: the file). Blank rows are left out."""

    name: str
    rows: tuple[Row, ...]
    stopped_at: int = 0  # the row after which only blank rows were seen and reading stopped

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows)


@dataclass
class Budget:
    """How many cells of a file may still be looked at."""

    limits: Limits
    spent: int = 0

    def spend(self, cells: int) -> None:
        self.spent += cells
        if self.spent > self.limits.cells:
            sentence = _("The file has more than %(most)s cells. Keep only the sheet that is needed.")
            raise RosterFileError(sentence % {"most": f"{self.limits.cells:,}"})


def collect_sheet(name: str, rows: Iterable[Iterable[Any]], *, budget: Budget) -> Sheet:
    """The sheet with these rows of values, the first being row 1. RosterFileError if there are too many."""
    filled: list[Row] = []
    blank = 0
    for number, values in enumerate(rows, start=1):
        cells = tuple(_cell(value) for value in values)
        budget.spend(len(cells) or 1)
        if any(cells):
            blank = 0
            filled.append(Row(number, cells))
            if len(filled) > budget.limits.rows:
                sentence = _("“%(sheet)s” has more than %(most)s rows. Keep only those that are needed.")
                raise RosterFileError(sentence % {"sheet": name, "most": f"{budget.limits.rows:,}"})
        else:
            blank += 1
            if blank == MOST_BLANK_ROWS:
                return Sheet(name, tuple(filled), stopped_at=number)
    return Sheet(name, tuple(filled))


def _cell(value: Any) -> Cell:
    if value is None:
        return ""
    if isinstance(value, str):
        text = value.strip()
        return Odd("error", text) if text in _ERROR_VALUES else text
    if isinstance(value, Odd):
        return value
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, int | float):
        if value != value:  # NaN
            return "NaN"
        if abs(value) >= LARGEST_EXACT:
            return f"{value:.14E}"  # as the spreadsheet program would show it: digits are lost already
        return str(int(value)) if value == int(value) else repr(value)
    if isinstance(value, datetime | date | time | timedelta):
        return Odd("date", str(value))
    return str(value).strip()
