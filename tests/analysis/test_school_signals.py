"""A share too high for its county, and a poster far above the slips: signals that list no school alone."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest

from analysis.answer_quality import answer_quality
from analysis.results import wave_results
from analysis.sensitivity import sensitivity
from surveys.models import Wave
from surveys.models.wave import Channel, Channels
from surveys.queries import response_frame
from surveys.waves import open_wave
from tests.analysis.test_answer_quality import STEPS, answer_as, topics
from tests.analysis.test_county_page import signed_in, text
from tests.analysis.waves import NOON, close, county_with_schools, wave_asking

pytestmark = pytest.mark.django_db
SCHOOLS, EACH = 10, 40


def honest(chance: random.Random, items: list[str], satisfied: float) -> dict[str, str]:
    """Answers that vary from question to question, satisfied overall with the probability given."""
    weights = (5, 3, 1, 1, 0.5)
    rest = {item: chance.choices(STEPS, weights)[0] for item in items}
    overall = chance.choices(STEPS[:2] if chance.random() < satisfied else STEPS[2:4])[0]
    return rest | {"overall": overall}


def fill(wave: Wave, shares: dict[tuple[int, str], float], *, seed: int, fast_at: int = 0) -> None:
    """EACH replies per school and channel, satisfied as said (0.7 elsewhere); at `fast_at` in 15 seconds."""
    chance, items = random.Random(seed), topics(wave)
    for number in range(1, SCHOOLS + 1):
        for channel in Channel.values:
            collectors = wave.collectors.filter(school__code=f"S{number:03}", channel=channel)
            if not collectors.exists():
                continue
            level = shares.get((number, channel), 0.7)
            rows = [honest(chance, items, level) for _ in range(EACH)]
            took = [15 if number == fast_at else chance.randint(70, 240) for _ in rows]
            minutes = [chance.randint(0, 2000) for _ in rows]
            answer_as(wave, f"S{number:03}", rows, seconds=took, minutes=minutes, channel=channel)


def wave_through(channels: Channels) -> Wave:
    wave = wave_asking(county_with_schools(SCHOOLS), {"parent": 1.0}, is_open=False)
    wave.audiences.update(channels=channels)
    open_wave(wave, by=None, now=NOON)
    return wave


def hits(wave: Wave, name: str) -> int:
    return sum(one.seen for one in answer_quality(wave).signals if one.name == name)


def test_a_level_far_above_the_others_is_seen_but_lists_no_school_alone():
    wave = wave_through(Channels.POSTER)
    fill(wave, {(4, "poster"): 1.0}, seed=1)
    close(wave, now=NOON + timedelta(days=3))
    assert hits(wave, "level_above_prediction") == 1
    assert answer_quality(wave).schools == ()


def test_equal_schools_show_no_level_signal():
    wave = wave_through(Channels.POSTER)
    fill(wave, {}, seed=2)
    close(wave, now=NOON + timedelta(days=3))
    assert hits(wave, "level_above_prediction") == 0


def test_a_poster_far_above_the_slips_is_a_kind_of_its_own():
    wave = wave_through(Channels.BOTH)
    fill(wave, {(4, "poster"): 1.0, (4, "slips"): 0.6}, seed=3)
    close(wave, now=NOON + timedelta(days=3))
    assert hits(wave, "channel_gap") == 1
    # With a second, independent kind (pace) the school is up for review, and its poster can be voided alone.
    other = wave_through(Channels.BOTH)
    fill(other, {(4, "poster"): 1.0, (4, "slips"): 0.6}, seed=3, fast_at=4)
    close(other, now=NOON + timedelta(days=3))
    (school,) = answer_quality(other).schools
    assert school.school == "S004" and {"channel", "pace"} <= set(school.kinds)
    poster = next(one for one in school.batches if one.basis == "poster")
    assert len(poster.replies) == EACH
    page = text(signed_in(other.county).get(f"/desk/waves/{other.pk}/quality/"))
    assert "On the open poster" in page and "percentage points more are satisfied" in page


def test_a_gap_that_the_whole_county_shows_is_no_signal():
    """Other people choose other channels everywhere: what counts is a school against the county's own gap."""
    wave = wave_through(Channels.BOTH)
    fill(wave, {(number, "poster"): 0.9 for number in range(1, SCHOOLS + 1)}, seed=4)
    close(wave, now=NOON + timedelta(days=3))
    assert hits(wave, "channel_gap") == 0


