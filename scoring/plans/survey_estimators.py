"""Estimators that read one table under a declared design."""

from collections.abc import Mapping

import numpy as np

from scoring.numeric.composite_shares import checked_shares
from scoring.numeric.estimation import (
    Estimate,
    JointEstimates,
    design_effect,
    group_means,
    means,
    ratio,
    totals,
)
from scoring.numeric.intervals import ShareEstimate, effective_n, korn_graubard
from scoring.numeric.jackknife import jackknife
from scoring.numeric.reliability import cronbach_alpha
from scoring.numeric.weighting import kish
from scoring.plans.answer_table import column
from scoring.plans.columns import domain_of_rows, grouped, indicator, variables
from scoring.plans.errors import PlanError
from scoring.plans.figures import (
    estimate_result,
    group_state,
    joint_result,
    judged,
    mean_result,
    mean_verdict,
    share_result,
)
from scoring.plans.job import Job, domain_mask
from scoring.plans.sampling import (
    Sample,
    adjusted,
    declared_sample,
    report_summary,
    sample_of,
    weight_column,
)
from scoring.plans.survey_tests import independence, regression, t_test


def mean_or_total(job: Job) -> dict:
    """Means or totals of one or several variables; categories become one share each."""
    sample = sample_of(job)
    values, names = variables(sample.table, job.need("variable"))
    domain = domain_mask(sample.table, job.parameters.get("domain"))
    compute = totals if "total" in job.case["estimator"] else means
    joint = compute(sample.design, values, names=names, domain=domain)
    result = joint_result(joint, level=job.level)
    if compute is means:
        result |= _verdict(job, sample, joint, values, domain)
    elif "threshold" in job.parameters:
        raise PlanError("parameters.threshold: a total has no limit; judge a mean or a share")
    return result | _weights(job, sample)


def mean_and_total(job: Job) -> dict:
    """Mean and total after an adjustment of the weights, with the weights themselves."""
    sample = sample_of(job)
    values, names = variables(sample.table, job.need("variable"))
    domain = domain_mask(sample.table, job.parameters.get("domain"))
    mean = means(sample.design, values, names=names, domain=domain)
    result = {
        "mean": joint_result(mean, level=job.level),
        "total": joint_result(totals(sample.design, values, names=names, domain=domain), level=job.level),
    }
    result |= _verdict(job, sample, mean, values, domain)
    if sample.adjusted_regression is not None and len(names) == 1:
        other = means(sample.adjusted_regression, values, names=names, domain=domain).estimates[0]
        result["mean"]["se_calibrated_weight_regression"] = other.se
    return result | _weights(job, sample)


def ratio_of_totals(job: Job) -> dict:
    """Ratio of two weighted totals."""
    sample = sample_of(job)
    top, _ = variables(sample.table, job.need("numerator"))
    bottom, _ = variables(sample.table, job.need("denominator"))
    domain = domain_mask(sample.table, job.parameters.get("domain"))
    found = ratio(sample.design, top[:, 0], bottom[:, 0], domain=domain)
    return estimate_result(found, level=job.level) | _weights(job, sample)


def by_group(job: Job) -> dict:
    """Means of a variable in every group; the first grouping column varies fastest."""
    sample = sample_of(job)
    values, _ = variables(sample.table, job.need("variable"))
    domain = domain_mask(sample.table, job.parameters.get("domain"))
    code, groups = grouped(sample.table, job.need("by"), domain)
    joint = group_means(sample.design, values[:, 0], group=code, names=groups, covariance=False)
    results = [
        {"group": name} | estimate_result(e, level=job.level)
        for name, e in zip(joint.names, joint.estimates, strict=True)
    ]
    return {"groups": results} | _weights(job, sample)


def composite(job: Job) -> dict:
    """Fixed-share composite (or difference) of group means with the covariances between them."""
    sample = sample_of(job)
    values, _ = variables(sample.table, job.need("variable"))
    domain = domain_mask(sample.table, job.parameters.get("domain"))
    code, groups = grouped(sample.table, job.need("by"), domain)
    joint = group_means(sample.design, values[:, 0], group=code, names=groups)
    found = joint.contrast(job.need("shares"), df=sample.design.degrees_of_freedom(domain))
    result = estimate_result(found, level=job.level)
    result["groups"] = [
        {"group": name, "estimate": e.estimate, "se": e.se, "n": e.n}
        for name, e in zip(joint.names, joint.estimates, strict=True)
    ]
    if "threshold" in job.parameters:
        result |= _composite_verdict(job, sample, found, joint, values[:, 0], code)
    return result | {"covariance": joint.covariance} | _weights(job, sample)


