"""Published and worked cases of the field, through the public functions and through evaluate_file."""

import json
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from analysis.facts import measure
from analysis.splitting import stage_shares
from analysis.standard import shipped_standard
from scoring.numeric.dispersion import between_school_cv, composite_cv, describe_dispersion
from scoring.numeric.quotas import audience_quotas, sample_size_by_population
from scoring.numeric.recode import cell_sums, score_vector
from tests.analysis.counties import (
    QUALITY,
    SEVEN,
    criterion,
    evaluate_file,
    good_items,
    judged,
    junior,
    primary,
    stage_of,
)

FILE = Path(__file__).parents[1] / "policy_cases" / "policy_cases.json"
CASES = {case["id"]: case for case in json.loads(FILE.read_text(encoding="utf-8"))["cases"]}
CHINESE_INDICATORS = {
    indicator.name["zh-hans"]: key for key, indicator in shipped_standard(QUALITY).indicators.items()
} | {"每百名学生拥有体育、艺术专任教师数": "pe_art_per_100"}


def case(name: str) -> tuple[dict, dict, dict]:
    found = CASES[name]
    return found["inputs"], found["expected"], found["tolerance"]


def test_no_case_is_left_out() -> None:
    covered = {
        "cv-books-5-schools", "jiujiang-2023-primary", "sample-size-rule", "xushui-school-ratios",
        "mean-score-20-100-bounds", "junior-school-4508", "floor-85-percent", "school-6-of-7-synthetic",
        "split-nine-year-school", "consolidation-rate-two-formulas",
    }  # fmt: skip
    assert covered == set(CASES)


def test_five_schools_books_are_dispersed_as_published(tmp_path: Path) -> None:
    inputs, expected, tolerance = case("cv-books-5-schools")
    schools = inputs["schools"]
    amounts, pupils = [s["amount"] for s in schools], [s["pupils"] for s in schools]
    found = describe_dispersion(amounts, pupils)
    assert found.pupils == expected["total_pupils"]
    assert found.amount == expected["total_amount"]
    assert found.per_pupil == pytest.approx(expected["per_pupil"], abs=tolerance["per_pupil"])
    assert found.county_mean == pytest.approx(expected["county_mean"], abs=tolerance["county_mean"])
    terms = np.array(pupils) / found.pupils * (found.per_pupil - found.county_mean) ** 2
    assert terms == pytest.approx(expected["weighted_square_terms"], abs=tolerance["weighted_square_terms"])
    assert found.variance == pytest.approx(expected["variance"], abs=tolerance["variance"])
    assert found.sd == pytest.approx(expected["sd"], abs=tolerance["sd"])
    assert between_school_cv(amounts, pupils) == pytest.approx(expected["cv_4dp"], abs=tolerance["cv_4dp"])

    rows = [
        {"school": s["name"], "stage": "小学", "public": "公办", "pupils": s["pupils"], "books": s["amount"]}
        for s in schools
    ]
    result = evaluate_file(tmp_path, rows, standard="basic-balance-2012-sichuan")
    books = next(
        one
        for one in result["dispersions"]
        if one["indicator"] == "books_per_pupil" and one["stage"] == "primary"
    )
    assert books["cv"] == pytest.approx(expected["cv_4dp"], abs=tolerance["cv_4dp"])
    assert books["mean"] == pytest.approx(expected["county_mean"], abs=tolerance["county_mean"])
    assert books["sd"] == pytest.approx(expected["sd"], abs=tolerance["sd"])


def test_jiujiang_fails_by_a_coefficient_that_rounding_would_pass(tmp_path: Path) -> None:
    inputs, expected, tolerance = case("jiujiang-2023-primary")
    keys = [CHINESE_INDICATORS[name] for name in inputs["indicators"]]
    items = {}
    for key, mean, sd in zip(keys, inputs["county_mean"], inputs["sd"], strict=True):
        items |= {f"{key}.primary.mean": mean, f"{key}.primary.sd": sd}
    result = evaluate_file(tmp_path, [{"school": "鸠江区", "stage": "小学"}], items=items)
    dispersions = {one["indicator"]: one for one in result["dispersions"] if one["stage"] == "primary"}
    found = [dispersions[key] for key in keys]
    assert [one["cv"] for one in found] == pytest.approx(expected["cv"], abs=tolerance["cv"])
    assert [one["verdict"] == "met" for one in found] == expected["cv_pass"]
    assert {one["origin"] for one in found} == {"given"}
    composite = next(one["value"] for one in result["composites"] if one["stage"] == "primary")
    assert composite == pytest.approx(expected["composite"], abs=tolerance["composite"])
    assert composite_cv([one["cv"] for one in found]) == composite
    assert criterion(result, "between_schools")["verdict"] == "not_met"
    assert result["verdict"] == "not_met"
    assert not expected["all_pass"]


