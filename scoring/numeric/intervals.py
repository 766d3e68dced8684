"""Intervals for weighted shares and scores.

Every share interval starts from an estimate p, its design variance V, the number of valid answers n and the
design's degrees of freedom df. Unweighted intervals are in `unweighted`.
Sources: Korn and Graubard 1998; Wilson 1927; Clopper and Pearson 1934; Rao and Scott 1984; Dean and
Pagano 2015; R `survey` 4.1 `svyciprop` for the forms named after its methods.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy import optimize, special, stats

from scoring.numeric.errors import NotComputable, NumericInputError


@dataclass(frozen=True)
class Interval:
    """Two-sided interval, in the unit of the estimate; n_star: the effective sample size it used, if any."""

    lower: float
    upper: float
    level: float
    method: str
    n_star: float | None = None

    def as_list(self) -> list[float]:
        """[lower, upper]."""
        return [self.lower, self.upper]


@dataclass(frozen=True)
class ShareEstimate:
    """What a share interval needs: p in 0..1, variance V ≥ 0, valid answers n, df, and for p = 0 or 1 (or
    V = 0) the Kish effective number of answers, `kish_n`."""

    p: float
    variance: float
    n: int
    df: int
    kish_n: float | None = None

    def __post_init__(self) -> None:
        if not -1e-12 <= self.p <= 1 + 1e-12:
            raise NumericInputError(f"a share lies between 0 and 1; this is {self.p}")
        object.__setattr__(self, "p", float(min(max(self.p, 0.0), 1.0)))
        if not self.variance >= 0:
            raise NumericInputError(f"a variance is not negative; this is {self.variance}")
        if self.n < 2:
            raise NotComputable("fewer than two valid answers carry no interval", code="too_few_answers")
        if self.df < 1:
            raise NotComputable(
                f"{self.n} answers in as many strata leave no degrees of freedom for an interval",
                code="no_df",
            )

    @property
    def unanimous(self) -> bool:
        """Everyone in the domain gave the same answer."""
        return self.p in (0.0, 1.0)


def effective_n(
    share: ShareEstimate, *, tail: float = 0.025, cut: bool = True, adjust_df: bool = True
) -> float:
    """Effective sample size n* = p(1−p)/V · (t_{n−1}/t_df)², both quantiles at `tail`.

    cut: never above n (SAS, NCHS; the product's rule), R `survey` does not cut. At p = 0 or 1 V says
    nothing and n* is the Kish effective n times the same factor; without `kish_n` n stands in for it. V =
    0 elsewhere: n* = n if cut, else infinite.
    """
    factor = 1.0
    if adjust_df:
        # The functions beneath stats.t.ppf and stats.beta.ppf: the same numbers at a hundredth of the time,
        # and a county page asks for some hundreds of them.
        factor = (special.stdtrit(share.n - 1, tail) / special.stdtrit(share.df, tail)) ** 2
    if share.unanimous:
        n_star = (share.kish_n if share.kish_n is not None else share.n) * factor
    elif share.variance == 0:
        n_star = np.inf
    else:
        n_star = share.p * (1 - share.p) / share.variance * factor
    return float(min(n_star, share.n) if cut else n_star)


def beta_bound(p: float, n_star: float, probability: float) -> float:
    """Clopper–Pearson bound for x* = n* p successes of n*, which need not be whole numbers.

    probability < 0.5 gives the lower bound B(probability; n*p, n*(1−p)+1), otherwise the upper bound
    B(probability; n*p+1, n*(1−p)). The lower bound is 0 at p = 0, the upper is 1 at p = 1. n* infinite
    gives p.
    """
    if np.isinf(n_star):
        return float(p)
    if probability < 0.5:
        return 0.0 if p <= 0 else float(special.betaincinv(n_star * p, n_star * (1 - p) + 1, probability))
    return 1.0 if p >= 1 else float(special.betaincinv(n_star * p + 1, n_star * (1 - p), probability))


def wilson_bounds(p: float, n: float, quantile: float) -> tuple[float, float]:
    """Wilson score interval for share p of n (n may be an effective size), normal or t quantile given."""
    if np.isinf(n):
        return float(p), float(p)
    square = quantile**2
    centre = (p + square / (2 * n)) / (1 + square / n)
    half = quantile / (1 + square / n) * np.sqrt(p * (1 - p) / n + square / (4 * n * n))
    lower = 0.0 if p <= 0 else centre - half
    upper = 1.0 if p >= 1 else centre + half
    return float(max(lower, 0.0)), float(min(upper, 1.0))


def korn_graubard(share: ShareEstimate, *, level: float = 0.95, cut: bool = True) -> Interval:
    """The default interval of a weighted share: Clopper–Pearson with n* (`beta` of R when `cut=False`)."""
    tail = _tail(level)
    n_star = effective_n(share, tail=tail, cut=cut)
    return Interval(
        beta_bound(share.p, n_star, tail),
        beta_bound(share.p, n_star, 1 - tail),
        level,
        "korn_graubard",
        n_star,
    )


def wilson(share: ShareEstimate, *, level: float = 0.95, cut: bool = True, variant: str = "neff") -> Interval:
    """Wilson with an effective sample size, the light alternative for many small displays.

    variant "neff": n* adjusted for df and z; "neff_noadj": p(1−p)/V and z; "t": p(1−p)/V and t_df.
    """
    tail = _tail(level)
    if variant not in ("neff", "neff_noadj", "t"):
        raise NumericInputError(f"Wilson variant '{variant}' is unknown; allowed are neff, neff_noadj, t")
    n_star = effective_n(share, tail=tail, cut=cut, adjust_df=variant == "neff")
    quantile = stats.t.ppf(1 - tail, share.df) if variant == "t" else stats.norm.ppf(1 - tail)
    lower, upper = wilson_bounds(share.p, n_star, quantile)
    return Interval(lower, upper, level, f"wilson_{variant}", n_star)


def logit(share: ShareEstimate, *, level: float = 0.95) -> Interval:
    """expit(logit p ± t_df √V/(p(1−p))). At p = 0 or 1 the logit does not exist: Korn–Graubard instead."""
    if share.unanimous:
        return korn_graubard(share, level=level)
    half = stats.t.ppf(1 - _tail(level), share.df) * share.variance**0.5 / (share.p * (1 - share.p))
    centre = special.logit(share.p)
    return Interval(float(special.expit(centre - half)), float(special.expit(centre + half)), level, "logit")


def arcsine(share: ShareEstimate, *, level: float = 0.95) -> Interval:
    """sin²(asin √p ± t_df √V/(2√(p(1−p)))), with the angle kept in 0..π/2 only by the square, as in R.
    At p = 0 or 1: Korn–Graubard instead."""
    if share.unanimous:
        return korn_graubard(share, level=level)
    half = (
        stats.t.ppf(1 - _tail(level), share.df) * share.variance**0.5 / (2 * np.sqrt(share.p * (1 - share.p)))
    )
    angle = np.arcsin(np.sqrt(share.p))
    return Interval(float(np.sin(angle - half) ** 2), float(np.sin(angle + half) ** 2), level, "asin")


def likelihood(share: ShareEstimate, *, level: float = 0.95) -> Interval:
    """Shares π whose Rao–Scott scaled deviance 2 (n−1)/n · p(1−p)/V · KL(p, π) stays below t²_df.

    The profile likelihood of an intercept-only logistic model over the design effect against its
    quasi-binomial dispersion, which divides by n − 1 (R `svyciprop` "likelihood", whose spline ends agree
    to about 1e-4). At p = 0 or 1: Korn–Graubard instead. V = 0 gives p.
    """
    if share.unanimous:
        return korn_graubard(share, level=level)
    p = share.p
    if share.variance == 0:
        return Interval(p, p, level, "likelihood", np.inf)
    n_eff = p * (1 - p) / share.variance * (share.n - 1) / share.n
    limit = stats.t.ppf(1 - _tail(level), share.df) ** 2

    def excess(eta: float) -> float:
        pi = special.expit(eta)
        return 2 * n_eff * (special.rel_entr(p, pi) + special.rel_entr(1 - p, special.expit(-eta))) - limit

    centre = special.logit(p)
    ends = []
    for direction in (-1, 1):
        step = 1.0
        while excess(centre + direction * step) < 0:
            step *= 2
        ends.append(optimize.brentq(excess, *sorted((centre, centre + direction * step)), xtol=1e-13))
    return Interval(float(special.expit(ends[0])), float(special.expit(ends[1])), level, "likelihood", n_eff)


def wald(estimate: float, *, variance: float, df: float, level: float = 0.95) -> Interval:
    """estimate ± t_df √V: for scores and differences, and for a share only inside a difference.

    df may be `inf` (normal quantile). Not computable without degrees of freedom.
    """
    if not df > 0:
        raise NotComputable("no degrees of freedom are left for an interval", code="no_df")
    half = _quantile(1 - _tail(level), df) * variance**0.5
    return Interval(float(estimate - half), float(estimate + half), level, "t")


@dataclass(frozen=True)
class OneSidedBounds:
    """Lower and upper bound, each of error rate alpha on its own side; n_star as used."""

    lower: float
    upper: float
    alpha: float
    n_star: float | None = None


def one_sided_share(share: ShareEstimate, *, alpha: float = 0.05, cut: bool = True) -> OneSidedBounds:
    """One-sided Korn–Graubard bounds of a share, n* taken at `alpha`."""
    if not 0 < alpha < 0.5:
        raise NumericInputError(f"alpha must lie between 0 and 0.5; it is {alpha}")
    n_star = effective_n(share, tail=alpha, cut=cut)
    return OneSidedBounds(
        beta_bound(share.p, n_star, alpha), beta_bound(share.p, n_star, 1 - alpha), alpha, n_star
    )


def one_sided_t(estimate: float, *, variance: float, df: float, alpha: float = 0.05) -> OneSidedBounds:
    """estimate ∓ t_{df,1−alpha} √V, for scores."""
    if not 0 < alpha < 0.5:
        raise NumericInputError(f"alpha must lie between 0 and 0.5; it is {alpha}")
    if not df > 0:
        raise NotComputable("no degrees of freedom are left for a bound", code="no_df")
    half = _quantile(1 - alpha, df) * variance**0.5
    return OneSidedBounds(float(estimate - half), float(estimate + half), alpha)


def all_share_intervals(share: ShareEstimate, *, level: float = 0.95) -> Mapping[str, Interval]:
    """Every form under the name R gives it (`beta` uncut), for comparison and for the sceptical reader."""
    return {
        "logit": logit(share, level=level),
        "xlogit": logit(share, level=level),
        "beta": korn_graubard(share, level=level, cut=False),
        "mean": wald(share.p, variance=share.variance, df=share.df, level=level),
        "likelihood": likelihood(share, level=level),
        "asin": arcsine(share, level=level),
        "wilson_neff": wilson(share, level=level, cut=False),
        "wilson_neff_noadj": wilson(share, level=level, cut=False, variant="neff_noadj"),
        "wilson_t": wilson(share, level=level, cut=False, variant="t"),
    }


def _tail(level: float) -> float:
    if not 0 < level < 1:
        raise NumericInputError(f"a confidence level lies between 0 and 1; it is {level}")
    return (1 - level) / 2


def _quantile(probability: float, df: float) -> float:
    return float(stats.norm.ppf(probability) if np.isinf(df) else stats.t.ppf(probability, df))
