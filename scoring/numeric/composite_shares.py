"""Shares of a composite: of audiences, spread where one is not asked, and of classes inside an audience."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from scoring.numeric.errors import NumericInputError


@dataclass(frozen=True)
class BlockMerge:
    """A class of an audience without valid answers; its share of the population went to `into`."""

    audience: str
    location: str
    into: str


def spread_share(shares: Mapping[str, float], not_asked: Sequence[str]) -> dict[str, float]:
    """Shares after giving those of the audiences that are not asked to the others in proportion.

    Only for a county that declares so beforehand; the setting must be shown beside the figure. Refused
    when an audience is unknown or nobody is left.
    """
    unknown = [name for name in not_asked if name not in shares]
    if unknown:
        raise NumericInputError(f"audience '{unknown[0]}' has no share to spread")
    left = {name: share for name, share in shares.items() if name not in not_asked}
    total = sum(left.values())
    if total <= 0:
        raise NumericInputError("no audience with a share is left to be asked")
    return {name: share / total for name, share in left.items()}


def checked_shares(shares: Mapping[str, float], kind: str) -> dict[str, float]:
    """The shares as numbers; refused unless each lies between 0 and 1 and they add to 1 (to 1e-6)."""
    checked = {str(name): float(share) for name, share in shares.items()}
    for name, share in checked.items():
        if not np.isfinite(share) or share < 0:
            raise NumericInputError(f"the {kind} share of '{name}' is {share}; a share is between 0 and 1")
    total = sum(checked.values())
    if abs(total - 1) > 1e-6:
        raise NumericInputError(f"the {kind} shares add to {total:.6g}; they must add to 1")
    return checked


def composite_factors(
    audience: str,
    class_shares: Mapping[str, float] | None,
    places: list[str],
    valid: np.ndarray,
    weighted: np.ndarray,
    merged: list[BlockMerge] | None = None,
) -> np.ndarray:
    """Factor of each of an audience's class means (C,), adding to 1.

    valid, weighted: (C,) valid answers and Σ w R of its classes in the order of `places`. Without
    class_shares the audience's own weighted distribution; otherwise P_h, an empty class's share going to
    the nearest class (recorded in `merged`).
    """
    if class_shares is None:
        return weighted / weighted.sum()
    order = list(class_shares)
    answered = {place: valid[i] for i, place in enumerate(places)}
    for place, count in answered.items():
        if count > 0 and place not in class_shares:
            raise NumericInputError(
                f"class '{place}' has answers of '{audience}' but no share of the resident population; "
                f"classes with a share are {', '.join(order)}"
            )
    factors = np.zeros(len(places))
    for i, place in enumerate(order):
        if class_shares[place] == 0:
            continue
        target = place
        if answered.get(place, 0) == 0:
            full = [other for other in order if answered.get(other, 0) > 0]
            target = min(full, key=lambda o: (abs(order.index(o) - i), -answered[o], order.index(o)))
            if merged is not None:
                merged.append(BlockMerge(audience, place, target))
        factors[places.index(target)] += class_shares[place]
    return factors
