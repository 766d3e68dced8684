"""Schools with covariates: the area-level model of Fay and Herriot.

y_j = x_j'β + u_j + e_j with Var(u) = A between schools and known sampling variances v_j (smooth them first as
p̄(1−p̄)/n_j: a school where all agree does not have variance 0). The estimate of a school is a mix of its own
figure and of what its covariates predict.

Sources: Fay and Herriot 1979; Prasad and Rao 1990; Datta, Rao and Smith 2005; Rao and Molina 2015, chapter 6.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy import optimize

from scoring.numeric.errors import NotComputable, NumericInputError

Method = Literal["REML", "ML", "moment"]


@dataclass(frozen=True)
class FayHerriot:
    """Model and one entry per area in the order given; `beta` begins with the intercept."""

    sigma2_area: float  # A, variance between areas; 0 = the covariates explain all
    beta: np.ndarray
    beta_se: np.ndarray
    estimate: np.ndarray  # EBLUP
    se_no_hyper: np.ndarray  # includes the uncertainty of beta, not that of A
    mse: np.ndarray  # Prasad–Rao: also that of A
    shrinkage: np.ndarray  # A/(A+v): weight of the area's own figure, 0 where it has none
    synthetic: np.ndarray  # x'β alone
    method: Method


def fay_herriot(
    y: ArrayLike, *, variance: ArrayLike, covariates: ArrayLike | None = None, method: Method = "REML"
) -> FayHerriot:
    """EBLUP of every area.

    `y`: direct figures (NaN = area without answers, gets the synthetic value); `variance`: their sampling
    variances > 0; `covariates`: areas × columns without the intercept, None = intercept only. `method`:
    "REML", "ML", or "moment", Fay and Herriot's Σ(y−x'β)²/(v+A) = m − p solved exactly (metafor's "PM").
    A = 0 is allowed. Not computable: no more areas with a figure than coefficients, or covariates that repeat
    each other. Equals metafor `rma` + `blup` and samplics.
    """
    direct, v = np.asarray(y, dtype=float), np.asarray(variance, dtype=float)
    if direct.ndim != 1 or v.shape != direct.shape:
        raise NumericInputError("one figure and one sampling variance per area")
    x = np.ones((len(direct), 1))
    if covariates is not None:
        columns = np.asarray(covariates, dtype=float)
        columns = columns[:, None] if columns.ndim == 1 else columns
        if len(columns) != len(direct) or not np.isfinite(columns).all():
            raise NumericInputError("every area needs a value of every covariate")
        x = np.column_stack([x, columns])
    seen = ~np.isnan(direct)
    if not (np.isfinite(v[seen]).all() and np.all(v[seen] > 0)):
        raise NumericInputError("sampling variances must be positive; smooth those of unanimous areas")
    m, p = int(seen.sum()), x.shape[1]
    if m <= p:
        raise NotComputable(f"{m} areas with a figure for {p} coefficients", code="too_few_areas")
    if np.linalg.matrix_rank(x[seen]) < p:
        raise NotComputable("the covariates repeat each other", code="collinear")
    model = _Model(direct[seen], v[seen], x[seen])
    a = model.area_variance(method)
    beta, beta_cov, w, _ = model.fit(a)
    synthetic = x @ beta
    gamma = np.zeros(len(direct))
    gamma[seen] = a / (a + v[seen])
    estimate = np.where(seen, gamma * np.where(seen, direct, 0.0) + (1 - gamma) * synthetic, synthetic)
    g1 = np.full(len(direct), a)
    g1[seen] = gamma[seen] * v[seen]
    g2 = (1 - gamma) ** 2 * np.einsum("ij,jk,ik->i", x, beta_cov, x)
    g3 = np.zeros(len(direct))
    if method == "moment":
        variance_of_a = 2 * m / w.sum() ** 2
        bias = 2 * (m * (w**2).sum() - w.sum() ** 2) / w.sum() ** 3
    else:
        variance_of_a = 2 / (w**2).sum()
        bias = 0.0 if method == "REML" else -np.trace(beta_cov @ (x[seen].T * w**2) @ x[seen]) / (w**2).sum()
    g3[seen] = v[seen] ** 2 / (v[seen] + a) ** 3 * variance_of_a
    # A that is estimated too large (or small) on average shifts g1 by its slope (v/(v+A))².
    correction = bias * (1 - gamma) ** 2
    return FayHerriot(
        sigma2_area=a,
        beta=beta,
        beta_se=np.sqrt(np.diag(beta_cov)),
        estimate=estimate,
        se_no_hyper=np.sqrt(g1 + g2),
        mse=np.maximum(g1 + g2 + 2 * g3 - correction, 0.0),
        shrinkage=gamma,
        synthetic=synthetic,
        method=method,
    )


class _Model:
    def __init__(self, y: np.ndarray, v: np.ndarray, x: np.ndarray) -> None:
        self.y, self.v, self.x = y, v, x

    def fit(self, a: float) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Coefficients, their covariance, weights and residuals for a given A."""
        w = 1 / (self.v + a)
        q, r = np.linalg.qr(self.x * np.sqrt(w)[:, None])
        inverse = np.linalg.inv(r)
        beta = inverse @ (q.T @ (self.y * np.sqrt(w)))
        return beta, inverse @ inverse.T, w, self.y - self.x @ beta

    def moment(self, a: float) -> float:
        _, _, w, residual = self.fit(a)
        return float((w * residual**2).sum() - (len(self.y) - self.x.shape[1]))

    def score(self, a: float, restricted: bool) -> float:
        _, beta_cov, w, residual = self.fit(a)
        trace = w.sum()
        if restricted:
            trace -= np.trace(beta_cov @ (self.x.T * w**2) @ self.x)
        return float((((w * residual) ** 2).sum() - trace) / 2)

    def loglik(self, a: float, restricted: bool) -> float:
        _, beta_cov, w, residual = self.fit(a)
        value = np.log(w).sum() - (w * residual**2).sum()
        if restricted:
            value += np.linalg.slogdet(beta_cov)[1]
        return float(value / 2)

    def area_variance(self, method: Method) -> float:
        spread = max(float(self.v.max()), float(np.var(self.y))) + 1e-300
        if method == "moment":
            if self.moment(0.0) <= 0:
                return 0.0
            high = spread
            while self.moment(high) > 0:
                high *= 4
            return float(optimize.brentq(self.moment, 0.0, high, xtol=1e-16, rtol=1e-13))
        if method not in ("REML", "ML"):
            raise NumericInputError(f"unknown method {method!r}; allowed are REML, ML and moment")
        restricted = method == "REML"
        # The likelihood can have two peaks: compare on a grid, then polish the best cell.
        grid = np.concatenate([[0.0], np.geomspace(1e-6 * spread, 20 * spread, 120)])
        best = int(np.argmax([self.loglik(a, restricted) for a in grid]))
        low, high = grid[max(best - 1, 0)], grid[min(best + 1, len(grid) - 1)]
        if self.score(low, restricted) <= 0:
            return float(low) if low == 0 else float(grid[best])
        if self.score(high, restricted) >= 0:
            return float(high)
        return float(optimize.brentq(self.score, low, high, args=(restricted,), xtol=1e-16, rtol=1e-13))
