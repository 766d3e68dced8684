"""Verdicts on the composite of a county given as several tables."""

from itertools import product

from scoring.numeric.cells import Design
from scoring.numeric.composite import CompositeEstimate, estimate_composite
from scoring.numeric.domains import estimate_domains
from scoring.numeric.verdict import plain_test, verdict
from scoring.plans.county_estimators import SCHOOLS, STRATA
from scoring.plans.county_tables import County, county, shares_of
from scoring.plans.figures import verdict_result
from scoring.plans.job import Job


def county_verdict(job: Job) -> dict:
    """Verdicts on the composite: the recommended one where the rule speaks of V+, plain t otherwise."""
    found, shares = county(job), job.parameters.get("shares")
    designs = {"S0": STRATA, "C": SCHOOLS}
    results: dict = {}
    confirm = bool(job.parameters.get("confirm", False))
    if "V+" in str(job.parameters.get("rule", "V+")):
        composites = {
            key: _whole(found, "t2_overall", design, shares_of(job)) for key, design in designs.items()
        }
        for key, alpha, threshold in product(
            designs,
            _with_own(job, "alpha", (0.05, 0.025, 0.1, 0.01)),
            _with_own(job, "threshold", (0.85, 0.75, 0.8, 0.9, 0.95)),
        ):
            name = f"{key}.{_decimals(alpha)}" + (
                "" if threshold == 0.85 else f".threshold{threshold * 100:g}"
            )
            results[name] = verdict_result(
                verdict(composites[key], threshold=threshold, alpha=alpha, confirm=confirm)
            )
        return results
    shares = shares_of(job) if shares else _official(found)
    asked = {key: float(job.parameters[key]) for key in ("threshold", "alpha") if key in job.parameters}
    for key, design in designs.items():
        for v in ("t2_overall", "t2_all"):
            c = _whole(found, v, design, shares)
            results[f"{key}.composite.{v}"] = plain_verdict(c.estimate, c.variance, c.df, **asked)
            for labels in (["overall"] * len(found.cells), found.cells.audience):
                for name, d in estimate_domains(
                    found.cells, found.sums(v), domain=labels, design=design
                ).items():
                    if d.se:
                        results[f"{key}.{name}.{v}"] = plain_verdict(d.estimate, d.se**2, d.df, **asked)
    return results


def _with_own(job: Job, key: str, shown: tuple[float, ...]) -> tuple[float, ...]:
    """The values that are always shown, and the one the plan asks for."""
    return tuple(dict.fromkeys((*shown, float(job.parameters.get(key, shown[0])))))


def _decimals(alpha: float) -> str:
    """0.05 → "05", 0.025 → "025", 0.1 → "10"."""
    digits = f"{alpha:.4f}".rstrip("0")[2:]
    return digits if len(digits) > 1 else digits + "0"


def plain_verdict(
    estimate: float, variance: float, df: int, *, threshold: float = 0.85, alpha: float = 0.05
) -> dict:
    """Two one-sided t tests as the reference cases spell them."""
    v = plain_test(estimate, variance=variance, df=df, threshold=threshold, alpha=alpha)
    result = {"estimate": estimate, "se": variance**0.5, "df": df, "threshold": threshold, "alpha": alpha}
    return result | {
        "lower_one_sided": v.lower,
        "upper_one_sided": v.upper,
        "t": v.t,
        "p_met": v.p_met,
        "p_not_met": v.p_not_met,
        "verdict": v.verdict,
    }


def _whole(found: County, variable: str, design: Design, shares) -> CompositeEstimate:
    return estimate_composite(
        found.cells, found.sums(variable), audience_shares=shares, class_shares=None, design=design
    )


def _official(found: County) -> dict[str, float]:
    """Parents half, every other audience an equal part of the rest."""
    names = [str(name) for name in found.cells.audience_codes[0]]
    rest = (1 - 0.5) / max(len(names) - 1, 1)
    return {name: 0.5 if name == "parent" else rest for name in names}
