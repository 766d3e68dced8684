"""Somebody with the database's password changes what stands around the answers: the check must see it."""

from __future__ import annotations

from decimal import Decimal

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from surveys import seals
from surveys.intake import commit_batch, restore_responses, void_responses
from surveys.models import (
    Batch,
    Collector,
    QuestionnaireVersion,
    Response,
    Void,
    Wave,
    WaveAudience,
    WaveChain,
    WaveEvent,
    WaveState,
)
from surveys.tallies import rebuild_tallies
from surveys.verification import verify_wave
from surveys.waves import close_wave, reopen_wave
from tests.surveys.small_wave import a_submission, small_wave

pytestmark = pytest.mark.django_db


def replies(wave: Wave, count: int) -> None:
    commit_batch([a_submission(wave.collectors.first()) for _ in range(count)])


@pytest.fixture
def closed_wave() -> Wave:
    """Closed, opened again for two more replies, and closed."""
    wave = small_wave()
    replies(wave, 3)
    close_wave(wave, by=None, now=timezone.now())
    reopen_wave(wave, by=None, now=timezone.now(), reason="断网的学校补交")
    replies(wave, 2)
    close_wave(wave, by=None, now=timezone.now())
    return wave


def found(wave: Wave) -> str:
    return " / ".join(one.problem for one in verify_wave(Wave.objects.get(pk=wave.pk)).problems)


def test_wave_closed_and_opened_again_fits_its_record(closed_wave):
    assert found(closed_wave) == ""


def test_replies_cut_off_at_the_end_are_missed(closed_wave):
    last = Batch.objects.get(wave=closed_wave, number=2)
    last.responses.all().delete()
    last.delete()
    first = Batch.objects.get(wave=closed_wave, number=1)
    WaveChain.objects.filter(pk=closed_wave.pk).update(length=1, digest=first.digest)
    rebuild_tallies(closed_wave)
    assert "is no longer there" in found(closed_wave)


def test_chain_made_anew_does_not_fit_the_closing(closed_wave):
    batch = Batch.objects.get(wave=closed_wave, number=2)
    Response.objects.filter(batch=batch).first().delete()
    left = [bytes(leaf) for leaf in batch.responses.values_list("leaf", flat=True)]
    batch.root, batch.responses_count = seals.merkle_root(left), len(left)
    batch.digest = seals.chain_digest(
        bytes(batch.previous), number=2, kind=batch.kind, root=batch.root, responses_count=len(left),
        sealed_at=batch.sealed_at.strftime("%Y-%m-%dT%H:%MZ"),
    )  # fmt: skip
    batch.save()
    WaveChain.objects.filter(pk=closed_wave.pk).update(digest=batch.digest)
    assert "is no longer there" in found(closed_wave)


def test_replies_let_in_after_the_closing_show(closed_wave):
    Wave.objects.filter(pk=closed_wave.pk).update(state=WaveState.OPEN)
    replies(closed_wave, 1)
    Wave.objects.filter(pk=closed_wave.pk).update(state=WaveState.CLOSED)
    assert found(closed_wave) == "batch 3 took in replies after the wave was closed"


def test_replies_let_in_between_two_closings_without_a_record_show():
    wave = small_wave()
    replies(wave, 1)
    close_wave(wave, by=None, now=timezone.now())
    Wave.objects.filter(pk=wave.pk).update(state=WaveState.OPEN)
    replies(wave, 1)
    Wave.objects.filter(pk=wave.pk).update(state=WaveState.CLOSED)
    reopen_wave(wave, by=None, now=timezone.now(), reason="补交")
    assert found(wave) == "batch 2 took in replies after the wave was closed"


def test_voiding_after_the_closing_is_no_late_reply(closed_wave):
    first = Response.objects.filter(batch__wave=closed_wave).first()
    void_responses([first.pk], wave=closed_wave, reason="重复", by=None, now=timezone.now())
    assert found(closed_wave) == ""


def test_wave_opened_behind_the_record_shows(closed_wave):
    Wave.objects.filter(pk=closed_wave.pk).update(state=WaveState.OPEN)
    assert "its last recorded step is 'closed'" in found(closed_wave)


def test_closing_taken_out_of_the_record_shows(closed_wave):
    WaveEvent.objects.filter(wave=closed_wave, action="closed").last().delete()
    assert "its last recorded step is 'reopened'" in found(closed_wave)


PLAN_CHANGES = {
    "school": lambda wave: Collector.objects.filter(pk=wave.collectors.last().pk).update(
        school=wave.collectors.first().school, channel="slips"
    ),
    "location": lambda wave: wave.collectors.update(location="rural"),
    "share": lambda wave: WaveAudience.objects.filter(wave=wave).update(share=Decimal("0.9")),
    "population": lambda wave: WaveAudience.objects.filter(wave=wave).update(population=7),
    "rule": lambda wave: Wave.objects.filter(pk=wave.pk).update(scoring_rule="satisfied-top3"),
    "design": lambda wave: Wave.objects.filter(pk=wave.pk).update(design="sampled_schools"),
    "smallest group": lambda wave: Wave.objects.filter(pk=wave.pk).update(minimum_group_size=1),
}


@pytest.mark.parametrize("change", PLAN_CHANGES.values(), ids=PLAN_CHANGES.keys())
def test_changed_plan_shows(closed_wave, change):
    change(closed_wave)
    assert "the plan" in found(closed_wave)


def test_plan_changed_before_the_closing_shows_after_it():
    wave = small_wave()
    close_wave(wave, by=None, now=timezone.now())
    reopen_wave(wave, by=None, now=timezone.now(), reason="补交")
    wave.collectors.update(location="rural")
    close_wave(wave, by=None, now=timezone.now())
    assert "recorded when the wave was reopened" in found(wave)


def test_changed_words_of_the_questionnaire_show(closed_wave):
    version = QuestionnaireVersion.objects.get()
    QuestionnaireVersion.objects.update(source=version.source + "\n# 改过\n")
    assert "the plan" in found(closed_wave)


def test_collector_added_while_the_wave_is_open_changes_no_plan():
    wave = small_wave()
    close_wave(wave, by=None, now=timezone.now())
    reopen_wave(wave, by=None, now=timezone.now(), reason="补发一次性码")
    Collector.objects.create(
        wave=wave,
        audience="parent",
        channel="slips",
        code="NEWCODE234",
        school=wave.collectors.first().school,
    )
    assert found(wave) == ""


@pytest.mark.parametrize("field", ["reason", "at", "responses_count", "restored_reason"])
def test_changed_decision_shows(closed_wave, field):
    first = Response.objects.filter(batch__wave=closed_wave).first()
    void = void_responses([first.pk], wave=closed_wave, reason="重复", by=None, now=timezone.now())
    restore_responses(void, reason="不是重复", by=None, now=timezone.now())
    assert found(closed_wave) == ""
    value = {"at": timezone.now(), "responses_count": 9}.get(field, "另一个理由")
    Void.objects.filter(pk=void.pk).update(**{field: value})
    assert found(closed_wave)


def test_reply_moved_to_another_questionnaire_is_named_not_a_crash(closed_wave):
    reply = Response.objects.filter(batch__wave=closed_wave).first()
    Response.objects.filter(pk=reply.pk).update(choices=bytes(reply.choices) + b"\x00")
    with pytest.raises(CommandError, match="not as they were"):
        call_command("verify_wave", str(closed_wave.pk))
