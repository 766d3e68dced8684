"""Who answered, before any weighting: the replies' composition against the population controls.

Weights bring schools and urban–rural classes into line; grade bands they do not, so what stands out there
stays in the figure. An open wave's newest replies wait here as everywhere: a grade band is what somebody
answered.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.utils.translation import get_language

from analysis.other_rules import setting_of
from analysis.results import WaveResults, audience_name, location_name
from analysis.sampling_plan import grade_name
from scoring.runs import frame_to_show
from surveys.asked_places import GRADE_ITEM, places_of

FAR = 0.05  # a part of the replies that lies so far from its part of the people is marked
SPREAD = "total spread by resident population"  # as `population_controls` calls it
CHANCE = 1.96
PLACES = ("urban", "town", "rural")


@dataclass(frozen=True)
class Group:
    """One class or grade band of an audience. whole: replies whose class (or grade) is known; part and
    part_of_people: of these and of the people; gap: their difference; response_share: replies ÷ people, None
    with more replies than people.
    """

    name: str
    kind: str  # "location", "grade"
    replies: int
    whole: int
    people: float
    part: float | None
    part_of_people: float
    response_share: float | None

    @property
    def gap(self) -> float | None:
        return None if self.part is None else self.part - self.part_of_people

    @property
    def is_far(self) -> bool:
        """Out of line by FAR or more, and more than a random sample of as many replies would be."""
        if self.gap is None or self.part is None:
            return False
        chance = CHANCE * (self.part_of_people * (1 - self.part_of_people) / self.whole) ** 0.5
        return abs(self.gap) >= max(FAR, chance)


@dataclass(frozen=True)
class AudienceComposition:
    """groups are empty where nobody counts the people by class and grade, and with very few replies."""

    name: str
    replies: int
    people: float
    response_share: float | None
    groups: tuple[Group, ...]

    @property
    def far(self) -> list[Group]:
        return [one for one in self.groups if one.is_far]


def composition(results: WaveResults) -> list[AudienceComposition]:
    """One entry per audience that counts, in the wave's order."""
    wave = results.wave
    cells = frame_to_show(wave).cells
    people: dict[str, dict[str, float]] = {}
    spread = set()
    for control in setting_of(results)["controls"]:
        if control.source != "replies" and control.people:
            if control.source == SPREAD:  # a total that somebody shared out says nothing of the classes
                spread.add(control.audience)
            known = people.setdefault(control.audience, {})
            known[control.location] = known.get(control.location, 0.0) + control.people
    rows = list(wave.audiences.select_related("version"))
    grades = _people_by_grade(wave, rows)
    found = []
    for row in results.audiences:
        if row.share <= 0:
            continue
        mine = cells[cells["audience"] == row.code]
        own = people.get(row.code, {})
        places = [] if row.code in spread else _in_order(own)
        groups = _groups(_counted(mine, "location"), own, "location", places, location_name)
        bands = grades.get(row.code, {})
        groups += _groups(
            _counted(mine, GRADE_ITEM), bands, "grade", list(bands),
            lambda code, audience=row.code: grade_name(wave, audience, code, get_language() or "zh-hans"),
        )  # fmt: skip
        replies = int(mine["responses"].sum()) if len(mine) else 0
        if 0 < replies < wave.minimum_group_size:  # a grade band, and where a resident lives, are answers
            groups = []
        total = sum(own.values())
        found.append(
            AudienceComposition(
                audience_name(row.code), replies, total, _share(replies, total), tuple(groups)
            )
        )
    return found


def _counted(cells, column: str) -> dict[str, int]:
    if column not in cells.columns or not len(cells):
        return {}
    counted = cells.groupby(column)["responses"].sum()
    return {str(code): int(count) for code, count in counted.items()}


def _groups(replies: Mapping[str, int], people: Mapping[str, float], kind, order, name) -> list[Group]:
    """Nothing where there is only one group: then there is nothing to be out of line with."""
    if len(order) < 2:
        return []
    answered, total = sum(replies.get(code, 0) for code in order), sum(people.values())
    return [
        Group(
            name(code), kind, replies.get(code, 0), answered, people[code],
            replies.get(code, 0) / answered if answered else None,
            people[code] / total, _share(replies.get(code, 0), people[code]),
        )
        for code in order
    ]  # fmt: skip


def _share(replies: int, people: float) -> float | None:
    return replies / people if people >= max(replies, 1) else None


def _in_order(people: Mapping[str, float]) -> list[str]:
    return sorted(people, key=lambda code: (PLACES.index(code) if code in PLACES else len(PLACES), code))


def _people_by_grade(wave, rows: Sequence) -> dict[str, dict[str, float]]:
    """Audience → grade band → people by the roster as it is now, at the schools that were asked."""
    found: dict[str, dict[str, float]] = {}
    for audience, places in places_of(wave, rows).items():
        for place in places:
            for band, people in place.grades.items():
                known = found.setdefault(audience, {})
                known[band] = known.get(band, 0.0) + people
    return found
