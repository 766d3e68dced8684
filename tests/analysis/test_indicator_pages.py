"""The figures' desk in a bureau's hands: upload, explain headings, preview, accept, take back."""

import io
import re
import time
from datetime import timedelta

import openpyxl
import pytest
from django.contrib.auth import get_user_model
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from analysis.evaluation_plans import county_facts
from analysis.indicator_files.previews import preview_of
from analysis.indicator_files.uploads import accept_upload
from analysis.indicators import (
    TableRefused,
    current_table,
    item_lines_of,
    records_of,
    store_table,
    withdraw_table,
    years_with_figures,
)
from analysis.models import HeadingMapping, IndicatorTable, IndicatorUpload
from analysis.school_table import Record
from analysis.standard import shipped_standard
from surveys.models import County
from tests.analysis import messy_tables

pytestmark = pytest.mark.django_db
STANDARD = "quality-balance-2017"
SCHOOLS = 12


@pytest.fixture(autouse=True)
def own_folder(tmp_path, settings):
    settings.DATA_DIR = tmp_path


@pytest.fixture
def county():
    county = County.objects.create(code="990002", name="云川县")
    messy_tables.roster(county, SCHOOLS)
    return county


@pytest.fixture
def desk(county, client):
    return signed_in(client, county, "bureau")


def signed_in(client, county, role, **options):
    user = get_user_model().objects.create(
        username=f"{role}-{county.code}", role=role, county=county, **options
    )
    client.force_login(user)
    client.cookies["django_language"] = "en"
    return client


def upload(desk, content, *, name="办学条件.xlsx", level="schools", year=2026, **more):
    return desk.post(
        reverse("indicators"),
        {"file": SimpleUploadedFile(name, content), "level": level, "standard": STANDARD, "year": year}
        | more,
    )


def explained(desk, answer):
    """The preview's address, after the suggestions of the mapping page were taken as they stand."""
    if "headings" not in answer.url:
        return answer.url
    page = desk.get(answer.url).content.decode()
    rows = re.findall(r'<select id="column-(\d+)" name="column_\d+">(.*?)</select>', page, re.DOTALL)
    given = {
        f"column_{n}": (re.search(r'value="(\w+)" selected', options) or [0, ""])[1] for n, options in rows
    }
    times = re.findall(r'name="times_(\d+)".*?value="(\d+)" selected', page, re.DOTALL)
    return desk.post(answer.url, given | {f"times_{n}": value for n, value in times}).url


def accept(desk, address, **options):
    page = desk.get(address).content.decode()
    seen = re.search(r'name="seen" value="(\w+)"', page)[1]
    return desk.post(address, {"decision": "accept", "seen": seen, "doubts_seen": "yes"} | options)


def imported(desk, rows, **options):
    return accept(desk, explained(desk, upload(desk, messy_tables.xlsx(rows), **options)))


def test_a_messy_workbook_goes_from_upload_to_the_table_that_counts(desk, county):
    answer = upload(desk, messy_tables.xlsx(messy_tables.messy_rows(SCHOOLS)))
    assert "headings" in answer.url
    address = explained(desk, answer)
    page = desk.get(address).content.decode()
    assert "the schools add up to" in page
    assert IndicatorTable.objects.count() == 0
    table_page = accept(desk, address)
    table = current_table(county, 2026, "schools")
    assert table_page.url == reverse("indicator_table", args=[table.pk])
    assert (table.by.username, table.file_name, len(table.lines)) == (
        "bureau-990002",
        "办学条件.xlsx",
        SCHOOLS,
    )
    assert records_of(table)[0].cells["pupils"] == "512"  # written ５１２
    assert records_of(table)[0].cells["equipment_yuan"] == "1331200"  # 133.12 万元
    assert any("add up" in doubt["en"] for doubt in table.doubts)
    assert not IndicatorUpload.objects.exists()
    facts, _ = county_facts(shipped_standard(STANDARD), records=records_of(table))
    assert len(facts.schools) == SCHOOLS


def test_the_same_table_as_gbk_text_holds_the_same_figures(desk, county):
    rows = messy_tables.messy_rows(SCHOOLS)
    imported(desk, rows)
    first = current_table(county, 2026, "schools")
    address = explained(desk, upload(desk, messy_tables.gbk_csv(rows), name="办学条件.csv"))
    assert "exactly these figures already" in desk.get(address).content.decode()
    accept(desk, address)
    assert list(IndicatorTable.objects.all()) == [first]


def test_headings_explained_once_are_known_the_next_time(desk):
    rows = messy_tables.messy_rows(SCHOOLS)
    imported(desk, rows)
    assert (
        HeadingMapping.objects.filter(column="teachers_above_degree").get().heading == "专任教师/高于规定学历"
    )
    assert "headings" not in upload(desk, messy_tables.xlsx(rows), year=2027).url


