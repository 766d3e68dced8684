"""The demonstration county: schools through the importer, two closed waves, one open wave to try."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path

from django.db import transaction
from django.utils import timezone

from surveys.audiences import AUDIENCES
from surveys.demo.simulate import Plan, simulated_submissions
from surveys.intake import IntakeRefused, commit_batch
from surveys.models import County, DesignKind, Wave
from surveys.roster.checking import check_roster
from surveys.roster.reading import read_sheets
from surveys.roster.saving import RosterFile, import_roster
from surveys.targets import share_out
from surveys.waves import AudiencePlan, close_wave, create_wave, open_wave

ROSTER = Path(__file__).with_name("roster.csv")
CODE, NAME = "990001", "云川市（演示）"
SCORING_RULE = "satisfied-top2"
SEED = 20260918
COACHED_SCHOOL = "9900010030"
BATCH_SIZE = 200
REPLIES = {
    "parent": 5640, "student": 3180, "teacher": 1420, "principal": 57, "deputy": 168, "cppcc": 125,
    "resident": 1430,
}  # fmt: skip
TARGETS = {
    "parent": 6000, "student": 3000, "teacher": 1500, "principal": 60, "deputy": 180, "cppcc": 150,
    "resident": 1500,
}  # fmt: skip
PEOPLE = {"deputy": 246, "cppcc": 198}  # whom no roster counts
FIRST_REPLIES = 900  # of the open wave
EARLIER_REPLIES = 3000  # of the wave a year before, when people were a little less satisfied
EARLIER_MOOD = -0.09
WEEKS_OF_A_YEAR = 52
DAYS = 5


@dataclass(frozen=True)
class DemoCounty:
    county: County
    earlier_wave: Wave
    closed_wave: Wave
    open_wave: Wave


class DemoExists(Exception):
    """The demonstration county is there already and was left alone."""


def build_demo(*, now: datetime) -> DemoCounty:
    """Makes the county with its three waves, all or nothing. DemoExists if it is there already."""
    if County.objects.filter(code=CODE).exists():
        raise DemoExists(NAME)
    now = timezone.localtime(now)
    with transaction.atomic():
        county = schools_of_the_demo(now=now)
        return DemoCounty(
            county, _earlier_wave(county, now=now), _closed_wave(county, now=now), _open_wave(county, now=now)
        )


def schools_of_the_demo(*, now: datetime) -> County:
    """The county with its schools and residents, imported from the roster like any other."""
    county = County.objects.create(code=CODE, name=NAME, is_demo=True)
    content = ROSTER.read_bytes()
    import_roster(
        county, check_roster(read_sheets(content, file_name=ROSTER.name)),
        file=RosterFile.of(content, name=ROSTER.name), by=None, now=now,
    )  # fmt: skip
    return county


def opened_wave(county: County, days: list[date], *, at: datetime) -> Wave:
    """A wave from the first to the last of these days that asks every audience, open since `at`."""
    wave = create_wave(
        county=county, name=f"{days[0].year}年{days[0].month}月社会认可度自测", starts_on=days[0],
        ends_on=days[-1], scoring_rule=SCORING_RULE, design=DesignKind.ALL_SCHOOLS, by=None, now=at,
        audiences=_audiences(REPLIES),
    )  # fmt: skip
    open_wave(wave, by=None, now=at)
    return wave


def _earlier_wave(county: County, *, now: datetime) -> Wave:
    """The same week a year before: fewer replies, the same schools ahead; something to compare with."""
    days = _week(now, weeks_ago=4 + WEEKS_OF_A_YEAR)
    wave = opened_wave(county, days, at=_moment(days[0], 7, now))
    closed_at = _moment(days[-1], 23, now)
    shares = share_out(EARLIER_REPLIES, list(REPLIES.values()))
    replies = dict(zip(REPLIES, shares, strict=True))
    _fill(wave, Plan(replies, days, closed_at, SEED - 1, mood=EARLIER_MOOD, seed_of_places=SEED))
    close_wave(wave, by=None, now=closed_at)
    return wave


def _closed_wave(county: County, *, now: datetime) -> Wave:
    """Monday to Friday of a week about a month ago."""
    days = _week(now, weeks_ago=4)
    wave = opened_wave(county, days, at=_moment(days[0], 7, now))
    closed_at = _moment(days[-1], 23, now)
    _fill(wave, Plan(REPLIES, days, closed_at, SEED, COACHED_SCHOOL))
    close_wave(wave, by=None, now=closed_at)
    return wave


def _open_wave(county: County, *, now: datetime) -> Wave:
    """Begun the day before yesterday, with the first replies in it, and open for some days more."""
    first = now.date() - timedelta(days=2)
    days = [first + timedelta(days=number) for number in range(3)]
    wave = opened_wave(county, [first, now.date() + timedelta(days=7)], at=_moment(first, 7, now))
    shares = share_out(FIRST_REPLIES, list(REPLIES.values()))
    _fill(wave, Plan(dict(zip(REPLIES, shares, strict=True)), days, now, SEED + 1))
    return wave


def _week(now: datetime, *, weeks_ago: int) -> list[date]:
    """Monday to Friday of that week."""
    monday = now.date() - timedelta(days=7 * weeks_ago + now.weekday())
    return [monday + timedelta(days=number) for number in range(DAYS)]


def _audiences(replies: Mapping[str, int]) -> list[AudiencePlan]:
    """Parents half, the others alike, as the common scheme has it."""
    others = Decimal("0.5") / (len(replies) - 1)
    return [
        AudiencePlan(
            audience=audience,
            questionnaire_key=AUDIENCES[audience].questionnaire,
            share=Decimal("0.5") if audience == "parent" else others.quantize(Decimal("0.00001")),
            target=TARGETS[audience],
            population=PEOPLE.get(audience),
        )
        for audience in replies
    ]


def _fill(wave: Wave, plan: Plan) -> None:
    submissions = simulated_submissions(wave, plan)
    for start in range(0, len(submissions), BATCH_SIZE):
        outcomes = commit_batch(submissions[start : start + BATCH_SIZE])
        refused = next((one for one in outcomes if isinstance(one, IntakeRefused)), None)
        if refused:
            raise refused


def _moment(day: date, hour: int, now: datetime) -> datetime:
    return datetime.combine(day, time(hour), tzinfo=now.tzinfo)
