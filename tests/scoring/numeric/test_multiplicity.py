import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.numeric.errors import NumericInputError
from scoring.numeric.multiplicity import METHODS, adjust_p_values, benjamini_hochberg, holm
from tests.golden_cases import assert_matches, golden_cases

p_lists = st.lists(st.floats(0, 1), min_size=1, max_size=25)


@pytest.mark.parametrize("case", golden_cases("multiple_testing"), ids=lambda case: case.id)
def test_adjusted_p_values_equal_r(case):
    got = adjust_p_values(case.inputs["inline"]["p"], method=case.parameters["method"])
    assert_matches({"adjusted": got.tolist()}, case)


def test_hommel_and_by_equal_hand_computed_values():
    # Two p values: Hommel is Hochberg; by hand 2 x 0.01 and min(0.04, …).
    assert adjust_p_values([0.01, 0.04], method="hommel").tolist() == [0.02, 0.04]
    # Benjamini–Yekutieli: the BH value times 1 + 1/2 + 1/3.
    assert adjust_p_values([0.01, 0.02, 0.5], method="BY") == pytest.approx(
        [0.03 * 11 / 6, 0.03 * 11 / 6, 0.5 * 11 / 6]
    )


def _closed_simes(p):
    """Hommel by its definition: the largest Simes p value of all subsets that contain the hypothesis."""
    n = len(p)
    best = np.zeros(n)
    for mask in range(1, 1 << n):
        members = [i for i in range(n) if mask >> i & 1]
        ordered = np.sort([p[i] for i in members])
        simes = min(1.0, (len(members) * ordered / np.arange(1, len(members) + 1)).min())
        for i in members:
            best[i] = max(best[i], simes)
    return best


@given(st.lists(st.floats(0, 1), min_size=1, max_size=7))
def test_hommel_is_the_closed_simes_test(p):
    assert adjust_p_values(p, method="hommel") == pytest.approx(_closed_simes(p), abs=1e-12)


@given(p_lists, st.sampled_from(METHODS))
def test_adjusting_never_lowers_a_p_value_nor_changes_their_order(p, method):
    adjusted = adjust_p_values(p, method=method)
    assert np.all(adjusted >= np.array(p) - 1e-15)
    assert np.all(adjusted <= 1)
    order = np.argsort(p, kind="stable")
    assert np.all(np.diff(adjusted[order]) >= -1e-12)


@given(p_lists)
def test_methods_are_ordered_by_strictness(p):
    by_name = {m: adjust_p_values(p, method=m) for m in ("BH", "hommel", "hochberg", "holm", "bonferroni")}
    steps = list(by_name.values())
    for mild, strict in zip(steps, steps[1:], strict=False):
        assert np.all(mild <= strict + 1e-12)


def test_an_untested_school_stays_missing_and_is_not_counted():
    got = holm([0.01, np.nan, 0.02])
    assert got[[0, 2]].tolist() == [0.02, 0.02]
    assert np.isnan(got[1])


def test_empty_list_gives_empty_list():
    assert benjamini_hochberg([]).tolist() == []


def test_refuses_what_is_not_a_probability():
    with pytest.raises(NumericInputError, match="outside 0–1"):
        benjamini_hochberg([0.2, 1.2])
    with pytest.raises(NumericInputError, match="unknown adjustment"):
        adjust_p_values([0.2], method="tukey")
