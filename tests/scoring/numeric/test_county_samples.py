"""Samples drawn from the county: two stages, and an official-style quota sample."""

import numpy as np

from scoring.numeric.cells import Cells, Design
from scoring.numeric.design import survey_design
from scoring.numeric.domains import estimate_domains
from scoring.numeric.estimation import means
from scoring.numeric.intervals import ShareEstimate, all_share_intervals, effective_n
from scoring.numeric.recode import aggregate
from scoring.numeric.verdict import plain_test
from tests.golden_cases import assert_matches, golden_case, read_data
from tests.scoring.numeric.county_cells import (
    CLASS_SHARES,
    STRATA,
    STRATA_FPC,
    variables_of,
)
from tests.scoring.numeric.results import (
    DOMAINS,
    VARIABLES,
    as_result,
    composites,
    domain_results,
    row_estimate,
)


def test_two_stage_sample():
    case = golden_case("P-county_a-twostage")
    rows = read_data("county_a_twostage")
    values = variables_of(rows)
    columns = {"weight": rows["w"], "strata": [rows["class"]]}
    two = survey_design(
        len(rows),
        psu=[rows["school"], rows["resp_id"]],
        population=[rows["M_schools"], rows["N_parents"]],
        **columns,
    )
    ultimate = survey_design(len(rows), psu=[rows["school"]], **columns)
    got = {}
    for key, design in [("two_stage_fpc", two), ("ultimate_cluster", ultimate)]:
        got[key] = {"overall": {}, "class": {}}
        for v in VARIABLES:
            valid = ~np.isnan(values[v])
            got[key]["overall"][v] = row_estimate(
                means(design, values[v], names=[v], domain=valid).estimates[0]
            )
            for place in ("rural", "town", "urban"):
                inside = valid & (rows["class"] == place).to_numpy()
                e = means(design, values[v], names=[v], domain=inside).estimates[0]
                got[key]["class"].setdefault(place, {})[v] = row_estimate(e)
    e = means(ultimate, values["t2_overall"], names=["t2"]).estimates[0]
    share = ShareEstimate(e.estimate, e.variance, e.n, e.df)
    ci = {"estimate": e.estimate, "se": e.se, "n": e.n, "df": e.df}
    ci["n_eff_df_adjusted"] = effective_n(share, cut=False)
    ci["ci"] = {k: i.as_list() for k, i in all_share_intervals(share).items()}
    got["ultimate_cluster"]["ci"] = got["ci"] = ci
    assert_matches(got, case)


def test_quota_sample():
    case = golden_case("P-county_a-quota")
    rows = read_data("county_a_quota")
    values = variables_of(rows)
    group = (rows["audience"] + ":" + rows["class"]).to_numpy()
    held = rows.groupby(["audience", "class"])["resp_id"].transform("size").to_numpy()
    names, code = np.unique(group, return_inverse=True)
    first = np.unique(code, return_index=True)[1]
    cells = Cells(
        audience=rows["audience"].to_numpy()[first],
        location=rows["class"].to_numpy()[first],
        school=np.full(len(names), ""),
        stratum=names,
        n=np.bincount(code),
        weight=(rows["N_cell"].to_numpy() / held)[first],
        stratum_population=rows["N_cell"].to_numpy()[first],
    )
    of_variable = {v: (cells, aggregate(values[v], cell=code, n_cells=len(cells))) for v in VARIABLES}
    nofpc = composites(of_variable, STRATA, CLASS_SHARES)
    top2 = nofpc["t2_overall"]
    test = plain_test(top2["estimate"], variance=top2["se"] ** 2, df=top2["df"], threshold=0.85)
    unweighted = {}
    plain = survey_design(len(rows), weight=None)
    for v in VARIABLES:
        e = means(plain, values[v], names=[v], domain=~np.isnan(values[v])).estimates[0]
        unweighted[v] = {"estimate": e.estimate, "n": e.n, "se": srs_se(values[v])}
    got = {
        "unweighted": unweighted,
        "composite_official": {"nofpc": nofpc, "fpc": composites(of_variable, STRATA_FPC, CLASS_SHARES)},
        "audience": domain_results(of_variable, DOMAINS["audience"], STRATA),
        "verdict": {
            "estimate": top2["estimate"],
            "se": top2["se"],
            "df": top2["df"],
            "threshold": 0.85,
            "alpha": 0.05,
            "lower_one_sided": test.lower,
            "upper_one_sided": test.upper,
            "t": test.t,
            "p_met": test.p_met,
            "p_not_met": test.p_not_met,
            "verdict": test.verdict,
        },
    }
    assert_matches(got, case)


def srs_se(values):
    valid = values[~np.isnan(values)]
    return valid.std(ddof=1) / len(valid) ** 0.5


def test_second_stage_of_sampled_schools_adds_what_rows_give():
    # Parents only, so that cells (school) and rows (school, response) describe the same two stages.
    rows = read_data("county_a_twostage")
    values = variables_of(rows)
    names, code = np.unique(rows["school"], return_inverse=True)
    first = np.unique(code, return_index=True)[1]
    lines = rows.iloc[first]
    cells = Cells(
        audience=np.full(len(names), "parent"),
        location=lines["class"].to_numpy(),
        school=names,
        stratum=names,
        n=np.bincount(code),
        weight=lines["w"].to_numpy(),
        stratum_population=lines["N_parents"].to_numpy(),
    )
    schools = dict(zip(lines["class"], lines["M_schools"], strict=True))
    design = Design("sampled_schools", fpc=True, schools_in_class=schools)
    got = {}
    for v in VARIABLES:
        sums = aggregate(values[v], cell=code, n_cells=len(cells))
        d = estimate_domains(cells, sums, domain=["all"] * len(cells), design=design)["all"]
        got[v] = as_result(d.estimate, d.se, d.df, d.n_valid)
    case = golden_case("P-county_a-twostage")
    assert_matches(got, case, expected=case.expected["two_stage_fpc"]["overall"])
