"""What a phone gets for a code and for what it posts: nothing is lost, nothing is counted twice."""

import json
import re
import time
from datetime import UTC, datetime, timedelta
from html import unescape

import pytest
from django.utils import timezone

from surveys import queries
from surveys.distribution.codes import check_letter
from surveys.models import Channel, Collector, Response, Wave
from surveys.page_tokens import new_token
from surveys.pages import day_in_words
from surveys.queries import entry_of
from surveys.tallies import check_tallies
from surveys.views.respond import GRACE, why_shut
from surveys.waves import close_wave
from tests.surveys.builders import (
    LONG_NAME,
    make_county,
    make_school,
    make_slip,
    make_wave,
    open_wave_for,
    poster_of,
)
from tests.surveys.phone import (
    SATISFIED,
    TOPICS,
    Phone,
    accused,
    address,
    in_chinese,
    receipt_in,
    text_of,
    token_in,
)

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def phone() -> Phone:
    return Phone()


@pytest.fixture
def school():
    return make_school(make_county(), name=LONG_NAME)


@pytest.fixture
def wave(school) -> Wave:
    return open_wave_for(school.county)


@pytest.fixture
def poster(school, wave) -> Collector:
    return poster_of(school)


def ask_again() -> None:
    """The page remembers for some seconds what a code leads to; a test changes it sooner."""
    queries._entries.clear()


# --- Answering


def test_a_parent_opens_answers_and_gets_a_receipt(phone, poster):
    opened = phone.get(address(poster))
    assert opened.status_code == 200
    sent = phone.post(address(poster), SATISFIED | {"token": token_in(opened), "comment": "食堂很好👍"})
    assert sent.status_code == 303
    thanked = phone.get(sent["Location"])
    assert thanked.status_code == 200
    stored = Response.objects.get()
    codes = poster.wave.audiences.get().version.table.decode(bytes(stored.choices))
    assert {name: codes[name] for name in SATISFIED} == SATISFIED
    assert json.loads(stored.texts) == {"comment": "食堂很好👍"}
    assert (stored.stratum, stored.language) == ("grade_band=g1_3", "zh-hans")
    assert re.fullmatch(r"[2-9A-Z]{4}-[2-9A-Z]{4}-[2-9A-Z]{4}", receipt_in(thanked))
    assert check_tallies(poster.wave) == []


def test_the_page_says_who_asks_about_what_until_when_and_that_it_is_not_the_ministry(phone, poster):
    html = text_of(phone.get(address(poster)))
    about = {"county": "云川县", "wave": "2026年秋季调查", "audience": "家长"}
    assert LONG_NAME in html
    for words in (
        "%(wave)s · for: %(audience)s",
        "Anonymous: no name, no login",
        "The school never sees anybody's answers",
        "This is the county's own survey, to see where it stands. It is not the ministry's survey.",
    ):
        assert in_chinese(words) % about in html
    assert day_in_words(timezone.localdate() + timedelta(days=9), "zh-hans") in html


def test_the_same_page_sent_twice_is_one_response_with_one_receipt(phone, poster):
    token = token_in(phone.get(address(poster)))
    receipts = []
    for _ in range(3):
        sent = phone.post(address(poster), SATISFIED | {"token": token})
        assert sent.status_code == 303
        receipts.append(receipt_in(phone.get(sent["Location"])))
    assert len(set(receipts)) == 1
    assert Response.objects.count() == 1
    assert in_chinese("We already have your answers") in text_of(phone.get(sent["Location"]))


def test_two_pages_are_two_responses(phone, poster):
    first, second = phone.answer(poster), phone.answer(poster)
    assert receipt_in(phone.get(first["Location"])) != receipt_in(phone.get(second["Location"]))
    assert Response.objects.count() == 2


def test_seconds_run_from_the_page_to_its_answer(phone, poster):
    token = new_token(poster.code, now=time.time() - 72)
    phone.post(address(poster), SATISFIED | {"token": token})
    assert Response.objects.get().seconds == 70


def test_english_is_answered_in_english(phone, poster):
    opened = phone.get(address(poster) + "?lang=en&big=1")
    assert "How satisfied are you" in text_of(opened)
    assert '<html lang="en" class="big">' in text_of(opened)
    sent = phone.post(address(poster) + "?lang=en&big=1", SATISFIED | {"token": token_in(opened)})
    assert Response.objects.get().language == "en"
    assert sent["Location"].endswith("?lang=en&big=1")


