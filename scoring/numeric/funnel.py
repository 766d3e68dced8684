"""A funnel around the county's value: how far a school may lie from it by chance, given its size.

It replaces a league table. Schools differ a little for many reasons, so the limits are widened by the
over-dispersion seen over all schools; flags are corrected for the number of schools (Benjamini–Hochberg).

Sources: Spiegelhalter 2005 (funnel plots, winsorised over-dispersion); Benjamini and Hochberg 1995.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy import special, stats

from scoring.numeric.errors import NotComputable, NumericInputError
from scoring.numeric.multiplicity import benjamini_hochberg
from scoring.numeric.unweighted import Bounds

OVERDISPERSION = ("multiplicative", "additive", "none")


@dataclass(frozen=True)
class Funnel:
    """`limits(n)` draws the funnel; the arrays have one entry per school, NaN without answers."""

    target: float
    phi: float  # factor on the chance variance (1 = chance alone)
    tau2: float  # variance between schools added to it (0 = none)
    z: np.ndarray  # distance in chance-only standard errors
    p: np.ndarray  # two-sided, over-dispersion taken into account
    q: np.ndarray  # Benjamini–Hochberg over schools
    flagged: np.ndarray  # q ≤ the rate asked for

    def limits(self, n: ArrayLike, *, level: float = 0.95) -> Bounds:
        """Two-sided limits for schools of n answers at `level` (0.95 and 0.998 are usual), cut to 0–1."""
        size = np.asarray(n, dtype=float)
        if np.any(size <= 0) or not 0 < level < 1:
            raise NumericInputError("limits need a positive number of answers and a level between 0 and 1")
        half = stats.norm.ppf(0.5 + level / 2) * np.sqrt(
            self.phi * self.target * (1 - self.target) / size + self.tau2
        )
        return Bounds(np.clip(self.target - half, 0, 1)[()], np.clip(self.target + half, 0, 1)[()])


def funnel(
    satisfied: ArrayLike,
    *,
    n: ArrayLike,
    target: float | None = None,
    overdispersion: Literal["multiplicative", "additive", "none"] = "multiplicative",
    false_discovery_rate: float = 0.1,
    winsorised: float = 0.1,
) -> Funnel:
    """Funnel of schools' shares around `target` (the county's share; None = the pooled share).

    φ = mean of z² with the outer `winsorised` part of z on each side pulled in, divided by what a normal z
    gives under the same pulling (0.68 at a tenth; without it φ comes out a third too small), at least 1.
    "additive" turns it into a variance between schools instead, which small schools feel less. P values are
    exact binomial tails at the effective number n/deff. Not computable: no school with answers, or a target
    of 0 or 1.
    """
    y, size = np.asarray(satisfied, dtype=float), np.asarray(n, dtype=float)
    if y.ndim != 1 or y.shape != size.shape or np.any(y < 0) or np.any(y > size):
        raise NumericInputError("satisfied must lie between 0 and the number of answers in every school")
    if overdispersion not in OVERDISPERSION:
        raise NumericInputError(f"over-dispersion is one of {', '.join(OVERDISPERSION)}")
    if not 0 <= winsorised < 0.5:
        raise NumericInputError("the winsorised part lies between 0 and a half")
    seen = size > 0
    if not seen.any():
        raise NotComputable("no school has answers", code="no_answers")
    centre = float(y.sum() / size.sum()) if target is None else float(target)
    if not 0 < centre < 1:
        raise NotComputable("everybody agrees, so there is no funnel", code="no_spread")
    chance = centre * (1 - centre) / size[seen]
    z = np.full(y.shape, np.nan)
    z[seen] = (y[seen] / size[seen] - centre) / np.sqrt(chance)
    low, high = np.quantile(z[seen], [winsorised, 1 - winsorised])
    phi_hat = float(np.mean(np.clip(z[seen], low, high) ** 2)) / _winsorised_square(winsorised)
    phi, tau2 = 1.0, 0.0
    if overdispersion == "multiplicative":
        phi = max(1.0, phi_hat)
    elif overdispersion == "additive":
        w = 1 / chance
        schools, mass = int(seen.sum()), w.sum() - (w**2).sum() / w.sum()
        tau2 = max(0.0, (schools * phi_hat - (schools - 1)) / mass) if schools > 1 else 0.0
    p = np.full(y.shape, np.nan)
    p[seen] = _two_sided_tail(y[seen], size[seen], centre, phi + tau2 / chance)
    q = benjamini_hochberg(p)
    return Funnel(centre, phi, tau2, z, p, q, np.nan_to_num(q, nan=1.0) <= false_discovery_rate)


def _winsorised_square(part: float) -> float:
    """Mean of z² for a standard normal z whose outer `part` on each side is pulled in."""
    if part <= 0:
        return 1.0
    edge = stats.norm.isf(part)
    return float(1 - 2 * part - 2 * edge * stats.norm.pdf(edge) + 2 * part * edge**2)


def _two_sided_tail(y: np.ndarray, n: np.ndarray, target: float, deff: np.ndarray) -> np.ndarray:
    """2 × the smaller binomial tail at effective counts; betainc carries on between whole numbers."""
    x, size = y / deff, n / deff
    at_most = np.where(x >= size, 1.0, special.betainc(np.maximum(size - x, 1e-12), x + 1, 1 - target))
    at_least = np.where(x <= 0, 1.0, special.betainc(np.maximum(x, 1e-12), size - x + 1, target))
    return np.minimum(1.0, 2 * np.minimum(at_most, at_least))
