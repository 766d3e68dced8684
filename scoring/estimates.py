"""From a wave's counts to its recognition rate: one calculation, for the live page and the frozen run alike.

counts per cell → weights (collapsed cells, population ÷ replies) → composite of audience means with its
design-based variance → interval, and verdict when the wave is closed. Everything that a reader may ask
about the figure is in the result: a plain dict of numbers, words and codes, ready to be stored as JSON.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from scoring.breakdowns import (
    LEVEL,
    audience_rows,
    county_interval_of,
    interval_of,
    scale_of,
    school_rows,
    topic_rows,
    unknown_warnings,
)
from scoring.controls import Control
from scoring.numeric.blocks import ItemSums
from scoring.numeric.cells import Design
from scoring.numeric.composite import CompositeEstimate, estimate_composite
from scoring.numeric.composite_shares import spread_share
from scoring.numeric.county_interval import design_interval, smoothed_variance
from scoring.numeric.errors import NotComputable
from scoring.numeric.outlook import tipping_point
from scoring.numeric.recode import CellSums, PairSums
from scoring.numeric.verdict import MINIMUM_VALID, Verdict, verdict
from scoring.rules import ScoringRule
from scoring.weighing import Weighted, sums_of, weigh
from surveys.queries import TallyFrame

ALPHA = 0.05


def estimate_wave(
    frame: TallyFrame,
    *,
    rule: ScoringRule,
    controls: Sequence[Control],
    shares: Mapping[str, float],
    class_shares: Mapping[str, float],
    design: Design,
    with_verdict: bool,
    pairs: PairSums | None = None,
    headline_only: bool = False,
) -> dict:
    """The wave's figures under one rule.

    shares: audience → share of the result as set for the wave (0–1); class_shares: rural, town, urban →
    share of the residents. `with_verdict` only for a closed wave: while it is open there are no verdict
    words. Not computable is an answer: then `estimate` is None and `reasons` say why.

    pairs: of a rule over several items, the items' pair sums per row of the frame (`item_pairs_of`). With
    them its standard error is exact; without them it is an upper bound, and a warning says so.
    headline_only: without schools and topics, which take most of the time.
    """
    warnings: list[dict] = []
    result = {
        "rule": rule.key, "unit": "share" if rule.is_share else "points", "threshold": rule.threshold,
        "level": LEVEL, "alpha": ALPHA, "design": design.kind, "fpc": design.fpc,
        "estimate": None, "se": None, "df": None, "interval": None, "verdict": None, "reasons": [],
        "interval_method": None, "interval_design_based": None, "se_smoothed": None,
        "audiences": [], "locations": [], "schools": [], "topics": [], "merges": [], "merged_classes": [],
        "responses": int(frame.cells["responses"].sum()) if len(frame.cells) else 0, "valid": 0,
        "tipping_point": None,
    }  # fmt: skip
    weighted = weigh(frame, controls, pooled=rule.groups == "pooled")
    warnings += weighted.warnings
    result["merges"] = [_merge(merge) for merge in weighted.collapsed.merges]
    effective, reasons = _effective_shares(rule, shares, weighted, frame)
    place_shares = dict(class_shares) if rule.locations == "residents" else None
    if rule.locations == "residents" and not class_shares:
        reasons.append({"code": "no_resident_population"})
    result["shares"], result["class_shares"] = effective, place_shares
    result["audiences"] = audience_rows(frame, weighted, rule, effective)
    reasons += _missing_answers(frame, weighted, rule, effective)
    if not reasons:
        try:
            sums = headline_sums(frame, weighted, rule, pairs)
            composite = estimate_composite(
                weighted.cells, sums, audience_shares=effective, class_shares=place_shares, design=design
            )
            _fill(result, composite, rule, weighted, with_verdict=with_verdict)
            if not headline_only:
                result["schools"] = school_rows(weighted, sums, rule, design)
                result["topics"] = topic_rows(frame, weighted, rule, effective, place_shares, design)
        except NotComputable as error:
            reasons.append({"code": error.code})
    if reasons:
        _fill_parts(result, reasons, frame, weighted, rule, design, pairs)
        result["reasons"] = reasons
        result["verdict"] = {"verdict": "not_computable"} if with_verdict else None
    result["warnings"] = warnings + unknown_warnings(result["audiences"])
    # Under every design: people asked outside schools are units of their own also when schools are sampled.
    if rule.form == "item_mean" and pairs is None and result["se"] is not None:
        result["warnings"].append({"code": "se_upper_bound"})
    return result


def _missing_answers(
    frame: TallyFrame, weighted: Weighted, rule: ScoringRule, shares: Mapping[str, float]
) -> list[dict]:
    """An audience that counts but has no valid answer makes the whole not computable; it is named."""
    for item in rule.items:
        if item not in frame.counts:
            return [{"code": "item_not_asked", "item": item}]
    valid = sum(sums_of(frame, weighted, item, rule.valid_scores).R for item in rule.items)
    return [
        {"code": "audience_without_answers", "audience": audience}
        for audience in shares
        if not valid[weighted.cells.audience == audience].sum()
    ]


def headline_sums(
    frame: TallyFrame, weighted: Weighted, rule: ScoringRule, pairs: PairSums | None
) -> CellSums | ItemSums:
    """What the rate is made of: the sums of the rule's item, or of its items with their pairs."""
    items = tuple(sums_of(frame, weighted, item, rule.valid_scores) for item in rule.items)
    if rule.form != "item_mean":
        return items[0]
    kept = weighted.kept
    return ItemSums(items, pairs and PairSums(pairs.n[kept], pairs.first[kept], pairs.products[kept]))


