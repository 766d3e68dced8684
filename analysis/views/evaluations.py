"""County evaluations: the list, "evaluate now", and what a worker is still computing."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_safe

from analysis.evaluation import EvaluationRefused, unsaved_evaluation
from analysis.evaluation_figures import STEPS
from analysis.evaluation_forms import EvaluateForm
from analysis.evaluation_jobs import is_large, start_job
from analysis.evaluation_recognition import recognition_lines
from analysis.file_errors import EvaluationFileError
from analysis.indicators import standards_of, years_with_figures
from analysis.models import Evaluation, EvaluationStage, ProvinceStandard
from analysis.models.evaluations import EvaluationJob
from analysis.tasks import evaluate_large_county
from analysis.templatetags.evaluation import reader_language, texts
from scoring.models import Verdict
from surveys.models import County
from surveys.views.lists import page_of

DEFAULT_STANDARD = "quality-balance-2017"
SECOND_CLICK = timedelta(minutes=1)
UNDER_WAY = (EvaluationJob.State.WAITING, EvaluationJob.State.RUNNING)


@require_safe
def evaluations(request: HttpRequest) -> HttpResponse:
    """All evaluations of the county, the newest first; ?year=, ?stage= and ?verdict= choose."""
    county = request.scope.county
    # The results are megabytes; the list needs none of them.
    found = (
        Evaluation.objects.filter(county=county)
        .defer("result")
        .select_related("by")
        .prefetch_related("score_run__wave", "county_table")
    )
    years = list(found.order_by("-year").values_list("year", flat=True).distinct())
    chosen = {name: request.GET.get(name, "") for name in ("year", "stage", "verdict")}
    if chosen["year"] in map(str, years):
        found = found.filter(year=chosen["year"])
    if chosen["stage"] in EvaluationStage.values:
        found = found.filter(stage=chosen["stage"])
    if chosen["verdict"] in Verdict.values:
        found = found.filter(verdict=chosen["verdict"])
    names = _standard_names(county)
    page = page_of(request, found)
    rows = [
        {"evaluation": line.evaluation, "recognition": line,
         "standard": names.get(line.evaluation.standard_key, line.evaluation.standard_key)}
        for line in recognition_lines(page)
    ]  # fmt: skip
    context = {
        "page": page,
        "rows": rows,
        "filters": [
            _filter("year", _("Year"), _("All years"), [(str(year), str(year)) for year in years], chosen),
            _filter("stage", _("Stage"), _("All stages"), EvaluationStage.choices, chosen),
            _filter("verdict", _("Verdict"), _("All verdicts"), Verdict.choices, chosen),
        ],
        "is_filtered": any(chosen.values()),
        "jobs": county.evaluation_jobs.filter(state__in=UNDER_WAY).select_related("by"),
        "has_figures": bool(years_with_figures(county)),
    }
    return render(request, "desk/evaluation/list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def evaluate_now(request: HttpRequest) -> HttpResponse:
    """Standard and year stand in the address; the form below follows from them."""
    county = request.scope.county
    standards, years = standards_of(county), years_with_figures(county)
    key = request.GET.get("standard", DEFAULT_STANDARD)
    year = request.GET.get("year", "")
    standard = standards.get(key) or standards[DEFAULT_STANDARD]
    chosen_year = int(year) if year in map(str, years) else next(iter(years), timezone.localdate().year)
    asked = request.POST if request.method == "POST" else None
    form = EvaluateForm(asked, county=county, standard=standard, year=chosen_year)
    refused = ""
    if asked is not None and form.is_valid() and form.inputs:
        made = {"year": chosen_year, "stage": form.cleaned_data["stage"], "inputs": form.inputs,
                "by": request.user, "now": timezone.now()}  # fmt: skip
        try:
            if is_large(form.inputs):
                job = start_job(county, send=evaluate_large_county.delay, **made)
                return redirect("evaluation_job", job.pk)
            evaluation = _evaluate_once(county, made)
        except EvaluationRefused as error:
            refused = str(error)
        except EvaluationFileError as error:
            refused = error.texts[reader_language()]
        else:
            messages.success(request, _("Evaluated. The result is frozen and can be computed again."))
            return redirect("evaluation", evaluation.pk)
    context = {
        "form": form,
        "refused": refused,
        "standard": standard,
        "standards": [(one.key, texts(one.name)) for one in standards.values()],
        "years": years,
        "year": chosen_year,
        "open_settings": [texts(one.name) for one in standard.settings.values() if one.default is None],
    }
    return render(request, "desk/evaluation/new.html", context, status=422 if refused or form.errors else 200)


@require_safe
def job(request: HttpRequest, evaluation_job_id: int) -> HttpResponse:
    """How far a large evaluation is; leads on to the result when it is there."""
    found = get_object_or_404(
        EvaluationJob.objects.select_related("by"), county=request.scope.county, pk=evaluation_job_id
    )
    if found.state == EvaluationJob.State.DONE and found.evaluation_id:
        if request.htmx:
            answer = HttpResponse()
            answer["HX-Redirect"] = f"/desk/evaluation/{found.evaluation_id}/"
            return answer
        return redirect("evaluation", found.evaluation_id)
    context = {
        "job": found,
        "steps": STEPS,
        "step": _step(found.steps_done),
        "is_under_way": found.state in UNDER_WAY,
        "rows": ngettext("%(count)s row", "%(count)s rows", found.rows) % {"count": found.rows},
    }
    template = "desk/evaluation/job_progress.html" if request.htmx else "desk/evaluation/job.html"
    return render(request, template, context)


def _evaluate_once(county: County, made: dict[str, Any]) -> Evaluation:
    """Evaluates and freezes; a second click on the same form leads to what the first one made."""
    evaluation = unsaved_evaluation(county, **made)
    twin = Evaluation.objects.filter(
        county=county, digest=evaluation.digest, by=made["by"], at__gte=made["now"] - SECOND_CLICK
    ).first()
    if twin:
        return twin
    evaluation.save()
    return evaluation


def _standard_names(county: County) -> dict[str, str]:
    """Key → name, of withdrawn standards too: evaluations made with them stay in the list."""
    own = ProvinceStandard.objects.filter(county=county).order_by("at", "pk").values_list("key", "name")
    return dict(own) | {key: texts(one.name) for key, one in standards_of(county).items()}


def _step(done: int) -> str:
    steps = (
        _("Reading the figures"),
        _("Judging every criterion and school"),
        _("Looking for what would change it"),
        _("Simulating and writing down"),
    )
    return steps[min(done, len(steps) - 1)]


def _filter(name: str, label: str, all_of_them: str, options: list, chosen: dict) -> dict:
    return {"name": name, "label": label, "all": all_of_them, "options": options, "chosen": chosen[name]}
