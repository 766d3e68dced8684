"""How the figure was computed: every number behind it, in words a bureau can say aloud."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from analysis.code_sentences import merge_sentence, merged_class_sentence
from analysis.other_rules import other_rules
from analysis.results import WaveResults, wave_results
from analysis.templatetags.figures import interval_text, rate_text
from analysis.views.county import result_context, wave_of
from analysis.wording import extreme_sentences, rule_sentences, tipping_in_short, verdict_word
from scoring.controls import Control, population_controls
from surveys.models import Wave


@require_safe
def method(request: HttpRequest) -> HttpResponse:
    """The wave of ?wave=, or the one the county page shows."""
    waves = list(Wave.objects.filter(county=request.scope.county).select_related("county"))
    wave = wave_of(request, waves)
    if wave is None or wave.is_draft:
        raise Http404
    results = wave_results(wave, now=timezone.now())
    names = {row.school.code: row.school.name for row in results.schools}
    context = result_context(results) | {
        "waves": [one for one in waves if not one.is_draft],
        "wave": wave,
        "rule_sentences": rule_sentences(results.rule),
        "people": _people(results),
        "merges": [merge_sentence(one, names) for one in results.result["merges"]],
        "merged_classes": [merged_class_sentence(one) for one in results.result["merged_classes"]],
        "versions": wave.audiences.select_related("version"),
        "other_rules": [
            {
                "rule": one.rule,
                "figure": one.figure,
                "verdict": one.verdict,
                "is_chosen": one.is_chosen,
                "word": verdict_word(one.verdict) if one.verdict else "",
                "tipping": tipping_in_short(one.tipping, one.figure),
            }
            for one in other_rules(results)
        ],
        "bounds": _bounds(results),
        "extremes": extreme_sentences(results),
        "voids": [void for void in wave.voids.all() if void.restored_at is None],
        "contributions": _contributions(results),
    }
    return render(request, "desk/results/method.html", context)


def _bounds(results: WaveResults) -> dict[str, str]:
    """The verdict's one-sided bounds, printed; empty without a verdict."""
    found, figure = results.result["verdict"] or {}, results.figure
    if results.verdict is None or found.get("lower") is None:
        return {}
    return {
        "lower": rate_text(found["lower"], unit=figure.unit, limit=figure.limit),
        "upper": rate_text(found["upper"], unit=figure.unit, limit=figure.limit),
        "alpha": f"{results.result['alpha'] * 100:g}%",
    } | {
        pair: interval_text(*found[pair], unit=figure.unit, limit=figure.limit)
        for pair in ("smoothed", "confirming")
        if found.get(pair) and found.get("confirming")
    }


def _people(results: WaveResults) -> list[dict[str, Any]]:
    """Per audience: how many people the weights aim at, and where that number comes from."""
    if results.run:
        controls = [Control(**one) for one in results.run.inputs["controls"]]
    else:
        controls = population_controls(results.wave)
    rows = []
    for row in results.audiences:
        mine = [control for control in controls if control.audience == row.code]
        sources = dict.fromkeys(_source(control.source) for control in mine if control.source != "replies")
        rows.append({"row": row, "people": sum(one.people for one in mine), "sources": list(sources)})
    return rows


def _source(source: str) -> str:
    return {
        "roster": _("school roster"),
        "total spread by resident population": _("number given, spread by resident population"),
    }.get(source, source)


def _contributions(results: WaveResults) -> bool:
    """Whether the audiences' contributions may be added up before the reader's eyes: all are shown."""
    return bool(results.audiences) and all(row.contribution is not None for row in results.audiences)
