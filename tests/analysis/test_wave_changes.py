"""Two waves: the change and its test, schools corrected for their number, refusals with their reason."""

from __future__ import annotations

import pytest
from scipy import stats

from analysis.results import wave_results
from analysis.wave_changes import refusals_of, wave_changes
from surveys.models import Wave
from tests.analysis.test_county_page import signed_in, text
from tests.analysis.waves import NOON, answer, answer_everywhere, close, county_with_schools, wave_asking

pytestmark = pytest.mark.django_db


def closed_wave(county, name: str, *, satisfied: int, others: int, shares=None, fallen: str = "") -> Wave:
    wave = wave_asking(county, shares or {"parent": 1.0}, name=name)
    schools = wave.collectors.filter(audience="parent").select_related("school")
    for collector in schools:
        good = satisfied if collector.school.code != fallen else satisfied // 3
        words = ["satisfied"] * good + ["dissatisfied"] * (satisfied + others - good)
        answer(wave, "parent", *words, school=collector.school)
    for audience in shares or {}:
        if audience != "parent":
            answer_everywhere(wave, audience, satisfied=satisfied, others=others)
    return close(wave)


@pytest.fixture
def county():
    return county_with_schools(9)


def both(earlier: Wave, later: Wave, audience: str = "parent"):
    one, two = wave_results(earlier, now=NOON), wave_results(later, now=NOON)
    return wave_changes(one, two, audience=audience)


def test_change_has_the_textbooks_interval_and_test(county):
    """Nine alike schools, 36 of 40 before and 30 of 40 now: the stratified formula by hand."""
    earlier = closed_wave(county, "春季", satisfied=36, others=4)
    later = closed_wave(county, "秋季", satisfied=30, others=10)
    found = both(earlier, later)
    inside = [0.9 * 0.1 / 39, 0.75 * 0.25 / 39]
    # Three classes of three schools: each class weighs by its residents, its schools alike.
    spread = sum(share**2 / 3 for share in (0.5, 0.3, 0.2))
    se = (spread * sum(inside)) ** 0.5
    assert found.county.change.difference == pytest.approx(-0.15)
    assert found.county.change.se == pytest.approx(se)
    df = 2 * 9 * 39
    assert found.county.change.p_value == pytest.approx(2 * stats.t.sf(0.15 / se, df))
    half = stats.t.ppf(0.975, df) * se
    assert found.county.interval == pytest.approx((-0.15 - half, -0.15 + half))
    assert found.county.is_clear and not found.no_decline


def test_only_the_school_that_fell_is_marked_after_correction(county):
    earlier = closed_wave(county, "春季", satisfied=36, others=4)
    later = closed_wave(county, "秋季", satisfied=36, others=4, fallen="S004")
    found = both(earlier, later)
    assert [row.school.code for row in found.schools] == [f"S{number:03}" for number in range(1, 10)]
    assert [row.school.code for row in found.schools if row.is_clear] == ["S004"]
    assert all(row.q >= row.change.p_value for row in found.schools)


def test_school_that_one_wave_hides_is_left_out(county):
    earlier = closed_wave(county, "春季", satisfied=36, others=4)
    later = wave_asking(county, {"parent": 1.0}, name="秋季")
    for collector in later.collectors.filter(audience="parent").select_related("school"):
        replies = 4 if collector.school.code in ("S001", "S004") else 30
        answer(later, "parent", *["satisfied"] * replies, school=collector.school)
    found = both(earlier, close(later))
    codes = [row.school.code for row in found.schools]
    assert "S001" not in codes and "S004" not in codes and codes


def test_waves_that_differ_in_audiences_or_are_open_are_refused_with_the_reason(county):
    earlier = closed_wave(county, "春季", satisfied=36, others=4)
    later = closed_wave(county, "秋季", satisfied=36, others=4, shares={"parent": 0.5, "teacher": 0.5})
    open_one = wave_asking(county, {"parent": 1.0}, name="冬季")
    results = {one.name: wave_results(one, now=NOON) for one in (earlier, later, open_one)}
    assert [one["code"] for one in refusals_of(results["春季"], results["秋季"])] == ["other_audiences"]
    assert [one["code"] for one in refusals_of(results["春季"], results["冬季"])] == ["not_scored"]
    assert refusals_of(results["春季"], results["春季"]) == []
    page = text(signed_in(county).get(f"/desk/waves/{later.pk}/compare/?with={earlier.pk}"))
    assert "The two waves asked different audiences." in page


def test_page_says_first_what_changed(county):
    closed_wave(county, "春季", satisfied=36, others=4)
    later = closed_wave(county, "秋季", satisfied=30, others=10)
    page = text(signed_in(county).get(f"/desk/waves/{later.pk}/compare/"))
    assert "Since “春季” the result changed by −15.0" in page
    assert "It has fallen beyond what chance does." in page


def test_a_small_school_of_one_mind_before_is_no_finding_when_a_few_dissent_now(county):
    """12 of 12 before, 9 of 13 now: V alone gives the twelve no error at all and calls the fall a finding."""
    one, other = (wave_asking(county, {"parent": 1.0}, name=name) for name in ("春季", "秋季"))
    for wave, small in ((one, (12, 0)), (other, (9, 4))):
        for collector in wave.collectors.filter(audience="parent").select_related("school"):
            yes, no = small if collector.school.code == "S004" else (36, 4)
            answer(wave, "parent", *["satisfied"] * yes, *["dissatisfied"] * no, school=collector.school)
        close(wave)
    change = {row.school.code: row.change for row in both(one, other).schools}["S004"]
    now = 9 / 13 * (4 / 13) / 12
    by_hand = 13 / 14 * (1 / 14) / 12 + max(now, 10 / 15 * (5 / 15) / 13)
    assert (change.variance, change.df) == (pytest.approx(by_hand, rel=1e-9), 23)
    assert change.p_value > 0.05 > 2 * stats.t.sf(4 / 13 / now**0.5, 23)
