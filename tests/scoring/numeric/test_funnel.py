import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from scoring.numeric.errors import NotComputable, NumericInputError
from scoring.numeric.funnel import OVERDISPERSION, funnel


def chance_county(rng, *, schools=60, p=0.85):
    n = rng.integers(20, 150, schools)
    return rng.binomial(n, p), n


def test_z_and_limits_by_hand():
    got = funnel([80, 90], n=[100, 100], target=0.85, overdispersion="none")
    se = (0.85 * 0.15 / 100) ** 0.5
    assert got.z == pytest.approx([-0.05 / se, 0.05 / se])
    limits = got.limits(100, level=0.95)
    assert (limits.lower, limits.upper) == pytest.approx((0.85 - 1.959964 * se, 0.85 + 1.959964 * se))


def test_without_overdispersion_p_values_are_exact_binomial():
    got = funnel([70, 97, 0], n=[100, 100, 0], target=0.85, overdispersion="none")
    assert got.p[:2] == pytest.approx([2 * stats.binom.cdf(70, 100, 0.85), 2 * stats.binom.sf(96, 100, 0.85)])
    assert np.isnan(got.p[2])
    assert not got.flagged[2]


@given(st.integers(0, 10**6), st.sampled_from(OVERDISPERSION), st.floats(0.5, 0.999))
def test_limits_narrow_with_size_and_stay_around_the_target(seed, overdispersion, level):
    y, n = chance_county(np.random.default_rng(seed))
    got = funnel(y, n=n, overdispersion=overdispersion)
    limits = got.limits(np.arange(1, 400), level=level)
    assert np.all((limits.lower >= 0) & (limits.lower <= got.target) & (limits.upper >= got.target))
    assert np.all(np.diff(limits.upper - limits.lower) <= 1e-12)
    assert got.phi >= 1
    assert got.tau2 >= 0


def test_chance_alone_rarely_flags_a_school():
    rng = np.random.default_rng(40)
    counties = [funnel(y, n=n) for y, n in (chance_county(rng) for _ in range(200))]
    assert np.mean([got.flagged.any() for got in counties]) <= 0.1
    assert np.mean([got.phi for got in counties]) < 1.1


@pytest.mark.parametrize("overdispersion", ["multiplicative", "additive"])
def test_a_school_far_out_is_flagged_among_schools_that_differ_a_little(overdispersion):
    rng = np.random.default_rng(41)
    n = np.full(60, 80)
    found, wrong = 0, 0
    for _ in range(50):
        truth = np.clip(rng.normal(0.85, 0.03, 60), 0, 1)
        truth[0] = 0.45
        got = funnel(rng.binomial(n, truth), n=n, overdispersion=overdispersion)
        found += got.flagged[0]
        wrong += got.flagged[1:].sum()
    assert found >= 49
    assert wrong / (found + wrong) <= 0.1


def test_additive_spread_is_recovered():
    rng = np.random.default_rng(42)
    n = rng.integers(100, 300, 400)
    got = funnel(rng.binomial(n, rng.normal(0.7, 0.05, 400)), n=n, overdispersion="additive", winsorised=0.0)
    assert got.tau2 == pytest.approx(0.0025, rel=0.3)


@pytest.mark.parametrize("winsorised", [0.0, 0.05, 0.1, 0.25])
def test_winsorising_does_not_change_the_spread_of_ordinary_schools(winsorised):
    rng = np.random.default_rng(43)
    n = np.full(3000, 200)
    truth = rng.normal(0.7, 0.05, 3000)
    got = funnel(rng.binomial(n, truth), n=n, winsorised=winsorised)
    assert got.phi == pytest.approx(1 + 200 * 0.0025 / 0.21, rel=0.06)


def test_refuses_what_makes_no_funnel():
    with pytest.raises(NotComputable):
        funnel([0, 0], n=[0, 0])
    with pytest.raises(NotComputable, match="everybody agrees"):
        funnel([5, 5], n=[5, 5])
    with pytest.raises(NumericInputError):
        funnel([6], n=[5])
    with pytest.raises(NumericInputError):
        funnel([3], n=[5], overdispersion="some")
