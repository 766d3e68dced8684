"""What in a roster is possible but worth another look. A remark stands in nobody's way."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from django.utils.translation import gettext as _

from surveys.models import Location
from surveys.roster import words
from surveys.roster.cells import Cell, Row
from surveys.roster.headings import RESIDENT_HEADINGS, SCHOOL_HEADINGS, Header, letter
from surveys.roster.rows import Problem, ResidentRow, SchoolRow, short
from surveys.roster.words import NotUsable

MANY_PUPILS_PER_CLASS = 75


def oddities(school: SchoolRow, header: Header) -> Iterator[Problem]:
    """What is rare in one school's entries."""
    if not school.pupils:
        sentence = _("The school has no pupils: nobody there can be asked but staff.")
        yield _remark(school.sheet, school.row, header, "name", school.name, sentence, school.name)
    elif not school.teachers:
        sentence = _("The school has pupils but no teachers.")
        yield _remark(school.sheet, school.row, header, "teachers", "0", sentence, school.name)
    elif school.pupils > MANY_PUPILS_PER_CLASS * school.classes:
        sentence = _("%(pupils)s pupils in %(classes)s classes: please check.") % {
            "pupils": f"{school.pupils:,}",
            "classes": school.classes,
        }
        yield _remark(school.sheet, school.row, header, "classes", str(school.classes), sentence, school.name)


def wrong_totals(sheet: str, header: Header, row: Row, schools: Iterable[SchoolRow]) -> Iterator[Problem]:
    """Where a total row says something else than the rows above it. Only the rows count."""
    schools = list(schools)
    sums = {
        "classes": sum(school.classes for school in schools),
        "teachers": sum(school.teachers for school in schools),
        "total": sum(school.pupils for school in schools),
    }
    for grade in header.grades:
        sums[f"grade_{grade}"] = sum(school.pupils_by_grade.get(str(grade), 0) for school in schools)
    for field, expected in sums.items():
        column = header.column(field)
        if column is None or not row.cell(column.index):
            continue
        try:
            total = words.whole_number(row.cell(column.index), most=10**9)
        except NotUsable:
            continue
        if total != expected:
            sentence = _("The rows above add up to %(sum)s.") % {"sum": f"{expected:,}"}
            yield _remark(sheet, row.number, header, field, row.cell(column.index), sentence)


def same_names(schools: Iterable[SchoolRow]) -> Iterator[Problem]:
    """Two schools of one name in one township, under different codes."""
    first: dict[tuple[str, str], SchoolRow] = {}
    for school in schools:
        known = first.setdefault((school.township, school.name), school)
        if known is not school:
            sentence = _("The same name stands in row %(row)s under the code %(code)s.") % {
                "row": known.row,
                "code": known.code,
            }
            yield Problem(school.sheet, school.row, "", SCHOOL_HEADINGS["name"][0], school.name, sentence)


def absent_locations(residents: list[ResidentRow]) -> Iterator[Problem]:
    """Urban–rural classes without a figure, where others have one."""
    present = {row.location for row in residents}
    absent = [words.LOCATION_WORDS[location][0] for location in Location.values if location not in present]
    if absent and residents:
        sentence = _("There is no row for: %(locations)s. What the county has stays as it is.") % {
            "locations": "、".join(absent)
        }
        yield Problem(residents[0].sheet, 0, "", RESIDENT_HEADINGS["people"][0], "", sentence)


def unused_columns(sheet: str, header: Header) -> Iterator[Problem]:
    for index, heading in header.unused:
        yield Problem(sheet, header.rows[0], letter(index), heading, "", _("This column is not imported."))


def _remark(
    sheet: str, row: int, header: Header, field: str, found: Cell, sentence: str, about: str = ""
) -> Problem:
    column = header.column(field)
    assert column is not None  # the header was found usable
    return Problem(sheet, row, letter(column.index), column.heading, short(str(found)), sentence, about)