def test_doubts_need_a_tick_and_are_kept_with_the_table(desk):
    address = explained(desk, upload(desk, messy_tables.xlsx(messy_tables.messy_rows(SCHOOLS))))
    assert accept(desk, address, doubts_seen="").url == address
    assert not IndicatorTable.objects.exists()
    page = desk.get(accept(desk, address).url).content.decode()
    assert "doubt it was accepted with" in page
    assert "bureau-990002" in page


def test_one_error_keeps_the_whole_table_out(desk):
    rows = messy_tables.messy_rows(SCHOOLS, duplicate=True)
    address = explained(desk, upload(desk, messy_tables.xlsx(rows)))
    page = desk.get(address).content.decode()
    assert "stands in row 10 too" in page
    assert 'value="accept"' not in page
    assert accept(desk, address).url == address
    assert not IndicatorTable.objects.exists()


def test_what_changes_against_the_table_before_is_shown_and_kept(desk, county):
    rows = messy_tables.messy_rows(SCHOOLS, wrong_total=False)
    imported(desk, rows)
    rows[6][5] += 1  # one more class at the second school
    del rows[7]
    address = explained(desk, upload(desk, messy_tables.xlsx(rows)))
    text = " ".join(re.sub("<[^>]+>", " ", desk.get(address).content.decode()).split())
    assert "1 no longer there 云川县第3初级中学（初中）" in text
    accept(desk, address)
    changes = current_table(county, 2026, "schools").changes
    assert changes["gone"] == ["云川县第3初级中学（初中）"]
    assert [one[:3] for one in changes["changed"]] == [["云川县第2小学", "小学", "classes"]]


def test_last_years_table_is_looked_at(desk):
    rows = messy_tables.messy_rows(SCHOOLS)
    imported(desk, rows, year=2025)
    rows[6][13] = rows[6][13] * 12
    page = desk.get(explained(desk, upload(desk, messy_tables.xlsx(rows)))).content.decode()
    assert "ten times off" in page


def test_a_table_taken_back_stays_readable_and_the_one_before_counts_again(desk, county):
    rows = messy_tables.messy_rows(SCHOOLS)
    imported(desk, rows)
    first = current_table(county, 2026, "schools")
    rows[6][5] += 1
    imported(desk, rows)
    second = current_table(county, 2026, "schools")
    assert first != second
    address = reverse("indicator_withdraw", args=[second.pk])
    assert desk.post(address, {"reason": " "}).status_code == 422
    desk.post(address, {"reason": "误传"})
    assert current_table(county, 2026, "schools") == first
    page = desk.get(reverse("indicator_table", args=[second.pk])).content.decode()
    assert "误传" in page
    assert "bureau-990002" in page
    desk.post(address, {"reason": "再撤一次"})
    second.refresh_from_db()
    assert second.withdrawn_reason == "误传"
    withdraw_table(first, by=None, reason="旧表")
    assert years_with_figures(county) == []


def test_the_download_comes_back_as_it_went_out(desk, county):
    imported(desk, messy_tables.messy_rows(SCHOOLS))
    table = current_table(county, 2026, "schools")
    answer = desk.get(reverse("indicator_table_file", args=[table.pk]))
    assert answer["X-Content-Type-Options"] == "nosniff"
    again = upload(desk, answer.content, name="下载.xlsx")
    assert "headings" not in again.url
    assert "exactly these figures already" in desk.get(again.url).content.decode()


def test_the_form_holds_the_countys_schools_and_the_words_that_are_allowed(desk):
    content = desk.get(reverse("indicator_form") + f"?standard={STANDARD}&level=schools").content
    book = openpyxl.load_workbook(io.BytesIO(content))
    sheet = book["学校指标"]
    assert [cell.value for cell in sheet["B"]][1:] == messy_tables.school_names(SCHOOLS)
    lists = {rule.formula1 for rule in sheet.data_validations.dataValidation if rule.type == "list"}
    assert '"城区,镇区,乡村"' in lists
    assert "填写说明" in book.sheetnames


