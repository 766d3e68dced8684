"""One frozen evaluation: the county's verdict, its schools, and what would change it."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from analysis.evaluation import evaluation_problems
from analysis.evaluation_reading import (
    Result,
    blockers,
    came_and_went,
    counted_words,
    dispersion_lines,
    is_typed,
    names_of,
    recognition_in,
    standard_of_evaluation,
    still_open,
    turned_criteria,
    turned_schools,
)
from analysis.evaluation_remarks import dispersion_remark, setting_word
from analysis.models import Evaluation
from analysis.standard_parts import Setting, Standard
from analysis.templatetags.evaluation import reader_language, texts, verdict_word
from scoring.models import Verdict

MOST_NAMED = 20
LEFT_OUT = "left_out"


def evaluation_of_county(request: HttpRequest, evaluation_id: int) -> Evaluation:
    """The county's evaluation; 404 for another county's."""
    found = Evaluation.objects.select_related(
        "county", "by", "school_table", "county_table", "score_run__wave"
    ).defer("school_table__lines", "county_table__lines", "score_run__result")
    return get_object_or_404(found, county=request.scope.county, pk=evaluation_id)


@require_safe
def evaluation(request: HttpRequest, evaluation_id: int) -> HttpResponse:
    """The verdict first, then what blocks, the areas with their criteria, and everything behind it."""
    found = evaluation_of_county(request, evaluation_id)
    result, standard = found.result, standard_of_evaluation(found)
    before = evaluation_before(found)
    context = page_context(found, "evaluation") | {
        "sentence": county_sentence(result),
        "blockers": blockers(result),
        "open": still_open(result),
        "counts": counted_words(result),
        "criteria_count": sum(counted_words(result).values()),
        "lacking": names_of(result["missing"], standard, language=reader_language()),
        "areas": [_area(area, result, standard) for area in result["areas"]],
        "recognition": recognition_in(result),
        "outlook": result["outlook"],
        "dispersions": [
            (one, texts(one["name"]), dispersion_remark(one, standard)) for one in dispersion_lines(result)
        ],
        "school_words": school_words(result),
        "settings": _settings(result, standard),
        "before": before,
        "turned": turned(before.result, result) if before else None,
    }
    return render(request, "desk/evaluation/verdict.html", context)


@require_safe
def check(request: HttpRequest, evaluation_id: int) -> HttpResponse:
    """Computes the evaluation again and says whether it is what was frozen."""
    found = get_object_or_404(Evaluation, county=request.scope.county, pk=evaluation_id)
    problems = evaluation_problems(found)
    for problem in problems:
        messages.error(request, problem)
    if not problems:
        messages.success(request, _("Computed again from its inputs: the same result to the last digit."))
    return redirect("evaluation", found.pk)


def page_context(found: Evaluation, page: str) -> dict[str, Any]:
    """What every page of an evaluation shows around its content."""
    return {
        "evaluation": found,
        "result": found.result,
        "page_name": page,
        "standard_name": texts(found.result["standard"]["name"]),
        "is_typed": is_typed(found.result),
    }


def county_sentence(result: Result) -> str:
    """The county's standing in one short sentence; what vetoes or bars the way is named in it."""
    counts = counted_words(result)
    first = next(iter(blockers(result)), None)
    if result["verdict"] == "met" or (first and first["role"] != "judged"):
        return texts(result["sentence"])
    values = {"all": sum(counts.values()), "met": counts["met"], "missed": counts["not_met"],
              "open": counts["not_computable"] + counts["undetermined"]}  # fmt: skip
    if not values["open"]:
        return _("Of %(all)s criteria %(met)s are met and %(missed)s are missed.") % values
    return (
        _("Of %(all)s criteria %(met)s are met, %(missed)s are missed, %(open)s cannot be judged yet.")
        % values
    )


def evaluation_before(found: Evaluation) -> Evaluation | None:
    """The evaluation by the same standard that was made before this one."""
    earlier = Evaluation.objects.filter(county=found.county_id, standard_key=found.standard_key)
    return earlier.filter(at__lte=found.at, pk__lt=found.pk).order_by("-at", "-pk").first()


def turned(before: Result, after: Result) -> dict[str, Any]:
    """What has another verdict now: criteria, schools, and which schools came or went."""
    came, went = came_and_went(before, after)
    schools_turned = turned_schools(before, after)
    return {
        "criteria": turned_criteria(before, after, language=reader_language()),
        "schools": schools_turned[:MOST_NAMED],
        "more_schools": max(0, len(schools_turned) - MOST_NAMED),
        "came": came,
        "went": went,
        "nothing": before["verdict"] == after["verdict"] and not schools_turned and not came and not went
        and not turned_criteria(before, after, language=reader_language()),
    }  # fmt: skip


def _area(area: Result, result: Result, standard: Standard) -> dict[str, Any]:
    criteria = {one["key"]: one for one in result["criteria"]}
    language = reader_language()
    return {
        "key": area["key"],
        "name": texts(area["name"]),
        "verdict": area["verdict"],
        "criteria": [
            criteria[key] | {"lacking": names_of(criteria[key]["missing"], standard, language=language)}
            for key in area["criteria"]
        ],
    }


def school_words(result: Result) -> list[tuple[str, str, int]]:
    """Verdict, its word, how many schools; those that nothing judges last."""
    counts: dict[str, int] = {}
    for one in result["schools"]:
        counts[one["verdict"] or LEFT_OUT] = counts.get(one["verdict"] or LEFT_OUT, 0) + 1
    order = (*Verdict.values, LEFT_OUT)
    return [(word, verdict_word(word), counts[word]) for word in order if word in counts]


def _value(setting: Setting, value: Any) -> str | None:
    return None if value is None else setting_word(setting, value)


def _settings(result: Result, standard: Standard) -> list[tuple[str, Any, str]]:
    """Name, value (None: left open) and source of every setting of the standard."""
    return [
        (texts(setting.name), _value(setting, result["settings"].get(key)), texts(setting.source))
        for key, setting in standard.settings.items()
    ]
