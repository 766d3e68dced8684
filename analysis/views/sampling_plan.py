"""The sampling plan: a form that asks what the plan starts from, the quotas, and the same as a file."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from analysis.code_sentences import joined
from analysis.results import audience_name, location_name
from analysis.sampling_plan import THRESHOLD, Plan, PlanForm, grade_name, plan, plan_file, starting_values
from analysis.templatetags.figures import limit_text
from analysis.views.depth import depth_context, wave_of_county
from scoring.numeric.errors import NumericInputError
from surveys.models import Wave
from surveys.templatetags.desk import number

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@require_safe
def sampling_plan_page(request: HttpRequest, wave_id: int) -> HttpResponse:
    """The form's values stand in the address, so that a plan can be passed on as a link."""
    wave = wave_of_county(request, wave_id, drafts=True)
    form, found, problem = _plan(request, wave)
    context = depth_context(
        wave, "sampling_plan",
        title=_("Sampling plan"),
        form=form,
        found=found,
        answer=_answer(form, found) if found else problem or _("Some numbers of the plan are missing."),
        remarks=[],
        rows=_rows(wave, found) if found else [],
        question=request.GET.urlencode(),
    )  # fmt: skip
    return render(request, "desk/depth/sampling_plan.html", context)


@require_safe
def sampling_plan_xlsx(request: HttpRequest, wave_id: int) -> HttpResponse:
    wave = wave_of_county(request, wave_id, drafts=True)
    form, found, problem = _plan(request, wave)
    if found is None:
        return HttpResponse(problem or _("Some numbers of the plan are missing."), status=400)
    content = plan_file(wave, found, form.cleaned_data, get_language() or "zh-hans")
    name = quote(f"{_('Sampling plan')}-{wave.name}.xlsx")
    return HttpResponse(
        content, content_type=XLSX, headers={"Content-Disposition": f"attachment; filename*=UTF-8''{name}"}
    )


def _plan(request: HttpRequest, wave: Wave) -> tuple[PlanForm, Plan | None, str]:
    values = {name: str(value) for name, value in starting_values(wave).items()}
    values |= {name: request.GET[name] for name in values if name in request.GET}
    form = PlanForm(values)
    if not form.is_valid():
        return form, None, ""
    try:
        return form, plan(wave, form.cleaned_data), ""
    except NumericInputError as error:
        return form, None, str(error)


def _answer(form: PlanForm, found: Plan) -> str:
    limit = limit_text(THRESHOLD)
    said = [_("The plan asks for %(answers)s valid answers.") % {"answers": number(found.answers)}]
    if found.half_width is not None:
        said.append(
            _("With them the rate is known to about ±%(half)s percentage points.")
            % {"half": f"{found.half_width * 100:.1f}"}
        )
    values = {"expected": f"{form.cleaned_data['expected']:g}%", "limit": limit}
    if found.to_decide is None:
        said.append(_("A rate of exactly %(limit)s cannot be decided by any number of answers.") % values)
    else:
        values["needed"] = number(found.to_decide.n_rounded_up)
        text = (
            _("To tell a rate of %(expected)s from %(limit)s, %(needed)s are enough.")
            if found.decides
            else _("To tell a rate of %(expected)s from %(limit)s, %(needed)s would be needed.")
        )
        said.append(text % values)
    return joined(said)


def _rows(wave: Wave, found: Plan) -> list[dict[str, Any]]:
    """One line per audience: its places side by side, its grades in words."""
    rows: dict[str, dict[str, Any]] = {}
    language = get_language() or "zh-hans"
    for one in found.quotas:
        row = rows.setdefault(
            one.audience, {"name": audience_name(one.audience), "total": 0, "places": {}, "grades": {}}
        )
        row["total"] += one.answers
        place = location_name(one.class_) if one.class_ else ""
        row["places"][place] = row["places"].get(place, 0) + one.answers
        grade = grade_name(wave, one.audience, one.grade, language)
        if grade:
            row["grades"][grade] = row["grades"].get(grade, 0) + one.answers
    return list(rows.values())
