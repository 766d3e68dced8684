"""Weighting a county: collapsed cells, raking to its margins, trimming with renewed raking."""

import numpy as np

from scoring.numeric.composite import estimate_composite
from scoring.numeric.trimming import default_caps, trim_and_rake
from scoring.numeric.weighting import collapse_cells, kish
from scoring.plans.county_estimators import STRATA, composite_entry, domain_entries, variables_of
from scoring.plans.county_tables import County, calibration_of, county, county_of_tallies, raked, shares_of
from scoring.plans.job import Job
from scoring.plans.sampling import weights_summary


def county_weights(job: Job) -> dict:
    """Collapsed cells and their weights from the strata table's populations and responses."""
    strata = job.named_table("strata")
    found = collapse_cells(
        strata["audience"],
        location=strata["class"],
        cell=strata["cell"],
        population=strata["N"],
        responses=strata["n"],
    )
    for merge in found.merges:
        job.warn(f"{len(merge.cells)} cells share the weight of {merge.stratum}")
    lines = {
        str(s): {"stratum": str(s), "N": N, "n": n}
        for s, N, n in zip(found.stratum, found.stratum_population, found.stratum_responses, strict=True)
    }
    report = kish(found.weight, strata["n"].to_numpy())
    return {
        "n_responses": report.n,
        "n_strata": len(lines),
        "weights": weights_summary(np.repeat(found.weight, strata["n"])),
        "strata": [lines[name] for name in sorted(lines, key=str.casefold)],
    }


def raked_county(job: Job) -> dict:
    """The county raked to its margins, with calibrated standard errors; strata are the audiences."""
    found = (
        county_of_tallies(job, by_margins=True) if job.has_input("tallies") else county(job, by_margins=True)
    )
    weights, margins, base = raked(job, found)
    return _raked_results(job, found, weights, calibration_of(margins, base))


def _raked_results(job: Job, found: County, weights, calibration) -> dict:
    cells = found.with_weights(weights.weights, found.lines["audience"].to_numpy())
    results: dict = {
        "weights": weights_summary(np.repeat(weights.weights, found.n.astype(int))),
        "g_range": [weights.g_lowest, weights.g_highest],
        "convergence": {"passes": weights.passes, "worst": weights.worst},
        "overall": {},
        "audience": {},
        "class": {},
        "composite": {},
    }
    if found.responses is not None:
        results["first10"] = _first(found, weights.weights)
    for v in variables_of(job) if found.counts is None else ("idx_overall", "t2_overall"):
        sums = found.sums(v)
        for key, labels in (("overall", None), ("audience", cells.audience), ("class", cells.location)):
            part = domain_entries(cells, sums, labels, STRATA, level=job.level, calibration=calibration)
            if key == "overall":
                results[key][v] = part["all"]
            else:
                for name, entry in part.items():
                    results[key].setdefault(name, {})[v] = entry
        c = estimate_composite(
            cells,
            sums,
            audience_shares=shares_of(job),
            class_shares=None,
            design=STRATA,
            calibration=calibration,
        )
        results["composite"][v] = composite_entry(c, level=job.level)
    return results


def trimmed_county(job: Job) -> dict:
    """Raked, trimmed at per-audience caps, raked again, until no weight exceeds its cap."""
    found = county(job, by_margins=True)
    weights, margins, _ = raked(job, found)
    caps = job.parameters.get("caps") or default_caps(margins, found.cells.audience, counts=found.n)
    trimmed = trim_and_rake(weights.weights, margins, group=found.cells.audience, caps=caps, counts=found.n)
    sums = {v: found.sums(v) for v in variables_of(job)}
    return {
        "weights": weights_summary(np.repeat(trimmed.weights, found.n.astype(int))),
        "n_at_cap": trimmed.n_at_cap,
        "rounds": trimmed.rounds,
        "trimmed_share": trimmed.trimmed_share,
        "caps": caps,
        "means": {v: float(trimmed.weights @ s.S1 / (trimmed.weights @ s.R)) for v, s in sums.items()},
        "first10": _first(found, trimmed.weights),
    }


def _first(found: County, weights: np.ndarray, n: int = 10) -> list[dict]:
    ids = found.responses["resp_id"].iloc[:n]
    return [{"resp_id": r, "weight": w} for r, w in zip(ids, weights[found.code[:n]], strict=True)]
