"""The county of the reference cases, from option counts alone, against R survey on the 12,054 rows."""

import numpy as np
import pytest

from scoring.numeric.cells import Cells, Design
from scoring.numeric.composite import estimate_composite
from scoring.numeric.domains import estimate_domains
from scoring.numeric.intervals import ShareEstimate, all_share_intervals, effective_n
from scoring.numeric.item_pairs import item_means
from scoring.numeric.recode import CellSums, PairSums, cell_sums, score_vector
from tests.golden_cases import assert_matches, golden_case, golden_cases, read_data
from tests.scoring.numeric.county_cells import (
    CLASS_SHARES,
    CODES,
    IDX,
    SCHOOLS,
    SHARES,
    STRATA,
    STRATA_FPC,
    TOP2,
    county_from_tallies,
    county_sums,
)
from tests.scoring.numeric.results import as_result

VARIABLES = {"idx_overall": IDX, "t2_overall": TOP2}
DESIGNS = {"strata-fpc": STRATA_FPC, "strata-nofpc": STRATA, "cluster": SCHOOLS}
# The respondent's mean over items is a derived item with its own tally; these cases are checked from rows.
FROM_ROWS = ("idx_all", "t2_all")


def domain_results(domain_of, design, items=None):
    """{domain: {variable: result}} of the overall item, or {domain: …} of the whole county."""
    results = {}
    for variable, scores in VARIABLES.items():
        cells, sums = county_sums(scores)
        for name, d in estimate_domains(cells, sums, domain=domain_of(cells), design=design).items():
            if d.se is not None:
                results.setdefault(name, {})[variable] = as_result(d.estimate, d.se, d.df, d.n_valid)
    return results


def design_of(case):
    return next(design for name, design in DESIGNS.items() if f"-{name}-" in case.id)


@pytest.mark.parametrize("case", golden_cases("county_mean"), ids=lambda c: c.id)
def test_population_weighted_county_mean(case):
    got = domain_results(lambda cells: ["all"] * len(cells), design_of(case))["all"]
    assert_matches(got, case, ignore=FROM_ROWS)


DOMAINS = {
    "-audience": lambda c: c.audience,
    "-class": lambda c: c.location,
    "-audience-class": lambda c: [f"{a}.{h}" for a, h in zip(c.audience, c.location, strict=True)],
    "-school-parent": lambda c: np.where(c.audience == "parent", c.school, ""),
    "-school-student": lambda c: np.where(c.audience == "student", c.school, ""),
    "-school-teacher": lambda c: np.where(c.audience == "teacher", c.school, ""),
    "-school-all": lambda c: c.school,
}


@pytest.mark.parametrize(
    "case",
    golden_cases("domain_mean", file="04_county"),
    ids=lambda c: c.id,
)
def test_domains_of_the_county(case):
    ending = max((e for e in DOMAINS if case.id.endswith(e)), key=len)
    assert_matches(domain_results(DOMAINS[ending], design_of(case)), case, ignore=FROM_ROWS)


@pytest.mark.parametrize("name", list(DESIGNS))
@pytest.mark.parametrize("ending, class_shares", [("composite", None), ("composite-official", CLASS_SHARES)])
def test_fixed_share_composite(name, ending, class_shares):
    got = {}
    for variable, scores in VARIABLES.items():
        cells, sums = county_sums(scores)
        found = estimate_composite(
            cells, sums, audience_shares=SHARES, class_shares=class_shares, design=DESIGNS[name]
        )
        got[variable] = as_result(found.estimate, found.se, found.df)
    assert_matches(got, golden_case(f"P-county_a-{name}-{ending}"), ignore=FROM_ROWS)


def test_composite_inside_each_class():
    got = {}
    for variable, scores in VARIABLES.items():
        cells, sums = county_sums(scores)
        found = estimate_composite(cells, sums, audience_shares=SHARES, class_shares=None, design=STRATA_FPC)
        for place in found.locations:
            got.setdefault(place.location, {})[variable] = as_result(place.estimate, place.se, place.df)
    assert_matches(got, golden_case("P-county_a-strata-fpc-class-composite"), ignore=FROM_ROWS)


