"""Tick lists: the shortfalls of an evaluation and the weak topics of a survey become items of the ledger."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from analysis.ledger import LedgerRefused, NewItem, enter_items
from analysis.ledger_candidates import of_evaluation, of_survey
from analysis.ledger_forms import TickForm
from analysis.models import Evaluation
from analysis.task_table import known_departments
from surveys.models import Wave
from surveys.views.lists import page_of

LINES_PER_PAGE = 100  # a browser form of several hundred lines is refused whole


@require_http_methods(["GET", "HEAD", "POST"])
def ledger_from_evaluation(request: HttpRequest, evaluation_id: int) -> HttpResponse:
    """Everything the evaluation does not find met, to be ticked."""
    county = request.scope.county
    evaluation = get_object_or_404(Evaluation, county=county, pk=evaluation_id)
    page = page_of(request, of_evaluation(evaluation), size=LINES_PER_PAGE)
    form = TickForm(request.POST or None, candidates=page.object_list, today=timezone.localdate())
    if request.method == "POST" and form.is_valid():
        new = form.new_items(standard_key=evaluation.standard_key, evaluation=evaluation)
        return _entered(request, new, year=evaluation.year)
    name = evaluation.result["standard"]["name"]
    return _tick_page(request, form, {"evaluation": evaluation, "standard_name": name, "page": page})


@require_http_methods(["GET", "HEAD", "POST"])
def ledger_from_survey(request: HttpRequest, wave_id: int) -> HttpResponse:
    """The survey's topics below the limit, to be ticked; nothing before the wave is closed."""
    county, now = request.scope.county, timezone.now()
    wave = get_object_or_404(Wave.objects.select_related("county"), county=county, pk=wave_id)
    candidates, run = of_survey(wave, now=now)
    page = page_of(request, candidates, size=LINES_PER_PAGE)
    form = TickForm(request.POST or None, candidates=page.object_list, today=timezone.localdate())
    if request.method == "POST" and form.is_valid():
        return _entered(request, form.new_items(run=run), year=wave.starts_on.year)
    return _tick_page(request, form, {"wave": wave, "run": run, "page": page})


def _tick_page(request: HttpRequest, form: TickForm, more: dict[str, Any]) -> HttpResponse:
    context = {"form": form, "departments": known_departments(request.scope.county), **more}
    return render(request, "desk/ledger/tick.html", context, status=422 if form.errors else 200)


def _entered(request: HttpRequest, items: list[NewItem], *, year: int) -> HttpResponse:
    try:
        entered = enter_items(request.scope.county, items, year=year, by=request.user, now=timezone.now())
    except LedgerRefused as refusal:
        messages.error(request, str(refusal))
        return redirect("ledger")
    made = len(entered.items)
    said = ngettext("%(n)d item entered.", "%(n)d items entered.", made) % {"n": made}
    if entered.already_open:
        text = ngettext(
            "%(n)d stood in the ledger already.", "%(n)d stood in the ledger already.", entered.already_open
        )
        said += " " + text % {"n": entered.already_open}
    messages.success(request, said) if made else messages.info(request, said)
    return redirect("ledger")
