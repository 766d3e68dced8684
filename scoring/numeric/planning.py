"""How many answers a wave needs: what can be decided with them, how wide the interval will be.

Whole people and quotas: `quotas.py`; what a running wave still lacks: `outlook.py`.
Sources: Cochran 1977; Fleiss, Levin and Paik 2003 (one-sided sample size).
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from scipy import stats

from scoring.numeric.errors import NotComputable, NumericInputError


@dataclass(frozen=True)
class SampleSize:
    """Answers needed, step by step: simple random, times the design effect, in a finite population."""

    n_srs: float
    n_design: float
    n_final: float
    n_rounded_up: int


def sample_size_to_decide(
    p_true: float,
    *,
    threshold: float = 0.85,
    alpha: float = 0.05,
    power: float = 0.8,
    deff: float = 1.0,
    population: int | None = None,
) -> SampleSize:
    """Answers needed so that a one-sided test at `alpha` finds p_true on its side of the threshold.

    n0 = [z_{1−α}√(T(1−T)) + z_{power}√(p(1−p))]²/(p−T)², times deff (from the last wave; 1.5 when unknown,
    3–8 with schools as sampled clusters), in a population of N: n/(1 + (n−1)/N). Works on both sides of the
    threshold. At the threshold itself nothing decides: not computable.

    >>> sample_size_to_decide(0.88).n_rounded_up
    824
    """
    _share(threshold, "threshold")
    _share(alpha, "error rate")
    _share(power, "power")
    if not 0 <= p_true <= 1 or deff <= 0:
        raise NumericInputError("a share lies between 0 and 1 and a design effect is positive")
    if p_true == threshold:
        raise NotComputable("a share exactly at the limit is never decided", code="at_threshold")
    spread = stats.norm.isf(alpha) * math.sqrt(threshold * (1 - threshold)) + stats.norm.ppf(
        power
    ) * math.sqrt(p_true * (1 - p_true))
    n_srs = spread**2 / (p_true - threshold) ** 2
    n_design = n_srs * deff
    n_final = finite_sample_size(n_design, population=population)
    return SampleSize(float(n_srs), float(n_design), float(n_final), _whole(n_final))


def finite_sample_size(n: float, *, population: int | None) -> float:
    """n/(1 + (n−1)/N): fewer answers do when they are a good part of the population. None = very large."""
    if population is None:
        return n
    if population <= 0:
        raise NumericInputError(f"a population is positive, found {population}")
    return n / (1 + (n - 1) / population)


def smallest_unanimous_sample(threshold: float = 0.85, *, alpha: float = 0.05) -> int:
    """Below this number of answers nothing can be "met", even if everybody is satisfied: α^{1/n} < T.

    >>> smallest_unanimous_sample(0.85)
    19
    """
    _share(threshold, "threshold")
    _share(alpha, "error rate")
    return _whole(math.log(alpha) / math.log(threshold))


def expected_half_width(
    n: float, *, share: float = 0.85, deff: float = 1.5, population: int | None = None, level: float = 0.95
) -> float:
    """Half the width of the interval to expect with n answers, as a share (0.02 = 2 points).

    z √(deff · p(1−p)/n · (1 − n/N)). A plan, not a result: near 0 and 1 the interval is lopsided.
    """
    _share(level, "level")
    if n <= 0:
        raise NotComputable("no answers, no interval", code="no_answers")
    if not 0 <= share <= 1 or deff <= 0:
        raise NumericInputError("a share lies between 0 and 1 and a design effect is positive")
    left = 1.0 if population is None else max(0.0, 1 - n / population)
    return float(stats.norm.ppf(0.5 + level / 2) * math.sqrt(deff * share * (1 - share) / n * left))


def expected_composite_half_width(
    answers: Mapping[str, int],
    *,
    shares: Mapping[str, float],
    expected: Mapping[str, float] | float = 0.85,
    deff: Mapping[str, float] | float = 1.5,
    level: float = 0.95,
) -> float:
    """The same for the county's composite: z √(Σ s_a² deff_a p_a(1−p_a)/n_a), shares scaled to add up to 1.

    An audience with a positive share and no answers planned is not computable.
    """
    _share(level, "level")
    whole = sum(shares.values())
    variance = 0.0
    for audience, share in shares.items():
        if share == 0:
            continue
        n = answers.get(audience, 0)
        if n <= 0:
            raise NotComputable(
                f"{audience} has a share of {share} and no answers planned", code="audience_without_answers"
            )
        p = expected if isinstance(expected, int | float) else expected[audience]
        d = deff if isinstance(deff, int | float) else deff[audience]
        variance += (share / whole) ** 2 * d * p * (1 - p) / n
    return float(stats.norm.ppf(0.5 + level / 2) * math.sqrt(variance))


def _share(value: float, what: str) -> None:
    if not 0 < value < 1:
        raise NumericInputError(f"the {what} must lie between 0 and 1, found {value}")


def _whole(n: float) -> int:
    # 824.0000000001 answers are 824: floating noise is not a person.
    return math.ceil(n - 1e-9 * max(1.0, abs(n)))
