"""Schools of one audience: the direct result, and beside it one that borrows strength from the others.

Small groups are hidden first (`wave_results`), and what is hidden there has no shrunken value either: a
shrunken value with few answers still reveals them. Schools stand in the order of their codes; there is no
ranking, because of the truly lowest six schools fewer than half would be found.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analysis.results import AudienceOfSchool, WaveResults
from scoring.numeric.errors import NotComputable
from scoring.numeric.funnel import Funnel, funnel
from scoring.numeric.recode import cell_sums, score_vector
from scoring.numeric.small_area import shrink_schools
from scoring.runs import frame_to_show
from surveys.models import School

LEVEL = 0.9


@dataclass(frozen=True)
class SmallSchool:
    """shrunk, lower, upper, below: None where the direct result is hidden or nothing could be borrowed.

    below: probability that the school's true share lies below the limit; flagged: outside the funnel after
    correction for the number of schools.
    """

    school: School
    direct: AudienceOfSchool
    shrunk: float | None
    lower: float | None
    upper: float | None
    below: float | None
    flagged: bool


@dataclass(frozen=True)
class SmallSchools:
    """reason: "" or why there are direct results only ("too_few_schools", "score"). differ: whether the
    schools differ beyond chance; None where that could not be asked."""

    audience: str
    rows: tuple[SmallSchool, ...]
    differ: bool | None
    reason: str
    funnel: Funnel | None

    @property
    def flagged(self) -> tuple[SmallSchool, ...]:
        return tuple(row for row in self.rows if row.flagged)


def audiences_at_schools(results: WaveResults) -> list[str]:
    """The audiences asked at schools whose county rate is shown, in the wave's order."""
    at_schools = {one.code for row in results.schools for one in row.audiences}
    return [row.code for row in results.audiences if row.code in at_schools and row.figure.is_shown]


def small_schools(results: WaveResults, audience: str) -> SmallSchools:
    """One audience's schools, direct and shrunken, with the funnel around the audience's county rate."""
    found = [
        (row.school, one)
        for row in results.schools
        for one in row.audiences
        if one.code == audience and one.progress.replies
    ]
    if results.figure.unit != "share" or results.rule.form != "item":
        return SmallSchools(audience, _direct(found), None, "score", None)
    satisfied, valid = _counts(results, audience, [school.code for school, _one in found])
    try:
        shrunk = shrink_schools(satisfied, n=valid, threshold=results.rule.threshold, level=LEVEL)
    except NotComputable:
        return SmallSchools(audience, _direct(found), None, "too_few_schools", None)
    county = next(row.figure.estimate for row in results.audiences if row.code == audience)
    try:
        limits = funnel(satisfied, n=valid, target=county)
    except NotComputable:
        limits = None
    rows = tuple(
        SmallSchool(
            school, one, float(shrunk.mean[at]), float(shrunk.lower[at]), float(shrunk.upper[at]),
            float(shrunk.prob_below[at]), bool(limits is not None and limits.flagged[at]),
        )
        if one.figure.is_shown
        else SmallSchool(school, one, None, None, None, None, False)
        for at, (school, one) in enumerate(found)
    )  # fmt: skip
    return SmallSchools(audience, rows, shrunk.demonstrable_differences, "", limits)


def _direct(found: list[tuple[School, AudienceOfSchool]]) -> tuple[SmallSchool, ...]:
    return tuple(SmallSchool(school, one, None, None, None, None, False) for school, one in found)


def _counts(results: WaveResults, audience: str, codes: list[str]) -> tuple[np.ndarray, np.ndarray]:
    """Satisfied and valid answers per school. The cells of one audience in one school share one weight."""
    frame, rule = frame_to_show(results.wave), results.rule
    item = rule.items[0]
    sums = cell_sums(frame.counts[item], score_vector(frame.codes[item], rule.valid_scores))
    mine = frame.cells["audience"].to_numpy(dtype=str) == audience
    schools = frame.cells["school"].to_numpy(dtype=str)
    where = [mine & (schools == code) for code in codes]
    return np.array([sums.S1[at].sum() for at in where]), np.array([sums.R[at].sum() for at in where])
