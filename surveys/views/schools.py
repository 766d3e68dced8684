"""Schools as the bureau sees them: the list, and one school with its roster facts, QR codes and replies."""

from __future__ import annotations

from collections.abc import Callable
from operator import attrgetter
from typing import Any

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from surveys.models import School, Stage, Wave, WaveState
from surveys.views.collectors import progress_of, visible_collectors
from surveys.views.lists import chosen_sort, page_of, search_words

COLUMNS: dict[str, Callable[[School], Any]] = {
    "code": attrgetter("code"),
    "name": attrgetter("name"),
    "township": attrgetter("township.name"),
    "stage": lambda school: Stage.values.index(school.stage),
    "pupils": attrgetter("pupils"),
    "classes": attrgetter("classes"),
    "teachers": attrgetter("teachers"),
}


@require_safe
def schools(request: HttpRequest) -> HttpResponse:
    """The roster's schools. A county has a few hundred at most: they are sorted here, pupils are a sum."""
    words, stage = search_words(request), request.GET.get("stage", "")
    everyone = School.objects.filter(county=request.scope.county, is_active=True)
    found = everyone.select_related("township").filter(
        Q(name__icontains=words) | Q(code__icontains=words) | Q(township__name__icontains=words)
    )
    if stage in Stage.values:
        found = found.filter(stage=stage)
    rows = list(found.order_by("code"))
    sort = chosen_sort(request, COLUMNS, default="code")
    rows.sort(key=sort.by, reverse=sort.descending)
    context = {
        "page": page_of(request, rows),
        "sort": sort,
        "words": words,
        "pupils": sum(school.pupils for school in rows),
        "filters": [
            {
                "name": "stage",
                "label": _("Kind of school"),
                "all": _("All kinds"),
                "options": Stage.choices,
                "chosen": stage,
            }
        ],
    }
    return render(request, "desk/schools.html", context)


def school_context(request: HttpRequest, school_id: int) -> dict[str, Any]:
    """One school, and its replies in the wave chosen by ?wave= (else the open or newest one): what the
    template shows. The page itself belongs to a higher room, which adds the school's results."""
    found = get_object_or_404(
        School.objects.select_related("township"), county=request.scope.county, pk=school_id
    )
    waves = list(
        Wave.objects.filter(county=found.county_id)
        .exclude(state=WaveState.DRAFT)
        .filter(collectors__school=found)
        .distinct()
    )
    wave = _chosen_wave(waves, request.GET.get("wave", ""))
    rows = visible_collectors(request.scope).filter(school=found, wave=wave).order_by("pk") if wave else []
    return {
        "school": found,
        "grades": sorted(((int(grade), pupils) for grade, pupils in found.pupils_by_grade.items())),
        "waves": waves,
        "wave": wave,
        "rows": [(collector, progress_of(collector)) for collector in rows],
    }


def _chosen_wave(waves: list[Wave], asked: str) -> Wave | None:
    for wave in waves:
        if str(wave.pk) == asked:
            return wave
    return next((wave for wave in waves if wave.is_open), waves[0] if waves else None)
