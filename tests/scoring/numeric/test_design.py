"""Designs of rows: several stages, single units, and what is refused."""

import numpy as np
import pytest

from scoring.numeric.design import survey_design
from scoring.numeric.errors import NotComputable
from scoring.numeric.estimation import design_effect, means, ratio, totals
from scoring.numeric.jackknife import jackknife
from tests.golden_cases import assert_matches, case_frame, golden_case
from tests.scoring.numeric.results import row_estimate


def three_stages(seed=3):
    """Unequal numbers of classes in schools and pupils in classes, with population sizes of every stage."""
    rng = np.random.default_rng(seed)
    rows = []
    for stratum, schools_there in (("north", 9), ("south", 14)):
        for school in range(4):
            classes_there = int(rng.integers(3, 7))
            for room in range(int(rng.integers(2, 4))):
                pupils_there = int(rng.integers(20, 40))
                level = rng.normal(60, 8)
                rows += [
                    (
                        stratum,
                        f"{stratum}{school}",
                        room,
                        pupil,
                        schools_there,
                        classes_there,
                        pupils_there,
                        y,
                    )
                    for pupil, y in enumerate(rng.normal(level, 5, int(rng.integers(2, 6))))
                ]
    return [np.array(column) for column in zip(*rows, strict=True)]


def variance_by_recursion(z, units, strata, populations):
    """Särndal, Swensson and Wretman, result 4.4.1, written as it is read: stage by stage, unit by unit."""
    total = 0.0
    for h in set(strata):
        here = [i for i in range(len(z)) if strata[i] == h]
        ids = sorted({units[0][i] for i in here})
        m, M = len(ids), populations[0][here[0]]
        sums = [sum(z[i] for i in here if units[0][i] == u) for u in ids]
        mean = sum(sums) / m
        if m > 1:
            total += (1 - m / M) * m / (m - 1) * sum((s - mean) ** 2 for s in sums)
        if len(units) > 1:
            for u in ids:
                inner = [i for i in here if units[0][i] == u]
                total += (
                    m
                    / M
                    * variance_by_recursion(
                        [z[i] for i in inner],
                        [[column[i] for i in inner] for column in units[1:]],
                        ["all"] * len(inner),
                        [[column[i] for i in inner] for column in populations[1:]],
                    )
                )
    return total


def test_three_stages_agree_with_the_recursion_of_the_textbook():
    stratum, school, room, pupil, N1, N2, N3, y = three_stages()
    N1, N2, N3, y = (np.asarray(column, float) for column in (N1, N2, N3, y))
    units = [school, np.char.add(school, room.astype(str)), np.arange(len(y)).astype(str)]
    design = survey_design(
        len(y), weight=None, psu=[school, room, pupil], strata=[stratum], population=[N1, N2, N3]
    )
    found = totals(design, y, names=["y"]).estimates[0]
    expected = variance_by_recursion(list(design.weight * y), units, list(stratum), [N1, N2, N3])
    assert found.variance == pytest.approx(expected, rel=1e-12)
    # The weights are the inverse of the product of the stages' fractions.
    held = {s: len({t for t, z in zip(school, stratum, strict=True) if z == s}) for s in set(stratum)}
    assert design.weight[0] >= N1[0] / held[stratum[0]]


def test_stages_without_population_sizes_below_count_as_complete():
    stratum, school, room, pupil, N1, N2, N3, y = three_stages()
    y = np.asarray(y, float)
    common = {"weight": np.ones(len(y)), "strata": [stratum], "population": [np.asarray(N1, float)]}
    one = survey_design(len(y), psu=[school], **common)
    three = survey_design(len(y), psu=[school, room, pupil], **common)
    assert totals(three, y, names=["y"]).estimates[0].se == totals(one, y, names=["y"]).estimates[0].se


def test_sampling_fractions_may_stand_for_population_sizes():
    stratum, school, *_, N1, _, _, y = three_stages()
    y, N1 = np.asarray(y, float), np.asarray(N1, float)
    by_size, by_share = (
        survey_design(len(y), weight=None, psu=[school], strata=[stratum], population=[column])
        for column in (N1, 4 / N1)
    )
    np.testing.assert_allclose(by_size.weight, by_share.weight)
    assert means(by_size, y, names=["y"]).estimates[0].se == pytest.approx(
        means(by_share, y, names=["y"]).estimates[0].se
    )


