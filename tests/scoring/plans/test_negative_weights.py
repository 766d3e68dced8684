"""Linear calibration without bounds may give negative weights; R keeps them, and so do the figures.

Reference: R 4.2.2, survey 4.1.1 `calibrate(~x, c("(Intercept)" = 100, x = 900), calfun = "linear")`.
"""

import pytest

from scoring.plans import run_plan

ROWS = [[1.0, 3.0], [2.0, 5.0], [3.0, 4.0], [4.0, 9.0], [5.0, 8.0], [12.0, 20.0]]
CASE = {
    "estimator": "calibrated_mean_total",
    "inputs": {"inline": {"columns": ["x", "y"], "rows": ROWS}},
    "design": {"type": "simple", "weight": "10"},
    "adjust": [{"op": "calibrate", "formula": "~x", "totals": {"(Intercept)": 100, "x": 900}}],
    "parameters": {"variable": "y", "distance": "linear"},
}


def test_a_negative_calibrated_weight_counts_and_is_told():
    found = run_plan(CASE)
    assert found["weights_first5"][0] == pytest.approx(-3.65591397849464, rel=1e-9)
    assert found["mean"]["estimate"] == pytest.approx(15.16344086021506, rel=1e-9)
    assert found["mean"]["se"] == pytest.approx(0.37255197684624, rel=1e-7)
    assert found["total"]["se"] == pytest.approx(37.25519768462392, rel=1e-7)
    assert found["mean"]["n"] == 6
    assert "negative weights" in found["warnings"]


def test_a_negative_weight_in_the_table_itself_is_refused():
    found = run_plan(
        {
            "estimator": "kish_effective_n",
            "inputs": {"inline": {"columns": ["w"], "rows": [[1.0], [-2.0], [4.0]]}},
            "design": {"weight": "w"},
        }
    )
    assert found["error"] == "design.weight: row 2 has the weight -2; weights are 0 or more"


def test_a_design_effect_against_a_sample_of_everybody_is_refused_with_the_reason():
    found = run_plan(
        {
            "estimator": "deff",
            "inputs": {"inline": {"columns": ["y"], "rows": [[1.0], [2.0], [4.0]]}},
            "design": {"type": "simple", "weight": "1"},
            "parameters": {"variable": "y"},
        }
    )
    assert "the weights add to 3 people for 3 answers" in found["error"]
