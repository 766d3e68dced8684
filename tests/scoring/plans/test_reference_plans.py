"""Every reference case, without what is expected of it, is a plan; its result is what is expected."""

import json

import pytest

from scoring.plans import estimators, run_plan
from tests.golden_cases import GOLDEN, assert_matches, golden_cases

# Entries that compare with a computation done otherwise on purpose; direct tests cover them.
BESIDE = ("same_as_unscaled", "se_if_rows_dropped_first", "se_correct", "coached_schools")


@pytest.mark.parametrize("case", golden_cases(), ids=lambda case: case.id)
def test_case_is_a_plan(case):
    result = run_plan(case.plan(), base=GOLDEN)
    assert "error" not in result, result["error"]
    assert result["version"] == "1"
    json.dumps(result, allow_nan=False)
    assert_matches(result, case, ignore=BESIDE)


def test_a_list_of_cases_gives_a_list_of_results_and_errors_do_not_stop_it():
    cases = [case.plan() for case in golden_cases(file="01_survey_basic")]
    cases.insert(
        1, {"estimator": "mean", "design": {"type": "stratified"}, "inputs": {"file": "data/absent.csv"}}
    )
    results = run_plan({"cases": cases}, base=GOLDEN)
    assert len(results) == len(cases)
    assert "absent.csv" in results[1]["error"]
    assert [r.get("id") for r in results] == [c.get("id") for c in cases]
    assert all("error" not in r for i, r in enumerate(results) if i != 1)


def test_every_estimator_of_the_reference_is_known():
    assert {case.estimator for case in golden_cases()} <= set(estimators())
