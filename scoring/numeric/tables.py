"""Tests of association in a two-way table under a survey design.

Source: Rao and Scott 1981, 1984; Koch, Freeman and Freeman 1975; Thomas and Rao 1990; R `survey` 4.1
`svychisq`.
"""

from dataclasses import dataclass

import numpy as np
from scipy import stats

from scoring.numeric.design import SurveyDesign
from scoring.numeric.errors import NotComputable, NumericInputError
from scoring.numeric.estimation import means, totals

STATISTICS = ("F", "Chisq", "Wald", "adjWald")


@dataclass(frozen=True)
class AssociationTest:
    """statistic, its degrees of freedom (numerator, denominator; one number for Chisq), p value, mean
    generalised design effect of the cells (nan for Wald tests), weighted shares of the table (rows ×
    columns)."""

    statistic: float
    df: tuple[float, ...]
    p_value: float
    mean_deff: float
    table: np.ndarray


def association_test(
    design: SurveyDesign,
    rows: np.ndarray,
    columns: np.ndarray,
    *,
    statistic: str = "F",
    domain: np.ndarray | None = None,
) -> AssociationTest:
    """Test that two categorical variables are independent.

    rows, columns: (n,) codes 0..r-1 and 0..c-1, -1 where missing. statistic: "F" (Rao–Scott second order,
    the default), "Chisq" (first order: the unscaled Pearson X² is reported, df and p after division by
    the mean design effect), "Wald", "adjWald". domain: (n,) booleans, None for all. Rows of the domain with
    a missing variable stay in the design, and in the sample size to which the Pearson table is scaled, as
    in R. Not computable with fewer than two used categories, or when an empty cell makes the covariance of
    the table singular.
    """
    if statistic not in STATISTICS:
        raise NumericInputError(f"statistic '{statistic}' is unknown; allowed are {', '.join(STATISTICS)}")
    inside = np.ones(len(design), bool) if domain is None else np.asarray(domain, bool)
    rows, columns = np.where(inside, rows, -1), np.where(inside, columns, -1)
    r, c = int(np.max(rows)) + 1, int(np.max(columns)) + 1
    if r < 2 or c < 2:
        raise NotComputable("a table needs at least two categories each way", code="one_category")
    nu = design.degrees_of_freedom(inside)
    # Cells in R's order: the row variable varies fastest.
    both = (rows >= 0) & (columns >= 0)
    cell = np.where(both, rows + r * columns, -1)
    indicators = np.where(both[:, None], np.arange(r * c) == cell[:, None], np.nan).astype(float)
    names = [f"{i},{j}" for j in range(c) for i in range(r)]
    if statistic in ("Wald", "adjWald"):
        return _wald(design, indicators, names, r, c, nu, adjusted=statistic == "adjWald")
    found = means(design, indicators, names=names)
    share = np.array([e.estimate for e in found.estimates], float)
    if np.isnan(share).any():
        raise NotComputable("no row has both variables", code="no_valid_answers")
    n = int(inside.sum())
    table = share.reshape(c, r).T
    expected = np.outer(table.sum(axis=1), table.sum(axis=0))
    if (expected <= 0).any():
        raise NotComputable("a category has no weighted answers", code="empty_category")
    pearson = float(n * ((table - expected) ** 2 / expected).sum())
    contrasts = _interaction_contrasts(r, c)
    inverse = np.divide(1.0, share, out=np.zeros_like(share), where=share != 0)
    reference = contrasts.T @ (contrasts * (inverse / n)[:, None])
    scaled = contrasts * inverse[:, None]
    try:
        delta = np.linalg.solve(reference, scaled.T @ found.covariance @ scaled)
    except np.linalg.LinAlgError as error:
        raise NotComputable("empty cells leave the table without a test", code="empty_cells") from error
    trace = float(np.trace(delta))
    mean_deff = trace / len(delta)
    if statistic == "Chisq":
        df = len(delta)
        return AssociationTest(
            pearson, (float(df),), float(stats.chi2.sf(pearson / mean_deff, df)), mean_deff, table
        )
    d0 = trace**2 / float(np.trace(delta @ delta))
    f = pearson / trace
    return AssociationTest(f, (d0, d0 * nu), float(stats.f.sf(f, d0, d0 * nu)), mean_deff, table)


def _wald(
    design: SurveyDesign, indicators: np.ndarray, names: list[str], r: int, c: int, nu: int, *, adjusted: bool
) -> AssociationTest:
    """Wald test of observed minus expected counts on (r−1)(c−1) cells, by linearisation."""
    found = totals(design, indicators, names=names)
    count = np.array([e.estimate for e in found.estimates], float)
    table = count.reshape(c, r).T
    total, row, column = table.sum(), table.sum(axis=1), table.sum(axis=0)
    k = (r - 1) * (c - 1)
    slopes, differences = [], []
    for j in range(1, c):
        for i in range(1, r):
            expected = row[i] * column[j] / total
            differences.append(table[i, j] - expected)
            # d(row · column / total): every cell moves the total, its row and its column.
            d = np.full((r, c), expected / total)
            d[i, :] -= column[j] / total
            d[:, j] -= row[i] / total
            d[i, j] += 1
            slopes.append(d.T.ravel())
    jacobian, difference = np.array(slopes), np.array(differences)
    covariance = jacobian @ found.covariance @ jacobian.T
    try:
        quadratic = float(difference @ np.linalg.solve(covariance, difference))
    except np.linalg.LinAlgError as error:
        raise NotComputable("empty cells leave the table without a Wald test", code="empty_cells") from error
    df2 = nu - k + 1 if adjusted else nu
    if df2 < 1:
        raise NotComputable("the design has too few degrees of freedom for this test", code="no_df")
    f = quadratic * df2 / (k * nu) if adjusted else quadratic / k
    return AssociationTest(
        f, (float(k), float(df2)), float(stats.f.sf(f, k, df2)), float("nan"), table / total
    )


def _interaction_contrasts(r: int, c: int) -> np.ndarray:
    """(r·c, (r−1)(c−1)) interactions orthogonal to the main effects, row variable fastest."""
    i, j = np.tile(np.arange(r), c), np.repeat(np.arange(c), r)
    row = (i[:, None] == np.arange(1, r)).astype(float)
    column = (j[:, None] == np.arange(1, c)).astype(float)
    main = np.column_stack([np.ones(r * c), row, column])
    crossed = np.column_stack([row[:, a] * column[:, b] for b in range(c - 1) for a in range(r - 1)])
    q, _ = np.linalg.qr(main)
    return crossed - q @ (q.T @ crossed)
