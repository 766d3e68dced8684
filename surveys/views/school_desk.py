"""A school's own desk, held at the gate: its QR codes and how many have answered. No answer, no result."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from surveys.distribution.links import link_of, origin_of
from surveys.models import Channel, SlipStep, WaveState
from surveys.poster_openings import note_opening
from surveys.progress import progress_of_collectors
from surveys.school_day import replies_today, school_days
from surveys.views.collectors import visible_collectors

STEPS_SHOWN = 5


@require_safe
@vary_on_headers("HX-Request")
def school_desk(request: HttpRequest) -> HttpResponse:
    """Open waves with the school's collectors, else the last one that was closed.

    htmx asks for the counts alone every few seconds; without it the page is simply loaded again.
    """
    own = visible_collectors(request.scope).order_by("-wave__starts_on", "-wave", "pk")
    found = list(own.filter(wave__state=WaveState.OPEN))
    if not found:
        closed = own.filter(wave__state=WaveState.CLOSED)
        newest = closed.first()
        found = list(closed.filter(wave=newest.wave)) if newest else []
    days = school_days(found, now=timezone.now())
    context = {"days": days, "has_slips": any(one.channel == Channel.SLIPS for one in found)}
    if request.htmx:
        return render(request, "desk/parts/school_counts.html", context)
    # The hand-out log: the last slips that were printed, handed out, taken back or voided.
    steps = SlipStep.objects.filter(collector__in=[one.pk for one in found]).order_by("-at", "-pk")
    context["steps"] = steps.select_related("batch__wave", "by")[:STEPS_SHOWN]
    return render(request, "desk/school_desk.html", context)


@require_safe
@vary_on_headers("HX-Request")
def open_day(request: HttpRequest, collector_id: int) -> HttpResponse:
    """The projector's page on a family open day: a QR code for the whole hall, and the count going up.

    Counts only, never a rate. htmx asks for the counter alone; without it the page is loaded again.
    """
    collector = get_object_or_404(
        visible_collectors(request.scope).filter(channel=Channel.POSTER), pk=collector_id
    )
    if not request.htmx:
        note_opening(collector, now=timezone.now())
    siblings = list(
        visible_collectors(request.scope)
        .filter(wave=collector.wave_id, school=collector.school_id, township=collector.township_id)
        .order_by("pk")
    )
    same_audience = [one for one in siblings if one.audience == collector.audience]
    progress = progress_of_collectors(same_audience)
    context = {
        "collector": collector,
        "wave": collector.wave,
        "progress": sum(list(progress.values())[1:], next(iter(progress.values()))),
        "today": sum(replies_today(same_audience, now=timezone.now()).values()),
        "link": link_of(collector.code, origin=origin_of(request)),
        "others": [
            one for one in siblings if one.channel == Channel.POSTER and one.audience != collector.audience
        ],
    }
    template = "desk/parts/open_day_count.html" if request.htmx else "desk/open_day.html"
    return render(request, template, context)
