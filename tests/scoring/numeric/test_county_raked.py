"""The county raked to three margins, trimmed and raked again, and jackknifed with new weights."""

import numpy as np

from scoring.numeric.blocks import MarginCalibration
from scoring.numeric.cells import Cells
from scoring.numeric.jackknife import jackknife
from scoring.numeric.raking import Margin, rake
from scoring.numeric.recode import aggregate
from scoring.numeric.trimming import default_caps, trim_and_rake
from tests.golden_cases import assert_matches, golden_case, read_data
from tests.scoring.numeric.county_cells import (
    STRATA,
    cells_of_rows,
    county_rows,
)
from tests.scoring.numeric.results import (
    DOMAINS,
    VARIABLES,
    as_result,
    composites,
    domain_results,
    weights_report,
)

MARGINS = ("class", "grade_band", "gender")


def audience_margins(lines):
    """The three margins, crossed with the audience, with their totals."""
    table = read_data("county_a_margins")
    return [
        Margin(
            f"audience.{m}",
            (lines["audience"] + "." + lines[m]).to_numpy(),
            table[table["margin"] == f"audience.{m}"].set_index("category")["N"].to_dict(),
        )
        for m in MARGINS
    ]


def raked_county():
    """Cells by grade and gender, base and raked weights, and the calibration for the standard errors."""
    cells, code, lines = cells_of_rows(margins=True)
    margins = audience_margins(lines)
    people = {}
    for category, total in margins[0].totals.items():
        audience = category.split(".")[0]
        people[audience] = people.get(audience, 0) + total
    names, audience = cells.audience_codes
    held = np.bincount(audience, weights=cells.n)
    base = np.array([people[str(name)] for name in names])[audience] / held[audience]
    raked = rake(base, margins, counts=cells.n)
    by_audience = Cells(
        audience=cells.audience,
        location=cells.location,
        school=cells.school,
        stratum=cells.audience,
        n=cells.n,
        weight=raked.weights,
    )
    calibration = MarginCalibration([m.category for m in margins], base)
    return by_audience, code, margins, raked, base, calibration


def first_weights(weights, code, n=10):
    rows, _ = county_rows()
    return [{"resp_id": r, "weight": w} for r, w in zip(rows["resp_id"][:n], weights[code][:n], strict=True)]


def test_raked_county_with_calibrated_standard_errors():
    case = golden_case("P-county_a-raked")
    cells, code, _, raked, _, calibration = raked_county()
    _, values = county_rows()
    of_variable = {v: (cells, aggregate(values[v], cell=code, n_cells=len(cells))) for v in VARIABLES}

    def domains(name):
        return domain_results(of_variable, DOMAINS[name], STRATA, calibration=calibration)

    got = {
        "weights": weights_report(raked.weights, cells.n),
        "g_range": [raked.g_lowest, raked.g_highest],
        "first10": first_weights(raked.weights, code),
        "overall": domains("overall")["all"],
        "audience": domains("audience"),
        "class": domains("class"),
        "composite": composites(of_variable, STRATA, calibration=calibration),
    }
    assert_matches(got, case)
    tallies = golden_case("P-county_a-from-tallies")
    assert_matches(got, tallies, expected=tallies.expected["raked"])


def test_trimming_with_renewed_raking():
    case = golden_case("P-county_a-trim-rerake")
    cells, code, margins, raked, _, _ = raked_county()
    caps = default_caps(margins, cells.audience, counts=cells.n)
    trimmed = trim_and_rake(raked.weights, margins, group=cells.audience, caps=caps, counts=cells.n)
    _, values = county_rows()
    means_of = {}
    for v in VARIABLES:
        sums = aggregate(values[v], cell=code, n_cells=len(cells))
        means_of[v] = trimmed.weights @ sums.S1 / (trimmed.weights @ sums.R)
    got = {
        "weights": weights_report(trimmed.weights, cells.n),
        "n_at_cap": trimmed.n_at_cap,
        "caps": caps,
        "means": means_of,
        "first10": first_weights(trimmed.weights, code),
    }
    assert_matches(got, case)


def test_jackknife_with_weights_adjusted_in_every_replicate():
    case = golden_case("P-county_a-jackknife")
    cells, code, lines = cells_of_rows(margins=True)
    _, values = county_rows()
    parents = cells.audience == "parent"
    sums = {v: aggregate(values[v], cell=code, n_cells=len(cells)) for v in ("idx_overall", "t2_overall")}
    n = cells.n[parents]
    totals = case.parameters["margins"]
    margins = {m: Margin(m, lines[m][parents].to_numpy(), totals[m]) for m in MARGINS}

    def statistic(w):
        return [w @ s.S1[parents] / (w @ s.R[parents]) for s in sums.values()]

    ways = {
        "plain": None,
        "poststratified_class": lambda w: rake(w, [margins["class"]], counts=n).weights,
        "raked": lambda w: rake(w, list(margins.values()), counts=n).weights,
    }
    got = {}
    for key, reweight in ways.items():
        found = jackknife(
            cells.weight[parents],
            unit=cells.school[parents],
            stratum=cells.location[parents],
            statistic=statistic,
            reweight=reweight,
        )
        got[key] = {v: as_result(found.estimate[i], found.se[i], found.df) for i, v in enumerate(sums)}
    assert_matches(got, case)
