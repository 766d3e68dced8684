"""What all pages about one wave's numbers share: the wave, the results, the links between the pages."""

from __future__ import annotations

from typing import Any

from django.http import Http404, HttpRequest
from django.shortcuts import get_object_or_404
from django.utils import timezone

from analysis.results import WaveResults, wave_results
from surveys.models import Wave


def wave_of_county(request: HttpRequest, wave_id: int, *, drafts: bool = False) -> Wave:
    """The county's wave; 404 for another county's, and for a draft unless the page is about plans."""
    waves = Wave.objects.select_related("county")
    wave = get_object_or_404(waves, county=request.scope.county, pk=wave_id)
    if wave.is_draft and not drafts:
        raise Http404
    return wave


def results_of(request: HttpRequest, wave_id: int) -> WaveResults:
    return wave_results(wave_of_county(request, wave_id), now=timezone.now())


def depth_context(wave: Wave, page: str, **more: Any) -> dict[str, Any]:
    """`page` is the address's name, marked in the row of links."""
    return {"wave": wave, "depth_page": page, "minimum": wave.minimum_group_size, **more}
