"""A workbook for sending up: every sheet with a title, one row of heads, A4 landscape, heads on every page.

Cells are written by what they are: text is never read as a formula or a link, numbers stay numbers.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

# An empty decimal place says nothing, a lost one may stand on the wrong side of a limit.
FORMATS = {
    "text": {},
    "count": {"num_format": "#,##0"},
    "yuan": {"num_format": "#,##0.##"},
    "number": {"num_format": "#,##0.00####"},
    "share": {"num_format": "0.0#####%"},
}
A4, LANDSCAPE_MARGIN = 9, 0.5
LONGEST_CELL = 32_000
_FORBIDDEN = re.compile(r"[\[\]:*?/\\'\x00-\x1f]")
HEAD_ROW = 2


@dataclass(frozen=True)
class Column:
    """One column of a sheet: head, width in characters, and what its numbers are."""

    head: str
    width: int = 14
    kind: str = "text"


@dataclass(frozen=True)
class Cell:
    """A value that is of another kind than its column."""

    value: Any
    kind: str


class Workbook:
    """Sheets in the order in which they are added; `content()` ends the work and returns the file."""

    def __init__(self, title: str) -> None:
        self._title = title
        self._file = io.BytesIO()
        self._book = xlsxwriter.Workbook(
            self._file,
            {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False,
             "strings_to_numbers": False},
        )  # fmt: skip
        self._names: set[str] = set()
        wrapped = {"text_wrap": True, "valign": "top", "border": 1, "border_color": "#BBBBBB"}
        self._formats = {kind: self._book.add_format(wrapped | more) for kind, more in FORMATS.items()}
        self._head = self._book.add_format(wrapped | {"bold": True, "bg_color": "#E4EFF4"})
        self._big = self._book.add_format({"bold": True, "font_size": 14})

    def add(self, name: str, columns: Sequence[Column], rows: Iterable[Sequence[Any]]) -> None:
        """One sheet. A value of a column of numbers that is text or nothing stands as such."""
        sheet = self._book.add_worksheet(self._sheet_name(name))
        self._page(sheet, len(columns))
        sheet.write_string(0, 0, f"{self._title} · {name}", self._big)
        for place, column in enumerate(columns):
            sheet.set_column(place, place, column.width)
            sheet.write_string(HEAD_ROW, place, column.head, self._head)
        last = HEAD_ROW
        for last, row in enumerate(rows, start=HEAD_ROW + 1):
            for place, (column, value) in enumerate(zip(columns, row, strict=True)):
                kind, shown = (value.kind, value.value) if isinstance(value, Cell) else (column.kind, value)
                self._write(sheet, last, place, shown, self._formats[kind])
        if last > HEAD_ROW:
            sheet.autofilter(HEAD_ROW, 0, last, len(columns) - 1)

    def content(self) -> bytes:
        self._book.close()
        return self._file.getvalue()

    def _write(self, sheet: Worksheet, row: int, place: int, value: Any, style: Format) -> None:
        if value is None or value == "":
            sheet.write_blank(row, place, None, style)
        elif isinstance(value, bool) or not isinstance(value, int | float):
            sheet.write_string(row, place, str(value)[:LONGEST_CELL], style)
        else:
            sheet.write_number(row, place, value, style)

    def _page(self, sheet: Worksheet, columns: int) -> None:
        sheet.set_landscape()
        sheet.set_paper(A4)
        sheet.set_margins(*[LANDSCAPE_MARGIN] * 4)
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(0, HEAD_ROW)
        sheet.freeze_panes(HEAD_ROW + 1, 1 if columns > 2 else 0)
        # & begins a code in a footer.
        sheet.set_footer(f"&L{self._title.replace('&', '&&')[:120]}&R&P / &N")

    def _sheet_name(self, name: str) -> str:
        """At most 31 characters, none that Excel forbids, no name twice."""
        plain = _FORBIDDEN.sub(" ", name).strip()[:28] or "sheet"
        found, number = plain, 2
        while found.lower() in self._names:
            found, number = f"{plain[:26]} {number}", number + 1
        self._names.add(found.lower())
        return found
