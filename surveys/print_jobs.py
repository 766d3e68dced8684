"""Print jobs: sheets of slips, and the whole county's posters in one ZIP, made step by step on the disk.

A job is a row that says how far it has come, and a folder of its own under DATA_DIR. Running it again goes on
where it stopped: what is on the disk is not made twice. Files are kept for a limited time, those with codes
in clear for a day.
"""

from __future__ import annotations

import hashlib
import logging
import os
import re
import secrets
import shutil
import socket
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from surveys.audiences import AUDIENCES
from surveys.distribution.posters import PAPERS, poster_of, posters_pdf
from surveys.distribution.slips import BatchSheet, slips_pdf, words_of
from surveys.models import Channel, Collector, PrintJob, SlipBatch, Wave
from surveys.slip_classes import proposed_orders
from surveys.slip_ledger import (
    DrawnBatch,
    Order,
    SlipsRefused,
    check_school_may_print,
    new_codes,
    order_reprint,
    order_slips,
    store_codes,
)

logger = logging.getLogger(__name__)

KEPT_WITH_CODES = timedelta(hours=24)
KEPT = timedelta(days=7)
# A running job that has not moved for so long lost its worker.
STALE = timedelta(seconds=30)
TOKEN = re.compile(r"[A-Za-z0-9_-]{20,43}")


class PrintRefused(Exception):
    """A job that cannot be started or gone on with; the sentence says why."""


@dataclass(frozen=True)
class Unit:
    """One file of a county's ZIP: the posters of a place, or the slips of one entry point there."""

    name: str
    make: Callable[[Path], None]

    @property
    def part_name(self) -> str:
        """Its name on the disk until the ZIP is packed."""
        return f"{hashlib.sha256(self.name.encode()).hexdigest()[:24]}.pdf"


def start_slips(
    collector: Collector, orders: Sequence[Order], *, origin: str, token: str, by: Any, now: datetime,
    is_school: bool,
) -> PrintJob:  # fmt: skip
    """A job that prints these batches. The same `token` (one per form) gives the same job again."""
    known = _known(token, collector)
    if known is not None:
        return known
    with transaction.atomic():
        if is_school:
            # Its own row is the lock: two windows of one school cannot print past the limit together.
            Collector.objects.select_for_update(no_key=True).get(pk=collector.pk)
            check_school_may_print(collector, orders)
        job = _slip_job(collector, total=len(orders), origin=origin, token=token, by=by, now=now)
        order_slips(collector, orders, job=job, now=now)
    return job


def start_reprint(
    batch: SlipBatch, *, reason: str, origin: str, token: str, by: Any, now: datetime
) -> PrintJob:
    """A job that prints a batch anew and voids its unused slips when the new sheet is ready."""
    known = _known(token, batch.collector)
    if known is not None:
        return known
    with transaction.atomic():
        job = _slip_job(batch.collector, total=1, origin=origin, token=token, by=by, now=now)
        order_reprint(batch, reason=reason, job=job, by=by, now=now)
    return job


def start_county(
    wave: Wave, *, papers: Sequence[str], bilingual: bool, with_slips: bool, origin: str, by: Any,
    now: datetime,
) -> PrintJob:  # fmt: skip
    """A job for the posters of every place of the wave; with slips, a first batch for every class too."""
    if not wave.is_open:
        raise PrintRefused(_("Posters and slips are printed while the wave is open; this wave is not."))
    papers = [paper for paper in PAPERS if paper in papers]
    if not papers:
        raise PrintRefused(_("Choose A4, A3 or both."))
    if wave.print_jobs.filter(
        kind__in=_COUNTY, state__in=[PrintJob.State.WAITING, PrintJob.State.RUNNING]
    ).exists():
        raise PrintRefused(_("A file of this wave is being made already; wait until it is ready."))
    kind = PrintJob.Kind.POSTERS_AND_SLIPS if with_slips else PrintJob.Kind.POSTERS
    options = {"papers": papers, "bilingual": bilingual, "origin": origin}
    job = PrintJob(
        county_id=wave.county_id, wave=wave, kind=kind, options=options, token=new_token(), by=by, at=now
    )
    job.total = len(_units(job))
    if not job.total:
        raise PrintRefused(_("There is nothing to print: no place of this wave has such an entry point."))
    job.save()
    return job


