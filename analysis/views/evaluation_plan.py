"""What would change a frozen evaluation: the additions with which everything passes, and their cost."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from analysis.evaluation_reading import (
    Result,
    blockers,
    name_and_code,
    plan_lines,
    standard_of_evaluation,
)
from analysis.evaluation_words import amount_text
from analysis.findings import CHINESE
from analysis.standard_parts import Standard
from analysis.templatetags.evaluation import reader_language, stage_word, texts
from analysis.views.evaluation import MOST_NAMED, evaluation_of_county, page_context
from surveys.views.lists import page_of


@require_safe
def plan(request: HttpRequest, evaluation_id: int) -> HttpResponse:
    """Additions with which every school and every coefficient passes, and what is smallest in them."""
    found = evaluation_of_county(request, evaluation_id)
    result, standard = found.result, standard_of_evaluation(found)
    language = reader_language()
    planned = result["plan"]
    lines = plan_lines(result, standard, language=language)
    context = page_context(found, "evaluation_plan") | {
        "plan": planned,
        "totals": [
            (texts(standard.columns[column].name), amount_text(column, units, standard, language=language))
            for column, units in sorted(planned["totals"].items())
        ],
        "page": page_of(request, lines),
        "schools_count": len({(line.school, line.code) for line in lines}),
        "dispersions": [_additions(one, standard) for one in planned["dispersions"]],
        "composites": [_additions(one, standard) for one in planned["composites"]],
        "unsolved": [_unsolved(one, standard) for one in planned["unsolved"]],
        "blockers": [one for one in blockers(result) if "schools" not in one and one["kind"] != "dispersion"],
        "prices": [
            (texts(standard.columns[column].name), text, texts(standard.columns[column].unit))
            for column, text in found.prices_yuan.items()
        ],
    }
    return render(request, "desk/evaluation/plan.html", context)


def _additions(one: Result, standard: Standard) -> dict[str, Any]:
    """A coefficient's smallest additions, with the schools that get some in the order of their codes."""
    indicator = standard.indicators[one["indicator"]]
    language, column = reader_language(), indicator.amounts[0]
    schools_of = sorted(
        (name_and_code(name)[1], name_and_code(name)[0], units) for name, units in one["add"].items()
    )
    return one | {
        "name": texts(indicator.name),
        "total_text": amount_text(column, one["total"], standard, language=language),
        "schools": [
            (name, code, amount_text(column, units, standard, language=language))
            for code, name, units in schools_of[:MOST_NAMED]
        ],
        "more": max(0, len(schools_of) - MOST_NAMED),
    }


def _unsolved(name: str, standard: Standard) -> str:
    """An indicator and stage, or a school, that additions cannot be shown to mend."""
    key, dot, stage = name.rpartition(".")
    if dot and key in standard.indicators:
        gap = "" if reader_language() == CHINESE else ": "
        return f"{stage_word(stage)}{gap}{texts(standard.indicators[key].name)}"
    return name_and_code(name)[0]
