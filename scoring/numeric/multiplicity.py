"""Adjusted p values when one question is asked of many schools, audiences or items.

Holm for a handful of audiences ("which ones fail"), Benjamini–Hochberg for schools (a tenth of the flags may
be wrong), the others because statisticians ask for them. "All of them are met" needs no correction.

Sources: Holm 1979; Hochberg 1988; Hommel 1988; Benjamini and Hochberg 1995; Benjamini and Yekutieli 2001.
"""

import numpy as np
from numpy.typing import ArrayLike

from scoring.numeric.errors import NumericInputError

METHODS = ("holm", "hochberg", "hommel", "bonferroni", "BH", "BY", "none")
_ALIASES = {"fdr": "BH", "bh": "BH", "benjamini-hochberg": "BH", "by": "BY"}


def adjust_p_values(p: ArrayLike, *, method: str) -> np.ndarray:
    """P values adjusted for how many were looked at, in the order given; compare them with the level itself.

    `p`: probabilities 0–1 in one dimension; NaN (a school that could not be tested) stays NaN and is not
    counted as a test. `method`: one of METHODS ("fdr" is BH). Results never exceed 1 and keep the order of
    the p values. An empty input gives an empty result. A value outside 0–1 or an unknown method raises
    NumericInputError. Same definitions as R `stats::p.adjust`.

    >>> adjust_p_values([0.01, 0.04, 0.03], method="holm").round(3).tolist()
    [0.03, 0.06, 0.06]
    """
    values = np.asarray(p, dtype=float)
    name = _ALIASES.get(method.lower(), method)
    if name.lower() in {"holm", "hochberg", "hommel", "bonferroni", "none"}:
        name = name.lower()
    if name not in METHODS:
        raise NumericInputError(f"unknown adjustment {method!r}; allowed are {', '.join(METHODS)}")
    if values.ndim != 1:
        raise NumericInputError(f"p values must be a list, found {values.ndim} dimensions")
    tested = ~np.isnan(values)
    if np.any((values[tested] < 0) | (values[tested] > 1)):
        raise NumericInputError("a p value lies outside 0–1")
    adjusted = np.full(values.shape, np.nan)
    adjusted[tested] = _adjust(values[tested], name)
    return adjusted


def benjamini_hochberg(p: ArrayLike) -> np.ndarray:
    """Benjamini–Hochberg adjusted p values (false discovery rate); see `adjust_p_values`."""
    return adjust_p_values(p, method="BH")


def holm(p: ArrayLike) -> np.ndarray:
    """Holm adjusted p values (family-wise error rate); see `adjust_p_values`."""
    return adjust_p_values(p, method="holm")


def _adjust(p: np.ndarray, method: str) -> np.ndarray:
    n = len(p)
    if method == "none" or n <= 1:
        return p.copy()
    if method == "bonferroni":
        return np.minimum(1.0, n * p)
    if method == "hommel":
        return _hommel(p)
    order = np.argsort(p, kind="stable")
    rank = np.arange(1, n + 1)
    if method == "holm":
        stepped = np.maximum.accumulate((n - rank + 1) * p[order])
    else:
        factor = {
            "hochberg": n - rank + 1.0,
            "BH": n / rank,
            "BY": (1.0 / rank).sum() * n / rank,
        }[method]
        stepped = np.minimum.accumulate((factor * p[order])[::-1])[::-1]
    adjusted = np.empty(n)
    adjusted[order] = np.minimum(1.0, stepped)
    return adjusted


def _hommel(p: np.ndarray) -> np.ndarray:
    """Hommel's closed test by Simes' inequality, after the algorithm of Wright (1992)."""
    n = len(p)
    order = np.argsort(p, kind="stable")
    ordered = p[order]
    rank = np.arange(1, n + 1)
    q = np.full(n, (n * ordered / rank).min())
    adjusted = q.copy()
    for m in range(n - 1, 1, -1):
        low, high = slice(0, n - m + 1), slice(n - m + 1, n)
        q1 = (m * ordered[high] / np.arange(2, m + 1)).min()
        q[low] = np.minimum(m * ordered[low], q1)
        q[high] = q[n - m]
        adjusted = np.maximum(adjusted, q)
    result = np.empty(n)
    result[order] = np.minimum(1.0, np.maximum(adjusted, ordered))
    return result
