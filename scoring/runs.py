"""Scoring a wave: its live figures while it is open, a frozen `ScoreRun` once it is closed."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from importlib import metadata
from typing import Any

from django.core.cache import cache
from django.db import transaction
from django.utils.translation import gettext as _

from scoring.controls import population_controls, resident_shares
from scoring.estimates import estimate_wave
from scoring.grade_margins import grade_people
from scoring.item_rows import item_pairs_of
from scoring.models import ScoreRun
from scoring.numeric.cells import Design
from scoring.numeric.composite_shares import spread_share
from scoring.rules import ScoringRule, shipped_rule
from surveys.models import Tally, Wave, WaveChain
from surveys.queries import TallyFrame, tally_frame
from surveys.settled import settled_frame

# Of an open wave's figures, what moves with every reply.
HEADLINE = (
    "estimate", "se", "se_smoothed", "df", "interval", "interval_method", "interval_design_based", "valid",
    "reasons", "warnings",
)  # fmt: skip


KEPT_SECONDS = 600


class ScoringRefused(Exception):
    """A wave that cannot be scored; the sentence says what to do first."""


def estimate_now(wave: Wave, *, rule: ScoringRule | None = None) -> dict:
    """The wave's figures from its counts. Without verdict words unless it is closed.

    While it is open, no figure gives a single reply away (`surveys.settled`): the county's rate moves with
    every reply but those of collectors behind which only a few people stand; its parts move in steps of the
    smallest group shown.
    """
    setting = setting_now(wave, rule=rule)
    # Whoever looks again before the next reply gets the same figures without their being computed again.
    return cache.get_or_set(
        _what_it_depends_on(wave, setting), lambda: _estimate(wave, setting), KEPT_SECONDS
    )


def _estimate(wave: Wave, setting: dict) -> dict:
    if wave.is_closed:
        return estimate_wave(tally_frame(wave), with_verdict=True, **setting)
    frame, step = tally_frame(wave), wave.minimum_group_size
    whole = _provisional(settled_frame(wave, frame, step=step, only_small=True), setting, headline_only=True)
    parts = _provisional(
        settled_frame(wave, frame, step=step, only_small=False), setting, headline_only=False
    )
    replies = frame.cells.groupby("audience")["responses"].sum() if len(frame.cells) else {}
    for row in parts["audiences"]:  # counts are not answers
        row["responses"] = int(replies.get(row["audience"], 0))
    return parts | {key: whole[key] for key in HEADLINE} | {"responses": int(frame.cells["responses"].sum())}


def _what_it_depends_on(wave: Wave, setting: dict) -> str:
    """A name of the figures made of all that goes into them: state, counts, replies, rule, controls."""
    chain = WaveChain.objects.values_list("length", "digest").get(pk=wave.pk)
    parts = (
        wave.pk, wave.state, wave.minimum_group_size, tally_digest(wave), chain[0], bytes(chain[1]).hex(),
        sorted(setting.items()), program_version(),
    )  # fmt: skip
    return "estimate-" + hashlib.sha256(repr(parts).encode()).hexdigest()


def frame_to_show(wave: Wave) -> TallyFrame:
    """The counts that figures may be made of: all of a closed wave, the settled ones of an open one."""
    frame = tally_frame(wave)
    if wave.is_closed:
        return frame
    return settled_frame(wave, frame, step=wave.minimum_group_size, only_small=False)


def _provisional(frame: TallyFrame, setting: dict, *, headline_only: bool) -> dict:
    """The figures so far. Audiences not heard yet leave their share to the others, and are named."""
    asked = {"with_verdict": False, "headline_only": headline_only}
    found = estimate_wave(frame, **asked, **setting)
    silent = [one["audience"] for one in found["reasons"] if one["code"] == "audience_without_answers"]
    if not silent or len(silent) < len(found["reasons"]) or len(silent) == len(found["shares"]):
        return found
    shares = spread_share(setting["shares"], silent)
    heard = estimate_wave(frame, **asked, **setting | {"shares": shares})
    rows = {row["audience"]: row for row in heard["audiences"]}
    heard["audiences"] = [
        rows.get(row["audience"], row) | {"share": row["share"]} for row in found["audiences"]
    ]
    heard["shares"] = found["shares"]
    heard["warnings"].append({"code": "not_yet_included", "audiences": silent})
    return heard


def score_wave(wave: Wave, *, by: Any, now: datetime, rule: ScoringRule | None = None) -> ScoreRun:
    """Freezes the result of a closed wave with everything needed to repeat it; a new run is a new record."""
    with transaction.atomic():
        chain = WaveChain.objects.select_for_update(no_key=True).get(pk=wave.pk)
        if not chain.wave.is_closed:
            raise ScoringRefused(_("Close the wave first: while answers come in there is no verdict."))
        setting = setting_now(chain.wave, rule=rule)
        frame = tally_frame(chain.wave)
        pairs = item_pairs_of(chain.wave, frame, rule=setting["rule"])
        result = estimate_wave(frame, with_verdict=True, pairs=pairs, **setting)
        inputs = _inputs(chain, setting)
        frozen = json.dumps({"inputs": inputs, "result": result}, sort_keys=True, ensure_ascii=False)
        return ScoreRun.objects.create(
            wave=chain.wave, rule_key=setting["rule"].key, verdict=result["verdict"]["verdict"],
            estimate=result["estimate"], inputs=inputs, result=result,
            digest=hashlib.sha256(frozen.encode()).hexdigest(), program_version=program_version(),
            by=by, at=now,
        )  # fmt: skip


def newest_run(wave: Wave) -> ScoreRun | None:
    """The newest frozen result that still fits the wave's counts; None if there is none."""
    run = wave.score_runs.filter(rule_key=wave.scoring_rule).first()
    return run if run and run.inputs["tally_digest"] == tally_digest(wave) else None


