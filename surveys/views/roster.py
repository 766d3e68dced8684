"""The roster's desk: upload → preview → confirm, and what was imported when by whom."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from surveys.models import ResidentPopulation, RosterImport, RosterUndo, RosterUpload, School
from surveys.roster.cells import ROSTER_LIMITS, RosterFileError
from surveys.roster.changes import RosterChanges, roster_changes
from surveys.roster.checking import check_roster
from surveys.roster.reading import read_sheets, refuse_large
from surveys.roster.rows import CheckedRoster
from surveys.roster.saving import (
    RosterFile,
    RosterMoved,
    RosterRefused,
    import_roster,
    keep_upload,
    waiting_upload,
)
from surveys.roster.template import notes, problems_table, roster_form
from surveys.roster.undoing import newest_import, why_not_undone
from surveys.roster.wording import ChangeLine, change_lines, location_name
from surveys.views.lists import page_of
from surveys.views.sent import read_and_send
from surveys.views.xlsx_files import xlsx_download

PROBLEMS_PER_PAGE = 50
MOST_LINES_SHOWN = 200  # of every other list; the rest is counted


@dataclass(frozen=True)
class Preview:
    """An uploaded file, read and held against the county."""

    upload: RosterUpload
    checked: CheckedRoster
    changes: RosterChanges


@dataclass(frozen=True)
class SchoolLines:
    """A school in a list of changes."""

    row: int
    code: str
    name: str
    is_new: bool
    lines: list[ChangeLine]


@read_and_send
def roster(request: HttpRequest) -> HttpResponse:
    """Upload a file, download the form, and see the imports so far."""
    county = request.scope.county
    refused = ""
    if request.method == "POST":
        file = request.FILES.get("file")
        try:
            if file is None:
                raise RosterFileError(_("Choose a file first."))
            refuse_large(file.size)
            content = file.read()
            read_sheets(content, file_name=file.name)
        except RosterFileError as error:
            refused = str(error)
        else:
            upload = keep_upload(
                content, county=county, by=request.user, file_name=file.name, now=timezone.now()
            )
            return redirect("roster_preview", upload.token)
    context = {
        "refused": refused,
        "imports": page_of(request, county.roster_imports.select_related("by", "undo")),
        "schools": School.objects.filter(county=county, is_active=True).count(),
        "notes": notes(),
        "largest_mb": ROSTER_LIMITS.file_bytes // 1024**2,
    }
    return render(request, "desk/roster.html", context, status=422 if refused else 200)


@require_safe
def form(request: HttpRequest) -> HttpResponse:
    """The form to fill in; with ?filled=1 it holds the county's present roster."""
    county = request.scope.county
    if request.GET.get("filled"):
        schools = School.objects.filter(county=county, is_active=True).select_related("township")
        residents = ResidentPopulation.objects.filter(county=county)
        return xlsx_download(
            roster_form(schools.order_by("code"), residents), name=f"{county.code}-roster.xlsx"
        )
    return xlsx_download(roster_form(), name="roster-form.xlsx")


@read_and_send
def preview(request: HttpRequest, token: str) -> HttpResponse:
    """What the uploaded file would do; posting imports it or throws it away."""
    found = _preview(request, token)
    if found is None:
        messages.warning(request, _("This upload is no longer waiting: it was imported, or it is too old."))
        return redirect("roster")
    if request.method == "POST":
        return _decide(request, found)
    checked, changes = found.checked, found.changes
    heading = request.GET.get("heading", "")
    headings = sorted({problem.heading for problem in checked.problems if problem.heading})
    problems = [one for one in checked.problems if heading not in headings or one.heading == heading]
    context = {
        "upload": found.upload,
        "checked": checked,
        "changes": changes,
        "page": page_of(request, problems, size=PROBLEMS_PER_PAGE),
        "filters": [
            {
                "name": "heading",
                "label": _("Heading"),
                "all": _("All headings"),
                "options": [(one, one) for one in headings],
                "chosen": heading,
            }
        ],
        "changed": [
            SchoolLines(
                each.row.row, each.row.code, each.row.name, False,
                list(change_lines((change.field, change.old, change.new) for change in each.changes)),
            )
            for each in changes.changed[:MOST_LINES_SHOWN]
        ],
        "residents": [
            (location_name(each.row.location), each.old_people, each.row.people, each.row.source)
            for each in changes.residents
        ],
        "remarks": [*checked.remarks, *changes.remarks],
        "most": MOST_LINES_SHOWN,
    }  # fmt: skip
    return render(request, "desk/roster_preview.html", context)


@require_safe
def problems(request: HttpRequest, token: str) -> HttpResponse:
    """The entries to mend, as a spreadsheet."""
    found = _preview(request, token)
    if found is None:
        messages.warning(request, _("This upload is no longer waiting: it was imported, or it is too old."))
        return redirect("roster")
    return xlsx_download(problems_table(found.checked.problems), name="entries-to-mend.xlsx")


@require_safe
def imported(request: HttpRequest, import_id: int) -> HttpResponse:
    """One import: who brought which file when, and every entry it changed."""
    trace = get_object_or_404(
        RosterImport.objects.select_related("by"), county=request.scope.county, pk=import_id
    )
    newest = newest_import(trace.county)
    context = {
        "trace": trace,
        "undo": RosterUndo.objects.select_related("by").filter(of=trace).first(),
        "is_newest": trace == newest,
        "why_not": why_not_undone(trace) if trace == newest else "",
    } | changes_of(trace)
    return render(request, "desk/roster_import.html", context)


def changes_of(trace: RosterImport, *, backwards: bool = False) -> dict:
    """What an import changed, for a page: its schools and residents; backwards, what undoing it changes."""
    way = -1 if backwards else 1
    schools = trace.changes.get("schools", [])
    return {
        "schools": [
            SchoolLines(
                one["row"], one["code"], one["name"], one["added"],
                list(change_lines((field, *pair[::way]) for field, *pair in one["changes"])),
            )
            for one in schools[:MOST_LINES_SHOWN]
        ],
        "more": max(0, len(schools) - MOST_LINES_SHOWN),
        "residents": [
            (location_name(location), *(old, new)[::way])
            for location, old, new, *_sources in trace.changes.get("residents", [])
        ],
    }  # fmt: skip


def _preview(request: HttpRequest, token: str) -> Preview | None:
    upload = waiting_upload(token, county=request.scope.county, by=request.user, now=timezone.now())
    if upload is None:
        return None
    checked = check_roster(read_sheets(bytes(upload.content), file_name=upload.file_name))
    return Preview(upload, checked, roster_changes(request.scope.county, checked))


def _decide(request: HttpRequest, found: Preview) -> HttpResponse:
    if request.POST.get("decision") == "discard":
        found.upload.delete()
        messages.info(request, _("The upload was thrown away; nothing was changed."))
        return redirect("roster")
    try:
        trace = import_roster(
            request.scope.county,
            found.checked,
            file=RosterFile.of(bytes(found.upload.content), name=found.upload.file_name),
            by=request.user,
            now=timezone.now(),
            accept_good_rows=request.POST.get("accept_good_rows") == "yes",
            seen_digest=request.POST.get("seen") or "not seen",
        )
    except RosterMoved as moved:
        messages.warning(request, str(moved))
        return redirect("roster_preview", found.upload.token)
    except RosterRefused as refusal:
        messages.error(request, str(refusal))
        return redirect("roster_preview", found.upload.token)
    found.upload.delete()
    messages.success(request, _("The roster is imported."))
    return redirect("roster_import", trace.pk)
