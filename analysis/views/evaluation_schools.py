"""The schools of a frozen evaluation: the list in the order of codes, and one school's page."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from analysis.evaluation_reading import (
    Result,
    SchoolLine,
    indicator_names,
    plan_lines,
    school_key,
    school_line,
    school_lines,
    standard_of_evaluation,
)
from analysis.evaluation_words import amount_text
from analysis.models import Evaluation
from analysis.rule_kinds.county_rules import Reference
from analysis.rule_kinds.k_of_n import KOfN
from analysis.standard_parts import Standard
from analysis.templatetags.evaluation import reader_language, source_of, texts, verdict_word
from analysis.views.evaluation import (
    LEFT_OUT,
    evaluation_before,
    evaluation_of_county,
    page_context,
    school_words,
)
from scoring.models import Verdict
from surveys.views.lists import page_of, search_words


@require_safe
def schools(request: HttpRequest, evaluation_id: int) -> HttpResponse:
    """?q= name or code, ?verdict=, ?criterion= those that miss it; in the order of codes, never ranked."""
    found = evaluation_of_county(request, evaluation_id)
    result, standard = found.result, standard_of_evaluation(found)
    lines = school_lines(result, standard, language=reader_language())
    words, verdict = search_words(request), request.GET.get("verdict", "")
    about_schools = [one for one in result["criteria"] if "schools" in one]
    criterion = request.GET.get("criterion", "")
    chosen = [
        line
        for line in lines
        if words.lower() in f"{line.code} {line.name}".lower()
        and (verdict not in (*Verdict.values, LEFT_OUT) or line.word == verdict)
        and (criterion not in [one["key"] for one in about_schools] or _misses(line, criterion))
    ]
    verdicts = [*Verdict.choices, (LEFT_OUT, verdict_word(None))]
    context = page_context(found, "evaluation_schools") | {
        "page": page_of(request, chosen),
        "words": words,
        "total": len(lines),
        "school_words": school_words(result),
        "filters": [
            {"name": "verdict", "label": _("Verdict"), "all": _("All verdicts"), "options": verdicts,
             "chosen": verdict},
            {"name": "criterion", "label": _("Misses"), "all": _("Any criterion"),
             "options": [(one["key"], texts(one["name"])) for one in about_schools], "chosen": criterion},
        ],
    }  # fmt: skip
    return render(request, "desk/evaluation/schools.html", context)


@require_safe
def school(request: HttpRequest, evaluation_id: int, place: int) -> HttpResponse:
    """One school: its indicators against limit and floor, its sizes, what it lacks and what is enough."""
    found = evaluation_of_county(request, evaluation_id)
    result, standard = found.result, standard_of_evaluation(found)
    if place >= len(result["schools"]):
        raise Http404
    language = reader_language()
    line = school_line(result, place, standard, language=language)
    name = result["schools"][place]["school"]
    before = evaluation_before(found)
    context = page_context(found, "evaluation_schools") | {
        "school": line,
        # The stages first: what decides stands there; then what holds for the whole school.
        "parts": [
            (part, _findings(part.findings, standard, result))
            for part in sorted(line.parts, key=lambda part: part.stage == "")
        ],
        "plans": [one for one in plan_lines(result, standard, language=language)
                  if (one.school, one.code) == (line.name, line.code)],
        "dispersion_additions": [
            (texts(standard.indicators[one["indicator"]].name), one["stage"],
             amount_text(standard.indicators[one["indicator"]].amounts[0], one["add"][name], standard,
                         language=language))
            for one in result["plan"]["dispersions"] if name in one["add"]
        ],
        "before": before,
        "verdict_before": _verdict_before(before, name),
    }  # fmt: skip
    return render(request, "desk/evaluation/school.html", context)


def _misses(line: SchoolLine, criterion: str) -> bool:
    return any(
        finding["criterion"] == criterion and finding["verdict"] != "met"
        for part in line.parts
        for finding in part.findings
    )


def _findings(findings: Any, standard: Standard, result: Result) -> list[dict[str, Any]]:
    """A school's findings with the names of their criteria, and of their indicators where there are some."""
    criteria = {one["key"]: one for one in result["criteria"]}
    shown = []
    for finding in findings:
        rule = standard.criterion(finding["criterion"]).rule
        rule = rule.shown if isinstance(rule, Reference) else rule
        limits = rule.limits if isinstance(rule, KOfN) else {}
        members = []
        for member in finding.get("indicators", ()):
            indicator = standard.indicators.get(member["key"])
            limit = limits.get(member["key"])
            (name,) = indicator_names([member["key"]], standard, language=reader_language())
            members.append(
                member | {"name": name, "unit": indicator.unit if indicator else None,
                          "sign": limit.sign if limit else ""}
            )  # fmt: skip
        criterion = criteria[finding["criterion"]]
        shown.append(finding | {"name": texts(criterion["name"]), "source": source_of(criterion),
                                "members": members})  # fmt: skip
    return shown


def _verdict_before(before: Evaluation | None, name: str) -> str | None:
    """The school's verdict in the evaluation before, by code or name; "" if it was not in it."""
    if before is None:
        return ""
    found = (
        one["verdict"] for one in before.result["schools"] if school_key(one["school"]) == school_key(name)
    )
    return next(found, "")
