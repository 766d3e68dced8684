"""How many answers: before the wave (what can be decided) and after it (what is still missing).

Sources: Cochran 1977; Fleiss, Levin and Paik 2003 (one-sided sample size); Neyman 1934 (allocation).
Whole people and quotas: `quotas.py`.
"""

import math
from collections.abc import Mapping, Sequence
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


@dataclass(frozen=True)
class MoreAnswers:
    """How many more answers would settle it if the true share were `assumed_share`.

    `more` and `total` are None when no number of answers does; `reason` then says why.
    """

    assumed_share: float
    more: int | None
    total: int | None
    reason: str | None


@dataclass(frozen=True)
class AudienceEffort:
    """What one audience costs in precision and what it should get of further answers."""

    audience: str
    answers: int
    variance_share: float  # s²V ÷ Σ s²V: its part of the uncertainty of the county figure
    present_share: float  # of all answers
    best_share: float  # of further answers, Neyman: proportional to s √(p(1−p))


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


def more_answers(
    n: int,
    *,
    estimate: float,
    variance: float,
    threshold: float = 0.85,
    alpha: float = 0.05,
    power: float = 0.8,
    population: int | None = None,
    between_school_variance: float = 0.0,
    shifts: Sequence[float] = (-0.02, -0.01, 0.0, 0.01, 0.02),
) -> tuple[MoreAnswers, ...]:
    """How many more answers would settle the verdict: one row per assumed true share estimate + shift.

    `n` answers gave `estimate` with `variance` (V⁺). n_more = n[(z_{1−α}+z_power)²V/(p−T)² − 1],
    at least 0, the mix of audiences kept. `between_school_variance`: the part of V that more answers in the
    same schools do not reduce (schools as sampled clusters). Never read the row of the estimate alone: the
    estimate is uncertain itself, hence the neighbours. Assumed shares outside 0–1 are left out.
    """
    if n <= 0 or variance < 0 or not 0 <= between_school_variance <= variance:
        raise NumericInputError("answers must be positive and 0 ≤ between-school variance ≤ variance")
    _share(threshold, "threshold")
    _share(alpha, "error rate")
    _share(power, "power")
    z2 = (stats.norm.isf(alpha) + stats.norm.ppf(power)) ** 2
    rows = []
    for shift in shifts:
        p = estimate + shift
        if not -1e-12 <= p <= 1 + 1e-12:
            continue
        gap = p - threshold
        goal = gap**2 / z2
        if abs(gap) < 1e-9:
            rows.append(MoreAnswers(p, None, None, "a share at the limit is never decided"))
        elif variance > goal and between_school_variance >= goal:
            rows.append(MoreAnswers(p, None, None, "the schools differ too much: ask in more schools"))
        else:
            ratio = (
                1.0
                if variance <= goal
                else (variance - between_school_variance) / (goal - between_school_variance)
            )
            more = max(0, _whole(n * (ratio - 1)))
            if population is not None and n + more > population:
                rows.append(
                    MoreAnswers(
                        p, None, None, f"cannot be decided below {population} people: {n + more} needed"
                    )
                )
            else:
                rows.append(MoreAnswers(p, more, n + more, None))
    return tuple(rows)


def effort_by_audience(
    answers: Mapping[str, int],
    *,
    shares: Mapping[str, float],
    rates: Mapping[str, float],
    variances: Mapping[str, float],
) -> tuple[AudienceEffort, ...]:
    """Where further answers help most, the audience that costs most of the variance first.

    `rates`: satisfied share per audience (taken as (np+1)/(n+2), so that unanimous audiences count);
    `variances`: V⁺_a per audience. Best share ∝ s_a √(p_a(1−p_a)) (Neyman, equal cost per answer). Audiences
    without share are left out; one without answers raises NotComputable.
    """
    wanted = [audience for audience, share in shares.items() if share > 0]
    total = sum(answers.get(audience, 0) for audience in wanted)
    for audience in wanted:
        if answers.get(audience, 0) <= 0:
            raise NotComputable(f"{audience} has no answers yet", code="audience_without_answers")
    cost = {a: shares[a] ** 2 * variances[a] for a in wanted}
    smoothed = {a: (answers[a] * rates[a] + 1) / (answers[a] + 2) for a in wanted}
    pull = {a: shares[a] * math.sqrt(smoothed[a] * (1 - smoothed[a])) for a in wanted}
    whole_cost = sum(cost.values())
    rows = [
        AudienceEffort(
            audience=a,
            answers=int(answers[a]),
            variance_share=cost[a] / whole_cost if whole_cost else 0.0,
            present_share=answers[a] / total,
            best_share=pull[a] / sum(pull.values()),
        )
        for a in wanted
    ]
    return tuple(sorted(rows, key=lambda row: -row.variance_share))


def _share(value: float, what: str) -> None:
    if not 0 < value < 1:
        raise NumericInputError(f"the {what} must lie between 0 and 1, found {value}")


def _whole(n: float) -> int:
    # 824.0000000001 answers are 824: floating noise is not a person.
    return math.ceil(n - 1e-9 * max(1.0, abs(n)))
