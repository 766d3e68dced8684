"""What moves the overall item: shares of R² among the other items, for importance–performance pictures.

Never read as cause: one mood colours all answers (halo), and straight-lining inflates R². Per audience.
The shares need only the covariance matrix, so pair counts (tallies of two items) serve as well as rows.

Sources: Lindeman, Merenda and Gold 1980; Budescu 1993; Johnson 2000; Grömping 2006.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from scoring.numeric.errors import NotComputable, NumericInputError
from scoring.numeric.moments import complete_moments, correlation_from_covariance

MAX_LMG_PREDICTORS = 12  # 2^12 subsets; beyond, Johnson's weights say the same to about 0.001
MIN_ROWS_PER_PREDICTOR = 30
MIN_R_SQUARED = 0.1


@dataclass(frozen=True)
class DriverImportance:
    """Arrays in the order of the predictors. `lmg` and `johnson` each add up to `r_squared`."""

    r_squared: float
    lmg: np.ndarray | None  # None above MAX_LMG_PREDICTORS predictors
    johnson: np.ndarray
    standardized_beta: np.ndarray
    correlation: np.ndarray  # of each predictor with the outcome
    level: np.ndarray  # mean of each predictor: the performance beside the importance
    n: int
    n_eff: float

    @property
    def refusal(self) -> str | None:
        """Why these shares should not be shown, or None: too few rows or nothing explained."""
        predictors = len(self.johnson)
        if self.n < MIN_ROWS_PER_PREDICTOR * predictors:
            return (
                f"{self.n} complete responses for {predictors} items; "
                f"{MIN_ROWS_PER_PREDICTOR * predictors} are needed"
            )
        if self.r_squared < MIN_R_SQUARED:
            return f"the items explain only {self.r_squared:.1%} of the overall item"
        return None


@dataclass(frozen=True)
class DriverIntervals:
    """Lower and upper limits of the shares and of R², in the order of the predictors."""

    r_squared: tuple[float, float]
    lmg_lower: np.ndarray | None
    lmg_upper: np.ndarray | None
    johnson_lower: np.ndarray
    johnson_upper: np.ndarray
    method: str
    units: int  # schools or responses that were resampled
    level: float


def driver_importance(
    outcome: ArrayLike, *, predictors: ArrayLike, weights: ArrayLike | None = None
) -> DriverImportance:
    """Shares of R² of `outcome` among the columns of `predictors`, over rows valid on all, weighted or not.

    Computed for any size; `refusal` says when not to show it. Not computable: fewer than two complete rows,
    an item everybody answered alike. Predictors that repeat each other share what they bring together.
    Equals the published formulas in R; unweighted LMG equals pingouin.
    """
    moments = complete_moments(_joined(outcome, predictors), weights=weights)
    r = correlation_from_covariance(moments.covariance)
    rxx, rxy = r[1:, 1:], r[1:, 0]
    lmg = lmg_shares(rxx, rxy) if len(rxy) <= MAX_LMG_PREDICTORS else None
    beta = np.linalg.pinv(rxx, hermitian=True) @ rxy
    return DriverImportance(
        r_squared=float(beta @ rxy),
        lmg=lmg,
        johnson=johnson_weights(rxx, rxy),
        standardized_beta=beta,
        correlation=rxy.copy(),
        level=moments.mean[1:],
        n=moments.n,
        n_eff=moments.n_eff,
    )


def lmg_shares(rxx: ArrayLike, rxy: ArrayLike) -> np.ndarray:
    """Shapley value of R² (Lindeman–Merenda–Gold): the mean gain of each predictor over all orders.

    `rxx` (…, p, p): correlations of predictors, `rxy` (…, p): with the outcome; leading dimensions are
    replicates. Result (…, p), summing to R². At most MAX_LMG_PREDICTORS predictors.
    """
    rxx, rxy = np.asarray(rxx, dtype=float), np.asarray(rxy, dtype=float)
    p = rxy.shape[-1]
    if p > MAX_LMG_PREDICTORS:
        raise NumericInputError(f"{p} predictors are too many for all subsets; use Johnson's weights")
    r2 = _r_squared_of_all_subsets(rxx, rxy)
    members = np.array([[mask >> j & 1 for j in range(p)] for mask in range(1 << p)], dtype=bool)
    size = members.sum(axis=1)
    factorial = np.cumprod(np.concatenate([[1.0], np.arange(1, p + 1)]))
    shares = np.empty_like(rxy)
    for j in range(p):
        without = np.flatnonzero(~members[:, j])
        chance = factorial[size[without]] * factorial[p - size[without] - 1] / factorial[p]
        shares[..., j] = (r2[..., without | 1 << j] - r2[..., without]) @ chance
    return shares


def johnson_weights(rxx: ArrayLike, rxy: ArrayLike) -> np.ndarray:
    """Johnson's relative weights (L∘L)(L⁻¹r)² with L = R_xx^{1/2}; shapes as in `lmg_shares`, any p."""
    rxx, rxy = np.asarray(rxx, dtype=float), np.asarray(rxy, dtype=float)
    values, vectors = np.linalg.eigh(rxx)
    values = np.maximum(values, 0.0)
    root = np.sqrt(values)
    # Directions that the predictors do not span explain nothing.
    inverse = np.where(values > 1e-10, 1 / np.where(values > 1e-10, root, 1.0), 0.0)
    half = (vectors * root[..., None, :]) @ np.swapaxes(vectors, -1, -2)
    path = (vectors * inverse[..., None, :]) @ (np.swapaxes(vectors, -1, -2) @ rxy[..., None])
    return ((half**2) @ path**2)[..., 0]


