"""What it takes for the county to pass: a plan of additions, and how sure the recognition rate makes it.

No Django. The plan says exactly what is smallest in it and what is not.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from analysis.dispersion_additions import DispersionAdditions, smallest_additions
from analysis.dispersions import IndicatorDispersion, composite_of
from analysis.facts import CountyFacts, Recognition, SchoolRow
from analysis.findings import Word, all_of
from analysis.judging import Evaluation
from analysis.rule_kinds.county_rules import RecognitionRule
from analysis.rule_kinds.dispersion_rules import CompositeDispersion, Dispersion
from analysis.rule_kinds.k_of_n import KOfN
from analysis.shortfalls import Prices, Way, ways_to_pass

DRAWS, SEED = 20_000, 20170419


@dataclass(frozen=True)
class SchoolPlan:
    """The way chosen for one school (at its stage), and how many minimal ways it has."""

    school: str
    stage: str
    way: Way
    ways: int


@dataclass(frozen=True)
class PassingPlan:
    """Additions with which every school passes and every coefficient is within its limit.

    Each school's way is minimal (the cheapest where prices are known); on top of them, each indicator's
    dispersion gets the smallest further total. The two together are not a joint optimum over which
    indicator a school leaves at the floor. totals: column → whole units; cost: None if a price is lacking.
    composites: where a composite is above its limit, the smallest additions to one indicator alone that bring
    it there, for every indicator that can; which to take is for the county to say, so they are in no total.
    unsolved: indicators and schools that additions cannot or, for want of figures, cannot be shown to mend.
    """

    schools: tuple[SchoolPlan, ...]
    dispersions: tuple[DispersionAdditions, ...]
    composites: tuple[DispersionAdditions, ...]
    totals: Mapping[str, int]
    cost: Fraction | None
    unsolved: tuple[str, ...]


def plan_to_pass(evaluation: Evaluation, *, prices: Prices | None = None) -> PassingPlan:
    """A plan for the k-of-n and dispersion criteria of a standard; prices: yuan per unit of a column."""
    prices = prices or {}
    facts, unsolved = evaluation.facts, []
    rows = {(one.row.school, one.row.stage): one.row for one in evaluation.schools}
    chosen: list[SchoolPlan] = []
    for criterion in facts.standard.criteria:
        if not isinstance(criterion.rule, KOfN):
            continue
        for part in evaluation.findings[criterion.key].parts:
            if part.verdict == "met":
                continue
            ways = ways_to_pass(criterion.rule, part, rows[part.school, part.stage], facts, prices=prices)
            if ways:
                chosen.append(SchoolPlan(part.school, part.stage, ways[0], len(ways)))
            else:
                unsolved.append(part.school)
    after = with_additions(facts, {(one.school, one.stage): one.way.additions for one in chosen})
    dispersions, open_ones = _dispersion_plans(after)
    totals: Counter[str] = Counter()
    for one in chosen:
        totals.update(one.way.additions)
    for dispersion in dispersions:
        totals[facts.standard.indicators[dispersion.indicator].amounts[0]] += dispersion.total
    known = all(column in prices for column in totals)
    cost = sum((prices[column] * units for column, units in totals.items()), Fraction(0)) if known else None
    return PassingPlan(
        schools=tuple(chosen),
        dispersions=tuple(dispersions),
        composites=composite_additions(after),
        totals=dict(sorted(totals.items())),
        cost=cost,
        unsolved=(*dict.fromkeys(unsolved), *open_ones),
    )


def composite_additions(facts: CountyFacts) -> tuple[DispersionAdditions, ...]:
    """For every composite above its limit: per indicator the smallest additions to it alone that bring the
    composite there. With n indicators its coefficient must come down to n × limit − Σ of the others; an
    indicator for which that is below 0 cannot do it alone."""
    found = []
    for criterion in facts.standard.criteria:
        rule = criterion.rule
        if not isinstance(rule, CompositeDispersion):
            continue
        for stage, bound in rule.stages(facts):
            dispersions = rule.dispersions(facts, stage)
            known = [dispersion for dispersion in dispersions if isinstance(dispersion, IndicatorDispersion)]
            if bound.number is None or len(known) < len(dispersions):
                continue
            if composite_of(known, stage).is_within(bound.number):
                continue
            for dispersion in known:
                others = math.fsum(other.cv for other in known if other is not dispersion)
                # A shade below, so that the mean of eight doubles is not above the limit by its last digit.
                target = (len(known) * float(bound.number) - others) * (1 - 1e-12)
                additions = smallest_additions(dispersion, Fraction(target)) if target >= 0 else None
                if additions is not None:
                    found.append(additions)
    return tuple(found)


def with_additions(facts: CountyFacts, additions: Mapping[tuple[str, str], Mapping[str, int]]) -> CountyFacts:
    """The facts as they would be after adding units to (school, stage): what-if, nothing is changed.

    What a school of several stages shares grows in all its stages, each by its part.
    """
    shared: Counter[tuple[str, str]] = Counter()
    rows_by_place = {(row.school, row.stage): row for row in facts.rows}
    for place, units in additions.items():
        for column, count in units.items():
            if column in rows_by_place[place].parts:
                # Two stages that each lack a shared amount are served by the larger of the two additions.
                shared[place[0], column] = max(count, shared[place[0], column])

    def changed(row: SchoolRow) -> SchoolRow:
        own = additions.get((row.school, row.stage), {})
        numbers = dict(row.numbers)
        for column, count in own.items():
            if column not in row.parts and column in numbers:
                numbers[column] += count
        for column, part in row.parts.items():
            if (row.school, column) in shared:
                numbers[column] += shared[row.school, column] * part
        marks = dict(row.marks) | {column: True for column in own if column in row.marks}
        return replace(row, numbers=numbers, marks=marks)

    return CountyFacts(
        standard=facts.standard,
        rows=tuple(changed(row) for row in facts.rows),
        schools=facts.schools,
        items=facts.items,
        dispersions=facts.dispersions,
        recognition=facts.recognition,
        settings=facts.settings,
        columns=facts.columns,
    )


@dataclass(frozen=True)
class Outlook:
    """How likely the recognition rate reaches its limit, and the county with it.

    recognition: share of draws at or above the limit; county: the same if everything else is met, 0 if
    something else is missed, None if something else is open; without_it: the verdict over the rest.
    """

    recognition: float
    county: float | None
    without_it: Word
    draws: int
    seed: int


def probability_of_passing(evaluation: Evaluation, *, draws: int = DRAWS, seed: int = SEED) -> Outlook | None:
    """Simulates the recognition rate within its sampling error; everything else stays as it is.

    Draws are Beta(n* p + ½, n* (1 − p) + ½) with the effective sample size n* behind the verdict's bounds,
    or normal with the standard error if there is no n*. None for a typed figure: its error is not known.
    """
    standard, found = evaluation.standard, evaluation.facts.recognition
    judged = [c for c in standard.criteria if isinstance(c.rule, RecognitionRule)]
    if found is None or found.estimate is None or not judged or not (found.n_star or found.se):
        return None
    limit = evaluation.findings[judged[0].key].limit
    if limit is None:
        return None
    reached = float(np.mean(_draws(found, draws, seed) >= float(limit)))
    others = [
        finding.verdict
        for key, finding in evaluation.findings.items()
        if finding.counts and key not in {criterion.key for criterion in judged}
    ]
    rest = all_of(others)
    county = reached if rest == "met" else 0.0 if rest == "not_met" else None
    return Outlook(reached, county, rest, draws, seed)


def _draws(found: Recognition, draws: int, seed: int) -> np.ndarray:
    random = np.random.default_rng(seed)
    assert found.estimate is not None
    p = float(found.estimate)
    if found.n_star:
        return random.beta(found.n_star * p + 0.5, found.n_star * (1 - p) + 0.5, size=draws)
    assert found.se is not None
    return random.normal(p, found.se, size=draws)


def _dispersion_plans(facts: CountyFacts) -> tuple[list[DispersionAdditions], list[str]]:
    """The smallest additions for every coefficient that is above its limit, and those without any."""
    found: list[DispersionAdditions] = []
    unsolved: list[str] = []
    for criterion in facts.standard.criteria:
        rule = criterion.rule
        if not isinstance(rule, Dispersion):
            continue
        for stage, bound in rule.stages(facts):
            for dispersion in rule.dispersions(facts, stage):
                if bound.number is None or not isinstance(dispersion, IndicatorDispersion):
                    unsolved.append(f"{dispersion.indicator}.{stage}")
                elif not dispersion.is_within(bound.number):
                    additions = smallest_additions(dispersion, bound.number)
                    if additions is None:
                        unsolved.append(f"{dispersion.indicator}.{stage}")
                    else:
                        found.append(additions)
    return found, unsolved
