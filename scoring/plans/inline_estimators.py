"""Estimators whose numbers stand in the plan itself, and those that read one table without a design."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from scoring.numeric.audience_states import AudienceState
from scoring.numeric.composite_shares import checked_shares
from scoring.numeric.fay_herriot import Method, fay_herriot
from scoring.numeric.multiplicity import adjust_p_values
from scoring.numeric.planning import sample_size_to_decide
from scoring.numeric.sequences import asymptotic_sequence, bernoulli_sequence, normal_mixture_boundary
from scoring.numeric.small_area import shrink_schools
from scoring.numeric.spending import alpha_spending_bounds
from scoring.numeric.unweighted import UNWEIGHTED_INTERVALS, finite_population_interval, share_test
from scoring.numeric.verdict import judge
from scoring.plans.answer_table import column, numbers
from scoring.plans.checks import needed, numbers_of, only_known
from scoring.plans.errors import PlanError
from scoring.plans.figures import verdict_result
from scoring.plans.job import Job


def unweighted_intervals(job: Job) -> dict:
    """Every interval of a share of counts."""
    given = job.inline
    _known(given, "successes", "n", "level")
    x, n = counted(given)
    (level,) = needed({"level": given.get("level", job.level)}, "level")
    result = {"estimate": x / n}
    for name, interval in UNWEIGHTED_INTERVALS.items():
        limits = interval(x, n=n, level=level)
        result[name] = [limits.lower, limits.upper]
    return result


def finite_population(job: Job) -> dict:
    """Exact interval of a share in a population of known size."""
    given = job.inline
    _known(given, "successes", "n", "population", "level")
    (x, n), (people,) = counted(given), needed(given, "population")
    result = {"estimate": x / n}
    levels = {0.95, 0.9} | {given.get("level", job.level)}
    needed(dict.fromkeys(("level",), given.get("level", 0.95)), "level")
    for level in sorted(levels, reverse=True):
        limits = finite_population_interval(x, n=n, population=people, level=level)
        result[f"ci{level * 100:g}_count"] = [limits.lower, limits.upper]
        result[f"ci{level * 100:g}"] = [limits.lower / people, limits.upper / people]
    return result


def proportion_test(job: Job) -> dict:
    """Exact and score tests of a share of counts against a threshold."""
    x, n = counted(job.inline)
    given = only_known(job.inline, ("successes", "n", "threshold", "alpha"))
    threshold, alpha = given.get("threshold", 0.85), given.get("alpha", 0.05)
    found = share_test(x, n=n, threshold=threshold, alpha=alpha)
    return vars(found) | {
        f"clopper_pearson_lower{100 - alpha * 100:g}": found.lower_one_sided,
        f"clopper_pearson_upper{100 - alpha * 100:g}": found.upper_one_sided,
        f"verdict_exact_{alpha * 100:g}pct": found.verdict,
    }


def sample_size(job: Job) -> dict:
    """Answers needed to decide a share against a threshold."""
    needed(job.inline, "p_true")
    given = only_known(job.inline, ("p_true", "threshold", "alpha", "power", "deff", "population"))
    return dict(vars(sample_size_to_decide(given.pop("p_true"), **given)))


def confidence_sequence(job: Job) -> dict:
    """Time-uniform interval: of counts, or from an estimate, its standard error and effective n.

    alpha_opt, the level for which the sequence is narrowest, tunes the mixture boundaries; the asymptotic
    sequence of an estimate is tuned at alpha itself by its definition.
    """
    if "successes" in job.inline:
        counted(job.inline)
        needed(job.inline, "t_opt")
        given = only_known(job.inline, ("successes", "n", "t_opt", "alpha", "alpha_opt"))
        lower, upper = bernoulli_sequence(given.pop("successes"), **given)
        return {"ci": [lower, upper]}
    needed(job.inline, "estimate", "se", "n_eff", "t_opt")
    given = {"alpha": 0.05} | only_known(
        job.inline, ("estimate", "se", "n_eff", "t_opt", "alpha", "alpha_opt")
    )
    estimate, tuned_at = given.pop("estimate"), given.pop("alpha_opt", None)
    two = asymptotic_sequence(estimate, sides="two", **given)
    one = asymptotic_sequence(estimate, sides="one", **given)
    result = {
        "asympcs_two_sided": {"rho2": two.rho2, "margin": two.margin, "ci": [two.lower, two.upper]},
        "asympcs_one_sided": {"margin": one.margin, "lower_limit": one.lower, "upper_limit": one.upper},
    }
    for sides in ("two", "one"):
        boundary = normal_mixture_boundary(
            given["n_eff"], alpha=given["alpha"], v_opt=given["t_opt"], sides=sides, alpha_opt=tuned_at
        )
        margin = given["se"] * boundary / np.sqrt(given["n_eff"])
        low, high = estimate - margin, estimate + margin
        result[f"{sides}_sided"] = {
            "boundary": boundary,
            "margin": margin,
            "ci": [low, high],
            "lower_limit": low,
        }
    return result


def spending(job: Job) -> dict:
    """Group-sequential bounds of an alpha-spending function."""
    fractions = numbers_of(job.inline, "information_fractions")
    found = alpha_spending_bounds(
        fractions,
        alpha=job.need("alpha"),
        spending=_spending_named(str(job.parameters.get("spending", "obf"))),
        shape=job.parameters.get("shape"),
    )
    return {
        "z": found.z,
        "cumulative_alpha": found.cumulative_alpha,
        "nominal_one_sided_p": found.nominal_p,
    }


def adjusted_p(job: Job) -> dict:
    """Adjusted p values."""
    return {"adjusted": adjust_p_values(numbers_of(job.inline, "p"), method=job.need("method"))}


def area_model(job: Job) -> dict:
    """Fay–Herriot estimates; columns school, y, v and the covariates."""
    frame = job.table()
    covariates = _covariates(frame, job.parameters.get("covariates", "intercept only"))
    found = fay_herriot(
        numbers(frame, "y", "inputs"),
        variance=numbers(frame, "v", "inputs"),
        covariates=covariates,
        method=_area_method(str(job.parameters.get("method", "REML"))),
    )
    one = covariates is None
    return {
        "sigma2_area": found.sigma2_area,
        "beta": found.beta[0] if one else found.beta,
        "beta_se": found.beta_se[0] if one else found.beta_se,
        "eblup": [
            {"school": school, "estimate": estimate, "se_no_hyper": se}
            for school, estimate, se in zip(
                column(frame, "school", "inputs"), found.estimate, found.se_no_hyper, strict=True
            )
        ],
        "shrinkage_first5": found.shrinkage[:5],
    }


def shrunk_schools(job: Job) -> dict:
    """Beta-binomial shrinkage of school counts; columns school, y (satisfied) and n."""
    frame = job.named_table("counts") if job.has_input("counts") else job.table()
    threshold, level = float(job.parameters.get("threshold", 0.85)), float(job.parameters.get("level", 0.9))
    satisfied, answers = numbers(frame, "y", "inputs.counts"), numbers(frame, "n", "inputs.counts")
    found = shrink_schools(satisfied, n=answers, threshold=threshold, level=level)
    below = "prob_below_" + f"{threshold:.2f}".replace(".", "")
    schools = [
        {
            "school": school,
            "n": int(n),
            "posterior_mean": found.mean[i],
            f"interval{level * 100:g}": [found.lower[i], found.upper[i]],
            below: found.prob_below[i],
        }
        for i, (school, n) in enumerate(zip(column(frame, "school", "counts"), answers, strict=True))
    ]
    prior = {key: getattr(found.prior, key) for key in ("mu", "rho", "alpha", "beta", "loglik")}
    return prior | {"schools": schools}


def inline_verdict(job: Job) -> dict:
    """Verdict from counts per audience, a simple random sample inside each."""
    given = job.inline
    _known(given, "audiences", "n", "successes", "shares", "threshold", "alpha")
    needed(given, "threshold")
    alpha = needed({"alpha": given.get("alpha", 0.05)}, "alpha")[0]
    columns = [given.get("audiences"), *(numbers_of(given, key) for key in ("n", "successes", "shares"))]
    named = isinstance(columns[0], list) and all(isinstance(name, str) for name in columns[0])
    if not named or len({len(one) for one in columns}) != 1:
        raise PlanError("inputs.inline needs audiences, n, successes and shares, lists of one length")
    checked_shares(dict(zip(columns[0], columns[3], strict=True)), "audience")
    audiences = []
    for name, n, x, share in zip(*columns, strict=True):
        if not 0 <= x <= n:
            raise PlanError(f"audience '{name}': {x} satisfied of {n} answers is impossible")
        if n < 2:
            raise PlanError(f"audience '{name}' has {n} answers; a variance needs two")
        audiences.append(AudienceState(name, share, n, float(n), x / n, x / n * (1 - x / n) / (n - 1)))
    answers = sum(a.n_valid for a in audiences)
    common = {
        "variance": sum(a.share**2 * a.variance for a in audiences),
        "audiences": audiences,
        "n_valid": answers,
        "df": answers - len(audiences),
        "threshold": given["threshold"],
        "alpha": alpha,
    }
    estimate = sum(a.share * a.estimate for a in audiences)
    smoothed = verdict_result(judge(estimate, **common))
    naive = verdict_result(judge(estimate, **common, smoothing=False))
    keys = ("n_star", "lower_one_sided", "upper_one_sided", "verdict")
    return smoothed | {"without_smoothing": {key: naive[key] for key in keys}}


def _known(given: Mapping, *keys: str) -> None:
    """Refuses an entry that the estimator does not read, so that none is passed over."""
    for key in given:
        if key not in keys:
            raise PlanError(f"inputs.inline.{key} is not used here; known are {', '.join(keys)}")


def counted(given: Mapping) -> tuple[float, float]:
    """successes and n of a plan: a number of answers above 0, of which as many were satisfied."""
    x, n = needed(given, "successes", "n")
    if n <= 0:
        raise PlanError(f"inputs.inline.n is {n}; without an answer there is no share")
    return x, n


def _spending_named(text: str) -> str:
    """A spending function by name or by its formula."""
    plain = text.lower().replace(" ", "")
    if "pocock" in plain or "ln(1+(e-1)" in plain or "log(1+(e-1)" in plain:
        return "pocock"
    if plain in ("power", "hsd"):
        return plain
    if "obf" in plain or "brien" in plain or "phi(z" in plain:
        return "obf"
    raise PlanError(
        f"parameters.spending is '{text}'; known are obf (O'Brien-Fleming type), pocock, power and hsd, the "
        "last two with parameters.shape"
    )


def _area_method(text: str) -> Method:
    if text.upper() in ("REML", "ML"):
        return text.upper()  # type: ignore[return-value]
    if "moment" in text.lower() or text.upper() in ("PM", "FH"):
        return "moment"
    raise PlanError(
        f"parameters.method is '{text}'; known are REML, ML and moment (Fay and Herriot's equation)"
    )


def _covariates(frame: pd.DataFrame, named: object) -> pd.DataFrame | None:
    """Columns named after "intercept" in a list or in a text with commas; None for the intercept alone."""
    listed = named if isinstance(named, list) else str(named).split(",")
    names = [str(name).strip() for name in listed]
    names = [name for name in names if name not in ("1", "") and not name.lower().startswith("intercept")]
    where = "parameters.covariates"
    return pd.DataFrame({name: numbers(frame, name, where) for name in names}) if names else None


INLINE_ESTIMATORS: Mapping = {
    "unweighted_proportion_ci": unweighted_intervals,
    "finite_population_exact_ci": finite_population,
    "proportion_test": proportion_test,
    "sample_size_one_sided": sample_size,
    "confidence_sequence": confidence_sequence,
    "alpha_spending_bounds": spending,
    "multiple_testing": adjusted_p,
    "small_area_fay_herriot": area_model,
    "small_area_beta_binomial": shrunk_schools,
}
