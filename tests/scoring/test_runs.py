"""Score runs: only of closed waves, with all they came from, never changed afterwards."""

from __future__ import annotations

import pytest

from scoring.models import FrozenRecordError, PopulationControl, ScoreRun
from scoring.runs import ScoringRefused, estimate_now, newest_run, score_wave, tally_digest
from surveys.intake import commit_batch, void_responses
from surveys.models import ResidentPopulation, Response, Wave
from surveys.waves import close_wave, reopen_wave
from tests.surveys.small_wave import NOON, a_submission, small_wave

pytestmark = pytest.mark.django_db


@pytest.fixture
def wave() -> Wave:
    wave = small_wave()
    ResidentPopulation.objects.create(county=wave.county, location="town", people=30_000)
    here, there = wave.collectors.order_by("pk")
    commit_batch(
        [a_submission(here, overall="satisfied") for _ in range(18)]
        + [a_submission(there, overall="rather_satisfied") for _ in range(9)]
        + [a_submission(there, overall="dissatisfied") for _ in range(3)]
    )
    return wave


def closed(wave: Wave) -> Wave:
    close_wave(wave, by=None, now=NOON)
    return wave


def test_an_open_wave_has_a_rate_and_no_verdict(wave):
    found = estimate_now(wave)
    # Two schools of 80 pupils: 18 of 18 and 9 of 12 are satisfied.
    assert found["estimate"] == pytest.approx((1 + 0.75) / 2)
    assert found["verdict"] is None
    with pytest.raises(ScoringRefused, match="."):
        score_wave(wave, by=None, now=NOON)


def test_a_closed_wave_is_scored_with_all_it_came_from(wave):
    run = score_wave(closed(wave), by=None, now=NOON)
    assert run.estimate == pytest.approx(0.875)
    assert run.verdict in ("met", "not_met", "undetermined")
    assert run.inputs["chain"]["digest"] == bytes(wave.chain.digest).hex()
    assert run.inputs["tally_digest"] == tally_digest(wave)
    assert {one["people"] for one in run.inputs["controls"]} == {80}
    assert "form = " in run.inputs["rule"]["text"]
    assert newest_run(wave) == run


def test_scoring_the_same_counts_again_gives_the_same_digest(wave):
    closed(wave)
    first, second = (score_wave(wave, by=None, now=NOON) for _ in range(2))
    assert first.pk != second.pk
    assert first.digest == second.digest


def test_a_score_run_is_never_changed(wave):
    run = score_wave(closed(wave), by=None, now=NOON)
    run.estimate = 0.99
    with pytest.raises(FrozenRecordError):
        run.save()


def test_a_run_is_outdated_once_replies_are_voided(wave):
    run = score_wave(closed(wave), by=None, now=NOON)
    void_responses([Response.objects.first().pk], wave=wave, reason="抽查", by=None, now=NOON)
    assert newest_run(wave) is None
    assert ScoreRun.objects.get() == run


def test_a_reopened_wave_has_no_verdict_again(wave):
    score_wave(closed(wave), by=None, now=NOON)
    reopen_wave(wave, by=None, now=NOON, reason="补充农村地区答卷")
    assert estimate_now(wave)["verdict"] is None


def test_imported_controls_take_precedence_over_the_roster(wave):
    here, there = wave.collectors.order_by("pk")
    for collector, people in ((here, 300), (there, 100)):
        PopulationControl.objects.create(
            wave=wave,
            audience="parent",
            school=collector.school,
            location="town",
            people=people,
            source="学籍",
        )
    assert estimate_now(wave)["estimate"] == pytest.approx((3 * 1 + 1 * 0.75) / 4)


def test_a_county_without_resident_figures_is_told_so(wave):
    ResidentPopulation.objects.all().delete()
    run = score_wave(closed(wave), by=None, now=NOON)
    assert run.verdict == "not_computable"
    assert run.result["reasons"] == [{"code": "no_resident_population"}]