def test_county_means_below_a_school_threshold_are_those_the_case_names() -> None:
    inputs, expected, _ = case("jiujiang-2023-primary")
    rule = shipped_standard(QUALITY).criterion("seven_indicators").rule
    below = []
    for name, mean in zip(inputs["indicators"], inputs["county_mean"], strict=True):
        limit = rule.limits[CHINESE_INDICATORS[name]]
        number = next(number for when, number in limit.cases if when.stages == ("primary",))
        if not limit.is_reached(Fraction(str(mean)), number):
            below.append(name)
    assert below == expected["county_mean_below_school_threshold"]


def test_sample_sizes_follow_the_rule() -> None:
    inputs, expected, _ = case("sample-size-rule")
    sizes = [sample_size_by_population(one["resident_population"]) for one in inputs["cases"]]
    assert sizes == expected["n"]
    parents = [
        audience_quotas(n, shares={"parent": 0.5, "teacher": 0.25, "deputy": 0.25})["parent"] for n in sizes
    ]
    assert parents == expected["parents_min"]


HEBEI = {
    # Limits made up for the test, at what the school has: Hebei's own are settings.
    "site_area": 20, "building_area": 5, "labs": 2, "equipment": 365, "computers": 10, "books": 25,
    "pupils_per_teacher": 21, "qualified": 1, "higher_degree": "0.85", "retention": "0.99",
}  # fmt: skip


def test_xushui_school_meets_all_ten(tmp_path: Path) -> None:
    inputs, expected, tolerance = case("xushui-school-ratios")
    row = {
        "school": "义联庄乡中心小学", "stage": "小学", "pupils": inputs["pupils"],
        "site_area_m2": inputs["site_area_m2"], "building_area_m2": inputs["building_area_m2"],
        "labs": inputs["published"]["实验室"], "equipment": inputs["published"]["仪器生均"],
        "computers": 477 // 3, "books_per_pupil": inputs["published"]["图书生均"],
        "pupils_per_teacher": inputs["published"]["师生比"],
        "qualified_share": "100%", "higher_degree_share": "100%", "year_retention": "100%",
    }  # fmt: skip
    arguments = [f"--setting={key}_primary={value}" for key, value in HEBEI.items()]
    result = evaluate_file(tmp_path, [row], standard="hebei-school-standard", arguments=arguments)
    school = stage_of(result, "义联庄乡中心小学", "primary")
    found = {one["key"]: one for one in school["findings"][0]["indicators"]}
    for key, name in (("site_area", "site_area_per_pupil"), ("building_area", "building_area_per_pupil")):
        assert found[key]["value"] == pytest.approx(expected[name], abs=tolerance[name])
    assert found["pupils_per_teacher"]["value"] == 9.5
    assert (all(one["verdict"] == "met" for one in found.values()), len(found)) == (
        expected["all_10_met"],
        10,
    )
    assert school["verdict"] == "met"


def test_mean_score_of_2005_lies_within_its_bounds() -> None:
    inputs, expected, tolerance = case("mean-score-20-100-bounds")
    codes = list(inputs["scores"])
    low, high = round(inputs["low_share"] * 1000), round(inputs["high_share"] * 1000)
    worst = {"很不满意": low, "一般": 1000 - low - high, "比较满意": high}
    best = {"不太满意": low, "一般": 1000 - low - high, "非常满意": high}
    counts = np.array([[answers.get(code, 0) for code in codes] for answers in (worst, best)])
    sums = cell_sums(counts, score_vector(codes, inputs["scores"]))
    bounds = sums.S1 / sums.R
    assert bounds == pytest.approx(expected["bounds"], abs=tolerance["bounds"])
    assert bounds[0] <= expected["published_score"] <= bounds[1]
    satisfied = cell_sums(counts, score_vector(codes, {code: inputs["scores"][code] > 60 for code in codes}))
    assert pytest.approx([inputs["high_share"]] * 2) == satisfied.S1 / satisfied.R


