"""Estimates in the words of a plan's result."""

from collections.abc import Mapping, Sequence

import numpy as np

from scoring.numeric.audience_states import AudienceState
from scoring.numeric.composite import CompositeEstimate
from scoring.numeric.county_interval import Scale, composite_interval, design_interval, smoothed_interval
from scoring.numeric.errors import NotComputable
from scoring.numeric.estimation import Estimate, JointEstimates
from scoring.numeric.intervals import ShareEstimate, all_share_intervals, effective_n, korn_graubard, wald
from scoring.numeric.verdict import Verdict, judge
from scoring.numeric.weighting import kish

_BY_DEFINITION = ("wilson_neff", "wilson_neff_noadj", "wilson_t")


def estimate_result(e: Estimate, *, level: float = 0.95) -> dict:
    """estimate, se, df, n and both intervals; null where nothing may be reported."""
    normal, student = e.interval(level=level, normal=True), e.interval(level=level)
    return {
        "estimate": e.estimate,
        "se": e.se,
        "df": e.df,
        "n": e.n,
        "ci_z": None if normal is None else normal.as_list(),
        "ci_t": None if student is None else student.as_list(),
    }


def mean_result(
    estimate: float, *, variance: float, df: int | None, n: int | None = None, level: float = 0.95
) -> dict:
    """The same for an estimate that is not an `Estimate`; without df no t interval."""
    variance = max(variance, 0.0)
    result = {
        "estimate": estimate,
        "se": variance**0.5,
        "ci_z": wald(estimate, variance=variance, df=np.inf, level=level).as_list(),
    }
    if df is not None:
        student = wald(estimate, variance=variance, df=df, level=level).as_list() if df > 0 else None
        result |= {"df": df, "ci_t": student}
    return result if n is None else result | {"n": n}


def composite_intervals(composite: CompositeEstimate, *, level: float = 0.95, scale: Scale = "share") -> dict:
    """`ci_mover`: the interval the desk prints; `ci_smoothed` on the variance of the verdict;
    `ci_korn_graubard`, of a share, on the design's own. Null where the answers carry none."""
    forms = {"ci_mover": composite_interval, "ci_smoothed": smoothed_interval}
    if scale == "share":
        forms["ci_korn_graubard"] = design_interval
    try:
        return {name: form(composite, level=level, scale=scale).as_list() for name, form in forms.items()}
    except NotComputable:
        return dict.fromkeys(forms)


def joint_result(joint: JointEstimates, *, level: float = 0.95) -> dict:
    """One estimate flat, several under their names."""
    results = {
        name: estimate_result(e, level=level) for name, e in zip(joint.names, joint.estimates, strict=True)
    }
    return next(iter(results.values())) if len(results) == 1 else results


def share_result(share: ShareEstimate, *, level: float = 0.95) -> dict:
    """Every interval of a weighted share: R's under `ci`, formulas under `ci_definition`, the default (n*
    cut at n) under `ci_korn_graubard`."""
    tail = (1 - level) / 2
    intervals = {
        name: interval.as_list() for name, interval in all_share_intervals(share, level=level).items()
    }
    result = {
        "estimate": share.p,
        "se": share.variance**0.5,
        "n": share.n,
        "df": share.df,
        "n_eff": effective_n(share, tail=tail, cut=False, adjust_df=False),
        "n_eff_df_adjusted": effective_n(share, tail=tail, cut=False),
        "ci": {name: value for name, value in intervals.items() if not name.startswith("wilson_n")},
        "ci_definition": {name: intervals[name] for name in _BY_DEFINITION},
        "ci_korn_graubard": korn_graubard(share, level=level).as_list(),
    }
    result["ci"]["wilson_neff"] = intervals["wilson_neff"]
    return result


def verdict_result(v: Verdict) -> dict:
    """A verdict as the reference cases spell it, with the point rule and the reasons beside it, and the
    second pair of bounds where it had to agree."""
    confirming = v.confirming and {
        "confirming_lower_one_sided": v.confirming.lower,
        "confirming_upper_one_sided": v.confirming.upper,
    }
    return (confirming or {}) | {
        "estimate": v.estimate,
        "variance_linearised": v.variance,
        "variance_smoothed": v.variance_smoothed,
        "n": v.n_valid,
        "df": v.df,
        "n_star": v.n_star,
        "threshold": v.threshold,
        "alpha": v.alpha,
        "lower_one_sided": v.lower,
        "upper_one_sided": v.upper,
        "verdict": v.verdict,
        "point_rule": v.point_rule,
        "reasons": list(v.reasons),
        "audiences": [
            {
                "audience": a.audience,
                "share": a.share,
                "estimate": a.estimate,
                "variance": a.variance,
                "kish_n": a.n_eff,
                "variance_smoothed": a.variance_smoothed,
            }
            for a in sorted(v.audiences, key=lambda a: a.audience)
        ],
    }


def mean_verdict(e: Estimate, *, weights: np.ndarray, values: np.ndarray, parameters: Mapping) -> dict:
    """Verdict on one weighted mean against parameters.threshold, smoothed as an audience of its own.

    weights, values: of the valid answers behind it. All 0 or 1: a share, judged by Korn–Graubard bounds;
    anything else is a score, judged by t bounds.
    """
    return judged(e, [group_state("all", 1.0, e, weights=weights, values=values)], parameters, [values])


def group_state(
    name: str, share: float, e: Estimate, *, weights: np.ndarray, values: np.ndarray
) -> AudienceState:
    """What the verdict needs of one group's mean, from the valid answers behind it."""
    spread = float("nan")
    if len(values) > 1:
        centred = weights @ (values - weights @ values / weights.sum()) ** 2 / weights.sum()
        spread = float(centred * len(values) / (len(values) - 1))
    n_eff = kish(weights).n_eff
    return AudienceState(name, share, e.n, n_eff, e.estimate, e.variance or 0.0, spread)


def judged(
    e: Estimate, groups: Sequence[AudienceState], parameters: Mapping, values: Sequence[np.ndarray]
) -> dict:
    """The verdict's keys for an estimate made of groups with their shares."""
    is_share = all(np.isin(one, (0.0, 1.0)).all() for one in values)
    found = judge(
        e.estimate,
        variance=e.variance,
        audiences=groups,
        n_valid=e.n,
        df=e.df,
        threshold=parameters["threshold"],
        alpha=parameters.get("alpha", 0.05),
        scale="share" if is_share else "score",
    )
    result = verdict_result(found)
    keep = (
        "threshold",
        "alpha",
        "lower_one_sided",
        "upper_one_sided",
        "n_star",
        "verdict",
        "point_rule",
        "reasons",
    )
    return {key: result[key] for key in keep}
