"""Raking, calibration and trimming: convergence, refusals, bounds."""

import numpy as np
import pytest

from scoring.numeric.calibration import calibrate, poststratify, trim
from scoring.numeric.design import survey_design
from scoring.numeric.errors import NotComputable
from scoring.numeric.raking import Margin, rake
from scoring.numeric.trimming import default_caps, trim_and_rake

AB, XY = np.array(list("aabb")), np.array(list("xyxy"))


def margins(first, second, left=AB, right=XY):
    return [Margin("left", left, first), Margin("right", right, second)]


def test_raked_weights_meet_every_margin():
    found = rake(np.array([1.0, 2, 3, 4]), margins({"a": 40, "b": 60}, {"x": 30, "y": 70}))
    assert found.worst <= 1e-8
    assert found.weights[AB == "a"].sum() == pytest.approx(40)
    assert found.weights[XY == "x"].sum() == pytest.approx(30)


def test_cells_are_raked_like_their_rows():
    counts = np.array([3, 1, 2, 5])
    goal = margins({"a": 40, "b": 60}, {"x": 30, "y": 70})
    cells = rake(np.ones(4), goal, counts=counts)
    left, right = np.repeat(AB, counts), np.repeat(XY, counts)
    rows = rake(np.ones(11), margins({"a": 40, "b": 60}, {"x": 30, "y": 70}, left, right))
    np.testing.assert_allclose(np.repeat(cells.weights, counts), rows.weights)


def test_margins_that_cannot_both_be_met_are_not_computable():
    # a occurs only with x: 40 a's cannot be among 30 x's.
    left, right = np.array(list("abb")), np.array(list("xxy"))
    with pytest.raises(NotComputable, match="did not converge"):
        rake(np.ones(3), margins({"a": 40, "b": 60}, {"x": 30, "y": 70}, left, right))


def test_slow_raking_is_finished_by_other_means():
    # Nearly incompatible margins: fitting them in turn would take thousands of passes.
    left, right = np.array(list("aabb") * 25), np.array(list("xyxy") * 25)
    base = np.where((left == "a") & (right == "y"), 1e-4, np.where((left == "b") & (right == "x"), 1e-4, 1.0))
    goal = margins({"a": 40, "b": 60}, {"x": 60, "y": 40}, left, right)
    found = rake(base, goal)
    assert found.worst <= 1e-8
    assert found.weights[right == "x"].sum() == pytest.approx(60)


@pytest.mark.parametrize(
    "first, second, error, words",
    [
        ({"a": 40, "b": 60}, {"x": 30, "y": 80}, ValueError, "'right' adds to 110, 'left' to 100"),
        ({"a": 100, "b": 0}, {"x": 30, "y": 70}, ValueError, "whose population is 0"),
        ({"a": 100}, {"x": 30, "y": 70}, ValueError, "whose population is 0"),
        ({"a": 40, "b": 50, "c": 10}, {"x": 30, "y": 70}, NotComputable, "nobody answered in 'c'"),
        ({"a": 40, "b": float("nan")}, {"x": 30, "y": 70}, ValueError, "not a number of people"),
    ],
)
def test_impossible_controls_are_refused_in_words(first, second, error, words):
    with pytest.raises(error, match=words):
        rake(np.ones(4), margins(first, second))


def test_a_row_without_category_is_refused_unless_it_has_no_responses():
    goal = margins({"a": 1, "b": 2}, {"x": 1.5, "y": 1.5}, np.array(["a", None, "b", "b"], dtype=object))
    with pytest.raises(ValueError, match="row 2 has responses but no category"):
        rake(np.ones(4), goal)
    found = rake(np.ones(4), goal, counts=np.array([1, 0, 1, 1]))
    assert found.weights[1] == 0


def test_numeric_categories_match_their_totals_however_written():
    found = rake(np.ones(3), [Margin("race", np.array([1.0, 2.0, 2.0]), {"1": 10, 2: 30})])
    assert found.weights.tolist() == [10, 15, 15]


@pytest.mark.parametrize("distance", ["linear", "raking", "logit"])
def test_bounded_calibration_meets_totals_inside_its_bounds(distance):
    rng = np.random.default_rng(4)
    x = np.column_stack([np.ones(80), rng.normal(500, 100, 80)])
    design = survey_design(80, weight=np.full(80, 10.0))
    goal = np.array([800.0, 800 * 540.0])
    found, report = calibrate(design, x, totals=goal, distance=distance, bounds=(0.3, 2.0))
    np.testing.assert_allclose(x.T @ found.weight, goal, rtol=1e-9)
    assert 0.3 - 1e-12 <= report.g_lowest < report.g_highest <= 2.0 + 1e-12


@pytest.mark.parametrize("distance", ["linear", "raking", "logit"])
def test_totals_out_of_reach_are_not_computable(distance):
    x = np.column_stack([np.ones(10), np.arange(10.0)])
    design = survey_design(10, weight=np.ones(10))
    with pytest.raises(NotComputable, match="did not converge"):
        calibrate(design, x, totals=np.array([10.0, 89.0]), distance=distance, bounds=(0.5, 1.5))


def test_calibration_is_refused_with_impossible_bounds_or_missing_values():
    design = survey_design(4, weight=np.ones(4))
    with pytest.raises(ValueError, match="must enclose 1"):
        calibrate(design, np.ones((4, 1)), totals=np.array([8.0]), bounds=(1.5, 3))
    with pytest.raises(ValueError, match="needs a lower and an upper bound"):
        calibrate(design, np.ones((4, 1)), totals=np.array([8.0]), distance="logit")
    with pytest.raises(ValueError, match="missing value"):
        calibrate(design, np.full((4, 1), np.nan), totals=np.array([8.0]))


def test_a_poststratum_of_people_without_answers_is_not_computable():
    design = survey_design(4, weight=np.ones(4))
    with pytest.raises(NotComputable, match="nobody answered in 'c'"):
        poststratify(design, AB, totals={"a": 10, "b": 20, "c": 5})


def test_a_cap_below_a_margin_mean_is_refused_before_the_loop():
    goal = [Margin("place", np.array(list("aabbb")), {"a": 40, "b": 30})]
    raked = rake(np.ones(5), goal)
    group = np.array(["parent"] * 5)
    assert default_caps(goal, group) == {"parent": pytest.approx(1.05 * 20)}
    with pytest.raises(ValueError, match="no weights up to 19 can meet"):
        trim_and_rake(raked.weights, goal, group=group, caps={"parent": 19})


def test_trimming_keeps_the_sum_and_reports_when_nothing_is_left():
    design = survey_design(4, weight=np.array([1.0, 2, 3, 10]))
    found = trim(design, upper=6)
    assert found.weight.sum() == pytest.approx(16)
    assert found.weight.max() == 6
    with pytest.raises(NotComputable, match="every weight"):
        trim(design, upper=0.5)
