"""A wave's targets: applied from a plan, seen per audience and place, taken over when it opens.

Every change takes the wave's writing lock and leaves one event that says who changed what; changes made by
hand are in `target_changes`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from surveys.asked_places import place_names, places_of
from surveys.models import (
    Collector,
    CollectorTarget,
    TargetPlan,
    Wave,
    WaveAudience,
    WaveChain,
    WaveEvent,
    WaveState,
)
from surveys.place_targets import (
    ALL_GRADES,
    Place,
    Placed,
    QuotaLine,
    place_targets,
    scaled,
    split_by_grade,
)
from surveys.targets import share_out

CellKey = tuple[str, int | None, int | None]  # audience, school id, township id


class TargetsRefused(Exception):
    """A change of targets that cannot be made; the sentence says why."""


@dataclass(frozen=True)
class Applied:
    """What a plan became: replies aimed at per audience, and those for which nobody is left to ask."""

    targets: Mapping[str, int]
    left_over: Mapping[str, int]


Quota = tuple[str, str, str, int]  # audience, location, grade, replies


def preview_plan(wave: Wave, quotas: Sequence[Quota]) -> Applied:
    """What `apply_plan` would make of these quotas now; changes nothing."""
    placed = _placed(wave, list(wave.audiences.select_related("version")), quotas)
    return _applied(placed)


def apply_plan(wave: Wave, quotas: Sequence[Quota], *, started_from: dict, by: Any, now: datetime) -> Applied:
    """Makes (audience, location, grade, replies) the wave's targets, down to each place and grade.

    TargetsRefused for a closed wave. Changes made by hand before are replaced; hard stops stay.
    """
    with transaction.atomic():
        state = lock_to_plan(wave)
        rows = list(wave.audiences.select_related("version"))
        before = {row.audience: row.target for row in rows}
        placed = _placed(wave, rows, quotas)
        applied = _applied(placed)
        for row in rows:
            row.target = applied.targets[row.audience]
        WaveAudience.objects.bulk_update(rows, ["target"])
        kept = {"started_from": started_from, "quotas": [list(one) for one in quotas], "by": by, "at": now}
        TargetPlan.objects.update_or_create(wave=wave, defaults=kept)
        wave.planned_targets.all().delete()
        if state == WaveState.OPEN:
            write_collectors(wave, _by_cell(placed))
        detail = {
            "before": before,
            "after": dict(applied.targets),
            "started_from": started_from,
            "left_over": dict(applied.left_over),
        }
        WaveEvent.objects.create(wave=wave, action="targets_applied", by=by, at=now, detail=detail)
    return applied


@dataclass(frozen=True)
class TargetCell:
    """One audience at one place: its target, its parts by grade, its hard stop (None: soft target only)."""

    audience: str
    place: Place
    name: str
    code: str
    township: str
    target: int
    grades: Mapping[str, int]
    limit: int | None

    @property
    def key(self) -> CellKey:
        return (self.audience, *self.place.key)


def target_cells(wave: Wave) -> list[TargetCell]:
    """Every audience × place with its target and hard stop; a draft's as opening would make them."""
    rows = list(wave.audiences.select_related("version"))
    places = places_of(wave, rows)
    names = place_names(wave)
    limits = {
        (stop.audience, stop.school_id, stop.township_id): stop.limit
        for stop in wave.hard_stops.filter(channel="")
    }
    stored = _planned(wave, rows, places) if wave.state == WaveState.DRAFT else _stored(wave)
    cells = []
    for row in rows:
        for place in places[row.audience]:
            key = (row.audience, *place.key)
            grades = stored.get(key, {})
            name, code, township = names[place.key]
            cells.append(
                TargetCell(
                    row.audience, place, name, code, township, sum(grades.values()),
                    {grade: part for grade, part in grades.items() if grade != ALL_GRADES},
                    limits.get(key),
                )
            )  # fmt: skip
    return cells


def planned_targets(wave: Wave) -> dict[CellKey, dict[str, int]]:
    """Replies each place of a draft is to bring, by grade band ("" for all grades), when its wave opens."""
    rows = list(wave.audiences.select_related("version"))
    return _planned(wave, rows, places_of(wave, rows, from_roster=True))


def store_grade_targets(
    collectors: Sequence[Collector], planned: Mapping[CellKey, Mapping[str, int]]
) -> None:
    """Keeps the grade parts of collectors that were just made."""
    CollectorTarget.objects.bulk_create(
        CollectorTarget(collector=collector, stratum=grade, target=part)
        for collector in collectors
        for grade, part in planned.get(_key_of(collector), {}).items()
        if grade != ALL_GRADES and collector.target
    )


