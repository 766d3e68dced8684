"""A parent's phone, for real: chromium at 360×740 as WeChat's browser, with and without JavaScript."""

import json

import pytest
from playwright.sync_api import Page, Route, expect

from surveys.models import Collector, Response
from tests.surveys.builders import LONG_NAME, make_county, make_school, make_slip, open_wave_for, poster_of
from tests.surveys.phone import TOPICS, in_chinese

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SUBMIT = ".send button"
TARGETS = "a, button, summary, label.o, textarea, input[type=text]"
BOXES = """selector => [...document.querySelectorAll(selector)]
    .filter(one => one.offsetParent)
    .map(one => [one.textContent.trim().slice(0, 20), one.getBoundingClientRect()])
    .map(([text, box]) => [text, box.width, box.height])"""
# Contrast of every text with the nearest painted background behind it (WCAG 2.2, 1.4.3).
CONTRASTS = """() => {
    const light = rgb => rgb.map(c => c / 255)
        .map(c => c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
        .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
    const parts = colour => colour.match(/[0-9.]+/g).map(Number);
    const behind = one => {
        for (; one; one = one.parentElement) {
            const colour = parts(getComputedStyle(one).backgroundColor);
            if (colour.length < 4 || colour[3] > 0) return colour.slice(0, 3);
        }
        return [255, 255, 255];
    };
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    const found = [];
    while (walker.nextNode()) {
        const one = walker.currentNode.parentElement;
        if (!walker.currentNode.data.trim() || !one.offsetParent) continue;
        const [a, b] = [light(parts(getComputedStyle(one).color).slice(0, 3)), light(behind(one))];
        found.push([walker.currentNode.data.trim(), (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05)]);
    }
    return found;
}"""


@pytest.fixture
def school():
    return make_school(make_county(is_demo=True), name=LONG_NAME)


@pytest.fixture
def poster(school) -> Collector:
    open_wave_for(school.county)
    return poster_of(school)


@pytest.fixture
def form(live_server, poster) -> str:
    return f"{live_server.url}/r/{poster.code}"


def choose(phone: Page, item: str, code: str) -> None:
    phone.click(f"label.o:has([name={item}][value={code}])")


def fill(phone: Page, *, besides: tuple[str, ...] = ()) -> None:
    """Answers everything that must be answered, but for what is left out."""
    if "grade_band" not in besides:
        choose(phone, "grade_band", "g1_3")
    for topic in TOPICS:
        if topic not in besides:
            choose(phone, topic, "satisfied")


def receipt_on(phone: Page) -> str:
    phone.wait_for_url("**/thanks/**")
    return phone.inner_text(".code")


@pytest.mark.parametrize("javascript", [False, True])
def test_a_parent_answers_and_sees_a_receipt(open_phone, form, javascript):
    phone = open_phone(javascript=javascript)
    phone.goto(form)
    fill(phone)
    phone.fill("textarea", "食堂很好👍")
    phone.click(SUBMIT)
    assert len(receipt_on(phone)) == 14
    assert json.loads(Response.objects.get().texts) == {"comment": "食堂很好👍"}


@pytest.mark.parametrize("javascript", [False, True])
def test_turning_to_large_type_keeps_what_was_answered_and_enter_still_submits(open_phone, form, javascript):
    phone = open_phone(javascript=javascript)
    phone.goto(form)
    fill(phone, besides=("overall",))
    phone.fill("textarea", "食堂很好")
    phone.locator("nav").get_by_role("button", name=in_chinese("Large type")).click()
    expect(phone.locator("html")).to_have_class("big js" if javascript else "big")
    assert phone.locator(".bad").count() == 0
    choose(phone, "overall", "satisfied")
    phone.fill("[name=class_size]", "48")
    phone.press("[name=class_size]", "Enter")
    receipt_on(phone)
    assert json.loads(Response.objects.get().texts) == {"comment": "食堂很好"}
    assert len(Response.objects.get().choices) > 0


def test_without_javascript_each_missing_answer_is_pointed_out_and_can_be_mended(open_phone, form):
    phone = open_phone(javascript=False)
    phone.goto(form)
    fill(phone, besides=("workload", "overall"))
    phone.fill("textarea", "食堂很好")
    phone.click(SUBMIT)
    links = phone.locator("#wrong a")
    assert links.count() == 2
    for link, item in ((0, "workload"), (1, "overall")):
        links.nth(link).click()
        assert phone.locator(f"#q-{item}").bounding_box()["y"] < 740
        choose(phone, item, "satisfied")
    phone.click(SUBMIT)
    receipt_on(phone)
    assert json.loads(Response.objects.get().texts) == {"comment": "食堂很好"}


