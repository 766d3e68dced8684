"""The bureau's pages: drawing up a wave, its steps, its progress, its QR codes and questionnaires."""

from __future__ import annotations

import secrets
from datetime import datetime
from decimal import Decimal
from urllib.parse import quote

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from survey_site.accounts.models import User
from surveys.distribution.qr import qr_png, qr_svg
from surveys.forms import proposed_targets, shares_of
from surveys.intake import Submission, commit_batch
from surveys.missing_collectors import add_missing_collectors
from surveys.models import Collector, ResidentPopulation, Wave
from surveys.waves import close_wave, open_wave
from tests.surveys.builders import LONG_NAME, make_county, make_school, make_wave, open_wave_for, poster_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def county():
    return make_county()


@pytest.fixture
def bureau(county):
    return User.objects.create(
        username="bureau", last_name="王", first_name="建国", role="bureau", county=county
    )


@pytest.fixture
def desk(bureau) -> Client:
    client = Client()
    client.force_login(bureau)
    return client


def as_sent(form, **changes: object) -> dict:
    """What a browser would send of a form, with some answers changed; None unticks or empties one."""
    data = {}
    for field in form:
        value = field.value()
        if value not in (None, False, ""):
            data[field.html_name] = "on" if value is True else str(value)
    data |= {name: value for name, value in changes.items() if value is not None}
    return {name: value for name, value in data.items() if changes.get(name, "") is not None}


def filled_in(desk: Client, **changes: object) -> dict:
    """The form of a new wave with the three answers that have no proposal."""
    form = desk.get("/desk/waves/new/").context["form"]
    return as_sent(
        form, **({"name": "秋季自测", "design": "all_schools", "scoring_rule": "satisfied-top2"} | changes)
    )


def reply(collector: Collector, *, times: int = 1, now: datetime | None = None) -> None:
    """Complete answers of the first option throughout."""
    row = collector.wave.audiences.select_related("version").get(audience=collector.audience)
    table = row.version.table
    items = table.questionnaire.items_for(collector.audience)
    answers = {item.name: item.options[0].code for item in items if item.options}
    sheet = table.encode(answers, audience=collector.audience)
    commit_batch(
        [
            Submission(
                collector=collector, table=table, submission_id=secrets.token_bytes(16),
                choices=sheet.choices, texts="", stratum=sheet.stratum, language="zh-hans",
                received_at=now or timezone.now(),
            )
            for _ in range(times)
        ]
    )  # fmt: skip


# --- Drawing up


def test_wave_is_drawn_up_with_three_answers(desk, county):
    make_school(county)
    ResidentPopulation.objects.create(county=county, location="town", people=400_000)
    response = desk.post("/desk/waves/new/", filled_in(desk))
    wave = Wave.objects.get(county=county)
    assert response["Location"] == f"/desk/waves/{wave.pk}/"
    assert (wave.name, wave.state, wave.design) == ("秋季自测", "draft", "all_schools")
    shares = {row.audience: row.share for row in wave.audiences.all()}
    assert shares["parent"] == Decimal("0.5")
    assert {share for code, share in shares.items() if code != "parent"} == {Decimal("0.08333")}
    # 1.5‰ of 400,000 is 600: half of it from parents, but this county has 90 pupils.
    assert wave.audiences.get(audience="parent").target == 90
    assert wave.audiences.get(audience="resident").target == 50


def test_design_has_no_default(desk):
    page = desk.get("/desk/waves/new/")
    assert 'name="design" value="all_schools"' in page.content.decode()
    assert "checked" not in page.content.decode().split('name="design"')[1].split(">")[0]
    response = desk.post("/desk/waves/new/", filled_in(desk, design=None))
    assert (response.status_code, Wave.objects.count()) == (422, 0)
    assert response.context["form"].errors["design"]


def test_form_keeps_what_was_typed_when_it_is_sent_back(desk):
    response = desk.post("/desk/waves/new/", filled_in(desk, name="春季 😀", ends_on="2020-01-01"))
    assert response.status_code == 422
    assert list(response.context["form"].errors) == ["ends_on"]
    assert 'value="春季 😀"' in response.content.decode()
    assert not Wave.objects.exists()


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ({"parent": None, "teacher": None, "student": None}, ("0.5", "0.25", "0.25")),
        ({"parent": None}, ("1",)),
        ({"teacher": None, "student": None}, ("0.5", "0.5")),
        ({"parent": "70", "teacher": None, "student": None}, ("0.7", "0.15", "0.15")),
        ({"parent": None, "teacher": "30"}, ("0.7", "0.3")),
        ({"parent": None, "teacher": "60", "student": None}, ("0.4", "0.6", "0")),
    ],
)
def test_blank_shares_are_worked_out(typed, meant):
    percents = {code: percent and Decimal(percent) for code, percent in typed.items()}
    assert list(shares_of(percents).values()) == [Decimal(share) for share in meant]


