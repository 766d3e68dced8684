"""What is doubtful in a table of figures is named with its row, column and school."""

from fractions import Fraction

import pytest

from analysis.county_items import ItemLine
from analysis.indicator_files.county_lines import find_items, item_doubts, read_county_lines
from analysis.indicator_files.figure_checks import figure_doubts, total_doubts
from analysis.indicator_files.headings import find_table
from analysis.indicator_files.remarks import DOUBT, ERROR, MOST_ALIKE, gathered
from analysis.indicator_files.roster_checks import Roster, RosterSchool, before_doubts, roster_doubts, twice
from analysis.indicator_files.school_lines import number_text, read_school_lines
from analysis.standard import shipped_standard
from surveys.roster.cells import ROSTER_LIMITS, Budget, collect_sheet
from tests.analysis import messy_tables

STANDARD = shipped_standard("quality-balance-2017")
HEADINGS = [
    "学校",
    "学段",
    "学生数",
    "班级数",
    "最大班额",
    "专任教师数",
    "高于规定学历教师数",
    "教学及辅助用房面积",
    "教学仪器设备值",
]
GOOD = ["东街小学", "小学", 900, 20, 48, 60, 45, 4600, 2_000_000]


def lines(*rows, headings=HEADINGS):
    sheet = collect_sheet("表", [headings, *rows], budget=Budget(ROSTER_LIMITS))
    table = find_table([sheet], STANDARD, known={})
    return read_school_lines(table, table.headings, STANDARD)


def changed(heading, value):
    row = list(GOOD)
    row[HEADINGS.index(heading)] = value
    return row


def said(remarks):
    return [(one.kind, one.row, one.column) for one in remarks]


def test_a_good_row_raises_no_doubt():
    read = lines(GOOD)
    assert list(figure_doubts(read, STANDARD)) == []
    assert read.remarks == []


@pytest.mark.parametrize(
    ("heading", "value", "kind", "column"),
    [
        ("教学仪器设备值", 200, "unit", "I"),  # 万元 under a heading in 元
        ("教学仪器设备值", 2_000_000_0000, "unit", "I"),
        ("教学及辅助用房面积", 9, "unit", "H"),  # 0.01㎡ per pupil
        ("高于规定学历教师数", 61, "ratio", "G"),
        ("班级数", 8, "ratio", "D"),  # 112 pupils per class
        ("最大班额", 40, "ratio", "E"),  # below the average of 45
        ("最大班额", 130, "ratio", "E"),
        ("专任教师数", 901, "ratio", "F"),
        ("专任教师数", 60.5, "ratio", "F"),
        ("学生数", 0, "ratio", "C"),
    ],
)
def test_a_slip_is_named_with_its_place(heading, value, kind, column):
    found = list(figure_doubts(lines(GOOD, changed(heading, value)), STANDARD))
    assert (kind, 3, column) in said(found)
    assert all(one.weight == DOUBT and one.row == 3 and one.school == "东街小学" for one in found)


def test_wan_yuan_in_the_heading_is_multiplied_and_in_a_cell_not_twice():
    headings = [*HEADINGS[:-1], "教学仪器设备值（万元）"]
    read = lines([*GOOD[:-1], "200.5"], ["西街小学", *GOOD[1:-1], "180万"], headings=headings)
    assert [one.cells["equipment_yuan"] for one in read.records] == ["2005000", "1800000"]


def test_full_width_digits_commas_and_unknown_marks_are_read():
    row = ["东街小学", "小学", "９００", "２０", "—", "不详", "４５人", "4,600", "200万"]
    cells = lines(row).records[0].cells
    assert (cells["pupils"], cells["classes"], cells["largest_class"], cells["teachers"]) == (
        "900",
        "20",
        "",
        "",
    )
    assert (cells["teachers_above_degree"], cells["teaching_area_m2"], cells["equipment_yuan"]) == (
        "45", "4600", "2000000",
    )  # fmt: skip


def test_a_cell_that_is_no_number_is_an_error_with_its_place():
    read = lines(changed("班级数", "二十几个"))
    assert [(one.weight, one.row, one.column, one.heading) for one in read.remarks] == [
        (ERROR, 2, "D", "班级数")
    ]


def test_numbers_are_kept_exactly():
    assert [number_text(Fraction(text)) for text in ("3900000", "4.505", "0.1", "1/3", "0.0625")] == [
        "3900000", "4.505", "0.1", "1/3", "0.0625",
    ]  # fmt: skip


def test_a_total_that_does_not_add_up_says_by_how_much():
    rows = messy_tables.messy_rows(12)
    sheet = collect_sheet("表", rows, budget=Budget(ROSTER_LIMITS))
    table = find_table([sheet], STANDARD, known={})
    found = list(total_doubts(read_school_lines(table, table.headings, STANDARD), STANDARD))
    assert [(one.kind, one.row, one.column) for one in found] == [("total", 19, "E")]
    assert "相差100人" in found[0].text("zh-hans")


def test_totals_notes_and_repeated_headings_are_no_schools():
    read = lines(GOOD, HEADINGS, ["合计", "", 900], ["注：以上为事业统计数据", ""], ["二、初中", ""])
    assert [one.cells["school"] for one in read.records] == ["东街小学"]
    assert [one.row for one in read.remarks] == [4, 5, 6]


