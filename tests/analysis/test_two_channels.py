"""A wave asked by poster and by slip is scored together, and each channel apart."""

from __future__ import annotations

import secrets

import pytest
from django.test import Client

from survey_site.accounts.models import User
from surveys.distribution.codes import new_slip_code, slip_digest
from surveys.intake import Receipt, Submission, commit_batch
from surveys.models import AccessCode, Collector, WaveAudience
from surveys.queries import tally_frame
from surveys.waves import open_wave
from tests.analysis.waves import NOON, county_with_schools, wave_asking

pytestmark = pytest.mark.django_db


def answer(collector: Collector, word: str, times: int) -> None:
    """Replies that say the same everywhere; through slips each with a code of its own."""
    table = collector.wave.audiences.get().version.table
    items = [item for item in table.questionnaire.items if item.type == "scale"]
    sheet = table.encode({"grade_band": "g1_3"} | {item.name: word for item in items}, audience="parent")
    for _ in range(times):
        slip = None
        if collector.channel == "slips":
            slip = slip_digest(new_slip_code())
            AccessCode.objects.create(collector=collector, digest=slip)
        [outcome] = commit_batch([
            Submission(
                collector=collector, table=table, submission_id=secrets.token_bytes(16),
                choices=sheet.choices, texts="", stratum=sheet.stratum, language="zh-hans",
                received_at=NOON, slip=slip,
            )
        ])  # fmt: skip
        assert isinstance(outcome, Receipt)


@pytest.fixture
def wave():
    """Three schools: on the poster everybody is satisfied, by slip nobody is."""
    county = county_with_schools(3, is_demo=True)
    draft = wave_asking(county, {"parent": 1}, is_open=False)
    WaveAudience.objects.update(channels="both")
    open_wave(draft, by=None, now=NOON)
    for collector in draft.collectors.select_related("wave"):
        poster = collector.channel == "poster"
        answer(collector, "satisfied" if poster else "dissatisfied", 30 if poster else 10)
    return draft


def test_cells_keep_the_channels_apart(wave):
    cells = tally_frame(wave).cells
    assert cells.groupby("channel")["responses"].sum().to_dict() == {"poster": 90, "slips": 30}


def test_sensitivity_page_shows_both_channels_and_the_whole(wave):
    client = Client()
    client.force_login(User.objects.create(username="bureau", role="bureau", county=wave.county))
    response = client.get(f"/desk/waves/{wave.pk}/rules/")
    page = response.content.decode()
    assert response.status_code == 200
    for share in ("75.0%", "100.0%", "0.0%"):  # together; on the poster; by slip
        assert share in page, share
