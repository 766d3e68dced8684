"""Whose use of slips may be told: of very few slips the number used would say who has answered.

A wave's smallest group holds here as for results. Where a sum stands beside its parts, the parts hidden must
together have as many slips, or the sum would tell what they hide.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from typing import TypeVar

from surveys.models import Collector, SlipBatch
from surveys.slip_ledger import SlipCount, counts_by_batch

Key = TypeVar("Key", bound=Hashable)


def hidden_counts(counts: Mapping[Key, SlipCount], *, least: int) -> frozenset[Key]:
    """The keys of fewer than `least` slips and, until the hidden ones have `least`, the next smallest."""
    by_size = sorted((key for key in counts if counts[key].printed), key=lambda key: counts[key].printed)
    hidden: list[Key] = []
    slips = 0
    for key in by_size:
        if counts[key].printed >= least and (not hidden or slips >= least):
            break
        hidden.append(key)
        slips += counts[key].printed
    return frozenset(hidden)


def hidden_batches(collector: Collector) -> frozenset[int]:
    """The batches (ids) of an entry point whose use is not told."""
    counts = counts_by_batch(SlipBatch.objects.filter(collector=collector))
    return hidden_counts(counts, least=collector.wave.minimum_group_size)


def is_hidden(count: SlipCount, *, least: int) -> bool:
    """Whether a sum itself is of too few slips."""
    return 0 < count.printed < least