def test_shares_that_leave_nothing_are_refused(desk):
    response = desk.post(
        "/desk/waves/new/", filled_in(desk, **{"teacher-share": "60", "student-share": "40"})
    )
    assert (response.status_code, Wave.objects.count()) == (422, 0)
    assert response.context["form"].non_field_errors()


def test_shares_that_miss_100_percent_are_refused_with_their_sum(desk):
    only_two = {f"{code}-asked": None for code in ("student", "principal", "deputy", "cppcc", "resident")}
    sent = filled_in(desk, **only_two, **{"parent-share": "50", "teacher-share": "49"})
    response = desk.post("/desk/waves/new/", sent)
    assert (response.status_code, Wave.objects.count()) == (422, 0)
    assert "99" in response.context["refused"]


def test_no_audience_at_all_is_refused(desk):
    form = desk.get("/desk/waves/new/").context["form"]
    nobody = {field.html_name: None for field in form if field.html_name.endswith("-asked")}
    assert desk.post("/desk/waves/new/", filled_in(desk, **nobody)).status_code == 422


def test_targets_never_exceed_the_people_there_are():
    shares = {"parent": Decimal("0.5"), "principal": Decimal("0.25"), "deputy": Decimal("0.25")}
    assert proposed_targets(1001, shares, {"principal": 40, "parent": 9_000}) == {
        "parent": 501, "principal": 40, "deputy": 250,
    }  # fmt: skip


def test_draft_is_shown_as_it_was_filled_in_and_can_be_changed(desk, county):
    make_school(county)
    desk.post("/desk/waves/new/", filled_in(desk, total_target="60", **{"deputy-population": "200"}))
    wave = Wave.objects.get()
    form = desk.get(f"/desk/waves/{wave.pk}/edit/").context["form"]
    assert [row.share.value() for row in form.rows] == [None] * 7
    assert [row.target.value() for row in form.rows] == [None] * 7
    response = desk.post(
        f"/desk/waves/{wave.pk}/edit/",
        as_sent(form, name="改名", **{"teacher-asked": None, "parent-share": "60"}),
    )
    assert response.status_code == 302
    wave.refresh_from_db()
    rows = {row.audience: row for row in wave.audiences.all()}
    assert wave.name == "改名"
    assert "teacher" not in rows
    assert rows["parent"].share == Decimal("0.6")
    assert rows["deputy"].population == 200
    form = desk.get(f"/desk/waves/{wave.pk}/edit/").context["form"]
    assert {row.audience.code: row.share.value() for row in form.rows}["parent"] == Decimal(60)
    assert [event.action for event in wave.events.all()] == ["created", "edited"]


def test_open_wave_cannot_be_changed_or_deleted(desk, county):
    make_school(county)
    wave = open_wave_for(county)
    for step in ("edit", "delete"):
        assert desk.get(f"/desk/waves/{wave.pk}/{step}/")["Location"] == f"/desk/waves/{wave.pk}/"
        assert desk.post(f"/desk/waves/{wave.pk}/{step}/").status_code == 302
    assert Wave.objects.get() == wave


def test_two_waves_of_one_name_are_refused(desk, county):
    make_wave(county, name="秋季自测")
    response = desk.post("/desk/waves/new/", filled_in(desk))
    assert (response.status_code, Wave.objects.count()) == (422, 1)
    assert "秋季自测" in response.context["refused"]


# --- Steps


def test_opening_asks_first_and_is_recorded(desk, county, bureau):
    make_school(county)
    wave = make_wave(county)
    page = desk.get(f"/desk/waves/{wave.pk}/open/")
    assert (page.context["collectors"], Wave.objects.get().state) == (1, "draft")
    response = desk.post(f"/desk/waves/{wave.pk}/open/", follow=True)
    wave.refresh_from_db()
    assert (wave.state, wave.collectors.count()) == ("open", 1)
    event = wave.events.get(action="opened")
    assert (event.by, event.detail["collectors"]) == (bureau, 1)
    assert "王建国" in response.content.decode()


def test_wave_without_schools_cannot_be_opened_and_says_where_to_begin(desk, county):
    wave = make_wave(county)
    page = desk.get(f"/desk/waves/{wave.pk}/open/").content.decode()
    assert 'href="/desk/roster/"' in page
    assert "<form" not in page.split("<main")[1]
    desk.post(f"/desk/waves/{wave.pk}/open/")
    wave.refresh_from_db()
    assert (wave.state, wave.collectors.count()) == ("draft", 0)


