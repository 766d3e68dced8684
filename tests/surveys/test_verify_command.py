"""The command an outsider runs: silent agreement or a named difference, never a quiet pass."""

import json

import pytest
from django.core.management import CommandError, call_command

from surveys.intake import commit_batch
from surveys.models import Response, Tally
from tests.surveys.small_wave import a_submission, small_wave

pytestmark = pytest.mark.django_db


@pytest.fixture
def wave():
    wave = small_wave()
    commit_batch([a_submission(wave.collectors.first()) for _ in range(3)])
    return wave


def test_an_untouched_wave_verifies(wave, capsys):
    call_command("verify_wave", str(wave.pk), "--json")
    said = json.loads(capsys.readouterr().out)
    assert (said["responses"], said["batches"], said["problems"]) == (3, 1, [])


def test_a_changed_answer_ends_with_an_error(wave):
    Response.objects.filter(pk=Response.objects.first().pk).update(stratum="grade_band=g4_6")
    with pytest.raises(CommandError, match="not as they were"):
        call_command("verify_wave", str(wave.pk))


def test_rebuild_mends_counts_and_nothing_else(wave, capsys):
    Tally.objects.update(responses=9)
    with pytest.raises(CommandError):
        call_command("verify_wave", str(wave.pk))
    call_command("verify_wave", str(wave.pk), "--rebuild")
    assert Tally.objects.get().responses == 3
    assert "as it was received" in capsys.readouterr().out


def test_an_unknown_wave_is_named(wave):
    with pytest.raises(CommandError, match=f"{wave.pk} \\(小批次\\)"):
        call_command("verify_wave", "999999")
