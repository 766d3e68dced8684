"""Slips under many hands at once: a slip is answered or void, never both; numbers and limits hold."""

from __future__ import annotations

import pytest
from django.utils import timezone

from surveys.distribution.codes import slip_digest
from surveys.intake import Receipt, commit_batch
from surveys.models import AccessCode, Collector, Response, SlipBatch
from surveys.print_jobs import new_token, run_job, start_county, start_slips
from surveys.slip_ledger import (
    DrawnBatch,
    Order,
    SlipsRefused,
    new_codes,
    order_slips,
    store_codes,
    void_batch,
)
from tests.surveys.small_wave import a_submission, small_wave
from tests.surveys.test_concurrency import in_threads

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def slips() -> Collector:
    wave = small_wave(schools=1)
    school = wave.collectors.get().school
    collector = Collector.objects.create(
        wave=wave, audience="parent", school=school, channel="slips", code="SLIPS22222", location="town"
    )
    return Collector.objects.select_related("wave__county", "school").get(pk=collector.pk)


def test_batch_voided_while_phones_answer_has_each_slip_either_used_or_void(slips):
    now = timezone.now()
    [batch] = order_slips(slips, [Order("一班", 60)], job=None, now=now)
    codes = new_codes(batch)
    store_codes([DrawnBatch(batch, codes)], by=None, now=now)
    pages = [a_submission(slips, slip=slip_digest(code)) for code in codes]

    def work(job):
        if job == "void":
            return void_batch(batch, reason="遗失", by=None, now=now)
        return commit_batch([job])[0]

    outcomes = in_threads(work, [*pages[:20], "void", *pages[20:]], threads=8)
    answered = sum(isinstance(one, Receipt) for one in outcomes)
    used = AccessCode.objects.filter(state="used").count()
    assert answered == used == Response.objects.count()
    assert AccessCode.objects.filter(state="void").count() == 60 - used
    assert not AccessCode.objects.filter(state="issued").exists()


def test_clerks_who_print_at_once_get_different_numbers(slips):
    in_threads(
        lambda number: order_slips(slips, [Order(f"{number}班", 1)] * 2, job=None, now=timezone.now()),
        range(12),
    )
    assert sorted(SlipBatch.objects.values_list("number", flat=True)) == list(range(1, 25))


def test_two_windows_of_a_school_do_not_print_past_its_limit_together(slips):
    """Eighty people, eighty-eight slips: of four windows asking for forty each, two get them."""

    def print_forty(_window):
        try:
            return start_slips(
                slips, [Order("全校", 40)], origin="https://x", token=new_token(), by=None,
                now=timezone.now(), is_school=True,
            )  # fmt: skip
        except SlipsRefused:
            return None

    made = in_threads(print_forty, range(4))
    assert sum(job is not None for job in made) == 2
    assert SlipBatch.objects.count() == 2


def test_of_workers_that_take_one_job_at_once_one_makes_it(slips):
    job = start_county(
        slips.wave,
        papers=["a4"],
        bilingual=False,
        with_slips=True,
        origin="https://x",
        by=None,
        now=timezone.now(),
    )
    done = in_threads(lambda _worker: run_job(job.pk), range(4))
    assert sum(done) == 1
    job.refresh_from_db()
    assert job.state == "done"
    assert AccessCode.objects.count() == 80
