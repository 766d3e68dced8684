"""Estimates from rows: totals, means, ratios, shares, domains, groups and contrasts, with design-based
errors.

Linearised (Taylor) variances; missing values and domains keep their place in the design. Values agree
with R `survey` 4.1 (`svytotal`, `svymean`, `svyratio`, `svyby`, `svycontrast`). Source: Woodruff 1971;
Binder 1983.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from scoring.numeric.design import SurveyDesign
from scoring.numeric.errors import NotComputable, NumericInputError
from scoring.numeric.intervals import Interval, wald
from scoring.numeric.ratio import block_ratios


@dataclass(frozen=True)
class Estimate:
    """One estimate. se is None when it must not be reported (one answer), df counts as the caller's rule
    says; n is the number of rows with a value in the domain, weighted the sum of their weights."""

    estimate: float | None
    variance: float | None
    df: int
    n: int
    weighted: float = float("nan")

    @property
    def se(self) -> float | None:
        """Standard error in the unit of the estimate."""
        return None if self.variance is None else max(self.variance, 0.0) ** 0.5

    def interval(self, *, level: float = 0.95, normal: bool = False) -> Interval | None:
        """t interval on df, or with `normal` the z interval; None where there is no standard error."""
        if self.estimate is None or self.variance is None or (self.df < 1 and not normal):
            return None
        return wald(self.estimate, variance=self.variance, df=np.inf if normal else self.df, level=level)


@dataclass(frozen=True)
class JointEstimates:
    """Several estimates and their covariance matrix, in the order of `names`."""

    names: tuple[str, ...]
    estimates: tuple[Estimate, ...]
    covariance: np.ndarray

    def contrast(self, factors: Mapping[str, float] | Sequence[float], *, df: int) -> Estimate:
        """Σ factor · estimate with the covariances between them; every name with a factor must have a
        value."""
        if isinstance(factors, Mapping):
            known = {str(k): float(v) for k, v in factors.items()}
            unknown = [k for k in known if k not in self.names]
            if unknown:
                raise NumericInputError(f"'{unknown[0]}' is not one of {', '.join(self.names)}")
            q = np.array([known.get(name, 0.0) for name in self.names])
        else:
            q = np.asarray(factors, float)
        used = q != 0
        values = [e.estimate for e in self.estimates]
        missing = [
            name for name, value, u in zip(self.names, values, used, strict=True) if u and value is None
        ]
        if missing:
            raise NotComputable(f"group '{missing[0]}' has no valid answer", code="empty_block")
        total = float(sum(q[i] * values[i] for i in np.flatnonzero(used)))
        n = sum(e.n for e, u in zip(self.estimates, used, strict=True) if u)
        return Estimate(total, float(q @ self.covariance @ q), df, n)


def _domain(design: SurveyDesign, domain: np.ndarray | None) -> np.ndarray:
    if domain is None:
        return np.ones(len(design), bool)
    mask = np.asarray(domain, bool)
    if len(mask) != len(design):
        raise NumericInputError("the domain must have one entry per row")
    return mask


def _matrix(design: SurveyDesign, values: np.ndarray) -> np.ndarray:
    y = np.asarray(values, float)
    y = y[:, None] if y.ndim == 1 else y
    if len(y) != len(design):
        raise NumericInputError(f"there are {len(y)} values for {len(design)} rows of the design")
    return y


def _joint(
    names: Sequence[str], values: np.ndarray, covariance: np.ndarray, df: int, n: int, weighted: float
) -> JointEstimates:
    estimates = tuple(
        Estimate(
            estimate=float(v) if np.isfinite(v) and n > 0 else None,
            variance=float(covariance[i, i]) if n >= 2 and np.isfinite(v) else None,
            df=df,
            n=n,
            weighted=weighted,
        )
        for i, v in enumerate(values)
    )
    return JointEstimates(tuple(names), estimates, covariance)


def means(
    design: SurveyDesign, values: np.ndarray, *, names: Sequence[str], domain: np.ndarray | None = None
) -> JointEstimates:
    """Weighted means of the columns of `values` (n, k) over the rows of the domain without a missing
    value (nan) in any column. df counts units and strata of the whole domain, missing or not (R `degf`).
    An empty domain gives estimates of None; one answer gives no standard error.
    """
    y, inside = _matrix(design, values), _domain(design, domain)
    valid = inside & ~np.isnan(y).any(axis=1)
    w = np.where(valid, design.weight, 0.0)
    total = w.sum()
    n = int((valid & (design.weight != 0)).sum())
    filled = np.where(valid[:, None], y, 0.0)
    if total == 0:
        k = y.shape[1]
        return _joint(names, np.full(k, np.nan), np.zeros((k, k)), 0, 0, 0.0)
    mean = w @ filled / total
    weighted = (filled - mean) * (w / total)[:, None]
    df = design.degrees_of_freedom(inside)
    return _joint(names, mean, design.covariance(weighted), df, n, float(total))


def totals(
    design: SurveyDesign, values: np.ndarray, *, names: Sequence[str], domain: np.ndarray | None = None
) -> JointEstimates:
    """Weighted totals of the columns over the rows of the domain without a missing value in any column."""
    y, inside = _matrix(design, values), _domain(design, domain)
    valid = inside & ~np.isnan(y).any(axis=1)
    w = np.where(valid, design.weight, 0.0)
    weighted = np.where(valid[:, None], y, 0.0) * w[:, None]
    df = design.degrees_of_freedom(inside)
    n = int((valid & (design.weight != 0)).sum())
    return _joint(names, weighted.sum(axis=0), design.covariance(weighted), df, n, float(w.sum()))


def ratio(
    design: SurveyDesign,
    numerator: np.ndarray,
    denominator: np.ndarray,
    *,
    domain: np.ndarray | None = None,
) -> Estimate:
    """Ratio of two weighted totals over rows of the domain with both values. A zero denominator is not
    computable."""
    top, bottom, inside = (
        np.asarray(numerator, float),
        np.asarray(denominator, float),
        _domain(design, domain),
    )
    valid = inside & ~np.isnan(top) & ~np.isnan(bottom)
    code = np.where(valid, 0, -1)
    found = block_ratios(
        np.where(valid, top, 0.0), np.where(valid, bottom, 0.0), weight=design.weight, block=code, n_blocks=1
    )
    if not np.isfinite(found.ratio[0]):
        raise NotComputable("the denominator of the ratio is zero", code="zero_denominator")
    weighted = np.where(valid, found.linear * design.weight, 0.0)[:, None]
    n = int((valid & (design.weight != 0)).sum())
    variance = float(design.covariance(weighted)[0, 0])
    return Estimate(
        float(found.ratio[0]),
        variance if n >= 2 else None,
        design.degrees_of_freedom(inside),
        n,
        float(found.weighted[0]),
    )


def group_means(
    design: SurveyDesign,
    values: np.ndarray,
    *,
    group: np.ndarray,
    names: Sequence[str],
    valid_df: bool = False,
    covariance: bool = True,
) -> JointEstimates:
    """Means of one variable in disjoint groups with their covariance matrix.

    group: (n,) codes 0..len(names)-1, -1 for rows in no group. df of a group counts its rows, or with
    `valid_df` only its rows with a value. `covariance=False` leaves the matrix diagonal, which is
    quicker with many groups.
    """
    y = np.asarray(values, float)
    size = len(names)
    valid = ~np.isnan(y) & (group >= 0)
    code = np.where(valid, group, -1)
    filled = np.where(valid, y, 0.0)
    found = block_ratios(filled, valid.astype(float), weight=design.weight, block=code, n_blocks=size)
    weighted = np.where(valid, found.linear * design.weight, 0.0)
    result = design.group_covariance(weighted, group=code, n_groups=size, covariance=covariance)
    result = result if covariance else np.diag(result)
    df = design.degrees_of_freedom_by(code if valid_df else np.asarray(group), size)
    counts = np.bincount(code[code >= 0], minlength=size)
    estimates = []
    for b in range(size):
        n = int(counts[b])
        estimates.append(
            Estimate(
                float(found.ratio[b]) if n else None,
                float(result[b, b]) if n >= 2 else None,
                int(df[b]) if n else 0,
                n,
                float(found.weighted[b]),
            )
        )
    return JointEstimates(tuple(str(name) for name in names), tuple(estimates), result)


def design_effect(
    design: SurveyDesign,
    values: np.ndarray,
    *,
    domain: np.ndarray | None = None,
    with_replacement: bool = False,
) -> float:
    """Variance of a mean over that of a simple random sample of the same size.

    Reference variance: n/(n−1) Σw(y−ȳ)²/Σw divided by n, and unless `with_replacement` times (N−n)/N with
    N = Σw. n counts rows of the domain with a value. Not computable when the reference variance is 0, or when
    everybody was asked.
    """
    y, inside = np.asarray(values, float), _domain(design, domain)
    found = means(design, y, names=["y"], domain=inside).estimates[0]
    if found.variance is None:
        raise NotComputable("a design effect needs at least two answers", code="too_few_answers")
    valid = inside & ~np.isnan(y) & (design.weight != 0)
    w = design.weight[valid]
    n, total = int(valid.sum()), float(w.sum())
    element = n / (n - 1) * float(w @ (y[valid] - found.estimate) ** 2) / total
    reference = element / n * (1 if with_replacement else (total - n) / total)
    if element > 0 and reference <= 0:
        raise NotComputable(
            f"the weights add to {total:g} people for {n} answers, so a sample without replacement leaves "
            "nobody out and has no variance; take the reference with replacement",
            code="no_variance",
        )
    if reference <= 0:
        raise NotComputable("all answers are equal: a design effect is not defined", code="no_variance")
    return found.variance / reference