def test_a_blank_name_under_a_merged_one_is_the_same_school():
    read = lines(["河湾学校", "小学", *GOOD[2:]], ["", "初中", *GOOD[2:]])
    assert [(one.cells["school"], one.cells["stage"]) for one in read.records] == [
        ("河湾学校", "小学"), ("河湾学校", "初中"),
    ]  # fmt: skip


def test_a_school_twice_is_an_error_naming_the_first_row():
    found = list(twice(lines(GOOD, changed("班级数", 21))))
    assert [(one.weight, one.kind, one.row) for one in found] == [(ERROR, "twice", 3)]
    assert "第2行" in found[0].text("zh-hans")


ROSTER = Roster([
    RosterSchool("S1", "东街小学", "primary", {"1": 450, "2": 450}),
    RosterSchool("S2", "云川县第一实验小学", "primary", {"1": 300}),
    RosterSchool("S3", "河湾学校", "nine_year", {"1": 300, "7": 300}),
])  # fmt: skip


def test_the_roster_names_who_is_missing_unknown_or_half_there():
    read = lines(GOOD, ["云川县第1实验小学", *GOOD[1:]], ["河湾学校", "小学", 300, *GOOD[3:]])
    found = {(one.row, one.school): one.text("zh-hans") for one in roster_doubts(read, ROSTER, STANDARD)}
    assert found == {
        (3, "云川县第1实验小学"): "名册中没有这所学校，最接近的是“云川县第一实验小学”。",
        (0, "云川县第一实验小学"): "名册中的“云川县第一实验小学”不在表中。",
        (4, "河湾学校"): "缺少初中的数据行。",
    }


def test_pupils_far_from_the_rosters_are_doubted():
    found = list(roster_doubts(lines(changed("学生数", 90)), Roster(ROSTER.schools[:1]), STANDARD))
    assert [one.text("zh-hans") for one in found] == ["学生数90人，名册中为900人。"]


def test_last_years_figure_ten_times_off_is_doubted_and_a_small_count_is_not():
    before = lines(changed("教学仪器设备值", 200), headings=HEADINGS).records
    now = lines(changed("高于规定学历教师数", 45))
    found = list(before_doubts(now, before, STANDARD, year=2025))
    assert [(one.kind, one.heading) for one in found] == [("before", "教学仪器设备值")]
    small = lines(changed("高于规定学历教师数", 1)).records
    tall = lines(changed("高于规定学历教师数", 19))
    assert list(before_doubts(tall, small, STANDARD, year=2025)) == []


def test_many_doubts_of_one_kind_become_one_that_counts_them():
    rows = [[f"第{n}小学", *changed("教学仪器设备值", 200)[1:]] for n in range(MOST_ALIKE + 8)]
    found = gathered(figure_doubts(lines(*rows), STANDARD))
    assert len(found) == 1
    assert f"共有{MOST_ALIKE + 8}处" in found[0].text("zh-hans")


def county(*rows):
    sheet = collect_sheet("表", [["项目", "值", "佐证材料"], *rows], budget=Budget(ROSTER_LIMITS))
    headings = find_items([sheet], STANDARD, known={})
    return headings, read_county_lines([sheet], headings, STANDARD)


def test_county_items_are_known_by_name_number_before_it_and_key():
    _, read = county(["1.学校规划布局合理，符合国家规定", "是", "规划"], ["certified_share", "100%", ""])
    assert [(one.item, one.value, one.evidence) for one in read.lines] == [
        ("layout_meets_rules", "是", "规划"), ("certified_share", "100%", ""),
    ]  # fmt: skip


def test_a_foreign_item_gets_a_suggestion_and_a_wrong_value_is_an_error():
    headings, read = county(
        ["教师持证上岗率（专任）", "130%", ""], ["每年交流轮岗教师占符合条件教师的比例", "一成", ""]
    )
    assert [(one.column, one.state) for one in headings] == [
        ("certified_share", "suggested"), ("exchange_share", "own"),
    ]  # fmt: skip
    errors = [one for one in read.remarks if one.weight == ERROR]
    assert [(one.kind, one.row) for one in errors] == [("entry", 2), ("entry", 3)]


def test_an_item_twice_is_an_error_and_what_is_lacking_is_named_by_area():
    _, read = county(["弄虚作假行为", "否", ""], ["弄虚作假行为", "是", ""])
    assert [(one.kind, one.row) for one in read.remarks if one.weight == ERROR] == [("twice", 3)]
    lacking = [one.text("zh-hans") for one in read.remarks if one.kind == "missing"]
    assert [text.split("项")[0] for text in lacking] == [
        "“申报条件”有2", "“政府保障程度”有21", "“教育质量”有11", "“一票否决”有7",
    ]  # fmt: skip


def test_a_county_figure_ten_times_off_is_doubted():
    before = [ItemLine(2, "special_funds_per_pupil", "720")]
    now = [ItemLine(3, "special_funds_per_pupil", "7200")]
    found = list(item_doubts(now, before, STANDARD, year=2025))
    assert [(one.kind, one.row) for one in found] == [("before", 3)]
