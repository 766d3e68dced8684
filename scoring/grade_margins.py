"""Margins that a wave's own roster gives: people per school, per grade band, per class of places."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from scoring.numeric.cells import Cells
from scoring.numeric.raking import Margin
from scoring.numeric.variance import sum_by
from scoring.numeric.weighting import MINIMUM_CELL
from scoring.raked_weights import AudienceMargins, CannotWeigh
from scoring.weighing import Weighted
from surveys.asked_places import grade_bands, places_of
from surveys.models import School, Wave
from surveys.queries import TallyFrame

GRADE = "grade_band"
ROSTER = "roster"  # source of a control that is the roster's own number
SAME = 1e-6  # margins of one audience must add up to the same people, relatively
Note = dict


@dataclass(frozen=True)
class GradePeople:
    """bands: an audience's grade bands from the lowest up; people: school code → band → people."""

    bands: tuple[str, ...]
    people: Mapping[str, Mapping[str, float]]

    def as_dict(self) -> dict:
        """For a frozen run; `GradePeople(**it)` gives it back."""
        return {"bands": list(self.bands), "people": {code: dict(of) for code, of in self.people.items()}}


def grade_people(wave: Wave) -> dict[str, GradePeople]:
    """Audience → its people by school and grade band, by the roster as it is now, at the schools asked.

    Audiences whose questionnaire does not ask the grade as a stratum are missing.
    """
    rows = list(wave.audiences.select_related("version"))
    codes = dict(School.objects.filter(county=wave.county_id).values_list("pk", "code"))
    bands = {row.audience: grade_bands(row) for row in rows}
    found = {}
    for audience, places in places_of(wave, rows).items():
        people = {codes[place.key[0]]: place.grades for place in places if place.key[0] and place.grades}
        if people:
            order = sorted(bands[audience], key=lambda band, of=bands[audience]: of[band])
            found[audience] = GradePeople(tuple(order), people)
    return found


def school_and_grade_margins(
    frame: TallyFrame, weighted: Weighted, grades: Mapping[str, GradePeople], audiences: Iterable[str]
) -> tuple[list[AudienceMargins], list[Note]]:
    """Margins of these audiences as far as they have grades, and notes on what was merged, raised or left.

    The schools' margin is that of the cell weights, small schools pooled as there. `CannotWeigh` where the
    grades add up to other people than the schools, or somebody answered for a grade of nobody.
    """
    cells, notes, found = weighted.cells, [], []
    rows = frame.cells.iloc[weighted.kept]
    band = rows[GRADE].fillna("").to_numpy(dtype=str) if GRADE in rows.columns else np.full(len(rows), "")
    for audience in audiences:
        mine = np.flatnonzero((cells.audience == audience) & (cells.n > 0))
        known = grades.get(audience)
        if known is None or not np.isin(band[mine], known.bands).any():
            notes.append({"code": "no_grades", "audience": audience})
            continue
        one = _margins(weighted, audience, mine, np.where(np.isin(band, known.bands), band, ""), known, notes)
        if one is not None:
            found.append(one)
    return found, notes


def class_margins(cells: Cells, audiences: Iterable[str]) -> list[AudienceMargins]:
    """People per class of places as the cells' weights give them, of those audiences with unequal
    weights inside a class; where all weigh alike there is nothing to trim."""
    found = []
    for audience in audiences:
        mine = np.flatnonzero((cells.audience == audience) & (cells.n > 0))
        place, weight = cells.location[mine].astype(str), cells.weight[mine]
        names, code = np.unique(place, return_inverse=True)
        if all(np.ptp(weight[code == k]) == 0 for k in range(len(names))):
            continue
        totals = dict(zip(names.tolist(), sum_by(code, weight * cells.n[mine], len(names)), strict=True))
        margin = Margin("class", place, totals)
        found.append(AudienceMargins(audience, mine, (margin,), np.zeros(len(mine), bool)))
    return found


