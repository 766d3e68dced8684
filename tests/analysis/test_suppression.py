"""Small groups stay hidden: by size, and from anybody who can add, subtract or solve equations."""

from __future__ import annotations

import itertools
from copy import deepcopy

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.suppression import Total, hidden_figures, hide_small_groups

MINIMUM = 10


def hidden(sizes: dict, *totals: Total, minimum: int = MINIMUM) -> dict:
    return hidden_figures(sizes, totals=totals, minimum=minimum)


def test_small_group_is_hidden_and_a_group_of_the_smallest_size_is_not():
    assert hidden({"a": 9, "b": 10, "c": 0}) == {"a": "few"}


def test_one_small_part_of_a_shown_total_takes_the_next_smallest_with_it():
    whole = Total("all", ("a", "b", "c"))
    assert hidden({"all": 69, "a": 4, "b": 50, "c": 15}, whole) == {"a": "few", "c": "together"}


def test_two_small_parts_need_no_third():
    whole = Total("all", ("a", "b", "c"))
    assert hidden({"all": 59, "a": 4, "b": 50, "c": 5}, whole) == {"a": "few", "c": "few"}


def test_a_part_without_answers_hides_nothing():
    assert hidden({"all": 50, "a": 0, "b": 50}, Total("all", ("a", "b"))) == {}


def test_total_goes_last():
    assert hidden({"all": 14, "a": 4}, Total("all", ("a",))) == {"a": "few", "all": "together"}


def test_a_table_with_both_margins_hides_a_block_and_not_a_line():
    """One small cell: its row and its column each need a second one, and those each other."""
    sizes = {("cell", row, column): 50 for row in "abc" for column in "xyz"} | {("cell", "a", "x"): 3}
    sizes |= {("row", row): 150 for row in "abc"} | {("column", column): 150 for column in "xyz"}
    totals = [Total(("row", row), tuple(("cell", row, column) for column in "xyz")) for row in "abc"]
    totals += [Total(("column", column), tuple(("cell", row, column) for row in "abc")) for column in "xyz"]
    found = hidden(sizes, *totals)
    assert found[("cell", "a", "x")] == "few"
    assert is_safe(found, totals, chance=np.random.default_rng(0))
    for line in totals:
        assert sum(part in found for part in line.parts) != 1 or line.figure in found


def is_safe(
    hidden_ones, totals: list[Total], *, chance: np.random.Generator, never_shown=frozenset()
) -> bool:
    """Whether no hidden figure follows from the shown ones by any linear means, for some weights.

    Weights are drawn; an unknown is safe if it can be varied without breaking an equation.
    """
    unknown = sorted({*hidden_ones, *never_shown}, key=repr)
    if not unknown:
        return True
    rows = []
    for total in totals:
        row = np.zeros(len(unknown))
        for member in (total.figure, *total.parts):
            if member in unknown:
                row[unknown.index(member)] += chance.uniform(0.2, 2)
        # An equation with nothing shown in it tells a reader nothing that he could solve with.
        rows.append(row)
    matrix = (
        np.array([row for row in rows if row.any()])
        if any(row.any() for row in rows)
        else np.zeros((1, len(unknown)))
    )
    rank = np.linalg.matrix_rank(matrix)
    return all(
        np.linalg.matrix_rank(np.delete(matrix, place, axis=1)) == rank
        for place, figure in enumerate(unknown)
        if figure in hidden_ones
    )


@st.composite
def two_way_tables(draw):
    rows, columns = draw(st.integers(1, 6)), draw(st.integers(1, 4))
    size = st.one_of(st.integers(0, 14), st.integers(15, 200))
    sizes = {("cell", i, j): draw(size) for i, j in itertools.product(range(rows), range(columns))}
    for i in range(rows):
        sizes["row", i] = sum(sizes["cell", i, j] for j in range(columns))
    for j in range(columns):
        sizes["column", j] = sum(sizes["cell", i, j] for i in range(rows))
    sizes["all",] = sum(sizes["row", i] for i in range(rows))
    totals = [Total(("row", i), tuple(("cell", i, j) for j in range(columns))) for i in range(rows)]
    totals += [Total(("column", j), tuple(("cell", i, j) for i in range(rows))) for j in range(columns)]
    totals.append(Total(("all",), tuple(("column", j) for j in range(columns))))
    return sizes, totals


@settings(deadline=None, max_examples=150)
@given(two_way_tables(), st.integers(0, 2**32 - 1))
def test_no_hidden_figure_of_a_table_can_be_solved_for(table, seed):
    sizes, totals = table
    found = hidden_figures(sizes, totals=totals, minimum=MINIMUM)
    assert {figure for figure, reason in found.items() if reason == "few"} == {
        figure for figure, n in sizes.items() if 0 < n < MINIMUM
    }
    with_answers = [
        Total(total.figure, tuple(part for part in total.parts if sizes[part]))
        for total in totals
        if sizes[total.figure]
    ]
    # What is hidden altogether, total and parts, has no shown number to start from.
    readable = [
        total for total in with_answers
        if any(member not in found for member in (total.figure, *total.parts))
    ]  # fmt: skip
    assert is_safe(found, readable, chance=np.random.default_rng(seed))


@given(two_way_tables())
@settings(deadline=None, max_examples=40)
def test_the_same_table_is_always_hidden_alike(table):
    sizes, totals = table
    backwards = dict(reversed(sizes.items()))
    first = hidden_figures(sizes, totals=totals, minimum=MINIMUM)
    assert hidden_figures(backwards, totals=totals, minimum=MINIMUM) == first


