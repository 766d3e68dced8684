import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from scoring.numeric.errors import NotComputable, NumericInputError
from scoring.numeric.polychoric import bivariate_normal_cdf, ordinal_alpha, polychoric, polychoric_matrix
from scoring.numeric.reliability import alpha_from_covariance, cronbach_alpha


def cut_answers(rng, *, n, correlation, cuts):
    latent = rng.multivariate_normal(np.zeros(len(correlation)), correlation, size=n)
    return 1 + (latent[:, :, None] > np.asarray(cuts)).sum(axis=2)


@settings(max_examples=40, deadline=None)
@given(st.floats(-3, 3), st.floats(-3, 3), st.floats(-0.99, 0.99))
def test_bivariate_normal_equals_scipy(x, y, rho):
    reference = stats.multivariate_normal([0, 0], [[1, rho], [rho, 1]], abseps=1e-10, releps=1e-10)
    assert bivariate_normal_cdf(x, y, rho) == pytest.approx(reference.cdf([x, y]), abs=2e-6)


@pytest.mark.parametrize("rho", [-0.99, -0.5, 0.0, 0.3, 0.9, 0.999])
def test_bivariate_normal_at_the_centre_is_known_in_closed_form(rho):
    assert bivariate_normal_cdf(0, 0, rho) == pytest.approx(0.25 + np.arcsin(rho) / (2 * np.pi), abs=1e-9)


@pytest.mark.parametrize("rho", [-0.4, 0.0, 0.5, 0.85])
def test_two_by_two_table_cut_at_the_median_has_the_closed_form(rho):
    both = 0.25 + np.arcsin(rho) / (2 * np.pi)
    table = np.array([[both, 0.5 - both], [0.5 - both, both]]) * 1000
    assert polychoric(table) == pytest.approx(rho, abs=1e-6)


def test_the_correlation_behind_top_heavy_answers_is_recovered():
    rng = np.random.default_rng(4)
    answers = cut_answers(rng, n=20_000, correlation=[[1, 0.6], [0.6, 1]], cuts=[-2, -1.5, -1, -0.4])
    assert polychoric_matrix(answers)[0, 1] == pytest.approx(0.6, abs=0.02)
    assert np.corrcoef(answers.T)[0, 1] < 0.55


def test_ordinal_alpha_is_that_of_the_scales_behind_the_answers():
    rng = np.random.default_rng(5)
    correlation = np.full((5, 5), 0.5) + 0.5 * np.eye(5)
    answers = cut_answers(rng, n=10_000, correlation=correlation, cuts=[-1.5, -1, -0.5])
    assert ordinal_alpha(answers) == pytest.approx(alpha_from_covariance(correlation), abs=0.01)
    assert cronbach_alpha(answers).alpha < ordinal_alpha(answers)


def test_a_row_of_weight_two_counts_like_two_rows():
    rng = np.random.default_rng(6)
    answers = cut_answers(rng, n=300, correlation=np.full((3, 3), 0.4) + 0.6 * np.eye(3), cuts=[-1, 0])
    w = rng.integers(1, 4, 300)
    assert ordinal_alpha(answers, weights=w) == pytest.approx(ordinal_alpha(np.repeat(answers, w, axis=0)))


def test_a_category_nobody_used_changes_nothing():
    table = np.array([[30, 5, 0], [0, 0, 0], [6, 40, 9]])
    assert polychoric(table) == pytest.approx(polychoric(table[[0, 2]]))


def test_an_item_without_spread_is_not_computable():
    with pytest.raises(NotComputable):
        polychoric([[3, 4]])
    with pytest.raises(NotComputable):
        ordinal_alpha([[5, 1], [5, 2], [5, 3]])
    with pytest.raises(NumericInputError):
        polychoric([[3, -4], [1, 1]])
