"""Replies of one audience as the quality checks read them: codes as numbers, and times."""

from __future__ import annotations

import numpy as np
import pandas as pd

from scoring.numeric.quality import AnswerSheets
from surveys.questionnaire_parts import Item, Questionnaire

DONT_KNOW = 9.0


def answer_sheets(frame: pd.DataFrame, questionnaire: Questionnaire) -> AnswerSheets | None:
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
        not_scored=(DONT_KNOW,),
    )


def scale_steps(column: pd.Series, item: Item) -> np.ndarray:
    """The best step of the scale is 1, the next 2 …; don't know is 9, blank and not asked are NaN."""
    steps = [option.code for option in item.options if option.code not in ("dont_know", "9")]
    number = {code: float(place) for place, code in enumerate(steps, start=1)}
    number |= {"dont_know": DONT_KNOW, "9": DONT_KNOW}
    points = np.array([number.get(code, np.nan) for code in column.cat.categories])
    return points[column.cat.codes.to_numpy()]
