"""Making a print job's files step by step: sheets of slips, and the county's ZIP, a folder for each school.

What is on the disk already is not made twice; codes are stored in the moment their sheet takes its place.
"""

from __future__ import annotations

import hashlib
import shutil
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from surveys.audiences import AUDIENCES
from surveys.distribution.posters import poster_of, posters_pdf
from surveys.distribution.slips import BatchSheet, slips_pdf, words_of
from surveys.models import Channel, Collector, PrintJob, SlipBatch
from surveys.print_files import KEPT, KEPT_WITH_CODES, clean_name, file_name, made_folder
from surveys.print_progress import beat, finish
from surveys.slip_classes import proposed_orders
from surveys.slip_ledger import DrawnBatch, SlipsRefused, new_codes, order_slips, store_codes


@dataclass(frozen=True)
class Unit:
    """One file of a county's ZIP: the posters of a place, or the slips of one entry point there."""

    name: str
    make: Callable[[Path], None]

    @property
    def part_name(self) -> str:
        """Its name on the disk until the ZIP is packed."""
        return f"{hashlib.sha256(self.name.encode()).hexdigest()[:24]}.pdf"


def make_slips(job: PrintJob, now: Callable[[], datetime]) -> None:
    folder = made_folder(job)
    ready = folder / "ready.pdf"
    collector = _with_names(Collector.objects.filter(pk=job.collector_id)).get()
    _print_batches(job, collector, ready, now)
    first = job.slip_batches.order_by("number").first()
    label = first.label if first and job.slip_batches.count() == 1 else ""
    said = "-".join(part for part in (_place_and_audience(collector), label, _("one-time slips")) if part)
    finish(job, ready, name=file_name(said, "pdf"), kept=KEPT_WITH_CODES, now=now())


def make_county_zip(job: PrintJob, now: Callable[[], datetime]) -> None:
    folder = made_folder(job)
    ready = folder / "ready.zip"
    if not ready.is_file():
        _make_zip(job, folder, ready, now)
    shutil.rmtree(folder / "parts", ignore_errors=True)
    with_codes = job.kind == PrintJob.Kind.POSTERS_AND_SLIPS
    name = _("posters and slips") if with_codes else _("posters")
    kept = KEPT_WITH_CODES if with_codes else KEPT
    finish(job, ready, name=file_name(f"{job.wave.name}-{name}", "zip"), kept=kept, now=now())


def units_of(job: PrintJob) -> list[Unit]:
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
                units.append(Unit(f"{folder}/{file_name(said, 'pdf')}", _poster_maker(job, posters, paper)))
        if job.kind == PrintJob.Kind.POSTERS_AND_SLIPS:
            for one in own:
                if one.channel == Channel.SLIPS and _gets_first_slips(job, one):
                    said = f"{_place_and_audience(one)}-{slips_word}"
                    units.append(Unit(f"{folder}/{file_name(said, 'pdf')}", _slip_maker(job, one)))
    return units


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
            beat(job, now(), step=one.batch.label or collector.place.name, **done)
            yield BatchSheet(words=words, label=one.batch.label, number=one.batch.number, codes=one.codes)

    temporary = path.with_suffix(".part")
    with temporary.open("wb") as file:
        slips_pdf(file, sheets(), origin=job.options["origin"])
    with transaction.atomic():
        store_codes(drawn, by=job.by, now=now())
        temporary.replace(path)


def _make_zip(job: PrintJob, folder: Path, ready: Path, now: Callable[[], datetime]) -> None:
    """Each file on the disk first, those that are there already left alone; then one after the other into
    the ZIP, so that neither a county nor a school is ever held in memory."""
    parts = folder / "parts"
    parts.mkdir(mode=0o700, exist_ok=True)
    units = units_of(job)
    for number, unit in enumerate(units):
        path = parts / unit.part_name
        beat(job, now(), done=number, total=len(units), step=unit.name[:200])
        if not path.is_file():
            unit.make(path)
    beat(job, now(), done=len(units), step=_("Packing the ZIP"))
    temporary = ready.with_suffix(".part")
    # Stored, not deflated: what is in a PDF is packed already.
    with zipfile.ZipFile(temporary, "w", zipfile.ZIP_STORED) as archive:
        for number, unit in enumerate(units):
            archive.write(parts / unit.part_name, unit.name)
            if number % 50 == 0:
                beat(job, now())
    temporary.replace(ready)


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


def _place_and_audience(collector: Collector) -> str:
    known = AUDIENCES.get(collector.audience)
    return f"{collector.place.name}-{known.name('zh-hans') if known else collector.audience}"


def _folder_name(collector: Collector) -> str:
    school = collector.school
    said = f"{school.code}-{school.name}" if school else collector.place.name
    return clean_name(said)
