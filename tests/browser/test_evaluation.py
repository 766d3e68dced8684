"""The county evaluation in a real browser: from "evaluate now" to the verdict, a trial, every width."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from analysis.models import Evaluation
from surveys.models import County
from tests.analysis import messy_tables
from tests.analysis.evaluated_counties import evaluation_of, items_table, schools_table, sixty_schools
from tests.browser.test_desk import FAINT, SMALL_TARGETS, UNLABELLED, carry_session, problems_of, user_of
from tests.surveys.builders import LONG_NAME, make_county

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def county():
    return make_county(name="云川彝族回族自治县")


@pytest.mark.parametrize(("schools", "name"), [(60, "办学条件.xlsx"), (600, "办学条件.csv")])
def test_messy_table_of_many_schools_from_upload_to_the_verdict(
    live_server, desk_page: Page, tmp_path: Path, settings, schools: int, name: str
) -> None:
    """A workbook with merged headings and 万元, and a table in GBK, as offices send them."""
    settings.DATA_DIR = tmp_path / "data"
    county = County.objects.create(code="990003", name="云川县")
    messy_tables.roster(county, schools)
    items_table(county, year=timezone.localdate().year)
    rows, table = messy_tables.messy_rows(schools), tmp_path / name
    table.write_bytes(messy_tables.xlsx(rows) if name.endswith(".xlsx") else messy_tables.gbk_csv(rows))
    page = desk_page
    carry_session(page, live_server, user_of(county, "bureau"))
    problems = problems_of(page)
    page.goto(f"{live_server.url}/desk/indicators/")
    page.locator("#id_file").set_input_files(table)
    page.locator("#upload button.button").click()
    page.locator("form.mapping > .actions button").click()
    page.locator("input[name=doubts_seen]").check()
    page.locator("button[value=accept]").click()
    expect(page).to_have_url(re.compile(r"/desk/indicators/tables/\d+/$"))
    page.get_by_role("link", name="县域评估").click()
    page.get_by_role("link", name="开始评估").click()
    expect(page.locator("#id_school_table option:checked")).to_contain_text(name)
    page.get_by_role("button", name="评估", exact=True).click()
    expect(page.locator(".county-word")).to_be_visible()
    evaluation = Evaluation.objects.get()
    judged = [one for one in evaluation.result["schools"] if one["verdict"]]
    assert len(judged) == len(evaluation.result["schools"]) == schools
    expect(page.locator("#open")).to_contain_text("社会认可度")
    page.get_by_role("link", name="怎样才能达标").first.click()
    expect(page.locator(".county-sentence")).to_be_visible()
    assert problems == []


def test_sixty_schools_from_evaluate_now_to_the_verdict_without_javascript(
    live_server, county, open_phone: Callable[..., Page]
) -> None:
    schools_table(county, sixty_schools())
    items_table(county)
    page = open_phone(javascript=False)
    carry_session(page, live_server, user_of(county, "bureau"))
    page.goto(f"{live_server.url}/desk/evaluation/")
    page.get_by_role("link", name="开始评估").click()
    page.locator("#id_recognition").select_option("typed")
    page.locator("#id_typed_rate").fill("87.2%")
    page.locator("#id_typed_source").fill("省教育厅2026年测评通报")
    page.get_by_role("button", name="评估", exact=True).click()
    evaluation = Evaluation.objects.get()
    expect(page).to_have_url(f"{live_server.url}/desk/evaluation/{evaluation.pk}/")
    expect(page.locator(".county-word")).to_contain_text("未达标")
    page.get_by_role("link", name="6所学校").click()
    expect(page.locator("tbody tr")).to_have_count(6)
    page.locator("tbody th a").first.click()
    expect(page.locator("h1")).to_have_text("第10学校")
    expect(page.locator(".county-verdict")).to_contain_text("高于规定学历教师12人")
    page.get_by_role("link", name="试算", exact=True).click()
    page.locator(".plain-list a").first.click()
    page.get_by_label("高于规定学历教师数").fill("60")
    page.get_by_role("button", name="试算").first.click()
    expect(page.locator(".trial")).to_contain_text("试算，不保存")
    expect(page.locator(".trial")).to_contain_text("第10学校")
    assert Evaluation.objects.count() == 1


def test_trial_answers_in_place_with_javascript_and_breaks_no_rule_of_the_page(
    live_server, county, desk_page: Page
) -> None:
    evaluation = evaluation_of(county)
    carry_session(desk_page, live_server, user_of(county, "reviewer"))
    problems = problems_of(desk_page)
    desk_page.goto(f"{live_server.url}/desk/evaluation/{evaluation.pk}/what-if/")
    desk_page.evaluate("window.stays = true")
    desk_page.get_by_label("试算的认可度，如0.862").fill("0.8")
    desk_page.locator("form", has=desk_page.locator("#recognition-try")).get_by_role("button").click()
    expect(desk_page.locator(".trial .mark-large")).to_contain_text("未达标")
    assert desk_page.evaluate("window.stays") is True
    assert desk_page.url.endswith("what-if/?recognition=0.8")
    assert problems == []


@pytest.mark.parametrize("width", [360, 1440])
def test_pages_fit_their_window_and_can_be_read_and_touched(
    live_server, county, open_phone: Callable[..., Page], width: int
) -> None:
    schools = sixty_schools(12)
    schools[0]["school"], schools[1]["pupils"] = LONG_NAME, ""
    evaluation = evaluation_of(county, schools=schools, settings={})
    page = open_phone(width=width)
    carry_session(page, live_server, user_of(county, "bureau"))
    problems = problems_of(page)
    root = f"/desk/evaluation/{evaluation.pk}/"
    for address in (
        "/desk/evaluation/", "/desk/evaluation/new/", "/desk/evaluation/standards/", root, f"{root}schools/",
        f"{root}schools/0/", f"{root}plan/", f"{root}what-if/?q=0003&row=2&s.2.pupils=900",
    ):  # fmt: skip
        page.goto(live_server.url + address)
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, address
        assert page.evaluate(UNLABELLED) == [], address
        assert page.evaluate(FAINT) == [], address
        if width == 360:
            assert page.evaluate(SMALL_TARGETS) == [], address
    assert problems == []
