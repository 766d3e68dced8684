"""A plan's words: a misspelt key and one that is not read are told, a wrong value is named with its
place; no sentence speaks of Python."""

import pytest

from scoring.plans import PlanError, run_plan
from scoring.plans.runner import read_plan
from tests.golden_cases import GOLDEN, golden_cases

TABLE = {
    "columns": ["组", "y", "w", "N"],
    "rows": [["甲", 1, 2.0, 10], ["甲", 0, 2.0, 10], ["乙", 1, 3.0, 12], ["乙", 1, 3.0, 12]],
}
CASE = {
    "estimator": "mean",
    "inputs": {"inline": TABLE},
    "design": {"type": "stratified", "strata": "组", "weight": "w"},
    "parameters": {"variable": "y"},
}


def told(**changes):
    found = run_plan(CASE | changes)
    assert "error" in found, found
    return found["error"]


@pytest.mark.parametrize(
    "changes, sentence",
    [
        ({"adjusts": []}, "the case: 'adjusts' is not a key that is read; did you mean 'adjust'?"),
        (
            {"parameters": {"variable": "y", "treshold": 0.85}},
            "parameters: 'treshold' is not a key that is read; did you mean 'threshold'?",
        ),
        (
            {"parameters": {"variable": "y", "domains": "y == 1"}},
            "parameters: 'domains' is not a key that is read; did you mean 'domain'?",
        ),
        (
            {"adjust": [{"op": "trim", "upper": 100, "uper": 2}]},
            "adjust.trim: 'uper' is not a key that is read; did you mean 'upper'?",
        ),
    ],
)
def test_a_misspelt_key_is_told_with_the_word_that_was_meant(changes, sentence):
    """Remarks may stand under any key, so the case is computed, as it would be without the key."""
    found = run_plan(CASE | changes)
    assert sentence in found["warnings"]
    assert found["estimate"] == pytest.approx(run_plan(CASE)["estimate"])


@pytest.mark.parametrize(
    "changes, sentence",
    [
        (
            {"design": CASE["design"] | {"fpc": "N"}},
            "design.fpc is not read; write design.fpc_population_size",
        ),
        ({"design": {"type": "simple", "weights": "w"}}, "design.weights is not read; write design.weight"),
        ({"estimator": "meen"}, "estimator 'meen' is unknown; did you mean 'mean'?"),
    ],
)
def test_a_word_of_another_program_is_refused(changes, sentence):
    assert sentence in told(**changes)


def test_a_parameter_that_is_not_read_is_told():
    found = run_plan(CASE | {"parameters": {"variable": "y", "alpha": 0.1}})
    assert found["warnings"] == ["parameters.alpha is not read by mean; the result is the same without it"]
    asked = run_plan(CASE | {"parameters": {"variable": "y", "alpha": 0.1, "threshold": 0.5}})
    assert not [w for w in asked["warnings"] if "not read" in w]


def test_remarks_of_the_reference_cases_are_no_slips():
    for case in golden_cases(file="03_survey_inference") + golden_cases(file="09_edge"):
        found = run_plan(case.plan() | {"inputs": {"file": "nowhere.csv"}})
        assert not [sentence for sentence in found["warnings"] if "is not a key" in sentence]


def inline(columns, rows):
    return {"inputs": {"inline": {"columns": columns, "rows": rows}}}


@pytest.mark.parametrize(
    "changes, sentence",
    [
        (
            inline(["y", "w"], [[1, 2], [1]]),
            "inputs.inline.rows: row 2 is [1]; it must be a list of 2 values",
        ),
        (inline(["y", "y"], [[1, 2]]), "inputs.inline.columns names 'y' twice"),
        (inline(["y"], [[{"a": 1}]]), "row 1 has {'a': 1} in column 'y'"),
        (inline(["y"], [[1e400]]), "row 1 has inf in column 'y'"),
        (inline("y", [[1]]), "inputs.inline.columns is 'y'; it must be a list of column names"),
        (inline(["y"], []), "inputs.inline.rows is []; it must be a list of rows"),
        ({"title": ["per-school"]}, "the case's title is ['per-school']; it must be a text"),
        ({"inputs": {"file": ["a.csv"]}}, "inputs.file is ['a.csv']; it must be the name of a file"),
        ({"inputs": {"file": "长" * 300}}, "it must be the name of a file"),
        (
            {"design": {"type": "simple", "weight": "组"}},
            "row 1 of column '组' holds '甲'; it must be a number",
        ),
        (
            {"adjust": [{"op": "rake", "margins": [{"column": "组", "totals": {"甲": "ten"}}]}]},
            "adjust.rake.margins is",
        ),
        (
            {"adjust": [{"op": "poststratify", "by": "组", "totals": [{"cell": "甲", "N": 3}]}]},
            "adjust.poststratify.totals is",
        ),
        (
            {"adjust": [{"op": "poststratify", "by": "组", "totals": [{"cell": {"x": "甲"}, "N": 3}]}]},
            "'组' is missing",
        ),
        (
            {"parameters": {"variable": "y", "domain": {"column": "组", "values": [["甲"]]}}},
            "parameters.domain is",
        ),
    ],
)
def test_a_wrong_value_is_named_with_its_place(changes, sentence):
    error = told(**changes)
    assert sentence in error
    assert "Error" not in error


def test_counts_in_the_plan_take_no_key_that_is_not_read():
    found = run_plan(
        {
            "estimator": "unweighted_proportion_ci",
            "inputs": {"inline": {"successes": 8, "n": 10, "confidence": 0.9}},
        }
    )
    assert found["error"] == "inputs.inline.confidence is not used here; known are successes, n, level"


def test_a_county_takes_its_domain_in_the_words_of_the_reference_cases():
    case = next(case for case in golden_cases() if case.id == "P-county_a-strata-fpc-school-parent")
    found = run_plan(case.plan() | {"title": ""}, base=GOLDEN)
    assert found["S01"]["idx_overall"]["se"] == pytest.approx(
        case.expected["S01"]["idx_overall"]["se"], rel=1e-7
    )
    other = run_plan(case.plan() | {"parameters": case.parameters | {"domain": "q1 == 5"}}, base=GOLDEN)
    assert "parameters.domain of a county is 'audience = … and school'" in other["error"]


@pytest.mark.parametrize("weight", ["equal", "none", "1 (all rows alike)", "1"])
def test_equal_weights_may_be_said_in_words(weight):
    found = run_plan(CASE | {"design": {"type": "stratified", "strata": "组", "weight": weight}})
    assert found["estimate"] == pytest.approx(0.75)


def test_a_key_that_is_not_a_number_comes_back_as_null():
    assert run_plan(CASE | {"estimator": float("nan")})["estimator"] is None


@pytest.mark.parametrize("text", ["[" * 100_000, '{"estimator": ' + "9" * 5000 + "}", "\udcff", ""])
def test_a_plan_that_cannot_be_parsed_is_refused_in_a_sentence(tmp_path, text):
    path = tmp_path / "plan.json"
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    with pytest.raises(PlanError, match="is not valid JSON"):
        read_plan(path)


@pytest.mark.parametrize(
    "parameters, sentence",
    [
        ({"indicator": "y == 1", "rows": "组 == '甲'"}, "write 'domain ' before an expression"),
        ({"indicator": "组"}, "write a comparison such as 组 =="),
    ],
)
def test_an_indicator_and_its_rows_are_expressions(parameters, sentence):
    assert sentence in told(estimator="proportion_ci", parameters=parameters)
