"""A wave collected anywhere: a table of answers, a column mapping, population controls and a shipped
scoring rule.

The result is what the desk shows for a wave of its own: composite, interval, verdict, audiences, classes,
schools.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from scoring.numeric.blocks import ItemSums
from scoring.numeric.cells import Cells, Design
from scoring.numeric.composite import CompositeEstimate, estimate_composite
from scoring.numeric.county_interval import Scale
from scoring.numeric.domains import estimate_domains
from scoring.numeric.expression import as_word
from scoring.numeric.outlook import tipping_point
from scoring.numeric.recode import CellSums, aggregate, pair_sums
from scoring.numeric.unheard import composite_silence, silence
from scoring.numeric.verdict import verdict
from scoring.numeric.weighting import Merge
from scoring.plans.errors import PlanError
from scoring.plans.figures import composite_intervals, mean_result, verdict_result
from scoring.plans.job import Job
from scoring.plans.wave_tables import Answers, answers_of, design_of, rule_of, weighted_cells
from scoring.rules import ScoringRule

SMALLEST_SHOWN = 5


def score_wave_file(job: Job) -> dict:
    """Estimate a wave from a table; see `docs/score-file.md` for the plan's keys."""
    rule = rule_of(job)
    answers = answers_of(job, rule)
    design = design_of(job)
    cells, code, collapsed, people = weighted_cells(job, answers)
    sums = _sums(answers, code, len(cells), rule)
    shares = _shares(job, rule, answers, people)
    class_shares = _class_shares(job, rule)
    composite = estimate_composite(
        cells, sums, audience_shares=shares, class_shares=class_shares, design=design
    )
    threshold = float(job.parameters.get("threshold", rule.threshold))
    scale: Scale = "share" if rule.is_share else "score"
    alpha = float(job.parameters.get("alpha", 0.05))
    found = verdict(composite, threshold=threshold, alpha=alpha, scale=scale)
    level = float(job.parameters.get("level", 0.95))
    result = mean_result(
        composite.estimate, variance=composite.variance, df=composite.df, n=composite.n_valid, level=level
    )
    result |= composite_intervals(composite, level=level, scale=scale)
    result |= {
        key: value for key, value in verdict_result(found).items() if key not in ("audiences", "n", "df")
    }
    result["responses"] = int(cells.n.sum())
    result["rule"] = {"key": rule.key, "name": dict(rule.name), "description": dict(rule.description)}
    result["design"] = {"kind": design.kind, "fpc": design.fpc}
    result["standard_error_is_upper_bound"] = not composite.exact
    result["audiences"] = [
        {
            "audience": a.audience,
            "share": a.share,
            "responses": a.n,
            "n": a.n_valid,
            "n_eff": a.n_eff,
            "estimate": a.estimate,
            "se": a.se,
            "df": a.df,
            "part_of_variance": a.part_of_variance,
        }
        for a in composite.audiences
    ]
    result["classes"] = [
        {
            "class": p.location,
            "n": p.n_valid,
            "estimate": p.estimate,
            "se": p.se,
            "df": p.df,
            "reason": p.reason,
        }
        for p in composite.locations
    ]
    result["schools"] = _schools(cells, sums, design)
    result["merged_cells"] = [
        {"stratum": m.stratum, "cells": list(m.cells), "people": m.people, "responses": m.responses}
        for m in collapsed.merges
    ]
    result["merged_classes"] = [vars(m) for m in composite.merged]
    result["tipping_point"] = _tipping(composite, people, threshold, rule)
    result["silent"] = _silent(composite, people, rule)
    _warn(job, answers, composite, collapsed.merges)
    return result


def _sums(answers: Answers, code: np.ndarray, n_cells: int, rule: ScoringRule) -> CellSums | ItemSums:
    sums = tuple(aggregate(values, cell=code, n_cells=n_cells) for values in answers.scores.T)
    if rule.form == "item":
        return sums[0]
    return ItemSums(sums, pair_sums(answers.scores, cell=code, n_cells=n_cells))


