"""A school's page for the bureau, with its results: never for the school itself."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from analysis.charts import bar_heading, common_scale
from analysis.results import wave_results
from surveys.views.schools import school_context


@require_safe
def school(request: HttpRequest, school_id: int) -> HttpResponse:
    """Roster facts, collectors and replies, and the results of the wave that the page is about."""
    context = school_context(request, school_id)
    if context["wave"]:
        results = wave_results(context["wave"], now=timezone.now())
        row = next(row for row in results.schools if row.school == context["school"])
        figures = [results.figure, row.figure, *(one.figure for one in row.audiences)]
        scale = common_scale(
            figures, limit=results.figure.limit, top=results.rule.top_score, unit=results.figure.unit
        )
        context |= {
            "results": results,
            "row": row,
            "scale": scale,
            "scale_heading": bar_heading(scale) if any(figure.is_shown for figure in figures) else "",
            "minimum": results.wave.minimum_group_size,
        }
    return render(request, "desk/school_results.html", context)
