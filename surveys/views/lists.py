"""Lists of the desk: sorting by a header's link, pages by number. Whatever the address says, a list comes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from django.http import HttpRequest

PAGE_SIZE = 25


@dataclass(frozen=True)
class Sort:
    """The chosen column, which way, and what the view gave for it (a field name or a key function)."""

    key: str
    descending: bool
    by: Any

    @property
    def order(self) -> str:
        """For a queryset whose columns are field names."""
        return f"-{self.by}" if self.descending else self.by


def chosen_sort(request: HttpRequest, columns: dict[str, Any], *, default: str) -> Sort:
    """The column of ?sort=name or ?sort=-name; the default for a column that the list does not have."""
    asked = request.GET.get("sort", "")
    if asked.removeprefix("-") not in columns:
        asked = default
    key = asked.removeprefix("-")
    return Sort(key, asked.startswith("-"), columns[key])


def page_of(request: HttpRequest, rows: QuerySet | Sequence, *, size: int = PAGE_SIZE) -> Page:
    """The page of ?page=; the nearest one for a number that is none."""
    return Paginator(rows, size).get_page(request.GET.get("page"))


def search_words(request: HttpRequest) -> str:
    """What was typed into the search box, cut to a length that makes sense."""
    return request.GET.get("q", "").replace("\x00", "").strip()[:100]
