"""Printed files on the disk: where a job's lie, how long they are kept, and deleting them in time."""

from __future__ import annotations

import re
import shutil
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings
from django.db.models import F, Q

from surveys.models import PrintJob

KEPT_WITH_CODES = timedelta(hours=24)
KEPT = timedelta(days=7)
UNDER_WAY = (PrintJob.State.WAITING, PrintJob.State.RUNNING)


def folder_of(job: PrintJob) -> Path:
    return Path(settings.DATA_DIR) / "prints" / job.token


def made_folder(job: PrintJob) -> Path:
    folder = folder_of(job)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder


def file_of(job: PrintJob, now: datetime) -> Path | None:
    """The finished file, or None when there is none (any more)."""
    if not job.is_ready or (job.expires_at and job.expires_at < now):
        return None
    path = folder_of(job) / f"ready{Path(job.file_name).suffix}"
    return path if path.is_file() else None


def note_download(job: PrintJob) -> None:
    PrintJob.objects.filter(pk=job.pk).update(downloads=F("downloads") + 1)


def delete_files(job: PrintJob) -> None:
    """Takes the file off the disk; the row stays as a trace. A job under way is left alone."""
    found = PrintJob.objects.filter(pk=job.pk).exclude(state__in=UNDER_WAY)
    if found.update(state=PrintJob.State.DELETED, step=""):
        shutil.rmtree(folder_of(job), ignore_errors=True)


def delete_expired(now: datetime) -> int:
    """Deletes what is past its time, also the parts of jobs that stopped and were given up."""
    past = Q(expires_at__lt=now) | Q(state=PrintJob.State.FAILED, at__lt=now - KEPT_WITH_CODES)
    found = list(PrintJob.objects.filter(past).exclude(state__in=[*UNDER_WAY, PrintJob.State.DELETED]))
    for job in found:
        delete_files(job)
    return len(found)


def file_name(said: str, ending: str) -> str:
    return f"{clean_name(said)[:180]}.{ending}"


def clean_name(said: str) -> str:
    """As a name every file system takes."""
    return re.sub(r'[\x00-\x1f/\\:*?"<>|]+', "-", said).strip(". ") or "-"
