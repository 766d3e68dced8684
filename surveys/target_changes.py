"""Targets and hard stops of single places, changed by hand or by an uploaded file: one event says what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from surveys.models import HardStop, PlannedTarget, Wave, WaveEvent, WaveState
from surveys.place_targets import ALL_GRADES, split_by_grade
from surveys.wave_targets import (
    CellKey,
    TargetCell,
    TargetsRefused,
    lock_to_plan,
    target_cells,
    write_collectors,
)

MOST_NAMED_IN_EVENT = 300


@dataclass(frozen=True)
class CellChange:
    """A new target, a new hard stop (0 takes it away), or both; None leaves as it is."""

    target: int | None = None
    limit: int | None = None


def change_targets(
    wave: Wave, changes: Mapping[CellKey, CellChange], *, by: Any, now: datetime, source: str = ""
) -> int:
    """Changes targets and hard stops of single places; an audience's target becomes their sum.

    (audience, None, None) also takes a hard stop of the whole county, where the audience is asked at schools.
    Returns how many cells differ now. TargetsRefused for a closed wave, or for a place the wave does not ask.
    """
    with transaction.atomic():
        state = lock_to_plan(wave)
        cells = {cell.key: cell for cell in target_cells(wave)}
        audiences = set(wave.audiences.values_list("audience", flat=True))
        others = [pair for pair in changes.items() if pair[0] not in cells]
        if not all(_is_county(key, change, audiences) for key, change in others):
            raise TargetsRefused(_("One of these places is not asked by this wave. Load the page again."))
        targets = {
            key: change.target
            for key, change in changes.items()
            if change.target is not None and change.target != cells[key].target
        }
        before = {
            (stop.audience, stop.school_id, stop.township_id): stop.limit
            for stop in wave.hard_stops.filter(channel="")
        }
        limits = {
            key: change.limit
            for key, change in changes.items()
            if change.limit is not None and change.limit != before.get(key, 0)
        }
        _write_targets(wave, state, cells, targets)
        _write_limits(wave, limits)
        changed = list(dict.fromkeys([*targets, *limits]))
        if changed:
            named = [
                _named(key, cells.get(key), wave, targets.get(key), before.get(key, 0), limits.get(key))
                for key in changed[:MOST_NAMED_IN_EVENT]
            ]
            detail = {"changed": len(changed), "cells": named, "file": source}
            WaveEvent.objects.create(wave=wave, action="targets_changed", by=by, at=now, detail=detail)
    return len(changed)


def _is_county(key: CellKey, change: CellChange, audiences: set[str]) -> bool:
    return key[1:] == (None, None) and key[0] in audiences and change.target is None


def _named(
    key: CellKey, cell: TargetCell | None, wave: Wave, target: int | None, limit: int, new_limit: int | None
) -> list:
    """As the event keeps it: audience, place, target before and after, hard stop before and after."""
    was = cell.target if cell else 0
    return [
        key[0], cell.name if cell else wave.county.name, was, was if target is None else target, limit,
        limit if new_limit is None else new_limit,
    ]  # fmt: skip


def _write_targets(
    wave: Wave, state: str, cells: Mapping[CellKey, TargetCell], targets: Mapping[CellKey, int]
) -> None:
    if not targets:
        return
    after = {key: targets.get(key, cell.target) for key, cell in cells.items()}
    if state == WaveState.DRAFT:
        # All places of the audience, so that the others stay where they are when one is changed.
        audiences = {key[0] for key in targets}
        wave.planned_targets.filter(audience__in=audiences).delete()
        PlannedTarget.objects.bulk_create(
            PlannedTarget(wave=wave, audience=key[0], school_id=key[1], township_id=key[2], target=target)
            for key, target in after.items()
            if key[0] in audiences
        )
    else:
        write_collectors(
            wave,
            {
                key: split_by_grade(target, before=cells[key].grades, people=cells[key].place.grades)
                or {ALL_GRADES: target}
                for key, target in targets.items()
            },
        )
    for row in wave.audiences.filter(audience__in={key[0] for key in targets}):
        row.target = sum(target for key, target in after.items() if key[0] == row.audience)
        row.save(update_fields=["target"])


def _write_limits(wave: Wave, limits: Mapping[CellKey, int]) -> None:
    for (audience, school, township), limit in limits.items():
        place = {"wave": wave, "audience": audience, "school_id": school, "township_id": township}
        if limit:
            HardStop.objects.update_or_create(**place, channel="", defaults={"limit": limit})
        else:
            HardStop.objects.filter(**place, channel="").delete()
    Wave.objects.filter(pk=wave.pk).update(has_hard_stops=wave.hard_stops.exists())
    wave.has_hard_stops = wave.hard_stops.exists()