def test_junior_school_of_4508_pupils_fails_by_size_and_by_class(tmp_path: Path) -> None:
    inputs, expected, tolerance = case("junior-school-4508")
    row = {
        "school": "XX学校", "stage": inputs["stage"], "pupils": inputs["pupils"],
        "classes": inputs["classes"], "classes_over_50": inputs["classes_over_50"],
        "classes_over_55": inputs["classes_over_55"], "classes_over_65": inputs["classes_over_65"],
    }  # fmt: skip
    result = evaluate_file(tmp_path, [row])
    whole = {one["criterion"]: one for one in result["schools"][0]["findings"]}
    assert whole["music_rooms"]["limit"] == expected["music_rooms_required"]
    assert whole["art_rooms"]["limit"] == expected["art_rooms_required"]
    assert (whole["school_size"]["verdict"] == "met") == expected["size_ok"]
    assert whole["school_size"]["limit"] == 2000  # 2500 is for nine- and twelve-year schools
    classes = next(
        one for one in result["schools"][0]["stages"][0]["findings"] if one["criterion"] == "class_size"
    )
    assert (classes["verdict"] == "met") == expected["class_size_ok"]
    assert classes["value"] == pytest.approx(expected["mean_class_size"], abs=tolerance["mean_class_size"])
    # The same without any count of large classes: the mean class alone is above the limit.
    bare = {key: row[key] for key in ("school", "stage", "pupils", "classes")}
    assert criterion(evaluate_file(tmp_path, [bare]), "class_size")["verdict"] == "not_met"


def test_floors_are_not_rounded(tmp_path: Path) -> None:
    inputs, expected, tolerance = case("floor-85-percent")
    rule = shipped_standard(QUALITY).criterion("seven_indicators").rule
    assert rule.floor_share == Fraction(str(inputs["floor_ratio"]))
    for stage in ("primary", "junior"):
        for name, number, floor in zip(
            inputs["indicators"], inputs[stage], expected[f"{stage}_floor"], strict=True
        ):
            limit = rule.limits[CHINESE_INDICATORS[name]]
            limit_number = {when.stages[0]: number for when, number in limit.cases}[stage]
            assert limit_number == Fraction(str(number))
            assert float(limit.floor(limit_number, rule.floor_share)) == pytest.approx(
                floor, abs=tolerance["floor"]
            )
    # 4.507 lies between the floor and the 4.51 that a district prints: it passes here.
    at_4_507 = junior("甲", pupils=1000, teachers_above_degree="45.07")
    assert stage_of(evaluate_file(tmp_path, [at_4_507]), "甲", "junior")["verdict"] == "met"


@pytest.mark.parametrize("pupils", [1000, 737])
def test_six_of_seven_at_the_edge(tmp_path: Path, pupils: int) -> None:
    inputs, expected, _ = case("school-6-of-7-synthetic")
    rows = []
    for school in inputs["schools"]:
        row = {"school": school["name"], "stage": inputs["stage"], "pupils": pupils}
        for (key, column), value in zip(SEVEN.items(), school["values"], strict=True):
            times = shipped_standard(QUALITY).indicators[key].times
            row[column] = str(Fraction(str(value)) * pupils / times)
        rows.append(row)
    result = evaluate_file(tmp_path, rows)
    verdicts = [stage_of(result, school["name"], "primary")["verdict"] for school in inputs["schools"]]
    assert verdicts == [{"达标": "met", "不达标": "not_met"}[word] for word in expected["verdict"]]
    met = [stage_of(result, name, "primary")["findings"][0]["value"] for name in "ABCD"]
    assert met == [7, 6, 6, 5]


def test_the_same_ratios_given_as_ratios_lead_to_the_same_verdicts(tmp_path: Path) -> None:
    inputs, expected, _ = case("school-6-of-7-synthetic")
    rows = [
        {"school": one["name"], "stage": "小学", **dict(zip(SEVEN, one["values"], strict=True))}
        for one in inputs["schools"]
    ]
    result = evaluate_file(tmp_path, rows)
    verdicts = [stage_of(result, one["name"], "primary")["verdict"] for one in inputs["schools"]]
    assert verdicts == [{"达标": "met", "不达标": "not_met"}[word] for word in expected["verdict"]]


NINE_YEAR = {"school": "某校", "school_type": "九年一贯制"}


def _as_one_row(inputs: dict) -> list[dict]:
    pupils = {"pupils_primary": inputs["pupils"]["小学"], "pupils_junior": inputs["pupils"]["初中"]}
    shared = {key: inputs[key] for key in ("teaching_area_m2", "equipment_yuan")}
    return [{**NINE_YEAR, **pupils, **shared}]


def _as_repeated_rows(inputs: dict) -> list[dict]:
    shared = {key: inputs[key] for key in ("teaching_area_m2", "equipment_yuan")}
    return [{**NINE_YEAR, "stage": s, "pupils": n, **shared} for s, n in inputs["pupils"].items()]


def _as_merged_rows(inputs: dict) -> list[dict]:
    first, second = _as_repeated_rows(inputs)
    blank = dict.fromkeys(("teaching_area_m2", "equipment_yuan"), "")
    return [first | {"amounts_of": "全校"}, second | blank | {"amounts_of": "全校"}]


