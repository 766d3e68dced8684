"""Seeded answers to the supplied questionnaires, as an invented county might give them.

Whoever answers has a mood of their own around that of the audience and the school; one in seven ticks the
same answer down the page; some do not know, some leave out what they may. At one school the answers of
parents were coached, so that there is something to find.
"""

from __future__ import annotations

import json
import random
import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo

from surveys.answers import AnswerTable
from surveys.demo.comments import comment
from surveys.demo.profiles import (
    HOMEWORK,
    LOCATION_MOODS,
    PROFILES,
    SKIPPED,
    TOPIC_MOODS,
    TOPIC_UNKNOWNS,
    Profile,
)
from surveys.intake import Submission
from surveys.models import Collector, Location, ResidentPopulation, School, Source, Wave
from surveys.questionnaire import Item
from surveys.tallies import tables_by_collector
from surveys.targets import share_out

STRAIGHT_LINERS = 0.15
STRAIGHT_PACE = 0.75  # of their time: alike all the way down is quicker, but read it was
SPREAD_OF_PACES = 0.4
COACHED = 0.7  # of the parents of the coached school
SPREAD_OF_SCHOOLS, SPREAD_OF_PEOPLE, SPREAD_OF_ANSWERS = 0.30, 0.75, 0.55  # of moods
SPREAD_OF_ZEAL = 0.35  # how eagerly places answer, on the log scale
STEPS = (0.30, -0.74, -1.75)  # lowest mood for the best answer, the second, the third
DAY_WEIGHTS = (0.27, 0.24, 0.19, 0.17, 0.13, 0.1, 0.1)


@dataclass(frozen=True)
class Plan:
    """What to simulate: replies per audience, the days, up to when, and the coached school's code.

    mood is added to everybody's. seed_of_places: with that of another plan the schools and townships of a
    county keep the moods and the zeal they have there, as good schools stay good.
    """

    replies: Mapping[str, int]
    days: Sequence[date]
    until: datetime
    seed: int
    coached_school: str = ""
    mood: float = 0.0
    seed_of_places: int | None = None


@dataclass(frozen=True)
class _Person:
    """One respondent: where, in which grade band, in which mood, and how seriously."""

    audience: str
    profile: Profile
    school: School | None
    grade_band: str
    location: str
    mood: float
    is_coached: bool
    ticks_straight: bool


def simulated_submissions(wave: Wave, plan: Plan) -> list[Submission]:
    """The answers as submissions in order of time. The same plan for the same collectors gives the same."""
    chance = random.Random(plan.seed)  # noqa: S311 (an invented county needs no secrets)
    tables, homes = tables_by_collector(wave), _homes(wave)
    collectors = list(wave.collectors.select_related("school", "township", "wave").order_by("pk"))
    places = list(dict.fromkeys(_place(one) for one in collectors))
    of_places = chance if plan.seed_of_places is None else random.Random(plan.seed_of_places)  # noqa: S311
    moods = {place: plan.mood + of_places.gauss(0, SPREAD_OF_SCHOOLS) for place in places}
    zeal = {place: of_places.lognormvariate(0, SPREAD_OF_ZEAL) for place in places}
    submissions = []
    for audience, replies in plan.replies.items():
        mine = [one for one in collectors if one.audience == audience]
        sizes = [_people(one) * zeal[_place(one)] for one in mine]
        for one, count in zip(mine, _shared(replies, mine, sizes), strict=True):
            for _ in range(count):
                person = _person(chance, one, plan, mood=moods[_place(one)], homes=homes[one.township_id])
                submissions.append(_submission(chance, one, tables[one.pk], person, plan))
    return sorted(submissions, key=lambda submission: submission.received_at)


def _place(collector: Collector) -> tuple[int | None, int | None]:
    return collector.school_id, collector.township_id


