"""Sheets → checked schools and residents, and by name everything that cannot be used.

A *problem* is an entry that cannot be taken; it makes its whole row bad. A *remark* is something worth a
look that stands in nobody's way. Both say where, what was found and what is allowed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from surveys.models import Stage
from surveys.roster import remarks, words
from surveys.roster.cells import Row, Sheet
from surveys.roster.headings import (
    GRADE_HEADINGS,
    REQUIRED,
    RESIDENT_HEADINGS,
    SCHOOL_HEADINGS,
    Column,
    Header,
    find_headers,
    letter,
)
from surveys.roster.row_kinds import SUM_WORDS, first_text, is_notes_sheet, is_numbering, kind_of_row
from surveys.roster.rows import CheckedRoster, Problem, ResidentRow, SchoolRow, short
from surveys.roster.words import NotUsable

MOST_PUPILS_OF_A_GRADE = 20_000
MOST_CLASSES = 1_000
MOST_TEACHERS = 10_000
MOST_RESIDENTS = 50_000_000
# Grade 6 belongs to junior schools where the five-four system (五四学制) is in use.
GRADES_OF_STAGE: dict[str, range] = {
    Stage.PRIMARY: range(1, 7),
    Stage.TEACHING_POINT: range(1, 7),
    Stage.JUNIOR: range(6, 10),
    Stage.NINE_YEAR: range(1, 10),
    Stage.COMPLETE: range(6, 13),
    Stage.TWELVE_YEAR: range(1, 13),
    Stage.SPECIAL: range(1, 13),
}

Place = tuple[str, int, Column]  # sheet, row, column


@dataclass
class _Found:
    """What has been gathered so far. `keys` holds every place of a school code or a residents' class."""

    schools: list[SchoolRow] = field(default_factory=list)
    residents: list[ResidentRow] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    remarks: list[Problem] = field(default_factory=list)
    skipped: list[tuple[str, int, str]] = field(default_factory=list)
    kinds: set[str] = field(default_factory=set)
    keys: dict[tuple[str, str], list[Place]] = field(default_factory=lambda: defaultdict(list))


@dataclass
class _Reader:
    """Reads the cells of one row and keeps what is wrong with them."""

    sheet: str
    row: Row
    about: str = ""
    problems: list[Problem] = field(default_factory=list)

    def read(self, column: Column | None, reader: Callable[..., Any], **options: Any) -> Any:
        """The value, or None if the cell was refused."""
        assert column is not None  # the header was found usable
        try:
            return reader(self.row.cell(column.index), **options)
        except NotUsable as refusal:
            self.refuse(column, str(refusal))
            return None

    def refuse(self, column: Column, sentence: str) -> None:
        found = short(str(self.row.cell(column.index)))
        self.problems.append(
            Problem(
                self.sheet, self.row.number, letter(column.index), column.heading, found, sentence, self.about
            )
        )  # fmt: skip


def check_roster(sheets: Sequence[Sheet]) -> CheckedRoster:
    """Everything the sheets say about schools and residents. Looks at the file alone, not at the database."""
    found = _Found()
    for sheet in sheets:
        _check_sheet(sheet, found)
    if not found.kinds:
        found.problems.append(_no_table(sheets))
        found.remarks.clear()  # the problem says it for all sheets
    _refuse_repeated(found)
    bad = {(problem.sheet, problem.row) for problem in found.problems}
    schools = [row for row in found.schools if (row.sheet, row.row) not in bad]
    residents = [row for row in found.residents if (row.sheet, row.row) not in bad]
    found.remarks += [*remarks.same_names(schools), *remarks.absent_locations(residents)]
    order = {sheet.name: number for number, sheet in enumerate(sheets)}
    codes = [(code, places) for (kind, code), places in found.keys.items() if kind == "schools"]
    return CheckedRoster(
        schools=tuple(schools),
        residents=tuple(residents),
        problems=_in_order(found.problems, order),
        remarks=_in_order(found.remarks, order),
        skipped=tuple(found.skipped),
        has_schools="schools" in found.kinds,
        has_residents="residents" in found.kinds,
        bad_codes=tuple(code for code, places in codes if any(place[:2] in bad for place in places)),
    )


