"""Trying out slips' codes is slowed by the code's first letters and by the page, never by address."""

from __future__ import annotations

import re

import pytest
from django.core.cache import cache
from django.test import Client

from surveys.distribution.codes import ALPHABET, check_letter, new_collector_code, new_slip_code
from surveys.guessing import (
    WRONG_BY_PREFIX,
    WRONG_BY_SESSION,
    must_wait,
    new_session,
    note_wrong,
    session_of,
)
from surveys.models import AccessCode
from tests.surveys.builders import make_county, make_school, make_slip, open_wave_for, poster_of


@pytest.fixture(autouse=True)
def nothing_counted():
    cache.clear()
    yield
    cache.clear()


def code_with(prefix: str, number: int) -> str:
    """Different codes with these first letters, their check letter right."""
    rest = "".join(ALPHABET[number // 31**place % 31] for place in range(7))
    return prefix + rest + check_letter(prefix + rest)


def test_many_wrong_codes_of_one_prefix_make_that_prefix_wait_and_no_other():
    for number in range(WRONG_BY_PREFIX):
        assert not must_wait(code_with("B2K7", number))
        note_wrong(code_with("B2K7", number))
    assert must_wait(code_with("B2K7", 999))
    assert not must_wait(code_with("B2K8", 999))


def test_many_wrong_codes_from_one_page_make_that_page_wait_whatever_it_asks():
    mine, other = session_of(new_session()), session_of(new_session())
    for _ in range(WRONG_BY_SESSION):
        note_wrong(new_slip_code(), session=mine)
    assert must_wait(new_slip_code(), session=mine)
    assert must_wait("ANYTHING", session=mine)
    assert not must_wait(new_slip_code(), session=other)
    assert not must_wait(new_slip_code())


def test_slips_of_the_pen_slow_nobody_else():
    """A code whose check letter is wrong never reaches the database, and counts for its own page only."""
    right = code_with("B2K7", 5)
    wrong = right[:-1] + ALPHABET[(ALPHABET.index(right[-1]) + 1) % 31]
    for _ in range(100):
        note_wrong(wrong)
    assert not must_wait(right)


def test_nobody_takes_a_poster_out_of_service():
    poster = new_collector_code()
    for _ in range(100):
        note_wrong(poster[:4] + "222222")
        note_wrong(poster)
    assert not must_wait(poster)


@pytest.mark.parametrize("given", ["", "x", "A" * 16 + ":" + "B" * 43, "../..", "ü" * 60, "a:" * 40])
def test_page_name_we_did_not_give_is_none(given):
    assert session_of(given) == ""


def test_page_name_survives_the_form():
    assert len(session_of(new_session())) == 16
    assert session_of(new_session()) != session_of(new_session())


def test_without_a_cache_nobody_is_slowed(settings):
    settings.CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": "redis://127.0.0.1:1/0",
        }
    }  # fmt: skip
    for number in range(WRONG_BY_PREFIX + 1):
        note_wrong(code_with("B2K7", number))
    assert not must_wait(code_with("B2K7", 999))


# --- On the phone


@pytest.mark.django_db
def test_guessed_slips_meet_a_friendly_page_and_a_right_one_elsewhere_opens():
    county = make_county()
    school = make_school(county)
    wave = open_wave_for(county)
    slip = make_slip(school, wave)
    prefix = "ZZZZ" if not slip.startswith("ZZZZ") else "YYYY"
    phone = Client()
    answers = [
        phone.get(f"/r/{code_with(prefix, number)}").status_code for number in range(WRONG_BY_PREFIX + 2)
    ]
    assert answers == [404] * WRONG_BY_PREFIX + [429, 429]
    page = phone.get(f"/r/{code_with(prefix, 999)}")
    assert "请稍等一会儿" in page.content.decode()
    assert page["Retry-After"] == "600"
    assert phone.get(f"/r/{slip}").status_code == 200
    assert phone.get(f"/r/{poster_of(school).code}").status_code == 200


@pytest.mark.django_db
def test_typing_wrong_codes_on_one_page_is_slowed_without_a_cookie():
    county = make_county()
    school = make_school(county)
    open_wave_for(county)
    phone = Client()
    page = phone.get("/r/")
    for _ in range(WRONG_BY_SESSION):
        tries = re.search(r'name="tries" value="([^"]+)"', page.content.decode())[1]
        page = phone.get("/r/", {"code": new_slip_code(), "tries": tries})
        assert page.status_code == 404
    assert phone.get("/r/", {"code": poster_of(school).code, "tries": tries}).status_code == 429
    assert phone.get("/r/", {"code": poster_of(school).code}).status_code == 302
    assert phone.cookies == {}


@pytest.mark.django_db
def test_void_slip_says_so_and_takes_no_answer():
    county = make_county()
    school = make_school(county)
    wave = open_wave_for(county)
    slip = make_slip(school, wave)
    AccessCode.objects.update(state="void")
    for page in (Client().get(f"/r/{slip}"), Client().post(f"/r/{slip}", {"token": "x"})):
        assert page.status_code == 410
        assert "该答题条已作废" in page.content.decode()