def _effective_shares(
    rule: ScoringRule, shares: Mapping[str, float], weighted: Weighted, frame: TallyFrame
) -> tuple[dict[str, float], list[dict]]:
    """The audiences' shares under the rule, and why there are none if there are none."""
    asked = {audience: share for audience, share in shares.items() if share > 0}
    if rule.groups == "equal":
        return {audience: 1 / len(asked) for audience in asked}, []
    if rule.groups == "population":
        people = dict.fromkeys(asked, 0.0)
        for control in weighted.controls:
            if control.audience in people:
                people[control.audience] += control.people
        total = sum(people.values())
        if not total:
            return dict(asked), [{"code": "no_population"}]
        return {audience: count / total for audience, count in people.items()}, []
    if rule.groups == "pooled":
        if rule.items[0] not in frame.counts:
            return dict(asked), []
        valid = sums_of(frame, weighted, rule.items[0], rule.valid_scores).R
        total = valid.sum()
        if not total:
            return dict(asked), []
        return {name: float(valid[weighted.cells.audience == name].sum() / total) for name in asked}, []
    return dict(asked), []


def _fill(
    result: dict, composite: CompositeEstimate, rule: ScoringRule, weighted: Weighted, *, with_verdict: bool
) -> None:
    result["estimate"], result["se"], result["df"] = composite.estimate, composite.se, composite.df
    result["valid"] = composite.n_valid
    result["interval"] = county_interval_of(composite, rule)
    result["interval_method"] = "mover" if rule.is_share else "t"
    result |= _design_based(composite, rule)
    result["merged_classes"] = [
        {"audience": merge.audience, "location": merge.location, "into": merge.into}
        for merge in composite.merged
    ]
    _fill_audiences(result, composite, rule)
    result["locations"] = [
        {
            "location": place.location, "estimate": place.estimate, "se": place.se, "valid": place.n_valid,
            "interval": county_interval_of(place, rule),
        }
        for place in composite.locations
    ]  # fmt: skip
    if with_verdict:
        found = verdict(composite, threshold=rule.threshold, alpha=ALPHA, scale=scale_of(rule))
        result["verdict"] = _verdict(found)
        result["reasons"] = [
            {"code": "few_answers", "audience": one.audience, "valid": one.n_valid, "needed": MINIMUM_VALID}
            for one in composite.audiences
            if one.share > 0 and one.n_valid < MINIMUM_VALID
        ] + ([{"code": "no_degrees_of_freedom"}] if composite.df < 1 else [])
        result["tipping_point"] = _tipping_point(composite, rule, weighted)


