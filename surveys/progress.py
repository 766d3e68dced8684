"""How the fieldwork stands: replies counted so far against the number aimed at. Counts only, no answers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Sum

from surveys.audiences import AUDIENCES
from surveys.models import Collector, School, Tally, Wave, WaveAudience
from surveys.queries import replies_by_collector


@dataclass(frozen=True)
class Progress:
    """Replies against a target; a target of 0 means that none was set."""

    replies: int
    target: int

    @property
    def percent(self) -> int | None:
        """Whole percent, rounded down so that 100 means reached; None without a target."""
        return self.replies * 100 // self.target if self.target else None

    @property
    def is_full(self) -> bool:
        return self.target > 0 and self.replies >= self.target

    def __add__(self, other: Progress) -> Progress:
        return Progress(self.replies + other.replies, self.target + other.target)


NOTHING = Progress(0, 0)


@dataclass(frozen=True)
class AudienceProgress:
    audience: str
    scope: str
    collectors: int
    progress: Progress


@dataclass(frozen=True)
class SchoolProgress:
    """One school of a wave; `by_audience` lists all audiences asked at schools, None where it has none."""

    school: School
    progress: Progress
    by_audience: tuple[tuple[str, Progress | None], ...]


@dataclass(frozen=True)
class WaveProgress:
    total: Progress
    audiences: tuple[AudienceProgress, ...]
    school_audiences: tuple[str, ...]
    schools: tuple[SchoolProgress, ...]


def wave_progress(wave: Wave) -> WaveProgress:
    """All of a wave in four queries, whatever the number of schools and replies."""
    replies = replies_by_collector(wave)
    rows = list(wave.audiences.all())
    collectors = list(wave.collectors.select_related("school__township"))
    at_audience: dict[str, list[Collector]] = defaultdict(list)
    at_school: dict[School, dict[str, Progress]] = defaultdict(dict)
    for collector in collectors:
        at_audience[collector.audience].append(collector)
        if collector.school:
            cell = at_school[collector.school]
            cell[collector.audience] = cell.get(collector.audience, NOTHING) + _of(collector, replies)
    audiences = tuple(_audience(row, at_audience[row.audience], replies) for row in rows)
    school_audiences = tuple(row.audience for row in rows if _scope(row.audience) == "school")
    return WaveProgress(
        total=sum((each.progress for each in audiences), NOTHING),
        audiences=audiences,
        school_audiences=school_audiences,
        schools=tuple(
            SchoolProgress(
                school=school,
                progress=sum(cells.values(), NOTHING),
                by_audience=tuple((audience, cells.get(audience)) for audience in school_audiences),
            )
            for school, cells in at_school.items()
        ),
    )


def progress_of_waves(waves: Iterable[Wave]) -> dict[int, Progress]:
    """Replies against target of several waves, by wave id: two queries."""
    ids = [wave.pk for wave in waves]
    replies = dict(
        Tally.objects.filter(collector__wave__in=ids)
        .values_list("collector__wave_id")
        .annotate(total=Sum("responses"))
    )
    targets = dict(
        WaveAudience.objects.filter(wave__in=ids).values_list("wave_id").annotate(total=Sum("target"))
    )
    return {pk: Progress(replies.get(pk, 0), targets.get(pk, 0)) for pk in ids}


def progress_of_collectors(collectors: Iterable[Collector]) -> dict[int, Progress]:
    """Replies against target of these collectors, by collector id: one query."""
    collectors = list(collectors)
    replies = dict(
        Tally.objects.filter(collector__in=collectors)
        .values_list("collector_id")
        .annotate(total=Sum("responses"))
    )
    return {collector.pk: _of(collector, replies) for collector in collectors}


def _of(collector: Collector, replies: dict[int, int]) -> Progress:
    return Progress(replies.get(collector.pk, 0), collector.target)


def _audience(row: WaveAudience, collectors: list[Collector], replies: dict[int, int]) -> AudienceProgress:
    counted = sum(replies.get(collector.pk, 0) for collector in collectors)
    return AudienceProgress(
        row.audience, _scope(row.audience), len(collectors), Progress(counted, row.target)
    )


def _scope(audience: str) -> str:
    return AUDIENCES[audience].scope if audience in AUDIENCES else "county"
