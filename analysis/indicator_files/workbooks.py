"""Spreadsheets of figures: the form to fill in, an accepted table as it could be uploaded again, the list of
entries to look at. Everything is written as text or number, never as a formula.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import xlsxwriter
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from analysis.columns import STAGES_OF_TYPE, text_headings, words
from analysis.county_items import ItemLine
from analysis.findings import CHINESE, LANGUAGES
from analysis.indicator_files.county_lines import item_name
from analysis.indicator_files.needs import items_by_area, needed_columns
from analysis.indicator_files.remarks import Remark
from analysis.indicator_files.school_lines import WORD_COLUMNS, base_column, first_word
from analysis.school_table import Record
from analysis.standard_parts import CountyItem, Standard
from surveys.models import School

SCHOOLS_SHEET, COUNTY_SHEET, NOTES_SHEET = "学校指标", "县级指标", "填写说明"
ITEM_HEADINGS = ("方面", "项目", "值", "单位", "佐证材料", "填写要求")
TEXT_COLUMNS = ("code", "school", "school_type", "stage", "public", "location", "amounts_of")
ROWS_WITH_LISTS = 2_000
_OPTIONS = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
_WIDTHS = {"school": 34, "code": 14, "school_type": 13}
_NUMBER = re.compile(r"\d{1,15}(\.\d{1,9})?")


def school_form(standard: Standard, schools: Iterable[School] = ()) -> bytes:
    """The form of a standard's school table with the county's schools already in it, one row per stage."""
    columns = [*TEXT_COLUMNS, *needed_columns(standard)]
    rows = [cells for school in schools for cells in _rows_of(school)]
    return _book(lambda book: _school_sheets(book, standard, columns, rows, _school_notes(standard, columns)))


def county_form(standard: Standard, lines: Sequence[ItemLine] = ()) -> bytes:
    """The form of a standard's county items, grouped by area; with lines it is filled in."""
    return _book(lambda book: _county_sheets(book, standard, lines))


def records_book(standard: Standard, records: Sequence[Record]) -> bytes:
    """A school table's lines as they could be uploaded again."""
    given = {column for record in records for column in record.cells}
    known = [*TEXT_COLUMNS, *standard.columns]
    columns = [column for column in known if column in given]
    columns += sorted(given - set(columns))
    rows = [record.cells for record in records]
    return _book(lambda book: _school_sheets(book, standard, columns, rows, ()))


def remarks_book(remarks: Sequence[Remark]) -> bytes:
    """Errors and doubts as .xlsx, one row each, for whoever mends the file."""
    language = get_language() if get_language() in LANGUAGES else CHINESE
    names = {"error": _("Must be mended"), "doubt": _("Doubt"), "note": _("Note")}

    def write(book: Any) -> None:
        bold, wrap = book.add_format({"bold": True}), book.add_format({"text_wrap": True, "valign": "top"})
        sheet = book.add_worksheet(_("Entries to look at")[:31])
        titles = (_("Kind"), _("Row"), _("Column"), _("School or item"), _("Heading"), _("What was found"))
        for index, (title, width) in enumerate(zip(titles, (12, 8, 8, 28, 28, 80), strict=True)):
            sheet.set_column(index, index, width, wrap)
            sheet.write_string(0, index, title, bold)
        for number, one in enumerate(remarks, start=1):
            row = str(one.row) if one.row else _("whole table")
            entries = (names[one.weight], row, one.column, one.school, one.heading, one.text(language))
            for index, entry in enumerate(entries):
                sheet.write_string(number, index, entry)
        sheet.freeze_panes(1, 0)

    return _book(write)


def heading_of(column: str, standard: Standard) -> str:
    """The Chinese heading of a column with its unit: 教学仪器设备值（元）."""
    base, stage = base_column(column)
    if base in standard.columns:
        unit = standard.columns[base].unit.get(CHINESE, "")
        name = standard.columns[base].name[CHINESE] + (f"（{unit}）" if unit else "")
        return f"{first_word('stage', stage)}{name}" if stage else name
    if column in standard.indicators:
        return standard.indicators[column].name[CHINESE]
    return text_headings()[column][1] if column in text_headings() else column


