"""What schools sent in about themselves: the list, one submission with its differences, accept or return."""

from __future__ import annotations

from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from analysis.indicators import current_table, records_of
from analysis.models import SchoolFigures, TableLevel
from analysis.school_figures import (
    FiguresRefused,
    accept_figures,
    doubt_texts,
    figure_changes,
    figures_standard,
    own_records,
    records_in,
    return_figures,
)
from analysis.school_figures_form import column_label
from surveys.views.lists import page_of, search_words


@require_safe
def school_figures(request: HttpRequest) -> HttpResponse:
    """Waiting ones first; decided ones stay on record."""
    words, state = search_words(request), request.GET.get("state", "")
    everything = SchoolFigures.objects.filter(school__county=request.scope.county)
    found = everything.select_related("school", "by", "decided_by")
    if words:
        found = found.filter(Q(school__name__icontains=words) | Q(school__code__icontains=words))
    if state in SchoolFigures.State.values:
        found = found.filter(state=state)
    waiting = everything.filter(state=SchoolFigures.State.SUBMITTED)
    context = {
        "page": page_of(request, found.order_by("-state", "-at", "-id")),
        "words": words,
        "waiting": waiting.count(),
        "total": everything.count(),
        "filters": [
            {
                "name": "state", "label": _("State"), "all": _("All states"),
                "options": SchoolFigures.State.choices, "chosen": state,
            }
        ],
    }  # fmt: skip
    return render(request, "desk/self_check/school_figures.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def school_figures_one(request: HttpRequest, school_figures_id: int) -> HttpResponse:
    """One submission beside the figures that count now; the bureau decides."""
    county = request.scope.county
    figures = get_object_or_404(
        SchoolFigures.objects.select_related("school__county", "by", "decided_by"),
        school__county=county, pk=school_figures_id,
    )  # fmt: skip
    refused = ""
    if request.method == "POST":
        try:
            said = _decided(request, figures)
        except FiguresRefused as refusal:
            refused = str(refusal)
        else:
            messages.success(request, said)
            return redirect("school_figures")
    table = current_table(county, figures.year, TableLevel.SCHOOLS)
    standard = figures_standard(county, table)
    changes = figure_changes(figures, standard)
    context = {
        "figures": figures,
        "changes": [(one, column_label(one.column, standard)) for one in changes],
        "has_before": bool(table and own_records(records_of(table), figures.school)),
        "table": table,
        "doubts": doubt_texts(records_in(figures), standard),
        "refused": refused,
        "reason": request.POST.get("reason", "") if refused else "",
    }
    return render(request, "desk/self_check/school_figures_one.html", context, status=422 if refused else 200)


def _decided(request: HttpRequest, figures: SchoolFigures) -> str:
    now, decision = timezone.now(), request.POST.get("decision", "")
    if decision == "accept":
        accept_figures(figures, by=request.user, now=now)
        return _("Accepted: the table of %(year)d now has the figures of %(school)s.") % {
            "year": figures.year, "school": figures.school.name,
        }  # fmt: skip
    if decision == "return":
        reason = request.POST.get("reason", "").replace("\x00", "")
        return_figures(figures, by=request.user, now=now, reason=reason)
        return _("Sent back to %(school)s.") % {"school": figures.school.name}
    raise FiguresRefused(_("Choose: accept or send back."))
