"""What must hold for any sample: the specification's list of properties, on random counties and surveys."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scoring.numeric.calibration import calibrate, poststratify, rake_design
from scoring.numeric.cells import Cells, Design
from scoring.numeric.composite import estimate_composite
from scoring.numeric.design import survey_design
from scoring.numeric.domains import estimate_domains
from scoring.numeric.estimation import group_means, means, totals
from scoring.numeric.raking import Margin, rake
from scoring.numeric.recode import CellSums, aggregate, cell_sums, option_counts

SHARES = {"parent": 0.5, "student": 0.3, "resident": 0.2}
CLASSES = {"rural": 0.4, "town": 0.35, "urban": 0.25}
STRATA, SCHOOLS = Design("all_schools", fpc=False), Design("sampled_schools", fpc=False)
DESIGNS = pytest.mark.parametrize("design", [STRATA, SCHOOLS], ids=["strata", "schools"])
quick = settings(max_examples=20, deadline=None)
seeds = st.integers(0, 10**6)


def random_county(seed: int) -> tuple[Cells, CellSums, np.ndarray]:
    """Twelve schools in three classes and residents without school; cells, 0/1 sums, option counts."""
    rng = np.random.default_rng(seed)
    lines = []
    for j in range(12):
        place = list(CLASSES)[j % 3]
        lines += [(a, place, f"S{j:02d}", f"{a}:{place}:S{j:02d}") for a in ("parent", "student")]
    lines += [("resident", place, "", f"resident:{place}") for place in CLASSES]
    audience, location, school, stratum = (np.array(c, dtype=object) for c in zip(*lines, strict=True))
    n = rng.integers(3, 40, len(lines))
    counts = np.array([rng.multinomial(k, [0.1, 0.75, 0.15]) for k in n])
    counts[:, 1] += 1
    n = counts.sum(axis=1)
    people = n * rng.integers(2, 9, len(lines)) + rng.integers(0, 5, len(lines))
    cells = Cells(audience, location, school, stratum, n, people / n, people)
    return cells, cell_sums(counts, np.array([0.0, 1.0, np.nan])), counts


def figures(cells, sums, design, **kwargs):
    c = estimate_composite(
        cells, sums, audience_shares=kwargs.get("shares", SHARES), class_shares=CLASSES, design=design
    )
    return c.estimate, c.se, c.df


def taken(cells, sums, order):
    columns = {
        name: getattr(cells, name)[order]
        for name in ("audience", "location", "school", "stratum", "n", "weight", "stratum_population")
    }
    return Cells(**columns), CellSums(*(part[order] for part in (sums.R, sums.S1, sums.S2)))


@DESIGNS
@quick
@given(seeds, st.floats(0.01, 100))
def test_scaling_the_weights_changes_no_share(design, seed, factor):
    cells, sums, _ = random_county(seed)
    scaled = replace(cells, weight=cells.weight * factor)
    assert figures(scaled, sums, design) == pytest.approx(figures(cells, sums, design), rel=1e-10)


@DESIGNS
@quick
@given(seeds)
def test_the_order_of_cells_changes_nothing(design, seed):
    cells, sums, _ = random_county(seed)
    order = np.random.default_rng(seed).permutation(len(cells))
    assert figures(*taken(cells, sums, order), design) == pytest.approx(
        figures(cells, sums, design), rel=1e-10
    )


@DESIGNS
@quick
@given(seeds)
def test_splitting_a_cell_of_one_weight_changes_nothing(design, seed):
    cells, _, counts = random_county(seed)
    rng = np.random.default_rng(seed)
    part = np.array([rng.multivariate_hypergeometric(row, row.sum() // 2) for row in counts])
    both = np.concatenate([part, counts - part])
    twice = {
        name: np.concatenate([getattr(cells, name)] * 2)
        for name in ("audience", "location", "school", "stratum", "weight", "stratum_population")
    }
    split = Cells(n=both.sum(axis=1), **twice)
    points = np.array([0.0, 1.0, np.nan])
    assert figures(split, cell_sums(both, points), design) == pytest.approx(
        figures(cells, cell_sums(counts, points), design), rel=1e-10
    )


@DESIGNS
@quick
@given(seeds)
def test_tallies_and_rows_agree(design, seed):
    cells, sums, counts = random_county(seed)
    cell = np.repeat(np.arange(len(cells)), counts.sum(axis=1))
    code = np.concatenate([np.repeat(np.arange(3), row) for row in counts])
    grid = option_counts(code[:, None], cell=cell, n_cells=len(cells), n_codes=3)[0]
    assert (grid == counts).all()
    values = np.array([0.0, 1.0, np.nan])[code]
    from_rows = aggregate(values, cell=cell, n_cells=len(cells))
    assert (from_rows.R == sums.R).all() and (from_rows.S1 == sums.S1).all()

    linked = cells.school[cell] != ""
    person = np.array([f"p{i}" for i in range(len(cell))], dtype=object)
    schools = design.kind == "sampled_schools"
    outside = np.char.add("resident:", cells.location[cell].astype(str))
    rows = survey_design(
        len(cell),
        weight=cells.weight[cell],
        psu=[np.where(linked, cells.school[cell], person)] if schools else [],
        strata=[
            np.where(linked, cells.location[cell].astype(str), outside) if schools else cells.stratum[cell]
        ],
    )
    names, group = np.unique(cells.audience.astype(str), return_inverse=True)
    joint = group_means(rows, values, group=group[cell], names=names, valid_df=True)
    found = estimate_composite(cells, sums, audience_shares=SHARES, class_shares=None, design=design)
    whole = joint.contrast(SHARES, df=rows.degrees_of_freedom(~np.isnan(values)))
    assert (whole.estimate, whole.se, whole.df) == pytest.approx(
        (found.estimate, found.se, found.df), rel=1e-9
    )


@DESIGNS
@quick
@given(seeds, st.sampled_from(sorted(SHARES)))
def test_a_share_of_one_gives_the_audiences_own_mean(design, seed, audience):
    cells, sums, _ = random_county(seed)
    c = estimate_composite(cells, sums, audience_shares={audience: 1.0}, class_shares=None, design=design)
    alone = estimate_domains(cells, sums, domain=cells.audience, design=design)[audience]
    assert (c.estimate, c.se, c.df) == pytest.approx((alone.estimate, alone.se, alone.df), rel=1e-12)


@quick
@given(seeds)
def test_everybody_answered_leaves_no_sampling_error(seed):
    cells, sums, _ = random_county(seed)
    census = replace(cells, stratum_population=cells.n, weight=np.ones(len(cells)))
    c = estimate_composite(
        census, sums, audience_shares=SHARES, class_shares=None, design=Design("all_schools", fpc=True)
    )
    assert c.se == 0


@quick
@given(seeds)
def test_more_answers_than_people_are_refused_with_a_correction(seed):
    cells, sums, _ = random_county(seed)
    short = replace(cells, stratum_population=cells.n - 1)
    with pytest.raises(ValueError, match="at least as many"):
        figures(short, sums, Design("all_schools", fpc=True))


@quick
@given(seeds)
def test_unanimous_answers_have_exactly_no_linearised_variance(seed):
    cells, _, counts = random_county(seed)
    c = estimate_composite(
        cells,
        cell_sums(counts, np.array([1.0, 1.0, np.nan])),
        audience_shares=SHARES,
        class_shares=CLASSES,
        design=SCHOOLS,
    )
    assert (c.estimate, c.variance) == (pytest.approx(1.0), pytest.approx(0.0, abs=1e-28))


def random_sample(seed: int, n: int = 60):
    rng = np.random.default_rng(seed)
    group = rng.choice(["a", "b", "c"], n)
    sex = rng.choice(["f", "m"], n)
    # Every cell is filled, so that any positive margins can be met.
    group[:6], sex[:6] = list("abcabc"), list("fffmmm")
    return rng.uniform(1, 5, n), group, sex, rng.normal(50, 10, n)


@quick
@given(seeds)
def test_raking_to_the_margins_at_hand_changes_nothing(seed):
    w, group, sex, _ = random_sample(seed)
    present = [
        Margin(name, values, {v: float(w[values == v].sum()) for v in set(values)})
        for name, values in (("group", group), ("sex", sex))
    ]
    found = rake(w, present)
    np.testing.assert_allclose(found.weights, w, rtol=1e-9)
    assert (found.g_lowest, found.g_highest) == (pytest.approx(1), pytest.approx(1))


@quick
@given(seeds)
def test_raking_agrees_with_calibration_by_the_raking_distance(seed):
    w, group, sex, y = random_sample(seed)
    rng = np.random.default_rng(seed + 1)
    goal = w * rng.uniform(0.5, 2, len(w))
    margins = [
        Margin(name, values, {v: float(goal[values == v].sum()) for v in set(values)})
        for name, values in (("group", group), ("sex", sex))
    ]
    drawn = survey_design(len(w), weight=w)
    raked, _ = rake_design(drawn, margins)
    x = np.column_stack([np.ones(len(w)), group == "b", group == "c", sex == "m"]).astype(float)
    total = [goal.sum(), *(goal[group == g].sum() for g in "bc"), goal[sex == "m"].sum()]
    calibrated, _ = calibrate(drawn, x, totals=np.array(total), distance="raking")
    np.testing.assert_allclose(raked.weight, calibrated.weight, rtol=1e-6)
    one, two = (means(d, y, names=["y"]).estimates[0].se for d in (raked, calibrated))
    assert one == pytest.approx(two, rel=1e-6)


@quick
@given(seeds)
def test_poststratified_counts_equal_the_controls_and_have_no_error(seed):
    w, group, _, _ = random_sample(seed)
    people = {"a": 500, "b": 300, "c": 900}
    design, _ = poststratify(survey_design(len(w), weight=w), group, totals=people)
    indicators = np.stack([group == name for name in people], axis=1).astype(float)
    found = totals(design, indicators, names=list(people)).estimates
    assert [e.estimate for e in found] == pytest.approx(list(people.values()))
    assert [e.se for e in found] == pytest.approx([0, 0, 0], abs=1e-9)


@quick
@given(seeds)
def test_clusters_of_one_are_a_simple_sample(seed):
    w, _, _, y = random_sample(seed)
    simple = survey_design(len(w), weight=w)
    clusters = survey_design(len(w), weight=w, psu=[np.arange(len(w))])
    one, two = (means(d, y, names=["y"]).estimates[0] for d in (simple, clusters))
    assert (one.se, one.df) == (two.se, two.df)


@quick
@given(seeds)
def test_the_order_of_rows_changes_nothing(seed):
    w, group, sex, y = random_sample(seed)
    order = np.random.default_rng(seed).permutation(len(w))

    def figure(o):
        d = survey_design(
            len(w), weight=w[o], psu=[sex[o]], strata=[group[o]], psu_ids_repeat_across_strata=True
        )
        e = means(d, y[o], names=["y"]).estimates[0]
        return e.estimate, e.se, e.df

    assert figure(order) == pytest.approx(figure(np.arange(len(w))), rel=1e-10)
