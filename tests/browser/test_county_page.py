"""The county page in a real browser: it moves with the replies, works without scripts, fits every screen."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Browser, Page, expect

from surveys.models import County, Wave
from tests.analysis.waves import answer, answer_everywhere, close, county_with_schools, wave_asking
from tests.browser.test_desk import carry_session, check_page, problems_of, user_of
from tests.surveys.builders import LONG_NAME

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

LONG_WAVE = "2027年国家评估前全县义务教育优质均衡发展社会认可度第三轮摸底调查"


@pytest.fixture
def county() -> County:
    county = county_with_schools(3, is_demo=True, name="云川彝族回族自治县")
    county.schools.filter(code="S002").update(name=LONG_NAME)
    return county


@pytest.fixture
def wave(county: County) -> Wave:
    wave = wave_asking(county, {"parent": 0.6, "teacher": 0.4}, target=300)
    answer_everywhere(wave, "parent", satisfied=36, others=4, seed=1)
    answer_everywhere(wave, "teacher", satisfied=18, others=2, seed=2)
    return wave


def test_reply_is_counted_on_the_page_within_five_seconds_and_nothing_jumps(
    live_server, wave: Wave, desk_page: Page
):
    school = wave.county.schools.first()
    carry_session(desk_page, live_server, user_of(wave.county, "bureau"))
    problems = problems_of(desk_page)
    desk_page.goto(f"{live_server.url}/desk/")
    replies = desk_page.locator(".answer-facts dd").first
    row = desk_page.locator("#school-rows tbody tr").first
    expect(replies).to_contain_text("180")
    desk_page.evaluate("window.stayed = true")
    desk_page.locator("#q").fill("半个字")
    desk_page.locator("#schools").scroll_into_view_if_needed()
    before = desk_page.evaluate("window.scrollY")
    answer(wave, "parent", "satisfied", school=school)
    expect(replies).to_contain_text("181", timeout=6_500)
    expect(row).to_contain_text("61")
    assert desk_page.evaluate("window.stayed") is True
    assert desk_page.evaluate("window.scrollY") == before
    assert desk_page.locator("#q").input_value() == "半个字"
    assert desk_page.evaluate("document.activeElement.id") == "q"
    answer(wave, "parent", "satisfied", school=school)
    expect(replies).to_contain_text("182", timeout=6_500)
    assert problems == []


def test_closing_brings_the_verdict_to_a_page_that_is_open(live_server, wave: Wave, desk_page: Page):
    carry_session(desk_page, live_server, user_of(wave.county, "bureau"))
    desk_page.goto(f"{live_server.url}/desk/")
    expect(desk_page.locator(".verdict-running")).to_be_visible()
    close(wave)
    expect(desk_page.locator(".verdict-met")).to_be_visible(timeout=6_500)


def test_page_works_without_javascript(live_server, wave: Wave, open_phone: Callable[..., Page]):
    earlier = wave_asking(wave.county, {"parent": 1.0}, name="春季")
    close(earlier)
    page = open_phone(javascript=False)
    carry_session(page, live_server, user_of(wave.county, "bureau"))
    page.goto(f"{live_server.url}/desk/")
    expect(page.locator(".answer-rate")).to_contain_text("%")
    page.locator("#q").fill("S003")
    page.locator("#schools form button").click()
    expect(page.locator("#school-rows tbody tr")).to_have_count(1)
    page.locator("#wave").select_option(label="春季 · 已结束")
    page.locator(".choose-wave button").click()
    expect(page.locator(".verdict-not_computable")).to_be_visible()


def waves_of_every_kind(county: County) -> list[Wave]:
    """Met, not met, undetermined, not computable, of few answers, without a reply; with a long name."""
    kinds = []
    for name, satisfied, others in (("达标", 39, 1), ("未达标", 20, 20), (LONG_WAVE, 35, 5)):
        wave = wave_asking(county, {"parent": 0.6, "teacher": 0.4}, name=name, target=300)
        answer_everywhere(wave, "parent", satisfied=satisfied, others=others, seed=3)
        answer_everywhere(wave, "teacher", satisfied=satisfied, others=others, seed=4)
        kinds.append(close(wave))
    few = wave_asking(county, {"parent": 0.5, "principal": 0.3, "resident": 0.2}, name="还有对象没有作答")
    answer_everywhere(few, "parent", satisfied=4)
    kinds.append(close(few))
    tiny = wave_asking(county, {"parent": 1.0}, name="刚开始")
    answer(tiny, "parent", "satisfied", school=county.schools.first())
    return [*kinds, tiny, wave_asking(county, {"parent": 1.0}, name="没有答卷")]


@pytest.mark.parametrize(("width", "height"), [(360, 740), (1440, 900)])
@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_every_page_of_results_fits_is_labelled_and_readable(
    live_server, wave: Wave, chromium: Browser, width: int, height: int, language: str
):
    county = wave.county
    closed = waves_of_every_kind(county)
    context = chromium.new_context(viewport={"width": width, "height": height}, locale="zh-CN")
    page = context.new_page()
    problems = problems_of(page)
    context.add_cookies([{"name": "django_language", "value": language, "url": live_server.url}])
    carry_session(page, live_server, user_of(county, "bureau"))
    school = county.schools.get(code="S002")
    addresses = ["", "method/", f"waves/{closed[0].pk}/score/", f"schools/{school.pk}/?wave={closed[0].pk}"]
    addresses += [f"?wave={one.pk}" for one in closed] + [f"method/?wave={one.pk}" for one in closed[2:5]]
    for address in addresses:
        page.goto(f"{live_server.url}/desk/{address}")
        check_page(page, is_phone=width == 360)
    context.close()
    assert problems == []
