"""Small schools: beside the direct share a shrunk one that borrows strength from the other schools.

y_j ~ BetaBinomial(n_j, α, β) by maximum likelihood over schools of one audience, then the posterior of each.
Hyper-parameters are taken as known, so a nominal 90% interval covers about 87%: print "about 90%". Do not
rank: of the true lowest six schools fewer than half are found. With covariates: `fay_herriot.py`; limits
around the county value: `funnel.py`. Hide small groups *before* showing any of it.

Sources: Morris 1983; Rao and Molina 2015; Goldstein and Spiegelhalter 1996.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import optimize, special, stats

from scoring.numeric.errors import NotComputable, NumericInputError

MIN_SCHOOLS = 8
# α + β beyond which the schools do not differ: ρ below 1e-6 is nothing a county could notice.
_LARGEST_PRIOR = 1e6


@dataclass(frozen=True)
class BetaBinomial:
    """Distribution of the schools' true shares: Beta(alpha, beta), mean mu, ρ = 1/(α+β+1).

    rho = 0 (alpha and beta infinite): the schools do not differ beyond chance.
    """

    mu: float
    rho: float
    alpha: float
    beta: float
    loglik: float
    satisfied: float  # summed over schools
    answers: float


@dataclass(frozen=True)
class ShrunkSchools:
    """One entry per school, in the order given; NaN where the school has too few answers to be shown."""

    prior: BetaBinomial
    mean: np.ndarray
    lower: np.ndarray
    upper: np.ndarray
    prob_below: np.ndarray  # P(true share < threshold)
    finite_mean: np.ndarray | None  # (y + (N−n)·mean)/N when populations are given
    demonstrable_differences: bool  # False: every school gets the county's figure


def fit_beta_binomial(satisfied: ArrayLike, *, n: ArrayLike) -> BetaBinomial:
    """Maximum-likelihood beta-binomial over schools; counts may be effective (fractional) ones.

    Schools with n = 0 add nothing. No answers at all: not computable. All satisfied (or none) gives mu = 1
    (or 0) and rho = 0. Equals R `VGAM::betabinomial`.
    """
    y, size = _counts(satisfied, n)
    y, size = y[size > 0], size[size > 0]
    if size.size == 0:
        raise NotComputable("no school has answers", code="no_answers")
    pooled = y.sum() / size.sum()
    choose = (special.gammaln(size + 1) - special.gammaln(y + 1) - special.gammaln(size - y + 1)).sum()
    binomial = choose + float((special.xlogy(y, pooled) + special.xlog1py(size - y, -pooled)).sum())
    alike = BetaBinomial(
        float(pooled), 0.0, np.inf, np.inf, float(binomial), float(y.sum()), float(size.sum())
    )
    if pooled in (0.0, 1.0):
        return alike

    def negative_loglik(at: np.ndarray) -> tuple[float, np.ndarray]:
        mu, strength = special.expit(at[0]), np.exp(at[1])
        a, b = mu * strength, (1 - mu) * strength
        value = (special.betaln(a + y, b + size - y) - special.betaln(a, b)).sum()
        shared = special.digamma(strength) - special.digamma(strength + size)
        by_a = (special.digamma(a + y) - special.digamma(a) + shared).sum()
        by_b = (special.digamma(b + size - y) - special.digamma(b) + shared).sum()
        by_logit = strength * mu * (1 - mu) * (by_a - by_b)
        return -float(value), -np.array([by_logit, a * by_a + b * by_b])

    loglik, at = -np.inf, np.zeros(2)
    for start in (30.0, 3.0, 1000.0):
        found = optimize.minimize(
            negative_loglik,
            [special.logit(pooled), np.log(start)],
            jac=True,
            method="L-BFGS-B",
            bounds=[(-12, 12), (np.log(1e-3), np.log(_LARGEST_PRIOR))],
            options={"ftol": 1e-14, "gtol": 1e-8},
        )
        if choose - found.fun > loglik:
            loglik, at = choose - found.fun, found.x
        if loglik > binomial + 1e-8:
            break  # the likelihood has one inner peak; other starts only matter where none was found
    strength = float(np.exp(at[1]))
    if strength >= 0.99 * _LARGEST_PRIOR or loglik <= binomial + 1e-8:
        return alike
    mu = float(special.expit(at[0]))
    return BetaBinomial(
        mu=mu,
        rho=1 / (strength + 1),
        alpha=mu * strength,
        beta=(1 - mu) * strength,
        loglik=float(loglik),
        satisfied=float(y.sum()),
        answers=float(size.sum()),
    )


def shrink_schools(
    satisfied: ArrayLike,
    *,
    n: ArrayLike,
    threshold: float = 0.85,
    level: float = 0.9,
    population: ArrayLike | None = None,
    minimum_answers: int = 0,
    minimum_schools: int = MIN_SCHOOLS,
) -> ShrunkSchools:
    """Shrunk share, interval and P(share < threshold) of every school of one audience.

    `satisfied` of `n` valid answers per school (effective ones under unequal weights: `effective_counts`).
    A school without answers gets the prior. Fewer than `minimum_schools` schools with answers: not
    computable, show the direct results only. `minimum_answers`: schools with fewer answers (but some) come
    back as NaN, since even a shrunk value reveals. If the schools do not differ beyond chance, all get the
    county's share with the uncertainty of that share alone (Jeffreys). `population` per school adds the
    finite-population mean.
    """
    y, size = _counts(satisfied, n)
    if int((size > 0).sum()) < minimum_schools:
        raise NotComputable(
            f"{int((size > 0).sum())} schools with answers; {minimum_schools} are needed to borrow strength",
            code="too_few_schools",
        )
    if not 0 < level < 1 or not 0 < threshold < 1:
        raise NumericInputError("level and threshold lie between 0 and 1")
    prior = fit_beta_binomial(y, n=size)
    differ = prior.rho > 0
    if differ:
        a, b = prior.alpha + y, prior.beta + size - y
        mean = a / (a + b)
    else:
        a = np.full(y.shape, prior.satisfied + 0.5)
        b = np.full(y.shape, prior.answers - prior.satisfied + 0.5)
        mean = np.full(y.shape, prior.mu)
    tail = (1 - level) / 2
    hidden = (size > 0) & (size < minimum_answers)

    def shown(values: np.ndarray) -> np.ndarray:
        return np.where(hidden, np.nan, values)

    finite = None
    if population is not None:
        people = np.asarray(population, dtype=float)
        if people.shape != y.shape or np.any(people < size) or np.any(people <= 0):
            raise NumericInputError("every school needs a population at least as large as its answers")
        finite = shown((y + (people - size) * mean) / people)
    return ShrunkSchools(
        prior=prior,
        mean=shown(mean),
        lower=shown(stats.beta.ppf(tail, a, b)),
        upper=shown(stats.beta.ppf(1 - tail, a, b)),
        prob_below=shown(stats.beta.cdf(threshold, a, b)),
        finite_mean=finite,
        demonstrable_differences=differ,
    )


def effective_counts(
    share: ArrayLike, *, n: ArrayLike, deff: ArrayLike = 1.0
) -> tuple[np.ndarray, np.ndarray]:
    """(satisfied, answers) as effective counts when weights differ inside a school: n/deff and share·n/deff.

    A design effect below 1 is taken as 1; a school without answers gives 0 of 0.
    """
    size = np.asarray(n, dtype=float) / np.maximum(np.asarray(deff, dtype=float), 1.0)
    return np.where(size > 0, np.nan_to_num(np.asarray(share, dtype=float)) * size, 0.0), size


def benchmark(
    values: ArrayLike, *, weights: ArrayLike, target: float, ceiling: float = 1.0
) -> tuple[np.ndarray, float]:
    """Shrunk values scaled so that their weighted mean is the county's figure; returns (values, factor).

    `weights`: people per school. NaN values and their weights are left out. A value that would pass
    `ceiling` is held there and the others carry the rest. Print the factor: far from 1 it means that shrunk
    and direct figures disagree. Not computable when no values reach the target under the ceiling.
    """
    x, w = np.asarray(values, dtype=float), np.asarray(weights, dtype=float)
    if x.shape != w.shape or np.any(w[~np.isnan(x)] < 0):
        raise NumericInputError("one weight ≥ 0 per value")
    used = ~np.isnan(x) & (w > 0)
    if not used.any() or not 0 <= target <= ceiling:
        raise NotComputable("no values to benchmark to this target", code="no_benchmark")
    result, held, factor = x.copy(), np.zeros(x.shape, dtype=bool), 1.0
    for _ in range(int(used.sum()) + 1):
        free = used & ~held
        left = target * w[used].sum() - ceiling * w[held & used].sum()
        mass = (w[free] * x[free]).sum()
        if mass <= 0:
            if abs(left) < 1e-12:
                break
            raise NotComputable("no values to benchmark to this target", code="no_benchmark")
        factor = left / mass
        over = free & (x * factor > ceiling + 1e-15)
        result[free] = x[free] * factor
        if not over.any():
            break
        result[over] = ceiling
        held |= over
    result[~used & ~np.isnan(x)] = np.minimum(x[~used & ~np.isnan(x)] * factor, ceiling)
    return result, float(factor)


def _counts(satisfied: ArrayLike, n: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    y, size = np.asarray(satisfied, dtype=float), np.asarray(n, dtype=float)
    if y.ndim != 1 or y.shape != size.shape:
        raise NumericInputError("one number satisfied and one number of answers per school")
    if not (np.isfinite(y).all() and np.isfinite(size).all()) or np.any(y < 0) or np.any(y > size + 1e-9):
        raise NumericInputError("satisfied must lie between 0 and the number of answers in every school")
    return np.minimum(y, size), size
