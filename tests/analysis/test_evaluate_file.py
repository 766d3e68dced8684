"""The door for outsiders: files in, stable JSON out, no database; what is wrong is one sentence."""

import io
import json
from pathlib import Path

import openpyxl
import pytest
from django.core.management import CommandError, call_command

from analysis.columns import canonical_columns, text_headings
from analysis.rule_kinds import RULE_KINDS
from analysis.standard_file import LIMITS
from tests.analysis.cases import STANDARD_CASES
from tests.analysis.counties import (
    criterion,
    evaluate_file,
    good_items,
    junior,
    primary,
    stage_of,
    write_csv,
)

# No test here is marked django_db: a query would fail.

TOP = [
    "format", "format_version", "program_version", "standard", "settings", "open_settings", "verdict",
    "sentence", "missing", "areas", "criteria", "dispersions", "composites", "schools", "plan", "outlook",
    "doubts",
]  # fmt: skip


def call(*arguments: str) -> str:
    out = io.StringIO()
    call_command("evaluate_file", *arguments, stdout=out)
    return out.getvalue()


def test_answer_has_the_keys_that_outsiders_rely_on(tmp_path: Path) -> None:
    result = evaluate_file(tmp_path, [primary("甲", backbone_teachers=5), primary("乙"), junior("丙")])
    assert list(result) == TOP
    assert (result["format"], result["format_version"]) == ("renke-evaluation", 1)
    assert result["standard"]["key"] == "quality-balance-2017"
    one = next(
        s for s in result["dispersions"] if (s["indicator"], s["stage"]) == ("backbone_per_100", "primary")
    )
    assert {"cv", "mean", "sd", "schools", "pupils", "amount", "limit", "verdict", "origin"} <= set(one)
    assert (one["mean"], one["schools"], one["pupils"]) == (0.75, 2, 2000)
    assert one["cv"] == pytest.approx(1 / 3)
    school = stage_of(result, "甲", "primary")
    (seven,) = [finding for finding in school["findings"] if finding["criterion"] == "seven_indicators"]
    member = next(one for one in seven["indicators"] if one["key"] == "backbone_per_100")
    assert member == {
        "key": "backbone_per_100", "verdict": "not_met", "value": 0.5, "limit": 1, "floor": 0.85,
        "missing": [],
    }  # fmt: skip
    (lacking,) = school["shortfalls"]
    assert (lacking["column"], lacking["add"], lacking["add_to_floor"]) == ("backbone_teachers", 5, 4)
    assert result["plan"]["schools"] == [
        {
            "school": "甲", "stage": "primary", "ways": 1, "add": {"backbone_teachers": 4},
            "left_below_limit": ["backbone_per_100"], "cost_yuan": None,
        }
    ]  # fmt: skip


def test_areas_criteria_and_schools_have_their_verdicts(tmp_path: Path) -> None:
    result = evaluate_file(
        tmp_path, [primary("甲"), junior("丙")], items=good_items(), arguments=["--recognition", "0.872"]
    )
    assert result["verdict"] == "met"
    assert {area["key"]: area["verdict"] for area in result["areas"]} == {
        "entry": "met", "resources": "met", "government": "met", "quality": "met", "recognition": "met",
        "vetoes": "met",
    }  # fmt: skip
    assert {school["school"]: school["verdict"] for school in result["schools"]} == {"甲": "met", "丙": "met"}
    recognition = criterion(result, "recognition")
    assert (recognition["value"], recognition["unit"]) == (0.872, "share")
    assert recognition["details"]["origin"] == "typed"


def test_evidence_of_an_item_stays_beside_its_finding(tmp_path: Path) -> None:
    county = write_csv(
        tmp_path / "county.csv",
        [{"item": "left_behind_care", "value": "是", "evidence": "关爱台账.pdf 第3页"}],
    )
    schools = write_csv(tmp_path / "schools.csv", [primary("甲")])
    result = json.loads(
        call(
            "--standard",
            "quality-balance-2017",
            "--indicators",
            str(schools),
            "--county",
            str(county),
            "--json",
        )
    )
    assert "关爱台账.pdf 第3页" in criterion(result, "left_behind_and_migrant")["evidence"]


