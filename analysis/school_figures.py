"""Figures a school sends in for itself (学校填报): one waiting at a time; the bureau accepts or returns them.

Accepted figures make a new table in which this school's rows are replaced; every other row stays as it was.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from analysis.columns import STAGES_OF_TYPE, words
from analysis.evaluation_plans import setting_values
from analysis.file_errors import EvaluationFileError
from analysis.findings import CHINESE, ENGLISH, LANGUAGES, Texts
from analysis.indicator_files.changes import school_changes
from analysis.indicator_files.figure_checks import figure_doubts
from analysis.indicator_files.remarks import Remark
from analysis.indicator_files.school_lines import SchoolLines
from analysis.indicators import TableRefused, current_table, records_of, standard_of, store_table
from analysis.ledger_candidates import Roster
from analysis.models import Evaluation, IndicatorTable, SchoolFigures, TableLevel
from analysis.quantities import NotANumber, read_number
from analysis.school_table import Record, school_table
from analysis.standard import shipped_standard
from analysis.standard_parts import Standard
from surveys.models import County, School

FIRST_STANDARD = "quality-balance-2017"
LONGEST_REASON = 500
GRADES_OF_STAGE = {"primary": (1, 6), "junior": (7, 9), "senior": (10, 12)}
# A change by more than this factor either way is marked: most are slips of the unit.
LARGE_FACTOR = 2


class FiguresRefused(Exception):
    """Figures that cannot be sent in, accepted or returned; the sentence says why."""


@dataclass(frozen=True)
class FigureChange:
    """One entry that differs. is_large: it more than doubles, or falls below half."""

    stage: str
    column: str
    before: str
    after: str
    is_large: bool


def figures_year(county: County) -> int:
    """The year schools report for: that of the newest school table, else this one."""
    newest = (
        IndicatorTable.objects.filter(county=county, level=TableLevel.SCHOOLS, withdrawn_at=None)
        .order_by("-year")
        .values_list("year", flat=True)
        .first()
    )
    return newest or timezone.localdate().year


def figures_standard(county: County, table: IndicatorTable | None) -> Standard:
    """The standard whose columns are asked for: the table's, the newest evaluation's, the first supplied."""
    newest = Evaluation.objects.filter(county=county).order_by("-at", "-id")
    keys = [table.standard_key] if table else []
    keys += list(newest.values_list("standard_key", flat=True)[:1])
    found = (standard_of(county, key) for key in keys)
    return next((one for one in found if one is not None), None) or shipped_standard(FIRST_STANDARD)


def own_records(records: Sequence[Record], school: School) -> list[Record]:
    """The rows of this school alone; none where a row could be another school's of the same name."""
    roster = Roster(school.county)
    by_label: dict[str, list[Record]] = {}
    for record in records:
        by_label.setdefault(label_of(record), []).append(record)
    own = roster.own_label(by_label, school)
    return by_label[own] if own is not None else []


def label_of(record: Record) -> str:
    """What the evaluation calls the row's school: "name", or "name [code]"."""
    name, code = " ".join(record.cells.get("school", "").split()), record.cells.get("code", "").strip()
    return f"{name} [{code}]" if code else name


def rows_to_fill(school: School, table: IndicatorTable | None) -> list[Record]:
    """The school's rows as they count now; else one row per stage with what the roster knows."""
    own = own_records(records_of(table), school) if table else []
    if own:
        return own
    stages: Sequence[str] = STAGES_OF_TYPE.get(school.stage, ()) or ("",)
    last = max((line["line"] for line in table.lines), default=1) if table else 1
    rows = []
    for number, stage in enumerate(stages, start=last + 1):
        first, end = GRADES_OF_STAGE.get(stage, (1, 12))
        cells = {
            "school": school.name, "code": school.code, "school_type": _word("school_type", school.stage),
            "stage": _word("stage", stage), "public": _word("public", "yes" if school.is_public else "no"),
            "location": _word("location", school.location),
            "pupils": str(school.pupils_in(first, end) or ""),
        }  # fmt: skip
        if len(stages) == 1:
            cells |= {"classes": str(school.classes or ""), "teachers": str(school.teachers or "")}
        rows.append(Record(number, {key: text for key, text in cells.items() if text}))
    return rows


def submit_figures(
    school: School, lines: Sequence[Record], *, year: int, remark: str, by: Any, now: datetime
) -> SchoolFigures:
    """Sends figures in. FiguresRefused while others wait, or where the rows cannot be read as a school."""
    standard = figures_standard(school.county, current_table(school.county, year, TableLevel.SCHOOLS))
    refuse_unreadable(lines, standard)
    kept = [{"line": one.line, "cells": dict(one.cells)} for one in lines]
    try:
        with transaction.atomic():
            return SchoolFigures.objects.create(
                school=school, year=year, lines=kept, remark=remark.strip(), by=by, at=now
            )
    except IntegrityError as error:
        raise FiguresRefused(
            _("Figures for %(year)d wait for the bureau already; take them back to send others.")
            % {"year": year}
        ) from error