def _margins(
    weighted: Weighted, audience: str, mine: np.ndarray, band: np.ndarray, known: GradePeople,
    notes: list[Note],
) -> AudienceMargins | None:  # fmt: skip
    cells = weighted.cells
    n, band, stratum = cells.n[mine], band[mine], cells.stratum[mine].astype(str)
    people = _people_by_band(weighted, audience, known, notes)
    schools = dict(zip(stratum.tolist(), np.asarray(cells.stratum_population)[mine].tolist(), strict=True))
    by_school, by_grade = sum(schools.values()), sum(people.values())
    if abs(by_school - by_grade) > SAME * max(by_school, by_grade):
        raise CannotWeigh(
            {"code": "margins_disagree", "audience": audience, "schools": by_school, "grades": by_grade}
        )
    replies = {code: float(n[band == code].sum()) for code in known.bands}
    for code in known.bands:
        if replies[code] and not people[code]:
            raise CannotWeigh(
                {"code": "grade_of_nobody", "audience": audience, "band": code, "replies": int(replies[code])}
            )
    groups = _grouped([code for code in known.bands if people[code]], replies)
    notes += [
        {"code": "grades_merged", "audience": audience, "bands": list(group)}
        for group in groups
        if len(group) > 1
    ]
    if len(groups) < 2:
        notes.append({"code": "one_grade", "audience": audience})
        return None
    keep = band == ""
    if keep.any():
        notes.append({"code": "no_grade_given", "audience": audience, "replies": int(n[keep].sum())})
    # Replies without a grade keep their weight: the others stand for the people that are left.
    held = np.where(keep, 0.0, cells.weight[mine] * n)
    names, code = np.unique(stratum, return_inverse=True)
    left = sum_by(code, held, len(names))
    totals = {name: float(rest) for name, rest in zip(names, left, strict=True) if rest > 0}
    label = {one: group[0] for group in groups for one in group}
    part = held.sum() / by_grade
    of_grade = {group[0]: part * sum(people[one] for one in group) for group in groups}
    grade = np.array([label.get(one, "") for one in band], dtype=object)
    margins = (Margin("school", stratum, totals), Margin("grade", grade, of_grade))
    return AudienceMargins(audience, mine, margins, keep)


def _people_by_band(
    weighted: Weighted, audience: str, known: GradePeople, notes: list[Note]
) -> dict[str, float]:
    """Grade band → people, as the weights count each school's people and as its pupils split into grades.

    These are the roster's own numbers, but for two kinds of school: where people were given as a population
    control (families, not pupils), and where there are more replies than people, which the weights take for
    the people.
    """
    cells = weighted.cells
    given = {
        control.cell: control.people
        for control in weighted.controls
        if control.audience == audience and control.source != ROSTER
    }
    over = {
        cell
        for warning in weighted.warnings
        if warning["code"] == "more_replies_than_people"
        for name, _location, cell in warning["cells"]
        if name == audience and cell in known.people
    }
    for school in over:
        given[school] = cells.n[(cells.audience == audience) & (cells.school == school)].sum()
    people = dict.fromkeys(known.bands, 0.0)
    for school, grades in known.people.items():
        factor = given[school] / sum(grades.values()) if school in given else 1.0
        for band, count in grades.items():
            people[band] += factor * count
    if over:
        notes.append({"code": "grades_raised", "audience": audience, "schools": len(over)})
    if given.keys() & known.people.keys() - over:
        notes.append({"code": "grades_split", "audience": audience})
    return people


def _grouped(bands: Sequence[str], replies: Mapping[str, float]) -> list[list[str]]:
    """Neighbouring bands together until each group has as many replies as a cell must have. The smallest
    joins first, to the neighbour with more replies, of equals to the lower one."""
    groups = [[band] for band in bands]

    def size(number: int) -> float:
        return sum(replies[band] for band in groups[number])

    while len(groups) > 1:
        at = min(range(len(groups)), key=size)
        if size(at) >= MINIMUM_CELL:
            break
        beside = [number for number in (at - 1, at + 1) if 0 <= number < len(groups)]
        into = max(beside, key=lambda number: (size(number), -number))
        first, second = sorted((at, into))
        groups[first : second + 1] = [groups[first] + groups[second]]
    return groups
