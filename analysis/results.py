"""A wave's results as they are shown: figures with names, small groups hidden, counts beside targets.

Screens, files and reports all read `wave_results`; none of them reads a score run or an estimate itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.utils.translation import get_language

from analysis.result_rows import (
    AudienceOfSchool,
    AudienceRow,
    Figure,
    LocationRow,
    SchoolRow,
    TopicRow,
)
from analysis.suppression import hide_small_groups
from scoring.models import ScoreRun
from scoring.rules import ScoringRule, read_rule, shipped_rule
from scoring.runs import estimate_now, newest_run, score_wave
from surveys.audiences import AUDIENCES
from surveys.models import Location, Wave, WaveChain
from surveys.progress import Progress, WaveProgress, progress_of_waves, wave_progress
from surveys.questionnaire import text_in

RUNNING = "running"  # answers come in: provisional, no verdict
FROZEN = "frozen"  # closed, and the frozen run fits the counts
UNFROZEN = "unfrozen"  # closed, but the counts changed after the newest run


@dataclass(frozen=True)
class WaveResults:
    """Everything a page or file shows of one wave. `result` is the suppressed dict, for what has no row."""

    wave: Wave
    state: str
    run: ScoreRun | None
    rule: ScoringRule
    result: Mapping
    figure: Figure
    verdict: str | None
    audiences: tuple[AudienceRow, ...]
    locations: tuple[LocationRow, ...]
    topics: tuple[TopicRow, ...]
    schools: tuple[SchoolRow, ...]
    progress: WaveProgress
    fingerprint: str

    @property
    def is_provisional(self) -> bool:
        return self.state != FROZEN


def wave_to_show(waves: Sequence[Wave]) -> Wave | None:
    """An open wave with replies, else the newest closed one, else an open one, else a draft; newest first."""
    running = [wave for wave in waves if wave.is_open]
    replies = progress_of_waves(running) if running else {}
    ordered = (
        [wave for wave in running if replies[wave.pk].replies]
        + [wave for wave in waves if wave.is_closed]
        + running
        + [wave for wave in waves if wave.is_draft]
    )
    return next(iter(ordered), None)


def wave_results(wave: Wave, *, now: datetime) -> WaveResults:
    """The wave's figures: computed from the counts while it is open, from the frozen run once it is closed.

    A closing that nobody has scored is scored here, once. Names are in the active language.
    """
    run = score_closing(wave, now=now) if wave.is_closed else None
    state = RUNNING if not wave.is_closed else FROZEN if run else UNFROZEN
    rule = _rule_of(wave, run)
    progress = wave_progress(wave)
    result = hide_small_groups(
        run.result if run else estimate_now(wave),
        minimum=wave.minimum_group_size,
        places=school_places(wave),
        headline_item=rule.items[0] if rule.form == "item" else None,
        is_running=state == RUNNING,
    )
    order = [row["audience"] for row in result["audiences"]]
    return WaveResults(
        wave=wave,
        state=state,
        run=run,
        rule=rule,
        result=result,
        figure=_figure(result, result),
        # Words only for what is frozen: a figure that nobody signed for has no verdict.
        verdict=result["verdict"]["verdict"] if run else None,
        audiences=_audience_rows(result, progress),
        locations=_location_rows(result),
        topics=_topic_rows(result, rule, item_names(wave), order),
        schools=_school_rows(result, progress),
        progress=progress,
        fingerprint=fingerprint(wave),
    )


def score_closing(wave: Wave, *, now: datetime) -> ScoreRun | None:
    """The run that fits the closed wave's counts; a closing that nobody has scored yet is scored now.

    None if replies were voided or restored after the last run: scoring again then is a person's decision.
    Two readers who come first together get one run: the second waits for the wave's lock and finds it.
    """
    run = newest_run(wave)
    if run or _scored_since_closing(wave):
        return run
    with transaction.atomic():
        WaveChain.objects.select_for_update(no_key=True).get(pk=wave.pk)
        if _scored_since_closing(wave):
            return newest_run(wave)
        return score_wave(wave, by=None, now=now)


def fingerprint(wave: Wave) -> str:
    """Changes whenever the wave's state or counts do: one row is read, whatever the number of replies."""
    length = WaveChain.objects.filter(pk=wave.pk).values_list("length", flat=True).first()
    return f"{wave.state}-{length}"


def school_places(wave: Wave) -> dict[str, str]:
    """School code → location, as it was when the wave opened."""
    return dict(
        wave.collectors.filter(school__isnull=False).values_list("school__code", "location").distinct()
    )


