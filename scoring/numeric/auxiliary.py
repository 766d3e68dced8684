"""Weighted least squares on auxiliary variables: the residuals that calibrated standard errors need."""

from typing import Any

import numpy as np
from scipy import sparse


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
    """Regression on auxiliaries X (g, p), dense or sparse, with fixed weights (g,).

    Collinear columns are allowed (several margins always are): the pseudo-inverse of the scaled normal
    equations is used, with one step of refinement so that well-scaled problems keep about 1e-12 relative
    accuracy. Source: Deville and Särndal 1992, residual form of the variance.
    """

    def __init__(self, x: np.ndarray | sparse.spmatrix, weights: np.ndarray) -> None:
        self._w = np.asarray(weights, float)
        thin = sparse.issparse(x)
        self._x: Any = sparse.csr_matrix(x) if thin else np.asarray(x, float)
        weighted: Any = sparse.diags(self._w) @ self._x if thin else self._x * self._w[:, None]
        self._xw = weighted.T
        gram = self._xw @ self._x
        gram = gram.toarray() if sparse.issparse(gram) else gram
        norm = np.sqrt(np.diag(gram))
        self._norm = np.where(norm > 0, norm, 1.0)
        values, vectors = np.linalg.eigh(gram / np.outer(self._norm, self._norm))
        keep = values > max(values.max(), 0.0) * 1e-12
        self._inverse = (vectors[:, keep] / values[keep]) @ vectors[:, keep].T

    def coefficients(self, y: np.ndarray) -> np.ndarray:
        """(p, k) coefficients of (g, k) values (minimum norm where columns are collinear)."""
        first = self._solve(y)
        return first + self._solve(y - self._x @ first)

    def fitted(self, y: np.ndarray) -> np.ndarray:
        """(g, k) fitted values of (g, k) values."""
        return self._x @ self.coefficients(y)

    def _solve(self, y: np.ndarray) -> np.ndarray:
        right = self._xw @ y
        return (self._inverse @ (right / self._norm[:, None])) / self._norm[:, None]
