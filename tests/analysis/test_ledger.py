"""The ledger's rules: who may take which step, what stays on record, and nothing twice."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.utils import translation

from analysis.ledger import (
    STEPS,
    LedgerRefused,
    NewItem,
    change_item,
    enter_items,
    possible_steps,
    take_step,
)
from analysis.ledger_candidates import of_evaluation, of_survey
from analysis.ledger_lists import in_view, items_of, ledger_counts, things_waiting
from analysis.models import EvidenceFile, RectificationItem
from scoring.models import FrozenRecordError
from tests.analysis.ledger_county import NOW, STANDARD, ledger_county
from tests.analysis.waves import answer_everywhere, close, county_with_schools, wave_asking
from tests.surveys.builders import make_county, make_school

pytestmark = pytest.mark.django_db
TODAY = date(2026, 11, 18)


@pytest.fixture(autouse=True)
def _english():
    with translation.override("en"):
        yield


@pytest.fixture
def place():
    return ledger_county()


def one_item(place, *, school=None, deadline=TODAY, department="人事科", **more) -> RectificationItem:
    new = NewItem("缺3名骨干教师", deadline, school=school, department=department, **more)
    return enter_items(place.county, [new], year=2026, by=place.bureau, now=NOW).items[0]


def actions(item, role) -> list[str]:
    return [str(step.action) for step in possible_steps(item, role)]


def test_school_submits_and_only_the_bureau_accepts(place):
    item = one_item(place, school=place.schools[1])
    head = place.user("school", place.schools[1])
    assert actions(item, "school") == ["started", "submitted", "noted"]
    take_step(item, "started", by=head, now=NOW)
    take_step(item, "submitted", by=head, now=NOW, remark="已招聘3人")
    assert "accepted" not in actions(item, "school")
    with pytest.raises(LedgerRefused, match="not possible"):
        take_step(item, "accepted", by=head, now=NOW)
    take_step(item, "accepted", by=place.bureau, now=NOW)
    assert item.state == "accepted"
    said = [(step.action, step.from_state, step.to_state, step.by, step.role) for step in item.steps.all()]
    assert said == [
        ("created", "", "open", place.bureau, "bureau"),
        ("started", "open", "in_progress", head, "school"),
        ("submitted", "in_progress", "submitted", head, "school"),
        ("accepted", "submitted", "accepted", place.bureau, "bureau"),
    ]


def test_who_only_reads_can_take_no_step(place):
    item = one_item(place)
    for role in ("reviewer", "inspector", "province", ""):
        assert possible_steps(item, role) == []
    with pytest.raises(LedgerRefused):
        take_step(item, "started", by=place.user("reviewer"), now=NOW)
    assert item.steps.count() == 1


def test_school_cannot_touch_another_schools_item(place):
    item = one_item(place, school=place.schools[1])
    with pytest.raises(LedgerRefused):
        take_step(item, "started", by=place.user("school", place.schools[0]), now=NOW)
    item.refresh_from_db()
    assert item.state == "open"


@pytest.mark.parametrize("step", [step for step in STEPS if step.needs_reason], ids=lambda s: s.action)
def test_step_that_needs_a_reason_is_refused_without_one(place, step):
    item = one_item(place)
    RectificationItem.objects.filter(pk=item.pk).update(state=step.from_states[0])
    with pytest.raises(LedgerRefused):
        take_step(item, step.action, by=place.bureau, now=NOW, remark="  ")
    assert item.steps.count() == 1
    take_step(item, step.action, by=place.bureau, now=NOW, remark="有理由")
    assert item.steps.last().remark == "有理由"


def test_acceptance_can_be_undone_and_both_stay_on_record(place):
    item = one_item(place)
    take_step(item, "submitted", by=place.bureau, now=NOW, remark="完成")
    take_step(item, "accepted", by=place.bureau, now=NOW)
    take_step(item, "reopened", by=place.bureau, now=NOW, remark="复查不合格")
    assert item.state == "returned"
    assert [step.action for step in item.steps.all()] == ["created", "submitted", "accepted", "reopened"]


def test_step_is_never_changed_or_deleted(place):
    step = one_item(place).steps.get()
    step.remark = "改写"
    with pytest.raises(FrozenRecordError):
        step.save()
    with pytest.raises(FrozenRecordError):
        step.delete()


def test_second_of_two_decisions_finds_the_first(place):
    item = one_item(place)
    take_step(item, "submitted", by=place.bureau, now=NOW, remark="完成")
    stale = RectificationItem.objects.get(pk=item.pk)
    take_step(item, "accepted", by=place.bureau, now=NOW)
    with pytest.raises(LedgerRefused, match="not possible"):
        take_step(stale, "returned", by=place.bureau, now=NOW, remark="退回")


def test_change_keeps_what_stood_there(place):
    item = one_item(place)
    change_item(
        item, {"deadline": TODAY + timedelta(days=5), "department": "计财科"}, by=place.bureau, now=NOW
    )
    step = item.steps.last()
    assert step.changes == {"deadline": ["2026-11-18", "2026-11-23"], "department": ["人事科", "计财科"]}
    assert (item.department, item.deadline) == ("计财科", date(2026, 11, 23))
    assert change_item(item, {"department": "计财科"}, by=place.bureau, now=NOW) is None
    take_step(item, "withdrawn", by=place.bureau, now=NOW, remark="重复")
    with pytest.raises(LedgerRefused):
        change_item(item, {"department": "人事科"}, by=place.bureau, now=NOW)


def test_evidence_of_elsewhere_is_refused(place):
    item = one_item(place, school=place.schools[1])
    other = make_county(name="禄溪县")
    for number, (county, school) in enumerate(((other, None), (place.county, place.schools[0]))):
        paper = EvidenceFile.objects.create(
            county=county, school=school, name="a.pdf", stored_as=f"x{number}", kind="PDF", size_bytes=1,
            sha256="0" * 64, at=NOW,
        )  # fmt: skip
        with pytest.raises(LedgerRefused):
            take_step(item, "noted", by=place.bureau, now=NOW, remark="见附件", evidence=[paper])
    assert item.steps.count() == 1


def test_school_of_another_county_is_no_owner(place):
    stranger = make_school(make_county(name="禄溪县"))
    with pytest.raises(LedgerRefused):
        one_item(place, school=stranger)


def test_shortfall_becomes_an_item_with_its_school_and_units(place):
    with translation.override("zh-hans"):
        found = {one.key: one for one in of_evaluation(place.evaluation())}
    own = found[f"seven_indicators:第二小学 [{place.schools[1].code}]"]
    assert own.school == place.schools[1]
    assert "0.7" in own.problem and "0.85" in own.problem  # 7 of 1,000 pupils against the floor of 0.85
    assert "骨干教师" in own.measure and "3人" in own.measure
    assert own.is_proposed
    assert "第二小学" not in found[f"class_size:第三小学 [{place.schools[2].code}]"].problem
    assert not any("第一小学" in one.key for one in found.values())
    assert not found["criterion:pay"].is_proposed  # nobody knows yet


def test_same_shortfall_is_not_entered_twice_while_open(place):
    evaluation = place.evaluation()
    missed = [one for one in of_evaluation(evaluation) if one.is_proposed]
    items = [
        NewItem(one.problem, TODAY, school=one.school, subject=one.subject, standard_key=STANDARD.key)
        for one in missed
    ]
    first = enter_items(place.county, items, year=2026, by=place.bureau, now=NOW)
    assert (len(first.items), first.already_open) == (len(missed), 0)
    again = enter_items(place.county, items, year=2026, by=place.bureau, now=NOW)
    assert (len(again.items), again.already_open) == (0, len(missed))
    assert not any(one.is_proposed for one in of_evaluation(place.evaluation()))
    # Closed, it may come again next time; then the old one cannot be opened beside it.
    item = first.items[0]
    take_step(item, "submitted", by=place.bureau, now=NOW, remark="完成")
    take_step(item, "accepted", by=place.bureau, now=NOW)
    assert len(enter_items(place.county, items, year=2026, by=place.bureau, now=NOW).items) == 1
    with pytest.raises(LedgerRefused, match="another item"):
        take_step(item, "reopened", by=place.bureau, now=NOW, remark="复查")
    assert RectificationItem.objects.get(pk=item.pk).state == "accepted"
    assert item.steps.count() == 3


def test_numbers_run_within_county_and_year(place):
    assert [str(one_item(place)), str(one_item(place))] == ["2026-001", "2026-002"]
    other = ledger_county()
    assert str(one_item(other)) == "2026-001"


def test_weak_topics_come_from_a_closed_wave_only():
    county = county_with_schools(3)
    wave = wave_asking(county, {"parent": 1.0})
    answer_everywhere(wave, "parent", satisfied=21, others=9, seed=1)
    assert of_survey(wave, now=NOW) == ([], None)
    close(wave)
    topics, run = of_survey(wave, now=NOW)
    assert run == wave.score_runs.get()
    assert topics and all(one.school is None and "below 85%" in one.problem for one in topics)


def test_views_and_counts(place):
    """Today is Wednesday: yesterday is late, today and Sunday are this week, Monday is not."""
    days = {"late": -1, "today": 0, "sunday": 4, "monday": 5}
    items = {name: one_item(place, deadline=TODAY + timedelta(days=n)) for name, n in days.items()}
    handed_in = one_item(place, deadline=TODAY - timedelta(days=3))
    take_step(handed_in, "submitted", by=place.bureau, now=NOW, remark="完成")
    everything = items_of(place.county)
    assert list(in_view(everything, "overdue", today=TODAY)) == [items["late"]]
    assert list(in_view(everything, "week", today=TODAY)) == [items["today"], items["sunday"]]
    assert list(in_view(everything, "submitted", today=TODAY)) == [handed_in]
    counts = ledger_counts(everything, today=TODAY)
    assert (counts.total, counts.live, counts.overdue, counts.week, counts.submitted) == (5, 5, 1, 2, 1)
    assert things_waiting(place.county, school=None, role="bureau", today=TODAY) == 2
    assert things_waiting(place.county, school=place.schools[0], role="school", today=TODAY) == 0
    assert things_waiting(place.county, school=None, role="reviewer", today=TODAY) == 0
