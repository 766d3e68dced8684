"""Other weights than the cells': against the reference program's county, and against a roster by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from scoring.controls import Control
from scoring.grade_margins import GradePeople, school_and_grade_margins
from scoring.numeric.cells import Cells, Design
from scoring.numeric.composite import estimate_composite
from scoring.numeric.raking import Margin
from scoring.numeric.recode import cell_sums, score_vector
from scoring.numeric.weighting import kish
from scoring.other_weights import KEYS, other_weights
from scoring.raked_weights import AudienceMargins, CannotWeigh, rake_cells, trim_cells
from scoring.rules import shipped_rule
from scoring.weighing import weigh
from surveys.queries import TallyFrame
from tests.golden_cases import golden_case, read_data
from tests.scoring.test_estimates import SHARES, controls, estimate, frame, rule  # noqa: F401

ALL_SCHOOLS = Design(kind="all_schools", fpc=False)
REFERENCE = ("audience.class", "audience.grade_band", "audience.gender")


# --- The reference county, raked to the reference's own margins


@pytest.fixture(scope="module")
def reference(frame):  # noqa: F811
    """Cells weighted people ÷ replies of the audience, and the reference's margins per audience."""
    table = read_data("county_a_margins")
    lines = frame.cells.rename(columns={"location": "class"})
    audience, n = lines["audience"].to_numpy(object), lines["responses"].to_numpy(float)
    people = table[table["margin"] == REFERENCE[0]]
    people = people.groupby(people["category"].str.split(".").str[0])["N"].sum()
    base = np.array([people[a] / n[audience == a].sum() for a in audience])
    cells = Cells(audience, lines["class"].to_numpy(), lines["school"].to_numpy(), audience, n, base)
    margins = []
    for name in people.index:
        rows = np.flatnonzero(audience == name)
        own = []
        for margin in REFERENCE:
            column = margin.split(".")[1]
            totals = table[(table["margin"] == margin) & table["category"].str.startswith(f"{name}.")]
            known = {row.category.split(".")[1]: row.N for row in totals.itertuples()}
            own.append(Margin(column, lines[column].to_numpy(str)[rows], known))
        margins.append(AudienceMargins(name, rows, tuple(own), np.zeros(len(rows), bool)))
    return cells, margins


def test_reference_county_raked_gives_rs_weights_composite_and_standard_error(reference, frame):  # noqa: F811
    want = golden_case("P-county_a-raked").expected
    cells, margins = reference
    raked = rake_cells(cells, margins)
    found = kish(raked.weight, cells.n)
    assert found.n_eff == pytest.approx(want["weights"]["kish_neff"], rel=1e-5)
    assert (found.min, found.max) == pytest.approx((want["weights"]["min"], want["weights"]["max"]), rel=1e-5)
    g = [(one.g_lowest, one.g_highest) for one in raked.reports]
    assert (min(low for low, _ in g), max(high for _, high in g)) == pytest.approx(want["g_range"], rel=1e-5)
    assert max(one.worst for one in raked.reports) <= 1e-8
    points = {str(code): 25.0 * (code - 1) for code in range(1, 6)}
    top2 = {str(code): float(code >= 4) for code in range(1, 6)}
    for variable, scores in (("idx_overall", points), ("t2_overall", top2)):
        composite = estimate_composite(
            replace(cells, weight=raked.weight),
            cell_sums(frame.counts["q8"], score_vector(frame.codes["q8"], scores)),
            audience_shares=SHARES,
            class_shares=None,
            design=ALL_SCHOOLS,
            calibration=raked.calibration,
        )
        assert composite.estimate == pytest.approx(want["composite"][variable]["estimate"], rel=1e-7)
        assert composite.se == pytest.approx(want["composite"][variable]["se"], rel=1e-3)


def test_reference_county_trimmed_and_raked_again_gives_rs_mean(reference, frame):  # noqa: F811
    want = golden_case("P-county_a-trim-rerake").expected
    cells, margins = reference
    start = replace(cells, weight=rake_cells(cells, margins).weight)
    found = trim_cells(start, margins, caps=want["caps"])
    scores = {str(code): float(code >= 4) for code in range(1, 6)}
    top2 = cell_sums(frame.counts["q8"], score_vector(frame.codes["q8"], scores))
    mean = found.weight @ top2.S1 / (found.weight @ top2.R)
    assert mean == pytest.approx(want["means"]["t2_overall"], rel=1e-5)
    assert kish(found.weight, cells.n).n_eff == pytest.approx(want["weights"]["kish_neff"], rel=1e-5)
    with pytest.raises(CannotWeigh) as refused:
        trim_cells(start, margins, caps=want["caps"] | {"parent": want["caps"]["parent"] / 1.06})
    assert refused.value.reason["code"] == "cap_too_low"
    assert refused.value.reason["audience"] == "parent"
    assert refused.value.reason["needed"] == pytest.approx(want["caps"]["parent"] / 1.05)


