"""Cells raked or trimmed audience by audience: what the desk shows beside the plain cell weights.

The shares of the result make the audiences independent, so each meets its own margins. Source: Deming and
Stephan 1940; Deville and Särndal 1992; Potter 1990; specification §3.3 and §3.4.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from scoring.numeric.blocks import MarginCalibration
from scoring.numeric.cells import Cells
from scoring.numeric.errors import NotComputable
from scoring.numeric.raking import Margin, rake
from scoring.numeric.trimming import default_caps, trim_and_rake

SEPARATOR = "\x1f"


class CannotWeigh(Exception):
    """These replies cannot be weighted so. `reason`: a code with the numbers a sentence needs."""

    def __init__(self, reason: dict) -> None:
        super().__init__(str(reason))
        self.reason = reason


@dataclass(frozen=True)
class AudienceMargins:
    """One audience's margins. rows: positions of its cells; every margin has one category per row; keep:
    (rows,) True for cells whose weight stays as it is, whose people the totals leave out."""

    audience: str
    rows: np.ndarray
    margins: tuple[Margin, ...]
    keep: np.ndarray

    @property
    def raked_rows(self) -> np.ndarray:
        """Positions of the cells that have to meet the margins."""
        return self.rows[~self.keep]

    def of_raked_rows(self) -> list[Margin]:
        """The margins with the categories of those cells only."""
        return [Margin(one.name, np.asarray(one.category)[~self.keep], one.totals) for one in self.margins]


@dataclass(frozen=True)
class Convergence:
    """passes until every category was met; worst: largest |Σ w n / T − 1|; g: weight ÷ weight before."""

    audience: str
    passes: int
    worst: float
    g_lowest: float
    g_highest: float


@dataclass(frozen=True)
class RakedCells:
    """weight: (g,) per reply of every cell; calibration: what standard errors must know of the margins."""

    weight: np.ndarray
    calibration: MarginCalibration
    reports: tuple[Convergence, ...]


@dataclass(frozen=True)
class Trimming:
    """cap: largest weight allowed; share: part of the audience's people cut and spread over its others."""

    audience: str
    cap: float
    share: float
    rounds: int


@dataclass(frozen=True)
class TrimmedCells:
    weight: np.ndarray
    reports: tuple[Trimming, ...]


def rake_cells(cells: Cells, audiences: Sequence[AudienceMargins]) -> RakedCells:
    """Rakes each audience from its cells' weights; audiences without margins keep theirs.

    `CannotWeigh` where an audience cannot meet its margins (its name and the core's code); margins that
    contradict each other are refused as by `prepare_margins`.
    """
    weight = cells.weight.copy()
    reports = []
    for one in audiences:
        rows = one.raked_rows
        try:
            found = rake(cells.weight[rows], one.of_raked_rows(), counts=cells.n[rows])
        except NotComputable as error:
            raise CannotWeigh({"code": error.code, "audience": one.audience}) from error
        weight[rows] = found.weights
        reports.append(Convergence(one.audience, found.passes, found.worst, found.g_lowest, found.g_highest))
    return RakedCells(weight, MarginCalibration(_crossed(cells, audiences), cells.weight), tuple(reports))


def trim_cells(
    cells: Cells, audiences: Sequence[AudienceMargins], *, caps: Mapping[str, float]
) -> TrimmedCells:
    """Cuts weights at the audience's cap and rakes again until none exceeds it.

    cells: weights that meet the margins. `CannotWeigh`: "cap_too_low" with the cap and the least that the
    margins allow, or the core's code where the rounds do not suffice.
    """
    weight = cells.weight.copy()
    reports = []
    for one in audiences:
        rows, margins, cap = one.raked_rows, one.of_raked_rows(), caps[one.audience]
        group, n = np.full(len(rows), one.audience), cells.n[rows]
        needed = default_caps(margins, group, counts=n, factor=1.0)[one.audience]
        if cap < needed * (1 - 1e-12):
            raise CannotWeigh({"code": "cap_too_low", "audience": one.audience, "cap": cap, "needed": needed})
        try:
            found = trim_and_rake(weight[rows], margins, group=group, caps={one.audience: cap}, counts=n)
        except NotComputable as error:
            raise CannotWeigh({"code": error.code, "audience": one.audience}) from error
        weight[rows] = found.weights
        reports.append(Trimming(one.audience, cap, found.trimmed_share, found.rounds))
    return TrimmedCells(weight, tuple(reports))


def _crossed(cells: Cells, audiences: Sequence[AudienceMargins]) -> list[np.ndarray]:
    """Margins over all cells, specific to the audience. Of audiences that are not raked one category: a
    constant takes nothing from a variance inside strata of equal weights, which is what theirs is."""
    size = max((len(one.margins) for one in audiences), default=1)
    crossed = [cells.audience.astype(str).astype(object) for _ in range(size)]
    for one in audiences:
        for number, margin in enumerate(one.margins):
            words = np.asarray(margin.category, dtype=str).astype(object)
            crossed[number][one.rows] = one.audience + SEPARATOR + words
    return crossed
