import math
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.numeric.errors import NumericInputError
from scoring.numeric.quotas import (
    audience_quotas,
    controlled_rounding,
    largest_remainder,
    quota_table,
    sample_size_by_bands,
    sample_size_by_population,
)

OFFICIAL = {"parent": 0.5, "student": 0.1, "teacher": 0.1, "principal": 0.1, "deputy": 0.1, "resident": 0.1}
shares = st.lists(st.floats(0, 100), min_size=1, max_size=12).filter(lambda s: sum(s) > 0.01)


@pytest.mark.parametrize(
    ("residents", "answers", "parents"),
    [
        (72_000, 600, 300),
        (399_999, 600, 300),
        (400_000, 600, 300),
        (650_000, 975, 488),
        (1_070_000, 1605, 803),
    ],
)
def test_one_and_a_half_per_mille_with_a_floor(residents, answers, parents):
    n = sample_size_by_population(residents)
    assert n == answers
    assert audience_quotas(n, shares=OFFICIAL)["parent"] == parents


def test_without_floor_the_rate_alone_counts():
    assert sample_size_by_population(72_000, floor=0) == 108
    assert sample_size_by_population(100_001, per_mille=1, floor=0) == 101


def test_population_bands():
    bands = [(200_000, 300), (400_000, 500), (None, 1000)]
    assert [sample_size_by_bands(n, bands=bands) for n in (199_999, 200_000, 5_000_000)] == [300, 500, 1000]
    with pytest.raises(NumericInputError):
        sample_size_by_bands(9, bands=[(5, 1)])


def test_hamilton_by_hand():
    assert largest_remainder(10, [0.415, 0.325, 0.26]) == [4, 3, 3]
    assert largest_remainder(3, [1, 1]) == [2, 1]
    assert largest_remainder(7, [0.1] * 10) == [1] * 7 + [0] * 3


@given(st.integers(0, 5000), shares)
def test_largest_remainder_adds_up_and_stays_within_one(total, parts):
    counts = largest_remainder(total, parts)
    assert sum(counts) == total
    assert all(abs(c - total * s / sum(parts)) < 1 + 1e-3 for c, s in zip(counts, parts, strict=True))


@given(
    st.lists(st.integers(0, 60), min_size=1, max_size=6), st.lists(st.floats(0.01, 1), min_size=1, max_size=6)
)
def test_controlled_rounding_keeps_both_margins(rows, weights):
    columns = largest_remainder(sum(rows), weights)
    table = controlled_rounding(rows, columns)
    assert [sum(row) for row in table] == rows
    assert [sum(column) for column in zip(*table, strict=True)] == columns
    assert min(min(row) for row in table) >= 0


@given(
    st.integers(100, 3000),
    st.dictionaries(st.sampled_from("城镇乡"), st.floats(0.05, 1), min_size=1, max_size=3),
    st.integers(1, 9),
)
def test_the_plan_adds_up_in_every_direction(total, class_shares, grade_count):
    grades = {"student": [f"g{i}" for i in range(grade_count)]}
    table = quota_table(total, shares=OFFICIAL, class_shares=class_shares, grades=grades)
    by_audience, by_class, by_grade = Counter(), Counter(), Counter()
    for cell in table:
        by_audience[cell.audience] += cell.answers
        by_class[cell.class_] += cell.answers
        if cell.audience == "student":
            by_grade[cell.grade] += cell.answers
    assert sum(cell.answers for cell in table) == total
    assert by_audience == Counter(audience_quotas(total, shares=OFFICIAL))
    assert by_audience["parent"] == math.ceil(total / 2)
    assert by_class == Counter(
        dict(zip(class_shares, largest_remainder(total, list(class_shares.values())), strict=True))
    )
    assert len(by_grade) == grade_count
    assert max(by_grade.values()) - min(by_grade.values()) <= 1


def test_a_plan_without_classes_and_grades_has_one_line_per_audience():
    table = quota_table(600, shares=OFFICIAL)
    assert [(cell.audience, cell.class_, cell.grade, cell.answers) for cell in table] == [
        ("parent", "", "", 300)
    ] + [(audience, "", "", 60) for audience in list(OFFICIAL)[1:]]


def test_one_audience_takes_everything():
    assert audience_quotas(77, shares={"parent": 1}) == {"parent": 77}


@pytest.mark.parametrize(
    "call",
    [
        lambda: largest_remainder(5, [0, 0]),
        lambda: largest_remainder(5, [-1, 2]),
        lambda: largest_remainder(5.5, [1]),
        lambda: largest_remainder(-1, [1]),
        lambda: audience_quotas(5, shares={}),
        lambda: audience_quotas(1, shares={"parent": 1, "teacher": 1}, at_least=("parent", "teacher")),
        lambda: sample_size_by_population(0),
        lambda: controlled_rounding([3], [4]),
    ],
)
def test_refuses_impossible_input(call):
    with pytest.raises(NumericInputError):
        call()
