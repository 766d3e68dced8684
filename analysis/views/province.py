"""The province's one page: its counties side by side, in figures that their bureaus have frozen."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from analysis.province import county_summaries
from surveys.views.lists import page_of, search_words

COUNTIES_PER_PAGE = 20


@require_safe
def province(request: HttpRequest) -> HttpResponse:
    """By code, never by rate: no county is ranked. Nothing here leads into a county's desk."""
    words = search_words(request)
    wanted = words.casefold()
    counties = [each for each in request.scope.counties if wanted in f"{each.name} {each.code}".casefold()]
    page = page_of(request, counties, size=COUNTIES_PER_PAGE)
    context = {
        "page": page,
        "summaries": county_summaries(page.object_list),
        "words": words,
        "total": len(request.scope.counties),
    }
    return render(request, "desk/province.html", context)
