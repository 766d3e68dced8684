"""From the table to facts: exact numbers, schools by stage, who counts; what is not known is named."""

import re
from fractions import Fraction

import pytest

from analysis.county_items import ItemLine, county_answers
from analysis.evaluation_plans import county_facts, find_standard, setting_values, typed_recognition
from analysis.facts import SchoolRow, measure
from analysis.file_errors import EvaluationFileError
from analysis.quantities import NotANumber, read_number
from analysis.school_table import Record
from analysis.standard import shipped_standard
from tests.analysis.counties import QUALITY, judged, junior, primary, records

STANDARD = shipped_standard(QUALITY)


def rows_of(schools: list[dict], standard: str = QUALITY) -> dict[tuple[str, str], SchoolRow]:
    facts, _ = county_facts(find_standard(standard), records=records(schools))
    return {(row.school, row.stage): row for row in facts.rows}


def doubts_of(schools: list[dict]) -> list[str]:
    _, doubts = county_facts(STANDARD, records=records(schools))
    return [doubt.text("en") for doubt in doubts]


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("4.2", Fraction(42, 10)),
        ("1,234,567", Fraction(1234567)),
        ("３９０万元", Fraction(3_900_000)),
        ("1.5亿", Fraction(150_000_000)),
        ("97.3%", Fraction(973, 1000)),
        ("８：１", Fraction(8)),
        ("485/500", Fraction(97, 100)),
        ("45 人", Fraction(45)),
        ("20008㎡", Fraction(20008)),
        ("无", Fraction(0)),
        ("", None),
        ("NaN", None),
        ("—", None),
    ],
)
def test_number_is_read_as_it_is_written(text: str, number: Fraction | None) -> None:
    assert read_number(text) == number


@pytest.mark.parametrize("text", ["-5", "inf", "12a", "1e999", "1/0", "99999999999999", "1.2.3", "约45"])
def test_what_is_no_number_of_zero_or_more_is_refused(text: str) -> None:
    with pytest.raises(NotANumber):
        read_number(text)


def test_ratio_is_exact_where_floating_point_is_not() -> None:
    """3 × 0.1 ÷ 3 is not 0.1 in floating point; a school at exactly its limit must be at it."""
    row = rows_of([primary("甲", pupils=3, equipment_yuan="6000.3")])["甲", "primary"]
    assert measure(STANDARD.indicators["equipment_per_pupil"], row).value == Fraction("2000.1")


def test_unknown_amount_is_absent_and_named() -> None:
    row = rows_of([primary("甲", books=None, teaching_area_m2="NaN")])["甲", "primary"]
    found = measure(STANDARD.indicators["teaching_area_per_pupil"], row)
    assert (found.value, found.missing) == (None, ("teaching_area_m2",))


def test_no_pupils_give_no_ratio() -> None:
    row = rows_of([primary("甲", pupils=0)])["甲", "primary"]
    found = measure(STANDARD.indicators["teaching_area_per_pupil"], row)
    assert (found.value, found.nothing_in) == (None, "pupils")


def test_amounts_different_per_stage_are_each_stages_own() -> None:
    school = {"school": "九校", "school_type": "nine_year"}
    rows = rows_of(
        [
            {**school, "stage": "primary", "pupils": 900, "teaching_area_m2": 5000},
            {**school, "stage": "junior", "pupils": 600, "teaching_area_m2": 4000},
        ]
    )
    assert rows["九校", "primary"].numbers["teaching_area_m2"] == 5000
    assert rows["九校", "primary"].parts == {}


def test_teachers_count_where_they_teach_and_are_never_divided() -> None:
    school = {"school": "九校", "school_type": "nine_year", "backbone_teachers": 20, "teaching_area_m2": 100}
    rows = rows_of(
        [{**school, "stage": "primary", "pupils": 900}, {**school, "stage": "junior", "pupils": 600}]
    )
    assert rows["九校", "primary"].numbers["backbone_teachers"] == 20
    one_row = rows_of([{**school, "pupils_primary": 900, "pupils_junior": 600}])
    assert "backbone_teachers" not in one_row["九校", "primary"].numbers


