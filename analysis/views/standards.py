"""Standards: those supplied, the county's own files, their upload, download and withdrawal."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from analysis.models import ProvinceStandard
from analysis.province_standards import LARGEST_BYTES, StandardRefused, add_standard, withdraw_standard
from analysis.standard import shipped_standard, standard_keys
from analysis.templatetags.evaluation import texts
from surveys.views.lists import page_of


@require_http_methods(["GET", "HEAD", "POST"])
def standards(request: HttpRequest) -> HttpResponse:
    """What may be applied here; posting a TOML file adds one."""
    county, refused = request.scope.county, ""
    if request.method == "POST":
        file = request.FILES.get("file")
        try:
            if file is None:
                raise StandardRefused(_("Choose a file first."))
            # One byte more than allowed is enough to know that it is too large.
            content = file.read(LARGEST_BYTES + 1)
            added = add_standard(county, content, file_name=file.name, by=request.user, now=timezone.now())
        except StandardRefused as error:
            refused = str(error)
        else:
            messages.success(request, _("“%(name)s” is checked and can be applied.") % {"name": added.name})
            return redirect("standards")
    own = ProvinceStandard.objects.filter(county=county).defer("text").select_related("by", "withdrawn_by")
    context = {
        "refused": refused,
        "page": page_of(request, own),
        "supplied": [_supplied(key) for key in standard_keys()],
        "largest_kb": LARGEST_BYTES // 1000,
    }
    return render(request, "desk/evaluation/standards.html", context, status=422 if refused else 200)


@require_safe
def standard_file(request: HttpRequest, province_standard_id: int) -> HttpResponse:
    """The county's own file as it was sent, also a withdrawn one."""
    found = get_object_or_404(ProvinceStandard, county=request.scope.county, pk=province_standard_id)
    return _download(found.text, f"{found.key}.toml")


@require_safe
def supplied_file(request: HttpRequest, standard: str) -> HttpResponse:
    """A supplied standard's file, to read or to begin one's own with."""
    if standard not in standard_keys():
        raise Http404
    return _download(shipped_standard(standard).text, f"{standard}.toml")


@require_http_methods(["GET", "HEAD", "POST"])
def standard_withdraw(request: HttpRequest, province_standard_id: int) -> HttpResponse:
    """Asks why, then takes the standard out of use."""
    found = get_object_or_404(ProvinceStandard, county=request.scope.county, pk=province_standard_id)
    refused = ""
    if request.method == "POST":
        try:
            reason = request.POST.get("reason", "")
            withdraw_standard(found, by=request.user, reason=reason, now=timezone.now())
        except StandardRefused as error:
            refused = str(error)
        else:
            messages.success(request, _("“%(name)s” is withdrawn; evaluations made with it stay.")
                             % {"name": found.name})  # fmt: skip
            return redirect("standards")
    context = {"standard": found, "refused": refused}
    return render(request, "desk/evaluation/standard_withdraw.html", context, status=422 if refused else 200)


def _supplied(key: str) -> dict[str, str]:
    standard = shipped_standard(key)
    return {
        "key": key,
        "name": texts(standard.name),
        "issued": standard.issued,
        "source": texts(standard.source),
    }


def _download(text: str, file_name: str) -> HttpResponse:
    # Never shown in the browser: whatever the file holds, it is only ever saved.
    headers = {
        "Content-Disposition": content_disposition_header(True, file_name) or "attachment",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-store",
    }
    return HttpResponse(text.encode(), content_type="application/toml", headers=headers)