def _planned(
    wave: Wave, rows: Sequence[WaveAudience], places: Mapping[str, list[Place]]
) -> dict[CellKey, dict[str, int]]:
    plan = TargetPlan.objects.filter(wave=wave).first()
    changed = {
        (one.audience, one.school_id, one.township_id): one.target for one in wave.planned_targets.all()
    }
    targets: dict[CellKey, dict[str, int]] = {}
    for row in rows:
        own = places[row.audience]
        lines = [QuotaLine(*quota[1:]) for quota in (plan.quotas if plan else ()) if quota[0] == row.audience]
        by_hand = {key: target for key, target in changed.items() if key[0] == row.audience}
        total = row.target if not by_hand else sum(line.answers for line in lines) or row.target
        if lines and sum(line.answers for line in lines):
            placed = place_targets(own, scaled(lines, total)).targets
        else:
            parts = share_out(total, [place.people for place in own])
            placed = {
                place.key: split_by_grade(part, before={}, people=place.grades) or {ALL_GRADES: part}
                for place, part in zip(own, parts, strict=True)
            }
        for place in own:
            key, grades = (row.audience, *place.key), dict(placed.get(place.key, {}))
            if key in by_hand:
                target = by_hand[key]
                bands = {grade: part for grade, part in grades.items() if grade != ALL_GRADES}
                grades = split_by_grade(target, before=bands, people=place.grades) or {ALL_GRADES: target}
            targets[key] = grades
    return targets


def _stored(wave: Wave) -> dict[CellKey, dict[str, int]]:
    """Targets as the collectors have them; a place's channels add up."""
    totals: dict[CellKey, int] = defaultdict(int)
    keys: dict[int, CellKey] = {}
    for collector in wave.collectors.order_by("pk"):
        keys[collector.pk] = _key_of(collector)
        totals[_key_of(collector)] += collector.target
    grades: dict[CellKey, dict[str, int]] = defaultdict(dict)
    for one in CollectorTarget.objects.filter(collector__wave=wave).order_by("pk"):
        own = grades[keys[one.collector_id]]
        own[one.stratum] = own.get(one.stratum, 0) + one.target
    return {
        key: grades[key] if sum(grades[key].values()) == total else {ALL_GRADES: total}
        for key, total in totals.items()
    }


def write_collectors(wave: Wave, targets: Mapping[CellKey, Mapping[str, int]]) -> None:
    """Puts each place's target on its first collector (the poster's); its other channels share it."""
    first: set[CellKey] = set()
    changed, fresh = [], []
    for collector in wave.collectors.order_by("pk"):
        key = _key_of(collector)
        if key not in targets:
            continue
        grades = {} if key in first else targets[key]
        first.add(key)
        collector.target = sum(grades.values())
        changed.append(collector)
        fresh += [
            CollectorTarget(collector=collector, stratum=grade, target=part)
            for grade, part in grades.items()
            if grade != ALL_GRADES
        ]
    CollectorTarget.objects.filter(collector__in=[one.pk for one in changed]).delete()
    Collector.objects.bulk_update(changed, ["target"], batch_size=400)
    CollectorTarget.objects.bulk_create(fresh)


def lock_to_plan(wave: Wave) -> str:
    """The wave's writing lock; its state, which is not closed."""
    WaveChain.objects.select_for_update(no_key=True).get(pk=wave.pk)
    state = Wave.objects.values_list("state", flat=True).get(pk=wave.pk)
    if state == WaveState.CLOSED:
        raise TargetsRefused(_("The wave is closed: its targets stay as they were."))
    wave.state = state
    return state


def _placed(wave: Wave, rows: Sequence[WaveAudience], quotas: Sequence[Quota]) -> dict[str, Placed]:
    places = places_of(wave, rows)
    return {
        row.audience: place_targets(
            places[row.audience], [QuotaLine(*quota[1:]) for quota in quotas if quota[0] == row.audience]
        )
        for row in rows
    }


def _applied(placed: Mapping[str, Placed]) -> Applied:
    return Applied(
        {audience: one.total for audience, one in placed.items()},
        {audience: one.left_over for audience, one in placed.items() if one.left_over},
    )


def _by_cell(placed: Mapping[str, Placed]) -> dict[CellKey, Mapping[str, int]]:
    return {
        (audience, *key): grades for audience, one in placed.items() for key, grades in one.targets.items()
    }


def _key_of(collector: Collector) -> CellKey:
    return collector.audience, collector.school_id, collector.township_id
