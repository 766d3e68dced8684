"""Spreadsheets for the clerk: the form to fill in, and the list of entries to mend.

Everything is written as text or number, never as a formula, whatever it begins with.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence

import xlsxwriter
from django.utils.translation import gettext as _

from surveys.models import ResidentPopulation, School
from surveys.roster import words
from surveys.roster.checking import MOST_CLASSES, MOST_PUPILS_OF_A_GRADE, MOST_RESIDENTS, MOST_TEACHERS
from surveys.roster.headings import GRADE_HEADINGS, RESIDENT_HEADINGS, SCHOOL_HEADINGS
from surveys.roster.rows import Problem

SCHOOLS_SHEET, RESIDENTS_SHEET, NOTES_SHEET = "学校", "常住人口", "填写说明"
ROWS_WITH_LISTS = 2_000  # so many rows of the form have drop-down lists and limits

_FIRST_COLUMNS = ("code", "name", "township", "stage", "location", "is_public")
_WIDTHS = {"code": 16, "name": 34, "township": 14, "stage": 14, "location": 10, "is_public": 10}
_STAGES = words.first_words(words.STAGE_WORDS)
_LOCATIONS = words.first_words(words.LOCATION_WORDS)
_PUBLIC = words.first_words(words.PUBLIC_WORDS)


def roster_form(schools: Iterable[School] = (), residents: Iterable[ResidentPopulation] = ()) -> bytes:
    """The form as .xlsx: sheets for schools, residents and notes, with drop-down lists.

    With schools and residents it is the county's present roster in the same form, ready to be changed.
    """
    stream = io.BytesIO()
    with xlsxwriter.Workbook(stream, _OPTIONS) as book:
        heading = book.add_format({"bold": True, "bg_color": "#DCE9EF", "border": 1, "text_wrap": True})
        text = book.add_format({"num_format": "@"})
        _write_schools(book.add_worksheet(SCHOOLS_SHEET), schools, heading=heading, text=text)
        _write_residents(book.add_worksheet(RESIDENTS_SHEET), residents, heading=heading)
        _write_notes(book.add_worksheet(NOTES_SHEET), book)
    return stream.getvalue()


def problems_table(problems: Sequence[Problem]) -> bytes:
    """The entries to mend as .xlsx, one row each."""
    stream = io.BytesIO()
    with xlsxwriter.Workbook(stream, _OPTIONS) as book:
        bold, wrap = book.add_format({"bold": True}), book.add_format({"text_wrap": True, "valign": "top"})
        sheet = book.add_worksheet(_("Entries to mend")[:31])
        headings = (
            _("Sheet"), _("Row"), _("Column"), _("School"), _("Heading"), _("Found"), _("What is allowed"),
        )  # fmt: skip
        for index, (title, width) in enumerate(zip(headings, (14, 8, 8, 28, 20, 28, 60), strict=True)):
            sheet.set_column(index, index, width, wrap)
            sheet.write_string(0, index, title, bold)
        for number, one in enumerate(problems, start=1):
            row = str(one.row) if one.row else _("whole sheet")
            entries = (one.sheet, row, one.column, one.about, one.heading, one.found, one.sentence)
            for index, entry in enumerate(entries):
                sheet.write_string(number, index, entry)
        sheet.freeze_panes(1, 0)
        sheet.autofilter(0, 0, max(len(problems), 1), len(headings) - 1)
    return stream.getvalue()


_OPTIONS = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}


def _write_schools(sheet, schools: Iterable[School], *, heading, text) -> None:
    headings = [SCHOOL_HEADINGS[field][0] for field in _FIRST_COLUMNS]
    headings += [*GRADE_HEADINGS.values(), SCHOOL_HEADINGS["classes"][0], SCHOOL_HEADINGS["teachers"][0]]
    for index, title in enumerate(headings):
        sheet.write_string(0, index, title, heading)
    for index, field in enumerate(_FIRST_COLUMNS):
        sheet.set_column(index, index, _WIDTHS[field], text if field in ("code", "name") else None)
    first_grade, classes = len(_FIRST_COLUMNS), len(_FIRST_COLUMNS) + len(GRADE_HEADINGS)
    sheet.set_column(first_grade, classes + 1, 8)
    for field, choices in (("stage", _STAGES), ("location", _LOCATIONS), ("is_public", _PUBLIC)):
        column = _FIRST_COLUMNS.index(field)
        sheet.data_validation(1, column, ROWS_WITH_LISTS, column, _one_of(choices.values()))
    for first, last, most in (
        (first_grade, classes - 1, MOST_PUPILS_OF_A_GRADE),
        (classes, classes, MOST_CLASSES),
        (classes + 1, classes + 1, MOST_TEACHERS),
    ):
        sheet.data_validation(1, first, ROWS_WITH_LISTS, last, _whole_number(most))
    for number, school in enumerate(schools, start=1):
        entries = (
            school.code, school.name, school.township.name, _STAGES[school.stage],
            _LOCATIONS[school.location], _PUBLIC[school.is_public],
        )  # fmt: skip
        for index, entry in enumerate(entries):
            sheet.write_string(number, index, entry)
        for index, grade in enumerate(GRADE_HEADINGS, start=first_grade):
            pupils = school.pupils_by_grade.get(str(grade), 0)
            if pupils:
                sheet.write_number(number, index, pupils)
        sheet.write_number(number, classes, school.classes)
        sheet.write_number(number, classes + 1, school.teachers)
    sheet.freeze_panes(1, 2)


def _write_residents(sheet, residents: Iterable[ResidentPopulation], *, heading) -> None:
    known = {one.location: one for one in residents}
    for index, field in enumerate(RESIDENT_HEADINGS):
        sheet.write_string(0, index, RESIDENT_HEADINGS[field][0], heading)
        sheet.set_column(index, index, 40 if field == "source" else 14)
    for number, (location, word) in enumerate(_LOCATIONS.items(), start=1):
        sheet.write_string(number, 0, word)
        if location in known:
            sheet.write_number(number, 1, known[location].people)
            sheet.write_string(number, 2, known[location].source)
    sheet.data_validation(1, 1, len(_LOCATIONS), 1, _whole_number(MOST_RESIDENTS))


def _write_notes(sheet, book) -> None:
    bold, wrap = book.add_format({"bold": True}), book.add_format({"text_wrap": True, "valign": "top"})
    sheet.set_column(0, 0, 22, wrap)
    sheet.set_column(1, 1, 90, wrap)
    sheet.write_string(0, 0, _("How to fill in the roster"), bold)
    for number, (title, note) in enumerate(notes(), start=2):
        sheet.write_string(number, 0, title, bold)
        sheet.write_string(number, 1, note)


def notes() -> list[tuple[str, str]]:
    """What a clerk must know, as (heading, note) pairs; the same on the form and on the import page."""
    return [
        (
            _("Sheets"),
            _(
                "Schools stand on the sheet “学校”, residents on the sheet “常住人口”. A text file (.csv) "
                "holds the schools; residents may follow below them with a header of their own, "
                "or come in a file of their own."
            ),
        ),
        (
            "学校代码",
            _("Identifies the school, even when its name changes. Enter it as text, once per file."),
        ),
        ("办学类型", _("One of: %(words)s.") % {"words": "、".join(_STAGES.values())}),
        (
            "城乡分类",
            _("One of: %(words)s. The codes of the national statistics (111 … 220) are understood too.")
            % {"words": "、".join(_LOCATIONS.values())},
        ),
        ("公办民办", _("One of: %(words)s.") % {"words": "、".join(_PUBLIC.values())}),
        (
            "一年级 … 高三",
            _("Pupils of each grade. Leave blank the grades that the school does not have."),
        ),
        (
            "班级数、教师数",
            _("Never blank: write 0 if there are none. Count full-time teachers (专任教师)."),
        ),
        (
            "常住人口",
            _("Residents by 城区, 镇区 and 乡村, with the figure's source. They weigh the answers."),
        ),
        (
            _("Importing again"),
            _(
                "Schools are recognised by their code. A new file adds and changes; a school that is not in "
                "it stays as it is. Importing the same file twice changes nothing."
            ),
        ),
    ]


def _one_of(choices: Iterable[str]) -> dict:
    allowed = list(choices)
    return {
        "validate": "list",
        "source": allowed,
        "error_title": _("Choose from the list"),
        "error_message": "、".join(allowed),
    }


def _whole_number(most: int) -> dict:
    return {
        "validate": "integer",
        "criteria": "between",
        "minimum": 0,
        "maximum": most,
        "error_title": _("A whole number"),
        "error_message": f"0 – {most:,}",
    }
