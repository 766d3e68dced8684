"""Many writers at once, on the database the run is for: nothing lost, nothing twice, no deadlock."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, connections

from surveys.distribution.codes import new_slip_code, slip_digest
from surveys.group_commit import GroupCommit
from surveys.intake import IntakeRefused, commit_batch, void_responses
from surveys.models import AccessCode, Response, Wave
from surveys.queries import replies_by_collector
from surveys.tallies import check_tallies
from surveys.verification import verify_wave
from surveys.waves import close_wave
from tests.surveys.small_wave import GRADES, NOON, a_submission, small_wave

pytestmark = pytest.mark.django_db(transaction=True)


def in_threads(work, jobs, *, threads=16):
    """Runs the jobs on real threads, each with its own connection; gives their results in order."""

    def run(job):
        try:
            return work(job)
        finally:
            connections.close_all()

    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(run, jobs))


@pytest.fixture
def wave() -> Wave:
    return small_wave(schools=6)


def pages_for(wave, count, *, collectors=None):
    collectors = collectors or list(wave.collectors.order_by("pk"))
    return [
        a_submission(
            collectors[number % len(collectors)], submission_id=number.to_bytes(16, "big"),
            grade_band=GRADES[number % 2], teaching="satisfied", overall="dissatisfied",
        )
        for number in range(count)
    ]  # fmt: skip


@pytest.mark.parametrize("writers", [1, 4])
def test_two_hundred_pages_to_one_school_each_sent_twice_are_two_hundred_replies(wave, writers):
    """`writers` stands for the processes of a server: each groups its own line."""
    collector = wave.collectors.first()
    pages = pages_for(wave, 200, collectors=[collector]) * 2
    random.Random(1).shuffle(pages)
    groups = [GroupCommit(commit_batch) for _ in range(writers)]
    receipts = in_threads(
        lambda pair: groups[pair[0] % writers].submit(pair[1]), list(enumerate(pages)), threads=32
    )
    assert Response.objects.count() == 200
    assert replies_by_collector(wave) == {collector.pk: 200}
    assert check_tallies(wave) == []
    codes: dict[bytes, set[str]] = {}
    for page, receipt in zip(pages, receipts, strict=True):
        codes.setdefault(page.submission_id, set()).add(receipt.code)
    assert all(len(found) == 1 for found in codes.values())
    assert sum(not receipt.is_repeat for receipt in receipts) == 200
    assert verify_wave(wave).problems == ()


def test_writers_of_many_schools_in_opposite_orders_do_not_deadlock(wave):
    pages = pages_for(wave, 240)
    batches = [pages[start : start + 12] for start in range(0, 240, 12)]
    jobs = [batch if number % 2 else batch[::-1] for number, batch in enumerate(batches)]
    in_threads(commit_batch, jobs, threads=8)
    assert Response.objects.count() == 240
    assert check_tallies(wave) == []
    assert verify_wave(wave).problems == ()


def test_batches_over_two_waves_in_opposite_orders_do_not_deadlock(wave):
    other = small_wave(name="另一批次", schools=6)
    first = pages_for(wave, 60)
    second = [
        a_submission(collector, submission_id=(1000 + number).to_bytes(16, "big"))
        for number, collector in enumerate(list(other.collectors.all()) * 10)
    ]
    jobs = [
        [one, two] if number % 2 else [two, one]
        for number, (one, two) in enumerate(zip(first, second, strict=True))
    ]
    in_threads(commit_batch, jobs, threads=8)
    assert check_tallies(wave) == check_tallies(other) == []
    assert Response.objects.count() == 120


def test_one_slip_from_sixteen_phones_at_once_is_redeemed_once(wave):
    collector = wave.collectors.first()
    slip = slip_digest(new_slip_code())
    AccessCode.objects.create(collector=collector, digest=slip)
    outcomes = in_threads(
        lambda page: commit_batch([page])[0], [a_submission(collector, slip=slip) for _ in range(16)]
    )
    assert sum(not isinstance(outcome, IntakeRefused) for outcome in outcomes) == 1
    assert Response.objects.count() == 1


def test_nothing_is_acknowledged_after_the_wave_closed(wave):
    pages = pages_for(wave, 60)

    def work(job):
        if job == "close":
            close_wave(wave, by=None, now=NOON)
            return None
        return commit_batch([job])[0]

    outcomes = in_threads(work, [*pages[:30], "close", *pages[30:]], threads=8)
    acknowledged = [one for one in outcomes if one is not None and not isinstance(one, IntakeRefused)]
    assert Response.objects.count() == len(acknowledged)
    event = wave.events.get(action="closed")
    assert event.detail["batches"] == wave.batches.count()
    assert check_tallies(wave) == []


def test_voiding_while_answers_come_in_loses_nothing(wave):
    commit_batch(pages_for(wave, 40))
    ids = list(Response.objects.order_by("pk").values_list("pk", flat=True))
    later = [
        a_submission(wave.collectors.first(), submission_id=(5000 + number).to_bytes(16, "big"))
        for number in range(40)
    ]

    def work(job):
        if isinstance(job, int):
            void_responses([job], wave=wave, reason="抽查", by=None, now=NOON)
        else:
            commit_batch([job])

    in_threads(work, [job for pair in zip(ids, later, strict=True) for job in pair], threads=8)
    assert sum(replies_by_collector(wave).values()) == 40
    assert check_tallies(wave) == []
    assert verify_wave(wave).problems == ()


def test_this_run_is_on_the_database_it_says(wave):
    import os

    assert connection.vendor == os.environ.get("TEST_DATABASE", "sqlite")
