"""One kernel for every linearised variance, from rows and from tallies alike.

A *group* holds one or more sampling units of one stratum. A row, or a school taken as a whole, is a group
of one unit; a tally cell whose responses are the units is a group of n units of which only the sum and the
scatter within the cell are known. Between and within are added separately, so that nothing is lost to
cancellation and unanimous answers give exactly zero.

Source: Särndal, Swensson and Wretman 1992, ch. 4 and 5; Binder 1983; the single-unit rules are those of
R `survey` 4.1 (`survey.lonely.psu`).
"""

from collections.abc import Sequence

import numpy as np
from scipy import sparse

from scoring.numeric.errors import NotComputable, NumericInputError

SINGLE_UNIT_RULES = ("fail", "adjust", "certainty", "remove", "average")
# Below this share of unsampled units a stratum counts as observed completely (as in R `survey`).
_CENSUS = 1e-7
SMALL = 100_000


def sum_by(codes: np.ndarray, values: np.ndarray, size: int) -> np.ndarray:
    """Sums of `values` (g,) or (g, k) over groups of equal code 0..size-1; a code without rows gives 0."""
    if size == len(codes) and (codes == np.arange(size)).all():
        return np.asarray(values, float)
    if values.ndim == 1:
        return np.bincount(codes, weights=values, minlength=size)
    if values.shape[1] <= 4:
        columns = [np.bincount(codes, weights=column, minlength=size) for column in values.T]
        return np.stack(columns, axis=1) if columns else np.zeros((size, 0))
    g = len(codes)
    if values.size <= SMALL:  # a county page's arrays: building a sparse matrix costs more than the sums
        sums = np.zeros((size, values.shape[1]))
        np.add.at(sums, codes, values)
        return sums
    indicator = sparse.csr_matrix((np.ones(g), (codes, np.arange(g))), shape=(size, g))
    return indicator @ values


def stratum_scale(
    units: np.ndarray,
    population: np.ndarray | None = None,
    *,
    multiplier: np.ndarray | None = None,
    single_unit: str = "fail",
    names: Sequence | np.ndarray | None = None,
) -> np.ndarray:
    """Factor (1 - f) n / (n - 1) of each stratum's sum of squares, times `multiplier`.

    units: sampling units n observed per stratum; population: units N in each stratum (`inf`, or None for all:
    sampled with replacement). A stratum observed completely gives 0, also with one unit. A stratum of one
    unit gives 1 - f under "adjust", 0 under "certainty" and "remove", nan (to be averaged) under "average",
    and is refused under "fail".
    """
    if single_unit not in SINGLE_UNIT_RULES:
        raise NumericInputError(
            f"single-unit rule '{single_unit}' is unknown; allowed are {', '.join(SINGLE_UNIT_RULES)}"
        )
    units = np.asarray(units, float)
    unsampled = np.ones_like(units)
    if population is not None:
        population = np.asarray(population, float)
        over = units > population * (1 + 1e-9)
        if over.any():
            h = int(np.flatnonzero(over)[0])
            raise NumericInputError(
                f"stratum {_name(names, h)}: {units[h]:.0f} units were observed but the population is "
                f"given as {population[h]:g}; the finite population correction needs at least as many"
            )
        finite = np.isfinite(population)
        unsampled[finite] = 1 - units[finite] / population[finite]
    unsampled[unsampled < _CENSUS] = 0.0
    several = units > 1
    scale = np.where(several, unsampled * units / np.where(several, units - 1, 1), 0.0)
    lonely = (units == 1) & (unsampled > 0)
    if lonely.any():
        if single_unit == "fail":
            h = int(np.flatnonzero(lonely)[0])
            raise NotComputable(
                f"stratum {_name(names, h)} has only one sampling unit, so its variance cannot be estimated; "
                "merge it with its nearest neighbour or state a rule for single units",
                code="single_unit_stratum",
            )
        if single_unit == "adjust":
            scale[lonely] = unsampled[lonely]
        elif single_unit == "average":
            scale[lonely] = np.nan
    return scale if multiplier is None else scale * multiplier


def stratified_covariance(
    totals: np.ndarray,
    *,
    stratum: np.ndarray,
    units: np.ndarray,
    n_strata: int,
    scale: np.ndarray,
    within: np.ndarray | None = None,
    single_unit: str = "fail",
    covariance: bool = True,
) -> np.ndarray:
    """Covariance matrix (k, k) of k estimates, or with `covariance=False` their variances (k,).

    totals: (g, k) sums of the weighted linearised values over each group of sampling units; stratum: (g,)
    codes 0..n_strata-1; units: (g,) sampling units in the group (groups of none are ignored); scale:
    (n_strata,) from `stratum_scale`; within: sums of squared deviations from the group's mean, None if
    every group is one unit; (g, k) if the deviations inside a group are uncorrelated between the columns,
    which holds when each group contributes to at most one of them, else (g, k, k) with the products
    (covariance=True only).
    """
    totals = np.asarray(totals, float)
    units = np.asarray(units, float)
    held = sum_by(stratum, units, n_strata)
    stratum_mean = sum_by(stratum, totals, n_strata) / np.where(held > 0, held, 1)[:, None]
    if single_unit == "adjust":
        stratum_mean[held == 1] = 0.0
    averaged = np.isnan(scale)
    usable = np.where(averaged, 0.0, scale)
    filled = units > 0
    deviation = totals / np.where(filled, units, 1)[:, None] - stratum_mean[stratum]
    deviation *= np.sqrt(usable[stratum] * np.where(filled, units, 0))[:, None]
    if covariance:
        result = deviation.T @ deviation
        if within is not None and within.ndim == 3:
            result += np.einsum("g,gkl->kl", usable[stratum], within)
        elif within is not None:
            result[np.diag_indices_from(result)] += usable[stratum] @ within
    else:
        result = np.einsum("gk,gk->k", deviation, deviation)
        if within is not None:
            result = result + usable[stratum] @ within
    if averaged.any():
        observed = (held > 0).sum()
        if averaged.sum() == observed:
            raise NotComputable("every stratum has only one sampling unit", code="single_unit_stratum")
        result = result * observed / (observed - averaged.sum())
    return result


def _name(names: Sequence | np.ndarray | None, index: int) -> str:
    return f"'{names[index]}'" if names is not None else f"number {index + 1}"
