"""How many replies are aimed at: an audience's target shared out over its schools or townships."""

from __future__ import annotations

from collections.abc import Sequence


def share_out(total: int, sizes: Sequence[int]) -> list[int]:
    """`total` in whole numbers, in proportion to `sizes`, adding up exactly (largest remainders).

    Where no size is known all places count alike. The earlier place wins a tie, so that the same
    roster always gives the same targets.
    """
    if not sizes:
        return []
    weights = list(sizes) if sum(sizes) > 0 else [1] * len(sizes)
    whole = sum(weights)
    shares = [total * weight // whole for weight in weights]
    by_remainder = sorted(range(len(weights)), key=lambda place: -(total * weights[place] % whole))
    for place in by_remainder[: total - sum(shares)]:
        shares[place] += 1
    return shares
