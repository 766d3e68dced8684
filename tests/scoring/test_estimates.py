"""A wave's figures against the numbers R's survey package gives for the same county."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from scoring.controls import Control
from scoring.estimates import estimate_wave
from scoring.numeric.cells import Design
from scoring.rules import ScoringRuleError, read_rule, shipped_rule, shipped_rules
from surveys.queries import TallyFrame
from tests.golden_cases import golden_case, read_data

SHARES = {"parent": 0.5, "student": 0.1, "teacher": 0.1, "principal": 0.1, "deputy": 0.1, "resident": 0.1}
CODES = ("1", "2", "3", "4", "5", "9", "no_answer")
ITEMS = tuple(f"q{number}" for number in range(1, 9))
CELL = ["audience", "class", "school", "grade_band", "gender"]


@pytest.fixture(scope="module")
def frame() -> TallyFrame:
    """The reference county's replies, counted per cell."""
    rows = read_data("county_a").fillna({"school": ""})
    groups = rows.groupby(CELL, sort=True)
    cells = groups.size().reset_index(name="responses").rename(columns={"class": "location"})
    cells["channel"] = "poster"
    counts = {}
    for item in ITEMS:
        word = rows[item].map(lambda value: "no_answer" if pd.isna(value) else str(int(value)))
        table = pd.crosstab([rows[name] for name in CELL], word).reindex(columns=CODES, fill_value=0)
        counts[item] = table.to_numpy(dtype=np.int64)
    return TallyFrame(cells=cells, counts=counts, codes=dict.fromkeys(ITEMS, CODES))


@pytest.fixture(scope="module")
def controls() -> list[Control]:
    strata = read_data("county_a_strata")
    return [
        Control(row.audience, row.location, row.cell, row.N, "roster")
        for row in strata.rename(columns={"class": "location"}).itertuples()
    ]


@pytest.fixture
def rule():
    """The shipped headline rule, for the reference county's own item names and codes."""
    scores = {"5": 1.0, "4": 1.0, "3": 0.0, "2": 0.0, "1": 0.0}
    return replace(shipped_rule("satisfied-top2"), items=("q8",), scores=scores, dont_know_codes=("9",))


def estimate(
    frame, controls, rule, *, design="all_schools", case="P-county_a-strata-nofpc-composite-official"
):
    class_shares = golden_case(case).parameters["class_shares"]
    return estimate_wave(
        frame, rule=rule, controls=controls, shares=SHARES, class_shares=class_shares,
        design=Design(kind=design, fpc=False), with_verdict=True,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("design", "case"),
    [
        ("all_schools", "P-county_a-strata-nofpc-composite-official"),
        ("sampled_schools", "P-county_a-cluster-composite-official"),
    ],
)
def test_headline_is_the_official_composite_of_the_reference(frame, controls, rule, design, case):
    found = estimate(frame, controls, rule, design=design, case=case)
    wanted = golden_case(case).expected["t2_overall"]
    assert found["estimate"] == pytest.approx(wanted["estimate"], rel=1e-7)
    assert found["se"] == pytest.approx(wanted["se"], rel=1e-7)
    assert found["df"] == wanted["df"]


@pytest.mark.parametrize("groups", ["shares", "equal", "population"])
@pytest.mark.parametrize("name", ["top1", "top2", "top3", "top2_dk_not_satisfied"])
def test_every_scoring_rule_gives_the_reference_numbers(frame, controls, rule, groups, name):
    top = {"top1": 1, "top2": 2, "top3": 3}.get(name, 2)
    variant = replace(
        rule,
        locations="own",
        groups={"shares": "given"}.get(groups, groups),
        scores={str(code): float(code > 5 - top) for code in range(1, 6)},
        dont_know="against" if name == "top2_dk_not_satisfied" else "out",
    )
    found = estimate(frame, controls, variant)
    wanted = golden_case("P-county_a-scoring-rules").expected[f"{name}.{groups}"]
    assert found["estimate"] == pytest.approx(wanted["estimate"], rel=1e-7)
    assert found["se"] == pytest.approx(wanted["se_strata_nofpc"], rel=1e-7)


def test_points_are_a_mean_score_with_its_own_limit(frame, controls, rule):
    points = replace(
        rule, locations="own", scores={str(code): 20.0 * code for code in range(1, 6)}, top_score=100.0,
        threshold=85.0,
    )  # fmt: skip
    found = estimate(frame, controls, points)
    wanted = golden_case("P-county_a-scoring-rules").expected["score_20_to_100.shares"]
    assert (found["unit"], found["estimate"]) == ("points", pytest.approx(wanted["estimate"], rel=1e-7))
    assert found["verdict"]["verdict"] == "met"


def test_verdict_is_the_smoothed_test_of_the_reference(frame, controls, rule):
    found = estimate(frame, controls, replace(rule, locations="own"))["verdict"]
    wanted = golden_case("P-county_a-verdict-recommended").expected["S0.05"]
    assert found["verdict"] == wanted["verdict"] == "met"
    bounds = [wanted["lower_one_sided"], wanted["upper_one_sided"]]
    assert found["smoothed"] == pytest.approx(bounds, rel=1e-7)
    # What decides is the wider of this pair and of the one that confirms it.
    assert found["lower"] == min(found["smoothed"][0], found["confirming"][0])
    assert found["upper"] == max(found["smoothed"][1], found["confirming"][1])
    assert found["n_star"] == pytest.approx(wanted["n_star"], rel=1e-7)


