"""A plan's quotas (audience × location × grade) → whole targets for every school or township.

Nobody is asked twice: a place's part never exceeds its people. What finds no room where the plan wants it
goes to the same location's other grades, then to the other locations; what is left even then is said.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from surveys.targets import share_out, share_out_up_to

UNCOUNTED = 10**9  # room of a place whose people nobody counts
ALL_GRADES = ""

PlaceKey = tuple[int | None, int | None]  # school id, township id; neither: the county


@dataclass(frozen=True)
class Place:
    """Where an audience is asked. `grades`: band → people, {} where the audience is not asked its grade.

    `people` 0 means that nobody counts them.
    """

    key: PlaceKey
    location: str
    people: int
    grades: Mapping[str, int]

    def room(self, grade: str) -> int:
        if self.grades and grade != ALL_GRADES:
            return self.grades.get(grade, 0)
        return self.people or UNCOUNTED

    def size(self, grade: str) -> int:
        return self.grades.get(grade, 0) if self.grades and grade != ALL_GRADES else self.people


@dataclass(frozen=True)
class QuotaLine:
    """Replies wanted of one audience; `location` and `grade` are "" where the plan does not split."""

    location: str
    grade: str
    answers: int


@dataclass(frozen=True)
class Placed:
    """targets: place → grade band ("" for all) → replies. `left_over`: replies for which nobody is left."""

    targets: Mapping[PlaceKey, Mapping[str, int]]
    left_over: int

    @property
    def total(self) -> int:
        return sum(sum(grades.values()) for grades in self.targets.values())


def place_targets(places: Sequence[Place], quotas: Iterable[QuotaLine]) -> Placed:
    """The quotas of one audience in whole people per place; the same places always give the same parts."""
    targets: dict[PlaceKey, dict[str, int]] = {place.key: {} for place in places}
    overflow: dict[tuple[str, str], int] = {}
    merged: dict[tuple[str, str], int] = {}
    located = any(place.location for place in places)
    for line in quotas:
        cell = (line.location if located else "", line.grade)
        merged[cell] = merged.get(cell, 0) + line.answers
    for (location, grade), answers in merged.items():
        own = [place for place in places if location in ("", place.location)]
        overflow[location, grade] = _give(targets, own, grade, answers)
    bands = list(dict.fromkeys(grade for _, grade in merged))
    left_over = 0
    for (location, grade), answers in overflow.items():
        own = [place for place in places if location in ("", place.location)]
        others = [band for band in bands if band != grade]
        for where in (own, list(places)):
            for band in (*(others if where is own else ()), *(bands if where is not own else ())):
                answers = _give(targets, where, band, answers)
        left_over += answers
    return Placed(targets, left_over)


def scaled(quotas: Sequence[QuotaLine], total: int) -> list[QuotaLine]:
    """The same quotas in the same proportions, adding up to `total`."""
    parts = share_out(total, [line.answers for line in quotas])
    return [
        QuotaLine(line.location, line.grade, part) for line, part in zip(quotas, parts, strict=True) if part
    ]


def split_by_grade(target: int, *, before: Mapping[str, int], people: Mapping[str, int]) -> dict[str, int]:
    """A changed target over its grade bands: as they stood before, else by people; {} without bands."""
    bands = before or people
    if not bands or not target:
        return {}
    return dict(zip(bands, share_out(target, list(bands.values())), strict=True))


def _give(targets: dict[PlaceKey, dict[str, int]], places: Sequence[Place], grade: str, answers: int) -> int:
    """Adds `answers` of a grade to the places' targets; returns how many found no room."""
    if not answers or not places:
        return answers
    room = [place.room(grade) - targets[place.key].get(grade, 0) for place in places]
    parts = share_out_up_to(answers, [place.size(grade) for place in places], room)
    for place, part in zip(places, parts, strict=True):
        if part:
            targets[place.key][grade] = targets[place.key].get(grade, 0) + part
    return answers - sum(parts)
