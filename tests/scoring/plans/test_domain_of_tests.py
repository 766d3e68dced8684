"""A domain holds for tests, regressions, groups and composites as it does for means: the rows outside keep
their place in the design.

Reference: R 4.2.2, survey 4.1.1 on `subset(design, …)`: `svyttest`, `svychisq`, `svyglm`, `svyby`,
`svycontrast`, `svycralpha`.
"""

import pytest

from scoring.plans import run_plan
from tests.golden_cases import GOLDEN

STRATA = {"type": "stratified", "weight": "pw", "strata": "stype"}
CLUSTERS = {"type": "one_stage_cluster", "weight": "pw", "psu": ["dnum"]}
NOT_E = 'stype != "E"'
AWARDED = {"column": "awards", "values": ["Yes"]}


def scored(estimator, table, domain=NOT_E, **parameters):
    return run_plan(
        {
            "estimator": estimator,
            "inputs": {"file": f"data/api_{table}.csv.gz"},
            "design": STRATA if table == "strat" else CLUSTERS,
            "parameters": parameters | {"domain": domain},
        },
        base=GOLDEN,
    )


def test_a_difference_inside_a_domain():
    found = scored("difference_test", "strat", formula="api00 ~ comp_imp")
    assert found["estimate"] == pytest.approx(72.7186827620842, rel=1e-9)
    assert found["p_value"] == pytest.approx(0.00176602401919301, rel=1e-7)
    assert found["ci"] == pytest.approx([27.8425837326133, 117.594781791555], rel=1e-7)
    assert found["df"] == 97


def test_a_mean_against_zero_inside_a_domain_with_clusters():
    found = scored("difference_test", "clus1", AWARDED, formula="growth ~ 0")
    assert found["statistic"] == pytest.approx(12.9061838715646, rel=1e-9)
    assert found["df"] == 12


def test_a_domain_that_leaves_two_of_three_groups_leaves_one_contrast():
    found = scored("regression", "strat", formula="api00 ~ ell + stype")
    assert found["df_residual"] == 96
    assert [c["term"] for c in found["coefficients"]] == ["(Intercept)", "ell", "stypeM"]
    assert found["coefficients"][2]["estimate"] == pytest.approx(40.9738631092186, rel=1e-9)
    assert found["coefficients"][2]["se"] == pytest.approx(17.4854162105259, rel=1e-7)


def test_an_association_inside_a_domain():
    found = scored("association_test", "strat", formula="~comp_imp + both")
    assert found["statistic"] == pytest.approx(113.435711881126, rel=1e-7)
    assert found["df"] == pytest.approx([1, 98])


def test_groups_inside_a_domain():
    found = scored("by_group_mean", "strat", variable="api00", by="sch_wide")["groups"]
    assert [g["estimate"] for g in found] == pytest.approx([574.066307222571, 667.020828831525], rel=1e-9)
    assert [g["se"] for g in found] == pytest.approx([17.1931827471648, 13.2915510990313], rel=1e-7)


def test_a_composite_inside_a_domain():
    shares = {"E": 0.424, "H": 0.418, "M": 0.243}
    found = scored("composite_mean", "clus1", AWARDED, variable="api00", by="stype", shares=shares)
    assert found["estimate"] == pytest.approx(692.157406791407, rel=1e-9)
    assert found["se"] == pytest.approx(31.6499234383508, rel=1e-7)
    assert found["df"] == 13


def test_weighted_alpha_inside_a_domain():
    found = scored("cronbach_alpha_weighted", "strat", items=["ell", "mobility", "meals"])
    assert found["estimate"] == pytest.approx(0.60007797129051, rel=1e-9)


# Standard errors of R's `svyglm`, whose fit stops when the deviance is steady to 1e-8.
OF_STOPPED_FITS = [
    (
        "enroll ~ stype + meals",
        "quasipoisson",
        [0.06924394830307715, 0.08428433006102497, 0.07741457401579489, 0.00120739792126429],
    ),
    (
        "I(api00 > 700) ~ meals + factor(yr_rnd)",
        "quasibinomial",
        [0.4011152869787810, 0.0112831953570783, 0.6587924698972378],
    ),
]


@pytest.mark.parametrize("formula, family, errors", OF_STOPPED_FITS)
def test_standard_errors_of_a_regression_agree_with_r_beyond_the_sixth_digit(formula, family, errors):
    found = scored("regression", "strat", None, formula=formula, family=family)
    assert [c["se"] for c in found["coefficients"]] == pytest.approx(errors, rel=1e-9)
