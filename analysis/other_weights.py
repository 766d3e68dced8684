"""A closed wave's rate under other weights, as the page shows it: rows with their sentences.

What is hidden in the neighbouring table is hidden here: while an audience is too small to be shown, only the
official weights are, since another mixture of the same figures could give it away.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from analysis.code_sentences import joined
from analysis.other_rules import setting_of
from analysis.other_weights_words import (
    description_of,
    name_of,
    note_sentences,
    reason_sentence,
    summary_sentence,
    warning_sentences,
)
from analysis.results import Figure, WaveResults, audience_name
from scoring.grade_margins import GradePeople, grade_people
from scoring.item_rows import item_pairs_of
from scoring.other_weights import Weighting, other_weights
from scoring.runs import frame_to_show

OFFICIAL = "cells"
EQUAL = 1 + 1e-9  # design effect up to which an audience's weights are all alike


@dataclass(frozen=True)
class WeightRow:
    """One way of weighting. figure None: not computable, `why` says it. verdict: a word, None where the
    wave is not frozen. design_effect: the largest of the audiences', `heaviest` names it ("" if
    all weigh alike)."""

    key: str
    name: str
    description: str
    figure: Figure | None
    verdict: str | None
    effective_n: float | None
    design_effect: float | None
    heaviest: str
    why: str
    notes: tuple[str, ...]
    warnings: tuple[str, ...]

    @property
    def is_official(self) -> bool:
        return self.key == OFFICIAL


@dataclass(frozen=True)
class WeightTable:
    """rows: the official weights first. left_out: "" or why there is nothing beside them, "hidden" (an
    audience is too small) or "pooled" (the wave's rule weighs every reply alike, whatever the weights)."""

    rows: tuple[WeightRow, ...]
    left_out: str = ""

    @property
    def summary(self) -> str:
        """One sentence over the rows; "" where there is nothing to compare."""
        figures = [row.figure for row in self.rows if row.figure]
        if len(figures) < 2:
            return ""
        return summary_sentence(figures, [row.verdict for row in self.rows if row.figure and row.verdict])


def weight_table(results: WaveResults) -> WeightTable | None:
    """The rate under every way of weighting; None while the wave is open or where there is no rate."""
    if not results.wave.is_closed or not results.figure.is_shown or results.figure.estimate is None:
        return None
    if results.rule.groups == "pooled":
        return WeightTable((), "pooled")
    found = _weightings(results)
    if not results.result["regrouped"]:
        return WeightTable((_row(found[0], found, results),), "hidden")
    return WeightTable(tuple(_row(one, found, results) for one in found))


def _weightings(results: WaveResults) -> tuple[Weighting, ...]:
    wave, setting = results.wave, setting_of(results)
    frame = frame_to_show(wave)
    return other_weights(
        frame,
        rule=results.rule,
        controls=setting["controls"],
        # As the result mixed them: a rule may weigh audiences by their people, or places by themselves.
        shares=results.result["shares"],
        class_shares=results.result["class_shares"],
        design=setting["design"],
        grades=_grades(results),
        with_verdict=results.run is not None,
        pairs=item_pairs_of(wave, frame, rule=results.rule),
    )


def _grades(results: WaveResults) -> dict[str, GradePeople]:
    """A frozen run's own; the present roster's where a run was frozen before they were kept, or there is
    none."""
    frozen = results.run.inputs.get("grades") if results.run else None
    if frozen is None:
        return grade_people(results.wave)
    return {audience: GradePeople(**one) for audience, one in frozen.items()}


def _row(one: Weighting, found: Sequence[Weighting], results: WaveResults) -> WeightRow:
    is_official = one.key == OFFICIAL
    heaviest = one.heaviest
    return WeightRow(
        key=one.key,
        name=name_of(one.key),
        description=description_of(one.key),
        figure=results.figure if is_official else _figure(one, results),
        verdict=results.verdict if is_official else one.verdict,
        effective_n=one.effective_n,
        design_effect=heaviest.design_effect if heaviest else None,
        heaviest=audience_name(heaviest.audience) if heaviest and heaviest.design_effect > EQUAL else "",
        why=joined([reason_sentence(reason, results.wave) for reason in one.reasons]),
        notes=tuple(note_sentences(one, before=found[0], results=results)),
        warnings=tuple(warning_sentences(one)),
    )


def _figure(one: Weighting, results: WaveResults) -> Figure | None:
    if one.estimate is None:
        return None
    lower, upper = one.interval or (None, None)
    unit = results.figure.unit
    return Figure(one.estimate, lower, upper, one.valid, "", limit=results.rule.threshold, unit=unit)
