"""What the error bars do not cover: those who did not answer, and another survey of the same county.

Source: specification §4.5 and §15; Meng 2018; Manski 2003.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from scipy import stats

from scoring.numeric.errors import NotComputable, NumericInputError

SMALL_CORRELATION = 0.05  # between answering and being satisfied: too little to be noticed


@dataclass(frozen=True)
class Silence:
    """What those who did not answer could do to one figure, in its unit.

    response_share f: responses ÷ people, None where the people are not known or fewer than the responses;
    lowest, highest: the bounds of Manski, every silent person giving the worst or the best answer (with
    unknown f nobody is taken to have answered); bias: by how much SMALL_CORRELATION moves a share, None for
    scores, unknown f and without responses.
    """

    audience: str
    response_share: float | None
    lowest: float
    highest: float
    bias: float | None


def silence(
    audience: str,
    mean: float,
    *,
    responses: float,
    population: float | None,
    ends: tuple[float, float] = (0.0, 1.0),
) -> Silence:
    """One audience's. ends: the lowest and the highest score an answer can have; (0, 1) is a share.

    >>> found = silence("parent", 0.9, responses=30, population=120)
    >>> [round(one, 3) for one in (found.lowest, found.highest, found.bias)]
    [0.225, 0.975, 0.026]
    """
    known = population is not None and population > 0 and responses <= population
    f = responses / population if population and known else 0.0
    bias = None
    if f and ends == (0.0, 1.0):
        bias = selection_bias(mean, response_share=f, correlation=SMALL_CORRELATION)
    lowest, highest = (f * mean + (1 - f) * end for end in ends)
    return Silence(audience, f if known else None, lowest, highest, bias)


def composite_silence(parts: Sequence[Silence], *, shares: Mapping[str, float]) -> Silence:
    """The composite's: all audiences silent in the same way at once. audience is "" and f None.

    Every audience with a share must be among the parts.
    """
    by_name = {one.audience: one for one in parts}
    asked = [(share, by_name[name]) for name, share in shares.items() if share > 0]
    biases = [(share, one.bias) for share, one in asked if one.bias is not None]
    return Silence(
        "",
        None,
        sum(share * one.lowest for share, one in asked),
        sum(share * one.highest for share, one in asked),
        sum(share * bias for share, bias in biases) if len(biases) == len(asked) else None,
    )


def other_survey_probability(
    estimate: float,
    *,
    variance: float,
    shares: Mapping[str, float],
    means: Mapping[str, float],
    planned: Mapping[str, int],
    threshold: float,
) -> float:
    """Probability that another survey of the same county, with the same questionnaire, shows a share ≥
    threshold.

    Φ((θ̂ − T)/√(V + V′)) with V′ = Σ share_a² p_a(1−p_a)/n′_a. estimate θ̂ and variance V: this survey's;
    planned: audience → answers n′ in the other survey; means: audience → satisfied share here. Assumes no
    bias in either: say so beside the figure. Not computable when an audience with a share has no planned
    answers or the two variances are zero.
    """
    other = 0.0
    for name, share in shares.items():
        if share <= 0:
            continue
        if planned.get(name, 0) <= 0 or name not in means:
            raise NotComputable(f"audience '{name}' has no planned answers", code="audience_without_answers")
        if not 0 <= means[name] <= 1:
            raise NumericInputError(f"the share of '{name}' must lie between 0 and 1; it is {means[name]}")
        other += share**2 * means[name] * (1 - means[name]) / planned[name]
    if variance + other <= 0:
        raise NotComputable("both surveys would be without sampling error", code="no_variance")
    return float(stats.norm.cdf((estimate - threshold) / (variance + other) ** 0.5))


def with_silent(
    means: Mapping[str, float],
    *,
    shares: Mapping[str, float],
    response_shares: Mapping[str, float],
    silent: Mapping[str, float],
) -> float:
    """The composite if those who did not answer gave these means: Σ share_a (f_a p_a + (1 − f_a) q_a).

    means p_a: among those who answered; response_shares f_a: responses ÷ people; silent q_a: among the
    others. Audiences without a share do not count.
    """
    total = 0.0
    for name, share in shares.items():
        if share <= 0:
            continue
        f = response_shares[name]
        if not 0 <= f <= 1:
            raise NumericInputError(f"the response share of '{name}' lies between 0 and 1; it is {f}")
        total += share * (f * means[name] + (1 - f) * silent[name])
    return total


def selection_bias(share: float, *, response_share: float, correlation: float) -> float:
    """Bias of a share when answering and being satisfied are correlated: ρ √((1−f)/f) √(p(1−p)), in share
    units.

    share p; response_share f, responses ÷ people, above 0; correlation ρ between −1 and 1. Whatever the
    number of answers: at f = 10% a correlation of 0.05 moves a share of 85% by 5 points. Zero when
    everybody answered.

    >>> round(selection_bias(0.85, response_share=0.1, correlation=0.05), 3)
    0.054
    """
    if not 0 < response_share <= 1:
        raise NumericInputError(f"the response share lies above 0 and up to 1; it is {response_share}")
    if not 0 <= share <= 1 or not -1 <= correlation <= 1:
        raise NumericInputError("a share lies between 0 and 1 and a correlation between -1 and 1")
    return correlation * ((1 - response_share) / response_share * share * (1 - share)) ** 0.5
