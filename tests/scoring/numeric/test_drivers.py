import math
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring.numeric.drivers import driver_importance, driver_intervals, johnson_weights, lmg_shares
from scoring.numeric.errors import NotComputable, NumericInputError
from tests.golden_cases import assert_matches, golden_cases, read_data


def simulated(rng, *, n, effects, noise=1.0, halo=0.6, schools=None):
    mood = rng.normal(size=(n, 1))
    if schools is not None:
        mood = mood + rng.normal(size=schools.max() + 1)[schools][:, None]
    x = halo * mood + rng.normal(size=(n, len(effects)))
    return x @ np.asarray(effects) + noise * rng.normal(size=n), x


@pytest.mark.parametrize("case", golden_cases("driver_importance"), ids=lambda case: case.id)
def test_shares_equal_the_published_formulas(case):
    rows = read_data("county_a")
    keys = rows[["audience", "class"]].assign(cell=rows["school"])
    weight = keys.merge(read_data("county_a_strata"), how="left")["weight"].to_numpy()
    parents = (rows["audience"] == "parent").to_numpy()
    answers = rows.loc[parents].replace(9, np.nan)
    outcome, predictors = answers[case.parameters["outcome"]], answers[case.parameters["predictors"]]
    got = {}
    for name, w in (("unweighted", None), ("weighted", weight[parents])):
        one = driver_importance(outcome, predictors=predictors, weights=w)
        assert one.refusal is None
        got[name] = {key: getattr(one, key) for key in ("r_squared", "lmg", "johnson", "standardized_beta")}
        got[name]["correlation"] = one.correlation
    assert_matches(got, case)


def _lmg_by_orders(rxx, rxy):
    """The definition, word for word: gains over all orders."""
    p = len(rxy)

    def r2(members):
        index = list(members)
        return float(rxy[index] @ np.linalg.solve(rxx[np.ix_(index, index)], rxy[index])) if index else 0.0

    shares = np.zeros(p)
    for order in permutations(range(p)):
        for place, j in enumerate(order):
            shares[j] += r2(order[: place + 1]) - r2(order[:place])
    return shares / math.factorial(p)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 5))
def test_lmg_is_the_mean_gain_over_all_orders(seed, p):
    y, x = simulated(np.random.default_rng(seed), n=60, effects=np.linspace(0.2, 1, p))
    r = np.corrcoef(np.column_stack([y, x]).T)
    assert lmg_shares(r[1:, 1:], r[1:, 0]) == pytest.approx(_lmg_by_orders(r[1:, 1:], r[1:, 0]), abs=1e-10)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 9))
def test_both_kinds_of_shares_add_up_to_r_squared(seed, p):
    rng = np.random.default_rng(seed)
    y, x = simulated(rng, n=80, effects=rng.uniform(-1, 1, p))
    got = driver_importance(y, predictors=x, weights=rng.uniform(0.2, 3, 80))
    assert got.lmg.sum() == pytest.approx(got.r_squared)
    assert got.johnson.sum() == pytest.approx(got.r_squared)
    assert got.lmg.min() >= -1e-12
    assert 0 <= got.r_squared <= 1


def test_uncorrelated_predictors_share_by_squared_correlation():
    r = np.array([0.5, 0.3, 0.1])
    assert lmg_shares(np.eye(3), r) == pytest.approx(r**2)
    assert johnson_weights(np.eye(3), r) == pytest.approx(r**2)


def test_a_repeated_item_shares_with_its_copy():
    y, x = simulated(np.random.default_rng(1), n=200, effects=[1, 0.5])
    got = driver_importance(y, predictors=np.column_stack([x, x[:, 0]]))
    assert got.lmg[0] == pytest.approx(got.lmg[2])
    assert got.johnson[0] == pytest.approx(got.johnson[2])
    assert got.lmg.sum() == pytest.approx(driver_importance(y, predictors=x).r_squared)


