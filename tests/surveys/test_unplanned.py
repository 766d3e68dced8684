"""A draft whose targets are not those of the sampling plan says so until the plan is applied."""

from __future__ import annotations

import pytest
from django.test import Client
from django.utils import timezone

from survey_site.accounts.models import User
from surveys.models import ResidentPopulation, Wave
from surveys.waves import open_wave
from tests.surveys.builders import make_county, make_school, make_wave

pytestmark = pytest.mark.django_db
UNAPPLIED = "尚未采用"


@pytest.fixture
def wave() -> Wave:
    """A draft of 364,667 residents, of whom 1.5‰ are 547: fewer than the notices' 600."""
    county = make_county()
    for number in range(8):
        make_school(county, name=f"第{number}小学")
    ResidentPopulation.objects.create(county=county, location="town", people=364_667)
    wave = make_wave(county)
    wave.audiences.update(target=547)
    return wave


@pytest.fixture
def desk(wave) -> Client:
    client = Client()
    client.force_login(User.objects.create(username="bureau", role="bureau", county=wave.county))
    return client


def page(desk: Client, address: str) -> str:
    return desk.get(address).content.decode()


def test_both_pages_say_both_numbers_and_lead_to_the_plan(desk, wave):
    for address in (f"/desk/waves/{wave.pk}/", f"/desk/waves/{wave.pk}/open/"):
        text = page(desk, address)
        assert "目标合计547份；抽样测算为600份" in text
        assert f'href="/desk/waves/{wave.pk}/plan/"' in text


def test_applied_plan_ends_the_notice(desk, wave):
    values = {
        "residents": 364_667,
        "per_mille": 1.5,
        "floor": 600,
        "parents": 100,
        "expected": 88,
        "deff": 1.5,
    }
    assert desk.post(f"/desk/waves/{wave.pk}/plan/apply/", values).status_code == 302
    assert wave.audiences.get().target == 600
    for address in (f"/desk/waves/{wave.pk}/", f"/desk/waves/{wave.pk}/open/"):
        assert UNAPPLIED not in page(desk, address)


def test_targets_that_agree_need_no_notice(desk, wave):
    wave.audiences.update(target=600)
    assert UNAPPLIED not in page(desk, f"/desk/waves/{wave.pk}/")


def test_draft_without_targets_is_told_what_the_plan_asks_for(desk, wave):
    wave.audiences.update(target=0)
    assert "尚未设目标；抽样测算为600份" in page(desk, f"/desk/waves/{wave.pk}/")


def test_open_wave_is_left_in_peace(desk, wave):
    open_wave(wave, by=None, now=timezone.now())
    assert UNAPPLIED not in page(desk, f"/desk/waves/{wave.pk}/")