def test_another_language_or_size_brings_the_answers_along(phone, poster):
    opened = phone.get(address(poster))
    half = {"token": token_in(opened), TOPICS[0]: "dissatisfied", "comment": "食堂", "look": ""}
    turned = phone.post(address(poster) + "?lang=en&big=1", half)
    assert turned.status_code == 200 and turned["Content-Language"] == "en"
    assert f'name="{TOPICS[0]}" value="dissatisfied" checked' in turned.content.decode()
    assert "食堂" in turned.content.decode() and not accused(turned)
    assert token_in(turned) == token_in(opened)
    assert not Response.objects.exists()


def test_an_unknown_language_is_chinese(phone, poster):
    assert '<html lang="zh-Hans">' in text_of(phone.get(address(poster) + "?lang=xx"))


def test_a_code_may_be_written_small_or_with_a_slash(phone, poster):
    assert phone.get(f"/r/{poster.code.lower()}").status_code == 200
    opened = phone.get(f"/r/{poster.code.lower()}/")
    assert phone.post(address(poster), SATISFIED | {"token": token_in(opened)}).status_code == 303


def test_head_answers_like_get(phone, poster):
    assert phone.head(address(poster)).status_code == 200
    assert phone.head("/r/NOSUCHCODE").status_code == 404


# --- Something is missing


def test_unanswered_items_are_pointed_out_and_nothing_is_lost(phone, poster):
    comment = '第一行\n<b>"引号"</b> & 👨‍👩‍👧 𠮷'
    given = {
        "grade_band": "g4_6", "class_size": "４８名", "workload": "dissatisfied", "comment": comment,
        "burden": ["exams", "homework"], "improve": ["workload", "safety_meals"],
    }  # fmt: skip
    token = token_in(phone.get(address(poster)))
    sent = phone.post(address(poster), given | {"token": token})
    assert sent.status_code == 422
    assert accused(sent) == [name for name in TOPICS if name != "workload"]
    html = sent.content.decode()
    checked = re.findall(r'name="(\w+)" value="(\w+)"[^>]* checked', html)
    assert checked == [("grade_band", "g4_6"), ("workload", "dissatisfied"), ("burden", "homework"),
                       ("burden", "exams"), ("improve", "workload"), ("improve", "safety_meals")]  # fmt: skip
    assert 'value="４８名"' in html
    assert comment in unescape(re.search(r"<textarea[^>]*>\n(.*?)</textarea>", html, re.DOTALL)[1])
    assert Response.objects.count() == 0
    assert token_in(sent) == token
    assert phone.post(address(poster), SATISFIED | {"token": token}).status_code == 303


@pytest.mark.parametrize(
    ("wrong", "where"),
    [
        ({"overall": "excellent"}, "overall"),
        ({"overall": ["satisfied", "dissatisfied"]}, "overall"),
        ({"class_size": "很多"}, "class_size"),
        ({"class_size": "9" * 500}, "class_size"),
        ({"class_size": "-1"}, "class_size"),
        ({"improve": ["nothing", "workload"]}, "improve"),
        ({"improve": ["moral_education", "fair_policy", "workload", "safety_meals"]}, "improve"),
        ({"comment": "长" * 10_001}, "comment"),
        ({"grade_band": "not_asked"}, "grade_band"),
        ({"grade_band": "\x00"}, "grade_band"),
    ],
)
def test_what_cannot_be_taken_is_explained_at_its_place(phone, poster, wrong, where):
    sent = phone.answer(poster, SATISFIED | wrong)
    assert sent.status_code == 422
    assert accused(sent) == [where]
    assert Response.objects.count() == 0


def test_a_comment_that_is_too_long_comes_back_whole(phone, poster):
    comment = "长" * 10_000 + "完"
    sent = phone.answer(poster, SATISFIED | {"comment": comment})
    assert comment in text_of(sent)


@pytest.mark.parametrize("token", [None, "", "forged", "A" * 48, "令牌" * 24, "\x00"])
def test_a_page_without_a_good_token_comes_back_with_answers_and_a_new_one(phone, poster, token):
    sent = phone.post(address(poster), SATISFIED | ({} if token is None else {"token": token}))
    assert sent.status_code == 422
    assert accused(sent) == []
    assert sent.content.decode().count(" checked") == len(SATISFIED)
    assert Response.objects.count() == 0
    assert phone.post(address(poster), SATISFIED | {"token": token_in(sent)}).status_code == 303