def test_reference_from_tallies():
    case = golden_case("P-county_a-from-tallies")
    got = {
        "strata_fpc": {
            "overall": domain_results(lambda c: ["all"] * len(c), STRATA_FPC)["all"],
            "audience": domain_results(lambda c: c.audience, STRATA_FPC),
            "composite": composite_results(STRATA_FPC),
        },
        "cluster": {"composite": composite_results(SCHOOLS)},
        "response_counts": response_counts(),
    }
    assert_matches(got, case, ignore=("raked",))


def composite_results(design):
    results = {}
    for variable, scores in VARIABLES.items():
        cells, sums = county_sums(scores)
        found = estimate_composite(cells, sums, audience_shares=SHARES, class_shares=None, design=design)
        results[variable] = as_result(found.estimate, found.se, found.df)
    return results


def response_counts():
    cells, _, _ = county_from_tallies()
    return {a: float(cells.n[cells.audience == a].sum()) for a in set(cells.audience)}


@pytest.mark.parametrize("case_id", ["P-county_a-from-cells", "P-county_a-from-cells-cluster"])
def test_sums_of_squares_per_cell_suffice(case_id):
    case = golden_case(case_id)
    frame = read_data("county_a_cells")
    strata = read_data("county_a_strata").drop_duplicates("stratum").set_index("stratum")
    cells = Cells(
        audience=frame["audience"].to_numpy(),
        location=frame["class"].to_numpy(),
        school=frame["school"].fillna("").to_numpy(),
        stratum=frame["stratum"].to_numpy(),
        n=frame["n"].to_numpy(),
        weight=strata["weight"].loc[frame["stratum"]].to_numpy(),
        stratum_population=strata["N_stratum"].loc[frame["stratum"]].to_numpy(),
    )
    variables = ("idx_overall", "t2_overall", "idx_all")
    sums = {
        v: CellSums(*(frame[f"{v}_{part}"].to_numpy(float) for part in ("n", "s", "ss"))) for v in variables
    }

    def group(domain, design):
        found = {}
        for v in variables:
            for name, d in estimate_domains(cells, sums[v], domain=domain, design=design).items():
                found.setdefault(name, {})[v] = as_result(d.estimate, d.se, d.df, d.n_valid)
        return found

    def composite(design):
        found = {}
        for v in variables:
            c = estimate_composite(cells, sums[v], audience_shares=SHARES, class_shares=None, design=design)
            found[v] = as_result(c.estimate, c.se, c.df)
        return found

    def everything(design):
        return {
            "overall": group(["all"] * len(cells), design)["all"],
            "audience": group(frame["audience"], design),
            "composite": composite(design),
        }

    cross = [frame[f"cross_{part}"].to_numpy(float) for part in ("overall_ss", "overall_all", "all_ss")]
    n, one, two = (frame[f"cross_{part}"].to_numpy(float) for part in ("n", "overall_s", "all_s"))
    pairs = PairSums(
        *(
            np.stack(p, axis=1).reshape(-1, 2, 2)
            for p in ([n] * 4, [one, one, two, two], [*cross[:2], *cross[1:]])
        )
    )
    both = item_means(cells, pairs, design=STRATA_FPC)
    if case_id.endswith("cluster"):
        got = everything(SCHOOLS)
        got["parent"] = got["audience"]["parent"]
    else:
        school_parent = np.where(cells.audience == "parent", cells.school, "")
        got = {
            "strata_fpc": everything(STRATA_FPC),
            "strata_nofpc": everything(STRATA),
            "school_parent": group(school_parent, STRATA_FPC),
            "covariance_idx_overall_idx_all": {
                "estimate": list(both.mean),
                "covariance": [list(row) for row in both.covariance],
            },
        }
    assert_matches(got, case)


RULES = {
    "top1": {1: 0, 2: 0, 3: 0, 4: 0, 5: 1},
    "top2": {1: 0, 2: 0, 3: 0, 4: 1, 5: 1},
    "top3": {1: 0, 2: 0, 3: 1, 4: 1, 5: 1},
    "top2_dk_not_satisfied": {1: 0, 2: 0, 3: 0, 4: 1, 5: 1, "dont_know": 0},
    "score_20_to_100": {code: 20 * code for code in range(1, 6)},
}