def _homes(wave: Wave) -> dict[int | None, dict[str, int]]:
    """How many live in each urban–rural class: residents in the whole county (None), pupils by township."""
    homes: dict[int | None, dict[str, int]] = defaultdict(lambda: dict.fromkeys(Location.values, 0))
    for row in ResidentPopulation.objects.filter(county=wave.county_id):
        homes[None][row.location] = row.people
    for school in School.objects.filter(county=wave.county_id):
        homes[school.township_id][school.location] += school.pupils
    return homes


def _shared(replies: int, collectors: list[Collector], sizes: list[float]) -> list[int]:
    """Replies per collector in proportion to size; nobody answers twice."""
    counts = share_out(replies, [int(size * 1000) for size in sizes])
    most = [max(0, round(0.95 * _people(one))) if one.school_id else replies for one in collectors]
    if collectors and collectors[0].audience == "principal":
        most = [1] * len(collectors)
    return [min(count, limit) for count, limit in zip(counts, most, strict=True)]


def _people(collector: Collector) -> float:
    school = collector.school
    if school is None:
        return 1.0
    return {
        "teacher": float(school.teachers),
        "principal": 1.0,
        "student": float(school.pupils_in(3, 9)),
    }.get(collector.audience, float(school.pupils_in(1, 9)))


def _person(
    chance: random.Random, collector: Collector, plan: Plan, *, mood: float, homes: dict[str, int]
) -> _Person:
    profile, school = PROFILES[collector.audience], collector.school
    location = collector.location or chance.choices(list(homes), list(homes.values()))[0]
    is_asked = school is not None and school.code == plan.coached_school and collector.audience == "parent"
    is_coached = is_asked and chance.random() < COACHED
    return _Person(
        audience=collector.audience,
        profile=profile,
        school=school,
        grade_band=_grade_band(chance, school, youngest=3 if collector.audience == "student" else 1),
        location=location,
        mood=profile.mood + mood + LOCATION_MOODS[location] + chance.gauss(0, SPREAD_OF_PEOPLE),
        is_coached=is_coached,
        ticks_straight=is_coached or chance.random() < STRAIGHT_LINERS,
    )


def _grade_band(chance: random.Random, school: School | None, *, youngest: int) -> str:
    if school is None:
        return ""
    bands = {"g1_3": (youngest, 3), "g4_6": (4, 6), "g7_9": (7, 9)}
    pupils = [school.pupils_in(first, last) for first, last in bands.values()]
    return chance.choices(list(bands), pupils)[0] if any(pupils) else "g1_3"


def _submission(
    chance: random.Random, collector: Collector, table: AnswerTable, person: _Person, plan: Plan
) -> Submission:
    answers = _answers(chance, table, person)
    sheet = table.encode(answers, audience=person.audience)
    if sheet.problems:  # the supplied questionnaires changed and this file did not
        raise ValueError(f"simulated answers do not fit {table.questionnaire.key!r}: {sheet.problems}")
    quick = 0.3 if person.is_coached else STRAIGHT_PACE if person.ticks_straight else 1.0
    return Submission(
        collector=collector, table=table, submission_id=uuid.UUID(int=chance.getrandbits(128)).bytes,
        choices=sheet.choices, texts=json.dumps(sheet.texts, ensure_ascii=False) if sheet.texts else "",
        stratum=sheet.stratum, language="zh-hans", received_at=_moment(chance, person, plan),
        seconds=max(12.0, person.profile.seconds * quick * chance.lognormvariate(0, SPREAD_OF_PACES)),
        source=Source.SIMULATED,
    )  # fmt: skip


