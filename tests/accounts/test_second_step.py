"""The second step: bureau users have one before a page opens; demonstration logins are excused."""

from __future__ import annotations

import re

import pytest
from allauth.mfa.models import Authenticator
from django.core.cache import cache
from django.test import Client, override_settings
from django.urls import reverse
from django.utils import timezone

from survey_site.accounts.invitations import invite, new_password_link
from survey_site.accounts.models import AuditEntry, User
from tests.accounts.cast import PASSWORD, make_cast, sign_in, signed_in, six_digits
from tests.surveys.builders import make_county

pytestmark = pytest.mark.django_db

SECRET = re.compile(r"<code>([A-Z2-7]{16,})</code>")


@pytest.fixture(autouse=True)
def real_policy():
    cache.clear()
    with override_settings(MFA_POLICY="demo-exempt"):
        yield


def set_up(client: Client) -> str:
    """Sets up the app as a person does; returns its secret."""
    secret = SECRET.search(client.get("/accounts/2fa/totp/activate/").content.decode()).group(1)
    done = client.post("/accounts/2fa/totp/activate/", {"code": six_digits(secret)})
    assert (done.status_code, done["Location"]) == (302, "/accounts/2fa/recovery-codes/")
    return secret


def test_bureau_user_without_a_second_step_is_led_to_set_it_up():
    cast = make_cast()
    client = Client()
    assert sign_in(client, "alice")["Location"] == "/desk/"
    for address in ("/desk/", "/desk/waves/", "/desk/people/", "/desk/audit/"):
        answer = client.get(address)
        assert (answer.status_code, answer["Location"]) == (302, "/accounts/2fa/"), address
    assert client.post("/desk/people/invite/", {"role": "bureau"})["Location"] == "/accounts/2fa/"
    assert "教育局账号须先设置第二步验证" in client.get("/accounts/2fa/").content.decode()
    set_up(client)
    assert client.get("/desk/waves/").status_code == 200
    assert Authenticator.objects.filter(user=cast.alice).count() == 2  # the app and the recovery codes


def test_signing_in_again_asks_for_the_code():
    make_cast()
    first = Client()
    sign_in(first, "alice")
    secret = set_up(first)
    cache.clear()  # a code counts once; the next sign-in is another half minute
    again = Client()
    assert sign_in(again, "alice")["Location"] == "/accounts/2fa/authenticate/"
    assert again.get("/desk/waves/").status_code == 302
    assert again.post("/accounts/2fa/authenticate/", {"code": "000000"}).status_code == 200
    assert again.get("/desk/waves/").status_code == 302
    done = again.post("/accounts/2fa/authenticate/", {"code": six_digits(secret)})
    assert (done.status_code, done["Location"]) == (302, "/desk/")
    assert again.get("/desk/waves/").status_code == 200


def test_recovery_code_opens_once():
    make_cast()
    first = Client()
    sign_in(first, "alice")
    set_up(first)
    codes = re.findall(r"<code>(\d{8})</code>", first.get("/accounts/2fa/recovery-codes/").content.decode())
    assert len(codes) == 10
    for expected in (302, 200):
        client = Client()
        sign_in(client, "alice")
        assert client.post("/accounts/2fa/authenticate/", {"code": codes[0]}).status_code == expected


@pytest.mark.parametrize("role", ["reviewer", "inspector", "school"])
def test_other_roles_may_go_without(role):
    cast = make_cast()
    school = cast.school if role == "school" else None
    user = User.objects.create(username="other", role=role, county=cast.county, school=school)
    assert signed_in(user).get("/desk/").status_code in (200, 302)
    assert signed_in(user).get("/desk/", follow=True).status_code == 200


def test_demonstration_logins_are_excused_unless_the_operators_say_otherwise():
    user = User.objects.create(username="demo", role="bureau", county=make_county(is_demo=True))
    assert signed_in(user).get("/desk/waves/").status_code == 200
    with override_settings(MFA_POLICY="required"):
        assert signed_in(user).get("/desk/waves/")["Location"] == "/accounts/2fa/"


