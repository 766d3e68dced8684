"""Storing, counting and sealing: exactly once, all or nothing, and always equal to a recount."""

from __future__ import annotations

import secrets
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from surveys.distribution.codes import new_slip_code, slip_digest
from surveys.intake import (
    IntakeRefused,
    VoidRefused,
    coarse_seconds,
    coarse_time,
    commit_batch,
    restore_responses,
    void_responses,
)
from surveys.models import AccessCode, Batch, Response, Tally, Wave, WaveState
from surveys.queries import replies_by_collector, tally_frame
from surveys.tallies import check_tallies, rebuild_tallies
from surveys.verification import inclusion_of, verify_wave
from tests.surveys.small_wave import ANSWERS, GRADES, NOON, a_submission, small_wave

pytestmark = pytest.mark.django_db


@pytest.fixture
def wave() -> Wave:
    return small_wave()


@pytest.fixture
def collector(wave):
    return wave.collectors.order_by("pk").first()


def test_a_submission_is_stored_counted_and_sealed(wave, collector):
    [receipt] = commit_batch([a_submission(collector, comment="很好")])
    assert not receipt.is_repeat
    response = Response.objects.get()
    assert response.texts == '{"comment": "很好"}'
    frame = tally_frame(wave)
    assert frame.cells.loc[0, ["school", "grade_band", "location", "responses"]].tolist() == [
        "S01", "g1_3", "town", 1,
    ]  # fmt: skip
    assert dict(zip(frame.codes["overall"], frame.counts["overall"][0], strict=True))["satisfied"] == 1
    assert dict(zip(frame.codes["all_satisfied"], frame.counts["all_satisfied"][0], strict=True))["yes"] == 1
    verification = verify_wave(wave)
    assert (verification.batches, verification.responses, verification.problems) == (1, 1, ())


def test_the_same_page_sent_again_gets_its_first_receipt_and_changes_nothing(collector):
    page = a_submission(collector)
    [first] = commit_batch([page])
    [second] = commit_batch([page])
    assert (second.code, second.is_repeat) == (first.code, True)
    assert (Response.objects.count(), Batch.objects.count()) == (1, 1)
    assert replies_by_collector(collector.wave) == {collector.pk: 1}


def test_the_same_page_twice_in_one_batch_counts_once(collector):
    page = a_submission(collector)
    first, second = commit_batch([page, page])
    assert first.code == second.code
    assert (first.is_repeat, second.is_repeat) == (False, True)
    assert Response.objects.count() == 1


def test_equal_answers_of_two_people_count_twice(collector):
    commit_batch([a_submission(collector), a_submission(collector)])
    assert replies_by_collector(collector.wave) == {collector.pk: 2}


def test_a_closed_wave_refuses_new_answers_but_still_knows_old_ones(wave, collector):
    page = a_submission(collector)
    [first] = commit_batch([page])
    Wave.objects.filter(pk=wave.pk).update(state=WaveState.CLOSED)
    repeat, refused = commit_batch([page, a_submission(collector)])
    assert (repeat.code, repeat.is_repeat) == (first.code, True)
    assert isinstance(refused, IntakeRefused)
    assert refused.reason == "closed"
    assert Response.objects.count() == 1


def test_a_slip_is_used_once(collector):
    slip = slip_digest(new_slip_code())
    AccessCode.objects.create(collector=collector, digest=slip)
    first = a_submission(collector, slip=slip)
    [receipt] = commit_batch([first])
    [refused] = commit_batch([a_submission(collector, slip=slip)])
    [again] = commit_batch([first])
    assert refused.reason == "slip_used"
    assert (again.code, again.is_repeat) == (receipt.code, True)
    assert AccessCode.objects.get().state == "used"
    assert Response.objects.count() == 1


def test_two_phones_with_one_slip_in_one_batch_get_one_answer_through(collector):
    slip = slip_digest(new_slip_code())
    AccessCode.objects.create(collector=collector, digest=slip)
    outcomes = commit_batch([a_submission(collector, slip=slip) for _ in range(2)])
    assert sorted(isinstance(outcome, IntakeRefused) for outcome in outcomes) == [False, True]