def _answers(chance: random.Random, table: AnswerTable, person: _Person) -> dict[str, str | list[str]]:
    answers: dict[str, str | list[str]] = {}
    levels: dict[str, int] = {}  # scale item → 0 (best) … 3
    straight = 0 if person.is_coached else _level(person.mood)
    for item in table.questionnaire.items_for(person.audience):
        if not item.required and chance.random() < SKIPPED.get(item.name, 0.05):
            continue
        if item.type == "scale":
            answers[item.name], levels[item.name] = _scale(chance, item, person, straight)
        elif item.type == "multiple_choice":
            if chosen := _several(chance, item, levels):
                answers[item.name] = chosen
        elif item.type == "free_text":
            if not person.is_coached and chance.random() < person.profile.comments:
                is_content = _level(person.mood) <= 1
                answers[item.name] = comment(chance, voice=person.profile.voice, is_content=is_content)
        else:
            answers[item.name] = _fact(chance, item, person)
    return answers


def _scale(chance: random.Random, item: Item, person: _Person, straight: int) -> tuple[str, int]:
    codes = [option.code for option in item.options]
    steps = [code for code in codes if code != "dont_know"]
    unknown = person.profile.unknown * TOPIC_UNKNOWNS.get(item.topic, 0.8)
    if "dont_know" in codes and not person.ticks_straight and chance.random() < unknown:
        return "dont_know", 1
    mood = person.mood + TOPIC_MOODS.get(item.topic, 0.0) + chance.gauss(0, SPREAD_OF_ANSWERS)
    level = straight if person.ticks_straight else _level(mood)
    return steps[min(level, len(steps) - 1)], level


def _level(mood: float) -> int:
    return sum(mood < step for step in STEPS)


def _several(chance: random.Random, item: Item, levels: Mapping[str, int]) -> list[str]:
    """Options of what pleased least, or the one that excludes the others from who was pleased throughout."""
    exclusive = [option.code for option in item.options if option.exclusive]
    worst = max(levels.values(), default=0)
    if exclusive and chance.random() < (0.4 if worst == 0 else 0.08):
        return exclusive[:1]
    free = [option.code for option in item.options if not option.exclusive]
    weights = [1.0 + 2.5 * levels.get(code, 0) + 0.4 * (len(free) - place) for place, code in enumerate(free)]
    wanted = min(item.max_choices, len(free), chance.choice((1, 1, 2, 2, 3)))
    return list(dict.fromkeys(chance.choices(free, weights, k=wanted)))


def _fact(chance: random.Random, item: Item, person: _Person) -> str:
    codes = [option.code for option in item.options]
    if item.name == "grade_band":
        return person.grade_band
    if item.name == "location":
        return person.location
    if item.cross_check == "average_class_size" and person.school:
        size = person.school.pupils / max(1, person.school.classes)
        return _band(item, max(1, round(chance.gauss(size, 3.2))))
    if item.cross_check == "training_hours_per_year":
        return _band(item, 0 if chance.random() < 0.03 else round(chance.lognormvariate(4.15, 0.4)))
    if item.cross_check == "homework_minutes":
        weights = HOMEWORK[person.grade_band]
        return chance.choices(list(weights), list(weights.values()))[0]
    return chance.choice(codes)


def _band(item: Item, number: float) -> str:
    return next((band.code for band in item.bands if number <= band.to), item.bands[-1].code)


def _moment(chance: random.Random, person: _Person, plan: Plan) -> datetime:
    """When it was sent: in the hours of the audience, on one of the days, never after `until`."""
    zone: tzinfo | None = plan.until.tzinfo
    for _ in range(50):
        day = chance.choices(list(plan.days), list(DAY_WEIGHTS[: len(plan.days)]))[0]
        first, last, _weight = chance.choices(
            person.profile.hours, [weight for *_hours, weight in person.profile.hours]
        )[0]
        if person.is_coached:  # after a message in the parents' group
            day, first, last = plan.days[min(1, len(plan.days) - 1)], 20.0, 20.6
        midnight = datetime.combine(day, time(), tzinfo=zone)
        moment = midnight + timedelta(hours=chance.uniform(first, last))
        if moment < plan.until:
            return moment
    return plan.until - timedelta(minutes=chance.uniform(10, 300))
