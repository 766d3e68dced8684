"""From signals to a list for review: who is on it, who is not, and what is left out of the comparison."""

import numpy as np
import pytest

from scoring.numeric.errors import NumericInputError
from scoring.numeric.quality import (
    AnswerSheets,
    _runs_tail,
    find_batches,
    flagged_rows,
    schools_for_review,
    score_detector,
)
from scoring.numeric.quality_rows import contradicts_fact
from scoring.numeric.quality_signals import Signal, identical_vectors, many_per_device
from scoring.numeric.simulate import plant_coaching, plant_stuffing, simulate_county
from tests.golden_cases import golden_case, read_data

ITEMS = [f"q{i}" for i in range(1, 11)]
COACHED = ["S03", "S10", "S20"]
SEEDS = range(200, 212)


def log_sheets():
    log = read_data("log_a")
    return AnswerSheets(
        school=log["school"],
        answers=log[ITEMS],
        submitted_s=log["t_submit_s"],
        duration_s=log["duration_s"],
        device=log["device"],
    )


def county_sheets(county):
    frame = county.responses
    known = county.schools.set_index("school")["class_size"].reindex(frame["school"])
    return AnswerSheets(
        school=frame["school"],
        answers=frame[list(county.items)],
        submitted_s=frame["submitted_s"],
        duration_s=frame["duration_s"],
        device=frame["device"],
        contradicts=contradicts_fact(frame["class_size_said"], known=known, tolerance=5),
    )


@pytest.fixture(scope="module")
def honest():
    return [simulate_county(seed, response_fraction={"parent": 0.12}) for seed in SEEDS]


def test_the_detector_beats_the_baseline_on_the_labelled_log():
    case = golden_case("P-fraud-labels-log_a")
    sheets, labels = log_sheets(), read_data("log_a_labels")["label"]
    score = score_detector(flagged_rows(sheets), labels=labels)
    baseline = case.expected["baseline"]["speed_rule_flagged_by_label"]
    assert score.rows == case.expected["label_counts"]
    assert score.flagged["none"] <= baseline["none"]
    assert all(
        score.flagged[label] >= baseline[label] for label in ("speeder", "random", "stuffed", "coached")
    )
    assert score.flagged["coached"] == score.rows["coached"]
    assert score.flagged["stuffed"] == score.rows["stuffed"]
    assert score.false_positive_rate < 0.01


def test_coached_and_stuffed_schools_of_the_labelled_log_are_up_for_review_and_no_others():
    sheets = log_sheets()
    signals = [
        identical_vectors(sheets.school, answers=sheets.answers),
        many_per_device(sheets.school, device=sheets.device),
    ]
    review = schools_for_review(signals, batches=find_batches(sheets))
    assert [one.school for one in review] == ["S04", "S06", "S13", "S19", "S24"]
    assert all(len(one.kinds) >= 2 for one in review)
    by_school = {one.school: one for one in review}
    assert {"answers", "arrival", "pace"} <= set(by_school["S04"].kinds)
    assert set(by_school["S24"].kinds) == {"entry", "pace"}


def test_no_honest_school_is_up_for_review_and_few_honest_rows_are_flagged(honest):
    reviews, flagged, rows = 0, 0, 0
    for county in honest:
        sheets = county_sheets(county)
        batches = find_batches(sheets)
        reviews += len(schools_for_review([], batches=batches))
        flagged += flagged_rows(sheets, batches=batches).sum()
        rows += len(sheets.school)
    assert reviews == 0
    assert flagged / rows < 0.01


def test_planted_coaching_and_stuffing_are_found_with_their_rows(honest):
    found = wrong = 0
    coached_rows = []
    for seed, county in zip(SEEDS, honest, strict=True):
        planted = plant_stuffing(plant_coaching(county, seed=seed, schools=COACHED), seed=seed, school="S15")
        sheets = county_sheets(planted)
        batches = find_batches(sheets)
        schools = {one.school for one in schools_for_review([], batches=batches)}
        found += len(schools & {*COACHED, "S15"})
        wrong += len(schools - {*COACHED, "S15"})
        score = score_detector(flagged_rows(sheets, batches=batches), labels=planted.responses["label"])
        coached_rows.append(score.flagged["coached"] / score.rows["coached"])
        assert score.flagged["stuffed"] == score.rows["stuffed"]
        assert score.false_positive_rate < 0.02
    assert found / (4 * len(honest)) >= 0.9
    assert wrong == 0
    assert np.mean(coached_rows) > 0.8


def test_one_kind_of_signal_alone_never_puts_a_school_up_for_review():
    schools = np.array([f"S{i}" for i in range(9)])
    hit = schools == "S4"
    nothing = np.full(9, np.nan)
    one = Signal("identical_vectors", "answers", schools, nothing, nothing, nothing, nothing, hit)
    same_kind = Signal("low_variety", "answers", schools, nothing, nothing, nothing, nothing, hit)
    other = Signal("many_fast", "pace", schools, nothing, nothing, nothing, nothing, hit)
    assert schools_for_review([one, same_kind]) == ()
    review = schools_for_review([one, other])
    assert [(r.school, r.kinds, r.signals) for r in review] == [
        ("S4", ("answers", "pace"), ("identical_vectors", "many_fast"))
    ]


def test_a_wave_without_times_and_devices_still_finds_equal_sheets_but_reviews_nobody(honest):
    county = plant_coaching(honest[0], seed=1, schools=["S03"])
    frame = county.responses
    batches = find_batches(AnswerSheets(school=frame["school"], answers=frame[list(county.items)]))
    assert [(batch.school, batch.basis, batch.kinds) for batch in batches] == [
        ("S03", "vector", ("answers",))
    ]
    assert not any(batch.review for batch in batches)


def test_a_small_wave_gives_an_empty_list():
    sheets = AnswerSheets(
        school=["A"] * 30, answers=np.full((30, 10), 5), submitted_s=np.arange(30), duration_s=np.full(30, 60)
    )
    assert find_batches(sheets) == ()
    assert not flagged_rows(sheets).any()


def test_runs_in_time_order_have_the_exact_distribution():
    rng = np.random.default_rng(2)
    member = np.zeros(12, dtype=bool)
    member[:5] = True
    draws = np.array([rng.permutation(member) for _ in range(20_000)])
    runs = 1 + (draws[:, 1:] != draws[:, :-1]).sum(axis=1)
    for count in (2, 3, 4, 6):
        example = draws[np.flatnonzero(runs == count)[0]]
        assert _runs_tail(example) == pytest.approx((runs <= count).mean(), abs=0.012)
    together = np.array([False] * 4 + [True] * 5 + [False] * 3)
    assert _runs_tail(together) == pytest.approx((2 + 4 + 6) / 792)


def test_detector_score_counts_rows_by_label():
    score = score_detector([True, False, True, True], labels=["none", "none", "coached", "coached"])
    assert (score.rows, score.flagged) == ({"coached": 2, "none": 2}, {"coached": 2, "none": 1})
    assert score.false_positive_rate == 0.5


def test_refuses_columns_of_different_length():
    with pytest.raises(NumericInputError, match="duration_s"):
        AnswerSheets(school=["A", "B"], answers=[[1, 2], [2, 1]], duration_s=[3])
    with pytest.raises(NumericInputError):
        score_detector([True], labels=["none", "none"])
