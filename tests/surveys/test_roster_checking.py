"""Rosters as counties really keep them: what is understood, and what is named as unusable."""

from datetime import date

import pytest
from django.utils import translation

from surveys.roster.checking import check_roster
from surveys.roster.reading import read_sheets
from surveys.roster.rows import CheckedRoster, ResidentRow, SchoolRow
from tests.surveys.roster_files import (
    FIRST,
    HEADINGS,
    POINT,
    RESIDENTS,
    SCHOOLS,
    SECOND,
    csv_bytes,
    edited_xlsx,
    with_entry,
    xlsx_bytes,
)


@pytest.fixture(autouse=True)
def english():
    with translation.override("en"):
        yield


def checked(rows: list[list], *, file_name: str = "名册.csv") -> CheckedRoster:
    return check_roster(read_sheets(csv_bytes(rows), file_name=file_name))


def said(roster: CheckedRoster) -> list[tuple]:
    """Row, column, what was found and the sentence of every problem."""
    return [(one.row, one.column, one.found, one.sentence) for one in roster.problems]


GOOD = checked([HEADINGS, *SCHOOLS])


def same_schools(roster: CheckedRoster) -> bool:
    """Whether the roster holds the three good schools, wherever in the file they stand."""
    assert said(roster) == []
    return [{**vars(row), "sheet": "", "row": 0} for row in roster.schools] == [
        {**vars(row), "sheet": "", "row": 0} for row in GOOD.schools
    ]


def test_a_plain_roster_is_read_entry_by_entry():
    assert said(GOOD) == []
    assert GOOD.schools[1] == SchoolRow(
        sheet="名册.csv", row=3, code="2199000002", name="石门乡中心学校", township="石门乡",
        stage="nine_year", location="rural", is_public=True, classes=9, teachers=33,
        pupils_by_grade={"1": 41, "2": 38, "3": 44, "4": 40, "5": 39, "6": 42, "7": 51, "8": 48, "9": 50},
    )  # fmt: skip
    assert [school.pupils for school in GOOD.schools] == [581, 393, 12]


def test_titles_notes_totals_and_blank_rows_are_no_schools():
    total = ["合计", "", "", "", "", "", 142, 136, 145, 141, 136, 137, 51, 48, 50, 24, 73]
    rows = [
        ["云川县2026年义务教育学校基本情况表"],
        ["单位（盖章）：云川县教育局", "", "", "填表日期：2026年9月"],
        [],
        HEADINGS,
        ["甲", "乙", "丙", "丁", "戊", "己", *range(1, 12)],
        *SCHOOLS,
        [""] * 17,
        total,
        ["注：学生数为9月5日在籍人数。"],
        ["填表人：李老师", "", "审核人：王局长"],
        *[[""] * 17] * 30,
    ]
    roster = checked(rows)
    assert same_schools(roster)
    assert [row.row for row in roster.schools] == [6, 7, 8]
    assert [row for _, row, _ in roster.skipped] == [10, 11, 12]


def test_a_total_that_is_wrong_is_remarked_on():
    rows = [
        HEADINGS,
        *SCHOOLS,
        ["合计", "", "", "", "", "", 142, 136, 145, 141, 136, 137, 51, 48, 51, 24, 73],
    ]
    assert [(one.row, one.column, one.found, one.sentence) for one in checked(rows).remarks] == [
        (5, "O", "51", "The rows above add up to 50.")
    ]


def test_headers_of_two_merged_rows():
    first = ["学校代码", "学校名称", "乡镇", "办学类型", "城乡分类", "公办民办", "各年级学生数"] + [""] * 9
    second = [""] * 6 + HEADINGS[6:15] + ["合计"]
    rows = [first + ["班级数", "教师数"], second + ["", ""]]
    rows += [school[:15] + [sum(n or 0 for n in school[6:15])] + school[15:] for school in SCHOOLS]

    def merge(sheet):
        for letter in ["A", "B", "C", "D", "E", "F", "Q", "R"]:
            sheet.merge_cells(f"{letter}1:{letter}2")
        sheet.merge_cells("G1:P1")

    assert same_schools(check_roster(read_sheets(edited_xlsx(rows, merge), file_name="a.xlsx")))


