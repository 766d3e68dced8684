"""The rectification ledger's desk: the county's items by view, owner and state, and as a spreadsheet."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from analysis.ledger_lists import (
    VIEWS,
    LedgerCounts,
    departments_of,
    in_view,
    items_of,
    ledger_counts,
    sunday_of,
    waiting_figures,
)
from analysis.models import Evaluation, RectificationItem
from analysis.reports.files import XLSX, download
from analysis.reports.ledger_excel import ledger_workbook
from surveys.models import Wave, WaveState
from surveys.views.lists import chosen_sort, page_of, search_words

COLUMNS = {
    "deadline": "deadline",
    "number": "number",
    "state": "state",
    "department": "department",
    "school": "school__name",
}
MOST_EVALUATIONS, MOST_WAVES = 3, 2  # offered as sources of items


@require_safe
def ledger(request: HttpRequest) -> HttpResponse:
    """The county's items in one of the views: to be done, overdue, due this week, to be accepted, …"""
    county, today = request.scope.county, timezone.localdate()
    everything = items_of(county)
    view = request.GET.get("view", "")
    view = view if view in VIEWS else "open"
    words, found = _searched(request, in_view(everything, view, today=today))
    sort = chosen_sort(request, COLUMNS, default="deadline")
    counts = ledger_counts(everything, today=today)
    evaluations = Evaluation.objects.filter(county=county).defer("result", "standard_text")
    context = {
        "page": page_of(request, found.order_by(sort.order, "year", "number")),
        "sort": sort,
        "words": words,
        "view": view,
        "tabs": _tabs(counts, view),
        "counts": counts,
        "today": today,
        "sunday": sunday_of(today),
        "filters": _filters(request, everything),
        "waiting_figures": waiting_figures(county).count(),
        "evaluations": evaluations.order_by("-at", "-pk")[:MOST_EVALUATIONS],
        "waves": Wave.objects.filter(county=county, state=WaveState.CLOSED).order_by("-ends_on", "-pk")[
            :MOST_WAVES
        ],
    }
    return render(request, "desk/ledger/ledger.html", context)


@require_safe
def ledger_xlsx(request: HttpRequest) -> HttpResponse:
    """The items of the chosen view as a spreadsheet."""
    county, today = request.scope.county, timezone.localdate()
    _words, found = _searched(request, in_view(items_of(county), request.GET.get("view", "all"), today=today))
    content = ledger_workbook(found.order_by("year", "number"), county=county, today=today)
    return download(content, f"ledger-{county.code}-{today:%Y%m%d}.xlsx", XLSX)


def _searched(
    request: HttpRequest, items: QuerySet[RectificationItem]
) -> tuple[str, QuerySet[RectificationItem]]:
    """The words looked for, and the items they and the chosen owner and year leave."""
    words = search_words(request)
    if words:
        wanted = (
            Q(problem__icontains=words)
            | Q(measure__icontains=words)
            | Q(department__icontains=words)
            | Q(school__name__icontains=words)
        )
        number = words.rpartition("-")[2]
        if number.isdecimal() and len(number) <= 6:
            wanted |= Q(number=int(number))
        items = items.filter(wanted)
    owner, year = request.GET.get("owner", ""), request.GET.get("year", "")
    if owner.startswith("d:"):
        items = items.filter(department=owner[2:].replace("\x00", ""))
    elif owner.startswith("s:") and owner[2:].isdecimal() and len(owner) <= 18:
        items = items.filter(school_id=int(owner[2:]))
    if year.isdecimal() and len(year) == 4:
        items = items.filter(year=int(year))
    return words, items


def _tabs(counts: LedgerCounts, chosen: str) -> list[dict[str, Any]]:
    numbers = {
        "open": counts.live, "overdue": counts.overdue, "week": counts.week, "submitted": counts.submitted,
        "accepted": counts.accepted, "withdrawn": counts.withdrawn, "all": counts.total,
    }  # fmt: skip
    return [
        {"view": view, "label": label, "number": numbers[view], "is_current": view == chosen}
        for view, label in VIEWS.items()
        if numbers[view] or view not in ("withdrawn",) or view == chosen
    ]


def _filters(request: HttpRequest, items: QuerySet[RectificationItem]) -> list[dict[str, Any]]:
    owners = [(f"d:{name}", name) for name in departments_of(items)]
    schools = items.exclude(school=None).order_by("school__name")
    owners += [(f"s:{pk}", name) for pk, name in schools.values_list("school_id", "school__name").distinct()]
    years = sorted(set(items.order_by().values_list("year", flat=True)), reverse=True)
    found = [
        {
            "name": "owner", "label": _("Owner"), "all": _("All owners"), "options": owners,
            "chosen": request.GET.get("owner", ""),
        }
    ]  # fmt: skip
    if len(years) > 1:
        found.append(
            {
                "name": "year", "label": _("Year"), "all": _("All years"),
                "options": [(str(year), str(year)) for year in years], "chosen": request.GET.get("year", ""),
            }
        )  # fmt: skip
    return found
