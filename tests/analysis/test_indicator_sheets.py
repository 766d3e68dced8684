"""A workbook of several sheets: the clerk chooses, what is not read is named, rows keep their place; 亩; and
what a county said of its headings."""

import io
import re
from fractions import Fraction

import openpyxl
import pytest
from django.urls import reverse

from analysis.indicator_files.headings import find_table
from analysis.indicator_files.previews import preview_of
from analysis.indicators import current_table, records_of
from analysis.models import HeadingMapping, IndicatorUpload
from analysis.standard import shipped_standard
from surveys.models import County
from surveys.roster.cells import ROSTER_LIMITS, Budget, collect_sheet
from tests.analysis.test_indicator_pages import STANDARD, accept, signed_in, upload

pytestmark = pytest.mark.django_db
HEADINGS = ["学校名称", "学生数", "班级数", "教学仪器设备值（元）"]
PRIMARY = [HEADINGS, ["实验学校", 900, 20, 1_900_000], ["城关小学", 600, 14, 1_300_000]]
JUNIOR = [["某县初中统计表"], HEADINGS, ["实验学校", 400, 9, 1_100_000], ["城关中学", 800, 17, 2_100_000]]
NOTES = [["填表说明：按学年初报表填写。"]]


@pytest.fixture(autouse=True)
def own_folder(tmp_path, settings):
    settings.DATA_DIR = tmp_path


@pytest.fixture
def county():
    return County.objects.create(code="990003", name="云溪县")


@pytest.fixture
def desk(county, client):
    client = signed_in(client, county, "bureau")
    client.cookies["django_language"] = "zh-hans"
    return client


def workbook(**sheets) -> bytes:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def given(page: str) -> dict[str, object]:
    """The mapping page's form as it stands."""
    columns = re.findall(r'name="column_(\d+)">(.*?)</select>', page, re.DOTALL)
    return {
        f"column_{n}": (re.search(r'value="(\w+)" selected', options) or ["", ""])[1]
        for n, options in columns
    } | {"sheet": re.findall(r'name="sheet" value="([^"]+)" checked', page)}


def test_sheets_named_after_stages_are_read_as_one_table(desk, county):
    answer = upload(desk, workbook(小学=PRIMARY, 初中=JUNIOR, 说明=NOTES))
    page = desk.get(answer.url).content.decode()
    assert given(page)["sheet"] == ["小学", "初中"]  # nothing is unclear but which sheets: that is asked
    preview = desk.post(answer.url, given(page)).url
    text = desk.get(preview).content.decode()
    assert "已读取：小学、初中。未读取：说明。" in text
    accept(desk, preview)
    records = records_of(current_table(county, 2026, "schools"))
    assert [(one.cells["school"], one.cells["stage"], one.cells["pupils"]) for one in records] == [
        ("实验学校", "小学", "900"), ("城关小学", "小学", "600"),
        ("实验学校", "初中", "400"), ("城关中学", "初中", "800"),
    ]  # fmt: skip
    assert len({one.line for one in records}) == 4


def test_a_mistake_is_named_with_its_sheet_and_the_row_it_has_there(desk):
    wrong = [*JUNIOR[:3], ["城关中学", "很多", 17, 2_100_000]]
    answer = upload(desk, workbook(小学=PRIMARY, 初中=wrong))
    preview = desk.post(answer.url, given(desk.get(answer.url).content.decode())).url
    assert "“初中”第4行B列" in desk.get(preview).content.decode()


def test_the_same_row_on_two_sheets_is_said_with_both_places(desk):
    rows = [[*HEADINGS, "学段"], *([*row, "小学"] for row in PRIMARY[1:])]
    answer = upload(desk, workbook(甲表=rows, 乙表=rows))
    form = given(desk.get(answer.url).content.decode())
    assert len(form["sheet"]) == 1  # the same schools again: a clerk has to say so
    preview = desk.post(answer.url, form | {"sheet": ["甲表", "乙表"]}).url
    assert "“乙表”第2行" in (text := desk.get(preview).content.decode())
    assert "在“甲表”第2行已出现" in text


def test_without_any_sheet_the_page_asks_again(desk):
    answer = upload(desk, workbook(甲=PRIMARY, 乙=JUNIOR))
    form = given(desk.get(answer.url).content.decode())
    refused = desk.post(answer.url, form | {"sheet": []})
    assert refused.status_code == 422
    assert "请至少选择一张工作表" in refused.content.decode()


def test_headings_of_a_sheet_that_is_added_later_are_asked_about(desk):
    foreign = [
        ["校名称谓", "在册娃娃", "装备账面"],
        ["城关中学", 800, 2_100_000],
        ["城北中学", 700, 1_100_000],
    ]
    answer = upload(desk, workbook(甲=PRIMARY, 乙=[*foreign, ["合计", 1500, 3_200_000]]))
    form = given(desk.get(answer.url).content.decode())
    answer = desk.post(answer.url, form | {"sheet": ["甲", "乙"]})
    assert "headings" in answer.url
    assert "在册娃娃" in desk.get(answer.url).content.decode()


def test_one_sheet_with_a_table_is_not_asked_about(desk):
    answer = upload(desk, workbook(数据=PRIMARY, 说明=NOTES))
    assert answer.url == reverse("indicator_preview", args=[IndicatorUpload.objects.get().token])


