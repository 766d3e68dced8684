"""The weekly report's page, and the same as Word and Excel."""

from __future__ import annotations

from datetime import timedelta

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from analysis.reports import weekly_words as words
from analysis.reports.files import DOCX, XLSX, download
from analysis.reports.weekly import STATES, WeeklyReport, week_of, weekly_report
from analysis.reports.weekly_excel import weekly_workbook
from analysis.reports.weekly_word import weekly_document


@require_safe
def weekly(request: HttpRequest) -> HttpResponse:
    """The report of the week of ?week=2026-11-16, this week's otherwise; other weeks by links."""
    report = _report(request)
    following = report.week.monday + timedelta(days=7)
    context = {
        "report": report,
        "week": report.week,
        "period": words.period(report),
        "summary": words.summary(report),
        "states": [state.label for state in STATES],
        "sections": list(words.sections(report)),
        "before": (report.week.monday - timedelta(days=7)).isoformat(),
        "after": following.isoformat() if following <= timezone.localdate() else "",
        "today": timezone.localdate(),
    }
    return render(request, "desk/ledger/weekly.html", context)


@require_safe
def weekly_docx(request: HttpRequest) -> HttpResponse:
    report = _report(request)
    return download(weekly_document(report), f"{_file_name(report)}.docx", DOCX)


@require_safe
def weekly_xlsx(request: HttpRequest) -> HttpResponse:
    report = _report(request)
    return download(weekly_workbook(report), f"{_file_name(report)}.xlsx", XLSX)


def _report(request: HttpRequest) -> WeeklyReport:
    week = week_of(request.GET.get("week", ""), today=timezone.localdate())
    return weekly_report(request.scope.county, week=week)


def _file_name(report: WeeklyReport) -> str:
    return _("rectification-week-%(monday)s") % {"monday": report.week.monday.isoformat()}
