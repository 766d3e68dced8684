"""Plans: where tables are found, what is refused and in which words, verdicts, the documented examples."""

import gzip
import json
from pathlib import Path

import pytest

from scoring.plans import PlanError, run_plan
from scoring.plans.runner import read_plan
from scoring.plans.sources import read_table
from tests.golden_cases import GOLDEN, golden_case, read_data

EXAMPLES = Path(__file__).parents[3] / "docs" / "examples"
STRATIFIED = golden_case("P-mean-strat-api00").plan()


def test_the_table_on_the_command_line_stands_in_for_the_named_one(tmp_path):
    read_data("api_strat").head(120).to_csv(tmp_path / "mine.csv", index=False)
    result = run_plan(STRATIFIED, base=GOLDEN, data=tmp_path / "mine.csv")
    assert result["n"] == 120


def test_a_folder_on_the_command_line_holds_the_named_tables(tmp_path):
    result = run_plan(STRATIFIED, base=tmp_path, data=GOLDEN)
    assert result["n"] == 200


def test_a_plan_that_names_several_tables_keeps_them(tmp_path):
    other = golden_case("P-mean-clus1-api00").plan()
    results = run_plan({"cases": [STRATIFIED, other]}, base=tmp_path, data=GOLDEN / "data/api_strat.csv.gz")
    assert [r["n"] for r in results] == [200, 183]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
@pytest.mark.parametrize("packed", [False, True])
def test_chinese_tables_are_read_in_the_encodings_counties_use(tmp_path, encoding, packed):
    text = "学校;满意\n第一小学;是\n第二小学;\n".encode(encoding)
    path = tmp_path / ("answers.csv.gz" if packed else "answers.csv")
    path.write_bytes(gzip.compress(text) if packed else text)
    frame = read_table(path)
    assert list(frame.columns) == ["学校", "满意"]
    assert frame["满意"].isna().tolist() == [False, True]


def test_na_among_numbers_is_a_missing_number_and_among_words_a_word(tmp_path):
    (tmp_path / "answers.csv").write_text("score,country\n4,NA\nNA,DE\n5,CN\n")
    frame = read_table(tmp_path / "answers.csv")
    assert frame["score"].isna().tolist() == [False, True, False]
    assert frame["country"].tolist() == ["NA", "DE", "CN"]


def test_a_workbook_is_read(tmp_path):
    read_data("api_strat").to_excel(tmp_path / "answers.xlsx", index=False)
    result = run_plan(STRATIFIED, data=tmp_path / "answers.xlsx")
    assert result["estimate"] == pytest.approx(662.287363159321)


def test_a_file_that_is_no_table_is_refused(tmp_path):
    (tmp_path / "answers.pdf").write_bytes(b"%PDF")
    with pytest.raises(PlanError, match=r"\.pdf"):
        read_table(tmp_path / "answers.pdf")


def changed(**changes):
    return STRATIFIED | changes


@pytest.mark.parametrize(
    "plan, words",
    [
        ({"estimator": "magic"}, "known are"),
        (changed(design=None), "declares no design"),
        (changed(design={"type": "stratified", "weight": "pw"}), "design.strata names no column"),
        (changed(design={"type": "one_stage_cluster", "weight": "pw"}), "design.psu names no column"),
        (changed(design={"type": "simple", "weight": "pw", "strata": "stype"}), "leave one out"),
        (changed(design={"weight": "pw"}), "design.type is missing"),
        (changed(design={"type": "two_stage", "psu": ["dnum"]}), "it needs two"),
        (changed(design={"type": "stratified", "strata": "stype", "weight": "pww"}), "no column 'pww'"),
        (changed(parameters={}), "parameters.variable is missing"),
        (changed(parameters={"variable": "api2000"}), "no column 'api2000'"),
        (changed(parameters={"variable": "api00 +"}), "ends too early"),
        (changed(parameters={"variable": "system(1)"}), "function 'system' is unknown"),
        (changed(adjust=[{"op": "magic"}]), "allowed are poststratify"),
        (changed(inputs={}), "names no table"),
        (
            changed(design={"type": "stratified_cluster", "strata": "stype", "psu": ["dnum"]}),
            "more than one stratum",
        ),
        (
            changed(design={"type": "stratified", "strata": "stype", "fpc_population_size": ["fpc", "pw"]}),
            "1 stage",
        ),
        (
            changed(design={"type": "stratified", "strata": "snum", "weight": "pw"}),
            "only one sampling unit",
        ),
    ],
)
def test_what_cannot_be_computed_is_said_in_words(plan, words):
    result = run_plan(plan, base=GOLDEN)
    assert words in result["error"]
    assert "estimate" not in result


def test_margins_that_disagree_are_refused_with_both_totals():
    margins = [
        {"column": "stype", "totals": {"E": 4421, "H": 755, "M": 1018}},
        {"column": "sch_wide", "totals": {"No": 1072, "Yes": 6000}},
    ]
    result = run_plan(changed(adjust=[{"op": "rake", "margins": margins}]), base=GOLDEN)
    assert "6194" in result["error"] and "7072" in result["error"]


def test_a_share_is_judged_when_a_threshold_is_given():
    plan = changed(parameters={"variable": "api00 > 400", "threshold": 0.85})
    result = run_plan(plan, base=GOLDEN)
    assert result["verdict"] == "met"
    assert result["lower_one_sided"] >= 0.85
    assert run_plan(STRATIFIED, base=GOLDEN)["verdict"] is None


def test_keys_beside_the_cases_stand_in_for_what_a_case_leaves_out():
    plan = {
        "inputs": STRATIFIED["inputs"],
        "design": STRATIFIED["design"],
        "cases": [{"estimator": "mean", "parameters": {"variable": v}} for v in ("api00", "api99")],
    }
    assert [round(r["estimate"], 3) for r in run_plan(plan, base=GOLDEN)] == [662.287, 629.395]


def test_a_bare_list_in_a_file_counts_as_cases(tmp_path):
    (tmp_path / "plan.json").write_text(json.dumps([STRATIFIED, STRATIFIED]))
    assert len(run_plan(read_plan(tmp_path / "plan.json"), data=GOLDEN)) == 2


def test_a_plan_that_is_no_json_is_refused(tmp_path):
    (tmp_path / "plan.json").write_text("{estimator: mean}")
    with pytest.raises(PlanError, match="not valid JSON"):
        read_plan(tmp_path / "plan.json")


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.json")), ids=lambda path: path.stem)
def test_documented_examples_run(path):
    results = run_plan(read_plan(path), base=path.parent)
    for result in results if isinstance(results, list) else [results]:
        assert "error" not in result
        json.dumps(result, allow_nan=False)
    assert f"`{path.name}`" in (EXAMPLES.parent / "score-file.md").read_text(encoding="utf-8")


def test_every_estimator_is_documented():
    from scoring.plans import estimators

    text = (EXAMPLES.parent / "score-file.md").read_text(encoding="utf-8")
    hidden = {"cronbach_alpha_weighted_county"}
    assert [name for name in estimators() if f"`{name}`" not in text and name not in hidden] == []
