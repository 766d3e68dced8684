"""The roster's desk in a bureau's hands: upload, preview, decide; and in anybody else's."""

import io
import re
from datetime import timedelta

import openpyxl
import pytest
from django.contrib.auth import get_user_model
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from surveys.models import County, RosterImport, RosterUpload, School, Township
from surveys.roster.cells import ROSTER_LIMITS
from surveys.roster.checking import check_roster
from surveys.roster.reading import read_sheets
from tests.surveys.roster_files import (
    FIRST,
    HEADINGS,
    RESIDENTS,
    SCHOOLS,
    SECOND,
    csv_bytes,
    with_entry,
    xlsx_bytes,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def county():
    return County.objects.create(code="990002", name="测试县")


@pytest.fixture
def desk(county, client):
    """The bureau's browser, in English."""
    return signed_in(client, county, "bureau")


def signed_in(client, county, role, **options):
    user = get_user_model().objects.create(
        username=f"{role}-{county.code}", role=role, county=county, **options
    )
    client.force_login(user)
    client.cookies["django_language"] = "en"
    return client


def upload(desk, *rows, name="名册.csv", content=None):
    content = csv_bytes([HEADINGS, *rows]) if content is None else content
    return desk.post(reverse("roster"), {"file": SimpleUploadedFile(name, content)})


def shown(desk, *rows, **options):
    """The preview of an upload: its address and its page."""
    address = upload(desk, *rows, **options).url
    return address, desk.get(address)


def seen(page) -> str:
    return re.search(r'name="seen" value="(\w+)"', page.content.decode())[1]


def decide(desk, address, page, decision="import", **options):
    return desk.post(address, {"decision": decision, "seen": seen(page)} | options)


def test_upload_preview_confirm_and_the_trace(desk, county):
    address, page = shown(desk, *SCHOOLS)
    assert School.objects.count() == 0
    assert "nothing has been changed yet" in page.content.decode()
    answer = decide(desk, address, page)
    trace = RosterImport.objects.get()
    assert answer.url == reverse("roster_import", args=[trace.pk])
    assert (trace.by.username, trace.file_name, trace.added) == (f"bureau-{county.code}", "名册.csv", 3)
    result = desk.get(answer.url).content.decode()
    assert "云川县第一小学" in result
    assert trace.sha256 in result
    assert "名册.csv" in desk.get(reverse("roster")).content.decode()
    assert School.objects.filter(county=county).count() == 3
    assert not RosterUpload.objects.exists()


def test_a_second_file_shows_old_and_new(desk):
    address, page = shown(desk, *SCHOOLS)
    decide(desk, address, page)
    address, page = shown(desk, with_entry(with_entry(FIRST, "三年级", 99), "办学类型", "完小"), SECOND)
    text = " ".join(re.sub("<[^>]+>", " ", page.content.decode()).split())
    assert "Grade 3: 98 → 99" in text
    assert "1 school is not in the file; it stays as it is" in text
    decide(desk, address, page)
    assert School.objects.get(code=FIRST[0]).pupils_by_grade["3"] == 99
    assert School.objects.count() == 3


def test_bad_rows_are_named_and_keep_everything_out_until_they_are_accepted(desk):
    address, page = shown(desk, FIRST, with_entry(SECOND, "教师数", "三十"))
    text = page.content.decode()
    assert "Row 3" in text
    assert "column Q" in text
    assert "三十" in text
    assert "石门乡中心学校" in text
    assert decide(desk, address, page).url == address
    assert School.objects.count() == 0
    decide(desk, address, page, accept_good_rows="yes")
    assert School.objects.get().code == FIRST[0]
    assert RosterImport.objects.get().rows_left_out == 1


def test_a_file_without_a_good_row_cannot_be_imported(desk):
    address, page = shown(desk, with_entry(FIRST, "教师数", "三十"))
    assert 'value="import"' not in page.content.decode()
    decide(desk, address, page, accept_good_rows="yes")
    assert not RosterImport.objects.exists()


def test_a_thrown_away_upload_changes_nothing(desk):
    address, page = shown(desk, *SCHOOLS)
    assert decide(desk, address, page, decision="discard").url == reverse("roster")
    assert (School.objects.count(), RosterUpload.objects.count()) == (0, 0)


def test_confirming_twice_imports_once(desk):
    address, page = shown(desk, *SCHOOLS)
    decide(desk, address, page)
    assert desk.post(address, {"decision": "import", "seen": seen(page)}).url == reverse("roster")
    assert RosterImport.objects.count() == 1


def test_a_county_that_changed_since_the_preview_is_shown_again(desk, county):
    address, page = shown(desk, *SCHOOLS)
    township = Township.objects.create(county=county, name="城关镇")
    School.objects.create(
        county=county, township=township, code=FIRST[0], name="旧名", stage="primary", location="town"
    )
    assert decide(desk, address, page).url == address
    assert School.objects.get().name == "旧名"
    assert desk.post(address, {"decision": "import"}).url == address  # a form without what was seen
    decide(desk, address, desk.get(address))
    assert School.objects.get(code=FIRST[0]).name == "云川县第一小学"


def test_an_upload_is_nobody_elses(desk, county, client):
    address = upload(desk, *SCHOOLS).url
    neighbour = County.objects.create(code="990003", name="邻县")
    other = signed_in(client.__class__(), neighbour, "bureau")
    colleague = client.__class__()
    colleague.force_login(get_user_model().objects.create(username="bob", role="bureau", county=county))
    for stranger in (other, colleague):
        assert stranger.get(address).url == reverse("roster")
        assert stranger.get(address + "problems.xlsx").url == reverse("roster")
        assert stranger.post(address, {"decision": "import"}).url == reverse("roster")
    assert School.objects.count() == 0
    assert desk.get(address).status_code == 200


def test_an_upload_does_not_wait_for_ever(desk):
    address = upload(desk, *SCHOOLS).url
    RosterUpload.objects.update(uploaded_at=timezone.now() - timedelta(hours=3))
    assert desk.get(address).url == reverse("roster")


def test_only_the_bureau_imports(desk, county, client):
    address, page = shown(desk, *SCHOOLS)
    decide(desk, address, page)
    trace = RosterImport.objects.get()
    school = School.objects.first()
    for role, options in (("reviewer", {}), ("school", {"school": school}), ("inspector", {})):
        stranger = signed_in(client.__class__(), county, role, **options)
        assert upload(stranger, *SCHOOLS).status_code == 403
        assert stranger.get(address).status_code == 403
        reads = 200 if role == "reviewer" else 403
        for name, arguments in (("roster", []), ("roster_form", []), ("roster_import", [trace.pk])):
            assert stranger.get(reverse(name, args=arguments)).status_code == reads
    neighbour = signed_in(client.__class__(), County.objects.create(code="990003", name="邻县"), "bureau")
    assert neighbour.get(reverse("roster_import", args=[trace.pk])).status_code == 404


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "empty"),
        (b"PK\x03\x04broken", "damaged"),
        (b"%PDF-1.4", "not a spreadsheet"),
        (b"x" * (ROSTER_LIMITS.file_bytes + 1), "the largest allowed is 10 MB"),
    ],
)
def test_a_file_that_cannot_be_read_is_a_sentence_on_the_page(desk, content, says):
    answer = upload(desk, content=content)
    assert answer.status_code == 422
    assert says in answer.content.decode()
    assert not RosterUpload.objects.exists()


