"""Trimming raked weights at a cap and raking again, so that the margins hold and no weight runs away.

Source: Potter 1990; Kolenikov 2014; specification §3.4.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from scoring.numeric.errors import NotComputable, NumericInputError
from scoring.numeric.raking import Margin, prepare_margins, rake
from scoring.numeric.variance import sum_by


@dataclass(frozen=True)
class CappedWeights:
    """Weights that meet the margins under a cap; caps (g,) per row or cell; n_at_cap: responses whose
    weight lies within 1e-6 of its cap; rounds of trimming and raking; trimmed_share: part of the raked
    weight above the caps."""

    weights: np.ndarray
    caps: np.ndarray
    n_at_cap: int
    rounds: int
    trimmed_share: float


def default_caps(
    margins: Sequence[Margin], group: np.ndarray, *, counts: np.ndarray | None = None, factor: float = 1.05
) -> dict[str, float]:
    """Per group (audience) `factor` × the largest margin mean, people ÷ responses of a category.

    Every category must lie in one group, as it does when margins are crossed with the audience.
    """
    words = np.asarray(group, dtype=str)
    n = np.ones(len(words)) if counts is None else np.asarray(counts, float)
    caps: dict[str, float] = {}
    for margin in prepare_margins(margins, n):
        held = sum_by(margin.codes, n, len(margin.totals))
        owner = np.empty(len(margin.totals), dtype=object)
        owner[margin.codes] = words
        for k in np.flatnonzero(held > 0):
            caps[str(owner[k])] = max(caps.get(str(owner[k]), 0.0), factor * margin.totals[k] / held[k])
    return caps


def trim_and_rake(
    weights: np.ndarray,
    margins: Sequence[Margin],
    *,
    group: np.ndarray,
    caps: Mapping[str, float],
    counts: np.ndarray | None = None,
    tolerance: float = 1e-6,
    max_rounds: int = 1000,
) -> CappedWeights:
    """Cut weights at their group's cap and rake again from there, until max weight/cap ≤ 1 + tolerance.

    weights: already raked; group: (g,) words (audiences); caps: group → largest weight. A cap below the
    largest margin mean of its group can never be met and is refused before the loop; so is a missing cap.
    Not computable if `max_rounds` do not suffice.
    """
    words = np.asarray(group, dtype=str)
    n = np.ones(len(words)) if counts is None else np.asarray(counts, float)
    least = default_caps(margins, words, counts=n, factor=1.0)
    for name, needed in least.items():
        if name not in caps:
            raise NumericInputError(f"'{name}' has no cap for its weights")
        if caps[name] < needed * (1 - 1e-12):
            raise NumericInputError(
                f"'{name}': no weights up to {caps[name]:g} can meet its margins, since a category needs "
                f"{needed:g} people per response on average; raise the cap above that"
            )
    cap = np.array([caps.get(str(word), np.inf) for word in words])
    current = np.asarray(weights, float).copy()
    excess = float((n * np.maximum(current - cap, 0)).sum())
    share = excess / float((n * current).sum())
    rounds = 0
    while (current[n > 0] / cap[n > 0]).max() > 1 + tolerance:
        if rounds >= max_rounds:
            raise NotComputable(
                f"after {rounds} rounds of trimming and raking weights still exceed their cap; raise the cap",
                code="trimming_not_converged",
            )
        current = rake(np.minimum(current, cap), margins, counts=n).weights
        rounds += 1
    at_cap = int(round(n[(current >= cap * (1 - 1e-6))].sum()))
    return CappedWeights(current, cap, at_cap, rounds, share)
