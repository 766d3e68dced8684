"""Plans: where tables are found, what is refused and in which words, verdicts, the documented examples."""

import gzip
import json
from decimal import Decimal
from pathlib import Path

import pandas as pd
import pytest
from scipy import stats

from scoring.numeric.fay_herriot import fay_herriot
from scoring.plans import PlanError, run_plan
from scoring.plans.runner import read_plan
from scoring.plans.sources import read_table
from tests.golden_cases import GOLDEN, assert_matches, golden_case, golden_cases, read_data

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


@pytest.mark.parametrize("case_id", ["P-mean-strat-api00", "P-domain-mean-strat-enroll-awards-Yes"])
def test_a_reference_case_reads_its_table_as_parquet(tmp_path, case_id):
    """Words as a dictionary, a nullable and a decimal column: as other programs write Parquet."""
    case = golden_case(case_id)
    frame = read_data("api_strat").astype({"stype": "category", "api00": "Int64"})
    frame["pw"] = [Decimal(str(round(weight, 6))) for weight in frame["pw"]]
    frame.to_parquet(tmp_path / "api_strat.parquet")
    plan = case.plan() | {"inputs": {"file": "api_strat.parquet"}}
    assert_matches(run_plan(plan, base=tmp_path), case)
    named = case.plan()  # the table on the command line stands in for the named one
    assert_matches(run_plan(named, base=GOLDEN, data=tmp_path / "api_strat.parquet"), case)


def test_missing_words_and_numbers_of_parquet_are_missing(tmp_path):
    frame = pd.DataFrame({"满意": ["是", "", None], "分": pd.array([1, None, 3], dtype="Int64")})
    frame.to_parquet(tmp_path / "answers.parquet")
    found = read_table(tmp_path / "answers.parquet")
    assert found["满意"].isna().tolist() == [False, True, True]
    assert found["分"].dtype == float and found["分"].isna().tolist() == [False, True, False]


@pytest.mark.parametrize("name", ["answers.xlsx.gz", "answers.parquet.gz", "answers.csv.gz"])
def test_any_table_may_be_packed(tmp_path, name):
    plain = tmp_path / name.removesuffix(".gz")
    frame = pd.DataFrame({"学校": ["一小", "二小"], "满意": [1, 0]})
    {"xlsx": frame.to_excel, "parquet": frame.to_parquet, "csv": frame.to_csv}[plain.suffix[1:]](
        plain, index=False
    )
    (tmp_path / name).write_bytes(gzip.compress(plain.read_bytes()))
    assert read_table(tmp_path / name).to_dict("list") == {"学校": ["一小", "二小"], "满意": [1, 0]}


@pytest.mark.parametrize("suffix", [".xlsx", ".xls", ".ods", ".parquet", ".csv.gz", ".xlsx.gz"])
@pytest.mark.parametrize("content", [b"", b"PAR1 but nothing behind it", b"PK\x03\x04 broken"])
def test_a_file_that_is_not_what_its_name_says_is_refused_by_name(tmp_path, suffix, content):
    path = tmp_path / f"answers{suffix}"
    path.write_bytes(content)
    with pytest.raises(PlanError, match="answers"):
        read_table(path)


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


@pytest.mark.parametrize(
    "plan, words",
    [
        (changed(parameters={"variable": 3}), "parameters.variable is 3; it must be a text"),
        (changed(parameters={"variable": "api00", "level": 95}), "a number between 0 and 1"),
        (changed(parameters={"variable": "api00", "domain": {}}), "an object with 'column'"),
        (changed(design={"type": "stratified", "strata": 3}), "design.strata is 3"),
        (changed(adjust=[{"op": "rake"}]), "adjust.rake: 'margins' is missing"),
        (changed(adjust=[{"op": "calibrate", "formula": 3, "totals": {}}]), "adjust.calibrate.formula is 3"),
        (changed(adjust={"op": "rake"}), "'adjust' must be a list"),
        (changed(inputs="x"), "'inputs' must be an object"),
        ({"estimator": "multiple_testing", "inputs": {"inline": {}}}, "inputs.inline.p must be a list"),
        (
            {"estimator": "sample_size_one_sided", "inputs": {"inline": {"p_true": 0.9, "powr": 0.8}}},
            "inputs.inline.powr is not used here; known are p_true",
        ),
        (
            {"estimator": "finite_population_exact_ci", "inputs": {"inline": {"successes": 1, "n": 2}}},
            "inputs.inline.population is missing",
        ),
        (
            {"estimator": "unweighted_proportion_ci", "inputs": {"inline": {"successes": 0, "n": 0}}},
            "without an answer there is no share",
        ),
        (
            {
                "estimator": "alpha_spending_bounds",
                "inputs": {"inline": {"information_fractions": [0.5, 1]}},
                "parameters": {"alpha": 0.025, "spending": "alpha t^2"},
            },
            "parameters.spending is 'alpha t^2'; known are obf",
        ),
    ],
)
def test_a_wrong_kind_of_value_is_named_with_what_is_allowed(plan, words):
    assert words in run_plan(plan, base=GOLDEN)["error"]


