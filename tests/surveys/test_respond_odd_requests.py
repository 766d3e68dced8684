"""The phone's pages under odd and hostile requests, and what travels with every page."""

import gzip
import json
import re
from html import unescape

import pytest
from django.db import OperationalError, connection

from surveys import group_commit, queries
from surveys.models import Collector, Response
from tests.surveys.builders import make_county, make_school, open_wave_for, poster_of
from tests.surveys.phone import FORM, SATISFIED, Phone, address, text_of, token_in

pytestmark = pytest.mark.django_db(transaction=True)


A_FILE = b'--b\r\nContent-Disposition: form-data; name="overall"; filename="a"\r\n\r\nx\r\n--b--'


@pytest.fixture
def phone() -> Phone:
    return Phone()


@pytest.fixture
def poster() -> Collector:
    school = make_school(make_county())
    open_wave_for(school.county)
    return poster_of(school)


@pytest.mark.parametrize("method", ["put", "patch", "delete", "options", "trace"])
def test_other_methods_are_refused(phone, poster, method):
    response = getattr(phone, method)(address(poster))
    assert (response.status_code, response["Allow"]) == (405, "GET, HEAD, POST")
    assert '<article class="message">' in text_of(response)


@pytest.mark.parametrize(
    ("comment", "stored"),
    [
        ("𠮷𠮷" * 5_000, "𠮷𠮷" * 5_000),
        ("👨‍👩‍👧‍👦" * 900, "👨‍👩‍👧‍👦" * 900),
        ("مرحبا שלום", "مرحبا שלום"),
        ("a\u202eb\x00c\ufeff", "abc"),
        ("=HYPERLINK(1)", "=HYPERLINK(1)"),
    ],
)
def test_any_script_is_stored_as_it_was_written(phone, poster, comment, stored):
    assert phone.answer(poster, SATISFIED | {"comment": comment}).status_code == 303
    assert json.loads(Response.objects.get().texts) == {"comment": stored}


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"comment=" + b"x" * 2_000_001, FORM, 413),
        (b"&".join(b"f%d=1" % number for number in range(3_000)), FORM, 400),
        (b"overall=\xff\xfe%ff%00&comment=%c3%28", FORM, 422),
        (b"%%%===&&&", FORM, 422),
        (b"", FORM, 422),
        (b'{"overall": "satisfied"}', "application/json", 422),
        (b"overall=satisfied", FORM + "; charset=latin-1", 400),
        (b"overall=satisfied", FORM + "; charset=no-such", 422),
        (b"overall=satisfied", "", 422),
        (b"no boundary here", "multipart/form-data", 400),
        (b"--b\r\nbroken", "multipart/form-data; boundary=b", 422),
        (A_FILE, "multipart/form-data; boundary=b", 422),
        (b"--b\r\n" * 5_000, "multipart/form-data; boundary=\xff", 400),
    ],
)  # fmt: skip
def test_a_body_that_is_no_form_of_ours_gets_a_clear_page(phone, poster, body, content_type, status):
    response = phone.generic("POST", address(poster), body, content_type)
    assert response.status_code == status
    assert "<h1>" in text_of(response)
    assert Response.objects.count() == 0


def test_thousands_of_parameters_in_the_address_are_ignored(phone, poster):
    assert phone.get(address(poster) + "?" + "&".join(f"p{n}=1" for n in range(3_000))).status_code == 200


def test_a_field_posted_twice_with_one_value_is_one_answer(phone, poster):
    phone.answer(poster, SATISFIED | {"overall": ["satisfied", "satisfied"]})
    assert Response.objects.count() == 1


def test_when_too_many_wait_the_answers_are_kept_for_a_second_try(phone, poster):
    token = token_in(phone.get(address(poster)))
    line = group_commit._group
    longest, line._longest_line = line._longest_line, 0
    try:
        busy = phone.post(address(poster), SATISFIED | {"token": token, "comment": "食堂<好>"})
    finally:
        line._longest_line = longest
    assert (busy.status_code, busy["Retry-After"]) == (503, "5")
    kept = re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)">', busy.content.decode())
    sent = phone.post(address(poster), {name: unescape(value) for name, value in kept})
    assert sent.status_code == 303
    assert json.loads(Response.objects.get().texts) == {"comment": "食堂<好>"}


def test_when_the_database_is_away_the_answers_are_kept_for_a_second_try(phone, poster):
    token = token_in(phone.get(address(poster)))

    def away(*args):
        raise OperationalError("the server closed the connection")

    queries._entries.clear()  # the page remembers for some seconds what a code leads to
    with connection.execute_wrapper(away):
        opened = phone.get(address(poster))
        busy = phone.post(address(poster), SATISFIED | {"token": token})
    assert (opened.status_code, opened["Retry-After"]) == (503, "5")
    assert busy.status_code == 503
    assert busy.content.decode().count('type="hidden"') == len(SATISFIED) + 1
    assert phone.post(address(poster), SATISFIED | {"token": token}).status_code == 303


# --- What travels with every page


def pages_of(phone: Phone, poster: Collector) -> list:
    sent = phone.answer(poster)
    return [
        phone.get(address(poster)),
        phone.post(address(poster), {}),
        sent,
        phone.get(sent["Location"]),
        phone.get("/r/"),
        phone.get("/r/NOSUCHCODE"),
        phone.put(address(poster)),
    ]


def test_no_page_sets_a_cookie_and_each_has_the_strict_policy(phone, poster):
    for response in pages_of(phone, poster):
        assert "Set-Cookie" not in response.headers
        policy = response["Content-Security-Policy"]
        assert "default-src 'self'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'self'" in policy
        assert "X-Frame-Options" not in response.headers  # the desk shows it in a phone frame
    assert phone.cookies == {}


def test_pages_ask_nobody_else_for_anything(phone, poster):
    for response in pages_of(phone, poster):
        assert re.findall(r"https?://|<style|\sstyle=|\son\w+=|<script(?! src=\"/)", text_of(response)) == []


def test_zoom_is_never_forbidden(phone, poster):
    for response in pages_of(phone, poster):
        assert not re.search("user-scalable|maximum-scale|minimum-scale", text_of(response))


@pytest.mark.parametrize(
    ("accepted", "is_compressed"),
    [("gzip, deflate, br", True), ("gzip;q=0.5", True), ("br", False), ("gzip;q=0, br", False), ("", False)],
)
def test_a_page_is_compressed_for_whoever_takes_it(phone, poster, accepted, is_compressed):
    for path in (address(poster), "/r/"):
        response = phone.get(path, headers={"accept-encoding": accepted})
        assert (response.get("Content-Encoding") == "gzip") is is_compressed
        assert response["Vary"] == "Accept-Encoding"
        assert int(response["Content-Length"]) == len(response.content)
        html = (gzip.decompress(response.content) if is_compressed else response.content).decode()
        assert html.rstrip().endswith("</html>")


def test_no_shared_cache_may_keep_a_page(phone, poster):
    assert phone.get(address(poster))["Cache-Control"] == "private, no-cache"
