"""Regression under a survey design: linear and logistic, with design-based standard errors, and t tests.

Source: Binder 1983; Lumley 2010 ch. 5; R `survey` 4.1 `svyglm`, `svyttest` (whose df are the design's
minus one).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import special, stats

from scoring.numeric.design import SurveyDesign
from scoring.numeric.errors import NotComputable, NumericInputError
from scoring.numeric.estimation import means
from scoring.numeric.formula import ModelMatrix

# Family → its canonical link.
_FAMILIES = {
    "gaussian": "identity",
    "quasibinomial": "logit",
    "binomial": "logit",
    "quasipoisson": "log",
    "poisson": "log",
}


@dataclass(frozen=True)
class Coefficient:
    """One coefficient with its t test on the residual degrees of freedom."""

    term: str
    estimate: float
    se: float
    t: float
    p_value: float


@dataclass(frozen=True)
class Regression:
    """Coefficients, their covariance matrix, residual df = design df + 1 − number of coefficients, rows
    used."""

    coefficients: tuple[Coefficient, ...]
    covariance: np.ndarray
    df_residual: int
    n: int


@dataclass(frozen=True)
class DifferenceTest:
    """Difference (or mean) with t statistic, df, two-sided p value and interval."""

    estimate: float
    se: float
    statistic: float
    df: int
    p_value: float
    lower: float
    upper: float


def regress(
    design: SurveyDesign, model: ModelMatrix, *, family: str = "gaussian", domain: np.ndarray | None = None
) -> Regression:
    """Weighted (quasi-)likelihood regression of the model's response.

    family: "gaussian" (identity link), "quasibinomial" (logit link, response in 0..1) or "quasipoisson"
    (log link, response not negative); without "quasi" the same. Rows with a
    missing value or outside the domain keep their place in the design but not in its degrees of freedom.
    Not computable when the auxiliaries are collinear, the logistic fit separates, or no degrees of
    freedom remain.
    """
    if model.response is None:
        raise NumericInputError("a regression needs a response on the left of '~'")
    if family not in _FAMILIES:
        raise NumericInputError(f"family '{family}' is unknown; allowed are {', '.join(_FAMILIES)}")
    if (design.weight < 0).any():
        raise NumericInputError("a regression needs weights of 0 or more; bound the calibration")
    used = ~np.isnan(model.x).any(axis=1) & ~np.isnan(model.response) & (design.weight > 0)
    if domain is not None:
        used &= np.asarray(domain, bool)
    if used.sum() <= len(model.names):
        raise NotComputable("there are no more complete rows than coefficients", code="too_few_answers")
    x, y, w = model.x[used], model.response[used], design.weight[used]
    w = w / w.mean()
    if np.linalg.matrix_rank(x * np.sqrt(w)[:, None]) < x.shape[1]:
        raise NotComputable("the explanatory variables determine each other; leave one out", code="collinear")
    beta, bread, residual = _fit(x, y, w, family)
    weighted = np.zeros((len(design), x.shape[1]))
    weighted[used] = (x * (w * residual)[:, None]) @ bread
    covariance = design.covariance(weighted)
    df = design.degrees_of_freedom(used) + 1 - x.shape[1]
    if df < 1:
        raise NotComputable("the design leaves no degrees of freedom for this regression", code="no_df")
    se = np.sqrt(np.diag(covariance))
    t = np.divide(beta, se, out=np.full_like(beta, np.nan), where=se > 0)
    coefficients = tuple(
        Coefficient(name, float(b), float(s), float(v), float(2 * stats.t.sf(abs(v), df)))
        for name, b, s, v in zip(model.names, beta, se, t, strict=True)
    )
    return Regression(coefficients, covariance, df, int(used.sum()))


def difference_test(
    design: SurveyDesign, model: ModelMatrix, *, level: float = 0.95, domain: np.ndarray | None = None
) -> DifferenceTest:
    """t test of `y ~ group` (two groups, or a slope), or of `y ~ 1` (mean against 0), as R's `svyttest`.

    df are the design's minus one in both cases. The model's second coefficient is tested if it has one.
    """
    if len(model.names) > 2:
        raise NumericInputError("a t test compares two groups; the formula has more than one contrast")
    if len(model.names) == 1:
        if model.response is None:
            raise NumericInputError("a t test needs a response on the left of '~'")
        found = means(design, model.response, names=["mean"], domain=domain).estimates[0]
        if found.se is None or found.estimate is None:
            raise NotComputable("a t test needs at least two answers", code="too_few_answers")
        return _tested(found.estimate, found.se, found.df - 1, level)
    fit = regress(design, model, domain=domain)
    return _tested(fit.coefficients[1].estimate, fit.coefficients[1].se, fit.df_residual, level)


def _tested(estimate: float, se: float, df: int, level: float) -> DifferenceTest:
    if df < 1 or se <= 0:
        raise NotComputable("a t test needs a positive standard error and degrees of freedom", code="no_df")
    t = estimate / se
    half = float(stats.t.ppf((1 + level) / 2, df)) * se
    return DifferenceTest(
        estimate, se, t, df, float(2 * stats.t.sf(abs(t), df)), estimate - half, estimate + half
    )


def _least_squares(x: np.ndarray, y: np.ndarray, w: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    root = np.sqrt(w)
    q, r = np.linalg.qr(x * root[:, None])
    inverse = np.linalg.inv(r)
    return inverse @ (q.T @ (y * root)), inverse @ inverse.T


def _fit(
    x: np.ndarray, y: np.ndarray, w: np.ndarray, family: str
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Coefficients, inverse information and residuals of the score."""
    if _FAMILIES[family] == "identity":
        beta, bread = _least_squares(x, y, w)
        return beta, bread, y - x @ beta
    if _FAMILIES[family] == "logit":
        if ((y < 0) | (y > 1)).any():
            raise NumericInputError(f"a {family} response lies between 0 and 1")
        return _scored(x, y, w, special.logit((w * y + 0.5) / (w + 1)), _LOGISTIC)
    if (y < 0).any():
        raise NumericInputError(f"a {family} response is not negative")
    return _scored(x, y, w, np.log(y + 0.1), _COUNTS)


