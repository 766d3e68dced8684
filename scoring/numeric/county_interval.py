"""The interval of a composite: each audience's own bounds, put together.

Six heads who all say yes have an estimated variance of 0 and yet carry a tenth of the county's figure. An
interval on the design's variance V alone takes them for certainty, and holds the truth in 89–94% of small
counties instead of 95%; one on V⁺, the verdict's careful variance, holds it in up to 99.8% and is too wide to
be of use there. Put together from the audiences' bounds it holds it in 94–97% (docs/simulation.txt). Both
others stay available. Source: specification §5 and §6; see `mover`.
"""

from typing import Literal, NamedTuple

from scoring.numeric.audience_states import AudienceState, audience_state, kish_of, smooth_variances
from scoring.numeric.composite import CompositeEstimate, LocationEstimate
from scoring.numeric.errors import NotComputable
from scoring.numeric.intervals import Interval, ShareEstimate, korn_graubard, wald
from scoring.numeric.mover import combined_bounds

Scale = Literal["share", "score"]
Composite = CompositeEstimate | LocationEstimate


def composite_interval(found: Composite, *, level: float = 0.95, scale: Scale = "share") -> Interval:
    """The interval to print: of a share the audiences' bounds put together (`combined_bounds`), of a score t
    on V⁺.

    It can lie wholly on one side of a limit where the verdict is still undetermined, since the verdict's V⁺
    is the more careful with small audiences. Fewer than two valid answers or no degrees of freedom:
    `NotComputable`.
    """
    if scale == "score":
        return smoothed_interval(found, level=level, scale=scale)
    known = _known(found)
    lower, upper = combined_bounds(
        known.estimate,
        variance=known.variance,
        audiences=known.audiences,
        df=known.df,
        tail=(1 - level) / 2,
    )
    return Interval(lower, upper, level, "mover")


def smoothed_interval(found: Composite, *, level: float = 0.95, scale: Scale = "share") -> Interval:
    """On the verdict's variance V⁺: Korn–Graubard for a share, t for a score. For comparison."""
    known = _known(found)
    return _on(smoothed_variance(found, scale=scale), known, level=level, scale=scale)


def design_interval(found: Composite, *, level: float = 0.95, scale: Scale = "share") -> Interval:
    """The same on the design's own variance V, as other programs print it; short where an audience is small
    and of one mind."""
    known = _known(found)
    return _on(known.variance, known, level=level, scale=scale)


def smoothed_variance(found: Composite, *, scale: Scale = "share") -> float:
    """V⁺ = V + Σ share_a² (V⁺_a − V_a), never below V, in the squared unit of the estimate.

    V keeps the covariances between audiences; V⁺_a as in `smooth_variances`. A class without an estimate
    raises `NotComputable`, as does a score of which no audience has two valid answers.
    """
    if found.variance is None:
        raise NotComputable("there is no estimate, so there is no variance", code="no_estimate")
    smoothed = smooth_variances(_counted(found), scale=scale)
    return found.variance + sum(one.share**2 * (one.plus - one.variance) for one in smoothed)


class _Known(NamedTuple):
    """A composite that carries an interval."""

    estimate: float
    variance: float
    df: int
    n_valid: int
    audiences: list[AudienceState]


def _known(found: Composite) -> _Known:
    if found.estimate is None or found.variance is None or found.df is None:
        raise NotComputable("there is no estimate, so there is no interval", code="no_estimate")
    if found.df < 1 or found.n_valid < 2:
        raise NotComputable("too few valid answers carry no interval", code="too_few_answers")
    return _Known(found.estimate, found.variance, found.df, found.n_valid, _counted(found))


def _on(variance: float, known: _Known, *, level: float, scale: Scale) -> Interval:
    """At 0 or 1, where the variance says nothing, n* comes from the composite's Kish n, as in the verdict."""
    if scale == "score":
        return wald(known.estimate, variance=variance, df=known.df, level=level)
    kish_n = kish_of(known.audiences)
    share = ShareEstimate(known.estimate, variance, known.n_valid, known.df, kish_n=kish_n)
    return korn_graubard(share, level=level)


def _counted(found: Composite) -> list[AudienceState]:
    return [audience_state(one) for one in found.audiences if one.share > 0]
