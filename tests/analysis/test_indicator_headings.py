"""Headings as counties write them: merged rows, units, other words; and what is asked about."""

import pytest

from analysis.indicator_files.headings import find_table
from analysis.indicator_files.workbooks import school_form
from analysis.standard import shipped_standard, standard_keys
from surveys.roster.cells import ROSTER_LIMITS, Budget, collect_sheet
from surveys.roster.reading import read_sheets
from tests.analysis import messy_tables

STANDARD = shipped_standard("quality-balance-2017")


def found(rows, *, known=None):
    sheet = collect_sheet("表", rows, budget=Budget(ROSTER_LIMITS))
    return find_table([sheet], STANDARD, known=known or {})


def heading(text, *, below=("1200",)):
    """What one heading beside 学校 and 学段 is taken for."""
    table = found([["学校", "学段", text], ["一小", "小学", *below]])
    return next(one for one in table.headings if one.text == text)


@pytest.mark.parametrize(
    ("text", "column", "times"),
    [
        ("教学仪器设备值（万元）", "equipment_yuan", 10_000),
        ("教学仪器设备值(单位：万元)", "equipment_yuan", 10_000),
        ("教学仪器设备值/千元", "equipment_yuan", 1_000),
        ("教学仪器设备值（元）", "equipment_yuan", 1),
        ("图书（万册）", "books", 10_000),
        ("其中：高于规定学历教师数", "teachers_above_degree", 1),
        ("★学生数", "pupils", 1),
        ("学生数（初中）", "pupils_junior", 1),
        ("小学学生数", "pupils_primary", 1),
        ("体育艺术（美术、音乐）专任教师数", "pe_art_teachers", 1),
        ("equipment_yuan", "equipment_yuan", 1),
    ],
)
def test_a_unit_a_stage_and_decoration_do_not_hide_a_column(text, column, times):
    one = heading(text)
    assert (one.column, one.times, one.state) == (column, times, "own")


def test_two_merged_heading_rows_are_read_as_one():
    table = found(messy_tables.messy_rows(12))
    assert table.header_rows == (3, 4)
    by_text = {one.text: one.column for one in table.headings}
    assert by_text["学生情况／学生数"] == "pupils"
    assert by_text["专任教师／县级以上骨干教师"] == "backbone_teachers"
    assert by_text["校舍及场地／体育运动场馆面积（平方米）"] == "sports_area_m2"


def test_a_row_that_only_counts_the_columns_is_no_data():
    table = found(messy_tables.messy_rows(12))
    assert str(table.rows[0].cell(1)) == "云川县第1小学"


def test_a_foreign_heading_gets_a_suggestion_and_is_not_sure():
    one = heading("学校教学仪器与设备总值")
    assert (one.column, one.state, one.is_sure) == ("equipment_yuan", "suggested", False)
    assert heading("食堂面积").is_sure is False


def test_what_the_county_said_before_is_known_next_time():
    known = {"装备原值": ("equipment_yuan", 10_000), "食堂面积": ("", 1)}
    table = found([["学校", "装备原值", "食堂面积"], ["一小", "12", "300"]], known=known)
    said = {one.text: (one.column, one.times, one.state) for one in table.headings}
    assert said["装备原值"] == ("equipment_yuan", 10_000, "known")
    assert said["食堂面积"] == ("", 1, "known")


def test_of_two_columns_that_claim_the_same_one_is_asked_about():
    table = found([["学校", "学段", "学生数", "在校生数"], ["一小", "小学", "90", "91"]])
    assert [one.state for one in table.headings] == ["own", "own", "own", "twice"]


def test_a_unit_over_the_whole_table_is_only_suggested():
    table = found([["单位：万元", "", ""], ["学校", "学段", "教学仪器设备值"], ["一小", "小学", "39"]])
    one = table.headings[2]
    assert (one.column, one.times, one.state) == ("equipment_yuan", 10_000, "suggested")


def test_a_table_of_which_nothing_is_understood_can_still_be_explained():
    table = found([["甲项", "乙项", "丙项", "丁项"], ["东街", "1", "2", "3"]])
    assert [one.text for one in table.headings] == ["甲项", "乙项", "丙项", "丁项"]
    assert not any(one.is_sure for one in table.headings)


@pytest.mark.parametrize("key", standard_keys())
def test_every_standards_own_form_is_understood_without_a_question(key):
    standard = shipped_standard(key)
    table = find_table(read_sheets(school_form(standard), file_name="form.xlsx"), standard, known={})
    assert [one.text for one in table.headings if not one.is_sure] == []
