"""Estimators of a county that compare: rules, waves, tallies with responses, and special samples."""

import numpy as np

from scoring.numeric.cells import Cells
from scoring.numeric.composite import estimate_composite
from scoring.numeric.design import survey_design
from scoring.numeric.domains import estimate_domains
from scoring.numeric.estimation import means
from scoring.numeric.intervals import ShareEstimate
from scoring.numeric.item_pairs import item_means
from scoring.numeric.jackknife import jackknife
from scoring.numeric.raking import Margin, rake
from scoring.numeric.recode import CellSums, PairSums, aggregate, pair_sums
from scoring.numeric.waves import wave_change
from scoring.plans.answer_table import column
from scoring.plans.county_estimators import (
    SCHOOLS,
    STRATA,
    STRATA_FPC,
    VARIABLES,
    domain_entry,
)
from scoring.plans.county_tables import County, county, county_of_tallies, school_words, shares_of
from scoring.plans.county_verdicts import plain_verdict
from scoring.plans.county_weighted import raked_county
from scoring.plans.errors import PlanError
from scoring.plans.figures import estimate_result, mean_result, share_result
from scoring.plans.job import Job

RULES = ("top1", "top2", "top3", "top2_dk_not_satisfied", "all_items_satisfied", "score_20_to_100")


def scoring_rules(job: Job) -> dict:
    """The same responses under every named rule and every way of weighing the audiences."""
    found = county(job)
    names, code = found.cells.audience_codes
    people = np.bincount(code, weights=found.cells.n * found.cells.weight)
    shares = shares_of(job)
    groups = {
        "shares": shares,
        "equal": {a: 1 / len(shares) for a in shares},
        "population": dict(zip(map(str, names), people / people.sum(), strict=True)),
    }
    pairs = pair_sums(found.scores("t2"), cell=found.code, n_cells=len(found.lines))
    results: dict = {}
    for rule in RULES:
        values = found.rule_values(rule)
        sums = found.sums_of(values)
        for group, of in groups.items():
            one, two = (
                estimate_composite(found.cells, sums, audience_shares=of, class_shares=None, design=d)
                for d in (STRATA, SCHOOLS)
            )
            results[f"{rule}.{group}"] = _both(one.estimate, one.se, two.se)
        results[f"{rule}.pooled_unweighted"] = {
            "estimate": float(np.nanmean(values)),
            "n": int((~np.isnan(values)).sum()),
        }
    for group, of in groups.items():
        one, two = (item_means(found.cells, pairs, design=d, audience_shares=of) for d in (STRATA, SCHOOLS))
        results[f"item_mean_top2.{group}"] = _both(one.overall, one.overall_se, two.overall_se)
    return results


def from_tallies(job: Job) -> dict:
    """County, audiences, composite and raked figures from option counts alone."""
    found = county_of_tallies(job)
    results = {
        "strata_fpc": _blocks(job, found.cells, {v: found.sums(v) for v in VARIABLES[:2]}, STRATA_FPC),
        "cluster": _blocks(job, found.cells, {v: found.sums(v) for v in VARIABLES[:2]}, SCHOOLS),
        "raked": raked_county(job),
    }
    names, code = found.cells.audience_codes
    counts = np.bincount(code, weights=found.n)
    results["response_counts"] = {str(a): int(c) for a, c in zip(names, counts, strict=True)}
    return results