def _design_based(composite: CompositeEstimate, rule: ScoringRule) -> dict:
    """What stands beside the printed interval: the standard error behind it, and the interval on the
    design's own variance, as other programs print it."""
    scale = scale_of(rule)
    try:
        plain = design_interval(composite, level=LEVEL, scale=scale).as_list()
        return {
            "interval_design_based": plain, "se_smoothed": smoothed_variance(composite, scale=scale) ** 0.5
        }  # fmt: skip
    except NotComputable:
        return {"interval_design_based": None, "se_smoothed": None}


def _fill_audiences(result: dict, composite: CompositeEstimate, rule: ScoringRule) -> None:
    figures = {row["audience"]: row for row in result["audiences"]}
    for one in composite.audiences:
        row = figures.get(one.audience)
        if row is not None:
            found = (one.estimate, one.variance, one.n_valid, one.df)
            row |= {
                "estimate": one.estimate, "se": one.se, "valid": one.n_valid,
                "effective_n": one.n_eff, "df": one.df, "part_of_variance": one.part_of_variance,
                "interval": interval_of(*found, rule, kish_n=one.n_eff),
            }  # fmt: skip


def _fill_parts(
    result: dict, reasons: list[dict], frame: TallyFrame, weighted: Weighted, rule: ScoringRule,
    design: Design, pairs: PairSums | None,
) -> None:  # fmt: skip
    """Where only some audiences are silent, there is no rate, but the others' own figures stand."""
    silent = [reason["audience"] for reason in reasons if reason["code"] == "audience_without_answers"]
    if len(silent) < len(reasons) or len(silent) == len(result["shares"]):
        return
    sums = headline_sums(frame, weighted, rule, pairs)
    found = estimate_composite(
        weighted.cells,
        sums,
        audience_shares=spread_share(result["shares"], silent),
        class_shares=result["class_shares"],
        design=design,
    )
    _fill_audiences(result, found, rule)
    result["schools"] = school_rows(weighted, sums, rule, design)


def _verdict(found: Verdict) -> dict:
    """lower, upper: the bounds that decide, the wider of the two pairs beneath them."""
    lower, upper = found.deciding
    return {
        "verdict": found.verdict, "lower": lower, "upper": upper, "n_star": found.n_star,
        "variance": found.variance, "variance_smoothed": found.variance_smoothed,
        "point_rule": found.point_rule, "alpha": found.alpha,
        "smoothed": found.lower is not None and [found.lower, found.upper],
        "confirming": found.confirming and [found.confirming.lower, found.confirming.upper],
    }  # fmt: skip


def _tipping_point(composite: CompositeEstimate, rule: ScoringRule, weighted: Weighted) -> dict | None:
    """For the audience with the largest share whose number of people is known."""
    people: dict[str, float] = {}
    for control in weighted.controls:
        if control.source != "replies":
            people[control.audience] = people.get(control.audience, 0) + control.people
    known = [one for one in composite.audiences if one.share > 0 and people.get(one.audience, 0) >= one.n]
    if not known:
        return None
    largest = max(known, key=lambda one: one.share)
    tip = tipping_point(
        composite.estimate, audience=largest.audience, share=largest.share, audience_mean=largest.estimate,
        responses=largest.n, population=people[largest.audience], threshold=rule.threshold,
        bounds=(0.0, rule.top_score),
    )  # fmt: skip
    return {
        "audience": tip.audience, "response_share": tip.response_share, "observed": tip.observed_mean,
        "nonrespondents": tip.nonrespondents, "attainable": tip.attainable,
        "lowest": tip.lowest, "highest": tip.highest,
    }  # fmt: skip


def _merge(merge) -> dict:
    return {
        "audience": merge.audience, "location": merge.location, "cells": list(merge.cells),
        "people": merge.people, "responses": merge.responses, "reason": merge.reason,
    }  # fmt: skip
