"""Figures from a messy spreadsheet to the table that counts, in a real browser; the pages on a phone too."""

from __future__ import annotations

import re

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from analysis.indicators import current_table
from surveys.models import County
from tests.analysis import messy_tables
from tests.browser.test_desk import FAINT, SMALL_TARGETS, UNLABELLED, carry_session, problems_of, user_of

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SCHOOLS = 60


def test_a_messy_workbook_is_uploaded_explained_looked_at_and_accepted(
    live_server, desk_page: Page, tmp_path, settings
):
    settings.DATA_DIR = tmp_path / "data"
    county = County.objects.create(code="990002", name="云川县")
    messy_tables.roster(county, SCHOOLS)
    workbook, paper = tmp_path / "办学条件.xlsx", tmp_path / "教师名册.pdf"
    workbook.write_bytes(messy_tables.xlsx(messy_tables.messy_rows(SCHOOLS)))
    paper.write_bytes(b"%PDF-1.7\n")
    page = desk_page
    carry_session(page, live_server, user_of(county, "bureau"))
    problems = problems_of(page)
    page.goto(f"{live_server.url}/desk/indicators/")
    assert page.evaluate(UNLABELLED) == page.evaluate(FAINT) == []
    page.locator("#id_file").set_input_files(workbook)
    page.locator("#id_evidence").set_input_files(paper)
    page.locator("#upload button.button").click()

    expect(page).to_have_url(re.compile(r"/headings/$"))
    assert page.evaluate(UNLABELLED) == page.evaluate(FAINT) == []
    expect(page.locator(".mapping > .table-wrap tbody tr")).to_have_count(4)
    page.locator("form.mapping > .actions button").click()

    expect(page.locator("#remarks")).to_contain_text("相差100人")
    assert page.evaluate(UNLABELLED) == page.evaluate(FAINT) == []
    page.locator("input[name=doubts_seen]").check()
    page.locator("button[value=accept]").click()

    expect(page).to_have_url(re.compile(r"/desk/indicators/tables/\d+/$"))
    table = current_table(county, timezone.localdate().year, "schools")
    assert len(table.lines) == SCHOOLS
    expect(page.locator("#evidence")).to_contain_text("教师名册.pdf")
    with page.expect_download() as download:
        page.locator("#evidence a[download]").click()
    assert download.value.path().read_bytes() == b"%PDF-1.7\n"
    page.set_viewport_size({"width": 360, "height": 740})
    for address in (page.url, f"{live_server.url}/desk/indicators/", f"{live_server.url}/desk/evidence/"):
        page.goto(address)
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
        assert page.evaluate(SMALL_TARGETS) == []
    assert problems == []
