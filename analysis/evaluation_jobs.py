"""Evaluations that take longer than a page may: kept as a job, computed by a worker, shown with progress."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from analysis.evaluation import (
    EvaluationInputs,
    EvaluationRefused,
    TypedRecognition,
    refuse_misfits,
    unsaved_evaluation,
)
from analysis.file_errors import EvaluationFileError
from analysis.findings import CHINESE
from analysis.models import Evaluation, IndicatorTable
from analysis.models.evaluations import EvaluationJob
from analysis.standard import read_standard
from scoring.models import ScoreRun
from surveys.models import County

State = EvaluationJob.State
# 600 schools take under a second, 2,000 about three.
MOST_ROWS_AT_ONCE = 2_000


def is_large(inputs: EvaluationInputs) -> bool:
    """Whether a worker should compute it: the page would take too long."""
    return rows_in(inputs) > MOST_ROWS_AT_ONCE


def rows_in(inputs: EvaluationInputs) -> int:
    return len(inputs.school_table.lines) if inputs.school_table else 0


def start_job(
    county: County,
    *,
    year: int,
    stage: str,
    inputs: EvaluationInputs,
    by: Any,
    now: datetime,
    send: Callable[[int], Any],
) -> EvaluationJob:
    """Keeps what is asked and hands the job's id to `send` once it is stored."""
    refuse_misfits(county, stage=stage, inputs=inputs)
    with transaction.atomic():
        job = EvaluationJob.objects.create(
            county=county, asked=_asked(year, stage, inputs), rows=rows_in(inputs), by=by, at=now
        )
        transaction.on_commit(lambda: send(job.pk))
    return job


def run_job(job_id: int, *, now: datetime) -> Evaluation | None:
    """Computes and freezes what the job asks for; once, however often it is called. None if refused."""
    job = EvaluationJob.objects.select_related("county", "by", "evaluation").get(pk=job_id)
    if job.state in (State.DONE, State.FAILED):
        return job.evaluation
    mine = EvaluationJob.objects.filter(pk=job.pk)
    mine.update(state=State.RUNNING, steps_done=0)
    asked = job.asked
    try:
        evaluation = unsaved_evaluation(
            job.county, year=asked["year"], stage=asked["stage"], inputs=_inputs(asked), by=job.by, now=now,
            after_step=lambda steps_done: mine.update(steps_done=steps_done),
        )  # fmt: skip
    except EvaluationFileError as error:
        mine.update(state=State.FAILED, error=error.texts[CHINESE])
        return None
    except EvaluationRefused as error:
        mine.update(state=State.FAILED, error=str(error))
        return None
    except Exception:
        # Whoever waits must not wait for ever; the worker's log has the rest.
        mine.update(state=State.FAILED, error=_("It could not be computed; the server's log says why."))
        raise
    with transaction.atomic():
        # A worker that was killed is replaced: of two that finish, the second finds the job done.
        if not mine.filter(state=State.RUNNING).update(state=State.DONE):
            return EvaluationJob.objects.get(pk=job.pk).evaluation
        evaluation.save()
        mine.update(evaluation=evaluation)
    return evaluation


def _asked(year: int, stage: str, inputs: EvaluationInputs) -> dict[str, Any]:
    return {
        "year": year,
        "stage": stage,
        "standard": inputs.standard.text,
        "standard_key": inputs.standard.key,
        "school_table": inputs.school_table.pk if inputs.school_table else None,
        "county_table": inputs.county_table.pk if inputs.county_table else None,
        "score_run": inputs.score_run.pk if inputs.score_run else None,
        "typed": [inputs.typed.rate, inputs.typed.source] if inputs.typed else None,
        "settings": dict(inputs.settings),
        "prices": dict(inputs.prices),
        "seed": inputs.seed,
    }


def _inputs(asked: dict[str, Any]) -> EvaluationInputs:
    tables = IndicatorTable.objects.select_related("county")
    return EvaluationInputs(
        standard=read_standard(asked["standard"], name=f"{asked['standard_key']}.toml"),
        school_table=tables.filter(pk=asked["school_table"]).first(),
        county_table=tables.filter(pk=asked["county_table"]).first(),
        score_run=ScoreRun.objects.select_related("wave").filter(pk=asked["score_run"]).first(),
        typed=TypedRecognition(*asked["typed"]) if asked["typed"] else None,
        settings=asked["settings"],
        prices=asked["prices"],
        seed=asked["seed"],
    )
