"""Two items of the same respondents: covariance of their means from pair sums per cell."""

from dataclasses import dataclass

import numpy as np

from scoring.numeric.cells import Cells, Design
from scoring.numeric.errors import NotComputable, NumericInputError


@dataclass(frozen=True)
class PairSums:
    """Sums per cell over the responses that answered every one of K items validly.

    R: (g,) such responses; S1: (g, K) sums of scores; products: (g, K, K) sums of products of scores, the
    diagonal being sums of squares.
    """

    R: np.ndarray
    S1: np.ndarray
    products: np.ndarray

    def __post_init__(self) -> None:
        k = self.S1.shape[1]
        if self.R.shape != (len(self.S1),) or self.products.shape != (len(self.S1), k, k):
            raise NumericInputError(
                "pair sums need R (cells), S1 (cells × items), products (cells × items × items)"
            )


@dataclass(frozen=True)
class ItemMeans:
    """Means of K items over the same responses, their covariance, and how many responses those are."""

    mean: np.ndarray
    covariance: np.ndarray
    n_valid: int
    df: int


def item_means(
    cells: Cells, pairs: PairSums, *, design: Design, inside: np.ndarray | None = None
) -> ItemMeans:
    """Weighted means of several items with their covariances, exact from pair sums (specification §4.2).

    inside: (g,) booleans, the cells of the domain (None: all). The mean of the items is `mean.mean()` with
    variance `covariance.mean()`. Not computable without a response that answered all of them.
    """
    used = np.ones(len(cells), bool) if inside is None else np.asarray(inside, bool)
    R = np.where(used, pairs.R, 0.0)
    w = np.where(R > 0, cells.weight, 0.0)
    total = w @ R
    if total <= 0:
        raise NotComputable("no response answered all of the items", code="no_valid_answers")
    mean = (w @ pairs.S1) / total
    filled = np.where(R > 0, R, 1.0)
    cell_mean = pairs.S1 / filled[:, None]
    scatter = pairs.products - np.einsum("gk,gl->gkl", pairs.S1, cell_mean)
    distance = (cell_mean - mean) * (R > 0)[:, None]
    n = np.where(cells.n > 0, cells.n, 1.0)
    spread = scatter + np.einsum("g,gk,gl->gkl", R * (1 - R / n), distance, distance)
    spread = np.where((R > 0)[:, None, None], spread, 0.0) * (w / total)[:, None, None] ** 2
    totals = (w * R / total)[:, None] * distance

    layout = cells.units(design)
    covariance = layout.covariance(totals, spread)
    return ItemMeans(mean, covariance, int(round(R.sum())), layout.degrees_of_freedom(R))
