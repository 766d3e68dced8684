"""Estimators of a county whose responses, strata and margins come as several tables."""

import re

import numpy as np

from scoring.numeric.cells import Cells, Design
from scoring.numeric.composite import CompositeEstimate, estimate_composite
from scoring.numeric.domains import DomainEstimate, estimate_domains
from scoring.numeric.intervals import ShareEstimate
from scoring.numeric.item_pairs import item_means
from scoring.numeric.recode import pair_sums
from scoring.plans.county_tables import (
    County,
    class_shares_of,
    county,
    shares_of,
)
from scoring.plans.errors import PlanError
from scoring.plans.figures import mean_result, share_result
from scoring.plans.job import Job

VARIABLES = ("idx_overall", "t2_overall", "idx_all", "t2_all")
STRATA = Design("all_schools", fpc=False)
STRATA_FPC = Design("all_schools", fpc=True)
SCHOOLS = Design("sampled_schools", fpc=False)


def county_design(job: Job) -> Design:
    """ "stratified" means that all schools were surveyed, "stratified_cluster" that schools are sampling
    units."""
    kind = job.design.get("kind") or {
        "stratified": "all_schools",
        "stratified_cluster": "sampled_schools",
    }.get(job.design.get("type"))
    if kind is None:
        raise PlanError(
            "design.type must be 'stratified' (all schools) or 'stratified_cluster' (schools sampled)"
        )
    fpc = bool(job.design.get("fpc", job.design.get("fpc_population_size")))
    return Design(kind, fpc=fpc, schools_in_class=job.design.get("schools_in_class"))


def county_domains(job: Job) -> dict:
    """Means of the wave's variables: the whole county, or per audience, class, school."""
    found, design = county(job), county_design(job)
    labels = _domain_labels(job, found)
    results: dict = {}
    for variable in variables_of(job):
        for name, d in domain_entries(
            found.cells, found.sums(variable), labels, design, level=job.level
        ).items():
            results.setdefault(name, {})[variable] = d
    return results["all"] if labels is None else results


def county_composite(job: Job) -> dict:
    """Fixed-share composite of the wave's variables, or inside each class."""
    found, design, shares = county(job), county_design(job), shares_of(job)
    within = "within each class" in (job.case.get("title") or "") or job.parameters.get("by") in (
        "class",
        ["class"],
    )
    results: dict = {}
    for variable in variables_of(job):
        c = estimate_composite(
            found.cells,
            found.sums(variable),
            audience_shares=shares,
            class_shares=None if within else class_shares_of(job),
            design=design,
        )
        if within:
            for place in c.locations:
                if place.estimate is None:
                    job.warn(f"{variable}, {place.location}: {place.reason}")
                else:
                    part = mean_result(place.estimate, variance=place.variance, df=place.df, level=job.level)
                    results.setdefault(place.location, {})[variable] = part
        else:
            results[variable] = composite_entry(c, level=job.level)
    return results


def county_items(job: Job) -> dict:
    """Every item, for the county and as composite; or for parents alone with schools as sampling units."""
    found, design = county(job), county_design(job)
    audience = job.parameters.get(
        "audience", "parent" if "parents only" in (job.case.get("title") or "") else None
    )
    results: dict = {}
    for item in found.items:
        for kind in ("idx", "t2"):
            name = f"{kind}_{item}"
            sums = found.sums(name)
            if audience is not None:
                labels = np.where(found.cells.audience == audience, audience, "")
                results.setdefault(item, {})[name] = domain_entries(
                    found.cells, sums, labels, design, level=job.level
                )[audience]
                continue
            parts = results.setdefault(item, {"overall": {}, "composite": {}})
            whole = domain_entries(found.cells, sums, None, design, level=job.level)
            parts["overall"][name] = whole["all"]
            c = estimate_composite(
                found.cells, sums, audience_shares=shares_of(job), class_shares=None, design=design
            )
            parts["composite"][name] = composite_entry(c, level=job.level)
    return results


def county_item_index(job: Job) -> dict:
    """Mean over items of the items' own means, for the county and for parents."""
    found, design = county(job), county_design(job)
    pairs = pair_sums(found.scores("idx"), cell=found.code, n_cells=len(found.lines))
    answered = found.sums("idx_all").R
    parents = found.cells.audience == "parent"
    results = {}
    for key, drawn, inside in [
        ("overall", design, None),
        ("parent", design, parents),
        ("parent_cluster", SCHOOLS, parents),
    ]:
        m = item_means(found.cells, pairs, design=drawn, inside=inside, answered=answered)
        results[key] = mean_result(m.overall, variance=m.overall_se**2, df=m.df, level=job.level)
    return results