def _check_sheet(sheet: Sheet, found: _Found) -> None:
    headers = find_headers(sheet)
    if not headers and sheet.rows and not is_notes_sheet(sheet):
        sentence = _("No roster was found on this sheet; it was not read.")
        found.remarks.append(Problem(sheet.name, 0, "", "", "", sentence))
    if headers and sheet.stopped_at:
        sentence = _("Only blank rows for a long stretch: reading stopped here.")
        found.remarks.append(Problem(sheet.name, sheet.stopped_at, "", "", "", sentence))
    ends = [*(header.rows[0] for header in headers[1:]), float("inf")][: len(headers)]
    seen: set[tuple] = set()  # a header repeated on every page is remarked on once
    for header, end in zip(headers, ends, strict=True):
        rows = [row for row in sheet.rows if header.rows[-1] < row.number < end]
        found.kinds.add(header.kind)
        if not _is_usable(sheet, header, found):
            continue
        if header.columns not in seen:
            found.remarks += remarks.unused_columns(sheet.name, header)
        seen.add(header.columns)
        block = _read_schools if header.kind == "schools" else _read_residents
        block(sheet.name, header, rows, found)


def _is_usable(sheet: Sheet, header: Header, found: _Found) -> bool:
    """Whether every needed column is there once. If not, the rows below cannot be read at all."""
    for missing in header.missing:
        heading = _("pupils per grade") if missing == "grades" else SCHOOL_HEADINGS[missing][0]
        examples = "一年级、二年级…" if missing == "grades" else "、".join(SCHOOL_HEADINGS[missing][:3])
        sentence = _("There is no such column. Allowed headings: %(headings)s.") % {"headings": examples}
        found.problems.append(Problem(sheet.name, 0, "", heading, "", sentence))
    for one, other in header.doubtful:
        sentence = _("Columns %(one)s and %(other)s have the same meaning. Keep one of them.") % {
            "one": letter(one.index),
            "other": letter(other.index),
        }
        found.problems.append(Problem(sheet.name, 0, letter(other.index), other.heading, "", sentence))
    if header.missing or header.doubtful:
        sentence = _("The rows below this header were not read.")
        found.skipped.append((sheet.name, header.rows[0], sentence))
        return False
    return True


def _read_schools(sheet: str, header: Header, rows: list[Row], found: _Found) -> None:
    schools: list[SchoolRow] = []
    bad_rows = False
    for row in rows:
        kind = kind_of_row(row, header)
        if kind == "school":
            school = _school(sheet, header, row, found)
            if school:
                schools.append(school)
                found.remarks += remarks.oddities(school, header)
            bad_rows = bad_rows or school is None
        elif kind != "nothing":
            found.skipped.append((sheet, row.number, first_text(row)))
            if kind == "total" and not bad_rows and first_text(row) != "小计":
                found.remarks += remarks.wrong_totals(sheet, header, row, schools)
    found.schools += schools


def _school(sheet: str, header: Header, row: Row, found: _Found) -> SchoolRow | None:
    """The school of a row, or None if anything in it cannot be used."""
    known = [row.cell(column.index) for name in ("name", "code") if (column := header.column(name))]
    reader = _Reader(sheet, row, short(next((str(cell) for cell in known if cell), "")))
    entries = {
        name: reader.read(header.column(name), read)
        for name, read in (
            ("code", words.code),
            ("name", words.name),
            ("township", words.name),
            ("stage", words.stage),
            ("location", words.location),
            ("is_public", words.is_public),
        )
    }
    entries["classes"] = reader.read(header.column("classes"), words.whole_number, most=MOST_CLASSES)
    entries["teachers"] = reader.read(header.column("teachers"), words.whole_number, most=MOST_TEACHERS)
    pupils = {
        grade: reader.read(column, words.whole_number, most=MOST_PUPILS_OF_A_GRADE, blank_is_zero=True)
        for grade, column in sorted(header.grades.items())
    }
    if entries["stage"]:
        _check_grades(reader, header, pupils, entries["stage"])
    if None not in pupils.values():
        _check_total(reader, header, sum(pupils.values()))
    code_column = header.column("code")
    if entries["code"] and code_column:
        found.keys["schools", entries["code"]].append((sheet, row.number, code_column))
    found.problems += reader.problems
    if reader.problems:
        return None
    by_grade = {str(grade): count for grade, count in pupils.items() if count}
    return SchoolRow(sheet=sheet, row=row.number, pupils_by_grade=by_grade, **entries)


