"""Several items of the same replies: what the counts per item cannot say, read from the replies themselves.

A tally knows how often each item was answered how, not which answers belong to one person. The standard
error of a mean over items needs that: the sums of the items' products per cell. Rows are read in pieces,
and the result is kept in the cache under the digest of the wave's chain, which moves with every reply.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from django.core.cache import cache

from scoring.numeric.recode import PairSums, pair_sums, score_vector
from scoring.rules import ScoringRule
from surveys.models import Response, Wave, WaveChain
from surveys.queries import TallyFrame
from surveys.tallies import READ_AT_ONCE, tables_by_collector

KEPT_SECONDS = 3600


def item_pairs_of(wave: Wave, frame: TallyFrame, *, rule: ScoringRule) -> PairSums | None:
    """The pair sums of the rule's items, one entry per row of `frame.cells`; None for a rule of one item.

    Voided replies are left out, as in the frame. None too if the wave does not ask one of the items.
    """
    if rule.form != "item_mean" or not len(frame.cells) or any(i not in frame.codes for i in rule.items):
        return None
    key = f"item-pairs-{wave.pk}-{chain_digest(wave)}-{rule.digest}"
    found = cache.get(key)
    if found is None:
        found = _pairs_of(wave, frame, rule)
        cache.set(key, found, KEPT_SECONDS)
    # A reply that came between the two readings may have brought a new cell: then the counts' rows decide.
    return found if len(found.n) == len(frame.cells) else _pairs_of(wave, frame, rule)


def chain_digest(wave: Wave) -> str:
    """The end of the wave's chain of seals, in hex: whatever is stored, voided or restored changes it."""
    digest = WaveChain.objects.filter(pk=wave.pk).values_list("digest", flat=True).first()
    return bytes(digest or b"").hex()


def _pairs_of(wave: Wave, frame: TallyFrame, rule: ScoringRule) -> PairSums:
    keys = zip(frame.cells["collector"], frame.cells["stratum"], strict=True)
    cell_of = {key: number for number, key in enumerate(keys)}
    cells, items = len(frame.cells), len(rule.items)
    sums = [np.zeros((cells, items, items)) for _ in range(3)]
    tables = tables_by_collector(wave)
    by_table: dict[int, tuple] = {}
    rows = (
        Response.objects.filter(collector__wave=wave, void__isnull=True)
        .values_list("collector_id", "stratum", "choices")
        .iterator(chunk_size=READ_AT_ONCE)
    )
    for collector, stratum, choices in rows:
        cell = cell_of.get((collector, stratum))
        if cell is None:
            continue
        table = tables[collector]
        _table, at, stored = by_table.setdefault(id(table), (table, [], []))
        at.append(cell)
        stored.append(bytes(choices))
        if len(stored) >= READ_AT_ONCE:
            _add(sums, table, at, stored, rule, cells)
            at.clear()
            stored.clear()
    for table, at, stored in by_table.values():
        if stored:
            _add(sums, table, at, stored, rule, cells)
    return PairSums(*sums)


def _add(sums: Sequence[np.ndarray], table, at, stored, rule: ScoringRule, cells: int) -> None:
    found = pair_sums(item_scores(table.matrix(stored), table, rule=rule), cell=np.array(at), n_cells=cells)
    for total, part in zip(sums, (found.n, found.first, found.products), strict=True):
        total += part


def item_scores(matrix: np.ndarray, table, *, rule: ScoringRule) -> np.ndarray:
    """The rule's points of stored answers, rows × items; NaN where an answer is not valid or not asked."""
    values = np.full((len(matrix), len(rule.items)), np.nan)
    for number, item in enumerate(rule.items):
        if item in table.positions:
            at = table.positions[item]
            points = score_vector(table.columns[at].codes, rule.valid_scores)
            values[:, number] = np.asarray(points, float)[matrix[:, at]]
    return values
