"""The audit log of one's county: searched, paged, checked and saved as a table."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from io import BytesIO

import xlsxwriter
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from survey_site.accounts.audit import chain_problems
from survey_site.accounts.audit_phrases import actions_like, phrase_of
from survey_site.accounts.models import AuditChain, AuditEntry, Role, User
from surveys.views.lists import page_of, search_words
from surveys.views.xlsx_files import xlsx_download

ROWS_PER_PAGE = 50
MOST_ROWS_EXPORTED = 100_000


@require_safe
def audit_log(request: HttpRequest) -> HttpResponse:
    chosen = _chosen(request)
    found = _found(request, chosen)
    page = page_of(request, found, size=ROWS_PER_PAGE)
    county = request.scope.county
    used = set(AuditEntry.objects.filter(chain__county=county).values_list("action", flat=True).distinct())
    persons = User.objects.filter(county=county).order_by("username")
    chain = AuditChain.objects.filter(county=county).first()
    is_checking = request.GET.get("check") == "1"
    context = {
        "page": page,
        "rows": [(entry, phrase_of(entry.action)) for entry in page],
        "chosen": chosen,
        "persons": persons,
        "actions": sorted(((action, phrase_of(action)) for action in used), key=lambda pair: pair[1]),
        "chain": chain,
        "is_checking": is_checking,
        "problems": chain_problems(chain) if is_checking and chain else [],
        "is_filtered": any(chosen.values()),
        "query": request.GET.urlencode(),
    }
    return render(request, "desk/people/audit_log.html", context)


@require_safe
def audit_export(request: HttpRequest) -> HttpResponse:
    """The rows of the same search as a spreadsheet, newest first."""
    buffer = BytesIO()
    with xlsxwriter.Workbook(buffer, {"constant_memory": True, "in_memory": True, "strings_to_urls": False,
                                      "strings_to_formulas": False}) as book:  # fmt: skip
        sheet = book.add_worksheet(_("Audit log"))
        headings = [_("No."), _("Time"), _("Who did it"), _("Role"), _("Action"), _("About"), _("Outcome"),
                    _("Page"), _("Seal")]  # fmt: skip
        sheet.write_row(0, 0, headings, book.add_format({"bold": True}))
        for row, cells in enumerate(_cells(_found(request, _chosen(request))), 1):
            sheet.write_row(row, 0, cells)
        sheet.set_column(1, 2, 20)
        sheet.set_column(4, 5, 30)
        sheet.freeze_panes(1, 0)
    return xlsx_download(buffer.getvalue(), name="audit-log.xlsx")


def _cells(entries: QuerySet[AuditEntry]) -> Iterator[list[str | int]]:
    roles = dict(Role.choices)
    for entry in entries[:MOST_ROWS_EXPORTED].iterator(chunk_size=2000):
        yield [
            entry.number, timezone.localtime(entry.at).strftime("%Y-%m-%d %H:%M:%S"), entry.person_name,
            str(roles.get(entry.role, entry.role)), phrase_of(entry.action), entry.about,
            entry.get_outcome_display(), entry.page, entry.digest,
        ]  # fmt: skip


def _chosen(request: HttpRequest) -> dict[str, str]:
    names = ("person", "action", "since", "until")
    return {"q": search_words(request)} | {
        name: request.GET.get(name, "").replace("\x00", "").strip()[:80] for name in names
    }


def _found(request: HttpRequest, chosen: dict[str, str]) -> QuerySet[AuditEntry]:
    found = AuditEntry.objects.filter(chain__county=request.scope.county)
    if chosen["q"]:
        words = chosen["q"]
        found = found.filter(
            Q(person_name__icontains=words) | Q(about__icontains=words) | Q(page__icontains=words)
            | Q(action__in=actions_like(words))
        )  # fmt: skip
    if chosen["person"].isdecimal():
        found = found.filter(person=int(chosen["person"][:18]))
    if chosen["action"]:
        found = found.filter(action=chosen["action"])
    since, until = _day(chosen["since"]), _day(chosen["until"])
    if since:
        found = found.filter(at__gte=since)
    if until:
        found = found.filter(at__lt=until + timedelta(days=1))
    return found.order_by("-number")


def _day(text: str) -> datetime | None:
    """Midnight of a day written as 2026-11-30; None for anything else."""
    try:
        return timezone.make_aware(datetime.combine(date.fromisoformat(text), time.min))
    except (ValueError, OverflowError):
        return None
