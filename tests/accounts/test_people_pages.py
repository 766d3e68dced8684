"""People of a county: found, disabled and enabled again; the last one of the bureau stays."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest
from django.test import Client
from django.utils import timezone

from survey_site.accounts.disabling import DisablingRefused, disable
from survey_site.accounts.models import AuditEntry, User
from tests.accounts.cast import make_cast, sign_in, signed_in

pytestmark = pytest.mark.django_db


def test_people_are_searched_filtered_and_never_of_another_county():
    cast = make_cast()
    client = signed_in(cast.alice)
    listed = client.get("/desk/people/").content.decode()
    assert all(name in listed for name in ("alice", "bob", "teacher"))
    assert "charlie" not in listed
    for query in ("q=teach", "q=云川甲", "role=school"):
        page = client.get(f"/desk/people/?{query}").content.decode()
        assert ("teacher" in page, ">bob<" in page) == (True, False), query
    for query in ("q=nobody-at-all", "state=disabled", "page=99", "sort=-last", "role=nonsense"):
        assert client.get(f"/desk/people/?{query}").status_code == 200


def test_disabled_account_is_signed_out_at_once_and_stays_out_when_enabled_again():
    cast = make_cast()
    theirs = signed_in(cast.bob)
    assert theirs.get("/desk/waves/").status_code == 200
    client = signed_in(cast.alice)
    assert "停用" in client.get(f"/desk/people/{cast.bob.pk}/disable/").content.decode()
    reason = urlencode({"reason": "调离"})
    form = "application/x-www-form-urlencoded"
    client.post(f"/desk/people/{cast.bob.pk}/disable/", reason, content_type=form)
    assert theirs.get("/desk/waves/").status_code == 302
    assert sign_in(Client(), "bob")["Location"] == "/accounts/inactive/"
    client.post(f"/desk/people/{cast.bob.pk}/enable/")
    assert theirs.get("/desk/waves/").status_code == 302  # the old session does not come to life again
    assert sign_in(Client(), "bob")["Location"] == "/desk/"
    acts = AuditEntry.objects.filter(person=cast.alice).order_by("number").values_list("action", "about")
    assert list(acts) == [("person_disable", "bob（调离）"), ("person_enable", "bob")]


def test_last_bureau_account_of_a_county_cannot_be_disabled():
    cast = make_cast()
    client = signed_in(cast.alice)
    client.post(f"/desk/people/{cast.alice.pk}/disable/")
    assert User.objects.get(pk=cast.alice.pk).is_active
    disable(cast.bob, by=cast.alice, now=timezone.now())
    # Bob, in a request that began before he was disabled, must not take Alice with him.
    with pytest.raises(DisablingRefused):
        disable(cast.alice, by=cast.bob, now=timezone.now())
    assert User.objects.get(pk=cast.alice.pk).is_active


def test_password_change_ends_all_other_sessions():
    cast = make_cast()
    here, elsewhere = signed_in(cast.bob), signed_in(cast.bob)
    sent = {"oldpassword": "long-enough-2026", "password1": "river-stone-77", "password2": "river-stone-77"}
    assert here.post("/accounts/password/change/", sent).status_code == 302
    assert here.get("/desk/waves/").status_code == 200
    assert elsewhere.get("/desk/waves/").status_code == 302


def test_province_and_disabled_links_are_refused_for_other_countys_people():
    cast = make_cast()
    client = signed_in(cast.alice)
    for act in ("", "disable/", "enable/", "password/"):
        assert client.get(f"/desk/people/{cast.charlie.pk}/{act}").status_code == 404
        assert client.post(f"/desk/people/{cast.charlie.pk}/{act}").status_code in (404, 405)
    assert User.objects.get(pk=cast.charlie.pk).is_active


def test_operator_who_disables_an_account_ends_its_sessions_for_good():
    cast = make_cast()
    theirs = signed_in(cast.bob)
    operator = signed_in(User.objects.create_superuser("operator", password="a long password of ours"))
    address = f"/admin/accounts/user/{cast.bob.pk}/change/"
    form = {"username": "bob", "role": "bureau", "county": cast.county.pk, "school": "", "last_name": "",
            "first_name": "", "email": ""}  # fmt: skip
    assert operator.post(address, form).status_code == 302
    assert not User.objects.get(pk=cast.bob.pk).is_active
    assert operator.post(address, form | {"is_active": "on"}).status_code == 302
    assert User.objects.get(pk=cast.bob.pk).is_active
    assert theirs.get("/desk/waves/").status_code == 302
