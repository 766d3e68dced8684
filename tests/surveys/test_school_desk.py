"""A school's own desk: its codes and its counts, nothing else, with and without htmx."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from survey_site.accounts.models import User
from surveys.intake import void_responses
from surveys.models import AccessCode, CollectorTarget, PosterOpening, Response, SlipBatch
from surveys.school_day import replies_today
from surveys.waves import close_wave, open_wave
from tests.surveys.builders import make_county, make_school, make_slip, make_wave, open_wave_for, poster_of
from tests.surveys.phone import text_of
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
    (day,) = page.context["days"]
    assert (day.total.replies, day.total.target) == (3, 30)
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
    assert (page.status_code, page.context["days"]) == (200, [])


def test_after_closing_the_school_sees_the_last_count_and_no_code(desk, county, school):
    wave = open_wave_for(county)
    reply(poster_of(school), times=2)
    close_wave(wave, by=None, now=timezone.now())
    page = desk.get("/desk/school/")
    assert page.context["days"][0].total.replies == 2
    assert f"/desk/waves/collectors/{poster_of(school).pk}/show/" not in page.content.decode()


def test_poster_and_slips_of_one_audience_share_a_card_and_a_count(desk, county, school):
    wave = open_wave_for(county)
    make_slip(school, wave)
    reply(poster_of(school), times=2)
    slips = school.collectors.get(channel="slips")
    reply(slips)
    (day,) = desk.get("/desk/school/").context["days"]
    (card,) = day.audiences
    assert (card.poster, card.slips) == (poster_of(school), slips)
    assert (card.progress.replies, card.today) == (3, 3)
    assert desk.get(f"/desk/waves/collectors/{slips.pk}/qr.svg").status_code == 404
    assert desk.get(f"/desk/waves/collectors/{slips.pk}/open-day/").status_code == 404


def test_today_begins_at_midnight_in_beijing_and_leaves_out_what_was_voided(county, school):
    wave = open_wave_for(county)
    collector = poster_of(school)
    morning = datetime(2026, 11, 20, 0, 5, tzinfo=ZoneInfo("Asia/Shanghai"))
    for minutes in (-10, 1, 60, 600):  # before midnight, and three times after it
        reply(collector, now=morning + timedelta(minutes=minutes))
    late = morning + timedelta(hours=20)
    assert replies_today([collector], now=late) == {collector.pk: 3}
    newest = Response.objects.order_by("-received_at").values_list("pk", flat=True)[:1]
    void_responses(newest, wave=wave, reason="twice", by=None, now=late)
    assert replies_today([collector], now=late) == {collector.pk: 2}
    assert replies_today([collector], now=late + timedelta(days=1)) == {}


def test_grades_and_classes_are_counted_but_never_who_or_when(desk, county, school):
    wave = open_wave_for(county)
    reply(poster_of(school), times=2)
    CollectorTarget.objects.create(collector=poster_of(school), stratum="g1_3", target=5)
    make_slip(school, wave)
    slips = school.collectors.get(channel="slips")
    batch = SlipBatch.objects.create(
        wave=wave, collector=slips, number=1, label="三年级2班", count=2, made_at=timezone.now(),
        state=SlipBatch.State.HANDED_OUT,
    )  # fmt: skip
    for letter, state in ((b"a", "issued"), (b"b", "used")):
        AccessCode.objects.create(
            collector=slips, batch=batch, digest=letter * 32, state=state,
        )  # fmt: skip
    page = desk.get("/desk/school/")
    (card,) = page.context["days"][0].audiences
    assert [(one.band, one.progress.replies, one.progress.target) for one in card.grades] == [("g1_3", 2, 5)]
    assert [(one.label, one.slips.used, one.slips.valid) for one in card.classes] == [("三年级2班", 1, 2)]
    assert "三年级2班" in page.content.decode()


def test_the_projector_shows_counts_and_never_a_rate(desk, county, school):
    open_wave_for(county)
    collector = poster_of(school)
    school.collectors.update(target=4)
    reply(collector, times=3)
    address = f"/desk/waves/collectors/{collector.pk}/open-day/"
    page, part = desk.get(address), desk.get(address, headers={"HX-Request": "true"})
    assert 'stroke-dasharray="75 100"' in part.content.decode() and "<html" not in part.content.decode()
    assert f"/desk/waves/collectors/{collector.pk}/qr.svg" in page.content.decode()
    assert "%" not in text_of(page).partition("<main")[2]


def test_the_projector_leaves_the_trace_of_a_shown_code_once_and_its_counter_leaves_none(
    desk, county, school
):
    open_wave_for(county)
    collector = poster_of(school)
    address = f"/desk/waves/collectors/{collector.pk}/open-day/"
    desk.get(address, headers={"HX-Request": "true"})
    assert not PosterOpening.objects.exists()
    desk.get(address)
    assert list(PosterOpening.objects.values_list("pk", flat=True)) == [collector.pk]


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
