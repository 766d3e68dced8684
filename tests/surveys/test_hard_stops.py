"""A hard stop of 100 takes 100: from many phones at once, over channels, after voids, with its receipts."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection, connections

from surveys.distribution.codes import new_collector_code, new_slip_code, slip_digest
from surveys.group_commit import GroupCommit
from surveys.intake import IntakeRefused, Receipt, commit_batch, restore_responses, void_responses
from surveys.models import AccessCode, Collector, HardStop, Response, Wave, WaveEvent
from surveys.queries import _entries, replies_by_collector
from surveys.tallies import check_tallies
from surveys.target_changes import CellChange, change_targets
from surveys.verification import verify_wave
from tests.surveys.builders import make_county, make_school, make_slip, open_wave_for, poster_of
from tests.surveys.phone import SATISFIED, Phone, address, in_chinese, text_of, token_in
from tests.surveys.small_wave import NOON, a_submission, small_wave

CLIENTS, LIMIT = 64, 100


def stop_at(collector: Collector, limit: int) -> None:
    """As the desk does it: a hard stop for the collector's audience at its school."""
    key = (collector.audience, collector.school_id, collector.township_id)
    change_targets(collector.wave, {key: CellChange(limit=limit)}, by=None, now=NOON)


def refusals(outcomes: list) -> list[str]:
    return [one.reason for one in outcomes if isinstance(one, IntakeRefused)]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("writers", [1, 8])
def test_sixty_four_phones_at_once_store_exactly_the_limit(writers):
    """`writers` stands for the processes of a server; each phone sends three forms, one after the other."""
    wave = small_wave(schools=3)
    collector = wave.collectors.first()
    stop_at(collector, LIMIT)
    groups = [GroupCommit(commit_batch) for _ in range(writers)]
    start = Barrier(CLIENTS)

    def phone(number: int) -> list:
        outcomes = []
        try:
            pages = [a_submission(collector) for _ in range(3)]
            start.wait()
            for page in pages:
                try:
                    outcomes.append(groups[number % writers].submit(page))
                except IntakeRefused as refused:
                    outcomes.append(refused)
        finally:
            connections.close_all()
        return outcomes

    with ThreadPoolExecutor(CLIENTS) as pool:
        outcomes = [one for some in pool.map(phone, range(CLIENTS)) for one in some]
    assert Response.objects.count() == LIMIT
    assert replies_by_collector(wave) == {collector.pk: LIMIT}
    assert refusals(outcomes) == ["full"] * (3 * CLIENTS - LIMIT)
    assert sum(isinstance(one, Receipt) for one in outcomes) == LIMIT
    assert check_tallies(wave) == []
    assert verify_wave(wave).problems == ()


@pytest.fixture
def wave(db) -> Wave:
    return small_wave()


@pytest.fixture
def collector(wave) -> Collector:
    return wave.collectors.order_by("pk").first()


def test_one_batch_that_would_pass_the_limit_is_stored_up_to_it(collector):
    stop_at(collector, 3)
    outcomes = commit_batch([a_submission(collector) for _ in range(5)])
    assert sorted(refusals(outcomes)) == ["full", "full"]
    assert Response.objects.count() == 3


def test_a_repeat_of_a_stored_form_gets_its_receipt_when_all_places_are_taken(collector):
    stop_at(collector, 1)
    page = a_submission(collector)
    first = commit_batch([page])[0]
    again, late = commit_batch([page, a_submission(collector)])
    assert again == Receipt(first.code, is_repeat=True)
    assert late.reason == "full"


def test_a_full_school_does_not_stop_another(wave):
    one, other = wave.collectors.order_by("pk")
    stop_at(one, 1)
    commit_batch([a_submission(one)])
    outcomes = commit_batch([a_submission(one), a_submission(other)])
    assert refusals(outcomes) == ["full"]
    assert replies_by_collector(wave) == {one.pk: 1, other.pk: 1}


def test_poster_and_slips_of_a_school_share_its_places_and_a_refused_slip_stays_unused(collector):
    stop_at(collector, 2)
    slips = Collector.objects.create(
        wave=collector.wave, school=collector.school, audience="parent", channel="slips",
        location=collector.location, code=new_collector_code(),
    )  # fmt: skip
    codes = [slip_digest(new_slip_code()) for _ in range(2)]
    AccessCode.objects.bulk_create(AccessCode(collector=slips, digest=code) for code in codes)
    commit_batch([a_submission(collector), a_submission(slips, slip=codes[0])])
    assert commit_batch([a_submission(slips, slip=codes[1])])[0].reason == "full"
    assert AccessCode.objects.get(digest=codes[1]).state == AccessCode.State.ISSUED


def test_a_stop_of_the_whole_county_counts_all_schools(wave):
    HardStop.objects.create(wave=wave, audience="parent", limit=2)
    Wave.objects.update(has_hard_stops=True)
    one, other = wave.collectors.order_by("pk")
    outcomes = commit_batch([a_submission(one), a_submission(other)])
    outcomes += commit_batch([a_submission(one), a_submission(other)])
    assert refusals(outcomes) == ["full", "full"]


def test_voiding_frees_places_and_restoring_beyond_the_limit_is_recorded(collector):
    wave = collector.wave
    stop_at(collector, 2)
    commit_batch([a_submission(collector) for _ in range(2)])
    ids = list(Response.objects.values_list("pk", flat=True))
    void = void_responses(ids, wave=wave, reason="代填", by=None, now=NOON)
    assert refusals(commit_batch([a_submission(collector) for _ in range(2)])) == []
    restore_responses(void, reason="核实无误", by=None, now=NOON)
    assert replies_by_collector(wave) == {collector.pk: 4}
    assert commit_batch([a_submission(collector)])[0].reason == "full"
    stop = WaveEvent.objects.get(action="hard_stop_exceeded").detail["stops"][0]
    assert (stop["limit"], stop["replies"]) == (2, 4)


def test_a_stop_set_below_what_is_stored_takes_nothing_more_and_lifting_it_opens_again(collector):
    commit_batch([a_submission(collector) for _ in range(3)])
    stop_at(collector, 2)
    assert commit_batch([a_submission(collector)])[0].reason == "full"
    stop_at(collector, 0)
    assert refusals(commit_batch([a_submission(collector)])) == []
    collector.wave.refresh_from_db()
    assert not collector.wave.has_hard_stops


def test_a_wave_without_hard_stops_never_asks_for_them(collector):
    def watch(execute, sql, params, many, context):
        assert "surveys_hardstop" not in sql
        return execute(sql, params, many, context)

    with connection.execute_wrapper(watch):
        assert refusals(commit_batch([a_submission(collector)])) == []


def test_a_late_phone_reads_that_all_places_are_taken_and_nothing_is_stored(db):
    """Both who opens the page now, and who had it open and sends it."""
    school = make_school(make_county())
    wave = open_wave_for(school.county)
    poster, phone = poster_of(school), Phone()
    said = in_chinese("All places are taken, thank you")
    early, waiting = (
        {"token": token_in(phone.get(address(poster)))} | SATISFIED for _ in range(2)
    )  # fmt: skip
    stop_at(poster, 1)
    assert phone.post(address(poster), early).status_code == 303
    late = phone.post(address(poster), waiting)
    assert (late.status_code, said in text_of(late)) == (410, True)
    assert phone.post(address(poster), early).status_code == 303
    _entries.clear()  # what pages remember for a few seconds
    opened = phone.get(address(poster))
    assert (opened.status_code, said in text_of(opened)) == (410, True)
    assert phone.get(f"/r/{make_slip(school, wave)}").status_code == 410
    assert Response.objects.count() == 1