def test_with_javascript_nothing_is_sent_before_it_is_complete(phone_page, form):
    phone_page.goto(form)
    fill(phone_page, besides=("fair_policy", "overall"))
    posted = []
    phone_page.on("request", lambda request: posted.append(request.method))
    phone_page.click(SUBMIT)
    assert posted == []
    assert phone_page.locator(".bad").evaluate_all("all => all.map(one => one.id)") == [
        "q-fair_policy",
        "q-overall",
    ]
    expect(phone_page.locator("[name=fair_policy]").first).to_be_focused()
    assert phone_page.locator("#q-fair_policy .problem").inner_text() == in_chinese(
        "This question has not been answered yet."
    )
    for item in ("fair_policy", "overall"):
        choose(phone_page, item, "dont_know")
        expect(phone_page.locator(f"#q-{item}.bad")).to_have_count(0)
    phone_page.click(SUBMIT)
    receipt_on(phone_page)


def test_what_only_the_server_can_judge_is_shown_with_the_first_place_in_focus(phone_page, form):
    phone_page.goto(form)
    fill(phone_page)
    phone_page.fill("[name=class_size]", "很多")
    phone_page.click(SUBMIT)
    expect(phone_page.locator("#q-class_size.bad")).to_be_visible()
    expect(phone_page.locator("[name=class_size]")).to_be_focused()
    phone_page.fill("[name=class_size]", "约48人")
    phone_page.click(SUBMIT)
    receipt_on(phone_page)


def test_a_conditional_question_comes_and_goes_with_its_reason(phone_page, form):
    phone_page.goto(form)
    burden = phone_page.locator("#q-burden")
    expect(burden).to_be_hidden()
    choose(phone_page, "workload", "dissatisfied")
    expect(burden).to_be_visible()
    expect(burden.locator(".hint")).to_be_hidden()
    choose(phone_page, "workload", "satisfied")
    expect(burden).to_be_hidden()


def test_without_javascript_a_conditional_question_says_when_to_answer_it(open_phone, form):
    phone = open_phone(javascript=False)
    phone.goto(form)
    expect(phone.locator("#q-burden .hint")).to_be_visible()
    fill(phone)
    choose(phone, "burden", "exams")
    phone.click(SUBMIT)
    receipt_on(phone)
    stored = Response.objects.get()
    codes = stored.collector.wave.audiences.get().version.table.decode(bytes(stored.choices))
    assert codes["burden.exams"] == "not_asked"


def test_progress_counts_what_must_still_be_answered(phone_page, form):
    phone_page.goto(form)
    left = phone_page.locator(".progress span")
    to_go = in_chinese("{n} to go")
    expect(left).to_have_text(to_go.replace("{n}", "10"))
    choose(phone_page, "grade_band", "g1_3")
    expect(left).to_have_text(to_go.replace("{n}", "9"))
    fill(phone_page)
    expect(left).to_have_text(in_chinese("All done: you can submit"))
    assert phone_page.locator(".progress").bounding_box()["y"] == 0  # it stays in sight


def test_an_option_that_stands_alone_and_a_limit_are_kept_to(phone_page, form):
    phone_page.goto(form)
    for code in ("workload", "safety_meals", "exam_reform"):
        choose(phone_page, "improve", code)
    expect(phone_page.locator("[name=improve][value=fair_policy]")).to_be_disabled()
    choose(phone_page, "improve", "nothing")
    ticked = "all => all.map(one => one.value)"
    assert phone_page.locator("[name=improve]:checked").evaluate_all(ticked) == ["nothing"]
    choose(phone_page, "improve", "workload")
    assert phone_page.locator("[name=improve]:checked").evaluate_all(ticked) == ["workload"]


@pytest.mark.parametrize("javascript", [False, True])
def test_going_back_and_submitting_again_shows_the_same_receipt(open_phone, form, javascript):
    phone = open_phone(javascript=javascript)
    phone.goto(form)
    fill(phone)
    phone.click(SUBMIT)
    receipt = receipt_on(phone)
    phone.go_back()
    phone.click(SUBMIT)
    assert receipt_on(phone) == receipt
    assert Response.objects.count() == 1


