"""The same counts under every other shipped rule: how much of the verdict is the rule's doing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from analysis.results import Figure, WaveResults
from scoring.controls import Control
from scoring.estimates import estimate_wave
from scoring.item_rows import item_pairs_of
from scoring.numeric.cells import Design
from scoring.rules import ScoringRule, shipped_rules
from scoring.runs import frame_to_show, setting_now


@dataclass(frozen=True)
class OtherRule:
    """verdict: None while the wave is not frozen. is_chosen: the rule of the wave itself. tipping: the
    verdict's tipping point as in a result, None where it is not known or an audience is hidden."""

    rule: ScoringRule
    figure: Figure
    verdict: str | None
    is_chosen: bool
    tipping: Mapping | None = None


def other_rules(results: WaveResults) -> list[OtherRule]:
    """The wave's own rule first, then every other one that these questionnaires and counts can answer.

    A frozen run is computed again from its own inputs. Two rules that only mix the same audience figures
    by other shares would give a hidden audience away: while one is hidden, only the first is listed.
    """
    chosen = OtherRule(
        results.rule, results.figure, results.verdict, is_chosen=True,
        tipping=results.result.get("tipping_point") if results.run else None,
    )  # fmt: skip
    if not results.figure.is_shown:
        return [chosen]
    wave, frame, setting = results.wave, frame_to_show(results.wave), setting_of(results)
    listed, mixed = [chosen], {answers_counted(results.rule)}
    for rule in shipped_rules().values():
        if rule.key == results.rule.key:
            continue
        if not results.result["regrouped"] and answers_counted(rule) in mixed:
            continue
        pairs = item_pairs_of(wave, frame, rule=rule)
        found = estimate_wave(frame, rule=rule, with_verdict=results.run is not None, pairs=pairs, **setting)
        if found["estimate"] is None or found["valid"] < wave.minimum_group_size:
            continue
        mixed.add(answers_counted(rule))
        tipping = found.get("tipping_point") if results.result["regrouped"] else None
        word = (found["verdict"] or {}).get("verdict")
        listed.append(OtherRule(rule, figure_of(found), word, is_chosen=False, tipping=tipping))
    return listed


def setting_of(results: WaveResults) -> dict:
    """All but the rule: a frozen run's own inputs, else what holds now."""
    if results.run is None:
        setting = setting_now(results.wave)
        del setting["rule"]
        return setting
    inputs = results.run.inputs
    return {
        "controls": [Control(**one) for one in inputs["controls"]],
        "shares": inputs["shares"],
        "class_shares": inputs["class_shares"],
        "design": Design(**inputs["design"]),
    }


def answers_counted(rule: ScoringRule) -> tuple:
    """Rules that agree in this compute the same figure for every audience, and differ in mixing them."""
    return rule.form, rule.items, tuple(sorted(rule.scores.items())), rule.dont_know


def figure_of(found: Mapping) -> Figure:
    lower, upper = found["interval"] or (None, None)
    return Figure(
        found["estimate"], lower, upper, found["valid"], "", limit=found["threshold"], unit=found["unit"]
    )