def test_a_token_of_another_code_is_not_good(phone, poster):
    sent = phone.post(address(poster), SATISFIED | {"token": new_token("OTHERCODE2")})
    assert sent.status_code == 422
    assert Response.objects.count() == 0


def test_a_question_that_was_not_to_be_asked_is_not_asked_whatever_was_posted(phone, poster):
    phone.answer(poster, SATISFIED | {"burden": ["exams"]})
    phone.answer(poster, SATISFIED | {"workload": "dissatisfied", "burden": ["exams"]})
    table = poster.wave.audiences.get().version.table
    first, second = (table.decode(bytes(row.choices)) for row in Response.objects.order_by("pk"))
    assert (first["burden.exams"], first["burden.homework"]) == ("not_asked", "not_asked")
    assert (second["burden.exams"], second["burden.homework"]) == ("yes", "no")


def test_residents_are_not_asked_about_their_child(phone):
    county = make_county()
    make_school(county)
    resident = open_wave_for(county, audience="resident").collectors.get()
    html = text_of(phone.get(address(resident)))
    assert "q-location" in html
    assert "q-grade_band" not in html
    assert "城关镇" in html
    sent = phone.answer(resident, {"location": "rural"} | dict.fromkeys(TOPICS, "satisfied"))
    assert sent.status_code == 303
    assert Response.objects.get().stratum == "location=rural"


# --- Codes that lead nowhere, not yet or no longer


@pytest.mark.parametrize(
    "code",
    [
        "NOSUCHCODE", "a", "%00", "2" * 21, "2" * 5000, "%F0%9F%98%80", "%2e%2e%2fetc", "a/b/c", "thanks",
        "%ff%fe", "'%20OR%201=1--", "23456789ABC" + check_letter("23456789ABC"),
    ],
)  # fmt: skip
def test_an_unknown_code_gets_a_friendly_page(phone, code):
    for method in (phone.get, phone.post):
        response = method(f"/r/{code}")
        assert response.status_code == 404
        assert '<article class="message">' in text_of(response)


def test_a_code_typed_by_hand_opens_the_questionnaire(phone, poster):
    code = poster.code
    for typed in (code, f" {code[:5].lower()}-{code[5:]} ", f"https://renke.example.gov.cn/r/{code}"):
        found = phone.get("/r/", {"code": typed})
        assert (found.status_code, found["Location"]) == (302, f"/r/{code}")
    assert phone.get("/r/").status_code == 200
    missed = phone.get("/r/", {"code": "A1<b>"})
    assert missed.status_code == 404
    assert 'value="A1&lt;b&gt;"' in missed.content.decode()


def test_a_closed_wave_takes_no_answer_but_still_shows_an_earlier_receipt(phone, poster):
    token = token_in(phone.get(address(poster)))
    late = token_in(phone.get(address(poster)))
    sent = phone.post(address(poster), SATISFIED | {"token": token})
    receipt = receipt_in(phone.get(sent["Location"]))
    close_wave(poster.wave, by=None, now=timezone.now())
    refused_at_the_door = phone.post(address(poster), SATISFIED | {"token": late})
    ask_again()
    for response in (
        refused_at_the_door,
        phone.get(address(poster)),
        phone.post(address(poster), SATISFIED | {"token": late}),
        phone.post(address(poster), {}),
    ):
        assert response.status_code == 410
        assert in_chinese("This survey is over") in text_of(response)
    again = phone.post(address(poster), SATISFIED | {"token": token})
    assert receipt_in(phone.get(again["Location"])) == receipt
    assert phone.get(sent["Location"]).status_code == 200
    assert Response.objects.count() == 1


def test_a_wave_is_shut_before_its_first_and_after_its_last_beijing_day(poster):
    entry = entry_of(poster.code)
    first, last = entry.collector.wave.starts_on, entry.collector.wave.ends_on

    def at(day, hour, **more):
        return why_shut(entry, datetime(day.year, day.month, day.day, hour, 30, tzinfo=UTC), **more)

    day = timedelta(days=1)
    assert at(first - day, 15) == "not_open"  # 23:30 in Beijing
    assert at(first - day, 16) == ""  # 00:30
    assert at(last, 15) == ""
    assert at(last, 16) == "closed"
    assert at(last, 16, grace=GRACE) == ""  # opened before midnight, sent in after it
    assert at(last, 17, grace=GRACE) == "closed"