@dataclass(frozen=True)
class _Likelihood:
    """A family with its canonical link: mean of a linear predictor, variance of a mean, half a deviance."""

    mean: Callable[[np.ndarray], np.ndarray]
    variance: Callable[[np.ndarray], np.ndarray]
    deviance: Callable[[np.ndarray, np.ndarray], np.ndarray]


_LOGISTIC = _Likelihood(
    special.expit,
    lambda mu: mu * (1 - mu),
    lambda y, mu: special.rel_entr(y, mu) + special.rel_entr(1 - y, 1 - mu),
)
_COUNTS = _Likelihood(
    lambda eta: np.exp(np.minimum(eta, 700)),
    lambda mu: mu,
    lambda y, mu: special.rel_entr(y, mu) - (y - mu),
)


def _scored(
    x: np.ndarray, y: np.ndarray, w: np.ndarray, eta: np.ndarray, family: _Likelihood
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Iteratively reweighted least squares, from the linear predictor R starts with.

    The answer is that of the step at which R's `glm` stops (deviance steady to 1e-8), with the weights that
    went into that step, so that standard errors agree with R beyond the sixth digit; the steps go on only to
    see that there is a finite solution.
    """
    beta, mu, found, deviance = np.zeros(x.shape[1]), family.mean(eta), None, np.inf
    spread = np.maximum(family.variance(mu), 1e-300)
    for _ in range(200):
        new, bread = _least_squares(x, eta + (y - mu) / spread, w * spread)
        done = np.max(np.abs(new - beta)) <= 1e-12 * (1 + np.max(np.abs(new)))
        beta, eta, before, last = new, x @ new, spread, deviance
        mu = family.mean(eta)
        spread = np.maximum(family.variance(mu), 1e-300)
        deviance = 2 * float((w * family.deviance(y, mu)).sum())
        if found is None and abs(deviance - last) < 1e-8 * (abs(deviance) + 0.1):
            found = beta, bread, (y - mu) * before / spread
        if done and found is not None and np.abs(eta).max() < 30:
            return found
        if not np.isfinite(eta).all():
            break
    raise NotComputable("the regression separates the answers and has no finite solution", code="separation")
