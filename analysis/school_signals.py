"""What a school's satisfied share can give away: too high for its county, or high on the open poster alone.

Both are signals of their own kind ("answers", "channel") and list no school by themselves.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from scoring.numeric.quality_signals import (
    MIN_COUNT,
    MIN_SCHOOLS,
    Signal,
    channel_gap,
    level_above_prediction,
)
from scoring.rules import ScoringRule, shipped_rule
from surveys.models import Channel, Wave

# For a wave whose own rule gives points, or is about several items at once.
PLAIN_RULE = "satisfied-top2"


def rule_of_shares(wave: Wave) -> ScoringRule:
    """The wave's own rule if it says of one answer whether it is satisfied, else the plain one."""
    own = shipped_rule(wave.scoring_rule)
    return own if own.is_share and own.form == "item" else shipped_rule(PLAIN_RULE)


def share_signals(frame: pd.DataFrame, rule: ScoringRule, *, minimum: int) -> list[Callable[[], Signal]]:
    """The tests that these replies allow; empty if the rule's item is not asked.

    frame: replies of one audience (`response_frame`), voided ones left out. minimum: the smallest group
    shown. A school or channel with fewer valid answers than that, or than eight, is not tested. Channels are
    compared only where eight schools or more were asked through both: fewer do not say what is usual.
    """
    least = max(minimum, MIN_COUNT)
    satisfied = satisfied_rows(frame, rule)
    if satisfied is None:
        return []
    known = ~np.isnan(satisfied) & (frame["school"] != "").to_numpy()
    school = frame["school"].to_numpy(dtype=str)[known]
    answer = satisfied[known]
    if not len(school):
        return []
    names, index = np.unique(school, return_inverse=True)
    n, yes = np.bincount(index), np.bincount(index, weights=answer)
    large = n >= least
    tests = [lambda: level_above_prediction(yes[large], n=n[large], school=names[large])]
    is_open = is_poster(frame)[known]
    n_open, n_slips = (np.bincount(index[mask], minlength=len(names)) for mask in (is_open, ~is_open))
    both = (n_open >= least) & (n_slips >= least)
    if both.sum() >= MIN_SCHOOLS:
        yes_open = np.bincount(index[is_open], weights=answer[is_open], minlength=len(names))
        tests.append(
            lambda: channel_gap(
                names[both],
                share_open=(yes_open / np.maximum(n_open, 1))[both], n_open=n_open[both],
                share_slips=((yes - yes_open) / np.maximum(n_slips, 1))[both], n_slips=n_slips[both],
            )
        )  # fmt: skip
    return tests


def satisfied_rows(frame: pd.DataFrame, rule: ScoringRule) -> np.ndarray | None:
    """(n,) 1 satisfied, 0 not, NaN not a valid answer; None if the rule's item is not asked."""
    item = rule.items[0]
    if item not in frame.columns:
        return None
    column = frame[item]
    points = np.array([rule.valid_scores.get(code, np.nan) for code in column.cat.categories], dtype=float)
    return points[column.cat.codes.to_numpy()]


def is_poster(frame: pd.DataFrame) -> np.ndarray:
    """(n,) whether the reply came in through an open poster, whose code anybody may pass on."""
    return (frame["channel"] == Channel.POSTER).to_numpy()