def test_messy_workbook_gives_what_a_clean_table_gives(tmp_path: Path) -> None:
    """A title above, Chinese headings, full-width digits, 万元, a column nobody knows, a total, a note."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["云川县2025年义务教育学校办学条件统计表"])
    sheet.merge_cells("A1:H1")
    sheet.append(["填报单位：县教育局"])
    sheet.append(["学校名称", "学校类型", "在校生数", "教学及辅助用房面积（㎡）", "教学仪器设备值", "联系人"])
    sheet.append(["东街小学", "小学", "１，０００", 4500, "200万元", "张三"])
    sheet.append(["西村小学", "小学", 500, "2000平方米", "—", "李四"])
    sheet.append(["合计", "", 1500, 6500, "", ""])
    sheet.append(["注：设备值为账面原值"])
    book.save(tmp_path / "表.xlsx")
    result = json.loads(
        call("--standard", "quality-balance-2017", "--indicators", str(tmp_path / "表.xlsx"), "--json")
    )
    members = {
        name: {
            one["key"]: one
            for one in stage_of(result, name, "primary")["findings"][0]["indicators"]
        }
        for name in ("东街小学", "西村小学")
    }  # fmt: skip
    assert members["东街小学"]["equipment_per_pupil"]["value"] == 2000
    assert members["东街小学"]["teaching_area_per_pupil"]["value"] == 4.5
    assert members["西村小学"]["equipment_per_pupil"]["missing"] == ["equipment_yuan"]
    assert [school["school"] for school in result["schools"]] == ["东街小学", "西村小学"]
    doubts = " ".join(doubt["en"] for doubt in result["doubts"])
    assert "联系人" in doubts and "合计" in doubts and "注：设备值为账面原值" in doubts


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_text_of_any_usual_encoding_is_read(tmp_path: Path, encoding: str) -> None:
    file = write_csv(tmp_path / "学校.csv", [primary("槐荫镇中心小学")], encoding=encoding)
    result = json.loads(call("--standard", "quality-balance-2017", "--indicators", str(file), "--json"))
    assert result["schools"][0]["school"] == "槐荫镇中心小学"


def test_standard_may_be_a_file_of_ones_own(tmp_path: Path) -> None:
    row = {"school": "甲", "stage": "小学", "pupils": 100, "books": 2500, "teachers": 6}
    result = evaluate_file(tmp_path, [row], standard=str(STANDARD_CASES / "yunxi-2023.toml"))
    assert result["standard"]["key"] == "yunxi-2023"
    assert result["settings"] == {"village_books": 15}


def test_settings_and_prices_are_taken_from_the_command(tmp_path: Path) -> None:
    result = evaluate_file(
        tmp_path, [primary("甲", backbone_teachers=3)],
        arguments=["--setting", "retention_formula=B", "--price", "backbone_teachers=80000"],
    )  # fmt: skip
    assert result["settings"]["retention_formula"] == "B"
    assert result["plan"]["schools"][0]["cost_yuan"] == 6 * 80000  # to the floor of 8.5 teachers


def test_open_settings_are_named(tmp_path: Path) -> None:
    row = {"school": "甲", "stage": "小学", "pupils": 100}
    result = evaluate_file(tmp_path, [row], standard="hebei-school-standard")
    assert "books_primary" in result["open_settings"]
    assert "setting:books_primary" in result["missing"]
    assert result["verdict"] == "not_computable"


RUNS = {
    "frozen run": {
        "digest": "abc",
        "result": {
            "rule": "satisfied-top2", "unit": "share", "threshold": 0.85, "estimate": 0.861, "se": 0.01,
            "verdict": {"verdict": "undetermined", "lower": 0.843, "upper": 0.878, "n_star": 900.0},
            "reasons": [],
        },
    },
    "its result alone": {
        "rule": "satisfied-top2", "unit": "share", "threshold": 0.85, "estimate": 0.861, "se": 0.01,
        "verdict": {"verdict": "undetermined", "lower": 0.843, "upper": 0.878, "n_star": 900.0},
        "reasons": [],
    },
    "a list of one from score_file": [
        {
            "estimate": 0.861, "se": 0.01, "threshold": 0.85, "verdict": "undetermined", "n_star": 900.0,
            "lower_one_sided": 0.843, "upper_one_sided": 0.878, "version": 1, "warnings": [],
        }
    ],
}  # fmt: skip


@pytest.mark.parametrize("name", RUNS)
def test_score_run_brings_its_verdict_and_its_uncertainty(tmp_path: Path, name: str) -> None:
    run = tmp_path / "run.json"
    run.write_text(json.dumps(RUNS[name]), encoding="utf-8")
    result = evaluate_file(
        tmp_path, [primary("甲"), junior("乙")], items=good_items(), arguments=["--score-run", str(run)]
    )
    found = criterion(result, "recognition")
    assert (found["verdict"], found["value"], found["details"]["lower"]) == ("undetermined", 0.861, 0.843)
    assert result["verdict"] == "undetermined"
    assert 0.5 < result["outlook"]["county"] < 1
    assert result["outlook"]["county"] == result["outlook"]["recognition"]


def test_score_run_that_failed_is_not_computable_with_its_reason(tmp_path: Path) -> None:
    run = tmp_path / "run.json"
    run.write_text(json.dumps({"error": "raking did not converge", "code": "raking_not_converged"}))
    found = criterion(
        evaluate_file(tmp_path, [primary("甲")], arguments=["--score-run", str(run)]), "recognition"
    )
    assert (found["verdict"], found["missing"]) == ("not_computable", ["raking did not converge"])


def refused(tmp_path: Path, rows: list[dict], *arguments: str, standard: str = "quality-balance-2017") -> str:
    with pytest.raises(CommandError) as error:
        evaluate_file(tmp_path, rows, standard=standard, arguments=arguments)
    return str(error.value)


def test_mistakes_are_one_sentence_with_file_place_and_what_is_allowed(tmp_path: Path) -> None:
    run = tmp_path / "points.json"
    run.write_text(json.dumps({"estimate": 86.1, "unit": "points", "verdict": None}))
    good = [primary("甲")]
    assert "schools.csv, row 2, 'pupils': found '多'" in refused(tmp_path, [primary("甲", pupils="多")])
    assert "no standard 'quality'; allowed: basic" in refused(tmp_path, good, standard="quality")
    assert "no heading 'school' in the first 20 rows; allowed: school, 学校" in refused(
        tmp_path, [{"a": 1, "b": 2}]
    )
    assert "two columns are 'pupils'" in refused(tmp_path, [{"school": "甲", "pupils": 1, "学生数": 2}])
    assert "--price: no column 'teacher'; allowed:" in refused(tmp_path, good, "--price", "teacher=5")
    assert "--setting: found 'B'; expected NAME=VALUE" in refused(tmp_path, good, "--setting", "B")
    assert "allowed: a share such as 0.872 or 87.2%" in refused(tmp_path, good, "--recognition", "872")
    assert "the score run is in points" in refused(tmp_path, good, "--score-run", str(run))
    assert "cannot be read" in refused(tmp_path, good, "--county", str(tmp_path / "none.csv"))
    assert "cannot be read" in refused(tmp_path, good, standard=str(tmp_path / "none.toml"))


def test_recognition_and_score_run_exclude_each_other(tmp_path: Path) -> None:
    run = tmp_path / "run.json"
    run.write_text("{}")
    assert "not allowed with" in refused(
        tmp_path, [primary("甲")], "--recognition", "0.9", "--score-run", str(run)
    )


def test_without_json_a_reader_gets_verdict_areas_and_criteria(tmp_path: Path) -> None:
    schools = write_csv(tmp_path / "schools.csv", [primary("甲", teaching_area_m2=1), junior("乙")])
    said = call("--standard", "quality-balance-2017", "--indicators", str(schools))
    assert said.splitlines()[0].startswith(
        "Quality balance of compulsory education in a county (2017): not_met."
    )
    assert "  seven_indicators: not_met. Missed by 1 of 2 schools, 1 of 2 stages: 甲 (primary)." in said


def test_no_number_is_infinite_or_nan(tmp_path: Path) -> None:
    """json.loads would accept NaN; a strict reader would not."""
    rows = [primary("甲", pupils=0), primary("乙", classes=0, teaching_area_m2="NaN")]
    schools = write_csv(tmp_path / "schools.csv", rows)

    def refuse(word: str) -> None:
        raise AssertionError(word)

    text = call("--standard", "quality-balance-2017", "--indicators", str(schools), "--json")
    json.loads(text, parse_constant=refuse)


def test_shandong_counts_points_and_shows_the_public_as_a_reference(tmp_path: Path) -> None:
    items = {"a1": 30, "a2": 30, "a3": 20, "a4": 10, "public_score": 60}
    result = evaluate_file(
        tmp_path, [{"school": "甲", "stage": "小学"}], standard="basic-balance-2012-shandong", items=items
    )
    government = criterion(result, "government")
    assert (government["verdict"], government["value"], government["limit"]) == ("met", 90, 85)
    satisfaction = criterion(result, "satisfaction")
    assert (satisfaction["verdict"], satisfaction["counts"]) == ("not_met", False)


DOCS = Path(__file__).parents[2] / "docs"


def test_documented_example_runs_and_says_what_the_text_says() -> None:
    said = json.loads(
        call(
            "--standard", "quality-balance-2017", "--indicators", str(DOCS / "examples" / "schools.csv"),
            "--county", str(DOCS / "examples" / "county.csv"), "--recognition", "0.872", "--json",
        )
    )  # fmt: skip
    assert said["verdict"] == "not_met"
    assert criterion(said, "seven_indicators")["schools_not_met"] == [
        {"school": "西村小学", "stage": "primary"}
    ]
    assert criterion(said, "retention")["value"] == pytest.approx(0.99)
    special = next(one for one in said["schools"] if one["school"] == "云川县特殊教育学校")
    assert special["excluded"]["zh-hans"] == "特殊教育学校不计入7项指标"


def test_documentation_names_every_key_kind_and_column() -> None:
    text = (DOCS / "evaluate-file.md").read_text(encoding="utf-8")
    for name in (*TOP[5:], *RULE_KINDS, *LIMITS, *canonical_columns(), *text_headings()):
        assert f"`{name}`" in text or f"_{name[-2:]}`" in text, name
