"""What a province reads of a county: frozen rates of closed waves and frozen evaluations, nothing below."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.utils.translation import get_language

from analysis.models import Evaluation
from analysis.results import Figure, school_places
from analysis.suppression import hide_small_groups
from analysis.wording import verdict_word
from scoring.models import ScoreRun
from scoring.rules import read_rule
from scoring.runs import newest_run
from surveys.models import County, Wave, WaveState
from surveys.questionnaire import text_in

WAVES_SHOWN = 3


@dataclass(frozen=True)
class ClosedWave:
    """A closed wave; without a run that fits its counts it has no figure and no verdict."""

    wave: Wave
    figure: Figure | None
    verdict: str
    word: str
    rule_name: str


@dataclass(frozen=True)
class FrozenEvaluation:
    evaluation: Evaluation
    standard: str
    word: str


@dataclass(frozen=True)
class CountySummary:
    """A county: its newest closed waves, and per standard and stage its newest evaluation."""

    county: County
    waves: tuple[ClosedWave, ...]
    evaluations: tuple[FrozenEvaluation, ...]
    is_surveying: bool


def county_summaries(counties: Iterable[County]) -> list[CountySummary]:
    """One summary per county, in the order given."""
    return [_summary(county) for county in counties]


def _summary(county: County) -> CountySummary:
    closed = Wave.objects.filter(county=county, state=WaveState.CLOSED).order_by("-ends_on", "-pk")
    newest: dict[tuple[str, str], Evaluation] = {}
    frozen = Evaluation.objects.filter(county=county).order_by("-year", "-at", "-pk")
    for each in frozen.defer("standard_text"):
        newest.setdefault((each.standard_key, each.stage), each)
    return CountySummary(
        county=county,
        waves=tuple(_closed_wave(wave) for wave in closed[:WAVES_SHOWN]),
        evaluations=tuple(_frozen(each) for each in newest.values()),
        is_surveying=Wave.objects.filter(county=county, state=WaveState.OPEN).exists(),
    )


def _closed_wave(wave: Wave) -> ClosedWave:
    run = newest_run(wave)
    if run is None:
        return ClosedWave(wave, None, "", "", "")
    rule = read_rule(run.inputs["rule"]["text"], key=run.rule_key)
    figure = _headline(wave, run, headline_item=rule.items[0] if rule.form == "item" else None)
    name = text_in(rule.name, get_language() or "zh-hans")
    # A rate that may not be printed has no verdict to print either.
    verdict = run.verdict if figure.is_shown or run.estimate is None else ""
    return ClosedWave(wave, figure, verdict, verdict_word(verdict) if verdict else "", name)


def _headline(wave: Wave, run: ScoreRun, *, headline_item: str | None) -> Figure:
    """The county's rate as the county's own page prints it, behind the same suppression."""
    result = hide_small_groups(
        run.result, minimum=wave.minimum_group_size, places=school_places(wave), headline_item=headline_item
    )
    lower, upper = result.get("interval") or (None, None)
    return Figure(
        estimate=result.get("estimate"), lower=lower, upper=upper, valid=None,
        hidden=result.get("hidden", ""), limit=result["threshold"], unit=result["unit"],
    )  # fmt: skip


def _frozen(evaluation: Evaluation) -> FrozenEvaluation:
    named: Mapping[str, str] = (evaluation.result.get("standard") or {}).get("name") or {}
    name = text_in(named, get_language() or "zh-hans") if named else evaluation.standard_key
    return FrozenEvaluation(evaluation, name, verdict_word(evaluation.verdict))
