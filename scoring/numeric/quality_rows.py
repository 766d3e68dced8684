"""Signals in one answer sheet: speed, straight lines, spread, odd combinations, a fact answered wrongly.

None of them convicts: in clean data a fifth of honest sheets are identical throughout. A sheet is put aside
for the comparison "with and without" only on speed or on two kinds together (`quality.py`).

Sources: Huang et al. 2012; Meade and Craig 2012; Greszki, Meyer and Schoen 2015; Dunn et al. 2018; Curran
2016.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from scoring.numeric.errors import NotComputable, NumericInputError

MIN_SECONDS_PER_ITEM = 1.0
SLOWEST_FAST_SHARE = 1 / 3  # of the wave's median duration
MIN_ITEMS = 8  # short forms coincide by themselves


@dataclass(frozen=True)
class RowQuality:
    """One entry per row, in the order given."""

    longstring: np.ndarray  # longest run of identical consecutive codes
    irv: np.ndarray  # within-person standard deviation (n − 1); NaN with fewer than two answers
    all_same: np.ndarray  # every item answered, all with one code
    seconds_per_item: np.ndarray | None
    relative_speed: np.ndarray | None  # median duration / own duration: 2 = twice as fast
    median_duration_s: float | None


def row_quality(
    answers: ArrayLike, *, duration_s: ArrayLike | None = None, not_scored: Sequence[float] = (9,)
) -> RowQuality:
    """Longest run, within-person spread and pace of every row.

    `answers`: rows × items of number codes, NaN = blank. A blank ends a run. Codes in `not_scored` (don't
    know) count as codes in a run but not in the spread. `duration_s`: seconds on the form; seconds per item
    divide by the number of items of the form; a missing or zero duration gives NaN.
    """
    codes = _table(answers)
    rows, items = codes.shape
    longest = np.zeros(rows, dtype=int)
    run = np.zeros(rows, dtype=int)
    for item in range(items):
        column = codes[:, item]
        again = (column == codes[:, item - 1]) if item else np.zeros(rows, dtype=bool)
        run = np.where(np.isnan(column), 0, np.where(again, run + 1, 1))
        longest = np.maximum(longest, run)
    seconds = relative = median = None
    if duration_s is not None:
        time = np.asarray(duration_s, dtype=float)
        if time.shape != (rows,):
            raise NumericInputError(f"{rows} rows and {time.size} durations: one duration per row")
        time = np.where(time > 0, time, np.nan)
        if np.isnan(time).all():
            raise NotComputable("no duration is known", code="no_durations")
        median = float(np.nanmedian(time))
        seconds, relative = time / items, median / time
    return RowQuality(
        longstring=longest,
        irv=_spread(np.where(np.isin(codes, list(not_scored)), np.nan, codes)),
        all_same=longest == items,
        seconds_per_item=seconds,
        relative_speed=relative,
        median_duration_s=median,
    )


def too_fast(
    quality: RowQuality,
    *,
    seconds_per_item: float = MIN_SECONDS_PER_ITEM,
    share_of_median: float = SLOWEST_FAST_SHARE,
) -> np.ndarray:
    """Rows under a second per item or under a third of the wave's median; unknown durations are not fast."""
    if quality.seconds_per_item is None or quality.relative_speed is None:
        raise NotComputable("no durations were stored", code="no_durations")
    with np.errstate(invalid="ignore"):
        return (quality.seconds_per_item < seconds_per_item) | (quality.relative_speed > 1 / share_of_median)


def mahalanobis(answers: ArrayLike, *, not_scored: Sequence[float] = (9,)) -> np.ndarray:
    """Squared Mahalanobis distance of each complete row from the mean; NaN where an item is missing.

    About χ² with as many degrees of freedom as items that vary, but top-heavy items have heavier tails: use
    it as an order, or `unusual_rows`. Fewer complete rows than items + 2 are not computable.
    """
    codes = _table(answers)
    codes = np.where(np.isin(codes, list(not_scored)), np.nan, codes)
    complete = ~np.isnan(codes).any(axis=1)
    if complete.sum() < codes.shape[1] + 2:
        raise NotComputable("too few complete responses for a distance", code="too_few_rows")
    centred = codes[complete] - codes[complete].mean(axis=0)
    precision = np.linalg.pinv(centred.T @ centred / (len(centred) - 1), hermitian=True)
    distance = np.full(len(codes), np.nan)
    distance[complete] = np.einsum("ij,jk,ik->i", centred, precision, centred)
    return distance


def unusual_rows(
    answers: ArrayLike, *, not_scored: Sequence[float] = (9,), share: float = 0.01
) -> np.ndarray:
    """Rows whose Mahalanobis distance passes both the χ² limit at `share`/10 and the wave's own quantile at
    1 − `share`: at most that share of a clean wave. Random clicking does; so does an honest odd opinion."""
    distance = mahalanobis(answers, not_scored=not_scored)
    limit = max(
        stats.chi2.isf(share / 10, np.asarray(answers).shape[1]), float(np.nanquantile(distance, 1 - share))
    )
    return np.nan_to_num(distance, nan=0.0) > limit


def contradicts_fact(said: ArrayLike, *, known: ArrayLike, tolerance: ArrayLike) -> np.ndarray:
    """Rows whose answer to a factual item (class size, minutes of homework) is further from the imported
    statistic than `tolerance`, same unit. An unknown answer or statistic is no contradiction."""
    answer, fact = np.asarray(said, dtype=float), np.asarray(known, dtype=float)
    if np.any(np.asarray(tolerance, dtype=float) < 0):
        raise NumericInputError("a tolerance is not negative")
    with np.errstate(invalid="ignore"):
        return np.abs(answer - fact) > tolerance


def _table(answers: ArrayLike) -> np.ndarray:
    codes = np.asarray(answers, dtype=float)
    if codes.ndim != 2 or codes.shape[1] == 0:
        raise NumericInputError("answers must be a table of rows and items")
    return codes


def _spread(codes: np.ndarray) -> np.ndarray:
    given = ~np.isnan(codes)
    n = given.sum(axis=1)
    filled = np.where(given, codes, 0.0)
    mean = filled.sum(axis=1) / np.maximum(n, 1)
    squares = np.where(given, (codes - mean[:, None]) ** 2, 0.0).sum(axis=1)
    return np.where(n >= 2, np.sqrt(squares / np.maximum(n - 1, 1)), np.nan)
