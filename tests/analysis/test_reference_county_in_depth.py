"""The pages about one wave's numbers, against the reference county's numbers from R."""

from __future__ import annotations

import pytest

from analysis import sensitivity as sensitivity_module
from analysis.item_quality import item_quality
from analysis.sensitivity import ALL, sensitivity
from analysis.small_schools import small_schools
from scoring.estimates import estimate_wave
from scoring.item_rows import item_pairs_of
from scoring.numeric.cells import Design
from scoring.outlooks import outlook_of
from scoring.runs import setting_now
from surveys.queries import tally_frame
from tests.analysis.reference_county import county_a, results_of_a, rule_for_a  # noqa: F401
from tests.golden_cases import golden_cases

pytestmark = pytest.mark.django_db


def expected(case_id: str) -> dict:
    return next(case.expected for case in golden_cases() if case.id == case_id)


def estimate(wave, key: str, *, design: str = "all_schools", exact: bool = True) -> dict:
    rule, frame = rule_for_a(key), tally_frame(wave)
    setting = setting_now(wave, rule=rule) | {"design": Design(kind=design, fpc=False)}
    pairs = item_pairs_of(wave, frame, rule=rule) if exact else None
    return estimate_wave(frame, with_verdict=True, pairs=pairs, **setting)


def test_mean_over_items_has_rs_estimate_and_exact_standard_error(county_a):  # noqa: F811
    want = expected("P-county_a-scoring-rules")["item_mean_top2.shares"]
    found = estimate(county_a, "item-mean")
    assert found["estimate"] == pytest.approx(want["estimate"], rel=1e-7)
    assert found["se"] == pytest.approx(want["se_strata_nofpc"], rel=1e-6)
    assert found["verdict"]["verdict"] == "met"
    assert "se_upper_bound" not in {one["code"] for one in found["warnings"]}
    clusters = estimate(county_a, "item-mean", design="sampled_schools")
    assert clusters["se"] == pytest.approx(want["se_cluster"], rel=1e-6)


def test_mean_over_items_from_counts_alone_says_that_its_error_is_an_upper_bound(county_a):  # noqa: F811
    exact, bound = estimate(county_a, "item-mean"), estimate(county_a, "item-mean", exact=False)
    assert bound["estimate"] == exact["estimate"]
    assert exact["se"] < bound["se"] < 3 * exact["se"]
    assert "se_upper_bound" in {one["code"] for one in bound["warnings"]}


def test_sensitivity_repeats_rs_rates_under_every_rule(county_a, monkeypatch):  # noqa: F811
    keys = {  # without the points: the reference's five steps are other points than the rule's four
        "satisfied-top1": "top1.shares", "satisfied-top2": "top2.shares", "satisfied-top3": "top3.shares",
        "dont-know-against": "top2_dk_not_satisfied.shares",
        "equal-audiences": "top2.equal", "pooled": "top2.pooled_unweighted",
        "item-mean": "item_mean_top2.shares",
    }  # fmt: skip
    rules = {key: rule_for_a(key) for key in keys}
    monkeypatch.setattr(sensitivity_module, "shipped_rules", lambda: rules)
    table = sensitivity(results_of_a(county_a))
    want = expected("P-county_a-scoring-rules")
    found = {row.rule.key: row.cells[0].figure.estimate for row in table.rows}
    assert found == {key: pytest.approx(want[keys[key]]["estimate"], rel=1e-7) for key in rules}
    assert [part.key for part in table.parts] == [ALL]
    assert table.verdicts() == {"met", "not_met"}


def test_small_schools_repeat_the_reference_shrinkage(county_a):  # noqa: F811
    want = {row["school"]: row for row in expected("P-county_a-betabinomial")["schools"]}
    found = small_schools(results_of_a(county_a), "parent")
    shown = [row for row in found.rows if row.shrunk is not None]
    assert len(shown) > 40
    for row in shown:
        reference = want[row.school.code]
        assert row.direct.figure.valid == reference["n"]
        assert row.shrunk == pytest.approx(reference["posterior_mean"], abs=1e-4)
        assert (row.lower, row.upper) == pytest.approx(tuple(reference["interval90"]), abs=2e-3)
        assert row.below == pytest.approx(reference["prob_below_085"], abs=5e-3)
    assert [row.school.code for row in found.rows] == sorted(row.school.code for row in found.rows)
    assert found.differ


def test_schools_below_the_smallest_group_have_neither_direct_nor_shrunken_value(county_a):  # noqa: F811
    found = small_schools(results_of_a(county_a), "parent")
    counts = {row["school"]: row["n"] for row in expected("P-county_a-betabinomial")["schools"]}
    small = [row for row in found.rows if counts[row.school.code] < county_a.minimum_group_size]
    assert small
    assert all(row.shrunk is None and row.direct.figure.estimate is None for row in small)


def test_outlook_uses_the_verdicts_own_smoothed_variance(county_a):  # noqa: F811
    want = expected("P-county_a-verdict-recommended")["S0.05"]
    results = results_of_a(county_a)
    outlook = outlook_of(results.run.result, setting_now(county_a)["controls"])
    z = 1.6448536269514722 + 0.8416212335729143
    for row in outlook.rows:
        gap = (row.truth - 0.85) ** 2
        needed = want["n"] * (z**2 * want["variance_smoothed"] / gap - 1)
        if row.n_more is not None:
            assert row.n_more == pytest.approx(max(0.0, needed), abs=1.01)
    assert [row.n_more for row in outlook.rows].count(None) <= 1


def test_items_repeat_the_reference_reliability(county_a):  # noqa: F811
    found = {one.audience: one for one in item_quality(results_of_a(county_a))}
    parents = found["parent"]
    assert parents.replies == expected("P-alpha-unweighted-county_a-parent")["n"]
    assert parents.alpha == pytest.approx(expected("P-alpha-weighted-county_a")["parent"], rel=1e-7)
    assert parents.lower < parents.alpha < parents.upper
    assert parents.alpha_with_spread < parents.alpha
    shares = [row.part for row in parents.rows if row.part is not None]
    assert len(shares) == 7 and sum(shares) == pytest.approx(parents.r_squared)
    assert all(row.lower <= row.part <= row.upper for row in parents.rows if row.part is not None)


def test_drivers_are_refused_below_thirty_replies_per_question(county_a):  # noqa: F811
    found = {one.audience: one for one in item_quality(results_of_a(county_a))}
    few = [one for one in found.values() if one.replies < 7 * 30]
    assert few and {one.refusal for one in few} == {"few"}
    assert all(row.part is None for one in few for row in one.rows)
