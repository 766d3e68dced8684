"""Hard stops (硬性名额): no more replies than agreed, however many phones send at the same moment.

What is stored is read from the tallies of the stop's collectors inside intake's transaction, while it holds
the wave's writing lock: nobody else can add or void a reply of the wave between the look and the commit. A
counter of its own would be a second truth; this way voiding frees places at once and nothing can drift.
Only waves with `has_hard_stops` come here; intake reads that flag with the wave's state: others pay nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

from surveys.models import Collector, Wave, WaveEvent

_STOP = 's.wave_id, s.audience, s.school_id, s.township_id, s.channel, s."limit"'
_STORED = (
    f"SELECT {_STOP}, COALESCE(SUM(t.responses), 0) FROM surveys_hardstop s"  # noqa: S608 - our own names
    " LEFT JOIN surveys_collector c ON c.audience = s.audience"
    " AND (s.channel = '' OR c.channel = s.channel) AND {place}"
    " LEFT JOIN surveys_tally t ON t.collector_id = c.id"
    f" WHERE s.wave_id IN ({{waves}}) AND {{which}} GROUP BY s.id, {_STOP}"
)
# Two halves, so that a school's stop finds its collectors by the index on their school; the plus keeps
# SQLite from going through all of the wave's collectors instead.
_OF_SCHOOLS = {
    "place": "c.school_id = s.school_id AND +c.wave_id = s.wave_id",
    "which": "s.school_id IN ({schools})",
}
_OF_OTHERS = {
    "place": "c.wave_id = s.wave_id AND (s.township_id IS NULL OR c.township_id = s.township_id)",
    "which": "s.school_id IS NULL AND (s.township_id IS NULL OR s.township_id IN ({townships}))",
}


@dataclass
class Stop:
    """A hard stop and how many replies count towards it now."""

    wave_id: int
    audience: str
    school_id: int | None
    township_id: int | None
    channel: str
    limit: int
    replies: int

    @property
    def is_full(self) -> bool:
        return self.replies >= self.limit


class Places:
    """The places left under these stops while a batch is put together. The caller holds the waves' locks."""

    def __init__(self, stops: Iterable[Stop] = ()):
        self._stops = {
            (one.wave_id, one.audience, one.school_id, one.township_id, one.channel): one for one in stops
        }

    def has_room(self, collector: Collector) -> bool:
        return not any(stop.is_full for stop in self._over(collector))

    def take(self, collector: Collector) -> None:
        for stop in self._over(collector):
            stop.replies += 1

    def _over(self, collector: Collector) -> list[Stop]:
        """The stops of the collector's place and of the whole county, with its channel or any."""
        if not self._stops:
            return []
        places = {(collector.school_id, collector.township_id), (None, None)}
        keys = [
            (collector.wave_id, collector.audience, *place, channel)
            for place in places
            for channel in ("", collector.channel)
        ]
        return [self._stops[key] for key in keys if key in self._stops]


def places_left(wave_ids: Iterable[int], collectors: Iterable[Collector]) -> Places:
    """The stops that these collectors fall under: one statement, none without waves."""
    wave_ids = list(wave_ids)
    return Places(_stops(wave_ids, list(collectors))) if wave_ids else Places()


def is_full(collector: Collector) -> bool:
    """Whether a phone that comes now would find no place left. For showing pages; intake looks again."""
    if not collector.wave.has_hard_stops:
        return False
    return not Places(_stops([collector.wave_id], [collector])).has_room(collector)


def record_beyond(wave: Wave, collector_ids: Iterable[int], *, reason: str, by: Any, now: datetime) -> None:
    """Notes among the wave's events which hard stops these collectors now exceed, if any."""
    if not wave.has_hard_stops:
        return
    stops = _stops([wave.pk], list(wave.collectors.filter(pk__in=list(collector_ids))))
    beyond = [
        {"audience": one.audience, "school": one.school_id, "township": one.township_id,
         "limit": one.limit, "replies": one.replies}
        for one in stops if one.replies > one.limit
    ]  # fmt: skip
    if beyond:
        detail = {"reason": reason, "stops": beyond}
        WaveEvent.objects.create(wave=wave, action="hard_stop_exceeded", by=by, at=now, detail=detail)


def _stops(wave_ids: Sequence[int], collectors: Sequence[Collector]) -> list[Stop]:
    schools = sorted({one.school_id for one in collectors if one.school_id}) or [-1]
    townships = sorted({one.township_id for one in collectors if one.township_id}) or [-1]
    statement, values = [], []
    for half, places in ((_OF_SCHOOLS, schools), (_OF_OTHERS, townships)):
        which = half["which"].format(schools=_marks(places), townships=_marks(places))
        statement.append(_STORED.format(place=half["place"], which=which, waves=_marks(wave_ids)))
        values += [*wave_ids, *places]
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(statement), values)
        return [Stop(*row[:6], int(row[6])) for row in cursor.fetchall()]


def _marks(values: Sequence[int]) -> str:
    return ",".join(["%s"] * len(values))
