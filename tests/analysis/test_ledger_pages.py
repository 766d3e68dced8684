"""The ledger's pages as a browser gets them: the way of an item, what a school may see, and odd requests."""

from __future__ import annotations

import io
from datetime import timedelta

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from analysis.evaluation import EvaluationInputs, evaluate_county
from analysis.indicators import store_table
from analysis.ledger import NewItem, enter_items, take_step
from analysis.models import EvidenceFile, RectificationItem, SchoolFigures, TaskLine
from survey_site.accounts.models import User
from tests.analysis.counties import primary, records
from tests.analysis.ledger_county import NOW, STANDARD, ledger_county
from tests.surveys.builders import make_county

pytestmark = pytest.mark.django_db
PDF = b"%PDF-1.4\n%%EOF\n"


@pytest.fixture
def place():
    return ledger_county()


def client_of(user: User, *, language: str = "en") -> Client:
    client = Client()
    client.force_login(user)
    client.cookies["django_language"] = language
    return client


def enter(place, *items: NewItem) -> list[RectificationItem]:
    made = enter_items(place.county, items, year=2026, by=place.bureau, now=timezone.now())
    return list(made.items)


def new(problem: str = "缺骨干教师", *, days: int = 3, **more) -> NewItem:
    return NewItem(problem, timezone.localdate() + timedelta(days=days), **{"department": "人事科"} | more)


def body(response) -> str:
    return response.content.decode()


def test_item_goes_from_the_tick_list_to_its_acceptance(place):
    evaluation = place.evaluation()
    bureau = client_of(place.bureau)
    page = bureau.get(f"/desk/ledger/from-evaluation/{evaluation.pk}/")
    form = page.context["form"]
    data = {"deadline": (timezone.localdate() + timedelta(days=9)).isoformat()}
    for one, _tick, _department in form.rows:
        if one.school == place.schools[1]:
            data |= {f"tick-{one.code}": "on", f"department-{one.code}": "人事科"}
    assert bureau.post(page.request["PATH_INFO"], data)["Location"] == "/desk/ledger/"
    item = RectificationItem.objects.get()
    assert (item.school, item.department, item.evaluation) == (place.schools[1], "人事科", evaluation)
    again = bureau.get(f"/desk/ledger/from-evaluation/{evaluation.pk}/")
    assert body(again).count("in the ledger</span>") == 1

    school = client_of(place.user("school", place.schools[1]))
    assert str(item) in body(school.get("/desk/self-check/"))
    address = f"/desk/ledger/{item.pk}/"
    school.post(address, {"action": "started"})
    paper = SimpleUploadedFile("合同.pdf", PDF)
    school.post(address, {"action": "submitted", "remark": "已招聘3人", "files": paper})
    kept = EvidenceFile.objects.get()
    assert (kept.school, kept.name) == (place.schools[1], "合同.pdf")
    page = bureau.get(address)
    assert "已招聘3人" in body(page) and f"/desk/evidence/{kept.pk}/file" in body(page)
    bureau.post(address, {"action": "accepted"})
    item.refresh_from_db()
    assert item.state == "accepted" and item.steps.count() == 4


def test_tick_list_asks_for_a_tick_and_an_owner(place):
    evaluation = place.evaluation()
    bureau, address = client_of(place.bureau), f"/desk/ledger/from-evaluation/{evaluation.pk}/"
    day = timezone.localdate().isoformat()
    nothing = bureau.post(address, {"deadline": day})
    assert nothing.status_code == 422 and "Tick at least one line." in body(nothing)
    rows = [one for one, _tick, _department in nothing.context["form"].rows]
    county = next(one.code for one in rows if one.school is None)
    answer = bureau.post(address, {"deadline": day, f"tick-{county}": "on"})
    assert answer.status_code == 422 and "no school answers for this line" in body(answer)
    assert not RectificationItem.objects.exists()


