"""Several items of the same respondents: covariance of their means from pair sums per cell.

Specification §4.2 and §4.3: exact with pair sums under both designs; without them, with responses as
units, the mean of the items' standard errors is an upper bound (Cauchy–Schwarz).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from scoring.numeric.cells import Cells, Design
from scoring.numeric.errors import NotComputable
from scoring.numeric.intervals import Interval, wald
from scoring.numeric.recode import PairSums
from scoring.numeric.variance import sum_by


@dataclass(frozen=True)
class ItemMeans:
    """Means of K items, each over its own valid answers, and their covariance; df and n_valid count
    responses with a valid answer to any of them (n_valid: the most answered item's count)."""

    mean: np.ndarray
    covariance: np.ndarray
    n_valid: int
    df: int

    @property
    def overall(self) -> float:
        """Mean of the items' means."""
        return float(self.mean.mean())

    @property
    def overall_se(self) -> float:
        """Standard error of the mean of the items' means."""
        return float(max(self.covariance.mean(), 0.0) ** 0.5)

    def interval(self, *, level: float = 0.95) -> Interval:
        """t interval of the mean of the items' means."""
        return wald(self.overall, variance=self.overall_se**2, df=self.df, level=level)


def item_means(
    cells: Cells,
    pairs: PairSums,
    *,
    design: Design,
    inside: np.ndarray | None = None,
    answered: np.ndarray | None = None,
    audience_shares: Mapping[str, float] | None = None,
) -> ItemMeans:
    """Weighted means of several items with their covariances, or with `audience_shares` their fixed-share
    composites.

    inside: (g,) booleans, the cells of the domain (None: all). answered: (g,) responses with at least one
    valid item, for degrees of freedom (None: the largest valid count of an item in the cell). Not
    computable when an item has no valid answer, in any audience of positive share.
    """
    used = np.ones(len(cells), bool) if inside is None else np.asarray(inside, bool)
    if audience_shares is None:
        share, group = np.ones(1), np.zeros(len(cells), int)
    else:
        names, group = cells.audience_codes
        share = np.array([audience_shares.get(str(name), 0.0) for name in names])
        missing = [a for a, s in audience_shares.items() if s and a not in names]
        if missing:
            raise NotComputable(f"audience '{missing[0]}' has no answers", code="audience_without_answers")
        used = used & (share[group] != 0)
    own = np.arange(pairs.n.shape[1])
    R = np.where(used[:, None], pairs.n[:, own, own], 0.0)
    S1 = np.where(used[:, None], pairs.first[:, own, own], 0.0)
    filled = used & (cells.n > 0)
    w = np.where(filled, cells.weight, 0.0)
    total = sum_by(group, w[:, None] * R, len(share))
    if (total[share != 0] <= 0).any():
        raise NotComputable("an item has no valid answer", code="no_valid_answers")
    divisor = np.where(total > 0, total, 1.0)
    group_mean = sum_by(group, w[:, None] * S1, len(share)) / divisor
    # Every valid answer to item k of a cell carries factor · (score − centre) as its linearised value.
    factor, centre = (share[:, None] / divisor)[group], group_mean[group]
    linear = factor * (S1 - R * centre)
    cross = (
        pairs.products
        - pairs.first * centre[:, None, :]
        - np.swapaxes(pairs.first, 1, 2) * centre[:, :, None]
        + pairs.n * centre[:, :, None] * centre[:, None, :]
    ) * (factor[:, :, None] * factor[:, None, :])
    n = np.where(filled, cells.n, 1.0)
    spread = (cross - np.einsum("gk,gl->gkl", linear, linear) / n[:, None, None]) * (w**2)[:, None, None]
    spread = np.where(filled[:, None, None], spread, 0.0)
    layout = cells.units(design)
    counted = R.max(axis=1) if answered is None else np.where(used, answered, 0)
    return ItemMeans(
        share @ group_mean,
        layout.covariance(w[:, None] * linear, spread),
        int(round(R.sum(axis=0).max())),
        layout.degrees_of_freedom(counted),
    )


def upper_bound_se(item_ses: Sequence[float]) -> float:
    """Largest standard error that the mean of items can have, given the items' own: print it as an upper
    bound."""
    return float(np.mean(np.asarray(item_ses, float)))
