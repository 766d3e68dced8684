"""Weights per cell: collapsing of small cells, population per response, and what unequal weights cost."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite

import numpy as np

from scoring.numeric.errors import NumericInputError
from scoring.numeric.variance import sum_by

MINIMUM_CELL = 5


@dataclass(frozen=True)
class Merge:
    """Cells that share one weight, and why."""

    audience: str
    location: str  # "all" when classes had to be merged
    stratum: str
    cells: tuple[str, ...]
    people: float
    responses: int
    reason: str  # "small_cells", "small_class", "small_audience"


@dataclass(frozen=True)
class CollapsedCells:
    """Stratum, its population and responses, and the weight of every cell, in the order of the input.

    weight = stratum_population / stratum_responses; nan where a whole audience has no response (its
    estimate is not computable, the others are unaffected).
    """

    stratum: np.ndarray
    stratum_population: np.ndarray
    stratum_responses: np.ndarray
    weight: np.ndarray
    merges: tuple[Merge, ...]
    minimum: int


def collapse_cells(
    audience: Sequence[str],
    *,
    location: Sequence[str],
    cell: Sequence[str],
    population: Sequence[float],
    responses: Sequence[int],
    minimum: int = MINIMUM_CELL,
    largest_weight_ratio: float | None = None,
) -> CollapsedCells:
    """Pool cells too small to carry a weight, by one stated rule, and weight the result.

    1. Inside audience × class all cells with fewer than `minimum` responses form one pool; while the pool
       has fewer than `minimum`, the smallest remaining cell (ties by cell id) joins. Empty cells bring
       their people.
    2. An audience × class that is still below joins "<audience>:all:pool"; if that is still below, the
       audience's smallest other stratum joins, until it is not or none is left.
    3. With `largest_weight_ratio`, a cell whose people per response exceed that multiple of its
       audience's is treated as too small as well (5 is the usual choice); None, the default, does not.

    population: people (N); responses: all responses (n), both per cell. Cells of nobody (N = 0, n = 0)
    are kept and carry nothing. Refused: negative or missing figures, responses in a cell of nobody that
    stays alone, the same cell twice. Source: Kalton and Flores-Cervantes 2003; the order of steps is the
    product's rule.
    """
    who = np.asarray(audience, dtype=str)
    where = np.asarray(location, dtype=str)
    which = np.asarray(cell, dtype=str)
    people = np.asarray(population, float)
    n = np.asarray(responses)
    _check_cells(who, where, which, people, n)
    n = n.astype(int)
    small = n < minimum
    if largest_weight_ratio is not None:
        small |= _heavy(who, people, n, largest_weight_ratio)

    members: dict[str, list[int]] = {}
    stratum_of: dict[tuple[str, str], str] = {}
    reasons: dict[str, str] = {}
    for a in dict.fromkeys(who):
        leftovers: list[int] = []
        for h in dict.fromkeys(where[who == a]):
            inside = np.flatnonzero((who == a) & (where == h))
            pool, alone = _pool(inside, small, n, which, minimum)
            if pool and n[pool].sum() < minimum:
                leftovers += pool
                pool = []
            if pool:
                members[f"{a}:{h}:pool"] = pool
                reasons[f"{a}:{h}:pool"] = "small_cells"
            for c in alone:
                members[f"{a}:{h}:{which[c]}"] = [c]
                stratum_of[a, f"{a}:{h}:{which[c]}"] = h
            if pool:
                stratum_of[a, f"{a}:{h}:pool"] = h
        if leftovers:
            name = f"{a}:all:pool"
            reasons[name] = "small_class"
            while n[leftovers].sum() < minimum:
                others = [s for (owner, s) in stratum_of if owner == a and s in members]
                if not others:
                    reasons[name] = "small_audience"
                    break
                smallest = min(others, key=lambda s: (n[members[s]].sum(), s))
                leftovers += members.pop(smallest)
            members[name] = leftovers
    return _weighted(who, where, which, people, n, members, reasons, minimum)


def _check_cells(
    who: np.ndarray, where: np.ndarray, which: np.ndarray, people: np.ndarray, n: np.ndarray
) -> None:
    if not len({len(who), len(where), len(which), len(people), len(n)}) == 1:
        raise NumericInputError(
            "audience, class, cell, population and responses must have one entry per cell"
        )
    # Plain lists: looking at arrays one entry at a time costs more than the whole rule.
    seen: set[tuple[str, str, str]] = set()
    places = zip(who.tolist(), where.tolist(), which.tolist(), strict=True)
    for key, size, answers in zip(places, people.tolist(), n.tolist(), strict=True):
        label = " / ".join(key)
        if key in seen:
            raise NumericInputError(f"cell {label} is given twice; add its figures together first")
        seen.add(key)
        if not isfinite(size) or size < 0:
            raise NumericInputError(
                f"cell {label}: the population must be a number of people, 0 or more; it is {size}"
            )
        if not isfinite(answers) or answers < 0 or answers != int(answers):
            raise NumericInputError(
                f"cell {label}: responses must be a whole number, 0 or more; it is {answers}"
            )


def _heavy(who: np.ndarray, people: np.ndarray, n: np.ndarray, ratio: float) -> np.ndarray:
    heavy = np.zeros(len(n), bool)
    for a in dict.fromkeys(who):
        mine = who == a
        if n[mine].sum() == 0:
            continue
        typical = people[mine].sum() / n[mine].sum()
        heavy |= mine & (people > ratio * typical * np.maximum(n, 1e-300))
    return heavy


def _pool(
    inside: np.ndarray, small: np.ndarray, n: np.ndarray, which: np.ndarray, minimum: int
) -> tuple[list[int], list[int]]:
    """(cells that share a weight, cells that stand alone) of one audience × class."""
    pool = [c for c in inside if small[c]]
    alone = sorted((c for c in inside if not small[c]), key=lambda c: (n[c], which[c]))
    while pool and alone and n[pool].sum() < minimum:
        pool.append(alone.pop(0))
    return pool, alone


def _weighted(
    who: np.ndarray,
    where: np.ndarray,
    which: np.ndarray,
    people: np.ndarray,
    n: np.ndarray,
    members: Mapping[str, list[int]],
    reasons: Mapping[str, str],
    minimum: int,
) -> CollapsedCells:
    size = len(n)
    stratum = np.empty(size, dtype=object)
    population, responses = np.zeros(size), np.zeros(size, int)
    merges = []
    for name, cells in members.items():
        alone = len(cells) == 1
        total = people[cells[0]] if alone else people[cells].sum()
        count = int(n[cells[0]] if alone else n[cells].sum())
        if count > 0 and total == 0:
            c = cells[0]
            raise NumericInputError(
                f"{who[c]} / {where[c]}: {count} responses came from a cell whose population is given as 0; "
                "correct the population control"
            )
        at = cells[0] if alone else cells
        stratum[at], population[at], responses[at] = name, total, count
        if name in reasons and (len(cells) > 1 or reasons[name] != "small_cells"):
            places = list(dict.fromkeys(where[cells]))
            merges.append(
                Merge(
                    audience=str(who[cells[0]]),
                    location=str(places[0]) if reasons[name] == "small_cells" else "all",
                    stratum=name,
                    cells=tuple(sorted(f"{where[c]}:{which[c]}" for c in cells)),
                    people=float(total),
                    responses=count,
                    reason=reasons[name],
                )
            )
    with np.errstate(divide="ignore", invalid="ignore"):
        weight = np.where(responses > 0, population / responses, np.nan)
    return CollapsedCells(stratum, population, responses, weight, tuple(merges), minimum)


@dataclass(frozen=True)
class WeightReport:
    """What unequal weights cost.

    n: responses of positive weight; n_eff: Kish effective sample size (Σw)²/Σw²; deff_w: n/n_eff = 1 + cv²;
    cv2: relative variance of the weights; sum, sum_sq, min, max, median of the weights, per response.
    """

    n: float
    n_eff: float
    deff_w: float
    cv2: float
    sum: float
    sum_sq: float
    min: float
    max: float
    median: float

    @property
    def warnings(self) -> tuple[str, ...]:
        """Stable words: "weighting_deff_above_2", "largest_weight_above_6_medians", "negative_weights"."""
        found = []
        if self.min < 0:
            found.append("negative_weights")
        if self.deff_w > 2:
            found.append("weighting_deff_above_2")
        if self.max > 6 * self.median:
            found.append("largest_weight_above_6_medians")
        return tuple(found)


def kish(weights: np.ndarray, counts: np.ndarray | None = None) -> WeightReport:
    """Kish's effective sample size and the design effect of weighting, from rows or from cells.

    weights: (g,) of any scale, some negative after an unbounded linear calibration; counts: responses that
    carry each weight (None: one each). Weights of 0 and counts of 0 do not count as responses. Refused if
    nothing is left, or if the weights do not add to something positive.
    Source: Kish 1965 §11.7; Kish 1992.

    >>> kish(np.array([1.0, 1.0, 2.0])).n_eff
    2.6666666666666665
    """
    w = np.asarray(weights, float)
    m = np.ones_like(w) if counts is None else np.asarray(counts, float)
    used = (m > 0) & (w != 0)
    w, m = w[used], m[used]
    if not len(w):
        raise NumericInputError("there are no weighted responses to describe")
    if not np.isfinite(w).all() or (m * w).sum() <= 0:
        raise NumericInputError("weights must be finite numbers with a positive sum")
    n, total, squares = m.sum(), (m * w).sum(), (m * w * w).sum()
    n_eff = total**2 / squares
    if counts is None:
        median = np.median(w)
    else:
        order = np.argsort(w)
        below = np.cumsum(m[order])
        # The ordinary median: mean of the two middle weights when n is even.
        lower = w[order][np.searchsorted(below, (n - 1) // 2, side="right")]
        upper = w[order][min(np.searchsorted(below, n // 2, side="right"), len(w) - 1)]
        median = (lower + upper) / 2
    return WeightReport(
        n=float(n),
        n_eff=float(n_eff),
        deff_w=float(n / n_eff),
        cv2=float(n / n_eff - 1),
        sum=float(total),
        sum_sq=float(squares),
        min=float(w.min()),
        max=float(w.max()),
        median=float(median),
    )


def weights_by_share(
    group: np.ndarray, counts: np.ndarray, shares: Mapping[str, float], *, total: float = 1.0
) -> np.ndarray:
    """Weight of every cell so that each group's responses add to its share of `total`.

    group: (g,) words; counts: responses per cell; shares: group → share, adding to 1 (not checked:
    differences of groups use negative shares). Equal audiences are equal shares. A group of positive
    share without responses is refused.
    """
    names, codes = np.unique(np.asarray(group, dtype=str), return_inverse=True)
    held = sum_by(codes, np.asarray(counts, float), len(names))
    known = {str(key): value for key, value in shares.items()}
    for name, share in known.items():
        if share and (name not in names or held[names == name].sum() == 0):
            raise NumericInputError(f"'{name}' has a share of {share:g} but no response")
    of_group = np.array([known.get(str(name), 0.0) for name in names])
    return total * (of_group / np.where(held > 0, held, 1))[codes]