def test_more_than_twelve_items_fall_back_on_johnson():
    y, x = simulated(np.random.default_rng(2), n=600, effects=np.full(14, 0.3))
    got = driver_importance(y, predictors=x)
    assert got.lmg is None
    assert got.johnson.sum() == pytest.approx(got.r_squared)
    with pytest.raises(NumericInputError, match="too many"):
        lmg_shares(np.eye(13), np.zeros(13))


def test_too_few_rows_or_nothing_explained_is_refused_on_the_page():
    rng = np.random.default_rng(4)
    y, x = simulated(rng, n=59, effects=[1, 1])
    assert "60 are needed" in driver_importance(y, predictors=x).refusal
    assert (
        "explain only"
        in driver_importance(rng.normal(size=500), predictors=rng.normal(size=(500, 2))).refusal
    )


@pytest.mark.parametrize("method", ["bootstrap", "jackknife"])
def test_intervals_hold_the_point_and_know_schools(method):
    rng = np.random.default_rng(6)
    schools = rng.integers(0, 25, 1500)
    y, x = simulated(rng, n=1500, effects=[1.0, 0.6, 0.2], schools=schools)
    point = driver_importance(y, predictors=x)
    rows = driver_intervals(y, predictors=x, method=method, seed=3)
    clustered = driver_intervals(y, predictors=x, clusters=schools, method=method, seed=3)
    for got in (rows, clustered):
        assert got.r_squared[0] < point.r_squared < got.r_squared[1]
        assert np.all((got.lmg_lower < point.lmg) & (point.lmg < got.lmg_upper))
        assert np.all((got.johnson_lower < point.johnson) & (point.johnson < got.johnson_upper))
    assert (rows.units, clustered.units) == (1500, 25)
    assert np.ptp(clustered.r_squared) > 1.3 * np.ptp(rows.r_squared)


def test_bootstrap_and_jackknife_agree_and_the_seed_repeats_the_draw():
    rng = np.random.default_rng(9)
    y, x = simulated(rng, n=400, effects=[1.0, 0.5])
    boot = driver_intervals(y, predictors=x, seed=5)
    again = driver_intervals(y, predictors=x, seed=5)
    knife = driver_intervals(y, predictors=x, method="jackknife")
    assert boot.lmg_lower.tolist() == again.lmg_lower.tolist()
    assert np.ptp(boot.r_squared) == pytest.approx(np.ptp(knife.r_squared), rel=0.2)


def test_jackknife_interval_covers_about_its_level():
    rng = np.random.default_rng(12)
    big_y, big_x = simulated(rng, n=400_000, effects=[1.0, 0.5])
    target = driver_importance(big_y, predictors=big_x).lmg[0]
    hits = 0
    for _ in range(200):
        y, x = simulated(rng, n=150, effects=[1.0, 0.5])
        got = driver_intervals(y, predictors=x, method="jackknife")
        hits += got.lmg_lower[0] <= target <= got.lmg_upper[0]
    assert 0.9 <= hits / 200 <= 0.99


def test_incomplete_rows_do_not_count():
    y, x = simulated(np.random.default_rng(7), n=120, effects=[1, 1])
    holed = x.copy()
    holed[:20, 1] = np.nan
    assert driver_importance(y, predictors=holed).lmg == pytest.approx(
        driver_importance(y[20:], predictors=x[20:]).lmg
    )
    assert driver_intervals(y, predictors=holed, method="jackknife").units == 100


@pytest.mark.parametrize(
    "call",
    [
        lambda: driver_importance([1, 2, 3], predictors=[[1], [1], [1]]),
        lambda: driver_importance([1, np.nan], predictors=[[1], [2]]),
        lambda: driver_intervals(np.arange(8.0), predictors=np.eye(8)[:, :2], clusters=[1, 2] * 4),
    ],
)
def test_what_cannot_be_computed_is_said(call):
    with pytest.raises(NotComputable):
        call()


def test_refuses_columns_of_different_length():
    with pytest.raises(NumericInputError):
        driver_importance([1, 2, 3], predictors=[[1], [2]])
