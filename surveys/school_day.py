"""A school's open day in numbers: replies today and in all, by audience, grade and class. Counts only.

Nothing here is an answer, and no time finer than the day is told.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time
from itertools import groupby
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Count

from surveys.asked_places import GRADE_ITEM
from surveys.models import Channel, Collector, CollectorTarget, Response, SlipBatch, Tally, Wave
from surveys.progress import NOTHING, Progress, progress_of_collectors
from surveys.queries import stratum_of
from surveys.slip_ledger import SlipCount, counts_by_batch
from surveys.slip_shown import hidden_counts


@dataclass(frozen=True)
class GradeCount:
    """Replies of one grade band; `band` is the stratum's code, as g1_3."""

    band: str
    progress: Progress


@dataclass(frozen=True)
class ClassCount:
    """The slips of one class: how many it was given and how many are used, unless that is not told."""

    label: str
    slips: SlipCount
    is_hidden: bool


@dataclass(frozen=True)
class AudienceDay:
    """One audience at one school: its poster, its slips, or both."""

    audience: str
    poster: Collector | None
    slips: Collector | None
    progress: Progress
    today: int
    grades: tuple[GradeCount, ...]
    classes: tuple[ClassCount, ...]


@dataclass(frozen=True)
class SchoolDay:
    wave: Wave
    audiences: tuple[AudienceDay, ...]

    @property
    def total(self) -> Progress:
        return sum((one.progress for one in self.audiences), NOTHING)

    @property
    def today(self) -> int:
        return sum(one.today for one in self.audiences)


def school_days(collectors: Sequence[Collector], *, now: datetime) -> list[SchoolDay]:
    """One day per wave, in the order of the collectors, which are of one school. Six queries in all."""
    progress, today = progress_of_collectors(collectors), replies_today(collectors, now=now)
    grades, classes = _grades(collectors), _classes(collectors)
    days = []
    for wave_id, of_wave in groupby(collectors, key=lambda one: one.wave_id):
        by_audience: dict[str, list[Collector]] = defaultdict(list)
        for collector in of_wave:
            by_audience[collector.audience].append(collector)
        audiences = tuple(
            AudienceDay(
                audience=audience,
                poster=next((one for one in ways if one.channel == Channel.POSTER), None),
                slips=next((one for one in ways if one.channel == Channel.SLIPS), None),
                progress=sum((progress[one.pk] for one in ways), NOTHING),
                today=sum(today.get(one.pk, 0) for one in ways),
                grades=_together(grades, ways),
                classes=tuple(found for one in ways for found in classes.get(one.pk, ())),
            )
            for audience, ways in by_audience.items()
        )
        wave = next(one.wave for ways in by_audience.values() for one in ways if one.wave_id == wave_id)
        days.append(SchoolDay(wave, audiences))
    return days


def replies_today(collectors: Sequence[Collector], *, now: datetime) -> dict[int, int]:
    """Collector id → replies since midnight in Beijing that count; without any, none."""
    zone = ZoneInfo(settings.TIME_ZONE)
    midnight = datetime.combine(now.astimezone(zone).date(), time.min, zone)
    rows = Response.objects.filter(
        collector__in=[one.pk for one in collectors], received_at__gte=midnight, void__isnull=True
    )
    return dict(rows.order_by().values_list("collector_id").annotate(number=Count("pk")))


def _grades(collectors: Sequence[Collector]) -> dict[int, dict[str, Progress]]:
    ids = [one.pk for one in collectors]
    found: dict[int, dict[str, Progress]] = defaultdict(dict)
    for collector_id, band, target in CollectorTarget.objects.filter(collector__in=ids).values_list(
        "collector_id", "stratum", "target"
    ):
        found[collector_id][band] = Progress(0, target)
    for collector_id, stratum, replies in Tally.objects.filter(collector__in=ids).values_list(
        "collector_id", "stratum", "responses"
    ):
        band = stratum_of(stratum).get(GRADE_ITEM)
        if band:
            before = found[collector_id].get(band, NOTHING)
            found[collector_id][band] = before + Progress(replies, 0)
    return found


def _together(grades: dict[int, dict[str, Progress]], ways: Sequence[Collector]) -> tuple[GradeCount, ...]:
    total: dict[str, Progress] = defaultdict(lambda: NOTHING)
    for collector in ways:
        for band, progress in grades.get(collector.pk, {}).items():
            total[band] += progress
    return tuple(GradeCount(band, total[band]) for band in sorted(total))


def _classes(collectors: Sequence[Collector]) -> dict[int, list[ClassCount]]:
    batches = [
        batch
        for batch in SlipBatch.objects.filter(
            collector__in=[one.pk for one in collectors if one.channel == Channel.SLIPS]
        ).order_by("number")
        if batch.is_open
    ]
    counts = counts_by_batch(batches)
    per_class: dict[tuple[int, str], SlipCount] = defaultdict(SlipCount)
    for batch in batches:
        per_class[batch.collector_id, batch.label] += counts.get(batch.pk, SlipCount())
    found: dict[int, list[ClassCount]] = defaultdict(list)
    for collector in collectors:
        own = {label: count for (pk, label), count in per_class.items() if pk == collector.pk}
        hidden = hidden_counts(own, least=collector.wave.minimum_group_size)
        found[collector.pk] = [ClassCount(label, count, label in hidden) for label, count in own.items()]
    return found
