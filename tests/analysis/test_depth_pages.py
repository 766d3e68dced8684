"""The pages about one wave's numbers as a browser gets them: no verdict before closing, small groups hidden,
the same sentence first and "how was this computed" on each of them."""

from __future__ import annotations

import io
import re

import openpyxl
import pytest

from surveys.models import Wave
from tests.analysis.test_county_page import signed_in, text
from tests.analysis.waves import NOON, answer, answer_everywhere, close, county_with_schools, wave_asking

pytestmark = pytest.mark.django_db
PAGES = ("rules/", "more-replies/", "unheard/", "small-schools/", "items/", "quality/", "compare/", "plan/")
WORDS = ("Met", "Not met", "Undetermined")


@pytest.fixture
def wave() -> Wave:
    wave = wave_asking(county_with_schools(9), {"parent": 0.6, "teacher": 0.4}, target=100)
    answer_everywhere(wave, "parent", satisfied=27, others=3, seed=3)
    answer_everywhere(wave, "teacher", satisfied=10, others=2, seed=4)
    return wave


@pytest.mark.parametrize("page", PAGES)
def test_page_opens_and_explains_itself_in_every_state(wave, page):
    client = signed_in(wave.county)
    address = f"/desk/waves/{wave.pk}/{page}"
    assert "How was this computed?" in text(client.get(address))
    close(wave)
    assert "How was this computed?" in text(client.get(address))


@pytest.mark.parametrize("page", ("rules/", "more-replies/", "unheard/", "quality/"))
def test_open_wave_gets_no_verdict_words(wave, page):
    body = signed_in(wave.county).get(f"/desk/waves/{wave.pk}/{page}").content.decode()
    assert "reading-met" not in body and "reading-not_met" not in body and "verdict-shape" not in body


def test_closed_wave_has_a_verdict_under_every_rule(wave):
    close(wave, now=NOON)
    page = signed_in(wave.county).get(f"/desk/waves/{wave.pk}/rules/").content.decode()
    assert page.count("verdict-shape") >= 9


@pytest.mark.parametrize("page", ("rules/", "more-replies/", "unheard/", "small-schools/", "items/"))
def test_wave_with_a_handful_of_replies_shows_no_figure(page):
    wave = wave_asking(county_with_schools(3), {"parent": 1.0})
    answer(
        wave, "parent", "satisfied", "satisfied", "dissatisfied", school=wave.county.schools.get(code="S001")
    )
    close(wave)
    body = text(signed_in(wave.county).get(f"/desk/waves/{wave.pk}/{page}"))
    assert "66.7%" not in body


def test_draft_has_a_plan_and_nothing_else():
    wave = wave_asking(county_with_schools(3), {"parent": 0.5, "teacher": 0.5}, is_open=False)
    client = signed_in(wave.county)
    assert client.get(f"/desk/waves/{wave.pk}/rules/").status_code == 404
    # 100,000 residents: 150 by 1.5‰, so the floor of 600 counts; 1,236 = 1.5 × 824 tell 88% from 85%.
    page = text(client.get(f"/desk/waves/{wave.pk}/plan/"))
    assert "The plan asks for 600 valid answers." in page
    assert "1,236 would be needed" in page


def test_plan_follows_its_form_and_comes_as_a_file():
    wave = wave_asking(county_with_schools(3), {"parent": 0.5, "teacher": 0.5}, is_open=False)
    client, asked = signed_in(wave.county), {"residents": "650000", "floor": "0"}
    assert "The plan asks for 975 valid answers." in text(client.get(f"/desk/waves/{wave.pk}/plan/", asked))
    answer = client.get(f"/desk/waves/{wave.pk}/plan.xlsx", asked)
    rows = list(openpyxl.load_workbook(io.BytesIO(answer.content)).worksheets[1].values)
    assert rows[0] == ("Audience", "Location", "Grade", "Answers")
    assert sum(row[3] for row in rows[1:]) == 975
    parents = sum(row[3] for row in rows[1:] if row[0] == "Parents")
    assert parents == 488
    wrong = client.get(f"/desk/waves/{wave.pk}/plan/", asked | {"per_mille": "-1"})
    assert wrong.status_code == 200 and "Some numbers of the plan are missing." in text(wrong)
    assert client.get(f"/desk/waves/{wave.pk}/plan.xlsx", {"residents": "x"}).status_code == 400


def test_open_waves_outlook_never_asks_for_more_where_answers_help_most():
    """The best allocation needs no more answers than the present mix, also while one audience is silent."""
    wave = wave_asking(county_with_schools(9), {"parent": 0.5, "student": 0.3, "deputy": 0.2})
    answer_everywhere(wave, "parent", satisfied=36, others=4)
    answer_everywhere(wave, "student", satisfied=18, others=2)
    page = signed_in(wave.county).get(f"/desk/waves/{wave.pk}/more-replies/")
    rows = [row for row in page.context["rows"] if row["n_more"] is not None and row["total"] is not None]
    assert len(rows) >= 3 and any(row["n_more"] for row in rows)
    assert all(row["total"] <= row["n_more"] + 2 for row in rows)


def test_the_sentence_counts_rules_that_give_a_rate_and_those_that_give_a_score(wave):
    close(wave, now=NOON)
    answer_of = signed_in(wave.county).get(f"/desk/waves/{wave.pk}/rules/")
    page = text(answer_of)
    counted = re.search(
        r"Under (\d+) rules that give a rate it lies between .*? (\d+) rules? gives? a mean score", page
    )
    rows = answer_of.content.decode().count('<span class="rule-description">')
    assert sum(map(int, counted.groups())) == rows
