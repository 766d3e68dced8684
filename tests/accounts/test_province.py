"""A province user reads frozen county figures of the counties entrusted to it, and nothing else."""

from __future__ import annotations

import io

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone

from analysis.models import Evaluation
from scoring.runs import score_wave
from survey_site.accounts.models import Invitation, User
from surveys.models import County
from surveys.waves import close_wave
from tests.accounts.cast import make_cast, signed_in
from tests.surveys.builders import make_county, make_school, open_wave_for

pytestmark = pytest.mark.django_db


def province_of(*counties: County) -> Client:
    user = User.objects.create(username="province", role="province")
    user.counties.set(counties)
    return signed_in(user)


def test_own_counties_are_listed_with_what_is_frozen():
    cast = make_cast()
    wave = open_wave_for(cast.county)
    client = province_of(cast.county)
    assert client.get("/desk/")["Location"] == "/desk/province/"
    page = client.get("/desk/province/")
    assert "云川县" in page.content.decode()
    assert wave.name not in page.content.decode()  # it is running
    close_wave(wave, by=cast.alice, now=timezone.now())
    assert page.context["summaries"][0].waves == ()
    row = client.get("/desk/province/").context["summaries"][0].waves[0]
    assert (row.wave, row.figure, row.word) == (wave, None, "")  # closed, but nobody has scored it
    score_wave(wave, by=cast.alice, now=timezone.now())
    Evaluation.objects.create(
        county=cast.county, year=2026, stage="county", standard_key="quality-balance-2017", standard_text="",
        standard_digest="", verdict="not_met", digest="", program_version="", by=None, at=timezone.now(),
        result={"standard": {"name": {"zh-hans": "优质均衡", "en": "Quality balance"}}},
    )  # fmt: skip
    page = client.get("/desk/province/")
    assert page.context["summaries"][0].waves[0].verdict == "not_computable"
    assert "优质均衡" in page.content.decode()
    assert "云川甲小学" not in page.content.decode()
    assert "禄溪" not in page.content.decode()


def test_province_opens_nothing_else_and_changes_nothing():
    cast = make_cast()
    wave = open_wave_for(cast.county)
    client = province_of(cast.county)
    own = (f"/desk/waves/{wave.pk}/", f"/desk/schools/{cast.school.pk}/")
    for address in (*own, "/desk/waves/", "/desk/schools/", "/desk/people/", "/desk/audit/", "/admin/"):
        assert client.get(address).status_code in (302, 403), address
        assert client.post(address).status_code in (302, 403), address
    assert client.get("/desk/account/").status_code == 200


def test_province_without_counties_reads_whom_to_ask():
    assert "还没有可查看的县" in province_of().get("/desk/province/").content.decode()


def test_role_and_county_belong_together():
    county = make_county()
    for fields in ({"role": "province", "county": county}, {"role": "bureau"}):
        with pytest.raises(IntegrityError), transaction.atomic():
            User.objects.create(username="odd", **fields)


def test_second_county_on_the_server_begins_with_one_link():
    out = io.StringIO()
    call_command("add_county", "410999", "示范县", "--person", "王主任", stdout=out)
    county = County.objects.get(code="410999")
    invitation = Invitation.objects.get()
    assert (invitation.county, invitation.role, invitation.label) == (county, "bureau", "王主任")
    path = next(line for line in out.getvalue().splitlines() if "/invite/" in line)
    assert Client().get(path).status_code == 200
    for again in (("410999", "示范县"), ("x", "y"), ("1", " ")):
        with pytest.raises(CommandError):
            call_command("add_county", *again, stdout=out)
    make_school(county)
    assert County.objects.count() == 1


def test_operator_reads_which_county_is_missing_and_makes_a_province_user():
    county = make_county()
    operator = signed_in(User.objects.create_superuser("operator", password="a long password of ours"))
    form = {"username": "sheng", "usable_password": "true", "password1": "long-enough-2026",
            "password2": "long-enough-2026", "role": "province", "school": ""}  # fmt: skip
    refused = operator.post("/admin/accounts/user/add/", form | {"county": county.pk})
    assert "只有省级用户不属于任何县" in refused.content.decode()
    assert operator.post("/admin/accounts/user/add/", form | {"county": ""}).status_code == 302
    user = User.objects.get(username="sheng")
    change = {"username": "sheng", "role": "province", "county": "", "school": "", "counties": [county.pk],
              "last_name": "", "first_name": "", "email": "", "is_active": "on"}  # fmt: skip
    assert operator.post(f"/admin/accounts/user/{user.pk}/change/", change).status_code == 302
    assert list(user.counties.all()) == [county]
