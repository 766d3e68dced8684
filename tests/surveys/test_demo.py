"""The demonstration county: made once, marked as what it is, whole, and worth looking at."""

import json
import random
import tomllib
from collections import Counter
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from django.core.management import call_command
from django.utils import timezone

from scoring.models import ScoreRun
from surveys.demo import build
from surveys.demo.comments import comment
from surveys.demo.simulate import Plan, simulated_submissions
from surveys.models import County, Location, Response, RosterImport, School, Stage, Wave
from surveys.queries import response_frame
from surveys.roster.checking import check_roster
from surveys.roster.reading import read_sheets
from surveys.tallies import check_tallies
from surveys.verification import verify_wave

NOW = datetime(2026, 11, 21, 13, 30, tzinfo=UTC)


def test_its_roster_is_a_good_roster_of_every_kind_of_school():
    checked = check_roster(read_sheets(build.ROSTER.read_bytes(), file_name="roster.csv"))
    assert (checked.problems, checked.remarks) == ((), ())
    assert len(checked.schools) == 60
    assert {row.stage for row in checked.schools} == set(Stage.values)
    assert {row.location for row in checked.schools} == set(Location.values)
    sizes = sorted(row.pupils for row in checked.schools)
    assert (sizes[0], sizes[-1]) == (12, 2300)
    assert max(len(row.name) for row in checked.schools) > 35
    assert not all(row.is_public for row in checked.schools)
    assert len(checked.residents) == 3


@pytest.mark.django_db
@pytest.mark.slow
def test_it_is_made_once_whole_and_scored(capsys):
    call_command("demo")
    said = capsys.readouterr().out
    county = County.objects.get()
    assert county.is_demo
    assert "演示" in county.name
    assert School.objects.filter(county=county).count() == 60
    assert RosterImport.objects.get().added == 60
    earlier, closed, still_open = Wave.objects.order_by("starts_on")
    assert (earlier.state, closed.state, still_open.state) == ("closed", "closed", "open")
    assert closed.starts_on - earlier.starts_on == timedelta(weeks=52)
    assert len({earlier.name, closed.name, still_open.name}) == 3
    replies = Counter(Response.objects.values_list("collector__wave", flat=True))
    assert 11_500 <= replies[closed.pk] <= 12_500
    assert 850 <= replies[still_open.pk] <= 950
    assert 2_800 <= replies[earlier.pk] <= 3_100
    assert set(Response.objects.values_list("source", flat=True)) == {"simulated"}
    for wave in (earlier, closed, still_open):
        assert check_tallies(wave) == []
        assert verify_wave(wave).problems == ()
    run = ScoreRun.objects.get()
    assert run.wave == closed
    assert 0.86 <= run.estimate <= 0.88
    assert f"{run.estimate:.2%}" in said

    call_command("demo")
    assert "nothing was changed" in capsys.readouterr().out
    assert County.objects.count() == 1
    assert Response.objects.count() == sum(replies.values())

    the_two_closed_waves_can_be_compared(earlier, closed)
    for wave in (earlier, closed):
        everyone_answers_in_the_past_on_their_days(wave)
    parents_answer_as_people_do(closed)


def the_two_closed_waves_can_be_compared(earlier: Wave, closed: Wave) -> None:
    """Good schools stay good, and people are a little more satisfied than a year before."""
    rates = []
    for wave in (earlier, closed):
        parents = response_frame(wave, "parent")
        satisfied = parents["overall"].isin(["satisfied", "rather_satisfied"])
        by_school = satisfied.groupby(parents.school)
        rates.append((satisfied.mean(), by_school.mean()[by_school.size() >= 25]))
    assert 0.0 < rates[1][0] - rates[0][0] < 0.06
    assert rates[0][1].corr(rates[1][1], method="spearman") > 0.5


def everyone_answers_in_the_past_on_their_days(closed: Wave) -> None:
    moments = list(Response.objects.filter(collector__wave=closed).values_list("received_at", flat=True))
    days = {timezone.localtime(moment).date() for moment in moments}
    assert days == {closed.starts_on + timedelta(days=number) for number in range(5)}
    assert min(days).weekday() == 0
    assert Response.objects.filter(received_at__gt=timezone.now()).count() == 0


def parents_answer_as_people_do(closed: Wave) -> None:
    parents, residents = response_frame(closed, "parent"), response_frame(closed, "resident")
    topics = [
        item.name for item in closed.audiences.first().version.questionnaire.items if item.type == "scale"
    ]
    # Some tick one answer down the page, and at one school they were told what to tick.
    same = parents[topics].astype(str).nunique(axis=1) == 1
    coached = same[parents.school == build.COACHED_SCHOOL].mean()
    assert 0.2 < same.mean() < 0.6
    assert coached > 0.7
    # Residents know least; free choices stay open; comments are in many words.
    assert (residents[topics] == "dont_know").to_numpy().mean() > 2 * (
        parents[topics] == "dont_know"
    ).to_numpy().mean()
    assert 0.1 < (parents["class_size"] == "no_answer").mean() < 0.3
    by_school = (parents["overall"].isin(["satisfied", "rather_satisfied"])).groupby(parents.school).mean()
    assert np.std(by_school) > 0.04
    texts = [
        json.loads(text)["comment"]
        for text in Response.objects.exclude(texts="").values_list("texts", flat=True)
    ]
    assert len(texts) > 1000
    assert len(set(texts)) > 0.6 * len(texts)


@pytest.mark.django_db
def test_the_same_seed_gives_the_same_answers():
    days = [NOW.date() - timedelta(days=number) for number in (5, 4)]
    wave = build.opened_wave(build.schools_of_the_demo(now=NOW), days, at=NOW - timedelta(days=6))

    def answers(seed: int) -> list[tuple]:
        plan = Plan({"parent": 60, "student": 40, "resident": 20, "deputy": 10}, days, NOW, seed)
        return [
            (one.submission_id, one.choices, one.texts, one.received_at, one.seconds)
            for one in simulated_submissions(wave, plan)
        ]

    assert len(answers(7)) == 130
    assert answers(7) == answers(7)
    assert answers(7) != answers(8)


def test_comments_have_no_two_stops_and_no_empty_sentence():
    chance = random.Random(4)
    pool = tomllib.loads((build.ROSTER.parent / "comments.toml").read_text(encoding="utf-8"))
    for voice in pool:
        for _ in range(300):
            text = comment(chance, voice=voice, is_content=chance.random() < 0.5)
            assert len(text) >= 4
            assert not any(pair in text for pair in ("，，", "。。", "：，", "；。", "建议建议", "希望希望"))


@pytest.mark.django_db
def test_logins_are_made_once(capsys, settings, tmp_path):
    settings.DATA_DIR = tmp_path
    County.objects.create(code=build.CODE, name="云川市（演示）", is_demo=True)
    call_command("demo", "--logins")
    first = capsys.readouterr().out
    assert "bureau" in first
    call_command("demo", "--logins")
    assert capsys.readouterr().out == first
