"""What is on file of every school that answers can be held against, and where it was taken from.

The county's accepted school tables come first (of the wave's year, then of the year before), the roster
last. A questionnaire names a statistic by its key (`cross_check`), which is also its column in a table.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from analysis.columns import STAGES_OF_TYPE
from analysis.evaluation_plans import setting_values
from analysis.file_errors import EvaluationFileError
from analysis.indicators import records_of, standards_of, tables_by_standard
from analysis.ledger_candidates import Roster
from analysis.models import IndicatorTable, TableLevel
from analysis.school_table import school_table
from analysis.standard import shipped_standard
from scoring.numeric.quality_facts import Side
from surveys.models import RosterImport, School, Wave

CLASS_SIZE = "average_class_size"
YEARS_BACK = 1  # an older table says little of the classes that were asked
COLUMNS_OF_EVERY_STANDARD = "quality-balance-2017"

Range = tuple[float, float]


@dataclass(frozen=True)
class Statistic:
    """One statistic, and how far an answer may be from it: the one place where tolerances are set.

    tolerance in the statistic's unit; side: answers on which side of it count as contradictions; is_shared:
    the same for all who answer in a class, so that a single reply can be marked by it; is_whole: counted in
    whole numbers.
    """

    key: str
    name: Promise
    column: Promise  # the heading under which a school table gives it
    tolerance: int
    tolerance_words: Promise
    reason: Promise
    side: Side
    is_shared: bool
    is_whole: bool


STATISTICS: Mapping[str, Statistic] = {
    one.key: one
    for one in (
        Statistic(
            CLASS_SIZE, _("class size"), _("mean class size"), 10, _("10 pupils either way"),
            _(
                "The classes of one school differ, and few people count. Where the table gives the largest "
                "class, answers up to 10 above that one are within the tolerance too."
            ),
            side="both", is_shared=True, is_whole=True,
        ),
        Statistic(
            "training_hours_per_year", _("training hours"), _("training hours per teacher and year"), 36,
            _("36 hours above"),
            _(
                "Half of a year's norm (360 hours in five years), for teachers of one school differ. Only "
                "more hours than on file count: a teacher who reports fewer may simply be right."
            ),
            side="above", is_shared=False, is_whole=False,
        ),
        Statistic(
            "homework_minutes", _("homework time"), _("homework per school day"), 60, _("60 minutes below"),
            _(
                "Pupils of one class differ by an hour. Only less homework than on file counts: a pupil who "
                "reports more may simply be right."
            ),
            side="below", is_shared=False, is_whole=False,
        ),
    )
}  # fmt: skip


@dataclass(frozen=True)
class Source:
    """Where a statistic was taken: an accepted table (with its year and id) or the roster (table_id None).
    at: when it was accepted or imported, None if nobody noted it."""

    table_id: int | None
    year: int | None
    at: datetime | None
    file_name: str


@dataclass(frozen=True)
class KnownStatistic:
    """values: school code → stage → the least and the most that is known (equal for one number), in the
    statistic's unit; under "" what holds for all its stages, absent where that is not known. sources: each
    with the number of schools whose value it gave."""

    statistic: Statistic
    values: Mapping[str, Mapping[str, Range]]
    sources: tuple[tuple[Source, int], ...]

    def of(self, school: str, stage: str) -> Range | None:
        """What is known of one school and stage ("primary", "junior", "" if it is not known which)."""
        found = self.values.get(school, {})
        return found.get(stage) or (found.get("") if len(found) <= 2 or not stage else None)


def known_statistics(wave: Wave) -> dict[str, KnownStatistic]:
    """Statistic → what is on file for the wave; those that nobody has are missing."""
    found: dict[str, dict[str, dict[str, Range]]] = {key: {} for key in STATISTICS}
    sources: dict[str, list[tuple[Source, int]]] = {key: [] for key in STATISTICS}
    for source, of_source in _sources(wave):
        for key, schools in of_source.items():
            new = {code: values for code, values in schools.items() if code not in found[key]}
            if new:
                found[key] |= new
                sources[key].append((source, len(new)))
    return {
        key: KnownStatistic(STATISTICS[key], values, tuple(sources[key]))
        for key, values in found.items()
        if values
    }


def statistics_digest(wave: Wave) -> str:
    """Changes whenever a table or the roster changes: replies are held against what is on file now."""
    tables = IndicatorTable.objects.filter(
        county=wave.county, level=TableLevel.SCHOOLS, year__in=_years(wave), withdrawn_at=None
    )
    schools = School.objects.filter(county=wave.county).order_by("code")
    parts = [
        sorted(tables.values_list("pk", flat=True)),
        list(schools.values_list("code", "stage", "classes", "pupils_by_grade")),
    ]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()[:32]


def _years(wave: Wave) -> Iterable[int]:
    return range(wave.starts_on.year, wave.starts_on.year - YEARS_BACK - 1, -1)


def _sources(wave: Wave) -> Iterator[tuple[Source, dict[str, dict[str, dict[str, Range]]]]]:
    """Every source with statistic → school → stage → range, the one to be preferred first."""
    for year in _years(wave):
        tables = {table.pk: table for table in _tables(wave, year)}
        for table in sorted(tables.values(), key=lambda one: (one.at, one.pk), reverse=True):
            yield Source(table.pk, year, table.at, table.file_name), _of_table(table)
    kept = RosterImport.objects.filter(county=wave.county, undo__isnull=True)
    last = kept.order_by("-at", "-id").first()
    yield (
        Source(None, None, last.at if last else None, last.file_name if last else ""),
        {CLASS_SIZE: dict(_of_roster(wave))},
    )


def _tables(wave: Wave, year: int) -> Iterable[IndicatorTable]:
    return tables_by_standard(wave.county, year, TableLevel.SCHOOLS).values()


def _of_table(table: IndicatorTable) -> dict[str, dict[str, dict[str, Range]]]:
    standard = standards_of(table.county).get(table.standard_key) or shipped_standard(
        COLUMNS_OF_EVERY_STANDARD
    )
    try:
        rows = school_table(
            records_of(table), standard=standard, settings=setting_values(standard, {}), name=table.file_name
        ).rows
    except EvaluationFileError:  # the province's own standard was taken back, and its columns with it
        return {}
    roster = Roster(table.county)
    found: dict[str, dict[str, dict[str, Range]]] = {key: {} for key in STATISTICS}
    labels: dict[str, str] = {}
    for row in rows:
        school = roster.find(row.school)
        if school is None or labels.setdefault(school.code, row.school) != row.school:
            continue  # not on the roster, or a second school that may be another one of that name
        for key in STATISTICS:
            if (given := _range(key, row.numbers)) is not None:
                found[key].setdefault(school.code, {})[row.stage] = given
    for row in rows:
        school = roster.find(row.school)
        for schools in found.values():
            if school and labels.get(school.code) == row.school and school.code in schools:
                _add_whole(schools[school.code], STAGES_OF_TYPE.get(row.school_type, ()))
    return found


def _add_whole(stages: dict[str, Range], asked: Iterable[str]) -> None:
    """Under "" from the least to the most of all stages; only if every one of them is known."""
    if asked and all(stage in stages for stage in asked):
        stages[""] = (min(stages[one][0] for one in asked), max(stages[one][1] for one in asked))


def _range(key: str, numbers: Mapping[str, Fraction]) -> Range | None:
    value = numbers.get(key)
    if key == CLASS_SIZE:
        if value is None and numbers.get("pupils") and numbers.get("classes"):
            value = numbers["pupils"] / numbers["classes"]
        if value is not None:
            return float(value), float(max(value, numbers.get("largest_class", value)))
    return None if value is None else (float(value), float(value))


def _of_roster(wave: Wave) -> Iterator[tuple[str, dict[str, Range]]]:
    """Pupils by class. A school of several stages has one number of classes for all: that says little of
    the classes of one stage, so it gives none."""
    for school in School.objects.filter(county=wave.county, classes__gt=0):
        if school.pupils and len(STAGES_OF_TYPE.get(school.stage, ())) <= 1:
            size = school.pupils / school.classes
            yield school.code, {"": (size, size)}