def test_a_wave_that_begins_later_says_when(phone, poster):
    first = timezone.localdate() + timedelta(days=3)
    Wave.objects.filter(pk=poster.wave_id).update(starts_on=first)
    response = phone.get(address(poster))
    assert response.status_code == 403
    assert str(first.day) in text_of(response)
    assert phone.post(address(poster), SATISFIED | {"token": new_token(poster.code)}).status_code == 403
    assert Response.objects.count() == 0


def test_a_draft_has_not_begun(phone, school):
    draft = make_wave(school.county)
    collector = Collector.objects.create(wave=draft, audience="parent", school=school, code="DRAFT23456")
    assert phone.get(address(collector)).status_code == 403
    assert phone.post(address(collector), SATISFIED).status_code == 403


# --- Slips


def test_a_slip_is_redeemed_by_its_answer_and_only_once(phone, school, wave):
    slip = make_slip(school, wave)
    mine, other = (token_in(phone.get(f"/r/{slip}")) for _ in range(2))
    sent = phone.post(f"/r/{slip}", SATISFIED | {"token": mine})
    receipt = receipt_in(phone.get(sent["Location"]))
    again = phone.post(f"/r/{slip}", SATISFIED | {"token": mine})
    assert receipt_in(phone.get(again["Location"])) == receipt
    for response in (phone.get(f"/r/{slip}"), phone.post(f"/r/{slip}", SATISFIED | {"token": other})):
        assert response.status_code == 410
        assert in_chinese("This slip has been used") in text_of(response)
    assert Response.objects.count() == 1
    assert Response.objects.get().collector.channel == Channel.SLIPS


def test_the_receipts_address_does_not_name_the_slip(phone, school, wave):
    slip = make_slip(school, wave)
    sent = phone.post(f"/r/{slip}", SATISFIED | {"token": token_in(phone.get(f"/r/{slip}"))})
    assert slip not in sent["Location"]
    assert slip not in text_of(phone.get(sent["Location"]))


def test_a_form_that_needs_mending_does_not_use_up_the_slip(phone, school, wave):
    slip = make_slip(school, wave)
    token = token_in(phone.get(f"/r/{slip}"))
    assert phone.post(f"/r/{slip}", {"token": token}).status_code == 422
    assert phone.post(f"/r/{slip}", SATISFIED | {"token": token}).status_code == 303


def test_the_collector_of_slips_cannot_be_answered_without_a_slip(phone, school, wave):
    make_slip(school, wave)
    collector = Collector.objects.get(channel=Channel.SLIPS)
    assert phone.get(address(collector)).status_code == 403
    token = new_token(collector.code)
    assert phone.post(address(collector), SATISFIED | {"token": token}).status_code == 403
    assert Response.objects.count() == 0


# --- The receipt


def test_a_receipt_we_did_not_give_is_not_shown(phone, poster, school):
    sent = phone.answer(poster)
    receipt, mark = sent["Location"].rpartition("/")[2].split(".")
    good = f"/r/{poster.code}/thanks/{receipt}.{mark}"
    assert phone.get(good).status_code == 200
    forged = (
        f"/r/{poster.code}/thanks/{receipt}",
        f"/r/{poster.code}/thanks/{receipt}.",
        f"/r/{poster.code}/thanks/{receipt}.{mark[::-1]}",
        f"/r/{poster.code}/thanks/AAAA-BBBB-CCCC.{mark}",
        f"/r/{poster.code}/thanks/<b>.{mark}",
        f"/r/NOSUCHCODE/thanks/{receipt}.{mark}",
    )
    assert [phone.get(path).status_code for path in forged] == [404] * 6


def test_only_somebody_who_sent_twice_is_offered_the_form_for_another_person(phone, poster):
    token = token_in(phone.get(address(poster)))
    first = phone.post(address(poster), SATISFIED | {"token": token})
    second = phone.post(address(poster), SATISFIED | {"token": token})
    offer = 'href="../?"'
    assert offer not in text_of(phone.get(first["Location"]))
    assert offer in text_of(phone.get(second["Location"]))
