"""What a standard asks for: the columns of its school table, and the county's items by area.

Found by judging a county of which nothing is known: every finding names what it lacks.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from analysis.columns import COMPULSORY, STAGES_OF_TYPE
from analysis.county_items import county_answers
from analysis.evaluation_plans import setting_values
from analysis.facts import CountyFacts, SchoolRow
from analysis.findings import Finding
from analysis.standard_parts import Area, CountyItem, Standard


@dataclass(frozen=True)
class AreaItems:
    """The items of one area, each with the names of the criteria that ask for it."""

    area: Area
    items: tuple[CountyItem, ...]


def needed_columns(standard: Standard) -> tuple[str, ...]:
    """The columns without which something of the standard cannot be computed, in the table's order."""
    named = set()
    for _, finding in _blank_findings(standard):
        named |= set(_missing(finding))
    for exclusions in standard.exclusions.values():
        for exclusion in exclusions:
            named |= set(exclusion.condition.columns)
    for indicator in standard.indicators.values():
        named |= set(indicator.columns)
    return tuple(column for column in standard.columns if column in named)


def items_by_area(standard: Standard) -> tuple[AreaItems, ...]:
    """Every item of the county's file under the area that asks for it; what none asks for comes last."""
    found: dict[str, dict[str, None]] = {area.key: {} for area in standard.areas}
    for area, finding in _blank_findings(standard):
        for name in (*_missing(finding), *_subjects(finding)):
            if name in standard.items:
                found[area].setdefault(name)
                item = standard.items[name]
                for formula in item.formulas.values():
                    found[area].update(dict.fromkeys(formula.items))
    placed = {name for names in found.values() for name in names}
    rest = [name for name in standard.items if name not in placed]
    areas = {area.key: area for area in standard.areas}
    last = standard.areas[-1].key
    found[last].update(dict.fromkeys(rest))
    return tuple(
        AreaItems(areas[key], tuple(standard.items[name] for name in names))
        for key, names in found.items()
        if names
    )


def _blank_findings(standard: Standard) -> Iterator[tuple[str, Finding]]:
    """Area and finding of every criterion over one school of each kind without any figure."""
    rows = tuple(
        SchoolRow(f"{school_type}-{stage}", school_type, stage)
        for school_type, stages in STAGES_OF_TYPE.items()
        for stage in stages
        if stage in COMPULSORY
    )
    schools = tuple(SchoolRow(school_type, school_type, "") for school_type in STAGES_OF_TYPE)
    settings = setting_values(standard, {})
    answers = county_answers((), standard=standard, settings=settings, name="")
    facts = CountyFacts(standard, rows=rows, schools=schools, items=answers.items, settings=settings)
    for criterion in standard.criteria:
        yield criterion.area, criterion.rule.judge(criterion.key, facts)


def _missing(finding: Finding) -> Iterator[str]:
    yield from finding.missing
    for part in finding.parts:
        yield from _missing(part)


def _subjects(finding: Finding) -> Iterator[str]:
    yield finding.subject
    for part in finding.parts:
        yield from _subjects(part)
