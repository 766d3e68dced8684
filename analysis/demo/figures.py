"""The demonstration county's indicators: its school table and its own items, for quality-balance-2017.

The figures are invented. Most schools pass with a little to spare; a handful stay below the 85% floor, one
coefficient of variation lies above its limit and one rate of the government's items falls short, so that the
verdict is worth a look. One item is left open.
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from pathlib import Path

from analysis.indicator_files.previews import preview_of
from analysis.indicators import TableRefused, store_table
from analysis.models import IndicatorTable, IndicatorUpload, TableLevel
from surveys.models import County

HERE = Path(__file__).parent
STANDARD = "quality-balance-2017"
FILES = {TableLevel.SCHOOLS: "schools.csv", TableLevel.COUNTY: "county.csv"}


def import_demo_figures(county: County, *, now: datetime) -> list[IndicatorTable]:
    """Reads, checks and keeps both tables for the year of `now`; the same figures again change nothing.

    TableRefused if a table had anything to mend: then the demonstration's roster and figures no longer fit.
    """
    return [_imported(county, level, name, now=now) for level, name in FILES.items()]


def _imported(county: County, level: str, name: str, *, now: datetime) -> IndicatorTable:
    content = (HERE / name).read_bytes()
    found = preview_of(
        IndicatorUpload(
            county=county, year=now.year, level=level, standard_key=STANDARD, file_name=name, content=content
        )
    )
    if not found.is_acceptable:
        raise TableRefused("; ".join(remark.text("en") for remark in found.errors) or f"{name}: no rows")
    return store_table(
        county=county, year=now.year, level=level, standard=found.standard, file_name=name,
        sha256=hashlib.sha256(content).hexdigest(), records=found.records, items=found.items,
        doubts=[remark.kept() for remark in found.remarks], changes=found.changes.kept(), by=None, now=now,
    )  # fmt: skip
