"""Counting answers: one row per collector and stratum, holding the count of every code of every item.

Counts are integers and add up, so they are exact however responses arrive, and taking a response away
is the same sum with a minus sign. `rebuild_tallies` counts again from the responses themselves;
`check_tallies` compares the two.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter

import numpy as np
from django.db import transaction
from django.db.models import QuerySet

from surveys import statements
from surveys.answers import AnswerTable
from surveys.models import Collector, Response, Tally, Wave, WaveChain

COUNT_TYPE = np.dtype("<u4")
READ_AT_ONCE = 20_000

TallyKey = tuple[int, str]  # collector id, stratum
StoredTallies = Mapping[TallyKey, tuple[int, bytes]]  # responses, and counts as they are stored


@dataclass
class CellCount:
    """Responses of one cell, and how often each slot of the answer table was hit."""

    responses: int
    counts: np.ndarray  # int64, one per slot


@dataclass(frozen=True)
class Difference:
    """A cell whose stored tally is not what its responses add up to."""

    collector_code: str
    stratum: str
    stored_responses: int
    counted_responses: int
    slots_that_differ: int


def count_responses(table: AnswerTable, choices: list[bytes]) -> CellCount:
    """The counts of these responses: one pass, no database. An empty list counts to zero."""
    if not choices:
        return CellCount(0, np.zeros(table.slot_count, dtype=np.int64))
    slots = table.matrix(choices) + table.offsets
    return CellCount(len(choices), np.bincount(slots.ravel(), minlength=table.slot_count))


def add_counts(
    cells: dict[TallyKey, CellCount], *, sign: int = 1, stored: StoredTallies | None = None
) -> None:
    """Adds (or with sign=-1 takes away) the counts. The caller holds the lock of the cells' wave.

    `stored` are the tallies of these cells' collectors, if the caller has read them under that lock. Raises
    ValueError when a cell would fall below zero: then tallies and responses disagree, and nothing may be
    written.
    """
    if stored is None:
        stored = statements.stored_tallies({collector_id for collector_id, _ in cells})()
    rows = []
    for key in sorted(cells):  # in key order, so that two writers can never wait for each other
        cell, (responses, counts) = cells[key], stored.get(key, (0, b""))
        responses += sign * cell.responses
        total = sign * cell.counts + (np.frombuffer(counts, COUNT_TYPE) if counts else 0)
        if responses < 0 or total.min() < 0:
            raise ValueError(f"Collector {key[0]}, stratum {key[1]!r}: a count would fall below zero.")
        rows.append((*key, responses, total.astype(COUNT_TYPE).tobytes()))
    statements.put_tallies(rows)


def recount(wave: Wave) -> dict[TallyKey, CellCount]:
    """Counts every response of the wave that is not void, from the responses themselves.

    Memory stays flat: responses are read in pieces, whatever the size of the wave.
    """
    tables = tables_by_collector(wave)
    cells: dict[TallyKey, CellCount] = {}
    for piece in _pieces(wave):
        for (collector_id, stratum), choices in piece.items():
            counted = count_responses(tables[collector_id], choices)
            before = cells.get((collector_id, stratum))
            if before:
                before.responses += counted.responses
                before.counts += counted.counts
            else:
                cells[collector_id, stratum] = counted
    return cells


def rebuild_tallies(wave: Wave) -> int:
    """Replaces the wave's tallies by a recount; returns the number of responses counted."""
    with transaction.atomic():
        WaveChain.objects.select_for_update(no_key=True).get(pk=wave.pk)
        cells = recount(wave)
        Tally.objects.filter(collector__wave=wave).delete()
        add_counts(cells)
    return sum(cell.responses for cell in cells.values())


def check_tallies(wave: Wave) -> list[Difference]:
    """Cells whose stored tally differs from a recount; an empty list when all agree."""
    with transaction.atomic():
        WaveChain.objects.select_for_update(no_key=True).get(pk=wave.pk)
        counted = recount(wave)
        stored = {(row.collector_id, row.stratum): row for row in tallies_of(wave)}
    codes = dict(wave.collectors.values_list("id", "code"))
    differences = []
    for key in sorted(counted.keys() | stored.keys()):
        row, cell = stored.get(key), counted.get(key)
        slots = len(cell.counts) if cell else len(row.counts) // COUNT_TYPE.itemsize
        before = np.frombuffer(row.counts, COUNT_TYPE) if row else np.zeros(slots, COUNT_TYPE)
        after = cell.counts if cell else np.zeros(slots, np.int64)
        wrong = int((before != after).sum())
        responses = (row.responses if row else 0, cell.responses if cell else 0)
        if wrong or responses[0] != responses[1]:
            differences.append(Difference(codes[key[0]], key[1], *responses, wrong))
    return differences


def tallies_of(wave: Wave) -> QuerySet[Tally]:
    return Tally.objects.filter(collector__wave=wave)


def tables_by_collector(wave: Wave) -> dict[int, AnswerTable]:
    """The compiled questionnaire behind each of the wave's collectors."""
    tables = {
        row.audience: row.version.table
        for row in wave.audiences.select_related("version")
        .defer("version__source")
        .filter(version__isnull=False)
    }
    return {
        collector_id: tables[audience]
        for collector_id, audience in wave.collectors.values_list("id", "audience")
        if audience in tables
    }


def _pieces(wave: Wave) -> Iterator[dict[TallyKey, list[bytes]]]:
    rows = (
        Response.objects.filter(collector__in=Collector.objects.filter(wave=wave), void__isnull=True)
        .values_list("collector_id", "stratum", "choices")
        .iterator(chunk_size=READ_AT_ONCE)
    )
    for _, numbered in groupby(enumerate(rows), key=lambda pair: pair[0] // READ_AT_ONCE):
        yield by_cell(map(itemgetter(1), numbered))


def by_cell(rows: Iterable[tuple[int, str, bytes]]) -> dict[TallyKey, list[bytes]]:
    """Groups (collector id, stratum, choices) by cell."""
    cells: dict[TallyKey, list[bytes]] = defaultdict(list)
    for collector_id, stratum, choices in rows:
        cells[collector_id, stratum].append(bytes(choices))
    return cells
