"""A slip's whole life in a real browser: printed, scanned off the picture of the sheet, answered, used up."""

from __future__ import annotations

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from surveys.models import AccessCode, Collector, Response, WaveAudience
from surveys.waves import open_wave
from tests.browser.test_desk import carry_session, user_of
from tests.browser.test_phone import fill, receipt_on
from tests.surveys.builders import make_county, make_school, make_wave
from tests.surveys.printed import look_at

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def slips() -> Collector:
    county = make_county()
    school = make_school(county, name="云川县第一小学")
    wave = make_wave(county)
    WaveAudience.objects.filter(wave=wave).update(channels="both")
    open_wave(wave, by=None, now=timezone.now())
    return Collector.objects.get(wave=wave, school=school, channel="slips")


def test_slip_is_printed_scanned_answered_and_fails_the_second_time(
    live_server, slips, open_phone, phone_page: Page, tmp_path
):
    teacher = phone_page
    carry_session(teacher, live_server, user_of(slips.wave.county, "school", school=slips.school))
    teacher.goto(f"{live_server.url}/desk/school/slips/")
    teacher.get_by_role("link", name="打印答题条…").click()
    teacher.get_by_role("button", name="生成文件").click()
    with teacher.expect_download() as fetched:
        teacher.get_by_role("link", name="下载文件").click()
    sheet = tmp_path / "slips.pdf"
    fetched.value.save_as(sheet)
    pages = look_at(sheet)
    links = [link for page in pages for link in page.links]
    assert len(links) == 90
    assert links[0].startswith(f"{live_server.url}/r/")

    parent = open_phone()
    parent.goto(links[0])
    fill(parent)
    parent.click(".send button")
    receipt_on(parent)
    assert Response.objects.get().collector == slips
    assert AccessCode.objects.filter(state="used").count() == 1

    parent.goto(links[0])
    expect(parent.locator("h1")).to_have_text("这张答题条已经用过了")

    teacher.goto(f"{live_server.url}/desk/waves/slips/{slips.pk}/")
    counted = teacher.locator(".stat b").all_inner_texts()
    assert counted == ["90", "1", "89"]  # printed, used, not used yet
