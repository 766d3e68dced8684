"""Targets, replies and hard stops added up: per audience, and per township and 城区/镇区/乡村."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from surveys.models import Location, Wave
from surveys.progress import Progress
from surveys.target_changes import CellChange
from surveys.wave_targets import CellKey, TargetCell


@dataclass(frozen=True)
class AudienceSum:
    """One audience. `after`: its target if the changes looked at are made; `limit` stops the county."""

    audience: str
    places: int
    people: int
    target: int
    after: int
    hard: int
    limit: int | None
    progress: Progress


@dataclass(frozen=True)
class AreaSum:
    """A township or an urban–rural class: the progress of each audience asked there, in the order asked."""

    name: str
    is_location: bool
    total: Progress
    audiences: tuple[Progress | None, ...]


def sums_by_audience(
    wave: Wave, cells: Sequence[TargetCell], *, replies: Mapping[CellKey, int],
    changes: Mapping[CellKey, CellChange] | None = None,
) -> list[AudienceSum]:  # fmt: skip
    limits = {
        stop.audience: stop.limit
        for stop in wave.hard_stops.filter(channel="", school__isnull=True, township__isnull=True)
    }
    found = []
    for audience in dict.fromkeys(cell.audience for cell in cells):
        own = [cell for cell in cells if cell.audience == audience]
        target = sum(cell.target for cell in own)
        asked = [(changes or {}).get(cell.key) for cell in own]
        after = sum(
            cell.target if change is None or change.target is None else change.target
            for cell, change in zip(own, asked, strict=True)
        )
        counted = sum(replies.get(cell.key, 0) for cell in own)
        hard = sum(cell.limit is not None for cell in own if cell.place.key != (None, None))
        people = sum(cell.place.people for cell in own)
        found.append(
            AudienceSum(
                audience,
                len(own),
                people,
                target,
                after,
                hard,
                limits.get(audience),
                Progress(counted, target),
            )
        )
    return found


def sums_by_area(cells: Sequence[TargetCell], *, replies: Mapping[CellKey, int]) -> list[AreaSum]:
    """城区, 镇区, 乡村 by the schools' class, then the townships; county-wide audiences are left out."""
    audiences = list(dict.fromkeys(cell.audience for cell in cells if cell.township))
    areas: dict[tuple[bool, str], list[TargetCell]] = {}
    for location in Location:
        areas[True, str(location.label)] = [cell for cell in cells if cell.place.location == location]
    for cell in sorted((cell for cell in cells if cell.township), key=lambda cell: cell.township):
        areas.setdefault((False, cell.township), []).append(cell)
    found = []
    for (is_location, name), own in areas.items():
        parts = []
        for audience in audiences:
            mine = [cell for cell in own if cell.audience == audience]
            count = sum(replies.get(cell.key, 0) for cell in mine)
            parts.append(Progress(count, sum(cell.target for cell in mine)) if mine else None)
        if own:
            total = sum((part for part in parts if part), Progress(0, 0))
            found.append(AreaSum(name, is_location, total, tuple(parts)))
    return found