def column_name(column: str, standard: Standard, language: str) -> str:
    """A column's name in the reader's language, for screens."""
    base, stage = base_column(column)
    if base in standard.columns:
        name = standard.columns[base].name[language]
        if not stage:
            return name
        word = first_word("stage", stage) if language == CHINESE else stage
        return f"{word}{name}" if language == CHINESE else f"{name} ({word})"
    if column in standard.indicators:
        return standard.indicators[column].name[language]
    if column in text_headings():
        return text_headings()[column][1 if language == CHINESE else 2]
    return item_name(column, standard)[language]


def _book(write: Any) -> bytes:
    stream = io.BytesIO()
    with xlsxwriter.Workbook(stream, _OPTIONS) as book:
        write(book)
    return stream.getvalue()


def _rows_of(school: School) -> list[dict[str, str]]:
    """A school's rows of the form: what the roster knows of it already, one row per stage."""
    stages = STAGES_OF_TYPE.get(school.stage, ())
    grades = {"primary": (1, 6), "junior": (7, 9), "senior": (10, 12)}
    about = {
        "code": school.code,
        "school": school.name,
        "school_type": first_word("school_type", school.stage) or "",
        "public": first_word("public", "yes" if school.is_public else "no") or "",
        "location": first_word("location", school.location) or "",
    }
    rows = []
    for stage in stages or ("",):
        pupils = school.pupils_in(*grades[stage]) if stage else school.pupils
        cells = about | {"stage": first_word("stage", stage) or "" if stage else "", "pupils": str(pupils)}
        if len(stages) <= 1:
            cells |= {"classes": str(school.classes), "teachers": str(school.teachers)}
        rows.append(cells)
    return rows


def _school_sheets(
    book: Any, standard: Standard, columns: Sequence[str], rows: Sequence[Mapping[str, str]], notes: Iterable
) -> None:
    heading = book.add_format({"bold": True, "bg_color": "#DCE9EF", "border": 1, "text_wrap": True})
    text = book.add_format({"num_format": "@"})
    sheet = book.add_worksheet(SCHOOLS_SHEET)
    for index, column in enumerate(columns):
        sheet.write_string(0, index, heading_of(column, standard), heading)
        sheet.set_column(
            index, index, _WIDTHS.get(column, 11), text if column in ("code", "school") else None
        )
        base = base_column(column)[0]
        if column in WORD_COLUMNS or (base in standard.columns and standard.columns[base].is_yes_no):
            sheet.data_validation(
                1, index, ROWS_WITH_LISTS, index, _one_of(column if column in WORD_COLUMNS else "yes_no")
            )
        elif base in standard.columns:
            sheet.data_validation(1, index, ROWS_WITH_LISTS, index, _at_least_zero())
    for number, cells in enumerate(rows, start=1):
        for index, column in enumerate(columns):
            _write(sheet, number, index, cells.get(column, ""), as_text=column in TEXT_COLUMNS)
    sheet.set_row(0, 48)
    sheet.freeze_panes(1, columns.index("school") + 1 if "school" in columns else 1)
    _write_notes(book, notes)


def _county_sheets(book: Any, standard: Standard, lines: Sequence[ItemLine]) -> None:
    heading = book.add_format({"bold": True, "bg_color": "#DCE9EF", "border": 1, "text_wrap": True})
    wrap = book.add_format({"text_wrap": True, "valign": "top"})
    sheet = book.add_worksheet(COUNTY_SHEET)
    for index, (title, width) in enumerate(zip(ITEM_HEADINGS, (14, 52, 14, 8, 34, 46), strict=True)):
        sheet.set_column(index, index, width, wrap)
        sheet.write_string(0, index, title, heading)
    known = {line.item: line for line in lines}
    vetoes = {
        item for criterion in standard.criteria if criterion.rule.role == "veto"
        for item in getattr(criterion.rule, "items", ())
    }  # fmt: skip
    row = 0
    for area in items_by_area(standard):
        for item in area.items:
            row += 1
            line = known.pop(item.key, ItemLine(0, item.key, ""))
            note = _what_to_write(item, is_veto=item.key in vetoes)
            entries = (
                area.area.name[CHINESE],
                item.name[CHINESE],
                "",
                item.unit.get(CHINESE, ""),
                line.evidence,
                note,
            )
            for index, entry in enumerate(entries):
                sheet.write_string(row, index, entry, wrap)
            _write(sheet, row, 2, line.value, as_text="%" in line.value)
            rule = _one_of("yes_no") if item.kind == "yes_no" else None
            if rule:
                sheet.data_validation(row, 2, row, 2, rule)
    for key, line in known.items():  # figures given in place of a school table
        row += 1
        for index, entry in enumerate(("", key, line.value, "", line.evidence, "")):
            sheet.write_string(row, index, entry, wrap)
    sheet.freeze_panes(1, 2)
    _write_notes(book, _county_notes(standard) if not lines else ())


