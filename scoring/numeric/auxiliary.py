"""Weighted least squares on auxiliary variables: the residuals that calibrated standard errors need."""

from typing import Any

import numpy as np
from scipy import sparse

from scoring.numeric.variance import sum_by


def indicator_matrix(margins: list[np.ndarray]) -> sparse.csr_matrix:
    """(g, p) 0/1 indicators of several margins given as integer codes (-1: in no category of the margin)."""
    blocks = []
    for codes in margins:
        inside = np.flatnonzero(codes >= 0)
        width = int(codes.max()) + 1 if len(codes) else 0
        ones = np.ones(len(inside))
        blocks.append(sparse.csr_matrix((ones, (inside, codes[inside])), shape=(len(codes), width)))
    return sparse.hstack(blocks, format="csr")


class AuxiliaryFit:
    """Regression of rows on auxiliaries X (c, p), dense or sparse, that are constant inside cells of rows.

    weights: (n,) fixed weights of the rows; cell: (n,) the cell of every row, None if every row is a cell
    of its own (then c = n). Only sums by cell enter, so a million rows cost what their cells cost.

    Collinear columns are allowed (several margins always are): the pseudo-inverse of the scaled normal
    equations is used, with one step of refinement so that well-scaled problems keep about 1e-12 relative
    accuracy. Source: Deville and Särndal 1992, residual form of the variance.
    """

    def __init__(
        self, x: np.ndarray | sparse.spmatrix, weights: np.ndarray, cell: np.ndarray | None = None
    ) -> None:
        self.weights = np.asarray(weights, float)
        self.cell = np.arange(len(self.weights)) if cell is None else cell
        thin = sparse.issparse(x)
        self._x: Any = sparse.csr_matrix(x) if thin else np.asarray(x, float)
        self._held = self.summed(self.weights)
        weighted: Any = sparse.diags(self._held) @ self._x if thin else self._x * self._held[:, None]
        self._xt: Any = sparse.csr_matrix(self._x.T) if thin else self._x.T
        gram = self._xt @ weighted
        gram = gram.toarray() if sparse.issparse(gram) else gram
        norm = np.sqrt(np.diag(gram))
        self._norm = np.where(norm > 0, norm, 1.0)
        values, vectors = np.linalg.eigh(gram / np.outer(self._norm, self._norm))
        keep = values > max(values.max(), 0.0) * 1e-12
        self._inverse = (vectors[:, keep] / values[keep]) @ vectors[:, keep].T

    @property
    def n_cells(self) -> int:
        """Cells of rows with the same auxiliaries."""
        return self._x.shape[0]

    def with_weights(self, weights: np.ndarray) -> "AuxiliaryFit":
        """The regression on the same auxiliaries with other weights of the rows."""
        return AuxiliaryFit(self._x, weights, self.cell)

    def summed(self, values: np.ndarray) -> np.ndarray:
        """Sums by cell of (n,) or (n, k) values of the rows."""
        return sum_by(self.cell, values, self.n_cells)

    def fitted(self, y: np.ndarray) -> np.ndarray:
        """(n, k) fitted values of the rows' (n, k) values."""
        return self.fitted_from_sums(self.summed(self.weights[:, None] * y))[self.cell]

    def fitted_from_sums(self, weighted: np.ndarray) -> np.ndarray:
        """(c, k) fitted value of every cell from the sums Σ weight · y of its rows (c, k).

        The coefficients are those of minimum norm where columns are collinear.
        """
        first = self._solve(weighted)
        left = weighted - self._held[:, None] * (self._x @ first)
        return self._x @ (first + self._solve(left))

    def _solve(self, weighted: np.ndarray) -> np.ndarray:
        right = self._xt @ weighted
        return (self._inverse @ (right / self._norm[:, None])) / self._norm[:, None]
