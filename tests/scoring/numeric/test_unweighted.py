import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from scoring.numeric.errors import NotComputable, NumericInputError
from scoring.numeric.unweighted import (
    UNWEIGHTED_INTERVALS,
    clopper_pearson,
    finite_population_interval,
    share_test,
    wilson,
    wilson_one_sided,
)
from tests.golden_cases import assert_matches, golden_cases

counts = st.integers(1, 3000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@pytest.mark.parametrize("case", golden_cases("unweighted_proportion_ci"), ids=lambda case: case.id)
def test_intervals_equal_statsmodels(case):
    x, n, level = (case.inputs["inline"][key] for key in ("successes", "n", "level"))
    got = {"estimate": x / n}
    for name, interval in UNWEIGHTED_INTERVALS.items():
        limits = interval(x, n=n, level=level)
        got[name] = [limits.lower, limits.upper]
    assert_matches(got, case)


@pytest.mark.parametrize("case", golden_cases("finite_population_exact_ci"), ids=lambda case: case.id)
def test_finite_population_interval_equals_r(case):
    x, n, people = (case.inputs["inline"][key] for key in ("successes", "n", "population"))
    got = {"estimate": x / n}
    for percent in (95, 90):
        limits = finite_population_interval(x, n=n, population=people, level=percent / 100)
        got[f"ci{percent}_count"] = [limits.lower, limits.upper]
        got[f"ci{percent}"] = [limits.lower / people, limits.upper / people]
    assert_matches(got, case)


@pytest.mark.parametrize("case", golden_cases("proportion_test"), ids=lambda case: case.id)
def test_share_test_equals_r(case):
    x, n, threshold = (case.inputs["inline"][key] for key in ("successes", "n", "threshold"))
    got = share_test(x, n=n, threshold=threshold)
    words = {"undetermined": "undecided"}
    assert_matches(
        vars(got)
        | {
            "clopper_pearson_lower95": got.lower_one_sided,
            "clopper_pearson_upper95": got.upper_one_sided,
            "verdict_exact_5pct": words.get(got.verdict, got.verdict),
        },
        case,
    )


@given(counts, st.floats(0.5, 0.999), st.sampled_from(sorted(set(UNWEIGHTED_INTERVALS) - {"jeffreys"})))
def test_limits_contain_the_estimate_and_stay_in_0_1(count, level, name):
    x, n = count
    limits = UNWEIGHTED_INTERVALS[name](x, n=n, level=level)
    assert 0 <= limits.lower <= x / n + 1e-12
    assert x / n - 1e-12 <= limits.upper <= 1


@given(counts, st.sampled_from(sorted(UNWEIGHTED_INTERVALS)))
def test_counting_the_dissatisfied_mirrors_the_interval(count, name):
    x, n = count
    limits = UNWEIGHTED_INTERVALS[name](x, n=n)
    mirrored = UNWEIGHTED_INTERVALS[name](n - x, n=n)
    assert limits.lower == pytest.approx(1 - mirrored.upper, abs=1e-9)


@given(counts, st.floats(0.6, 0.98))
def test_a_higher_level_never_gives_a_narrower_interval(count, level):
    x, n = count
    near, far = clopper_pearson(x, n=n, level=level), clopper_pearson(x, n=n, level=level + 0.01)
    assert far.lower <= near.lower
    assert far.upper >= near.upper


def test_columns_give_the_same_as_one_by_one():
    x, n = np.array([0, 3, 9]), np.array([5, 20, 9])
    for interval in UNWEIGHTED_INTERVALS.values():
        together = interval(x, n=n)
        single = [interval(int(a), n=int(b)) for a, b in zip(x, n, strict=True)]
        assert together.lower.tolist() == [one.lower for one in single]
        assert together.upper.tolist() == [one.upper for one in single]


def test_ends_are_exact():
    for x, end in ((0, "lower"), (7, "upper")):
        for name in ("wilson", "clopper_pearson", "wilson_continuity_corrected"):
            assert getattr(UNWEIGHTED_INTERVALS[name](x, n=7), end) == x / 7


def test_clopper_pearson_limits_leave_exactly_the_tail():
    limits = clopper_pearson(17, n=20)
    assert stats.binom.sf(16, 20, limits.lower) == pytest.approx(0.025)
    assert stats.binom.cdf(17, 20, limits.upper) == pytest.approx(0.025)


def test_one_sided_wilson_at_97_5_is_two_sided_at_95():
    one, two = wilson_one_sided(85, n=100, level=0.975), wilson(85, n=100, level=0.95)
    assert (one.lower, one.upper) == pytest.approx((two.lower, two.upper))


@settings(max_examples=40)
@given(st.integers(1, 60).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), st.integers(0, 200))
def test_finite_limits_lie_inside_what_is_possible(count, others):
    x, n = count
    limits = finite_population_interval(x, n=n, population=n + others)
    assert x <= limits.lower <= limits.upper <= n + others - (n - x)


@pytest.mark.parametrize("satisfied", range(0, 31, 5))
def test_finite_interval_covers_at_least_its_level(satisfied):
    people, n = 30, 12
    chance = stats.hypergeom.pmf(np.arange(n + 1), people, satisfied, n)
    covered = [
        limits.lower <= satisfied <= limits.upper
        for limits in (finite_population_interval(x, n=n, population=people) for x in range(n + 1))
    ]
    assert chance[np.array(covered)].sum() >= 0.95 - 1e-12


def test_a_census_leaves_no_doubt():
    limits = finite_population_interval(28, n=30, population=30)
    assert (limits.lower, limits.upper) == (28, 28)


def test_a_large_population_gives_the_binomial_interval():
    finite = finite_population_interval(85, n=100, population=10_000_000)
    binomial = clopper_pearson(85, n=100)
    assert finite.lower / 1e7 == pytest.approx(binomial.lower, abs=1e-4)
    assert finite.upper / 1e7 == pytest.approx(binomial.upper, abs=1e-4)


def test_nobody_asked_is_not_computable():
    with pytest.raises(NotComputable) as refused:
        wilson(0, n=0)
    assert refused.value.code == "no_answers"


@pytest.mark.parametrize(
    "call",
    [
        lambda: wilson(5, n=4),
        lambda: wilson(-1, n=4),
        lambda: wilson(1, n=4, level=95),
        lambda: wilson(np.nan, n=4),
        lambda: finite_population_interval(3, n=5, population=4),
        lambda: finite_population_interval(3.5, n=5, population=9),
        lambda: share_test(3, n=5, threshold=85),
    ],
)
def test_refuses_impossible_input(call):
    with pytest.raises(NumericInputError):
        call()
