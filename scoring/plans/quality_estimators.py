"""Estimators that read a table of responses without a design: reliability, drivers, signals of answer
quality."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from scoring.numeric.drivers import driver_importance
from scoring.numeric.quality import AnswerSheets, flagged_rows, score_detector
from scoring.numeric.quality_rows import row_quality
from scoring.numeric.quality_schools import school_quality
from scoring.numeric.reliability import cronbach_alpha, mcdonald_omega
from scoring.plans.answer_table import column
from scoring.plans.county_tables import county
from scoring.plans.job import Job

DONT_KNOW = 9


def alpha(job: Job) -> dict:
    """Cronbach's alpha over complete rows, with Feldt interval and item statistics."""
    found = cronbach_alpha(_items(job), level=job.parameters.get("level", 0.95))
    return {
        "estimate": found.alpha,
        "standardized": found.standardized,
        "n": found.n,
        "ci_feldt": [found.lower, found.upper],
        "alpha_if_dropped": found.alpha_if_dropped,
        "corrected_item_total": found.corrected_item_total,
    }


def weighted_alpha_of_county(job: Job) -> dict:
    """Weighted alpha of the whole county and of parents, weights from the strata table."""
    rows = county(job).responses
    items = rows[_item_columns(job, rows)].replace(DONT_KNOW, np.nan)
    parents = (rows["audience"] == "parent").to_numpy()
    weight = rows["weight"].to_numpy()
    return {
        "overall": cronbach_alpha(items, weights=weight).alpha,
        "parent": cronbach_alpha(items[parents], weights=weight[parents]).alpha,
    }


def omega(job: Job) -> dict:
    """McDonald's omega total of one factor."""
    found = mcdonald_omega(_items(job))
    if found.improper:
        job.warn("one factor does not fit these items; show alpha instead")
    return {
        "omega_standardized": found.standardized,
        "omega_raw": found.raw,
        "loadings": found.loadings,
        "uniquenesses": found.uniquenesses,
        "psych_omega_total": found.standardized,
        "n": found.n,
    }


def drivers(job: Job) -> dict:
    """What moves the outcome item among parents (or parameters.audience), unweighted and weighted."""
    rows = county(job).responses
    mine = (rows["audience"] == job.parameters.get("audience", "parent")).to_numpy()
    answers = rows[mine].replace(DONT_KNOW, np.nan)
    named = job.need("predictors")
    outcome = column(answers, job.need("outcome"), "parameters.outcome")
    predictors = answers[[column(answers, name, "parameters.predictors").name for name in _listed(named)]]
    results: dict = {}
    for name, weight in (("unweighted", None), ("weighted", answers["weight"].to_numpy(float))):
        found = driver_importance(outcome, predictors=predictors, weights=weight)
        if found.refusal:
            job.warn(found.refusal)
        keys = ("r_squared", "lmg", "johnson", "standardized_beta", "correlation")
        results[name] = {key: getattr(found, key) for key in keys}
    return results


def row_signals(job: Job) -> dict:
    """Quality statistics per response; the first 40 rows (or parameters.rows_shown) are listed."""
    log = _responses(job)
    found = row_quality(log[_item_columns(job, log)], duration_s=log["duration_s"])
    shown = min(int(job.parameters.get("rows_shown", 40)), len(log))
    rows = [
        {
            "resp_id": log["resp_id"].iloc[i],
            "longstring": found.longstring[i],
            "irv": found.irv[i],
            "seconds_per_item": found.seconds_per_item[i],
            "relative_speed": found.relative_speed[i],
        }
        for i in range(shown)
    ]
    return {
        "median_duration_s": found.median_duration_s,
        "rows": rows,
        "n_below_third_of_median_speed": int((found.relative_speed > 3).sum()),
        "n_all_same": int(found.all_same.sum()),
    }


def school_signals(job: Job) -> dict:
    """Bursts, repeated vectors and devices per school."""
    log = _responses(job)
    found = school_quality(
        log["school"],
        answers=log[_item_columns(job, log)],
        submitted_s=log["t_submit_s"],
        device=log["device"],
    )
    columns = {
        "school": found.school,
        "n": found.n,
        "max_in_600s": found.max_in_window,
        "poisson_tail_p": found.poisson_tail_p,
        "modal_pattern_count": found.modal_count,
        "modal_pattern_binomial_p": found.modal_p,
        "modal_pattern_bh_p": found.modal_q,
        "max_per_device": found.max_per_device,
    }
    return {
        "schools": [{name: values[i] for name, values in columns.items()} for i in range(len(found.school))]
    }


def detector_quality(job: Job) -> dict:
    """How many rows of each label the product's own rule puts aside."""
    log, labels = _responses(job), job.named_table("labels")
    sheets = AnswerSheets(
        school=log["school"],
        answers=log[_item_columns(job, log)],
        submitted_s=log["t_submit_s"],
        duration_s=log["duration_s"],
        device=log["device"],
    )
    joined = log[["resp_id"]].merge(labels, on="resp_id", how="left", validate="1:1")
    score = score_detector(flagged_rows(sheets), labels=joined["label"])
    return {
        "label_counts": score.rows,
        "flagged_by_label": score.flagged,
        "false_positive_rate": score.false_positive_rate,
    }


def _listed(named: str | list[str]) -> list[str]:
    return [named] if isinstance(named, str) else named


def _responses(job: Job) -> pd.DataFrame:
    return job.named_table("responses") if job.has_input("responses") else job.table()


def _item_columns(job: Job, frame: pd.DataFrame) -> list[str]:
    named = job.parameters.get("items")
    if named:
        return [column(frame, name, "parameters.items").name for name in _listed(named)]
    return [name for name in frame.columns if name[:1] == "q" and name[1:].isdigit()]


def _items(job: Job) -> pd.DataFrame:
    rows = _responses(job)
    audience = job.parameters.get("audience")
    if audience is not None:
        rows = rows[column(rows, "audience", "parameters.audience") == audience]
    return rows[_item_columns(job, rows)].replace(DONT_KNOW, np.nan)


QUALITY_ESTIMATORS: Mapping = {
    "cronbach_alpha": alpha,
    "cronbach_alpha_weighted_county": weighted_alpha_of_county,
    "mcdonald_omega": omega,
    "driver_importance": drivers,
    "response_quality_row": row_signals,
    "response_quality_school": school_signals,
    "fraud_detection_quality": detector_quality,
}