def from_cells(job: Job) -> dict:
    """The same from counts, sums, sums of squares and cross products per audience × class × school."""
    lines = job.named_table("cells")
    strata = job.named_table("strata")
    of_stratum = strata.drop_duplicates("stratum").set_index("stratum")
    cells = Cells(
        audience=lines["audience"].to_numpy(),
        location=lines["class"].to_numpy(),
        school=school_words(lines["school"], strata.get("cell")).to_numpy(),
        stratum=lines["stratum"].to_numpy(),
        n=lines["n"].to_numpy(),
        weight=of_stratum["weight"].loc[lines["stratum"]].to_numpy(),
        stratum_population=of_stratum["N_stratum"].loc[lines["stratum"]].to_numpy(),
    )
    known = [v for v in VARIABLES if f"{v}_n" in lines.columns]
    sums = {v: CellSums(*(lines[f"{v}_{part}"].to_numpy(float) for part in ("n", "s", "ss"))) for v in known}
    if job.design.get("type") == "stratified_cluster":
        result = _blocks(job, cells, sums, SCHOOLS)
        return result | {"parent": result["audience"].get("parent")}
    parents = np.where(cells.audience == "parent", cells.school, "")
    schools: dict = {}
    for v, s in sums.items():
        for name, d in estimate_domains(cells, s, domain=parents, design=STRATA_FPC).items():
            schools.setdefault(name, {})[v] = domain_entry(d, level=job.level)
    grid = {part: lines[f"cross_{part}"].to_numpy(float) for part in ("n", "overall_s", "all_s")}
    grid |= {part: lines[f"cross_{part}"].to_numpy(float) for part in ("overall_ss", "overall_all", "all_ss")}
    layout = (
        ("n", "n", "n", "n"),
        ("overall_s", "overall_s", "all_s", "all_s"),
        ("overall_ss", "overall_all", "overall_all", "all_ss"),
    )
    pairs = PairSums(*(np.stack([grid[k] for k in keys], axis=1).reshape(-1, 2, 2) for keys in layout))
    both = item_means(cells, pairs, design=STRATA_FPC)
    return {
        "strata_fpc": _blocks(job, cells, sums, STRATA_FPC),
        "strata_nofpc": _blocks(job, cells, sums, STRATA),
        "school_parent": schools,
        "covariance_idx_overall_idx_all": {"estimate": both.mean, "covariance": both.covariance},
    }


def trend(job: Job) -> dict:
    """Wave 2 minus wave 1: composite and parents, with independent responses and with the same schools."""
    waves = [county(job, responses=f"wave{w}", strata=f"wave{w}_strata") for w in (1, 2)]
    results: dict = {}
    for key, design, shares in [
        ("independent", STRATA_FPC, shares_of(job)),
        ("same_schools", SCHOOLS, shares_of(job)),
        ("parent_independent", STRATA_FPC, {"parent": 1.0}),
        ("parent_same_schools", SCHOOLS, {"parent": 1.0}),
    ]:
        results[key] = {}
        for v in VARIABLES:
            one, two = ((wave.cells, wave.sums(v)) for wave in waves)
            c = wave_change(one, two, audience_shares=shares, class_shares=None, design=design)
            entry = mean_result(c.difference, variance=c.variance, df=c.df, level=job.level)
            results[key][v] = entry | {"t": c.t, "p_value": c.p_value}
    return results


def two_stage(job: Job) -> dict:
    """Schools sampled within class, parents within schools: both stages with fpc, and schools alone."""
    rows = job.named_table("responses")
    found = County(rows, np.arange(len(rows)), rows, None, np.ones(len(rows)))
    common = {"weight": column(rows, "w", "responses"), "strata": [rows["class"]]}
    designs = {
        "two_stage_fpc": survey_design(
            len(rows),
            psu=[rows["school"], rows["resp_id"]],
            population=[rows["M_schools"], rows["N_parents"]],
            **common,
        ),
        "ultimate_cluster": survey_design(len(rows), psu=[rows["school"]], **common),
    }
    results: dict = {}
    for key, design in designs.items():
        results[key] = {"overall": {}, "class": {}}
        for v in VARIABLES:
            y = found.values(v)
            for place in (None, *sorted(rows["class"].unique())):
                inside = ~np.isnan(y) if place is None else ~np.isnan(y) & (rows["class"] == place).to_numpy()
                entry = estimate_result(
                    means(design, y, names=[v], domain=inside).estimates[0], level=job.level
                )
                if place is None:
                    results[key]["overall"][v] = entry
                else:
                    results[key]["class"].setdefault(place, {})[v] = entry
    y = found.values("t2_overall")
    e = means(designs["ultimate_cluster"], y, names=["t2"], domain=~np.isnan(y)).estimates[0]
    results["ci"] = results["ultimate_cluster"]["ci"] = share_result(
        ShareEstimate(e.estimate, e.variance, e.n, e.df), level=job.level
    )
    return results


