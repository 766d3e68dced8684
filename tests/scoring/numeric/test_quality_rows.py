import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scoring.numeric.errors import NotComputable, NumericInputError
from scoring.numeric.quality_rows import contradicts_fact, mahalanobis, row_quality, too_fast, unusual_rows
from scoring.numeric.simulate import simulate_county
from tests.golden_cases import assert_matches, golden_case, read_data

ITEMS = [f"q{i}" for i in range(1, 11)]


def test_row_statistics_equal_the_reference():
    case = golden_case("P-fraud-row-log_a")
    log = read_data("log_a")
    got = row_quality(log[ITEMS], duration_s=log["duration_s"])
    rows = [
        {
            "resp_id": log["resp_id"][i],
            "longstring": got.longstring[i],
            "irv": got.irv[i],
            "seconds_per_item": got.seconds_per_item[i],
            "relative_speed": got.relative_speed[i],
        }
        for i in range(40)
    ]
    assert_matches(
        {
            "median_duration_s": got.median_duration_s,
            "rows": rows,
            "n_below_third_of_median_speed": int((got.relative_speed > 3).sum()),
            "n_all_same": int(got.all_same.sum()),
        },
        case,
    )


def test_speed_finds_all_speeders_and_few_honest():
    log, label = read_data("log_a"), read_data("log_a_labels")["label"]
    fast = too_fast(row_quality(log[ITEMS], duration_s=log["duration_s"]))
    assert fast[label == "speeder"].all()
    assert fast[label == "none"].sum() == 7


def _longest_run(row):
    best = run = 0
    for place, code in enumerate(row):
        if np.isnan(code):
            run = 0
            continue
        run = run + 1 if place and code == row[place - 1] else 1
        best = max(best, run)
    return best


@given(st.lists(st.sampled_from([1, 4, 5, 9, np.nan]), min_size=1, max_size=12))
def test_longest_run_counted_one_by_one(row):
    got = row_quality([row])
    assert got.longstring[0] == _longest_run(row)
    scored = [code for code in row if code in (1, 4, 5)]
    if len(scored) < 2:
        assert np.isnan(got.irv[0])
    else:
        assert got.irv[0] == pytest.approx(np.std(scored, ddof=1))


def test_a_blank_breaks_a_straight_line():
    got = row_quality([[5, 5, np.nan, 5], [5, 5, 5, 5], [9, 9, 9, 9]])
    assert got.longstring.tolist() == [2, 4, 4]
    assert got.all_same.tolist() == [False, True, True]


def test_an_unknown_duration_is_not_fast():
    got = row_quality([[1, 2]] * 4, duration_s=[0.5, 60, 60, np.nan])
    assert too_fast(got).tolist() == [True, False, False, False]
    assert np.isnan(got.seconds_per_item[3])
    with pytest.raises(NotComputable):
        too_fast(row_quality([[1, 2]]))
    with pytest.raises(NotComputable):
        row_quality([[1, 2]], duration_s=[np.nan])


def test_mahalanobis_by_hand_for_uncorrelated_items():
    rng = np.random.default_rng(1)
    answers = rng.normal(size=(500, 3))
    inverse = np.linalg.inv(np.cov(answers.T))
    centred = answers - answers.mean(axis=0)
    expected = [row @ inverse @ row for row in centred]
    assert mahalanobis(answers, not_scored=()) == pytest.approx(expected)
    assert mahalanobis(answers, not_scored=()).sum() == pytest.approx(3 * 499)


def test_random_clicking_is_unusual_and_honest_sheets_rarely_are():
    county = simulate_county(3, straight_liners=0.05)
    honest = county.responses[list(county.items)].to_numpy(float)
    assert unusual_rows(honest).mean() <= 0.01
    rng = np.random.default_rng(3)
    clicked = np.vstack([honest, rng.integers(1, 6, (30, honest.shape[1]))])
    assert unusual_rows(clicked)[-30:].mean() > 0.35
    assert unusual_rows(clicked)[:-30].mean() <= 0.01


def test_an_unknown_fact_is_no_contradiction():
    said, known = [45, 60, np.nan, 45], [44, 44, 44, np.nan]
    assert contradicts_fact(said, known=known, tolerance=5).tolist() == [False, True, False, False]
    with pytest.raises(NumericInputError):
        contradicts_fact([1], known=[1], tolerance=-1)


def test_too_few_rows_have_no_distance():
    with pytest.raises(NotComputable):
        mahalanobis(np.ones((4, 3)))