def test_no_file_is_a_sentence_too(desk):
    answer = desk.post(reverse("roster"), {})
    assert answer.status_code == 422
    assert "Choose a file first." in answer.content.decode()


def test_a_hostile_name_and_hostile_entries_are_only_text(desk):
    row = with_entry(with_entry(FIRST, "学校名称", "<script>alert(1)</script>"), "教师数", "<img src=x>")
    _address, page = shown(desk, row, SECOND, name="<b>名册</b>.csv")
    text = page.content.decode()
    assert "<script>alert" not in text
    assert "<img" not in text.partition("<main")[2]
    assert "&lt;script&gt;" in text


def test_hundreds_of_bad_entries_come_in_pages_and_by_heading(desk):
    rows = [with_entry(with_entry(FIRST, "学校代码", f"9{n:04}"), "教师数", "?") for n in range(130)]
    rows[7] = with_entry(rows[7], "办学类型", "?")
    address, page = shown(desk, *rows)
    assert page.content.decode().count("<tr>") == 1 + 50
    assert "Page 1 of 3" in page.content.decode()
    assert "Page 3 of 3" in desk.get(address + "?page=99").content.decode()
    only = desk.get(address + "?heading=办学类型").content.decode()
    assert only.count("<tr>") == 1 + 1


def test_the_entries_to_mend_can_be_downloaded_and_are_no_formulas(desk):
    row = with_entry(with_entry(FIRST, "学校名称", "=1+1"), "教师数", '=HYPERLINK("http://x.invalid")')
    address = upload(desk, row).url
    answer = desk.get(address + "problems.xlsx")
    sheet = openpyxl.load_workbook(io.BytesIO(answer.content)).active
    rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
    assert rows[0] == ["Sheet", "Row", "Column", "School", "Heading", "Found", "What is allowed"]
    assert rows[1] == [
        "名册.csv", "2", "Q", "=1+1", "教师数", '=HYPERLINK("http://x.invalid")',
        "Allowed: a whole number from 0 to 10,000.",
    ]  # fmt: skip
    assert {cell.data_type for cell in sheet[2]} == {"s"}


