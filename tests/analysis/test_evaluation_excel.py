"""The workbook and the JSON a bureau sends up: sheets, numbers as numbers, nothing read as a formula."""

from __future__ import annotations

import io
import json
import tomllib
from typing import Any

import openpyxl
import pytest
from django.utils import translation

from analysis.evaluation_excel import evaluation_workbook
from analysis.evaluation_sheets import Column, Workbook
from analysis.models import Evaluation
from analysis.standard import shipped_standard, standard_keys
from tests.analysis.cases import STANDARD_CASES
from tests.analysis.counties import junior, primary
from tests.analysis.evaluated_counties import evaluation_of, items_table, two_schools
from tests.analysis.test_evaluation_pages import client_of, page
from tests.surveys.builders import make_county

pytestmark = pytest.mark.django_db


def opened(evaluation: Evaluation) -> openpyxl.Workbook:
    with translation.override("zh-hans"):
        return openpyxl.load_workbook(io.BytesIO(evaluation_workbook(evaluation)))


def table(book: openpyxl.Workbook, name: str) -> list[dict[str, Any]]:
    rows = list(book[name].iter_rows(min_row=3, values_only=True))
    return [dict(zip(rows[0], row, strict=True)) for row in rows[1:]]


def test_one_sheet_for_every_area_beside_schools_coefficients_shortfalls_plan_and_sources() -> None:
    book = opened(evaluation_of())
    assert book.sheetnames == [
        "结论", "申报条件", "资源配置", "政府保障程度", "教育质量", "社会认可度", "一票否决",
        "学校", "差异系数", "缺差", "达标方案", "依据与来源",
    ]  # fmt: skip
    for sheet in book:
        page = sheet.page_setup
        assert (page.orientation, int(page.paperSize), int(page.fitToHeight)) == ("landscape", 9, 0)
        assert sheet.sheet_properties.pageSetUpPr.fitToPage
        assert sheet.print_title_rows == "$1:$3"


def test_settings_and_reasons_stand_in_words() -> None:
    settings = {"recognition_reading": "point", "retention_formula": "B"}
    schools = [primary("甲", code="S1", multimedia_rooms=""), junior("乙", code="S2", pupils=0)]
    book = opened(evaluation_of(schools=schools, settings=settings))
    words = dict(row[:2] for row in book["依据与来源"].iter_rows(min_row=4, values_only=True))
    assert words["社会认可度判定口径"] == "直接比较数值（点估计）"
    assert words["初中三年巩固率计算口径"] == "毕业人数÷（入学人数＋转入－转出－死亡）"
    remarks = {(row["指标"], row["学段"]): row["备注"] for row in table(book, "差异系数")}
    assert remarks["每百名学生拥有网络多媒体教室数", "小学"] == "甲缺少网络多媒体教室数"
    assert remarks["每百名学生拥有网络多媒体教室数", "初中"] == "乙没有学生"


def test_figures_are_unrounded_numbers_with_a_format_of_their_kind() -> None:
    evaluation = evaluation_of(
        schools=[primary("甲", code="S1", pupils=997, equipment_yuan=1_900_000), junior("乙")]
    )
    book = opened(evaluation)
    (row,) = [one for one in table(book, "学校") if one["学校代码"] == "S1"]
    assert row["生均教学仪器设备值"] == pytest.approx(1_900_000 / 997, rel=1e-15)  # Excel keeps 16 digits
    (lack,) = table(book, "缺差")
    assert (lack["学校"], lack["距标准值缺差"], lack["单位"]) == ("甲", 94_000, "元")
    recognition = table(book, "社会认可度")[0]
    assert (recognition["值"], recognition["标准值"]) == (0.872, 0.85)
    places = {cell.value: cell.number_format for cell in next(book["社会认可度"].iter_rows(min_row=4))}
    assert places[0.872] == "0.0#####%"
    coefficients = table(book, "差异系数")
    known = {(one["name"]["zh-hans"], one["stage"]): one["cv"] for one in evaluation.result["dispersions"]}
    stages = {"小学": "primary", "初中": "junior"}
    for one in coefficients[: len(known)]:
        assert one["差异系数"] == known[one["指标"], stages[one["学段"]]]


