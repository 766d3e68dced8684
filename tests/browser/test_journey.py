"""The main job in one piece: a phone answers, the desk counts it within five seconds, closing judges it."""

from __future__ import annotations

import secrets

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from scoring.models import ScoreRun
from surveys.intake import Submission, commit_batch
from surveys.models import ResidentPopulation, Response
from surveys.tallies import check_tallies
from surveys.verification import verify_wave
from tests.browser.test_phone import fill, receipt_on
from tests.surveys.builders import make_county, make_school, open_wave_for, poster_of
from tests.surveys.phone import TOPICS

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PASSWORD = "a-password-for-tests-7"
WITHIN_FIVE_SECONDS = 5_000


@pytest.fixture
def wave(django_user_model):
    county = make_county()
    for location, people in (("urban", 90_000), ("town", 120_000), ("rural", 150_000)):
        ResidentPopulation.objects.create(county=county, location=location, people=people)
    for location in ("urban", "town", "rural"):
        make_school(county, name=f"{location}小学", location=location)
    django_user_model.objects.create_user("clerk", password=PASSWORD, role="bureau", county=county)
    wave = open_wave_for(county)
    table = wave.audiences.get().version.table
    for collector in wave.collectors.all():
        commit_batch([filled_in(collector, table, "satisfied") for _ in range(30)])
    return wave


def filled_in(collector, table, answer: str) -> Submission:
    sheet = table.encode({"grade_band": "g1_3"} | dict.fromkeys(TOPICS, answer), audience="parent")
    return Submission(
        collector=collector, table=table, submission_id=secrets.token_bytes(16), choices=sheet.choices,
        texts="", stratum=sheet.stratum, language="zh-hans", received_at=timezone.now(),
    )  # fmt: skip


def sign_in(desk: Page, origin: str) -> None:
    desk.goto(f"{origin}/accounts/login/")
    desk.fill("input[name=login]", "clerk")
    desk.fill("input[name=password]", PASSWORD)
    desk.click("main button[type=submit]")
    desk.wait_for_url("**/desk/**")


@pytest.mark.parametrize("javascript", [False, True])
def test_a_parent_answers_the_desk_counts_it_and_closing_gives_the_verdict(
    live_server, wave, desk_page, open_phone, javascript
):
    origin = live_server.url
    sign_in(desk_page, origin)
    replies = desk_page.locator(".answer-facts dd").first
    expect(replies).to_contain_text("90 ")
    expect(desk_page.locator("main")).not_to_contain_text("无法判定")
    phone = open_phone(javascript=javascript)
    phone.goto(f"{origin}/r/{poster_of(wave.collectors.first().school).code}")
    fill(phone)
    phone.click(".send button")
    receipt = receipt_on(phone)
    expect(replies).to_contain_text("91 ", timeout=WITHIN_FIVE_SECONDS)
    assert Response.objects.count() == 91
    assert len(receipt) == 14

    desk_page.goto(f"{origin}/desk/waves/{wave.pk}/close/")
    desk_page.click("main form button[type=submit]")
    desk_page.goto(f"{origin}/desk/")
    expect(desk_page.locator("main")).to_contain_text("达标")
    run = ScoreRun.objects.get()
    assert (run.verdict, run.estimate) == ("met", pytest.approx(1.0))
    assert check_tallies(wave) == []
    assert verify_wave(wave).problems == ()
