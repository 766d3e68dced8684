"""From option counts to sums of scores: the only step between a tally and an estimate."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from scoring.numeric.errors import NumericInputError


@dataclass(frozen=True)
class CellSums:
    """Valid answers R, sums of scores S1 and sums of squared scores S2 of every cell, float64 arrays (g,)."""

    R: np.ndarray
    S1: np.ndarray
    S2: np.ndarray

    def __post_init__(self) -> None:
        if not (self.R.shape == self.S1.shape == self.S2.shape and self.R.ndim == 1):
            raise NumericInputError("R, S1 and S2 must be arrays with one entry per cell")
        if (self.R < 0).any():
            raise NumericInputError("a cell has a negative number of valid answers")
        if not (np.isfinite(self.S1).all() and np.isfinite(self.S2).all()):
            raise NumericInputError("a cell's sum of scores is not a finite number")

    def scatter(self) -> np.ndarray:
        """Sum of squared deviations of the valid scores from their cell's mean; 0 in an empty cell."""
        filled = self.R > 0
        return np.clip(self.S2 - self.S1**2 / np.where(filled, self.R, 1), 0, None) * filled


def score_vector(codes: Sequence, scores: Mapping) -> np.ndarray:
    """Scores in the order of `codes`; a code absent from `scores`, or scored None, is not a valid answer
    (nan).

    >>> score_vector([5, 4, "dont_know"], {5: 1, 4: 1})
    array([ 1.,  1., nan])
    """
    values = [scores.get(code) for code in codes]
    return np.array([np.nan if value is None else float(value) for value in values])


def cell_sums(counts: np.ndarray, scores: np.ndarray) -> CellSums:
    """R, S1, S2 of every cell from option counts.

    counts: (cells, codes) integers, how many responses of the cell gave each code; scores: (codes,) score
    of each code in the unit of the result (1/0 for a share, points for a score), nan where the code is
    not a valid answer (don't know and blank under the default rule). Codes that count as "not satisfied"
    have score 0, not nan. A cell without valid answers has R = S1 = S2 = 0. Negative counts are refused.
    """
    counts = np.asarray(counts)
    scores = np.asarray(scores, float)
    if counts.ndim != 2 or counts.shape[1] != len(scores):
        raise NumericInputError(
            f"counts must be cells × codes with a score per code: {counts.shape} counts, {len(scores)} scores"
        )
    if counts.size and counts.min() < 0:
        raise NumericInputError("an option count is negative; the tallies must be rebuilt")
    valid = ~np.isnan(scores)
    used = counts[:, valid].astype(float)
    points = scores[valid]
    return CellSums(R=used.sum(axis=1), S1=used @ points, S2=used @ points**2)


def option_counts(codes: np.ndarray, *, cell: np.ndarray, n_cells: int, n_codes: int) -> np.ndarray:
    """Option counts (K, n_cells, n_codes) of K items from single responses.

    codes: (n, K) integers 0..n_codes-1 (give blank a code of its own); cell: (n,) integers 0..n_cells-1.
    One pass per item, no copies of the answers. Codes or cells outside their range are refused.
    """
    codes = np.asarray(codes)
    if codes.size and (codes.min() < 0 or codes.max() >= n_codes):
        raise NumericInputError(f"option codes must lie between 0 and {n_codes - 1}")
    start = np.asarray(cell, np.int64) * n_codes
    if start.size and (start.min() < 0 or start.max() >= n_cells * n_codes):
        raise NumericInputError(f"cell codes must lie between 0 and {n_cells - 1}")
    size = n_cells * n_codes
    at, counts = np.empty_like(start), []
    for k in range(codes.shape[1]):
        np.add(start, codes[:, k], out=at)  # one place to count from, not one per item
        counts.append(np.bincount(at, minlength=size))
    return np.stack(counts).reshape(codes.shape[1], n_cells, n_codes)


def aggregate(values: np.ndarray, *, cell: np.ndarray, n_cells: int) -> CellSums:
    """R, S1, S2 per cell from single responses; nan is not a valid answer, cell codes run from 0 to
    n_cells-1."""
    values = np.asarray(values, float)
    valid = ~np.isnan(values)
    codes, scores = np.asarray(cell)[valid], values[valid]
    return CellSums(
        R=np.bincount(codes, minlength=n_cells).astype(float),
        S1=np.bincount(codes, weights=scores, minlength=n_cells),
        S2=np.bincount(codes, weights=scores**2, minlength=n_cells),
    )


def item_mean(values: np.ndarray, *, least_share: float = 0.0) -> np.ndarray:
    """Mean of each respondent's valid items (n, K) → (n,); nan if fewer than `least_share` of the items,
    or none, were answered. A derived item: its own tally keeps every later figure exact."""
    values = np.asarray(values, float)
    valid = ~np.isnan(values)
    answered = valid.sum(axis=1)
    enough = (answered > 0) & (answered >= least_share * values.shape[1])
    total = np.where(valid, values, 0.0).sum(axis=1)
    return np.where(enough, total / np.maximum(answered, 1), np.nan)


def all_satisfied(values: np.ndarray) -> np.ndarray:
    """1 if every valid item of the respondent is 1 (satisfied), 0 if one is not, nan without a valid item."""
    values = np.asarray(values, float)
    valid = ~np.isnan(values)
    return np.where(valid.any(axis=1), np.where(valid, values >= 1, True).all(axis=1), np.nan)


@dataclass(frozen=True)
class PairSums:
    """Sums per cell over the responses valid on both items of a pair, arrays (g, K, K).

    n[c, k, l]: such responses; first[c, k, l]: sum of the scores of item k over them; products[c, k, l]:
    sum of the products of both scores. The diagonal holds an item's own valid answers, sum and sum of
    squares.
    """

    n: np.ndarray
    first: np.ndarray
    products: np.ndarray

    def __post_init__(self) -> None:
        if not (self.n.shape == self.first.shape == self.products.shape and self.n.ndim == 3):
            raise NumericInputError("pair sums are three arrays of cells × items × items")


def pair_sums(values: np.ndarray, *, cell: np.ndarray, n_cells: int) -> PairSums:
    """Pair sums from single responses: values (n, K) scores, nan where invalid; cell (n,) codes."""
    values, cell = np.asarray(values, float), np.asarray(cell)
    order = np.argsort(cell, kind="stable")
    bounds = np.searchsorted(cell, np.arange(n_cells + 1), sorter=order)
    k = values.shape[1]
    n, first, products = (np.zeros((n_cells, k, k)) for _ in range(3))
    for c in range(n_cells):
        scores = values[order[bounds[c] : bounds[c + 1]]]
        valid = (~np.isnan(scores)).astype(float)
        filled = np.where(valid > 0, scores, 0.0)
        n[c], first[c], products[c] = valid.T @ valid, filled.T @ valid, filled.T @ filled
    return PairSums(n, first, products)