def test_tick_list_of_a_large_county_comes_in_pages_that_a_browser_can_send():
    """250 schools with large classes: more lines than a form may have fields."""
    county = make_county()
    rows = [primary(f"第{number}小学", largest_class=46) for number in range(250)]
    bureau = User.objects.create(username="bureau", role="bureau", county=county)
    table = store_table(
        county=county, year=2026, level="schools", standard=STANDARD, file_name="表.csv", by=bureau,
        records=records(rows),
    )  # fmt: skip
    inputs = EvaluationInputs(STANDARD, school_table=table)
    evaluation = evaluate_county(county, year=2026, stage="county", inputs=inputs, by=bureau, now=NOW)
    client, address = client_of(bureau), f"/desk/ledger/from-evaluation/{evaluation.pk}/"
    pages = client.get(address).context["page"].paginator.num_pages
    assert pages >= 3
    for number in range(1, pages + 1):
        form = client.get(f"{address}?page={number}").context["form"]
        data = {"deadline": timezone.localdate().isoformat()}
        for one, _tick, _department in form.rows:
            data |= {f"tick-{one.code}": "on", f"department-{one.code}": "人事科"}
        assert client.post(f"{address}?page={number}", data).status_code == 302
    made = RectificationItem.objects.filter(subject__startswith="criterion:class_size")
    assert made.count() == 250
    assert client.get(address).context["form"].fields.keys() == {"deadline"}


def test_file_that_is_not_what_its_name_says_stops_the_step(place):
    (item,) = enter(place, new(school=place.schools[1]))
    bureau = client_of(place.bureau)
    fake = SimpleUploadedFile("照片.jpg", b"MZ\x90")
    answer = bureau.post(
        f"/desk/ledger/{item.pk}/", {"action": "submitted", "remark": "见照片", "files": fake}
    )
    assert answer.status_code == 422 and "见照片" in body(answer)
    item.refresh_from_db()
    assert item.state == "open" and not EvidenceFile.objects.exists()


def test_refused_step_keeps_no_file(place):
    (item,) = enter(place, new())
    bureau = client_of(place.bureau)
    for data in ({"action": "submitted", "remark": ""}, {"action": "accepted", "remark": "x"}, {}):
        answer = bureau.post(f"/desk/ledger/{item.pk}/", {**data, "files": SimpleUploadedFile("a.pdf", PDF)})
        assert answer.status_code == 422
    assert not EvidenceFile.objects.exists() and item.steps.count() == 1


def test_school_sees_its_own_items_and_figures_only(place):
    mine, theirs, countys = enter(
        place,
        new("第二小学的问题", school=place.schools[1]),
        new("第三小学的问题", school=place.schools[2]),
        new("全县的问题"),
    )
    place.evaluation()
    school = client_of(place.user("school", place.schools[1]))
    page = body(school.get("/desk/self-check/"))
    assert "第二小学的问题" in page
    assert "第三小学" not in page and "第一小学" not in page and "全县的问题" not in page
    assert school.get(f"/desk/ledger/{mine.pk}/").status_code == 200
    for item in (theirs, countys):
        assert school.get(f"/desk/ledger/{item.pk}/").status_code == 404
        assert school.post(f"/desk/ledger/{item.pk}/", {"action": "started"}).status_code == 404
    for address in ("/desk/ledger/", "/desk/tasks/", "/desk/school-figures/", "/desk/ledger.xlsx"):
        assert school.get(address).status_code == 403
    form = body(school.get("/desk/self-check/figures/"))
    assert 'value="7"' in form and "第三小学" not in form


def test_reviewer_reads_everything_and_changes_nothing(place):
    (item,) = enter(place, new())
    reviewer = client_of(place.user("reviewer"))
    page = body(reviewer.get(f"/desk/ledger/{item.pk}/"))
    assert "<textarea" not in page
    assert reviewer.post(f"/desk/ledger/{item.pk}/", {"action": "started"}).status_code == 403
    line = "/desk/tasks/2026/quality-balance-2017/class_size/"
    assert "<textarea" not in body(reviewer.get(line))
    assert reviewer.post(line, {"department": "人事科"}).status_code == 403
    assert not TaskLine.objects.exists()