@pytest.mark.parametrize("level", [0.9, 0.99])
def test_the_level_of_the_plan_reaches_every_interval(level):
    """Two estimates ± t·se at two levels: the half widths stand to each other as the quantiles of t."""
    seen = 0
    for case in golden_cases(
        ["ratio", "by_group_mean", "composite_mean", "raked_mean_total", "trend_difference"]
    ):
        plan = case.plan()
        other = plan | {"parameters": plan["parameters"] | {"level": level}}
        for one, two in zip(
            entries(run_plan(plan, base=GOLDEN)), entries(run_plan(other, base=GOLDEN)), strict=True
        ):
            assert one["estimate"] == two["estimate"]
            df = one["df"]
            ratio = stats.t.ppf(0.5 + level / 2, df) / stats.t.ppf(0.975, df)
            assert width(two["ci_t"]) == pytest.approx(width(one["ci_t"]) * ratio, rel=1e-9)
            seen += 1
    assert seen > 50


def entries(result):
    """Every object with a t interval inside a result."""
    if isinstance(result, list):
        return [found for one in result for found in entries(one)]
    if not isinstance(result, dict):
        return []
    inside = [found for one in result.values() for found in entries(one)]
    return [result, *inside] if result.get("ci_t") else inside


def width(interval):
    return interval[1] - interval[0]


def test_a_broken_case_leaves_the_others_alone():
    results = run_plan({"cases": [{"inputs": "x"}, {"estimator": ["mean"]}, 3, STRATIFIED]}, base=GOLDEN)
    assert ["error" in result for result in results] == [True, True, True, False]


@pytest.mark.parametrize(("method", "same_as"), [("ML", "ML"), ("PM", "moment"), ("REML", "REML")])
def test_the_area_model_uses_the_method_that_the_plan_names(method, same_as):
    plan = golden_case("P-fay-herriot-REML-covariates-county_a").plan()
    plan["parameters"] = plan["parameters"] | {"method": method}
    rows = pd.DataFrame(plan["inputs"]["inline"]["rows"], columns=plan["inputs"]["inline"]["columns"])
    wanted = fay_herriot(
        rows["y"], variance=rows["v"], covariates=rows[["log_pupils", "town", "urban"]], method=same_as
    )
    assert run_plan(plan)["sigma2_area"] == pytest.approx(wanted.sigma2_area, rel=1e-12)


def test_the_level_of_the_tuning_moves_the_mixture_and_not_the_asymptotic_sequence():
    plan = golden_case("P-confseq-normal-0.872-900").plan()
    before = run_plan(plan)
    plan["inputs"] = {"inline": plan["inputs"]["inline"] | {"alpha_opt": 0.2}}
    after = run_plan(plan)
    assert after["two_sided"]["boundary"] > before["two_sided"]["boundary"]
    assert after["asympcs_two_sided"] == before["asympcs_two_sided"]


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


def test_a_score_is_judged_by_t_bounds_and_a_total_not_at_all():
    found = run_plan(changed(parameters={"variable": "api00", "threshold": 640}), base=GOLDEN)
    wanted = golden_case("P-mean-strat-api00").expected
    spread = stats.t.ppf(0.95, wanted["df"]) * wanted["se"]
    # The stratified design is better than a simple sample, whose variance is the floor of the verdict's.
    assert found["lower_one_sided"] <= wanted["estimate"] - spread
    assert found["verdict"] == ("met" if found["lower_one_sided"] >= 640 else "undetermined")
    total = golden_case("P-total-strat-api00").plan()
    refused = run_plan(total | {"parameters": total["parameters"] | {"threshold": 0.85}}, base=GOLDEN)
    assert "a total has no limit" in refused["error"]


def test_a_composite_of_groups_is_judged_with_every_group_smoothed():
    plan = golden_case("P-composite-strat_fpc-api00-stype").plan()
    plan["parameters"] = plan["parameters"] | {
        "variable": "api00 > 500", "shares": {"E": 0.5, "H": 0.25, "M": 0.25}, "threshold": 0.8,
    }  # fmt: skip
    found = run_plan(plan, base=GOLDEN)
    assert found["verdict"] in ("met", "not_met", "undetermined")
    assert found["lower_one_sided"] < found["estimate"] < found["upper_one_sided"]
    # A difference of groups is no share: it cannot be judged.
    plan["parameters"] = plan["parameters"] | {"shares": {"E": 1, "H": -1}}
    assert "error" in run_plan(plan, base=GOLDEN)


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
