"""The ledger and the task table as spreadsheets, as they are printed for inspectors."""

from __future__ import annotations

from datetime import date

from django.db.models import QuerySet
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

from analysis.ledger import LIVE_STATES
from analysis.models import RectificationItem, RectificationStep
from analysis.reports.files import Column, workbook
from analysis.reports.weekly_words import day_text
from analysis.task_table import TaskTable
from analysis.templatetags.ledger import verdict_word
from surveys.models import County

ROWS_AT_A_TIME = 500


def ledger_workbook(items: QuerySet[RectificationItem], *, county: County, today: date) -> bytes:
    """Two sheets: the items, and every step of them with who and when."""
    columns = [
        Column(_("No."), 12), Column(_("Problem"), 50), Column(_("Measure"), 40),
        Column(_("Responsible department"), 22), Column(_("School"), 26), Column(_("Deadline"), 18),
        Column(_("State"), 14), Column(_("Overdue by days"), 12), Column(_("Last step"), 40),
    ]  # fmt: skip
    steps_columns = [
        Column(_("No."), 12), Column(_("Day"), 18), Column(_("Time"), 10), Column(_("By"), 18),
        Column(_("Step"), 22), Column(_("Remark"), 60), Column(_("Evidence"), 40),
    ]  # fmt: skip
    rows, step_rows = [], []
    for item in items.prefetch_related("steps__by", "steps__evidence").iterator(ROWS_AT_A_TIME):
        steps = list(item.steps.all())
        late = (today - item.deadline).days if item.state in LIVE_STATES and item.deadline < today else ""
        rows.append(
            [
                str(item), item.problem, item.measure, item.department,
                item.school.name if item.school else "", item.deadline, item.get_state_display(), late,
                _step_text(steps[-1]) if steps else "",
            ]
        )  # fmt: skip
        step_rows += [_step_row(item, step) for step in steps]
    with workbook() as (book, stream):
        note = _("%(county)s, as of %(day)s") % {"county": county.name, "day": day_text(today)}
        book.sheet(_("Ledger"), title=_("Rectification ledger"), note=note, columns=columns, rows=rows)
        book.sheet(
            _("Steps"), title=_("Every step on record"), note=note, columns=steps_columns, rows=step_rows
        )
    return stream.getvalue()


def task_workbook(table: TaskTable, *, county: County, standard_name: str, today: date) -> bytes:
    """The task table on one sheet, with the newest evaluation's verdicts where there is one."""
    columns = [
        Column(_("Area"), 16), Column(_("No."), 8), Column(_("Criterion"), 40), Column(_("Verdict"), 12),
        Column(_("Finding"), 40), Column(_("Responsible department"), 20), Column(_("Expected result"), 32),
        Column(_("Next measures"), 32), Column(_("Remarks"), 24),
    ]  # fmt: skip
    rows = [
        [
            area.name, row.criterion.number, row.name, verdict_word(row.verdict), row.sentence,
            row.department, row.expected, row.measures, row.remarks,
        ]
        for area in table.areas
        for row in area.rows
    ]  # fmt: skip
    note = _("%(county)s, %(year)d, %(standard)s, as of %(day)s") % {
        "county": county.name, "year": table.year, "standard": standard_name, "day": day_text(today),
    }  # fmt: skip
    with workbook() as (book, stream):
        book.sheet(_("Task table"), title=_("Task table"), note=note, columns=columns, rows=rows)
    return stream.getvalue()


def _step_row(item: RectificationItem, step: RectificationStep) -> list:
    at = localtime(step.at)
    papers = "；".join(paper.name for paper in step.evidence.all())
    return [
        str(item), at.date(), f"{at:%H:%M}", str(step.by or ""), step.get_action_display(), step.remark,
        papers,
    ]  # fmt: skip


def _step_text(step: RectificationStep) -> str:
    remark = f"：{step.remark}" if step.remark else ""
    return f"{step.get_action_display()}{remark}"
