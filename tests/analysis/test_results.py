"""What a wave shows: provisional while open, frozen with a verdict once closed, honest in between."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils.translation import override

from analysis.other_rules import other_rules
from analysis.results import FROZEN, RUNNING, UNFROZEN, fingerprint, wave_results, wave_to_show
from analysis.tasks import score_closed_wave
from analysis.wording import readings, tipping_sentences, verdict_sentence
from scoring.runs import score_wave
from surveys.intake import void_responses
from surveys.models import Response, Wave
from surveys.waves import reopen_wave
from tests.analysis.waves import NOON, answer, answer_everywhere, close, county_with_schools, wave_asking

pytestmark = pytest.mark.django_db
LATER = NOON + timedelta(hours=1)


@pytest.fixture
def wave() -> Wave:
    """Three schools; 40 parents and 20 teachers at each, nine in ten satisfied."""
    wave = wave_asking(county_with_schools(3), {"parent": 0.6, "teacher": 0.4}, target=100)
    answer_everywhere(wave, "parent", satisfied=36, others=4)
    answer_everywhere(wave, "teacher", satisfied=18, others=2)
    return wave


def void_first(wave: Wave, count: int) -> None:
    ids = list(
        Response.objects.filter(collector__wave=wave).order_by("pk").values_list("pk", flat=True)[:count]
    )
    void_responses(ids, wave=wave, reason="测试", by=None, now=LATER)


def test_open_wave_is_provisional_and_has_no_verdict(wave):
    found = wave_results(wave, now=NOON)
    assert (found.state, found.is_provisional, found.verdict) == (RUNNING, True, None)
    assert found.figure.estimate == pytest.approx(0.9)
    assert found.figure.valid == 180
    assert readings(found) == []
    assert not wave.score_runs.exists()


def test_closing_is_scored_once_by_whoever_looks_first(wave):
    close(wave)
    first, second = wave_results(wave, now=LATER), wave_results(wave, now=LATER)
    assert (first.state, first.verdict) == (FROZEN, "met")
    assert first.run == second.run
    assert wave.score_runs.count() == 1
    assert wave.score_runs.get().by is None


def test_task_scores_a_closing_that_nobody_has_looked_at(wave):
    assert score_closed_wave(wave.pk) is None
    close(wave)
    run_id = score_closed_wave(wave.pk)
    assert run_id == wave.score_runs.get().pk
    assert score_closed_wave(wave.pk) == run_id


def test_voiding_after_the_verdict_takes_the_verdict_away_until_somebody_scores_again(wave):
    close(wave)
    assert wave_results(wave, now=LATER).verdict == "met"
    void_first(wave, 15)
    found = wave_results(wave, now=LATER)
    assert (found.state, found.verdict, found.run) == (UNFROZEN, None, None)
    assert found.progress.total.replies == 165
    assert wave.score_runs.count() == 1
    run = score_wave(wave, by=None, now=LATER)
    assert wave_results(wave, now=LATER).run == run


def test_second_closing_is_scored_by_itself(wave):
    close(wave)
    wave_results(wave, now=NOON)
    reopen_wave(wave, by=None, now=LATER, reason="补充回收")
    answer(wave, "parent", "dissatisfied", school=wave.county.schools.first())
    close(wave, now=LATER)
    found = wave_results(wave, now=LATER)
    assert found.state == FROZEN
    assert wave.score_runs.count() == 2
    assert found.run.result["responses"] == 181


def test_frozen_page_shows_the_frozen_numbers_whatever_the_roster_says_now(wave):
    close(wave)
    before = wave_results(wave, now=LATER).figure
    wave.county.resident_populations.update(people=1)
    wave.county.schools.update(teachers=900)
    assert wave_results(wave, now=LATER).figure == before


def test_missing_audience_is_not_computable_and_its_reply_counts_still_show(wave):
    other = wave_asking(wave.county, {"parent": 0.6, "principal": 0.4}, name="另一批次")
    answer_everywhere(other, "parent", satisfied=36, others=4)
    close(other)
    found = wave_results(other, now=LATER)
    assert (found.verdict, found.figure.estimate, found.figure.valid) == ("not_computable", None, None)
    assert [row.progress.replies for row in found.audiences] == [120, 0]
    assert found.result["reasons"] == [{"code": "audience_without_answers", "audience": "principal"}]
    assert readings(found) == []


def test_figure_appears_from_the_smallest_group_on(wave):
    small = wave_asking(wave.county, {"parent": 1.0}, name="小批次")
    schools = list(wave.county.schools.all())
    for school in schools:
        answer(small, "parent", *["satisfied"] * 3, school=school)
    found = wave_results(small, now=NOON)
    assert (found.figure.estimate, found.figure.hidden) == (None, "few")
    answer(small, "parent", "satisfied", school=schools[0])
    assert wave_results(small, now=NOON).figure.estimate == pytest.approx(1.0)


def test_contributions_of_the_audiences_add_up_to_the_countys_rate(wave):
    close(wave)
    found = wave_results(wave, now=LATER)
    assert sum(row.contribution for row in found.audiences) == pytest.approx(found.figure.estimate, rel=1e-12)


def test_topics_come_weakest_first_and_without_the_headline_item(wave):
    mixed = wave_asking(wave.county, {"parent": 1.0}, name="有差异的批次")
    answer_everywhere(mixed, "parent", satisfied=30, others=10, seed=7)
    topics = wave_results(mixed, now=NOON).topics
    rates = [row.figure.estimate for row in topics]
    assert len(topics) == 8
    assert rates == sorted(rates)
    assert "overall" not in [row.item for row in topics]


def test_schools_come_in_the_order_of_their_codes_and_with_their_audiences(wave):
    close(wave)
    found = wave_results(wave, now=LATER)
    assert [row.school.code for row in found.schools] == ["S001", "S002", "S003"]
    school = found.schools[0]
    assert [part.code for part in school.audiences] == ["parent", "teacher"]
    assert [part.progress.replies for part in school.audiences] == [40, 20]
    assert school.figure.estimate == pytest.approx(0.9)
    assert (school.progress.replies, school.figure.valid) == (60, 60)


@pytest.mark.parametrize(("language", "name"), [("zh-hans", "减轻过重课业负担"), ("en", "Lighter workload")])
def test_names_are_in_the_readers_language(wave, language, name):
    with override(language):
        assert name in [row.name for row in wave_results(wave, now=NOON).topics]


def test_verdict_is_explained_with_the_bound_that_decides_it(wave):
    close(wave)
    with override("en"):
        found = wave_results(wave, now=LATER)
        lower = found.result["verdict"]["lower"]
        assert f"{lower * 100:.1f}%" in verdict_sentence(found)
        statistical, point = readings(found)
    assert (statistical.tone, point.tone) == ("met", "met")
    assert "90.0%: 85% is reached" in point.word
    assert "5%" in statistical.meaning


def test_point_reading_and_verdict_may_differ():
    """87 of 100 reach the limit as a figure; as a sample they do not prove it."""
    wave = wave_asking(county_with_schools(1), {"parent": 1.0})
    wave.county.resident_populations.exclude(location="urban").delete()
    answer_everywhere(wave, "parent", satisfied=87, others=13)
    close(wave)
    with override("en"):
        found = wave_results(wave, now=LATER)
        statistical, point = readings(found)
    assert (found.verdict, statistical.tone, point.tone) == ("undetermined", "undetermined", "met")


def test_tipping_point_says_what_the_silent_would_have_to_think(wave):
    close(wave)
    with override("en"):
        answered, tip = tipping_sentences(wave_results(wave, now=LATER))
    assert answered == "Parents: 33.3% have answered."
    # 120 of 360 parents at 90%: at 85% over all with teachers at 90% the parents stand at 0.8167.
    assert "less than 77.5% among the others" in tip


def test_other_rules_are_the_same_counts_and_begin_with_the_waves_own(wave):
    close(wave)
    found = wave_results(wave, now=LATER)
    listed = other_rules(found)
    by_key = {one.rule.key: one for one in listed}
    assert listed[0].is_chosen
    assert listed[0].figure == found.figure
    assert by_key["satisfied-top1"].figure.estimate == pytest.approx(0.9)
    assert by_key["points-20-100"].figure.estimate == pytest.approx(0.9 * 100 + 0.1 * 20)
    assert by_key["satisfied-top2"].verdict == "met"
    assert all(one.figure.estimate is not None for one in listed)


def test_other_rules_are_computed_where_the_shares_were_cut_to_five_decimals():
    """Half and six twelfths, as kept, add up to 0.99998."""
    names = ("student", "teacher", "principal", "deputy", "cppcc", "resident")
    wave = wave_asking(county_with_schools(6), {"parent": 0.50002, **dict.fromkeys(names, 0.08333)})
    for audience in ("parent", *names):
        answer_everywhere(wave, audience, satisfied=12, others=2)
    wave.audiences.filter(audience="parent").update(share="0.50000")
    close(wave)
    assert len(other_rules(wave_results(wave, now=LATER))) > 5


def test_other_rules_have_no_verdict_while_the_wave_is_open(wave):
    assert {one.verdict for one in other_rules(wave_results(wave, now=NOON))} == {None}


def test_with_a_hidden_audience_no_second_mixture_is_listed(wave):
    small = wave_asking(wave.county, {"parent": 0.5, "teacher": 0.3, "deputy": 0.2}, name="代表很少")
    answer_everywhere(small, "parent", satisfied=36, others=4)
    answer_everywhere(small, "teacher", satisfied=18, others=2)
    answer(small, "deputy", *["satisfied"] * 6)
    close(small)
    keys = {one.rule.key for one in other_rules(wave_results(small, now=LATER))}
    assert "satisfied-top1" in keys
    assert keys & {"equal-audiences", "by-population", "pooled"} == set()
    close(wave)
    assert "equal-audiences" in {one.rule.key for one in other_rules(wave_results(wave, now=LATER))}


def test_fingerprint_changes_with_every_reply_and_step(wave):
    seen = {fingerprint(wave)}
    answer(wave, "parent", "satisfied", school=wave.county.schools.first())
    seen.add(fingerprint(wave))
    close(wave)
    seen.add(fingerprint(wave))
    void_first(wave, 1)
    seen.add(fingerprint(wave))
    assert len(seen) == 4


def test_wave_to_show_is_the_running_one_with_replies_else_the_newest_closed_one(wave):
    county = wave.county
    draft = wave_asking(county, {"parent": 1.0}, name="草稿", is_open=False)
    silent = wave_asking(county, {"parent": 1.0}, name="无人作答")

    def chosen() -> Wave:
        return wave_to_show(list(Wave.objects.filter(county=county)))

    assert chosen() == wave
    close(wave)
    assert chosen() == wave
    assert wave_to_show([draft, silent]) == silent
    assert wave_to_show([draft]) == draft
    assert wave_to_show([]) is None
