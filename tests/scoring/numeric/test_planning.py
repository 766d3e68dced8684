import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from scoring.numeric.errors import NotComputable, NumericInputError
from scoring.numeric.planning import (
    effort_by_audience,
    expected_composite_half_width,
    expected_half_width,
    finite_sample_size,
    more_answers,
    sample_size_to_decide,
    smallest_unanimous_sample,
)
from scoring.numeric.unweighted import clopper_pearson_one_sided
from tests.golden_cases import assert_matches, golden_cases

OFFICIAL = {"parent": 0.5, "student": 0.1, "teacher": 0.1, "principal": 0.1, "deputy": 0.1, "resident": 0.1}


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


def test_more_answers_reach_the_variance_that_decides():
    n, variance = 1000, 0.85 * 0.15 / 600
    rows = more_answers(n, estimate=0.87, variance=variance)
    assert [round(row.assumed_share, 2) for row in rows] == [0.85, 0.86, 0.87, 0.88, 0.89]
    needed = (stats.norm.isf(0.05) + stats.norm.ppf(0.8)) ** 2
    for row in rows[1:]:
        gap = row.assumed_share - 0.85
        assert row.total == n + row.more
        if row.more:
            assert variance * n / row.total <= gap**2 / needed < variance * n / (row.total - 1)
    assert rows[0].more is None
    assert "never decided" in rows[0].reason


def test_enough_answers_need_no_more():
    assert more_answers(5000, estimate=0.9, variance=1e-5, shifts=[0])[0].more == 0


def test_what_exceeds_the_population_cannot_be_decided():
    row = more_answers(500, estimate=0.855, variance=3e-4, population=800, shifts=[0])[0]
    assert row.more is None
    assert "800" in row.reason


def test_more_answers_in_the_same_schools_cannot_remove_the_difference_of_schools():
    goal = 0.02**2 / (stats.norm.isf(0.05) + stats.norm.ppf(0.8)) ** 2
    common = {"estimate": 0.87, "variance": 4 * goal, "shifts": [0]}
    stuck = more_answers(1000, between_school_variance=1.1 * goal, **common)[0]
    assert stuck.more is None
    assert "more schools" in stuck.reason
    free = more_answers(1000, **common)[0].more
    assert more_answers(1000, between_school_variance=0.5 * goal, **common)[0].more > free == 3000


def test_the_audience_that_costs_most_comes_first():
    rows = effort_by_audience(
        {"parent": 4000, "student": 2300, "teacher": 1400, "principal": 60, "deputy": 130, "resident": 1100},
        shares=OFFICIAL,
        rates=dict.fromkeys(OFFICIAL, 0.85),
        variances={
            a: 0.85 * 0.15 / n for a, n in zip(OFFICIAL, (4000, 2300, 1400, 60, 130, 1100), strict=True)
        },
    )
    assert rows[0].audience == "principal"
    assert sum(row.variance_share for row in rows) == pytest.approx(1)
    assert sum(row.present_share for row in rows) == pytest.approx(1)
    assert sum(row.best_share for row in rows) == pytest.approx(1)
    assert {row.audience: row.best_share for row in rows}["parent"] == pytest.approx(0.5, abs=0.01)


def test_a_unanimous_audience_still_deserves_answers():
    rows = effort_by_audience(
        {"parent": 100, "deputy": 6},
        shares={"parent": 0.5, "deputy": 0.5},
        rates={"parent": 0.85, "deputy": 1.0},
        variances={"parent": 1e-3, "deputy": 1e-2},
    )
    assert all(row.best_share > 0.2 for row in rows)


@pytest.mark.parametrize(
    "call",
    [
        lambda: sample_size_to_decide(0.9, threshold=85),
        lambda: sample_size_to_decide(1.2),
        lambda: sample_size_to_decide(0.9, deff=0),
        lambda: finite_sample_size(10, population=0),
        lambda: more_answers(0, estimate=0.9, variance=1e-4),
        lambda: more_answers(10, estimate=0.9, variance=1e-4, between_school_variance=1),
        lambda: expected_half_width(100, share=85),
    ],
)
def test_refuses_impossible_input(call):
    with pytest.raises(NumericInputError):
        call()
