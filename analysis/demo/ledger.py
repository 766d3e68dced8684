"""The demonstration county's evaluation and ledger: items in every state, some late, some due this week."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone, translation

from analysis.evaluation import EvaluationInputs, evaluate_county
from analysis.indicators import current_table
from analysis.ledger import NewItem, enter_items, take_step
from analysis.ledger_candidates import Candidate, of_evaluation
from analysis.models import Evaluation, EvaluationStage, RectificationItem, StepAction, TableLevel
from analysis.standard import shipped_standard
from analysis.task_table import write_line
from scoring.models import ScoreRun
from surveys.models import County

STANDARD = "quality-balance-2017"
DEPARTMENTS = {
    "seven_indicators": "计财科",
    "between_schools": "计财科",
    "music_rooms": "计财科",
    "art_rooms": "计财科",
    "school_size": "基础教育科",
    "class_size": "基础教育科",
    "exchange": "人事科",
    "training": "人事科",
    "certified": "人事科",
    "recognition": "教育督导室",
}
DEADLINES_IN_DAYS = (-9, -2, 2, 6, 12, 26, 45, 60)
DAYS_AGO = 22  # after the closed wave was closed, whatever weekday it is today
# What became of every item in turn: (step, days ago, what was said).
WAYS: tuple[tuple[tuple[str, int, str], ...], ...] = (
    (),
    ((StepAction.STARTED, 15, ""),),
    (
        (StepAction.STARTED, 15, ""),
        (StepAction.SUBMITTED, 3, "已补充到位，验收单随附。"),
    ),
    (
        (StepAction.STARTED, 16, ""),
        (StepAction.SUBMITTED, 6, "设备已采购入库。"),
        (StepAction.ACCEPTED, 1, "现场核查属实。"),
    ),
    (
        (StepAction.STARTED, 14, ""),
        (StepAction.SUBMITTED, 5, "已调整班级。"),
        (StepAction.RETURNED, 2, "仍有一个班超额，请补充分班方案。"),
    ),
)


def make_demo_ledger(county: County, *, run: ScoreRun | None, now: datetime) -> list[RectificationItem]:
    """Evaluates the demonstration's figures and enters what is missed, in Chinese.

    `now` is the moment of the demonstration; evaluation and items are DAYS_AGO older, so that the ledger has
    a past. Nothing without figures. Nobody signed for the steps: a demonstration has no clerk.
    """
    evaluation = _evaluated(county, run=run, now=now - timedelta(days=DAYS_AGO))
    if evaluation is None:
        return []
    with translation.override("zh-hans"):
        for criterion, department in DEPARTMENTS.items():
            _task(county, evaluation, criterion, department, now)
        missed = [one for one in of_evaluation(evaluation) if one.is_proposed]
        items = enter_items(
            county,
            [_item(one, number, evaluation, now) for number, one in enumerate(missed)],
            year=evaluation.year, by=None, now=now - timedelta(days=DAYS_AGO),
        ).items  # fmt: skip
        for number, item in enumerate(items):
            for action, days_ago, remark in WAYS[number % len(WAYS)]:
                moment = now - timedelta(days=days_ago)
                take_step(item, action, by=None, now=moment, remark=remark, role="bureau")
    return list(items)


def _evaluated(county: County, *, run: ScoreRun | None, now: datetime) -> Evaluation | None:
    tables = {level: current_table(county, now.year, level) for level in TableLevel.values}
    if tables[TableLevel.SCHOOLS] is None:
        return None
    inputs = EvaluationInputs(
        shipped_standard(STANDARD), school_table=tables[TableLevel.SCHOOLS],
        county_table=tables[TableLevel.COUNTY], score_run=run,
    )  # fmt: skip
    return evaluate_county(
        county, year=now.year, stage=EvaluationStage.COUNTY, inputs=inputs, by=None, now=now
    )


def _task(county: County, evaluation: Evaluation, criterion: str, department: str, now: datetime) -> None:
    standard = shipped_standard(STANDARD)
    known = {one.key for one in standard.criteria}
    if evaluation.standard_key != STANDARD or criterion not in known:
        return
    texts: dict[str, Any] = {
        "department": department,
        "expected": f"{evaluation.year + 1}年9月底前达标",
        "measures": "逐校核对缺口，列入年度项目计划，按月调度。",
    }
    write_line(
        county, year=evaluation.year, standard=standard, criterion=criterion, texts=texts, by=None,
        now=now - timedelta(days=DAYS_AGO),
    )  # fmt: skip


def _item(one: Candidate, number: int, evaluation: Evaluation, now: datetime) -> NewItem:
    criterion = one.subject.split(":")[1]
    days = DEADLINES_IN_DAYS[number % len(DEADLINES_IN_DAYS)]
    return NewItem(
        problem=one.problem, measure=one.measure, school=one.school, subject=one.subject,
        department=DEPARTMENTS.get(criterion, "教育督导室"), standard_key=evaluation.standard_key,
        deadline=timezone.localdate(now) + timedelta(days=days), evaluation=evaluation,
    )  # fmt: skip