def county_intervals(job: Job) -> dict:
    """Intervals of the overall item's top-2 share: the county and every audience."""
    found, design = county(job), county_design(job)
    sums = found.sums("t2_overall")
    results = {}
    for labels in (["overall"] * len(found.cells), found.cells.audience):
        for name, d in estimate_domains(found.cells, sums, domain=labels, design=design).items():
            if d.se is not None:
                share = ShareEstimate(d.estimate, d.se**2, d.n_valid, d.df, kish_n=d.n_eff)
                results[name] = share_result(share, level=job.level)
    return results


def county_deff(job: Job) -> dict:
    """Design effects (with replacement) and Kish effects of the overall item's top-2 share."""
    found = county(job)
    sums = found.sums("t2_overall")
    results: dict = {"strata": {}, "cluster": {}}
    for key, design in (("strata", STRATA), ("cluster", SCHOOLS)):
        for labels in (["overall"] * len(found.cells), found.cells.audience):
            for name, d in estimate_domains(found.cells, sums, domain=labels, design=design).items():
                # A 0/1 variable: its weighted element variance is p(1−p) n/(n−1).
                element = d.estimate * (1 - d.estimate) * d.n_valid / (d.n_valid - 1)
                results[key][name] = {
                    "deff_replace": d.se**2 / (element / d.n_valid) if element else None,
                    "kish_deff": d.n_valid / d.n_eff,
                    "kish_neff": d.n_eff,
                }
    return results


def domain_entry(d: DomainEstimate, *, level: float = 0.95) -> dict:
    """A domain's estimate as a result; null standard error with fewer than two answers."""
    if d.se is None:
        return {"estimate": d.estimate, "se": None, "ci_z": None, "ci_t": None, "df": None, "n": d.n_valid}
    return mean_result(d.estimate, variance=d.se**2, df=d.df, n=d.n_valid, level=level)


def domain_entries(cells: Cells, sums, labels, design: Design, *, level: float = 0.95, **kwargs) -> dict:
    """Estimates of every domain named by `labels`, or of "all"."""
    labels = ["all"] * len(cells) if labels is None else labels
    found = estimate_domains(cells, sums, domain=labels, design=design, **kwargs)
    return {name: domain_entry(d, level=level) for name, d in found.items()}


def composite_entry(c: CompositeEstimate, *, level: float = 0.95) -> dict:
    """A composite as a result."""
    return mean_result(c.estimate, variance=c.variance, df=c.df, level=level)


def variables_of(job: Job) -> tuple[str, ...]:
    """parameters.variable, or the four of the reference cases."""
    wanted = job.parameters.get("variable")
    return VARIABLES if wanted is None else (wanted,) if isinstance(wanted, str) else tuple(wanted)


def _domain_labels(job: Job, found: County):
    """Names of the domains per cell, from parameters.by, parameters.domain or the case's title; None for
    the whole county."""
    c = found.cells
    title = job.case.get("title") or ""
    by, only = job.parameters.get("by"), job.parameters.get("audience")
    asked = job.parameters.get("domain")
    if asked is not None:
        said = re.fullmatch(r"audience = (\S+) and school", str(asked))
        if by is not None or said is None:
            raise PlanError(
                "parameters.domain of a county is 'audience = … and school' and stands alone; otherwise use "
                "by (audience, class, school) and audience"
            )
        by, only = ["school"], said.group(1)
    if by is None:
        if job.case["estimator"] == "county_mean":
            return None
        school = "per-school" in title
        by = (
            ["school"]
            if school
            else [w for w, key in (("audience", "audience"), ("class", "class")) if key in title]
        )
    by = [by] if isinstance(by, str) else list(by)
    columns = {"audience": c.audience, "class": c.location, "school": c.school}
    if not by or any(name not in columns for name in by):
        raise PlanError("parameters.by must name some of audience, class, school")
    labels = columns[by[0]].astype(str)
    for name in by[1:]:
        labels = np.char.add(np.char.add(labels, "."), columns[name].astype(str))
    if only is None and by == ["school"] and "," in title:
        only = title.rsplit(", ", 1)[1] if "over" not in title else None
    if only is not None:
        labels = np.where(c.audience == only, labels, "")
    if by == ["school"]:
        labels = np.where(c.school == "", "", labels)
    return labels