def _composite_verdict(
    job: Job, sample: Sample, found: Estimate, joint: JointEstimates, values: np.ndarray, code: np.ndarray
) -> dict:
    """The verdict on a composite whose shares add to 1, every group smoothed as an audience."""
    shares = job.need("shares")
    shares = shares if isinstance(shares, Mapping) else dict(zip(joint.names, shares, strict=True))
    checked_shares(shares, "group")
    parts = {
        name: ~np.isnan(values) & (code == number)
        for number, name in enumerate(joint.names)
        if shares.get(name, 0) > 0
    }
    states = [
        group_state(
            name, shares[name], joint.estimates[joint.names.index(name)],
            weights=sample.design.weight[mine], values=values[mine],
        )
        for name, mine in parts.items()
    ]  # fmt: skip
    return judged(found, states, job.parameters, [values[mine] for mine in parts.values()])


def deff(job: Job) -> dict:
    """Design effect of a mean; parameters.reference says "srs with …" or "srs without replacement"."""
    sample = sample_of(job)
    values, names = variables(sample.table, job.need("variable"))
    domain = domain_mask(sample.table, job.parameters.get("domain"))
    replaced = "with replacement" in str(job.parameters.get("reference", "without replacement"))
    found_mean = means(sample.design, values[:, :1], names=names[:1], domain=domain)
    result = joint_result(found_mean, level=job.level)
    found = design_effect(sample.design, values[:, 0], domain=domain, with_replacement=replaced)
    return result | {"deff": found}


def proportion_intervals(job: Job) -> dict:
    """All intervals of a share given by parameters.indicator; missing answers leave the domain."""
    sample = sample_of(job)
    text = job.parameters.get("indicator", job.parameters.get("variable"))
    if text is None:
        raise PlanError("parameters.indicator is missing; write an expression such as 'sch_wide == \"Yes\"'")
    values = indicator(sample.table, text)
    inside = ~np.isnan(values)
    for asked in (domain_of_rows(job.parameters.get("rows")), job.parameters.get("domain")):
        mask = domain_mask(sample.table, asked)
        inside = inside if mask is None else inside & mask
    e = means(sample.design, values, names=["share"], domain=inside).estimates[0]
    if e.variance is None:
        return estimate_result(e)
    report = kish(sample.design.weight[inside])
    share = ShareEstimate(e.estimate, e.variance, e.n, e.df, kish_n=report.n_eff)
    result = share_result(share, level=job.parameters.get("level", 0.95))
    if "threshold" in job.parameters:
        weights = sample.design.weight[inside]
        result |= mean_verdict(e, weights=weights, values=values[inside], parameters=job.parameters)
    return result


def degenerate_interval(job: Job) -> dict:
    """Interval of a share of 0 or 1 (any share is allowed) from the Kish effective n."""
    sample = sample_of(job)
    values, names = variables(sample.table, job.need("variable"))
    domain = domain_mask(sample.table, job.parameters.get("domain"))
    inside = np.ones(len(values), bool) if domain is None else domain
    e = means(sample.design, values, names=names, domain=inside).estimates[0]
    report = kish(sample.design.weight[inside & ~np.isnan(values[:, 0])])
    share = ShareEstimate(e.estimate, e.variance, e.n, e.df, kish_n=report.n_eff)
    level = job.parameters.get("level", 0.95)
    interval = korn_graubard(share, level=level)
    n_star = effective_n(share, tail=(1 - level) / 2)
    return estimate_result(e) | {"kish_neff": report.n_eff, "n_star": n_star, "ci": interval.as_list()}


