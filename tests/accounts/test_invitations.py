"""Invitations: single use, expiring, only their digest stored, and never across counties."""

from __future__ import annotations

import io
import re
from datetime import timedelta

import pytest
from django.core import mail
from django.test import Client, override_settings
from django.utils import timezone
from openpyxl import load_workbook

from survey_site.accounts.invitations import InvitationRefused, find, invite, join, new_password_link, revoke
from survey_site.accounts.models import AuditEntry, Invitation, User
from tests.accounts.cast import make_cast, sign_in, signed_in
from tests.surveys.builders import make_school

pytestmark = pytest.mark.django_db

CODE = re.compile(r"[2-9A-HJ-NP-Z]{4}(?:-[2-9A-HJ-NP-Z]{4}){3}")
JOINING = {"name": "李敏", "username": "limin", "password": "mountain-tea-88", "again": "mountain-tea-88"}


def code_on(page) -> str:
    return CODE.search(page.content.decode()).group()


def test_invited_colleague_chooses_name_and_password_and_is_at_the_desk():
    cast = make_cast()
    page = signed_in(cast.alice).post("/desk/people/invite/", {"role": "reviewer", "label": "李科长"})
    code = code_on(page)
    browser = Client()
    asked = browser.post("/invite/", {"code": code})
    assert (asked.status_code, asked["Location"]) == (302, f"/invite/{code.lower()}/")
    assert "云川县" in browser.get(asked["Location"]).content.decode()
    joined = browser.post(asked["Location"], JOINING)
    assert (joined.status_code, joined["Location"]) == (302, "/desk/")
    user = User.objects.get(username="limin")
    assert (user.role, user.county, user.get_full_name()) == ("reviewer", cast.county, "李敏")
    assert browser.get("/desk/waves/").status_code == 200


def test_used_link_does_not_work_again():
    cast = make_cast()
    link = invite(county=cast.county, role="reviewer", by=cast.alice, now=timezone.now())
    assert Client().post(link.path, JOINING).status_code == 302
    again = Client().post(link.path, JOINING | {"username": "second"})
    assert again.status_code == 410
    assert not User.objects.filter(username="second").exists()


def test_link_that_two_use_at_once_makes_one_account():
    """Both read the open link before either used it."""
    cast = make_cast()
    link = invite(county=cast.county, role="reviewer", by=cast.alice, now=timezone.now())
    first, second = find(link.code), find(link.code)
    join(first, username="first", name="甲", password="mountain-tea-88", now=timezone.now())
    with pytest.raises(InvitationRefused):
        join(second, username="second", name="乙", password="mountain-tea-88", now=timezone.now())
    assert not User.objects.filter(username="second").exists()


@pytest.mark.parametrize("end", ["expired", "revoked"])
def test_ended_link_opens_nothing(end):
    cast = make_cast()
    link = invite(county=cast.county, role="reviewer", by=cast.alice, now=timezone.now())
    if end == "revoked":
        revoke(link.invitation, by=cast.alice, now=timezone.now())
    else:
        Invitation.objects.update(expires_at=timezone.now() - timedelta(minutes=1))
    assert Client().get(link.path).status_code == 410
    assert Client().post(link.path, JOINING).status_code == 410
    assert not User.objects.filter(username="limin").exists()


def test_code_stands_nowhere_in_the_database():
    cast = make_cast()
    link = invite(county=cast.county, role="bureau", by=cast.alice, now=timezone.now())
    assert Client().post(link.path, JOINING).status_code == 302
    stored = [str(list(model.objects.values_list())) for model in (Invitation, AuditEntry)]
    for text in stored:
        assert link.code not in text.upper().replace("-", "")


def test_weak_or_unlike_passwords_are_refused_beside_the_field():
    cast = make_cast()
    link = invite(county=cast.county, role="reviewer", by=cast.alice, now=timezone.now())
    for sent, field in [
        ({"password": "12345678", "again": "12345678"}, "password"),
        ({"again": "something-else-1"}, "again"),
        ({"username": "ALICE"}, "username"),
        ({"username": "no blanks"}, "username"),
    ]:
        page = Client().post(link.path, JOINING | sent)
        assert page.status_code == 422
        assert list(page.context["form"].errors) == [field]
    assert User.objects.filter(role="reviewer").count() == 0


