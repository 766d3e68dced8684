"""A school's own desk: its codes and its counts, nothing else, with and without htmx."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from survey_site.accounts.models import User
from surveys.waves import close_wave, open_wave
from tests.surveys.builders import make_county, make_school, make_slip, make_wave, open_wave_for, poster_of
from tests.surveys.test_wave_pages import reply

pytestmark = pytest.mark.django_db


@pytest.fixture
def county():
    return make_county()


@pytest.fixture
def school(county):
    return make_school(county, name="第一小学")


@pytest.fixture
def desk(county, school) -> Client:
    client = Client()
    client.force_login(User.objects.create(username="school", role="school", county=county, school=school))
    return client


def test_school_sees_its_own_count_against_its_target(desk, county, school):
    other = make_school(county, name="第二小学")
    open_wave_for(county)
    school.collectors.update(target=30)
    reply(poster_of(school), times=3)
    reply(poster_of(other), times=2)
    page = desk.get("/desk/school/")
    (wave,) = page.context["waves"]
    assert (wave["total"].replies, wave["total"].target) == (3, 30)
    assert "第二小学" not in page.content.decode()


def test_htmx_gets_the_counts_alone(desk, county, school):
    open_wave_for(county)
    whole = desk.get("/desk/school/")
    part = desk.get("/desk/school/", headers={"HX-Request": "true"})
    assert "<html" in whole.content.decode()
    assert "<html" not in part.content.decode()
    assert "HX-Request" in part["Vary"] and "HX-Request" in whole["Vary"]
    reply(poster_of(school))
    again = desk.get("/desk/school/", headers={"HX-Request": "true"})
    assert "<b>1</b>" in again.content.decode()


def test_school_with_no_wave_reads_that_there_is_none(desk, county):
    make_wave(county)
    page = desk.get("/desk/school/")
    assert (page.status_code, page.context["waves"]) == (200, [])


def test_after_closing_the_school_sees_the_last_count_and_no_code(desk, county, school):
    wave = open_wave_for(county)
    reply(poster_of(school), times=2)
    close_wave(wave, by=None, now=timezone.now())
    page = desk.get("/desk/school/")
    assert page.context["waves"][0]["total"].replies == 2
    assert f"/desk/waves/collectors/{poster_of(school).pk}/show/" not in page.content.decode()


def test_slips_of_the_school_are_not_shown_as_a_poster(desk, county, school):
    wave = open_wave_for(county)
    make_slip(school, wave)
    (shown,) = desk.get("/desk/school/").context["waves"]
    assert [collector.channel for collector, _ in shown["rows"]] == ["poster"]
    slips = school.collectors.get(channel="slips")
    assert desk.get(f"/desk/waves/collectors/{slips.pk}/qr.svg").status_code == 404


def test_school_can_show_print_and_save_its_code(desk, county, school):
    open_wave_for(county)
    collector = poster_of(school)
    for page in ("show/", "poster/", "qr.svg", "qr.png?download"):
        assert desk.get(f"/desk/waves/collectors/{collector.pk}/{page}").status_code == 200


def test_bureau_s_pages_are_closed_to_the_school(desk, county, school):
    wave = open_wave_for(county)
    for page in ("waves/", f"waves/{wave.pk}/", "schools/", f"schools/{school.pk}/", "questionnaires/"):
        assert desk.get(f"/desk/{page}").status_code == 403


def test_counting_takes_one_query_however_many_waves_there_are(desk, county):
    """Two for session and user, one for the school's county, one for the counts; nothing per wave."""

    def counted() -> int:
        with CaptureQueriesContext(connection) as captured:
            desk.get("/desk/school/", headers={"HX-Request": "true"})
        return len(captured)

    open_wave_for(county, audience="parent")
    before = counted()
    for audience in ("teacher", "student"):
        wave = make_wave(county, audience=audience, name=audience)
        open_wave(wave, by=None, now=timezone.now())
    assert counted() == before
