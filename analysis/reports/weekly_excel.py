"""The weekly report as a spreadsheet: counts, what was closed, overdue, due, and a sheet per department."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils.translation import gettext as _

from analysis.reports import weekly_words as words
from analysis.reports.files import Column, workbook
from analysis.reports.weekly import ReportedItem, WeeklyReport

ITEM_WIDTHS = (12, 46, 34, 26, 18, 14, 40)
MOST_SHEETS = 60  # departments beyond that stand in the sheet of all items only


def weekly_workbook(report: WeeklyReport) -> bytes:
    """The report as .xlsx in the active language."""
    with workbook() as (book, stream):
        headings = words.state_headings()
        book.sheet(
            _("Summary"),
            title=f"{words.title(report)}（{words.period(report)}）",
            note=words.summary(report),
            columns=[Column(text, 30 if index == 0 else 14) for index, text in enumerate(headings)],
            rows=words.state_rows(report),
        )
        for heading, items, nothing in words.sections(report):
            _items(book, heading, items, note=words.period(report) if items else nothing)
        for department in report.departments[:MOST_SHEETS]:
            _items(book, department.name, department.items, note=words.department_heading(department))
    return stream.getvalue()


def _items(book, heading: str, items: Iterable[ReportedItem], *, note: str) -> None:
    columns = [Column(*pair) for pair in zip(words.item_headings(), ITEM_WIDTHS, strict=True)]
    rows = [words.item_row(one) for one in items]
    book.sheet(heading, title=heading, note=note, columns=columns, rows=rows)
