"""What a parent's first view weighs, measured where it arrives: the production server, a real browser."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import quote, urlencode
from urllib.request import Request, urlopen

import pytest
from django.conf import settings
from django.db import connection

from survey_site.broker import free_port
from surveys.models import Response
from tests.surveys.builders import LONG_NAME, make_county, make_school, open_wave_for, poster_of
from tests.surveys.phone import FORM, SATISFIED

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

MOST_BYTES = 20_000  # the whole first view, with headers, style sheet and script; 30,000 would be the limit
MOST_REQUESTS = 3


def database_url() -> str:
    """The test's own database, for a server beside it."""
    known = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{quote(str(known['NAME']))}"
    return (
        f"postgresql://{quote(known['USER'])}:{quote(known['PASSWORD'])}@/{known['NAME']}"
        f"?host={quote(known['HOST'], safe='')}&port={known['PORT']}"
    )


@pytest.fixture(scope="module")
def server(django_db_setup, django_db_blocker, tmp_path_factory) -> Iterator[str]:
    """The program as it runs in production, on the tests' database."""
    port = free_port()
    environment = os.environ | {
        "RENKE_DATA": str(tmp_path_factory.mktemp("data")), "DATABASE_URL": database_url(),
        "DJANGO_SETTINGS_MODULE": "survey_site.settings",
    }  # fmt: skip
    run = {"cwd": settings.BASE_DIR, "env": environment}
    subprocess.run([sys.executable, "manage.py", "collectstatic", "--noinput", "-v0"], check=True, **run)
    granian = Path(sys.executable).with_name("granian")
    process = subprocess.Popen(
        [granian, "--interface", "wsgi", "--port", str(port), "--workers", "1", "--blocking-threads", "4",
         "survey_site.wsgi:application"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **run,
    )  # fmt: skip
    address = f"http://127.0.0.1:{port}"
    try:
        wait_for(f"{address}/healthz")
        yield address
    finally:
        process.terminate()
        process.wait(timeout=10)


def wait_for(address: str, *, seconds: float = 30) -> None:
    until = time.monotonic() + seconds
    while True:
        try:
            urlopen(address, timeout=5).close()
            return
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)


@pytest.fixture
def code() -> str:
    school = make_school(make_county(is_demo=True), name=LONG_NAME)
    open_wave_for(school.county)
    return poster_of(school).code


def weigh(phone, address: str) -> tuple[int, list[str]]:
    """Bytes received, headers and all, and the addresses they came from, until the page is at rest.

    What the phone still has from an earlier page is not received again and not listed.
    """
    addresses, received = {}, {}
    network = phone.context.new_cdp_session(phone)
    network.send("Network.enable")
    network.on("Network.requestWillBeSent", lambda event: addresses.update({event["requestId"]: event}))
    network.on("Network.loadingFinished", lambda event: received.update({event["requestId"]: event}))
    phone.goto(address, wait_until="networkidle")
    network.detach()
    bytes_of = {
        addresses[key]["request"]["url"]: int(event["encodedDataLength"])
        for key, event in received.items()
        if event["encodedDataLength"] > 0
    }
    return sum(bytes_of.values()), [url for url in bytes_of if not url.startswith("data:")]


@pytest.mark.parametrize("query", ["", "?lang=en", "?big=1"])
def test_the_first_view_is_light(open_phone, server, code, query):
    phone = open_phone()
    weight, asked = weigh(phone, f"{server}/r/{code}{query}")
    assert phone.locator("fieldset").count() == 14
    assert all(url.startswith(server) for url in asked)
    assert len(asked) <= MOST_REQUESTS
    assert 3_000 < weight <= MOST_BYTES


def test_the_second_page_asks_only_for_itself(open_phone, server, code):
    phone = open_phone()
    weigh(phone, f"{server}/r/{code}")
    weight, asked = weigh(phone, f"{server}/r/{code}?big=1")
    assert asked == [f"{server}/r/{code}?big=1"]
    assert weight <= 6_000


def test_the_server_takes_an_answer_and_shows_its_receipt(open_phone, server, code):
    phone = open_phone(javascript=False)
    phone.goto(f"{server}/r/{code}")
    for name, value in SATISFIED.items():
        phone.click(f"label.o:has([name={name}][value={value}])")
    phone.click(".send button")
    phone.wait_for_url("**/thanks/**")
    assert Response.objects.count() == 1


def test_bodies_too_large_or_broken_get_a_page_from_the_real_server(server, code):
    for body, content_type, status in (
        (b"comment=" + b"x" * 2_500_000, FORM, 413),
        (urlencode([(f"f{n}", "1") for n in range(3_000)]).encode(), FORM, 400),
        (b"\xff\xfe=\xff", FORM, 422),
        (b"nonsense", "multipart/form-data", 400),
    ):
        request = Request(f"{server}/r/{code}", body, {"Content-Type": content_type})
        with pytest.raises(HTTPError) as answer:
            urlopen(request, timeout=30)
        assert answer.value.code == status
        assert "<h1>" in answer.value.read().decode()


def test_head_has_the_headers_and_no_body(server, code):
    with urlopen(Request(f"{server}/r/{code}", method="HEAD"), timeout=30) as answer:
        assert answer.status == 200
        assert answer.read() == b""
        assert re.fullmatch(r"\d+", answer.headers["Content-Length"])
