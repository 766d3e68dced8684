"""Shares counted without weights: one school's parents, one class, one township.

Wilson for reading, Clopper–Pearson where a guarantee is asked, the others because statisticians compare with
them. All take counts, work on whole columns at once, and behave at 0 of n, n of n and n = 1. Nobody asked
(n = 0) is *not computable*, never 0.

Sources: Wilson 1927; Clopper and Pearson 1934; Newcombe 1998 (method 4); Agresti and Coull 1998;
Brown, Cai and DasGupta 2001; Buonaccorsi 1987 (finite population).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from scoring.numeric.errors import NotComputable, NumericInputError

Number = float | np.ndarray


@dataclass(frozen=True)
class Bounds:
    """Lower and upper limit, shares 0–1 (or counts where the function says so)."""

    lower: Number
    upper: Number


@dataclass(frozen=True)
class ShareTest:
    """Two one-sided tests of one unweighted share against a threshold."""

    estimate: float
    p_exact_greater: float  # P(at least so many | share = threshold): small speaks for "met"
    p_exact_less: float
    z_score: float
    p_score_greater: float
    lower_one_sided: float  # Clopper–Pearson, 1 − alpha
    upper_one_sided: float
    verdict: Literal["met", "not_met", "undetermined"]


def wilson(successes: ArrayLike, *, n: ArrayLike, level: float = 0.95) -> Bounds:
    """Wilson score interval, two-sided. At 0 of n the lower limit is 0, at n of n the upper limit is 1.

    >>> wilson(17, n=20).lower.round(4)
    np.float64(0.6396)
    """
    x, n = _counts(successes, n)
    return _wilson(x, n, _two_sided_z(level))


def wilson_one_sided(successes: ArrayLike, *, n: ArrayLike, level: float = 0.95) -> Bounds:
    """Lower and upper Wilson limits, each one-sided at `level`; not an interval at that level."""
    x, n = _counts(successes, n)
    return _wilson(x, n, stats.norm.ppf(_checked_level(level)))


def wilson_continuity_corrected(successes: ArrayLike, *, n: ArrayLike, level: float = 0.95) -> Bounds:
    """Wilson interval with continuity correction (Newcombe 1998, method 4)."""
    x, n = _counts(successes, n)
    z = _two_sided_z(level)
    p, q, z2 = x / n, 1 - x / n, z**2
    low = np.sqrt(np.maximum(z2 - 2 - 1 / n + 4 * p * (n * q + 1), 0))
    high = np.sqrt(np.maximum(z2 + 2 - 1 / n + 4 * p * (n * q - 1), 0))
    lower = (2 * n * p + z2 - 1 - z * low) / (2 * (n + z2))
    upper = (2 * n * p + z2 + 1 + z * high) / (2 * (n + z2))
    return _clipped(np.where(x == 0, 0.0, lower), np.where(x == n, 1.0, upper))


def clopper_pearson(successes: ArrayLike, *, n: ArrayLike, level: float = 0.95) -> Bounds:
    """Exact binomial interval: covers at least `level` whatever the true share is. Counts may be fractional
    (effective numbers), then "exact" holds only in name."""
    x, n = _counts(successes, n)
    return _clopper_pearson(x, n, (1 - _checked_level(level)) / 2)


def clopper_pearson_one_sided(successes: ArrayLike, *, n: ArrayLike, level: float = 0.95) -> Bounds:
    """Lower and upper exact limits, each one-sided at `level`."""
    x, n = _counts(successes, n)
    return _clopper_pearson(x, n, 1 - _checked_level(level))


def agresti_coull(successes: ArrayLike, *, n: ArrayLike, level: float = 0.95) -> Bounds:
    """Agresti–Coull interval (z²/2 answers added on either side), clipped to 0–1."""
    x, n = _counts(successes, n)
    z = _two_sided_z(level)
    added = n + z**2
    centre = (x + z**2 / 2) / added
    half = z * np.sqrt(centre * (1 - centre) / added)
    return _clipped(centre - half, centre + half)


def jeffreys(successes: ArrayLike, *, n: ArrayLike, level: float = 0.95) -> Bounds:
    """Equal-tailed posterior interval under Beta(½, ½). The limits at 0 of n and n of n are *not* moved to
    0 and 1 (Brown, Cai and DasGupta move them)."""
    x, n = _counts(successes, n)
    tail = (1 - _checked_level(level)) / 2
    return _clipped(
        stats.beta.ppf(tail, x + 0.5, n - x + 0.5), stats.beta.ppf(1 - tail, x + 0.5, n - x + 0.5)
    )


def wald(successes: ArrayLike, *, n: ArrayLike, level: float = 0.95) -> Bounds:
    """p ± z √(p(1−p)/n), clipped to 0–1: for comparison only. Has no width at 0 and 1 and misses far more
    often than it says above 0.8."""
    x, n = _counts(successes, n)
    p = x / n
    half = _two_sided_z(level) * np.sqrt(p * (1 - p) / n)
    return _clipped(p - half, p + half)


UNWEIGHTED_INTERVALS = {
    "wilson": wilson,
    "clopper_pearson": clopper_pearson,
    "agresti_coull": agresti_coull,
    "jeffreys": jeffreys,
    "wald": wald,
    "wilson_continuity_corrected": wilson_continuity_corrected,
    "wilson_one_sided": wilson_one_sided,
}


def finite_population_interval(successes: int, *, n: int, population: int, level: float = 0.95) -> Bounds:
    """Exact interval for the *number* satisfied among `population` people, n of whom were asked at random.

    Tail inversion of the hypergeometric distribution: lower = smallest M with P(X ≥ x | M) > α/2, upper =
    largest M with P(X ≤ x | M) > α/2. Divide by `population` for shares. When everybody was asked (n equals
    the population) both limits are the count itself. For heads, deputies or the teachers of one school.
    Whole numbers only; n above the population raises NumericInputError. Source: Buonaccorsi 1987.

    >>> finite_population_interval(17, n=20, population=42)
    Bounds(lower=29, upper=39)
    """
    if int(successes) != successes or int(n) != n or int(population) != population:
        raise NumericInputError("counts of people are whole numbers")
    _counts(successes, n)
    x, n, people = int(successes), int(n), int(population)
    if n > people:
        raise NumericInputError(f"{n} answers from a population of {people}: correct the population control")
    tail = (1 - _checked_level(level)) / 2
    lowest, highest = x, people - (n - x)
    lower = _first(lambda m: stats.hypergeom.sf(x - 1, people, m, n) > tail, lowest, highest)
    first_excluded = _first(lambda m: stats.hypergeom.cdf(x, people, m, n) <= tail, lowest, highest + 1)
    return Bounds(lower=lower, upper=first_excluded - 1)


def share_test(successes: int, *, n: int, threshold: float = 0.85, alpha: float = 0.05) -> ShareTest:
    """Exact binomial and score tests of an unweighted share against `threshold` (0–1, strictly inside).

    Verdict from the one-sided Clopper–Pearson limits at 1 − alpha: met if lower ≥ threshold, not_met if
    upper < threshold, else undetermined. Equals R `binom.test` and `prop.test(correct = FALSE)`.
    """
    if not 0 < threshold < 1:
        raise NumericInputError(f"the threshold must lie between 0 and 1, found {threshold}")
    x, size = (float(v) for v in _counts(successes, n))
    share = x / size
    limits = clopper_pearson_one_sided(successes, n=n, level=1 - alpha)
    z = (share - threshold) / np.sqrt(threshold * (1 - threshold) / size)
    lower, upper = float(limits.lower), float(limits.upper)
    return ShareTest(
        estimate=share,
        p_exact_greater=float(stats.binom.sf(x - 1, size, threshold)),
        p_exact_less=float(stats.binom.cdf(x, size, threshold)),
        z_score=float(z),
        p_score_greater=float(stats.norm.sf(z)),
        lower_one_sided=lower,
        upper_one_sided=upper,
        verdict="met" if lower >= threshold else "not_met" if upper < threshold else "undetermined",
    )


def _counts(successes: ArrayLike, n: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    x, size = np.broadcast_arrays(np.asarray(successes, dtype=float), np.asarray(n, dtype=float))
    if not (np.isfinite(x).all() and np.isfinite(size).all()):
        raise NumericInputError("a count is missing")
    if np.any(x < 0) or np.any(x > size):
        raise NumericInputError("the number satisfied must lie between 0 and the number of answers")
    if np.any(size == 0):
        raise NotComputable("there is no answer, so there is no share", code="no_answers")
    return x, size


def _checked_level(level: float) -> float:
    if not 0 < level < 1:
        raise NumericInputError(f"the level must lie between 0 and 1, found {level}")
    return level


def _two_sided_z(level: float) -> float:
    return float(stats.norm.ppf(0.5 + _checked_level(level) / 2))


def _wilson(x: np.ndarray, n: np.ndarray, z: float) -> Bounds:
    p = x / n
    centre = (p + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2)) / (1 + z**2 / n)
    # The ends are exact; the difference of two equal terms would leave 1e-17.
    return _clipped(np.where(x == 0, 0.0, centre - half), np.where(x == n, 1.0, centre + half))


def _clopper_pearson(x: np.ndarray, n: np.ndarray, tail: float) -> Bounds:
    inside = (x > 0), (x < n)
    lower = np.where(inside[0], stats.beta.ppf(tail, np.where(inside[0], x, 1), n - x + 1), 0.0)
    upper = np.where(inside[1], stats.beta.ppf(1 - tail, x + 1, np.where(inside[1], n - x, 1)), 1.0)
    return _clipped(lower, upper)


def _clipped(lower: ArrayLike, upper: ArrayLike) -> Bounds:
    # [()] turns 0-dimensional arrays back into plain numbers.
    return Bounds(lower=np.clip(lower, 0.0, 1.0)[()], upper=np.clip(upper, 0.0, 1.0)[()])


def _first(is_true: Callable[[int], bool], low: int, high: int) -> int:
    """Smallest whole number in low..high for which a monotone condition holds (high if none before it)."""
    while low < high:
        middle = (low + high) // 2
        if is_true(middle):
            high = middle
        else:
            low = middle + 1
    return low
