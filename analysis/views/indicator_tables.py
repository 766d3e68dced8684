"""Accepted tables: each can be read, searched, downloaded as it could be uploaded again, and taken back."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from analysis.columns import plain
from analysis.indicator_files.county_lines import item_name
from analysis.indicator_files.workbooks import column_name, county_form, records_book
from analysis.indicator_forms import EvidenceForm, ReasonForm, language, spoken
from analysis.indicators import (
    TableRefused,
    counting_ids,
    item_lines_of,
    records_of,
    standard_of,
    withdraw_table,
)
from analysis.models import IndicatorTable, TableLevel
from analysis.standard import shipped_standard
from analysis.standard_parts import Standard
from analysis.views.indicator_preview import ChangeRow
from analysis.views.indicators import DEFAULT_STANDARD, download, grouped
from surveys.views.lists import page_of, search_words

ROWS_PER_PAGE = 50
MOST_CHANGES = 200


@dataclass(frozen=True)
class TableRow:
    """One line as the page shows it."""

    line: int
    name: str
    about: str
    cells: list[str]


@require_safe
def table(request: HttpRequest, indicator_table_id: int) -> HttpResponse:
    """One accepted table: who brought it when, its doubts, what it changed, its papers and every line."""
    one = _table(request, indicator_table_id)
    standard = _standard(one)
    words = search_words(request)
    is_county = one.level == TableLevel.COUNTY
    columns, rows = (_items if is_county else _schools)(one, standard)
    found = [row for row in rows if not words or plain(words) in plain(f"{row.name}{row.about}")]
    changes = one.changes or {}
    changed = changes.get("changed", [])
    language_now = language()
    context = {
        "table": one,
        "standard": spoken(standard.name),
        "is_current": one.pk in counting_ids(one.county),
        "is_county": is_county,
        "columns": columns,
        "page": page_of(request, found, size=ROWS_PER_PAGE),
        "words": words,
        "doubts": [doubt[language_now] for doubt in one.doubts if doubt.get("weight") != "note"],
        "notes": [doubt[language_now] for doubt in one.doubts if doubt.get("weight") == "note"],
        "added": [_called(name, standard, is_county) for name in changes.get("added", [])[:MOST_CHANGES]],
        "gone": [_called(name, standard, is_county) for name in changes.get("gone", [])[:MOST_CHANGES]],
        "changed": [
            ChangeRow(
                f"{who}（{stage}）" if stage else who,
                column_name(what, standard, language_now),
                grouped(old),
                grouped(new),
            )
            for who, stage, what, old, new in changed[:MOST_CHANGES]
        ],
        "changed_in_all": len(changed),
        "papers": one.evidence.select_related("by"),
        "form": EvidenceForm(auto_id="id_%s"),
    }
    return render(request, "desk/indicators/table.html", context)


@require_safe
def table_file(request: HttpRequest, indicator_table_id: int) -> HttpResponse:
    """The table as a spreadsheet that could be uploaded again."""
    one = _table(request, indicator_table_id)
    standard = _standard(one)
    is_county = one.level == TableLevel.COUNTY
    content = (
        county_form(standard, item_lines_of(one)) if is_county else records_book(standard, records_of(one))
    )
    return download(content, f"{one.county.code}-{one.year}-{one.level}-{one.pk}.xlsx")


@require_http_methods(["GET", "HEAD", "POST"])
def withdraw(request: HttpRequest, indicator_table_id: int) -> HttpResponse:
    """Asks why, and takes the table back; it stays readable."""
    one = _table(request, indicator_table_id)
    if one.withdrawn_at:
        messages.warning(request, _("This table was taken back already."))
        return redirect("indicator_table", one.pk)
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            withdraw_table(one, by=request.user, reason=form.cleaned_data["reason"], now=timezone.now())
        except TableRefused as refusal:
            messages.warning(request, str(refusal))
        else:
            messages.success(request, _("The table was taken back. The one before it, if any, counts again."))
        return redirect("indicator_table", one.pk)
    standing = IndicatorTable.objects.filter(
        county=one.county, year=one.year, level=one.level, withdrawn_at=None
    ).exclude(pk=one.pk)
    context = {"table": one, "form": form, "next": standing.order_by("-at", "-id").first()}
    return render(request, "desk/indicators/withdraw.html", context, status=422 if form.errors else 200)


def _table(request: HttpRequest, indicator_table_id: int) -> IndicatorTable:
    tables = IndicatorTable.objects.select_related("county", "by", "withdrawn_by")
    return get_object_or_404(tables, county=request.scope.county, pk=indicator_table_id)


def _standard(one: IndicatorTable) -> Standard:
    """The table's standard; where that is gone, any one serves to name the columns."""
    return standard_of(one.county, one.standard_key) or shipped_standard(DEFAULT_STANDARD)


def _schools(one: IndicatorTable, standard: Standard) -> tuple[list[str], list[TableRow]]:
    records = records_of(one)
    about = ("stage", "school_type", "location", "public")
    given = dict.fromkeys(column for record in records for column in record.cells)
    columns = [column for column in given if column not in ("school", "code", "amounts_of", *about)]
    rows = [
        TableRow(
            record.line,
            record.cells.get("school", ""),
            " · ".join(filter(None, dict.fromkeys(record.cells.get(name, "") for name in (*about, "code")))),
            [grouped(record.cells.get(column, "")) for column in columns],
        )
        for record in records
    ]
    return [column_name(column, standard, language()) for column in columns], rows


def _items(one: IndicatorTable, standard: Standard) -> tuple[list[str], list[TableRow]]:
    rows = [
        TableRow(line.line, spoken(item_name(line.item, standard)), "", [line.value, line.evidence])
        for line in item_lines_of(one)
    ]
    return [_("Value"), _("Evidence")], rows


def _called(name: str, standard: Standard, is_county: bool) -> str:
    return spoken(item_name(name, standard)) if is_county else name
