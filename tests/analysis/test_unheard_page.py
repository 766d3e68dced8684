"""Who did not answer: late replies against early, composition before weighting, bounds for the record."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from math import sqrt

import pytest

from analysis.results import wave_results
from analysis.unheard_bounds import silent
from analysis.unheard_composition import composition
from analysis.unheard_drift import COUNTY, DriftRow, early_and_late
from surveys.intake import commit_batch, void_responses
from surveys.models import Collector, ResidentPopulation, Source, Wave
from surveys.queries import response_frame
from surveys.school_messages import send_message
from tests.analysis import waves
from tests.analysis.test_county_page import signed_in, text
from tests.analysis.waves import NOON, close, county_with_schools, wave_asking

pytestmark = pytest.mark.django_db
MONDAY, FRIDAY = NOON - timedelta(days=5), NOON - timedelta(days=1)
PARENTS_AND_TEACHERS = {"parent": 0.6, "teacher": 0.4}


def replies(
    wave: Wave, audience: str, at: datetime, *, satisfied: int, others: int = 0, grade: str = "g1_3",
    schools: Sequence[int] = range(9), source: str = Source.PHONE,
) -> None:  # fmt: skip
    """So many replies at each of these schools, all of one moment."""
    table = wave.audiences.get(audience=audience).version.table
    items = [item.name for item in table.questionnaire.items if item.type == "scale"]
    found = wave.collectors.filter(audience=audience, school__isnull=False).select_related("school", "wave")
    made = []
    for collector in list(found.order_by("school__code"))[min(schools) : max(schools) + 1]:
        for word in ["satisfied"] * satisfied + ["dissatisfied"] * others:
            made.append(_at(collector, table, dict.fromkeys(items, word) | {"grade_band": grade}, at, source))
    commit_batch(made)


def _at(collector: Collector, table, answers: dict[str, str], at: datetime, source: str):
    return replace(waves._submission(collector, table, answers, "town"), received_at=at, source=source)


def rows_of(wave: Wave, *, reminder: bool = False) -> dict[str, DriftRow]:
    found = early_and_late(wave_results(wave, now=NOON))
    split = found.reminder if reminder else found.halves
    return {row.code: row for row in (split.county, *split.audiences)}


@pytest.fixture
def wave() -> Wave:
    """Nine schools of 120 families: on Monday 27 of 30 parents are satisfied, on Friday 24 of 30; teachers
    do not change."""
    found = wave_asking(county_with_schools(9), PARENTS_AND_TEACHERS, target=100)
    replies(found, "parent", MONDAY, satisfied=27, others=3)
    replies(found, "teacher", MONDAY, satisfied=5, others=1)
    replies(found, "parent", FRIDAY, satisfied=24, others=6)
    replies(found, "teacher", FRIDAY, satisfied=5, others=1)
    return found


def test_drift_by_hand_with_its_interval(wave):
    """Parents 0.9 → 0.8; a class of residents' share P holds three schools of equal size, so the variance of
    a half is Σ P²/3 · p(1−p)/29, and the county's is 0.6² of it plus that of the teachers."""
    rows = rows_of(close(wave))
    assert (rows["parent"].drift.early, rows["parent"].drift.late) == pytest.approx((0.9, 0.8))
    spread = sum(share**2 / 3 for share in (0.5, 0.3, 0.2))
    parents = spread * (0.9 * 0.1 + 0.8 * 0.2) / 29
    assert rows["parent"].drift.change.variance == pytest.approx(parents, rel=1e-9)
    county = rows[COUNTY].drift
    assert county.change.difference == pytest.approx(-0.06)
    teachers = max(spread * (5 / 36) / 5, (46 / 56) * (10 / 56) / 54)
    assert county.change.variance == pytest.approx(0.36 * parents + 0.16 * 2 * teachers, rel=1e-9)
    page = text(signed_in(wave.county).get(f"/desk/waves/{wave.pk}/unheard/"))
    assert (
        "The county: The second half of the replies lies 6.0 percentage points below the first half" in page
    )
    assert "Parents: The second half of the replies lies 10.0 percentage points below the first half" in page
    assert "Who answered late is less satisfied; who did not answer may be even less so." in page


def test_if_the_silent_were_like_the_late(wave):
    """Half of the families answered: 0.6·(0.5·0.85 + 0.5·0.8) + 0.4·10/12; all teachers did."""
    results = wave_results(close(wave), now=NOON)
    found = silent(results, halves=early_and_late(results).halves)
    assert found.like_late == pytest.approx(0.6 * 0.825 + 0.4 * 10 / 12)
    assert found.county.silence.lowest == pytest.approx(0.6 * 0.425 + 0.4 * 10 / 12)
    assert found.county.silence.highest == pytest.approx(0.6 * 0.925 + 0.4 * 10 / 12)
    assert found.audiences[0].silence.bias == pytest.approx(0.05 * sqrt(0.85 * 0.15))
    distance = 0.85 - (0.6 * 0.85 + 0.4 * 10 / 12)
    assert found.enough_correlation == pytest.approx(distance / (0.6 * sqrt(0.85 * 0.15)))