def driver_intervals(
    outcome: ArrayLike,
    *,
    predictors: ArrayLike,
    weights: ArrayLike | None = None,
    clusters: ArrayLike | None = None,
    method: Literal["bootstrap", "jackknife"] = "bootstrap",
    replicates: int = 500,
    seed: int = 1,
    level: float = 0.95,
) -> DriverIntervals:
    """Intervals of the shares by resampling the whole computation.

    `clusters`: school of each row; schools are resampled (schools sampled, or responses of a school depend on
    each other). None resamples responses. "bootstrap": percentile interval of `replicates` draws from `seed`;
    "jackknife": one unit left out at a time, t with units − 1 degrees of freedom (the seed is not used). At
    least 5 units. A draw in which an item does not vary is left out.
    """
    table = _joined(outcome, predictors)
    w = np.ones(len(table)) if weights is None else np.asarray(weights, dtype=float)
    centre = complete_moments(table, weights=w).mean
    complete = ~np.isnan(table).any(axis=1) & (w > 0)
    table, w = table[complete] - centre, w[complete]
    labels = np.arange(len(table)) if clusters is None else np.asarray(clusters)[complete]
    _, unit = np.unique(labels, return_inverse=True)
    units = int(unit.max()) + 1
    if units < 5:
        raise NotComputable(f"{units} schools are too few to resample", code="too_few_clusters")
    if not 0 < level < 1:
        raise NumericInputError(f"the level must lie between 0 and 1, found {level}")
    sums = _unit_sums(table, w, unit, units)
    if method == "bootstrap":
        draws = np.random.default_rng(seed).multinomial(units, np.full(units, 1 / units), size=replicates)
        drawn = draws @ sums
    elif method == "jackknife":
        drawn = sums.sum(axis=0) - sums
    else:
        raise NumericInputError(f"unknown method {method!r}; allowed are bootstrap and jackknife")
    columns = table.shape[1]
    rxx, rxy = _correlations(drawn, columns)
    johnson = johnson_weights(rxx, rxy)
    lmg = lmg_shares(rxx, rxy) if columns - 1 <= MAX_LMG_PREDICTORS else None
    if method == "bootstrap":
        tail = (1 - level) / 2

        def limits(values: np.ndarray) -> np.ndarray:
            return np.quantile(values, [tail, 1 - tail], axis=0)
    else:
        full_rxx, full_rxy = _correlations(sums.sum(axis=0)[None], columns)
        t = stats.t.ppf(0.5 + level / 2, units - 1)

        def limits(values: np.ndarray) -> np.ndarray:
            of = lmg_shares if values is lmg else johnson_weights
            point = of(full_rxx, full_rxy)[0]
            point = point.sum() if values.ndim == 1 else point
            se = np.sqrt((units - 1) / units * ((values - values.mean(axis=0)) ** 2).sum(axis=0))
            return np.array([point - t * se, point + t * se])

    r2_low, r2_high = limits(johnson.sum(axis=1))
    johnson_limits = limits(johnson)
    lmg_limits = (None, None) if lmg is None else limits(lmg)
    return DriverIntervals(
        r_squared=(float(r2_low), float(r2_high)),
        lmg_lower=lmg_limits[0],
        lmg_upper=lmg_limits[1],
        johnson_lower=johnson_limits[0],
        johnson_upper=johnson_limits[1],
        method=method,
        units=units,
        level=level,
    )


