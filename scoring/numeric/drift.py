"""Early and late respondents: does opinion drift with the order in which people answered?

Those who come late, or only after a reminder, stand nearest to those who never come. Both parts are weighted
to the same people, so that schools that began later are no drift; what is left is what weights cannot repair.

Source: specification §15; Lin and Schaeffer 1995 and Groves 2006 for the idea and for its limits; the
contrast is that of §4.1 with the parts as domains that are each post-stratified to the same controls.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from scoring.numeric.blocks import ItemSums
from scoring.numeric.cells import Cells, Design
from scoring.numeric.composite import CompositeEstimate, estimate_composite
from scoring.numeric.composite_shares import spread_share
from scoring.numeric.errors import NotComputable, NumericInputError
from scoring.numeric.multiplicity import holm
from scoring.numeric.recode import CellSums
from scoring.numeric.variance import sum_by
from scoring.numeric.waves import Change, stacked_waves

Part = tuple[Cells, CellSums | ItemSums]


@dataclass(frozen=True)
class Drift:
    """One figure among the early and among the late; change: late − early, with variance and df.

    early, late in the unit of the scores; n_early, n_late: valid answers. p_adjusted: Holm over the
    audiences that could be compared; for the whole composite the p value itself.
    """

    early: float
    late: float
    n_early: int
    n_late: int
    change: Change
    p_adjusted: float


@dataclass(frozen=True)
class Drifts:
    """whole: of the composite, None unless every audience with a share has one; audiences: by name."""

    whole: Drift | None
    audiences: Mapping[str, Drift]


def late_half(arrival: np.ndarray, *, group: np.ndarray) -> np.ndarray:
    """(n,) True for the second half of each group in the order of arrival; the middle one is early.

    arrival (n,): numbers that sort, equal ones in the order given; group (n,): codes 0 and up. With the
    weighting strata as groups, both halves hold the same schools in the same proportions.

    >>> late_half(np.array([5, 1, 3, 2, 9]), group=np.array([0, 0, 0, 1, 1])).tolist()
    [True, False, False, False, True]
    """
    arrival, group = np.asarray(arrival), np.asarray(group)
    if arrival.shape != group.shape or arrival.ndim != 1:
        raise NumericInputError("every response needs one time of arrival and one group")
    if not len(group):
        return np.zeros(0, bool)
    order = np.lexsort((arrival, group))
    size = np.bincount(group)
    start = np.concatenate([[0], np.cumsum(size)[:-1]])
    rank = np.empty(len(group), int)
    rank[order] = np.arange(len(group)) - start[group[order]]
    return rank >= (size[group] + 1) // 2


def drifts(
    early: Part,
    late: Part,
    *,
    audience_shares: Mapping[str, float],
    class_shares: Mapping[str, float] | None,
    design: Design,
    smoothed: bool = False,
) -> Drifts:
    """Late minus early of the composite and of every audience that has valid answers in both parts.

    early, late: the cells of each part, weighted to the same people, with the sums of their answers. Strata
    of responses ("all_schools") are those of each part; a school sampled as a whole is one unit with its
    early and late answers, whose covariance counts. smoothed: for shares, as in `wave_change`: an audience
    of one mind in one part is not taken to be certain. Audiences that leave no degrees of freedom are left
    out.
    """
    heard = [
        name
        for name, share in audience_shares.items()
        if share > 0 and min(_valid(early, name), _valid(late, name))
    ]
    silent = [name for name in audience_shares if name not in heard]
    if not heard:
        return Drifts(None, {})
    shares = spread_share(audience_shares, silent) if silent else dict(audience_shares)
    levels = [
        estimate_composite(*one, audience_shares=shares, class_shares=class_shares, design=design)
        for one in (early, late)
    ]

    both = stacked_waves(early, late, design=design)

    def change(of: Mapping[str, float]) -> Change | None:
        try:
            return both.change(of, class_shares=class_shares, smoothed=smoothed)
        except NotComputable:
            return None

    found = {name: one for name in heard if (one := change({name: 1.0})) is not None}
    adjusted = dict(zip(found, holm([one.p_value for one in found.values()]), strict=True))
    audiences = {name: _drift_of(levels, name, one, adjusted[name]) for name, one in found.items()}
    asked = [name for name, share in audience_shares.items() if share > 0]
    whole = change(shares) if all(name in audiences for name in asked) else None
    if whole is None:
        return Drifts(None, audiences)
    before, after = levels
    county = Drift(before.estimate, after.estimate, before.n_valid, after.n_valid, whole, whole.p_value)
    return Drifts(county, audiences)


def _drift_of(levels: list[CompositeEstimate], name: str, change: Change, p_adjusted: float) -> Drift:
    one, two = (level.audience(name) for level in levels)
    return Drift(one.estimate, two.estimate, one.n_valid, two.n_valid, change, float(p_adjusted))


def _valid(part: Part, audience: str) -> float:
    """Valid answers of an audience; of several items the most answered one's."""
    cells, sums = part
    names, code = cells.audience_codes
    at = np.flatnonzero(names == audience)
    if not len(at):
        return 0.0
    items = sums.items if isinstance(sums, ItemSums) else (sums,)
    return max(float(sum_by(code, item.R, len(names))[at[0]]) for item in items)
