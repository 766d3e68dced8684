"""Answers against figures on file: which contradict, and when the file is to be doubted instead."""

import numpy as np
import pytest

from scoring.numeric.errors import NumericInputError
from scoring.numeric.quality_facts import beyond_fact, doubted_schools, on_side
from scoring.numeric.quality_signals import USUAL_CONTRADICTIONS, many_contradictions


def test_a_band_contradicts_only_if_all_of_it_lies_further_off_than_the_tolerance():
    # Known: 40 pupils, ±10. Bands 1–45, 46–50, 51–55, 66–120; and 1–29 below.
    low, high = np.array([1, 46, 51, 66, 1]), np.array([45, 50, 55, 120, 29])
    assert list(beyond_fact(low, high, known_low=40, known_high=40, tolerance=10)) == [0, 0, 1, 1, -1]
    # A largest class of 58 pupils makes 51–55 and 66–120 (66 ≤ 58 + 10) possible.
    assert list(beyond_fact(low, high, known_low=40, known_high=58, tolerance=10)) == [0, 0, 0, 0, -1]


def test_what_is_unknown_contradicts_nothing():
    nothing = np.array([np.nan, 60.0])
    assert list(beyond_fact(nothing, nothing, known_low=40, known_high=40, tolerance=10)) == [0, 1]
    assert list(beyond_fact([60.0], [60.0], known_low=np.nan, known_high=np.nan, tolerance=10)) == [0]
    with pytest.raises(NumericInputError):
        beyond_fact([1.0], [1.0], known_low=1, known_high=1, tolerance=-1)


def test_one_sided_facts_count_on_their_side_only():
    sides = np.array([-1, 0, 1])
    assert list(on_side(sides, "below")) == [True, False, False]
    assert list(on_side(sides, "above")) == [False, False, True]
    assert list(on_side(sides, "both")) == [True, False, True]


def rows(*counts: tuple[str, str, int, int]) -> dict[str, np.ndarray]:
    """(school, audience, answers, of them beyond)"""
    school, who, beyond = [], [], []
    for name, audience, n, off in counts:
        school += [name] * n
        who += [audience] * n
        beyond += [1] * off + [0] * (n - off)
    return {"school": np.array(school), "beyond_half": np.array(beyond), "audience": np.array(who)}


def doubted(*counts: tuple[str, str, int, int]) -> list[str]:
    found = rows(*counts)
    return list(doubted_schools(found.pop("school"), **found))


def test_a_figure_that_more_than_half_contradict_is_doubted_half_is_not_enough():
    assert doubted(("A", "parent", 20, 11), ("B", "parent", 20, 10)) == ["A"]


def test_another_audience_that_agrees_with_the_file_speaks_for_it_if_it_is_eight_or_more():
    assert doubted(("A", "parent", 20, 18), ("A", "student", 8, 1)) == []
    assert doubted(("A", "parent", 20, 18), ("A", "student", 7, 0)) == ["A"]
    assert doubted(("A", "parent", 20, 18), ("A", "student", 30, 29)) == ["A"]


def test_answers_off_to_both_sides_are_guesses_and_leave_the_figure_alone():
    school, who = np.array(["A"] * 20), np.array(["parent"] * 20)
    assert list(doubted_schools(school, beyond_half=[1, -1] * 10, audience=who)) == []
    with pytest.raises(NumericInputError):
        doubted_schools(school, beyond_half=[1], audience=who)


@pytest.mark.parametrize(("share", "is_hit"), [(0.15, False), (0.2, False), (0.45, True)])
def test_a_school_is_hit_only_well_above_the_share_that_is_usual_anywhere(share, is_hit):
    """Nobody contradicts elsewhere, so that any share would stand out if nothing were usual."""
    school = np.repeat([f"S{n}" for n in range(10)], 100)
    wrong = np.zeros(1000, dtype=bool)
    wrong[: round(100 * share)] = True
    found = many_contradictions(school, contradicts=wrong)
    assert bool(found.hit[0]) is is_hit
    assert found.expected[0] == pytest.approx(100 * USUAL_CONTRADICTIONS)


@pytest.mark.parametrize("pupils_off", range(-14, 15))
def test_no_wrong_class_size_on_file_accuses_honest_answers(pupils_off):
    """300 honest answers a school, spread 3.2 pupils around the true size; tolerance ten, as on the desk."""
    chance = np.random.default_rng(20 + pupils_off)
    school, on_file = np.repeat([f"S{n}" for n in range(10)], 300), np.full(3000, 44.0)
    said = np.round(chance.normal(44, 3.2, 3000))
    on_file[school == "S3"] += pupils_off

    def beyond(tolerance):
        return beyond_fact(said, said, known_low=on_file, known_high=on_file, tolerance=tolerance)

    out = doubted_schools(school, beyond_half=beyond(5), audience=np.full(3000, "parent"))
    wrong = (beyond(10) != 0) & ~np.isin(school, out)
    assert not many_contradictions(school, contradicts=wrong).hit.any()
