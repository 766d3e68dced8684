import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from scoring.numeric.errors import NotComputable, NumericInputError
from scoring.numeric.small_area import benchmark, effective_counts, fit_beta_binomial, shrink_schools
from tests.golden_cases import assert_matches, golden_case, read_data

county_counts = st.lists(
    st.integers(0, 80).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), min_size=10, max_size=30
).filter(lambda rows: sum(n > 0 for _, n in rows) >= 8)


def simulated_county(rng, *, schools=60, mu=0.85, rho=0.025, smallest=5, largest=100):
    strength = 1 / rho - 1
    truth = rng.beta(mu * strength, (1 - mu) * strength, schools)
    n = rng.integers(smallest, largest, schools)
    return truth, rng.binomial(n, truth), n


def test_beta_binomial_and_posterior_equal_vgam():
    case = golden_case("P-county_a-betabinomial")
    data = read_data("county_a_school_parents")
    got = shrink_schools(data["y"], n=data["n"])
    schools = [
        {
            "school": school,
            "n": int(n),
            "posterior_mean": got.mean[i],
            "interval90": [got.lower[i], got.upper[i]],
            "prob_below_085": got.prob_below[i],
        }
        for i, (school, n) in enumerate(zip(data["school"], data["n"], strict=True))
    ]
    prior = {key: getattr(got.prior, key) for key in ("mu", "rho", "alpha", "beta", "loglik")}
    assert_matches(prior | {"schools": schools}, case)


def test_fit_is_at_the_top_of_scipys_likelihood():
    _, y, n = simulated_county(np.random.default_rng(5))
    fit = fit_beta_binomial(y, n=n)
    top = stats.betabinom.logpmf(y, n, fit.alpha, fit.beta).sum()
    assert fit.loglik == pytest.approx(top)
    for factor_a, factor_b in ((1.05, 1), (0.95, 1), (1, 1.05), (1, 0.95), (1.1, 1.1), (0.9, 0.9)):
        assert stats.betabinom.logpmf(y, n, fit.alpha * factor_a, fit.beta * factor_b).sum() < top


@settings(max_examples=20)
@given(county_counts)
def test_a_shrunk_share_lies_between_the_direct_one_and_the_county(rows):
    y, n = np.array(rows).T
    got = shrink_schools(y, n=n)
    direct = np.where(n > 0, y / np.maximum(n, 1), got.prior.mu)
    assert np.all(got.mean <= np.maximum(direct, got.prior.mu) + 1e-9)
    assert np.all(got.mean >= np.minimum(direct, got.prior.mu) - 1e-9)
    assert np.all((got.lower >= 0) & (got.lower <= got.upper) & (got.upper <= 1))
    assert np.all((got.prob_below >= 0) & (got.prob_below <= 1))


def test_a_school_without_answers_gets_the_prior():
    _, y, n = simulated_county(np.random.default_rng(1))
    got = shrink_schools(np.append(y, 0), n=np.append(n, 0))
    assert got.mean[-1] == pytest.approx(got.prior.mu)


def test_more_answers_shrink_less():
    prior = simulated_county(np.random.default_rng(2))
    y, n = np.append(prior[1], [3, 30]), np.append(prior[2], [6, 60])
    got = shrink_schools(y, n=n)
    assert 0.5 < got.mean[-1] < got.mean[-2] < got.prior.mu


def test_schools_that_do_not_differ_all_get_the_county():
    n = np.full(20, 40)
    got = shrink_schools(np.full(20, 34), n=n)
    assert got.prior.rho == 0
    assert not got.demonstrable_differences
    assert got.mean == pytest.approx(np.full(20, 0.85))
    assert got.lower[0] < 0.85 < got.upper[0]
    assert got.upper[0] - got.lower[0] == pytest.approx(2 * 1.645 * (0.85 * 0.15 / 800) ** 0.5, rel=0.02)