@given(two_way_tables())
@settings(deadline=None, max_examples=40)
def test_nothing_is_hidden_where_nothing_is_small(table):
    sizes, totals = table
    assert hidden_figures(sizes, totals=totals, minimum=1) == {}
    large = {figure: n + 10 for figure, n in sizes.items()}
    assert hidden_figures(large, totals=totals, minimum=MINIMUM) == {}


def a_result(audiences: dict[str, int], *, schools: dict[str, dict[str, int]] | None = None) -> dict:
    """A result as scoring makes it, with these numbers of valid answers."""

    def figure(n: int) -> dict:
        return {
            "estimate": 0.8 if n else None,
            "se": 0.1,
            "interval": [0.6, 0.9],
            "valid": n,
            "responses": n + 1,
        }

    whole = sum(audiences.values())
    return figure(whole) | {
        "threshold": 0.85, "unit": "share", "class_shares": None, "locations": [], "warnings": [],
        "verdict": {"verdict": "undetermined", "lower": 0.7, "upper": 0.9}, "reasons": [],
        "tipping_point": {"audience": "parent", "observed": 0.8},
        "audiences": [
            figure(n) | {"audience": name, "share": 0.5, "dont_know": 1, "blank": 0, "weights": {}}
            for name, n in audiences.items()
        ],
        "schools": [
            figure(sum(parts.values())) | {
                "school": code,
                "audiences": [figure(n) | {"audience": name} for name, n in parts.items()],
            }
            for code, parts in (schools or {}).items()
        ],
        "topics": [
            figure(whole) | {
                "item": item, "not_asked": [], "audiences": dict.fromkeys(audiences, 0.8),
                "audience_valid": dict(audiences),
            }
            for item in ("overall", "workload")
        ],
    }  # fmt: skip


def shown(result: dict, **others) -> dict:
    return hide_small_groups(
        result, minimum=MINIMUM, places=others.get("places", {}), headline_item=others.get("item", "overall")
    )


def test_audience_of_few_is_hidden_with_the_next_smallest_since_the_shares_are_printed():
    found = shown(a_result({"parent": 300, "teacher": 40, "principal": 6}))
    assert {row["audience"]: row["hidden"] for row in found["audiences"]} == {
        "parent": "", "teacher": "together", "principal": "few",
    }  # fmt: skip
    principal = found["audiences"][2]
    assert (principal["estimate"], principal["valid"], principal["dont_know"]) == (None, None, None)
    assert principal["responses"] == 7


def test_result_handed_in_stays_as_it_was():
    schools = {"S1": {"parent": 40, "principal": 1}, "S2": {"parent": 60, "principal": 5}}
    result = a_result({"parent": 300, "principal": 6}, schools=schools)
    result["warnings"] = [{"code": "much_unknown", "audience": "principal", "part": 0.5}]
    before = deepcopy(result)
    assert shown(result) != before
    assert result == before


def test_with_an_audience_hidden_the_rate_may_not_be_mixed_anew():
    assert shown(a_result({"parent": 300, "teacher": 40}))["regrouped"] is True
    assert shown(a_result({"parent": 300, "teacher": 4}))["regrouped"] is False


def test_tipping_point_would_give_its_audience_away():
    assert shown(a_result({"parent": 300, "teacher": 40}))["tipping_point"]
    assert shown(a_result({"parent": 8, "teacher": 40}))["tipping_point"] is None


def test_county_of_few_answers_keeps_the_word_and_no_number():
    found = shown(a_result({"parent": 5, "teacher": 4}))
    assert (found["estimate"], found["interval"], found["hidden"]) == (None, None, "few")
    assert found["verdict"] == {"verdict": "undetermined"}


def test_topics_hide_what_the_audience_table_hides():
    found = shown(a_result({"parent": 300, "teacher": 40, "principal": 6}))
    for topic in found["topics"]:
        assert topic["audiences"] == {"parent": 0.8, "teacher": None, "principal": None}


def test_topic_of_another_item_is_judged_by_its_own_answers():
    result = a_result({"parent": 300, "teacher": 40, "principal": 12})
    result["topics"][1]["audience_valid"]["principal"] = 5
    found = shown(result)
    assert found["topics"][0]["audiences"]["principal"] == 0.8
    assert found["topics"][1]["audiences"] == {"parent": 0.8, "teacher": None, "principal": None}


def test_single_small_cell_of_a_school_takes_another_schools_with_it():
    """Otherwise the county's rate of the audience and all other schools' pages would give it away."""
    schools = {f"S{number}": {"parent": 50 + number, "teacher": 20 + number} for number in range(6)}
    schools["S3"]["teacher"] = 4
    found = shown(a_result({"parent": 318, "teacher": 119}, schools=schools))
    cells = {
        (school["school"], row["audience"]): row["hidden"]
        for school in found["schools"]
        for row in school["audiences"]
    }
    assert cells["S3", "teacher"] == "few"
    assert cells["S3", "parent"] == "together"
    assert sum(bool(reason) for (_, name), reason in cells.items() if name == "teacher") > 1
    assert [school["hidden"] for school in found["schools"]] == [""] * 6


def test_what_an_audience_without_an_estimate_did_not_answer_is_hidden_too():
    result = a_result({"parent": 300, "teacher": 0})
    result["audiences"][1]["responses"] = 3
    teacher = shown(result)["audiences"][1]
    assert (teacher["hidden"], teacher["dont_know"]) == ("few", None)


@pytest.mark.parametrize("minimum", [0, 1])
def test_smallest_group_of_one_hides_nothing(minimum):
    result = a_result({"parent": 300, "teacher": 1})
    found = hide_small_groups(result, minimum=minimum, places={}, headline_item="overall")
    assert [row["hidden"] for row in found["audiences"]] == ["", ""]