def run_job(job_id: int, *, now: Callable[[], datetime] = timezone.now) -> bool:
    """Does what is left of a job; returns False if another worker has it, or nothing is left to do."""
    if not _claim(job_id, now()):
        return False
    job = PrintJob.objects.select_related("wave__county", "by", "collector").get(pk=job_id)
    try:
        # Paper speaks Chinese, whatever language the clerk's screen has.
        with translation.override("zh-hans"):
            if job.kind == PrintJob.Kind.SLIPS:
                _run_slips(job, now)
            else:
                _run_county(job, now)
    except SlipsRefused as refused:
        _stop(job, str(refused))
    except OSError as error:
        logger.error("Print job %s stopped: %s", job.pk, error)
        _stop(job, _("The file could not be written on the server: %(error)s") % {"error": error.strerror})
    except Exception:
        # Whatever it is, the clerk must see that the job stopped; the log has the rest.
        logger.exception("Print job %s stopped.", job.pk)
        _stop(job, _("Something went wrong while the file was made. Go on, or tell your operator."))
    return True


def is_stale(job: PrintJob, now: datetime) -> bool:
    """Under way, but nothing has moved for a while: it may be started again."""
    return job.is_under_way and (job.beat_at or job.at) < now - STALE


def stale_jobs(now: datetime) -> QuerySet[PrintJob]:
    under_way = Q(state__in=[PrintJob.State.WAITING, PrintJob.State.RUNNING])
    silent = Q(beat_at__lt=now - STALE) | Q(beat_at__isnull=True, at__lt=now - STALE)
    return PrintJob.objects.filter(under_way & silent)


def delete_files(job: PrintJob) -> None:
    """Takes the file off the disk; the row stays as a trace. A job under way is left alone."""
    found = PrintJob.objects.filter(pk=job.pk).exclude(state__in=_UNDER_WAY)
    if found.update(state=PrintJob.State.DELETED, step=""):
        shutil.rmtree(folder_of(job), ignore_errors=True)


def delete_expired(now: datetime) -> int:
    """Deletes what is past its time, also the parts of jobs that stopped and were given up."""
    past = Q(expires_at__lt=now) | Q(state=PrintJob.State.FAILED, at__lt=now - KEPT_WITH_CODES)
    found = list(PrintJob.objects.filter(past).exclude(state__in=[*_UNDER_WAY, PrintJob.State.DELETED]))
    for job in found:
        delete_files(job)
    return len(found)


def file_of(job: PrintJob, now: datetime) -> Path | None:
    """The finished file, or None when there is none (any more)."""
    if not job.is_ready or (job.expires_at and job.expires_at < now):
        return None
    path = folder_of(job) / f"ready{Path(job.file_name).suffix}"
    return path if path.is_file() else None


def note_download(job: PrintJob) -> None:
    PrintJob.objects.filter(pk=job.pk).update(downloads=F("downloads") + 1)


def folder_of(job: PrintJob) -> Path:
    return Path(settings.DATA_DIR) / "prints" / job.token


def new_token() -> str:
    return secrets.token_urlsafe(24)


_COUNTY = (PrintJob.Kind.POSTERS, PrintJob.Kind.POSTERS_AND_SLIPS)
_UNDER_WAY = (PrintJob.State.WAITING, PrintJob.State.RUNNING)


def _known(token: str, collector: Collector) -> PrintJob | None:
    """The job this form made before: a form sent twice prints once."""
    if not TOKEN.fullmatch(token):
        raise PrintRefused(_("This form is not complete. Load the page again."))
    known = PrintJob.objects.filter(token=token).first()
    if known is not None and known.collector_id != collector.pk:
        raise PrintRefused(_("This form is not complete. Load the page again."))
    return known


