"""Audiences as interval and verdict see them, and the variance that does not trust a few of one mind.

Source: specification §6; Agresti and Coull 1998 for the added successes and failures.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from scoring.numeric.composite import AudienceEstimate
from scoring.numeric.errors import NotComputable, NumericInputError


@dataclass(frozen=True)
class AudienceState:
    """What interval and verdict need to know of an audience; `variance` is of its mean, `n_eff` Kish of
    valid answers.

    element_variance (of the scores among people) is needed for a score only; df: degrees of freedom of the
    variance, None where the audience declares none.
    """

    audience: str
    share: float
    n_valid: int
    n_eff: float
    estimate: float
    variance: float
    element_variance: float | None = None
    variance_smoothed: float | None = None
    df: int | None = None

    @property
    def plus(self) -> float:
        """V⁺ where it is known, V otherwise."""
        return self.variance if self.variance_smoothed is None else self.variance_smoothed


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


def kish_of(audiences: Sequence[AudienceState]) -> float | None:
    """Kish effective n of the composite, 1/Σ share_a²/n_a; None if an audience that counts has no n."""
    counted = [a for a in audiences if a.share > 0]
    if not counted or any(not a.n_eff > 0 for a in counted):
        return None
    return 1 / sum(a.share**2 / a.n_eff for a in counted)


def audience_state(a: AudienceEstimate) -> AudienceState:
    """The part of an audience's estimate that interval and verdict use."""
    return AudienceState(
        a.audience, a.share, a.n_valid, a.n_eff, a.estimate, a.variance, a.element_variance, df=a.df
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
