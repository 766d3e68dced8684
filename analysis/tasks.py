"""Work that need not wait for a page: ids in, one call, safe to repeat."""

from __future__ import annotations

from celery import shared_task
from django.utils import timezone

from analysis.results import score_closing
from surveys.models import Wave


@shared_task
def score_closed_wave(wave_id: int) -> int | None:
    """The score run of a closed wave, made if the closing has none yet; its id, None while it is open.

    The county page does the same when it is opened first, so a verdict never waits for a worker.
    """
    wave = Wave.objects.get(pk=wave_id)
    run = score_closing(wave, now=timezone.now()) if wave.is_closed else None
    return run.pk if run else None
