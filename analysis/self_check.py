"""A school's own row (学校自查): its indicators against limit and floor, what it lacks, its classes.

From the newest frozen evaluation if that saw the figures that count now, else tried anew on the school's own
rows. Nothing of another school is read into the answer, and no survey figure.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Any

from django.utils.translation import get_language

from analysis.columns import STAGE_NAMES
from analysis.evaluation_figures import evaluate_figures
from analysis.evaluation_reading import standard_of_evaluation
from analysis.evaluation_words import amount_text, lacking_text
from analysis.file_errors import EvaluationFileError
from analysis.findings import CHINESE, Texts, shown
from analysis.indicators import current_table, records_of
from analysis.ledger_candidates import Roster
from analysis.models import Evaluation, TableLevel
from analysis.rule_kinds.k_of_n import KOfN
from analysis.school_figures import figures_standard, own_records
from analysis.school_table import Record
from analysis.standard_parts import Indicator, Standard
from surveys.models import School
from surveys.questionnaire import text_in

EVALUATED, TRIED = "evaluated", "tried"
MOST_EVALUATIONS = 5  # of a year, looked through from the newest
BAR_LIMIT = 70  # where the limit stands on a bar of 100


@dataclass(frozen=True)
class OwnIndicator:
    """One indicator of one stage. Numbers are printed; bar: 0–100 with the limit at BAR_LIMIT, None without
    a figure; lacking and to_floor: in the school's own units, "" where nothing is."""

    name: str
    verdict: str
    value: str
    limit: str
    floor: str
    unit: str
    lacking: str
    to_floor: str
    bar: int | None
    floor_bar: int | None
    is_under_floor: bool


@dataclass(frozen=True)
class OwnFinding:
    """What else holds for the school: classes, size, rooms."""

    name: str
    verdict: str
    sentence: str
    lacking: str


@dataclass(frozen=True)
class OwnStage:
    """One stage, or the school as a whole (name "")."""

    name: str
    pupils: int | None
    classes: int | None
    verdict: str
    excluded: str
    sentence: str
    indicators: tuple[OwnIndicator, ...]
    findings: tuple[OwnFinding, ...]

    @property
    def missed(self) -> int:
        return sum(one.verdict == "not_met" for one in self.indicators)

    @property
    def met(self) -> int:
        return sum(one.verdict == "met" for one in self.indicators)


@dataclass(frozen=True)
class OwnCheck:
    """The school's row. basis: "evaluated" (frozen, `at`) or "tried" from the figures accepted `at`."""

    basis: str
    at: datetime
    year: int
    standard_name: str
    verdict: str
    stages: tuple[OwnStage, ...]

    @property
    def missed(self) -> int:
        return sum(stage.missed for stage in self.stages)


def own_check(school: School, *, year: int) -> OwnCheck | None:
    """The school's row of that year; None if no accepted table and no evaluation has it."""
    table = current_table(school.county, year, TableLevel.SCHOOLS)
    evaluations = (
        Evaluation.objects.filter(county=school.county, year=year)
        .exclude(school_table=None)
        .order_by("-at", "-id")
    )
    for evaluation in evaluations[:MOST_EVALUATIONS]:
        if table is not None and evaluation.school_table_id != table.pk:
            continue
        said = _own(evaluation.result.get("schools", ()), school)
        # A standard that says nothing about schools has nothing to show here.
        if said is not None and any(part["findings"] for part in (said, *said["stages"])):
            standard = standard_of_evaluation(evaluation)
            return _check(said, standard, basis=EVALUATED, at=evaluation.at, year=year)
    if table is None:
        return None
    evaluation = evaluations.filter(standard_key=table.standard_key).first()
    standard = standard_of_evaluation(evaluation) if evaluation else figures_standard(school.county, table)
    settings = evaluation.setting_values if evaluation else {}
    records = own_records(records_of(table), school)
    return tried_check(school, records, standard=standard, settings=settings, at=table.at, year=year)


def tried_check(
    school: School,
    records: Sequence[Record],
    *,
    standard: Standard,
    settings: Mapping[str, str],
    at: datetime,
    year: int,
) -> OwnCheck | None:
    """The same from rows alone, nothing stored; None if they are not this school's or cannot be read."""
    if not records:
        return None
    try:
        result = evaluate_figures(standard, records=records, settings=settings).result
    except EvaluationFileError:
        return None
    said = _own(result["schools"], school)
    return None if said is None else _check(said, standard, basis=TRIED, at=at, year=year)