def test_county_items_go_from_the_form_to_the_evaluation(desk, county):
    content = desk.get(reverse("indicator_form") + f"?standard={STANDARD}&level=county").content
    book = openpyxl.load_workbook(io.BytesIO(content))
    sheet = book["县级指标"]
    rows = {sheet.cell(row, 2).value: row for row in range(2, sheet.max_row + 1)}
    assert len(rows) == len(shipped_standard(STANDARD).items)
    for name, value in (
        ("弄虚作假行为", "否"),
        ("专任教师持证上岗率", "99.5%"),
        ("通过国家义务教育基本均衡认定的年数", 6),
    ):
        sheet.cell(rows[name], 3, value)
    stream = io.BytesIO()
    book.save(stream)
    answer = accept(desk, upload(desk, stream.getvalue(), level="county").url)
    table = current_table(county, 2026, "county")
    assert answer.url == reverse("indicator_table", args=[table.pk])
    facts, _ = county_facts(shipped_standard(STANDARD), records=(), items=item_lines_of(table))
    assert facts.items["falsification"].value is False
    assert float(facts.items["certified_share"].value) == 0.995
    page = desk.get(reverse("indicators")).content.decode()
    assert "39 of 42 missing" in page


def test_an_upload_is_nobody_elses_and_does_not_wait_for_ever(desk, county, client):
    address = explained(desk, upload(desk, messy_tables.xlsx(messy_tables.messy_rows(SCHOOLS))))
    colleague = client.__class__()
    colleague.force_login(get_user_model().objects.create(username="bob", role="bureau", county=county))
    for path in (address, address + "headings/", address + "remarks.xlsx"):
        assert colleague.get(path).url == reverse("indicators")
    assert colleague.post(address, {"decision": "discard"}).url == reverse("indicators")
    IndicatorUpload.objects.update(uploaded_at=timezone.now() - timedelta(hours=3))
    assert desk.get(address).url == reverse("indicators")


def test_a_reviewer_reads_and_changes_nothing(desk, county, client):
    imported(desk, messy_tables.messy_rows(SCHOOLS))
    table = current_table(county, 2026, "schools")
    reviewer = signed_in(client.__class__(), county, "reviewer")
    for name, arguments in (
        ("indicators", []),
        ("indicator_table", [table.pk]),
        ("indicator_table_file", [table.pk]),
    ):
        assert reviewer.get(reverse(name, args=arguments)).status_code == 200
    assert upload(reviewer, b"x").status_code == 403
    assert reviewer.post(reverse("indicator_withdraw", args=[table.pk]), {"reason": "x"}).status_code == 403
    neighbour = signed_in(client.__class__(), County.objects.create(code="990003", name="邻县"), "bureau")
    assert neighbour.get(reverse("indicator_table", args=[table.pk])).status_code == 404


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04broken", b"%PDF-1.4", b"\x00\x01\x02"])
def test_a_file_that_cannot_be_read_is_a_sentence_beside_the_field(desk, content):
    answer = upload(desk, content)
    assert answer.status_code == 422
    assert 'class="errorlist"' in answer.content.decode()
    assert not IndicatorUpload.objects.exists()


def test_a_file_without_anything_like_a_table_is_said_to_be_none(desk):
    answer = upload(desk, "今天天气很好\n".encode(), name="a.csv")
    page = desk.get(answer.url)
    assert page.status_code == 200
    assert "Nothing like a table was found" in page.content.decode()
    assert desk.get(answer.url.replace("headings/", "")).status_code == 302


def test_choices_that_make_no_sense_are_refused_in_a_sentence(desk):
    answer = upload(desk, messy_tables.xlsx(messy_tables.messy_rows(SCHOOLS)))
    for given, says in (
        ({"column_1": "pupils", "column_4": "pupils"}, "cannot be the same column"),
        ({"column_1": ""}, "must be the school"),
        ({"column_7": "no_such_column"}, "Choose one of the columns"),
        ({"column_7": "teachers", "times_7": "7"}, "Choose one of the columns"),
    ):
        page = desk.post(answer.url, given)
        assert page.status_code == 422
        assert says in page.content.decode()


def test_what_is_hostile_in_a_table_is_only_text(desk):
    rows = messy_tables.messy_rows(SCHOOLS, wrong_total=False)
    rows[5][1] = "<script>alert(1)</script>"
    address = explained(desk, upload(desk, messy_tables.xlsx(rows), name="<b>表</b>.xlsx"))
    assert "<script>alert" not in desk.get(address).content.decode()
    book = openpyxl.load_workbook(io.BytesIO(desk.get(address + "remarks.xlsx").content))
    assert {cell.data_type for row in book.active.iter_rows() for cell in row if cell.value} == {"s"}
    page = desk.get(accept(desk, address).url).content.decode()
    assert "<script>alert" not in page


def test_lists_of_a_large_table_come_in_pages_and_can_be_searched(desk, county):
    imported(desk, messy_tables.messy_rows(70))
    address = reverse("indicator_table", args=[current_table(county, 2026, "schools").pk])
    assert "Page 1 of 2" in desk.get(address).content.decode()
    page = desk.get(address + "?q=第70").content.decode()
    assert "云川县第70小学" in page
    assert "云川县第71" not in page
    assert "Nothing fits" in desk.get(address + "?q=没有这样的学校").content.decode()