def test_the_printed_interval_is_put_together_from_the_audiences(frame, controls, rule):
    found = estimate(frame, controls, replace(rule, locations="own"))
    wanted = golden_case("P-county_a-verdict-recommended").expected["S0.05"]
    margins = np.zeros(2)
    for row in found["audiences"]:
        p, n, df = row["estimate"], row["valid"], row["df"]
        n_star = p * (1 - p) / row["se"] ** 2 * (stats.t.ppf(0.025, n - 1) / stats.t.ppf(0.025, df)) ** 2
        n_star = min(n_star, n)
        limits = stats.beta.ppf([0.025, 0.975], n_star * p + 0.5, n_star * (1 - p) + 0.5)
        margins += row["share"] ** 2 * (limits - p) ** 2
    # Strata hold one audience each, so no covariance comes on top.
    by_hand = [found["estimate"] - margins[0] ** 0.5, found["estimate"] + margins[1] ** 0.5]
    assert found["interval"] == pytest.approx(by_hand, rel=1e-7)
    assert found["interval_method"] == "mover"
    assert found["se_smoothed"] == pytest.approx(wanted["variance_smoothed"] ** 0.5, rel=1e-7)


def test_pooled_rule_is_the_plain_share_of_valid_answers(frame, controls, rule):
    found = estimate(frame, controls, replace(rule, groups="pooled", locations="own"))
    answers = read_data("county_a")["q8"]
    valid = answers[answers.between(1, 5)]
    assert found["estimate"] == pytest.approx((valid >= 4).mean(), rel=1e-12)


def test_schools_and_audiences_carry_the_counts_they_come_from(frame, controls, rule):
    found = estimate(frame, controls, rule)
    assert len(found["schools"]) == 60
    assert sum(row["responses"] for row in found["audiences"]) == found["responses"] == 12054
    rows = read_data("county_a")
    mine = rows[(rows.school == "S05")]
    school = next(row for row in found["schools"] if row["school"] == "S05")
    # A head speaks for the heads, not for the school.
    assert school["responses"] == (mine.audience != "principal").sum()
    assert {
        row["audience"]: row["responses"] for row in school["audiences"]
    } == mine.audience.value_counts().to_dict()


def test_the_result_can_be_stored(frame, controls, rule):
    found = estimate(frame, controls, rule)
    assert json.loads(json.dumps(found, allow_nan=False)) == found


def test_a_silent_audience_makes_the_rate_not_computable_with_a_reason(frame, controls, rule):
    keep = (frame.cells["audience"] != "principal").to_numpy()
    without = TallyFrame(
        cells=frame.cells[keep].reset_index(drop=True),
        counts={item: table[keep] for item, table in frame.counts.items()},
        codes=frame.codes,
    )
    found = estimate(without, controls, rule)
    assert found["estimate"] is None
    assert found["verdict"] == {"verdict": "not_computable"}
    assert found["reasons"] == [{"code": "audience_without_answers", "audience": "principal"}]


def test_no_replies_at_all_is_not_computable(rule, controls):
    empty = TallyFrame(
        cells=pd.DataFrame(columns=["audience", "location", "school", "responses"]),
        counts={"q8": np.zeros((0, 7), np.int64)},
        codes={"q8": CODES},
    )
    found = estimate(empty, controls, rule)
    assert (found["estimate"], found["responses"]) == (None, 0)
    assert {reason["audience"] for reason in found["reasons"]} == set(SHARES)


def test_replies_without_a_location_are_left_out_and_said(frame, controls, rule):
    cells = frame.cells.copy()
    lost = cells.index[cells["audience"] == "resident"][0]
    cells.loc[lost, "location"] = ""
    found = estimate(TallyFrame(cells, frame.counts, frame.codes), controls, rule)
    assert {"code": "no_location", "replies": int(cells.loc[lost, "responses"])} in found["warnings"]


def test_unknown_number_of_deputies_changes_nothing_within_a_class(frame, controls, rule):
    without = [one for one in controls if one.audience != "deputy"]
    found = estimate(frame, without, rule)
    wanted = estimate(frame, controls, rule)
    assert found["estimate"] == pytest.approx(wanted["estimate"], rel=1e-12)
    assert {"code": "no_control", "audiences": ["deputy"]} in found["warnings"]


@pytest.mark.parametrize("key", list(shipped_rules()))
def test_every_shipped_rule_has_both_languages_and_a_source(key):
    rule = shipped_rules()[key]
    assert rule.name["zh-hans"] and rule.name["en"] and rule.source
    assert 0 < rule.threshold <= rule.top_score


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (('form = "item"', 'form = "guess"'), "form = 'guess'; allowed: item, item_mean"),
        (("threshold = 0.85", "threshold = 85"), "threshold = 85 is not between 0 and 1"),
        (("satisfied = 1", "satisfied = 2"), "number from 0 to 1"),
        (("source = {", "sauce = {"), "source is missing"),
        (("dont_know = ", "dont_now = "), "dont_know is missing"),
    ],
)
def test_a_bad_rule_file_is_refused_by_name(change, message):
    text = shipped_rule("satisfied-top2").text
    with pytest.raises(ScoringRuleError, match="mine.toml") as refused:
        read_rule(text.replace(*change, 1), key="mine")
    assert message in str(refused.value)


def test_where_one_audience_is_silent_the_others_keep_their_own_figures(frame, controls, rule):
    keep = (frame.cells["audience"] != "deputy").to_numpy()
    without = TallyFrame(
        cells=frame.cells[keep].reset_index(drop=True),
        counts={item: table[keep] for item, table in frame.counts.items()},
        codes=frame.codes,
    )
    found, whole = estimate(without, controls, rule), estimate(frame, controls, rule)
    assert found["estimate"] is None
    parents = [next(row for row in one["audiences"] if row["audience"] == "parent") for one in (found, whole)]
    assert parents[0]["estimate"] == pytest.approx(parents[1]["estimate"], rel=1e-12)
    assert len(found["schools"]) == 60
