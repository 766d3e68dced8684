"""Factual answers of one audience held against what is on file of its schools.

Every item with a `cross_check` is used whose statistic is known. Where most of a school contradict what is on
file, it is the file that is doubted, and nobody's answer counts against it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from analysis.known_statistics import STATISTICS, KnownStatistic, Statistic
from analysis.seen_signals import FactUse
from scoring.numeric.quality_facts import beyond_fact, doubted_schools, on_side
from scoring.numeric.quality_signals import MIN_COUNT, Signal, many_contradictions
from surveys.questionnaire_parts import Item, Questionnaire

STAGE_OF_GRADES = {"g1_3": "primary", "g4_6": "primary", "g7_9": "junior"}
STAGES = ("", "primary", "junior")
GRADES = "grade_band"
# Options of a choice that name numbers: none, to_60, over_120.
_UP_TO, _OVER = re.compile(r"to_(\d+)"), re.compile(r"over_(\d+)")

NOT_ON_FILE, NO_TOLERANCE, NO_NUMBERS = "not_on_file", "no_tolerance", "no_numbers"


@dataclass(frozen=True)
class FactCheck:
    """One item against one statistic; arrays with one entry per reply."""

    item: Item
    statistic: Statistic
    school: np.ndarray
    compared: np.ndarray  # an answer and a statistic are there
    contradicts: np.ndarray
    beyond_half: np.ndarray  # −1 or +1 beyond half the tolerance

    def without(self, doubted: Iterable[str]) -> FactCheck:
        """The same where nothing at these schools contradicts."""
        return replace(self, contradicts=self.contradicts & ~np.isin(self.school, list(doubted)))


@dataclass(frozen=True)
class UnusedFact:
    """An item whose answers are held against nothing, and why: NOT_ON_FILE, NO_TOLERANCE or NO_NUMBERS."""

    item: Item
    statistic: str
    why: str


def fact_checks(
    frame: pd.DataFrame, questionnaire: Questionnaire, audience: str, known: Mapping[str, KnownStatistic]
) -> tuple[list[FactCheck], list[UnusedFact]]:
    """The audience's items with a `cross_check`: those that were held against a statistic, and the others.

    frame: its replies (`response_frame`), voided ones left out.
    """
    school, stage = frame["school"].to_numpy(dtype=str), _stages(frame)
    used: list[FactCheck] = []
    unused: list[UnusedFact] = []
    for item in questionnaire.items_for(audience):
        if not item.cross_check or item.name not in frame.columns:
            continue
        statistic = STATISTICS.get(item.cross_check)
        bounds = number_bounds(item, whole=statistic.is_whole) if statistic else {}
        if statistic is None:
            unused.append(UnusedFact(item, item.cross_check, NO_TOLERANCE))
        elif not bounds:
            unused.append(UnusedFact(item, item.cross_check, NO_NUMBERS))
        elif statistic.key not in known:
            unused.append(UnusedFact(item, item.cross_check, NOT_ON_FILE))
        else:
            of_places = _of_places(school, stage, known[statistic.key])
            used.append(_check(item, statistic, school, _of_codes(frame[item.name], bounds), of_places))
    return used, unused


def number_bounds(item: Item, *, whole: bool) -> dict[str, tuple[float, float]]:
    """Option code → the least and the greatest number it stands for; empty if the options name no numbers.

    A band begins above the one before it: at the next whole number where whole numbers are counted. Of a
    choice the codes say it: "none" is 0, "to_60" up to 60, "over_120" more than 120; others say no number.
    """
    step, found = 1.0 if whole else 0.0, {}
    if item.bands:
        low = float(item.minimum)
        for band in item.bands:
            found[band.code] = (low, float(band.to))
            low = float(band.to) + step
        return found
    low = 0.0
    for option in item.options:
        if option.code == "none":
            found[option.code] = (0.0, 0.0)
            low = step
        elif match := _UP_TO.fullmatch(option.code):
            found[option.code] = (low, float(match[1]))
            low = float(match[1]) + step
        elif match := _OVER.fullmatch(option.code):
            found[option.code] = (float(match[1]) + step, np.inf)
    return found if len(found) > 1 else {}


def doubted_by_statistic(checks: Sequence[tuple[str, FactCheck]]) -> dict[str, frozenset[str]]:
    """Statistic → the schools where what is on file is doubted. checks: every audience with its own."""
    found = {}
    for key in {check.statistic.key for _, check in checks}:
        own = [(audience, one) for audience, one in checks if one.statistic.key == key]
        found[key] = frozenset(
            doubted_schools(
                np.concatenate([one.school[one.compared] for _, one in own]),
                beyond_half=np.concatenate([_counted(one)[one.compared] for _, one in own]),
                audience=np.concatenate([np.full(one.compared.sum(), name) for name, one in own]),
            ).tolist()
        )
    return found


def contradictions(check: FactCheck) -> Signal:
    """The signal of one statistic, among the replies that could be compared with it."""
    return many_contradictions(check.school[check.compared], contradicts=check.contradicts[check.compared])


def fact_uses(
    audience: str,
    school: np.ndarray,
    checks: Iterable[FactCheck],
    unused: Iterable[UnusedFact],
    *,
    known: Mapping[str, KnownStatistic],
    doubted: Mapping[str, Iterable[str]],
) -> Iterator[FactUse]:
    """What became of every factual item. school: of every reply of the audience."""
    asked = np.unique(school[school != ""])
    for check in checks:
        own, replies = np.unique(check.school[check.compared], return_counts=True)
        enough = set(own[replies >= MIN_COUNT].tolist())
        statistic = known[check.statistic.key]
        yield FactUse(
            audience=audience, item=check.item.name, label=dict(check.item.label or check.item.text),
            statistic=check.statistic.key, schools=len(asked),
            on_file=sum(1 for one in asked.tolist() if one in statistic.values),
            sources=statistic.sources, compared=int(check.compared.sum()),
            contradicting=int((check.contradicts & check.compared).sum()),
            doubted=tuple(sorted(enough & set(doubted[check.statistic.key]))),
        )  # fmt: skip
    for one in unused:
        yield FactUse(
            audience, one.item.name, dict(one.item.label or one.item.text), one.statistic, one.why,
            schools=len(asked),
        )  # fmt: skip


def _counted(check: FactCheck) -> np.ndarray:
    """Beyond half the tolerance, on the sides that count at all."""
    return np.where(on_side(check.beyond_half, check.statistic.side), check.beyond_half, 0)


def _check(
    item: Item,
    statistic: Statistic,
    school: np.ndarray,
    said: tuple[np.ndarray, np.ndarray],
    known: tuple[np.ndarray, np.ndarray],
) -> FactCheck:
    (low, high), (least, most) = said, known

    def beyond(tolerance: float) -> np.ndarray:
        return beyond_fact(low, high, known_low=least, known_high=most, tolerance=tolerance)

    return FactCheck(
        item=item,
        statistic=statistic,
        school=school,
        compared=~np.isnan(low) & ~np.isnan(least),
        contradicts=on_side(beyond(statistic.tolerance), statistic.side),
        beyond_half=beyond(statistic.tolerance / 2),
    )


def _of_codes(column: pd.Series, bounds: Mapping[str, tuple[float, float]]) -> tuple[np.ndarray, np.ndarray]:
    nothing = (np.nan, np.nan)
    table = np.array([bounds.get(code, nothing) for code in column.cat.categories], dtype=float)
    found = table[column.cat.codes.to_numpy()]
    return found[:, 0], found[:, 1]


def _stages(frame: pd.DataFrame) -> np.ndarray:
    """The place in STAGES of the stage that somebody's grades belong to; 0 where they were not asked."""
    if GRADES not in frame.columns:
        return np.zeros(len(frame), dtype=int)
    column = frame[GRADES]
    places = np.array([STAGES.index(STAGE_OF_GRADES.get(code, "")) for code in column.cat.categories])
    return places[column.cat.codes.to_numpy()]


def _of_places(school: np.ndarray, stage: np.ndarray, known: KnownStatistic) -> tuple[np.ndarray, np.ndarray]:
    """The least and the most on file for every reply; each school and stage is looked up once."""
    index, names = pd.factorize(school)
    nothing = (np.nan, np.nan)
    table = np.array([[known.of(name, one) or nothing for one in STAGES] for name in names], dtype=float)
    found = table.reshape(-1, len(STAGES), 2)[index, stage]
    return found[:, 0], found[:, 1]
