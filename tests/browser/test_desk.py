"""The desk in a real browser: the whole way of a wave without scripts, live counts with them, every width."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.test import Client
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect

from survey_site.accounts.models import User
from surveys.models import Collector, Wave
from surveys.waves import close_wave, open_wave
from tests.surveys.builders import LONG_NAME, make_county, make_school, make_wave, open_wave_for, poster_of
from tests.surveys.test_wave_pages import reply

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PASSWORD = "a-password-for-tests-7"
# Things to press that are smaller than a thumb; a link inside a sentence or a table cell may be.
SMALL_TARGETS = """
[...document.querySelectorAll("button, .button, select, input:not([type=hidden]), .mainnav a, .switch")]
  .filter(one => one.offsetParent !== null && !one.closest("label"))
  .filter(one => Math.round(one.getBoundingClientRect().height) < 44)
  .map(one => one.outerHTML.slice(0, 120))
"""
UNLABELLED = """
[...document.querySelectorAll("input:not([type=hidden]), select, textarea")]
  .filter(one => !one.labels?.length && !one.getAttribute("aria-label"))
  .map(one => one.outerHTML.slice(0, 120))
"""
# WCAG 2: 4.5 for text, 3 for large text, of what is written on what is painted behind it.
FAINT = """
(() => {
  const light = ([r, g, b]) => [r, g, b].map(v => v / 255)
    .map(v => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const parts = colour => colour.match(/[\\d.]+/g).map(Number);
  const behind = one => {
    for (let up = one; up; up = up.parentElement) {
      const colour = parts(getComputedStyle(up).backgroundColor);
      if (colour.length === 3 || colour[3] > 0) return colour;
    }
    return [255, 255, 255];
  };
  const found = [];
  for (const one of document.querySelectorAll("body *")) {
    const says = [...one.childNodes].some(node => node.nodeType === 3 && node.textContent.trim());
    if (!says || one.offsetParent === null) continue;
    const style = getComputedStyle(one);
    const [a, b] = [light(parts(style.color)), light(behind(one))].sort((x, y) => y - x);
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    if ((a + 0.05) / (b + 0.05) < (large ? 3 : 4.5)) found.push(one.outerHTML.slice(0, 120));
  }
  return found;
})()
"""


@pytest.fixture
def county():
    county = make_county(name="云川彝族回族自治县", is_demo=True)
    make_school(county, name="第一小学")
    make_school(county, name=LONG_NAME)
    return county


def user_of(county, role: str, **more: object) -> User:
    return User.objects.create_user(username=role, password=PASSWORD, role=role, county=county, **more)


def carry_session(page: Page, live_server, user: User) -> None:
    """Signs in without the form."""
    client = Client()
    client.force_login(user)
    cookie = client.cookies["sessionid"].value
    page.context.add_cookies([{"name": "sessionid", "value": cookie, "url": live_server.url}])


def problems_of(page: Page) -> list[str]:
    """What the browser complains about from now on: failing scripts, forbidden things, lost files."""
    found: list[str] = []
    page.on("console", lambda message: message.type in ("error", "warning") and found.append(message.text))
    page.on("pageerror", lambda error: found.append(str(error)))
    page.on("response", lambda answer: answer.status >= 400 and found.append(f"{answer.status} {answer.url}"))
    return found


def test_bureau_signs_in_draws_up_opens_and_closes_a_wave_without_javascript(
    live_server, county, open_phone: Callable[..., Page]
):
    user_of(county, "bureau")
    page = open_phone(javascript=False)
    page.goto(live_server.url)
    page.get_by_label("User name").or_(page.get_by_label("用户名")).fill("bureau")
    page.locator("#id_password").fill(PASSWORD)
    page.locator("main form button").click()
    page.goto(f"{live_server.url}/desk/waves/new/")
    page.locator("#id_name").fill("秋季自测")
    page.locator("input[name=design][value=all_schools]").check()
    page.locator("main form button[type=submit]").click()
    wave = Wave.objects.get(name="秋季自测")
    expect(page).to_have_url(f"{live_server.url}/desk/waves/{wave.pk}/")
    page.locator(f"a[href='/desk/waves/{wave.pk}/open/']").click()
    page.locator("main form button").click()
    page.locator(f"main .page-head a[href='/desk/waves/{wave.pk}/collectors/']").click()
    page.locator("tbody th a").first.click()
    link = page.locator("#link").input_value()
    assert link.startswith(f"{live_server.url}/r/")
    page.goto(f"{live_server.url}/desk/waves/{wave.pk}/close/")
    page.locator("main form button").click()
    wave.refresh_from_db()
    assert (wave.state, wave.collectors.count()) == ("closed", Collector.objects.count())


def test_wrong_password_is_answered_with_a_sentence_and_never_with_the_name_of_who_exists(
    live_server, county, desk_page: Page
):
    user_of(county, "bureau")
    said = []
    for name in ("bureau", "nobody"):
        desk_page.goto(f"{live_server.url}/accounts/login/")
        desk_page.locator("#id_login").fill(name)
        desk_page.locator("#id_password").fill("wrong")
        desk_page.locator("main form button").click()
        said.append(desk_page.locator("[role=alert]").inner_text())
        assert desk_page.locator("#id_login").input_value() == name
    assert said[0] == said[1] != ""


def test_school_s_count_moves_without_loading_the_page_again(live_server, county, phone_page: Page):
    school = county.schools.order_by("pk").first()
    open_wave_for(county)
    carry_session(phone_page, live_server, user_of(county, "school", school=school))
    problems = problems_of(phone_page)
    phone_page.goto(f"{live_server.url}/desk/")
    count = phone_page.locator(".count b")
    expect(count).to_have_text("0")
    phone_page.evaluate("window.stayed = true")
    reply(poster_of(school), times=3)
    expect(count).to_have_text("3", timeout=9_000)
    assert phone_page.evaluate("window.stayed") is True
    assert problems == []


def test_code_at_the_gate_shows_its_count_and_fits_the_screen(live_server, county, phone_page: Page):
    school = county.schools.order_by("pk").last()
    open_wave_for(county)
    carry_session(phone_page, live_server, user_of(county, "school", school=school))
    problems = problems_of(phone_page)
    phone_page.goto(f"{live_server.url}/desk/waves/collectors/{poster_of(school).pk}/show/")
    box = phone_page.locator(".show-qr").bounding_box()
    assert box is not None
    assert box["width"] >= 300 and box["y"] + box["height"] <= 740
    reply(poster_of(school), times=2)
    expect(phone_page.locator(".show-count b")).to_have_text("2", timeout=9_000)
    assert problems == []


def test_link_is_copied_by_its_button(live_server, county, desk_page: Page):
    school = county.schools.order_by("pk").first()
    open_wave_for(county)
    carry_session(desk_page, live_server, user_of(county, "bureau"))
    desk_page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=live_server.url)
    desk_page.goto(f"{live_server.url}/desk/waves/collectors/{poster_of(school).pk}/")
    desk_page.locator("[data-copy]").click()
    expect(desk_page.locator("[data-copy]")).to_have_text(
        desk_page.locator("[data-copy]").get_attribute("data-done")
    )
    assert desk_page.evaluate("navigator.clipboard.readText()") == desk_page.locator("#link").input_value()


def test_poster_is_one_sheet_of_a4(live_server, county, desk_page: Page):
    school = county.schools.order_by("pk").last()
    open_wave_for(county)
    carry_session(desk_page, live_server, user_of(county, "bureau"))
    desk_page.goto(f"{live_server.url}/desk/waves/collectors/{poster_of(school).pk}/poster/")
    paper = desk_page.pdf(format="A4", prefer_css_page_size=True)
    assert (
        paper.count(b"/Type /Page\n") == 1 or paper.count(b"/Type /Page") - paper.count(b"/Type /Pages") == 1
    )


@pytest.mark.parametrize(("width", "height"), [(360, 740), (1440, 900)])
@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_every_page_fits_is_labelled_and_readable(
    live_server, county, chromium: Browser, width, height, language
):
    school = county.schools.order_by("pk").last()
    wave = open_wave_for(county)
    reply(poster_of(school), times=2)
    draft = make_wave(county, name="2027年国家评估前全县义务教育优质均衡发展社会认可度第三轮摸底调查")
    closed = make_wave(county, name="春季")
    open_wave(closed, by=None, now=timezone.now())
    close_wave(closed, by=None, now=timezone.now())
    collector = wave.collectors.get(school=school)
    context = chromium.new_context(viewport={"width": width, "height": height}, locale="zh-CN")
    page = context.new_page()
    problems = problems_of(page)
    context.add_cookies([{"name": "django_language", "value": language, "url": live_server.url}])
    page.goto(f"{live_server.url}/accounts/login/")
    check_page(page, is_phone=width == 360)
    carry_session(page, live_server, user_of(county, "bureau"))
    addresses = [
        "waves/", "waves/new/", f"waves/{draft.pk}/", f"waves/{draft.pk}/edit/", f"waves/{draft.pk}/open/",
        f"waves/{draft.pk}/delete/", f"waves/{wave.pk}/", f"waves/{wave.pk}/close/",
        f"waves/{closed.pk}/reopen/", f"waves/{wave.pk}/collectors/",
        f"waves/collectors/{collector.pk}/",
        f"waves/collectors/{collector.pk}/poster/", f"waves/collectors/{collector.pk}/show/", "schools/",
        f"schools/{school.pk}/", "questionnaires/", "questionnaires/society/", "account/",
    ]  # fmt: skip
    for address in addresses:
        page.goto(f"{live_server.url}/desk/{address}")
        check_page(page, is_phone=width == 360)
    context.close()
    assert problems == []


def check_page(page: Page, *, is_phone: bool) -> None:
    """Nothing sticks out, every control has a label, text stands out, and a thumb can hit what it must."""
    too_wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert too_wide <= 0, page.url
    assert page.locator("h1").count() == 1, page.url
    assert page.evaluate(UNLABELLED) == [], page.url
    assert page.evaluate(FAINT) == [], page.url
    if is_phone:
        assert page.evaluate(SMALL_TARGETS) == [], page.url
