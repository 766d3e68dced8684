"""Calibrated weights: post-stratification, and linear, raking and logit calibration to totals.

Every function returns a design whose standard errors know of the adjustment. Source: Holt and Smith 1979;
Deville and Särndal 1992; Deville, Särndal and Sautory 1993; R `survey` 4.1 `postStratify`, `calibrate`,
`rake`, `trimWeights`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy import sparse

from scoring.numeric.auxiliary import AuxiliaryFit, indicator_matrix
from scoring.numeric.design import Adjustment, SurveyDesign
from scoring.numeric.errors import NotComputable, NumericInputError
from scoring.numeric.lines import lines_of
from scoring.numeric.raking import Margin, checked_base, prepare_margins, rake_prepared
from scoring.numeric.variance import sum_by

# Misfit, relative to the size of a total, at which the solution is taken to be exact, and still good enough.
_EXACT, _ENOUGH = 1e-13, 1e-9
_Function = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True)
class CalibrationReport:
    """How an adjustment went: steps (passes or Newton steps), the worst relative misfit, range of g =
    new/old."""

    steps: int
    worst: float
    g_lowest: float
    g_highest: float


def poststratify(
    design: SurveyDesign, cell: Sequence, *, totals: Mapping[str, float]
) -> tuple[SurveyDesign, CalibrationReport]:
    """Weights times T_c / Σ_c w in every post-stratum; exactly the population totals in one step.

    cell: (n,) post-stratum of every row, words; totals: post-stratum → people. A post-stratum of people
    without rows is not computable, one of rows without people refused (collapse them first).
    """
    margin = prepare_margins([Margin("post-strata", cell, totals)], design.weight > 0)[0]
    held = sum_by(margin.codes, design.weight, len(margin.totals))
    factor = np.divide(margin.totals, held, out=np.zeros_like(held), where=held > 0)
    x = indicator_matrix([np.arange(len(factor))])
    return _adjusted(design, x, margin.codes, factor, steps=1, worst=0.0)


def rake_design(design: SurveyDesign, margins: Sequence[Margin]) -> tuple[SurveyDesign, CalibrationReport]:
    """Raked weights with the standard errors of generalised raking (regression on all margin indicators,
    weighted by the weights before raking).

    Rows of the same categories are raked by the same factor, so the cells of the margins are raked, each
    with the mean weight of its rows.
    """
    each = np.ones(len(design))
    start = checked_base(design.weight, each)
    prepared = prepare_margins(margins, each)
    cells = lines_of([margin.codes for margin in prepared])
    of_cells = [replace(margin, codes=margin.codes[cells.example]) for margin in prepared]
    base = cells.sums(start) / cells.rows
    raked = rake_prepared(base, of_cells, counts=cells.rows)
    factor = np.divide(raked.weights, base, out=np.zeros_like(base), where=base > 0)
    x = indicator_matrix([margin.codes for margin in of_cells])
    return _adjusted(design, x, cells.line, factor, steps=raked.passes, worst=raked.worst)


def calibrate(
    design: SurveyDesign,
    auxiliaries: np.ndarray,
    *,
    totals: np.ndarray,
    distance: str = "linear",
    bounds: tuple[float, float] | None = None,
    max_steps: int = 200,
) -> tuple[SurveyDesign, CalibrationReport]:
    """Weights closest to the design's that meet Σ w x = totals.

    auxiliaries: (n, p) numbers without missing values, an intercept if the population size is to be met;
    totals: (p,); distance: "linear" (may give negative weights when unbounded), "raking" (multiplicative)
    or "logit" (needs bounds); bounds: lowest and highest g = new weight / old weight, lower < 1 < upper.
    Not computable when the totals cannot be met within the bounds.
    """
    x, target = np.asarray(auxiliaries, float), np.asarray(totals, float)
    if x.ndim != 2 or len(x) != len(design) or x.shape[1] != len(target):
        raise NumericInputError(
            "calibration needs one total for every auxiliary column and one row per response"
        )
    if not np.isfinite(x).all():
        raise NumericInputError("an auxiliary variable has a missing value; every response needs all of them")
    link, slope = _distance(distance, bounds)
    # g depends on the auxiliaries alone: rows that share them are one cell.
    cells = lines_of(list(x.T))
    x, w = x[cells.example], cells.sums(design.weight)
    scale = np.maximum(np.abs(target), w @ np.abs(x))
    scale = np.where(scale > 0, scale, 1.0)
    xs, ts = x / scale, target / scale
    # Halved steps are safe for smooth distances; with flat stretches whole steps may get through instead.
    for halving in (True, False):
        g, worst, steps = _solve(xs, ts, w, link, slope, max_steps=max_steps, halving=halving)
        if worst <= _ENOUGH:
            break
    else:
        raise NotComputable(
            f"calibration did not converge: a total is still off by {worst:.2%} after {steps} steps; "
            "widen the bounds or drop a control",
            code="calibration_not_converged",
        )
    return _adjusted(design, xs, cells.line, g, steps=steps, worst=worst)


def trim(
    design: SurveyDesign,
    *,
    lower: float | None = None,
    upper: float | None = None,
    until_inside: bool = False,
    max_rounds: int = 10_000,
) -> SurveyDesign:
    """Weights cut to lower..upper, the cut mass shared equally (added) among the rows that were inside.

    As R's `trimWeights`; with `until_inside` repeated while sharing pushes rows outside (`strict`).
    Breaks margins: for comparison, the product trims with `trimming.trim_and_rake`. The new weights count
    as fixed. Not computable when no row is left inside.
    """
    low = -np.inf if lower is None else float(lower)
    high = np.inf if upper is None else float(upper)
    if low > high:
        raise NumericInputError(f"the lower bound {low:g} of the weights exceeds the upper bound {high:g}")
    w = design.weight.copy()
    for _ in range(max_rounds):
        outside = (w < low) | (w > high)
        if not outside.any():
            break
        if outside.all():
            raise NotComputable("every weight lies outside the trimming bounds", code="trimming_impossible")
        cut = np.clip(w, low, high)
        cut[~outside] += (w - cut).sum() / (~outside).sum()
        w = cut
        if not until_inside:
            break
    else:
        raise NotComputable(
            "trimming did not come to an end; widen the bounds", code="trimming_not_converged"
        )
    return design.with_weights(w)


def _adjusted(
    design: SurveyDesign,
    x: np.ndarray | sparse.spmatrix,
    cell: np.ndarray,
    g: np.ndarray,
    *,
    steps: int,
    worst: float,
) -> tuple[SurveyDesign, CalibrationReport]:
    """Weights times g (c,) of their cell, whose auxiliaries are x (c, p)."""
    weights = design.weight * g[cell]
    used = g[np.unique(cell[design.weight > 0])]
    report = CalibrationReport(steps, worst, float(used.min()), float(used.max()))
    fit = AuxiliaryFit(x, design.weight, cell)
    return design.with_weights(weights, Adjustment(fit, weights)), report


def _solve(
    x: np.ndarray,
    totals: np.ndarray,
    w: np.ndarray,
    link: _Function,
    slope: _Function,
    *,
    max_steps: int,
    halving: bool,
) -> tuple[np.ndarray, float, int]:
    """(g, worst misfit relative to the columns' scale, steps) of Newton's method for Σ w g(x'η) x = T."""
    eta = np.zeros(x.shape[1])
    g = link(x @ eta)
    misfit = totals - x.T @ (w * g)
    for step in range(max_steps):
        if np.abs(misfit).max() <= _EXACT:
            return g, float(np.abs(misfit).max()), step
        gram = (x * (w * slope(x @ eta))[:, None]).T @ x
        change = np.linalg.pinv(gram, rcond=1e-13, hermitian=True) @ misfit
        length = 1.0
        while True:
            trial = link(x @ (eta + length * change))
            after = totals - x.T @ (w * trial)
            better = np.isfinite(after).all() and (not halving or after @ after < misfit @ misfit)
            if better or length < 1e-8:
                break
            length /= 2
        if not better:
            return g, float(np.abs(misfit).max()), step
        eta, g, misfit = eta + length * change, trial, after
    return g, float(np.abs(misfit).max()), max_steps


def _distance(distance: str, bounds: tuple[float, float] | None) -> tuple[_Function, _Function]:
    """g as a function of x'η and its derivative (Deville and Särndal 1992, table 1)."""
    low, high = (-np.inf, np.inf) if bounds is None else (float(bounds[0]), float(bounds[1]))
    if bounds is not None and not low < 1 < high:
        raise NumericInputError(f"bounds on g must enclose 1; they are {low:g} to {high:g}")
    if distance == "linear":
        return (
            lambda u: np.clip(1 + u, low, high),
            lambda u: ((1 + u > low) & (1 + u < high)).astype(float),
        )
    if distance == "raking":
        return (
            lambda u: np.clip(np.exp(np.minimum(u, 700)), low, high),
            lambda u: np.where(
                (np.exp(np.minimum(u, 700)) > low) & (u < _log(high)), np.exp(np.minimum(u, 700)), 0.0
            ),
        )
    if distance == "logit":
        if bounds is None or not np.isfinite([low, high]).all():
            raise NumericInputError("logit calibration needs a lower and an upper bound for g")
        a = (high - low) / ((high - 1) * (1 - low))

        def link(u: np.ndarray) -> np.ndarray:
            e = np.exp(np.clip(a * u, -700, 700))
            return (low * (high - 1) + high * (1 - low) * e) / (high - 1 + (1 - low) * e)

        def slope(u: np.ndarray) -> np.ndarray:
            e = np.exp(np.clip(a * u, -300, 300))
            return a * (1 - low) * (high - 1) * (high - low) * e / (high - 1 + (1 - low) * e) ** 2

        return link, slope
    raise NumericInputError(f"distance '{distance}' is unknown; allowed are linear, raking, logit")


def _log(value: float) -> float:
    return np.inf if np.isinf(value) else float(np.log(value))