def test_classes_per_grade_are_not_taken_for_pupils():
    """一年级: 班数, 人数; 二年级: 班数, 人数; … beside the number of all classes."""
    first, second = HEADINGS[:6], [""] * 6
    for grade in HEADINGS[6:15]:
        first, second = [*first, grade, ""], [*second, "班数", "人数"]
    rows = [[*first, "班级数", "专任教师"], [*second, "", ""]]
    for school in SCHOOLS:
        pairs = [entry for pupils in school[6:15] for entry in (2, pupils)]
        rows.append([*school[:6], *pairs, *school[15:]])
    assert same_schools(checked(rows))


def test_other_headings_other_order_and_columns_of_their_own():
    order = [1, 0, *range(2, 17)]
    names = {
        "学校代码": "学校（机构）标识码*", "学校名称": "学校", "乡镇": "所属 乡镇(街道)",
        "办学类型": "学校类别", "城乡分类": "驻地城乡类型", "公办民办": "办学性质",
        "班级数": "教学班数(个)", "教师数": "专任教师数\n（人）",
        "一年级": "小学一年级", "七年级": "初一", "八年级": "初二年级", "九年级": "九年级人数",
    }  # fmt: skip
    headings = [names.get(HEADINGS[index], HEADINGS[index]) for index in order]
    rows = [["序号", *headings, "校长", "备注"]]
    for number, school in enumerate(SCHOOLS, start=1):
        rows.append([number, *(school[index] for index in order), "某某", "完小"])
    roster = checked(rows)
    assert same_schools(roster)
    assert [(one.column, one.heading) for one in roster.remarks] == [("S", "校长")]


@pytest.mark.parametrize(
    ("heading", "written", "field", "meant"),
    [
        ("学校名称", " 云川县　第 一\u200b小学(东校区) ", "name", "云川县第一小学（东校区）"),
        ("学校名称", "云川县第１小学", "name", "云川县第1小学"),
        ("学校名称", "Spring Field 学校", "name", "Spring Field学校"),
        ("学校代码", "２１９９００００ ０１", "code", "2199000001"),
        ("学校代码", "002199-01", "code", "002199-01"),
        ("办学类型", "完全小学", "stage", "primary"),
        ("城乡分类", "111", "location", "urban"),
        ("城乡分类", "镇乡结合区", "location", "town"),
        ("城乡分类", "农村", "location", "rural"),
        ("公办民办", "民 办", "is_public", False),
        ("教师数", "38人", "teachers", 38),
        ("教师数", "３８", "teachers", 38),
        ("教师数", "38.0", "teachers", 38),
        ("教师数", "1,038", "teachers", 1038),
        ("教师数", "１，０３８", "teachers", 1038),
        ("教师数", "－", "teachers", 0),
        ("教师数", "无", "teachers", 0),
    ],
)
def test_what_was_meant_is_understood(heading, written, field, meant):
    roster = checked([HEADINGS, with_entry(FIRST, heading, written)])
    assert said(roster) == []
    assert getattr(roster.schools[0], field) == meant


