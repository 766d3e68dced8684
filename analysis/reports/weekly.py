"""The weekly progress report (整改工作周报) as facts: what stood where at the end of a week, and what moved.

States, owners and deadlines are read from the steps alone: the report of a past week comes out the same
whenever it is asked for.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Prefetch
from django.utils import timezone
from django.utils.translation import gettext as _

from analysis.ledger import LIVE_STATES
from analysis.models import ItemState, RectificationItem, RectificationStep, StepAction
from surveys.models import County

STATES = (
    ItemState.OPEN, ItemState.IN_PROGRESS, ItemState.SUBMITTED, ItemState.RETURNED, ItemState.ACCEPTED,
)  # fmt: skip


@dataclass(frozen=True)
class Week:
    """Monday to Sunday, seen from `today`."""

    monday: date
    today: date

    @property
    def as_of(self) -> date:
        """The last day of it that has come."""
        return min(self.today, self.sunday)

    @property
    def sunday(self) -> date:
        return self.monday + timedelta(days=6)

    @property
    def key(self) -> str:
        return self.monday.isoformat()

    @property
    def is_over(self) -> bool:
        return self.today > self.sunday

    @property
    def ends_at(self) -> datetime:
        """Midnight after its Sunday, local time."""
        following = datetime.combine(self.sunday + timedelta(days=1), datetime.min.time())
        return timezone.make_aware(following)

    @property
    def starts_at(self) -> datetime:
        return timezone.make_aware(datetime.combine(self.monday, datetime.min.time()))


@dataclass(frozen=True)
class ReportedItem:
    """An item as it stood at the end of the week, and what was done to it during the week."""

    item: RectificationItem
    state: str
    department: str
    deadline: date
    steps: tuple[RectificationStep, ...]

    @property
    def state_name(self) -> str:
        return str(ItemState(self.state).label)

    @property
    def progress(self) -> str:
        """This week's steps in words, one after the other."""
        return "；".join(
            f"{step.get_action_display()}{_said(step.remark)}"
            for step in self.steps
            if step.action != StepAction.CHANGED or step.remark
        )

    def done(self, action: str) -> bool:
        return any(step.action == action for step in self.steps)


@dataclass(frozen=True)
class DepartmentLine:
    """One department's items: how many in each of STATES, all of them, and which are overdue."""

    name: str
    by_state: tuple[int, ...]
    total: int
    overdue: int
    items: tuple[ReportedItem, ...]


@dataclass(frozen=True)
class WeeklyReport:
    """Everything the report says. Withdrawn items are counted nowhere but in `withdrawn`."""

    county: County
    week: Week
    items: tuple[ReportedItem, ...]
    entered: tuple[ReportedItem, ...]
    submitted: tuple[ReportedItem, ...]
    accepted: tuple[ReportedItem, ...]
    returned: tuple[ReportedItem, ...]
    overdue: tuple[ReportedItem, ...]
    next_week: tuple[ReportedItem, ...]
    departments: tuple[DepartmentLine, ...]
    by_state: tuple[int, ...]
    withdrawn: int

    @property
    def live(self) -> int:
        return sum(one.state != ItemState.ACCEPTED for one in self.items)


def week_of(asked: str, *, today: date) -> Week:
    """The week of a day written 2026-11-21; this week for anything else and for days to come."""
    try:
        day = date.fromisoformat(asked)
    except ValueError:
        day = today
    day = min(max(day, date(2010, 1, 4)), today)
    return Week(day - timedelta(days=day.weekday()), today)


def weekly_report(county: County, *, week: Week) -> WeeklyReport:
    """The report of one week; of the week under way as it stands now."""
    steps = RectificationStep.objects.filter(at__lt=week.ends_at).select_related("by").order_by("at", "id")
    found = (
        RectificationItem.objects.filter(county=county, at__lt=week.ends_at)
        .select_related("school")
        .order_by("year", "number")
        .prefetch_related(Prefetch("steps", steps))
    )
    everything = [_reported(item, week) for item in found]
    items = tuple(one for one in everything if one.state != ItemState.WITHDRAWN)
    return WeeklyReport(
        county=county,
        week=week,
        items=items,
        entered=_with(items, StepAction.CREATED),
        submitted=_with(items, StepAction.SUBMITTED),
        accepted=tuple(one for one in _with(items, StepAction.ACCEPTED) if one.state == ItemState.ACCEPTED),
        returned=_with(items, StepAction.RETURNED),
        overdue=tuple(one for one in items if is_overdue(one, week)),
        next_week=tuple(
            one
            for one in items
            if one.state in LIVE_STATES and week.sunday < one.deadline <= week.sunday + timedelta(days=7)
        ),
        departments=_departments(items, week),
        by_state=_by_state(items),
        withdrawn=len(everything) - len(items),
    )


def is_overdue(one: ReportedItem, week: Week) -> bool:
    """Past its deadline when the week ended; in the week under way, past it by today."""
    last_day = min(week.sunday, week.today - timedelta(days=1))
    return one.state in LIVE_STATES and one.deadline <= last_day


def owner_of(one: ReportedItem) -> str:
    """The department that answers for it; items that only a school answers for stand together."""
    return one.department or _("Schools (no department named)")


def _reported(item: RectificationItem, week: Week) -> ReportedItem:
    steps = list(item.steps.all())
    last = steps[-1]
    moved = tuple(step for step in steps if step.at >= week.starts_at)
    return ReportedItem(item, last.to_state, last.department, last.deadline, moved)


def _with(items: Iterable[ReportedItem], action: str) -> tuple[ReportedItem, ...]:
    return tuple(one for one in items if one.done(action))


def _by_state(items: Iterable[ReportedItem]) -> tuple[int, ...]:
    states = [one.state for one in items]
    return tuple(states.count(state) for state in STATES)


def _departments(items: tuple[ReportedItem, ...], week: Week) -> tuple[DepartmentLine, ...]:
    """Departments by name, the schools' own items last. Items closed in earlier weeks are only counted."""
    owners = sorted({one.department for one in items}, key=lambda name: (not name, name))
    found = []
    for owner in owners:
        own = tuple(one for one in items if one.department == owner)
        shown = tuple(one for one in own if one.state != ItemState.ACCEPTED or one.steps)
        overdue = sum(is_overdue(one, week) for one in own)
        found.append(DepartmentLine(owner_of(own[0]), _by_state(own), len(own), overdue, shown))
    return tuple(found)


def _said(remark: str) -> str:
    return f"：{remark.rstrip('。.；; ')}" if remark else ""
