"""The county from its responses: derived items, other rules, several items at once, waves."""

import numpy as np
import pytest

from scoring.numeric.blocks import ItemSums
from scoring.numeric.composite import estimate_composite
from scoring.numeric.design import survey_design
from scoring.numeric.domains import estimate_domains
from scoring.numeric.estimation import design_effect, group_means
from scoring.numeric.item_pairs import item_means
from scoring.numeric.recode import aggregate, all_satisfied, pair_sums
from scoring.numeric.verdict import plain_test
from scoring.numeric.waves import school_changes, wave_change
from scoring.numeric.weighting import kish
from tests.golden_cases import assert_matches, golden_case
from tests.scoring.numeric.county_cells import (
    CLASS_SHARES,
    ITEMS,
    SCHOOLS,
    SHARES,
    STRATA,
    STRATA_FPC,
    cells_of_rows,
    county_rows,
    row_sums,
)
from tests.scoring.numeric.results import (
    DOMAINS,
    VARIABLES,
    all_variables,
    as_result,
    composites,
    domain_results,
)

DESIGNS = {"strata-fpc": STRATA_FPC, "strata-nofpc": STRATA, "cluster": SCHOOLS}


@pytest.mark.parametrize("name", list(DESIGNS))
@pytest.mark.parametrize("domain", ["overall", "audience", "class"])
def test_derived_items_in_every_domain(name, domain):
    got = domain_results(all_variables(), DOMAINS[domain], DESIGNS[name])
    assert_matches(got["all"] if domain == "overall" else got, golden_case(f"P-county_a-{name}-{domain}"))


def test_schools_over_all_audiences():
    case = golden_case("P-county_a-strata-fpc-school-all")
    wanted = {v for school in case.expected.values() for v in school}
    got = domain_results({v: row_sums(v) for v in wanted}, DOMAINS["school-all"], STRATA_FPC)
    assert_matches(got, case)


@pytest.mark.parametrize("name", list(DESIGNS))
@pytest.mark.parametrize("ending, class_shares", [("composite", None), ("composite-official", CLASS_SHARES)])
def test_composite_of_derived_items(name, ending, class_shares):
    assert_matches(
        composites(all_variables(), DESIGNS[name], class_shares), golden_case(f"P-county_a-{name}-{ending}")
    )


def test_composite_of_derived_items_inside_each_class():
    got = {}
    for variable, (cells, sums) in all_variables().items():
        found = estimate_composite(cells, sums, audience_shares=SHARES, class_shares=None, design=STRATA_FPC)
        for place in found.locations:
            got.setdefault(place.location, {})[variable] = as_result(place.estimate, place.se, place.df)
    assert_matches(got, golden_case("P-county_a-strata-fpc-class-composite"))


def test_every_rule_on_the_same_responses():
    case = golden_case("P-county_a-scoring-rules")
    rows, values = county_rows()
    cells, code, _ = cells_of_rows()
    codes = rows[ITEMS].to_numpy(float)
    valid = (codes >= 1) & (codes <= 5)
    overall, ok = codes[:, 7], valid[:, 7]
    rules = {
        "top1": np.where(ok, overall == 5, np.nan),
        "top2": np.where(ok, overall >= 4, np.nan),
        "top3": np.where(ok, overall >= 3, np.nan),
        "top2_dk_not_satisfied": np.where(ok | (overall == 9), ok & (overall >= 4), np.nan),
        "all_items_satisfied": all_satisfied(values["t2"]),
        "score_20_to_100": np.where(ok, 20 * overall, np.nan),
    }
    people = np.bincount(cells.audience_codes[1], weights=cells.n * cells.weight)
    groups = {
        "shares": SHARES,
        "equal": dict.fromkeys(SHARES, 1 / 6),
        "population": dict(zip(map(str, cells.audience_codes[0]), people / people.sum(), strict=True)),
    }
    got = {"top2.pooled_unweighted": {"estimate": np.nanmean(rules["top2"]), "n": int(ok.sum())}}
    pairs = pair_sums(values["t2"], cell=code, n_cells=len(cells))
    for group, shares in groups.items():
        for rule, scores in rules.items():
            sums = aggregate(scores, cell=code, n_cells=len(cells))
            both = [
                estimate_composite(cells, sums, audience_shares=shares, class_shares=None, design=d)
                for d in (STRATA, SCHOOLS)
            ]
            got[f"{rule}.{group}"] = {
                "estimate": both[0].estimate,
                "se_strata_nofpc": both[0].se,
                "se_cluster": both[1].se,
            }
        of_items = [item_means(cells, pairs, design=d, audience_shares=shares) for d in (STRATA, SCHOOLS)]
        got[f"item_mean_top2.{group}"] = {
            "estimate": of_items[0].overall,
            "se_strata_nofpc": of_items[0].overall_se,
            "se_cluster": of_items[1].overall_se,
        }
    assert_matches(got, case)


