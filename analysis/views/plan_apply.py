"""From the sampling plan to the wave's targets: shows what each audience would get, then applies it."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from analysis.sampling_plan import PlanForm, plan
from analysis.views.depth import depth_context, wave_of_county
from scoring.numeric.errors import NumericInputError
from surveys.wave_targets import TargetsRefused, apply_plan, preview_plan


@require_http_methods(["GET", "HEAD", "POST"])
def plan_apply(request: HttpRequest, wave_id: int) -> HttpResponse:
    """A GET (the plan's numbers in the address) shows before and afterwards; a POST writes the targets."""
    wave = wave_of_county(request, wave_id, drafts=True)
    form = PlanForm(request.POST if request.method == "POST" else request.GET)
    if wave.is_closed:
        messages.error(request, _("The wave is closed: its targets stay as they were."))
        return redirect("sampling_plan", wave.pk)
    try:
        if not form.is_valid():
            raise NumericInputError(_("Some numbers of the plan are missing."))
        found = plan(wave, form.cleaned_data)
    except NumericInputError as error:
        messages.error(request, str(error))
        return redirect("sampling_plan", wave.pk)
    quotas = [(one.audience, one.class_, one.grade, one.answers) for one in found.quotas if one.answers]
    if request.method == "POST":
        return _apply(request, wave, quotas, form.cleaned_data)
    planned = preview_plan(wave, quotas)
    wanted: dict[str, int] = {}
    for audience, _place, _grade, answers in quotas:
        wanted[audience] = wanted.get(audience, 0) + answers
    rows = [
        {
            "audience": row.audience,
            "before": row.target,
            "wanted": wanted.get(row.audience, 0),
            "after": planned.targets[row.audience],
            "left_over": planned.left_over.get(row.audience, 0),
        }
        for row in wave.audiences.all()
    ]
    context = depth_context(
        wave, "sampling_plan",
        title=_("Apply the plan's targets"),
        rows=rows,
        values=[(name, value) for name, value in form.cleaned_data.items() if value is not None],
        total=sum(planned.targets.values()),
        by_hand=wave.planned_targets.exists(),
    )  # fmt: skip
    return render(request, "desk/fieldwork/plan_apply.html", context)


def _apply(request: HttpRequest, wave, quotas: list, values: dict) -> HttpResponse:
    started_from = {name: value for name, value in values.items() if value is not None}
    try:
        applied = apply_plan(wave, quotas, started_from=started_from, by=request.user, now=timezone.now())
    except TargetsRefused as refused:
        messages.error(request, str(refused))
        return redirect("sampling_plan", wave.pk)
    total = f"{sum(applied.targets.values()):,}"
    messages.success(
        request,
        _("The targets are set: %(total)s replies, down to each school and grade.") % {"total": total},
    )
    return redirect("targets", wave.pk)
