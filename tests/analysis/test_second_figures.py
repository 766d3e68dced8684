"""While a small audience is hidden, the county's rate has one interval and one pair of bounds: every further
figure made of the same answers would be one more equation for its few people."""

from __future__ import annotations

import pytest

from analysis.results import wave_results
from tests.analysis.test_county_page import signed_in, text
from tests.analysis.waves import NOON, answer_everywhere, close, county_with_schools, wave_asking

pytestmark = pytest.mark.django_db
SECOND = ("se", "df", "se_smoothed", "interval_design_based")


def closed_wave(*, teachers: int):
    wave = wave_asking(county_with_schools(3), {"parent": 0.6, "teacher": 0.4})
    answer_everywhere(wave, "parent", satisfied=11, others=2)
    answer_everywhere(wave, "teacher", satisfied=teachers // 3 - 1, others=1)
    return close(wave)


def method_page(wave) -> str:
    return text(signed_in(wave.county).get(f"/desk/method/?wave={wave.pk}"))


def test_hidden_audience_leaves_one_interval_and_the_bounds_that_decide():
    wave = closed_wave(teachers=6)
    results = wave_results(wave, now=NOON)
    assert results.figure.is_shown and not results.result["regrouped"]
    assert [results.result[name] for name in SECOND] == [None] * 4
    assert results.figure.lower is not None
    assert set(results.result["verdict"]) == {"verdict", "lower", "upper", "alpha"}
    page = method_page(wave)
    assert "Lower bound" in page and "could be worked out" in page
    for words in ("percentage points , linearised", "Interval on the standard error alone", "two pairs"):
        assert words not in page


def test_frozen_run_keeps_what_the_page_does_not_show():
    wave = closed_wave(teachers=6)
    run = wave_results(wave, now=NOON).run
    assert run.result["se"] > 0 and run.result["verdict"]["n_star"] > 0


def test_large_audiences_hide_nothing():
    wave = closed_wave(teachers=36)
    results = wave_results(wave, now=NOON)
    assert results.result["regrouped"]
    assert all(results.result[name] is not None for name in SECOND)
    assert "Interval on the standard error alone" in method_page(wave)
