"""Two waves of one county: what changed, with interval and test, and whether they may be compared at all.

Both waves are computed under the later one's rule, shares and places, each with its own weights: the question
is about the county as it was. What either wave hides is hidden here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from analysis.other_rules import setting_of
from analysis.results import FROZEN, WaveResults
from scoring.controls import Control
from scoring.numeric.cells import Cells
from scoring.numeric.errors import NotComputable
from scoring.numeric.multiplicity import benjamini_hochberg
from scoring.numeric.recode import CellSums
from scoring.numeric.waves import Change, school_changes, wave_change
from scoring.weighing import sums_of, weigh
from surveys.models import School, Wave
from surveys.queries import tally_frame

LEVEL = 0.95
NO_DECLINE_MARGIN = 0.02
DISCOVERY_RATE = 0.1


@dataclass(frozen=True)
class ChangeRow:
    """before, after and change in the unit of the rule; q: p adjusted for the number of schools, None for
    rows that are no school."""

    name: str
    before: float
    after: float
    change: Change
    q: float | None = None
    school: School | None = None

    @property
    def interval(self) -> tuple[float, float]:
        found = self.change.interval(level=LEVEL)
        return float(found.lower), float(found.upper)

    @property
    def is_clear(self) -> bool:
        return (self.change.p_value if self.q is None else self.q) < (
            0.05 if self.q is None else DISCOVERY_RATE
        )


@dataclass(frozen=True)
class WaveChanges:
    """refusals: codes with details of why the two cannot be compared; then nothing else is given."""

    refusals: tuple[dict, ...]
    county: ChangeRow | None = None
    audiences: tuple[ChangeRow, ...] = ()
    schools: tuple[ChangeRow, ...] = ()
    shares_differ: bool = False

    @property
    def no_decline(self) -> bool:
        return self.county is not None and self.county.change.no_decline(margin=NO_DECLINE_MARGIN)


def refusals_of(earlier: WaveResults, later: WaveResults) -> list[dict]:
    """Why two waves cannot be compared; empty if they can."""
    found: list[dict] = [
        {"code": "not_scored", "wave": one.wave.name} for one in (earlier, later) if one.state != FROZEN
    ]
    if earlier.wave.design != later.wave.design:
        found.append({"code": "other_design"})
    asked_before, asked_after = (_asked(one.wave) for one in (earlier, later))
    if asked_before.keys() != asked_after.keys():
        found.append({"code": "other_audiences"})
    if later.rule.form != "item":
        return [*found, {"code": "several_items"}]
    for audience in asked_after.keys() & asked_before.keys():
        if _question(earlier.wave, audience, later.rule.items[0]) != _question(
            later.wave, audience, later.rule.items[0]
        ):
            found.append({"code": "other_question", "audience": audience})
    return found


def wave_changes(earlier: WaveResults, later: WaveResults, *, audience: str) -> WaveChanges:
    """Changes of the county, of every audience, and of one audience school by school."""
    refused = refusals_of(earlier, later)
    if not refused and not (earlier.figure.is_shown and later.figure.is_shown):
        refused = [{"code": "hidden"}]
    if refused:
        return WaveChanges(tuple(refused))
    setting = setting_of(later)
    design = setting["design"]
    places = dict(setting["class_shares"]) if later.rule.locations == "residents" else None
    sides = [_side(one, later) for one in (earlier, later)]
    shares = later.result["shares"]
    try:
        whole = wave_change(
            sides[0], sides[1], audience_shares=shares, class_shares=places, design=design,
            smoothed=later.rule.is_share,
        )  # fmt: skip
    except NotComputable as error:
        return WaveChanges(({"code": error.code},))
    county = ChangeRow("", later.figure.estimate - whole.difference, later.figure.estimate, whole)
    before = {row.code: row.figure for row in earlier.audiences}
    rows = []
    for row in later.audiences:
        if not (row.figure.is_shown and row.code in before and before[row.code].is_shown):
            continue
        change = wave_change(
            sides[0], sides[1], audience_shares={row.code: 1.0}, class_shares=places, design=design,
            smoothed=later.rule.is_share,
        )  # fmt: skip
        rows.append(ChangeRow(row.name, row.figure.estimate - change.difference, row.figure.estimate, change))
    return WaveChanges(
        (), county, tuple(rows), _schools(earlier, later, sides, audience, design), _differ(earlier, later)
    )


def _schools(earlier, later, sides, audience, design) -> tuple[ChangeRow, ...]:
    """Schools whose figures both waves show, in the order of their codes; p values corrected over them."""
    if design.kind != "all_schools":
        return ()
    figures = [_school_figures(one, audience) for one in (earlier, later)]
    minimum = max(earlier.wave.minimum_group_size, later.wave.minimum_group_size, 2)
    changes = school_changes(
        sides[0], sides[1], audience=audience, design=design, least_valid=minimum,
        smoothed=later.rule.is_share,
    )  # fmt: skip
    schools = {row.school.code: row.school for row in later.schools}
    codes = sorted(
        code for code in changes
        if code in schools and all(code in one and one[code].is_shown for one in figures)
    )  # fmt: skip
    adjusted = benjamini_hochberg([changes[code].p_value for code in codes]) if codes else np.array([])
    return tuple(
        ChangeRow(
            schools[code].name, figures[1][code].estimate - changes[code].difference,
            figures[1][code].estimate, changes[code], float(q), schools[code],
        )
        for code, q in zip(codes, adjusted, strict=True)
    )  # fmt: skip


def _school_figures(results: WaveResults, audience: str) -> dict:
    return {
        row.school.code: one.figure
        for row in results.schools
        for one in row.audiences
        if one.code == audience
    }


def _side(results: WaveResults, later: WaveResults) -> tuple[Cells, CellSums]:
    """A wave's cells with its own weights, scored by the later wave's rule."""
    frame = tally_frame(results.wave)
    controls: list[Control] = setting_of(results)["controls"]
    weighted = weigh(frame, controls, pooled=later.rule.groups == "pooled")
    return weighted.cells, sums_of(frame, weighted, later.rule.items[0], later.rule.valid_scores)


def _asked(wave: Wave) -> Mapping[str, object]:
    return {row.audience: row for row in wave.audiences.select_related("version") if row.share > 0}


def _question(wave: Wave, audience: str, item: str) -> tuple | None:
    """What makes two questions the same: text, type and options with their texts, as they were frozen."""
    row = wave.audiences.select_related("version").filter(audience=audience).first()
    if row is None or row.version is None:
        return None
    questionnaire = row.version.questionnaire
    for one in questionnaire.items:
        if one.name == item:
            options = tuple((option.code, tuple(sorted(option.text.items()))) for option in one.options)
            return one.type, tuple(sorted(one.text.items())), options
    for derived in questionnaire.derived:
        if derived.name == item:
            return derived.kind, derived.items, derived.codes
    return None


def _differ(earlier: WaveResults, later: WaveResults) -> bool:
    one, two = earlier.result["shares"], later.result["shares"]
    return any(abs(one.get(name, 0) - share) > 1e-6 for name, share in two.items())
