"""What the weekly report says, on paper and in sheets alike: headings, the opening sentence, the columns."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import Any

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from analysis.models import ItemState
from analysis.reports.weekly import STATES, DepartmentLine, ReportedItem, WeeklyReport


def day_text(day: date) -> str:
    """2026年11月21日 in Chinese."""
    return date_format(day, "DATE_FORMAT")


def title(report: WeeklyReport) -> str:
    return _("Weekly report on rectification, %(county)s") % {"county": report.county.name}


def period(report: WeeklyReport) -> str:
    values = {
        "first": day_text(report.week.monday),
        "last": day_text(report.week.sunday),
        "as_of": day_text(report.week.as_of),
    }
    if report.week.is_over:
        return _("%(first)s to %(last)s") % values
    return _("%(first)s to %(last)s, as of %(as_of)s") % values


def summary(report: WeeklyReport) -> str:
    """The whole week in one paragraph, as it is read out."""
    values = {
        "total": len(report.items),
        "accepted_all": report.by_state[STATES.index(ItemState.ACCEPTED)],
        "live": report.live,
        "entered": len(report.entered),
        "accepted": len(report.accepted),
        "returned": len(report.returned),
        "overdue": len(report.overdue),
        "next_week": len(report.next_week),
    }
    return (
        _(
            "The ledger holds %(total)d items, of which %(accepted_all)d are closed and %(live)d are not. "
            "This week %(entered)d were entered, %(accepted)d were accepted and closed, %(returned)d were "
            "sent back. %(overdue)d are overdue; %(next_week)d are due next week."
        )
        % values
    )


def state_headings() -> list[str]:
    return [_("Department"), *(str(state.label) for state in STATES), _("Total"), _("of these overdue")]


def state_rows(report: WeeklyReport) -> list[list[Any]]:
    """One line per department and one for all."""
    rows = [[one.name, *one.by_state, one.total, one.overdue] for one in report.departments]
    return [*rows, [_("Total"), *report.by_state, len(report.items), len(report.overdue)]]


def item_headings() -> list[str]:
    return [_("No."), _("Problem"), _("Measure"), _("Owner"), _("Deadline"), _("State"), _("This week")]


def item_row(one: ReportedItem) -> list[Any]:
    return [
        str(one.item), one.item.problem, one.item.measure or "—", owner_text(one), one.deadline,
        one.state_name, one.progress or "—",
    ]  # fmt: skip


def owner_text(one: ReportedItem) -> str:
    """Department and school, whichever there are."""
    names = [one.department, one.item.school.name if one.item.school else ""]
    return _(", ").join(name for name in names if name) or "—"


def sections(report: WeeklyReport) -> Iterable[tuple[str, tuple[ReportedItem, ...], str]]:
    """(heading, items, what stands there if there are none)."""
    yield _("Accepted and closed this week"), report.accepted, _("None this week.")
    yield _("Overdue"), report.overdue, _("Nothing is overdue.")
    yield _("Due next week"), report.next_week, _("Nothing is due next week.")


def department_heading(line: DepartmentLine) -> str:
    return _("%(department)s: %(total)d items") % {"department": line.name, "total": line.total}
