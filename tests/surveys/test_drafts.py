"""Drafts of waves, and targets shared out over places."""

from datetime import date
from decimal import Decimal

import pytest
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from surveys.missing_collectors import collectors_to_make
from surveys.models import Wave, WaveChain
from surveys.targets import share_out
from surveys.waves import AudiencePlan, WaveRefused, delete_draft, edit_draft, open_wave
from tests.surveys.builders import make_county, make_school, make_wave, open_wave_for

PLAN = {
    "name": "改后", "starts_on": date(2026, 11, 16), "ends_on": date(2026, 11, 20),
    "scoring_rule": "satisfied-top2", "design": "sampled_schools", "by": None,
    "audiences": [AudiencePlan("teacher", "staff", Decimal(1), target=7)],
}  # fmt: skip


@given(st.integers(0, 100_000), st.lists(st.integers(0, 5_000), min_size=1, max_size=80))
def test_targets_add_up_and_stay_within_one_of_their_part(total, sizes):
    shares = share_out(total, sizes)
    assert sum(shares) == total
    if sum(sizes):
        assert all(
            abs(share - total * size / sum(sizes)) < 1 for share, size in zip(shares, sizes, strict=True)
        )


def test_target_is_shared_alike_where_no_size_is_known():
    assert share_out(7, [0, 0, 0]) == [3, 2, 2]
    assert share_out(7, []) == []


@pytest.mark.django_db
def test_changed_draft_is_planned_anew():
    county = make_county()
    make_school(county)
    wave = make_wave(county)
    edit_draft(wave, now=timezone.now(), **PLAN)
    assert (wave.name, wave.design) == ("改后", "sampled_schools")
    assert [(row.audience, row.target) for row in wave.audiences.all()] == [("teacher", 7)]
    assert collectors_to_make(wave) == {"teacher": 1}


@pytest.mark.django_db
def test_opened_wave_is_neither_changed_nor_deleted():
    county = make_county()
    make_school(county)
    wave = open_wave_for(county)
    with pytest.raises(WaveRefused):
        edit_draft(wave, now=timezone.now(), **PLAN)
    with pytest.raises(WaveRefused):
        delete_draft(wave)
    assert [row.audience for row in Wave.objects.get().audiences.all()] == ["parent"]


@pytest.mark.django_db
def test_deleted_draft_leaves_nothing_behind():
    wave = make_wave(make_county())
    delete_draft(wave)
    assert (Wave.objects.count(), WaveChain.objects.count()) == (0, 0)


@pytest.mark.django_db
def test_collectors_made_are_those_announced_and_carry_the_whole_target():
    county = make_county()
    for number in (1, 2, 3):
        make_school(county, name=f"第{number}小学")
    wave = make_wave(county)
    wave.audiences.update(target=100)
    announced = collectors_to_make(wave)
    open_wave(wave, by=None, now=timezone.now())
    assert announced == {"parent": wave.collectors.count()}
    assert [collector.target for collector in wave.collectors.all()] == [34, 33, 33]
