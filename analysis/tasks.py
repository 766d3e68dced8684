"""Work that need not wait for a page: ids in, one call, safe to repeat."""

from __future__ import annotations

from functools import partial

from celery import shared_task
from django.utils import timezone

from analysis import looking
from analysis.answer_quality import answer_quality
from analysis.evaluation_jobs import run_job
from analysis.item_quality import item_quality
from analysis.results import score_closing, wave_results
from analysis.unheard_drift import early_and_late
from surveys.models import Wave


@shared_task
def score_closed_wave(wave_id: int) -> int | None:
    """The score run of a closed wave, made if the closing has none yet; its id, None while it is open.

    The county page does the same when it is opened first, so a verdict never waits for a worker.
    """
    wave = Wave.objects.get(pk=wave_id)
    run = score_closing(wave, now=timezone.now()) if wave.is_closed else None
    return run.pk if run else None


@shared_task
def look_at_replies(wave_id: int) -> int:
    """Computes what is read from every reply of a closed wave, and keeps it in the cache for its pages."""
    wave = Wave.objects.get(pk=wave_id)
    try:
        found = answer_quality(wave, progress=partial(looking.tell, wave))
        if wave.is_closed:
            results = wave_results(wave, now=timezone.now())
            item_quality(results)
            early_and_late(results)
    finally:
        looking.end(wave)
    return found.looked_at


@shared_task
def evaluate_large_county(job_id: int) -> int | None:
    """Evaluates what the job asks for; the evaluation's id, None if it was refused (the job says why)."""
    evaluation = run_job(job_id, now=timezone.now())
    return evaluation.pk if evaluation else None
