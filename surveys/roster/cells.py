"""Sheets, rows and cells as they come out of a file of any kind, and the limits on how many there may be."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any

from django.utils.translation import gettext as _

MOST_ROWS = 20_000  # filled rows of one sheet
MOST_CELLS = 1_000_000  # cells looked at, of all sheets
MOST_BLANK_ROWS = 1_000  # after so many blank rows the rest of a sheet is not looked at
LARGEST_EXACT = 10**15  # from here on spreadsheets no longer keep every digit of a number

_ERROR_VALUES = frozenset(
    ("#REF!", "#N/A", "#VALUE!", "#DIV/0!", "#NAME?", "#NUM!", "#NULL!", "#SPILL!", "#CALC!")
)


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
    """How many cells may still be looked at."""

    cells: int = MOST_CELLS

    def spend(self, cells: int) -> None:
        self.cells -= cells
        if self.cells < 0:
            sentence = _("The file has more than %(most)s cells. Keep only the roster's sheet.")
            raise RosterFileError(sentence % {"most": f"{MOST_CELLS:,}"})


@dataclass
class _Rows:
    """The filled rows of a sheet as they come in."""

    name: str
    budget: Budget
    rows: list[Row] = field(default_factory=list)
    blank: int = 0

    def add(self, number: int, values: Iterable[Any]) -> None:
        cells = tuple(_cell(value) for value in values)
        self.budget.spend(len(cells) or 1)
        if not any(cells):
            self.blank += 1
            return
        self.blank = 0
        self.rows.append(Row(number, cells))
        if len(self.rows) > MOST_ROWS:
            sentence = _("“%(sheet)s” has more than %(most)s rows. Keep only the roster's schools.")
            raise RosterFileError(sentence % {"sheet": self.name, "most": f"{MOST_ROWS:,}"})


def collect_sheet(name: str, rows: Iterable[Iterable[Any]], *, budget: Budget) -> Sheet:
    """The sheet with these rows of values, the first being row 1. RosterFileError if there are too many."""
    collected = _Rows(name, budget)
    for number, values in enumerate(rows, start=1):
        collected.add(number, values)
        if collected.blank == MOST_BLANK_ROWS:
            return Sheet(name, tuple(collected.rows), stopped_at=number)
    return Sheet(name, tuple(collected.rows))


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