def test_closing_records_the_chain_and_reopening_its_reason(desk, county):
    school = make_school(county)
    wave = open_wave_for(county)
    reply(poster_of(school))
    desk.post(f"/desk/waves/{wave.pk}/close/", {"reason": "按期结束"})
    wave.refresh_from_db()
    assert wave.state == "closed"
    assert wave.events.get(action="closed").detail["batches"] == 1
    refused = desk.post(f"/desk/waves/{wave.pk}/reopen/", {"reason": "  "})
    wave.refresh_from_db()
    assert (refused.status_code, wave.state) == (422, "closed")
    desk.post(f"/desk/waves/{wave.pk}/reopen/", {"reason": "停电"})
    wave.refresh_from_db()
    assert wave.state == "open"
    assert wave.events.get(action="reopened").detail["reason"] == "停电"
    assert "停电" in desk.get(f"/desk/waves/{wave.pk}/").content.decode()


def test_step_taken_twice_is_refused_with_a_sentence(desk, county):
    make_school(county)
    wave = open_wave_for(county)
    response = desk.post(f"/desk/waves/{wave.pk}/open/", follow=True)
    assert [message.level_tag for message in response.context["messages"]] == ["error"]
    assert wave.events.filter(action="opened").count() == 1


def test_draft_is_deleted_after_asking(desk, county):
    wave = make_wave(county)
    assert desk.get(f"/desk/waves/{wave.pk}/delete/").status_code == 200
    assert Wave.objects.exists()
    assert desk.post(f"/desk/waves/{wave.pk}/delete/")["Location"] == "/desk/waves/"
    assert not Wave.objects.exists()


def test_reviewer_is_offered_no_step(county):
    make_school(county)
    wave = open_wave_for(county)
    client = Client()
    client.force_login(User.objects.create(username="reviewer", role="reviewer", county=county))
    page = client.get(f"/desk/waves/{wave.pk}/").content.decode()
    assert f"/desk/waves/{wave.pk}/close/" not in page
    assert "/desk/waves/new/" not in client.get("/desk/waves/").content.decode()


# --- Progress


def test_wave_page_counts_replies_by_audience_and_school(desk, county):
    first, second = make_school(county, name="第一小学"), make_school(county, name="第二小学")
    wave = make_wave(county)
    wave.audiences.update(target=5)
    open_wave(wave, by=None, now=timezone.now())
    reply(poster_of(first), times=3)
    reply(poster_of(second), times=1)
    progress = desk.get(f"/desk/waves/{wave.pk}/").context["progress"]
    assert (progress.total.replies, progress.total.target, progress.total.percent) == (4, 5, 80)
    assert [(row.school.name, row.progress.replies, row.progress.target) for row in progress.schools] == [
        ("第一小学", 3, 3), ("第二小学", 1, 2),
    ]  # fmt: skip
    behind = desk.get(f"/desk/waves/{wave.pk}/?show=behind").context["page"]
    assert [row.school.name for row in behind] == ["第二小学"]
    by_replies = desk.get(f"/desk/waves/{wave.pk}/?sort=-replies").context["page"]
    assert [row.school.name for row in by_replies] == ["第一小学", "第二小学"]
    searched = desk.get(f"/desk/waves/{wave.pk}/?q=第二").context["page"]
    assert [row.school.name for row in searched] == ["第二小学"]


ODD_QUERIES = (
    "?sort=password", "?sort=-", "?page=0", "?page=last", "?page=9999", "?q=%00", "?township=x", "?school=９",
)  # fmt: skip


@pytest.mark.parametrize("query", ODD_QUERIES)
@pytest.mark.parametrize("address", ["waves/", "schools/", "waves/{wave}/", "waves/{wave}/collectors/"])
def test_list_answers_whatever_its_address_says(desk, county, address, query):
    make_school(county)
    wave = open_wave_for(county)
    assert desk.get("/desk/" + address.format(wave=wave.pk) + query).status_code == 200


def test_search_stands_in_the_page_as_text_only(desk, county):
    make_wave(county)
    page = desk.get("/desk/waves/", {"q": '"><script>alert(1)</script>'}).content.decode()
    assert "<script>alert" not in page


def test_lists_need_as_many_queries_for_three_as_for_one(desk, county):
    """Schools, waves and collectors grow; the work of the database does not."""

    def counted(address: str) -> int:
        with CaptureQueriesContext(connection) as captured:
            assert desk.get(address).status_code == 200
        return len(captured)

    school = make_school(county)
    wave = open_wave_for(county)
    reply(poster_of(school))
    addresses = [
        "/desk/waves/", f"/desk/waves/{wave.pk}/", f"/desk/waves/{wave.pk}/collectors/", "/desk/schools/",
        f"/desk/schools/{school.pk}/", "/desk/questionnaires/",
    ]  # fmt: skip
    before = [counted(address) for address in addresses]
    for number in (2, 3):
        make_school(county, name=f"第{number}小学")
        other = make_wave(county, name=f"第{number}次")
        open_wave(other, by=None, now=timezone.now())
    add_missing_collectors(wave)
    assert wave.collectors.count() == 3
    after = [counted(address) for address in addresses]
    # One more or less where a school's page shows another wave; one per object would be two more.
    assert [abs(now - then) <= 1 for now, then in zip(after, before, strict=True)] == [True] * len(before)


