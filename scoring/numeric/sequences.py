"""Looking at the figure while the wave is open without being fooled by the number of looks.

Twelve looks with a fixed 5% test give 21% false "met". A *confidence sequence* covers at all times at once,
for any number of looks and without a plan. The product uses one at ALPHA_EARLY for early words, the closing
test at ALPHA_CLOSING (together at most 5% by the union bound). Looks planned beforehand: `spending.py`.

Sources: Howard, Ramdas, McAuliffe and Sekhon 2021; Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas 2024.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.optimize import brentq
from scipy.special import betaln, log_ndtr

from scoring.numeric.errors import NotComputable, NumericInputError

ALPHA_EARLY = 0.005
ALPHA_CLOSING = 0.045
MIN_ANSWERS_PER_AUDIENCE = 30

Sides = Literal["one", "two"]


@dataclass(frozen=True)
class SequenceInterval:
    """Limits that hold at all times together; with sides "one" each limit is one-sided at its level."""

    margin: float
    lower: float
    upper: float
    rho2: float  # the tuning that makes the sequence narrowest near t_opt


@dataclass(frozen=True)
class EarlyLook:
    """What may be said of an open wave. `word` is None while nothing may be said yet."""

    lower: float
    upper: float
    effective_n: float
    alpha: float
    word: Literal["met", "not_met"] | None
    why_no_word: str | None


def mixture_rho2(alpha: float, *, t_opt: float) -> float:
    """Tuning ρ² = (−2 ln α + ln(−2 ln α + 1)) / t_opt: narrowest near t_opt effective answers.

    Fix t_opt before opening the wave; about a third of the planned effective answers.
    """
    _check_alpha(alpha)
    if not t_opt > 0:
        raise NumericInputError(f"t_opt must be a positive number of effective answers, found {t_opt}")
    log_term = -2 * np.log(alpha)
    return float((log_term + np.log1p(log_term)) / t_opt)


def asymptotic_sequence(
    estimate: float, *, se: float, n_eff: float, t_opt: float, alpha: float = 0.05, sides: Sides = "two"
) -> SequenceInterval:
    """Asymptotic confidence sequence around a weighted estimate.

    `se`: standard error of the estimate; `n_eff`: information in effective answers, θ(1−θ)/V⁺ for a share.
    The margin is √V · √(2(tρ²+1)/(tρ²) · ln(√(tρ²+1)/α)), for one side ln(1 + √(tρ²+1)/(2α)) in place of the
    logarithm. Limits are not cut to 0–1 (the estimate may be a score). Asymptotic: not before every audience
    has about 30 answers. se = 0 gives a margin of 0: hand in the smoothed variance. n_eff = 0 is not
    computable.

    >>> round(asymptotic_sequence(0.845, se=0.02, n_eff=300, t_opt=500).margin, 6)
    0.061217
    """
    rho2 = mixture_rho2(alpha, t_opt=t_opt)
    if se < 0 or not np.isfinite(se):
        raise NumericInputError(f"the standard error must be a number ≥ 0, found {se}")
    if not n_eff > 0:
        raise NotComputable("no effective answers yet", code="no_answers")
    grown = n_eff * rho2 + 1
    log_term = np.log(np.sqrt(grown) / alpha) if sides == "two" else np.log1p(np.sqrt(grown) / (2 * alpha))
    margin = float(se * np.sqrt(2 * grown / (n_eff * rho2) * log_term))
    return SequenceInterval(margin=margin, lower=estimate - margin, upper=estimate + margin, rho2=rho2)


def normal_mixture_boundary(
    v: float, *, alpha: float, v_opt: float, sides: Sides = "two", alpha_opt: float | None = None
) -> float:
    """Boundary u(v) that a centred sum with variance process v crosses with probability at most alpha, ever.

    `v` and `v_opt`: intrinsic time (number of effective answers when the sum is in standard deviations);
    `alpha_opt`: level for which the tuning is best, alpha itself by default. The margin of a mean with
    standard error se is se · u(n)/√n. Two sides: closed form; one side: root of the one-sided mixture.
    Source: Howard et al. 2021, propositions 5 and 6.
    """
    _check_alpha(alpha)
    if not v > 0:
        raise NotComputable("no information yet", code="no_answers")
    tuned_at = alpha if alpha_opt is None else alpha_opt
    if sides == "two":
        rho = 1 / mixture_rho2(tuned_at, t_opt=v_opt)
        return float(np.sqrt((v + rho) * (np.log1p(v / rho) - 2 * np.log(alpha))))
    # Half the mixture lies on one side, so the same tuning serves twice the level.
    rho = 1 / mixture_rho2(min(2 * tuned_at, 1 - 1e-12), t_opt=v_opt)

    def excess(s: float) -> float:
        log_martingale = (
            0.5 * np.log(4 * rho / (v + rho)) + s**2 / (2 * (v + rho)) + log_ndtr(s / np.sqrt(v + rho))
        )
        return log_martingale + np.log(alpha)

    high = np.sqrt((v + rho) * (np.log1p(v / rho) - 2 * np.log(alpha))) + 1
    if excess(0.0) >= 0:  # levels near 1: the boundary is at the centre
        return 0.0
    return float(brentq(excess, 0.0, high, xtol=1e-12 * high, rtol=1e-14))


def bernoulli_sequence(
    successes: float, *, n: float, t_opt: float, alpha: float = 0.05, alpha_opt: float = 0.05
) -> tuple[float, float]:
    """Time-uniform two-sided interval for a plain unweighted share: (lower, upper), no approximation.

    Beta-binomial mixture, tuned at `t_opt` answers and the variance of the candidate share: p stays inside as
    long as the mixture's likelihood ratio against p is below 1/alpha. 0 of n has lower 0, n of n upper 1;
    before the first answer everything from 0 to 1 is possible.
    """
    _check_alpha(alpha)
    _check_alpha(alpha_opt)
    if not 0 <= successes <= n:
        raise NumericInputError(f"{successes} satisfied of {n} answers is impossible")
    if not t_opt > 0:
        raise NumericInputError(f"t_opt must be a positive number of answers, found {t_opt}")
    if n == 0:
        return 0.0, 1.0
    x, missed = float(successes), float(n - successes)
    log_term = -2 * np.log(alpha_opt)
    scale = t_opt / (log_term + np.log1p(log_term))

    def excess(p: float) -> float:
        r = max(scale - 1, 1e-3)  # times p(1−p), which cancels in the two parameters below
        a, b = r * p, r * (1 - p)
        log_ratio = betaln(a + x, b + missed) - betaln(a, b) - x * np.log(p) - missed * np.log1p(-p)
        return log_ratio + np.log(alpha)

    edge = 1e-12
    share = min(max(x / n, edge), 1 - edge)
    lower = 0.0 if x == 0 else _root(excess, edge, share)
    upper = 1.0 if missed == 0 else _root(excess, share, 1 - edge)
    return lower, upper


def early_look(
    estimate: float,
    *,
    variance_smoothed: float,
    t_opt: float,
    threshold: float = 0.85,
    alpha: float = ALPHA_EARLY,
    smallest_audience_answers: int,
) -> EarlyLook:
    """What an open wave already allows to say about a weighted share against `threshold`.

    `variance_smoothed` is V⁺ of the verdict; `smallest_audience_answers`: valid answers of the audience with
    the fewest. Limits are one-sided at alpha each and cut to 0–1. No word before every audience has
    MIN_ANSWERS_PER_AUDIENCE answers, and none while the limits enclose the threshold. Judge the closed wave
    at ALPHA_CLOSING.
    """
    if not 0 <= estimate <= 1:
        raise NumericInputError(f"a share lies between 0 and 1, found {estimate}")
    if not variance_smoothed > 0:
        raise NumericInputError("the smoothed variance is never 0: use V⁺, not the linearised variance")
    t = estimate * (1 - estimate) / variance_smoothed
    if t == 0:  # a unanimous county: no information about the spread, so nothing to say early
        return EarlyLook(0.0, 1.0, 0.0, alpha, None, "all answers are equal so far")
    limits = asymptotic_sequence(
        estimate, se=np.sqrt(variance_smoothed), n_eff=t, t_opt=t_opt, alpha=alpha, sides="one"
    )
    lower, upper = max(limits.lower, 0.0), min(limits.upper, 1.0)
    word: Literal["met", "not_met"] | None = None
    why = None
    if smallest_audience_answers < MIN_ANSWERS_PER_AUDIENCE:
        why = f"an audience has {smallest_audience_answers} answers; {MIN_ANSWERS_PER_AUDIENCE} are needed"
    elif lower >= threshold:
        word = "met"
    elif upper < threshold:
        word = "not_met"
    else:
        why = "the limits still enclose the threshold"
    return EarlyLook(lower, upper, t, alpha, word, why)


def _root(excess: Callable[[float], float], low: float, high: float) -> float:
    """Where `excess` changes sign; the far end if it never does (few answers leave everything possible)."""
    if excess(low) * excess(high) > 0:
        return 0.0 if low < 1e-9 else 1.0
    return float(brentq(excess, low, high, xtol=1e-15, rtol=1e-14))


def _check_alpha(alpha: float) -> None:
    if not 0 < alpha < 1:
        raise NumericInputError(f"the error rate must lie between 0 and 1, found {alpha}")
