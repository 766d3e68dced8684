import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.numeric.errors import NotComputable, NumericInputError
from scoring.numeric.moments import complete_moments
from scoring.numeric.reliability import (
    alpha_from_covariance,
    cronbach_alpha,
    feldt_interval,
    mcdonald_omega,
    one_factor,
    rows_with_spread,
)
from tests.golden_cases import assert_matches, case_frame, golden_cases, read_data

COUNTY = read_data("county_a")
WEIGHTED = golden_cases("cronbach_alpha_weighted")


def county_answers(case, audience):
    rows = COUNTY if audience is None else COUNTY[COUNTY["audience"] == audience]
    return rows[case.parameters["items"]].replace(9, np.nan)


def county_weights():
    cell = COUNTY["school"].where(COUNTY["audience"].isin(["parent", "student", "teacher"]), "*")
    keys = COUNTY[["audience", "class"]].assign(cell=cell)
    return keys.merge(read_data("county_a_strata"), how="left")["weight"].to_numpy()


def one_factor_answers(rng, *, n, loadings):
    factor = rng.normal(size=(n, 1))
    return factor * loadings + rng.normal(size=(n, len(loadings))) * np.sqrt(1 - np.square(loadings))


@pytest.mark.parametrize("case", golden_cases("cronbach_alpha"), ids=lambda case: case.id)
def test_alpha_equals_psych(case):
    got = cronbach_alpha(county_answers(case, case.parameters["audience"]))
    assert_matches(
        {
            "estimate": got.alpha,
            "standardized": got.standardized,
            "n": got.n,
            "ci_feldt": [got.lower, got.upper],
            "alpha_if_dropped": got.alpha_if_dropped.tolist(),
            "corrected_item_total": got.corrected_item_total.tolist(),
        },
        case,
    )


@pytest.mark.parametrize(
    "case", [case for case in WEIGHTED if "file" in case.inputs], ids=lambda case: case.id
)
def test_weighted_alpha_equals_svycralpha(case):
    frame = case_frame(case)
    got = cronbach_alpha(frame[case.parameters["items"]], weights=frame[case.design["weight"]])
    assert_matches({"estimate": got.alpha}, case)


@pytest.mark.parametrize(
    "case", [case for case in WEIGHTED if "responses" in case.inputs], ids=lambda case: case.id
)
def test_weighted_alpha_of_the_county_equals_svycralpha(case):
    w = county_weights()
    parents = (COUNTY["audience"] == "parent").to_numpy()
    answers = county_answers(case, None)
    got = {
        "overall": cronbach_alpha(answers, weights=w).alpha,
        "parent": cronbach_alpha(answers[parents], weights=w[parents]).alpha,
    }
    assert_matches(got, case)


@pytest.mark.parametrize("case", golden_cases("mcdonald_omega"), ids=lambda case: case.id)
def test_omega_equals_factanal(case):
    got = mcdonald_omega(county_answers(case, case.parameters["audience"]))
    assert not got.improper
    assert_matches(
        {
            "omega_standardized": got.standardized,
            "omega_raw": got.raw,
            "loadings": got.loadings.tolist(),
            "uniquenesses": got.uniquenesses.tolist(),
            "n": got.n,
        },
        case,
        ignore={"psych_omega_total"},
    )


def test_alpha_of_equally_correlated_items_is_spearman_brown():
    covariance = np.full((6, 6), 0.3) + 0.7 * np.eye(6)
    assert alpha_from_covariance(covariance) == pytest.approx(6 * 0.3 / (1 + 5 * 0.3))


@given(st.integers(0, 10**6), st.floats(0.01, 100), st.floats(-50, 50))
def test_units_and_weight_scale_change_nothing(seed, factor, shift):
    rng = np.random.default_rng(seed)
    answers = one_factor_answers(rng, n=40, loadings=[0.7, 0.6, 0.5, 0.8])
    w = rng.uniform(0.5, 3, 40)
    plain = cronbach_alpha(answers, weights=w)
    other = cronbach_alpha(answers * factor + shift, weights=w * factor)
    assert other.alpha == pytest.approx(plain.alpha, abs=1e-9)
    assert (other.lower, other.upper) == pytest.approx((plain.lower, plain.upper), abs=1e-9)
    assert plain.lower < plain.alpha < plain.upper


