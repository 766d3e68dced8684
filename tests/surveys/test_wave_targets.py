"""From a plan to each school's target: applied, changed by hand or by file, taken over by the collectors."""

from __future__ import annotations

import io
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from openpyxl import load_workbook

from survey_site.accounts.models import User
from surveys.models import CollectorTarget, County, HardStop, School, Wave, WaveEvent
from surveys.target_changes import CellChange, change_targets
from surveys.target_file import TargetFileError, read_targets, targets_xlsx
from surveys.target_sums import sums_by_area
from surveys.wave_targets import TargetsRefused, apply_plan, preview_plan, target_cells
from surveys.waves import AudiencePlan, close_wave, create_wave, edit_draft, open_wave
from tests.surveys.builders import make_county, make_school, make_wave

NOW = timezone.now()
PLAN = [("parent", "town", "g1_3", 8), ("parent", "town", "g4_6", 4), ("parent", "rural", "g1_3", 6)]


@pytest.fixture
def county(db) -> County:
    """Two schools in town, one in a village; each 60 pupils of grades 1–3 and 30 of grades 4–6."""
    county = make_county()
    for name, location in (("甲小学", "town"), ("乙小学", "town"), ("丙小学", "rural")):
        make_school(county, name=name, location=location)
    return county


@pytest.fixture
def draft(county) -> Wave:
    return make_wave(county)


def targets_of(wave: Wave) -> dict[str, int]:
    return {cell.name: cell.target for cell in target_cells(wave)}


def test_a_plan_applied_to_a_draft_stands_on_its_collectors_when_it_opens(draft):
    applied = apply_plan(draft, PLAN, started_from={"per_mille": 1.5}, by=None, now=NOW)
    assert (dict(applied.targets), dict(applied.left_over)) == ({"parent": 18}, {})
    assert draft.audiences.get().target == 18
    open_wave(draft, by=None, now=NOW)
    assert targets_of(draft) == {"甲小学": 6, "乙小学": 6, "丙小学": 6}
    assert draft.collectors.get(school__name="甲小学").target == 6
    grades = CollectorTarget.objects.filter(collector__school__name="甲小学")
    assert dict(grades.values_list("stratum", "target")) == {"g1_3": 4, "g4_6": 2}
    event = draft.events.get(action="targets_applied").detail
    assert (event["before"], event["after"]) == ({"parent": 0}, {"parent": 18})


def test_a_plan_applied_to_an_open_wave_replaces_what_its_collectors_had(draft):
    open_wave(draft, by=None, now=NOW)
    assert preview_plan(draft, PLAN).targets == {"parent": 18}
    assert targets_of(draft) == {"甲小学": 0, "乙小学": 0, "丙小学": 0}
    apply_plan(draft, PLAN, started_from={}, by=None, now=NOW)
    assert targets_of(draft) == {"甲小学": 6, "乙小学": 6, "丙小学": 6}


def test_more_than_there_are_people_is_said_and_not_asked(draft):
    applied = apply_plan(draft, [("parent", "rural", "g1_3", 1000)], started_from={}, by=None, now=NOW)
    assert applied.targets["parent"] + applied.left_over["parent"] == 1000
    assert applied.targets["parent"] == 3 * 60


def test_a_target_changed_by_hand_in_a_draft_holds_after_opening_and_the_sum_follows(draft):
    apply_plan(draft, PLAN, started_from={}, by=None, now=NOW)
    cell = next(one for one in target_cells(draft) if one.name == "丙小学")
    assert change_targets(draft, {cell.key: CellChange(target=15)}, by=None, now=NOW) == 1
    assert draft.audiences.get().target == 27
    open_wave(draft, by=None, now=NOW)
    assert targets_of(draft) == {"甲小学": 6, "乙小学": 6, "丙小学": 15}


def test_a_new_total_on_the_draft_form_takes_the_place_of_changes_by_hand(draft):
    cell = target_cells(draft)[0]
    change_targets(draft, {cell.key: CellChange(target=50)}, by=None, now=NOW)
    edit_draft(
        draft, name=draft.name, starts_on=draft.starts_on, ends_on=draft.ends_on, design=draft.design,
        scoring_rule=draft.scoring_rule, by=None, now=NOW,
        audiences=[AudiencePlan(audience="parent", questionnaire_key="society", share=Decimal(1), target=30)],
    )  # fmt: skip
    assert targets_of(draft) == {"甲小学": 10, "乙小学": 10, "丙小学": 10}


