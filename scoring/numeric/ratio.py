"""Ratios and means of disjoint blocks, and their linearised values: one place for rows and for cells."""

from dataclasses import dataclass

import numpy as np

from scoring.numeric.variance import sum_by


@dataclass(frozen=True)
class BlockRatios:
    """ratio (B,) of weighted sums, nan for a block whose denominator is 0; weighted (B,) Σ w · denominator;
    linear (g,) the summed linearised value (numerator − ratio · denominator)/weighted of every row or cell,
    without its weight, 0 outside all blocks."""

    ratio: np.ndarray
    weighted: np.ndarray
    linear: np.ndarray


def block_ratios(
    numerator: np.ndarray,
    denominator: np.ndarray,
    *,
    weight: np.ndarray,
    block: np.ndarray,
    n_blocks: int,
) -> BlockRatios:
    """Ratios Σ w·numerator / Σ w·denominator over blocks of rows or cells.

    A mean has the scores as numerator and the number of valid answers as denominator. block: codes
    0..n_blocks-1, -1 outside. Source: Woodruff 1971; Särndal, Swensson and Wretman 1992 §5.6.
    """
    inside = block >= 0
    code = np.where(inside, block, 0)
    w = np.where(inside, weight, 0.0)
    weighted = sum_by(code, w * denominator, n_blocks)
    filled = weighted != 0
    divisor = np.where(filled, weighted, 1.0)
    ratio = np.where(filled, sum_by(code, w * numerator, n_blocks) / divisor, np.nan)
    centre = np.where(filled, ratio, 0.0)[code]
    linear = np.where(inside, (numerator - centre * denominator) / divisor[code], 0.0)
    return BlockRatios(ratio, weighted, linear)
