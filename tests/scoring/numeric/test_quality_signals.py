"""Each signal alone: seldom on honest counties, often enough where something was planted."""

import numpy as np
import pytest

from scoring.numeric.errors import NotComputable, NumericInputError
from scoring.numeric.quality_rows import contradicts_fact, row_quality, too_fast
from scoring.numeric.quality_signals import (
    channel_gap,
    identical_vectors,
    level_above_prediction,
    low_variety,
    many_contradictions,
    many_fast,
    many_per_device,
    unusual_burst,
)
from scoring.numeric.simulate import plant_coaching, plant_stuffing, simulate_county
from tests.golden_cases import read_data

COACHED = ["S03", "S10", "S20"]
ONLY_PARENTS = {"parent": 0.12}
SEEDS = range(100, 112)


def by_answers(county):
    frame = county.responses
    return identical_vectors(frame["school"], answers=frame[list(county.items)])


def by_burst(county):
    return unusual_burst(county.responses["school"], submitted_s=county.responses["submitted_s"])


def by_pace(county):
    frame = county.responses
    pace = row_quality(frame[list(county.items)], duration_s=frame["duration_s"])
    return many_fast(frame["school"], fast=too_fast(pace))


def by_fact(county):
    frame = county.responses
    known = county.schools.set_index("school")["class_size"].reindex(frame["school"])
    wrong = contradicts_fact(frame["class_size_said"], known=known, tolerance=5)
    return many_contradictions(frame["school"], contradicts=wrong)


def by_variety(county):
    frame = county.responses
    return low_variety(frame["school"], scores=frame[list(county.items)].replace(9, np.nan))


def by_device(county):
    return many_per_device(county.responses["school"], device=county.responses["device"])


def by_level(county):
    frame = county.responses
    grouped = (frame[county.overall] >= 4).groupby(frame["school"]).agg(["sum", "size"])
    return level_above_prediction(grouped["sum"], n=grouped["size"], school=grouped.index)


ALL = [by_answers, by_burst, by_pace, by_fact, by_variety, by_device, by_level]
# What coaching by model answers shows at 40% of a school's parents; the others see other things.
POWER = {by_answers: 0.9, by_burst: 0.4, by_pace: 0.3, by_fact: 0.3}


@pytest.fixture(scope="module")
def honest():
    return [simulate_county(seed, response_fraction=ONLY_PARENTS) for seed in SEEDS]


@pytest.mark.parametrize("signal", ALL)
def test_fewer_than_one_percent_of_honest_schools_are_hit(honest, signal):
    hits = np.concatenate([signal(county).hit for county in honest])
    assert len(hits) == 24 * len(honest)
    assert hits.mean() < 0.01


@pytest.mark.parametrize(("signal", "power"), POWER.items())
def test_coached_schools_are_hit_and_the_others_are_not(honest, signal, power):
    found = wrong = 0
    for seed, county in zip(SEEDS, honest, strict=True):
        got = signal(plant_coaching(county, seed=seed, schools=COACHED))
        planted = np.isin(got.school, COACHED)
        found += got.hit[planted].sum()
        wrong += got.hit[~planted].sum()
    assert found / (3 * len(honest)) >= power
    assert wrong / (21 * len(honest)) < 0.01


def test_one_device_for_many_sheets_is_hit_and_a_family_phone_is_not(honest):
    got = by_device(plant_stuffing(honest[0], seed=1, school="S07", sheets=12))
    assert got.school[got.hit].tolist() == ["S07"]


def test_the_three_coached_schools_of_the_labelled_log_are_found_none_wrongly():
    log = read_data("log_a")
    got = identical_vectors(log["school"], answers=log[[f"q{i}" for i in range(1, 11)]])
    assert got.school[got.hit].tolist() == ["S04", "S06", "S19"]
    assert np.all(got.value[got.hit] > 5 * got.expected[got.hit])


def test_a_school_far_too_good_for_its_county_is_above_prediction():
    y = np.array([80, 85, 78, 88, 82, 86, 84, 79, 83, 100])
    got = level_above_prediction(y, n=np.full(10, 100), school=list("abcdefghij"))
    assert got.school[got.hit].tolist() == ["j"]
    assert got.expected[9] == pytest.approx(0.828, abs=0.001)


def test_uniform_answers_at_an_ordinary_mean_are_too_little_variety():
    rng = np.random.default_rng(5)
    schools = np.repeat([f"S{i:02d}" for i in range(20)], 60)
    scores = rng.choice([3, 4, 5], p=[0.2, 0.4, 0.4], size=(1200, 10)).astype(float)
    scores[schools == "S07"] = 4
    scores[schools == "S07", :2] = 5
    got = low_variety(schools, scores=scores)
    assert got.school[got.hit].tolist() == ["S07"]


def test_a_channel_gap_like_everywhere_is_no_signal_but_a_much_larger_one_is():
    common = {
        "n_open": np.full(12, 80),
        "n_slips": np.full(12, 40),
        "school": [f"S{i:02d}" for i in range(12)],
    }
    slips = np.full(12, 0.8)
    usual = channel_gap(share_open=slips + 0.05, share_slips=slips, **common)
    assert not usual.hit.any()
    apart = slips + 0.05
    apart[4], slips[4] = 0.99, 0.55
    got = channel_gap(share_open=apart, share_slips=slips, **common)
    assert got.school[got.hit].tolist() == ["S04"]


def test_a_channel_gap_without_difference_rarely_hits():
    rng = np.random.default_rng(9)
    hits = []
    for _ in range(100):
        n_open, n_slips = rng.integers(20, 80, 24), rng.integers(10, 50, 24)
        p = rng.uniform(0.75, 0.95, 24)
        got = channel_gap(
            [f"S{i:02d}" for i in range(24)],
            share_open=rng.binomial(n_open, p) / n_open,
            n_open=n_open,
            share_slips=rng.binomial(n_slips, p) / n_slips,
            n_slips=n_slips,
        )
        hits.append(got.hit.mean())
    assert np.mean(hits) < 0.01


def test_order_of_rows_changes_nothing(honest):
    county = plant_coaching(honest[0], seed=1, schools=COACHED)
    mixed = county.responses.sample(frac=1, random_state=1)
    again = identical_vectors(mixed["school"], answers=mixed[list(county.items)])
    # Which of two equally common vectors is taken follows the order of rows; how common it is does not.
    assert again.value.tolist() == by_answers(county).value.tolist()
    assert again.hit.tolist() == by_answers(county).hit.tolist()
    burst = unusual_burst(mixed["school"], submitted_s=mixed["submitted_s"])
    assert burst.p == pytest.approx(by_burst(county).p)


def test_few_schools_or_a_short_form_say_nothing():
    with pytest.raises(NotComputable, match="8 items"):
        identical_vectors(["A"] * 20, answers=np.ones((20, 5)))
    with pytest.raises(NotComputable, match="8 are needed"):
        unusual_burst(["A", "B"], submitted_s=[1, 2])
    with pytest.raises(NotComputable, match="8 are needed"):
        level_above_prediction([5, 6], n=[9, 9], school=["A", "B"])


def test_refuses_a_school_twice():
    with pytest.raises(NumericInputError, match="twice"):
        level_above_prediction([5] * 9, n=[9] * 9, school=["A"] * 9)
