"""Somebody with the database's password changes a frozen result: the check must see it."""

from __future__ import annotations

import pytest
from django.core.management import CommandError, call_command

from scoring.models import ScoreRun
from scoring.run_record import run_problems
from scoring.runs import score_wave
from surveys.intake import commit_batch
from surveys.models import Batch, Wave
from surveys.waves import close_wave
from tests.surveys.small_wave import NOON, a_submission, small_wave

pytestmark = pytest.mark.django_db


@pytest.fixture
def wave() -> Wave:
    wave = small_wave()
    for collector in wave.collectors.order_by("pk"):
        commit_batch([a_submission(collector, overall="satisfied") for _ in range(12)])
    close_wave(wave, by=None, now=NOON)
    score_wave(wave, by=None, now=NOON)
    return wave


def forge(wave: Wave, **fields) -> str:
    """Past the model, which refuses: straight into the table."""
    ScoreRun.objects.filter(wave=wave).update(**fields)
    return " / ".join(run_problems(wave))


def test_untouched_runs_are_as_frozen(wave, capsys):
    call_command("verify_runs", str(wave.pk))
    assert "1 score runs" in capsys.readouterr().out


def test_changed_result_shows(wave):
    run = wave.score_runs.get()
    assert "not what was frozen" in forge(wave, result=run.result | {"valid": 99})
    with pytest.raises(CommandError, match="not as they were frozen"):
        call_command("verify_runs", str(wave.pk))


def test_changed_inputs_show(wave):
    run = wave.score_runs.get()
    assert "not what was frozen" in forge(wave, inputs=run.inputs | {"shares": {"parent": 0.5}})


@pytest.mark.parametrize("field", [{"estimate": 0.5}, {"verdict": "met"}])
def test_changed_column_shows(wave, field):
    assert "another rate or verdict" in forge(wave, **field)


def test_run_on_a_chain_that_was_made_anew_shows(wave):
    Batch.objects.filter(wave=wave, number=2).update(digest=b"x" * 32)
    assert "no longer there" in forge(wave)
