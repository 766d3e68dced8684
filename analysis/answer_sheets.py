"""Replies of one audience as the quality checks read them: codes as numbers, times, contradictions."""

from __future__ import annotations

import numpy as np
import pandas as pd

from scoring.numeric.quality import AnswerSheets
from scoring.numeric.quality_rows import contradicts_fact
from surveys.questionnaire_parts import Item, Questionnaire

DONT_KNOW = 9.0
CLASS_SIZE, CLASS_SIZE_TOLERANCE = "average_class_size", 10


def answer_sheets(
    frame: pd.DataFrame, questionnaire: Questionnaire, class_sizes: dict[str, float]
) -> AnswerSheets | None:
    """The replies as number codes; None without scale items or schools. Times are cut to ten minutes."""
    scales = [item for item in questionnaire.items if item.type == "scale" and item.name in frame.columns]
    if not scales or frame.empty or not frame["school"].any():
        return None
    answers = np.column_stack([scale_steps(frame[item.name], item) for item in scales])
    answers = answers[:, ~np.isnan(answers).all(axis=0)]
    if not answers.shape[1]:
        return None
    seconds = frame["seconds"].to_numpy(dtype=float)
    received = pd.to_datetime(frame["received_at"], utc=True).astype("int64").to_numpy() / 1e9
    return AnswerSheets(
        school=frame["school"].to_numpy(dtype=str),
        answers=answers,
        submitted_s=received - received.min(),
        duration_s=seconds if (seconds > 0).any() else None,
        contradicts=_contradictions(frame, questionnaire, class_sizes),
        not_scored=(DONT_KNOW,),
    )


def scale_steps(column: pd.Series, item: Item) -> np.ndarray:
    """The best step of the scale is 1, the next 2 …; don't know is 9, blank and not asked are NaN."""
    steps = [option.code for option in item.options if option.code not in ("dont_know", "9")]
    number = {code: float(place) for place, code in enumerate(steps, start=1)}
    number |= {"dont_know": DONT_KNOW, "9": DONT_KNOW}
    points = np.array([number.get(code, np.nan) for code in column.cat.categories])
    return points[column.cat.codes.to_numpy()]


def _contradictions(
    frame: pd.DataFrame, questionnaire: Questionnaire, class_sizes: dict[str, float]
) -> np.ndarray | None:
    """True where the class size that was given lies further from the roster's than the tolerance."""
    item = next((one for one in questionnaire.items if one.cross_check == CLASS_SIZE and one.bands), None)
    if item is None or item.name not in frame.columns:
        return None
    edges, lower = {}, float(item.minimum)
    for band in item.bands:
        edges[band.code] = (lower, float(band.to))
        lower = float(band.to) + 1
    known = frame["school"].map(class_sizes).to_numpy(dtype=float)
    given = frame[item.name].astype(str)
    low = given.map({code: edge[0] for code, edge in edges.items()}).to_numpy(dtype=float)
    high = given.map({code: edge[1] for code, edge in edges.items()}).to_numpy(dtype=float)
    nearest = np.clip(known, low, high)
    return contradicts_fact(nearest, known=known, tolerance=CLASS_SIZE_TOLERANCE)
