"""A wave scored from a table gives what the reference gives for the same county."""

import numpy as np
import pandas as pd
import pytest

from scoring.plans import run_plan
from tests.golden_cases import golden_case, read_data
from tests.scoring.numeric.county_cells import CLASS_SHARES, SHARES

CODES = {"5": "satisfied", "4": "rather_satisfied", "3": "basically_satisfied", "2": "dissatisfied"}
CODES |= {"1": "dissatisfied", "9": "dont_know"}
TOPICS = [
    "moral_education", "fair_policy", "shared_resources", "school_conduct",
    "quality_oriented", "exam_reform", "teaching_quality", "workload",
]  # fmt: skip


@pytest.fixture
def folder(tmp_path):
    read_data("county_a").to_csv(tmp_path / "answers.csv", index=False)
    strata = read_data("county_a_strata")
    controls = pd.DataFrame(
        {
            "audience": strata["audience"],
            "location": strata["class"],
            "school": strata["cell"].replace("*", ""),
            "people": strata["N"],
        }
    )
    controls.to_csv(tmp_path / "controls.csv", index=False)
    return tmp_path


def plan(**changes):
    return {
        "estimator": "wave",
        "rule": "satisfied-top2",
        "inputs": {"file": "answers.csv", "controls": {"file": "controls.csv"}},
        "columns": {
            "audience": "audience",
            "location": "class",
            "school": "school",
            "items": {"overall": "q8"} | {topic: f"q{k}" for k, topic in enumerate(TOPICS, 1)},
        },
        "values": {"answers": CODES},
        "design": {"kind": "all_schools", "fpc": False},
        "parameters": {"shares": SHARES, "class_shares": CLASS_SHARES},
    } | changes


@pytest.mark.parametrize(
    "kind, fpc, name", [("all_schools", False, "strata-nofpc"), ("all_schools", True, "strata-fpc")]
)
def test_composite_of_a_file_equals_the_reference(folder, kind, fpc, name):
    result = run_plan(plan(design={"kind": kind, "fpc": fpc}), base=folder)
    want = golden_case(f"P-county_a-{name}-composite-official").expected["t2_overall"]
    assert (result["estimate"], result["se"], result["df"]) == pytest.approx(
        (want["estimate"], want["se"], want["df"]), rel=1e-9
    )
    assert result["verdict"] == "met"
    assert len(result["schools"]) == 60


def test_sampled_schools_are_the_units_of_everyone_in_them(folder):
    result = run_plan(plan(design={"kind": "sampled_schools", "fpc": False}), base=folder)
    want = golden_case("P-county_a-cluster-composite-official").expected["t2_overall"]
    assert (result["se"], result["df"]) == pytest.approx((want["se"], want["df"]), rel=1e-9)
    assert all(school["se"] is None for school in result["schools"])


@pytest.mark.parametrize(
    "rule, key",
    [
        ("satisfied-top1", "top1.shares"),
        ("dont-know-against", "top2_dk_not_satisfied.shares"),
        ("equal-audiences", "top2.equal"),
        ("by-population", "top2.population"),
        ("item-mean", "item_mean_top2.shares"),
    ],
)
def test_shipped_rules_on_a_file(folder, rule, key):
    own = plan(rule=rule, parameters={"shares": SHARES, "class_shares": "own"})
    result = run_plan(own, base=folder)
    want = golden_case("P-county_a-scoring-rules").expected[key]
    assert (result["estimate"], result["se"]) == pytest.approx(
        (want["estimate"], want["se_strata_nofpc"]), rel=1e-9
    )


def test_the_tipping_point_is_printed_with_the_verdict(folder):
    tip = run_plan(plan(), base=folder)["tipping_point"]
    assert tip["audience"] == "parent"
    assert tip["response_share"] == pytest.approx(5605 / 34774)


def test_what_the_silent_could_do_is_printed_per_audience_and_for_the_county(folder):
    found = run_plan(plan(), base=folder)
    parents = next(one for one in found["silent"]["audiences"] if one["audience"] == "parent")
    mean = next(one["estimate"] for one in found["audiences"] if one["audience"] == "parent")
    f = 5605 / 34774
    assert (parents["lowest"], parents["highest"]) == pytest.approx((f * mean, f * mean + 1 - f))
    whole = found["silent"]["composite"]
    assert whole["lowest"] < found["estimate"] < whole["highest"]


@pytest.mark.parametrize(
    "change, words",
    [
        ({"rule": "magic"}, "shipped: "),
        ({"design": {"kind": "all_schools"}}, "neither is assumed"),
        ({"design": {"kind": "some_schools", "fpc": False}}, "sampled_schools"),
        ({"columns": {"audience": "audience", "items": {}}}, "which column holds 'overall'"),
        ({"values": {}}, "values.answers"),
        ({"inputs": {"file": "answers.csv"}}, "population controls"),
        ({"parameters": {"class_shares": CLASS_SHARES}}, "parameters.shares is missing"),
        ({"parameters": {"shares": SHARES}}, "parameters.class_shares is missing"),
    ],
)
def test_what_a_wave_lacks_is_said_in_words(folder, change, words):
    assert words in run_plan(plan(**change), base=folder)["error"]


def test_an_audience_with_few_answers_is_not_computable_but_its_figures_are_shown(folder):
    rows = read_data("county_a")
    few = rows[(rows["audience"] != "deputy") | (rows.groupby("audience").cumcount() < 4)]
    few.to_csv(folder / "answers.csv", index=False)
    result = run_plan(plan(parameters={"shares": SHARES, "class_shares": "own"}), base=folder)
    assert result["verdict"] == "not_computable"
    assert "deputy" in result["reasons"][0]
    assert np.isfinite(result["estimate"])


def test_an_approximate_correction_says_so(folder):
    """Sampled schools of which some share a weight: nobody knows how many people each of them has."""
    many = {"rural": 40, "town": 50, "urban": 45}
    drawn = {"kind": "sampled_schools", "fpc": True, "schools_in_class": many}
    assert any(
        "correction is approximate" in one for one in run_plan(plan(design=drawn), base=folder)["warnings"]
    )
    off = {"kind": "sampled_schools", "fpc": False}
    assert not any("correction" in one for one in run_plan(plan(design=off), base=folder)["warnings"])


def test_the_printed_interval_and_the_ones_it_is_compared_with(folder):
    found = run_plan(plan(parameters={"shares": SHARES, "class_shares": "own"}), base=folder)
    want = golden_case("P-county_a-verdict-recommended").expected["S0.05"]
    assert found["variance_smoothed"] == pytest.approx(want["variance_smoothed"], rel=1e-9)
    (low, high), (plain_low, plain_high) = found["ci_smoothed"], found["ci_korn_graubard"]
    assert low < plain_low < found["estimate"] < plain_high < high
    wider = run_plan(plan(parameters={"shares": SHARES, "class_shares": "own", "level": 0.99}), base=folder)
    assert wider["ci_smoothed"][0] < low and high < wider["ci_smoothed"][1]
    (low, high), wider = found["ci_mover"], wider["ci_mover"]
    assert wider[0] < low < found["estimate"] < high < wider[1]