def test_a_row_of_weight_two_counts_like_two_rows():
    rng = np.random.default_rng(3)
    answers = one_factor_answers(rng, n=30, loadings=[0.7, 0.6, 0.8])
    w = rng.integers(1, 4, 30)
    twice = np.repeat(answers, w, axis=0)
    assert cronbach_alpha(answers, weights=w).alpha == pytest.approx(cronbach_alpha(twice).alpha)
    assert mcdonald_omega(answers, weights=w).raw == pytest.approx(mcdonald_omega(twice).raw, rel=1e-6)


def test_incomplete_and_weightless_rows_do_not_count():
    answers = np.array([[1, 2], [2, 3], [4, 3], [5, np.nan], [9, 9.0]])
    moments = complete_moments(answers, weights=[1, 1, 1, 1, 0])
    assert moments.n == 3
    assert moments.mean == pytest.approx(answers[:3].mean(axis=0))


def test_feldt_interval_covers_the_true_alpha():
    rng = np.random.default_rng(11)
    loadings = np.full(5, 0.7)
    truth = alpha_from_covariance(np.outer(loadings, loadings) + np.diag(1 - loadings**2))
    hits = 0
    for _ in range(400):
        got = cronbach_alpha(one_factor_answers(rng, n=60, loadings=loadings))
        hits += got.lower <= truth <= got.upper
    assert 0.92 <= hits / 400 <= 0.98


def test_the_factor_returns_the_loadings_it_was_built_from():
    loadings = np.array([0.9, 0.5, 0.7, 0.3, 0.6])
    got, uniqueness = one_factor(np.outer(loadings, loadings) + np.diag(1 - loadings**2))
    assert got == pytest.approx(loadings, abs=1e-5)
    assert uniqueness == pytest.approx(1 - loadings**2, abs=1e-5)


def test_an_improper_factor_is_marked():
    # Item 1 would need a loading above 1 to explain these correlations.
    r = np.array([[1, 0.8, 0.8], [0.8, 1, 0.5], [0.8, 0.5, 1.0]])
    rng = np.random.default_rng(5)
    answers = rng.multivariate_normal(np.zeros(3), r, size=4000)
    assert mcdonald_omega(answers).improper


def test_an_item_without_spread_leaves_only_the_raw_alpha():
    got = cronbach_alpha([[1, 2, 2], [2, 2, 3], [3, 2, 3.0]])
    assert got.standardized is None
    assert np.isnan(got.corrected_item_total).tolist() == [False, True, False]
    assert got.alpha < got.alpha_if_dropped[1]


def test_straight_lines_are_found_and_inflate_alpha():
    rng = np.random.default_rng(8)
    honest = np.clip(np.round(3.5 + one_factor_answers(rng, n=200, loadings=[0.4] * 5)), 1, 5)
    lines = np.repeat(rng.integers(1, 6, (80, 1)), 5, axis=1)
    both = np.vstack([honest, lines])
    assert rows_with_spread(lines).sum() == 0
    inflated = cronbach_alpha(both).alpha
    assert inflated > cronbach_alpha(both[rows_with_spread(both)]).alpha + 0.1


def test_rows_with_spread_ignores_missing_answers():
    assert rows_with_spread([[5, np.nan, 5], [5, np.nan, 4], [5, np.nan, np.nan]]).tolist() == [
        False,
        True,
        False,
    ]


@pytest.mark.parametrize(
    ("call", "code"),
    [
        (lambda: cronbach_alpha([[1], [2], [3]]), "too_few_items"),
        (lambda: cronbach_alpha([[1, 2], [np.nan, 2]]), "too_few_rows"),
        (lambda: mcdonald_omega([[1, 2, 1], [2, 2, 3], [3, 2, 1.0]]), "item_without_spread"),
        (lambda: cronbach_alpha([[1, 3], [2, 2], [3, 1.0]]), "no_spread"),
        (lambda: mcdonald_omega([[1, 2], [2, 3], [3, 3.0]]), "too_few_items"),
        (lambda: mcdonald_omega(np.arange(12.0).reshape(4, 3)), "singular"),
        (lambda: feldt_interval(0.8, n=1, items=4), "too_few_rows"),
    ],
)
def test_what_cannot_be_computed_is_said(call, code):
    with pytest.raises(NotComputable) as refused:
        call()
    assert refused.value.code == code


def test_refuses_wrong_weights():
    with pytest.raises(NumericInputError, match="one weight per row"):
        cronbach_alpha([[1, 2], [2, 1]], weights=[1])
    with pytest.raises(NumericInputError, match="negative"):
        cronbach_alpha([[1, 2], [2, 1]], weights=[1, -1])