def test_a_jackknife_of_a_total_is_its_linearised_variance():
    stratum, school, *_, y = three_stages()
    y = np.asarray(y, float)
    design = survey_design(len(y), weight=np.full(len(y), 3.0), psu=[school], strata=[stratum])
    found = jackknife(design.weight, unit=school, stratum=stratum, statistic=lambda w: [w @ y])
    assert found.se[0] == pytest.approx(totals(design, y, names=["y"]).estimates[0].se)
    assert found.df == 6


def test_missing_answers_stay_in_the_design():
    case = golden_case("P-edge-missing-dropped-first")
    frame = case_frame(case)
    whole = survey_design(len(frame), weight=frame["w"], strata=[frame["h"]])
    answered = frame.dropna(subset=["score"])
    dropped = survey_design(len(answered), weight=answered["w"], strata=[answered["h"]])
    right = means(whole, frame["score"].to_numpy(), names=["score"]).estimates[0]
    wrong = means(dropped, answered["score"].to_numpy(), names=["score"]).estimates[0]
    got = row_estimate(right) | {"se_correct": right.se, "se_if_rows_dropped_first": wrong.se}
    assert_matches(got, case)


def test_scaled_weights_give_the_same_mean():
    scaled = golden_case("P-edge-weight-scale")
    frame = case_frame(scaled)
    one, two = (
        means(
            survey_design(len(frame), weight=frame["w"] / factor, strata=[frame["h"]]),
            frame["score"].to_numpy(float),
            names=["score"],
        ).estimates[0]
        for factor in (1, 7.3)
    )
    assert (one.estimate, one.se) == pytest.approx((two.estimate, two.se), rel=1e-13)


@pytest.mark.parametrize(
    "rule, zero", [("certainty", True), ("remove", True), ("adjust", False), ("average", False)]
)
def test_what_a_stratum_of_one_unit_contributes(rule, zero):
    y, h = np.array([1.0, 2.0, 4.0, 9.0]), ["a", "a", "a", "b"]
    drawn = {"weight": np.ones(4), "strata": [h]}
    base = totals(survey_design(4, **drawn, single_unit="certainty"), y, names=["y"]).estimates[0].variance
    found = totals(survey_design(4, **drawn, single_unit=rule), y, names=["y"]).estimates[0].variance
    assert (found == base) is zero
    if rule == "average":
        assert found == pytest.approx(2 * base)


def test_a_single_unit_is_refused_by_name_unless_a_rule_is_stated():
    design = survey_design(3, weight=np.ones(3), strata=[["north", "north", "south"]])
    with pytest.raises(NotComputable, match="south"):
        means(design, np.ones(3), names=["y"])


def test_a_single_unit_that_is_all_there_is_needs_no_rule():
    design = survey_design(3, weight=np.ones(3), strata=[["north", "north", "south"]], population=[[9, 9, 1]])
    assert means(design, np.array([1.0, 2, 3]), names=["y"]).estimates[0].se > 0


@pytest.mark.parametrize(
    "arguments, words",
    [
        ({"weight": [1, 2]}, "2 weights for 3 rows"),
        ({"weight": [1, -1, 1]}, "row 2 has the weight"),
        ({"weight": [1, np.nan, 1]}, "row 2 has the weight"),
        ({"psu": [["a", None, "b"]]}, "row 2 has no sampling unit"),
        ({"strata": [["a", None, "b"]]}, "row 2 has no stratum"),
        ({"psu": [["s1", "s1", "s2"]], "strata": [["a", "b", "b"]]}, "more than one stratum"),
        ({"psu": [["s1", "s1", "s1"]]}, "only one first-stage"),
        ({"population": [[10, 10, 2]]}, "differs within its stratum"),
        ({"population": [[10, 0.5, 10]]}, "all at least 1"),
        ({"population": [[10, 10, 10], [5, 5, 5]]}, "1 stage"),
        ({"single_unit": "ignore"}, "allowed are"),
    ],
)
def test_impossible_designs_are_refused_in_words(arguments, words):
    with pytest.raises(ValueError, match=words):
        survey_design(3, **({"weight": None} | arguments))


def test_a_sample_larger_than_its_population_is_refused():
    design = survey_design(3, weight=np.ones(3), population=[[2, 2, 2]])
    with pytest.raises(ValueError, match="3 units were observed"):
        means(design, np.ones(3), names=["y"])


def test_nothing_is_made_of_nothing():
    design = survey_design(3, weight=np.ones(3))
    empty = means(design, np.full(3, np.nan), names=["y"]).estimates[0]
    assert (empty.estimate, empty.se, empty.interval()) == (None, None, None)
    with pytest.raises(NotComputable, match="zero"):
        ratio(design, np.ones(3), np.zeros(3))
    with pytest.raises(NotComputable, match="equal"):
        design_effect(design, np.ones(3))
