"""What is lacking (缺差), in its own unit, and the ways in which a school can pass. No Django.

Additions are whole units of a column (teachers, rooms, ㎡, 元): the smallest number with which the limit is
reached; one unit less does not reach it. For the dispersion between schools see `dispersion_additions`.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from analysis.facts import CountyFacts, SchoolRow, amount_and_base
from analysis.findings import Finding
from analysis.judging import Evaluation
from analysis.rule_kinds.k_of_n import KOfN
from analysis.rule_kinds.rooms_and_classes import ClassSize, ForEvery
from analysis.rule_kinds.thresholds import Threshold
from analysis.standard_parts import Criterion, Indicator, Limit

MOST_WAYS = 1000  # ways of one school that are looked through


@dataclass(frozen=True)
class Shortfall:
    """What one school (at its stage) lacks for one indicator or rule.

    add: whole units of `column` to reach the limit; to_floor: units to reach the floor (0 if it is reached,
    None without a floor); exact: the same not rounded up; is_surplus: so many too many instead (pupils of a
    school too large); of_school: to add to what the whole school has, of which the stage gets its part; cost:
    add × unit price, None without a price.
    """

    criterion: str
    subject: str
    school: str
    stage: str
    column: str
    add: int
    exact: Fraction
    to_floor: int | None = None
    is_surplus: bool = False
    of_school: bool = False
    cost: Fraction | None = None


@dataclass(frozen=True)
class Way:
    """One way for a school to pass a k-of-n rule: column → whole units; nothing in it can be left away.

    left: the members that are allowed to stay below their limit. cost: None if a price is lacking. effort:
    Σ added ÷ asked for, a yes counting as 1.
    """

    additions: Mapping[str, int]
    left: tuple[str, ...]
    cost: Fraction | None = None
    effort: Fraction = Fraction(0)


Prices = Mapping[str, Fraction]


def shortfalls(evaluation: Evaluation, *, prices: Prices | None = None) -> tuple[Shortfall, ...]:
    """Everything that schools lack, in the order of the criteria; prices: yuan per unit of a column."""
    facts = evaluation.facts
    rows = {(one.row.school, one.row.stage): one.row for one in evaluation.schools}
    found = []
    for criterion in facts.standard.criteria:
        for part in evaluation.findings[criterion.key].parts:
            row = rows.get((part.school, part.stage))
            if row is not None and part.school:
                found += list(_of_row(criterion, part, row, facts, prices or {}))
    return tuple(found)


def ways_to_pass(
    rule: KOfN, part: Finding, row: SchoolRow, facts: CountyFacts, *, prices: Prices | None = None
) -> tuple[Way, ...]:
    """The minimal ways in which this school can pass the rule: the cheapest first where prices are known,
    else the one with the smallest sum of additions as parts of what is asked for.

    Every member is brought to its limit except as many as may be missed, which are brought to the floor. A
    way that asks for as much as another and more is left out, so that from each way not one unit can be
    taken. () if the school passes, or if something unknown decides.
    """
    if part.verdict != "not_met" or any(one.verdict == "not_computable" for one in part.parts):
        return ()
    missed = [member for member in part.parts if member.verdict == "not_met"]
    needed, _ = rule.needed(len(part.parts), facts)
    if needed is None:
        return ()
    may_stay = min(len(missed), max(0, len(part.parts) - math.ceil(needed)))
    steps = {}
    for member in missed:
        step = _step(rule, member, row, facts)
        if step is None:
            return ()
        steps[member.subject] = step
    choices = itertools.islice(itertools.combinations(list(steps), may_stay), MOST_WAYS)
    ways = [_way(left, steps, prices or {}) for left in choices]
    minimal = [
        way
        for place, way in enumerate(ways)
        if not any(_is_less(other, way, place) for other in enumerate(ways))
    ]
    if any(way.cost is None for way in minimal):
        return tuple(sorted(minimal, key=lambda way: (way.effort, way.left)))
    return tuple(sorted(minimal, key=lambda way: (way.cost, way.left)))


def indicator_shortfall(
    indicator: Indicator, limit: Limit, number: Fraction, row: SchoolRow
) -> tuple[str, Fraction, bool] | None:
    """(column, exact units lacking, is it a surplus) for an indicator to reach a limit; None if unknown.

    At least: units of the amount. At most: units of what it is divided by (teachers, for pupils per teacher),
    unless that is pupils or nothing: then how much is too much.
    """
    amount, base = amount_and_base(indicator, row)
    if not indicator.per:
        base = Fraction(1)
    if amount is None or not base:
        return None
    if limit.is_at_least:
        return indicator.amounts[0], number * base / indicator.times - amount, False
    if indicator.per in ("", "pupils") or number == 0:
        return indicator.amounts[0], amount - number * base / indicator.times, True
    return indicator.per, amount * indicator.times / number - base, False


def whole_units(exact: Fraction, *, is_strict: bool = False) -> int:
    """The smallest whole number of units that is enough; 0 if nothing is lacking."""
    units = math.ceil(exact)
    if is_strict and units == exact:
        units += 1
    return max(0, units)


def _of_row(
    criterion: Criterion, part: Finding, row: SchoolRow, facts: CountyFacts, prices: Prices
) -> Iterable[Shortfall]:
    rule = criterion.rule
    if isinstance(rule, KOfN):
        for member in part.parts:
            limit = rule.limits[member.subject]
            if member.verdict == "not_met" and limit is not None:
                floor, _ = rule.floor_of(member, facts)
                yield from _lacking(criterion.key, member, limit, floor, row, facts, prices)
    elif part.verdict != "not_met":
        return
    elif isinstance(rule, Threshold):
        yield from _lacking(criterion.key, part, rule.limit, None, row, facts, prices)
    elif isinstance(rule, ForEvery) and isinstance(part.value, Fraction) and isinstance(part.limit, Fraction):
        exact = part.limit - part.value
        add = whole_units(exact)
        cost = _cost(rule.column, add, prices)
        yield Shortfall(
            criterion.key,
            rule.column,
            row.school,
            row.stage,
            rule.column,
            add,
            exact,
            of_school=True,
            cost=cost,
        )
    elif isinstance(rule, ClassSize) and isinstance(part.limit, Fraction):
        yield from _classes(criterion.key, part, row, prices)


def _classes(key: str, part: Finding, row: SchoolRow, prices: Prices) -> Iterable[Shortfall]:
    """How many classes more it takes at least; 0 when the pupils would fit if they were shared out evenly."""
    pupils, classes = row.numbers.get("pupils"), row.numbers.get("classes")
    assert isinstance(part.limit, Fraction)
    if pupils is None or classes is None:
        return
    exact = max(Fraction(0), pupils / part.limit - classes)
    add = whole_units(exact)
    yield Shortfall(
        key, "class_size", row.school, row.stage, "classes", add, exact, cost=_cost("classes", add, prices)
    )


def _lacking(
    key: str,
    finding: Finding,
    limit: Limit,
    floor: Fraction | None,
    row: SchoolRow,
    facts: CountyFacts,
    prices: Prices,
) -> Iterable[Shortfall]:
    if not isinstance(finding.limit, Fraction):
        return
    indicator = facts.standard.indicators[finding.subject]
    found = indicator_shortfall(indicator, limit, finding.limit, row)
    if found is None:
        return
    column, exact, is_surplus = found
    part = row.parts.get(column, Fraction(1))
    add = whole_units(exact / part, is_strict=limit.is_strict)
    to_floor = None
    if floor is not None:
        lower = indicator_shortfall(indicator, limit, floor, row)
        to_floor = whole_units(lower[1] / part) if lower else None
    yield Shortfall(
        key, finding.subject, row.school, row.stage, column, add, exact / part, to_floor, is_surplus,
        of_school=column in row.parts, cost=None if is_surplus else _cost(column, add, prices),
    )  # fmt: skip


@dataclass(frozen=True)
class _Step:
    """What a missed member asks for: units to its limit and to its floor, and what it then has."""

    column: str
    to_limit: int
    to_floor: int
    asked: Fraction


def _step(rule: KOfN, member: Finding, row: SchoolRow, facts: CountyFacts) -> _Step | None:
    """A yes/no column is one unit. None where adding does not help (too many pupils) or nothing is known."""
    limit = rule.limits[member.subject]
    if limit is None:
        return _Step(member.subject, 1, 0, Fraction(1))
    floor, _ = rule.floor_of(member, facts)
    found = list(_lacking("", member, limit, floor, row, facts, {}))
    if not found or found[0].is_surplus:
        return None
    first = found[0]
    has = row.numbers.get(first.column, Fraction(0)) / row.parts.get(first.column, Fraction(1))
    return _Step(first.column, first.add, first.to_floor or 0, has + first.exact)


def _way(left: Sequence[str], steps: Mapping[str, _Step], prices: Prices) -> Way:
    additions: dict[str, int] = {}
    asked: dict[str, Fraction] = {}
    for subject, step in steps.items():
        units = step.to_floor if subject in left else step.to_limit
        if units > additions.get(step.column, 0):
            additions[step.column], asked[step.column] = units, step.asked
    costs = [_cost(column, units, prices) for column, units in additions.items()]
    cost = None if None in costs else sum((one for one in costs if one is not None), Fraction(0))
    effort = sum((units / asked[column] for column, units in additions.items()), Fraction(0))
    return Way(additions, tuple(left), cost, effort)


def _is_less(numbered: tuple[int, Way], way: Way, place: int) -> bool:
    """Whether another way asks for no more of anything; of two equal ways the first stays."""
    other_place, other = numbered
    if other_place == place:
        return False
    no_more = all(units <= way.additions.get(column, 0) for column, units in other.additions.items())
    return no_more and (other.additions != way.additions or other_place < place)


def _cost(column: str, units: int, prices: Prices) -> Fraction | None:
    return prices[column] * units if column in prices else None