def test_a_unanimous_county_has_no_spread_to_estimate():
    got = shrink_schools(np.full(10, 12), n=np.full(10, 12))
    assert (got.prior.mu, got.prior.rho) == (1, 0)
    assert got.prob_below.max() < 1e-6


def test_shrinking_halves_the_error_of_small_schools_and_its_interval_covers_about_90_percent():
    rng = np.random.default_rng(17)
    direct, shrunk, covered = [], [], []
    for _ in range(40):
        truth, y, n = simulated_county(rng)
        got = shrink_schools(y, n=n)
        direct.append(y / n - truth)
        shrunk.append(got.mean - truth)
        covered.append((got.lower <= truth) & (truth <= got.upper))
    rmse = [np.sqrt(np.mean(np.square(errors))) for errors in (direct, shrunk)]
    assert rmse[1] < 0.7 * rmse[0]
    assert 0.84 <= np.mean(covered) <= 0.93


def test_probability_below_the_threshold_is_calibrated():
    rng = np.random.default_rng(23)
    said, true = [], []
    for _ in range(60):
        truth, y, n = simulated_county(rng)
        said.append(shrink_schools(y, n=n).prob_below)
        true.append(truth < 0.85)
    said, true = np.concatenate(said), np.concatenate(true)
    for low, high in ((0, 0.25), (0.25, 0.5), (0.5, 0.75), (0.75, 1)):
        inside = (said >= low) & (said < high)
        assert true[inside].mean() == pytest.approx(said[inside].mean(), abs=0.06)


def test_a_school_below_the_minimum_is_hidden_but_still_counts():
    _, y, n = simulated_county(np.random.default_rng(3))
    n[0], y[0] = 4, 4
    got = shrink_schools(y, n=n, minimum_answers=5, population=n * 3)
    for values in (got.mean, got.lower, got.upper, got.prob_below, got.finite_mean):
        assert np.isnan(values[0])
        assert not np.isnan(values[1:]).any()
    assert got.prior == shrink_schools(y, n=n).prior


def test_a_census_school_keeps_its_own_share():
    _, y, n = simulated_county(np.random.default_rng(4))
    got = shrink_schools(y, n=n, population=n)
    assert got.finite_mean == pytest.approx(y / n)


def test_too_few_schools_are_not_shrunk():
    with pytest.raises(NotComputable) as refused:
        shrink_schools([8] * 7 + [0], n=[10] * 7 + [0])
    assert refused.value.code == "too_few_schools"


def test_effective_counts_never_exceed_the_real_ones():
    y, n = effective_counts([0.9, 0.5, np.nan], n=[100, 40, 0], deff=[2.0, 0.5, np.nan])
    assert n[:2].tolist() == [50, 40]
    assert y.tolist() == [45, 20, 0]


@given(
    st.lists(st.tuples(st.floats(0.3, 1), st.floats(1, 500)), min_size=2, max_size=20), st.floats(0.3, 0.99)
)
def test_benchmarked_values_average_to_the_county(rows, target):
    values, weights = np.array(rows).T
    got, _ = benchmark(values, weights=weights, target=target)
    assert (got * weights).sum() / weights.sum() == pytest.approx(target)
    assert got.max() <= 1 + 1e-12
    assert np.all(np.diff(got[np.argsort(values, kind="stable")]) >= -1e-12)


def test_benchmark_prints_its_factor_and_passes_over_hidden_schools():
    got, factor = benchmark([0.8, np.nan, 0.9], weights=[100, 50, 100], target=0.765)
    assert factor == pytest.approx(0.9)
    assert got[[0, 2]] == pytest.approx([0.72, 0.81])
    assert np.isnan(got[1])


def test_refuses_impossible_counts():
    with pytest.raises(NumericInputError):
        fit_beta_binomial([5], n=[4])
    with pytest.raises(NumericInputError):
        shrink_schools([5] * 9, n=[10] * 9, population=[9] * 9)
    with pytest.raises(NotComputable):
        fit_beta_binomial([0, 0], n=[0, 0])
