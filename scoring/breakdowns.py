"""What a rate is made of: audiences, schools and topics, each with its own figure and interval."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np

from scoring.numeric.blocks import ItemSums
from scoring.numeric.cells import Design
from scoring.numeric.composite import CompositeEstimate, LocationEstimate, estimate_composite
from scoring.numeric.composite_shares import spread_share
from scoring.numeric.county_interval import composite_interval
from scoring.numeric.domains import DomainEstimate, estimate_domains
from scoring.numeric.errors import NotComputable
from scoring.numeric.intervals import ShareEstimate, korn_graubard, wald
from scoring.numeric.recode import CellSums
from scoring.rules import ScoringRule
from scoring.weighing import Weighted, sums_of, weight_reports
from surveys.audiences import AUDIENCES
from surveys.queries import TallyFrame

LEVEL = 0.95
# A form with more don't-know and blank than this says little about the audience that gave it.
MUCH_UNKNOWN = 0.15
NO_FIGURE = {"estimate": None, "se": None, "interval": None, "responses": 0, "valid": 0}


def interval_of(
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


def county_interval_of(found: CompositeEstimate | LocationEstimate, rule: ScoringRule) -> list[float] | None:
    """95% of a composite, put together from its audiences' (`composite_interval`); none where the data carry
    none."""
    try:
        return composite_interval(found, level=LEVEL, scale=scale_of(rule)).as_list()
    except NotComputable:
        return None


def scale_of(rule: ScoringRule) -> Literal["share", "score"]:
    """How the numeric core calls the rule's unit."""
    return "share" if rule.is_share else "score"


def audience_rows(
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


def unknown_warnings(audiences: list[dict]) -> list[dict]:
    return [
        {
            "code": "much_unknown",
            "audience": row["audience"],
            "part": (row["dont_know"] + row["blank"]) / row["responses"],
        }
        for row in audiences
        if row.get("responses") and (row["dont_know"] + row["blank"]) / row["responses"] > MUCH_UNKNOWN
    ]


def school_rows(
    weighted: Weighted, sums: CellSums | ItemSums, rule: ScoringRule, design: Design
) -> list[dict]:
    """Every school over its parents, pupils and teachers, and each of its audiences, weighted by people.

    A head speaks for the county's heads, not for the school: the answer of one person would have to be
    hidden, and the teachers' figure beside it. `in_rate` says whether an audience is part of the rate.
    """
    schools, audiences = weighted.cells.school, weighted.cells.audience
    heads = [name for name, known in AUDIENCES.items() if known.population == "principals"]
    asked = np.where(np.isin(audiences, heads), "", schools)
    whole = estimate_domains(weighted.cells, sums, domain=list(asked), design=design)
    pairs = zip(schools, audiences, strict=True)
    parts = estimate_domains(
        weighted.cells,
        sums,
        domain=[f"{school}|{audience}" if school else "" for school, audience in pairs],
        design=design,
    )
    rows = {code: _domain(one, rule) | {"school": code, "audiences": []} for code, one in whole.items()}
    for key, one in parts.items():
        code, audience = key.rsplit("|", 1)
        row = rows.setdefault(code, NO_FIGURE | {"school": code, "audiences": []})
        row["audiences"].append(_domain(one, rule) | {"audience": audience, "in_rate": audience not in heads})
    return [rows[code] for code in sorted(rows)]


def topic_rows(frame, weighted, rule, shares, class_shares, design) -> list[dict]:
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
                "interval": county_interval_of(found, rule),
                "not_asked": silent,
                "audiences": {one.audience: one.estimate for one in found.audiences},
                "audience_valid": {one.audience: one.n_valid for one in found.audiences},
            }
        )  # fmt: skip
    return rows


def _domain(one: DomainEstimate, rule: ScoringRule) -> dict:
    variance = None if one.se is None else one.se**2
    interval = interval_of(one.estimate, variance, one.n_valid, one.df, rule, kish_n=one.n_eff)
    return {
        "estimate": one.estimate,
        "se": one.se,
        "interval": interval,
        "responses": one.n,
        "valid": one.n_valid,
    }
