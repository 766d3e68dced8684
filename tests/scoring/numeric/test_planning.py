import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from scoring.numeric.errors import NotComputable, NumericInputError
from scoring.numeric.planning import (
    expected_composite_half_width,
    expected_half_width,
    finite_sample_size,
    sample_size_to_decide,
    smallest_unanimous_sample,
)
from scoring.numeric.unweighted import clopper_pearson_one_sided
from tests.golden_cases import assert_matches, golden_cases


@pytest.mark.parametrize("case", golden_cases("sample_size_one_sided"), ids=lambda case: case.id)
def test_sample_size_equals_the_reference(case):
    given_ = dict(case.inputs["inline"])
    assert_matches(vars(sample_size_to_decide(given_.pop("p_true"), **given_)), case)


@given(st.floats(0.86, 0.99), st.floats(0.01, 0.2), st.floats(0.5, 0.95))
def test_the_planned_number_has_the_planned_power(p, alpha, power):
    n = sample_size_to_decide(p, alpha=alpha, power=power).n_srs
    limit = 0.85 + stats.norm.isf(alpha) * (0.85 * 0.15 / n) ** 0.5
    assert stats.norm.sf((limit - p) / (p * (1 - p) / n) ** 0.5) == pytest.approx(power, abs=1e-9)


@given(st.floats(0.86, 0.98), st.integers(50, 10**6))
def test_a_nearer_truth_needs_more_and_a_small_population_fewer(p, population):
    whole = sample_size_to_decide(p)
    assert sample_size_to_decide(p - 0.005).n_srs > whole.n_srs
    finite = sample_size_to_decide(p, population=population)
    assert finite.n_final <= min(whole.n_final, population)


def test_a_share_at_the_limit_is_never_decided():
    with pytest.raises(NotComputable):
        sample_size_to_decide(0.85)


def test_a_finite_population_is_exhausted_never_exceeded():
    assert finite_sample_size(1e9, population=4000) == pytest.approx(4000, rel=1e-4)
    assert finite_sample_size(500, population=None) == 500


def test_smallest_unanimous_sample_is_where_the_exact_limit_reaches_the_threshold():
    n = smallest_unanimous_sample(0.85)
    assert clopper_pearson_one_sided(n, n=n).lower >= 0.85
    assert clopper_pearson_one_sided(n - 1, n=n - 1).lower < 0.85


def test_half_width_of_the_textbook():
    # 385 answers for ± 5 points at 50%, the first number every textbook gives.
    assert expected_half_width(385, share=0.5, deff=1) == pytest.approx(0.05, abs=1e-4)
    assert expected_half_width(385, share=0.5, deff=4) == pytest.approx(0.10, abs=2e-4)
    assert expected_half_width(385, share=0.5, deff=1, population=385) == 0


def test_composite_half_width_with_one_audience_is_the_plain_one():
    got = expected_composite_half_width({"parent": 600}, shares={"parent": 0.7}, expected=0.9, deff=1.2)
    assert got == pytest.approx(expected_half_width(600, share=0.9, deff=1.2))


def test_composite_half_width_names_the_audience_nobody_asks():
    with pytest.raises(NotComputable, match="deputy"):
        expected_composite_half_width({"parent": 600, "deputy": 0}, shares={"parent": 0.5, "deputy": 0.5})


@pytest.mark.parametrize(
    "call",
    [
        lambda: sample_size_to_decide(0.9, threshold=85),
        lambda: sample_size_to_decide(1.2),
        lambda: sample_size_to_decide(0.9, deff=0),
        lambda: finite_sample_size(10, population=0),
        lambda: expected_half_width(100, share=85),
    ],
)
def test_refuses_impossible_input(call):
    with pytest.raises(NumericInputError):
        call()
