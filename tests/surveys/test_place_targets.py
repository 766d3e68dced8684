"""Targets per place: sums hold, nobody is asked twice, and what finds no room goes where there is some."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from surveys.place_targets import Place, QuotaLine, place_targets, scaled, split_by_grade
from surveys.targets import share_out_up_to


def school(number: int, location: str, *, grades: dict[str, int] | None = None, people: int = 0) -> Place:
    return Place((number, None), location, people or sum((grades or {}).values()), grades or {})


def test_each_location_and_grade_is_shared_out_by_the_pupils_there():
    """A plan of 12 + 6 in villages: the two village schools have 300 and 100 pupils of grades 1–3."""
    places = [
        school(1, "rural", grades={"g1_3": 300, "g4_6": 100}),
        school(2, "rural", grades={"g1_3": 100, "g4_6": 50}),
        school(3, "urban", grades={"g1_3": 5000}),
    ]
    placed = place_targets(places, [QuotaLine("rural", "g1_3", 12), QuotaLine("rural", "g4_6", 6)])
    assert placed.targets[1, None] == {"g1_3": 9, "g4_6": 4}
    assert placed.targets[2, None] == {"g1_3": 3, "g4_6": 2}
    assert placed.targets[3, None] == {}
    assert placed.left_over == 0


def test_no_school_is_asked_for_more_heads_than_it_has():
    """30 heads wanted in villages with 2 schools: the rest are found in town, the county has 5 in all."""
    places = [school(number, "rural", people=1) for number in (1, 2)]
    places += [school(number, "town", people=1) for number in (3, 4, 5)]
    placed = place_targets(places, [QuotaLine("rural", "", 4), QuotaLine("town", "", 3)])
    assert [sum(placed.targets[number, None].values()) for number in (1, 2, 3, 4, 5)] == [1, 1, 1, 1, 1]
    assert placed.left_over == 2


def test_a_grade_without_pupils_gives_its_part_to_the_other_grades_of_the_location():
    places = [school(1, "town", grades={"g1_3": 90}), school(2, "rural", grades={"g1_3": 90})]
    placed = place_targets(places, [QuotaLine("town", "g1_3", 10), QuotaLine("town", "g7_9", 10)])
    assert placed.targets[1, None] == {"g1_3": 20}
    assert placed.targets[2, None] == {}


def test_townships_without_locations_share_all_lines_alike():
    places = [Place((None, number), "", 0, {}) for number in (1, 2, 3)]
    placed = place_targets(places, [QuotaLine("rural", "", 5), QuotaLine("urban", "", 2)])
    assert [placed.targets[None, number] for number in (1, 2, 3)] == [{"": 3}, {"": 2}, {"": 2}]


SCHOOLS = st.tuples(st.sampled_from(["rural", "town"]), st.integers(0, 60), st.integers(0, 60))
LINES = st.tuples(
    st.sampled_from(["rural", "town", "urban"]), st.sampled_from(["a", "b"]), st.integers(0, 80)
)  # fmt: skip


@given(st.lists(SCHOOLS, max_size=6), st.lists(LINES, max_size=5))
def test_sums_hold_and_nobody_is_asked_twice(people, lines):
    places = [
        school(number, location, grades={"a": first, "b": second})
        for number, (location, first, second) in enumerate(people)
        if first + second
    ]
    placed = place_targets(places, [QuotaLine(*line) for line in lines])
    assert placed.total + placed.left_over == sum(line[2] for line in lines)
    for place in places:
        for grade, target in placed.targets[place.key].items():
            assert target <= place.grades[grade]
    if placed.left_over:
        assert placed.total == sum(place.people for place in places) or len({line[1] for line in lines}) < 2


@given(st.integers(0, 500), st.lists(st.tuples(st.integers(0, 90), st.integers(0, 90)), max_size=8))
def test_parts_never_exceed_their_most_and_leave_nothing_that_fits(total, pairs):
    sizes, most = [size for size, _ in pairs], [room for _, room in pairs]
    parts = share_out_up_to(total, sizes, most)
    assert all(part <= room for part, room in zip(parts, most, strict=True))
    assert sum(parts) == min(total, sum(most))


def test_a_plan_is_scaled_in_its_proportions():
    lines = [QuotaLine("rural", "", 30), QuotaLine("town", "", 10)]
    assert [line.answers for line in scaled(lines, 100)] == [75, 25]


def test_a_changed_target_keeps_the_proportions_of_its_grades():
    assert split_by_grade(30, before={"g1_3": 20, "g4_6": 40}, people={}) == {"g1_3": 10, "g4_6": 20}
    assert split_by_grade(9, before={}, people={"g1_3": 100, "g4_6": 200}) == {"g1_3": 3, "g4_6": 6}
    assert split_by_grade(9, before={}, people={}) == {}