def delete_one_unit(job: Job) -> dict:
    """Jackknife of a mean, leaving out one first-stage unit at a time; `adjust` is carried out in every
    replicate."""
    sample = sample_of(job)
    values, names = variables(sample.table, job.need("variable"))
    domain = domain_mask(sample.table, job.parameters.get("domain"))
    inside = ~np.isnan(values).any(axis=1) & (True if domain is None else domain)
    filled = np.where(inside[:, None], values, 0.0)
    drawn = declared_sample(job, sample.table).design

    def reweight(w: np.ndarray) -> np.ndarray:
        return adjusted(job, Sample(sample.table, drawn.with_weights(w))).design.weight

    found = jackknife(
        drawn.weight,
        unit=drawn.stages[0].unit,
        stratum=drawn.row_stratum,
        statistic=lambda w: (w * inside) @ filled / (w * inside).sum(),
        reweight=reweight if job.case.get("adjust") else None,
    )
    results = {
        name: mean_result(
            float(found.estimate[i]), variance=float(found.covariance[i, i]), df=found.df, level=job.level
        )
        for i, name in enumerate(names)
    }
    return next(iter(results.values())) if len(results) == 1 else results


def kish_summary(job: Job) -> dict:
    """Kish's effective sample size of the weights."""
    report = kish(weight_column(job, job.table()))
    return {"n": report.n, "n_eff": report.n_eff, "deff_w": report.deff_w, "cv2": report.cv2}


def weighted_alpha(job: Job) -> dict:
    """Weighted Cronbach alpha over complete rows."""
    sample = sample_of(job)
    items = sample.frame[[column(sample.frame, name, "parameters.items").name for name in job.need("items")]]
    domain = domain_mask(sample.table, job.parameters.get("domain"))
    inside = slice(None) if domain is None else domain
    return {"estimate": cronbach_alpha(items[inside], weights=sample.design.weight[inside]).alpha}


def _verdict(
    job: Job, sample: Sample, joint: JointEstimates, values: np.ndarray, domain: np.ndarray | None
) -> dict:
    """The verdict on a single mean where the plan names a threshold; nothing otherwise."""
    if "threshold" not in job.parameters or joint.estimates[0].variance is None:
        return {}
    if len(joint.estimates) != 1:
        raise PlanError("parameters.threshold: a verdict needs one variable")
    inside = ~np.isnan(values[:, 0]) & (True if domain is None else domain)
    return mean_verdict(
        joint.estimates[0],
        weights=sample.design.weight[inside],
        values=values[inside, 0],
        parameters=job.parameters,
    )


def _weights(job: Job, sample: Sample) -> dict:
    """What the adjustments did to the weights; nothing if there were none."""
    if not job.case.get("adjust"):
        return {}
    w = sample.design.weight
    result = {"weights": report_summary(sample.weight_report), "weights_first5": w[:5]}
    if sample.report is not None:
        result["g_range"] = [sample.report.g_lowest, sample.report.g_highest]
        result["convergence"] = {"steps": sample.report.steps, "worst": sample.report.worst}
    if sample.cap is not None:
        at_cap = int((w >= sample.cap * (1 - 1e-12)).sum())
        result |= {"cap": sample.cap, "n_at_cap": at_cap, "n_at_upper": at_cap}
        if len(sample.distinct_weights) <= 20:
            result["weights_sorted_unique"] = sample.distinct_weights
    for warning in sample.weight_report.warnings:
        job.warn(warning.replace("_", " "))
    return result


SURVEY_ESTIMATORS = {
    "mean": mean_or_total,
    "total": mean_or_total,
    "domain_mean": mean_or_total,
    "domain_total": mean_or_total,
    "poststratified_mean": mean_or_total,
    "poststratified_total": mean_or_total,
    "trimmed_mean": mean_or_total,
    "trimmed_total": mean_or_total,
    "raked_mean_total": mean_and_total,
    "calibrated_mean_total": mean_and_total,
    "ratio": ratio_of_totals,
    "by_group_mean": by_group,
    "composite_mean": composite,
    "deff": deff,
    "proportion_ci": proportion_intervals,
    "proportion_ci_degenerate": degenerate_interval,
    "jackknife": delete_one_unit,
    "kish_effective_n": kish_summary,
    "difference_test": t_test,
    "association_test": independence,
    "regression": regression,
    "cronbach_alpha_weighted": weighted_alpha,
}