@pytest.mark.parametrize(
    ("written", "stage", "grades"),
    [
        ("小学", "primary", (1, 6)),
        ("初中", "junior", (7, 9)),
        ("初级中学", "junior", (6, 9)),
        ("九年一贯制", "nine_year", (1, 9)),
        ("九年制学校", "nine_year", (1, 9)),
        ("9年一贯制学校", "nine_year", (1, 9)),
        ("完全中学", "complete", (7, 12)),
        ("完中", "complete", (7, 12)),
        ("十二年一贯制", "twelve_year", (1, 12)),
        ("教学点", "teaching_point", (1, 4)),
        ("特殊教育学校", "special", (1, 9)),
        ("特殊教育", "special", (1, 12)),
    ],
)
def test_every_stage_and_its_variants(written, stage, grades):
    headings = [*HEADINGS[:15], "高一", "高二", "高三", *HEADINGS[15:]]
    pupils = [30 if grades[0] <= grade <= grades[1] else "－" for grade in range(1, 13)]
    row = ["1", "某校", "某乡", written, "镇区", "公办", *pupils, 12, 20]
    roster = checked([headings, row])
    assert said(roster) == []
    assert roster.schools[0].stage == stage
    assert roster.schools[0].pupils_by_grade == {str(n): 30 for n in range(grades[0], grades[1] + 1)}


STAGES = "Allowed: 小学、初中、九年一贯制、完全中学、十二年一贯制、教学点、特殊教育."
NUMBER = "Allowed: a whole number from 0 to 10,000."


@pytest.mark.parametrize(
    ("heading", "written", "column", "sentence"),
    [
        ("学校代码", "", "A", "This cell must not be blank."),
        ("学校代码", "2.1990E+09", "A", "The spreadsheet program rounded this code. Enter it again as text."),
        ("学校代码", "代码一", "A", "Allowed: digits, letters, - and _, at most 20 characters."),
        ("学校代码", "1" * 21, "A", "Allowed: digits, letters, - and _, at most 20 characters."),
        ("学校名称", "", "B", "This cell must not be blank."),
        ("学校名称", "长" * 101, "B", "Allowed: at most 100 characters."),
        ("乡镇", "", "C", "This cell must not be blank."),
        (
            "办学类型",
            "高中",
            "D",
            "Allowed: 小学、初中、九年一贯制、完全中学、十二年一贯制、教学点、特殊教育.",
        ),
        (
            "办学类型",
            "中学",
            "D",
            "Allowed: 小学、初中、九年一贯制、完全中学、十二年一贯制、教学点、特殊教育.",
        ),
        ("城乡分类", "县城", "E", "Allowed: 城区、镇区、乡村."),
        ("公办民办", "其他", "F", "Allowed: 公办、民办."),
        ("一年级", "约90", "G", "Allowed: a whole number from 0 to 20,000."),
        ("一年级", "-3", "G", "Allowed: a whole number from 0 to 20,000."),
        ("一年级", "96.5", "G", "Allowed: a whole number from 0 to 20,000."),
        ("七年级", "4", "M", "A school of the stage 小学 has pupils from 一年级 to 六年级 only."),
        ("班级数", "", "P", "This cell must not be blank."),
        ("教师数", "三十", "Q", NUMBER),
        ("教师数", "1,03", "Q", NUMBER),
        ("教师数", "10001", "Q", NUMBER),
        ("教师数", "#REF!", "Q", "This formula gives an error. Mend it, or enter the value itself."),
        ("教师数", "9" * 300, "Q", NUMBER),
    ],
)
def test_a_bad_entry_is_named_with_its_place_and_what_is_allowed(heading, written, column, sentence):
    roster = checked([["名册"], [], HEADINGS, SECOND, with_entry(FIRST, heading, written)])
    found = written if len(written) <= 60 else written[:59] + "…"
    told = {"学校名称": found or FIRST[0]}.get(heading, FIRST[1])
    assert said(roster) == [(5, column, found, sentence)]
    assert (roster.problems[0].heading, roster.problems[0].about) == (heading, told)
    assert [row.code for row in roster.schools] == [SECOND[0]]
    assert roster.bad_rows == 1


def test_every_bad_entry_of_a_row_is_named():
    row = with_entry(with_entry(with_entry(FIRST, "办学类型", "x"), "一年级", "x"), "教师数", "x")
    assert [(one.row, one.column) for one in checked([HEADINGS, row]).problems] == [
        (2, "D"),
        (2, "G"),
        (2, "Q"),
    ]


