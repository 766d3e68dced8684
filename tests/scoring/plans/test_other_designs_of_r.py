"""Small designs that R's survey package ships (hospital, scd, fpc), as plans: its numbers must come out.

Reference: R 4.2.2, survey 4.1.1; `svymean`, `svytotal`, `svyratio`, `degf`.
"""

import pytest

from scoring.plans import run_plan

HOSPITAL = [
    [1, 10.5, 42, 480], [1, 10.5, 42, 426], [1, 10.5, 42, 342], [1, 10.5, 42, 174], [2, 19.8, 99, 2022],
    [2, 19.8, 99, 576], [2, 19.8, 99, 1999], [2, 19.8, 99, 482], [2, 19.8, 99, 836],
    [3, 2.83333333333333, 17, 3108], [3, 2.83333333333333, 17, 4674], [3, 2.83333333333333, 17, 2539],
    [3, 2.83333333333333, 17, 1610], [3, 2.83333333333333, 17, 4618], [3, 2.83333333333333, 17, 1781],
]  # fmt: skip
SCD = [
    [1, 1, 120, 25], [1, 2, 78, 24], [2, 1, 185, 30], [2, 2, 228, 49], [3, 1, 670, 80], [3, 2, 530, 70],
]  # fmt: skip
TWO_STRATA = [
    [1, 1, 3, 15, 2.79999995231628], [1, 2, 3, 15, 4.09999990463257], [1, 3, 3, 15, 6.80000019073486],
    [1, 4, 3, 15, 6.80000019073486], [1, 5, 3, 15, 9.19999980926514], [2, 1, 4, 12, 3.70000004768372],
    [2, 2, 4, 12, 6.59999990463257], [2, 3, 4, 12, 4.19999980926514],
]  # fmt: skip


def scored(estimator, columns, rows, design, parameters):
    return run_plan(
        {
            "estimator": estimator,
            "inputs": {"inline": {"columns": columns, "rows": rows}},
            "design": design,
            "parameters": parameters,
        }
    )


OF_HOSPITALS = {
    "type": "stratified", "strata": "oblevel", "weight": "weighta", "fpc_population_size": ["tothosp"],
}  # fmt: skip
OF_AREAS = {
    "type": "stratified_cluster", "strata": "ESA", "psu": ["ambulance"], "psu_ids_repeat_across_strata": True,
}  # fmt: skip
OF_TWO_STRATA = {
    "type": "stratified_cluster", "strata": "stratid", "psu": ["psuid"], "weight": "weight",
    "fpc_population_size": ["Nh"], "psu_ids_repeat_across_strata": True,
}  # fmt: skip
FROM_R = [
    ("hospital", "mean", {"variable": "births"}, 1164.44936708861, 215.280695422038, 12),
    ("hospital", "total", {"variable": "births"}, 183983, 34014.3498766819, None),
    ("scd", "mean", {"variable": "alive"}, 46.3333333333333, 3.58236421003411, 3),
    (
        "scd",
        "ratio",
        {"numerator": "alive", "denominator": "arrests"},
        0.153506350082827,
        0.00980730359997476,
        None,
    ),
    ("fpc", "mean", {"variable": "x"}, 5.44814811812507, 0.616040719809653, 6),
    ("fpc", "total", {"variable": "x"}, 147.099999189377, 16.6330994348606, None),
]


@pytest.mark.parametrize("table, estimator, parameters, estimate, se, df", FROM_R)
def test_numbers_of_r(table, estimator, parameters, estimate, se, df):
    columns, rows, design = {
        "hospital": (["oblevel", "weighta", "tothosp", "births"], HOSPITAL, OF_HOSPITALS),
        "scd": (["ESA", "ambulance", "arrests", "alive"], SCD, OF_AREAS),
        "fpc": (["stratid", "psuid", "weight", "Nh", "x"], TWO_STRATA, OF_TWO_STRATA),
    }[table]
    found = scored(estimator, columns, rows, design, parameters)
    assert found["estimate"] == pytest.approx(estimate, rel=1e-9)
    assert found["se"] == pytest.approx(se, rel=1e-9)
    if df is not None:
        assert found["df"] == df