def heading(text: str, *, above: tuple = ()):
    sheet = collect_sheet(
        "表", [*above, ["学校", "学段", text], ["一小", "小学", "12"]], budget=Budget(ROSTER_LIMITS)
    )
    table = find_table([sheet], shipped_standard("basic-balance-2012-sichuan"), known={})
    return next(one for one in table.headings if one.text == text)


@pytest.mark.parametrize(
    ("text", "column", "state"),
    [
        ("学校占地面积（亩）", "site_area_m2", "own"),
        ("体育运动场馆面积/亩", "sports_area_m2", "own"),
        ("学生数（亩）", "pupils", "suggested"),
    ],
)
def test_mu_are_ten_thousand_fifteenths_of_a_square_metre(text, column, state):
    one = heading(text)
    assert (one.column, one.times, one.state) == (column, Fraction(10_000, 15), state)


def test_mu_over_the_whole_table_are_suggested_for_areas_alone():
    above = (["统计表"], ["单位：亩、人"])
    assert (heading("学校占地面积", above=above).times, heading("学校占地面积", above=above).state) == (
        Fraction(10_000, 15),
        "suggested",
    )
    assert heading("学校占地面积（㎡）", above=above).times == 1
    assert heading("学生数", above=above).times == 1


def test_mu_become_square_metres_and_are_remembered(desk, county):
    rows = [
        ["学校名称", "学段", "学生数", "运动场地"],
        ["城关小学", "小学", 600, 15],
        ["城关中学", "初中", 800, 10],
    ]
    answer = upload(desk, workbook(数据=rows))
    page = desk.get(answer.url).content.decode()
    number = re.search(r'<label for="column-(\d+)">运动场地', page)[1]
    mapped = given(page) | {f"column_{number}": "sports_area_m2", f"times_{number}": "2000/3"}
    preview = desk.post(answer.url, mapped).url
    assert "÷15" in desk.get(preview).content.decode()
    accept(desk, preview)
    areas = [one.cells["sports_area_m2"] for one in records_of(current_table(county, 2026, "schools"))]
    assert areas == ["10000", "20000/3"]
    again = upload(desk, workbook(数据=[rows[0], ["城关小学", "小学", 600, 30]]), year=2027)
    assert "headings" not in again.url
    found = preview_of(IndicatorUpload.objects.get())
    assert found.records[0].cells["sports_area_m2"] == "20000"
    assert found.standard.key == STANDARD


HEADINGS_PAGE = "/desk/indicators/headings/"


def explained_once(desk, county) -> HeadingMapping:
    """A county that said what 运动场地 is, by accepting a table."""
    rows = [["学校名称", "学段", "学生数", "运动场地"], ["城关小学", "小学", 600, 15]]
    answer = upload(desk, workbook(数据=rows))
    page = desk.get(answer.url).content.decode()
    number = re.search(r'<label for="column-(\d+)">运动场地', page)[1]
    mapped = given(page) | {f"column_{number}": "sports_area_m2", f"times_{number}": "2000/3"}
    accept(desk, desk.post(answer.url, mapped).url)
    return HeadingMapping.objects.get(heading="运动场地", forgotten_at=None)


def test_known_headings_say_field_unit_who_and_when_and_a_forgotten_one_is_asked_again(desk, county):
    mapping = explained_once(desk, county)
    page = desk.get(HEADINGS_PAGE).content.decode()
    for words in ("运动场地", "体育运动场馆面积", "×10000÷15", mapping.by.username):
        assert words in page
    assert mapping.at is not None
    assert desk.post(HEADINGS_PAGE, {"forget": mapping.pk}).url == HEADINGS_PAGE
    mapping.refresh_from_db()
    assert (mapping.forgotten_by.username, mapping.forgotten_at is not None) == ("bureau-990003", True)
    assert "最近忘记的" in desk.get(HEADINGS_PAGE).content.decode()
    rows = [["学校名称", "学段", "学生数", "运动场地"], ["城关小学", "小学", 600, 30]]
    assert "headings" in upload(desk, workbook(数据=rows), year=2027).url
    again = explained_once(desk, county)
    assert HeadingMapping.objects.filter(heading="运动场地").count() == 2
    assert again.forgotten_at is None


def test_a_heading_of_another_county_cannot_be_forgotten(desk, county):
    other = County.objects.create(code="990004", name="邻县")
    foreign = HeadingMapping.objects.create(county=other, level="schools", heading="装备", column="books")
    assert desk.post(HEADINGS_PAGE, {"forget": foreign.pk}).status_code == 404
    assert desk.post(HEADINGS_PAGE, {"forget": "9" * 40}).status_code == 404
    foreign.refresh_from_db()
    assert foreign.forgotten_at is None


def test_search_finds_headings_and_says_if_none_fits(desk, county):
    for heading, column in (("装备原值", "equipment_yuan"), ("食堂", "")):
        HeadingMapping.objects.create(county=county, level="schools", heading=heading, column=column)
    assert "装备原值" in (page := desk.get(f"{HEADINGS_PAGE}?q=装备").content.decode())
    assert "食堂" not in page
    assert "没有符合条件的列名" in desk.get(f"{HEADINGS_PAGE}?q=不存在").content.decode()
