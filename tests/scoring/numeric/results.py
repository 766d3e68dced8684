"""Results in the words of the reference cases."""

import numpy as np

from scoring.numeric.composite import estimate_composite
from scoring.numeric.domains import estimate_domains
from scoring.numeric.intervals import wald
from scoring.numeric.weighting import kish
from tests.scoring.numeric.county_cells import SHARES, row_sums


def as_result(estimate, se, df=None, n=None):
    """estimate, se, z interval, and with df the t interval."""
    result = {"estimate": estimate, "se": se, "ci_z": wald(estimate, variance=se**2, df=np.inf).as_list()}
    if df is not None:
        result |= {"df": df, "ci_t": wald(estimate, variance=se**2, df=df).as_list()}
    return result if n is None else result | {"n": n}


def row_estimate(e):
    """An `Estimate` from rows."""
    normal, student = e.interval(normal=True), e.interval()
    return {
        "estimate": e.estimate,
        "se": e.se,
        "df": e.df,
        "n": e.n,
        "ci_z": None if normal is None else normal.as_list(),
        "ci_t": None if student is None else student.as_list(),
    }


def domain_results(of_variable, domain, design, **kwargs):
    """{domain: {variable: result}}; of_variable: {name: (cells, sums)}, domain: cells → names."""
    results = {}
    for variable, (cells, sums) in of_variable.items():
        for name, d in estimate_domains(cells, sums, domain=domain(cells), design=design, **kwargs).items():
            if d.se is not None:
                results.setdefault(name, {})[variable] = as_result(d.estimate, d.se, d.df, d.n_valid)
    return results


def weights_report(weights, counts=None):
    """Weights as the reference cases summarise them."""
    report = kish(weights, counts)
    return {
        "sum": report.sum,
        "min": report.min,
        "max": report.max,
        "sum_sq": report.sum_sq,
        "kish_neff": report.n_eff,
        "kish_deff": report.deff_w,
    }


VARIABLES = ("idx_overall", "t2_overall", "idx_all", "t2_all")
DOMAINS = {
    "overall": lambda c: ["all"] * len(c),
    "audience": lambda c: c.audience,
    "class": lambda c: c.location,
    "school-all": lambda c: c.school,
}


def composites(of_variable, design, class_shares=None, **kwargs):
    """{variable: composite}; of_variable: {name: (cells, sums)}."""
    got = {}
    for variable, (cells, sums) in of_variable.items():
        found = estimate_composite(
            cells, sums, audience_shares=SHARES, class_shares=class_shares, design=design, **kwargs
        )
        got[variable] = as_result(found.estimate, found.se, found.df)
    return got


def all_variables(wave="county_a"):
    """{variable: (cells, sums)} of a wave."""
    return {v: row_sums(v, wave) for v in VARIABLES}