def test_own_figure_of_a_stage_goes_before_the_schools() -> None:
    rows = rows_of(
        [
            {
                "school": "九校", "school_type": "nine_year", "pupils_primary": 900, "pupils_junior": 600,
                "teaching_area_m2": 8000, "teaching_area_m2_primary": 5000,
            }
        ]
    )  # fmt: skip
    assert rows["九校", "primary"].numbers["teaching_area_m2"] == 5000
    assert rows["九校", "junior"].numbers["teaching_area_m2"] == 8000 * Fraction(66, 156)


def test_repeated_amounts_are_divided_and_said_to_be() -> None:
    school = {"school": "九校", "school_type": "nine_year", "teaching_area_m2": 8000, "multimedia_rooms": 20}
    both = [{**school, "stage": "primary", "pupils": 900}, {**school, "stage": "junior", "pupils": 600}]
    assert any("taken as the whole school's" in doubt for doubt in doubts_of(both))
    own = [{**row, "amounts_of": "本学段"} for row in both]
    assert doubts_of(own) == []
    assert rows_of(own)["九校", "primary"].numbers["teaching_area_m2"] == 8000


def test_complete_and_twelve_year_schools_use_their_own_weights() -> None:
    twelve = rows_of(
        [
            {
                "school": "十二校", "school_type": "十二年一贯制", "pupils_primary": 1000,
                "pupils_junior": 1000, "pupils_senior": 1000, "teaching_area_m2": 3420,
            }
        ]
    )  # fmt: skip
    assert {stage: row.numbers["teaching_area_m2"] for (_, stage), row in twelve.items()} == {
        "primary": 1000, "junior": 1100, "senior": 1320,
    }  # fmt: skip
    complete = rows_of(
        [
            {
                "school": "完中", "school_type": "完全中学", "pupils_junior": 500, "pupils_senior": 500,
                "teaching_area_m2": 2200,
            }
        ]
    )  # fmt: skip
    assert complete["完中", "junior"].numbers["teaching_area_m2"] == 1000


def test_standard_without_weights_divides_nothing_and_says_so() -> None:
    school = {
        "school": "九校", "school_type": "nine_year", "pupils_primary": 9, "pupils_junior": 6, "books": 90,
    }  # fmt: skip
    facts, doubts = county_facts(find_standard("basic-balance-2012-sichuan"), records=records([school]))
    assert "books" not in facts.rows[0].numbers
    assert "cannot be divided" in doubts[0].text("en")


def test_senior_pupils_and_special_schools_are_not_judged() -> None:
    evaluation = judged(
        [
            primary("甲"),
            {"school": "完中", "school_type": "complete", "stage": "senior", "pupils": 800},
            {"school": "启明", "school_type": "特殊教育学校", "pupils": 60},
            {"school": "职校", "school_type": "职业学校", "pupils": 600},
        ]
    )
    seven = evaluation.findings["seven_indicators"]
    assert [(part.school, part.verdict) for part in seven.parts] == [("甲", "met")]
    reasons = {one.row.school: one.excluded["en"] for one in evaluation.schools if one.excluded}
    assert reasons == {
        "完中": "Senior secondary is not compulsory education",
        "启明": "Special schools are not part of the seven indicators",
        "职校": "Vocational schools are not part of the seven indicators",
    }


@pytest.mark.parametrize(("pupils", "counts"), [(49, False), (50, True)])
def test_teaching_point_counts_from_fifty_pupils(pupils: int, counts: bool) -> None:
    point = {"school": "村点", "school_type": "教学点", "pupils": pupils}
    seven = judged([primary("甲"), point]).findings["seven_indicators"]
    assert ("村点" in [part.school for part in seven.parts]) is counts


