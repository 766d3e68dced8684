"""A county with imported figures for tests of its evaluation: tables, score run, users."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from django.utils import timezone

from analysis.evaluation import EvaluationInputs, TypedRecognition, evaluate_county
from analysis.indicators import store_table
from analysis.models import Evaluation, IndicatorTable
from analysis.standard import shipped_standard
from surveys.models import County
from tests.analysis.counties import QUALITY, good_items, item_lines, junior, primary, records
from tests.surveys.builders import make_county


def schools_table(
    county: County, schools: Iterable[Mapping[str, Any]], *, year: int = 2026
) -> IndicatorTable:
    return store_table(
        county=county, year=year, level="schools", standard=QUALITY, file_name="学校指标.xlsx",
        records=records(schools), by=None,
    )  # fmt: skip


def items_table(
    county: County, items: Mapping[str, Any] | None = None, *, year: int = 2026
) -> IndicatorTable:
    return store_table(
        county=county, year=year, level="county", standard=QUALITY, file_name="县级数据.xlsx",
        items=item_lines(good_items() if items is None else items), by=None,
    )  # fmt: skip


def two_schools(**changes: Any) -> list[dict[str, Any]]:
    """A primary and a junior school exactly at every limit; changes are the primary school's."""
    return [primary("城关小学", code="S1", **changes), junior("城关中学", code="S2")]


def evaluation_of(
    county: County | None = None, *, schools: Iterable[Mapping[str, Any]] | None = None, **inputs: Any
) -> Evaluation:
    """A frozen self-assessment of 2026 with everything met but what is changed."""
    county = county or make_county()
    inputs.setdefault("standard", shipped_standard(QUALITY))
    inputs.setdefault("county_table", items_table(county))
    inputs.setdefault("typed", TypedRecognition("0.872", "省教育厅2026年测评通报"))
    table = schools_table(county, two_schools() if schools is None else schools)
    return evaluate_county(
        county, year=2026, stage="county", inputs=EvaluationInputs(school_table=table, **inputs),
        by=None, now=timezone.now(),
    )  # fmt: skip


def sixty_schools(count: int = 60) -> list[dict[str, Any]]:
    """Two thirds primary, one third junior; every tenth school lacks teachers and equipment."""
    made = []
    for number in range(1, count + 1):
        make = junior if number % 3 == 0 else primary
        poor = {"teachers_above_degree": 30, "equipment_yuan": 1_600_000} if number % 10 == 0 else {}
        made.append(make(f"第{number}学校", code=f"{number:04}", **poor))
    return made
