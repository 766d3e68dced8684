"""The way of an item in a real browser: a head teacher's phone without scripts, and the bureau's desk."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from analysis.ledger import NewItem, enter_items
from analysis.models import RectificationItem
from surveys.models import School
from tests.analysis.ledger_county import ledger_county
from tests.browser.test_desk import carry_session, check_page, problems_of
from tests.surveys.builders import LONG_NAME

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
LONG_DEPARTMENT = "安全稳定与学校后勤管理科（学生资助管理中心）"


def test_school_works_an_item_off_on_its_phone_and_the_bureau_closes_it(
    live_server, open_phone: Callable[..., Page], desk_page: Page, tmp_path: Path
):
    place = ledger_county()
    School.objects.filter(pk=place.schools[1].pk).update(name=LONG_NAME)
    school = School.objects.get(pk=place.schools[1].pk)
    evaluation = place.evaluation()
    day = timezone.localdate() - timedelta(days=2)
    problem = "每百名学生拥有县级以上骨干教师数0.7人，未达到底线0.85人。" * 3
    new = NewItem(problem, day, measure="招聘3名骨干教师", department=LONG_DEPARTMENT, school=school)
    (item,) = enter_items(place.county, [new], year=2026, by=place.bureau, now=timezone.now()).items
    photo = tmp_path / "验收照片.png"
    photo.write_bytes(b"\x89PNG\r\n\x1a\n" + b"0" * 64)

    phone = open_phone(javascript=False)
    carry_session(phone, live_server, place.user("school", school))
    phone.goto(f"{live_server.url}/desk/self-check/")
    expect(phone.locator("body")).to_contain_text("逾期2天")
    expect(phone.locator(".indicators").first).to_contain_text("0.7")
    check_page(phone, is_phone=True)
    phone.goto(f"{live_server.url}/desk/self-check/figures/")
    check_page(phone, is_phone=True)
    phone.goto(f"{live_server.url}/desk/self-check/")
    phone.locator("#items .button").click()
    check_page(phone, is_phone=True)
    phone.get_by_role("button", name="启动整改").click()
    phone.get_by_role("button", name="申请验收").click()
    expect(phone.locator('[role="alert"]')).to_contain_text("请写明整改情况")
    phone.locator("#remark").fill("已招聘3名骨干教师。")
    phone.locator("#files").set_input_files(photo)
    phone.get_by_role("button", name="申请验收").click()
    expect(phone.locator(".timeline")).to_contain_text("验收照片.png")

    carry_session(desk_page, live_server, place.bureau)
    problems = problems_of(desk_page)
    desk_page.goto(f"{live_server.url}/desk/ledger/?view=submitted")
    desk_page.get_by_role("link", name=str(item)).click()
    expect(desk_page.locator(".timeline")).to_contain_text("已招聘3名骨干教师。")
    desk_page.get_by_role("button", name="验收销号").click()
    expect(desk_page.locator(".page-head")).to_contain_text("已销号")
    assert RectificationItem.objects.get(pk=item.pk).state == "accepted"
    narrow = open_phone()
    carry_session(narrow, live_server, place.bureau)
    for address in (
        "ledger/?view=all", f"ledger/{item.pk}/", "ledger/new/", f"ledger/from-evaluation/{evaluation.pk}/",
        "ledger/weekly/", "tasks/", "tasks/2026/quality-balance-2017/class_size/", "school-figures/",
    ):  # fmt: skip
        for page, is_phone in ((desk_page, False), (narrow, True)):
            page.goto(f"{live_server.url}/desk/{address}")
            check_page(page, is_phone=is_phone)
    assert problems == []
