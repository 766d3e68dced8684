"""Work done in the background: ids in, one call."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from celery import shared_task
from django.db.models import Q, QuerySet
from django.utils import timezone

from surveys.models import PrintJob, Wave, WaveState
from surveys.print_files import delete_expired
from surveys.print_jobs import run_job
from surveys.print_progress import stale_jobs
from surveys.tallies import check_tallies
from surveys.verification import verify_wave

logger = logging.getLogger(__name__)

CHANGED_WITHIN = timedelta(days=2)
PRINT_RETRY_SECONDS = 10


@shared_task
def check_recent_waves() -> int:
    """Recounts every wave that is open or was lately changed, and starts a check of each. Nightly."""
    waves = list(recent_waves(now=timezone.now()).values_list("pk", flat=True))
    for pk in waves:
        check_wave.delay(pk)
    return len(waves)


@shared_task
def check_wave(wave_id: int) -> int:
    """Recounts one wave and recomputes its seals; what differs goes to the log. Returns how many differ."""
    wave = Wave.objects.get(pk=wave_id)
    differences = check_tallies(wave)
    problems = verify_wave(wave).problems
    for found in differences:
        logger.error(
            "Wave %s, collector %s, stratum %r: %s replies counted, %s stored, %s counts differ. "
            "python manage.py verify_wave %s says more.",
            wave_id, found.collector_code, found.stratum, found.stored_responses, found.counted_responses,
            found.slots_that_differ, wave_id,
        )  # fmt: skip
    for problem in problems:
        logger.error("Wave %s, batch %s: %s.", wave_id, problem.batch, problem.problem)
    return len(differences) + len(problems)


def recent_waves(*, now: datetime) -> QuerySet[Wave]:
    """Waves whose counts can have moved since the night before last: open ones, and closed ones with a new
    batch (replies voided or restored)."""
    changed = Q(batches__sealed_at__gte=now - CHANGED_WITHIN)
    return Wave.objects.filter(Q(state=WaveState.OPEN) | changed).distinct().order_by("pk")


@shared_task(bind=True, max_retries=None)
def run_print_job(self, job_id: int) -> bool:  # type: ignore[no-untyped-def]
    """Makes the files of a print job, or goes on with one whose worker was lost.

    A job that another worker seems to have is looked at again later: that worker may be dead.
    """
    done = run_job(job_id)
    taken = PrintJob.objects.filter(pk=job_id, state=PrintJob.State.RUNNING).exists()
    if not done and taken and not self.request.is_eager:
        raise self.retry(countdown=PRINT_RETRY_SECONDS)
    return done


@shared_task
def tidy_prints() -> int:
    """Deletes printed files past their time and takes up jobs that lost their worker. Every few minutes."""
    now = timezone.now()
    for pk in stale_jobs(now).values_list("pk", flat=True):
        run_print_job.delay(pk)
    return delete_expired(now)
