"""The school's desk for the evaluation 学校自查: its row, items and figures; no other school, no answers."""

from __future__ import annotations

from django.contrib import messages
from django.db.models import Case, IntegerField, Value, When
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from analysis.indicators import current_table
from analysis.ledger_lists import in_view, items_of
from analysis.models import DONE_STATES, SchoolFigures, TableLevel
from analysis.school_figures import (
    FiguresRefused,
    doubt_texts,
    figures_standard,
    figures_year,
    return_figures,
    rows_to_fill,
    submit_figures,
)
from analysis.school_figures_form import FiguresForm
from analysis.self_check import own_check
from surveys.views.lists import page_of

CLOSED_SHOWN = 10


@require_safe
def self_check(request: HttpRequest) -> HttpResponse:
    """The school's indicators against limit and floor, what it lacks, and its items with their next step."""
    school, today = request.scope.school, timezone.localdate()
    year = figures_year(request.scope.county)
    items = items_of(request.scope.county, school=school)
    pressing_first = Case(
        When(state="returned", then=Value(0)), When(state="submitted", then=Value(2)), default=Value(1),
        output_field=IntegerField(),
    )  # fmt: skip
    live = items.exclude(state__in=DONE_STATES).order_by(pressing_first, "deadline", "number")
    context = {
        "school": school,
        "year": year,
        "check": own_check(school, year=year),
        "page": page_of(request, live),
        "closed": items.filter(state="accepted").order_by("-state_at")[:CLOSED_SHOWN],
        "overdue": in_view(items, "overdue", today=today).count(),
        "figures": _newest(request, year),
        "today": today,
    }
    return render(request, "desk/self_check/self_check.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def own_figures(request: HttpRequest) -> HttpResponse:
    """The school fills in its figures; they count after the bureau accepted them."""
    school = request.scope.school
    year = figures_year(request.scope.county)
    waiting = _newest(request, year)
    if waiting and waiting.state == SchoolFigures.State.SUBMITTED:
        if request.method == "POST":
            messages.warning(
                request, _("Figures wait for the bureau already; take them back to send others.")
            )
        return redirect("self_check")
    table = current_table(request.scope.county, year, TableLevel.SCHOOLS)
    standard = figures_standard(request.scope.county, table)
    form = FiguresForm(request.POST or None, rows=rows_to_fill(school, table), standard=standard)
    refused, doubts = "", []
    if request.method == "POST" and form.is_valid():
        filled = form.filled()
        doubts = doubt_texts(filled, standard)
        if not doubts or request.POST.get("sure") == "yes":
            try:
                submit_figures(
                    school, filled, year=year, remark=form.cleaned_data["remark"], by=request.user,
                    now=timezone.now(),
                )  # fmt: skip
            except FiguresRefused as refusal:
                refused = str(refusal)
            else:
                messages.success(request, _("The figures are sent; they count once the bureau accepts them."))
                return redirect("self_check")
    context = {
        "school": school, "year": year, "form": form, "refused": refused, "doubts": doubts,
        "returned": waiting if waiting and waiting.state == SchoolFigures.State.RETURNED else None,
        "has_table": table is not None,
    }  # fmt: skip
    failed = form.errors or refused or doubts
    return render(request, "desk/self_check/figures.html", context, status=422 if failed else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def own_figures_take_back(request: HttpRequest) -> HttpResponse:
    """Takes back figures nobody has decided on. The address alone only leads back."""
    if request.method != "POST":
        return redirect("self_check")
    waiting = _newest(request, figures_year(request.scope.county))
    if waiting is None:
        messages.warning(request, _("Nothing is waiting."))
        return redirect("self_check")
    try:
        return_figures(waiting, by=request.user, now=timezone.now(), reason=_("Taken back by the school"))
    except FiguresRefused as refusal:
        messages.warning(request, str(refusal))
    else:
        messages.success(request, _("The figures are taken back."))
    return redirect("self_check")


def _newest(request: HttpRequest, year: int) -> SchoolFigures | None:
    found = SchoolFigures.objects.filter(school=request.scope.school, year=year)
    return found.select_related("school", "by", "decided_by").order_by("-at", "-id").first()
