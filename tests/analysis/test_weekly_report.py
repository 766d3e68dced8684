"""The weekly report: what stood where at the end of a week, the same whenever it is asked for."""

from __future__ import annotations

import io
from datetime import date, datetime, timedelta

import openpyxl
import pytest
from django.utils import timezone, translation
from docx import Document
from docx.oxml.ns import qn

from analysis.ledger import NewItem, change_item, enter_items, take_step
from analysis.models import ItemState
from analysis.reports.files import sheet_name, workbook
from analysis.reports.weekly import STATES, week_of, weekly_report
from analysis.reports.weekly_excel import weekly_workbook
from analysis.reports.weekly_word import weekly_document
from tests.analysis.ledger_county import ledger_county

pytestmark = pytest.mark.django_db
MONDAY = date(2026, 11, 16)


def at(day: date, hour: int = 12) -> datetime:
    return timezone.make_aware(datetime(day.year, day.month, day.day, hour))


def on(days: int) -> date:
    return MONDAY + timedelta(days=days)


@pytest.fixture
def place():
    """Four items entered the week before, with the deadlines Tuesday, Thursday, next Monday, far away."""
    place = ledger_county()
    items = [
        NewItem("缺骨干教师", on(1), department="人事科", school=place.schools[1]),
        NewItem('=HYPERLINK("http://x")', on(3), department="计财科", measure="+1"),
        NewItem("大班额", on(7), school=place.schools[2]),
        NewItem("教师培训", on(60), department="人事科"),
    ]
    place.items = enter_items(place.county, items, year=2026, by=place.bureau, now=at(on(-5))).items
    return place


def numbers(items) -> list[int]:
    return [one.item.number for one in items]


def report(place, *, today: date, week: date = MONDAY):
    return weekly_report(place.county, week=week_of(week.isoformat(), today=today))


def test_week_is_counted_from_monday_to_sunday(place):
    first = place.items[0]
    take_step(first, "submitted", by=place.bureau, now=at(on(2)), remark="已招聘")
    take_step(first, "accepted", by=place.bureau, now=at(on(6), 23), remark="属实")
    found = report(place, today=on(30))
    assert numbers(found.accepted) == [1]
    assert numbers(found.overdue) == [2]
    assert numbers(found.next_week) == [3]
    assert numbers(found.entered) == []
    assert dict(zip(STATES, found.by_state, strict=True))[ItemState.ACCEPTED] == 1
    assert (len(found.items), found.live) == (4, 3)
    assert numbers(report(place, today=on(30), week=on(-7)).entered) == [1, 2, 3, 4]


def test_past_week_stays_as_it_was(place):
    before = report(place, today=on(8))
    take_step(place.items[0], "withdrawn", by=place.bureau, now=at(on(9)), remark="重复")
    change_item(place.items[1], {"deadline": on(50), "department": "督导室"}, by=place.bureau, now=at(on(9)))
    after = report(place, today=on(10))
    assert (after.by_state, numbers(after.overdue)) == (before.by_state, numbers(before.overdue)) != ((), [])
    assert [line.name for line in after.departments] == [line.name for line in before.departments]
    assert numbers(report(place, today=on(10), week=on(7)).overdue) == [3]


def test_week_under_way_counts_what_is_late_by_today(place):
    assert numbers(report(place, today=on(1)).overdue) == []
    assert numbers(report(place, today=on(2)).overdue) == [1]


def test_departments_stand_by_name_and_schools_last(place):
    with translation.override("zh-hans"):
        lines = report(place, today=on(2)).departments
    assert [line.total for line in lines] == [2, 1, 1]
    assert {line.name for line in lines[:2]} == {"人事科", "计财科"}
    assert "学校" in lines[2].name or "School" in lines[2].name


@pytest.mark.parametrize("asked", ["", "x", "0001-01-01", "2026-13-45", "9999-12-31", "2026-11-18\x00"])
def test_any_week_that_is_asked_for_is_one(asked):
    week = week_of(asked, today=on(2))
    assert week.monday.weekday() == 0 and week.monday <= on(2)


def test_spreadsheet_holds_text_not_formulas(place):
    book = openpyxl.load_workbook(io.BytesIO(weekly_workbook(report(place, today=on(4)))))
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row]
    assert any(cell.value == '=HYPERLINK("http://x")' for cell in cells)
    assert {cell.data_type for cell in cells} & {"f"} == set()
    assert all(cell.hyperlink is None for cell in cells)
    assert any(cell.value == datetime(2026, 11, 19) for cell in cells)


def test_word_file_names_chinese_fonts_and_holds_every_department(place):
    with translation.override("zh-hans"):
        found = report(place, today=on(4))
        document = Document(io.BytesIO(weekly_document(found)))
    text = "\n".join(one.text for one in document.paragraphs)
    assert "2026年11月16日" in text and "2026年11月20日" in text
    assert all(line.name in text for line in found.departments)
    fonts = {
        run._r.rPr.rFonts.get(qn("w:eastAsia"))
        for table in document.tables
        for row in table.rows
        for cell in row.cells
        for paragraph in cell.paragraphs
        for run in paragraph.runs
    }
    assert fonts == {"仿宋", "黑体"}
    assert document.styles["Normal"].element.rPr.rFonts.get(qn("w:eastAsia")) == "仿宋"
    cells = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
    assert '=HYPERLINK("http://x")' in cells and "2026年11月19日" in cells


def test_empty_ledger_makes_a_report_too():
    place = ledger_county()
    found = report(place, today=on(4))
    assert weekly_document(found)[:2] == weekly_workbook(found)[:2] == b"PK"


def test_sheet_names_are_such_that_excel_opens_the_book():
    with workbook() as (book, stream):
        names = [sheet_name(name, book.book) for name in ("a/b:c", "长" * 40, "''", "")]
        book.book.add_worksheet("人事科")
        assert sheet_name("人事科", book.book) != "人事科"
    assert names == ["a－b－c", "长" * 31, "—", "—"]
    assert stream.getvalue()[:2] == b"PK"
