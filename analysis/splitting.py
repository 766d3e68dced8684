"""A school of several stages (一贯制学校, 完全中学) divided into stages and put together again. No Django.

Rooms, grounds, equipment and whatever else all stages share is divided by weighted pupils, w·N ÷ Σ w·N;
teachers, pupils and classes count where they are and are never divided. A stage's own figure goes first.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from analysis.columns import COMPULSORY, Column
from analysis.findings import Sentence
from analysis.standard_parts import SettingValues, Standard, resolved


@dataclass(frozen=True)
class StageAmounts:
    """What one stage has: numbers, yes/no answers, given ratios; parts: its share of the school's amount."""

    numbers: Mapping[str, Fraction]
    marks: Mapping[str, bool] = field(default_factory=dict)
    ratios: Mapping[str, Fraction] = field(default_factory=dict)
    parts: Mapping[str, Fraction] = field(default_factory=dict)


def stage_shares(pupils: Mapping[str, Fraction], weights: Mapping[str, Fraction]) -> dict[str, Fraction]:
    """Each stage's share of what the whole school has: w_s·N_s ÷ Σ w·N. {} without any pupil.

    >>> stage_shares({"primary": Fraction(900), "junior": Fraction(600)},
    ...              {"primary": Fraction(1), "junior": Fraction("1.1")})["primary"]
    Fraction(15, 26)
    """
    weighted = {stage: weights[stage] * count for stage, count in pupils.items()}
    whole = sum(weighted.values(), Fraction(0))
    return {stage: value / whole for stage, value in weighted.items()} if whole else {}


def divide(
    stages: Mapping[str, StageAmounts],
    *,
    whole: StageAmounts | None,
    amounts_of: str,
    school: str,
    school_type: str,
    standard: Standard,
    settings: SettingValues,
) -> tuple[dict[str, StageAmounts], list[Sentence]]:
    """The stages with their part of what the school shares, and what was doubtful.

    whole: the amounts of a school that stands in one row. Of a school in several rows, amounts are the
    stage's own, unless `amounts_of` says "school", or every shared amount is the same in all rows: then they
    are the school's, repeated, and that is said.
    """
    if len(stages) < 2:
        return dict(stages), []
    shared = [key for key, column in standard.columns.items() if column.counted == "split"]
    doubts: list[Sentence] = []
    if whole is not None:
        to_divide = {key: whole.numbers[key] for key in shared if key in whole.numbers}
    else:
        repeated = _repeated(stages, shared)
        if amounts_of == "school":
            to_divide = {key: _the_one(stages, key) for key in shared if _the_one(stages, key) is not None}  # type: ignore[misc]
        elif repeated and not amounts_of:
            to_divide = repeated
            doubts.append(
                Sentence(
                    "{school}各学段的校舍、设备等数据完全相同，已按全校数据拆分；"
                    "若为本学段数据，请在“数据范围”列填“本学段”。",
                    "{school}: rooms and equipment are the same in every row, so they were taken as the "
                    "whole school's and divided; if they are each stage's own, write 'stage' into the "
                    "column amounts_of.",
                    {"school": school},
                )
            )
        else:
            return dict(stages), []
    shares = _shares(stages, school_type, standard, settings)
    if to_divide and shares is None:
        doubts.append(
            Sentence(
                "{school}的共用数据无法拆分：缺少各学段学生数，或本标准没有规定折算权重；请分学段填报。",
                "{school}: what its stages share cannot be divided, for want of pupils per stage or of "
                "weights in this standard; give the amounts per stage.",
                {"school": school},
            )
        )
    divided = {}
    for stage, one in stages.items():
        numbers = dict(one.numbers)
        parts: dict[str, Fraction] = {}
        for key, amount in to_divide.items():
            if whole is not None and key in one.numbers:
                continue  # given for the stage itself
            numbers.pop(key, None)
            if shares is not None:
                numbers[key] = amount * shares[stage]
                parts[key] = shares[stage]
        divided[stage] = StageAmounts(numbers, one.marks, one.ratios, parts)
    return divided, doubts


def whole_school(
    stages: Mapping[str, StageAmounts], one_row: StageAmounts | None, columns: Mapping[str, Column]
) -> StageAmounts:
    """A school as a whole, in its compulsory part: what its stages have together, if all of it is known.

    What belongs to the school as such (music rooms) is taken as it is, however often it is repeated.
    """
    judged = {stage: one for stage, one in stages.items() if stage in COMPULSORY} or dict(stages)
    numbers: dict[str, Fraction] = {}
    marks: dict[str, bool] = {}
    for key, column in columns.items():
        if column.is_yes_no:
            answers = [one.marks[key] for one in judged.values() if key in one.marks]
            if len(answers) == len(judged):
                marks[key] = all(answers)
            continue
        found = [one.numbers[key] for one in judged.values() if key in one.numbers]
        if column.counted == "school":
            own = one_row.numbers.get(key) if one_row else None
            everywhere = [one.numbers[key] for one in stages.values() if key in one.numbers]
            if own is not None:
                numbers[key] = own
            elif everywhere:
                numbers[key] = everywhere[0] if len(set(everywhere)) == 1 else sum(everywhere, Fraction(0))
        elif len(found) == len(judged):
            numbers[key] = max(found) if column.joined == "largest" else sum(found, Fraction(0))
        elif one_row is not None and key in one_row.numbers and judged.keys() == stages.keys():
            numbers[key] = one_row.numbers[key]
    return StageAmounts(numbers, marks)


def _shares(
    stages: Mapping[str, StageAmounts], school_type: str, standard: Standard, settings: SettingValues
) -> dict[str, Fraction] | None:
    weights = {
        stage: resolved(number, settings) for stage, number in standard.split.get(school_type, {}).items()
    }
    pupils = {stage: one.numbers.get("pupils") for stage, one in stages.items()}
    if any(weights.get(stage) is None or count is None for stage, count in pupils.items()):
        return None
    return stage_shares(pupils, weights) or None  # type: ignore[arg-type]


def _repeated(stages: Mapping[str, StageAmounts], shared: list[str]) -> dict[str, Fraction]:
    """The shared amounts if all that are given are the same, and not zero, in every row; else {}."""
    given = {
        key: [one.numbers.get(key) for one in stages.values()]
        for key in shared
        if any(key in one.numbers for one in stages.values())
    }
    is_repeated = all(len(set(values)) == 1 and values[0] is not None for values in given.values())
    if not is_repeated or not any(values[0] for values in given.values()):
        return {}
    return {key: values[0] for key, values in given.items() if values[0] is not None}


def _the_one(stages: Mapping[str, StageAmounts], key: str) -> Fraction | None:
    """The school's amount where rows repeat it or leave it blank; None where they contradict each other."""
    values = {one.numbers[key] for one in stages.values() if key in one.numbers}
    return values.pop() if len(values) == 1 else None