def test_blank_in_a_column_that_excludes_leaves_the_school_open() -> None:
    """Whether a school is private decides whether it counts; a blank must not decide it."""
    schools = [
        {"school": "甲", "stage": "primary", "public": "公办", "pupils": 100, "books": 1000},
        {"school": "乙", "stage": "primary", "public": "", "pupils": 100, "books": 9000},
    ]
    found = judged(schools, standard="basic-balance-2012-sichuan")
    books = next(
        one for one in found.dispersions if (one.indicator, one.stage) == ("books_per_pupil", "primary")
    )
    assert (books.missing, books.schools) == (("public",), ("乙",))


def test_column_that_excludes_and_is_not_there_excludes_nobody_and_that_is_said() -> None:
    schools = [{"school": "甲", "stage": "primary", "pupils": 100, "books": 1000}]
    found = judged(schools, standard="basic-balance-2012-sichuan")
    assert any("no column 'public'" in one.text("en") for one in found.assumptions)


def test_whole_school_is_its_compulsory_part() -> None:
    facts = judged(
        [
            {
                "school": "十二校", "school_type": "twelve_year", "pupils_primary": 1200,
                "pupils_junior": 1200, "pupils_senior": 2000, "classes_primary": 24,
                "classes_junior": 24, "classes_senior": 40,
                "music_rooms": 4, "art_rooms": 3,
            }
        ]
    )  # fmt: skip
    whole = facts.facts.schools[0]
    assert (whole.numbers["pupils"], whole.numbers["classes"]) == (2400, 48)
    findings = next(one.findings for one in facts.schools if one.row.stage == "")
    assert findings["school_size"].verdict == "met"  # 2400 of 2500
    assert (findings["music_rooms"].verdict, findings["art_rooms"].verdict) == ("met", "not_met")


def test_music_rooms_repeated_in_every_row_are_counted_once() -> None:
    school = {"school": "九校", "school_type": "nine_year", "music_rooms": 2, "teaching_area_m2": 1}
    evaluation = judged(
        [
            {**school, "stage": "primary", "pupils": 900, "classes": 20},
            {**school, "stage": "junior", "pupils": 600, "classes": 12},
        ]
    )
    whole = next(one for one in evaluation.schools if one.row.stage == "")
    assert whole.findings["music_rooms"].value == 2
    assert whole.findings["music_rooms"].limit == 3


REFUSED = [
    ([primary("甲"), primary("甲")], "row 3: '甲' stands already in row 2"),
    ([primary("甲", pupils="很多")], "row 2, 'pupils': found '很多'; expected a number of 0 or more"),
    ([primary("甲", pupils=-3)], "row 2, 'pupils': found '-3'"),
    ([primary("甲", school_type="大学")], "'school_type': found '大学'; allowed: primary (小学)"),
    ([primary("甲", location="山区")], "'location': found '山区'; allowed: urban (城区)"),
    ([primary("甲", stage="初中")], "a school of type 'primary' has no stage 'junior'; allowed: primary"),
    ([{"school": "甲", "pupils": 10}], "'甲' has neither 'school_type' nor 'stage'"),
    ([primary("  ")], "row 2, 'school': is blank"),
    (
        [primary("甲", stage="primary"), junior("甲", stage="junior")],
        "'甲' has the types junior, primary; allowed: one",
    ),
    (
        [
            {"school": "甲", "school_type": "nine_year", "pupils": 1},
            {"school": "甲", "school_type": "nine_year", "stage": "junior", "pupils": 1},
        ],
        "has a row without a stage beside others",
    ),
]


@pytest.mark.parametrize(("schools", "sentence"), REFUSED)
def test_table_that_contradicts_itself_is_refused_with_the_row(schools: list[dict], sentence: str) -> None:
    with pytest.raises(EvaluationFileError) as refused:
        county_facts(STANDARD, records=records(schools))
    assert sentence in str(refused.value)
    assert re.search("[一-龥]{2}", refused.value.texts["zh-hans"])  # a clerk reads it in Chinese
    assert "{" not in refused.value.texts["zh-hans"]