def test_a_date_made_by_the_spreadsheet_program_is_named():
    content = edited_xlsx([HEADINGS, with_entry(FIRST, "一年级", date(2026, 9, 12))], lambda sheet: None)
    assert said(check_roster(read_sheets(content, file_name="a"))) == [
        (2, "G", "2026-09-12 00:00:00",
         "The spreadsheet program made a date of this entry. Enter it again as text.")
    ]  # fmt: skip


def test_a_formula_without_result_is_named_and_never_taken_for_nobody():
    content = edited_xlsx([HEADINGS, with_entry(FIRST, "一年级", "=48*2")], lambda sheet: None)
    assert said(check_roster(read_sheets(content, file_name="a"))) == [
        (2, "G", "=48*2", "This formula has no result yet. Open the file in Excel or WPS and save it.")
    ]


def test_text_that_looks_like_a_formula_is_only_text():
    name = '=HYPERLINK("http://example.invalid","点我")'
    content = xlsx_bytes({"学校": [HEADINGS, with_entry(FIRST, "学校名称", name)]})
    assert (
        check_roster(read_sheets(content, file_name="a")).schools[0].name
        == '=HYPERLINK（"http://example.invalid","点我"）'
    )


def test_a_code_given_twice_makes_every_one_of_its_rows_bad():
    roster = checked([HEADINGS, FIRST, SECOND, with_entry(POINT, "学校代码", FIRST[0])])
    assert said(roster) == [
        (2, "A", FIRST[0], "It stands also in: 名册.csv row 4. Keep one of them."),
        (4, "A", FIRST[0], "It stands also in: 名册.csv row 2. Keep one of them."),
    ]
    assert [row.code for row in roster.schools] == [SECOND[0]]


def test_a_code_given_twice_on_two_sheets_is_found():
    content = xlsx_bytes({"小学": [HEADINGS, FIRST], "九年制": [HEADINGS, SECOND, FIRST]})
    roster = check_roster(read_sheets(content, file_name="a"))
    assert [(one.sheet, one.row, one.sentence) for one in roster.problems] == [
        ("小学", 2, "It stands also in: 九年制 row 3. Keep one of them."),
        ("九年制", 3, "It stands also in: 小学 row 2. Keep one of them."),
    ]


def test_a_header_repeated_on_every_page_is_no_school():
    assert same_schools(checked([["名册"], HEADINGS, FIRST, ["名册"], HEADINGS, SECOND, POINT]))


def test_a_rows_own_total_must_fit_its_grades():
    rows = [[*HEADINGS, "学生总数"], [*FIRST, 581], [*SECOND, 394]]
    assert said(checked(rows)) == [(3, "R", "394", "The grades of this row add up to 393.")]


def test_a_missing_column_is_named_with_the_headings_that_are_allowed():
    rows = [[row[index] for index in range(17) if index != 16] for row in [HEADINGS, *SCHOOLS]]
    roster = checked(rows)
    assert [(one.row, one.heading, one.sentence) for one in roster.problems] == [
        (0, "教师数", "There is no such column. Allowed headings: 教师数、专任教师数、专任教师.")
    ]
    assert not roster.has_good_rows


def test_no_grade_at_all_is_named():
    rows = [row[:6] + row[15:] for row in [HEADINGS, *SCHOOLS]]
    assert [(one.heading, one.sentence) for one in checked(rows).problems] == [
        ("pupils per grade", "There is no such column. Allowed headings: 一年级、二年级….")
    ]


def test_two_columns_of_the_same_meaning_are_named():
    rows = [[*HEADINGS, "一年级"], *([*school, 3] for school in SCHOOLS)]
    assert [(one.column, one.sentence) for one in checked(rows).problems] == [
        ("R", "Columns G and R have the same meaning. Keep one of them.")
    ]