def _slip_job(
    collector: Collector, *, total: int, origin: str, token: str, by: Any, now: datetime
) -> PrintJob:
    if not collector.wave.is_open:
        raise SlipsRefused(_("Slips are printed while the wave is open; this wave is not."))
    return PrintJob.objects.create(
        county_id=collector.wave.county_id, wave_id=collector.wave_id, collector=collector,
        school_id=collector.school_id, kind=PrintJob.Kind.SLIPS, options={"origin": origin}, token=token,
        total=total, by=by, at=now,
    )  # fmt: skip


def _claim(job_id: int, now: datetime) -> bool:
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


def _beat(job: PrintJob, now: datetime, **changed: Any) -> None:
    PrintJob.objects.filter(pk=job.pk).update(beat_at=now, **changed)


def _stop(job: PrintJob, error: str) -> None:
    PrintJob.objects.filter(pk=job.pk).update(state=PrintJob.State.FAILED, error=error[:500], step="")


def _finish(job: PrintJob, path: Path, *, name: str, kept: timedelta, now: datetime) -> None:
    PrintJob.objects.filter(pk=job.pk).update(
        state=PrintJob.State.DONE, done=F("total"), step="", file_name=name[:200],
        size_bytes=path.stat().st_size, finished_at=now, beat_at=now, expires_at=now + kept,
    )  # fmt: skip


def _run_slips(job: PrintJob, now: Callable[[], datetime]) -> None:
    folder = _made_folder(job)
    ready = folder / "ready.pdf"
    collector = _with_names(Collector.objects.filter(pk=job.collector_id)).get()
    _print_batches(job, collector, ready, now)
    first = job.slip_batches.order_by("number").first()
    label = first.label if first and job.slip_batches.count() == 1 else ""
    said = "-".join(part for part in (_place_and_audience(collector), label, _("one-time slips")) if part)
    _finish(job, ready, name=_file_name(said, "pdf"), kept=KEPT_WITH_CODES, now=now())


def _print_batches(job: PrintJob, collector: Collector, path: Path, now: Callable[[], datetime]) -> None:
    """Draws the job's batches of this collector that have no codes yet, and stores the codes.

    The finished sheet takes its place before the commit: slips that work are always on a sheet.
    """
    batches = list(
        job.slip_batches.filter(collector=collector, state=SlipBatch.State.PREPARED).order_by("number")
    )
    if not batches:
        if not path.is_file():
            raise SlipsRefused(
                _("The sheet of these slips is no longer on the server; print the batches again.")
            )
        return
    drawn = [DrawnBatch(batch, new_codes(batch)) for batch in batches]
    words = words_of(collector)

    def sheets() -> Iterator[BatchSheet]:
        for place, one in enumerate(drawn):
            done = {"done": place} if job.kind == PrintJob.Kind.SLIPS else {}
            _beat(job, now(), step=one.batch.label or collector.place.name, **done)
            yield BatchSheet(words=words, label=one.batch.label, number=one.batch.number, codes=one.codes)

    temporary = path.with_suffix(".part")
    with temporary.open("wb") as file:
        slips_pdf(file, sheets(), origin=job.options["origin"])
    with transaction.atomic():
        store_codes(drawn, by=job.by, now=now())
        temporary.replace(path)


def _run_county(job: PrintJob, now: Callable[[], datetime]) -> None:
    folder = _made_folder(job)
    ready = folder / "ready.zip"
    if not ready.is_file():
        _make_zip(job, folder, ready, now)
    shutil.rmtree(folder / "parts", ignore_errors=True)
    with_codes = job.kind == PrintJob.Kind.POSTERS_AND_SLIPS
    name = _("posters and slips") if with_codes else _("posters")
    kept = KEPT_WITH_CODES if with_codes else KEPT
    _finish(job, ready, name=_file_name(f"{job.wave.name}-{name}", "zip"), kept=kept, now=now())