def _joined(outcome: ArrayLike, predictors: ArrayLike) -> np.ndarray:
    y, x = np.asarray(outcome, dtype=float), np.asarray(predictors, dtype=float)
    if x.ndim != 2 or x.shape[1] == 0 or y.shape != (len(x),):
        raise NumericInputError("the outcome is one column, the predictors a table with as many rows")
    return np.column_stack([y, x])


def _r_squared_of_all_subsets(rxx: np.ndarray, rxy: np.ndarray) -> np.ndarray:
    """R² of every subset of predictors, indexed by bit mask in the last dimension.

    Walks the tree of subsets and sweeps one predictor out at a time, keeping only the predictors still to
    come and the outcome: about 2^p small updates for all replicates together.
    """
    p = rxy.shape[-1]
    r2 = np.zeros((*rxy.shape[:-1], 1 << p))
    start = np.empty((*rxy.shape[:-1], p + 1, p + 1))
    start[..., :p, :p] = rxx
    start[..., :p, p] = start[..., p, :p] = rxy
    start[..., p, p] = 1.0
    stack = [(0, 0, start)]
    while stack:
        mask, first, left = stack.pop()
        r2[..., mask] = 1 - left[..., -1, -1]
        for offset in range(p - first):
            pivot = left[..., offset, offset]
            # A predictor that the earlier ones explain fully brings nothing new.
            scale = np.where(pivot > 1e-10, 1 / np.where(pivot > 1e-10, pivot, 1.0), 0.0)
            column = left[..., offset + 1 :, offset]
            swept = left[..., offset + 1 :, offset + 1 :] - scale[..., None, None] * (
                column[..., :, None] * column[..., None, :]
            )
            stack.append((mask | 1 << (first + offset), first + offset + 1, swept))
    return r2


def _unit_sums(table: np.ndarray, w: np.ndarray, unit: np.ndarray, units: int) -> np.ndarray:
    """Per unit: Σw, Σw·x, Σw·x·x' flattened; replicates are sums of these rows."""
    products = (table[:, :, None] * table[:, None, :]).reshape(len(table), -1)
    flat = np.column_stack([np.ones(len(table)), table, products]) * w[:, None]
    sums = np.zeros((units, flat.shape[1]))
    np.add.at(sums, unit, flat)
    return sums


def _correlations(sums: np.ndarray, columns: int) -> tuple[np.ndarray, np.ndarray]:
    weight = sums[:, :1]
    mean = sums[:, 1 : columns + 1] / weight
    second = sums[:, columns + 1 :].reshape(-1, columns, columns) / weight[:, :, None]
    covariance = second - mean[:, :, None] * mean[:, None, :]
    variance = np.diagonal(covariance, axis1=1, axis2=2)
    varies = (variance > 1e-12).all(axis=1)
    if not varies.any():
        raise NotComputable("no draw in which every item varies", code="item_without_spread")
    covariance, sd = covariance[varies], np.sqrt(variance[varies])
    r = covariance / (sd[:, :, None] * sd[:, None, :])
    return r[:, 1:, 1:], r[:, 1:, 0]
