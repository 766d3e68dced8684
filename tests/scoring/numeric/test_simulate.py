import numpy as np
import pytest

from scoring.numeric.simulate import DAYS, DONT_KNOW, plant_coaching, plant_stuffing, simulate_county


def test_the_seed_repeats_the_county():
    first, again, other = simulate_county(4), simulate_county(4), simulate_county(5)
    assert first.responses.equals(again.responses)
    assert not first.responses.equals(other.responses)


def test_answers_follow_the_true_shares():
    county = simulate_county(1, schools=12, response_fraction={"parent": 1.0, "teacher": 1.0})
    overall = county.responses[county.overall]
    valid = county.responses[overall != DONT_KNOW].assign(satisfied=overall >= 4)
    seen = valid.groupby(["audience", "school"])["satisfied"].agg(["mean", "size"])
    truth = county.cells.set_index(["audience", "school"])["true_share"].reindex(seen.index)
    z = (seen["mean"] - truth) / np.sqrt(truth * (1 - truth) / seen["size"])
    assert np.abs(z).max() < 4
    assert z.std() == pytest.approx(1, abs=0.35)


def test_honest_people_look_like_the_real_thing():
    county = simulate_county(2)
    codes = county.responses[list(county.items)].to_numpy()
    all_same = (codes == codes[:, :1]).all(axis=1).mean()
    assert 0.12 < all_same < 0.35
    correlation = np.corrcoef(np.where(codes == DONT_KNOW, 3, codes).T)
    assert 0.3 < correlation[np.triu_indices(10, 1)].mean() < 0.7
    assert (codes == DONT_KNOW).mean() == pytest.approx(0.025, abs=0.01)
    assert county.responses["submitted_s"].between(0, DAYS * 86400).all()
    assert county.responses["submitted_s"].is_monotonic_increasing
    assert set(county.responses["label"]) == {"none"}


def test_only_the_audiences_named_are_asked():
    county = simulate_county(3, response_fraction={"deputy": 0.5, "resident": 0.01})
    assert set(county.responses["audience"]) == {"deputy", "resident"}
    assert set(county.responses["school"]) == {""}
    assert set(county.cells["class_"]) == {"rural", "town", "urban"}


def test_coaching_changes_only_the_rows_it_labels():
    honest = simulate_county(6)
    coached = plant_coaching(honest, seed=6, schools=["S02", "S09"], share=0.5)
    rows = coached.responses.query("label == 'coached'")
    assert set(rows["school"]) == {"S02", "S09"}
    assert set(rows["audience"]) == {"parent"}
    for school in ("S02", "S09"):
        parents = honest.responses.query("school == @school and audience == 'parent'")
        own = rows[rows["school"] == school]
        assert len(own) == round(0.5 * len(parents))
        assert np.ptp(own["submitted_s"]) <= 900
        assert own[list(honest.items)].value_counts().iloc[0] >= 0.7 * len(own)
    assert len(coached.responses) == len(honest.responses)


def test_stuffing_adds_sheets_from_one_device():
    honest = simulate_county(7)
    stuffed = plant_stuffing(honest, seed=7, school="S05", sheets=20)
    rows = stuffed.responses.query("label == 'stuffed'")
    assert (len(rows), rows["device"].nunique(), set(rows["school"])) == (20, 1, {"S05"})
    assert len(stuffed.responses) == len(honest.responses) + 20
