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


def share_out_up_to(total: int, sizes: Sequence[int], most: Sequence[int]) -> list[int]:
    """`total` in proportion to `sizes`, no part larger than its `most`; what does not fit is left out.

    What one place has no room for goes to the others, again in proportion, until all is given or full.
    """
    given = [0] * len(sizes)
    while total > 0:
        open_places = [place for place in range(len(sizes)) if given[place] < most[place]]
        parts = share_out(total, [sizes[place] for place in open_places])
        for place, part in zip(open_places, parts, strict=True):
            part = min(part, most[place] - given[place])
            given[place] += part
            total -= part
        if not open_places:
            break
    return given