def test_first_row_is_the_official_figure_of_the_reference_county(frame, controls, rule):  # noqa: F811
    official = estimate(frame, controls, rule)
    rows = other_weights(
        frame, rule=rule, controls=controls, shares=official["shares"], design=ALL_SCHOOLS, grades={},
        class_shares=official["class_shares"], with_verdict=True,
    )  # fmt: skip
    first = rows[0]
    assert [row.key for row in rows] == list(KEYS)
    assert (first.estimate, first.se) == (official["estimate"], official["se"])
    assert first.interval == official["interval"]
    assert first.verdict == official["verdict"]["verdict"]
    weights = {row["audience"]: row["weights"] for row in official["audiences"]}
    assert {one.audience: one.design_effect for one in first.audiences} == {
        name: found["design_effect"] for name, found in weights.items()
    }
    assert rows[1].estimate is None and rows[1].reasons == ({"code": "nothing_to_rake"},)


# --- A county of three schools, by hand


PEOPLE = {"A": {"low": 60, "high": 40}, "B": {"low": 100, "high": 100}, "C": {"low": 30, "high": 70}}
PLACE = {"A": "urban", "B": "urban", "C": "rural"}
TOP = replace(shipped_rule("satisfied-top2"), locations="own")


def county(replies: dict[tuple[str, str], tuple[int, int]], *, teachers: int = 40) -> TallyFrame:
    """Parents' replies by school and band: (all, satisfied); teachers of A, half of them satisfied."""
    rows = [("parent", school, band, *counts) for (school, band), counts in replies.items()]
    rows.append(("teacher", "A", None, teachers, teachers // 2))
    cells = pd.DataFrame(
        {
            "audience": [row[0] for row in rows], "school": [row[1] for row in rows],
            "location": [PLACE[row[1]] for row in rows], "grade_band": [row[2] for row in rows],
            "channel": "poster", "responses": [row[3] for row in rows],
        }
    )  # fmt: skip
    counts = np.array([[row[4], row[3] - row[4]] for row in rows])
    return TallyFrame(cells, {"overall": counts}, {"overall": ("satisfied", "dissatisfied")})


def weighed(frame, *, people=PEOPLE, sizes=None, source="roster", design=ALL_SCHOOLS, shares=None):  # noqa: F811
    """The four rows of `county`, under the roster `people`; sizes: people per school where not the sum."""
    sizes = sizes or {school: sum(grades.values()) for school, grades in people.items()}
    held = [Control("parent", PLACE[school], school, size, source) for school, size in sizes.items()]
    rows = other_weights(
        frame,
        rule=TOP,
        controls=[*held, Control("teacher", "urban", "A", 80, "roster")],
        shares=shares or {"parent": 0.5, "teacher": 0.5},
        class_shares=None,
        design=design,
        grades={"parent": GradePeople(("low", "middle", "high"), people)},
        with_verdict=True,
    )
    return {row.key: row for row in rows}


FITS = {("A", "low"): (30, 15), ("A", "high"): (20, 20), ("B", "low"): (40, 30), ("B", "high"): (40, 40),
        ("C", "low"): (15, 9), ("C", "high"): (35, 30)}  # fmt: skip
LATE = FITS | {("A", "low"): (10, 5), ("A", "high"): (40, 40), ("B", "low"): (20, 15)}


def test_sample_that_fits_both_margins_keeps_its_weights_and_rate():
    rows = weighed(county(FITS))
    assert rows["raked"].estimate == pytest.approx(rows["cells"].estimate, rel=1e-12)
    report = rows["raked"].convergence[0]
    assert report.passes == 0
    assert (report.g_lowest, report.g_highest) == (1, 1)
    # The grades explain part of what parents think, so the error is smaller than inside schools alone.
    assert 0.8 * rows["cells"].se < rows["raked"].se < rows["cells"].se


def test_margins_after_raking_are_the_rosters():
    frame, grades = county(LATE), {"parent": GradePeople(("low", "middle", "high"), PEOPLE)}  # noqa: F811
    held = [Control("parent", PLACE[s], s, sum(p.values()), "roster") for s, p in PEOPLE.items()]
    weighted = weigh(frame, [*held, Control("teacher", "urban", "A", 80, "roster")])
    margins, notes = school_and_grade_margins(frame, weighted, grades, ["parent", "teacher"])
    raked = rake_cells(weighted.cells, margins)
    people = frame.cells.assign(people=raked.weight * weighted.cells.n)
    parents = people[people["audience"] == "parent"]
    by_school = parents.groupby("school")["people"].sum()
    by_grade = parents.groupby("grade_band")["people"].sum()
    assert by_school.to_dict() == pytest.approx({"A": 100, "B": 200, "C": 100}, rel=1e-7)
    assert by_grade.to_dict() == pytest.approx({"low": 190, "high": 210}, rel=1e-7)
    assert people.loc[people["audience"] == "teacher", "people"].tolist() == [80]
    assert notes == [{"code": "no_grades", "audience": "teacher"}]


def test_raking_brings_back_the_grades_that_answered_less():
    """In every school the lower grades are less satisfied, and in A and B they answered less."""
    rows = weighed(county(LATE))
    assert rows["raked"].estimate < rows["cells"].estimate - 0.02
    assert rows["raked"].heaviest.design_effect > rows["cells"].heaviest.design_effect


def test_unweighted_row_counts_every_reply_of_an_audience_alike():
    row = weighed(county(LATE))["unweighted"]
    satisfied = 5 + 40 + 15 + 40 + 9 + 30
    assert row.estimate == pytest.approx(0.5 * satisfied / (10 + 40 + 20 + 40 + 15 + 35) + 0.5 * 0.5)
    assert [one.design_effect for one in row.audiences] == [1, 1]
    assert row.effective_n == pytest.approx(1 / (0.25 / 160 + 0.25 / 40))


def test_replies_without_a_grade_keep_their_cell_weight():
    without = LATE | {("A", "low"): (10, 5), ("A", "high"): (30, 30), ("A", ""): (10, 0)}
    frame, grades = county(without), {"parent": GradePeople(("low", "middle", "high"), PEOPLE)}  # noqa: F811
    held = [Control("parent", PLACE[s], s, sum(p.values()), "roster") for s, p in PEOPLE.items()]
    weighted = weigh(frame, [*held, Control("teacher", "urban", "A", 80, "roster")])
    margins, notes = school_and_grade_margins(frame, weighted, grades, ["parent"])
    raked = rake_cells(weighted.cells, margins)
    bare = ((frame.cells["grade_band"] == "") & (frame.cells["school"] == "A")).to_numpy()
    assert raked.weight[bare] == pytest.approx([2.0])  # 100 people, 50 replies
    assert {"code": "no_grade_given", "audience": "parent", "replies": 10} in notes
    people = frame.cells.assign(people=raked.weight * weighted.cells.n)
    assert people.loc[people["school"] == "A", "people"].sum() == pytest.approx(100 + 80)
    graded = people[people["grade_band"].isin(["low", "high"])].groupby("grade_band")["people"].sum()
    assert graded.to_dict() == pytest.approx({"low": 190 * 380 / 400, "high": 210 * 380 / 400})


def test_grade_with_people_and_hardly_a_reply_joins_its_neighbour_and_says_so():
    roster = {school: grades | {"middle": 20} for school, grades in PEOPLE.items()}
    row = weighed(county(LATE), people=roster)["raked"]
    assert row.estimate is not None
    # Of its two neighbours the higher grades have more replies (115 against 45).
    assert {"code": "grades_merged", "audience": "parent", "bands": ["middle", "high"]} in row.notes


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (
            {"sizes": {"A": 90, "B": 200, "C": 100}},
            {"code": "margins_disagree", "audience": "parent", "schools": 390, "grades": 400},
        ),
        (
            {"people": {"A": {"low": 100}, "B": {"low": 200}, "C": {"low": 100}}},
            {"code": "grade_of_nobody", "audience": "parent", "band": "high", "replies": 115},
        ),
    ],
)
def test_margins_that_contradict_the_replies_give_a_reason_and_no_number(change, reason):
    row = weighed(county(LATE), **change)["raked"]
    assert (row.estimate, row.interval, row.verdict) == (None, None, "not_computable")
    assert row.reasons == (reason,)


