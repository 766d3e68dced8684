"""The bureau's county page: the rate beside the limit, what it is made of, and how the fieldwork stands."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from analysis.charts import bar_heading, common_scale, headline_bar
from analysis.code_sentences import joined, reason_sentences, warning_sentence
from analysis.pending_review import review_sentences
from analysis.results import FROZEN, SchoolRow, WaveResults, fingerprint, wave_results, wave_to_show
from analysis.wording import (
    minimums_sentence,
    readings,
    tipping_sentences,
    verdict_sentence,
    verdict_word,
)
from scoring.runs import ScoringRefused, score_wave
from surveys.models import Location, School, Stage, Wave
from surveys.views.lists import chosen_sort, page_of, search_words

SCHOOLS_PER_PAGE = 50
# By name, place or replies. Never by rate: schools of one county are not ranked.
SCHOOL_COLUMNS: dict[str, Callable[[SchoolRow], Any]] = {
    "code": attrgetter("school.code"),
    "name": attrgetter("school.name"),
    "township": attrgetter("school.township.name"),
    "replies": attrgetter("progress.replies"),
}


@require_safe
def county(request: HttpRequest) -> HttpResponse:
    """The wave of ?wave=, or the one that matters now; a sentence and a next step where there is none."""
    waves = list(Wave.objects.filter(county=request.scope.county).select_related("county"))
    wave = wave_of(request, waves)
    context = {"waves": [one for one in waves if not one.is_draft], "wave": wave}
    if wave is None or wave.is_draft:
        context["has_schools"] = School.objects.filter(county=request.scope.county, is_active=True).exists()
        return render(request, "desk/county_empty.html", context)
    results = wave_results(wave, now=timezone.now())
    context |= result_context(results) | _school_table(request, results.schools)
    context["runs"] = wave.score_runs.select_related("by") if wave.is_closed else []
    return render(request, "desk/county.html", context)


@require_safe
def live(request: HttpRequest) -> HttpResponse:
    """The changed part of the county page: nothing (204) while ?seen= still is how the wave stands.

    A page that shows another state than the wave is in is loaded anew. Also the place to come back to
    when this address is opened by itself.
    """
    wave = get_object_or_404(Wave, county=request.scope.county, pk=_number(request.GET.get("wave")))
    seen = request.GET.get("seen", "")
    if not request.htmx:
        return redirect(f"{reverse('desk')}?wave={wave.pk}")
    if seen == fingerprint(wave):
        return HttpResponse(status=204)
    if not seen.startswith(f"{wave.state}-"):
        response = HttpResponse(status=204)
        response["HX-Refresh"] = "true"
        return response
    request.GET = request.GET.copy()
    del request.GET["seen"]  # the links of the part lead to the page, which knows no such word
    results = wave_results(wave, now=timezone.now())
    context = result_context(results) | _school_table(request, results.schools)
    return render(request, "desk/results/live_update.html", context | {"wave": wave})


def score_again(request: HttpRequest, wave_id: int) -> HttpResponse:
    """Asks once, then freezes a new score run beside the earlier ones."""
    wave = get_object_or_404(Wave, county=request.scope.county, pk=wave_id)
    if request.method != "POST":
        runs = wave.score_runs.select_related("by")
        return render(request, "desk/county_score.html", {"wave": wave, "runs": runs})
    try:
        run = score_wave(wave, by=request.user, now=timezone.now())
    except ScoringRefused as error:
        messages.error(request, str(error))
    else:
        messages.success(
            request,
            _("Scored again: %(verdict)s. The earlier runs stay on record.")
            % {"verdict": verdict_word(run.verdict)},
        )
    return redirect(f"{reverse('desk')}?wave={wave.pk}")


def wave_of(request: HttpRequest, waves: Sequence[Wave]) -> Wave | None:
    """The county's wave that ?wave= names (404 for any other), else the one to show first."""
    asked = request.GET.get("wave", "")
    if not asked:
        return wave_to_show(waves)
    for wave in waves:
        if str(wave.pk) == asked:
            return wave
    raise Http404


def result_context(results: WaveResults) -> dict[str, Any]:
    """What templates need besides the results: bars, scales and sentences."""
    top = results.rule.top_score
    rows = (*results.audiences, *results.locations, *results.topics)
    scale = common_scale(
        (row.figure for row in rows), limit=results.figure.limit, top=top, unit=results.figure.unit
    )
    school_scale = common_scale(
        (row.figure for row in results.schools), limit=results.figure.limit, top=top, unit=results.figure.unit
    )
    is_frozen = results.state == FROZEN
    return {
        "results": results,
        "minimum": results.wave.minimum_group_size,
        "scale": scale,
        "scale_heading": bar_heading(scale) if any(row.figure.is_shown for row in rows) else "",
        "school_scale": school_scale,
        "school_scale_heading": (
            bar_heading(school_scale) if any(row.figure.is_shown for row in results.schools) else ""
        ),
        "headline_wide": headline_bar(results.figure, width=960, top=top),
        "headline_narrow": headline_bar(results.figure, width=320, top=top),
        "verdict_word": verdict_word(results.verdict) if is_frozen else "",
        "verdict_sentence": verdict_sentence(results) if is_frozen else "",
        "minimums": minimums_sentence(results) if is_frozen else "",
        "readings": readings(results),
        "tipping": tipping_sentences(results),
        "review": joined(review_sentences(results)),
        "reasons": reason_sentences(results.result["reasons"]),
        "warnings": [warning_sentence(one) for one in results.result.get("warnings", ())],
    }


def _school_table(request: HttpRequest, rows: Sequence[SchoolRow]) -> dict[str, Any]:
    words = search_words(request).casefold()
    townships = sorted({(str(row.school.township_id), row.school.township.name) for row in rows},
                       key=lambda pair: pair[1])  # fmt: skip
    choices = [
        _choice(request, "township", _("Township"), _("All townships"), townships),
        _choice(request, "stage", _("Kind of school"), _("All kinds"), Stage.choices),
        _choice(request, "location", _("Location"), _("All locations"), Location.choices),
    ]
    township, stage, location = (choice["chosen"] for choice in choices)
    found = [
        row
        for row in rows
        if words in f"{row.school.name} {row.school.code} {row.school.township.name}".casefold()
        and township in ("", str(row.school.township_id))
        and stage in ("", row.school.stage)
        and location in ("", row.school.location)
    ]
    sort = chosen_sort(request, SCHOOL_COLUMNS, default="code")
    found.sort(key=attrgetter("school.code"))
    found.sort(key=sort.by, reverse=sort.descending)
    return {
        "page": page_of(request, found, size=SCHOOLS_PER_PAGE),
        "sort": sort,
        "words": search_words(request),
        "filters": choices,
        "is_filtered": bool(words or township or stage or location),
    }


def _choice(
    request: HttpRequest, name: str, label: str, everything: str, options: Sequence[tuple[str, Any]]
) -> dict[str, Any]:
    asked = request.GET.get(name, "")
    chosen = asked if asked in {value for value, _text in options} else ""
    return {"name": name, "label": label, "all": everything, "options": options, "chosen": chosen}


def _number(text: str | None) -> int:
    """An id from an address; 0, which no row has, for anything else."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 18 else 0
