"""Variances from lines of rows that agree are the variances of the formula, row by row."""

import numpy as np
import pytest

from scoring.numeric.calibration import calibrate, poststratify, rake_design
from scoring.numeric.design import survey_design
from scoring.numeric.estimation import group_means, means
from scoring.numeric.raking import Margin

N = 1200


@pytest.fixture
def rows():
    """Replies of 12 schools in 3 classes, with two margins, unequal weights and blanks."""
    rng = np.random.default_rng(7)
    school = rng.integers(0, 12, N)
    return {
        "school": school,
        "place": school % 3,
        "grade": rng.integers(0, 4, N),
        "sex": rng.integers(0, 2, N),
        "weight": np.array([2.0, 5.0])[rng.integers(0, 2, N)],
        "answer": np.where(rng.random(N) < 0.1, np.nan, rng.integers(1, 6, N)),
    }


def designs(rows):
    return {
        "replies in classes": survey_design(N, weight=rows["weight"], strata=[rows["place"]]),
        "schools in classes": survey_design(
            N, weight=rows["weight"], strata=[rows["place"]], psu=[rows["school"]]
        ),
    }


def margins(rows, scale=1.3):
    rng = np.random.default_rng(1)
    found = []
    for name in ("grade", "sex"):
        held = np.bincount(rows[name], weights=rows["weight"]) * rng.uniform(0.8, 1.2, rows[name].max() + 1)
        people = held / held.sum() * rows["weight"].sum() * scale
        found.append(Margin(name, rows[name], dict(enumerate(people))))
    return found


def by_hand(rows, design, kind, *, x=None, of=None):
    """Mean and its variance: residuals of every row by least squares, then sums over units in strata."""
    w, y = design.weight, rows["answer"]
    used = ~np.isnan(y) if of is None else ~np.isnan(y) & of
    mean = w[used] @ y[used] / w[used].sum()
    u = np.where(used, np.nan_to_num(y) - mean, 0.0) / w[used].sum()
    if x is not None:
        root = np.sqrt(rows["weight"])
        u = u - x @ np.linalg.lstsq(x * root[:, None], u * root, rcond=None)[0]
    z, variance = w * u, 0.0
    for place in range(3):
        mine = rows["place"] == place
        units = z[mine]
        if kind == "schools in classes":
            units = np.array([z[rows["school"] == s].sum() for s in np.unique(rows["school"][mine])])
        variance += len(units) / (len(units) - 1) * ((units - units.mean()) ** 2).sum()
    return mean, variance


def indicators(*codes):
    return np.concatenate([np.eye(code.max() + 1)[code] for code in codes], axis=1)


@pytest.mark.parametrize("kind", ["replies in classes", "schools in classes"])
@pytest.mark.parametrize("adjusted", ["as drawn", "raked", "post-stratified", "calibrated"])
def test_lines_give_what_the_rows_give(rows, kind, adjusted):
    design, x = designs(rows)[kind], None
    if adjusted == "raked":
        design, _ = rake_design(design, margins(rows))
        x = indicators(rows["grade"], rows["sex"])
    elif adjusted == "post-stratified":
        design, _ = poststratify(design, rows["grade"], totals=margins(rows)[0].totals)
        x = indicators(rows["grade"])
    elif adjusted == "calibrated":
        x = np.stack([np.ones(N), rows["sex"], rows["grade"] ** 2], axis=1).astype(float)
        design, _ = calibrate(design, x, totals=rows["weight"] @ x * [1.1, 1.2, 1.05])
    found = means(design, rows["answer"], names=["mean"]).estimates[0]
    assert (found.estimate, found.variance) == pytest.approx(by_hand(rows, design, kind, x=x), rel=1e-11)
    # Fewer lines than rows: otherwise nothing was put together.
    assert len(design.lines) < N / 5

    groups = group_means(design, rows["answer"], group=rows["school"], names=[str(s) for s in range(12)])
    for school, e in enumerate(groups.estimates):
        wanted = by_hand(rows, design, kind, x=x, of=rows["school"] == school)
        assert (e.estimate, e.variance) == pytest.approx(wanted, rel=1e-9, abs=1e-16)
        assert e.df == design.degrees_of_freedom(rows["school"] == school)


@pytest.mark.parametrize("kind", ["replies in classes", "schools in classes"])
def test_groups_vary_together_as_their_indicators_do(rows, kind):
    """Covariances of group totals, once as groups and once as columns of zeros and values."""
    design, _ = rake_design(designs(rows)[kind], margins(rows))
    weighted = design.weight * np.nan_to_num(rows["answer"])
    group = np.where(rows["grade"] == 3, -1, rows["grade"])
    columns = np.where(group[:, None] == np.arange(3), weighted[:, None], 0.0)
    wanted = design.covariance(columns)
    found = design.group_covariance(weighted, group=group, n_groups=3)
    assert found == pytest.approx(wanted, rel=1e-10)
    alone = design.group_covariance(weighted, group=group, n_groups=3, covariance=False)
    assert alone == pytest.approx(np.diag(wanted), rel=1e-10)


def test_a_weight_that_no_other_row_has_makes_a_line_of_its_own(rows):
    rows["weight"] = rows["weight"] + np.arange(N) / N
    design, _ = rake_design(designs(rows)["replies in classes"], margins(rows))
    assert len(design.lines) == N
    found = means(design, rows["answer"], names=["mean"]).estimates[0]
    x = indicators(rows["grade"], rows["sex"])
    assert (found.estimate, found.variance) == pytest.approx(
        by_hand(rows, design, "replies in classes", x=x), rel=1e-11
    )


def test_raked_cells_weigh_their_rows_as_raked_rows_do(rows):
    """Iterative fitting of the rows themselves, without cells."""
    found, report = rake_design(designs(rows)["replies in classes"], margins(rows))
    w = rows["weight"].copy()
    for _ in range(report.steps):
        for margin in margins(rows):
            held = np.bincount(margin.category, weights=w)
            w *= (np.array(list(margin.totals.values())) / held)[margin.category]
    assert found.weight == pytest.approx(w, rel=1e-12)
    assert (report.g_lowest, report.g_highest) == pytest.approx(
        ((w / rows["weight"]).min(), (w / rows["weight"]).max()), rel=1e-12
    )


@pytest.mark.parametrize("covariance", [True, False])
def test_without_a_group_there_is_no_mean(rows, covariance):
    nobody = np.full(N, -1)
    found = group_means(
        designs(rows)["replies in classes"], rows["answer"], group=nobody, names=[], covariance=covariance
    )
    assert found.estimates == () and found.covariance.shape == (0, 0)