def school_jackknife(job: Job) -> dict:
    """Delete-one-school jackknife for parents: plain, post-stratified to class, raked to three margins."""
    found = county(job, by_margins=True)
    parents = found.cells.audience == "parent"
    sums = {v: found.sums(v) for v in VARIABLES[:2]}
    n = found.n[parents]
    margins = {
        name: Margin(name, column(found.lines, name, "parameters.margins")[parents].to_numpy(), totals)
        for name, totals in job.need("margins").items()
    }
    if "class" not in margins:
        raise PlanError(f"parameters.margins needs 'class'; it names {', '.join(margins) or 'none'}")
    ways = {
        "plain": None,
        "poststratified_class": lambda w: rake(w, [margins["class"]], counts=n).weights,
        "raked": lambda w: rake(w, list(margins.values()), counts=n).weights,
    }
    results: dict = {}
    for key, reweight in ways.items():
        j = jackknife(
            found.cells.weight[parents],
            unit=found.cells.school[parents],
            stratum=found.cells.location[parents],
            statistic=lambda w: [w @ s.S1[parents] / (w @ s.R[parents]) for s in sums.values()],
            reweight=reweight,
        )
        results[key] = {
            v: mean_result(float(j.estimate[i]), variance=float(j.covariance[i, i]), df=j.df, level=job.level)
            for i, v in enumerate(sums)
        }
    return results


def quota_sample(job: Job) -> dict:
    """Official-style quota sample: cells are audience × class, weighted to N_cell."""
    rows = job.named_table("responses")
    found = County(rows, np.arange(len(rows)), rows, None, np.ones(len(rows)))
    names, code = np.unique((rows["audience"] + ":" + rows["class"]).to_numpy(str), return_inverse=True)
    lines = rows.iloc[np.unique(code, return_index=True)[1]]
    n = np.bincount(code)
    cells = Cells(
        audience=lines["audience"].to_numpy(),
        location=lines["class"].to_numpy(),
        school=np.full(len(names), ""),
        stratum=names,
        n=n,
        weight=lines["N_cell"].to_numpy() / n,
        stratum_population=lines["N_cell"].to_numpy(),
    )
    class_shares = {str(k): float(v) for k, v in job.need("class_shares").items()}
    results: dict = {"unweighted": {}, "composite_official": {"nofpc": {}, "fpc": {}}, "audience": {}}
    for v in VARIABLES:
        y = found.values(v)
        valid = y[~np.isnan(y)]
        results["unweighted"][v] = {
            "estimate": valid.mean(),
            "n": len(valid),
            "se": valid.std(ddof=1) / len(valid) ** 0.5,
        }
        sums = aggregate(y, cell=code, n_cells=len(names))
        for key, design in (("nofpc", STRATA), ("fpc", STRATA_FPC)):
            c = estimate_composite(
                cells, sums, audience_shares=shares_of(job), class_shares=class_shares, design=design
            )
            results["composite_official"][key][v] = mean_result(
                c.estimate, variance=c.variance, df=c.df, level=job.level
            )
            if v == "t2_overall" and key == "nofpc":
                results["verdict"] = plain_verdict(c.estimate, c.variance, c.df)
        for name, d in estimate_domains(cells, sums, domain=cells.audience, design=STRATA).items():
            results["audience"].setdefault(name, {})[v] = domain_entry(d, level=job.level)
    return results


def _blocks(job: Job, cells: Cells, sums: dict[str, CellSums], design) -> dict:
    """overall, audience and composite of several variables."""
    result: dict = {"overall": {}, "audience": {}, "composite": {}}
    for v, s in sums.items():
        whole = estimate_domains(cells, s, domain=["all"] * len(cells), design=design)["all"]
        result["overall"][v] = domain_entry(whole)
        for name, d in estimate_domains(cells, s, domain=cells.audience, design=design).items():
            result["audience"].setdefault(name, {})[v] = domain_entry(d, level=job.level)
        c = estimate_composite(cells, s, audience_shares=shares_of(job), class_shares=None, design=design)
        result["composite"][v] = mean_result(c.estimate, variance=c.variance, df=c.df, level=job.level)
    return result


def _both(estimate: float, strata: float, cluster: float) -> dict:
    return {"estimate": estimate, "se_strata_nofpc": strata, "se_cluster": cluster}