@pytest.mark.parametrize("layout", [_as_one_row, _as_repeated_rows, _as_merged_rows])
def test_nine_year_school_is_divided_by_weighted_pupils(tmp_path: Path, layout) -> None:
    inputs, expected, tolerance = case("split-nine-year-school")
    evaluation = judged(layout(inputs))
    rows = {row.stage: row for row in evaluation.facts.rows}
    indicators = evaluation.standard.indicators
    for chinese, stage in (("小学", "primary"), ("初中", "junior")):
        row = rows[stage]
        assert float(row.parts["teaching_area_m2"]) == pytest.approx(
            expected["share"][chinese], abs=tolerance["share"]
        )
        assert float(row.numbers["teaching_area_m2"]) == pytest.approx(
            expected["teaching_area"][chinese], abs=tolerance["teaching_area"]
        )
        area = measure(indicators["teaching_area_per_pupil"], row).value
        assert float(area) == pytest.approx(
            expected["area_per_pupil"][chinese], abs=tolerance["area_per_pupil"]
        )
        assert (
            measure(indicators["equipment_per_pupil"], row).value == expected["equipment_per_pupil"][chinese]
        )
    result = evaluate_file(tmp_path, layout(inputs))
    members = {one["key"]: one for one in stage_of(result, "某校", "primary")["findings"][0]["indicators"]}
    assert members["equipment_per_pupil"]["value"] == expected["equipment_per_pupil"]["小学"]


def test_weights_of_the_split_are_those_of_the_case() -> None:
    inputs, expected, tolerance = case("split-nine-year-school")
    weights = shipped_standard(QUALITY).split["nine_year"]
    assert weights == {"primary": Fraction(1), "junior": Fraction(str(inputs["weights"]["初中"]))}
    shares = stage_shares({"primary": Fraction(900), "junior": Fraction(600)}, weights)
    assert float(shares["primary"]) == pytest.approx(expected["share"]["小学"], abs=tolerance["share"])
    assert sum(shares.values()) == 1


@pytest.mark.parametrize("formula", ["A", "B"])
def test_retention_rate_follows_the_formula_that_is_set_and_says_which(tmp_path: Path, formula: str) -> None:
    inputs, expected, tolerance = case("consolidation-rate-two-formulas")
    result = evaluate_file(
        tmp_path, [{"school": "甲", "stage": "初中"}], items=inputs,
        arguments=[f"--setting=retention_formula={formula}"],
    )  # fmt: skip
    found = criterion(result, "retention")
    assert found["value"] == pytest.approx(expected[f"{formula}_value"], abs=tolerance["value"])
    assert f"口径{formula}" in found["details"]["note"]["zh-hans"]
    assert result["settings"]["retention_formula"] == formula


def test_formula_a_is_the_default() -> None:
    assert shipped_standard(QUALITY).settings["retention_formula"].default == "A"


def test_county_at_every_limit_passes_with_good_items(tmp_path: Path) -> None:
    result = evaluate_file(
        tmp_path, [primary("甲"), primary("乙"), junior("丙")], items=good_items(),
        arguments=["--recognition", "0.85"],
    )  # fmt: skip
    assert [one["key"] for one in result["criteria"] if one["verdict"] != "met"] == []
    assert result["verdict"] == "met"


# 吉林省60个县义务教育学校校际差异系数表, 长春市: coefficients of the eight indicators and their composite,
# printed to three decimals. Order: rooms, sports area, equipment, computers, books, teachers per pupil,
# teachers above the required degree, teachers with a middle title.
JILIN = {
    "南关区 primary": ([0.393, 0.578, 0.372, 0.246, 0.208, 0.311, 0.311, 0.455], 0.359),
    "南关区 junior": ([0.433, 0.464, 0.334, 0.318, 0.433, 0.362, 0.368, 0.335], 0.381),
    "宽城区 primary": ([0.251, 0.426, 0.267, 0.227, 0.127, 0.318, 0.302, 0.440], 0.295),
}


@pytest.mark.parametrize("place", JILIN)
def test_published_composites_of_jilin_are_found_again(tmp_path: Path, place: str) -> None:
    coefficients, composite = JILIN[place]
    county, stage = place.split()
    keys = shipped_standard("basic-balance-2012-sichuan").criterion("composite").rule.indicators
    items = {f"{key}.{stage}.cv": cv for key, cv in zip(keys, coefficients, strict=True)}
    result = evaluate_file(
        tmp_path, [{"school": county, "stage": stage}], standard="basic-balance-2012-sichuan", items=items
    )
    (found,) = [one["value"] for one in result["composites"] if one["stage"] == stage]
    assert found == pytest.approx(composite, abs=0.0005)
    part = next(one for one in criterion(result, "composite")["parts"] if one["stage"] == stage)
    assert part["verdict"] == "met"