def _own(schools: Sequence[Mapping[str, Any]], school: School) -> Mapping[str, Any] | None:
    by_label = {one["school"]: one for one in schools}
    label = Roster(school.county).own_label(by_label, school)
    return None if label is None else by_label[label]


def _check(said: Mapping[str, Any], standard: Standard, *, basis: str, at: datetime, year: int) -> OwnCheck:
    parts = [_stage(part, standard) for part in (*said["stages"], said)]
    return OwnCheck(
        basis=basis,
        at=at,
        year=year,
        standard_name=_text(standard.name),
        verdict=said["verdict"] or "",
        # The whole school comes last, and only with what no stage says.
        stages=tuple(stage for stage in parts if stage.indicators or stage.findings or stage.excluded),
    )


def _stage(part: Mapping[str, Any], standard: Standard) -> OwnStage:
    short = part["shortfalls"]
    indicators: list[OwnIndicator] = []
    findings, sentence = [], ""
    for finding in part["findings"]:
        criterion = standard.criterion(finding["criterion"])
        rule = criterion.rule
        own = [one for one in short if one["criterion"] == criterion.key]
        if isinstance(rule, KOfN) and finding.get("indicators"):
            sentence = _text(finding["sentence"])
            indicators += _indicators(finding, rule, own, standard)
        else:
            lacking = lacking_text(own, standard, language=_language())
            findings.append(
                OwnFinding(_text(criterion.name), finding["verdict"], _text(finding["sentence"]), lacking)
            )
    return OwnStage(
        name=_text(STAGE_NAMES[part["stage"]]) if part.get("stage") else "",
        pupils=part["pupils"],
        classes=part["classes"],
        verdict=part["verdict"] or "",
        excluded=_text(part["excluded"]) if part["excluded"] else "",
        sentence=sentence,
        indicators=tuple(indicators),
        findings=tuple(findings),
    )


def _indicators(
    finding: Mapping[str, Any], rule: KOfN, short: Sequence[Mapping[str, Any]], standard: Standard
) -> Iterator[OwnIndicator]:
    lacking = {one["key"]: one for one in short}
    for member in finding["indicators"]:
        indicator = standard.indicators.get(member["key"])
        if indicator is None:  # a column of yes and no
            name = _text(standard.columns[member["key"]].name)
            yield OwnIndicator(name, member["verdict"], "", "", "", "", "", "", None, None, False)
            continue
        yield _indicator(member, indicator, rule, lacking.get(member["key"]), standard)


def _indicator(
    member: Mapping[str, Any],
    indicator: Indicator,
    rule: KOfN,
    short: Mapping[str, Any] | None,
    standard: Standard,
) -> OwnIndicator:
    value, limit = member["value"], member["limit"]
    floor = _floor(member, rule)
    is_at_least = (asked := rule.limits[indicator.key]) is not None and asked.is_at_least
    has_bar = value is not None and bool(limit) and is_at_least
    lacking = to_floor = ""
    if short is not None:
        lacking = lacking_text([short], standard, language=_language())
        if short["add_to_floor"]:
            to_floor = amount_text(short["column"], short["add_to_floor"], standard, language=_language())
    return OwnIndicator(
        name=_text(indicator.name),
        verdict=member["verdict"],
        value="—" if value is None else shown(value, limit=limit),
        limit=("" if limit is None else f"{asked.sign if asked else ''}{shown(limit)}"),
        floor="" if floor is None else shown(floor),
        unit=_text(indicator.unit),
        lacking=lacking,
        to_floor=to_floor,
        bar=min(100, round(value / limit * BAR_LIMIT)) if has_bar else None,
        floor_bar=round(floor / limit * BAR_LIMIT) if has_bar and floor is not None else None,
        is_under_floor=has_bar and floor is not None and value < floor,
    )


def _floor(member: Mapping[str, Any], rule: KOfN) -> float | None:
    """The floor as it was judged; where the limit is met, the one that would hold."""
    if member["floor"] is not None:
        return member["floor"]
    limit = rule.limits.get(member["key"])
    if not isinstance(rule.floor_share, Fraction) or limit is None or member["limit"] is None:
        return None
    return float(limit.floor(Fraction(str(member["limit"])), rule.floor_share))


def _text(texts: Texts) -> str:
    return text_in(texts, _language()) if texts else ""


def _language() -> str:
    return get_language() or CHINESE
