"""What the error bars do not cover."""

import numpy as np
import pytest

from scoring.numeric.errors import NotComputable
from scoring.numeric.raking import Margin, margin_warnings
from scoring.numeric.unheard import other_survey_probability, selection_bias


def test_a_small_correlation_moves_a_large_survey():
    # Meng's example as the specification states it: about five points.
    assert selection_bias(0.85, response_share=0.1, correlation=0.05) == pytest.approx(0.0536, abs=1e-4)
    assert selection_bias(0.85, response_share=1, correlation=0.5) == 0


def test_bias_of_a_known_population():
    rng = np.random.default_rng(12)
    satisfied = rng.random(20_000) < 0.8
    answered = rng.random(20_000) < np.where(satisfied, 0.3, 0.2)
    correlation = np.corrcoef(satisfied, answered)[0, 1]
    bias = satisfied[answered].mean() - satisfied.mean()
    found = selection_bias(satisfied.mean(), response_share=answered.mean(), correlation=correlation)
    assert found == pytest.approx(bias, rel=1e-9)


def test_another_survey_may_miss_the_limit_that_this_one_meets():
    one = {"estimate": 0.87, "variance": 1e-4, "shares": {"parent": 1.0}, "means": {"parent": 0.87}}
    small = other_survey_probability(**one, planned={"parent": 300}, threshold=0.85)
    large = other_survey_probability(**one, planned={"parent": 30_000}, threshold=0.85)
    assert 0.5 < small < large < 1
    with pytest.raises(NotComputable, match="parent"):
        other_survey_probability(**one, planned={}, threshold=0.85)


def test_thin_categories_and_many_margins_are_named():
    rows = np.repeat(["a", "b"], [95, 5])
    margin = Margin("grade", rows, {"a": 900, "b": 100})
    assert margin_warnings([margin]) == ()
    thin = np.repeat(["a", "b"], [997, 3])
    assert "only 3 responses in 'b'" in margin_warnings([Margin("grade", thin, {"a": 1, "b": 1})])[0]
    assert "5 margins are many" in margin_warnings([margin] * 5)[0]