def test_school_user_is_invited_only_for_a_school_of_the_own_county():
    cast = make_cast()
    strange = make_school(cast.charlie.county, name="禄溪小学")
    client = signed_in(cast.alice)
    for sent in ({"role": "school"}, {"role": "school", "school": strange.pk}, {"role": "province"},
                 {"role": "reviewer", "school": cast.school.pk}, {}):  # fmt: skip
        assert client.post("/desk/people/invite/", sent).status_code == 422
    assert Invitation.objects.count() == 0


def test_every_school_without_an_account_gets_a_code_of_its_own():
    cast = make_cast()
    names = [f"第{number}小学" for number in range(1, 5)]
    for name in names:
        make_school(cast.county, name=name)
    make_school(cast.charlie.county, name="禄溪小学")
    client = signed_in(cast.alice)
    page = client.post("/desk/people/invite-schools/", {"who": "new", "as": "page"})
    assert len(set(CODE.findall(page.content.decode()))) == 4
    assert page["Cache-Control"] == "no-store"
    assert Invitation.objects.values_list("school__name", flat=True).order_by("school__code")[:4].count() == 4
    assert not Invitation.objects.filter(school=cast.school).exists()  # has its teacher already
    assert client.post("/desk/people/invite-schools/", {"who": "new"}).status_code == 422
    table = client.post("/desk/people/invite-schools/", {"who": "all", "as": "table"})
    rows = list(load_workbook(io.BytesIO(table.content)).active.values)
    assert [row[1] for row in rows[1:]] == names
    assert Invitation.objects.filter(revoked_at__isnull=False).count() == 4  # the first four, replaced
    assert Client().get(f"/invite/{rows[1][5]}/").status_code == 200


def test_link_made_again_ends_the_old_one_and_leaves_both_on_record():
    cast = make_cast()
    old = invite(county=cast.county, role="reviewer", by=cast.alice, now=timezone.now(), label="李科长")
    page = signed_in(cast.bob).post(f"/desk/people/invitations/{old.invitation.pk}/again/")
    assert Client().get(old.path).status_code == 410
    assert Client().get(f"/invite/{code_on(page)}/").status_code == 200
    new = Invitation.objects.exclude(pk=old.invitation.pk).get()
    assert (new.replaces_id, new.label, new.made_by) == (old.invitation.pk, "李科长", cast.bob)
    old.invitation.refresh_from_db()
    assert old.invitation.revoked_by == cast.bob


def test_new_password_link_sets_it_and_ends_sessions_elsewhere():
    cast = make_cast()
    elsewhere = signed_in(cast.teacher)
    assert elsewhere.get("/desk/school/").status_code == 200
    link = new_password_link(cast.teacher, by=cast.alice, now=timezone.now())
    assert elsewhere.get("/desk/school/").status_code == 200  # nothing changes before it is used
    sent = {"password": "river-stone-77", "again": "river-stone-77"}
    assert Client().post(link.path, sent).status_code == 302
    assert elsewhere.get("/desk/school/").status_code == 302
    assert sign_in(Client(), "teacher", "river-stone-77")["Location"] == "/desk/"
    assert sign_in(Client(), "teacher").status_code == 200
    assert Client().post(link.path, sent).status_code == 410


def test_mail_goes_out_only_where_the_operators_set_it_up():
    cast = make_cast()
    client = signed_in(cast.alice)
    sent = {"role": "reviewer", "email": "li@example.cn"}
    client.post("/desk/people/invite/", sent)
    assert mail.outbox == []
    with override_settings(EMAIL_URL="smtp://host?from=renke@example.cn"):
        page = client.post("/desk/people/invite/", sent)
    assert [each.to for each in mail.outbox] == [["li@example.cn"]]
    assert code_on(page).replace("-", "") in mail.outbox[0].body


def test_visitor_who_guesses_codes_learns_nothing():
    page = Client().get("/invite/k7m2-9pqx-4dfw-h3nt/")
    assert page.status_code == 404
    assert Client().post("/invite/", {"code": "K7M2-9PQX-4DFW-H3NT"}).status_code == 422
    assert Client().post("/invite/", {"code": "\x00" * 99}).status_code == 422
