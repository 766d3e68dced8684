"""How a print job gets on: one worker takes it, says that it lives, and finishes or stops it."""

from __future__ import annotations

import os
import socket
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.db.models import F, Q, QuerySet

from surveys.models import PrintJob

# A running job that has not moved for so long lost its worker.
STALE = timedelta(seconds=30)


def claim(job_id: int, now: datetime) -> bool:
    """Takes the job: one conditional update, so of two workers one gets it."""
    lost = Q(beat_at__lt=now - STALE)
    worker = PrintJob.objects.filter(pk=job_id).values_list("worker", flat=True).first() or ""
    if _is_dead(worker):
        lost |= Q(worker=worker)  # no need to wait for a process of this machine that is gone
    free = Q(state__in=[PrintJob.State.WAITING, PrintJob.State.FAILED]) | Q(
        lost, state=PrintJob.State.RUNNING
    )
    return bool(
        PrintJob.objects.filter(free, pk=job_id).update(
            state=PrintJob.State.RUNNING, worker=_own_name(), beat_at=now, error=""
        )
    )  # fmt: skip


def beat(job: PrintJob, now: datetime, **changed: Any) -> None:
    PrintJob.objects.filter(pk=job.pk).update(beat_at=now, **changed)


def stop(job: PrintJob, error: str) -> None:
    PrintJob.objects.filter(pk=job.pk).update(state=PrintJob.State.FAILED, error=error[:500], step="")


def finish(job: PrintJob, path: Path, *, name: str, kept: timedelta, now: datetime) -> None:
    PrintJob.objects.filter(pk=job.pk).update(
        state=PrintJob.State.DONE, done=F("total"), step="", file_name=name[:200],
        size_bytes=path.stat().st_size, finished_at=now, beat_at=now, expires_at=now + kept,
    )  # fmt: skip


def is_stale(job: PrintJob, now: datetime) -> bool:
    """Under way, but nothing has moved for a while: it may be started again."""
    return job.is_under_way and (job.beat_at or job.at) < now - STALE


def stale_jobs(now: datetime) -> QuerySet[PrintJob]:
    under_way = Q(state__in=[PrintJob.State.WAITING, PrintJob.State.RUNNING])
    silent = Q(beat_at__lt=now - STALE) | Q(beat_at__isnull=True, at__lt=now - STALE)
    return PrintJob.objects.filter(under_way & silent)


def _own_name() -> str:
    return f"{socket.gethostname()[:100]}:{os.getpid()}"


def _is_dead(worker: str) -> bool:
    """Whether this process ran on our machine and runs no more. A process number that came round again only
    means that we wait."""
    host, _colon, number = worker.rpartition(":")
    if host != socket.gethostname()[:100] or not number.isdecimal():
        return False
    try:
        os.kill(int(number), 0)
    except ProcessLookupError:
        return True
    except OSError:
        return False
    return False
