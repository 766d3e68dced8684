"""What the error bars do not cover stands beside every verdict, and what another survey may show."""

from __future__ import annotations

import re
from math import sqrt

import pytest
from scipy import stats

from analysis.other_rules import other_rules
from analysis.other_survey import other_survey
from analysis.results import wave_results
from surveys.models import School, Wave
from tests.analysis.test_county_page import signed_in, text
from tests.analysis.waves import NOON, answer, answer_everywhere, close, county_with_schools, wave_asking

pytestmark = pytest.mark.django_db


@pytest.fixture
def wave() -> Wave:
    """Nine schools of 120 families each: 27 of 30 parents and 10 of 12 teachers are satisfied everywhere."""
    found = wave_asking(county_with_schools(9), {"parent": 0.6, "teacher": 0.4}, target=100)
    answer_everywhere(found, "parent", satisfied=27, others=3)
    answer_everywhere(found, "teacher", satisfied=10, others=2)
    return close(found)


def test_tipping_point_by_hand_stands_on_every_page_with_a_verdict(wave):
    """θ = 0.6·0.9 + 0.4·(10/12) = 0.8733; parents would have to fall to 0.9 − 0.02333/0.6 = 0.8611; a
    quarter of them have answered, so the others: (0.8611 − 0.25·0.9)/0.75 = 0.8481."""
    client = signed_in(wave.county)
    for page in ("", f"waves/{wave.pk}/more-replies/", f"method/?wave={wave.pk}"):
        said = text(client.get(f"/desk/{page}"))
        assert "Parents: 25.0% have answered." in said
        assert "If it were less than 84.8% among the others" in said


def test_bounds_for_the_record_are_those_of_silent_people_who_all_agree(wave):
    """Parents' mean with the silent at 0 is 0.25·0.9 = 0.225, at 1 it is 0.975; teachers stay at 10/12."""
    page = text(signed_in(wave.county).get(f"/desk/method/?wave={wave.pk}"))
    lowest, highest = (0.6 * parents + 0.4 * 10 / 12 for parents in (0.225, 0.975))
    assert f"rate would be {lowest:.1%}; if all of them were, {highest:.1%}" in page


def test_every_other_rule_with_a_verdict_has_its_tipping_point(wave):
    listed = other_rules(wave_results(wave, now=NOON))
    assert len(listed) >= 9
    assert all(one.tipping for one in listed if one.verdict in ("met", "not_met", "undetermined"))
    page = text(signed_in(wave.county).get(f"/desk/method/?wave={wave.pk}"))
    assert "Turns if those who did not answer give" in page and "Parents: below 84.8%" in page


def test_unknown_numbers_of_people_are_said_instead_of_a_tipping_point():
    found = wave_asking(county_with_schools(9), {"parent": 1.0})
    answer_everywhere(found, "parent", satisfied=27, others=3)
    School.objects.filter(county=found.county).update(pupils_by_grade={})
    close(found)
    page = text(signed_in(found.county).get("/desk/"))
    assert "there are more replies than people by the roster" in page
    assert "It is not known how many people did not answer" in page


def test_probability_of_another_survey_is_the_formula_of_both_variances(wave):
    results = wave_results(wave, now=NOON)
    found = other_survey(results)
    # 100,000 residents: 1.5 per mille is 150, the floor is 600; parents 60%, teachers 40% of the sample.
    assert found.answers == 600
    there = 0.6**2 * 0.9 * 0.1 / 360 + 0.4**2 * (10 / 12) * (2 / 12) / 240
    rate = 0.6 * 0.9 + 0.4 * 10 / 12
    wanted = stats.norm.cdf((rate - 0.85) / sqrt(results.result["se"] ** 2 + there))
    assert found.probability == pytest.approx(wanted, rel=1e-9)
    page = text(signed_in(wave.county).get(f"/desk/waves/{wave.pk}/more-replies/"))
    assert re.search(rf"asked 600 people .* probability of {found.probability * 100:.0f}%", page)


def test_nothing_is_said_of_another_survey_while_the_wave_is_open_or_an_audience_hidden():
    found = wave_asking(county_with_schools(9), {"parent": 0.6, "teacher": 0.4})
    answer_everywhere(found, "parent", satisfied=27, others=3)
    answer(found, "teacher", "satisfied", "satisfied", "dissatisfied")
    assert other_survey(wave_results(found, now=NOON)) is None
    close(found)
    assert other_survey(wave_results(found, now=NOON)) is None
