"""The verdict against a limit: two one-sided tests whose variance does not trust small unanimous audiences.

`judge` is the test as specified. It takes the county for one sample of n* answers, and is wrong a little too
often where a few dozen heads carry much of the variance: a figure that happens to be high, with heads of one
mind, has also the smaller variance (simulated 5.4% in counties of 150 schools, 6.6% against a limit of 80%).
`verdict` therefore says met or not met only where the bounds put together from the audiences' own agree.
Source: specification §6; Korn and Graubard 1998; `mover` for the second pair of bounds.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from scipy import stats

from scoring.numeric.audience_states import AudienceState, audience_state, kish_of, smooth_variances
from scoring.numeric.composite import CompositeEstimate
from scoring.numeric.errors import NotComputable, NumericInputError
from scoring.numeric.intervals import OneSidedBounds, ShareEstimate, beta_bound, effective_n, one_sided_t
from scoring.numeric.mover import combined_bounds

Word = Literal["met", "not_met", "undetermined", "not_computable"]
MINIMUM_VALID = 5


@dataclass(frozen=True)
class Verdict:
    """The statistical verdict and, beside it, the point rule of the regulation.

    verdict: "met" if the lower bound that decides is ≥ threshold, "not_met" if the upper one is < threshold,
    "undetermined" between, or "not_computable" with `reasons`; each of met and not_met is wrong with
    probability ≤ alpha. lower, upper: the bounds of `judge`.
    point_rule: whether the unrounded estimate reaches the threshold (None if there is no estimate).
    variance is the design's V, variance_smoothed V⁺; n_star the effective sample size behind the bounds
    (None for scores). confirming: the second pair of bounds, which had to agree (None where not asked for,
    and for scores).
    """

    verdict: Word
    estimate: float | None
    threshold: float
    alpha: float
    lower: float | None = None
    upper: float | None = None
    n_star: float | None = None
    variance: float | None = None
    variance_smoothed: float | None = None
    n_valid: int | None = None
    df: int | None = None
    point_rule: bool | None = None
    audiences: tuple[AudienceState, ...] = ()
    reasons: tuple[str, ...] = ()
    confirming: OneSidedBounds | None = None

    @property
    def deciding(self) -> tuple[float | None, float | None]:
        """Of both pairs of bounds the wider: met and not met are said where the threshold lies outside."""
        if self.lower is None or self.upper is None or self.confirming is None:
            return self.lower, self.upper
        return min(self.lower, self.confirming.lower), max(self.upper, self.confirming.upper)


def not_computable(reasons: Sequence[str], *, threshold: float, alpha: float = 0.05) -> Verdict:
    """A verdict that could not be reached, with one sentence per reason."""
    return Verdict("not_computable", None, threshold, alpha, reasons=tuple(reasons))


def judge(
    estimate: float,
    *,
    variance: float,
    audiences: Sequence[AudienceState],
    n_valid: int,
    df: int,
    threshold: float,
    alpha: float = 0.05,
    scale: Literal["share", "score"] = "share",
    smoothing: bool = True,
    minimum_valid: int = MINIMUM_VALID,
) -> Verdict:
    """Verdict from an estimate in 0..1 (or a score), its variance V and the audiences behind it.

    V⁺ = V + Σ share_a² (V⁺_a − V_a) keeps the covariances between audiences. Shares: n* = min(n,
    θ(1−θ)/V⁺ · (t_{n−1,α}/t_{df,α})²) and one-sided Clopper–Pearson bounds; at θ = 0 or 1, where that is
    0/0, n* is the composite's Kish n, 1/Σ share_a²/n_a, with the same factor. Scores: t bounds on V⁺.
    `smoothing=False` gives the naive bounds for comparison. Fewer than `minimum_valid` valid answers in
    an audience of positive share, or no degrees of freedom, is "not_computable".
    """
    if not 0 < alpha < 0.5:
        raise NumericInputError(f"alpha must lie between 0 and 0.5; it is {alpha}")
    reasons = [
        f"audience '{a.audience}' has {a.n_valid} valid answers; a verdict needs at least {minimum_valid}"
        for a in audiences
        if a.share > 0 and a.n_valid < minimum_valid
    ]
    if df < 1:
        reasons.append("the design leaves no degrees of freedom")
    smoothed = smooth_variances(audiences, scale=scale)
    plus = variance
    if smoothing:
        plus = variance + sum(a.share**2 * (a.plus - a.variance) for a in smoothed)
    known = Verdict(
        verdict="not_computable",
        estimate=float(estimate),
        threshold=threshold,
        alpha=alpha,
        variance=float(variance),
        variance_smoothed=float(plus),
        n_valid=n_valid,
        df=df,
        point_rule=bool(estimate >= threshold),
        audiences=smoothed,
        reasons=tuple(reasons),
    )
    if reasons:
        return known
    n_star = None
    if scale == "share":
        state = ShareEstimate(estimate, plus, n_valid, df, kish_n=kish_of(audiences))
        n_star = effective_n(state, tail=alpha)
        lower, upper = beta_bound(state.p, n_star, alpha), beta_bound(state.p, n_star, 1 - alpha)
    else:
        bounds = one_sided_t(estimate, variance=plus, df=df, alpha=alpha)
        lower, upper = bounds.lower, bounds.upper
    word = _word(lower, upper, threshold)
    return replace(known, verdict=word, lower=lower, upper=upper, n_star=n_star)


def verdict(
    composite: CompositeEstimate,
    *,
    threshold: float,
    alpha: float = 0.05,
    scale: Literal["share", "score"] = "share",
    minimum_valid: int = MINIMUM_VALID,
    smoothing: bool = True,
    confirm: bool = True,
) -> Verdict:
    """The verdict on a composite; see `judge`. The design should carry no finite population correction.

    confirm: for a share, met and not met need `combined_bounds` at alpha on the same side of the threshold as
    well, and are undetermined otherwise. False: the test as specified, alone.
    """
    states = [audience_state(a) for a in composite.audiences if a.share > 0]
    found = judge(
        composite.estimate,
        variance=composite.variance,
        audiences=states,
        n_valid=composite.n_valid,
        df=composite.df,
        threshold=threshold,
        alpha=alpha,
        scale=scale,
        minimum_valid=minimum_valid,
        smoothing=smoothing,
    )
    if not confirm or scale == "score" or found.verdict == "not_computable":
        return found
    lower, upper = combined_bounds(
        composite.estimate, variance=composite.variance, audiences=states, df=composite.df, tail=alpha
    )
    agreed = found.verdict == _word(lower, upper, threshold)
    return replace(
        found,
        verdict=found.verdict if agreed else "undetermined",
        confirming=OneSidedBounds(lower, upper, alpha),
    )


def _word(lower: float, upper: float, threshold: float) -> Word:
    return "met" if lower >= threshold else "not_met" if upper < threshold else "undetermined"


@dataclass(frozen=True)
class PlainTest:
    """Two one-sided t tests on the unsmoothed variance, for comparison with other programs.

    p_met: p-value against "θ < threshold"; p_not_met: against "θ ≥ threshold".
    """

    verdict: Word
    lower: float
    upper: float
    t: float
    p_met: float
    p_not_met: float


def plain_test(
    estimate: float, *, variance: float, df: float, threshold: float, alpha: float = 0.05
) -> PlainTest:
    """Met if θ̂ − t√V ≥ threshold, not met if θ̂ + t√V < threshold. Not computable if V = 0 or df < 1."""
    if variance <= 0 or df < 1:
        raise NotComputable("a t test needs a positive variance and degrees of freedom", code="no_variance")
    bounds = one_sided_t(estimate, variance=variance, df=df, alpha=alpha)
    t = (estimate - threshold) / variance**0.5
    return PlainTest(
        _word(bounds.lower, bounds.upper, threshold),
        bounds.lower,
        bounds.upper,
        float(t),
        float(stats.t.sf(t, df)),
        float(stats.t.cdf(t, df)),
    )
