"""An evaluation as plain data for `evaluate_file --json`: stable, versioned, unrounded. No Django.

Shares are 0–1; `value` and `limit` are in `unit`. What is not known is null. New keys may be added within a
version; a key that changes its meaning raises FORMAT_VERSION.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

from analysis.dispersion_additions import DispersionAdditions
from analysis.dispersions import DispersionUnknown, IndicatorDispersion
from analysis.findings import CHINESE, ENGLISH, LANGUAGES, SHARE, Finding, Sentence, Texts
from analysis.judging import AreaResult, Evaluation, SchoolResult
from analysis.passing import Outlook, PassingPlan
from analysis.shortfalls import Shortfall, Way
from analysis.standard_parts import Criterion, Standard

FORMAT, FORMAT_VERSION = "renke-evaluation", 1


def evaluation_json(
    evaluation: Evaluation,
    *,
    shortfalls: Sequence[Shortfall],
    plan: PassingPlan,
    outlook: Outlook | None = None,
    doubts: Iterable[Sentence] = (),
    program_version: str = "",
    schools_in_full: Callable[[str], bool] = lambda school: True,
) -> dict[str, Any]:
    """The whole result: verdicts of county, areas, criteria and schools, dispersions, shortfalls, a plan.

    schools_in_full: whose findings and shortfalls are written; of the others only the verdict.
    """
    standard, facts = evaluation.standard, evaluation.facts
    return {
        "format": FORMAT,
        "format_version": FORMAT_VERSION,
        "program_version": program_version,
        "standard": _standard(standard),
        "settings": {key: _number(value) for key, value in sorted(facts.settings.items())},
        "open_settings": [key for key in standard.settings if key not in facts.settings],
        "verdict": evaluation.verdict,
        "sentence": _texts(evaluation.sentence),
        "missing": list(evaluation.missing),
        "areas": [_area(area) for area in evaluation.areas],
        "criteria": [_criterion(c, evaluation.findings[c.key], standard) for c in standard.criteria],
        "dispersions": [_dispersion(dispersion, evaluation) for dispersion in evaluation.dispersions],
        "composites": [{"stage": one.stage, "value": one.value} for one in evaluation.composites],
        "schools": _schools(evaluation, shortfalls, schools_in_full),
        "plan": _plan(plan),
        "outlook": None if outlook is None else {
            "recognition": outlook.recognition, "county": outlook.county,
            "without_recognition": outlook.without_it, "draws": outlook.draws, "seed": outlook.seed,
        },
        "doubts": [_texts(doubt) for doubt in (*doubts, *evaluation.assumptions)],
    }  # fmt: skip


def _standard(standard: Standard) -> dict[str, Any]:
    return {
        "key": standard.key,
        "name": dict(standard.name),
        "issued": standard.issued,
        **_source(standard.source),
        "digest": standard.digest,
    }


def _source(source: Texts) -> dict[str, Any]:
    """`source` is one text; `source_texts` is there as well if the standard says it in both languages."""
    said: dict[str, Any] = {"source": source[ENGLISH]}
    if source[CHINESE] != source[ENGLISH]:
        said["source_texts"] = dict(source)
    return said


def _area(area: AreaResult) -> dict[str, Any]:
    return {
        "key": area.area.key,
        "name": dict(area.area.name),
        "verdict": area.verdict,
        "criteria": [finding.subject for finding in area.findings],
    }


def _criterion(criterion: Criterion, finding: Finding, standard: Standard) -> dict[str, Any]:
    """One criterion. Parts about schools are counted here and stand in full under `schools`."""
    of_schools = any(part.school for part in finding.parts)
    said: dict[str, Any] = {
        "key": criterion.key,
        "area": criterion.area,
        "number": criterion.number,
        "name": dict(criterion.name),
        "kind": criterion.kind,
        "role": criterion.rule.role,
        "counts": finding.counts,
        **_source(criterion.source),
        "confidence": criterion.confidence or None,
        **_finding(finding),
        "evidence": list(finding.evidence),
        "details": _details(finding.details),
    }
    if criterion.note:
        said["note"] = dict(criterion.note)
    if criterion.department:
        said["department"] = dict(criterion.department)
    if of_schools:
        words = Counter(part.verdict for part in finding.parts)
        said["schools"] = dict(sorted(words.items()))
        for word in ("not_met", "not_computable"):
            said[f"schools_{word}"] = [
                {"school": part.school, "stage": part.stage} for part in finding.parts if part.verdict == word
            ]
    else:
        said["parts"] = [_part(part, standard) for part in finding.parts]
    return said


def _part(part: Finding, standard: Standard) -> dict[str, Any]:
    named = standard.indicators.get(part.subject) or standard.items.get(part.subject)
    said = {
        "key": part.subject,
        "name": dict(named.name) if named else None,
        "stage": part.stage or None,
        **_finding(part),
        "evidence": list(part.evidence),
        "details": _details(part.details),
    }
    if part.parts:
        said["parts"] = [_part(one, standard) for one in part.parts]
    return said


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "verdict": finding.verdict,
        "value": _number(finding.value),
        "limit": _number(finding.limit),
        "unit": "share" if finding.unit is SHARE else dict(finding.unit),
        "sentence": _texts(finding.sentence),
        "missing": list(finding.missing),
    }


def _dispersion(
    dispersion: IndicatorDispersion | DispersionUnknown, evaluation: Evaluation
) -> dict[str, Any]:
    """One coefficient with mean and sd; its verdict and limit are those of the criterion that judges it."""
    part = next(
        (
            part
            for finding in evaluation.findings.values()
            if finding.counts
            for part in finding.parts
            if part.subject == dispersion.indicator
            and part.stage == dispersion.stage
            and "dispersion" in part.details
        ),
        None,
    )
    head = {
        "indicator": dispersion.indicator,
        "name": dict(evaluation.standard.indicators[dispersion.indicator].name),
        "stage": dispersion.stage,
        "limit": _number(part.limit) if part else None,
        "verdict": part.verdict if part else None,
    }
    if isinstance(dispersion, DispersionUnknown):
        nothing = dict.fromkeys(("cv", "mean", "sd", "pupils", "amount", "origin"))
        return {
            **head, **nothing, "schools": None, "verdict": "not_computable", "reason": dispersion.reason,
            "missing": list(dispersion.missing), "schools_concerned": list(dispersion.schools),
        }  # fmt: skip
    return {
        **head,
        "cv": dispersion.cv,
        "mean": dispersion.mean,
        "sd": dispersion.sd,
        "pupils": _number(dispersion.pupils),
        "amount": _number(dispersion.amount),
        "origin": "given" if dispersion.is_given else "computed",
        "schools": dispersion.schools,
        "reason": None,
        "missing": [],
        "schools_concerned": [],
    }


def _schools(
    evaluation: Evaluation, shortfalls: Sequence[Shortfall], in_full: Callable[[str], bool]
) -> list[dict[str, Any]]:
    """Schools with what holds for them as a whole, and their stages below."""
    lacking: dict[tuple[str, str], list[Shortfall]] = {}
    for one in shortfalls:
        lacking.setdefault((one.school, one.stage), []).append(one)
    found: dict[str, dict[str, Any]] = {}
    for result in evaluation.schools:
        row = result.row
        said = _school(
            replace(result, findings={}) if not in_full(row.school) else result,
            evaluation.standard,
            lacking.get((row.school, row.stage), ()) if in_full(row.school) else (),
        )
        if row.stage:
            found[row.school]["stages"].append({"stage": row.stage, **said})
        else:
            found[row.school] = {
                "school": row.school,
                "school_type": row.school_type,
                "public": row.is_public,
                "location": row.location or None,
                **said,
                "stages": [],
            }
    return list(found.values())


def _school(result: SchoolResult, standard: Standard, lacking: Iterable[Shortfall]) -> dict[str, Any]:
    return {
        "pupils": _number(result.row.numbers.get("pupils")),
        "classes": _number(result.row.numbers.get("classes")),
        "verdict": result.verdict,
        "excluded": dict(result.excluded) if result.excluded else None,
        "findings": [
            {
                "criterion": key,
                **_finding(finding),
                **({"indicators": [_member(one, finding) for one in finding.parts]} if finding.parts else {}),
            }
            for key, finding in result.findings.items()
        ],
        "shortfalls": [_shortfall(one, standard) for one in lacking],
    }


def _member(member: Finding, whole: Finding) -> dict[str, Any]:
    """A member of a k-of-n rule; its sentence would only repeat the figures."""
    return {
        "key": member.subject,
        "verdict": member.verdict,
        "value": _number(member.value),
        "limit": _number(member.limit),
        "floor": _number(whole.details.get("floors", {}).get(member.subject)),
        "missing": list(member.missing),
    }


def _shortfall(one: Shortfall, standard: Standard) -> dict[str, Any]:
    return {
        "criterion": one.criterion,
        "key": one.subject,
        "column": one.column,
        "unit": dict(standard.columns[one.column].unit),
        "add": one.add,
        "exact": _number(one.exact),
        "add_to_floor": one.to_floor,
        "is_surplus": one.is_surplus,
        "of_whole_school": one.of_school,
        "cost_yuan": _number(one.cost),
    }


def _plan(plan: PassingPlan) -> dict[str, Any]:
    return {
        "minimises": (
            "Each school: a set of additions with which it passes and of which not one unit can be left "
            "away (the cheapest if unit prices are given). Then each coefficient above its limit: the "
            "smallest total of further whole units, pupils unchanged. Not a joint optimum of the two."
        ),
        "schools": [
            {"school": one.school, "stage": one.stage, "ways": one.ways, **_way(one.way)}
            for one in plan.schools
        ],
        "dispersions": [_additions(one) for one in plan.dispersions],
        "composites": [_additions(one) for one in plan.composites],
        "totals": dict(plan.totals),
        "cost_yuan": _number(plan.cost),
        "unsolved": list(plan.unsolved),
    }


def _way(way: Way) -> dict[str, Any]:
    return {
        "add": dict(way.additions),
        "left_below_limit": list(way.left),
        "cost_yuan": _number(way.cost),
    }


def _additions(one: DispersionAdditions) -> dict[str, Any]:
    return {
        "indicator": one.indicator,
        "stage": one.stage,
        "limit": _number(one.limit),
        "cv_before": one.cv_before,
        "cv_after": one.cv_after,
        "total": one.total,
        "least_total": one.least_total,
        "add": dict(one.additions),
    }


def _details(details: Mapping[str, Any]) -> dict[str, Any]:
    return {
        key: _plain(value) for key, value in details.items() if key not in ("dispersion", "floors", "note")
    } | ({"note": _texts(details["note"])} if "note" in details else {})


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return _number(value)


def _number(value: Any) -> Any:
    """A fraction as the nearest double, whole numbers as such; anything else as it is, never NaN."""
    if isinstance(value, Fraction):
        return int(value) if value.denominator == 1 else float(value)
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def _texts(sentence: Sentence) -> Texts:
    return {language: sentence.text(language) for language in LANGUAGES}
