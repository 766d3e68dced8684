"""Undoing the newest import: the county is as it was before, unless something rests on what came in."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.utils import timezone

from survey_site.accounts.models import AuditEntry, User
from surveys.models import (
    County,
    Draw,
    ResidentPopulation,
    RosterImport,
    RosterUndo,
    School,
    SchoolMessage,
    Township,
)
from surveys.roster.checking import check_roster
from surveys.roster.reading import read_sheets
from surveys.roster.saving import RosterFile, RosterRefused, import_roster
from surveys.roster.undoing import newest_import, undo_import, why_not_undone
from surveys.waves import close_wave, open_wave
from tests.surveys.builders import make_wave
from tests.surveys.roster_files import FIRST, HEADINGS, POINT, RESIDENTS, SECOND, csv_bytes, with_entry

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 21, 3, 0, tzinfo=UTC)


@pytest.fixture
def county():
    return County.objects.create(code="990002", name="测试县")


def bring(county, *rows, now: datetime = NOW) -> RosterImport:
    content = csv_bytes([HEADINGS, *rows])
    checked = check_roster(read_sheets(content, file_name="名册.csv"))
    return import_roster(county, checked, file=RosterFile("名册.csv", "0" * 64, 1), by=None, now=now)


def undo(trace: RosterImport, *, reason: str = "传错了文件") -> RosterUndo:
    return undo_import(RosterImport.objects.get(pk=trace.pk), reason=reason, by=None, now=timezone.now())


def everything(county) -> tuple:
    schools = School.objects.filter(county=county).order_by("code")
    fields = ("code", "name", "township__name", "stage", "location", "is_public", "pupils_by_grade",
              "classes", "teachers", "is_active")  # fmt: skip
    return (
        list(schools.values_list(*fields)),
        sorted(ResidentPopulation.objects.filter(county=county).values_list("location", "people", "source")),
        sorted(county.townships.values_list("name", flat=True)),
    )


def test_added_schools_townships_and_residents_go(county):
    before = everything(county)
    trace = bring(county, FIRST, SECOND, [], *RESIDENTS)
    assert everything(county) != before
    undo(trace)
    assert everything(county) == before


def test_changed_entries_and_residents_are_as_before_with_their_source(county):
    bring(county, FIRST, SECOND, [], *RESIDENTS)
    school = School.objects.get(county=county, code=FIRST[0])
    school.is_active = False
    school.save()
    before = everything(county)
    others = [RESIDENTS[0], ["城区", 63001, "2026年抽样调查"], ["镇区", 90000, ""]]
    trace = bring(
        county, with_entry(with_entry(FIRST, "教师数", 77), "乡镇", "新镇"), POINT, [], *others,
        now=NOW + timedelta(days=1),
    )  # fmt: skip
    assert everything(county) != before
    undo(trace)
    assert everything(county) == before


def test_undo_keeps_the_trace_and_says_who_and_why(county):
    trace = bring(county, FIRST)
    kept = undo(trace, reason="传成了去年的表")
    trace.refresh_from_db()
    assert [line["code"] for line in trace.changes["schools"]] == [FIRST[0]]
    assert (kept.of, kept.reason) == (trace, "传成了去年的表")
    with pytest.raises(RosterRefused):
        undo(trace)


def test_imports_are_undone_from_the_newest_back(county):
    first = bring(county, FIRST)
    second = bring(county, SECOND, now=NOW + timedelta(hours=1))
    bring(county, FIRST, SECOND, now=NOW + timedelta(hours=2))  # brought nothing new
    assert newest_import(county) == second
    assert why_not_undone(first)
    undo(second)
    assert newest_import(county) == first
    undo(first)
    assert not School.objects.filter(county=county).exists()
    assert newest_import(county) is None


def test_same_file_comes_in_again_after_undoing(county):
    undo(bring(county, FIRST))
    assert bring(county, FIRST, now=NOW + timedelta(hours=1)).added == 1


def test_reason_is_asked_for(county):
    trace = bring(county, FIRST)
    with pytest.raises(RosterRefused):
        undo(trace, reason="  ")
    assert School.objects.filter(county=county).exists()


def test_wave_opened_since_with_these_schools_stands_in_the_way(county):
    bring(county, FIRST)
    trace = bring(county, with_entry(FIRST, "教师数", 77), now=NOW + timedelta(hours=1))
    wave = make_wave(county, name="秋季自测")
    assert why_not_undone(trace) == ""  # a draft takes nothing over
    open_wave(wave, by=None, now=timezone.now())
    assert "秋季自测" in why_not_undone(trace)
    with pytest.raises(RosterRefused):
        undo(trace)
    assert School.objects.get(county=county).teachers == 77


def test_wave_closed_since_was_scored_with_these_figures(county):
    bring(county, FIRST, now=NOW - timedelta(days=2))
    wave = make_wave(county)
    open_wave(wave, by=None, now=NOW - timedelta(days=1))
    trace = bring(county, with_entry(FIRST, "教师数", 77))
    assert why_not_undone(trace) == ""  # it was open before
    close_wave(wave, by=None, now=timezone.now())
    assert wave.name in why_not_undone(trace)


def test_wave_of_other_schools_does_not_stand_in_the_way(county):
    bring(county, FIRST, now=NOW - timedelta(days=2))
    wave = make_wave(county)
    trace = bring(county, with_entry(SECOND, "教师数", 34))
    open_wave(wave, by=None, now=timezone.now())
    wave.collectors.filter(school__code=SECOND[0]).delete()
    assert why_not_undone(trace) == ""


def test_residents_of_a_wave_opened_since_stay(county):
    bring(county, FIRST, now=NOW - timedelta(days=2))
    trace = bring(county, FIRST, [], *RESIDENTS)
    open_wave(make_wave(county), by=None, now=timezone.now())
    assert why_not_undone(trace)


def test_new_school_with_a_message_is_not_removed(county):
    trace = bring(county, FIRST)
    message = SchoolMessage.objects.create(county=county, subject="通知", body="…", at=NOW)
    message.copies.create(school=School.objects.get(county=county))
    said = why_not_undone(trace)
    assert School.objects.get(county=county).name in said
    with pytest.raises(RosterRefused):
        undo(trace)


def test_school_changed_since_by_hand_is_named(county):
    bring(county, FIRST)
    trace = bring(county, with_entry(FIRST, "教师数", 77), now=NOW + timedelta(hours=1))
    School.objects.filter(county=county).update(teachers=78)
    assert School.objects.get(county=county).name in why_not_undone(trace)


def test_draw_made_since_is_named(county):
    trace = bring(county, FIRST)
    wave = make_wave(county)
    Draw.objects.create(wave=wave, kind=Draw.Kind.CLASSES, title="班级抽样", seed="1", at=timezone.now())
    assert "班级抽样" in why_not_undone(trace)


def test_township_that_others_use_by_now_stays(county):
    trace = bring(county, FIRST)
    township = Township.objects.get(county=county)
    School.objects.create(county=county, township=township, code="BY-HAND", name="手工小学", stage="primary",
                          location="town")  # fmt: skip
    undo(trace)
    assert [school.code for school in School.objects.filter(county=county)] == ["BY-HAND"]
    assert Township.objects.filter(county=county).count() == 1


def test_trace_of_before_undoing_is_not_undone(county):
    trace = bring(county, FIRST)
    del trace.changes["townships"]
    trace.save()
    assert why_not_undone(trace)


# --- The pages


@pytest.fixture
def desk(county) -> Client:
    client = Client()
    client.force_login(User.objects.create(username="bureau", role="bureau", county=county))
    return client


def test_page_offers_undoing_asks_for_a_reason_and_leaves_an_audit_row(desk, county):
    trace = bring(county, FIRST)
    address = f"/desk/roster/imports/{trace.pk}/"
    assert "撤销本次导入" in desk.get(address).content.decode()
    text = desk.get(f"{address}undo/").content.decode()
    assert School.objects.get(county=county).name in text
    assert desk.post(f"{address}undo/", {"reason": " "}).status_code == 422
    desk.post(f"{address}undo/", {"reason": "传成了去年的表"})
    text = desk.get(address).content.decode()
    assert "传成了去年的表" in text
    assert "撤销本次导入" not in text
    assert "已撤销" in desk.get("/desk/roster/").content.decode()
    entry = AuditEntry.objects.get(action="roster_undo")
    assert "传成了去年的表" in entry.about
    assert not School.objects.filter(county=county).exists()


def test_page_says_why_not_and_the_button_is_gone(desk, county):
    trace = bring(county, FIRST)
    open_wave(make_wave(county, name="秋季自测"), by=None, now=timezone.now())
    address = f"/desk/roster/imports/{trace.pk}/"
    text = desk.get(address).content.decode()
    assert "不能撤销" in text
    assert "撤销本次导入…" not in text
    answer = desk.post(f"{address}undo/", {"reason": "想撤销"}, follow=True)
    assert School.objects.filter(county=county).exists()
    assert "秋季自测" in answer.content.decode()
    assert AuditEntry.objects.get(action="roster_undo").outcome == AuditEntry.Outcome.REFUSED


def test_older_import_shows_neither_button_nor_excuse(desk, county):
    older = bring(county, FIRST)
    bring(county, SECOND, now=NOW + timedelta(hours=1))
    text = desk.get(f"/desk/roster/imports/{older.pk}/").content.decode()
    assert "撤销" not in text