def _make_zip(job: PrintJob, folder: Path, ready: Path, now: Callable[[], datetime]) -> None:
    """Each file on the disk first, those that are there already left alone; then one after the other into
    the ZIP, so that neither a county nor a school is ever held in memory."""
    parts = folder / "parts"
    parts.mkdir(mode=0o700, exist_ok=True)
    units = _units(job)
    for number, unit in enumerate(units):
        path = parts / unit.part_name
        _beat(job, now(), done=number, total=len(units), step=unit.name[:200])
        if not path.is_file():
            unit.make(path)
    _beat(job, now(), done=len(units), step=_("Packing the ZIP"))
    temporary = ready.with_suffix(".part")
    # Stored, not deflated: what is in a PDF is packed already.
    with zipfile.ZipFile(temporary, "w", zipfile.ZIP_STORED) as archive:
        for number, unit in enumerate(units):
            archive.write(parts / unit.part_name, unit.name)
            if number % 50 == 0:
                _beat(job, now())
    temporary.replace(ready)


def _units(job: PrintJob) -> list[Unit]:
    """The files of the ZIP in a fixed order, so that a job that goes on finds its parts by number."""
    collectors = list(_with_names(Collector.objects.filter(wave_id=job.wave_id)).order_by("pk"))
    places: dict[tuple, list[Collector]] = {}
    for collector in collectors:
        places.setdefault((collector.school_id, collector.township_id), []).append(collector)
    units: list[Unit] = []
    poster_word, slips_word = _("poster"), _("one-time slips")
    for own in places.values():
        folder = _folder_name(own[0])
        for paper in job.options["papers"]:
            posters = [one for one in own if one.channel == Channel.POSTER]
            if posters:
                said = f"{own[0].place.name}-{poster_word}-{paper.upper()}"
                units.append(Unit(f"{folder}/{_file_name(said, 'pdf')}", _poster_maker(job, posters, paper)))
        if job.kind == PrintJob.Kind.POSTERS_AND_SLIPS:
            for one in own:
                if one.channel == Channel.SLIPS and _gets_first_slips(job, one):
                    said = f"{_place_and_audience(one)}-{slips_word}"
                    units.append(Unit(f"{folder}/{_file_name(said, 'pdf')}", _slip_maker(job, one)))
    return units


def _gets_first_slips(job: PrintJob, collector: Collector) -> bool:
    """A county file prints first batches only: where slips are out already, more is a decision of its own."""
    others = SlipBatch.objects.filter(collector=collector)
    others = others.exclude(job=job) if job.pk else others
    return bool(proposed_orders(collector)) and not others.exists()


def _poster_maker(job: PrintJob, collectors: list[Collector], paper: str) -> Callable[[Path], None]:
    def make(path: Path) -> None:
        temporary = path.with_suffix(".part")
        posters = (
            poster_of(one, origin=job.options["origin"], bilingual=job.options["bilingual"])
            for one in collectors
        )
        with temporary.open("wb") as file:
            posters_pdf(file, posters, paper=paper)
        temporary.replace(path)

    return make


def _slip_maker(job: PrintJob, collector: Collector) -> Callable[[Path], None]:
    def make(path: Path) -> None:
        if not job.slip_batches.filter(collector=collector).exists():
            order_slips(collector, proposed_orders(collector), job=job, now=timezone.now())
        _print_batches(job, collector, path, timezone.now)

    return make


def _with_names(collectors: QuerySet[Collector]) -> QuerySet[Collector]:
    return collectors.select_related("wave__county", "school__township", "township")


def _made_folder(job: PrintJob) -> Path:
    folder = folder_of(job)
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder


def _place_and_audience(collector: Collector) -> str:
    known = AUDIENCES.get(collector.audience)
    return f"{collector.place.name}-{known.name('zh-hans') if known else collector.audience}"


def _folder_name(collector: Collector) -> str:
    school = collector.school
    said = f"{school.code}-{school.name}" if school else collector.place.name
    return _clean(said)


def _file_name(said: str, ending: str) -> str:
    return f"{_clean(said)[:180]}.{ending}"


def _clean(said: str) -> str:
    """As a name every file system takes."""
    return re.sub(r'[\x00-\x1f/\\:*?"<>|]+', "-", said).strip(". ") or "-"
