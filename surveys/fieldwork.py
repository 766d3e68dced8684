"""How the fieldwork stands, school by school: replies against quota, pace, forecast, valid-return rate.

Counts only, no answers. Words: *valid* replies are those stored and not voided. *Handed out* are the slips of
batches recorded as handed out; where a school hands out none for an audience, its target stands in for them.
The forecast lets the pace of the last three days go on until the last day ends; no more is claimed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Count, Min, Sum
from django.db.models.functions import TruncDate

from surveys.models import (
    AccessCode,
    Batch,
    BatchKind,
    Channel,
    Collector,
    PosterOpening,
    PrintJob,
    Response,
    School,
    SlipBatch,
    Wave,
)
from surveys.progress import Progress
from surveys.queries import replies_by_collector

PACE_DAYS = 3
SHORTEST_WINDOW_DAYS = 0.5  # on the first morning: an hour's replies are no day's pace
LOWEST_RETURN = 0.70  # 有效回收率, the floor of the provincial notices
ROUNDING = 1e-9  # a sum of thirds that makes a whole reply is one


@dataclass(frozen=True)
class Stand:
    """Counts of one cell, or of several added up. `coming`: replies forecast from now to the closing."""

    replies: int = 0
    voided: int = 0
    target: int = 0
    coming: float = 0.0
    returned: int = 0  # valid replies the rate counts …
    handed_out: int = 0  # … of so many slips handed out, or aimed at
    slips: int = 0  # slips handed out, where there are any

    def __add__(self, other: Stand) -> Stand:
        return Stand(*(mine + theirs for mine, theirs in zip(self.values, other.values, strict=True)))

    @property
    def values(self) -> tuple[int | float, ...]:
        return (
            self.replies, self.voided, self.target, self.coming, self.returned, self.handed_out, self.slips
        )  # fmt: skip

    @property
    def progress(self) -> Progress:
        return Progress(self.replies, self.target)

    @property
    def rate(self) -> float | None:
        """Valid-return rate 有效回收率 (0–1, may exceed 1); None where nothing was handed out or aimed at."""
        return self.returned / self.handed_out if self.handed_out else None

    @property
    def forecast(self) -> int:
        """Valid replies at the closing, rounded down."""
        return self.replies + int(self.coming + ROUNDING)

    @property
    def shortfall(self) -> int:
        return max(0, self.target - self.forecast)

    @property
    def expected_rate(self) -> float | None:
        """The valid-return rate if the pace goes on; of a wave that is over the rate itself."""
        return (self.returned + self.forecast - self.replies) / self.handed_out if self.handed_out else None

    @property
    def is_alarm(self) -> bool:
        return self.expected_rate is not None and self.expected_rate < LOWEST_RETURN


@dataclass(frozen=True)
class Pace:
    """`window_days` of replies count as the pace, which goes on for `left_days` (0 when the wave is over)."""

    window_days: float
    left_days: float

    def coming(self, recent: int, *, places: int | None = None) -> float:
        """Replies to come at the pace of `recent` ones in the window, up to the places a hard stop leaves."""
        more = recent / self.window_days * self.left_days
        return more if places is None else min(more, places)


@dataclass(frozen=True)
class SchoolStand:
    """One school: its total, a Stand per audience asked there. `is_out`: codes were printed or shown."""

    school: School
    total: Stand
    audiences: Mapping[str, Stand]
    full: frozenset[str]
    is_out: bool


@dataclass(frozen=True)
class TownshipStand:
    name: str
    schools: int
    behind: int
    total: Stand


@dataclass(frozen=True)
class Fieldwork:
    """`audiences`: all of them with their total; `full`: those whose hard stop of the county is reached;
    `school_audiences`: those asked at schools, in order."""

    total: Stand
    audiences: Mapping[str, Stand]
    full: frozenset[str]
    school_audiences: tuple[str, ...]
    schools: tuple[SchoolStand, ...]
    townships: tuple[TownshipStand, ...]
    pace: Pace
    by_day: tuple[tuple[date, int], ...]


def fieldwork(wave: Wave, *, now: datetime) -> Fieldwork:
    """All of a wave in a fixed number of queries, whatever the number of schools and replies."""
    pace, since = _pace(wave, now)
    counted = _counts(wave, since)
    limits = {
        (stop.audience, stop.school_id, stop.township_id): stop.limit
        for stop in wave.hard_stops.filter(channel="")
    }
    by_audience: dict[str, Stand] = {row.audience: Stand() for row in wave.audiences.all()}
    at_school: dict[School, dict[str, Stand]] = defaultdict(dict)
    out: set[int] = set()
    for (audience, school, township), collectors in _by_place(wave):
        limit = limits.get((audience, school and school.pk, township))
        stand = _stand(collectors, counted, pace=pace, limit=limit)
        by_audience[audience] = by_audience.get(audience, Stand()) + stand
        if school is not None:
            at_school[school][audience] = stand
            if counted.everywhere or any(one.pk in counted.out for one in collectors):
                out.add(school.pk)
    full = set()
    for audience, stand in by_audience.items():
        limit = limits.get((audience, None, None))
        if limit is not None:
            places = max(0, limit - stand.replies)
            by_audience[audience] = replace(stand, coming=min(stand.coming, places))
            full |= set() if places else {audience}
    schools = tuple(
        SchoolStand(
            school,
            sum(cells.values(), Stand()),
            cells,
            frozenset(
                audience
                for audience, stand in cells.items()
                if stand.replies >= limits.get((audience, school.pk, None), stand.replies + 1)
            ),
            school.pk in out,
        )
        for school, cells in at_school.items()
    )
    asked = {audience for one in schools for audience in one.audiences}
    return Fieldwork(
        total=sum(by_audience.values(), Stand()),
        audiences=by_audience,
        full=frozenset(full),
        school_audiences=tuple(audience for audience in by_audience if audience in asked),
        schools=schools,
        townships=_townships(schools),
        pace=pace,
        by_day=_by_day(wave),
    )


@dataclass(frozen=True)
class _Counts:
    replies: Mapping[int, int]
    voided: Mapping[int, int]
    recent: Mapping[int, int]
    slips: Mapping[int, int]
    out: frozenset[int]
    everywhere: bool  # the bureau fetched posters or slips of the whole county


def _counts(wave: Wave, since: datetime) -> _Counts:
    """Everything that is counted per collector."""
    own = Response.objects.filter(collector__wave=wave).order_by()
    first = wave.batches.filter(sealed_at__gte=since).aggregate(first=Min("pk"))["first"]
    recent = own.filter(batch_id__gte=first, void__isnull=True) if first else own.none()
    handed = wave.slip_batches.filter(state=SlipBatch.State.HANDED_OUT)
    void_codes = AccessCode.objects.filter(
        batch__wave=wave, batch__state=SlipBatch.State.HANDED_OUT, state=AccessCode.State.VOID
    )
    slips = dict(handed.order_by().values_list("collector_id").annotate(Sum("count")))
    for collector, count in void_codes.order_by().values_list("collector_id").annotate(Count("pk")):
        slips[collector] -= count
    openings = PosterOpening.objects.filter(collector__wave=wave).values_list("pk", flat=True)
    jobs = wave.print_jobs.filter(downloads__gt=0)
    printed = wave.slip_batches.exclude(state=SlipBatch.State.PREPARED).values_list("collector_id", flat=True)
    return _Counts(
        replies=replies_by_collector(wave),
        voided=_per_collector(own.filter(void__isnull=False)),
        recent=_per_collector(recent),
        slips=slips,
        out=frozenset(openings) | frozenset(printed),
        everywhere=jobs.filter(collector__isnull=True, school__isnull=True)
        .exclude(kind=PrintJob.Kind.SLIPS)
        .exists(),
    )


def _per_collector(responses) -> dict[int, int]:
    return dict(responses.values_list("collector_id").annotate(Count("pk")))


def _by_place(wave: Wave) -> Iterable[tuple[tuple[str, School | None, int | None], list[Collector]]]:
    found: dict[tuple[str, School | None, int | None], list[Collector]] = defaultdict(list)
    for collector in wave.collectors.select_related("school__township").order_by("school__code", "pk"):
        found[collector.audience, collector.school, collector.township_id].append(collector)
    return found.items()


def _stand(collectors: Iterable[Collector], counted: _Counts, *, pace: Pace, limit: int | None) -> Stand:
    """One audience at one place, its channels together."""
    replies = voided = target = recent = slips = on_slips = 0
    for one in collectors:
        replies += counted.replies.get(one.pk, 0)
        voided += counted.voided.get(one.pk, 0)
        recent += counted.recent.get(one.pk, 0)
        target += one.target
        slips += counted.slips.get(one.pk, 0)
        on_slips += counted.replies.get(one.pk, 0) if one.channel == Channel.SLIPS else 0
    returned, handed_out = (on_slips, slips) if slips else (replies if target else 0, target)
    coming = pace.coming(recent, places=None if limit is None else max(0, limit - replies))
    return Stand(replies, voided, target, coming, returned, handed_out, slips)


def _pace(wave: Wave, now: datetime) -> tuple[Pace, datetime]:
    """The pace's window and the days left; times are Beijing times."""
    zone = ZoneInfo(settings.TIME_ZONE)
    begin = datetime.combine(wave.starts_on, time(), tzinfo=zone)
    end = datetime.combine(wave.ends_on + timedelta(days=1), time(), tzinfo=zone)
    until = min(now, end)
    since = max(begin, until - timedelta(days=PACE_DAYS))
    day = timedelta(days=1)
    window = max((until - since) / day, SHORTEST_WINDOW_DAYS)
    left = max((end - now) / day, 0.0) if wave.is_open else 0.0
    return Pace(window, min(left, (end - begin) / day)), since


def _by_day(wave: Wave) -> tuple[tuple[date, int], ...]:
    """Replies received per day, void ones included, as the batches were sealed."""
    rows = (
        Batch.objects.filter(wave=wave, kind=BatchKind.INTAKE)
        .order_by()
        .values_list(TruncDate("sealed_at", tzinfo=ZoneInfo(settings.TIME_ZONE)))
        .annotate(Sum("responses_count"))
    )
    return tuple(sorted(rows))


def _townships(schools: Iterable[SchoolStand]) -> tuple[TownshipStand, ...]:
    found: dict[str, list[SchoolStand]] = defaultdict(list)
    for one in schools:
        found[one.school.township.name].append(one)
    return tuple(
        TownshipStand(
            name,
            len(rows),
            sum(1 for one in rows if one.total.target and not one.total.progress.is_full),
            sum((one.total for one in rows), Stand()),
        )
        for name, rows in sorted(found.items())
    )
