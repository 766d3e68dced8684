"""From a wave's counts to its recognition rate: one calculation, for the live page and the frozen run alike.

counts per cell → weights (collapsed cells, population ÷ replies) → composite of audience means with its
design-based variance → interval, and verdict when the wave is closed. Everything that a reader may ask
about the figure is in the result: a plain dict of numbers, words and codes, ready to be stored as JSON.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from scoring.controls import Control
from scoring.numeric.blocks import ItemSums
from scoring.numeric.cells import Design
from scoring.numeric.composite import CompositeEstimate, estimate_composite, spread_share
from scoring.numeric.domains import DomainEstimate, estimate_domains
from scoring.numeric.errors import NotComputable
from scoring.numeric.intervals import ShareEstimate, korn_graubard, wald
from scoring.numeric.outlook import tipping_point
from scoring.numeric.recode import CellSums, PairSums
from scoring.numeric.verdict import MINIMUM_VALID, Verdict, verdict
from scoring.rules import ScoringRule
from scoring.weighing import Weighted, sums_of, weigh, weight_reports
from surveys.queries import TallyFrame

LEVEL = 0.95
ALPHA = 0.05
# A form with more don't-know and blank than this says little about the audience that gave it.
MUCH_UNKNOWN = 0.15


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
    result["audiences"] = _audience_counts(frame, weighted, rule, effective)
    reasons += _missing_answers(frame, weighted, rule, effective)
    if not reasons:
        try:
            sums = _headline_sums(frame, weighted, rule, pairs)
            composite = estimate_composite(
                weighted.cells, sums, audience_shares=effective, class_shares=place_shares, design=design
            )
            _fill(result, composite, rule, weighted, with_verdict=with_verdict)
            if not headline_only:
                result["schools"] = _schools(weighted, sums, rule, design)
                result["topics"] = _topics(frame, weighted, rule, effective, place_shares, design)
        except NotComputable as error:
            reasons.append({"code": error.code})
    if reasons:
        result["reasons"] = reasons
        result["verdict"] = {"verdict": "not_computable"} if with_verdict else None
    result["warnings"] = warnings + _unknown_warnings(result["audiences"])
    # Between whole schools the items' covariances come along by themselves; inside them they are needed.
    if (
        rule.form == "item_mean"
        and pairs is None
        and design.kind == "all_schools"
        and result["se"] is not None
    ):
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


def _headline_sums(
    frame: TallyFrame, weighted: Weighted, rule: ScoringRule, pairs: PairSums | None
) -> CellSums | ItemSums:
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
    result["interval"] = _interval(
        composite.estimate, composite.variance, composite.n_valid, composite.df, rule
    )
    result["merged_classes"] = [
        {"audience": merge.audience, "location": merge.location, "into": merge.into}
        for merge in composite.merged
    ]
    figures = {row["audience"]: row for row in result["audiences"]}
    for one in composite.audiences:
        row = figures.setdefault(one.audience, {"audience": one.audience})
        row |= {
            "share": one.share, "estimate": one.estimate, "se": one.se, "valid": one.n_valid,
            "effective_n": one.n_eff, "part_of_variance": one.part_of_variance,
            "interval": _interval(one.estimate, one.variance, one.n_valid, one.df, rule, kish_n=one.n_eff),
        }  # fmt: skip
    result["locations"] = [
        {
            "location": place.location, "estimate": place.estimate, "se": place.se, "valid": place.n_valid,
            "interval": _interval(place.estimate, place.variance, place.n_valid, place.df, rule),
        }
        for place in composite.locations
    ]  # fmt: skip
    if with_verdict:
        found = verdict(
            composite, threshold=rule.threshold, alpha=ALPHA, scale="share" if rule.is_share else "score"
        )
        result["verdict"] = _verdict(found)
        result["reasons"] = [
            {"code": "few_answers", "audience": one.audience, "valid": one.n_valid, "needed": MINIMUM_VALID}
            for one in composite.audiences
            if one.share > 0 and one.n_valid < MINIMUM_VALID
        ] + ([{"code": "no_degrees_of_freedom"}] if composite.df < 1 else [])
        result["tipping_point"] = _tipping_point(composite, rule, weighted)


def _verdict(found: Verdict) -> dict:
    return {
        "verdict": found.verdict, "lower": found.lower, "upper": found.upper, "n_star": found.n_star,
        "variance": found.variance, "variance_smoothed": found.variance_smoothed,
        "point_rule": found.point_rule, "alpha": found.alpha,
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


def _interval(
    estimate: float | None, variance: float | None, n: int, df: int | None, rule: ScoringRule, *,
    kish_n: float | None = None,
) -> list[float] | None:  # fmt: skip
    """95%: Korn–Graubard for a share, t for a score; none where the data carry none."""
    if estimate is None or variance is None or df is None or df < 1 or n < 2:
        return None
    try:
        if rule.is_share:
            share = ShareEstimate(p=estimate, variance=variance, n=n, df=df, kish_n=kish_n)
            return korn_graubard(share, level=LEVEL).as_list()
        return wald(estimate, variance=variance, df=df, level=LEVEL).as_list()
    except NotComputable:
        return None


def _audience_counts(
    frame: TallyFrame, weighted: Weighted, rule: ScoringRule, shares: Mapping[str, float]
) -> list[dict]:
    """Replies, valid answers, don't-know and blank of every audience, before any estimate is made."""
    rows = []
    report = weight_reports(weighted)
    names = frame.cells["audience"].to_numpy(dtype=str) if len(frame.cells) else np.array([], dtype=str)
    for audience in shares:
        mine = names == audience
        rows.append(
            {
                "audience": audience, "share": shares[audience],
                "estimate": None, "se": None, "interval": None,
                "responses": int(frame.cells.loc[mine, "responses"].sum()) if len(mine) else 0, "valid": 0,
                "dont_know": _given(frame, rule, mine, rule.dont_know_codes),
                "blank": _given(frame, rule, mine, ("no_answer",)),
                "weights": report.get(audience),
            }
        )  # fmt: skip
    return rows