@pytest.mark.parametrize("group", ["shares", "equal"])
@pytest.mark.parametrize("design, key", [(STRATA, "se_strata_nofpc"), (SCHOOLS, "se_cluster")])
def test_composite_of_the_mean_over_items(group, design, key):
    want = golden_case("P-county_a-scoring-rules").expected[f"item_mean_top2.{group}"]
    _, values = county_rows()
    cells, code, _ = cells_of_rows()
    sums = tuple(aggregate(column, cell=code, n_cells=len(cells)) for column in values["t2"].T)
    pairs = pair_sums(values["t2"], cell=code, n_cells=len(cells))
    shares = SHARES if group == "shares" else dict.fromkeys(SHARES, 1 / 6)
    exact, bound = (
        estimate_composite(cells, s, audience_shares=shares, class_shares=None, design=design)
        for s in (ItemSums(sums, pairs), ItemSums(sums))
    )
    assert (exact.estimate, exact.se) == pytest.approx((want["estimate"], want[key]), rel=1e-9)
    assert bound.estimate == exact.estimate
    assert (exact.exact, bound.exact) == (True, False)
    assert exact.se <= bound.se <= 2.5 * exact.se


def test_mean_of_item_means_with_their_covariances():
    case = golden_case("P-county_a-item-mean-index")
    _, values = county_rows()
    cells, code, _ = cells_of_rows()
    pairs = pair_sums(values["idx"], cell=code, n_cells=len(cells))
    answered = aggregate(values["idx_all"], cell=code, n_cells=len(cells)).R
    parents = cells.audience == "parent"
    got = {}
    for key, design, inside in [
        ("overall", STRATA_FPC, None),
        ("parent", STRATA_FPC, parents),
        ("parent_cluster", SCHOOLS, parents),
    ]:
        found = item_means(cells, pairs, design=design, inside=inside, answered=answered)
        got[key] = as_result(found.overall, found.overall_se, found.df)
    assert_matches(got, case)


def test_change_between_waves():
    case = golden_case("P-county_a-trend")
    both = [all_variables(wave) for wave in ("county_a", "county_a_wave2")]
    got = {}
    for key, design, shares in [
        ("independent", STRATA_FPC, SHARES),
        ("same_schools", SCHOOLS, SHARES),
        ("parent_independent", STRATA_FPC, {"parent": 1.0}),
        ("parent_same_schools", SCHOOLS, {"parent": 1.0}),
    ]:
        got[key] = {}
        for v in VARIABLES:
            c = wave_change(both[0][v], both[1][v], audience_shares=shares, class_shares=None, design=design)
            got[key][v] = as_result(c.difference, c.se, c.df) | {"t": c.t, "p_value": c.p_value}
    assert_matches(got, case)


