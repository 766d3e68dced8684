"""Schools that come to the roster while a wave is open: said on its pages, asked when somebody decides so."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.test import Client
from django.utils import timezone

from scoring.controls import population_controls
from scoring.models import PopulationControl
from scoring.runs import score_wave
from survey_site.accounts.models import AuditEntry, User
from surveys.missing_collectors import late_places
from surveys.models import DesignKind, School, Township, Wave, WaveEvent
from surveys.verification import verify_wave
from surveys.waves import (
    AudiencePlan,
    WaveRefused,
    ask_late_places,
    close_wave,
    create_wave,
    open_wave,
    reopen_wave,
)
from tests.surveys.builders import make_county, make_school, open_wave_for
from tests.surveys.test_wave_pages import reply

pytestmark = pytest.mark.django_db
NEW = "云川县第三小学"


@pytest.fixture
def county():
    county = make_county()
    for name in ("第一小学", "第二小学"):
        make_school(county, name=name)
    return county


@pytest.fixture
def wave(county) -> Wave:
    """Parents by poster and slip (180 of them, 60 replies aimed at), teachers by poster, residents."""
    today = timezone.localdate()
    wave = create_wave(
        county=county, name="秋季自测", starts_on=today - timedelta(days=1),
        ends_on=today + timedelta(days=5), scoring_rule="satisfied-top2", design="all_schools", by=None,
        now=timezone.now(),
        audiences=[
            AudiencePlan("parent", "society", Decimal("0.5"), target=60, channels="both"),
            AudiencePlan("teacher", "staff", Decimal("0.25"), target=12),
            AudiencePlan("resident", "society", Decimal("0.25"), target=10),
        ],
    )  # fmt: skip
    open_wave(wave, by=None, now=timezone.now())
    return wave


@pytest.fixture
def desk(county) -> Client:
    client = Client()
    client.force_login(User.objects.create(username="bureau", role="bureau", county=county))
    return client


def page(desk: Client, address: str) -> str:
    return desk.get(address).content.decode()


def ask(wave: Wave, *, target: int) -> None:
    """Aims at so many replies of the wave's only audience, shared out alike."""
    wave.audiences.update(target=target)
    wave.collectors.update(target=target // wave.collectors.count())


def targets(wave: Wave) -> dict[str, int]:
    return dict(wave.audiences.values_list("audience", "target"))


def test_wave_that_asks_the_whole_roster_says_nothing(desk, wave):
    assert late_places(wave) is None
    assert "还没有收集点" not in page(desk, f"/desk/waves/{wave.pk}/")
    answer = desk.get(f"/desk/waves/{wave.pk}/collectors/add/", follow=True)
    assert "都已有收集点" in answer.content.decode()


def test_both_pages_name_the_number_of_new_schools_and_lead_to_the_button(desk, county, wave):
    make_school(county, name=NEW)
    make_school(county, name="第四小学")
    for address in (f"/desk/waves/{wave.pk}/", f"/desk/waves/{wave.pk}/collectors/"):
        text = page(desk, address)
        assert "2所新学校还没有收集点" in text
        assert "为新学校补建收集点" in text
    text = page(desk, f"/desk/waves/{wave.pk}/collectors/add/")
    assert NEW in text
    assert "6 个收集点" in text


def test_looking_at_the_page_makes_nothing(desk, county, wave):
    make_school(county, name=NEW)
    before = wave.collectors.count()
    page(desk, f"/desk/waves/{wave.pk}/collectors/add/")
    assert wave.collectors.count() == before


def test_new_school_gets_every_channel_its_part_of_the_target_and_the_others_keep_theirs(desk, county, wave):
    kept = dict(wave.collectors.values_list("code", "target"))
    school = make_school(county, name=NEW)
    desk.post(f"/desk/waves/{wave.pk}/collectors/add/")
    own = {(one.audience, one.channel): one.target for one in wave.collectors.filter(school=school)}
    # As many as each of the two others, all alike, has: half of 60 and of 12, on the poster.
    assert own == {("parent", "poster"): 30, ("parent", "slips"): 0, ("teacher", "poster"): 6}
    assert {
        code: target for code, target in wave.collectors.values_list("code", "target") if code in kept
    } == kept
    assert targets(wave) == {"parent": 90, "teacher": 18, "resident": 10}
    for audience, target in targets(wave).items():
        assert sum(wave.collectors.filter(audience=audience).values_list("target", flat=True)) == target
    grades = [one.target for one in wave.collectors.get(school=school, audience="parent", channel="poster")
              .grade_targets.all()]  # fmt: skip
    assert sum(grades) == 30


def test_the_step_leaves_a_wave_event_and_an_audit_row(desk, county, wave):
    make_school(county, name=NEW)
    desk.post(f"/desk/waves/{wave.pk}/collectors/add/")
    event = WaveEvent.objects.get(wave=wave, action="collectors_added")
    assert event.by.username == "bureau"
    assert event.detail["places"] == [NEW]
    assert event.detail["targets"] == {"parent": [60, 90], "teacher": [12, 18]}
    entry = AuditEntry.objects.get(action="collectors_add")
    assert entry.about == "秋季自测"
    text = page(desk, f"/desk/waves/{wave.pk}/")
    assert "为新学校补建收集点" in text
    assert NEW in text


def test_second_click_makes_nothing_twice(desk, county, wave):
    make_school(county, name=NEW)
    for _ in range(2):
        desk.post(f"/desk/waves/{wave.pk}/collectors/add/")
    assert wave.collectors.filter(school__name=NEW).count() == 3
    assert WaveEvent.objects.filter(wave=wave, action="collectors_added").count() == 1


def test_head_of_a_new_school_is_aimed_at_like_every_other_head(county):
    wave = open_wave_for(county, audience="principal")
    ask(wave, target=2)
    make_school(county, name=NEW)
    ask_late_places(wave, by=None, now=timezone.now())
    assert [one.target for one in wave.collectors.order_by("pk")] == [1, 1, 1]
    assert targets(wave) == {"principal": 3}


def test_audience_asked_nowhere_yet_shares_out_its_target_and_does_not_double_it(county):
    wave = open_wave_for(county, audience="teacher")
    ask(wave, target=12)
    wave.collectors.all().delete()
    ask_late_places(wave, by=None, now=timezone.now())
    assert [one.target for one in wave.collectors.order_by("pk")] == [6, 6]
    assert targets(wave) == {"teacher": 12}


def test_school_that_got_teachers_lacks_only_their_collector(county, wave):
    wave.collectors.filter(school__name="第一小学", audience="teacher").delete()
    found = late_places(wave)
    assert (found.new_schools, found.other_schools, found.collectors) == (0, 1, 1)


def test_new_township_is_asked_for_its_residents(county, wave):
    Township.objects.create(county=county, name="新乡")
    found = late_places(wave)
    assert [one.place.name for one in found.townships] == ["新乡"]
    ask_late_places(wave, by=None, now=timezone.now())
    assert wave.collectors.filter(township__name="新乡", audience="resident").count() == 1


def test_population_controls_grow_by_the_roster_only_when_somebody_adds_the_school(county, wave):
    def people() -> float:
        return sum(one.people for one in population_controls(wave) if one.audience == "parent")

    assert people() == 180
    make_school(county, name=NEW)
    assert people() == 180
    ask_late_places(wave, by=None, now=timezone.now())
    assert people() == 270


def test_page_says_which_controls_were_entered_and_stay(desk, county, wave):
    for school in School.objects.filter(county=county):
        PopulationControl.objects.create(
            wave=wave,
            audience="parent",
            school=school,
            location=school.location,
            people=160,
            source="教育局统计",
        )
    make_school(county, name=NEW)
    text = page(desk, f"/desk/waves/{wave.pk}/collectors/add/")
    assert "不随名册变动" in text
    ask_late_places(wave, by=None, now=timezone.now())
    assert sum(one.people for one in population_controls(wave) if one.audience == "parent") == 320


def test_result_frozen_before_keeps_its_controls(county, wave):
    reply(wave.collectors.filter(audience="parent", channel="poster").first(), times=12)
    close_wave(wave, by=None, now=timezone.now())
    run = score_wave(wave, by=None, now=timezone.now())
    before = run.inputs["controls"]
    reopen_wave(wave, by=None, now=timezone.now(), reason="补充回收")
    make_school(county, name=NEW)
    ask_late_places(wave, by=None, now=timezone.now())
    run.refresh_from_db()
    assert run.inputs["controls"] == before


def test_closed_wave_is_left_alone_and_reopening_records_whom_it_added(desk, county, wave):
    close_wave(wave, by=None, now=timezone.now())
    make_school(county, name=NEW)
    assert "还没有收集点" not in page(desk, f"/desk/waves/{wave.pk}/")
    with pytest.raises(WaveRefused):
        ask_late_places(wave, by=None, now=timezone.now())
    reopen_wave(wave, by=None, now=timezone.now(), reason="补充回收")
    event = WaveEvent.objects.get(wave=wave, action="reopened")
    assert event.detail["places"] == [NEW]
    assert targets(wave)["parent"] == 90


def test_sampled_wave_warns_that_an_undrawn_school_does_not_belong(desk, county, wave):
    Wave.objects.filter(pk=wave.pk).update(design=DesignKind.SAMPLED_SCHOOLS)
    make_school(county, name=NEW)
    assert "未被抽中" in page(desk, f"/desk/waves/{wave.pk}/collectors/add/")


def test_added_collectors_are_sealed_with_the_step(county, wave):
    make_school(county, name=NEW)
    ask_late_places(wave, by=None, now=timezone.now())
    assert verify_wave(wave).problems == ()
    wave.collectors.filter(school__name=NEW, audience="teacher").update(location="urban")
    said = " ".join(one.problem for one in verify_wave(wave).problems)
    assert "when collectors were added" in said


def test_reader_sees_the_notice_without_the_button(county, wave):
    make_school(county, name=NEW)
    client = Client()
    client.force_login(User.objects.create(username="reader", role="reviewer", county=county))
    text = page(client, f"/desk/waves/{wave.pk}/")
    assert "1所新学校还没有收集点" in text
    assert "为新学校补建收集点" not in text