def test_an_answer_whose_receipt_was_lost_on_the_way_is_not_counted_twice(phone_page, form):
    phone_page.goto(form)
    fill(phone_page)

    def lose_the_reply(route: Route) -> None:
        if route.request.method == "POST":
            route.fetch(max_redirects=0)  # it does arrive
            route.abort("connectionreset")
        else:
            route.continue_()

    phone_page.route("**/r/*", lose_the_reply)
    with phone_page.expect_event("requestfailed"):
        phone_page.click(SUBMIT, no_wait_after=True)
    assert Response.objects.count() == 1
    phone_page.unroute("**/r/*")
    phone_page.goto(form)  # the phone forgot the page; the draft in this tab did not
    phone_page.click(SUBMIT)
    receipt_on(phone_page)
    assert Response.objects.count() == 1


def test_a_draft_lives_in_the_tab_until_the_receipt(phone_page, form):
    phone_page.goto(form)
    choose(phone_page, "grade_band", "g4_6")
    phone_page.fill("textarea", "写了一半")
    token = phone_page.input_value("[name=token]")
    phone_page.goto(form + "?big=1")
    assert phone_page.is_checked("[name=grade_band][value=g4_6]")
    assert phone_page.input_value("textarea") == "写了一半"
    assert phone_page.input_value("[name=token]") == token
    fill(phone_page)
    phone_page.click(SUBMIT)
    receipt_on(phone_page)
    assert phone_page.evaluate("sessionStorage.length") == 0
    assert phone_page.evaluate("localStorage.length") == 0


def test_a_slip_is_used_up_on_the_phone(phone_page, live_server, school, poster):
    slip = make_slip(school, poster.wave)
    phone_page.goto(f"{live_server.url}/r/{slip}")
    fill(phone_page)
    phone_page.click(SUBMIT)
    receipt_on(phone_page)
    assert phone_page.goto(f"{live_server.url}/r/{slip}").status == 410


def test_nobody_else_is_asked_for_anything(phone_page, live_server, form):
    asked = []
    phone_page.on("request", lambda request: asked.append(request.url))
    complaints = []
    phone_page.on("console", lambda message: complaints.append(message.text))
    phone_page.on("pageerror", lambda error: complaints.append(str(error)))
    phone_page.goto(form)
    fill(phone_page)
    phone_page.click(SUBMIT)
    receipt_on(phone_page)
    assert [url for url in asked if not url.startswith((live_server.url, "data:"))] == []
    assert complaints == []  # the policy of our own pages stops nothing of theirs
    assert phone_page.context.cookies() == []


@pytest.mark.parametrize(
    ("query", "least"), [("", 48), ("?lang=en", 48), ("?big=1", 60), ("?big=1&lang=en", 60)]
)
def test_targets_are_large_enough_for_thumbs(phone_page, live_server, form, query, least):
    phone_page.goto(form + query)
    choose(phone_page, "workload", "dissatisfied")
    boxes = phone_page.evaluate(BOXES, TARGETS)
    phone_page.goto(f"{live_server.url}/r/NOSUCHCODE{query}")
    boxes += phone_page.evaluate(BOXES, TARGETS)
    assert len(boxes) > 60
    assert [box for box in boxes if min(box[1:]) < least] == []


def test_large_type_is_18_points_everywhere(phone_page, form):
    phone_page.goto(form + "?big=1")
    sizes = phone_page.evaluate(
        """() => [...document.querySelectorAll('body *')]
            .filter(one => [...one.childNodes].some(node => node.nodeType === 3 && node.data.trim()))
            .map(one => parseFloat(getComputedStyle(one).fontSize))"""
    )
    assert min(sizes) >= 24  # CSS pixels


def test_every_text_stands_out_from_its_ground(phone_page, open_phone, form):
    phone_page.goto(form)
    fill(phone_page, besides=("overall",))
    phone_page.click(SUBMIT)
    texts = phone_page.evaluate(CONTRASTS)
    choose(phone_page, "overall", "satisfied")
    phone_page.click(SUBMIT)
    receipt_on(phone_page)
    texts += phone_page.evaluate(CONTRASTS)
    mended = open_phone(javascript=False)
    mended.goto(form)
    mended.click(SUBMIT)
    texts += mended.evaluate(CONTRASTS)
    assert len(texts) > 100
    assert [text for text in texts if text[1] < 4.5] == []


@pytest.mark.parametrize(("width", "percent"), [(360, 100), (320, 100), (360, 150), (360, 200)])
@pytest.mark.parametrize("query", ["", "?lang=en", "?big=1"])
def test_nothing_runs_off_the_screen_however_large_the_type(open_phone, form, width, percent, query):
    phone = open_phone(width=width)
    phone.goto(form + query)
    phone.evaluate(
        "size => document.documentElement.style.setProperty('font-size', size + '%')",
        percent * (1.5 if "big" in query else 1.0625) if percent > 100 else "",
    )
    assert phone.evaluate("document.documentElement.scrollWidth") == width
