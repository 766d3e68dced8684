"""The fieldwork page lists every hard stop with what is left, the fullest first."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from django.utils import timezone

from survey_site.accounts.models import User
from surveys.hard_stop_list import hard_stop_list
from surveys.intake import void_responses
from surveys.models import HardStop, Response, Wave
from surveys.target_changes import CellChange, change_targets
from surveys.waves import open_wave
from tests.surveys.builders import LONG_NAME, make_county, make_school, make_slip, make_wave
from tests.surveys.test_wave_pages import reply

pytestmark = pytest.mark.django_db


@pytest.fixture
def county():
    return make_county()


@pytest.fixture
def schools(county):
    return [make_school(county, name=name) for name in (LONG_NAME, "第二小学", "第三小学")]


@pytest.fixture
def wave(county, schools) -> Wave:
    wave = make_wave(county)
    open_wave(wave, by=None, now=timezone.now())
    return wave


def stop(wave: Wave, school, limit: int) -> None:
    key = ("parent", school and school.pk, None)
    change_targets(wave, {key: CellChange(limit=limit)}, by=None, now=timezone.now())


def said(wave: Wave) -> list[tuple]:
    return [(one.name, one.limit, one.replies, one.left) for one in hard_stop_list(wave)]


def test_wave_without_hard_stops_has_no_table(wave):
    assert hard_stop_list(wave) == []
    assert 'id="stops"' not in page(wave)


def test_stops_are_listed_with_replies_and_places_left_the_fullest_first(wave, schools):
    for school, limit in zip(schools, (5, 2, 9), strict=True):
        stop(wave, school, limit)
    stop(wave, None, 100)
    for school, count in zip(schools, (3, 2, 1), strict=True):
        reply(school.collectors.get(), times=count)
    assert said(wave) == [
        ("第二小学", 2, 2, 0), (LONG_NAME, 5, 3, 2), ("第三小学", 9, 1, 8), ("云川县", 100, 6, 94),
    ]  # fmt: skip


def test_voided_replies_free_their_place(wave, schools):
    stop(wave, schools[0], 2)
    reply(schools[0].collectors.get(), times=2)
    assert said(wave)[0][3] == 0
    void_one(wave)
    assert said(wave)[0][3] == 1


def test_stop_of_one_channel_counts_that_channel_only(wave, schools):
    make_slip(schools[0], wave)
    slips = schools[0].collectors.get(channel="slips")
    for channel, limit in (("poster", 4), ("slips", 3), ("", 6)):
        HardStop.objects.create(wave=wave, audience="parent", school=schools[0], channel=channel, limit=limit)
    Wave.objects.filter(pk=wave.pk).update(has_hard_stops=True)
    wave.refresh_from_db()
    reply(schools[0].collectors.get(channel="poster"), times=2)
    reply(slips, times=1)
    found = {one.channel: (one.replies, one.left) for one in hard_stop_list(wave)}
    assert found == {"poster": (2, 2), "slips": (1, 2), "": (3, 3)}


def test_page_shows_state_and_leads_to_the_collectors(wave, schools):
    stop(wave, schools[0], 2)
    stop(wave, schools[1], 7)
    reply(schools[0].collectors.get(), times=2)
    table = re.search(r'id="stops".*?</section>', page(wave), re.S)[0]
    assert "已设上限的收集点" in table
    assert "已满1处" in table
    assert "还剩7份" in table
    assert f"/collectors/?audience=parent&amp;school={schools[0].pk}" in table
    assert table.index(LONG_NAME) < table.index("第二小学")


def test_many_stops_are_cut_to_the_fullest_and_counted(county, schools):
    for number in range(4, 30):
        make_school(county, name=f"第{number}小学")
    wave = make_wave(county)
    open_wave(wave, by=None, now=timezone.now())
    changes = {
        ("parent", pk, None): CellChange(limit=10 + pk % 7)
        for pk in wave.collectors.values_list("school_id", flat=True)
    }
    change_targets(wave, changes, by=None, now=timezone.now())
    table = re.search(r'id="stops".*?</section>', page(wave), re.S)[0]
    assert table.count("<tr>") == 21
    assert "共29处上限" in table
    assert "余额最少的20处" in table


def page(wave: Wave) -> str:
    client = Client()
    person, _ = User.objects.get_or_create(username="bureau", role="bureau", county=wave.county)
    client.force_login(person)
    return client.get(f"/desk/waves/{wave.pk}/fieldwork/").content.decode()


def void_one(wave: Wave) -> None:
    one = Response.objects.filter(collector__wave=wave).first()
    void_responses([one.pk], wave=wave, reason="代答", by=None, now=timezone.now())
