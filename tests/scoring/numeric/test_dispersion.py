"""The coefficient of variation against published tables."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.numeric.dispersion import between_school_cv, composite_cv, describe_dispersion
from scoring.numeric.errors import NotComputable, NumericInputError

BOOKS = [279, 137, 935, 160, 402]
BOOK_PUPILS = [45, 37, 89, 76, 55]
# A district's published primary-school table of 2023: county means and standard deviations of 7 indicators.
DISTRICT_MEAN = [5.515273, 0.887611, 0.879277, 4.563288, 7.925946, 2496.674864, 2.784743]
DISTRICT_SD = [1.643162, 0.445392, 0.353427, 1.316139, 2.975795, 780.914372, 1.097759]

schools = st.lists(st.tuples(st.floats(0, 1e6), st.integers(1, 5000)), min_size=1, max_size=30).filter(
    lambda rows: sum(amount for amount, _ in rows) > 1e-3
)


def test_published_example_of_five_schools_books():
    got = describe_dispersion(BOOKS, BOOK_PUPILS)
    assert (got.schools, got.pupils, got.amount) == (5, 302, 1913)
    assert got.per_pupil == pytest.approx([6.2, 3.7, 10.51, 2.11, 7.31], abs=0.006)
    assert got.county_mean == pytest.approx(6.33, abs=0.005)
    assert got.variance == pytest.approx(10.65, abs=0.01)
    assert got.sd == pytest.approx(3.26, abs=0.005)
    assert got.cv == pytest.approx(0.5153, abs=5e-5)
    assert got.cv > 0.5, "the unweighted deviation, 0.4888, would wrongly pass"


def test_published_district_composite_is_the_plain_mean():
    cvs = [sd / mean for sd, mean in zip(DISTRICT_SD, DISTRICT_MEAN, strict=True)]
    assert cvs[1] == pytest.approx(0.501787, abs=1e-6)
    assert composite_cv(cvs) == pytest.approx(0.367503, abs=1e-6)


@given(schools, st.floats(0.01, 1000))
def test_units_do_not_matter(rows, factor):
    amounts, pupils = np.array(rows).T
    assert between_school_cv(amounts * factor, pupils) == pytest.approx(
        between_school_cv(amounts, pupils), abs=1e-9
    )


@given(schools)
def test_splitting_a_school_in_two_equal_halves_changes_nothing(rows):
    amounts, pupils = np.array(rows).T
    halves = between_school_cv(np.repeat(amounts / 2, 2), np.repeat(pupils / 2, 2))
    assert halves == pytest.approx(between_school_cv(amounts, pupils), abs=1e-9)


@given(schools, st.randoms())
def test_order_of_schools_does_not_matter(rows, random):
    shuffled = random.sample(rows, len(rows))
    assert between_school_cv(*np.array(shuffled).T) == pytest.approx(
        between_school_cv(*np.array(rows).T), abs=1e-9
    )


def test_equal_ratios_have_no_dispersion():
    assert between_school_cv([10, 20, 40], [100, 200, 400]) == 0


def test_one_school_has_no_dispersion():
    assert between_school_cv([7], [100]) == 0


@pytest.mark.parametrize(
    ("amounts", "pupils", "code"),
    [
        ([10, 5], [100, 0], "school_without_pupils"),
        ([10, 5], [100, np.nan], "pupils_unknown"),
        ([10, np.nan], [100, 90], "amount_unknown"),
        ([0, 0], [100, 90], "zero_mean"),
        ([], [], "no_schools"),
    ],
)
def test_what_cannot_be_computed_is_said_not_passed(amounts, pupils, code):
    with pytest.raises(NotComputable) as refused:
        between_school_cv(amounts, pupils)
    assert refused.value.code == code


def test_the_school_without_pupils_is_named():
    with pytest.raises(NotComputable, match="school number 2 of 3"):
        between_school_cv([1, 1, 1], [10, 0, 10])


def test_a_missing_indicator_makes_the_composite_not_computable():
    for gap in (None, float("nan")):
        with pytest.raises(NotComputable, match="indicator number 2 of 3"):
            composite_cv([0.3, gap, 0.4])
    with pytest.raises(NotComputable):
        composite_cv([])


def test_refuses_negative_amounts_and_unequal_lists():
    with pytest.raises(NumericInputError, match="never negative"):
        between_school_cv([-1, 2], [10, 10])
    with pytest.raises(NumericInputError, match="one of each per school"):
        between_school_cv([1, 2, 3], [10, 10])