def _given(frame: TallyFrame, rule: ScoringRule, mine: np.ndarray, codes: Sequence[str]) -> int:
    """How many of these cells' replies gave one of the codes; of several items, their mean, rounded."""
    asked = [item for item in rule.items if item in frame.counts]
    given = [
        int(frame.counts[item][mine][:, [known.index(code) for code in codes if code in known]].sum())
        for item in asked
        for known in (frame.codes[item],)
    ]
    return round(sum(given) / len(asked)) if asked else 0


def _unknown_warnings(audiences: list[dict]) -> list[dict]:
    return [
        {
            "code": "much_unknown",
            "audience": row["audience"],
            "part": (row["dont_know"] + row["blank"]) / row["responses"],
        }
        for row in audiences
        if row.get("responses") and (row["dont_know"] + row["blank"]) / row["responses"] > MUCH_UNKNOWN
    ]


def _schools(weighted: Weighted, sums: CellSums | ItemSums, rule: ScoringRule, design: Design) -> list[dict]:
    """Every school over all who answered through it, and each of its audiences; people decide the weights."""
    schools = weighted.cells.school
    whole = estimate_domains(weighted.cells, sums, domain=list(schools), design=design)
    parts = estimate_domains(
        weighted.cells,
        sums,
        domain=[
            f"{school}|{audience}" if school else ""
            for school, audience in zip(schools, weighted.cells.audience, strict=True)
        ],
        design=design,
    )
    rows = {code: _domain(one, rule) | {"school": code, "audiences": []} for code, one in whole.items()}
    for key, one in parts.items():
        code, audience = key.rsplit("|", 1)
        rows[code]["audiences"].append(_domain(one, rule) | {"audience": audience})
    return list(rows.values())


def _topics(frame, weighted, rule, shares, class_shares, design) -> list[dict]:
    """The same composite for every item answered on the headline's scale.

    Audiences that are not asked an item hand their share to the others, and are named.
    """
    if rule.form != "item":
        return []
    scale = set(rule.scores)
    rows = []
    for item, codes in frame.codes.items():
        if not scale <= set(codes):
            continue
        sums = sums_of(frame, weighted, item, rule.valid_scores)
        silent = [name for name in shares if sums.R[weighted.cells.audience == name].sum() == 0]
        if len(silent) == len(shares):
            continue
        asked = spread_share(shares, silent) if silent else shares
        found = estimate_composite(
            weighted.cells, sums, audience_shares=asked, class_shares=class_shares, design=design
        )
        rows.append(
            {
                "item": item, "estimate": found.estimate, "se": found.se, "valid": found.n_valid,
                "interval": _interval(found.estimate, found.variance, found.n_valid, found.df, rule),
                "not_asked": silent,
                "audiences": {one.audience: one.estimate for one in found.audiences},
                "audience_valid": {one.audience: one.n_valid for one in found.audiences},
            }
        )  # fmt: skip
    return rows


def _domain(one: DomainEstimate, rule: ScoringRule) -> dict:
    variance = None if one.se is None else one.se**2
    interval = _interval(one.estimate, variance, one.n_valid, one.df, rule, kish_n=one.n_eff)
    return {
        "estimate": one.estimate,
        "se": one.se,
        "interval": interval,
        "responses": one.n,
        "valid": one.n_valid,
    }


def _merge(merge) -> dict:
    return {
        "audience": merge.audience, "location": merge.location, "cells": list(merge.cells),
        "people": merge.people, "responses": merge.responses, "reason": merge.reason,
    }  # fmt: skip
