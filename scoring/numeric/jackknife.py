"""Delete-one-unit jackknife with weights adjusted anew in every replicate.

JKn: leave out one first-stage unit of stratum h, multiply the others of h by m/(m−1). Source: Wolter 2007
ch. 4; R `survey` 4.1 `as.svrepdesign(type = "JKn")` with its centring on the mean of all replicates.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from scoring.numeric.errors import NotComputable, NumericInputError


@dataclass(frozen=True)
class Jackknife:
    """estimate (k,), its covariance (k, k), df = rank of the replicate weights − 1, replicates (R, k)."""

    estimate: np.ndarray
    covariance: np.ndarray
    df: int
    replicates: np.ndarray

    @property
    def se(self) -> np.ndarray:
        """(k,) standard errors."""
        return np.sqrt(np.diag(self.covariance))


def jackknife(
    weights: np.ndarray,
    *,
    unit: np.ndarray,
    stratum: np.ndarray,
    statistic: Callable[[np.ndarray], np.ndarray],
    reweight: Callable[[np.ndarray], np.ndarray] | None = None,
) -> Jackknife:
    """Jackknife of any function of the weights, on rows or on cells.

    weights: (g,) before adjustment; unit: (g,) first-stage units (schools); stratum: (g,) their strata;
    statistic: weights → estimate or (k,) estimates; reweight: the adjustment (raking,
    post-stratification) applied to the full sample and to every replicate, None for none. A stratum of
    one unit is refused: it has no replicate. If an adjustment is not computable in a replicate, neither
    is the jackknife, and the unit is named.
    """
    w = np.asarray(weights, float)
    units, codes = np.unique(np.asarray(unit, dtype=str), return_inverse=True)
    strata, where = np.unique(np.asarray(stratum, dtype=str), return_inverse=True)
    stratum_of = np.zeros(len(units), int)
    stratum_of[codes] = where
    if (stratum_of[codes] != where).any():
        raise NumericInputError("a unit of the jackknife lies in more than one stratum")
    held = np.bincount(stratum_of, minlength=len(strata))
    if (held == 1).any():
        name = strata[int(np.flatnonzero(held == 1)[0])]
        raise NotComputable(
            f"stratum '{name}' has one unit; a jackknife needs two or more", code="single_unit_stratum"
        )

    def adjusted(trial: np.ndarray) -> np.ndarray:
        return trial if reweight is None else reweight(trial)

    estimate = np.atleast_1d(np.asarray(statistic(adjusted(w)), float))
    replicates, used = [], []
    for j in range(len(units)):
        h = stratum_of[j]
        trial = np.where(where == h, w * held[h] / (held[h] - 1), w)
        trial[codes == j] = 0.0
        try:
            trial = adjusted(trial)
        except NotComputable as error:
            raise NotComputable(f"without unit '{units[j]}': {error.reason}", code=error.code) from error
        used.append(trial)
        replicates.append(np.atleast_1d(np.asarray(statistic(trial), float)))
    thetas = np.array(replicates)
    factor = ((held - 1) / held)[stratum_of]
    centred = (thetas - thetas.mean(axis=0)) * np.sqrt(factor)[:, None]
    return Jackknife(estimate, centred.T @ centred, _rank(np.array(used)) - 1, thetas)


def _rank(replicate_weights: np.ndarray) -> int:
    """Numerical rank, as R's degrees of freedom of a replicate design count it (tolerance 1e-5)."""
    values = np.linalg.svd(np.unique(replicate_weights, axis=1), compute_uv=False)
    return int((values > values.max() * 1e-7).sum())