def test_list_is_searched_filtered_sorted_and_paged(place):
    enter(place, *(new(f"问题{number}", days=number) for number in range(30)))
    enter(place, new("大班额", days=-2, department="", school=place.schools[2]))
    bureau = client_of(place.bureau)
    page = bureau.get("/desk/ledger/")
    assert page.context["page"].paginator.num_pages == 2
    assert page.context["page"][0].problem == "大班额"
    found = {
        "?q=大班额": 1, "?q=2026-031": 1, "?view=overdue": 1, f"?owner=s:{place.schools[2].pk}": 1,
        "?owner=d:人事科": 30, "?q=没有这样的": 0, "?view=accepted": 0, "?owner=s:99999999999999": 0,
        "?year=2025": 0, "?owner=s:x&year=abcd&view=none&sort=none&page=x": 31,
    }  # fmt: skip
    for query, count in found.items():
        assert bureau.get(f"/desk/ledger/{query}").context["page"].paginator.count == count, query
    rows = openpyxl.load_workbook(io.BytesIO(bureau.get("/desk/ledger.xlsx?view=overdue").content))
    assert [cell.value for cell in rows.worksheets[0]["B"]][3:] == ["大班额"]
    assert rows.worksheets[1].max_row == 4


def test_number_of_queries_does_not_grow_with_the_list(place):
    bureau = client_of(place.bureau)
    counts = []
    for _more in range(2):
        enter(place, *(new(school=school) for school in place.schools))
        with CaptureQueriesContext(
            connection,
        ) as asked:
            bureau.get("/desk/ledger/")
        counts.append(len(asked))
    assert counts[0] == counts[1]


def test_navigation_carries_what_waits(place):
    late, handed_in = enter(
        place, new(days=-1, school=place.schools[1]), new(days=-1, school=place.schools[1])
    )
    take_step(handed_in, "submitted", by=place.bureau, now=timezone.now(), remark="完成")
    SchoolFigures.objects.create(school=place.schools[0], year=2026, at=timezone.now())
    badge = 'title="waiting">{}</span>'
    assert badge.format(3) in body(client_of(place.bureau).get("/desk/schools/"))
    own = client_of(place.user("school", place.schools[1]))
    assert badge.format(1) in body(own.get("/desk/school/"))
    other = client_of(place.user("school", place.schools[0]))
    assert 'title="waiting"' not in body(other.get("/desk/school/"))


def test_item_by_hand_needs_an_owner_and_its_change_is_on_record(place):
    bureau = client_of(place.bureau)
    data = {"problem": "音乐教室不足", "deadline": timezone.localdate().isoformat()}
    assert bureau.post("/desk/ledger/new/", data).status_code == 422
    assert (
        bureau.post("/desk/ledger/new/", {**data, "deadline": "1899-01-01", "department": "x"}).status_code
        == 422
    )
    bureau.post("/desk/ledger/new/", {**data, "department": "计财科"})
    item = RectificationItem.objects.get()
    answer = bureau.post(
        f"/desk/ledger/{item.pk}/change/",
        {**data, "department": "督导室", "measure": "改建", "remark": "分工调整"},
    )
    assert answer["Location"] == f"/desk/ledger/{item.pk}/"
    page = body(bureau.get(f"/desk/ledger/{item.pk}/"))
    assert "计财科" in page and "分工调整" in page
    bureau.post(f"/desk/ledger/{item.pk}/", {"action": "withdrawn", "remark": "重复"})
    assert bureau.get(f"/desk/ledger/{item.pk}/change/").status_code == 302


