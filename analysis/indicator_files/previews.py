"""An uploaded table as its preview shows it: read with what is known of its headings, and held against the
roster, the table of an earlier year and the one that counts now.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from django.utils.translation import gettext as _

from analysis.county_items import ItemLine
from analysis.evaluation_plans import setting_values
from analysis.file_errors import EvaluationFileError
from analysis.findings import Sentence
from analysis.indicator_files.changes import TableChanges, item_changes, school_changes
from analysis.indicator_files.county_lines import find_items, item_doubts, item_names, read_county_lines
from analysis.indicator_files.figure_checks import figure_doubts, total_doubts
from analysis.indicator_files.heading_words import Times
from analysis.indicator_files.headings import FoundTable, Heading, choices_of, find_table, find_tables
from analysis.indicator_files.needs import needed_columns
from analysis.indicator_files.remarks import DOUBT, ERROR, NOTE, Remark, gathered
from analysis.indicator_files.roster_checks import (
    Roster,
    RosterSchool,
    before_doubts,
    roster_doubts,
    twice,
)
from analysis.indicator_files.school_lines import SchoolLines, base_column, listed
from analysis.indicator_files.several_sheets import headings_in, proposed, read_tables
from analysis.indicator_files.workbooks import column_name
from analysis.indicators import (
    TableRefused,
    current_table,
    item_lines_of,
    records_of,
    standard_of,
    standards_of,
    table_before,
)
from analysis.models import HeadingMapping, IndicatorTable, IndicatorUpload, TableLevel
from analysis.school_table import Record, school_table
from analysis.standard_parts import Standard
from surveys.models import County, School
from surveys.roster.cells import Limits, RosterFileError, Sheet
from surveys.roster.reading import read_sheets

# One county's schools, with room to spare: a preview reads the file again for every page.
UPLOAD_LIMITS = Limits(file_bytes=10 * 1024**2, unpacked_bytes=100 * 1024**2, rows=6_000, cells=600_000)


@dataclass(frozen=True)
class Preview:
    """An uploaded file, read with what was said of its headings, and held against what counts now."""

    upload: IndicatorUpload
    standard: Standard
    sheet: str  # the names of those that were read
    headings: tuple[Heading, ...]
    records: tuple[Record, ...]
    items: tuple[ItemLine, ...]
    remarks: tuple[Remark, ...]
    changes: TableChanges
    before: IndicatorTable | None
    skipped: tuple[str, ...] = ()  # sheets that were not read

    def of_weight(self, weight: str) -> list[Remark]:
        return [remark for remark in self.remarks if remark.weight == weight]

    @property
    def errors(self) -> list[Remark]:
        return self.of_weight(ERROR)

    @property
    def doubts(self) -> list[Remark]:
        return self.of_weight(DOUBT)

    @property
    def notes(self) -> list[Remark]:
        return self.of_weight(NOTE)

    @property
    def lines(self) -> int:
        return len(self.records) + len(self.items)

    @property
    def is_acceptable(self) -> bool:
        return bool(self.lines) and not self.errors

    @property
    def digest(self) -> str:
        """Of everything the preview showed."""
        shown = [self.changes.digest, *(str(remark.kept()) for remark in self.remarks)]
        return hashlib.sha256("\n".join(shown).encode()).hexdigest()


def sheets_of(content: bytes, *, file_name: str) -> list[Sheet]:
    """The file's sheets, within the bounds of a table of figures. RosterFileError if it is none."""
    return read_sheets(content, file_name=file_name, limits=UPLOAD_LIMITS)


def is_other_level(sheets: Sequence[Sheet], standard: Standard, *, level: str) -> bool:
    """Whether the file holds the county's items where a school table is expected, or the other way round."""
    items = find_items(sheets, standard, known={})
    table = find_table(sheets, standard, known={})
    has_items = any(one.state == "own" for one in items)
    has_schools = table is not None and any(one.column == "school" and one.is_sure for one in table.headings)
    if level == TableLevel.COUNTY:
        return has_schools and not has_items
    return has_items and not has_schools


def tables_in(upload: IndicatorUpload) -> list[FoundTable]:
    """The school tables of an uploaded file, one per sheet that has one; none in a county's file."""
    standard = standard_of(upload.county, upload.standard_key)
    if standard is None or upload.level == TableLevel.COUNTY:
        return []
    sheets = sheets_of(bytes(upload.content), file_name=upload.file_name)
    return find_tables(sheets, standard, known=_known(upload, standard))


def chosen_of(upload: IndicatorUpload, tables: Sequence[FoundTable]) -> list[FoundTable]:
    """The tables that are read: those of the sheets somebody chose, or those that are proposed."""
    return [table for table in tables if table.sheet in upload.sheets] or proposed(tables)


def items_of(upload: IndicatorUpload) -> tuple[Heading, ...]:
    """What the items of a county's file are taken for, as far as it is known."""
    standard = standard_of(upload.county, upload.standard_key)
    if standard is None:
        return ()
    sheets = sheets_of(bytes(upload.content), file_name=upload.file_name)
    return tuple(find_items(sheets, standard, known=_known(upload, standard)))


def headings_of(upload: IndicatorUpload) -> tuple[Heading, ...]:
    """What the file's headings (of a county's file: its items) are taken for, as far as it is known.

    Of several sheets each heading once: the same words mean the same in all of them.
    """
    if upload.level == TableLevel.COUNTY:
        return items_of(upload)
    return headings_in(chosen_of(upload, tables_in(upload)))


def must_be_asked(upload: IndicatorUpload) -> bool:
    """Whether somebody has to say what headings mean or which of several sheets are to be read."""
    tables = tables_in(upload)
    is_county = upload.level == TableLevel.COUNTY
    headings = items_of(upload) if is_county else headings_in(chosen_of(upload, tables))
    if not headings or any(not heading.is_sure for heading in headings):
        return True
    return not upload.sheets and len(tables) > 1