def test_a_changed_target_of_an_open_wave_keeps_its_grades_proportions(draft):
    apply_plan(draft, PLAN, started_from={}, by=None, now=NOW)
    open_wave(draft, by=None, now=NOW)
    cell = next(one for one in target_cells(draft) if one.name == "甲小学")
    change_targets(draft, {cell.key: CellChange(target=60, limit=80)}, by=None, now=NOW)
    changed = next(one for one in target_cells(draft) if one.name == "甲小学")
    assert (changed.target, dict(changed.grades), changed.limit) == (60, {"g1_3": 40, "g4_6": 20}, 80)
    named = draft.events.get(action="targets_changed").detail["cells"]
    assert named == [["parent", "甲小学", 6, 60, 0, 80]]


def test_a_closed_wave_keeps_its_targets(draft):
    open_wave(draft, by=None, now=NOW)
    close_wave(draft, by=None, now=NOW)
    with pytest.raises(TargetsRefused):
        apply_plan(draft, PLAN, started_from={}, by=None, now=NOW)
    with pytest.raises(TargetsRefused):
        change_targets(draft, {target_cells(draft)[0].key: CellChange(target=1)}, by=None, now=NOW)


def test_the_file_that_was_downloaded_changes_nothing_and_a_filled_in_one_what_it_says(draft):
    apply_plan(draft, PLAN, started_from={}, by=None, now=NOW)
    cells = target_cells(draft)
    content = targets_xlsx(cells, replies={}, language="zh-hans")
    assert read_targets(content, file_name="a.xlsx", cells=cells).changes == {}
    book = load_workbook(io.BytesIO(content))
    headings = [cell.value for cell in book.worksheets[0][1]]
    book.worksheets[0].cell(2, headings.index("目标") + 1, 44)
    book.worksheets[0].cell(2, headings.index("硬性名额") + 1, 50)
    book.worksheets[0].cell(3, headings.index("目标") + 1, "many")
    stream = io.BytesIO()
    book.save(stream)
    read = read_targets(stream.getvalue(), file_name="a.xlsx", cells=cells)
    assert read.changes == {cells[0].key: CellChange(44, 50)}
    assert [(one.row, one.found) for one in read.problems] == [(3, "many")]


def test_a_file_without_its_headings_is_refused_with_the_missing_ones(draft):
    with pytest.raises(TargetFileError, match="目标"):
        read_targets("学校代码,调查对象\nS1,家长\n".encode(), file_name="a.csv", cells=target_cells(draft))


@pytest.fixture
def bureau(draft) -> Client:
    client = Client()
    client.force_login(User.objects.create(username="bureau", role="bureau", county=draft.county))
    return client


def test_the_plan_page_leads_to_the_wave_s_targets(bureau, draft):
    """40,000 residents at 1.5‰ are 60; the floor is set to 90, of a wave that asks parents only."""
    values = {"residents": 40_000, "per_mille": 1.5, "floor": 90, "expected": 88, "deff": 1.5}
    page = f"/desk/waves/{draft.pk}/plan/apply/"
    assert "90" in bureau.get(page, values).content.decode()
    assert targets_of(draft) == {"甲小学": 0, "乙小学": 0, "丙小学": 0}
    done = bureau.post(page, values)
    assert done["Location"] == f"/desk/waves/{draft.pk}/targets/"
    assert targets_of(draft) == {"甲小学": 30, "乙小学": 30, "丙小学": 30}
    draft.refresh_from_db()
    assert draft.target_plan.started_from["floor"] == 90


def test_numbers_are_edited_in_the_table_and_bad_ones_named_beside_their_field(bureau, draft):
    page = f"/desk/waves/{draft.pk}/targets/"
    school = School.objects.get(name="乙小学")
    field = f"parent-s{school.pk}"
    sent = {"decision": "save", f"o-{field}": "0|", f"t-{field}": "25", f"l-{field}": ""}
    assert bureau.post(page, sent).status_code == 302
    assert targets_of(draft)["乙小学"] == 25
    wrong = bureau.post(page, sent | {f"o-{field}": "25|", f"t-{field}": "-3"})
    assert wrong.status_code == 422
    assert (f'id="e-{field}"' in wrong.content.decode(), 'value="-3"' in wrong.content.decode()) == (
        True,
        True,
    )
    assert targets_of(draft)["乙小学"] == 25


