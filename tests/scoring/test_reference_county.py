"""The reference county through the product's own doors: import, count, close, score. R's number comes out."""

from __future__ import annotations

from dataclasses import replace

import pytest

from scoring.rules import shipped_rule
from scoring.runs import score_wave
from surveys.tallies import check_tallies
from surveys.waves import close_wave
from tests.golden_cases import golden_case
from tests.surveys.county_a import NOW, add_county_a_controls, load_county_a

pytestmark = pytest.mark.django_db

RULE = replace(
    shipped_rule("satisfied-top2"),
    items=("q8",),
    scores={"5": 1.0, "4": 1.0, "3": 0.0, "2": 0.0, "1": 0.0},
    dont_know_codes=("9",),
)


def test_twelve_thousand_imported_replies_give_the_number_of_r():
    wave = load_county_a()
    add_county_a_controls(wave)
    close_wave(wave, by=None, now=NOW)
    run = score_wave(wave, by=None, now=NOW, rule=RULE)
    wanted = golden_case("P-county_a-strata-nofpc-composite-official").expected["t2_overall"]
    assert run.result["responses"] == 12_054
    assert run.estimate == pytest.approx(wanted["estimate"], rel=1e-7)
    assert run.result["se"] == pytest.approx(wanted["se"], rel=1e-7)
    assert run.result["df"] == wanted["df"]
    assert run.verdict == "met"
    assert check_tallies(wave) == []


def test_schools_as_a_sample_widen_the_interval_as_in_r():
    wave = load_county_a()
    add_county_a_controls(wave)
    type(wave).objects.filter(pk=wave.pk).update(design="sampled_schools")
    wave.refresh_from_db()
    close_wave(wave, by=None, now=NOW)
    own = score_wave(wave, by=None, now=NOW, rule=replace(RULE, locations="own"))
    wanted = golden_case("P-county_a-verdict-recommended").expected["C.05"]
    assert own.estimate == pytest.approx(wanted["estimate"], rel=1e-7)
    assert own.result["verdict"]["lower"] == pytest.approx(wanted["lower_one_sided"], rel=1e-7)
    assert own.verdict == "undetermined"