def test_the_empty_form_filled_in_comes_back_good(desk):
    book = openpyxl.load_workbook(io.BytesIO(desk.get(reverse("roster_form")).content))
    sheet = book["学校"]
    assert [cell.value for cell in sheet[1]][:6] == HEADINGS[:6]
    lists = {
        str(rule.sqref): rule.formula1
        for rule in sheet.data_validations.dataValidation
        if rule.type == "list"
    }
    assert '"小学,初中,九年一贯制,完全中学,十二年一贯制,教学点,特殊教育"' in lists.values()
    for number, row in enumerate(SCHOOLS, start=2):
        entries = [*row[:15], "", "", "", *row[15:]]
        for column, entry in enumerate(entries, start=1):
            sheet.cell(number, column, entry if entry != "" else None)
    for number, people in enumerate((63000, 82000, 145000), start=2):
        book["常住人口"].cell(number, 2, people)
    stream = io.BytesIO()
    book.save(stream)
    address, page = shown(desk, content=stream.getvalue(), name="填报表.xlsx")
    decide(desk, address, page)
    trace = RosterImport.objects.get()
    assert (trace.added, trace.rows_left_out, trace.residents_changed) == (3, 0, 3)


def test_the_empty_form_as_it_is_has_no_row_to_import(desk):
    content = desk.get(reverse("roster_form")).content
    checked = check_roster(read_sheets(content, file_name="a"))
    assert (checked.problems, checked.schools, checked.residents) == ((), (), ())


def test_the_present_roster_comes_back_unchanged(desk):
    content = xlsx_bytes({"学校": [HEADINGS, *SCHOOLS], "常住人口": RESIDENTS})
    address, page = shown(desk, content=content, name="a.xlsx")
    decide(desk, address, page)
    filled = desk.get(reverse("roster_form") + "?filled=1").content
    address, page = shown(desk, content=filled, name="b.xlsx")
    assert "The county has all this already" in page.content.decode()
    decide(desk, address, page)
    assert RosterImport.objects.first().unchanged == 3
    assert RosterImport.objects.first().residents_changed == 0


def test_a_preview_asks_the_database_alike_for_few_and_many_schools(desk, django_assert_max_num_queries):
    few = upload(desk, FIRST).url
    many = upload(desk, *[with_entry(FIRST, "学校代码", f"9{n:04}") for n in range(200)]).url
    for address in (few, many):
        with django_assert_max_num_queries(9):
            assert desk.get(address).status_code == 200
