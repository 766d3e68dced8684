"""Print jobs: sheets of slips, and the whole county's posters in one ZIP, made by a worker or at once.

A job is a row that says how far it has come, and a folder of its own under DATA_DIR. Running it again goes on
where it stopped. Files are kept for a limited time, those with codes in clear for a day.
"""

from __future__ import annotations

import logging
import re
import secrets
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from surveys.distribution.posters import PAPERS
from surveys.models import Collector, PrintJob, SlipBatch, Wave
from surveys.print_making import make_county_zip, make_slips, units_of
from surveys.print_progress import claim, stop
from surveys.slip_ledger import Order, SlipsRefused, check_school_may_print, order_reprint, order_slips

logger = logging.getLogger(__name__)

COUNTY_KINDS = (PrintJob.Kind.POSTERS, PrintJob.Kind.POSTERS_AND_SLIPS)
TOKEN = re.compile(r"[A-Za-z0-9_-]{20,43}")


class PrintRefused(Exception):
    """A job that cannot be started or gone on with; the sentence says why."""


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
        kind__in=COUNTY_KINDS, state__in=[PrintJob.State.WAITING, PrintJob.State.RUNNING]
    ).exists():
        raise PrintRefused(_("A file of this wave is being made already; wait until it is ready."))
    kind = PrintJob.Kind.POSTERS_AND_SLIPS if with_slips else PrintJob.Kind.POSTERS
    options = {"papers": papers, "bilingual": bilingual, "origin": origin}
    job = PrintJob(
        county_id=wave.county_id, wave=wave, kind=kind, options=options, token=new_token(), by=by, at=now
    )
    job.total = len(units_of(job))
    if not job.total:
        raise PrintRefused(_("There is nothing to print: no place of this wave has such an entry point."))
    job.save()
    return job


def run_job(job_id: int, *, now: Callable[[], datetime] = timezone.now) -> bool:
    """Does what is left of a job; returns False if another worker has it, or nothing is left to do."""
    if not claim(job_id, now()):
        return False
    job = PrintJob.objects.select_related("wave__county", "by", "collector").get(pk=job_id)
    try:
        # Paper speaks Chinese, whatever language the clerk's screen has.
        with translation.override("zh-hans"):
            if job.kind == PrintJob.Kind.SLIPS:
                make_slips(job, now)
            else:
                make_county_zip(job, now)
    except SlipsRefused as refused:
        stop(job, str(refused))
    except OSError as error:
        logger.error("Print job %s stopped: %s", job.pk, error)
        stop(job, _("The file could not be written on the server: %(error)s") % {"error": error.strerror})
    except Exception:
        # Whatever it is, the clerk must see that the job stopped; the log has the rest.
        logger.exception("Print job %s stopped.", job.pk)
        stop(job, _("Something went wrong while the file was made. Go on, or tell your operator."))
    return True


def new_token() -> str:
    return secrets.token_urlsafe(24)


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
