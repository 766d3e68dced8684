"""Printed files: a collector's poster at once, the county's in the background, and fetching what is ready."""

from __future__ import annotations

import io
import logging

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone, translation
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe
from django.views.decorators.vary import vary_on_headers
from kombu.exceptions import KombuError, OperationalError

from surveys.distribution.links import origin_of
from surveys.distribution.posters import PAPERS, poster_of, posters_pdf
from surveys.models import Channel, PrintJob, Wave
from surveys.poster_openings import note_opening
from surveys.print_files import delete_expired, delete_files, file_of, note_download
from surveys.print_jobs import PrintRefused, run_job, start_county
from surveys.print_progress import is_stale
from surveys.tasks import run_print_job
from surveys.views.collectors import audience_name, visible_collectors
from surveys.views.lists import page_of
from surveys.views.range_files import begins_at_start, file_in_ranges
from surveys.views.sent import read_and_send

logger = logging.getLogger(__name__)

# Few slips are drawn while the clerk waits, a second or two; more of them in the background.
SLIPS_AT_ONCE = 400
FILE_TYPES = {".pdf": "application/pdf", ".zip": "application/zip"}


@require_safe
def collector_pdf(request: HttpRequest, collector_id: int) -> HttpResponse:
    """The poster as PDF: ?paper=a3 for the large one, ?bilingual=1 with English."""
    found = get_object_or_404(visible_collectors(request.scope), pk=collector_id)
    if found.channel != Channel.POSTER:
        return redirect("slips_ledger", found.pk)
    paper = request.GET.get("paper", "a4").lower()
    paper = paper if paper in PAPERS else "a4"
    poster = poster_of(found, origin=origin_of(request), bilingual=request.GET.get("bilingual") == "1")
    file = io.BytesIO()
    posters_pdf(file, [poster], paper=paper)
    note_opening(found, now=timezone.now())
    with translation.override("zh-hans"):
        word = _("poster")
        name = f"{found.place.name}-{audience_name(found.audience)}-{word}-{paper.upper()}.pdf"
    return HttpResponse(
        file.getvalue(),
        content_type="application/pdf",
        headers={"Content-Disposition": content_disposition_header(True, name.replace("/", "-"))},
    )


@read_and_send
def county_prints(request: HttpRequest, wave_id: int) -> HttpResponse:
    """What was printed for a wave, and starting the county's ZIP."""
    wave = get_object_or_404(Wave.objects.select_related("county"), county=request.scope.county, pk=wave_id)
    delete_expired(timezone.now())
    refused = ""
    if request.method == "POST":
        try:
            with transaction.atomic():
                job = start_county(
                    wave, papers=request.POST.getlist("paper"),
                    bilingual=request.POST.get("bilingual") == "1",
                    with_slips=request.POST.get("slips") == "1", origin=origin_of(request),
                    by=request.user, now=timezone.now(),
                )  # fmt: skip
        except PrintRefused as error:
            refused = str(error)
        else:
            begin(request, job)
            return redirect("print_job", job.pk)
    jobs = _visible(request).filter(wave=wave)
    context = {
        "wave": wave,
        "refused": refused,
        "page": page_of(request, jobs),
        "has_posters": wave.collectors.filter(channel=Channel.POSTER).exists(),
        "has_slips": wave.collectors.filter(channel=Channel.SLIPS).exists(),
        "now": timezone.now(),
    }
    return render(request, "desk/slips/prints.html", context, status=422 if refused else 200)


@read_and_send
@vary_on_headers("HX-Request")
def print_job(request: HttpRequest, print_job_id: int) -> HttpResponse:
    """How far a file has come; htmx asks every two seconds, without scripts the page reloads itself."""
    found = _job(request, print_job_id)
    if request.method == "POST":
        if request.scope.role not in ("bureau", "school"):
            raise PermissionDenied
        if request.POST.get("step") == "delete":
            delete_files(found)
            messages.success(request, _("The file is deleted."))
        elif found.is_under_way or found.state == PrintJob.State.FAILED:
            begin(request, found)
        return redirect("print_job", found.pk)
    now = timezone.now()
    context = {
        "job": found,
        "wave": found.wave,
        "is_stale": is_stale(found, now),
        "has_file": file_of(found, now) is not None,
        "with_codes": found.kind != PrintJob.Kind.POSTERS,
        "may_fetch": _may_fetch(request, found),
        "may_change": request.scope.role in ("bureau", "school"),
    }
    template = "desk/slips/job_state.html" if request.htmx else "desk/slips/job.html"
    return render(request, template, context)


@require_safe
def print_file(request: HttpRequest, print_job_id: int) -> HttpResponseBase:
    """The finished file, in pieces if the browser asks so."""
    found = _job(request, print_job_id)
    if not _may_fetch(request, found):
        messages.warning(
            request, _("Slips are fetched by those who hand them out: the bureau and the school.")
        )
        return redirect("print_job", found.pk)
    path = file_of(found, timezone.now())
    if path is None:
        messages.warning(request, _("This file is not there (any more)."))
        return redirect("print_job", found.pk)
    response = file_in_ranges(request, path, name=found.file_name, content_type=FILE_TYPES[path.suffix])
    if request.method == "GET" and begins_at_start(response):
        note_download(found)
    return response


def begin(request: HttpRequest, job: PrintJob) -> None:
    """Has a job's files made: at once if they are few, else by a worker."""
    if (
        job.kind == PrintJob.Kind.SLIPS
        and sum(job.slip_batches.values_list("count", flat=True)) <= SLIPS_AT_ONCE
    ):
        run_job(job.pk)
        return
    try:
        run_print_job.delay(job.pk)
    except (OperationalError, KombuError) as error:
        logger.error("Print job %s could not be queued: %s", job.pk, type(error).__name__)
        messages.warning(
            request, _("The background worker cannot be reached now; the file is made as soon as it is back.")
        )


def _visible(request: HttpRequest) -> QuerySet[PrintJob]:
    """The county's files; for a school those of its own slips only."""
    found = PrintJob.objects.filter(county=request.scope.county)
    if request.scope.role == "school":
        found = found.filter(school=request.scope.school, kind=PrintJob.Kind.SLIPS)
    return found.select_related(
        "wave__county", "collector__wave__county", "collector__school", "collector__township", "by"
    )


def _job(request: HttpRequest, print_job_id: int) -> PrintJob:
    return get_object_or_404(_visible(request), pk=print_job_id)


def _may_fetch(request: HttpRequest, job: PrintJob) -> bool:
    """Codes in clear are for those who hand them out; a reviewer reads posters."""
    return request.scope.role in ("bureau", "school") or job.kind == PrintJob.Kind.POSTERS
