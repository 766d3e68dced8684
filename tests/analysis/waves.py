"""Waves with answers for tests of results: made through the bureau's doors and the one way in."""

from __future__ import annotations

import itertools
import random
import secrets
from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal

from surveys.audiences import AUDIENCES
from surveys.intake import Submission, commit_batch
from surveys.models import Collector, County, ResidentPopulation, School, Township, Wave
from surveys.waves import AudiencePlan, close_wave, create_wave, open_wave

NOON = datetime(2026, 11, 21, 4, 0, tzinfo=UTC)
PLACES = ("urban", "town", "rural")
_codes = itertools.count(530101)


def county_with_schools(schools: int = 3, *, is_demo: bool = False, name: str = "云川县") -> County:
    """Schools in turn in city, town and village, with 120 pupils and 12 teachers each."""
    county = County.objects.create(code=str(next(_codes)), name=name, is_demo=is_demo)
    for place, people in zip(PLACES, (50_000, 30_000, 20_000), strict=True):
        ResidentPopulation.objects.create(
            county=county, location=place, people=people, source="2025年统计公报"
        )
    townships = [Township.objects.create(county=county, name=name) for name in ("城关镇", "河口镇", "青山乡")]
    School.objects.bulk_create(
        School(
            county=county, township=townships[number % 3], code=f"S{number + 1:03}",
            name=f"第{number + 1}小学", stage="primary", location=PLACES[number % 3], classes=4, teachers=12,
            pupils_by_grade={"1": 30, "2": 30, "3": 30, "5": 30},
        )
        for number in range(schools)
    )  # fmt: skip
    return county


def wave_asking(
    county: County, shares: dict[str, float], *, name: str = "2026年秋季调查", target: int = 0,
    is_open: bool = True, rule: str = "satisfied-top2", design: str = "all_schools",
) -> Wave:  # fmt: skip
    """A wave with these audiences and shares of the result; open unless a draft is wanted."""
    wave = create_wave(
        county=county, name=name, starts_on=date(2026, 11, 16), ends_on=date(2026, 11, 30), scoring_rule=rule,
        design=design, by=None, now=NOON,
        audiences=[
            AudiencePlan(
                audience=audience, questionnaire_key=AUDIENCES[audience].questionnaire,
                share=Decimal(str(share)), target=target,
                population=300 if AUDIENCES[audience].population == "given" else None,
            )
            for audience, share in shares.items()
        ],
    )  # fmt: skip
    if is_open:
        open_wave(wave, by=None, now=NOON)
    return wave


def answer(
    wave: Wave, audience: str, *overall: str, school: School | None = None, place: str = "town"
) -> None:
    """One reply per word of `overall` through the audience's (or school's) collector; topics say the same."""
    found = wave.collectors.filter(audience=audience).select_related("school", "wave")
    collector = found.get(school=school) if school else found.first()
    table = wave.audiences.get(audience=audience).version.table
    commit_batch(
        [_submission(collector, table, dict.fromkeys(_topics(table), word), place) for word in overall]
    )


def answer_everywhere(
    wave: Wave, audience: str, *, satisfied: int, others: int = 0, dont_know: int = 0, seed: int | None = None
) -> None:
    """So many replies at every collector of the audience; with a seed the topics vary around the overall."""
    chance = random.Random(seed)
    table = wave.audiences.get(audience=audience).version.table
    words = ["satisfied"] * satisfied + ["dissatisfied"] * others + ["dont_know"] * dont_know
    submissions = []
    for number, collector in enumerate(
        wave.collectors.filter(audience=audience).select_related("school", "wave")
    ):
        for word in words:
            answers = dict.fromkeys(_topics(table), word)
            if seed is not None:
                answers |= {item: _varied(word, chance) for item in _topics(table) if item != "overall"}
            submissions.append(_submission(collector, table, answers, PLACES[number % 3]))
    for start in range(0, len(submissions), 500):
        commit_batch(submissions[start : start + 500])


def close(wave: Wave, *, by=None, now: datetime = NOON) -> Wave:
    close_wave(wave, by=by, now=now)
    return wave


def _varied(word: str, chance: random.Random) -> str:
    if chance.random() < 0.8:
        return word
    return chance.choice(
        ("satisfied", "rather_satisfied", "basically_satisfied", "dissatisfied", "dont_know")
    )


def _topics(table) -> Sequence[str]:
    return [item.name for item in table.questionnaire.items if item.type == "scale"]


def _submission(collector: Collector, table, answers: dict[str, str], place: str) -> Submission:
    sheet = table.encode({"location": place, "grade_band": "g1_3", **answers}, audience=collector.audience)
    return Submission(
        collector=collector, table=table, submission_id=secrets.token_bytes(16), choices=sheet.choices,
        texts="", stratum=sheet.stratum, language="zh-hans", received_at=NOON,
    )  # fmt: skip
