"""Bounds of a composite put together from its audiences' own."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from scoring.numeric.audience_states import AudienceState
from scoring.numeric.mover import audience_bounds, combined_bounds


def states(counts, shares):
    """Audiences with (satisfied, asked) answers drawn at random; V as a program without smoothing has it."""
    return [
        AudienceState(f"a{i}", share, n, n, x / n, x / n * (1 - x / n) / (n - 1) if n > 1 else 0.0)
        for i, ((x, n), share) in enumerate(zip(counts, shares, strict=True))
    ]


def bounds(found, *, tail=0.025):
    estimate = sum(one.share * one.estimate for one in found)
    variance = sum(one.share**2 * one.variance for one in found)
    return estimate, *combined_bounds(estimate, variance=variance, audiences=found, df=1000, tail=tail)


def test_an_audience_has_its_jeffreys_interval():
    # qbeta(c(.025, .975), 56.5, 14.5), 56 of 70, computed with R 4.2; n* is n − 1 by V's own denominator.
    of_71 = AudienceState("a", 1.0, 71, 71.0, 56 / 70, 56 / 70 * 14 / 70 / 70)
    assert audience_bounds(of_71, tail=0.025) == pytest.approx((0.6953025536, 0.8804901096), abs=1e-9)


def test_nobody_can_be_more_content_than_all():
    heads = AudienceState("principal", 0.1, 10, 10.0, 1.0, 0.0)
    lower, upper = audience_bounds(heads, tail=0.025)
    assert upper == 1.0
    # qbeta(.025, 10.5, .5) with R 4.2.
    assert lower == pytest.approx(0.7828037325, abs=1e-9)
    # So heads of one mind widen the county's interval downwards only.
    parents = states([(170, 200)], [1.0])[0]
    estimate, low, high = bounds([*states([(170, 200)], [0.9]), heads])
    mine = audience_bounds(parents, tail=0.025)
    assert high - estimate == pytest.approx(0.9 * (mine[1] - 0.85))
    assert estimate - low == pytest.approx(((0.9 * (0.85 - mine[0])) ** 2 + (0.1 * (1 - lower)) ** 2) ** 0.5)


def test_covariances_between_audiences_widen_both_sides():
    found = states([(170, 200), (45, 50)], [0.5, 0.5])
    estimate, low, high = bounds(found)
    variance = sum(one.share**2 * one.variance for one in found) + 0.0004
    wide = combined_bounds(estimate, variance=variance, audiences=found, df=1000, tail=0.025)
    extra = stats.t.ppf(0.975, 1000) ** 2 * 0.0004
    assert (estimate - wide[0]) ** 2 == pytest.approx((estimate - low) ** 2 + extra)
    assert (wide[1] - estimate) ** 2 == pytest.approx((high - estimate) ** 2 + extra)


@pytest.mark.parametrize("heads", [6, 12, 30])
@pytest.mark.parametrize("content", [0.8, 0.85, 0.9, 0.95])
def test_the_interval_holds_the_truth_in_93_to_97_percent_of_all_samples(heads, content):
    """Every possible outcome of 150 parents and a few heads, each with its binomial probability. Heads are
    more content than parents; their share of the figure is a quarter, far above their number."""
    truth = np.array([content, (1 + content) / 2])
    share, n = np.array([0.75, 0.25]), (150, heads)
    aim, covered = share @ truth, 0.0
    for parents_yes in range(100, 151):
        chance = stats.binom.pmf(parents_yes, n[0], truth[0])
        for heads_yes in range(heads + 1):
            _, low, high = bounds(states([(parents_yes, n[0]), (heads_yes, heads)], share))
            covered += chance * stats.binom.pmf(heads_yes, heads, truth[1]) * (low <= aim <= high)
    assert 0.93 <= covered <= 0.97


counts = st.integers(1, 300).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@given(st.lists(counts, min_size=1, max_size=6), st.floats(0.005, 0.2))
@settings(max_examples=80, deadline=None)
def test_bounds_hold_the_estimate_and_widen_with_certainty(groups, tail):
    found = states(groups, [1 / len(groups)] * len(groups))
    estimate, low, high = bounds(found, tail=tail)
    assert 0 <= low <= estimate + 1e-12 and estimate - 1e-12 <= high <= 1
    _, lower, higher = bounds(found, tail=tail / 2)
    assert lower <= low + 1e-12 and high <= higher + 1e-12
