"""The last day of a wave can be moved, with a reason on record, and is what the phone goes by."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from surveys.models import Wave
from surveys.waves import WaveRefused, close_wave, create_wave, move_end, open_wave
from tests.surveys.small_wave import NOON, small_wave

pytestmark = pytest.mark.django_db


@pytest.fixture
def wave() -> Wave:
    wave = small_wave()
    today = timezone.localdate()
    Wave.objects.filter(pk=wave.pk).update(
        starts_on=today - timedelta(days=9), ends_on=today - timedelta(days=2)
    )
    wave.refresh_from_db()
    return wave


@pytest.fixture
def clerk(wave, django_user_model, client):
    clerk = django_user_model.objects.create(username="clerk", role="bureau", county=wave.county)
    client.force_login(clerk)
    return clerk


def test_an_ended_wave_takes_answers_again_once_its_end_is_moved(wave, clerk, client):
    code = wave.collectors.first().code
    assert client.get(f"/r/{code}").status_code == 410
    assert "notice-warn" in client.get(reverse("wave", args=[wave.pk])).content.decode()
    later = timezone.localdate() + timedelta(days=3)
    moved = client.post(
        reverse("wave_move_end", args=[wave.pk]), {"ends_on": later.isoformat(), "reason": "农村地区答卷偏少"}
    )
    assert moved.status_code == 302
    event = wave.events.get(action="end_moved")
    assert (event.by, event.detail["reason"], event.detail["after"]) == (
        clerk,
        "农村地区答卷偏少",
        later.isoformat(),
    )
    from surveys.queries import _entries

    _entries.clear()  # instead of waiting for the seconds that a poster's page is remembered
    assert client.get(f"/r/{code}").status_code == 200


@pytest.mark.parametrize(
    ("ends_on", "reason"), [("2026-13-40", "x"), ("", "x"), ("2001-01-01", "x"), ("2030-01-01", " ")]
)
def test_a_bad_day_or_no_reason_changes_nothing(wave, clerk, client, ends_on, reason):
    answer = client.post(reverse("wave_move_end", args=[wave.pk]), {"ends_on": ends_on, "reason": reason})
    assert answer.status_code == 422
    before = wave.ends_on
    wave.refresh_from_db()
    assert wave.ends_on == before
    assert not wave.events.filter(action="end_moved").exists()


def test_only_an_open_wave_has_an_end_to_move(wave):
    close_wave(wave, by=None, now=NOON)
    with pytest.raises(WaveRefused):
        move_end(wave, ends_on=wave.ends_on, reason="x", by=None, now=NOON)


def test_a_questionnaire_that_does_not_ask_an_audience_is_refused_at_opening(wave):
    from decimal import Decimal

    from surveys.waves import AudiencePlan

    draft = create_wave(
        county=wave.county, name="错配", starts_on=wave.starts_on, ends_on=wave.ends_on,
        scoring_rule="satisfied-top2", design="all_schools", by=None, now=NOON,
        audiences=[AudiencePlan(audience="teacher", questionnaire_key="student", share=Decimal(1))],
    )  # fmt: skip
    with pytest.raises(WaveRefused):
        open_wave(draft, by=None, now=NOON)
    draft.refresh_from_db()
    assert draft.is_draft
    assert not draft.collectors.exists()