def test_two_schools_of_one_name_are_told_apart_by_their_code() -> None:
    rows = rows_of([primary("中心小学", code="001"), primary("中心小学", code="002")])
    assert sorted(school for school, _ in rows) == ["中心小学 [001]", "中心小学 [002]"]


@pytest.mark.parametrize(
    ("value", "share"), [("97.3%", "0.973"), ("97.3", "0.973"), ("0.973", "0.973"), ("1", "1"), ("100", "1")]
)
def test_rate_is_a_share_however_it_is_written(value: str, share: str) -> None:
    answers = county_answers(
        [ItemLine(2, "certified_share", value)], standard=STANDARD, settings={}, name="county"
    )
    assert answers.items["certified_share"].value == Fraction(share)


def test_rate_above_one_hundred_per_cent_is_refused() -> None:
    with pytest.raises(EvaluationFileError, match="a rate is at most 100%"):
        county_answers([ItemLine(2, "certified_share", "130%")], standard=STANDARD, settings={}, name="c")


def test_item_may_be_called_by_its_chinese_name() -> None:
    lines = [ItemLine(2, "专任教师持证上岗率", "100%", "教师花名册.xlsx")]
    fact = county_answers(lines, standard=STANDARD, settings={}, name="county").items["certified_share"]
    assert (fact.value, fact.evidence) == (1, "教师花名册.xlsx")


def test_item_that_nobody_asks_for_is_named_with_the_nearest() -> None:
    lines = [ItemLine(2, "certified_shares", "100%")]
    answers = county_answers(lines, standard=STANDARD, settings={}, name="county")
    assert "is 'certified_share' meant?" in answers.doubts[0].text("en")


def test_item_twice_is_refused() -> None:
    lines = [ItemLine(2, "left_behind_care", "是"), ItemLine(9, "left_behind_care", "否")]
    with pytest.raises(EvaluationFileError, match="row 9: 'left_behind_care' stands in row 2 too"):
        county_answers(lines, standard=STANDARD, settings={}, name="county.csv")


def test_answer_that_is_neither_yes_nor_no_is_refused() -> None:
    with pytest.raises(EvaluationFileError, match="found '部分'; allowed: yes"):
        county_answers([ItemLine(2, "left_behind_care", "部分")], standard=STANDARD, settings={}, name="c")


def test_settings_outside_their_bounds_are_refused() -> None:
    standard = find_standard("basic-balance-2012-sichuan")
    with pytest.raises(EvaluationFileError, match="found '12'; allowed: a number, 4.99 to 9.99"):
        setting_values(standard, {"sports_big_city_primary": "12"})
    with pytest.raises(EvaluationFileError, match="has no setting 'sports'; allowed: schools_may_miss"):
        setting_values(standard, {"sports": "5"})
    with pytest.raises(EvaluationFileError, match="found 'C'; allowed: A, B"):
        setting_values(STANDARD, {"retention_formula": "C"})


@pytest.mark.parametrize("text", ["0.872", "87.2", "87.2%", "８７．２％"])
def test_recognition_typed_in_any_way_is_the_same_share(text: str) -> None:
    assert typed_recognition(text).estimate == Fraction("0.872")


@pytest.mark.parametrize("text", ["", "很高", "872", "-0.5"])
def test_recognition_that_is_no_share_is_refused(text: str) -> None:
    with pytest.raises(EvaluationFileError, match="--recognition"):
        typed_recognition(text)


def test_retention_without_any_count_asks_for_the_rate_itself() -> None:
    found = judged([junior("甲")], items={})
    assert found.findings["retention"].missing == ("retention_rate",)
    some = judged([junior("甲")], items={"graduates": 485, "entered": 500})
    assert some.findings["retention"].missing == ("transfer_out", "transfer_in", "died")


def test_record_keeps_its_line() -> None:
    facts, _ = county_facts(STANDARD, records=[Record(17, {"school": "甲", "stage": "小学"})])
    assert facts.rows[0].line == 17