def test_a_table_that_is_no_roster_is_refused_with_the_headings_needed():
    roster = checked([["姓名", "电话", "地址"], ["张三", "1", "2"]])
    assert [(one.row, one.found) for one in roster.problems] == [(0, "姓名、电话、地址")]
    assert roster.remarks == ()
    assert roster.problems[0].sentence == (
        "No header row was found. It must have these headings: "
        "学校代码、学校名称、乡镇、办学类型、城乡分类、公办民办、班级数、教师数、一年级…."
    )


def test_what_is_possible_but_rare_is_remarked_on_and_stands_in_nobodys_way():
    empty = [entry if index < 6 or index > 14 else "" for index, entry in enumerate(POINT)]
    crowded = with_entry(with_entry(FIRST, "学校代码", "9"), "班级数", 3)
    roster = checked([HEADINGS, empty, with_entry(SECOND, "教师数", 0), crowded])
    assert len(roster.schools) == 3
    assert [(one.row, one.column, one.sentence) for one in roster.remarks] == [
        (2, "B", "The school has no pupils: nobody there can be asked but staff."),
        (3, "Q", "The school has pupils but no teachers."),
        (4, "P", "581 pupils in 3 classes: please check."),
    ]


def test_one_name_under_two_codes_is_remarked_on():
    roster = checked([HEADINGS, FIRST, with_entry(FIRST, "学校代码", "7")])
    assert [(one.row, one.sentence) for one in roster.remarks] == [
        (3, "The same name stands in row 2 under the code 2199000001.")
    ]


def test_a_lonely_name_is_a_bad_school_and_a_townships_heading_is_a_note():
    name_only = [""] * 17
    name_only[1] = "新建小学"
    roster = checked([HEADINGS, ["城关镇"], FIRST, name_only])
    assert {one.row for one in roster.problems} == {4}
    assert roster.skipped == (("名册.csv", 2, "城关镇"),)


def test_residents_on_a_sheet_of_their_own_or_in_a_block_below_the_schools():
    expected = [("urban", 63000, "2025年统计公报"), ("town", 82000, ""), ("rural", 145000, "")]
    sheets = xlsx_bytes(
        {"学校": [HEADINGS, *SCHOOLS], "常住人口": [["云川县常住人口"], *RESIDENTS, ["合计", 290000]]}
    )
    block = csv_bytes([HEADINGS, *SCHOOLS, [], ["常住人口"], *RESIDENTS])
    for content in (sheets, block):
        roster = check_roster(read_sheets(content, file_name="a"))
        assert same_schools(roster)
        assert [(row.location, row.people, row.source) for row in roster.residents] == expected


def test_residents_alone_are_enough():
    roster = checked(
        [["城乡分类", "常住人口"], ["城区", "６３，０００"], ["镇区", "8.2万"], ["乡村", "无"], ["城区", 5]]
    )
    assert roster.residents == (ResidentRow("名册.csv", 4, "rural", 0, ""),)
    assert [(one.row, one.column, one.found) for one in roster.problems] == [
        (2, "A", "城区"), (3, "B", "8.2万"), (5, "A", "城区")
    ]  # fmt: skip
    assert not roster.has_schools


def test_a_class_of_residents_without_a_row_is_remarked_on():
    roster = checked(RESIDENTS[:3])
    assert [one.sentence for one in roster.remarks] == [
        "There is no row for: 乡村. What the county has stays as it is."
    ]


def test_sheets_without_a_roster_are_remarked_on_and_explanations_are_not():
    content = xlsx_bytes({"学校": [HEADINGS, *SCHOOLS], "填写说明": [["学校代码"]], "图表": [["a", "b"]]})
    roster = check_roster(read_sheets(content, file_name="a"))
    assert same_schools(roster)
    assert [(one.sheet, one.sentence) for one in roster.remarks] == [
        ("图表", "No roster was found on this sheet; it was not read.")
    ]
