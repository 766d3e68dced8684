"""Means of disjoint blocks of cells and their covariance: every county figure is a contrast of these."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from scoring.numeric.auxiliary import AuxiliaryFit, indicator_matrix
from scoring.numeric.cells import Cells, Design, UnitLayout
from scoring.numeric.errors import NotComputable, NumericInputError
from scoring.numeric.ratio import block_ratios
from scoring.numeric.recode import CellSums, PairSums
from scoring.numeric.variance import sum_by


@dataclass(frozen=True)
class ItemSums:
    """Sums of several items whose mean is wanted; with `pairs` the variance is exact, without an upper
    bound."""

    items: tuple[CellSums, ...]
    pairs: PairSums | None = None


@dataclass(frozen=True)
class MarginCalibration:
    """Margins that the cells' weights were raked or calibrated to.

    margins: one array of words or codes per margin, constant inside cells (make them specific to the
    audience, "parent:f", since audiences are raked apart); base_weight: the weights before calibration.
    """

    margins: Sequence[np.ndarray]
    base_weight: np.ndarray

    def fitted(self, n: np.ndarray, linear: np.ndarray) -> np.ndarray:
        """(g, k) fitted value x'B per response of each cell, from the cells' summed values `linear` (g,
        k) and responses n; the regression weights are those before calibration."""
        # The regression depends on the cells alone; a table of items asks for it again and again.
        key = n.tobytes()
        if key not in self._fits:
            codes = [
                np.unique(np.asarray(margin, dtype=str), return_inverse=True)[1] for margin in self.margins
            ]
            base = np.where(n > 0, np.asarray(self.base_weight, float), 0.0)
            self._fits[key] = AuxiliaryFit(indicator_matrix(codes), base * n)
        return self._fits[key].fitted(linear / np.where(n > 0, n, 1)[:, None])

    @cached_property
    def _fits(self) -> dict[bytes, AuxiliaryFit]:
        return {}


@dataclass(frozen=True)
class BlockMeans:
    """Weighted means of B disjoint blocks.

    mean (B,), nan for a block without valid answers; n_valid (B,) valid answers; weighted_valid (B,) Σ w
    R; kish_n (B,) Kish effective number of valid answers; element_variance (B,) weighted variance of the
    scores n/(n−1) Σw(s−μ)²/Σw; covariance (B, B) of the means (0 where a mean is nan). valid (g,) answers
    per cell and block (g,) code per cell, -1 outside, for degrees of freedom.
    """

    mean: np.ndarray
    n_valid: np.ndarray
    weighted_valid: np.ndarray
    kish_n: np.ndarray
    element_variance: np.ndarray
    covariance: np.ndarray
    valid: np.ndarray
    block: np.ndarray
    layout: UnitLayout
    exact: bool = True

    def contrast(self, factors: np.ndarray) -> "Contrast":
        """Σ factor_b mean_b. A block with a factor but no valid answer is refused as not computable."""
        factors = np.asarray(factors, float)
        used = factors != 0
        if np.isnan(self.mean[used]).any():
            raise NotComputable("a group that enters the figure has no valid answer", code="empty_block")
        estimate = float(factors[used] @ self.mean[used])
        variance = float(max(factors @ self.covariance @ factors, 0.0))
        inside = (self.block >= 0) & used[self.block]
        return Contrast(
            estimate=estimate,
            variance=variance,
            df=self.layout.degrees_of_freedom(np.where(inside, self.valid, 0)),
            n_valid=int(round(self.n_valid[used].sum())),
        )


@dataclass(frozen=True)
class Contrast:
    """A linear combination of means: estimate, variance of it, degrees of freedom, valid answers used."""

    estimate: float
    variance: float
    df: int
    n_valid: int

    @property
    def se(self) -> float:
        """Standard error, in the unit of the estimate."""
        return self.variance**0.5


def block_means(
    cells: Cells,
    sums: CellSums | ItemSums,
    *,
    block: np.ndarray,
    n_blocks: int,
    design: Design,
    calibration: MarginCalibration | None = None,
    covariance: bool = True,
    layout: UnitLayout | None = None,
) -> BlockMeans:
    """μ_b = Σ w S1 / Σ w R over the cells of each block, with their linearised covariance.

    block: (g,) code 0..n_blocks-1, or -1 for cells that belong to none (they keep their place in strata
    and schools, as a domain demands). Exact from tallies for strata of responses and for sampled schools;
    with `calibration` the residuals of the regression on the margins (weights before calibration) are
    used. Several items (`ItemSums`) give the mean over items of the items' own means, n_valid then
    counting the least answered item. With `covariance=False` only the diagonal is computed. Source:
    Woodruff 1971; Deville and Särndal 1992; specification §4.1 and §4.2.
    """
    block = np.asarray(block)
    items = sums.items if isinstance(sums, ItemSums) else (sums,)
    if len(block) != len(cells) or any(len(item.R) != len(cells) for item in items):
        raise NumericInputError("blocks and sums must have one entry per cell")
    if any((cells.n + 1e-9 < item.R).any() for item in items):
        raise NumericInputError("a cell has more valid answers than responses; the tallies must be rebuilt")
    parts = [_item_part(cells, item, block, n_blocks) for item in items]
    code = np.where(block >= 0, block, 0)
    asked = np.array([part.n_valid > 0 for part in parts])
    # Items that nobody in a block answered (not on its form) are left out of its mean over items.
    held = np.maximum(asked.sum(axis=0), 1)
    share = 1 / held[code]
    mean = np.where(asked.any(axis=0), sum(np.nan_to_num(part.mean) for part in parts) / held, np.nan)
    linear = sum(part.linear for part in parts) * share
    pairs = sums.pairs if isinstance(sums, ItemSums) else None
    if len(parts) == 1:
        spread = parts[0].spread
    elif pairs is not None:
        spread = _pair_spread(cells, pairs, parts, share)
    else:
        # Cauchy–Schwarz inside every cell: the scatter of a mean is at most the mean of the roots, squared.
        spread = (sum(np.sqrt(part.spread) for part in parts) * share) ** 2

    def least(name: str) -> np.ndarray:
        values = np.array([getattr(part, name) for part in parts])
        return np.where(asked.any(axis=0), np.where(asked, values, np.inf).min(axis=0), 0.0)

    w = np.where(cells.n > 0, cells.weight, 0.0)
    rows = np.arange(len(cells))
    totals = np.zeros((len(cells), n_blocks))
    totals[rows, code] = linear
    if calibration is not None:
        totals -= cells.n[:, None] * calibration.fitted(cells.n, totals)
    totals *= w[:, None]
    scatters = np.zeros((len(cells), n_blocks))
    scatters[rows, code] = w**2 * spread
    layout = layout or cells.units(design)
    return BlockMeans(
        mean=mean,
        n_valid=least("n_valid"),
        weighted_valid=sum(part.weighted for part in parts) / held,
        kish_n=least("kish_n"),
        element_variance=np.mean([part.element_variance for part in parts], axis=0),
        covariance=layout.covariance(totals, scatters, covariance=covariance),
        valid=np.max([part.valid for part in parts], axis=0),
        block=block,
        layout=layout,
        exact=len(parts) == 1 or pairs is not None,
    )


@dataclass(frozen=True)
class _ItemPart:
    """One item's block figures, and per cell its centre, divisor, linearised sum and scatter
    (specification §4.2)."""

    mean: np.ndarray
    weighted: np.ndarray
    n_valid: np.ndarray
    kish_n: np.ndarray
    element_variance: np.ndarray
    valid: np.ndarray
    centre: np.ndarray
    divisor: np.ndarray
    linear: np.ndarray
    spread: np.ndarray


def _item_part(cells: Cells, sums: CellSums, block: np.ndarray, n_blocks: int) -> _ItemPart:
    inside = (block >= 0) & (sums.R > 0)
    code = np.where(inside, block, 0)
    w = np.where(inside, cells.weight, 0.0)
    R = np.where(inside, sums.R, 0.0)
    found = block_ratios(
        np.where(inside, sums.S1, 0.0), R, weight=w, block=np.where(inside, block, -1), n_blocks=n_blocks
    )
    filled = found.weighted > 0
    divisor = np.where(filled, found.weighted, 1.0)
    squares = sum_by(code, w**2 * R, n_blocks)
    n_valid = sum_by(code, R, n_blocks)
    # Scatter inside a cell of (s − μ)/W for the valid answers and 0 for the others, centred.
    scatter = np.where(inside, sums.scatter(), 0.0)
    n = np.where(cells.n > 0, cells.n, 1.0)
    between = np.where(R > 0, (found.linear * divisor[code]) ** 2 / np.where(R > 0, R, 1), 0.0)
    element = sum_by(code, w * (scatter + between), n_blocks) / divisor
    return _ItemPart(
        mean=found.ratio,
        weighted=found.weighted,
        n_valid=n_valid,
        kish_n=np.where(filled, found.weighted**2 / np.where(squares > 0, squares, 1), 0.0),
        element_variance=np.where(n_valid > 1, element * n_valid / np.maximum(n_valid - 1, 1), np.nan),
        valid=R,
        centre=np.where(filled, found.ratio, 0.0)[np.where(block >= 0, block, 0)] * (block >= 0),
        divisor=np.where(block >= 0, divisor[np.where(block >= 0, block, 0)], np.inf),
        linear=found.linear,
        spread=(scatter + between * (1 - R / n)) / divisor[code] ** 2,
    )


def _pair_spread(cells: Cells, pairs: PairSums, parts: Sequence[_ItemPart], share: np.ndarray) -> np.ndarray:
    """(g,) scatter inside a cell of the mean of the items' linearised values, exact from pair sums."""
    centre = np.stack([part.centre for part in parts], axis=1)
    divisor = np.stack([part.divisor for part in parts], axis=1)
    cross = (
        pairs.products
        - pairs.first * centre[:, None, :]
        - np.swapaxes(pairs.first, 1, 2) * centre[:, :, None]
        + pairs.n * centre[:, :, None] * centre[:, None, :]
    ) / (divisor[:, :, None] * divisor[:, None, :])
    linear = sum(part.linear for part in parts)
    n = np.where(cells.n > 0, cells.n, 1.0)
    return np.clip(cross.sum(axis=(1, 2)) - linear**2 / n, 0.0, None) * share**2