def accept_figures(figures: SchoolFigures, *, by: Any, now: datetime) -> IndicatorTable:
    """The bureau takes the figures over: a new table, this school's rows replaced. Returns the table."""
    school = figures.school
    county = school.county
    with transaction.atomic():
        County.objects.select_for_update(no_key=True).get(pk=county.pk)  # as every new table
        _decide(figures, SchoolFigures.State.ACCEPTED, by=by, now=now, reason="")
        table = current_table(county, figures.year, TableLevel.SCHOOLS)
        standard = figures_standard(county, table)
        old = records_of(table) if table else []
        new = _replaced(old, own_records(old, school), records_in(figures))
        refuse_unreadable(new, standard)
        kept = [doubt for doubt in table.doubts if school.name not in str(doubt)] if table else []
        doubts = [remark.kept() for remark in doubts_about(records_in(figures), standard)]
        try:
            made = store_table(
                county=county, year=figures.year, level=TableLevel.SCHOOLS, standard=standard,
                file_name=_("Figures sent in by %(school)s") % {"school": school.name}, records=new, by=by,
                doubts=[*kept, *doubts], now=now,
                changes={**school_changes(old if table else None, new).kept(), "school_figures": figures.pk},
                evidence=table.evidence.filter(withdrawn_at=None) if table else (),
            )  # fmt: skip
        except TableRefused as refusal:
            raise FiguresRefused(str(refusal)) from refusal
        SchoolFigures.objects.filter(pk=figures.pk).update(table=made)
    figures.refresh_from_db()
    return made


def return_figures(figures: SchoolFigures, *, by: Any, now: datetime, reason: str) -> None:
    """Sends the figures back with the reason; a school takes its own back the same way."""
    reason = reason.strip()
    if not reason:
        raise FiguresRefused(_("Say why."))
    if len(reason) > LONGEST_REASON:
        raise FiguresRefused(_("Allowed: at most %(most)d characters.") % {"most": LONGEST_REASON})
    with transaction.atomic():
        _decide(figures, SchoolFigures.State.RETURNED, by=by, now=now, reason=reason)
    figures.refresh_from_db()


def figure_changes(figures: SchoolFigures, standard: Standard) -> list[FigureChange]:
    """What differs from the rows that count now, in the order of the standard's columns."""
    table = current_table(figures.school.county, figures.year, TableLevel.SCHOOLS)
    before = {_stage(one): one for one in own_records(records_of(table), figures.school)} if table else {}
    order = list(standard.columns)
    found = []
    for record in records_in(figures):
        old = before.get(_stage(record))
        columns = dict.fromkeys([*(old.cells if old else ()), *record.cells])
        for column in sorted(columns, key=lambda one: order.index(one) if one in order else len(order)):
            was, now = (old.cells.get(column, "") if old else ""), record.cells.get(column, "")
            if not _same(was, now):
                found.append(FigureChange(_stage(record), column, was, now, _is_large(was, now)))
    return found


def records_in(figures: SchoolFigures) -> list[Record]:
    return [Record(line["line"], line["cells"]) for line in figures.lines]


def doubts_about(records: Sequence[Record], standard: Standard) -> list[Remark]:
    """What looks like a slip in these rows by themselves."""
    return list(figure_doubts(SchoolLines(records=list(records)), standard))


def doubt_texts(records: Sequence[Record], standard: Standard) -> list[str]:
    """The same for the school's and the bureau's page: of a stage, not of a row that nobody sees there."""
    stages = {record.line: _stage(record) for record in records}
    colon = "：" if (get_language() or CHINESE).startswith("zh") else ": "
    found = []
    for remark in doubts_about(records, standard):
        stage = stages.get(remark.row, "")
        text = spoken({language: remark.text(language) for language in LANGUAGES})
        found.append(f"{stage}{colon}{text}" if stage else text)
    return found


def refuse_unreadable(records: Sequence[Record], standard: Standard) -> None:
    try:
        school_table(records, standard=standard, settings=setting_values(standard, {}), name="")
    except EvaluationFileError as error:
        raise FiguresRefused(spoken(error.texts)) from error


def spoken(texts: Texts) -> str:
    return texts[CHINESE if (get_language() or CHINESE).startswith("zh") else ENGLISH]


def _replaced(old: Sequence[Record], own: Sequence[Record], new: Sequence[Record]) -> list[Record]:
    """The table with the school's rows in the place of its old ones; line numbers stay different."""
    mine = {id(record) for record in own}
    others = [record for record in old if id(record) not in mine]
    free = max((record.line for record in old), default=1) + 1
    lines = [record.line for record in own]
    put = []
    for number, record in enumerate(new):
        if number < len(lines):
            put.append(Record(lines[number], record.cells))
        else:
            put.append(Record(free, record.cells))
            free += 1
    return sorted([*others, *put], key=lambda record: record.line)


def _decide(figures: SchoolFigures, state: str, *, by: Any, now: datetime, reason: str) -> None:
    """Only one decision per submission, whoever comes first."""
    changed = SchoolFigures.objects.filter(pk=figures.pk, state=SchoolFigures.State.SUBMITTED).update(
        state=state, decided_by=by, decided_at=now, decision_reason=reason
    )
    if not changed:
        raise FiguresRefused(_("These figures were decided on already."))


def _word(kind: str, value: str) -> str:
    """The first Chinese spelling of a word column's value; tables say 小学, not "primary"."""
    spellings = [text for text, known in words(kind).items() if known == value and not text.isascii()]
    return spellings[0] if spellings else value


def _stage(record: Record) -> str:
    return record.cells.get("stage", "")


def _number(text: str) -> Fraction | None:
    try:
        return read_number(text)
    except NotANumber:
        return None


def _same(one: str, other: str) -> bool:
    if one.strip() == other.strip():
        return True
    left, right = _number(one), _number(other)
    return left is not None and left == right


def _is_large(one: str, other: str) -> bool:
    left, right = _number(one), _number(other)
    if left is None or right is None or not left:
        return False
    return right > left * LARGE_FACTOR or right * LARGE_FACTOR < left
