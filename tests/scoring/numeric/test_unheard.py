"""What the error bars do not cover."""

import numpy as np
import pytest

from scoring.numeric.errors import NotComputable, NumericInputError
from scoring.numeric.raking import Margin, margin_warnings
from scoring.numeric.unheard import (
    Silence,
    composite_silence,
    other_survey_probability,
    selection_bias,
    silence,
    with_silent,
)


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


def test_bounds_hold_whatever_the_silent_think():
    rng = np.random.default_rng(3)
    people = {"parent": rng.random(4000) < 0.8, "teacher": rng.random(300) < 0.6}
    shares, answered = {"parent": 0.7, "teacher": 0.3}, {"parent": 900, "teacher": 300}
    truth = sum(shares[name] * people[name].mean() for name in shares)
    seen = {name: people[name][: answered[name]].mean() for name in shares}
    f = {name: answered[name] / len(people[name]) for name in shares}
    parts = [
        silence(name, seen[name], responses=answered[name], population=len(people[name])) for name in shares
    ]
    whole = composite_silence(parts, shares=shares)
    assert whole.lowest <= truth <= whole.highest
    assert whole.highest - whole.lowest == pytest.approx(0.7 * (1 - 900 / 4000))
    for low, end in ((whole.lowest, 0.0), (whole.highest, 1.0)):
        silent = dict.fromkeys(shares, end)
        assert with_silent(seen, shares=shares, response_shares=f, silent=silent) == pytest.approx(low)
    others = {"parent": people["parent"][900:].mean(), "teacher": 0.0}
    assert with_silent(seen, shares=shares, response_shares=f, silent=others) == pytest.approx(truth)


def test_unknown_numbers_of_people_leave_the_whole_range():
    assert silence("deputy", 0.0, responses=0, population=50) == Silence("deputy", 0.0, 0.0, 1.0, None)
    for population in (None, 0, 20):
        found = silence("deputy", 0.9, responses=40, population=population)
        assert (found.response_share, found.lowest, found.highest, found.bias) == (None, 0, 1, None)
    parts = [found, silence("parent", 0.9, responses=30, population=120)]
    assert composite_silence(parts, shares={"deputy": 0.5, "parent": 0.5}).bias is None
    given = {"shares": {"deputy": 1.0}, "silent": {"deputy": 0.0}}
    with pytest.raises(NumericInputError, match="deputy"):
        with_silent({"deputy": 0.9}, response_shares={"deputy": 1.2}, **given)


def test_points_have_bounds_and_no_correlation_bias():
    found = silence("parent", 88.0, responses=25, population=100, ends=(20.0, 100.0))
    assert (found.lowest, found.highest, found.bias) == (37.0, 97.0, None)


def test_thin_categories_and_many_margins_are_named():
    rows = np.repeat(["a", "b"], [95, 5])
    margin = Margin("grade", rows, {"a": 900, "b": 100})
    assert margin_warnings([margin]) == ()
    thin = np.repeat(["a", "b"], [997, 3])
    assert "only 3 responses in 'b'" in margin_warnings([Margin("grade", thin, {"a": 1, "b": 1})])[0]
    assert "5 margins are many" in margin_warnings([margin] * 5)[0]
