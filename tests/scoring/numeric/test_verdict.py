"""The verdict against the limit, its smoothing, and what would change it."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from scoring.numeric.audience_states import AudienceState
from scoring.numeric.composite import estimate_composite
from scoring.numeric.domains import estimate_domains
from scoring.numeric.errors import NotComputable
from scoring.numeric.intervals import ShareEstimate, korn_graubard, likelihood, logit, wilson
from scoring.numeric.outlook import more_replies, tipping_point
from scoring.numeric.recode import CellSums
from scoring.numeric.verdict import judge, plain_test, verdict
from tests.golden_cases import assert_matches, golden_case
from tests.scoring.numeric.county_cells import IDX, SCHOOLS, SHARES, STRATA, TOP2, county_sums

DESIGNS = {"S0": STRATA, "C": SCHOOLS}


def county(design, scores=TOP2):
    cells, sums = county_sums(scores)
    return estimate_composite(cells, sums, audience_shares=SHARES, class_shares=None, design=design)


def simple_audiences(n, successes, shares):
    return [
        AudienceState(f"a{i}", s, k, k, x / k, x / k * (1 - x / k) / (k - 1))
        for i, (k, x, s) in enumerate(zip(n, successes, shares, strict=True))
    ]


def judged(audiences, *, threshold=0.85, alpha=0.05, **kwargs):
    estimate = sum(a.share * a.estimate for a in audiences)
    variance = sum(a.share**2 * a.variance for a in audiences)
    n = sum(a.n_valid for a in audiences)
    return judge(
        estimate,
        variance=variance,
        audiences=audiences,
        n_valid=n,
        df=n - len(audiences),
        threshold=threshold,
        alpha=alpha,
        **kwargs,
    )


@pytest.mark.parametrize("key", ["S0.05", "C.05", "S0.025", "C.10.threshold80"])
def test_recommended_verdict_of_the_county(key):
    case = golden_case("P-county_a-verdict-recommended")
    want = case.expected[key]
    v = verdict(
        county(DESIGNS[key.split(".")[0]]), threshold=want["threshold"], alpha=want["alpha"], confirm=False
    )
    got = {
        "estimate": v.estimate,
        "variance_linearised": v.variance,
        "variance_smoothed": v.variance_smoothed,
        "n": v.n_valid,
        "df": v.df,
        "n_star": v.n_star,
        "threshold": v.threshold,
        "alpha": v.alpha,
        "lower_one_sided": v.lower,
        "upper_one_sided": v.upper,
        "verdict": v.verdict,
        "audiences": [
            {
                "audience": a.audience,
                "estimate": a.estimate,
                "variance": a.variance,
                "kish_n": a.n_eff,
                "variance_smoothed": a.variance_smoothed,
            }
            for a in sorted(v.audiences, key=lambda a: a.audience)
        ],
    }
    assert_matches(got, case, expected=want)


def test_unanimous_tiny_audiences_are_not_trusted():
    case = golden_case("P-verdict-tiny-audiences")
    inline = case.inputs["inline"]
    audiences = simple_audiences(inline["n"], inline["successes"], inline["shares"])
    v = judged(audiences, threshold=inline["threshold"], alpha=inline["alpha"])
    naive = judged(audiences, threshold=inline["threshold"], alpha=inline["alpha"], smoothing=False)
    bounds = [
        {"n_star": x.n_star, "lower_one_sided": x.lower, "upper_one_sided": x.upper} for x in (v, naive)
    ]
    got = {
        "estimate": v.estimate,
        "variance_linearised": v.variance,
        "variance_smoothed": v.variance_smoothed,
        "verdict": v.verdict,
    } | bounds[0]
    assert_matches(got, case)
    assert_matches(bounds[1], case, expected=case.expected["without_smoothing"])


def test_plain_t_verdicts_for_comparison():
    case = golden_case("P-county_a-verdict")
    got = {}
    for key, want in case.expected.items():
        name, domain, variable = key.split(".")
        if variable != "t2_overall":
            continue
        if domain == "composite":
            found = county(DESIGNS[name])
            estimate, variance, df = found.estimate, found.variance, found.df
        else:
            cells, sums = county_sums(TOP2)
            labels = ["overall"] * len(cells) if domain == "overall" else cells.audience
            d = estimate_domains(cells, sums, domain=labels, design=DESIGNS[name])[domain]
            estimate, variance, df = d.estimate, d.se**2, d.df
        v = plain_test(estimate, variance=variance, df=df, threshold=want["threshold"], alpha=want["alpha"])
        got[key] = {
            "estimate": estimate,
            "se": variance**0.5,
            "df": df,
            "threshold": want["threshold"],
            "alpha": want["alpha"],
            "lower_one_sided": v.lower,
            "upper_one_sided": v.upper,
            "t": v.t,
            "p_met": v.p_met,
            "p_not_met": v.p_not_met,
            "verdict": v.verdict,
        }
    assert_matches(got, case, expected={k: v for k, v in case.expected.items() if k in got})


def test_the_point_rule_is_unrounded_and_apart_from_the_verdict():
    audiences = simple_audiences([1000], [849], [1.0])
    v = judged(audiences)
    assert (v.verdict, v.point_rule) == ("undetermined", False)
    assert judged(simple_audiences([1000], [850], [1.0])).point_rule is True


def test_an_audience_below_five_answers_is_not_computable():
    v = judged(simple_audiences([400, 4], [390, 4], [0.9, 0.1]))
    assert v.verdict == "not_computable"
    assert "4 valid answers" in v.reasons[0]
    assert v.lower is None


def test_everyone_satisfied_everywhere_has_an_honest_lower_bound():
    v = judged(simple_audiences([60, 40], [60, 40], [0.5, 0.5]))
    n_star = 1 / (0.25 / 60 + 0.25 / 40) * (stats.t.ppf(0.05, 99) / stats.t.ppf(0.05, 98)) ** 2
    assert v.n_star == pytest.approx(n_star)
    assert v.lower == pytest.approx(0.05 ** (1 / n_star))
    assert v.upper == 1.0


def test_a_mean_score_is_judged_by_t_bounds_on_a_floored_variance():
    found = county(SCHOOLS, IDX)
    v = verdict(found, threshold=85, scale="score")
    assert v.n_star is None
    assert v.variance_smoothed >= v.variance
    margin = stats.t.ppf(0.95, found.df) * v.variance_smoothed**0.5
    assert (v.lower, v.upper) == pytest.approx((found.estimate - margin, found.estimate + margin))


counts = st.integers(min_value=5, max_value=400)


@given(st.lists(st.tuples(counts, st.floats(0, 1)), min_size=1, max_size=6), st.floats(0.02, 0.2))
@settings(max_examples=60, deadline=None)
def test_bounds_hold_the_estimate_and_the_verdict_is_monotone_in_the_threshold(groups, alpha):
    n = [k for k, _ in groups]
    successes = [round(k * p) for k, p in groups]
    audiences = simple_audiences(n, successes, [1 / len(n)] * len(n))
    words = []
    for threshold in np.linspace(0.01, 0.99, 25):
        v = judged(audiences, threshold=float(threshold), alpha=alpha)
        assert v.lower <= v.estimate <= v.upper
        words.append({"met": 0, "undetermined": 1, "not_met": 2}[v.verdict])
    assert words == sorted(words)


@given(
    st.floats(0.001, 0.999),
    st.floats(1e-6, 0.05),
    st.integers(3, 5000),
    st.integers(1, 300),
    st.floats(0.5, 0.99),
)
@settings(max_examples=60, deadline=None)
def test_every_share_interval_stays_inside_0_1_and_holds_the_share(p, variance, n, df, level):
    share = ShareEstimate(p, variance, n, df)
    for form in (korn_graubard, wilson, logit, likelihood):
        interval = form(share, level=level)
        assert -1e-12 <= interval.lower <= p + 1e-12
        assert p - 1e-12 <= interval.upper <= 1 + 1e-12


def test_one_answer_has_no_interval():
    with pytest.raises(NotComputable, match="fewer than two"):
        ShareEstimate(1.0, 0.0, 1, 1)


def test_tipping_point_brings_the_composite_to_the_limit():
    found = county(STRATA)
    parents = found.audience("parent")
    t = tipping_point(
        found.estimate,
        audience="parent",
        share=0.5,
        audience_mean=parents.estimate,
        responses=parents.n,
        population=34774,
        threshold=0.85,
    )
    f = parents.n / 34774
    blended = f * parents.estimate + (1 - f) * t.nonrespondents
    assert found.estimate + 0.5 * (blended - parents.estimate) == pytest.approx(0.85)
    assert t.attainable
    assert t.lowest < 0.85 < t.highest


def test_more_replies_in_the_stated_number_would_decide():
    v = verdict(county(STRATA), threshold=0.86)
    rows = {round(row.truth - v.estimate, 2): row for row in more_replies(v).rows}
    row = rows[0.01]
    z = stats.norm.ppf(0.95) + stats.norm.ppf(0.8)
    new_variance = v.variance_smoothed * v.n_valid / (v.n_valid + row.n_more)
    assert abs(row.truth - 0.86) / new_variance**0.5 == pytest.approx(z, rel=1e-3)
    assert sum(row.best.values()) < row.n_more
    assert max(more_replies(v).allocations, key=lambda a: a.gain_per_answer).audience == "principal"


def test_more_replies_than_people_cannot_be_decided():
    v = verdict(county(STRATA), threshold=0.86)
    everyone = {a.audience: a.n_valid + 10 for a in v.audiences}
    row = more_replies(v, differences=(0.0,), populations=everyone).rows[0]
    assert row.n_more is None
    assert "people" in row.reason
    assert row.best is None
    at_limit = more_replies(replace(v, threshold=v.estimate), differences=(0.0,)).rows[0]
    assert at_limit.n_more is None


def test_an_audience_without_an_answer_is_not_computable():
    cells, sums = county_sums()
    silent = cells.audience == "deputy"
    emptied = CellSums(*(np.where(silent, 0, part) for part in (sums.R, sums.S1, sums.S2)))
    with pytest.raises(NotComputable, match="deputy"):
        estimate_composite(cells, emptied, audience_shares=SHARES, class_shares=None, design=STRATA)


def test_a_class_without_answers_gives_its_share_to_the_nearest_and_says_so():
    from tests.scoring.numeric.county_cells import CLASS_SHARES

    cells, sums = county_sums()
    silent = (cells.audience == "deputy") & (cells.location == "rural")
    emptied = CellSums(*(np.where(silent, 0, part) for part in (sums.R, sums.S1, sums.S2)))
    found = estimate_composite(
        cells, emptied, audience_shares=SHARES, class_shares=CLASS_SHARES, design=STRATA
    )
    assert [(m.audience, m.location, m.into) for m in found.merged] == [("deputy", "rural", "town")]
    inside = estimate_domains(
        cells,
        emptied,
        domain=[f"{a}.{h}" for a, h in zip(cells.audience, cells.location, strict=True)],
        design=STRATA,
    )
    town, urban = inside["deputy.town"].estimate, inside["deputy.urban"].estimate
    expected = (1 - CLASS_SHARES["urban"]) * town + CLASS_SHARES["urban"] * urban
    assert found.audience("deputy").estimate == pytest.approx(expected)
    rural = next(place for place in found.locations if place.location == "rural")
    assert rural.estimate is None and "deputy" in rural.reason
