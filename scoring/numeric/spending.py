"""Group-sequential bounds for looks that are planned: how large z must be at each look.

Lan–DeMets: a spending function says how much of the error may be used up by each information fraction; the
bounds follow from the joint normal distribution of the looks, computed by recursive integration.

Sources: Lan and DeMets 1983; O'Brien and Fleming 1979; Armitage, McPherson and Rowe 1969;
Jennison and Turnbull 2000, chapters 7 and 19.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats
from scipy.optimize import brentq
from scipy.special import ndtr

from scoring.numeric.errors import NumericInputError

SPENDING = ("obf", "pocock", "power", "hsd")
_REACH = 9.0  # standard deviations beyond which the density is taken as 0


@dataclass(frozen=True)
class SpendingBounds:
    """One entry per look, in the order of the information fractions."""

    z: np.ndarray  # stop with "met" when the z value reaches this
    cumulative_alpha: np.ndarray
    nominal_p: np.ndarray  # one-sided p value that belongs to z


def spent_alpha(
    fractions: ArrayLike, *, alpha: float, spending: str, shape: float | None = None
) -> np.ndarray:
    """Error spent up to each information fraction (0–1; above 1 counts as 1).

    "obf": 2(1 − Φ(z_{1−α/2}/√t)), strict early (O'Brien–Fleming type); "pocock": α ln(1 + (e−1)t), even;
    "power": α t^shape (default 3); "hsd": Hwang–Shih–DeCani with gamma = shape (default −4).
    """
    t = np.minimum(np.asarray(fractions, dtype=float), 1.0)
    if spending == "obf":
        with np.errstate(divide="ignore"):
            return 2 * stats.norm.sf(stats.norm.isf(alpha / 2) / np.sqrt(t))
    if spending == "pocock":
        return alpha * np.log1p((np.e - 1) * t)
    if spending == "power":
        return alpha * t ** (3.0 if shape is None else shape)
    if spending == "hsd":
        gamma = -4.0 if shape is None else shape
        return alpha * t if gamma == 0 else alpha * np.expm1(-gamma * t) / np.expm1(-gamma)
    raise NumericInputError(f"unknown spending function {spending!r}; allowed are {', '.join(SPENDING)}")


def alpha_spending_bounds(
    information_fractions: ArrayLike,
    *,
    alpha: float,
    spending: str = "obf",
    shape: float | None = None,
    information: ArrayLike | None = None,
) -> SpendingBounds:
    """One-sided bounds for planned looks; under the threshold the chance to cross any of them is `alpha`.

    `information_fractions`: rising, in (0, 1], n* at the look ÷ planned n*; set the closing look to 1.
    `information`: the n* really reached, if it differs from the plan (spending follows the fractions, the
    correlation of looks follows this). A look whose share of the error is below 1e-15 gets the bound of its
    own tail, slightly conservative. Accuracy about 1e-9. Five equal looks at 0.025 with "obf": 4.877, 3.357,
    2.680, 2.290, 2.031.
    """
    t = np.atleast_1d(np.asarray(information_fractions, dtype=float))
    if t.ndim != 1 or t.size == 0 or not np.all(t > 0) or np.any(np.diff(t) <= 0) or t[-1] > 1 + 1e-9:
        raise NumericInputError("information fractions must rise from above 0 to at most 1")
    if not 0 < alpha < 0.5:
        raise NumericInputError(f"the one-sided error must lie between 0 and 0.5, found {alpha}")
    info = t if information is None else np.atleast_1d(np.asarray(information, dtype=float))
    if info.shape != t.shape or not np.all(info > 0) or np.any(np.diff(info) <= 0):
        raise NumericInputError("information must rise and have one value per look")
    cumulative = spent_alpha(t, alpha=alpha, spending=spending, shape=shape)
    steps = np.diff(cumulative, prepend=0.0)
    if np.any(steps < 0) or cumulative[-1] > alpha * (1 + 1e-9):
        raise NumericInputError("this spending function does not rise to alpha; choose another shape")
    z = _bounds(info / info[-1], steps)
    return SpendingBounds(z=z, cumulative_alpha=cumulative, nominal_p=stats.norm.sf(z))


def crossing_probabilities(
    z: ArrayLike, *, information: ArrayLike, drift: float = 0.0, nodes: int | None = None
) -> np.ndarray:
    """Chance to cross the upper bounds first at each look, when z at the last look has mean `drift`.

    drift = 0 is the threshold itself; for a true share p it is (p − T)/SE at the last look. The sum is the
    power (drift > 0) or the error (drift = 0).
    """
    bounds = np.atleast_1d(np.asarray(z, dtype=float))
    info = np.atleast_1d(np.asarray(information, dtype=float))
    info = info / info[-1]
    walk = _Walk(info, drift=drift, nodes=nodes)
    probabilities = np.empty(bounds.size)
    for look, bound in enumerate(bounds):
        probabilities[look] = walk.exit_probability(look, bound * np.sqrt(info[look]))
        walk.survive(look, bound * np.sqrt(info[look]))
    return probabilities


def _bounds(info: np.ndarray, steps: np.ndarray) -> np.ndarray:
    walk = _Walk(info)
    z = np.empty(info.size)
    for look, spend in enumerate(steps):
        root = np.sqrt(info[look])
        own_tail = stats.norm.isf(spend) if spend > 0 else np.inf
        if look == 0 or spend < 1e-15:
            z[look] = own_tail
        else:
            z[look] = brentq(
                lambda zz, look=look, root=root, spend=spend: walk.exit_probability(look, zz * root) - spend,
                -_REACH,
                own_tail + 1,  # past the root also when nothing was spent before
                xtol=1e-10,
            )
        walk.survive(look, z[look] * root)
    return z


@cache
def _gauss_legendre(count: int) -> tuple[np.ndarray, np.ndarray]:
    return np.polynomial.legendre.leggauss(count)


class _Walk:
    """The score process B(t), t = information/last: density of the paths not yet stopped, on a grid."""

    def __init__(self, info: np.ndarray, *, drift: float = 0.0, nodes: int | None = None) -> None:
        self.info, self.drift = info, drift
        increments = np.diff(info, prepend=0.0)
        narrowest = np.sqrt(increments / info).min()
        # Enough nodes inside one standard deviation of the narrowest step: four times as many change 1e-13.
        count = nodes or int(np.clip(25 / narrowest, 80, 2000))
        self.unit_nodes, self.unit_weights = _gauss_legendre(count)
        self.increments = increments
        self.points = np.zeros(1)
        self.mass = np.ones(1)  # density times quadrature weight

    def exit_probability(self, look: int, bound: float) -> float:
        step = np.sqrt(self.increments[look])
        mean = self.points + self.drift * self.increments[look]
        return float(self.mass @ ndtr((mean - bound) / step))

    def survive(self, look: int, bound: float) -> None:
        t, step = self.info[look], np.sqrt(self.increments[look])
        centre = self.drift * t
        low = centre - _REACH * np.sqrt(t)
        high = min(bound, centre + _REACH * np.sqrt(t))
        points = low + (self.unit_nodes + 1) / 2 * (high - low)
        mean = self.points + self.drift * self.increments[look]
        kernel = np.exp(-0.5 * ((points[:, None] - mean) / step) ** 2) / (step * np.sqrt(2 * np.pi))
        self.mass = (kernel @ self.mass) * self.unit_weights * (high - low) / 2
        self.points = points
