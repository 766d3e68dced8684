"""Collectors that a wave lacks: all of them before it opens, later those of schools that came to the roster.

What is shown beforehand and what is made are the same list. A wave that is open is never changed by an
import: somebody decides, and the step stays on record.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from django.db.models import Sum

from surveys.asked_places import people_asked, places_of
from surveys.audiences import AUDIENCES
from surveys.distribution.codes import new_collector_code
from surveys.models import Channel, Channels, Collector, School, Township, Wave, WaveAudience
from surveys.place_targets import ALL_GRADES, split_by_grade
from surveys.wave_targets import CellKey, planned_targets, store_grade_targets


@dataclass(frozen=True)
class LatePlace:
    """A school or township of the roster without some of its collectors; `is_new`: it has none at all.

    `audiences`: (audience, people or None where nobody counts them, target), one for each missing audience.
    """

    place: School | Township
    is_new: bool
    collectors: int
    audiences: tuple[tuple[str, int | None, int], ...]


@dataclass(frozen=True)
class LatePlaces:
    """What an open wave lacks. Targets by audience: as they are, and as they would be."""

    schools: tuple[LatePlace, ...]
    townships: tuple[LatePlace, ...]
    collectors: int
    targets: dict[str, tuple[int, int]]

    @property
    def new_schools(self) -> int:
        return sum(one.is_new for one in self.schools)

    @property
    def other_schools(self) -> int:
        return len(self.schools) - self.new_schools

    def people(self, audience: str) -> int:
        """People of the audience at these schools, by the roster."""
        return sum(
            people or 0 for one in self.schools for name, people, _ in one.audiences if name == audience
        )


def collectors_to_make(wave: Wave) -> dict[str, int]:
    """How many collectors opening the wave would make now, by audience."""
    made = defaultdict(int)
    for collector in _missing(wave):
        made[collector.audience] += 1
    return {row.audience: made[row.audience] for row in wave.audiences.all()}


def add_missing_collectors(wave: Wave) -> list[Collector]:
    """A collector for every place, audience and channel that has none yet; returns those that were made.

    Each gets its part of the audience's target: as the wave's sampling plan and the changes made by hand say,
    without them in proportion to the people it has. Of several channels the first one carries the target.
    """
    return _save(wave, _missing(wave), planned_targets(wave))


def late_places(wave: Wave) -> LatePlaces | None:
    """The places that an open wave does not ask yet; None if it asks all of the roster."""
    missing = _missing(wave) if wave.is_open else []
    if not missing:
        return None
    _give_targets(wave, missing, _late_targets(wave))
    found: dict[tuple[int | None, int | None], list[Collector]] = defaultdict(list)
    for one in missing:
        found[one.school_id, one.township_id].append(one)
    asked = set(wave.collectors.order_by().values_list("school_id", "township_id"))
    schools = School.objects.select_related("township").in_bulk([school for school, _ in found if school])
    townships = wave.county.townships.in_bulk([township for _, township in found if township])
    return LatePlaces(
        tuple(
            _late(schools[school], found[school, None], is_new=(school, None) not in asked)
            for school, _ in found if school
        ),
        tuple(
            _late(townships[township], found[None, township], is_new=(None, township) not in asked)
            for _, township in found if township
        ),
        len(missing),
        _targets(wave, missing),
    )  # fmt: skip


def add_late_collectors(wave: Wave) -> dict:
    """Makes the collectors of late places and raises the audiences' targets by theirs; returns what was done.

    The caller holds the wave's lock and keeps a record. Collectors that were there keep code and target.
    """
    missing = _missing(wave)
    planned = _late_targets(wave)
    _give_targets(wave, missing, planned)
    targets = _targets(wave, missing)
    made = _save(wave, missing, planned)
    for row in wave.audiences.filter(audience__in=targets):
        row.target = targets[row.audience][1]
        row.save(update_fields=["target"])
    schools = School.objects.filter(pk__in={one.school_id for one in made if one.school_id})
    townships = wave.county.townships.filter(pk__in={one.township_id for one in made if one.township_id})
    return {
        "collectors": len(made),
        "places": [*schools.values_list("name", flat=True), *townships.values_list("name", flat=True)],
        "targets": {audience: list(pair) for audience, pair in targets.items() if pair[0] != pair[1]},
    }


def channels_of(row: WaveAudience) -> tuple[Channel, ...]:
    """The ways an audience is asked, the open poster first."""
    return Channels(row.channels).parts


def _missing(wave: Wave) -> list[Collector]:
    """Not saved, without targets, in the order of the audiences and the roster."""
    existing = set(wave.collectors.order_by().values_list("audience", "school_id", "township_id", "channel"))
    schools = list(School.objects.filter(county=wave.county_id, is_active=True))
    townships = list(wave.county.townships.all())
    return [
        Collector(wave=wave, audience=row.audience, channel=channel, code=new_collector_code(), **place)
        for row in wave.audiences.all()
        for place in _places(row.audience, schools, townships)
        for channel in channels_of(row)
        if (row.audience, place.get("school_id"), place.get("township_id"), channel) not in existing
    ]


def _places(audience: str, schools: Sequence[School], townships: Sequence[Township]) -> Iterator[dict]:
    """Where an audience is asked: at every school that has people of it, in every township, or once."""
    known = AUDIENCES[audience]
    if known.scope == "township":
        yield from ({"township_id": township.pk} for township in townships)
    elif known.scope == "county":
        yield from [{}] if schools else []
    else:
        for school in schools:
            if people_asked(school, known.population):
                yield {"school_id": school.pk, "location": school.location}


def _save(
    wave: Wave, missing: Sequence[Collector], planned: Mapping[CellKey, Mapping[str, int]]
) -> list[Collector]:
    _give_targets(wave, missing, planned)
    made = Collector.objects.bulk_create(missing)
    store_grade_targets(made, planned)
    return made


def _give_targets(
    wave: Wave, missing: Sequence[Collector], planned: Mapping[CellKey, Mapping[str, int]]
) -> None:
    served = set(wave.collectors.order_by().values_list("audience", "school_id", "township_id"))
    for one in missing:
        cell = (one.audience, one.school_id, one.township_id)
        one.target = 0 if cell in served else sum(planned.get(cell, {}).values())
        served.add(cell)


def _late_targets(wave: Wave) -> dict[CellKey, Mapping[str, int]]:
    """For every place without a collector its target by grade band, at the rate of those that have one.

    Where nobody is counted, places count alike; an audience that is asked nowhere yet shares out its target.
    """
    rows = list(wave.audiences.select_related("version"))
    served = set(wave.collectors.order_by().values_list("audience", "school_id", "township_id"))
    found: dict[CellKey, Mapping[str, int]] = {}
    for row, places in zip(rows, places_of(wave, rows, from_roster=True).values(), strict=True):
        asked = [place for place in places if (row.audience, *place.key) in served]
        sizes = [place.people for place in asked or places]
        whole = sum(sizes) or len(sizes)
        for place in places:
            if place not in asked:
                target = int(row.target * (place.people if sum(sizes) else 1) / whole + 0.5)
                parts = split_by_grade(target, before={}, people=place.grades) or {ALL_GRADES: target}
                found[row.audience, *place.key] = parts
    return found


def _targets(wave: Wave, missing: Sequence[Collector]) -> dict[str, tuple[int, int]]:
    """Targets of these audiences before and after; never less than the sum of all their collectors."""
    more: dict[str, int] = defaultdict(int)
    for one in missing:
        more[one.audience] += one.target
    had = dict(wave.collectors.order_by().values_list("audience").annotate(Sum("target")))
    return {
        row.audience: (row.target, max(row.target, had.get(row.audience, 0) + more[row.audience]))
        for row in wave.audiences.all()
        if row.audience in more
    }


def _late(place: School | Township, collectors: Sequence[Collector], *, is_new: bool) -> LatePlace:
    asked = tuple(
        (
            audience,
            people_asked(place, AUDIENCES[audience].population) if isinstance(place, School) else None,
            sum(one.target for one in collectors if one.audience == audience),
        )
        for audience in dict.fromkeys(one.audience for one in collectors)
    )
    return LatePlace(place, is_new, len(collectors), asked)
