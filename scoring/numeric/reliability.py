"""Do the items measure one thing: Cronbach's alpha, McDonald's omega, item-rest correlations.

One audience at a time: audiences answer different forms. A high value can be a sign of straight-lining, so
compute it again over `rows_with_spread`. The version for few ordered categories is in `polychoric.py`.

Sources: Cronbach 1951; Feldt 1965; McDonald 1999; Lawley and Maxwell 1971 (maximum-likelihood factor).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import optimize, stats

from scoring.numeric.errors import NotComputable, NumericInputError
from scoring.numeric.moments import complete_moments, correlation_from_covariance

_SMALLEST_UNIQUENESS = 0.005  # the bound R's factanal uses; reaching it is a Heywood case


@dataclass(frozen=True)
class Alpha:
    """Reliability of a sum of items; the per-item arrays are in the order of the columns."""

    alpha: float
    standardized: float | None  # from correlations; None if an item has no spread
    alpha_if_dropped: np.ndarray
    corrected_item_total: (
        np.ndarray
    )  # correlation of each item with the sum of the others; NaN without spread
    n: int
    n_eff: float
    lower: float  # Feldt interval
    upper: float


@dataclass(frozen=True)
class Omega:
    """Omega total of one factor; loadings and uniquenesses are in the correlation metric."""

    standardized: float
    raw: float  # loadings and uniquenesses scaled to the covariance metric
    loadings: np.ndarray
    uniquenesses: np.ndarray
    n: int
    improper: bool  # a uniqueness at its bound: the one-factor model does not fit these items


def cronbach_alpha(answers: ArrayLike, *, weights: ArrayLike | None = None, level: float = 0.95) -> Alpha:
    """Cronbach's alpha K/(K−1)·(1 − Σ var_k/var_sum) over rows that answered all items, weighted or not.

    `answers`: rows × items, NaN = missing or don't know; `weights` on any scale. Feldt interval at `level`:
    1 − (1−α)F with (n−1, (n−1)(K−1)) degrees of freedom, n replaced by Kish's n_eff under weights. Equals R
    `psych::alpha` and `svycralpha`. Alpha may be negative (items against each other). Not computable: fewer
    than two items, fewer than two complete rows, a sum that never varies.
    """
    moments = complete_moments(answers, weights=weights)
    k = len(moments.mean)
    estimate = alpha_from_covariance(moments.covariance)
    lower, upper = feldt_interval(estimate, n=moments.n_eff, items=k, level=level)
    covariance = moments.covariance
    total = covariance.sum(axis=1)  # covariance of each item with the whole sum
    variance = np.diag(covariance)
    rest_variance = covariance.sum() - 2 * total + variance
    with np.errstate(divide="ignore", invalid="ignore"):
        item_rest = (total - variance) / np.sqrt(variance * rest_variance)
    keep = [np.delete(np.arange(k), i) for i in range(k)]
    dropped = [alpha_from_covariance(covariance[np.ix_(index, index)]) if k > 2 else np.nan for index in keep]
    return Alpha(
        alpha=estimate,
        standardized=alpha_from_covariance(moments.correlation) if variance.min() > 0 else None,
        alpha_if_dropped=np.array(dropped),
        corrected_item_total=item_rest,
        n=moments.n,
        n_eff=moments.n_eff,
        lower=lower,
        upper=upper,
    )


def alpha_from_covariance(covariance: ArrayLike) -> float:
    """Cronbach's alpha of a covariance (or correlation) matrix, for example one built from pair counts.

    >>> alpha_from_covariance([[1, 0.5], [0.5, 1]])
    0.6666666666666666
    """
    cov = np.asarray(covariance, dtype=float)
    k = len(cov)
    if cov.shape != (k, k):
        raise NumericInputError("a covariance matrix has as many rows as columns")
    if k < 2:
        raise NotComputable("reliability needs at least two items", code="too_few_items")
    whole = cov.sum()
    if not whole > 1e-12 * np.abs(cov).sum():
        raise NotComputable("the sum of the items never varies", code="no_spread")
    return float(k / (k - 1) * (1 - np.trace(cov) / whole))


def feldt_interval(alpha: float, *, n: float, items: int, level: float = 0.95) -> tuple[float, float]:
    """Feldt's interval of Cronbach's alpha, (lower, upper); `n` responses may be effective ones.

    Assumes items of equal covariance and normal scores; with top-heavy items it is a little short. Fewer than
    two (effective) responses raise NotComputable.
    """
    if not 0 < level < 1:
        raise NumericInputError(f"the level must lie between 0 and 1, found {level}")
    if n <= 1:
        raise NotComputable("an interval needs at least two responses", code="too_few_rows")
    df1, df2, tail = n - 1, (n - 1) * (items - 1), (1 - level) / 2
    return (
        float(1 - (1 - alpha) * stats.f.isf(tail, df1, df2)),
        float(1 - (1 - alpha) * stats.f.ppf(tail, df1, df2)),
    )


def mcdonald_omega(answers: ArrayLike, *, weights: ArrayLike | None = None) -> Omega:
    """Omega total (Σλ)²/((Σλ)² + Σψ) of one maximum-likelihood factor over complete rows.

    `answers` and `weights` as in `cronbach_alpha`. At least three items (two do not identify a factor).
    Equals R `stats::factanal(factors = 1)`. `improper` marks a Heywood case; show alpha instead.
    """
    moments = complete_moments(answers, weights=weights)
    loadings, uniquenesses = one_factor(moments.correlation)
    sd = np.sqrt(np.diag(moments.covariance))

    def omega(lam: np.ndarray, psi: np.ndarray) -> float:
        common = lam.sum() ** 2
        return float(common / (common + psi.sum()))

    return Omega(
        standardized=omega(loadings, uniquenesses),
        raw=omega(loadings * sd, uniquenesses * sd**2),
        loadings=loadings,
        uniquenesses=uniquenesses,
        n=moments.n,
        improper=bool((uniquenesses <= _SMALLEST_UNIQUENESS * (1 + 1e-6)).any()),
    )


def one_factor(correlation: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Loadings and uniquenesses of one maximum-likelihood factor of a correlation matrix.

    The likelihood is concentrated on the uniquenesses (bounded below by 0.005); loadings have a positive sum.
    A singular matrix (one item repeats another) raises NotComputable.
    """
    r = correlation_from_covariance(correlation)
    k = len(r)
    if k < 3:
        raise NotComputable("one factor needs at least three items", code="too_few_items")
    if np.linalg.eigvalsh(r)[0] < 1e-10:
        raise NotComputable("one item repeats others exactly", code="singular")

    def loadings_of(psi: np.ndarray) -> np.ndarray:
        scale = np.sqrt(psi)
        values, vectors = np.linalg.eigh(r / np.outer(scale, scale))
        return scale * vectors[:, -1] * np.sqrt(max(values[-1] - 1, 0.0))

    def discrepancy(log_psi: np.ndarray) -> tuple[float, np.ndarray]:
        psi = np.exp(log_psi)
        scale = np.sqrt(psi)
        rest = np.linalg.eigvalsh(r / np.outer(scale, scale))[:-1]
        lam = loadings_of(psi)
        residual = np.diag(np.outer(lam, lam) + np.diag(psi) - r)
        return float((rest - np.log(rest)).sum() - (k - 1)), residual / psi

    start = (1 - 0.5 / k) / np.diag(np.linalg.inv(r))
    found = optimize.minimize(
        discrepancy,
        np.log(np.clip(start, _SMALLEST_UNIQUENESS, 1.0)),
        jac=True,
        method="L-BFGS-B",
        bounds=[(np.log(_SMALLEST_UNIQUENESS), 0.0)] * k,
        options={"ftol": 1e-15, "gtol": 1e-9, "maxiter": 2000},
    )
    psi = np.exp(found.x)
    lam = loadings_of(psi)
    return (-lam if lam.sum() < 0 else lam), psi


def rows_with_spread(answers: ArrayLike) -> np.ndarray:
    """True for rows whose given answers are not all the same; rows with fewer than two answers are False."""
    table = np.asarray(answers, dtype=float)
    answered = ~np.isnan(table)
    high = np.where(answered, table, -np.inf).max(axis=1, initial=-np.inf)
    low = np.where(answered, table, np.inf).min(axis=1, initial=np.inf)
    return (answered.sum(axis=1) >= 2) & (high > low)
