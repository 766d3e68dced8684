"""Dangerous acts ask for the password again when signing in was a while ago; others do not."""

from __future__ import annotations

import time
from urllib.parse import urlencode

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import URLPattern, get_resolver
from django.utils import timezone

from survey_site.accounts.invitations import invite
from survey_site.accounts.models import AuditEntry, Invitation
from surveys.models import WaveState
from tests.accounts.cast import PASSWORD, make_cast, sign_in
from tests.surveys.builders import open_wave_for

pytestmark = pytest.mark.django_db

DANGEROUS = {
    "wave_close", "wave_reopen", "wave_delete", "quality_school", "quality_restore", "person_invite",
    "schools_invite", "invitation_again", "person_disable", "person_enable", "person_password",
}  # fmt: skip


@pytest.fixture(autouse=True)
def no_attempts_before():
    cache.clear()


def signed_in_long_ago(name: str) -> Client:
    client = Client()
    sign_in(client, name)
    session = client.session
    session["account_authentication_methods"] = [
        each | {"at": time.time() - 3600} for each in session["account_authentication_methods"]
    ]
    session.save()
    return client


def test_dangerous_acts_are_marked_in_the_table():
    marked = {
        each.name
        for each in get_resolver().url_patterns
        if isinstance(each, URLPattern) and getattr(each.callback, "fresh", False)
    }
    assert marked >= DANGEROUS


def test_closing_a_wave_asks_who_it_is_and_then_shows_its_page_again():
    cast = make_cast()
    wave = open_wave_for(cast.county)
    client = signed_in_long_ago("alice")
    address = f"/desk/waves/{wave.pk}/close/"
    asking = f"/accounts/reauthenticate/?{urlencode({'next': address})}"
    for answer in (client.get(address), client.post(address)):
        assert (answer.status_code, answer["Location"]) == (302, asking)
    wave.refresh_from_db()
    assert wave.state == WaveState.OPEN
    assert not AuditEntry.objects.filter(action="wave_close").exists()
    wrong = client.post(f"/accounts/reauthenticate/?next={address}", {"password": "wrong"})
    assert wrong.status_code == 200
    assert client.get(address).status_code == 302
    right = client.post("/accounts/reauthenticate/", {"password": PASSWORD, "next": address})
    assert (right.status_code, right["Location"]) == (302, address)
    assert client.get(address).status_code == 200
    client.post(address)
    wave.refresh_from_db()
    assert wave.state == WaveState.CLOSED


def test_page_that_others_read_too_opens_without_asking():
    cast = make_cast()
    wave = open_wave_for(cast.county)
    client = signed_in_long_ago("alice")
    address = f"/desk/waves/{wave.pk}/quality/{cast.school.pk}/"
    assert client.get(address).status_code == 200
    assert client.post(address)["Location"].startswith("/accounts/reauthenticate/")


def test_everyday_pages_never_ask():
    make_cast()
    client = signed_in_long_ago("alice")
    for address in ("/desk/", "/desk/waves/", "/desk/waves/new/", "/desk/people/", "/desk/audit/"):
        assert client.get(address, follow=True).redirect_chain == []


def test_inviting_into_the_bureau_needs_a_recent_sign_in():
    make_cast()
    client = signed_in_long_ago("alice")
    client.post("/desk/people/invite/", {"role": "bureau"})
    assert Invitation.objects.count() == 0


def test_session_that_began_with_an_invitation_counts_from_there():
    cast = make_cast()
    link = invite(county=cast.county, role="bureau", by=cast.alice, now=timezone.now())
    sent = {"name": "王强", "username": "wang", "password": "mountain-tea-88", "again": "mountain-tea-88"}
    client = Client()
    client.post(link.path, sent)
    assert client.get("/desk/people/invite/").status_code == 200
    session = client.session
    session["account_authentication_methods"] = [
        each | {"at": time.time() - 3600} for each in session["account_authentication_methods"]
    ]
    session.save()
    assert client.get("/desk/people/invite/").status_code == 302