def _write(sheet: Any, row: int, column: int, text: str, *, as_text: bool) -> None:
    """Numbers as numbers as far as a spreadsheet program keeps every digit; all else as text."""
    if not as_text and _NUMBER.fullmatch(text) and len(text) <= 15:
        sheet.write_number(row, column, float(text))
    elif text:
        sheet.write_string(row, column, text)


def _write_notes(book: Any, notes: Iterable[tuple[str, str]]) -> None:
    notes = list(notes)
    if not notes:
        return
    bold, wrap = book.add_format({"bold": True}), book.add_format({"text_wrap": True, "valign": "top"})
    sheet = book.add_worksheet(NOTES_SHEET)
    sheet.set_column(0, 0, 30, wrap)
    sheet.set_column(1, 1, 90, wrap)
    for number, (title, note) in enumerate(notes):
        sheet.write_string(number, 0, title, bold)
        sheet.write_string(number, 1, note, wrap)


def _school_notes(standard: Standard, columns: Sequence[str]) -> list[tuple[str, str]]:
    counted = {
        "stage": _("Counted per stage: a nine-year school has a row of its own for each stage."),
        "split": _("Of a school of several stages: each stage's own, or the whole school's in every row."),
        "school": _("Of the whole school."),
    }
    notes = [
        (standard.name[CHINESE], standard.source[CHINESE]),
        (
            _("One row"),
            _("One row per school and stage. Leave blank what nobody knows; write 0 only for none."),
        ),
        (_("Units"), _("As in the heading. “390万” in a cell is understood; so is a heading in 万元.")),
        (
            "数据范围",
            _("全校 if shared rooms, areas and equipment are given for the whole school, else 本学段."),
        ),
    ]
    for column in columns:
        asked = standard.columns.get(column)
        if asked:
            notes.append((heading_of(column, standard), counted[asked.counted]))
    notes.append(
        ("学校代码、学校名称", _("Already filled in from the roster; a school that closed can be deleted."))
    )
    return notes


def _county_notes(standard: Standard) -> list[tuple[str, str]]:
    return [
        (standard.name[CHINESE], standard.source[CHINESE]),
        ("值", _("One value per item. Leave blank what is not known yet; it is then said to be open.")),
        (
            "佐证材料",
            _("Which paper shows it: its name and number. The papers themselves are uploaded as evidence."),
        ),
    ]


def _what_to_write(item: CountyItem, *, is_veto: bool) -> str:
    if is_veto:
        return _("是 if this was the case, 否 if not")
    texts = {
        "yes_no": _("是 or 否"),
        "share": _("a rate, such as 97.3%"),
        "number": _("a number"),
        "points": _("points"),
    }
    note = item.note.get(CHINESE, "") if item.note else ""
    by_counts = _("or give the counts below instead") if item.formulas else ""
    return "；".join(filter(None, (texts[item.kind], by_counts, note)))


def _one_of(kind: str) -> dict[str, Any]:
    allowed = list(dict.fromkeys(filter(None, (first_word(kind, value) for value in words(kind).values()))))
    return {
        "validate": "list",
        "source": allowed,
        "error_title": _("Choose from the list"),
        "error_message": "、".join(allowed),
    }


def _at_least_zero() -> dict[str, Any]:
    # A warning only: “390万” and “—” are understood too.
    return {
        "validate": "decimal", "criteria": ">=", "value": 0, "error_type": "warning",
        "error_title": _("A number"), "error_message": "≥ 0",
    }  # fmt: skip