def test_task_line_is_written_kept_and_exported(place):
    bureau = client_of(place.bureau)
    address = "/desk/tasks/2026/quality-balance-2017/class_size/"
    bureau.post(address, {"department": "基教科", "expected": "2027年9月全部达标", "measures": "新建学校"})
    bureau.post(address, {"department": "基教科", "expected": "2027年9月全部达标", "measures": "新建学校"})
    answer = bureau.post(address, {"department": "=1+1", "measures": "扩班", "then": "next"})
    assert answer["Location"].startswith("/desk/tasks/2026/quality-balance-2017/")
    assert answer["Location"] != address
    assert [line.measures for line in TaskLine.objects.order_by("pk")] == ["新建学校", "扩班"]
    page = body(bureau.get(address))
    assert "新建学校" in page and "扩班" in page
    place.evaluation()
    table = bureau.get("/desk/tasks/")
    row = next(row for row in table.context["table"].rows if row.criterion.key == "class_size")
    assert (row.department, row.verdict) == ("=1+1", "not_met")
    query = "?year=2026&standard=quality-balance-2017"
    sheet = openpyxl.load_workbook(io.BytesIO(bureau.get(f"/desk/tasks.xlsx{query}").content)).worksheets[0]
    cells = [cell for line in sheet.iter_rows() for cell in line]
    assert any(cell.value == "=1+1" and cell.data_type == "s" for cell in cells)


def test_task_table_of_whatever_is_asked_opens(place):
    bureau = client_of(place.bureau)
    for query in ("?year=x", "?standard=none", "?year=0000", "?year=2031&standard=district-targets"):
        assert bureau.get(f"/desk/tasks/{query}").status_code == 200
    assert bureau.get("/desk/tasks/1/quality-balance-2017/class_size/").status_code == 404
    assert bureau.get("/desk/tasks/2026/none/class_size/").status_code == 404
    assert bureau.get("/desk/tasks/2026/quality-balance-2017/none/").status_code == 404


def test_figures_go_from_the_school_to_the_table(place):
    school = client_of(place.user("school", place.schools[1]))
    page = school.get("/desk/self-check/figures/")
    data = {name: page.context["form"][name].value() or "" for name in page.context["form"].fields}
    unusual = school.post("/desk/self-check/figures/", {**data, "r0-equipment_yuan": "200"})
    assert unusual.status_code == 422 and not SchoolFigures.objects.exists()
    answer = school.post("/desk/self-check/figures/", {**data, "r0-backbone_teachers": "10"})
    assert answer["Location"] == "/desk/self-check/"
    figures = SchoolFigures.objects.get()
    assert school.get("/desk/self-check/figures/").status_code == 302
    bureau = client_of(place.bureau)
    assert "第二小学" in body(bureau.get("/desk/school-figures/"))
    address = f"/desk/school-figures/{figures.pk}/"
    changes = bureau.get(address).context["changes"]
    assert [(one.before, one.after) for one, _label in changes] == [("7", "10")]
    assert bureau.post(address, {"decision": "return"}).status_code == 422
    assert bureau.post(address, {}).status_code == 422
    assert bureau.post(address, {"decision": "accept"})["Location"] == "/desk/school-figures/"
    assert bureau.post(address, {"decision": "accept"}).status_code == 422
    assert "Tried on the newest figures" in body(school.get("/desk/self-check/"))


def test_school_takes_its_figures_back(place):
    school = client_of(place.user("school", place.schools[1]))
    page = school.get("/desk/self-check/figures/")
    data = {name: page.context["form"][name].value() or "" for name in page.context["form"].fields}
    school.post("/desk/self-check/figures/", data)
    school.post("/desk/self-check/figures/take-back/")
    assert SchoolFigures.objects.get().state == "returned"
    school.post("/desk/self-check/figures/take-back/")
    page = body(school.get("/desk/self-check/"))
    assert "sent your figures back" not in page


def test_weekly_report_comes_as_page_and_files(place):
    enter(place, new(days=-1))
    bureau = client_of(place.bureau, language="zh-hans")
    assert "整改工作周报" in body(bureau.get("/desk/ledger/weekly/?week=2026-11-18"))
    for kind in ("docx", "xlsx"):
        answer = bureau.get(f"/desk/ledger/weekly.{kind}?week=x")
        assert answer.content[:2] == b"PK" and answer["Content-Disposition"].startswith("attachment")