def test_schools_that_began_late_are_no_drift():
    """The late schools are the less satisfied ones, but inside a school nothing changes."""
    found = wave_asking(county_with_schools(9), {"parent": 1.0})
    for at in (MONDAY, MONDAY + timedelta(hours=3)):
        replies(found, "parent", at, satisfied=18, others=2, schools=range(5))
    for at in (FRIDAY, FRIDAY + timedelta(hours=3)):
        replies(found, "parent", at, satisfied=12, others=8, schools=range(5, 9))
    rows = rows_of(close(found))
    assert rows["parent"].drift.change.difference == pytest.approx(0)
    page = text(signed_in(found.county).get(f"/desk/waves/{found.pk}/unheard/"))
    assert "That is no more than chance could do: no drift is seen." in page


def test_open_wave_says_nothing_of_its_newest_replies(wave):
    assert early_and_late(wave_results(wave, now=NOON)) is None
    page = text(signed_in(wave.county).get(f"/desk/waves/{wave.pk}/unheard/"))
    assert "Early and late replies are compared after closing" in page
    assert "For the record" not in page and "90.0%" not in page


def test_composition_of_an_open_wave_stands_still_while_single_replies_come(wave):
    """A grade band is an answer: who watched the count move could read it off the next reply."""
    before = composition(wave_results(wave, now=NOON))
    replies(wave, "parent", NOON, satisfied=1, grade="g7_9", schools=[0])
    assert composition(wave_results(wave, now=NOON)) == before


def test_message_to_the_schools_splits_the_replies_by_time(wave):
    """The message comes after Monday's replies and before a fourth of them; halves are cut earlier."""
    replies(wave, "parent", NOON, satisfied=10, others=10)
    schools = list(wave.county.schools.all())
    at = NOON - timedelta(hours=6)
    send_message(
        county=wave.county, schools=schools, subject="催办", body="请提醒家长", wave=wave, by=None, now=at
    )
    close(wave)
    rows = rows_of(wave, reminder=True)
    assert (rows["parent"].drift.early, rows["parent"].drift.late) == pytest.approx((0.85, 0.5))
    assert (rows["teacher"].drift, rows["teacher"].reason) == (None, "none")
    assert rows[COUNTY].reason == "parts"
    page = text(signed_in(wave.county).get(f"/desk/waves/{wave.pk}/unheard/"))
    assert "Before and after the first message to the schools" in page
    assert "Parents: Replies after the first message to the schools lie 35.0 percentage points below" in page


def test_split_that_differs_from_the_halves_by_a_handful_is_hidden(wave):
    """Two parents came before the message and are late in their school: two splits would give them away."""
    replies(wave, "parent", FRIDAY - timedelta(hours=2), satisfied=0, others=5, schools=[0])
    schools = list(wave.county.schools.all())
    at = FRIDAY - timedelta(hours=1)
    send_message(
        county=wave.county, schools=schools, subject="催办", body="请提醒家长", wave=wave, by=None, now=at
    )
    close(wave)
    assert rows_of(wave)["parent"].drift is not None
    assert rows_of(wave, reminder=True)["parent"] == DriftRow("parent", None, "close")
    assert rows_of(wave, reminder=True)[COUNTY].drift is None


def test_audience_with_few_in_a_half_is_hidden_with_what_would_give_it_away():
    found = wave_asking(county_with_schools(9), PARENTS_AND_TEACHERS)
    for at in (MONDAY, FRIDAY):
        replies(found, "parent", at, satisfied=27, others=3)
        replies(found, "teacher", at, satisfied=2, schools=range(3))
    rows = rows_of(close(found))
    assert rows["teacher"] == DriftRow("teacher", None, "few")
    assert rows[COUNTY].drift is None
    page = text(signed_in(found.county).get(f"/desk/waves/{found.pk}/unheard/"))
    assert "fewer than 10 answers in one of the two parts" in page


def test_replies_without_times_are_not_compared():
    found = wave_asking(county_with_schools(9), PARENTS_AND_TEACHERS)
    replies(found, "parent", NOON, satisfied=20, others=2, source=Source.IMPORTED)
    replies(found, "parent", MONDAY, satisfied=20, others=2)
    replies(found, "teacher", MONDAY, satisfied=5, others=1)
    rows = rows_of(close(found))
    assert (rows["parent"].reason, rows["teacher"].reason) == ("imported", "one_moment")
    page = text(signed_in(found.county).get(f"/desk/waves/{found.pk}/unheard/"))
    assert "imported without times" in page and "all replies came within ten minutes" in page


def test_replies_imported_in_two_files_without_times_are_not_compared_either():
    found = wave_asking(county_with_schools(9), {"parent": 1.0})
    for at in (MONDAY, FRIDAY):
        replies(found, "parent", at, satisfied=20, others=2, source=Source.IMPORTED)
    assert rows_of(close(found))["parent"] == DriftRow("parent", None, "imported")