def test_margins_that_no_weights_can_meet_are_not_computable():
    """All of A's and B's replies are from the lower grades; C has 100 people, the higher grades 210."""
    only = {("A", "low"): (50, 20), ("B", "low"): (80, 30), ("C", "low"): (15, 9), ("C", "high"): (35, 30)}
    row = weighed(county(only))["raked"]
    assert row.estimate is None
    assert row.reasons == ({"code": "raking_not_converged", "audience": "parent"},)


def test_school_with_more_replies_than_people_raises_its_grades_alike():
    """A has 100 people and 200 replies: its weight is 1, its grades count 120 and 80."""
    many = FITS | {("A", "low"): (120, 60), ("A", "high"): (80, 80)}
    row = weighed(county(many))["raked"]
    assert {"code": "grades_raised", "audience": "parent", "schools": 1} in row.notes
    assert row.estimate == pytest.approx(weighed(county(many))["cells"].estimate, rel=1e-9)


def test_families_given_per_school_are_split_into_grades_as_its_pupils():
    """Half as many families as pupils in every school: the same weights but for a factor, the same rate."""
    half = {school: sum(grades.values()) / 2 for school, grades in PEOPLE.items()}
    row = weighed(county(LATE), sizes=half, source="count of families, 2026")["raked"]
    assert {"code": "grades_split", "audience": "parent"} in row.notes
    assert row.estimate == pytest.approx(weighed(county(LATE))["raked"].estimate, rel=1e-9)


