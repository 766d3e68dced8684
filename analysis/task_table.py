"""The task table 任务分解表: per criterion of a standard the department, expected result, next measures."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import get_language

from analysis.findings import CHINESE, Texts
from analysis.models import Evaluation, RectificationItem, TaskLine
from analysis.standard_parts import Area, Criterion, Standard
from analysis.templatetags.evaluation import without_codes
from surveys.models import County
from surveys.questionnaire import text_in

FIELDS = ("department", "expected", "measures", "remarks")


@dataclass(frozen=True)
class TaskRow:
    """One criterion. Texts: the newest written, else what the standard's file proposes; verdict: "" without
    an evaluation; live_items: how many items of the ledger stand open for it."""

    criterion: Criterion
    name: str
    department: str
    expected: str
    measures: str
    remarks: str
    line: TaskLine | None
    verdict: str
    sentence: str
    live_items: int

    @property
    def is_written(self) -> bool:
        return self.line is not None


@dataclass(frozen=True)
class TaskArea:
    name: str
    rows: tuple[TaskRow, ...]


@dataclass(frozen=True)
class TaskTable:
    """The whole table; `evaluation` is the newest of that year and standard, whose verdicts it shows."""

    standard: Standard
    year: int
    areas: tuple[TaskArea, ...]
    evaluation: Evaluation | None

    @property
    def rows(self) -> list[TaskRow]:
        return [row for area in self.areas for row in area.rows]

    @property
    def written(self) -> int:
        """How many criteria have a department."""
        return sum(bool(row.department) for row in self.rows)


def task_table(county: County, *, year: int, standard: Standard) -> TaskTable:
    """Every criterion of the standard in the order of its file; references, which nobody has to meet, too."""
    lines = newest_lines(county, year=year, standard_key=standard.key)
    evaluation = newest_evaluation(county, year=year, standard_key=standard.key)
    said = {} if evaluation is None else {one["key"]: one for one in evaluation.result.get("criteria", ())}
    items = _live_items(county, year=year, standard_key=standard.key)
    return TaskTable(
        standard,
        year,
        tuple(_area(area, standard, lines, said, items) for area in standard.areas),
        evaluation,
    )


def newest_evaluation(county: County, *, year: int, standard_key: str) -> Evaluation | None:
    """The newest evaluation of that year by that standard, at whatever stage."""
    found = Evaluation.objects.filter(county=county, year=year, standard_key=standard_key)
    return found.order_by("-at", "-id").first()


def newest_lines(county: County, *, year: int, standard_key: str) -> dict[str, TaskLine]:
    """Criterion → its line as it stands now."""
    found: dict[str, TaskLine] = {}
    written = TaskLine.objects.filter(county=county, year=year, standard_key=standard_key).select_related(
        "by"
    )
    for line in written.select_related("by").order_by("at", "id"):
        found[line.criterion] = line
    return found


def lines_of_criterion(county: County, *, year: int, standard_key: str, criterion: str) -> list[TaskLine]:
    """Everything that was ever written for a criterion, the newest first."""
    return list(
        TaskLine.objects.filter(
            county=county, year=year, standard_key=standard_key, criterion=criterion
        ).select_related("by")
    )


def write_line(
    county: County,
    *,
    year: int,
    standard: Standard,
    criterion: str,
    texts: Mapping[str, str],
    by: Any,
    now: datetime,
) -> TaskLine | None:
    """Writes a criterion's line anew, what stood there before stays; None if it already stands so."""
    standard.criterion(criterion)
    cleaned = {field: texts.get(field, "").strip() for field in FIELDS}
    newest = newest_lines(county, year=year, standard_key=standard.key).get(criterion)
    before = {field: getattr(newest, field) if newest else "" for field in FIELDS}
    if cleaned == before:
        return None
    return TaskLine.objects.create(
        county=county, year=year, standard_key=standard.key, criterion=criterion, by=by, at=now, **cleaned
    )


def known_departments(county: County) -> list[str]:
    """Departments that the county has named anywhere, for choosing instead of typing."""
    lines = TaskLine.objects.filter(county=county).exclude(department="").values_list("department", flat=True)
    items = RectificationItem.objects.filter(county=county).exclude(department="")
    return sorted(set(lines) | set(items.values_list("department", flat=True)))


def _area(
    area: Area,
    standard: Standard,
    lines: Mapping[str, TaskLine],
    said: Mapping[str, Mapping[str, Any]],
    items: Mapping[str, int],
) -> TaskArea:
    criteria: Iterable[Criterion] = (one for one in standard.criteria if one.area == area.key)
    rows = []
    for criterion in criteria:
        line, found = lines.get(criterion.key), said.get(criterion.key, {})
        rows.append(
            TaskRow(
                criterion=criterion,
                name=_text(criterion.name),
                department=line.department if line else _text(criterion.department),
                expected=line.expected if line else _text(criterion.expected),
                measures=line.measures if line else "",
                remarks=line.remarks if line else "",
                line=line,
                verdict=found.get("verdict", ""),
                sentence=without_codes(_text(found.get("sentence", {}))),
                live_items=items.get(f"criterion:{criterion.key}", 0),
            )
        )
    return TaskArea(_text(area.name), tuple(rows))


def _live_items(county: County, *, year: int, standard_key: str) -> dict[str, int]:
    counted: dict[str, int] = {}
    live = RectificationItem.objects.filter(county=county, year=year, standard_key=standard_key)
    for subject in live.exclude(state__in=["accepted", "withdrawn"]).values_list("subject", flat=True):
        key = ":".join(subject.split(":")[:2])
        counted[key] = counted.get(key, 0) + 1
    return counted


def _text(texts: Texts) -> str:
    return text_in(texts, get_language() or CHINESE) if texts else ""