def test_names_and_evidence_that_look_like_formulas_stay_text() -> None:
    book = opened(
        evaluation_of(schools=[primary('=HYPERLINK("http://x")', code="+1"), junior("@cmd", code="-2")])
    )
    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row if cell.value is not None]
    assert [cell.value for cell in cells if cell.data_type == "f" or cell.hyperlink] == []
    assert {'=HYPERLINK("http://x")', "+1", "@cmd", "-2"} <= {cell.value for cell in cells}


def test_sources_typed_rates_and_missing_figures_are_named() -> None:
    evaluation = evaluation_of(schools=[primary("甲", pupils=None), junior("乙")])
    book = opened(evaluation)
    said = list(book["结论"].iter_rows(values_only=True))
    assert ("社会认可度", "手工录入的外部数据，来源：省教育厅2026年测评通报") in said
    sources = table(book, "依据与来源")
    assert [row["值"] for row in sources if row["项目"] == "缺少的数据"] == ["学生数"]
    assert any(evaluation.standard_digest == row["值"] for row in sources)


@pytest.mark.parametrize("key", standard_keys())
def test_every_supplied_standard_makes_a_workbook(key: str) -> None:
    evaluation = evaluation_of(schools=two_schools(), standard=shipped_standard(key), typed=None)
    assert len(opened(evaluation).sheetnames) >= 5


def test_tree_of_points_stands_with_its_parts_below_each_other() -> None:
    case = tomllib.loads((STANDARD_CASES / "xinjiang-abc-points.case.toml").read_text(encoding="utf-8"))
    county = make_county()
    evaluation = evaluation_of(
        county, schools=two_schools(), standard=shipped_standard("xinjiang-abc-points"), typed=None,
        county_table=items_table(county, case["items"]),
        settings={key: str(value) for key, value in case["settings"].items()},
    )  # fmt: skip
    rows = [row for sheet in opened(evaluation) for row in sheet.iter_rows(values_only=True)]
    names = [row[1] for row in rows if isinstance(row[1], str) and row[1].startswith("— ")]
    assert "— A1" in names and "— — B1" in names and "— — — C1" in names
    text = page(client_of(county, "bureau"), f"/desk/evaluation/{evaluation.pk}/")
    assert "A1–B1–C1：20分/20分" in text


def test_names_of_sheets_are_what_excel_allows_and_never_twice() -> None:
    book = Workbook("t")
    for name in ("一/二:三" * 20, "一/二:三" * 20, "", "Same", "same"):
        book.add(name, [Column("a")], [["x"]])
    names = openpyxl.load_workbook(io.BytesIO(book.content())).sheetnames
    assert len({name.lower() for name in names}) == 5
    assert all(len(name) <= 31 and not set(name) & set("[]:*?/\\") for name in names)


def test_json_is_the_frozen_result_with_what_it_was_frozen_by() -> None:
    evaluation = evaluation_of()
    answer = client_of(evaluation.county, "reviewer").get(f"/desk/evaluation/{evaluation.pk}/evaluation.json")
    found = json.loads(answer.content)
    head = found.pop("evaluation")
    assert found == Evaluation.objects.get().result
    assert (head["digest"], head["recognition_source"]) == (evaluation.digest, "省教育厅2026年测评通报")
    assert answer["Content-Disposition"].startswith("attachment")


def test_workbook_is_downloaded_under_the_countys_name() -> None:
    evaluation = evaluation_of()
    answer = client_of(evaluation.county, "bureau").get(f"/desk/evaluation/{evaluation.pk}/evaluation.xlsx")
    assert "filename*=utf-8''%E4%BA%91%E5%B7%9D" in answer["Content-Disposition"]
    assert openpyxl.load_workbook(io.BytesIO(answer.content)).sheetnames[0] == "结论"