def test_operator_is_excused_only_where_all_is_demonstration():
    make_county(is_demo=True)
    operator = User.objects.create_superuser("operator", password=PASSWORD)
    assert signed_in(operator).get("/admin/").status_code == 200
    make_county(name="云川县")
    assert signed_in(operator).get("/admin/")["Location"] == "/accounts/2fa/"


def test_secret_is_not_readable_in_the_database():
    cast = make_cast()
    client = Client()
    sign_in(client, "alice")
    secret = set_up(client)
    stored = Authenticator.objects.get(user=cast.alice, type="totp").data["secret"]
    assert secret not in stored
    assert Authenticator.objects.get(user=cast.alice, type="totp").wrap().validate_code("000000") is False


def test_bureau_invitation_leads_into_the_set_up():
    cast = make_cast()
    link = invite(county=cast.county, role="bureau", by=cast.alice, now=timezone.now())
    sent = {"name": "王强", "username": "wang", "password": "mountain-tea-88", "again": "mountain-tea-88"}
    client = Client()
    assert client.post(link.path, sent)["Location"] == "/accounts/2fa/"
    assert client.get("/desk/people/")["Location"] == "/accounts/2fa/"
    set_up(client)
    assert client.get("/desk/people/").status_code == 200


def test_lost_phone_is_forgotten_only_if_the_colleague_said_so():
    cast = make_cast()
    first = Client()
    sign_in(first, "alice")
    set_up(first)
    sent = {"password": "river-stone-77", "again": "river-stone-77"}
    kept = new_password_link(cast.alice, by=cast.bob, now=timezone.now())
    assert Client().post(kept.path, sent)["Location"] == "/accounts/2fa/authenticate/"
    lost = new_password_link(cast.alice, by=cast.bob, now=timezone.now(), removes_second_step=True)
    assert Client().post(lost.path, sent)["Location"] == "/accounts/2fa/"
    assert not Authenticator.objects.filter(user=cast.alice).exists()


def test_pages_of_the_second_step_hold_no_inline_script():
    make_cast()
    client = Client()
    sign_in(client, "alice")
    set_up(client)
    waiting = Client()
    sign_in(waiting, "alice")
    pages = [client.get(f"/accounts/{page}") for page in
             ("2fa/", "2fa/webauthn/add/", "2fa/webauthn/", "2fa/recovery-codes/", "2fa/totp/deactivate/",
              "2fa/recovery-codes/generate/", "reauthenticate/", "2fa/reauthenticate/")]  # fmt: skip
    for page in [*pages, waiting.get("/accounts/2fa/authenticate/")]:
        assert page.status_code == 200
        for tag in re.findall(r"<script[^>]*>", page.content.decode()):
            assert "src=" in tag or 'type="application/json"' in tag


def test_nobody_removes_a_colleagues_security_key():
    cast = make_cast()
    key = Authenticator.objects.create(user=cast.bob, type="webauthn", data={"name": "钥匙"})
    client = Client()
    sign_in(client, "alice")
    for page in ("edit", "remove"):
        assert client.get(reverse(f"mfa_{page}_webauthn", args=[key.pk])).status_code == 404
        assert client.post(reverse(f"mfa_{page}_webauthn", args=[key.pk])).status_code == 404
    assert Authenticator.objects.filter(pk=key.pk).exists()


def test_wrong_code_leaves_a_trace_without_the_code():
    cast = make_cast()
    first = Client()
    sign_in(first, "alice")
    set_up(first)
    again = Client()
    sign_in(again, "alice")
    again.post("/accounts/2fa/authenticate/", {"code": "135790"})
    row = AuditEntry.objects.get(action="second_step_failed")
    assert (row.chain.county, row.about, row.outcome) == (cast.county, "alice", "failed")
    assert "135790" not in str(list(AuditEntry.objects.values_list()))