def test_six_hundred_schools_are_previewed_in_a_few_seconds(desk, county):
    County.objects.filter(pk=county.pk).update(name="大县")
    address = explained(desk, upload(desk, messy_tables.xlsx(messy_tables.messy_rows(600))))
    began = time.monotonic()
    assert desk.get(address).status_code == 200
    assert time.monotonic() - began < 10  # about two seconds on an idle machine


def test_a_table_is_kept_whole_or_refused(county):
    with pytest.raises(TableRefused):
        store_table(county=county, year=2026, level="schools", standard=STANDARD, file_name="a", by=None)
    record = Record(2, {"school": "一小", "pupils": "90"})
    first, again = (
        store_table(
            county=county,
            year=2026,
            level="schools",
            standard=STANDARD,
            file_name="a",
            by=None,
            records=[record],
        )
        for _ in range(2)
    )
    assert first == again
    assert records_of(first) == [record]


def county_book(*rows):
    return messy_tables.gbk_csv([["项目", "值", "佐证材料"], *rows])


def test_a_foreign_item_is_explained_once_and_known_the_next_time(desk, county):
    rows = [["教师持证上岗率（专任）", "99%", "核查表"], ["弄虚作假行为", "否", ""]]
    answer = upload(desk, county_book(*rows), name="县级.csv", level="county")
    assert "headings" in answer.url
    assert 'value="certified_share" selected' in desk.get(answer.url).content.decode()
    accept(desk, explained(desk, answer))
    table = current_table(county, 2026, "county")
    assert [(line.item, line.value) for line in item_lines_of(table)] == [
        ("certified_share", "99%"),
        ("falsification", "否"),
    ]
    assert "headings" not in upload(desk, county_book(*rows), name="县级.csv", level="county", year=2027).url


def test_the_wrong_kind_of_table_is_noticed_before_anything_is_read_into_it(desk):
    items = county_book(["弄虚作假行为", "否", ""])
    for content, level in ((items, "schools"), (messy_tables.xlsx(messy_tables.messy_rows(12)), "county")):
        answer = upload(desk, content, level=level)
        assert answer.status_code == 422
        assert "looks like the other kind of table" in answer.content.decode()


def test_accepting_twice_at_once_keeps_one_table(desk, county):
    address = explained(desk, upload(desk, messy_tables.xlsx(messy_tables.messy_rows(SCHOOLS))))
    waiting = IndicatorUpload.objects.get()
    first, second = preview_of(waiting), preview_of(IndicatorUpload.objects.get())
    options = {"by": waiting.by, "now": timezone.now(), "seen": first.digest, "doubts_seen": True}
    accept_upload(first, **options)
    with pytest.raises(TableRefused):
        accept_upload(second, **options)
    assert IndicatorTable.objects.count() == 1
    assert desk.get(address).url == reverse("indicators")


def test_the_same_figures_again_only_add_their_evidence(desk, county):
    rows = messy_tables.messy_rows(SCHOOLS)
    imported(desk, rows)
    paper = SimpleUploadedFile("名册.pdf", b"%PDF-1.7")
    accept(desk, explained(desk, upload(desk, messy_tables.xlsx(rows), evidence=paper)))
    assert IndicatorTable.objects.get().evidence.get().name == "名册.pdf"


def test_tables_of_two_standards_stand_side_by_side(desk, county):
    items = {
        "quality-balance-2017": ("弄虚作假行为", "否"),
        "basic-balance-2012-sichuan": ("government_score", "88"),
    }
    for key, (item, value) in items.items():
        sent = upload(desk, county_book([item, value, ""]), name="a.csv", level="county", standard=key)
        accept(desk, explained(desk, sent))
    assert current_table(county, 2026, "county").standard_key == "basic-balance-2012-sichuan"
    quality = current_table(county, 2026, "county", standard_key=STANDARD)
    assert [line.item for line in item_lines_of(quality)] == ["falsification"]
    page = desk.get(reverse("indicators")).content.decode()
    assert "41 of 42 missing" in page


def test_what_moved_since_the_preview_is_shown_again(desk, county):
    rows = messy_tables.messy_rows(SCHOOLS)
    address = explained(desk, upload(desk, messy_tables.xlsx(rows)))
    seen = re.search(r'name="seen" value="(\w+)"', desk.get(address).content.decode())[1]
    rows[6][5] += 1
    imported(desk, rows)
    answer = desk.post(address, {"decision": "accept", "seen": seen, "doubts_seen": "yes"})
    assert answer.url == address
    assert IndicatorTable.objects.count() == 1
