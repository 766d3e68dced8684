"""The state of the fieldwork: forecast, valid-return rate, who is behind, who has not printed."""

from __future__ import annotations

import io
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from openpyxl import load_workbook

from survey_site.accounts.models import User
from surveys import seals
from surveys.fieldwork import Pace, Stand, fieldwork
from surveys.intake import commit_batch, void_responses
from surveys.models import Collector, PosterOpening, PrintJob, Response, School, SlipBatch, Wave, WaveChain
from surveys.poster_openings import note_opening
from surveys.target_changes import CellChange, change_targets
from tests.surveys.small_wave import a_submission, small_wave

# The small wave runs from 16 to 30 November; this is the morning of the 21st in Beijing.
NOW = datetime(2026, 11, 21, 4, 0, tzinfo=UTC)


@pytest.fixture
def wave(db) -> Wave:
    """Two schools with a target of 100 parents each."""
    wave = small_wave()
    Collector.objects.update(target=100)
    return wave


def answer(collector: Collector, count: int, *, days_ago: float = 0) -> list[int]:
    before = set(Response.objects.values_list("pk", flat=True))
    at = NOW - timedelta(days=days_ago)
    commit_batch([a_submission(collector, received_at=at) for _ in range(count)])
    return sorted(set(Response.objects.values_list("pk", flat=True)) - before)


def test_the_pace_of_three_days_goes_on_until_the_last_day_ends(wave):
    """12 replies in the last three days are 4 a day; to the end of the 30th are 9.5 days: 38 more."""
    collector = wave.collectors.first()
    answer(collector, 20, days_ago=4)
    answer(collector, 12, days_ago=1)
    found = fieldwork(wave, now=NOW)
    assert (found.pace.window_days, found.pace.left_days) == (3.0, 9.5)
    assert found.schools[0].total.forecast == 32 + 38
    assert found.schools[0].total.shortfall == 30
    assert found.schools[1].total.forecast == 0
    assert found.total.shortfall == 200 - 70


def test_a_wave_that_is_over_is_forecast_at_what_it_has(wave):
    answer(wave.collectors.first(), 5)
    later = fieldwork(wave, now=NOW + timedelta(days=30))
    assert (later.pace.left_days, later.total.forecast) == (0.0, 5)


def test_the_first_hours_do_not_pass_for_a_day():
    """Six replies in the first hour of ten days are not 1,440 at the end."""
    assert Pace(window_days=0.5, left_days=9.5).coming(6) == 114


def test_voided_replies_do_not_return(wave):
    collector = wave.collectors.first()
    ids = answer(collector, 80)
    void_responses(ids[:20], wave=wave, reason="代填", by=None, now=NOW)
    stand = fieldwork(wave, now=NOW).schools[0].total
    assert (stand.replies, stand.voided, stand.rate) == (60, 20, 0.6)


def test_slips_handed_out_take_the_place_of_the_target(wave):
    """40 slips handed out, 30 replies on them, 50 more by the poster: 75%, not 80 of 100."""
    poster = wave.collectors.first()
    slips = Collector.objects.create(
        wave=wave, school=poster.school, audience="parent", channel="slips", code="SLIPS", location="town"
    )
    SlipBatch.objects.create(wave=wave, collector=slips, number=1, count=40, state="handed", made_at=NOW)
    SlipBatch.objects.create(wave=wave, collector=slips, number=2, count=99, state="printed", made_at=NOW)
    answer(poster, 50)
    answer(slips, 30)
    stand = fieldwork(wave, now=NOW).schools[0].total
    assert (stand.replies, stand.returned, stand.handed_out, stand.rate) == (80, 30, 40, 0.75)


def test_the_alarm_of_an_open_wave_looks_at_the_closing_and_of_a_closed_one_at_what_there_is(wave):
    """21 a day reach 100 by the closing though 63 are there; a closed wave with 63 of 100 is below 70%."""
    collector = wave.collectors.first()
    answer(collector, 63, days_ago=1)
    assert not fieldwork(wave, now=NOW).schools[0].total.is_alarm
    Wave.objects.update(state="closed")
    closed = Wave.objects.get(pk=wave.pk)
    found = fieldwork(closed, now=NOW)
    assert found.schools[0].total.is_alarm
    assert Stand(target=10, handed_out=10, returned=6).is_alarm
    assert not Stand(target=10, handed_out=10, returned=7).is_alarm
    assert not Stand().is_alarm


