"""The ledger of slips: what is printed, handed out, voided and reprinted, and what that does to a phone."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from django.utils import timezone

from survey_site.accounts.models import User
from surveys.distribution.codes import new_slip_code, slip_digest
from surveys.intake import IntakeRefused, Receipt, commit_batch
from surveys.missing_collectors import collectors_to_make
from surveys.models import AccessCode, Channels, Collector, SlipBatch, SlipStep, Wave, WaveAudience
from surveys.print_jobs import PrintRefused, new_token, start_reprint, start_slips
from surveys.slip_classes import grades_of, proposed_orders
from surveys.slip_ledger import (
    DrawnBatch,
    Order,
    SlipCount,
    SlipsRefused,
    check_school_may_print,
    counts_by_batch,
    counts_by_collector,
    hand_out,
    most_a_school_prints,
    new_codes,
    order_reprint,
    order_slips,
    store_codes,
    take_back,
    void_batch,
    void_code,
)
from surveys.waves import close_wave, open_wave
from tests.surveys.builders import make_county, make_school, make_wave
from tests.surveys.small_wave import a_submission, small_wave

pytestmark = pytest.mark.django_db


@pytest.fixture
def clerk():
    return User.objects.create(username="clerk")


@pytest.fixture
def slips() -> Collector:
    """The slips of a school of eighty parents, beside its open poster; three people make a group."""
    wave = small_wave(schools=1)
    Wave.objects.filter(pk=wave.pk).update(minimum_group_size=3)
    collector = Collector.objects.create(
        wave=wave, audience="parent", school=wave.collectors.get().school, channel="slips", code="SLIPS22222",
        location="town",
    )  # fmt: skip
    return Collector.objects.select_related("wave__county", "school").get(pk=collector.pk)


def printed(collector: Collector, *, label: str = "三年级1班", count: int = 3, by=None) -> SimpleNamespace:
    """A batch and its codes, as they would stand on the sheet."""
    now = timezone.now()
    [batch] = order_slips(collector, [Order(label, count)], job=None, now=now)
    codes = new_codes(batch)
    store_codes([DrawnBatch(batch, codes)], by=by, now=now)
    batch.refresh_from_db()
    return SimpleNamespace(batch=batch, codes=codes)


def answer(collector: Collector, code: str) -> Receipt | IntakeRefused:
    [outcome] = commit_batch([a_submission(collector, slip=slip_digest(code))])
    return outcome


def count_of(batch: SlipBatch) -> SlipCount:
    return counts_by_batch([batch])[batch.pk]


# --- Printing


def test_only_a_hash_of_a_code_is_stored(slips):
    made = printed(slips)
    stored = {bytes(digest) for digest in AccessCode.objects.values_list("digest", flat=True)}
    assert stored == {slip_digest(code) for code in made.codes}
    assert not any(code.encode() in digest for code in made.codes for digest in stored)


def test_slips_work_only_once_their_codes_are_stored(slips):
    """A sheet whose drawing was interrupted has no codes that work."""
    [batch] = order_slips(slips, [Order("一班", 2)], job=None, now=timezone.now())
    codes = new_codes(batch)
    assert isinstance(answer(slips, codes[0]), IntakeRefused)
    store_codes([DrawnBatch(batch, codes)], by=None, now=timezone.now())
    assert isinstance(answer(slips, codes[0]), Receipt)


def test_a_batch_is_never_printed_twice(slips):
    made = printed(slips)
    with pytest.raises(SlipsRefused):
        store_codes([DrawnBatch(made.batch, new_codes(made.batch))], by=None, now=timezone.now())
    assert AccessCode.objects.count() == 3


def test_batches_of_a_wave_are_numbered_one_after_the_other(slips):
    orders = [Order("一班", 1), Order("二班", 1)]
    first = order_slips(slips, orders, job=None, now=timezone.now())
    [next_one] = order_slips(slips, orders[:1], job=None, now=timezone.now())
    assert [batch.number for batch in (*first, next_one)] == [1, 2, 3]


@pytest.mark.parametrize(
    "orders", [[], [Order("一班", 0)], [Order("一班", 501)], [Order("一班", 500)] * 11, [Order("一班", -1)]]
)
def test_nonsense_is_not_printed(slips, orders):
    with pytest.raises(SlipsRefused):
        order_slips(slips, orders, job=None, now=timezone.now())
    assert SlipBatch.objects.count() == 0


def test_a_poster_has_no_slips_and_a_closed_wave_prints_none(slips):
    poster = slips.wave.collectors.get(channel="poster")
    with pytest.raises(SlipsRefused, match="公开海报"):
        order_slips(poster, [Order("一班", 1)], job=None, now=timezone.now())
    close_wave(slips.wave, by=None, now=timezone.now())
    with pytest.raises(SlipsRefused):
        order_slips(slips, [Order("一班", 1)], job=None, now=timezone.now())


def test_a_form_sent_twice_prints_once(slips):
    arguments = {
        "origin": "https://x",
        "token": new_token(),
        "by": None,
        "now": timezone.now(),
        "is_school": True,
    }
    first = start_slips(slips, [Order("一班", 2)], **arguments)
    again = start_slips(slips, [Order("一班", 2)], **arguments)
    assert (first.pk, SlipBatch.objects.count()) == (again.pk, 1)


@pytest.mark.parametrize("token", ["", "../../etc/passwd", "x" * 44, "a b" * 9])
def test_a_token_we_did_not_make_starts_nothing(slips, token):
    with pytest.raises(PrintRefused):
        start_slips(
            slips,
            [Order("一班", 2)],
            origin="https://x",
            token=token,
            by=None,
            now=timezone.now(),
            is_school=False,
        )


# --- A school and its own slips


def test_a_school_prints_a_tenth_more_than_it_has_people_and_no_more(slips):
    assert most_a_school_prints(80) == 88
    check_school_may_print(slips, [Order("全校", 88)])
    printed(slips, count=40)
    check_school_may_print(slips, [Order("全校", 48)])
    with pytest.raises(SlipsRefused, match="教育局加印"):
        check_school_may_print(slips, [Order("全校", 49)])


def test_voided_slips_make_room_for_new_ones(slips, clerk):
    made = printed(slips, count=88)
    with pytest.raises(SlipsRefused):
        check_school_may_print(slips, [Order("一班", 1)])
    void_batch(made.batch, reason="打印机卡纸", by=clerk, now=timezone.now())
    check_school_may_print(slips, [Order("一班", 88)])


# --- Using


def test_counts_say_how_many_were_used_and_nothing_else(slips):
    made = printed(slips, count=3)
    assert isinstance(answer(slips, made.codes[1]), Receipt)
    assert count_of(made.batch) == SlipCount(printed=3, issued=2, used=1, void=0)
    assert counts_by_collector([slips])[slips.pk] == SlipCount(printed=3, issued=2, used=1, void=0)


def test_a_used_slip_fails_the_second_time(slips):
    made = printed(slips)
    answer(slips, made.codes[0])
    refused = answer(slips, made.codes[0])
    assert isinstance(refused, IntakeRefused)
    assert count_of(made.batch).used == 1


# --- Handing out, taking back


def test_handing_out_and_taking_back_leave_a_trace(slips, clerk):
    made = printed(slips, count=30, by=clerk)
    hand_out(made.batch, to="王老师", by=clerk, now=timezone.now())
    take_back(made.batch, slips=2, remark="两名学生请假", by=clerk, now=timezone.now())
    steps = SlipStep.objects.values_list("action", "slips", "to", "by__username")
    assert list(steps) == [
        ("printed", 30, "", "clerk"), ("handed", 30, "王老师", "clerk"), ("returned", 2, "", "clerk"),
    ]  # fmt: skip
    assert made.batch.state == "handed"
    assert count_of(made.batch).issued == 30


def test_a_step_that_says_too_little_is_refused(slips, clerk):
    made = printed(slips)
    with pytest.raises(SlipsRefused, match="发给了谁"):
        hand_out(made.batch, to="  ", by=clerk, now=timezone.now())
    with pytest.raises(SlipsRefused):
        take_back(made.batch, slips=4, by=clerk, now=timezone.now())
    with pytest.raises(SlipsRefused, match="作废原因"):
        void_batch(made.batch, reason=" ", by=clerk, now=timezone.now())


# --- Voiding and reprinting


def test_void_batch_stops_unused_slips_and_leaves_answers(slips, clerk):
    made = printed(slips, count=3)
    answer(slips, made.codes[0])
    assert void_batch(made.batch, reason="遗失", by=clerk, now=timezone.now()) == 2
    assert answer(slips, made.codes[1]).reason == "slip_void"
    assert answer(slips, made.codes[0]).reason == "slip_used"
    assert count_of(made.batch) == SlipCount(printed=3, issued=0, used=1, void=2)
    with pytest.raises(SlipsRefused):
        hand_out(made.batch, to="王老师", by=clerk, now=timezone.now())


def test_reprint_gives_new_codes_for_the_unused_and_voids_the_old_ones_when_it_is_drawn(slips, clerk):
    made = printed(slips, count=3)
    answer(slips, made.codes[0])
    fresh = order_reprint(made.batch, reason="打印不清", job=None, by=clerk, now=timezone.now())
    assert (fresh.count, fresh.label) == (2, "三年级1班")
    assert count_of(made.batch).issued == 2  # until the new sheet is there
    codes = new_codes(fresh)
    store_codes([DrawnBatch(fresh, codes)], by=clerk, now=timezone.now())
    assert count_of(made.batch) == SlipCount(printed=3, issued=0, used=1, void=2)
    assert isinstance(answer(slips, made.codes[1]), IntakeRefused)
    assert isinstance(answer(slips, codes[0]), Receipt)
    made.batch.refresh_from_db()
    assert (made.batch.state, made.batch.replaced_by) == ("reprinted", fresh)


def test_small_batch_is_not_reprinted_because_the_number_of_new_slips_would_tell(slips, clerk):
    made = printed(slips, label="校长", count=1, by=clerk)
    with pytest.raises(SlipsRefused):
        order_reprint(made.batch, reason="遗失", job=None, by=clerk, now=timezone.now())
    made.batch.refresh_from_db()
    assert made.batch.state == "printed"
    [unfinished] = order_slips(slips, [Order("校长", 1)], job=None, now=timezone.now())
    assert order_reprint(unfinished, reason="断电", job=None, by=clerk, now=timezone.now()).count == 1


def test_a_batch_is_reprinted_once(slips, clerk):
    made = printed(slips)
    start = {"reason": "遗失", "origin": "https://x", "by": clerk, "now": timezone.now()}
    start_reprint(made.batch, token=new_token(), **start)
    with pytest.raises(SlipsRefused):
        start_reprint(made.batch, token=new_token(), **start)
    assert SlipBatch.objects.count() == 2


def test_one_lost_slip_is_voided_by_its_code_and_the_trace_names_no_class(slips, clerk):
    made = printed(slips)
    typed = f" {made.codes[0][:4].lower()}-{made.codes[0][4:8]} {made.codes[0][8:]}"
    void_code(typed, among=Collector.objects.all(), reason="学生丢失", by=clerk, now=timezone.now())
    assert count_of(made.batch).void == 1
    step = SlipStep.objects.get(action="one_void")
    assert (step.batch, step.collector, step.by) == (None, slips, clerk)


def test_voiding_a_slip_never_tells_a_used_code_from_a_wrong_one(slips, clerk):
    made = printed(slips)
    answer(slips, made.codes[0])
    elsewhere = Collector.objects.exclude(pk=slips.pk)
    said = set()
    for code, among in (
        (made.codes[0], Collector.objects.all()), (new_slip_code(), Collector.objects.all()),
        (made.codes[1], elsewhere),
    ):  # fmt: skip
        with pytest.raises(SlipsRefused) as refused:
            void_code(code, among=among, reason="丢失", by=clerk, now=timezone.now())
        said.add(str(refused.value))
    assert len(said) == 1
    assert count_of(made.batch) == SlipCount(printed=3, issued=2, used=1, void=0)


# --- Which classes


def test_classes_are_proposed_by_grade_and_add_up_to_the_pupils(slips):
    slips.school.pupils_by_grade = {"1": 95, "2": 40, "3": 41, "10": 200}
    slips.school.classes = 8
    orders = proposed_orders(slips)
    assert sum(order.count for order in orders) == 95 + 40 + 41
    assert [order.label for order in orders] == ["一年级1班", "一年级2班", "二年级1班", "三年级1班"]
    assert [(each.grade, each.pupils, each.classes) for each in grades_of(slips)] == [
        (1, 95, 2), (2, 40, 1), (3, 41, 1),
    ]  # fmt: skip


def test_teachers_get_one_batch_for_all(slips):
    slips.audience = "teacher"
    slips.school.teachers = 12
    assert proposed_orders(slips) == [Order("", 12)]


# --- A wave with posters, slips or both


@pytest.mark.parametrize(
    ("channels", "made"),
    [("poster", ["poster"]), ("slips", ["slips"]), ("both", ["poster", "slips"])],
)
def test_opening_a_wave_makes_the_channels_the_bureau_chose(channels, made):
    county = make_county()
    make_school(county)
    wave = make_wave(county)
    WaveAudience.objects.filter(wave=wave).update(channels=channels, target=60)
    assert collectors_to_make(wave) == {"parent": len(made)}
    open_wave(wave, by=None, now=timezone.now())
    found = list(wave.collectors.order_by("pk").values_list("channel", "target"))
    # The target belongs to the school: its first channel carries it, so that nothing is aimed at twice.
    assert found == [(channel, 60 if place == 0 else 0) for place, channel in enumerate(made)]
    assert Channels(channels).parts == tuple(made)
