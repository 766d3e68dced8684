"""While answers come in, no figure tells one reply apart from another."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.results import wave_results
from scoring.runs import estimate_now, frame_to_show
from surveys.settled import waiting
from tests.analysis.waves import NOON, answer, answer_everywhere, close, county_with_schools, wave_asking

STEP = 10


@given(st.integers(0, 500), st.integers(1, 40))
def test_each_step_lets_in_just_as_many_and_as_many_wait_for_the_closing(n, step):
    shown, next_shown = n - waiting(n, step), n + 1 - waiting(n + 1, step)
    assert next_shown - shown in (0, step)
    assert shown % step == 0
    assert waiting(n, step) >= min(n, step)


@pytest.fixture
def wave(db):
    return wave_asking(county_with_schools(3), {"parent": 0.6, "principal": 0.4})


def test_one_more_reply_moves_no_part_of_the_figure(wave):
    answer_everywhere(wave, "parent", satisfied=25, others=5)
    answer_everywhere(wave, "principal", satisfied=1)
    before = wave_results(wave, now=NOON)
    school = wave.county.schools.first()
    answer(wave, "parent", "dissatisfied", school=school)
    after = wave_results(wave, now=NOON)
    assert [row.figure for row in after.audiences] == [row.figure for row in before.audiences]
    assert [row.figure for row in after.topics] == [row.figure for row in before.topics]
    assert [row.figure for row in after.locations] == [row.figure for row in before.locations]
    assert {row.figure.hidden for row in after.schools} == {"running"}
    assert after.progress.total.replies == before.progress.total.replies + 1
    assert after.figure.estimate < before.figure.estimate  # the county's rate moves with every parent


def test_a_heads_answer_does_not_move_the_countys_rate(wave):
    answer_everywhere(wave, "parent", satisfied=25, others=5)
    before = estimate_now(wave)["estimate"]
    answer(wave, "principal", "dissatisfied", school=wave.county.schools.first())
    assert estimate_now(wave)["estimate"] == before
    assert {"code": "not_yet_included", "audiences": ["principal"]} in estimate_now(wave)["warnings"]


def test_a_closed_wave_is_counted_whole(wave):
    answer_everywhere(wave, "parent", satisfied=25, others=5)
    answer_everywhere(wave, "principal", satisfied=1)
    shown = frame_to_show(wave)
    assert shown.cells.loc[shown.cells["audience"] == "principal", "responses"].sum() == 0
    close(wave)
    assert frame_to_show(wave).cells["responses"].sum() == 93
