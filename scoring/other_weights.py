"""A closed wave's rate under other weights than its own: how much of the verdict is the weighting's doing.

Scoring rule, shares of the audiences and design stay the wave's own. Four ways, all from counts per cell:
"cells" (people ÷ replies of every school, the official one), "raked" (schools and grade bands of the roster),
"trimmed" (no weight above a cap) and "unweighted" (every reply of an audience alike). Source:
specification §3; Deming and Stephan 1940; Deville and Särndal 1992; Potter 1990; Kish 1992.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from scoring.breakdowns import county_interval_of, scale_of
from scoring.controls import Control
from scoring.estimates import ALPHA, headline_sums
from scoring.grade_margins import GradePeople, class_margins, school_and_grade_margins
from scoring.numeric.audience_states import audience_state, kish_of
from scoring.numeric.blocks import MarginCalibration
from scoring.numeric.cells import Cells, Design
from scoring.numeric.composite import CompositeEstimate, estimate_composite
from scoring.numeric.errors import NotComputable
from scoring.numeric.recode import PairSums
from scoring.numeric.trimming import default_caps
from scoring.numeric.verdict import verdict
from scoring.numeric.weighting import kish
from scoring.raked_weights import CannotWeigh, Convergence, Trimming, rake_cells, trim_cells
from scoring.rules import ScoringRule
from scoring.weighing import Weighted, weigh
from surveys.queries import TallyFrame

KEYS = ("cells", "raked", "trimmed", "unweighted")
CAP = 3.0  # times the median weight of the audience's replies
MUCH_TRIMMED = 0.05


@dataclass(frozen=True)
class AudienceWeights:
    """What one audience's weights cost: Kish's effective number of replies, the design effect of weighting
    (1 if all are equal), and the largest weight in medians."""

    audience: str
    effective_n: float
    design_effect: float
    largest_in_medians: float
    warnings: tuple[str, ...]  # as in `WeightReport.warnings`, and "much_trimmed"


@dataclass(frozen=True)
class Weighting:
    """The rate under one way of weighting.

    estimate None: not computable, `reasons` say why. effective_n: Kish's, of the whole rate's valid answers.
    interval: 95%. verdict: a word, None where none was asked for. notes: what was merged or left as it is.
    """

    key: str
    estimate: float | None = None
    se: float | None = None
    interval: Sequence[float] | None = None
    valid: int = 0
    verdict: str | None = None
    effective_n: float | None = None
    audiences: tuple[AudienceWeights, ...] = ()
    convergence: tuple[Convergence, ...] = ()
    trimming: tuple[Trimming, ...] = ()
    reasons: tuple[dict, ...] = ()
    notes: tuple[dict, ...] = ()

    @property
    def heaviest(self) -> AudienceWeights | None:
        """The audience that unequal weights cost most."""
        return max(self.audiences, key=lambda one: one.design_effect, default=None)


def other_weights(
    frame: TallyFrame,
    *,
    rule: ScoringRule,
    controls: Sequence[Control],
    shares: Mapping[str, float],
    class_shares: Mapping[str, float] | None,
    design: Design,
    grades: Mapping[str, GradePeople],
    with_verdict: bool,
    pairs: PairSums | None = None,
) -> tuple[Weighting, ...]:
    """The four weightings in the order of `KEYS`.

    shares and class_shares are those the result was made with (a result's own `shares`, `class_shares`).
    Where all schools were surveyed, the raked
    weights' standard error takes the margins into account; where schools are a sample, the people of those
    asked are no fixed total, and it takes the weights as given.
    """
    weighted = weigh(frame, controls)
    asked = [audience for audience, share in shares.items() if share > 0]
    setting = _Setting(frame, weighted, rule, shares, class_shares, design, pairs, with_verdict)
    ways: dict[str, Callable[[], Weighting]] = {
        "cells": lambda: setting.figure("cells", weighted.cells),
        "raked": lambda: _raked(setting, grades, asked),
        "trimmed": lambda: _trimmed(setting, asked),
        "unweighted": lambda: setting.figure(
            "unweighted",
            replace(weighted.cells, weight=np.ones(len(weighted.cells))),
            class_shares=None,
        ),
    }
    found = []
    for key in KEYS:
        try:
            found.append(ways[key]())
        except CannotWeigh as error:
            found.append(setting.nothing(key, error.reason))
        except NotComputable as error:
            found.append(setting.nothing(key, {"code": error.code}))
    return tuple(found)


@dataclass(frozen=True)
class _Setting:
    """All but the weights, which is the same in every row."""

    frame: TallyFrame
    weighted: Weighted
    rule: ScoringRule
    shares: Mapping[str, float]
    class_shares: Mapping[str, float] | None
    design: Design
    pairs: PairSums | None
    with_verdict: bool

    def figure(self, key: str, cells: Cells, **more) -> Weighting:
        """The rate from cells with these weights; `more` are fields of the answer."""
        class_shares = more.pop("class_shares", self.class_shares)
        calibration: MarginCalibration | None = more.pop("calibration", None)
        found = estimate_composite(
            cells,
            headline_sums(self.frame, self.weighted, self.rule, self.pairs),
            audience_shares=self.shares,
            class_shares=class_shares,
            design=self.design,
            calibration=calibration,
        )
        return Weighting(
            key, found.estimate, found.se, county_interval_of(found, self.rule), found.n_valid,
            self._word(found), kish_of([audience_state(one) for one in found.audiences]),
            _reports(cells, self.shares, more.get("trimming", ())), **more,
        )  # fmt: skip

    def nothing(self, key: str, reason: dict) -> Weighting:
        return Weighting(key, verdict="not_computable" if self.with_verdict else None, reasons=(reason,))

    def _word(self, found: CompositeEstimate) -> str | None:
        if not self.with_verdict:
            return None
        return verdict(found, threshold=self.rule.threshold, alpha=ALPHA, scale=scale_of(self.rule)).verdict


def _raked(setting: _Setting, grades: Mapping[str, GradePeople], asked: Sequence[str]) -> Weighting:
    weighted = setting.weighted
    margins, notes = school_and_grade_margins(setting.frame, weighted, grades, asked)
    if not margins:
        raise CannotWeigh({"code": "nothing_to_rake"})
    raked = rake_cells(weighted.cells, margins)
    is_census = setting.design.kind == "all_schools"
    if not is_census:
        notes.append({"code": "weights_as_given"})
    return setting.figure(
        "raked",
        replace(weighted.cells, weight=raked.weight),
        calibration=raked.calibration if is_census else None,
        convergence=raked.reports,
        notes=tuple(notes),
    )


def _trimmed(setting: _Setting, asked: Sequence[str]) -> Weighting:
    """Cell weights cut at the cap; what is cut goes to other replies of the audience in the same class of
    places, whose people are kept. (The cells themselves as margins would leave nothing to cut.)

    A cap that no weights could meet, because a whole class needs more, is raised just above what it needs.
    """
    cells = setting.weighted.cells
    margins = class_margins(cells, asked)
    if not margins:
        raise CannotWeigh({"code": "nothing_to_trim"})
    caps, notes = {}, []
    for one in margins:
        n = cells.n[one.rows]
        median = kish(cells.weight[one.rows], n).median
        least = default_caps(one.margins, np.full(len(n), one.audience), counts=n)[one.audience]
        caps[one.audience] = max(CAP * median, least)
        if least > CAP * median:
            notes.append({"code": "cap_raised", "audience": one.audience, "medians": least / median})
    found = trim_cells(cells, margins, caps=caps)
    alike = [name for name in asked if name not in caps]
    return setting.figure(
        "trimmed",
        replace(cells, weight=found.weight),
        trimming=found.reports,
        notes=(*notes, *({"code": "one_weight", "audience": name} for name in alike)),
    )


def _reports(
    cells: Cells, shares: Mapping[str, float], trimming: Sequence[Trimming]
) -> tuple[AudienceWeights, ...]:
    """Per audience that counts, in the order of the shares."""
    much = {one.audience for one in trimming if one.share > MUCH_TRIMMED}
    reports = []
    for audience, share in shares.items():
        mine = (cells.audience == audience) & (cells.n > 0)
        if share <= 0 or not mine.any():
            continue
        found = kish(cells.weight[mine], cells.n[mine])
        warnings = found.warnings + (("much_trimmed",) if audience in much else ())
        reports.append(
            AudienceWeights(audience, found.n_eff, found.deff_w, found.max / found.median, warnings)
        )
    return tuple(reports)
