"""Estimators whose numbers stand in the plan itself, and those that read one table without a design."""

from collections.abc import Mapping

import numpy as np

from scoring.numeric.fay_herriot import fay_herriot
from scoring.numeric.multiplicity import adjust_p_values
from scoring.numeric.planning import sample_size_to_decide
from scoring.numeric.sequences import asymptotic_sequence, bernoulli_sequence, normal_mixture_boundary
from scoring.numeric.small_area import shrink_schools
from scoring.numeric.spending import alpha_spending_bounds
from scoring.numeric.unweighted import UNWEIGHTED_INTERVALS, finite_population_interval, share_test
from scoring.numeric.verdict import AudienceState, judge
from scoring.plans.errors import PlanError
from scoring.plans.figures import verdict_result
from scoring.plans.job import Job


def unweighted_intervals(job: Job) -> dict:
    """Every interval of a share of counts."""
    given = job.inline
    x, n, level = given["successes"], given["n"], given.get("level", 0.95)
    result = {"estimate": x / n}
    for name, interval in UNWEIGHTED_INTERVALS.items():
        limits = interval(x, n=n, level=level)
        result[name] = [limits.lower, limits.upper]
    return result


def finite_population(job: Job) -> dict:
    """Exact interval of a share in a population of known size."""
    given = job.inline
    x, n, people = given["successes"], given["n"], given["population"]
    result = {"estimate": x / n}
    for percent in (95, 90):
        limits = finite_population_interval(x, n=n, population=people, level=percent / 100)
        result[f"ci{percent}_count"] = [limits.lower, limits.upper]
        result[f"ci{percent}"] = [limits.lower / people, limits.upper / people]
    return result


def proportion_test(job: Job) -> dict:
    """Exact and score tests of a share of counts against a threshold."""
    given = job.inline
    found = share_test(given["successes"], n=given["n"], threshold=given.get("threshold", 0.85))
    return vars(found) | {
        "clopper_pearson_lower95": found.lower_one_sided,
        "clopper_pearson_upper95": found.upper_one_sided,
        "verdict_exact_5pct": found.verdict,
    }


def sample_size(job: Job) -> dict:
    """Answers needed to decide a share against a threshold."""
    given = dict(job.inline)
    return dict(vars(sample_size_to_decide(given.pop("p_true"), **given)))


def confidence_sequence(job: Job) -> dict:
    """Time-uniform interval: of counts, or from an estimate, its standard error and effective n."""
    given = dict(job.inline)
    if "successes" in given:
        lower, upper = bernoulli_sequence(given.pop("successes"), **given)
        return {"ci": [lower, upper]}
    estimate = given.pop("estimate")
    two = asymptotic_sequence(estimate, sides="two", **given)
    one = asymptotic_sequence(estimate, sides="one", **given)
    result = {
        "asympcs_two_sided": {"rho2": two.rho2, "margin": two.margin, "ci": [two.lower, two.upper]},
        "asympcs_one_sided": {"margin": one.margin, "lower_limit": one.lower, "upper_limit": one.upper},
    }
    for sides in ("two", "one"):
        boundary = normal_mixture_boundary(
            given["n_eff"], alpha=given["alpha"], v_opt=given["t_opt"], sides=sides
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
    text = str(job.parameters.get("spending", "obf"))
    name = "pocock" if "pocock" in text.lower() or "ln(1" in text.replace(" ", "") else "obf"
    found = alpha_spending_bounds(job.inline["information_fractions"], alpha=job.need("alpha"), spending=name)
    return {
        "z": found.z,
        "cumulative_alpha": found.cumulative_alpha,
        "nominal_one_sided_p": found.nominal_p,
    }


def adjusted_p(job: Job) -> dict:
    """Adjusted p values."""
    return {"adjusted": adjust_p_values(job.inline["p"], method=job.need("method"))}


def area_model(job: Job) -> dict:
    """Fay–Herriot estimates; columns school, y, v and the covariates."""
    frame = job.table()
    names = [name.strip() for name in str(job.parameters.get("covariates", "1")).split(",")]
    covariates = frame[names[1:]] if len(names) > 1 else None
    method = "REML" if job.parameters.get("method") == "REML" else "moment"
    found = fay_herriot(frame["y"], variance=frame["v"], covariates=covariates, method=method)
    one = covariates is None
    return {
        "sigma2_area": found.sigma2_area,
        "beta": found.beta[0] if one else found.beta,
        "beta_se": found.beta_se[0] if one else found.beta_se,
        "eblup": [
            {"school": school, "estimate": estimate, "se_no_hyper": se}
            for school, estimate, se in zip(frame["school"], found.estimate, found.se_no_hyper, strict=True)
        ],
        "shrinkage_first5": found.shrinkage[:5],
    }


def shrunk_schools(job: Job) -> dict:
    """Beta-binomial shrinkage of school counts; columns school, y (satisfied) and n."""
    frame = job.named_table("counts") if job.has_input("counts") else job.table()
    found = shrink_schools(frame["y"], n=frame["n"])
    schools = [
        {
            "school": school,
            "n": int(n),
            "posterior_mean": found.mean[i],
            "interval90": [found.lower[i], found.upper[i]],
            "prob_below_085": found.prob_below[i],
        }
        for i, (school, n) in enumerate(zip(frame["school"], frame["n"], strict=True))
    ]
    prior = {key: getattr(found.prior, key) for key in ("mu", "rho", "alpha", "beta", "loglik")}
    return prior | {"schools": schools}


def inline_verdict(job: Job) -> dict:
    """Verdict from counts per audience, a simple random sample inside each."""
    given = job.inline
    audiences = []
    for name, n, x, share in zip(
        given["audiences"], given["n"], given["successes"], given["shares"], strict=True
    ):
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
        "alpha": given.get("alpha", 0.05),
    }
    estimate = sum(a.share * a.estimate for a in audiences)
    smoothed = verdict_result(judge(estimate, **common))
    naive = verdict_result(judge(estimate, **common, smoothing=False))
    keys = ("n_star", "lower_one_sided", "upper_one_sided", "verdict")
    return smoothed | {"without_smoothing": {key: naive[key] for key in keys}}


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
