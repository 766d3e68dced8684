"""The county's interval is put together from its audiences'; what it is compared with stays available."""

import numpy as np
import pytest
from scipy import stats

from scoring.numeric.cells import Cells, Design
from scoring.numeric.composite import estimate_composite
from scoring.numeric.county_interval import (
    composite_interval,
    design_interval,
    smoothed_interval,
    smoothed_variance,
)
from scoring.numeric.errors import NotComputable
from scoring.numeric.recode import CellSums
from scoring.numeric.verdict import verdict

STRATA = Design("all_schools", fpc=False)
SHARES = {"parent": 0.5, "principal": 0.5}


def county(parents: tuple[int, int], heads: tuple[int, int]):
    """Two audiences with (satisfied, asked) answers each, in one class."""
    yes, n = np.array([parents[0], heads[0]], float), np.array([parents[1], heads[1]], float)
    cells = Cells(
        audience=np.array(["parent", "principal"]), location=np.array(["town", "town"]),
        school=np.array(["", ""]), stratum=np.array(["parent", "principal"]), n=n, weight=np.ones(2),
    )  # fmt: skip
    return estimate_composite(
        cells, CellSums(n, yes, yes), audience_shares=SHARES, class_shares=None, design=STRATA
    )


def test_unanimous_heads_do_not_narrow_the_interval_to_that_of_the_parents():
    found = county((170, 200), (6, 6))
    assert found.variance == pytest.approx(0.25 * 0.85 * 0.15 / 199, rel=1e-12)
    # By hand: p̃ = 171/202 of the parents and 7/8 of the heads, each with its own n.
    by_hand = 0.25 * (171 / 202 * 31 / 202 / 200 + 7 / 64 / 6)
    assert smoothed_variance(found) == pytest.approx(by_hand, rel=1e-12)
    printed, plain, careful = composite_interval(found), design_interval(found), smoothed_interval(found)
    assert careful.lower < plain.lower and plain.upper < careful.upper
    # Six heads who all say yes may hide some who would say no, and none who would say more than yes.
    assert careful.lower < printed.lower < plain.lower
    assert printed.upper < careful.upper


def test_the_interval_is_that_of_the_audiences_put_together():
    """By hand from scipy's Jeffreys quantiles: n* = n − 1, the denominator of V; (t_{n−1}/t_df)² is 1 for
    an audience that is its own stratum."""
    found = county((170, 200), (5, 6))
    limits = [
        stats.beta.ppf([0.025, 0.975], (n - 1) * p + 0.5, (n - 1) * (1 - p) + 0.5)
        for p, n in ((0.85, 200), (5 / 6, 6))
    ]
    estimate = (0.85 + 5 / 6) / 2
    below = 0.5 * ((0.85 - limits[0][0]) ** 2 + (5 / 6 - limits[1][0]) ** 2) ** 0.5
    above = 0.5 * ((limits[0][1] - 0.85) ** 2 + (limits[1][1] - 5 / 6) ** 2) ** 0.5
    assert composite_interval(found).as_list() == pytest.approx(
        [estimate - below, estimate + above], rel=1e-9
    )


@pytest.mark.parametrize("heads", [(6, 6), (5, 6), (3, 9), (0, 5)])
@pytest.mark.parametrize("parents", [(170, 200), (190, 200), (200, 200), (40, 60)])
@pytest.mark.parametrize("threshold", [0.55, 0.85, 0.9, 0.97])
def test_an_interval_above_the_limit_never_stands_beside_not_met(parents, heads, threshold):
    """Met and not met need both pairs of bounds; the printed interval can at most be the bolder."""
    found = county(parents, heads)
    said, interval = verdict(found, threshold=threshold), composite_interval(found)
    lower, upper = said.deciding
    assert lower <= min(said.lower, said.confirming.lower) <= max(said.upper, said.confirming.upper) <= upper
    if interval.lower >= threshold:
        assert said.verdict in ("met", "undetermined")
    if interval.upper < threshold:
        assert said.verdict in ("not_met", "undetermined")
    if said.verdict == "met":
        assert lower >= threshold and interval.upper >= threshold
    if said.verdict == "not_met":
        assert upper < threshold and interval.lower < threshold


def test_the_verdict_needs_both_pairs_of_bounds():
    """Between the two lower bounds the specified test says met, and the confirmed verdict does not."""
    found = county((190, 200), (30, 30))
    alone = verdict(found, threshold=0.9, confirm=False)
    both = verdict(found, threshold=0.9)
    assert alone.confirming is None and (alone.lower, alone.upper) == (both.lower, both.upper)
    low, high = sorted((both.lower, both.confirming.lower))
    assert verdict(found, threshold=low - 1e-6).verdict == "met"
    assert verdict(found, threshold=(low + high) / 2).verdict == "undetermined"
    first, second = sorted((both.upper, both.confirming.upper))
    assert verdict(found, threshold=(first + second) / 2).verdict == "undetermined"
    assert verdict(found, threshold=second + 1e-6).verdict == "not_met"


def test_everybody_satisfied_leaves_an_interval_by_the_effective_numbers():
    found = county((200, 200), (6, 6))
    interval = composite_interval(found)
    assert interval.upper == 1.0
    # Jeffreys' lower limits at n of n.
    parents, heads = (stats.beta.ppf(0.025, n + 0.5, 0.5) for n in (200, 6))
    assert interval.lower == pytest.approx(1 - 0.5 * ((1 - parents) ** 2 + (1 - heads) ** 2) ** 0.5)
    # Clopper and Pearson at n of n: (α/2)^(1/n), n* being the Kish n times the ratio of the t quantiles.
    kish = 1 / (0.25 / 200 + 0.25 / 6)
    assert smoothed_interval(found).lower == pytest.approx(0.025 ** (1 / kish), abs=2e-3)


def test_score_keeps_the_spread_of_all_audiences_for_heads_of_one_mind():
    n = np.array([200.0, 6.0])
    first, second = np.array([200 * 80.0, 6 * 90.0]), np.array([200 * 6500.0, 6 * 8100.0])
    cells = Cells(
        audience=np.array(["parent", "principal"]), location=np.array(["town", "town"]),
        school=np.array(["", ""]), stratum=np.array(["parent", "principal"]), n=n, weight=np.ones(2),
    )  # fmt: skip
    found = estimate_composite(
        cells, CellSums(n, first, second), audience_shares=SHARES, class_shares=None, design=STRATA
    )
    pooled = (199 * (200 * 100 / 199) + 5 * 0) / 204
    assert smoothed_variance(found, scale="score") == pytest.approx(found.variance + 0.25 * pooled / 6)
    assert composite_interval(found, scale="score").method == "t"


def test_one_answer_carries_no_interval():
    with pytest.raises(NotComputable):
        composite_interval(county((1, 1), (1, 1)))


def test_classes_smooth_their_own_small_audiences():
    found = county((170, 200), (6, 6))
    (town,) = found.locations
    assert smoothed_variance(town) == pytest.approx(smoothed_variance(found), rel=1e-12)
