"""What all pages about one wave's numbers share: the wave, the results, the links between the pages."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import gettext as _

from analysis.answer_quality import is_looked_at
from analysis.looking import begin, looking
from analysis.results import WaveResults, wave_results
from analysis.tasks import look_at_replies
from surveys.models import Wave
from surveys.queries import replies_by_collector

# Up to so many replies the page reads them itself, within a second or two; beyond, a worker does.
MOST_WITHOUT_WAITING = 20_000


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


def is_being_looked_at(wave: Wave) -> bool:
    """Whether a worker is reading the replies of a large wave; starts it if nobody has.

    Workers hand over their results through the shared cache; where there is none, the page reads itself.
    """
    if not settings.REDIS_URL or sum(replies_by_collector(wave).values()) <= MOST_WITHOUT_WAITING:
        return False
    if is_looked_at(wave):
        return False
    if begin(wave):
        look_at_replies.delay(wave.pk)
    return True


def waiting_page(request: HttpRequest, wave: Wave, page: str, title: str) -> HttpResponse:
    """What stands on a page while a worker reads the replies."""
    answer = _("The replies are being read, which takes about a minute for so many.")
    context = depth_context(wave, page, title=title, answer=answer, looking=looking(wave))
    return render(request, "desk/depth/waiting.html", context)