def test_a_poster_opened_slips_printed_or_the_county_file_fetched_count_as_out(wave):
    one, other = wave.collectors.order_by("pk")
    assert [school.is_out for school in fieldwork(wave, now=NOW).schools] == [False, False]
    note_opening(one, now=NOW)
    note_opening(one, now=NOW + timedelta(hours=1))
    assert PosterOpening.objects.get().first_at == NOW
    SlipBatch.objects.create(wave=wave, collector=other, number=1, count=9, state="prepared", made_at=NOW)
    assert [school.is_out for school in fieldwork(wave, now=NOW).schools] == [True, False]
    SlipBatch.objects.update(state="printed")
    assert [school.is_out for school in fieldwork(wave, now=NOW).schools] == [True, True]
    SlipBatch.objects.all().delete()
    PrintJob.objects.create(
        county=wave.county, wave=wave, kind="posters", state="done", token="t", downloads=1, at=NOW
    )
    assert [school.is_out for school in fieldwork(wave, now=NOW).schools] == [True, True]


def test_a_full_quota_is_named_and_townships_add_up(wave):
    collector = wave.collectors.order_by("pk").first()
    answer(collector, 5)
    key = (collector.audience, collector.school_id, None)
    change_targets(wave, {key: CellChange(limit=5)}, by=None, now=NOW)
    found = fieldwork(Wave.objects.get(pk=wave.pk), now=NOW)
    assert [sorted(one.full) for one in found.schools] == [["parent"], []]
    assert found.schools[0].total.forecast == 5
    township = found.townships[0]
    assert (township.schools, township.behind, township.total.replies) == (2, 2, 5)
    assert found.by_day == ((datetime(2026, 11, 21).date(), 5),)


def test_a_hard_stop_of_the_county_holds_the_audiences_forecast_back(wave):
    """30 replies in three days lead to 95 more; the county takes 40 in all, then 30."""
    answer(wave.collectors.first(), 30, days_ago=1)
    for limit, forecast, full in ((40, 40, set()), (30, 30, {"parent"})):
        change_targets(wave, {("parent", None, None): CellChange(limit=limit)}, by=None, now=NOW)
        found = fieldwork(Wave.objects.get(pk=wave.pk), now=NOW)
        assert (found.total.forecast, found.audiences["parent"].forecast, set(found.full)) == (
            forecast, forecast, full,
        )  # fmt: skip


def test_sixty_schools_are_asked_with_as_many_queries_as_two(wave, django_assert_max_num_queries):
    with CaptureQueriesContext(connection) as few:
        fieldwork(wave, now=NOW)
    many = small_wave(name="大批次", schools=60)
    with django_assert_max_num_queries(len(few)):
        assert len(fieldwork(many, now=NOW).schools) == 60


@pytest.fixture
def bureau(wave) -> Client:
    client = Client()
    client.force_login(User.objects.create(username="bureau", role="bureau", county=wave.county))
    return client


def test_the_page_filters_sorts_and_exports(bureau, wave):
    first = School.objects.get(code="S01")
    answer(wave.collectors.get(school=first), 3)
    page = f"/desk/waves/{wave.pk}/fieldwork/"
    both = bureau.get(page).content.decode()
    assert ("第1小学" in both, "第2小学" in both) == (True, True)
    without = bureau.get(page, {"show": "without"}).content.decode()
    assert ("第1小学" in without, "第2小学" in without) == (False, True)
    found = bureau.get(page, {"q": "第1"}).content.decode()
    assert ("第1小学" in found, "第2小学" in found) == (True, False)
    sorted_by = bureau.get(page, {"sort": "-replies"}).content.decode()
    assert sorted_by.index("第1小学") < sorted_by.index("第2小学")
    assert (
        bureau.get(page, {"sort": "nonsense", "page": "x", "show": "?", "township": "?"}).status_code == 200
    )
    file = bureau.get(f"/desk/waves/{wave.pk}/fieldwork.xlsx", {"q": "第1"})
    assert rows_of(file.content) == ["S01"]


def test_a_wave_without_schools_says_so(bureau, wave):
    empty = Wave.objects.create(
        county=wave.county, name="空批次", starts_on=timezone.localdate(), ends_on=timezone.localdate(),
        state="open", scoring_rule="satisfied-top2", design="all_schools",
    )  # fmt: skip
    WaveChain.objects.create(wave=empty, digest=seals.EMPTY_CHAIN)
    for page in ("fieldwork/", "fieldwork.xlsx", "targets/", "targets.xlsx", "draws/"):
        assert bureau.get(f"/desk/waves/{empty.pk}/{page}").status_code == 200


def rows_of(content: bytes) -> list[str]:
    sheet = load_workbook(io.BytesIO(content)).worksheets[0]
    return [row[0] for row in sheet.iter_rows(min_row=2, values_only=True)]