def test_a_slip_of_another_school_is_refused(wave):
    here, there = wave.collectors.order_by("pk")
    slip = slip_digest(new_slip_code())
    AccessCode.objects.create(collector=here, digest=slip)
    [refused] = commit_batch([a_submission(there, slip=slip)])
    assert refused.reason == "slip_used"
    assert AccessCode.objects.get().state == "issued"


def test_no_address_device_or_code_is_stored_with_an_answer():
    kept = {field.name for field in Response._meta.get_fields()}
    assert kept == {
        "id", "submission_id", "collector", "batch", "void", "stratum", "choices", "texts", "language",
        "source", "received_at", "seconds", "salt", "leaf",
    }  # fmt: skip


def test_times_are_coarse(collector):
    commit_batch([a_submission(collector)])
    response = Response.objects.get()
    assert response.received_at == NOON.replace(minute=0, second=0)
    assert response.seconds == 70


@pytest.mark.parametrize(
    ("seconds", "kept"), [(None, None), (-3, None), (0, 0), (4.9, 0), (5, 5), (99_999, 3600)]
)
def test_seconds_are_cut_to_five_and_an_hour(seconds, kept):
    assert coarse_seconds(seconds) == kept


def test_coarse_time_does_not_depend_on_the_time_zone():
    from zoneinfo import ZoneInfo

    assert coarse_time(NOON.astimezone(ZoneInfo("Asia/Kathmandu"))) == coarse_time(NOON)


def test_void_restores_tallies_and_leaves_a_trace(wave, collector, django_user_model):
    clerk = django_user_model.objects.create(username="clerk")
    commit_batch([a_submission(collector)])
    before = bytes(Tally.objects.get().counts)
    commit_batch([a_submission(collector, grade_band="g1_3", overall="dissatisfied")])
    newest = Response.objects.latest("pk")
    void = void_responses([newest.pk], wave=wave, reason="培训过的答卷", by=clerk, now=NOON)
    assert bytes(Tally.objects.get().counts) == before
    assert (void.by, void.responses_count) == (clerk, 1)
    assert Response.objects.count() == 2
    assert check_tallies(wave) == []
    assert verify_wave(wave).problems == ()


def test_restoring_a_void_counts_its_answers_again(wave, collector):
    commit_batch([a_submission(collector)])
    void = void_responses([Response.objects.get().pk], wave=wave, reason="误判", by=None, now=NOON)
    assert replies_by_collector(wave) == {collector.pk: 0}
    restore_responses(void, reason="核实无误", by=None, now=NOON + timedelta(hours=1))
    assert replies_by_collector(wave) == {collector.pk: 1}
    assert verify_wave(wave).problems == ()
    with pytest.raises(VoidRefused, match="restored before"):
        restore_responses(void, reason="再一次", by=None, now=NOON)


def test_voiding_needs_a_reason_and_answers_of_this_wave(wave, collector):
    other = small_wave(name="另一批次")
    commit_batch([a_submission(other.collectors.first())])
    with pytest.raises(VoidRefused, match="why"):
        void_responses([1], wave=wave, reason=" ", by=None, now=NOON)
    with pytest.raises(VoidRefused):
        void_responses([Response.objects.get().pk], wave=wave, reason="x", by=None, now=NOON)
    assert check_tallies(other) == []


def test_a_submission_with_impossible_bytes_leaves_nothing_behind(wave, collector):
    broken = replace(a_submission(collector), choices=b"\x01")
    with pytest.raises(ValueError):
        commit_batch([a_submission(collector), broken])
    assert (Response.objects.count(), Tally.objects.count(), Batch.objects.count()) == (0, 0, 0)
    assert wave.chain.length == 0


