"""What a school learns of a survey once it is over: its own figures, if enough people answered."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from analysis.charts import bar_heading, common_scale
from analysis.results import wave_results
from surveys.models import Wave, WaveState


@require_safe
def own_results(request: HttpRequest) -> HttpResponse:
    """The frozen results of the school that signed in, of a closed wave; while one runs there are none.

    The figures went through the county's suppression, so a group that is too small is hidden here as well.
    """
    school = request.scope.school
    closed = Wave.objects.filter(
        county=request.scope.county, state=WaveState.CLOSED, collectors__school=school
    ).distinct()
    asked = request.GET.get("wave", "")
    wave = next((wave for wave in closed if str(wave.pk) == asked), None) if asked else closed.first()
    if asked and wave is None:
        raise Http404
    context = {"waves": list(closed), "wave": wave}
    if wave is not None:
        results = wave_results(wave, now=timezone.now())
        row = next((row for row in results.schools if row.school == school), None)
        if row is not None and not results.is_provisional:
            figures = [row.figure, *(one.figure for one in row.audiences)]
            scale = common_scale(
                figures, limit=results.figure.limit, top=results.rule.top_score, unit=results.figure.unit
            )
            context |= {
                "row": row,
                "rule": results.rule,
                "scale": scale,
                "scale_heading": bar_heading(scale) if any(figure.is_shown for figure in figures) else "",
                "minimum": wave.minimum_group_size,
            }
    return render(request, "desk/own_results.html", context)
