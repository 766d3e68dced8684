"""What those who did not answer could do to a figure: at the utmost, if like the late, after Meng."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from analysis.other_rules import setting_of
from analysis.result_rows import Figure
from analysis.results import WaveResults
from analysis.unheard_drift import Comparison
from scoring.numeric.unheard import selection_bias, with_silent

SMALL_CORRELATION = 0.05


@dataclass(frozen=True)
class SilentRow:
    """One audience, or the county. response_share: replies ÷ people, None where the people are not known (or
    there are more replies than people); lowest, highest: the figure if every other person gave the worst or
    the best answer; bias: how far a correlation of SMALL_CORRELATION between answering and being satisfied
    moves it, None for scores and unknown people."""

    name: str
    response_share: float | None
    figure: Figure
    lowest: float | None
    highest: float | None
    bias: float | None


@dataclass(frozen=True)
class Silent:
    """county None where it could give a hidden audience away, or there is no figure. enough_correlation:
    one that alone would move the county's rate to the limit; like_late: the county's figure if those who did
    not answer were like the second half. Each None where it cannot be said."""

    audiences: tuple[SilentRow, ...]
    county: SilentRow | None
    enough_correlation: float | None
    like_late: float | None


def silent(results: WaveResults, *, halves: Comparison | None = None) -> Silent:
    """For a closed wave's figures, or those so far."""
    response_shares = _response_shares(results)
    lowest, highest = _ends(results)
    asked = [row for row in results.audiences if row.share > 0]
    rows = tuple(_row(row.name, row.figure, response_shares[row.code], lowest, highest) for row in asked)
    if not results.result["regrouped"] or not all(row.figure.is_shown for row in asked):
        return Silent(rows, None, None, None)
    means = {row.code: row.figure.estimate for row in asked}
    shares = {row.code: row.share for row in asked}
    total = sum(shares.values())
    given: dict = {
        "shares": {code: share / total for code, share in shares.items()},
        "response_shares": {code: response_shares[code] or 0.0 for code in shares},
    }
    known = all(response_shares[code] is not None for code in shares)
    biases = [one.bias for one in rows]
    bias = None if None in biases else sum(
        share * one for share, one in zip(given["shares"].values(), biases, strict=True)
    )  # fmt: skip
    county = SilentRow(
        "", None, results.figure,
        with_silent(means, silent=dict.fromkeys(shares, lowest), **given),
        with_silent(means, silent=dict.fromkeys(shares, highest), **given),
        bias,
    )  # fmt: skip
    late = {} if halves is None else {one.code: one.drift.late for one in halves.audiences if one.drift}
    like_late = with_silent(means, silent=late, **given) if known and late.keys() == shares.keys() else None
    return Silent(rows, county, _enough(results.figure, bias), like_late)


def _row(name: str, figure: Figure, response_share: float | None, lowest: float, highest: float) -> SilentRow:
    if figure.estimate is None:
        return SilentRow(name, response_share, figure, None, None, None)
    f = response_share or 0.0
    bias = None
    if response_share and figure.unit == "share":
        bias = selection_bias(figure.estimate, response_share=response_share, correlation=SMALL_CORRELATION)
    ends = (f * figure.estimate + (1 - f) * end for end in (lowest, highest))
    return SilentRow(name, response_share, figure, *ends, bias)


def _enough(figure: Figure, bias: float | None) -> float | None:
    """The correlation at which the county's bias is the whole distance to the limit."""
    if not bias or figure.estimate is None:
        return None
    found = abs(figure.estimate - figure.limit) / bias * SMALL_CORRELATION
    return found if found <= 1 else None


def _response_shares(results: WaveResults) -> Mapping[str, float | None]:
    people: dict[str, float] = {}
    for control in setting_of(results)["controls"]:
        if control.source != "replies":
            people[control.audience] = people.get(control.audience, 0.0) + control.people
    return {
        row["audience"]: row["responses"] / people[row["audience"]]
        if people.get(row["audience"], 0) >= max(row["responses"], 1)
        else None
        for row in results.result["audiences"]
    }


def _ends(results: WaveResults) -> tuple[float, float]:
    """The worst and the best that one answer can be under the rule."""
    points = results.rule.valid_scores.values()
    return min(points), max(points)
