"""Accepted tables of figures (指标数据): keep one, take one back, and give the newest to the evaluation.

A table is kept whole and never changed. The newest one of a county, year and level that was not taken back
counts; an older one counts again when the newer is taken back.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from analysis.county_items import ItemLine
from analysis.models import EvidenceFile, IndicatorTable, ProvinceStandard, TableLevel
from analysis.school_table import Record
from analysis.standard import read_standard, shipped_standard, standard_keys
from analysis.standard_parts import Standard
from surveys.models import County
from surveys.roster.saving import short_file_name

LONGEST_REASON = 300


class TableRefused(Exception):
    """A table that cannot be kept or taken back; the sentence says why."""


def current_table(county: County, year: int, level: str, *, standard_key: str = "") -> IndicatorTable | None:
    """The table that counts: the newest of that county, year and level ("schools", "county").

    standard_key: the newest that was handed in for that standard.
    """
    tables = _standing(county).filter(year=year, level=level)
    if standard_key:
        tables = tables.filter(standard_key=standard_key)
    return tables.order_by("-at", "-id").first()


def tables_by_standard(county: County, year: int, level: str) -> dict[str, IndicatorTable]:
    """Standard → the newest table handed in for it; under "" the one that counts where none was."""
    found: dict[str, int] = {}
    newest_first = _standing(county).filter(year=year, level=level).order_by("-at", "-id")
    for key, pk in newest_first.values_list("standard_key", "pk"):
        found.setdefault("", pk)
        found.setdefault(key, pk)
    tables = IndicatorTable.objects.select_related("by").in_bulk(set(found.values()))
    return {key: tables[pk] for key, pk in found.items()}


def table_before(county: County, year: int, level: str) -> IndicatorTable | None:
    """The table that counts of the latest year before this one that has any."""
    return _standing(county).filter(year__lt=year, level=level).order_by("-year", "-at", "-id").first()


def years_with_figures(county: County) -> list[int]:
    """The years that have a table which was not taken back, the latest first."""
    return sorted(set(_standing(county).values_list("year", flat=True)), reverse=True)


def counting_ids(county: County) -> set[int]:
    """The tables that count: of every year, level and standard the newest that was not taken back."""
    found: dict[tuple[int, str, str], int] = {}
    rows = _standing(county).order_by("-at", "-id").values_list("year", "level", "standard_key", "pk")
    for year, level, standard_key, pk in rows:
        found.setdefault((year, level, standard_key), pk)
    return set(found.values())


def records_of(table: IndicatorTable) -> list[Record]:
    """A school table's lines, as the evaluation reads them."""
    return [Record(line["line"], line["cells"]) for line in table.lines]


def item_lines_of(table: IndicatorTable) -> list[ItemLine]:
    """The lines of a county's items, as the evaluation reads them."""
    return [
        ItemLine(line["line"], line["item"], line["value"], line.get("evidence", "")) for line in table.lines
    ]


def lines_of(rows: Iterable[Record | ItemLine]) -> list[dict[str, Any]]:
    """Records or item lines as a table keeps them."""
    return [
        {"line": row.line, "cells": dict(row.cells)}
        if isinstance(row, Record)
        else {"line": row.line, "item": row.item, "value": row.value, "evidence": row.evidence}
        for row in rows
    ]


def store_table(
    *,
    county: County,
    year: int,
    level: str,
    standard: Standard | str,
    file_name: str,
    by: Any,
    sha256: str = "",
    records: Sequence[Record] = (),
    items: Sequence[ItemLine] = (),
    doubts: Sequence[Mapping[str, str]] = (),
    changes: Mapping[str, Any] | None = None,
    evidence: Iterable[EvidenceFile] = (),
    now: datetime | None = None,
) -> IndicatorTable:
    """Keeps an accepted table and returns it; the same figures once more only add their evidence to it.

    doubts: what the reader was shown before accepting, each in both languages. TableRefused without lines,
    or with evidence of another county or taken back.
    """
    lines = lines_of(records if level == TableLevel.SCHOOLS else items)
    if not lines:
        raise TableRefused(_("The table has no line that could be kept."))
    papers = list(evidence)
    if any(paper.county_id != county.pk or paper.withdrawn_at for paper in papers):
        raise TableRefused(_("This evidence file is not there any more."))
    key = standard if isinstance(standard, str) else standard.key
    with transaction.atomic():
        County.objects.select_for_update(no_key=True).get(pk=county.pk)  # two acceptances take turns
        newest = current_table(county, year, level)
        if newest and newest.standard_key == key and newest.lines == lines:
            newest.evidence.add(*papers)
            return newest
        table = IndicatorTable.objects.create(
            county=county, year=year, level=level, standard_key=key, file_name=short_file_name(file_name),
            file_sha256=sha256, lines=lines, doubts=[dict(doubt) for doubt in doubts],
            changes=dict(changes or {}), by=by, at=now or timezone.now(),
        )  # fmt: skip
        table.evidence.set(papers)
    return table


def withdraw_table(
    table: IndicatorTable, *, by: Any, reason: str, now: datetime | None = None
) -> IndicatorTable:
    """Takes a table back, with the reason; it stays, and the one before counts again."""
    reason = reason.strip()
    if not reason:
        raise TableRefused(_("Say why the table is taken back."))
    if len(reason) > LONGEST_REASON:
        raise TableRefused(_("Allowed: at most %(most)d characters.") % {"most": LONGEST_REASON})
    moment = now or timezone.now()
    changed = IndicatorTable.objects.filter(pk=table.pk, withdrawn_at=None).update(
        withdrawn_by=by, withdrawn_at=moment, withdrawn_reason=reason
    )
    if not changed:
        raise TableRefused(_("This table was taken back already."))
    table.refresh_from_db()
    return table


def standards_of(county: County) -> dict[str, Standard]:
    """The standards a county may use: those supplied, and its province's own that were not taken back."""
    own = ProvinceStandard.objects.filter(county=county, withdrawn_at=None).order_by("at", "id")
    found = {key: shipped_standard(key) for key in standard_keys()}
    return found | {one.key: read_standard(one.text, name=one.file_name) for one in own}


def standard_of(county: County, key: str) -> Standard | None:
    """One of the standards above by its key; None if it is not there (any more)."""
    return standards_of(county).get(key)


def _standing(county: County):
    return IndicatorTable.objects.filter(county=county, withdrawn_at=None)
