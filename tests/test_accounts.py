"""Accounts: what a stranger at the sign-in page can and cannot set off."""

from __future__ import annotations

import pytest
from django.core import mail
from django.core.cache import cache
from django.test import Client

from survey_site.accounts.models import Role, User
from survey_site.accounts.people import add_user
from tests.surveys.builders import make_county

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def no_attempts_before():
    cache.clear()


@pytest.mark.parametrize(
    "address",
    ["password/reset/", "password/reset/done/", "password/reset/key/1-abc/", "email/", "confirm-email/abc/"],
)
def test_nobody_makes_the_server_send_mail(client: Client, address: str) -> None:
    made = add_user("reader", role=Role.REVIEWER, county=make_county())
    for signed_in in (False, True):
        if signed_in:
            client.force_login(made.user)
        page = client.get(f"/accounts/{address}")
        assert page.status_code == 200
        assert 'name="email"' not in page.text
        sent = client.post(f"/accounts/{address}", {"email": "a@example.cn", "action_add": ""})
        assert sent.status_code == 405
    assert mail.outbox == []


def test_a_county_behind_one_address_can_sign_in_at_the_same_minute(client: Client) -> None:
    county = make_county()
    people = [add_user(f"clerk{number}", role=Role.BUREAU, county=county) for number in range(35)]
    User.objects.update(password="md5$a$" + "0" * 32)  # the hashing is not what is asked about
    for made in people:
        answer = client.post("/accounts/login/", {"login": made.user.username, "password": "wrong"})
        assert answer.status_code == 200, f"{made.user.username} was refused before trying"