@pytest.mark.parametrize(
    "change", ["choices", "texts", "received_at", "delete", "delete_batch", "relink", "hide", "unhide"]
)
def test_any_change_to_a_stored_answer_is_found(wave, collector, change):
    for _ in range(3):
        commit_batch([a_submission(collector, comment="原话")])
    victim = Response.objects.order_by("pk")[1]
    if change == "delete":
        victim.delete()
    elif change == "delete_batch":
        batch = victim.batch
        victim.delete()
        batch.delete()
    elif change in ("hide", "unhide"):
        seen = Response.objects.order_by("pk")[0]
        void = void_responses([seen.pk], wave=wave, reason="抽查", by=None, now=NOON)
        assert verify_wave(wave).problems == ()
        target, value = (victim, void) if change == "hide" else (seen, None)
        Response.objects.filter(pk=target.pk).update(void=value)
    elif change == "relink":
        Batch.objects.filter(pk=victim.batch_id).update(previous=secrets.token_bytes(32))
    else:
        other = {"choices": b"\x03" + bytes(victim.choices)[1:], "texts": '{"comment": "改过"}',
                 "received_at": NOON - timedelta(days=1)}[change]  # fmt: skip
        Response.objects.filter(pk=victim.pk).update(**{change: other})
    assert verify_wave(wave).problems


def test_a_receipt_can_be_shown_to_be_counted(wave, collector):
    from surveys import seals

    receipts = commit_batch([a_submission(collector) for _ in range(7)])
    proof = inclusion_of(receipts[4].code, wave=wave)
    assert seals.proof_holds(proof.leaf, proof.steps, proof.root)
    assert inclusion_of("AAAA-BBBB-CCCC", wave=wave) is None


steps = st.lists(
    st.one_of(
        st.tuples(
            st.just("batch"),
            st.lists(
                st.tuples(
                    st.integers(0, 1), st.sampled_from(GRADES), st.sampled_from(ANSWERS), st.integers(0, 9)
                ),
                min_size=1, max_size=5,
            ),
        ),
        st.tuples(st.just("void"), st.integers(0, 30)),
        st.tuples(st.just("restore"), st.integers(0, 5)),
        st.tuples(st.just("rebuild"), st.none()),
    ),
    max_size=9,
)  # fmt: skip


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=steps)
def test_tallies_equal_a_recount_after_any_order_of_intake_and_voiding(transactional_steps, steps):
    wave = transactional_steps()
    collectors = list(wave.collectors.order_by("pk"))
    for action, detail in steps:
        if action == "batch":
            commit_batch(
                [
                    a_submission(
                        collectors[where], submission_id=bytes([wave.pk % 256, number]) + bytes(14),
                        grade_band=grade, teaching=answer, overall=answer,
                    )
                    for where, grade, answer, number in detail
                ]
            )  # fmt: skip
        elif action == "void":
            alive = list(Response.objects.filter(batch__wave=wave, void=None).values_list("pk", flat=True))[
                : detail % 4
            ]
            if alive:
                void_responses(alive, wave=wave, reason="抽查", by=None, now=NOON)
        elif action == "restore":
            void = wave.voids.filter(restored_at=None).first()
            if void:
                restore_responses(void, reason="复核", by=None, now=NOON)
        else:
            rebuild_tallies(wave)
        assert check_tallies(wave) == []
    assert verify_wave(wave).problems == ()


@pytest.fixture
def transactional_steps(db):
    """A fresh wave for each drawn example: examples share one test's transaction."""
    made = []

    def fresh() -> Wave:
        made.append(small_wave(name=f"批次{len(made)}"))
        return made[-1]

    return fresh


def test_check_names_the_cell_that_is_wrong(wave, collector):
    commit_batch([a_submission(collector)])
    Tally.objects.update(responses=5)
    [difference] = check_tallies(wave)
    assert (difference.collector_code, difference.stratum) == (collector.code, "grade_band=g1_3")
    assert (difference.stored_responses, difference.counted_responses) == (5, 1)
    rebuild_tallies(wave)
    assert check_tallies(wave) == []
