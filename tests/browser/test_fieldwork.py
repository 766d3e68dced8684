"""The fieldwork page in a real browser: a reply that comes in appears without the page jumping."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import expect

from survey_site.accounts.models import User
from surveys.models import Collector
from tests.surveys.builders import make_county, make_school, open_wave_for
from tests.surveys.phone import Phone

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
RENEWAL_MS = 15_000


def test_a_reply_appears_and_the_page_stays_where_it_is(desk_page, live_server):
    county = make_county()
    schools = [make_school(county, name=f"第{number}小学") for number in range(1, 41)]
    wave = open_wave_for(county)
    user = User.objects.create(username="bureau", role="bureau", county=county)
    client = Client()
    client.force_login(user)
    cookie = client.cookies[settings.SESSION_COOKIE_NAME].value
    address = live_server.url
    desk_page.context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": cookie, "url": address}])
    problems = []
    desk_page.on(
        "console", lambda message: problems.append(message.text) if message.type == "error" else None
    )
    desk_page.goto(f"{address}/desk/waves/{wave.pk}/fieldwork/")
    desk_page.evaluate("window.scrollTo(0, 900); window.stillHere = true")
    assert desk_page.inner_text("#stand .stat b") == "0"
    row = desk_page.locator("#rows tbody tr").nth(10)
    before = row.bounding_box()["y"]
    Phone().answer(Collector.objects.get(school=schools[-1]))
    expect(desk_page.locator("#stand .stat b").first).to_have_text("1", timeout=3 * RENEWAL_MS)
    last = desk_page.locator("#rows tbody tr").last.inner_text()
    assert ("第40小学" in last, "1" in last.split()) == (True, True)
    assert row.bounding_box()["y"] == pytest.approx(before, abs=2)
    assert desk_page.evaluate("window.stillHere") is True
    assert problems == []
