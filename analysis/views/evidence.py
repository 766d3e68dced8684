"""Evidence files (佐证材料): the list, handing in, downloading, taking back."""

from __future__ import annotations

from django.contrib import messages
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from analysis.evidence import CONTENT_TYPES, EvidenceRefused, content_of, withdraw_evidence
from analysis.indicator_forms import EvidenceForm, ReasonForm
from analysis.models import EvidenceFile, IndicatorTable
from analysis.views.indicators import kept_papers
from surveys.views.lists import page_of, search_words


@require_http_methods(["GET", "HEAD", "POST"])
def evidence(request: HttpRequest) -> HttpResponse:
    """Every paper of the county; an inspector sees those that were not taken back."""
    form = EvidenceForm(request.POST or None, request.FILES or None, auto_id="id_%s")
    if request.method == "POST" and form.is_valid():
        table = _table_named(request)
        try:
            papers = kept_papers(request, form.cleaned_data["files"], note=form.cleaned_data["note"])
        except EvidenceRefused as error:
            form.add_error("files", str(error))
        else:
            if table:
                table.evidence.add(*papers)
            messages.success(request, _("%(count)d files are kept as evidence.") % {"count": len(papers)})
            return redirect("indicator_table", table.pk) if table else redirect("evidence")
    words = search_words(request)
    papers = papers_of(request)
    if words:
        papers = papers.filter(Q(name__icontains=words) | Q(note__icontains=words))
    context = {
        "page": page_of(request, papers.prefetch_related("tables")),
        "words": words,
        "form": form,
        "is_inspector": request.scope.role == "inspector",
    }
    return render(request, "desk/indicators/evidence.html", context, status=422 if form.errors else 200)


@require_safe
def evidence_file(request: HttpRequest, evidence_file_id: int) -> HttpResponse:
    """The stored file, always as a download and never shown inside a page."""
    paper = get_object_or_404(papers_of(request), pk=evidence_file_id)
    try:
        content = content_of(paper)
    except EvidenceRefused as error:
        messages.error(request, str(error))
        return redirect("school_desk" if request.scope.role == "school" else "evidence")
    headers = {
        "Content-Disposition": content_disposition_header(True, paper.name) or "attachment",
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "sandbox; default-src 'none'",
        "Cache-Control": "private, no-store",
    }
    kind = CONTENT_TYPES.get(paper.kind, "application/octet-stream")
    return HttpResponse(content, content_type=kind, headers=headers)


@require_http_methods(["GET", "HEAD", "POST"])
def evidence_withdraw(request: HttpRequest, evidence_file_id: int) -> HttpResponse:
    """Asks why, and takes the paper back; it stays for whatever names it."""
    paper = get_object_or_404(papers_of(request), pk=evidence_file_id)
    if paper.withdrawn_at:
        messages.warning(request, _("This file was taken back already."))
        return redirect("evidence")
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            withdraw_evidence(paper, by=request.user, reason=form.cleaned_data["reason"], now=timezone.now())
        except EvidenceRefused as error:
            messages.warning(request, str(error))
        else:
            messages.success(request, _("The file was taken back; it stays on record."))
        return redirect("evidence")
    context = {"paper": paper, "form": form, "tables": paper.tables.defer("lines", "doubts", "changes")}
    return render(
        request, "desk/indicators/evidence_withdraw.html", context, status=422 if form.errors else 200
    )


def papers_of(request: HttpRequest) -> QuerySet[EvidenceFile]:
    """The papers this user may see: of the county; a school its own; an inspector what was not taken back."""
    scope = request.scope
    papers = EvidenceFile.objects.filter(county=scope.county).select_related("by", "withdrawn_by", "school")
    if scope.role == "school":
        return papers.filter(school=scope.school)
    return papers.filter(withdrawn_at=None) if scope.role == "inspector" else papers


def _table_named(request: HttpRequest) -> IndicatorTable | None:
    """The table that the papers are handed in with; 404 for one that is not there."""
    asked = request.POST.get("table", "")
    if not asked:
        return None
    if not asked.isdecimal() or len(asked) > 18:
        raise Http404
    return get_object_or_404(IndicatorTable, county=request.scope.county, pk=int(asked))
