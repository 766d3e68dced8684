"""Reading the ledger: what is overdue, due this week, with whom; and the counts beside the navigation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import Count, Q, QuerySet
from django.utils.translation import gettext_lazy

from analysis.ledger import LIVE_STATES
from analysis.models import DONE_STATES, ItemState, RectificationItem, SchoolFigures
from surveys.models import County, School

VIEWS: Mapping[str, str] = {
    "open": gettext_lazy("To be done"),
    "overdue": gettext_lazy("Overdue"),
    "week": gettext_lazy("Due this week"),
    "submitted": gettext_lazy("To be accepted"),
    "accepted": gettext_lazy("Accepted and closed"),
    "withdrawn": gettext_lazy("Withdrawn"),
    "all": gettext_lazy("All"),
}


@dataclass(frozen=True)
class LedgerCounts:
    """How many items; `overdue` and `week` (due from today to Sunday) only where somebody has to work."""

    total: int
    live: int
    overdue: int
    week: int
    submitted: int
    returned: int
    accepted: int
    withdrawn: int


def items_of(county: County, *, school: School | None = None) -> QuerySet[RectificationItem]:
    """The county's items; of one school where a school is given. A school without one gets none."""
    items = RectificationItem.objects.filter(county=county).select_related("school")
    return items if school is None else items.filter(school=school)


def in_view(items: QuerySet[RectificationItem], view: str, *, today: date) -> QuerySet[RectificationItem]:
    """The items of one of VIEWS; everything for a name that is none."""
    wanted = {
        "open": ~Q(state__in=DONE_STATES),
        "overdue": overdue_on(today),
        "week": due_in_week(today),
        "submitted": Q(state=ItemState.SUBMITTED),
        "accepted": Q(state=ItemState.ACCEPTED),
        "withdrawn": Q(state=ItemState.WITHDRAWN),
    }
    return items.filter(wanted.get(view, Q()))


def overdue_on(today: date) -> Q:
    """Past its deadline and not handed in: an item that waits for acceptance is not its owner's delay."""
    return Q(state__in=LIVE_STATES, deadline__lt=today)


def due_in_week(today: date) -> Q:
    """Due from today to the end of the week, which is Sunday."""
    return Q(state__in=LIVE_STATES, deadline__gte=today, deadline__lte=sunday_of(today))


def sunday_of(day: date) -> date:
    return day + timedelta(days=6 - day.weekday())


def ledger_counts(items: QuerySet[RectificationItem], *, today: date) -> LedgerCounts:
    found = items.order_by().aggregate(
        total=Count("pk"),
        live=Count("pk", filter=~Q(state__in=DONE_STATES)),
        overdue=Count("pk", filter=overdue_on(today)),
        week=Count("pk", filter=due_in_week(today)),
        submitted=Count("pk", filter=Q(state=ItemState.SUBMITTED)),
        returned=Count("pk", filter=Q(state=ItemState.RETURNED)),
        accepted=Count("pk", filter=Q(state=ItemState.ACCEPTED)),
        withdrawn=Count("pk", filter=Q(state=ItemState.WITHDRAWN)),
    )
    return LedgerCounts(**found)


def departments_of(items: QuerySet[RectificationItem]) -> list[str]:
    """The departments that own one of these items, by name."""
    return list(
        items.exclude(department="").order_by("department").values_list("department", flat=True).distinct()
    )


def waiting_figures(county: County) -> QuerySet[SchoolFigures]:
    """Figures that schools sent in and nobody has decided on."""
    return SchoolFigures.objects.filter(school__county=county, state=SchoolFigures.State.SUBMITTED)


def things_waiting(county: County, *, school: School | None, role: str, today: date) -> int:
    """The number beside the navigation's entry.

    For the bureau: items overdue or to be accepted, and figures of schools to be looked at. For a school:
    its items that are overdue or were sent back. 0 for a reader who can do nothing about it.
    """
    if role == "school" and school is not None:
        pressing = overdue_on(today) | Q(state=ItemState.RETURNED)
        return RectificationItem.objects.filter(school=school).filter(pressing).count()
    if role != "bureau":
        return 0
    pressing = overdue_on(today) | Q(state=ItemState.SUBMITTED)
    items = RectificationItem.objects.filter(county=county).filter(pressing).count()
    return items + waiting_figures(county).count()
