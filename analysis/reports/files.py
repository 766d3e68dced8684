"""What all files of the ledger share: how they are sent, and sheets whose cells are never formulas."""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any
from urllib.parse import quote

import xlsxwriter
from django.http import HttpResponse

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
# Text stays text, whatever it begins with: "=1+1" in a remark is no formula and "http://…" no link.
WORKBOOK_OPTIONS = {
    "in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False,
    "nan_inf_to_errors": False,
}  # fmt: skip
FONT = "仿宋"
HEADING_FONT = "黑体"


@dataclass(frozen=True)
class Column:
    """A column of a sheet: its heading and its width in characters."""

    title: str
    width: float


@dataclass(frozen=True)
class Formats:
    title: Any
    heading: Any
    text: Any
    day: Any
    note: Any


class Book:
    """A workbook under construction; `sheet` adds a page that prints on A4 across."""

    def __init__(self, book: xlsxwriter.Workbook) -> None:
        self.book = book
        base = {"font_name": FONT, "font_size": 11, "valign": "vcenter"}
        boxed = {**base, "border": 1, "text_wrap": True}
        self.formats = Formats(
            title=book.add_format({"font_name": HEADING_FONT, "font_size": 16, "valign": "vcenter"}),
            heading=book.add_format(
                {**boxed, "font_name": HEADING_FONT, "bg_color": "#E8EEF2", "align": "center"}
            ),
            text=book.add_format(boxed),
            day=book.add_format({**boxed, "num_format": 'yyyy"年"m"月"d"日"', "align": "center"}),
            note=book.add_format({**base, "font_size": 10, "font_color": "#555555"}),
        )

    def sheet(
        self, name: str, *, title: str, note: str, columns: Sequence[Column], rows: Sequence[Sequence[Any]]
    ) -> Any:
        """A sheet with a title, a line below it, headings and rows; dates and numbers stay what they are."""
        sheet = self.book.add_worksheet(sheet_name(name, self.book))
        sheet.write_string(0, 0, title, self.formats.title)
        sheet.set_row(0, 28)
        sheet.write_string(1, 0, note, self.formats.note)
        for index, column in enumerate(columns):
            sheet.set_column(index, index, column.width)
            sheet.write_string(2, index, column.title, self.formats.heading)
        for number, row in enumerate(rows, start=3):
            for index, entry in enumerate(row):
                self._write(sheet, number, index, entry)
        sheet.freeze_panes(3, 0)
        if rows:
            sheet.autofilter(2, 0, 2 + len(rows), len(columns) - 1)
        sheet.set_landscape()
        sheet.set_paper(9)  # A4
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(2)
        sheet.set_footer("&C&P / &N")
        return sheet

    def _write(self, sheet: Any, row: int, column: int, entry: Any) -> None:
        if isinstance(entry, date):
            sheet.write_datetime(row, column, entry, self.formats.day)
        elif isinstance(entry, int) and not isinstance(entry, bool):
            sheet.write_number(row, column, entry, self.formats.text)
        else:
            sheet.write_string(row, column, str(entry)[:32_767], self.formats.text)


@contextmanager
def workbook() -> Iterator[tuple[Book, io.BytesIO]]:
    """A workbook that is written to the stream when the block ends."""
    stream = io.BytesIO()
    with xlsxwriter.Workbook(stream, WORKBOOK_OPTIONS) as book:
        yield Book(book), stream


def sheet_name(wanted: str, book: xlsxwriter.Workbook) -> str:
    """A name that Excel takes: at most 31 characters, none of []:*?/\\, not twice in one book."""
    cleaned = "".join("－" if sign in "[]:*?/\\" else sign for sign in wanted).strip("' ") or "—"
    taken = {sheet.get_name().lower() for sheet in book.worksheets()}
    name, number = cleaned[:31], 1
    while name.lower() in taken:
        number += 1
        name = f"{cleaned[: 31 - len(str(number)) - 1]} {number}"
    return name


def download(content: bytes, file_name: str, kind: str) -> HttpResponse:
    """A file to be saved, never shown in place; its name may be Chinese."""
    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(file_name)}",
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
    }
    return HttpResponse(content, content_type=kind, headers=headers)
