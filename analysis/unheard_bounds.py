"""What those who did not answer could do to a figure: at the utmost, if like the late, after Meng."""

from __future__ import annotations

from dataclasses import dataclass

from analysis.other_rules import setting_of
from analysis.result_rows import Figure
from analysis.results import WaveResults
from analysis.unheard_drift import Comparison
from scoring.numeric.unheard import (
    SMALL_CORRELATION,
    Silence,
    composite_silence,
    silence,
    with_silent,
)


@dataclass(frozen=True)
class SilentRow:
    """One audience, or the county. silence: None where its figure is not shown."""

    name: str
    figure: Figure
    response_share: float | None
    silence: Silence | None


@dataclass(frozen=True)
class Silent:
    """county None where it could give a hidden audience away, or there is no figure. enough_correlation:
    one that alone would move the county's rate to the limit; like_late: the county's figure if those who did
    not answer were like the second half. Each None where it cannot be said."""

    audiences: tuple[SilentRow, ...]
    county: SilentRow | None
    enough_correlation: float | None
    like_late: float | None


def silent(results: WaveResults, *, halves: Comparison) -> Silent:
    """Of a closed wave."""
    points = results.rule.valid_scores.values()
    people = _people(results)
    replies = {row["audience"]: row["responses"] for row in results.result["audiences"]}
    asked = [row for row in results.audiences if row.share > 0]
    rows = []
    for row in asked:
        found = silence(
            row.code, row.figure.estimate or 0.0, responses=replies[row.code],
            population=people.get(row.code), ends=(min(points), max(points)),
        )  # fmt: skip
        is_shown = row.figure.is_shown
        rows.append(SilentRow(row.name, row.figure, found.response_share, found if is_shown else None))
    parts = [one.silence for one in rows if one.silence]
    if not results.result["regrouped"] or len(parts) < len(rows):
        return Silent(tuple(rows), None, None, None)
    total = sum(row.share for row in asked)
    shares = {row.code: row.share / total for row in asked}
    whole = composite_silence(parts, shares=shares)
    answered = {one.audience: one.response_share for one in parts if one.response_share is not None}
    late = {one.code: one.drift.late for one in halves.audiences if one.drift}
    like_late = None
    if answered.keys() == late.keys() == shares.keys():
        means = {row.code: row.figure.estimate for row in asked}
        like_late = with_silent(means, shares=shares, response_shares=answered, silent=late)
    county = SilentRow("", results.figure, None, whole)
    return Silent(tuple(rows), county, _enough(results.figure, whole.bias), like_late)


def _enough(figure: Figure, bias: float | None) -> float | None:
    """The correlation at which the county's bias is the whole distance to the limit."""
    if not bias or figure.estimate is None:
        return None
    found = abs(figure.estimate - figure.limit) / bias * SMALL_CORRELATION
    return found if found <= 1 else None


def _people(results: WaveResults) -> dict[str, float]:
    found: dict[str, float] = {}
    for control in setting_of(results)["controls"]:
        if control.source != "replies":
            found[control.audience] = found.get(control.audience, 0.0) + control.people
    return found
