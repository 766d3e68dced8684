"""Wrong passwords slow down whoever types them, and nobody else."""

from __future__ import annotations

import pytest
from django.core.cache import cache
from django.test import Client

from tests.accounts.cast import make_cast, sign_in

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def no_attempts_before():
    cache.clear()


def attempts(client: Client, count: int, **where: str) -> None:
    for _ in range(count):
        client.post("/accounts/login/", {"login": "alice", "password": "wrong"}, **where)


def test_stranger_cannot_lock_a_colleague_out_of_her_own_computer():
    make_cast()
    hers = Client()
    assert sign_in(hers, "alice").status_code == 302
    hers.post("/accounts/logout/")
    attempts(Client(), 8)  # from her own office's address
    for number in range(40):
        attempts(Client(), 1, REMOTE_ADDR=f"203.0.113.{number}")
    assert sign_in(Client(), "alice").status_code == 200  # a browser that nobody knows has to wait
    assert sign_in(hers, "alice").status_code == 302


def test_stranger_with_many_addresses_is_slowed_by_account():
    make_cast()
    for number in range(30):
        attempts(Client(), 1, REMOTE_ADDR=f"203.0.113.{number}")
    client = Client()
    sent = {"login": "alice", "password": "long-enough-2026"}
    assert client.post("/accounts/login/", sent, REMOTE_ADDR="198.51.100.7").status_code == 200
    assert sign_in(Client(), "bob").status_code == 302  # another account is not concerned


def test_known_browser_is_slowed_by_itself_too():
    make_cast()
    hers = Client()
    sign_in(hers, "alice")
    hers.post("/accounts/logout/")
    attempts(hers, 5)
    assert sign_in(hers, "alice").status_code == 200


def test_browser_known_to_one_account_is_a_stranger_to_the_next():
    make_cast()
    shared = Client()
    sign_in(shared, "teacher")
    shared.post("/accounts/logout/")
    attempts(Client(), 5)
    assert sign_in(shared, "alice").status_code == 200


def test_made_up_cookie_is_worth_nothing():
    make_cast()
    client = Client()
    client.cookies["renke_browser"] = "WyJ4IixbImEiXV0:made:up"
    attempts(client, 5)
    assert sign_in(client, "alice").status_code == 200
