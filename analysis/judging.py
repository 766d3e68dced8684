"""A standard applied to a county's facts: findings per criterion, area and school, and the county's verdict.

Nothing is stored and nothing is rounded here. The same facts always give the same result.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from analysis.dispersions import Composite, DispersionUnknown, IndicatorDispersion, composite_of
from analysis.facts import CountyFacts, SchoolRow
from analysis.findings import Finding, Sentence, Texts, Word, all_of, missing_in
from analysis.rule_kinds import Rule
from analysis.rule_kinds.county_rules import Reference
from analysis.rule_kinds.dispersion_rules import DispersionRule
from analysis.standard_parts import Area, Criterion, Standard


@dataclass(frozen=True)
class AreaResult:
    """One area; verdict None if it holds nothing but references."""

    area: Area
    verdict: Word | None
    findings: tuple[Finding, ...]


@dataclass(frozen=True)
class SchoolResult:
    """One school at one stage, or as a whole (stage "").

    verdict: over the criteria that decide whether a school passes, of a whole school over its stages too;
    None where none of them speaks of it.
    findings: criterion → what it found here. excluded: why those criteria leave it out.
    """

    row: SchoolRow
    verdict: Word | None
    findings: Mapping[str, Finding]
    excluded: Texts | None = None


@dataclass(frozen=True)
class Evaluation:
    """The whole result. `missing`: every column, item and setting for want of which something is open."""

    facts: CountyFacts
    verdict: Word
    sentence: Sentence
    areas: tuple[AreaResult, ...]
    findings: Mapping[str, Finding]
    schools: tuple[SchoolResult, ...]
    dispersions: tuple[IndicatorDispersion | DispersionUnknown, ...]
    composites: tuple[Composite, ...]
    missing: tuple[str, ...]
    assumptions: tuple[Sentence, ...]

    @property
    def standard(self) -> Standard:
        return self.facts.standard


def evaluate(facts: CountyFacts) -> Evaluation:
    """Facts → evaluation: every criterion judged; what vetoes or bars the way speaks first."""
    standard = facts.standard
    findings = {criterion.key: criterion.rule.judge(criterion.key, facts) for criterion in standard.criteria}
    areas = tuple(_area(area, standard, findings) for area in standard.areas)
    counted = {key: found for key, found in findings.items() if found.counts}
    verdict = all_of(found.verdict for found in counted.values())
    dispersions, composites = _dispersions(facts)
    return Evaluation(
        facts=facts,
        verdict=verdict,
        sentence=_county_sentence(verdict, standard, counted),
        areas=areas,
        findings=findings,
        schools=_schools(facts, findings),
        dispersions=dispersions,
        composites=composites,
        missing=missing_in(counted.values()),
        assumptions=_assumptions(facts),
    )


def _area(area: Area, standard: Standard, findings: Mapping[str, Finding]) -> AreaResult:
    found = tuple(findings[criterion.key] for criterion in standard.criteria if criterion.area == area.key)
    counted = [finding.verdict for finding in found if finding.counts]
    return AreaResult(area, all_of(counted) if counted else None, found)


def _county_sentence(verdict: Word, standard: Standard, counted: Mapping[str, Finding]) -> Sentence:
    """Why the county stands where it stands: what vetoes it, what it does not enter by, what it misses."""
    by_word: dict[str, list[Texts]] = defaultdict(list)
    for criterion in standard.criteria:
        if criterion.key in counted:
            found = counted[criterion.key]
            by_word[found.verdict].append(criterion.name)
            if found.verdict == "not_met" and criterion.rule.role != "judged":
                by_word[criterion.rule.role].append(criterion.name)
    values = {
        "all": len(counted), "met": len(by_word["met"]), "bad": by_word["not_met"],
        "unknown": by_word["not_computable"] + by_word["undetermined"],
        "veto": by_word["veto"], "gate": by_word["gate"],
    }  # fmt: skip
    if by_word["veto"]:
        return Sentence("一票否决：{veto}。", "Vetoed: {veto}.", values)
    if by_word["gate"]:
        return Sentence("不符合门槛条件：{gate}。", "A condition of entry does not hold: {gate}.", values)
    if verdict == "met":
        return Sentence("{all}项全部达标。", "All {all} criteria are met.", values)
    if verdict == "not_met":
        return Sentence(
            "{all}项中{met}项达标，未达标：{bad}。", "{met} of {all} criteria met; not met: {bad}.", values
        )
    return Sentence(
        "{all}项中{met}项达标，没有未达标项；尚不能判定：{unknown}。",
        "{met} of {all} criteria met and none missed; still open: {unknown}.",
        values,
    )


_SENIOR: Texts = {"zh-hans": "高中阶段不属于义务教育", "en": "Senior secondary is not compulsory education"}


def _schools(facts: CountyFacts, findings: Mapping[str, Finding]) -> tuple[SchoolResult, ...]:
    """Every row of the county with what each criterion found there, in the order of schools and stages."""
    here: dict[tuple[str, str], dict[str, Finding]] = defaultdict(dict)
    for key, finding in findings.items():
        for part in finding.parts:
            if part.school:
                here[part.school, part.stage][key] = part
    standard = facts.standard
    left_out: dict[tuple[str, str], Texts] = {}
    for key in standard.school_verdict:
        rule: Rule = standard.criterion(key).rule
        for whole in (False, True):
            for one in facts.judged(rule.exclusion, whole_schools=whole).excluded:
                left_out.setdefault((one.row.school, one.row.stage), one.reason)
    deciding: dict[tuple[str, str], list[Word]] = defaultdict(list)
    for place, found in here.items():
        words = [found[key].verdict for key in standard.school_verdict if key in found]
        deciding[place] += words
        if place[1]:
            deciding[place[0], ""] += words
    results = []
    # A special school has no stage: its row is the whole school, which stands there already.
    by_stage = (row for row in facts.rows if row.stage)
    for row in sorted((*facts.schools, *by_stage), key=lambda row: row.school):
        place = (row.school, row.stage)
        verdict = all_of(deciding[place]) if deciding.get(place) else None
        reason = left_out.get(place, _SENIOR if row.stage == "senior" else None)
        results.append(SchoolResult(row, verdict, here.get(place, {}), reason))
    return tuple(results)


def _dispersions(
    facts: CountyFacts,
) -> tuple[tuple[IndicatorDispersion | DispersionUnknown, ...], tuple[Composite, ...]]:
    """The dispersions that the standard's criteria speak of, each once, and the composite of each stage."""
    dispersions: dict[tuple[str, str], IndicatorDispersion | DispersionUnknown] = {}
    composites: dict[str, Composite] = {}
    for criterion in facts.standard.criteria:
        rule = criterion.rule.shown if isinstance(criterion.rule, Reference) else criterion.rule
        if not isinstance(rule, DispersionRule):
            continue
        for stage, _ in rule.stages(facts):
            found = rule.dispersions(facts, stage)
            dispersions |= {(one.indicator, one.stage): one for one in found}
            known = [one for one in found if isinstance(one, IndicatorDispersion)]
            if len(known) == len(found):
                composites[stage] = composite_of(known, stage)
    return tuple(dispersions.values()), tuple(composites.values())


def _assumptions(facts: CountyFacts) -> tuple[Sentence, ...]:
    return tuple(
        Sentence(
            "表中没有“{column}”列：未据此排除任何学校。",
            "The table has no column '{column}': no school was left out by it.",
            {"column": column},
        )
        for column in facts.assumptions
    )


__all__ = ["AreaResult", "Criterion", "Evaluation", "SchoolResult", "evaluate"]
