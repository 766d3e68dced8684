"""A school's own desk: its QR codes and how many have answered. No answer, no result, no other school."""

from __future__ import annotations

from itertools import groupby

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from surveys.models import Channel, Collector, WaveState
from surveys.progress import NOTHING
from surveys.views.collectors import progress_of, visible_collectors


@require_safe
@vary_on_headers("HX-Request")
def school_desk(request: HttpRequest) -> HttpResponse:
    """Open waves with the school's collectors, else the last one that was closed.

    htmx asks for the counts alone every few seconds; without it the page is simply loaded again.
    """
    own = (
        visible_collectors(request.scope)
        .filter(channel=Channel.POSTER)
        .order_by("-wave__starts_on", "-wave", "pk")
    )
    found = list(own.filter(wave__state=WaveState.OPEN))
    if not found:
        closed = own.filter(wave__state=WaveState.CLOSED)
        newest = closed.first()
        found = list(closed.filter(wave=newest.wave)) if newest else []
    context = {"waves": [_summary(list(group)) for _, group in groupby(found, key=_wave_id)]}
    template = "desk/parts/school_counts.html" if request.htmx else "desk/school_desk.html"
    return render(request, template, context)


def _wave_id(collector: Collector) -> int:
    return collector.wave_id


def _summary(collectors: list[Collector]) -> dict:
    rows = [(collector, progress_of(collector)) for collector in collectors]
    return {
        "wave": collectors[0].wave,
        "rows": rows,
        "total": sum((progress for _, progress in rows), NOTHING),
    }
