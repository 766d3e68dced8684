"""A checked roster against the county: what would be added, what changed (old → new), what left alone.

Nothing here writes. Schools of the county that the file does not name are listed and stay as they are.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from surveys.models import County, ResidentPopulation, School
from surveys.roster.headings import SCHOOL_HEADINGS
from surveys.roster.rows import CheckedRoster, Problem, ResidentRow, SchoolRow

FIELDS = ("name", "township", "stage", "location", "is_public", "pupils_by_grade", "classes", "teachers")


@dataclass(frozen=True)
class Change:
    """One entry of a school (or a class's residents) that the file would change."""

    field: str
    old: Any
    new: Any


@dataclass(frozen=True)
class ChangedSchool:
    row: SchoolRow
    changes: tuple[Change, ...]


@dataclass(frozen=True)
class ChangedResidents:
    """`old` is None where the county has no figure yet."""

    row: ResidentRow
    old_people: int | None
    old_source: str


@dataclass(frozen=True)
class RosterChanges:
    """What importing would do. `digest` is the same as long as file and county stay the same."""

    added: tuple[SchoolRow, ...]
    changed: tuple[ChangedSchool, ...]
    unchanged: int
    missing: tuple[tuple[str, str], ...]  # (code, name) of schools that are not in the file
    new_townships: tuple[str, ...]
    residents: tuple[ChangedResidents, ...]
    unchanged_residents: int
    remarks: tuple[Problem, ...]
    digest: str

    @property
    def is_empty(self) -> bool:
        return not (self.added or self.changed or self.residents)


def roster_changes(county: County | None, checked: CheckedRoster) -> RosterChanges:
    """What importing the good rows would do to the county; to a county yet to be made if there is none."""
    stored = _stored_schools(county)
    added, changed, unchanged = [], [], 0
    for row in checked.schools:
        school = stored.get(row.code)
        if school is None:
            added.append(row)
            continue
        changes = tuple(_changes(school, row))
        if changes:
            changed.append(ChangedSchool(row, changes))
        else:
            unchanged += 1
    residents = _changed_residents(county, checked)
    named = {row.code for row in checked.schools} | set(checked.bad_codes)
    missing = [
        (school.code, school.name)
        for school in stored.values()
        if checked.has_schools and school.is_active and school.code not in named
    ]
    townships = _township_names(county)
    facts = [
        [[_plain(row) for row in added]],
        [[each.row.code, [[c.field, c.old, c.new] for c in each.changes]] for each in changed],
        [[each.row.location, each.old_people, each.row.people, each.row.source] for each in residents],
        missing,
    ]
    text = json.dumps(facts, ensure_ascii=False, sort_keys=True)
    return RosterChanges(
        added=tuple(added),
        changed=tuple(changed),
        unchanged=unchanged,
        missing=tuple(missing),
        new_townships=tuple(
            dict.fromkeys(row.township for row in checked.schools if row.township not in townships)
        ),
        residents=tuple(residents),
        unchanged_residents=len(checked.residents) - len(residents),
        remarks=tuple(_known_names(added, stored, {code for code, _name in missing})),
        digest=hashlib.sha256(text.encode()).hexdigest(),
    )


def _stored_schools(county: County | None) -> dict[str, School]:
    if county is None or county.pk is None:
        return {}
    schools = School.objects.filter(county=county).select_related("township").order_by("code")
    return {school.code: school for school in schools}


def _township_names(county: County | None) -> set[str]:
    return set() if county is None else set(county.townships.values_list("name", flat=True))


def _changes(school: School, row: SchoolRow) -> Iterator[Change]:
    for field in FIELDS:
        old, new = value_of(school, field), getattr(row, field)
        if old != new:
            yield Change(field, old, new)
    if not school.is_active:
        yield Change("is_active", False, True)


def value_of(school: School, field: str) -> Any:
    """An entry of a school as a roster and an import's trace give it."""
    if field == "township":
        return school.township.name
    if field == "pupils_by_grade":
        return {grade: count for grade, count in school.pupils_by_grade.items() if count}
    return getattr(school, field)


def _changed_residents(county: County | None, checked: CheckedRoster) -> list[ChangedResidents]:
    stored = {}
    if county is not None:
        stored = {one.location: one for one in ResidentPopulation.objects.filter(county=county)}
    changed = []
    for row in checked.residents:
        old = stored.get(row.location)
        if old is None:
            changed.append(ChangedResidents(row, None, ""))
        elif (old.people, old.source) != (row.people, row.source):
            changed.append(ChangedResidents(row, old.people, old.source))
    return changed


def _known_names(added: list[SchoolRow], stored: dict[str, School], missing: set[str]) -> Iterator[Problem]:
    """A "new" school whose name the county knows under a code that the file no longer has."""
    by_name = {stored[code].name: code for code in missing}
    for row in added:
        if row.name in by_name:
            sentence = _(
                "The county has a school of this name under the code %(code)s. If the code is a slip, "
                "mend it in the file; otherwise there will be two schools."
            ) % {"code": by_name[row.name]}
            yield Problem(row.sheet, row.row, "", SCHOOL_HEADINGS["name"][0], row.name, sentence)


def _plain(row: SchoolRow) -> list:
    return [row.code, *(getattr(row, field) for field in FIELDS)]
