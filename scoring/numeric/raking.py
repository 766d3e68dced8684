"""Weights that meet known margins: raking.

Works on rows and on cells alike: `counts` are the responses that carry each weight. Source: Deming and
Stephan 1940; Deville, Särndal and Sautory 1993; Potter 1990; Kolenikov 2014.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import sparse

from scoring.numeric.auxiliary import indicator_matrix
from scoring.numeric.errors import NotComputable, NumericInputError
from scoring.numeric.expression import as_word
from scoring.numeric.variance import sum_by

TOLERANCE = 1e-8
MAX_PASSES = 500


@dataclass(frozen=True)
class Margin:
    """One margin: its name, the category of every row or cell (words or codes), and category → people."""

    name: str
    category: Sequence
    totals: Mapping[str, float]


@dataclass(frozen=True)
class RakedWeights:
    """weights after raking; passes used; worst: largest |Σ w n / T − 1| over all categories (≤ tolerance);
    g_lowest, g_highest: range of weight / base weight over rows or cells that carry responses."""

    weights: np.ndarray
    passes: int
    worst: float
    g_lowest: float
    g_highest: float


@dataclass(frozen=True)
class PreparedMargin:
    """A margin with categories as codes; totals (K,) in the order of `names`."""

    name: str
    names: tuple[str, ...]
    codes: np.ndarray
    totals: np.ndarray


def prepare_margins(
    margins: Sequence[Margin], responses: np.ndarray, *, relative: float = 1e-6
) -> list[PreparedMargin]:
    """Codes and totals of margins, after checking that they can be met.

    responses: (g,) responses per row or cell; those without responses may have any category. Refused:
    margins whose totals disagree (relative difference above 1e-6), a row without a category, a category
    with responses and a total of 0 or none. Not computable: a category of people without any response
    (collapse it with a neighbour).
    """
    if not margins:
        raise NumericInputError("raking needs at least one margin")
    held = np.asarray(responses, float)
    prepared = [_prepare(margin, held) for margin in margins]
    sums = {margin.name: float(margin.totals.sum()) for margin in prepared}
    largest, smallest = max(sums, key=lambda k: sums[k]), min(sums, key=lambda k: sums[k])
    if sums[largest] - sums[smallest] > relative * sums[largest]:
        raise NumericInputError(
            f"the margins describe different populations: '{largest}' adds to {sums[largest]:g}, "
            f"'{smallest}' to {sums[smallest]:g}; correct the population controls"
        )
    return prepared


def rake(
    base: np.ndarray,
    margins: Sequence[Margin],
    *,
    counts: np.ndarray | None = None,
    tolerance: float = TOLERANCE,
    max_passes: int = MAX_PASSES,
) -> RakedWeights:
    """Iterative proportional fitting of base weights to margins.

    base: (g,) weights per response before raking; counts: (g,) responses per cell (None: one per row).
    Stops when every category's weighted count is within `tolerance` of its total, relatively. Not
    computable when it has not converged after `max_passes`, or when ten passes improve the worst category
    by less than 1%: then structural zeros make the margins incompatible, and half-raked weights are never
    returned.
    """
    n = np.ones(len(base)) if counts is None else np.asarray(counts, float)
    start = checked_base(base, n)
    return rake_prepared(
        start, prepare_margins(margins, n), counts=n, tolerance=tolerance, max_passes=max_passes
    )


def rake_prepared(
    start: np.ndarray,
    prepared: Sequence[PreparedMargin],
    *,
    counts: np.ndarray,
    tolerance: float = TOLERANCE,
    max_passes: int = MAX_PASSES,
) -> RakedWeights:
    """The same for margins that are prepared and base weights that are checked."""
    n = counts
    weights = start.copy()
    history: list[float] = []
    while True:
        worst = worst_margin(weights * n, prepared)
        history.append(worst)
        if worst <= tolerance:
            break
        stalled = len(history) > 10 and history[-11] * 0.99 < worst
        if len(history) > max_passes or stalled:
            # Slow is not impossible: the same weights by Newton's method, if they exist.
            found = _newton(start, n, prepared, tolerance)
            if found is None:
                raise NotComputable(
                    f"raking did not converge: after {len(history) - 1} passes a category is off by "
                    f"{worst:.2%}. These responses cannot meet all margins; drop or collapse the least "
                    "important one",
                    code="raking_not_converged",
                )
            weights, worst = found, worst_margin(found * n, prepared)
            break
        for margin in prepared:
            weighted = sum_by(margin.codes, weights * n, len(margin.totals))
            factor = np.divide(margin.totals, weighted, out=np.zeros_like(weighted), where=weighted > 0)
            weights *= factor[margin.codes]
    used = (n > 0) & (start > 0)
    g = weights[used] / start[used]
    return RakedWeights(weights, len(history) - 1, worst, float(g.min()), float(g.max()))


def _newton(
    start: np.ndarray, n: np.ndarray, margins: Sequence[PreparedMargin], tolerance: float
) -> np.ndarray | None:
    """Weights start · exp(x'η) that meet the margins, or None: where structural zeros stand in the way, η
    runs off to infinity and some weight to nothing, which is no solution."""
    x = indicator_matrix([margin.codes for margin in margins])
    totals = np.concatenate([margin.totals for margin in margins])
    eta = np.zeros(x.shape[1])
    weights = start.copy()
    for _ in range(60):
        gram = (x.T @ sparse.diags(weights * n) @ x).toarray()
        change = np.linalg.pinv(gram, rcond=1e-12, hermitian=True) @ (totals - x.T @ (weights * n))
        worst = worst_margin(weights * n, margins)
        for halving in range(30):
            trial = start * np.exp(np.clip(x @ (eta + change / 2**halving), -50, 50))
            if worst_margin(trial * n, margins) < worst:
                break
        else:
            return None
        eta, weights = eta + change / 2**halving, trial
        if worst_margin(weights * n, margins) <= tolerance:
            lowest = (weights[start > 0] / start[start > 0]).min()
            return weights if lowest > 1e-6 else None
    return None


def worst_margin(weighted: np.ndarray, margins: Sequence[PreparedMargin]) -> float:
    """Largest |Σ weighted / T − 1| over the categories of all margins that have people."""
    worst = 0.0
    for margin in margins:
        reached = sum_by(margin.codes, weighted, len(margin.totals))
        people = margin.totals > 0
        worst = max(worst, float(np.abs(reached[people] / margin.totals[people] - 1).max(initial=0.0)))
    return worst


def margin_warnings(
    margins: Sequence[Margin],
    *,
    group: np.ndarray | None = None,
    counts: np.ndarray | None = None,
    smallest: int = 30,
    smallest_share: float = 0.05,
    most_margins: int = 4,
) -> tuple[str, ...]:
    """Sentences about margins that raking should rather not use (Valliant, Dever and Kreuter 2018).

    A category is thin with fewer than `smallest` responses and less than `smallest_share` of its group's
    (audience's; None: of all); more than `most_margins` margins mostly add variance. Empty when all is
    well.
    """
    first = np.asarray(margins[0].category) if margins else np.array([])
    n = np.ones(len(first)) if counts is None else np.asarray(counts, float)
    words = np.full(len(n), "") if group is None else np.asarray(group, dtype=str)
    found = []
    if len(margins) > most_margins:
        found.append(f"{len(margins)} margins are many; more than {most_margins} mostly add variance")
    of_group = pd.Series(n).groupby(words).sum()
    for margin in prepare_margins(margins, n):
        held = sum_by(margin.codes, n, len(margin.totals))
        for k in np.flatnonzero(held > 0):
            whole = of_group[words[margin.codes == k][0]]
            if held[k] < smallest and held[k] < smallest_share * whole:
                found.append(f"margin '{margin.name}': only {held[k]:.0f} responses in '{margin.names[k]}'")
    return tuple(found)


def _prepare(margin: Margin, held: np.ndarray) -> PreparedMargin:
    words = margin.category
    codes, found = pd.factorize(words if isinstance(words, pd.Categorical) else np.asarray(words))
    if len(codes) != len(held):
        raise NumericInputError(f"margin '{margin.name}' has {len(codes)} entries for {len(held)} rows")
    missing = (codes < 0) & (held > 0)
    if missing.any():
        row = int(np.flatnonzero(missing)[0])
        raise NumericInputError(f"margin '{margin.name}': row {row + 1} has responses but no category")
    known = {as_word(key): float(value) for key, value in margin.totals.items()}
    names = [as_word(value) for value in found]
    if (codes < 0).any():
        # Rows without responses may lack a category; they form one of nobody.
        codes = np.where(codes < 0, len(names), codes)
        names.append("(none)")
    names += [name for name in known if name not in set(names)]
    totals = np.array([known.get(name, 0.0) for name in names])
    if not np.isfinite(totals).all() or (totals < 0).any():
        raise NumericInputError(f"margin '{margin.name}': a total is not a number of people")
    responses = sum_by(codes, held, len(names))
    for k, name in enumerate(names):
        if responses[k] > 0 and totals[k] == 0:
            raise NumericInputError(
                f"margin '{margin.name}': {responses[k]:g} responses in '{name}', whose population is 0; "
                f"categories with people: {', '.join(sorted(k for k, v in known.items() if v > 0))}"
            )
        if responses[k] == 0 and totals[k] > 0:
            raise NotComputable(
                f"margin '{margin.name}': nobody answered in '{name}' ({totals[k]:g} people); "
                "collapse it with a neighbouring category",
                code="empty_margin_category",
            )
    return PreparedMargin(margin.name, tuple(names), codes, totals)


def checked_base(base: np.ndarray, n: np.ndarray) -> np.ndarray:
    """Base weights (g,), 0 where n says that nobody answered; anything but numbers from 0 is refused."""
    start = np.asarray(base, float).copy()
    if len(start) != len(n):
        raise NumericInputError("base weights and counts must have one entry per row")
    start[n == 0] = 0.0
    if not np.isfinite(start).all() or (start < 0).any():
        raise NumericInputError("base weights must be numbers, 0 or more")
    return start