def _check_grades(reader: _Reader, header: Header, pupils: dict[int, int | None], stage: str) -> None:
    allowed = GRADES_OF_STAGE[stage]
    for grade, count in pupils.items():
        if count and grade not in allowed:
            sentence = _("A school of the stage %(stage)s has pupils from %(first)s to %(last)s only.") % {
                "stage": words.first_words(words.STAGE_WORDS)[stage],
                "first": GRADE_HEADINGS[allowed.start],
                "last": GRADE_HEADINGS[allowed.stop - 1],
            }
            reader.refuse(header.grades[grade], sentence)


def _check_total(reader: _Reader, header: Header, pupils: int) -> None:
    column = header.column("total")
    if column is None or not reader.row.cell(column.index):
        return
    total = reader.read(column, words.whole_number, most=MOST_PUPILS_OF_A_GRADE * 12)
    if total is not None and total != pupils:
        reader.refuse(column, _("The grades of this row add up to %(pupils)s.") % {"pupils": f"{pupils:,}"})


def _read_residents(sheet: str, header: Header, rows: list[Row], found: _Found) -> None:
    place, people, source = (header.column(name) for name in RESIDENT_HEADINGS)
    assert place is not None and people is not None
    for row in rows:
        if is_numbering(row):
            continue
        if words.plain(row.cell(place.index)).startswith(SUM_WORDS) or not row.cell(people.index):
            found.skipped.append((sheet, row.number, first_text(row)))
            continue
        reader = _Reader(sheet, row)
        location = reader.read(place, words.location)
        count = reader.read(people, words.whole_number, most=MOST_RESIDENTS)
        found.problems += reader.problems
        if location:
            found.keys["residents", location].append((sheet, row.number, place))
        if location and count is not None:
            text = str(row.cell(source.index))[:200] if source else ""
            found.residents.append(ResidentRow(sheet, row.number, location, count, text))


def _refuse_repeated(found: _Found) -> None:
    """A code (or an urban–rural class) that stands twice makes all its rows bad: who knows which is right?"""
    for (kind, key), places in found.keys.items():
        if len(places) < 2:
            continue
        shown = key if kind == "schools" else words.first_words(words.LOCATION_WORDS)[key]
        for sheet, number, column in places:
            others = "、".join(
                _("%(sheet)s row %(row)s") % {"sheet": other[0], "row": other[1]}
                for other in places[:5]
                if other[:2] != (sheet, number)
            )
            sentence = _("It stands also in: %(places)s. Keep one of them.") % {"places": others}
            found.problems.append(
                Problem(sheet, number, letter(column.index), column.heading, shown, sentence)
            )


def _no_table(sheets: Sequence[Sheet]) -> Problem:
    headings = "、".join([*(SCHOOL_HEADINGS[name][0] for name in REQUIRED), "一年级…"])
    sentence = _("No header row was found. It must have these headings: %(headings)s.") % {
        "headings": headings
    }
    first = next((row for sheet in sheets for row in sheet.rows), None)
    found = "、".join(str(cell) for cell in first.cells if cell) if first else ""
    return Problem("、".join(sheet.name for sheet in sheets)[:200], 0, "", "", short(found), sentence)


def _in_order(problems: list[Problem], order: dict[str, int]) -> tuple[Problem, ...]:
    return tuple(
        sorted(problems, key=lambda one: (order.get(one.sheet, 0), one.row, len(one.column), one.column))
    )
