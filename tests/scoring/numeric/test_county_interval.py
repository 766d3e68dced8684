"""The county's interval stands on the variance the verdict uses; the design's own stays available."""

import numpy as np
import pytest

from scoring.numeric.cells import Cells, Design
from scoring.numeric.composite import estimate_composite
from scoring.numeric.county_interval import composite_interval, design_interval, smoothed_variance
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
    wide, plain = composite_interval(found), design_interval(found)
    assert wide.lower < plain.lower and plain.upper < wide.upper


@pytest.mark.parametrize("heads", [(6, 6), (5, 6), (3, 9), (0, 5)])
@pytest.mark.parametrize("parents", [(170, 200), (190, 200), (200, 200), (40, 60)])
@pytest.mark.parametrize("threshold", [0.55, 0.85, 0.9, 0.97])
def test_an_interval_above_the_limit_never_stands_beside_another_verdict(parents, heads, threshold):
    """A two-sided 95% interval is wider than the two one-sided 95% bounds, so it can only be more careful."""
    found = county(parents, heads)
    said, interval = verdict(found, threshold=threshold), composite_interval(found)
    if interval.lower >= threshold:
        assert said.verdict == "met"
    if interval.upper < threshold:
        assert said.verdict == "not_met"


def test_everybody_satisfied_leaves_an_interval_by_the_composites_effective_number():
    found = county((200, 200), (6, 6))
    interval = composite_interval(found)
    kish = 1 / (0.25 / 200 + 0.25 / 6)
    assert interval.upper == 1.0
    # Clopper and Pearson at n of n: (α/2)^(1/n), n* being the Kish n times the ratio of the t quantiles.
    assert interval.lower == pytest.approx(0.025 ** (1 / kish), abs=2e-3)


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