# --- Collectors


def test_collectors_are_found_by_place_audience_township_and_code(desk, county):
    first, second = make_school(county, name="第一小学"), make_school(county, name="第二小学")
    wave = open_wave_for(county)

    def found(query: str) -> list[str]:
        rows = desk.get(f"/desk/waves/{wave.pk}/collectors/?{query}").context["rows"]
        return [collector.school.name for collector, _ in rows]

    assert found("") == ["第一小学", "第二小学"]
    assert found("q=第二") == ["第二小学"]
    assert found(f"q={poster_of(first).code.lower()}") == ["第一小学"]
    assert found(f"school={second.pk}") == ["第二小学"]
    assert found(f"township={first.township_id}&audience=parent") == ["第一小学", "第二小学"]
    assert found("audience=teacher") == []
    assert found("sort=-place") == found("sort=place")[::-1]


def test_qr_code_holds_the_public_link_and_saves_under_a_name_that_says_whose_it_is(desk, county, settings):
    settings.PUBLIC_ORIGIN = "https://renke.example.gov.cn"
    school = make_school(county, name=LONG_NAME)
    open_wave_for(county)
    collector = poster_of(school)
    link = f"https://renke.example.gov.cn/r/{collector.code}"
    page = desk.get(f"/desk/waves/collectors/{collector.pk}/").content.decode()
    assert f'value="{link}"' in page
    svg = desk.get(f"/desk/waves/collectors/{collector.pk}/qr.svg")
    assert (svg["Content-Type"], svg.content) == ("image/svg+xml", qr_svg(link))
    png = desk.get(f"/desk/waves/collectors/{collector.pk}/qr.png?download")
    assert (png["Content-Type"], png.content) == ("image/png", qr_png(link))
    assert png["Content-Disposition"].startswith(
        "attachment; filename*=utf-8''" + quote(f"{LONG_NAME}-家长-")
    )


def test_link_is_the_address_of_the_page_where_no_other_is_set(desk, county):
    school = make_school(county)
    open_wave_for(county)
    collector = poster_of(school)
    page = desk.get(f"/desk/waves/collectors/{collector.pk}/poster/", headers={"host": "192.168.1.7:8000"})
    assert f"http://192.168.1.7:8000/r/{collector.code}" in page.content.decode()


def test_closed_wave_says_so_beside_its_code(desk, county):
    school = make_school(county)
    wave = open_wave_for(county)
    close_wave(wave, by=None, now=timezone.now())
    page = desk.get(f"/desk/waves/collectors/{poster_of(school).pk}/show/")
    assert "show-qr" not in page.content.decode()


# --- Questionnaires


def test_preview_shows_each_audience_its_own_questions_and_sends_nothing(desk):
    parent = desk.get("/desk/questionnaires/society/frame/0/parent/").content.decode()
    deputy = desk.get("/desk/questionnaires/society/frame/0/deputy/").content.decode()
    assert 'name="grade_band"' in parent
    assert 'name="grade_band"' not in deputy
    assert 'type="submit"' not in parent
    assert desk.get("/desk/questionnaires/society/frame/0/parent/?lang=en").content.decode() != parent


@pytest.mark.parametrize(
    "address",
    [
        "nothing/",
        "society/?version=7",
        "society/?version=x",
        "society/frame/0/teacher/",
        "nothing/frame/0/parent/",
    ],
)
def test_questionnaire_that_is_not_there_is_not_found(desk, address):
    assert desk.get(f"/desk/questionnaires/{address}").status_code == 404


def test_frozen_version_is_shown_to_the_county_that_asked_with_it_only(desk, county):
    other = make_county(name="禄溪县")
    make_school(other)
    wave = open_wave_for(other)
    number = wave.audiences.get().version.number
    assert desk.get(f"/desk/questionnaires/society/?version={number}").status_code == 404
    make_school(county)
    open_wave_for(county)
    assert desk.get(f"/desk/questionnaires/society/?version={number}").status_code == 200


# --- Language


def test_language_is_chosen_by_a_form_and_kept(desk):
    response = desk.post("/language/", {"language": "en", "next": "/desk/waves/"})
    assert response["Location"] == "/desk/waves/"
    page = desk.get("/desk/waves/").content.decode()
    assert '<html lang="en">' in page
    assert "Survey waves" in page


def test_language_form_leads_nowhere_else(desk):
    assert (
        desk.post("/language/", {"language": "en", "next": "https://elsewhere.example/"})["Location"] == "/"
    )
