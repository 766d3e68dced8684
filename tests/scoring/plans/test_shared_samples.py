"""Cases of one plan share tables and samples; every one gets what it would get alone."""

from itertools import pairwise

import pandas as pd

from scoring.plans import run_plan
from tests.golden_cases import GOLDEN, golden_case, golden_cases, read_data

RAKED = golden_case("P-rake-clus1_fpc-api00-stype.sch_wide").plan()
STRATIFIED = golden_case("P-mean-strat-api00").plan()


def together_and_alone(cases, **where):
    return run_plan({"cases": cases}, **where), [run_plan(case, **where) for case in cases]


def test_every_reference_case_gives_in_one_plan_what_it_gives_alone():
    together, alone = together_and_alone([case.plan() for case in golden_cases()], base=GOLDEN)
    assert together == alone


def test_cases_that_differ_in_design_adjustment_or_rule_do_not_share_a_sample():
    """Every pair of neighbours differs in one thing that the sample depends on."""
    design = {"type": "stratified", "weight": "pw", "strata": "stype"}
    totals = {"E": 4421, "H": 755, "M": 1018}
    linear = {"op": "calibrate", "formula": "~ stype + api99", "distance": "linear"}
    linear |= {"totals": {"(Intercept)": 6194, "stypeH": 755, "stypeM": 1018, "api99": 3914069}}
    changes = [
        {"design": design},
        {"design": design | {"fpc_population_size": ["fpc"]}},
        {"design": design, "adjust": [{"op": "poststratify", "by": "stype", "totals": totals}]},
        {"design": design, "adjust": [{"op": "poststratify", "by": "stype", "totals": totals | {"E": 4000}}]},
        {"design": design, "adjust": [linear]},
        {"design": design, "adjust": [linear | {"distance": "raking"}]},
        {"design": design, "adjust": [{"op": "trim", "upper": 30}]},
    ]
    cases = [STRATIFIED | change for change in changes]
    together, alone = together_and_alone(cases + cases[::-1], base=GOLDEN)
    assert together == alone
    figures = [(one["estimate"], one["se"], one.get("weights")) for one in together[: len(cases)]]
    assert all(one != other for one, other in pairwise(figures))


def test_the_rule_for_single_units_is_the_cases_own():
    frame = read_data("api_strat").groupby("stype").head(20)
    rows = pd.concat([frame, frame.head(1).assign(stype="alone")])[["stype", "pw", "api00"]]
    plan = {
        "inputs": {"inline": {"columns": list(rows.columns), "rows": rows.to_numpy().tolist()}},
        "design": {"type": "stratified", "weight": "pw", "strata": "stype"},
        "estimator": "mean",
    }
    rules = ["adjust", "certainty", "average", "fail"]
    cases = [{"parameters": {"variable": "api00", "single_unit_stratum": rule}} for rule in rules]
    results = run_plan(plan | {"cases": cases})
    assert len({one.get("se") for one in results}) == 4
    assert "only one sampling unit" in results[3]["error"]


def test_a_warning_stands_in_every_case_that_it_concerns_and_in_no_other():
    unweighted = {"type": "stratified", "strata": "stype"}
    cases = [
        STRATIFIED | {"design": unweighted},
        STRATIFIED,
        STRATIFIED | {"design": unweighted, "parameters": {"variable": "api99"}},
        STRATIFIED | {"design": unweighted, "inputs": STRATIFIED["inputs"] | {"rows": 5}},
        STRATIFIED | {"design": unweighted},
    ]
    found = [result["warnings"] for result in run_plan({"cases": cases}, base=GOLDEN)]
    counted = "the design names no weight: every row counts the same"
    rows = "the plan speaks of 5 rows, the table has 200"
    assert found == [[counted], [], [counted], [rows, counted], [counted]]


def test_a_case_that_cannot_be_weighted_says_so_every_time_and_spoils_no_other():
    margin = {"column": "stype", "totals": {"E": 4421, "H": 755, "M": 1018, "X": 5}}
    impossible = RAKED | {"adjust": [{"op": "rake", "margins": [margin]}]}
    results = run_plan({"cases": [impossible, RAKED, impossible]}, base=GOLDEN)
    assert [result.get("code") for result in results] == [
        "empty_margin_category",
        None,
        "empty_margin_category",
    ]
    assert results[0] == results[2] and results[1] == run_plan(RAKED, base=GOLDEN)
