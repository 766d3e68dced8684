"""The verdict against a limit: two one-sided tests whose variance does not trust small unanimous audiences.

Source: specification §6; Korn and Graubard 1998; Agresti and Coull 1998 for the added successes and failures.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from scipy import stats

from scoring.numeric.composite import AudienceEstimate, CompositeEstimate
from scoring.numeric.errors import NotComputable, NumericInputError
from scoring.numeric.intervals import ShareEstimate, beta_bound, effective_n, one_sided_t

Word = Literal["met", "not_met", "undetermined", "not_computable"]
MINIMUM_VALID = 5


@dataclass(frozen=True)
class AudienceState:
    """What the verdict needs to know of an audience; `variance` is of its mean, `n_eff` Kish of valid
    answers.

    element_variance (of the scores among people) is needed for a score only.
    """

    audience: str
    share: float
    n_valid: int
    n_eff: float
    estimate: float
    variance: float
    element_variance: float | None = None
    variance_smoothed: float | None = None

    @property
    def plus(self) -> float:
        """V⁺ where it is known, V otherwise."""
        return self.variance if self.variance_smoothed is None else self.variance_smoothed


@dataclass(frozen=True)
class Verdict:
    """The statistical verdict and, beside it, the point rule of the regulation.

    verdict: "met" if lower ≥ threshold, "not_met" if upper < threshold, "undetermined" between, or
    "not_computable" with `reasons`; each of met and not_met is wrong with probability ≤ alpha.
    point_rule: whether the unrounded estimate reaches the threshold (None if there is no estimate).
    variance is the design's V, variance_smoothed V⁺; n_star the effective sample size behind the bounds
    (None for scores).
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


def not_computable(reasons: Sequence[str], *, threshold: float, alpha: float = 0.05) -> Verdict:
    """A verdict that could not be reached, with one sentence per reason."""
    return Verdict("not_computable", None, threshold, alpha, reasons=tuple(reasons))


def smooth_variances(
    audiences: Sequence[AudienceState], *, scale: str = "share"
) -> tuple[AudienceState, ...]:
    """V⁺_a of every audience.

    Shares: V⁺_a = max(V_a, p̃(1−p̃)/n_a) with p̃ = (n_a p_a + 1)/(n_a + 2), n_a the Kish effective n. Scores:
    V⁺_a = max(V_a, s²/n_a) with s² the element variance pooled over audiences by n − 1. The estimate is not
    smoothed. An audience of fewer than one effective answer keeps its V.
    """
    if scale not in ("share", "score"):
        raise NumericInputError(f"scale '{scale}' is unknown; a figure is a share or a score")
    pooled = _pooled_variance(audiences) if scale == "score" else None
    smoothed = []
    for a in audiences:
        if a.n_eff <= 0:
            smoothed.append(replace(a, variance_smoothed=a.variance))
            continue
        floor = floor_of_share(a.estimate, n=a.n_eff) if pooled is None else pooled / a.n_eff
        smoothed.append(replace(a, variance_smoothed=max(a.variance, floor)))
    return tuple(smoothed)


def floor_of_share(estimate: float, *, n: float) -> float:
    """p̃(1−p̃)/n with p̃ = (n p + 1)/(n + 2): below it the variance of a share is not believed. n > 0."""
    shrunk = (n * estimate + 1) / (n + 2)
    return shrunk * (1 - shrunk) / n


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
    word: Word = "met" if lower >= threshold else "not_met" if upper < threshold else "undetermined"
    return replace(known, verdict=word, lower=lower, upper=upper, n_star=n_star)


def verdict(
    composite: CompositeEstimate,
    *,
    threshold: float,
    alpha: float = 0.05,
    scale: Literal["share", "score"] = "share",
    minimum_valid: int = MINIMUM_VALID,
    smoothing: bool = True,
) -> Verdict:
    """The verdict on a composite; see `judge`. The design should carry no finite population correction."""
    return judge(
        composite.estimate,
        variance=composite.variance,
        audiences=[audience_state(a) for a in composite.audiences if a.share > 0],
        n_valid=composite.n_valid,
        df=composite.df,
        threshold=threshold,
        alpha=alpha,
        scale=scale,
        minimum_valid=minimum_valid,
        smoothing=smoothing,
    )


def kish_of(audiences: Sequence[AudienceState]) -> float | None:
    """Kish effective n of the composite, 1/Σ share_a²/n_a; None if an audience that counts has no n."""
    counted = [a for a in audiences if a.share > 0]
    if not counted or any(not a.n_eff > 0 for a in counted):
        return None
    return 1 / sum(a.share**2 / a.n_eff for a in counted)


def audience_state(a: AudienceEstimate) -> AudienceState:
    """The part of an audience's estimate that the verdict uses."""
    return AudienceState(a.audience, a.share, a.n_valid, a.n_eff, a.estimate, a.variance, a.element_variance)


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
    word: Word = (
        "met" if bounds.lower >= threshold else "not_met" if bounds.upper < threshold else "undetermined"
    )
    return PlainTest(
        word, bounds.lower, bounds.upper, float(t), float(stats.t.sf(t, df)), float(stats.t.cdf(t, df))
    )


def _pooled_variance(audiences: Sequence[AudienceState]) -> float:
    known = [
        (a.n_valid - 1, a.element_variance)
        for a in audiences
        if a.n_valid > 1 and a.element_variance is not None
    ]
    known = [(weight, value) for weight, value in known if np.isfinite(value)]
    if not known:
        raise NotComputable("no audience has two valid answers to estimate the spread of the scores from")
    return sum(weight * value for weight, value in known) / sum(weight for weight, _ in known)
