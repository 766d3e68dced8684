"""Weighted means and covariances of several items over the rows that answered all of them.

Reliability and drivers need nothing else, so both also work from pair counts (tallies of two items).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from scoring.numeric.errors import NotComputable, NumericInputError


@dataclass(frozen=True)
class Moments:
    """`covariance` divides by the sum of weights; the factor n/(n−1) cancels in everything built on it."""

    mean: np.ndarray
    covariance: np.ndarray
    n: int  # complete rows with a positive weight
    n_eff: float  # Kish effective number of them
    weight: float  # their total weight

    @property
    def correlation(self) -> np.ndarray:
        """Correlation matrix; an item that never varies is not computable."""
        return correlation_from_covariance(self.covariance)


def complete_moments(answers: ArrayLike, *, weights: ArrayLike | None = None) -> Moments:
    """Mean and covariance of the columns of `answers` (rows × items, NaN = missing) over complete rows.

    `weights`: one per row, any scale, ≥ 0; rows with weight 0 do not count. Fewer than two complete rows are
    not computable.
    """
    table = np.asarray(answers, dtype=float)
    if table.ndim != 2 or table.shape[1] == 0:
        raise NumericInputError("answers must be a table of rows and items")
    w = np.ones(len(table)) if weights is None else np.asarray(weights, dtype=float)
    if w.shape != (len(table),):
        raise NumericInputError(f"{len(table)} rows and {w.size} weights: one weight per row")
    if np.any(w < 0):
        raise NumericInputError("a weight is negative")
    complete = ~np.isnan(table).any(axis=1)
    if not np.isfinite(w[complete]).all():
        raise NumericInputError("a weight is missing")
    used = complete & (w > 0)
    n = int(used.sum())
    if n < 2:
        raise NotComputable(f"only {n} responses answered all {table.shape[1]} items", code="too_few_rows")
    table, w = table[used], w[used]
    total = w.sum()
    mean = w @ table / total
    centred = table - mean
    return Moments(
        mean=mean,
        covariance=(centred * w[:, None]).T @ centred / total,
        n=n,
        n_eff=float(total**2 / (w @ w)),
        weight=float(total),
    )


def correlation_from_covariance(covariance: ArrayLike) -> np.ndarray:
    """Correlations of a covariance matrix; an item without variance is not computable."""
    cov = np.asarray(covariance, dtype=float)
    sd = np.sqrt(np.diag(cov))
    still = np.flatnonzero(~(sd > 1e-12 * max(1.0, sd.max(initial=0.0))))
    if still.size:
        places = ", ".join(str(i + 1) for i in still)
        raise NotComputable(
            f"everybody gave the same answer to item number {places}", code="item_without_spread"
        )
    correlation = cov / np.outer(sd, sd)
    np.fill_diagonal(correlation, 1.0)
    return correlation