def test_what_somebody_else_changed_meanwhile_is_not_overwritten(bureau, draft):
    """The page still shows 0; only the hard stop is typed."""
    school = School.objects.get(name="乙小学")
    key = ("parent", school.pk, None)
    change_targets(draft, {key: CellChange(target=40)}, by=None, now=NOW)
    field = f"parent-s{school.pk}"
    sent = {"decision": "save", f"o-{field}": "0|", f"t-{field}": "0", f"l-{field}": "60"}
    bureau.post(f"/desk/waves/{draft.pk}/targets/", sent)
    cell = next(one for one in target_cells(draft) if one.key == key)
    assert (cell.target, cell.limit) == (40, 60)


def test_hard_stops_for_all_rows_found_ask_back_first(bureau, draft):
    apply_plan(draft, PLAN, started_from={}, by=None, now=NOW)
    page = f"/desk/waves/{draft.pk}/targets/?q=乙"
    asked = bureau.post(page, {"decision": "limit"})
    assert (asked.status_code, HardStop.objects.count()) == (200, 0)
    bureau.post(page, {"decision": "limit", "confirmed": "yes"})
    assert HardStop.objects.get().school.name == "乙小学"
    assert Wave.objects.get(pk=draft.pk).has_hard_stops
    bureau.post(page, {"decision": "unlimit", "confirmed": "yes"})
    assert not HardStop.objects.exists()
    assert not Wave.objects.get(pk=draft.pk).has_hard_stops


def test_one_audience_can_be_stopped_over_the_whole_county(bureau, draft):
    page = f"/desk/waves/{draft.pk}/targets/"
    bureau.post(page, {"decision": "county", "audience": "parent", "limit": "700"})
    stop = HardStop.objects.get()
    assert (stop.school, stop.township, stop.limit) == (None, None, 700)
    assert 'value="700"' in bureau.get(page).content.decode()
    bureau.post(page, {"decision": "county", "audience": "student", "limit": "5"})
    bureau.post(page, {"decision": "county", "audience": "parent", "limit": "many"})
    assert HardStop.objects.get().limit == 700
    bureau.post(page, {"decision": "county", "audience": "parent", "limit": ""})
    assert not HardStop.objects.exists()


def test_targets_add_up_by_location_and_township(draft):
    apply_plan(draft, PLAN, started_from={}, by=None, now=NOW)
    sums = {area.name: area.total.target for area in sums_by_area(target_cells(draft), replies={})}
    assert list(sums.values()) == [12, 6, 18]


def test_an_uploaded_file_is_shown_before_it_changes_anything(bureau, draft):
    page = f"/desk/waves/{draft.pk}/targets/upload/"
    school = School.objects.get(name="甲小学")
    text = f"学校代码,调查对象,目标,硬性名额\n{school.code},家长,33,\n"
    shown = bureau.post(page, {"file": upload(text)})
    assert targets_of(draft)["甲小学"] == 0
    signed = shown.content.decode().split('name="changes" value="')[1].split('"')[0]
    bureau.post(page, {"changes": signed})
    assert targets_of(draft)["甲小学"] == 33
    assert WaveEvent.objects.get(action="targets_changed").detail["file"] == "targets.csv"
    bureau.post(page, {"changes": signed})
    bureau.post(page, {"changes": "forged"})
    assert WaveEvent.objects.filter(action="targets_changed").count() == 1


def test_the_table_asks_as_many_questions_for_three_schools_as_for_thirty(
    bureau, draft, django_assert_max_num_queries
):
    for number in range(27):
        make_school(draft.county, name=f"第{number}小学")
    with django_assert_max_num_queries(22):
        assert bureau.get(f"/desk/waves/{draft.pk}/targets/").status_code == 200


def upload(text: str) -> SimpleUploadedFile:
    return SimpleUploadedFile("targets.csv", text.encode())


def test_create_wave_without_a_plan_shares_targets_by_people(county):
    wave = create_wave(
        county=county, name="无测算", starts_on=NOW.date(), ends_on=NOW.date(), scoring_rule="satisfied-top2",
        design="all_schools", by=None, now=NOW,
        audiences=[AudiencePlan(audience="parent", questionnaire_key="society", share=Decimal(1), target=7)],
    )  # fmt: skip
    open_wave(wave, by=None, now=NOW)
    assert targets_of(wave) == {"甲小学": 3, "乙小学": 2, "丙小学": 2}