def test_other_scoring_rules_of_the_same_tallies():
    case = golden_case("P-county_a-scoring-rules")
    frame = read_data("county_a_strata").drop_duplicates("stratum")
    people = frame.groupby("audience")["N_stratum"].sum()
    groups = {
        "shares": SHARES,
        "equal": dict.fromkeys(SHARES, 1 / 6),
        "population": (people / people.sum()).to_dict(),
    }
    got = {}
    for rule, points in RULES.items():
        cells, sums = county_sums(score_vector(CODES, points))
        for group, shares in groups.items():
            strata, schools = (
                estimate_composite(cells, sums, audience_shares=shares, class_shares=None, design=d)
                for d in (STRATA, SCHOOLS)
            )
            got[f"{rule}.{group}"] = {
                "estimate": strata.estimate,
                "se_strata_nofpc": strata.se,
                "se_cluster": schools.se,
            }
        got[f"{rule}.pooled_unweighted"] = {"estimate": sums.S1.sum() / sums.R.sum(), "n": sums.R.sum()}
    wanted = {k: v for k, v in case.expected.items() if k in got}
    assert len(wanted) >= 15
    assert_matches(got, case, expected=wanted)


@pytest.mark.parametrize(
    "case_id, design",
    [("P-county_a-proportion-ci", STRATA_FPC), ("P-county_a-proportion-ci-cluster", SCHOOLS)],
)
def test_intervals_of_the_county_share(case_id, design):
    case = golden_case(case_id)
    cells, sums = county_sums(TOP2)
    found = estimate_domains(cells, sums, domain=["overall"] * len(cells), design=design)
    found |= estimate_domains(cells, sums, domain=cells.audience, design=design)
    got = {}
    for name, d in found.items():
        share = ShareEstimate(d.estimate, d.se**2, d.n_valid, d.df)
        got[name] = {
            "estimate": d.estimate,
            "se": d.se,
            "n": d.n_valid,
            "df": d.df,
            "n_eff_df_adjusted": effective_n(share, cut=False),
            "ci": {key: interval.as_list() for key, interval in all_share_intervals(share).items()},
        }
    assert_matches(got, case)


@pytest.mark.parametrize("case", golden_cases("item_means"), ids=lambda c: c.id)
def test_every_item(case):
    got = {}
    cluster = case.id.endswith("cluster")
    for item in case.expected:
        if not item.startswith("q"):
            continue
        for name, scores in (("idx", IDX), ("t2", TOP2)):
            cells, sums = county_sums(scores, item)
            if cluster:
                domain = np.where(cells.audience == "parent", "parent", "")
                d = estimate_domains(cells, sums, domain=domain, design=SCHOOLS)["parent"]
            else:
                d = estimate_domains(cells, sums, domain=["all"] * len(cells), design=STRATA_FPC)["all"]
            c = estimate_composite(cells, sums, audience_shares=SHARES, class_shares=None, design=STRATA_FPC)
            overall = as_result(d.estimate, d.se, d.df, d.n_valid)
            composite = as_result(c.estimate, c.se, c.df)
            parts = got.setdefault(item, {"overall": {}, "composite": {}})
            parts[f"{name}_{item}"] = parts["overall"][f"{name}_{item}"] = overall
            parts["composite"][f"{name}_{item}"] = composite
    assert_matches(got, case)


def test_an_impossible_design_is_refused_in_words():
    for wrong, words in [
        ({"kind": "random", "fpc": False}, "all_schools"),
        ({"kind": "all_schools", "fpc": None}, "finite population"),
        ({"kind": "sampled_schools", "fpc": True}, "number of schools"),
        ({"kind": "all_schools", "fpc": False, "schools_in_class": {"rural": 3}}, "remove schools_in_class"),
    ]:
        with pytest.raises(ValueError, match=words):
            Design(**wrong)


def test_counts_become_sums():
    got = cell_sums(np.array([[2, 3, 4], [0, 0, 5]]), score_vector(["a", "b", "dk"], {"a": 100, "b": 50}))
    assert got.R.tolist() == [5, 0]
    assert got.S1.tolist() == [350, 0]
    assert got.S2.tolist() == [27500, 0]


def test_design_effect_of_an_audience():
    want = golden_case("P-county_a-deff").expected["cluster"]
    cells, sums = county_sums(TOP2)
    found = estimate_composite(cells, sums, audience_shares=SHARES, class_shares=None, design=SCHOOLS)
    for name in ("parent", "student", "teacher"):
        assert found.audience(name).deff == pytest.approx(want[name]["deff_replace"], rel=1e-9)