def item_names(wave: Wave) -> dict[str, str]:
    """Short names of all items the wave asks, in the active language."""
    names: dict[str, str] = {}
    for row in wave.audiences.select_related("version").filter(version__isnull=False):
        for item in row.version.questionnaire.items:
            names.setdefault(item.name, text_in(item.label, get_language() or "zh-hans"))
    return names


def audience_name(code: str) -> str:
    known = AUDIENCES.get(code)
    return known.name(get_language() or "zh-hans") if known else code


def location_name(code: str) -> str:
    return str(Location(code).label) if code in Location.values else code


def _scored_since_closing(wave: Wave) -> bool:
    closed = wave.events.filter(action="closed").order_by("-at", "-pk").first()
    runs = wave.score_runs.filter(rule_key=wave.scoring_rule)
    return (runs.filter(at__gte=closed.at) if closed else runs).exists()


def _rule_of(wave: Wave, run: ScoreRun | None) -> ScoringRule:
    """A frozen run is read under the rule it was made with, also when the program ships a newer text."""
    if run is None:
        return shipped_rule(wave.scoring_rule)
    return read_rule(run.inputs["rule"]["text"], key=run.rule_key)


def _figure(row: Mapping, result: Mapping) -> Figure:
    lower, upper = row.get("interval") or (None, None)
    return Figure(
        estimate=row.get("estimate"),
        lower=lower,
        upper=upper,
        valid=row.get("valid") if row.get("estimate") is not None else None,
        hidden=row.get("hidden", ""),
        limit=result["threshold"],
        unit=result["unit"],
    )


def _audience_rows(result: Mapping, progress: WaveProgress) -> tuple[AudienceRow, ...]:
    counted = {row.audience: row.progress for row in progress.audiences}
    return tuple(
        AudienceRow(
            code=row["audience"],
            name=audience_name(row["audience"]),
            share=row["share"],
            progress=counted.get(row["audience"], Progress(row["responses"], 0)),
            figure=_figure(row, result),
            dont_know=_part(row["dont_know"], row["responses"]),
            blank=_part(row["blank"], row["responses"]),
            contribution=None if row["estimate"] is None else row["share"] * row["estimate"],
            weights=row.get("weights"),
        )
        for row in result["audiences"]
    )


def _location_rows(result: Mapping) -> tuple[LocationRow, ...]:
    shares = result["class_shares"] or {}
    return tuple(
        LocationRow(
            row["location"], location_name(row["location"]), shares.get(row["location"]), _figure(row, result)
        )
        for row in result["locations"]
    )


def _topic_rows(
    result: Mapping, rule: ScoringRule, names: Mapping[str, str], audiences: Sequence[str]
) -> tuple[TopicRow, ...]:
    """The weakest topic first; the headline's own item is the page's large figure and not repeated."""
    rows = [
        TopicRow(
            item=topic["item"],
            name=names.get(topic["item"], topic["item"]),
            figure=_figure(topic, result),
            by_audience=tuple(_topic_part(topic, name, result) for name in audiences),
            not_asked=tuple(audience_name(name) for name in topic["not_asked"]),
        )
        for topic in result["topics"]
        if topic["item"] not in rule.items
    ]
    return tuple(sorted(rows, key=lambda row: (row.figure.estimate is None, row.figure.estimate or 0)))


def _topic_part(topic: Mapping, audience: str, result: Mapping) -> Figure | None:
    if audience not in topic["audiences"]:
        return None
    return Figure(
        estimate=topic["audiences"][audience], lower=None, upper=None,
        valid=topic["audience_valid"][audience], hidden=topic["hidden_audiences"][audience],
        limit=result["threshold"], unit=result["unit"],
    )  # fmt: skip


def _school_rows(result: Mapping, progress: WaveProgress) -> tuple[SchoolRow, ...]:
    """Every school that was asked, also those without an answer yet, in the order of their codes."""
    figures = {row["school"]: row for row in result["schools"]}
    rows = []
    for one in progress.schools:
        found = figures.get(one.school.code, {})
        parts = {row["audience"]: row for row in found.get("audiences", ())}
        rows.append(
            SchoolRow(
                school=one.school,
                progress=one.progress,
                figure=_figure(found, result),
                audiences=tuple(
                    AudienceOfSchool(code, audience_name(code), counted, _figure(parts.get(code, {}), result))
                    for code, counted in one.by_audience
                    if counted is not None
                ),
            )
        )
    return tuple(sorted(rows, key=lambda row: row.school.code))


def _part(count: int | None, whole: int) -> float | None:
    return None if count is None or not whole else count / whole
