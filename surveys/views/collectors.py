"""Collectors: finding one, its QR code on screen, on paper and as a file, and its replies so far."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet, Sum
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers

from surveys.audiences import AUDIENCES
from surveys.distribution.links import link_of, origin_of
from surveys.distribution.qr import qr_png, qr_svg
from surveys.missing_collectors import late_places
from surveys.models import Channel, Collector, School, Township, Wave
from surveys.poster_openings import note_opening
from surveys.progress import Progress
from surveys.views.lists import chosen_sort, page_of, search_words
from surveys.views.sent import clean_text, number_in

FILE_TYPES = {"svg": (qr_svg, "image/svg+xml"), "png": (qr_png, "image/png")}
COLUMNS = {"place": "place_name", "audience": "audience", "replies": "replies", "target": "target"}


@require_safe
def collectors(request: HttpRequest, wave_id: int) -> HttpResponse:
    """The entry points of one wave, found by school, township, audience, name or code."""
    wave = get_object_or_404(Wave, county=request.scope.county, pk=wave_id)
    words, audience = search_words(request), clean_text(request.GET.get("audience", ""))
    township, school = number_in(request.GET.get("township", "")), number_in(request.GET.get("school", ""))
    found = visible_collectors(request.scope).filter(wave=wave)
    if words:
        found = found.filter(
            Q(school__name__icontains=words) | Q(school__code=words) | Q(township__name__icontains=words)
            | Q(code=words.upper())
        )  # fmt: skip
    if audience:
        found = found.filter(audience=audience)
    if township:
        found = found.filter(Q(school__township=township) | Q(township=township))
    if school:
        found = found.filter(school=school)
    sort = chosen_sort(request, COLUMNS | {"order": "pk"}, default="order")
    page = page_of(request, found.order_by(sort.order, "pk"))
    context = {
        "wave": wave,
        "rows": [(collector, progress_of(collector)) for collector in page],
        "page": page,
        "sort": sort,
        "words": words,
        "school": School.objects.filter(county=request.scope.county, pk=school).first() if school else None,
        "late": late_places(wave),
        "filters": [_audience_filter(wave, audience), _township_filter(request.scope.county, township)],
    }
    return render(request, "desk/collectors.html", context)


@require_safe
def collector(request: HttpRequest, collector_id: int) -> HttpResponse:
    found = get_object_or_404(visible_collectors(request.scope), pk=collector_id)
    return render(request, "desk/collector.html", shown(request, found))


@require_safe
@vary_on_headers("HX-Request")
def collector_show(request: HttpRequest, collector_id: int) -> HttpResponse:
    """The QR code as large as the screen, for the school gate; the count below it is asked for by htmx."""
    found = get_object_or_404(visible_collectors(request.scope), pk=collector_id)
    if not request.htmx:
        note_opening(found, now=timezone.now())
    template = "desk/parts/collector_count.html" if request.htmx else "desk/collector_show.html"
    return render(request, template, shown(request, found))


@require_safe
def collector_poster(request: HttpRequest, collector_id: int) -> HttpResponse:
    """One sheet of A4 to print and hang up."""
    found = get_object_or_404(visible_collectors(request.scope), pk=collector_id)
    if found.channel == Channel.SLIPS:  # what hangs on a wall is not answered once only
        return redirect("slips_ledger", found.pk)
    note_opening(found, now=timezone.now())
    return render(request, "desk/collector_poster.html", shown(request, found))


@require_safe
def collector_qr(request: HttpRequest, collector_id: int, kind: str) -> HttpResponse:
    """The QR code as a file; with ?download it is saved under a name that says whose it is."""
    found = get_object_or_404(
        visible_collectors(request.scope).filter(channel=Channel.POSTER), pk=collector_id
    )
    draw, content_type = FILE_TYPES[kind]
    response = HttpResponse(draw(link_of(found.code, origin=origin_of(request))), content_type=content_type)
    if "download" in request.GET:
        note_opening(found, now=timezone.now())
        name = f"{found.place.name}-{audience_name(found.audience)}-{_('QR code')}.{kind}"
        response["Content-Disposition"] = content_disposition_header(True, name.replace("/", "-"))
    return response


def visible_collectors(scope: Any) -> QuerySet[Collector]:
    """What this user may see, with `replies` and `place_name`: the county's, for a school only its own."""
    found = Collector.objects.filter(wave__county=scope.county)
    if scope.role == "school":
        found = found.filter(school=scope.school)
    return found.select_related("wave__county", "school__township", "township").annotate(
        replies=Coalesce(Sum("tallies__responses"), 0),
        place_name=Coalesce("school__name", "township__name", "wave__county__name"),
    )


def progress_of(collector: Collector) -> Progress:
    """Of a collector that came from `visible_collectors`."""
    return Progress(collector.replies, collector.target)


def shown(request: HttpRequest, collector: Collector) -> dict:
    """What every page about one collector needs."""
    return {
        "collector": collector,
        "wave": collector.wave,
        "progress": progress_of(collector),
        "link": link_of(collector.code, origin=origin_of(request)),
    }


def audience_name(code: str) -> str:
    return AUDIENCES[code].name(get_language()) if code in AUDIENCES else code


def _audience_filter(wave: Wave, chosen: str) -> dict:
    return {
        "name": "audience",
        "label": _("Audience"),
        "all": _("All audiences"),
        "options": [(row.audience, audience_name(row.audience)) for row in wave.audiences.all()],
        "chosen": chosen,
    }


def _township_filter(county: Any, chosen: int | None) -> dict:
    townships = Township.objects.filter(county=county).values_list("pk", "name")
    return {
        "name": "township",
        "label": _("Township"),
        "all": _("All townships"),
        "options": list(townships),
        "chosen": chosen,
    }
