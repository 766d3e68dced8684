"""What the error bars do not cover: those who did not answer, and another survey of the same county.

Source: specification §4.5 and §15; Meng 2018; Manski 2003.
"""

from collections.abc import Mapping

from scipy import stats

from scoring.numeric.errors import NotComputable, NumericInputError


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

    means p_a: among those who answered; response_shares f_a: responses ÷ people, 0 where the number of people
    is not known; silent q_a: among the others. With q_a the lowest and the highest score that an answer can
    have these are the bounds of Manski, which hold whoever stayed silent. Audiences without a share do not
    count.

    >>> one = {"parent": 0.9}
    >>> given = {"shares": {"parent": 1.0}, "response_shares": {"parent": 0.25}}
    >>> [round(with_silent(one, silent={"parent": q}, **given), 3) for q in (0.0, 1.0)]
    [0.225, 0.975]
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
