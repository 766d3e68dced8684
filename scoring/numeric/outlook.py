"""What would change the verdict: the people who did not answer, and more answers.

Source: specification §15 (tipping point), §8 (more replies); Neyman 1934; Cochran 1977 §5.5; Manski 2003.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from scipy import stats

from scoring.numeric.audience_states import AudienceState
from scoring.numeric.errors import NotComputable, NumericInputError
from scoring.numeric.verdict import Verdict


@dataclass(frozen=True)
class TippingPoint:
    """How satisfied the silent members of one audience would have to be for θ to lie exactly at the limit.

    response_share f = responses/population; needed_mean: the audience mean at which θ = threshold, the
    other audiences as they are; nonrespondents: the mean among those who did not answer at which that is
    so, None if everybody answered; attainable: whether it lies within `bounds`. lowest, highest: θ if
    every silent member answered worst or best (Manski bounds for this audience).
    """

    audience: str
    response_share: float
    observed_mean: float
    needed_mean: float
    nonrespondents: float | None
    attainable: bool
    lowest: float
    highest: float


def tipping_point(
    estimate: float,
    *,
    audience: str,
    share: float,
    audience_mean: float,
    responses: float,
    population: float,
    threshold: float,
    bounds: tuple[float, float] = (0.0, 1.0),
) -> TippingPoint:
    """p_non = (p*_a − f p_a)/(1 − f) for the largest audience, with p*_a = p_a + (threshold − θ)/share.

    estimate θ, audience_mean, threshold and bounds (possible scores of one answer) in the same unit;
    share: the audience's share of the composite; responses and population: people. A value above the
    observed mean means that even more satisfied silent people are needed; below it, how far the silent
    may fall behind. Outside the bounds nothing that the silent could say would move θ across the limit.
    responses > population is refused.
    """
    if not 0 < share <= 1:
        raise NumericInputError(f"the share of '{audience}' in the composite must be above 0; it is {share}")
    if population <= 0 or responses < 0 or responses > population:
        raise NumericInputError(
            f"'{audience}': {responses:g} responses from a population of {population:g} people; "
            "the population must be at least the number of responses"
        )
    f = responses / population
    needed = audience_mean + (threshold - estimate) / share
    silent = (needed - f * audience_mean) / (1 - f) if f < 1 else None
    low, high = bounds

    def if_silent(value: float) -> float:
        return estimate + share * (1 - f) * (value - audience_mean)

    return TippingPoint(
        audience=audience,
        response_share=f,
        observed_mean=audience_mean,
        needed_mean=needed,
        nonrespondents=silent,
        attainable=silent is not None and low <= silent <= high,
        lowest=if_silent(low),
        highest=if_silent(high),
    )


@dataclass(frozen=True)
class MoreReplies:
    """How many further answers would decide, were the truth `truth`.

    n_more: in the present mix of audiences, None when no number decides (`reason` says why: truth at the
    limit, more than there are people, schools too different). best: audience → further answers when they
    are collected where they help most, None if even everybody's answer would not decide.
    """

    truth: float
    n_more: int | None
    best: Mapping[str, int] | None
    reason: str | None = None


@dataclass(frozen=True)
class Allocation:
    """What one audience's answers are worth.

    part_of_variance: its part of Σ share² V⁺_a; present_part: its part of the answers now; best_part: its
    part under Neyman allocation, share √(p(1−p)) over the sum; gain_per_answer: how much one more answer
    lowers V⁺, as a part of V⁺; people_left: those who have not answered, None if the population is not
    known.
    """

    audience: str
    part_of_variance: float
    present_part: float
    best_part: float
    gain_per_answer: float
    people_left: int | None


@dataclass(frozen=True)
class Outlook:
    """Rows for several possible truths, and where answers are worth most; `costliest` is the audience whose
    part_of_variance is largest and stands first in `allocations`."""

    rows: tuple[MoreReplies, ...]
    allocations: tuple[Allocation, ...]
    costliest: str


def more_replies(
    state: Verdict,
    *,
    power: float = 0.8,
    differences: Sequence[float] = (-0.02, -0.01, 0.0, 0.01, 0.02),
    populations: Mapping[str, float] | None = None,
    between_school_variance: float = 0.0,
) -> Outlook:
    """From a verdict on a share: n_more = n [ (z_{1−α} + z_power)² V⁺/(p − T)² − 1 ]₊ for p = θ̂ +
    difference.

    Assumes that V⁺_a falls as 1/n_a except for `between_school_variance`, the part of V⁺ that more
    answers in the same schools do not reduce. Truths outside 0..1 are left out; p = T can never be
    decided. populations: people per audience; without it no limit is known. Every audience with a share
    must have answers.
    """
    if state.variance_smoothed is None or state.estimate is None or not state.n_valid:
        raise NotComputable("there is no estimate yet to plan from")
    if not 0 < power < 1:
        raise NumericInputError(f"power lies between 0 and 1; it is {power}")
    if not 0 <= between_school_variance <= state.variance_smoothed:
        raise NumericInputError("the variance between schools is part of the whole: 0 ≤ it ≤ V⁺")
    asked = [a for a in state.audiences if a.share > 0]
    silent = [a.audience for a in asked if a.n_valid <= 0]
    if silent:
        raise NotComputable(f"audience '{silent[0]}' has no answers yet", code="audience_without_answers")
    left = {a.audience: _people_left(a, populations) for a in asked}
    z = float(stats.norm.isf(state.alpha) + stats.norm.ppf(power))
    now = (state.n_valid, state.variance_smoothed)
    rows = []
    for difference in differences:
        truth = state.estimate + difference
        if 0 <= truth <= 1:
            target = ((truth - state.threshold) / z) ** 2
            n_more, reason = _present_mix(now, target, between_school_variance, sum(left.values()))
            best = _best_mix(now, asked, left, target, between_school_variance)
            rows.append(MoreReplies(truth, n_more, best, reason))
    allocations = _allocations(now, asked, {} if populations is None else left)
    return Outlook(tuple(rows), allocations, allocations[0].audience)


def _present_mix(
    now: tuple[int, float], target: float, fixed: float, left: float
) -> tuple[int | None, str | None]:
    """(further answers, why none decides) when the mix of audiences stays as it is."""
    if target < 1e-18:
        return None, "a share at the limit is never decided"
    n, variance = now
    if variance <= target:
        return 0, None
    if fixed >= target:
        return None, "the schools differ too much: ask in more schools"
    n_more = max(0, _ceil(n * ((variance - fixed) / (target - fixed) - 1)))
    if n_more > left:
        return None, f"cannot be decided below {n + n_more} answers; there are fewer people"
    return n_more, None


def _people_left(a: AudienceState, populations: Mapping[str, float] | None) -> float:
    if populations is None:
        return float("inf")
    return max(0.0, populations.get(a.audience, 0) - a.n_valid)


def _best_mix(
    now: tuple[int, float],
    asked: Sequence[AudienceState],
    left: Mapping[str, float],
    target: float,
    between: float,
) -> dict[str, int] | None:
    """Fewest further answers that bring V⁺ to `target`: every audience up to a common value of one more
    answer."""
    whole = sum(a.share**2 * a.plus for a in asked)
    shrinks = max(whole - between, 0.0) / whole if whole > 0 else 0.0
    noise = {a.audience: a.share**2 * a.plus * a.n_valid * shrinks for a in asked}
    fixed = now[1] - whole * shrinks
    if target <= max(fixed, 1e-18):
        return {a.audience: 0 for a in asked} if now[1] <= target else None

    def answers(level: float) -> dict[str, float]:
        return {
            a.audience: min(max(a.n_valid, level * noise[a.audience] ** 0.5), a.n_valid + left[a.audience])
            for a in asked
        }

    def reached(level: float) -> bool:
        found = answers(level)
        return fixed + sum(noise[name] / found[name] for name in found) <= target

    if reached(0.0):
        return {a.audience: 0 for a in asked}
    high = 1.0
    while not reached(high):
        high *= 2
        if high > 1e18:
            return None
    low = 0.0
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (low, middle) if reached(middle) else (middle, high)
    found = answers(high)
    return {a.audience: max(0, _ceil(found[a.audience] - a.n_valid)) for a in asked}


def _allocations(
    now: tuple[int, float], asked: Sequence[AudienceState], left: Mapping[str, float]
) -> tuple[Allocation, ...]:
    weights = [a.share * _spread(a) for a in asked]
    costs = [a.share**2 * a.plus for a in asked]
    answers = sum(a.n_valid for a in asked)
    found = [
        Allocation(
            audience=a.audience,
            part_of_variance=cost / sum(costs) if sum(costs) > 0 else 0.0,
            present_part=a.n_valid / answers,
            best_part=weight / sum(weights),
            gain_per_answer=cost / now[1] / (a.n_valid + 1) if now[1] > 0 else 0.0,
            people_left=int(left[a.audience]) if a.audience in left else None,
        )
        for a, weight, cost in zip(asked, weights, costs, strict=True)
    ]
    return tuple(sorted(found, key=lambda row: -row.part_of_variance))


def _spread(a: AudienceState) -> float:
    """√(p̃(1−p̃)) with p̃ = (n p + 1)/(n + 2), so that unanimous audiences are not taken to be certain."""
    shrunk = (a.n_valid * a.estimate + 1) / (a.n_valid + 2)
    return (shrunk * (1 - shrunk)) ** 0.5


def _ceil(value: float) -> int:
    return int(-(-(value - 1e-9) // 1))