def test_changes_school_by_school_agree_with_the_schools_own_means():
    one, two = row_sums("t2_overall"), row_sums("t2_overall", "county_a_wave2")
    found = school_changes(one, two, audience="parent", design=STRATA)
    domains = []
    for cells, sums in (one, two):
        parents = np.where(cells.audience == "parent", cells.school, "")
        domains.append(estimate_domains(cells, sums, domain=parents, design=STRATA))
    assert len(found) >= 50
    for school, change in found.items():
        before, after = (d[school] for d in domains)
        assert change.difference == pytest.approx(after.estimate - before.estimate)
        assert change.se == pytest.approx(np.hypot(before.se, after.se))


def test_design_effects_from_rows():
    case = golden_case("P-county_a-deff")
    rows, values = county_rows()
    y = values["t2_overall"]
    linked = rows["school"] != ""
    designs = {
        "strata": survey_design(len(rows), weight=rows["weight"], strata=[rows["stratum"]]),
        "cluster": survey_design(
            len(rows),
            weight=rows["weight"],
            psu=[rows["school"].where(linked, rows["resp_id"])],
            strata=[rows["class"].where(linked, rows["audience"] + ":" + rows["class"])],
        ),
    }
    got = {}
    for key, wanted in case.expected.items():
        got[key] = {}
        for name in wanted:
            inside = (
                ~np.isnan(y) if name == "overall" else ~np.isnan(y) & (rows["audience"] == name).to_numpy()
            )
            report = kish(rows["weight"].to_numpy()[inside])
            got[key][name] = {
                "deff_replace": design_effect(designs[key], y, domain=inside, with_replacement=True),
                "kish_deff": report.deff_w,
                "kish_neff": report.n_eff,
            }
    assert_matches(got, case)


def test_rows_and_tallies_give_the_same_numbers():
    rows, values = county_rows()
    names, audience = np.unique(rows["audience"], return_inverse=True)
    linked = rows["school"] != ""
    design = survey_design(
        len(rows),
        weight=rows["weight"],
        psu=[rows["school"].where(linked, rows["resp_id"])],
        strata=[rows["class"].where(linked, rows["audience"] + ":" + rows["class"])],
    )
    from_rows = group_means(design, values["idx_overall"], group=audience, names=names, valid_df=True)
    whole = from_rows.contrast(SHARES, df=design.degrees_of_freedom(~np.isnan(values["idx_overall"])))
    cells, sums = row_sums("idx_overall")
    composite = estimate_composite(cells, sums, audience_shares=SHARES, class_shares=None, design=SCHOOLS)
    assert (whole.estimate, whole.se, whole.df) == pytest.approx(
        (composite.estimate, composite.se, composite.df), rel=1e-12
    )
    order = [list(names).index(a.audience) for a in composite.audiences]
    np.testing.assert_allclose(
        from_rows.covariance[np.ix_(order, order)], composite.audience_covariance, rtol=1e-9, atol=1e-15
    )


def test_plain_verdicts_of_derived_items():
    case = golden_case("P-county_a-verdict")
    for key, want in case.expected.items():
        name, domain, variable = key.split(".")
        design = {"S0": STRATA, "C": SCHOOLS}[name]
        if domain == "composite":
            found = composites({variable: row_sums(variable)}, design)[variable]
        else:
            labels = DOMAINS["overall"] if domain == "overall" else DOMAINS["audience"]
            part = domain_results({variable: row_sums(variable)}, labels, design)
            found = part["all" if domain == "overall" else domain][variable]
        v = plain_test(
            found["estimate"], variance=found["se"] ** 2, df=found["df"], threshold=want["threshold"]
        )
        got = {
            "estimate": found["estimate"],
            "se": found["se"],
            "df": found["df"],
            "threshold": 0.85,
            "alpha": 0.05,
            "lower_one_sided": v.lower,
            "upper_one_sided": v.upper,
            "t": v.t,
            "p_met": v.p_met,
            "p_not_met": v.p_not_met,
            "verdict": v.verdict,
        }
        assert_matches(got, case, expected=want)
