"""Late minus early, held against R's `svyby` and `svycontrast` on the reference county.

The county has no times, so an order is made up from the running numbers; every ninth satisfied answer of the
late half is turned into a 3, so that there is a drift to find. Both programs read the same copy.
"""

from functools import cache

import numpy as np
import pytest

from scoring.numeric.blocks import ItemSums
from scoring.numeric.cells import Cells
from scoring.numeric.drift import drifts, late_half
from scoring.numeric.recode import CellSums, aggregate
from tests.scoring.numeric.county_cells import CLASS_SHARES, SCHOOLS, SHARES, STRATA, county_rows

PARENTS = {"parent": 1.0}
# R 4.2.2, survey 4.1.1, survey.lonely.psu = "adjust". Strata: svydesign(~1, strata = stratum × half, weights
# = people of the stratum ÷ answers of its half); schools: svydesign(~school, strata = class), people outside
# schools their own units within audience × class × half. b = svyby(satisfied or points, ~half × audience
# (× class), svyratio, denominator = valid, covmat = TRUE); svycontrast(b, ±share (× share of the residents)).
OF_R = [
    ("satisfied", STRATA, PARENTS, None, -0.08894156882072646, 0.0127924768675743),
    ("satisfied", STRATA, SHARES, None, -0.1022979271769638, 0.01249725925292178),
    ("satisfied", STRATA, SHARES, CLASS_SHARES, -0.1008308490673402, 0.01366198298347387),
    ("points", STRATA, PARENTS, None, -2.758281425942968, 0.7545355433532088),
    ("points", STRATA, SHARES, None, -3.912128253333197, 0.7091837532238151),
    ("points", STRATA, SHARES, CLASS_SHARES, -3.356248575875655, 0.8085319676569886),
    ("satisfied", SCHOOLS, PARENTS, None, -0.08894156882072646, 0.009657886229027456),
    ("satisfied", SCHOOLS, SHARES, None, -0.1022979271769638, 0.01118672276096335),
    ("satisfied", SCHOOLS, SHARES, CLASS_SHARES, -0.1008308490673402, 0.01205931604938514),
    ("points", SCHOOLS, PARENTS, None, -2.758281425942968, 0.7451450562224725),
    ("points", SCHOOLS, SHARES, None, -3.912128253333197, 0.6587410336448943),
    ("points", SCHOOLS, SHARES, CLASS_SHARES, -3.356248575875655, 0.6668704451248574),
]


@cache
def halves(values: str) -> tuple[tuple[Cells, CellSums], tuple[Cells, CellSums]]:
    """The early and the late half of the county, each weighted to the people of its strata."""
    rows, _ = county_rows()
    number = rows["resp_id"].str[1:].astype(int).to_numpy()
    late = late_half(number * 7919 % 12071, group=rows.groupby("stratum").ngroup().to_numpy())
    assert late.sum() == 5974
    code = rows["q8"].to_numpy(float, copy=True)
    code[~np.isin(code, [1, 2, 3, 4, 5])] = np.nan
    code[late & (number % 9 == 0) & (code >= 4)] = 3
    scores = {"satisfied": np.where(np.isnan(code), np.nan, code >= 4), "points": 25 * (code - 1)}[values]
    found = []
    for part in (~late, late):
        mine = rows[part].reset_index(drop=True)
        cell = mine.groupby(["audience", "class", "school", "stratum"]).ngroup().to_numpy()
        lines = mine.assign(cell=cell).drop_duplicates("cell").sort_values("cell")
        answers = mine.groupby("stratum")["stratum"].transform("size")[lines.index].to_numpy()
        cells = Cells(
            audience=lines["audience"].to_numpy(), location=lines["class"].to_numpy(),
            school=lines["school"].to_numpy(), stratum=lines["stratum"].to_numpy(), n=np.bincount(cell),
            weight=lines["N_stratum"].to_numpy() / answers,
        )  # fmt: skip
        found.append((cells, aggregate(scores[part], cell=cell, n_cells=len(cells))))
    return found[0], found[1]


@pytest.mark.parametrize(("values", "design", "shares", "classes", "difference", "se"), OF_R)
def test_late_minus_early_has_rs_difference_and_standard_error(
    values, design, shares, classes, difference, se
):
    found = drifts(*halves(values), audience_shares=shares, class_shares=classes, design=design).whole
    assert found.change.difference == pytest.approx(difference, rel=1e-10)
    assert found.change.se == pytest.approx(se, rel=1e-9)
    assert found.late - found.early == pytest.approx(difference, rel=1e-10)


def test_levels_of_parents_are_rs():
    found = drifts(*halves("satisfied"), audience_shares=SHARES, class_shares=None, design=STRATA)
    parents = found.audiences["parent"]
    assert (parents.early, parents.late) == pytest.approx((0.8415339819692726, 0.7525924131485462), rel=1e-12)
    assert set(found.audiences) == set(SHARES)


def test_p_values_of_the_audiences_are_corrected_for_their_number():
    found = drifts(*halves("points"), audience_shares=SHARES, class_shares=None, design=STRATA)
    plain = sorted(one.change.p_value for one in found.audiences.values())
    assert min(one.p_adjusted for one in found.audiences.values()) == pytest.approx(min(1, 6 * plain[0]))
    assert all(one.p_adjusted >= one.change.p_value for one in found.audiences.values())


def test_an_audience_heard_in_one_half_only_leaves_the_others_and_no_whole():
    early, (cells, sums) = halves("satisfied")
    heads = cells.audience == "principal"
    silent = CellSums(*(np.where(heads, 0, part) for part in (sums.R, sums.S1, sums.S2)))
    found = drifts(early, (cells, silent), audience_shares=SHARES, class_shares=None, design=STRATA)
    assert found.whole is None and set(found.audiences) == set(SHARES) - {"principal"}
    whole = drifts(*halves("satisfied"), audience_shares=SHARES, class_shares=None, design=STRATA)
    assert found.audiences["parent"].change == whole.audiences["parent"].change


def test_smoothing_widens_small_audiences_and_moves_no_estimate():
    asked = {"audience_shares": SHARES, "class_shares": CLASS_SHARES, "design": STRATA}
    plain, smoothed = (drifts(*halves("satisfied"), smoothed=on, **asked) for on in (False, True))
    assert smoothed.whole.change.difference == plain.whole.change.difference
    assert smoothed.whole.change.variance >= plain.whole.change.variance


def test_one_item_among_several_is_that_item():
    early, late = halves("satisfied")
    alone = [(cells, ItemSums((sums,))) for cells, sums in (early, late)]
    asked = {"audience_shares": SHARES, "class_shares": None, "design": SCHOOLS}
    assert drifts(*alone, **asked).whole.change == drifts(early, late, **asked).whole.change


def test_the_middle_of_an_odd_group_is_early_and_ties_keep_their_order():
    assert late_half(np.array([4, 4, 4, 1, 7]), group=np.zeros(5, int)).tolist() == [
        False,
        False,
        True,
        False,
        True,
    ]
    assert late_half(np.array([3, 3, 3]), group=np.arange(3)).tolist() == [False] * 3
    assert late_half(np.array([]), group=np.array([], int)).tolist() == []
