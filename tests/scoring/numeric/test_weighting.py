"""Weights per cell: which cells share one, what a response stands for, what unequal weights cost."""

import numpy as np
import pytest

from scoring.numeric.weighting import collapse_cells, kish
from tests.golden_cases import assert_matches, golden_case, read_data
from tests.scoring.numeric.results import weights_report


@pytest.mark.parametrize("wave, case_id", [("county_a", "P-county_a-weights"), ("county_a_wave2", None)])
def test_small_cells_are_pooled_by_the_stated_rule(wave, case_id):
    strata = read_data(f"{wave}_strata")
    got = collapse_cells(
        strata["audience"],
        location=strata["class"],
        cell=strata["cell"],
        population=strata["N"],
        responses=strata["n"],
    )
    assert list(got.stratum) == list(strata["stratum"])
    assert list(got.stratum_population) == list(strata["N_stratum"])
    assert list(got.stratum_responses) == list(strata["n_stratum"])
    np.testing.assert_allclose(got.weight, strata["weight"], rtol=1e-12)
    assert {m.stratum for m in got.merges} == set(strata["stratum"][strata["stratum"].str.endswith("pool")])
    if case_id is None:
        return
    case = golden_case(case_id)
    report = kish(got.weight, strata["n"])
    names = sorted(set(got.stratum))
    table = strata.drop_duplicates("stratum").set_index("stratum")
    assert_matches(
        {
            "n_responses": report.n,
            "n_strata": len(names),
            "weights": weights_report(got.weight, strata["n"]),
            "strata": [
                {
                    "stratum": s["stratum"],
                    "N": table.N_stratum[s["stratum"]],
                    "n": table.n_stratum[s["stratum"]],
                }
                for s in case.expected["strata"]
            ],
        },
        case,
    )


@pytest.mark.parametrize("case_id, column", [("P-kish-strat", "pw"), ("P-kish-nhanes", "WTMEC2YR")])
def test_kish_effective_sample_size(case_id, column):
    case = golden_case(case_id)
    report = kish(read_data(case.inputs["file"])[column].to_numpy())
    got = {"n": report.n, "n_eff": report.n_eff, "deff_w": report.deff_w, "cv2": report.cv2}
    assert_matches(got, case)


def cells(*lines, **kwargs):
    """Collapse of cells given as (audience, class, cell, people, responses)."""
    columns = list(zip(*lines, strict=True))
    return collapse_cells(
        columns[0],
        location=columns[1],
        cell=columns[2],
        population=columns[3],
        responses=columns[4],
        **kwargs,
    )


def test_a_class_below_five_joins_the_audience_pool_and_then_its_smallest_stratum():
    got = cells(
        ("deputy", "rural", "*", 40, 2),
        ("deputy", "town", "*", 60, 1),
        ("deputy", "urban", "*", 100, 30),
        ("parent", "rural", "S1", 50, 9),
    )
    assert list(got.stratum) == ["deputy:all:pool"] * 3 + ["parent:rural:S1"]
    assert got.weight[:3] == pytest.approx(200 / 33)
    assert [(m.stratum, m.location, m.reason, m.people, m.responses) for m in got.merges] == [
        ("deputy:all:pool", "all", "small_class", 200, 33)
    ]


def test_an_audience_without_answers_has_no_weight_and_the_others_keep_theirs():
    got = cells(("deputy", "rural", "*", 40, 0), ("parent", "rural", "S1", 50, 10))
    assert np.isnan(got.weight[0])
    assert got.weight[1] == 5
    assert got.merges[0].reason == "small_audience"


def test_empty_cells_bring_their_people_to_the_pool():
    got = cells(
        ("parent", "town", "S1", 100, 0), ("parent", "town", "S2", 80, 20), ("parent", "town", "S3", 60, 30)
    )
    assert list(got.stratum) == ["parent:town:pool", "parent:town:pool", "parent:town:S3"]
    assert got.weight[0] == 180 / 20


def test_ties_are_broken_by_the_cells_name():
    got = cells(
        ("parent", "town", "S9", 10, 6), ("parent", "town", "S1", 10, 6), ("parent", "town", "S5", 10, 1)
    )
    assert list(got.stratum) == ["parent:town:S9", "parent:town:pool", "parent:town:pool"]


def test_a_cell_that_would_carry_the_estimate_is_pooled_when_asked_for():
    lines = [
        ("parent", "town", "S1", 3000, 10),
        ("parent", "town", "S2", 100, 100),
        ("parent", "town", "S3", 90, 90),
    ]
    assert len(set(cells(*lines).stratum)) == 3
    got = cells(*lines, largest_weight_ratio=5)
    assert got.stratum[0] == "parent:town:pool"


@pytest.mark.parametrize(
    "line, words",
    [
        (("parent", "town", "S1", float("nan"), 10), "population must be a number"),
        (("parent", "town", "S1", 10, -1), "whole number"),
        (("parent", "town", "S1", 0, 12), "population is given as 0"),
    ],
)
def test_impossible_figures_are_refused_by_cell(line, words):
    with pytest.raises(ValueError, match=words):
        cells(line)


def test_the_median_weight_counts_responses():
    report = kish(np.array([1.0, 10.0, 2.0]), np.array([3, 1, 2]))
    assert report.median == 1.5
    assert report.warnings == ("weighting_deff_above_2", "largest_weight_above_6_medians")
