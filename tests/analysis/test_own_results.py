"""A school's own results: none while the survey runs, its own afterwards, and only if enough answered."""

from __future__ import annotations

import pytest
from django.test import Client

from survey_site.accounts.models import User
from surveys.models import School
from tests.analysis.waves import answer, answer_everywhere, close, county_with_schools, wave_asking
from tests.surveys.phone import text_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def county():
    return county_with_schools(3)


@pytest.fixture
def school(county) -> School:
    return county.schools.first()


@pytest.fixture
def desk(county, school) -> Client:
    client = Client()
    client.force_login(User.objects.create(username="school", role="school", county=county, school=school))
    return client


def test_while_the_survey_runs_there_are_no_results(desk, county):
    wave = wave_asking(county, {"parent": 1})
    answer_everywhere(wave, "parent", satisfied=12)
    assert desk.get("/desk/school/results/").context.get("row") is None
    assert desk.get(f"/desk/school/results/?wave={wave.pk}").status_code == 404


def test_after_closing_a_school_reads_its_own_rate_and_no_other_school(desk, county, school):
    wave = wave_asking(county, {"parent": 1})
    answer_everywhere(wave, "parent", satisfied=18, others=6)
    close(wave)
    page = desk.get("/desk/school/results/")
    row = page.context["row"]
    assert (row.school, row.figure.estimate) == (school, pytest.approx(0.75))
    assert "第1小学" in text_of(page) and "第2小学" not in text_of(page) and "第3小学" not in text_of(page)


def test_a_school_with_few_answers_reads_that_they_are_hidden(desk, county, school):
    wave = wave_asking(county, {"parent": 1})
    for one in county.schools.all():
        few = wave.minimum_group_size - 1
        answer(wave, "parent", *["satisfied"] * (few if one == school else 30), school=one)
    close(wave)
    page = desk.get("/desk/school/results/")
    assert not page.context["row"].figure.is_shown


def test_a_wave_that_did_not_ask_the_school_is_not_found(desk, county, school):
    school.is_active = False
    school.save()
    wave = close(wave_asking(county, {"parent": 1}))
    assert desk.get(f"/desk/school/results/?wave={wave.pk}").status_code == 404
    assert desk.get("/desk/school/results/").context["wave"] is None