def test_cap_cuts_the_heavy_school_and_spreads_it_inside_its_class():
    """A: 40 replies for 100 people (2.5 each), B: 100 for 200 (2.0), D: 10 for 150 (15). The median is 2,
    so D is cut to 6 and the 90 people go to A and B in proportion."""
    place = PLACE | {"D": "urban"}
    people = {"A": {"low": 100}, "B": {"low": 200}, "D": {"low": 150}}
    rows = [("parent", "A", 40, 40), ("parent", "B", 100, 50), ("parent", "D", 10, 0)]
    cells = pd.DataFrame(
        {
            "audience": [row[0] for row in rows], "school": [row[1] for row in rows],
            "location": [place[row[1]] for row in rows], "channel": "poster",
            "responses": [row[2] for row in rows],
        }
    )  # fmt: skip
    counts = np.array([[row[3], row[2] - row[3]] for row in rows])
    frame = TallyFrame(cells, {"overall": counts}, {"overall": ("satisfied", "dissatisfied")})  # noqa: F811
    asked = {
        "rule": TOP, "shares": {"parent": 1.0}, "class_shares": None, "design": ALL_SCHOOLS, "grades": {},
        "controls": [Control("parent", "urban", s, sum(p.values()), "roster") for s, p in people.items()],
        "with_verdict": True,
    }  # fmt: skip
    before, _raked, row, _plain = other_weights(frame, **asked)
    assert row.trimming[0].cap == 6
    assert row.trimming[0].share == pytest.approx(90 / 450)
    assert before.estimate == pytest.approx((100 + 100) / 450)
    assert row.estimate == pytest.approx((100 + 100) * 390 / 300 / 450)
    assert row.audiences[0].warnings == ("much_trimmed",)
    assert "weighting_deff_above_2" in before.audiences[0].warnings
    assert "largest_weight_above_6_medians" in before.audiences[0].warnings


def test_cap_that_a_whole_class_exceeds_is_raised_above_it():
    people = {"A": 300, "B": 200, "D": 900, "E": 1000}
    place = {"A": "urban", "B": "urban", "D": "rural", "E": "rural"}
    replies = {"A": 100, "B": 100, "D": 50, "E": 40}
    cells = pd.DataFrame(
        {
            "audience": "parent", "school": list(people), "location": [place[one] for one in people],
            "channel": "poster", "responses": list(replies.values()),
        }
    )  # fmt: skip
    counts = np.array([[50, 50], [50, 50], [50, 0], [0, 40]])
    frame = TallyFrame(cells, {"overall": counts}, {"overall": ("satisfied", "dissatisfied")})  # noqa: F811
    row = other_weights(
        frame, rule=TOP, shares={"parent": 1.0}, class_shares=None, design=ALL_SCHOOLS, grades={},
        controls=[Control("parent", place[one], one, size, "roster") for one, size in people.items()],
        with_verdict=True,
    )[2]  # fmt: skip
    # Weights 3, 2, 18 and 25, median 3: the villages' 1,900 people need 21.1 each, so 9 cannot be met.
    cap = 1.05 * 1900 / 90
    assert row.trimming[0].cap == pytest.approx(cap)
    assert row.notes == ({"code": "cap_raised", "audience": "parent", "medians": pytest.approx(cap / 3)},)
    assert row.trimming[0].share == pytest.approx(40 * (25 - cap) / 2400)
    assert row.estimate == pytest.approx((150 + 100 + 1900 - 40 * cap) / 2400)


def test_trimmed_row_is_the_cells_where_no_weight_reaches_the_cap():
    rows = weighed(county(LATE))
    assert rows["trimmed"].estimate == rows["cells"].estimate
    assert rows["trimmed"].trimming[0].share == 0
    assert rows["trimmed"].notes == ({"code": "one_weight", "audience": "teacher"},)


def test_schools_as_a_sample_take_raked_weights_as_given():
    sampled = Design(kind="sampled_schools", fpc=False)
    row = weighed(county(FITS), design=sampled)
    assert row["raked"].se == pytest.approx(row["cells"].se, rel=1e-9)
    assert {"code": "weights_as_given"} in row["raked"].notes