def tally_digest(wave: Wave) -> str:
    """SHA-256 over every tally of the wave in order: two equal digests mean equal counts."""
    digest = hashlib.sha256()
    rows = Tally.objects.filter(collector__wave=wave).order_by("collector__code", "stratum")
    for code, stratum, responses, counts in rows.values_list(
        "collector__code", "stratum", "responses", "counts"
    ):
        digest.update(f"{code}|{stratum}|{responses}|".encode() + bytes(counts) + b"\n")
    return digest.hexdigest()


def program_version() -> str:
    try:
        return metadata.version("renke")
    except metadata.PackageNotFoundError:
        return "0.1.0"


def setting_now(wave: Wave, *, rule: ScoringRule | None = None) -> dict:
    """Rule, controls, shares, class shares and design as they stand: what `estimate_wave` is asked with."""
    shares = {row.audience: float(row.share) for row in wave.audiences.all()}
    total = sum(shares.values())
    return {
        "rule": rule or shipped_rule(wave.scoring_rule),
        "controls": population_controls(wave),
        # Kept to five decimals, six equal parts of a half add up to 0.49998.
        "shares": {audience: share / total for audience, share in shares.items()} if total else shares,
        "class_shares": resident_shares(wave),
        # The verdict ignores the finite population correction: voluntary answers are no probability sample.
        "design": Design(kind=wave.design, fpc=False),
    }


def _inputs(chain: WaveChain, setting: dict) -> dict:
    rule = setting["rule"]
    return {
        "rule": {"key": rule.key, "digest": rule.digest, "text": rule.text},
        "shares": setting["shares"],
        "class_shares": setting["class_shares"],
        "controls": [control.as_dict() for control in setting["controls"]],
        "grades": {audience: one.as_dict() for audience, one in grade_people(chain.wave).items()},
        "design": {"kind": setting["design"].kind, "fpc": setting["design"].fpc},
        "tally_digest": tally_digest(chain.wave),
        "chain": {"length": chain.length, "digest": bytes(chain.digest).hex()},
        "versions": {
            row.audience: {"name": str(row.version), "digest": row.version.digest}
            for row in chain.wave.audiences.select_related("version")
        },
    }
