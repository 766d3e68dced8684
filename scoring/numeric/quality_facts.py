"""Answers to factual items against what is on file, and when the file is to be doubted rather than the
answers.

A statistic that is old or wrong is contradicted by nearly everybody at that school; it must accuse nobody.
Together with the share of contradictions that is usual anywhere (`quality_signals.USUAL_CONTRADICTIONS`) the
rule here leaves no gap: a statistic off by at most half the tolerance is contradicted by fewer than that
share, and one that is further off puts more than half of the answers beyond half the tolerance.
"""

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from scoring.numeric.errors import NumericInputError
from scoring.numeric.quality_signals import MIN_COUNT

Side = Literal["both", "below", "above"]


def beyond_fact(
    low: ArrayLike, high: ArrayLike, *, known_low: ArrayLike, known_high: ArrayLike, tolerance: ArrayLike
) -> np.ndarray:
    """−1 where the answer, a band from `low` to `high`, lies wholly further than `tolerance` below what is
    known (`known_low` to `known_high`, equal for one number), +1 above, 0 otherwise and where something is
    unknown (NaN). All in the same unit."""
    if np.any(np.asarray(tolerance, dtype=float) < 0):
        raise NumericInputError("a tolerance is not negative")
    least, most = np.asarray(low, dtype=float), np.asarray(high, dtype=float)
    with np.errstate(invalid="ignore"):
        below = most < np.asarray(known_low, dtype=float) - tolerance
        above = least > np.asarray(known_high, dtype=float) + tolerance
    return above.astype(int) - below.astype(int)


def on_side(beyond: ArrayLike, side: Side) -> np.ndarray:
    """Which of `beyond_fact`'s rows count as contradictions: on both sides, or on one alone."""
    found = np.asarray(beyond)
    return (found < 0) & (side != "above") | (found > 0) & (side != "below")


def doubted_schools(school: ArrayLike, *, beyond_half: ArrayLike, audience: ArrayLike) -> np.ndarray:
    """The schools whose statistic is to be doubted, sorted: there it accuses nobody.

    Rows are the answers that could be compared; `beyond_half` is `beyond_fact` at half the tolerance. A
    statistic is doubted where more than half of an audience lie beyond that on one side, unless another
    audience with at least MIN_COUNT answers does not: pupils who give the size on file speak for the file,
    whatever the parents were told to say.
    """
    names, side, who = np.asarray(school), np.asarray(beyond_half), np.asarray(audience)
    if not names.shape == side.shape == who.shape:
        raise NumericInputError("one school, one side and one audience per answer")
    labels, index = np.unique(names, return_inverse=True)
    doubted, confirmed = np.zeros(len(labels), dtype=bool), np.zeros(len(labels), dtype=bool)
    for one in np.unique(who):
        own = who == one
        n = np.bincount(index[own], minlength=len(labels))
        most = np.maximum(
            np.bincount(index[own & (side < 0)], minlength=len(labels)),
            np.bincount(index[own & (side > 0)], minlength=len(labels)),
        )
        doubted |= 2 * most > n
        confirmed |= (2 * most <= n) & (n >= MIN_COUNT)
    return labels[doubted & ~confirmed]
