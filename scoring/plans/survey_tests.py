"""Tests and regressions of a plan, under its declared design."""

import re

import numpy as np
import pandas as pd

from scoring.numeric.formula import complete_model, one_sided_variables
from scoring.numeric.regression import difference_test, regress
from scoring.numeric.tables import association_test
from scoring.plans.answer_table import column
from scoring.plans.errors import PlanError
from scoring.plans.job import Job, domain_mask
from scoring.plans.sampling import sample_of


def t_test(job: Job) -> dict:
    """Difference of two groups (or a mean against 0) as R's svyttest."""
    sample = sample_of(job)
    # R writes the one-sample test as y ~ 0 as well as y ~ 1.
    formula = re.sub(r"~\s*0\s*$", "~ 1", job.need("formula"))
    domain = domain_mask(sample.table, job.parameters.get("domain"))
    model = complete_model(formula, sample.frame, domain=domain)
    found = difference_test(sample.design, model, level=job.level, domain=domain)
    return {
        "estimate": found.estimate,
        "se": found.se,
        "statistic": found.statistic,
        "df": found.df,
        "p_value": found.p_value,
        "ci": [found.lower, found.upper],
    }


def independence(job: Job) -> dict:
    """Test of association of two categorical variables; the version is read from parameters."""
    sample = sample_of(job)
    names = one_sided_variables(job.need("formula"))
    if len(names) != 2:
        raise PlanError(f"parameters.formula must name two variables; it names {', '.join(names)}")
    domain = domain_mask(sample.table, job.parameters.get("domain"))
    inside = np.ones(len(sample.table), bool) if domain is None else domain
    codes = []
    for name in names:
        values = column(sample.frame, name, "parameters.formula")
        # Only categories that occur in the domain make a row or a column of the table.
        codes.append(pd.factorize(values.where(inside), sort=True)[0])
    found = association_test(sample.design, codes[0], codes[1], statistic=_statistic(job), domain=domain)
    df = found.df[0] if len(found.df) == 1 else list(found.df)
    return {
        "statistic": found.statistic,
        "df": df,
        "p_value": found.p_value,
        "mean_deff": found.mean_deff,
        "table": found.table,
    }


def regression(job: Job) -> dict:
    """Linear or logistic regression under the design."""
    sample = sample_of(job)
    domain = domain_mask(sample.table, job.parameters.get("domain"))
    model = complete_model(job.need("formula"), sample.frame, domain=domain)
    family = job.parameters.get("family", "gaussian")
    found = regress(sample.design, model, family=family, domain=domain)
    return {
        "df_residual": found.df_residual,
        "n": found.n,
        "coefficients": [vars(c) for c in found.coefficients],
    }


def _statistic(job: Job) -> str:
    stated = job.parameters.get("statistic")
    if stated is not None:
        return str(stated)
    version = str(job.parameters.get("version", "second order")).lower()
    if "adjusted wald" in version or "adjwald" in version:
        return "adjWald"
    if "wald" in version:
        return "Wald"
    return "Chisq" if "first order" in version else "F"
