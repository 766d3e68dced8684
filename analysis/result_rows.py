"""The figures of a wave's results as they are printed: of audiences, places, topics and schools."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from surveys.models import School
from surveys.progress import Progress


@dataclass(frozen=True)
class Figure:
    """One figure as it may be printed. Estimate and interval are None where it is hidden or not computable.

    hidden: "" shown or not computable; "few": fewer answers than the smallest group shown; "together":
    hidden so that a small one cannot be worked out; "running": a school's, until the wave is closed;
    "waiting": too few so far.
    limit is in the unit of the estimate, "share" (0–1) or "points".
    """

    estimate: float | None
    lower: float | None
    upper: float | None
    valid: int | None
    hidden: str
    limit: float
    unit: str

    @property
    def is_shown(self) -> bool:
        return self.estimate is not None

    @property
    def is_below(self) -> bool:
        return self.estimate is not None and self.estimate < self.limit

    @property
    def side(self) -> str:
        """Where the whole interval lies: "above", "below" the limit, or "across" it; "" without one."""
        if self.lower is None or self.upper is None:
            return ""
        return "above" if self.lower >= self.limit else "below" if self.upper < self.limit else "across"


@dataclass(frozen=True)
class AudienceRow:
    """share: of the result, 0–1; dont_know, blank: parts of the replies, None where hidden; contribution:
    share × estimate, what the audience adds to the county's rate."""

    code: str
    name: str
    share: float
    progress: Progress
    figure: Figure
    dont_know: float | None
    blank: float | None
    contribution: float | None
    weights: Mapping | None


@dataclass(frozen=True)
class LocationRow:
    code: str
    name: str
    share: float | None  # of the residents; None where the rule does not use it
    figure: Figure


@dataclass(frozen=True)
class TopicRow:
    """A topic over everybody, its audiences in the wave's order (None: not asked), and who is not asked."""

    item: str
    name: str
    figure: Figure
    by_audience: tuple[Figure | None, ...]
    not_asked: tuple[str, ...]


@dataclass(frozen=True)
class SchoolRow:
    school: School
    progress: Progress
    figure: Figure
    audiences: tuple[AudienceOfSchool, ...]


@dataclass(frozen=True)
class AudienceOfSchool:
    code: str
    name: str
    progress: Progress
    figure: Figure
