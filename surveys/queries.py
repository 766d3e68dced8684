"""What other rooms read: counts per cell, answers per response, progress of the fieldwork."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np
import pandas as pd
from django.db.models import Sum

from surveys.distribution.codes import is_slip_code, slip_digest
from surveys.hard_stops import is_full
from surveys.models import AccessCode, Collector, QuestionnaireVersion, Response, Tally, Wave
from surveys.tallies import COUNT_TYPE, tables_by_collector

ENTRY_SECONDS = 5.0
LARGEST_CACHE = 10_000


@dataclass(frozen=True)
class TallyFrame:
    """Option counts of a wave.

    `cells`: one row per collector × stratum with collector (id), audience, school (code or ""),
    township, location, channel, stratum, one column per declared stratum item, and responses.
    `counts[item]`: cells × codes array of int64, in the order of `codes[item]`; a questionnaire that
    does not ask the item counts zero everywhere.
    """

    cells: pd.DataFrame
    counts: dict[str, np.ndarray]
    codes: dict[str, tuple[str, ...]]


@dataclass(frozen=True)
class Entry:
    """What a phone's code leads to."""

    collector: Collector
    version: QuestionnaireVersion | None
    slip: bytes | None = None
    slip_is_used: bool = False
    slip_is_void: bool = False
    is_full: bool = False


def entry_of(code: str) -> Entry | None:
    """The collector (or slip) behind a code, or None. Posters are remembered for five seconds per process.

    The seconds are only for showing pages: whether a wave is open is asked again, under its lock, when
    an answer is stored.
    """
    if is_slip_code(code):
        return _slip_entry(code)
    now, cached = time.monotonic(), _entries.get(code)
    if cached and cached[0] > now:
        return cached[1]
    if cached:  # one looks again; who comes meanwhile is shown what was true until now
        _entries[code] = (now + ENTRY_SECONDS, cached[1])
    collector = _collectors().filter(code=code).first()
    if collector is None:  # not remembered: a guesser must not fill the memory
        _entries.pop(code, None)
        return None
    entry = Entry(collector, _version(collector), is_full=is_full(collector))
    if len(_entries) >= LARGEST_CACHE:
        _entries.clear()
    _entries[code] = (time.monotonic() + ENTRY_SECONDS, entry)
    return entry


_entries: dict[str, tuple[float, Entry]] = {}


def tally_frame(wave: Wave) -> TallyFrame:
    """Every count of the wave. The work depends on the number of cells, not of responses."""
    tables = tables_by_collector(wave)
    places = {
        pk: {"collector": pk, "audience": audience, "school": school or "", "township": township or "",
             "location": location, "channel": channel}
        for pk, audience, school, township, location, channel in wave.collectors.order_by().values_list(
            "pk", "audience", "school__code", "township__name", "location", "channel"
        )
    }  # fmt: skip
    rows = [
        row
        for row in Tally.objects.filter(collector__wave=wave)
        .order_by("collector_id", "stratum")
        .values_list("collector_id", "stratum", "responses", "counts")
        if row[0] in tables
    ]
    cells = pd.DataFrame([_cell(places[row[0]], row[1], row[2]) for row in rows], columns=None)
    if cells.empty:
        cells = pd.DataFrame(columns=[*CELL_COLUMNS])
    codes: dict[str, tuple[str, ...]] = {}
    for table in dict.fromkeys(tables.values()):
        for column in table.columns:
            known = codes.get(column.name, ())
            codes[column.name] = known + tuple(code for code in column.codes if code not in known)
    counts = {name: np.zeros((len(rows), len(known)), dtype=np.int64) for name, known in codes.items()}
    for table in dict.fromkeys(tables.values()):
        mine = [index for index, row in enumerate(rows) if tables[row[0]] is table]
        if not mine:
            continue
        matrix = np.frombuffer(b"".join(bytes(rows[index][3]) for index in mine), COUNT_TYPE)
        matrix = matrix.reshape(len(mine), table.slot_count)
        for column, offset in zip(table.columns, table.offsets, strict=True):
            into = [codes[column.name].index(code) for code in column.codes]
            counts[column.name][np.ix_(mine, into)] = matrix[:, offset : offset + len(column.codes)]
    return TallyFrame(cells=cells, counts=counts, codes=codes)


CELL_COLUMNS = (
    "collector", "audience", "school", "township", "location", "channel", "stratum", "responses",
)  # fmt: skip


def response_frame(wave: Wave, audience: str) -> pd.DataFrame:
    """One row per response of an audience: id, school, location, channel, received_at, seconds,
    is_void, stratum, and the code given to every item (categorical)."""
    tables = tables_by_collector(wave)
    places = {
        collector.pk: collector
        for collector in wave.collectors.filter(audience=audience).select_related("school", "township")
    }
    table = next((tables[pk] for pk in places if pk in tables), None)
    rows = list(
        Response.objects.filter(collector_id__in=places)
        .order_by("pk")
        .values_list(
            "pk", "collector_id", "stratum", "received_at", "seconds", "void_id", "source", "choices"
        )
    )
    frame = pd.DataFrame(
        [
            {
                "id": pk,
                "school": places[collector].school.code if places[collector].school else "",
                "location": stratum_of(stratum).get("location", places[collector].location),
                "channel": places[collector].channel,
                "received_at": received_at,
                "seconds": seconds,
                "is_void": void is not None,
                "source": source,
                "stratum": stratum,
            }
            for pk, collector, stratum, received_at, seconds, void, source, _ in rows
        ]
    )
    if table is None or not rows:
        return frame
    matrix = table.matrix([bytes(row[-1]) for row in rows])
    answers = {
        column.name: pd.Categorical.from_codes(matrix[:, index], categories=list(column.codes))
        for index, column in enumerate(table.columns)
        if column.name not in frame.columns  # where somebody lives stands there already
    }
    return pd.concat([frame, pd.DataFrame(answers)], axis=1)


def replies_by_collector(wave: Wave) -> dict[int, int]:
    """Replies counted so far, per collector id; collectors without one are missing."""
    rows = Tally.objects.filter(collector__wave=wave).values("collector_id").annotate(total=Sum("responses"))
    return {row["collector_id"]: row["total"] for row in rows}


def stratum_of(text: str) -> dict[str, str]:
    """ "grade_band=g1_3;location=rural" as a dict."""
    return dict(pair.split("=", 1) for pair in text.split(";") if pair)


def _cell(place: dict, stratum: str, responses: int) -> dict:
    declared = stratum_of(stratum)
    location = declared.get("location") or place["location"]
    return declared | place | {"location": location, "stratum": stratum, "responses": responses}


def _collectors():
    return Collector.objects.select_related("wave__county", "school", "township")


def _version(collector: Collector) -> QuestionnaireVersion | None:
    row = collector.wave.audiences.filter(audience=collector.audience).select_related("version").first()
    return row.version if row else None


def _slip_entry(code: str) -> Entry | None:
    digest = slip_digest(code)
    slip = AccessCode.objects.filter(digest=digest).first()
    if slip is None:
        return None
    collector = _collectors().get(pk=slip.collector_id)
    return Entry(
        collector,
        _version(collector),
        digest,
        slip_is_used=slip.state == AccessCode.State.USED,
        slip_is_void=slip.state == AccessCode.State.VOID,
        is_full=is_full(collector),
    )
