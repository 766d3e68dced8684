"""What may be computed of a wave while answers come in: never so that one more reply can be told apart.

Whoever looks at a rate before and after a reply could read that reply off the difference. So figures of an
open wave are computed from *settled* counts: in each unit (audience × urban–rural class) the newest replies
wait until they can join `step` at a time, and at least `step` wait for the closing. Counts of replies
are not answers and are always up to date.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

import numpy as np

from surveys.asked_places import people_asked
from surveys.audiences import AUDIENCES
from surveys.models import Response, Wave
from surveys.queries import TallyFrame
from surveys.tallies import tables_by_collector


def settled_frame(wave: Wave, frame: TallyFrame, *, step: int, only_small: bool) -> TallyFrame:
    """The frame without the replies that still wait.

    only_small: settle only collectors behind which fewer people stand than `step` (a school's head, the
    three teachers of a teaching point), where a count that moves names the person who answered.
    """
    rows_of: dict[tuple[str, str], list[int]] = defaultdict(list)
    small = _small_collectors(wave, step) if only_small else None
    for row, (collector, audience, location) in enumerate(
        zip(frame.cells["collector"], frame.cells["audience"], frame.cells["location"], strict=True)
    ):
        if small is None or collector in small:
            rows_of[audience, location].append(row)
    counts = {item: table.copy() for item, table in frame.counts.items()}
    cells = frame.cells.copy()
    responses = cells["responses"].to_numpy(dtype=np.int64, copy=True)
    tables = tables_by_collector(wave)
    for rows in rows_of.values():
        n = int(responses[rows].sum())
        for row, choices in _newest(frame, rows, waiting(n, step)):
            table = tables[frame.cells["collector"].iat[row]]
            for column, index in zip(table.columns, choices, strict=True):
                counts[column.name][row, frame.codes[column.name].index(column.codes[index])] -= 1
            responses[row] -= 1
    cells["responses"] = responses
    return TallyFrame(cells=cells, counts=counts, codes=frame.codes)


def waiting(n: int, step: int) -> int:
    """How many of a unit's n replies wait: at least one step (or all there are), and fewer than two."""
    return n - max(0, n // step - 1) * step


def _newest(frame: TallyFrame, rows: list[int], count: int) -> Iterable[tuple[int, bytes]]:
    """The newest `count` replies of these rows of the frame: (row, choices)."""
    row_of = {(frame.cells["collector"].iat[row], frame.cells["stratum"].iat[row]): row for row in rows}
    found = (
        Response.objects.filter(
            collector_id__in={collector for collector, _ in row_of},
            stratum__in={stratum for _, stratum in row_of},
            void__isnull=True,
        )
        .order_by("-pk")
        .values_list("collector_id", "stratum", "choices")
    )
    for collector, stratum, choices in found[:count]:
        yield row_of[collector, stratum], bytes(choices)


def _small_collectors(wave: Wave, step: int) -> set[int]:
    return {
        collector.pk
        for collector in wave.collectors.filter(school__isnull=False).select_related("school")
        if people_asked(collector.school, AUDIENCES[collector.audience].population) < step
    }
