"""The desk's evaluation pages: evaluate now, verdict, schools, plan, comparison, large counties."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone, translation

from analysis.evaluation import EvaluationInputs, TypedRecognition, evaluate_county, inputs_of
from analysis.indicators import current_table
from analysis.models import Evaluation
from analysis.models.evaluations import EvaluationJob
from analysis.standard import shipped_standard
from survey_site.accounts.models import User
from surveys.models import County
from tests.analysis import messy_tables
from tests.analysis.counties import QUALITY, good_items, primary
from tests.analysis.evaluated_counties import (
    evaluation_of,
    items_table,
    schools_table,
    sixty_schools,
    two_schools,
)
from tests.analysis.test_indicator_pages import accept, explained, upload
from tests.surveys.builders import LONG_NAME, make_county

pytestmark = pytest.mark.django_db


@pytest.fixture
def county() -> County:
    return make_county()


@pytest.fixture
def desk(county: County) -> Client:
    return client_of(county, "bureau")


def client_of(county: County, role: str) -> Client:
    client = Client(headers={"accept-language": "zh-hans"})
    user, _ = User.objects.get_or_create(username=f"{role}-{county.pk}", role=role, county=county)
    client.force_login(user)
    return client


def page(client: Client, address: str, status: int = 200) -> str:
    answer = client.get(address)
    assert answer.status_code == status, address
    return answer.content.decode()


def asked(**changes: str) -> dict[str, str]:
    """The form as a clerk fills it in: a typed rate with its source."""
    return {
        "stage": "county", "recognition": "typed", "typed_rate": "87.2%", "typed_source": "省级测评通报",
        "setting-retention_formula": "A", "setting-recognition_reading": "statistical",
        "price-equipment_yuan": "1",
    } | changes  # fmt: skip


def test_sixty_schools_are_evaluated_from_the_form_to_the_verdict(county: County, desk: Client) -> None:
    tables = schools_table(county, sixty_schools()), items_table(county)
    form = page(desk, "/desk/evaluation/new/")
    assert "学校指标.xlsx" in form and "60行" in form
    chosen = {"school_table": tables[0].pk, "county_table": tables[1].pk}
    answer = desk.post(f"/desk/evaluation/new/?standard={QUALITY}&year=2026", asked(**chosen))
    evaluation = Evaluation.objects.get()
    assert answer["Location"] == f"/desk/evaluation/{evaluation.pk}/"
    verdict = page(desk, answer["Location"])
    assert "共32项：31项达标，1项未达标。" in verdict
    assert "手工录入的外部数据" in verdict and "省级测评通报" in verdict
    assert "54所学校" in verdict and "6所学校" in verdict
    assert "县级自评" in page(desk, "/desk/evaluation/")


def test_six_hundred_schools_go_through_every_page(county: County, desk: Client) -> None:
    evaluation = evaluation_of(county, schools=sixty_schools(600))
    root = f"/desk/evaluation/{evaluation.pk}/"
    assert "540所学校" in page(desk, root)
    first = page(desk, f"{root}schools/?verdict=not_met")
    assert first.count("高于规定学历教师") == 25  # a page of them
    listed = desk.get(f"{root}schools/?verdict=not_met").context["page"]
    assert (listed.paginator.count, listed.paginator.num_pages) == (60, 3)
    assert "0600" in page(desk, f"{root}schools/?q=0600")
    assert "教学仪器设备值" in page(desk, f"{root}plan/")
    assert desk.get(f"{root}evaluation.xlsx").status_code == 200
    assert "未达标" in page(desk, f"{root}what-if/?s.9.pupils=500")


def test_messy_gbk_table_of_six_hundred_schools_goes_from_upload_to_verdict(
    county: County, desk: Client, tmp_path, settings
) -> None:
    settings.DATA_DIR = tmp_path
    messy_tables.roster(county, 600)
    content = messy_tables.gbk_csv(messy_tables.messy_rows(600))
    desk.cookies["django_language"] = "en"  # the words that the upload's helpers look for
    uploaded = upload(desk, content, name="办学条件.csv", year=2026)
    assert accept(desk, explained(desk, uploaded)).status_code == 302
    table = current_table(county, 2026, "schools")
    answer = desk.post(
        f"/desk/evaluation/new/?standard={QUALITY}&year=2026", asked(school_table=str(table.pk))
    )
    evaluation = Evaluation.objects.get()
    assert answer["Location"] == f"/desk/evaluation/{evaluation.pk}/"
    assert len(evaluation.result["schools"]) == 600
    assert all(one["verdict"] for one in evaluation.result["schools"])
    assert desk.get(answer["Location"]).status_code == 200


def test_schools_stand_in_the_order_of_their_codes_whatever_their_verdict(
    county: County, desk: Client
) -> None:
    schools = [primary("丙", code="3"), primary("甲", code="1", backbone_teachers=1), primary("乙", code="2")]
    evaluation = evaluation_of(county, schools=schools)
    text = page(desk, f"/desk/evaluation/{evaluation.pk}/schools/")
    assert text.index(">甲<") < text.index(">乙<") < text.index(">丙<")
    assert ">甲<" not in page(desk, f"/desk/evaluation/{evaluation.pk}/schools/?verdict=met")
    missed = page(desk, f"/desk/evaluation/{evaluation.pk}/schools/?criterion=seven_indicators")
    assert ">甲<" in missed and ">乙<" not in missed
    assert "没有符合条件的学校" in page(desk, f"/desk/evaluation/{evaluation.pk}/schools/?q=不存在")


def test_school_page_has_its_seven_indicators_and_what_is_enough(county: County, desk: Client) -> None:
    short = {"teachers_above_degree": 30, "equipment_yuan": 1_919_000, "teaching_area_m2": 4288}
    schools = [primary(LONG_NAME, code="S9", **short), primary("乙", code="S8")]
    evaluation = evaluation_of(county, schools=schools, prices={"equipment_yuan": "1"})
    place = next(n for n, one in enumerate(evaluation.result["schools"]) if "S9" in one["school"])
    text = page(desk, f"/desk/evaluation/{evaluation.pk}/schools/{place}/")
    assert "高于规定学历教师12人、教学及辅助用房面积212㎡、教学仪器设备值8.1万元" in text
    assert "≥ 4.2人" in text and "3.57人" in text  # limit and floor
    page(desk, f"/desk/evaluation/{evaluation.pk}/schools/99/", status=404)


def test_open_settings_and_missing_figures_are_named_and_not_guessed(county: County, desk: Client) -> None:
    table = schools_table(county, two_schools())
    form = page(desk, "/desk/evaluation/new/?standard=hebei-school-standard&year=2026")
    assert "id_typed_rate" not in form  # this standard does not speak of recognition
    answer = desk.post(
        "/desk/evaluation/new/?standard=hebei-school-standard&year=2026",
        {"stage": "county", "school_table": table.pk},
    )
    text = page(desk, answer["Location"])
    assert "无法计算" in text and "未确定" in text
    assert Evaluation.objects.get().result["open_settings"]


def test_form_says_beside_the_field_what_is_wrong(county: County, desk: Client) -> None:
    table = schools_table(county, two_schools())
    address = f"/desk/evaluation/new/?standard={QUALITY}&year=2026"

    def errors(**changes: str) -> dict:
        answer = desk.post(address, asked(**{"school_table": table.pk} | changes))
        assert answer.status_code == 422
        return answer.context["form"].errors

    assert "typed_source" in errors(typed_source="")
    assert "typed_rate" in errors(typed_rate="872")
    assert "recognition" in errors(recognition="nothing")
    assert "price-equipment_yuan" in errors(**{"price-equipment_yuan": "很多"})
    assert "school_table" in errors(school_table="")
    assert "school_table" in errors(school_table=schools_table(make_county(), two_schools()).pk)
    assert "stage" in errors(stage="world")
    assert not Evaluation.objects.exists()


def test_figures_that_cannot_be_read_are_refused_with_their_place(county: County, desk: Client) -> None:
    table = schools_table(county, [primary("甲", pupils="很多")])
    answer = desk.post(f"/desk/evaluation/new/?standard={QUALITY}&year=2026", asked(school_table=table.pk))
    assert answer.status_code == 422
    assert "学校指标.xlsx第2行“学生数”" in answer.content.decode()


def test_second_click_on_the_form_makes_no_second_evaluation(county: County, desk: Client) -> None:
    table = schools_table(county, two_schools())
    address = f"/desk/evaluation/new/?standard={QUALITY}&year=2026"
    first, second = (desk.post(address, asked(school_table=str(table.pk)))["Location"] for _ in range(2))
    assert first == second
    assert desk.post(address, asked(school_table=str(table.pk), typed_rate="90%"))["Location"] != first
    assert Evaluation.objects.count() == 2


def test_comparison_names_what_turned(county: County, desk: Client) -> None:
    first = evaluation_of(county)
    schools = [*two_schools(backbone_teachers=1), primary("新校", code="S3")]
    inputs = EvaluationInputs(
        shipped_standard(QUALITY), schools_table(county, schools), items_table(county),
        typed=TypedRecognition("0.86", "通报"),
    )  # fmt: skip
    later = timezone.now() + timedelta(days=1)
    second = evaluate_county(county, year=2026, stage="county", inputs=inputs, by=None, now=later)
    text = page(desk, f"/desk/evaluation/{second.pk}/")
    assert f"/desk/evaluation/{first.pk}/" in text
    assert "结论有变化的学校" in text and "新增学校： 新校" in text
    assert "这是按本标准进行的第一次评估" in page(desk, f"/desk/evaluation/{first.pk}/")


def test_check_page_says_whether_it_is_what_was_frozen(county: County, desk: Client) -> None:
    evaluation = evaluation_of(county)
    address = f"/desk/evaluation/{evaluation.pk}/check/"
    assert "结果完全一致" in desk.get(address, follow=True).content.decode()
    Evaluation.objects.update(year=2020)
    assert "摘要值不同" in desk.get(address, follow=True).content.decode()


def test_reviewer_reads_everything_and_finds_no_button_to_evaluate(county: County) -> None:
    evaluation = evaluation_of(county)
    reviewer = client_of(county, "reviewer")
    assert "/desk/evaluation/new/" not in page(reviewer, "/desk/evaluation/")
    assert "试算，不保存" in page(reviewer, f"/desk/evaluation/{evaluation.pk}/what-if/?recognition=0.8")
    assert reviewer.post("/desk/evaluation/new/", asked()).status_code == 403


def test_verdict_page_asks_no_more_of_the_database_for_more_schools(
    county: County, desk: Client, django_assert_max_num_queries
) -> None:
    for count in (2, 40):
        evaluation = evaluation_of(county, schools=sixty_schools(count))
        with django_assert_max_num_queries(14):
            page(desk, f"/desk/evaluation/{evaluation.pk}/")


def test_large_county_is_handed_to_a_worker_and_leads_to_the_same_result(
    county: County, desk: Client, monkeypatch, django_capture_on_commit_callbacks
) -> None:
    monkeypatch.setattr("analysis.evaluation_jobs.MOST_ROWS_AT_ONCE", 1)
    table, items = schools_table(county, two_schools()), items_table(county)
    with django_capture_on_commit_callbacks(execute=True):
        answer = desk.post(
            f"/desk/evaluation/new/?standard={QUALITY}&year=2026",
            asked(school_table=table.pk, county_table=items.pk),
        )
    job = EvaluationJob.objects.get()
    assert answer["Location"] == f"/desk/evaluation/jobs/{job.pk}/"
    evaluation = Evaluation.objects.get()
    assert (job.state, job.steps_done, job.evaluation) == ("done", 4, evaluation)
    assert desk.get(answer["Location"])["Location"] == f"/desk/evaluation/{evaluation.pk}/"
    once_more = evaluate_county(
        county, year=2026, stage="county", inputs=inputs_of(evaluation), by=None, now=timezone.now()
    )
    assert once_more.digest == evaluation.digest


def test_job_that_is_refused_says_why_and_is_not_done_twice(county: County, desk: Client) -> None:
    from analysis.evaluation_jobs import run_job, start_job
    from analysis.indicators import withdraw_table

    table = schools_table(county, two_schools())
    inputs = EvaluationInputs(shipped_standard(QUALITY), table)
    job = start_job(
        county, year=2026, stage="county", inputs=inputs, by=None, now=timezone.now(), send=lambda pk: None
    )
    waiting = page(desk, f"/desk/evaluation/jobs/{job.pk}/")
    assert "等待后台处理" in waiting
    assert f"/desk/evaluation/jobs/{job.pk}/" in page(desk, "/desk/evaluation/")
    withdraw_table(table, by=None, reason="重报")
    with translation.override("zh-hans"):
        assert run_job(job.pk, now=timezone.now()) is None
        assert run_job(job.pk, now=timezone.now()) is None
    assert "已撤回" in page(desk, f"/desk/evaluation/jobs/{job.pk}/")
    assert not Evaluation.objects.exists()


def test_pages_without_figures_say_what_comes_first(county: County, desk: Client) -> None:
    assert "请先导入" in page(desk, "/desk/evaluation/")
    assert "还没有数据" in page(desk, "/desk/evaluation/new/?standard=no-such&year=abc")
    items = evaluation_of_items_only(county)
    assert "没有使用学校数据表" in page(desk, f"/desk/evaluation/{items.pk}/schools/")
    assert "没有使用学校数据表" in page(desk, f"/desk/evaluation/{items.pk}/")


def evaluation_of_items_only(county: County) -> Evaluation:
    inputs = EvaluationInputs(shipped_standard(QUALITY), county_table=items_table(county, good_items()))
    return evaluate_county(county, year=2026, stage="city", inputs=inputs, by=None, now=timezone.now())
