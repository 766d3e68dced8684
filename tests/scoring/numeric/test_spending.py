import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from scoring.numeric.errors import NumericInputError
from scoring.numeric.spending import SPENDING, alpha_spending_bounds, crossing_probabilities, spent_alpha
from tests.golden_cases import assert_matches, golden_cases

fractions = (
    st.lists(st.floats(0.05, 1), min_size=1, max_size=8, unique=True)
    .map(sorted)
    .filter(lambda t: all(b - a > 0.01 for a, b in zip(t, t[1:], strict=False)))
)


@pytest.mark.parametrize("case", golden_cases("alpha_spending_bounds"), ids=lambda case: case.id)
def test_bounds_equal_the_multivariate_normal_reference(case):
    name = "pocock" if "ln(1 + (e-1) t)" in case.parameters["spending"] else "obf"
    got = alpha_spending_bounds(
        case.inputs["inline"]["information_fractions"], alpha=case.parameters["alpha"], spending=name
    )
    assert_matches(
        {
            "z": got.z.tolist(),
            "cumulative_alpha": got.cumulative_alpha.tolist(),
            "nominal_one_sided_p": got.nominal_p.tolist(),
        },
        case,
    )


def test_five_equal_looks_at_two_and_a_half_percent_give_the_published_table():
    got = alpha_spending_bounds([0.2, 0.4, 0.6, 0.8, 1], alpha=0.025)
    assert got.z == pytest.approx([4.877, 3.357, 2.680, 2.290, 2.031], abs=5e-4)


@settings(max_examples=30, deadline=None)
@given(fractions, st.floats(0.005, 0.2), st.sampled_from(SPENDING))
def test_the_bounds_spend_exactly_what_the_function_allows(t, alpha, spending):
    got = alpha_spending_bounds(t, alpha=alpha, spending=spending)
    spent = crossing_probabilities(got.z, information=t).cumsum()
    assert spent == pytest.approx(got.cumulative_alpha, abs=1e-8)


@given(st.sampled_from(SPENDING), st.floats(0.001, 0.4))
def test_spending_rises_from_nothing_to_alpha(spending, alpha):
    spent = spent_alpha(np.linspace(0.01, 1, 50), alpha=alpha, spending=spending)
    assert np.all(np.diff(spent) > 0) or spending == "obf"
    assert np.all(np.diff(spent) >= 0)
    assert spent[-1] == pytest.approx(alpha)
    assert spent_alpha(1.3, alpha=alpha, spending=spending) == pytest.approx(alpha)


def test_one_look_is_the_ordinary_test():
    assert alpha_spending_bounds([1.0], alpha=0.05).z == pytest.approx([stats.norm.isf(0.05)])


def test_sixty_looks_a_wave_watched_daily_hold_the_error():
    t = np.arange(1, 61) / 60
    got = alpha_spending_bounds(t, alpha=0.05)
    assert crossing_probabilities(got.z, information=t, nodes=400).sum() == pytest.approx(0.05, abs=1e-9)


def test_fixed_tests_at_every_look_err_as_often_as_the_published_table_says():
    # Armitage, McPherson and Rowe: two-sided 5% at 5 looks errs 14.2%, at 10 looks 19.3%; one side is half.
    for looks, two_sided in ((5, 0.142), (10, 0.193)):
        z = np.full(looks, stats.norm.isf(0.025))
        one_sided = crossing_probabilities(z, information=np.arange(1, looks + 1)).sum()
        assert one_sided == pytest.approx(two_sided / 2, abs=0.001)


def test_power_of_one_look_is_the_normal_tail():
    z = stats.norm.isf(0.05)
    power = crossing_probabilities([z], information=[1], drift=2.5)
    assert power == pytest.approx([stats.norm.sf(z - 2.5)])


def test_fewer_answers_than_planned_at_closing_still_spend_everything():
    got = alpha_spending_bounds([0.5, 1], alpha=0.05, information=[500, 800])
    assert crossing_probabilities(got.z, information=[500, 800]).sum() == pytest.approx(0.05, abs=1e-9)


@pytest.mark.parametrize("t", [[], [0.5, 0.5], [0.6, 0.4], [0, 1], [0.5, 1.5]])
def test_refuses_fractions_that_do_not_rise_to_one(t):
    with pytest.raises(NumericInputError):
        alpha_spending_bounds(t, alpha=0.05)


def test_refuses_an_unknown_function_and_names_the_known():
    with pytest.raises(NumericInputError, match="obf, pocock"):
        alpha_spending_bounds([1.0], alpha=0.05, spending="linear")
