import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.numeric.errors import NumericInputError
from scoring.numeric.quality_schools import max_in_window, school_quality
from tests.golden_cases import assert_matches, golden_case, read_data

ITEMS = [f"q{i}" for i in range(1, 11)]


def test_school_statistics_equal_the_reference():
    case = golden_case("P-fraud-school-log_a")
    log = read_data("log_a")
    got = school_quality(
        log["school"], answers=log[ITEMS], submitted_s=log["t_submit_s"], device=log["device"]
    )
    columns = {
        "school": got.school,
        "n": got.n,
        "max_in_600s": got.max_in_window,
        "poisson_tail_p": got.poisson_tail_p,
        "modal_pattern_count": got.modal_count,
        "modal_pattern_binomial_p": got.modal_p,
        "modal_pattern_bh_p": got.modal_q,
        "max_per_device": got.max_per_device,
    }
    rows = [{name: values[i] for name, values in columns.items()} for i in range(len(got.school))]
    assert_matches({"schools": rows}, case)


@given(st.lists(st.integers(0, 5000), max_size=40), st.integers(0, 900))
def test_densest_window_counted_one_by_one(times, window):
    expected = max((sum(start <= t <= start + window for t in times) for start in times), default=0)
    assert max_in_window(times, window_s=window) == expected


@given(
    st.lists(st.tuples(st.sampled_from("ABC"), st.integers(1, 2), st.integers(1, 2)), min_size=1, max_size=30)
)
def test_modal_vector_counted_one_by_one(rows):
    school = np.array([row[0] for row in rows])
    answers = np.array([row[1:] for row in rows], dtype=float)
    got = school_quality(school, answers=answers)
    for j, name in enumerate(got.school):
        own = [tuple(a) for s, a in zip(school, answers, strict=True) if s == name and a[0] != a[1]]
        assert got.modal_count[j] == max((own.count(vector) for vector in own), default=0)
        if own:
            first_met = max(own, key=lambda vector: (own.count(vector), -own.index(vector)))
            assert tuple(got.modal_vector[j]) == first_met


def test_incomplete_and_uniform_sheets_are_no_pattern():
    got = school_quality(["A"] * 6, answers=[[5, 5], [5, 5], [5, 5], [4, np.nan], [4, np.nan], [5, 4]])
    assert got.modal_count.tolist() == [1]
    nothing = school_quality(["A", "B"], answers=[[5, 5], [4, np.nan]])
    assert nothing.modal_count.tolist() == [0, 0]
    assert nothing.modal_p.tolist() == [1, 1]


def test_unknown_devices_are_not_one_device():
    got = school_quality(["A"] * 5 + ["B"], device=[None, None, "", np.nan, "x", "x"])
    assert got.max_per_device.tolist() == [1, 1]


def test_parts_not_handed_in_are_absent():
    got = school_quality(["A", "B", "A"])
    assert got.n.tolist() == [2, 1]
    assert (got.max_in_window, got.modal_count, got.max_per_device) == (None, None, None)


def test_refuses_columns_of_different_length_and_missing_times():
    with pytest.raises(NumericInputError, match="one time per row"):
        school_quality(["A", "B"], submitted_s=[1])
    with pytest.raises(NumericInputError, match="missing"):
        max_in_window([1, np.nan])