def test_an_open_wave_says_nothing_about_how_satisfied_a_school_is():
    wave = wave_through(Channels.BOTH)
    fill(wave, {(4, "poster"): 1.0, (4, "slips"): 0.6}, seed=3)
    assert {one.name for one in answer_quality(wave).signals}.isdisjoint(
        {"channel_gap", "level_above_prediction"}
    )


def test_each_channel_has_its_own_column_that_counts_only_its_replies():
    wave = wave_through(Channels.BOTH)
    fill(wave, {(number, "poster"): 0.9 for number in range(1, SCHOOLS + 1)}, seed=4)
    close(wave, now=NOON + timedelta(days=3))
    table = sensitivity(wave_results(wave, now=NOON + timedelta(days=3)))
    columns = {part.key: number for number, part in enumerate(table.parts)}
    chosen = next(row for row in table.rows if row.is_chosen)
    figures = {key: chosen.cells[number].figure for key, number in columns.items()}
    assert {table.parts[columns[key]].replies for key in Channel.values} == {SCHOOLS * EACH}
    # By hand: as many replies from every school, so plain shares of city, town and village by residents.
    frame = answers_by_channel(wave)
    for key in Channel.values:
        assert figures[key].estimate == pytest.approx(frame[key], abs=1e-9)
    assert figures["all"].estimate == pytest.approx(sum(frame.values()) / 2, abs=1e-9)
    page = text(signed_in(wave.county).get(f"/desk/waves/{wave.pk}/rules/"))
    assert "Open poster" in page and "One-time slips" in page


def answers_by_channel(wave: Wave) -> dict[str, float]:
    frame = response_frame(wave, "parent")
    frame = frame.loc[:, ~frame.columns.duplicated()]  # the questionnaire has an item "location" too
    yes = frame["overall"].isin(["satisfied", "rather_satisfied"])
    people = {"urban": 0.5, "town": 0.3, "rural": 0.2}
    return {
        str(key): sum(
            part * float(yes[(frame["channel"] == key) & (frame["location"] == place)].mean())
            for place, part in people.items()
        )
        for key in Channel.values
    }


def test_different_verdicts_without_the_marked_replies_are_undetermined_pending_review():
    """A county at its limit that one school's coaching lifts above it: neither word stands."""
    wave = wave_through(Channels.POSTER)
    chance, items = random.Random(9), topics(wave)
    for number in range(1, SCHOOLS + 1):
        rows = [honest(chance, items, 0.9) for _ in range(EACH)]
        took = [chance.randint(70, 240) for _ in rows]
        answer_as(wave, f"S{number:03}", rows, seconds=took, minutes=[chance.randint(0, 2000) for _ in rows])
    told = dict.fromkeys(items, "satisfied") | {items[0]: "rather_satisfied"}
    for code in ("S003", "S006", "S009"):
        answer_as(wave, code, [told] * 150, seconds=[15] * 150, minutes=[601] * 150)
    close(wave, now=NOON + timedelta(days=3))
    client = signed_in(wave.county)
    assert "pending review" not in text(client.get("/desk/"))  # nobody has looked at the replies yet
    page = text(client.get(f"/desk/waves/{wave.pk}/quality/"))
    assert "The two give different verdicts: undetermined, pending review." in page
    county = text(client.get("/desk/"))
    assert "450 replies that the quality checks point to, the verdict would be “Undetermined”" in county
    assert "52.9% of the replies that were read are marked by the quality checks." in county
