"""Reliability of few, top-heavy answer categories: alpha of the correlations behind the cut answers.

With five options and most people on the upper two, ordinary correlations are pressed towards 0 and alpha with
them. The polychoric correlation asks which correlation of two normal scales, cut where the answers are cut,
makes the table of two items most likely. A note beside the ordinary alpha, not a headline.

Sources: Olsson 1979 (two-step estimate); Drezner and Wesolowsky 1990 (bivariate normal by an integral over
the angle); Zumbo, Gadermann and Zeisser 2007 (ordinal alpha).
"""

import numpy as np
from numpy.typing import ArrayLike
from scipy import optimize, special

from scoring.numeric.errors import NotComputable, NumericInputError
from scoring.numeric.reliability import alpha_from_covariance

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(40)
_LARGEST = 0.999


def ordinal_alpha(answers: ArrayLike, *, weights: ArrayLike | None = None) -> float:
    """Cronbach's alpha of the polychoric correlations of the columns of `answers`, over complete rows.

    `answers`: rows × items of ordered codes, NaN = missing or don't know; `weights` on any scale. Items
    everybody answered alike and fewer than two items are not computable. Higher than the ordinary alpha as a
    rule; it speaks of the scales behind the answers, not of the sum of the answers.
    """
    return alpha_from_covariance(polychoric_matrix(answers, weights=weights))


def polychoric_matrix(answers: ArrayLike, *, weights: ArrayLike | None = None) -> np.ndarray:
    """Polychoric correlation of every pair of columns, over rows complete on all (items × items).

    Not forced to be positive definite. About a millisecond per pair whatever the number of rows.
    """
    table = np.asarray(answers, dtype=float)
    if table.ndim != 2:
        raise NumericInputError("answers must be a table of rows and items")
    w = np.ones(len(table)) if weights is None else np.asarray(weights, dtype=float)
    if w.shape != (len(table),) or np.any(w < 0):
        raise NumericInputError("one weight ≥ 0 per row")
    used = ~np.isnan(table).any(axis=1) & (w > 0)
    table, w = table[used], w[used]
    items = table.shape[1]
    codes = [np.unique(table[:, k], return_inverse=True)[1] for k in range(items)]
    result = np.eye(items)
    for i in range(items):
        for j in range(i):
            pair = np.zeros((codes[i].max(initial=0) + 1, codes[j].max(initial=0) + 1))
            np.add.at(pair, (codes[i], codes[j]), w)
            result[i, j] = result[j, i] = polychoric(pair)
    return result


def polychoric(counts: ArrayLike) -> float:
    """Polychoric correlation of a table of two items' (weighted) counts, rows and columns in rising order.

    Two steps: cuts from the margins, then maximum likelihood of the correlation. Kept within ±0.999; empty
    rows and columns are left out; a single row or column left is not computable.
    """
    table = np.asarray(counts, dtype=float)
    if table.ndim != 2 or np.any(table < 0):
        raise NumericInputError("a table of counts ≥ 0 is needed")
    table = table[table.sum(axis=1) > 0][:, table.sum(axis=0) > 0]
    if min(table.shape, default=0) < 2:
        raise NotComputable("everybody gave the same answer to an item", code="item_without_spread")
    share = table / table.sum()
    rows = special.ndtri(np.cumsum(share.sum(axis=1))[:-1])
    columns = special.ndtri(np.cumsum(share.sum(axis=0))[:-1])
    # Cells are differences of the distribution function at the cuts, with 0 and the margins outside.
    below = np.zeros((len(rows) + 2, len(columns) + 2))
    below[-1, 1:-1], below[1:-1, -1], below[-1, -1] = special.ndtr(columns), special.ndtr(rows), 1.0

    def negative_loglik(rho: float) -> float:
        below[1:-1, 1:-1] = bivariate_normal_cdf(rows[:, None], columns[None, :], rho)
        cells = np.diff(np.diff(below, axis=0), axis=1)
        return -float((share * np.log(np.maximum(cells, 1e-300))).sum())

    found = optimize.minimize_scalar(
        negative_loglik, bounds=(-_LARGEST, _LARGEST), method="bounded", options={"xatol": 1e-9}
    )
    return float(found.x)


def bivariate_normal_cdf(x: ArrayLike, y: ArrayLike, rho: float) -> np.ndarray:
    """P(X ≤ x, Y ≤ y) of two standard normals with correlation rho in (−1, 1), elementwise; error below 1e-7
    for |rho| up to 0.999."""
    x, y = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    top = np.arcsin(rho)
    angle = top * (_NODES + 1) / 2
    sine, cosine2 = np.sin(angle), np.cos(angle) ** 2
    a, b = x[..., None], y[..., None]
    density = np.exp(-(a**2 + b**2 - 2 * a * b * sine) / (2 * cosine2))
    return special.ndtr(x) * special.ndtr(y) + (density @ _WEIGHTS) * top / 2 / (2 * np.pi)