def _shares(job: Job, rule: ScoringRule, answers: Answers, people: Mapping[str, float]) -> dict[str, float]:
    given = {str(k): float(v) for k, v in (job.parameters.get("shares") or {}).items()}
    present = sorted(as_word(a) for a in answers.audience.categories)
    asked = [name for name, share in given.items() if share > 0] or present
    if rule.groups == "equal":
        return {name: 1 / len(asked) for name in asked}
    if rule.groups in ("population", "pooled"):
        if rule.groups == "pooled":
            job.warn("every reply counts alike: the weights of this rule are the replies themselves")
            held = pd.Series(answers.audience)[~np.isnan(answers.scores).all(axis=1)].value_counts()
        else:
            held = pd.Series(people)
        total = float(sum(held.get(name, 0) for name in asked))
        return {name: float(held.get(name, 0)) / total for name in asked}
    if not given:
        raise PlanError(
            "parameters.shares is missing: the share of every audience in the figure, adding to 1"
        )
    return given


def _class_shares(job: Job, rule: ScoringRule) -> dict[str, float] | None:
    given = job.parameters.get("class_shares")
    if rule.locations == "own" or given == "own":
        return None
    if not given:
        raise PlanError(
            "parameters.class_shares is missing: the share of every urban-rural class in the resident "
            'population, or "own" for every audience\'s own distribution'
        )
    return {str(k): float(v) for k, v in given.items()}


def _schools(cells: Cells, sums: CellSums | ItemSums, design: Design) -> list[dict]:
    """Every school's population-weighted mean; figures below the smallest group that may be shown are
    left out."""
    found = estimate_domains(cells, sums, domain=cells.school, design=design)
    results = []
    for name, d in found.items():
        shown = d.n_valid >= SMALLEST_SHOWN
        # A sampled school is one unit: its own standard error cannot be known from it.
        known = shown and design.kind == "all_schools"
        results.append(
            {
                "school": name,
                "n": d.n_valid if shown else None,
                "estimate": d.estimate if shown else None,
                "se": d.se if known else None,
                "df": d.df if known else None,
            }
        )
    return results


def _tipping(
    composite: CompositeEstimate, people: Mapping[str, float], threshold: float, rule: ScoringRule
) -> dict | None:
    known = [a for a in composite.audiences if a.share > 0 and people.get(a.audience, 0) >= a.n > 0]
    if not known:
        return None
    largest = max(known, key=lambda a: a.share)
    return vars(
        tipping_point(
            composite.estimate,
            audience=largest.audience,
            share=largest.share,
            audience_mean=largest.estimate,
            responses=largest.n,
            population=people[largest.audience],
            threshold=threshold,
            bounds=(0.0, rule.top_score),
        )
    )


def _silent(composite: CompositeEstimate, people: Mapping[str, float], rule: ScoringRule) -> dict:
    """What those who did not answer could do at the utmost, per audience and to the composite."""
    points = rule.valid_scores.values()
    parts = [
        silence(
            a.audience,
            a.estimate,
            responses=a.n,
            population=people.get(a.audience),
            ends=(min(points), max(points)),
        )
        for a in composite.audiences
        if a.share > 0
    ]
    whole = composite_silence(parts, shares={a.audience: a.share for a in composite.audiences})
    return {"audiences": [vars(one) for one in parts], "composite": vars(whole)}


def _warn(job: Job, answers: Answers, composite: CompositeEstimate, merges: Sequence[Merge]) -> None:
    for merge in composite.merged:
        job.warn(
            f"no valid answer of {merge.audience} in class {merge.location}: its share went to class "
            f"{merge.into}"
        )
    if composite.design.fpc and composite.design.kind == "sampled_schools" and merges:
        job.warn(
            "the finite population correction is approximate: schools that share a weight are taken to have "
            "all the people of their pool, so the standard error is a little too large"
        )
    for name in sorted(str(a) for a in answers.audience.categories):
        mine = np.asarray(answers.audience == name)
        part = float(answers.unknown[mine].mean())
        if part > 0.15:
            job.warn(f"{part:.0%} of the answers of {name} are don't know or blank")