def test_imported_replies_with_times_of_their_own_are_compared():
    found = wave_asking(county_with_schools(9), {"parent": 1.0})
    for hour in range(6):
        at = MONDAY + timedelta(hours=hour)
        worse = hour // 3
        replies(found, "parent", at, satisfied=5 - worse, others=worse, source=Source.IMPORTED)
    assert rows_of(close(found))["parent"].drift.change.difference == pytest.approx(-0.2)


def test_voided_replies_are_left_out(wave):
    """Without Friday's 54 dissatisfied parents the late are no longer the less satisfied ones."""
    late = response_frame(wave, "parent").query("received_at > @MONDAY and overall == 'dissatisfied'")
    void_responses(late["id"], wave=wave, reason="重复提交", by=None, now=NOON)
    parents = rows_of(close(wave))["parent"].drift
    assert parents.n_early + parents.n_late == 540 - 54
    assert parents.late > parents.early


def test_composition_before_weighting_by_hand(wave):
    """Grades 1–3 hold 90 of 120 pupils and gave all but 20 of 560 replies; city schools got 20 more."""
    replies(wave, "parent", FRIDAY, satisfied=20, grade="g4_6", schools=[0])
    [parents, teachers] = composition(wave_results(close(wave), now=NOON))
    assert (parents.replies, parents.people) == (560, 1080)
    city, town, village, low, middle, *_ = parents.groups
    assert [one.replies for one in (city, town, village)] == [200, 180, 180]
    assert city.gap == pytest.approx(200 / 560 - 1 / 3) and not city.is_far
    assert low.part == pytest.approx(540 / 560) and low.part_of_people == pytest.approx(0.75) and low.is_far
    assert middle.response_share == pytest.approx(20 / 270)
    assert teachers.response_share == 1 and all(one.kind == "location" for one in teachers.groups)
    page = text(signed_in(wave.county).get(f"/desk/waves/{wave.pk}/unheard/"))
    assert "The grades are out of line among: Parents; the rate keeps that." in page


@pytest.mark.parametrize("rule", ("item-mean", "points-20-100", "pooled", "by-population"))
def test_page_opens_under_rules_of_other_forms(rule):
    found = wave_asking(county_with_schools(9), PARENTS_AND_TEACHERS, rule=rule)
    for at in (MONDAY, FRIDAY):
        replies(found, "parent", at, satisfied=27, others=3)
        replies(found, "teacher", at, satisfied=5, others=1)
    rows = rows_of(close(found))
    assert rows[COUNTY].drift.change.difference == pytest.approx(0, abs=1e-12)
    page = text(signed_in(found.county).get(f"/desk/waves/{found.pk}/unheard/"))
    assert "How was this computed?" in page and "For the record" in page


def test_sampled_schools_are_units_with_their_early_and_late_answers(wave):
    """Every school moves alike: then the schools' means say that the difference is certain."""
    found = wave_asking(county_with_schools(9), {"parent": 1.0}, name="抽样", design="sampled_schools")
    replies(found, "parent", MONDAY, satisfied=27, others=3)
    replies(found, "parent", FRIDAY, satisfied=24, others=6)
    rows = rows_of(close(found))
    assert rows[COUNTY].drift.change.difference == pytest.approx(-0.1)
    assert rows[COUNTY].drift.change.df == 6
    floor = (244 / 272) * (28 / 272) / 270 + (217 / 272) * (55 / 272) / 270
    assert rows[COUNTY].drift.change.variance == pytest.approx(floor, rel=1e-9)


def test_wave_without_replies_and_without_people_has_words_instead():
    county = county_with_schools(3)
    ResidentPopulation.objects.filter(county=county).delete()
    found = close(wave_asking(county, {"parent": 1.0}))
    page = text(signed_in(county).get(f"/desk/waves/{found.pk}/unheard/"))
    assert "Nobody has answered yet." in page and "There are no replies to compare." in page


def test_a_few_replies_are_out_of_line_only_beyond_chance():
    """Ten of ten from the city are too many; one of one would be as far off a third, and is chance."""
    found = wave_asking(county_with_schools(9), {"parent": 1.0})
    replies(found, "parent", MONDAY, satisfied=10, schools=[0])
    [parents] = composition(wave_results(close(found), now=NOON))
    city = parents.groups[0]
    assert (city.replies, city.gap) == (10, pytest.approx(2 / 3)) and city.is_far
    one = replace(city, replies=1, whole=1)
    assert one.gap == city.gap and not one.is_far


def test_groups_of_a_handful_of_replies_are_not_listed():
    found = wave_asking(county_with_schools(9), {"parent": 1.0})
    replies(found, "parent", MONDAY, satisfied=9, schools=[0])
    [parents] = composition(wave_results(close(found), now=NOON))
    assert (parents.replies, parents.groups) == (9, ())