def preview_of(upload: IndicatorUpload) -> Preview:
    """The file, read and checked. TableRefused if its standard is gone or it has nothing like a table."""
    standard = standard_of(upload.county, upload.standard_key)
    if standard is None:
        raise TableRefused(_("The standard of this upload is not there any more. Upload the file again."))
    try:
        sheets = sheets_of(bytes(upload.content), file_name=upload.file_name)
    except RosterFileError as error:
        raise TableRefused(str(error)) from error
    make = _county_preview if upload.level == TableLevel.COUNTY else _school_preview
    return make(upload, standard, sheets)


def roster_of(county: County) -> Roster:
    """The schools that are on the roster now."""
    schools = School.objects.filter(county=county, is_active=True).order_by("code")
    return Roster(
        RosterSchool(school.code, school.name, school.stage, school.pupils_by_grade) for school in schools
    )


def allowed_columns(upload: IndicatorUpload, standard: Standard) -> set[str]:
    """What a heading (of a county's file: an item) may be said to be; "" is not used."""
    is_county = upload.level == TableLevel.COUNTY
    return {*(item_names(standard).values() if is_county else choices_of(standard)), ""}


def choices_in_words(county: County, language: str) -> dict[str, str]:
    """Column or item → its name, over all standards of the county."""
    return {
        key: column_name(key, standard, language)
        for standard in standards_of(county).values()
        for key in (*item_names(standard).values(), *choices_of(standard))
    }


def _school_preview(upload: IndicatorUpload, standard: Standard, sheets: Sequence[Sheet]) -> Preview:
    chosen = chosen_of(upload, find_tables(sheets, standard, known=_known(upload, standard)))
    if not chosen or not all(any(one.column == "school" for one in table.headings) for table in chosen):
        raise TableRefused(
            _("No heading of the file is a school’s name. Use the form, or say which one it is.")
        )
    lines = read_tables(chosen, standard)
    skipped = tuple(sheet.name for sheet in sheets if sheet.name not in {one.sheet for one in chosen})
    if skipped:
        lines.remarks.append(
            Remark(NOTE, "left_out", listed("未读取的工作表：", "Sheets not read: ", skipped))
        )
    remarks = [*lines.remarks, *twice(lines), *figure_doubts(lines, standard), *total_doubts(lines, standard)]
    remarks += roster_doubts(lines, roster_of(upload.county), standard)
    remarks += _columns_missing(lines, standard)
    earlier = table_before(upload.county, upload.year, upload.level)
    if earlier:
        remarks += before_doubts(lines, records_of(earlier), standard, year=earlier.year)
    if not any(remark.weight == ERROR for remark in remarks):
        remarks += _what_the_evaluation_says(lines, standard)
    now = current_table(upload.county, upload.year, upload.level, standard_key=standard.key)
    now = now or current_table(upload.county, upload.year, upload.level)
    return Preview(
        upload, standard, "、".join(one.sheet for one in chosen), headings_in(chosen),
        tuple(lines.records), (), tuple(gathered(map(lines.placed, remarks))),
        school_changes(records_of(now) if now else None, lines.records), now, skipped,
    )  # fmt: skip


def _county_preview(upload: IndicatorUpload, standard: Standard, sheets: Sequence[Sheet]) -> Preview:
    headings = find_items(sheets, standard, known=_known(upload, standard))
    read = read_county_lines(sheets, headings, standard)
    remarks = list(read.remarks)
    earlier = table_before(upload.county, upload.year, upload.level)
    if earlier:
        remarks += item_doubts(read.lines, item_lines_of(earlier), standard, year=earlier.year)
    # Another standard has other items: there is nothing to compare.
    now = current_table(upload.county, upload.year, upload.level, standard_key=standard.key)
    return Preview(
        upload, standard, "", tuple(headings), (), tuple(read.lines), tuple(gathered(remarks)),
        item_changes(item_lines_of(now) if now else None, read.lines), now,
    )  # fmt: skip


def _columns_missing(lines: SchoolLines, standard: Standard) -> list[Remark]:
    given = {base_column(column)[0] for record in lines.records for column in record.cells}
    ratios = {
        column
        for key, indicator in standard.indicators.items()
        if key in given
        for column in indicator.amounts + indicator.subtracted
    }
    lacking = [key for key in needed_columns(standard) if key not in given | ratios]
    return [
        Remark(
            DOUBT, "missing",
            Sentence(
                "没有“{column}”这一列，有关指标将无法计算。",
                "There is no column “{column}”; what needs it cannot be computed.",
                {"column": standard.columns[key].name},
            ),
        )
        for key in lacking
    ]  # fmt: skip


def _what_the_evaluation_says(lines: SchoolLines, standard: Standard) -> list[Remark]:
    """Doubts, or the one mistake, that the evaluation itself finds in these lines."""
    settings = setting_values(standard, {})
    try:
        table = school_table(lines.records, standard=standard, settings=settings, name="")
    except EvaluationFileError as error:
        return [Remark(ERROR, "entry", error.sentence)]
    return [Remark(NOTE, "split", doubt) for doubt in table.doubts]


def _known(upload: IndicatorUpload, standard: Standard) -> dict[str, tuple[str, Times]]:
    """What the county explained before, and over it what was said of this upload."""
    allowed = allowed_columns(upload, standard)
    mappings = HeadingMapping.objects.filter(county=upload.county, level=upload.level, forgotten_at=None)
    known = {one.heading: (one.column, one.factor) for one in mappings if one.column in allowed}
    return known | {key: (said["column"], Fraction(said["times"])) for key, said in upload.choices.items()}
