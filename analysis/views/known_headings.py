"""The headings that the county explained once: what they are taken for, since when, and how to forget one."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from analysis.indicator_files.previews import choices_in_words
from analysis.indicator_forms import language
from analysis.models import HeadingMapping
from analysis.views.indicator_preview import times_word
from surveys.models import County
from surveys.views.lists import page_of, search_words
from surveys.views.sent import number_in, read_and_send

LATEST_FORGOTTEN = 20


@dataclass(frozen=True)
class KnownRow:
    """A heading with the field it is taken for ("" if it is not used) and the unit of its figures."""

    mapping: HeadingMapping
    field: str
    times: str


@read_and_send
def known_headings(request: HttpRequest) -> HttpResponse:
    """All headings that count, ?q= searches; posting `forget` takes one out of use, with who and when."""
    county = request.scope.county
    if request.method == "POST":
        return _forget(request, county)
    asked = " ".join(search_words(request).split())
    said = county.heading_mappings.select_related("by", "forgotten_by")
    found = said.filter(forgotten_at=None)
    names = choices_in_words(county, language())
    page = page_of(request, found.filter(heading__icontains=asked) if asked else found)
    context = {
        "page": page,
        "rows": [_row(one, names) for one in page],
        "words": asked,
        "forgotten": [
            _row(one, names)
            for one in said.exclude(forgotten_at=None).order_by("-forgotten_at")[:LATEST_FORGOTTEN]
        ],
    }
    return render(request, "desk/indicators/known_headings.html", context)


def _forget(request: HttpRequest, county: County) -> HttpResponse:
    pk = number_in(request.POST.get("forget", ""))
    mapping = get_object_or_404(HeadingMapping, county=county, pk=pk)
    changed = HeadingMapping.objects.filter(pk=mapping.pk, forgotten_at=None).update(
        forgotten_by=request.user, forgotten_at=timezone.now()
    )
    if changed:
        messages.success(
            request,
            _("“%(heading)s” is forgotten; the next table with it will ask again.")
            % {"heading": mapping.heading},
        )
    else:
        messages.info(request, _("“%(heading)s” was forgotten already.") % {"heading": mapping.heading})
    return redirect("known_headings")


def _row(one: HeadingMapping, names: dict[str, str]) -> KnownRow:
    field = names.get(one.column, one.column)
    return KnownRow(one, field, times_word(one.factor) if one.factor != 1 else "")
