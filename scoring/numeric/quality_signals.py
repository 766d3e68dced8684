"""Signals per school, each against the county's own other schools, so that honest habits do not count.

Every function returns a `Signal`; `kind` says which independent side of the matter it looks at (answers,
arrival, pace, entry, channel, facts). Signals of one kind see the same thing twice and never add up; two
kinds are needed before a person looks (`quality.py`), and nothing is removed by itself. Hits are
Benjamini–Hochberg q < Q_LIMIT over schools. False-positive rates and power: the simulation report.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from scoring.numeric.errors import NotComputable, NumericInputError
from scoring.numeric.multiplicity import benjamini_hochberg
from scoring.numeric.quality_rows import MIN_ITEMS
from scoring.numeric.quality_schools import BURST_WINDOW_S, largest_device, modal_vectors
from scoring.numeric.small_area import BetaBinomial, fit_beta_binomial

Kind = Literal["answers", "arrival", "pace", "entry", "channel", "facts"]
Q_LIMIT = 0.01
MIN_COUNT = 8  # fewer equal things coincide by chance
MAYBE_HIGH = 0.2
MIN_SCHOOLS = 8  # to know what is usual in this county
USUAL_CONTRADICTIONS = 0.15  # guesses, classes unlike the mean, a figure on file that is somewhat old


@dataclass(frozen=True)
class Signal:
    """One signal over all schools, in sorted order of `school`."""

    name: str
    kind: Kind
    school: np.ndarray
    value: np.ndarray  # what was seen; unit in the function's docstring
    expected: np.ndarray  # what the other schools lead one to expect, same unit
    p: np.ndarray  # one-sided; NaN where it could not be tested
    q: np.ndarray
    hit: np.ndarray


def identical_vectors(school: ArrayLike, *, answers: ArrayLike) -> Signal:
    """One complete vector (not one code throughout) far more often than elsewhere; value = its count.

    Binomial tail against its rate in the other schools; a hit also needs MIN_COUNT equal sheets. Forms of
    fewer than MIN_ITEMS items coincide by themselves: not computable. Trap: several model answers in one
    school each stay below the count (`low_variety` then helps).
    """
    codes = np.asarray(answers, dtype=float)
    if codes.ndim != 2 or codes.shape[1] < MIN_ITEMS:
        raise NotComputable(
            f"identical answers mean little on fewer than {MIN_ITEMS} items", code="short_form"
        )
    labels, index = np.unique(np.asarray(school), return_inverse=True)
    if len(labels) < 2:
        raise NotComputable("one school has no others to compare with", code="too_few_schools")
    n = np.bincount(index)
    count, vectors, p = modal_vectors(codes, index, n)
    elsewhere = np.array([(codes == vector).all(axis=1).sum() for vector in vectors]) - count
    expected = n * (elsewhere + 1) / (n.sum() - n + 2)
    return _signal("identical_vectors", "answers", labels, count, expected, p, MIN_COUNT)


def unusual_burst(school: ArrayLike, *, submitted_s: ArrayLike, window_s: float = BURST_WINDOW_S) -> Signal:
    """A sharper burst than the county's own bursts; value = submissions in the school's densest window.

    A scan finds the window that stands out most against the hourly profile of all *other* schools. Since an
    announcement in a class group is an honest burst, its height decides nothing: the window is compared with
    the hour around it, and the share of the hour inside the window with that share in the other schools'
    bursts (binomial tail). Modest power; the stronger test is whether equal sheets arrive together
    (`quality.py`).
    """
    times = np.asarray(submitted_s, dtype=float)
    labels, index, n = _groups(school)
    if times.shape != index.shape or np.isnan(times).any():
        raise NumericInputError("one known submission time per response")
    hour = ((times - times.min()) // 3600).astype(int)
    by_hour = np.zeros((len(labels), hour.max() + 1))
    np.add.at(by_hour, (index, hour), 1)
    everywhere = by_hour.sum(axis=0)
    densest, around = np.zeros(len(labels)), np.zeros(len(labels))
    for j in range(len(labels)):
        own = np.sort(times[index == j])
        count = np.searchsorted(own, own + window_s, side="right") - np.arange(n[j])
        profile = everywhere - by_hour[j] + 0.5
        usual = n[j] * (profile / profile.sum())[((own - times.min()) // 3600).astype(int)] * window_s / 3600
        usual = np.minimum(usual, 0.999 * n[j])
        rest = n[j] - count
        gain = count * np.log(count / usual) + np.where(
            rest > 0, rest * np.log(np.maximum(rest, 1) / (n[j] - usual)), 0.0
        )
        best = int(np.argmax(np.where(count > usual, gain, 0.0)))
        densest[j] = count[best]
        start = own[best] - window_s / 2
        around[j] = np.searchsorted(own, start + 6 * window_s) - np.searchsorted(own, start)
    sharpness = (densest.sum() - densest + 1) / (around.sum() - around + 2)
    p = stats.binom.sf(densest - 1, around, sharpness)
    return _signal("unusual_burst", "arrival", labels, densest, around * sharpness, p, MIN_COUNT)


def many_fast(school: ArrayLike, *, fast: ArrayLike) -> Signal:
    """More sheets filled in too fast (`quality_rows.too_fast`) than elsewhere; value = their number."""
    return _excess("many_fast", "pace", school, fast)


def many_contradictions(school: ArrayLike, *, contradicts: ArrayLike) -> Signal:
    """More sheets contradict an imported statistic (`quality_rows.contradicts_fact`) than elsewhere, and than
    USUAL_CONTRADICTIONS; value = their number. Trap: the imported statistic itself is old or wrong; then
    everybody contradicts it, and `quality_facts.doubted_schools` says so."""
    return _excess("many_contradictions", "facts", school, contradicts, usual=USUAL_CONTRADICTIONS)


def many_per_device(school: ArrayLike, *, device: ArrayLike, limit: int = MIN_COUNT) -> Signal:
    """At least `limit` sheets from one device; value = the largest number per device, no p value.

    Traps: the shared family phone (2–5), the school's computer room, a helper who goes from door to door.
    Network addresses are not used: one address for a school is normal.
    """
    labels, index = np.unique(np.asarray(school), return_inverse=True)
    value = largest_device(np.asarray(device, dtype=object), index, len(labels)).astype(float)
    nothing = np.full(value.shape, np.nan)
    typical = np.full(value.shape, float(np.median(value)))
    return Signal("many_per_device", "entry", labels, value, typical, nothing, nothing, value >= limit)


def low_variety(school: ArrayLike, *, scores: ArrayLike) -> Signal:
    """Answers less varied than in schools of equal mean; value = mean entropy over the items, in bits.

    `scores`: rows × items of codes, NaN for don't know and blank. Entropy (Miller–Madow corrected) is
    predicted from the mean of the *other* schools (quadratic); small and excellent schools are varied little
    without coaching, which the mean and the number of answers account for.
    """
    codes = np.asarray(scores, dtype=float)
    labels, index, n = _groups(school)
    mean, entropy = np.full(len(labels), np.nan), np.full(len(labels), np.nan)
    values = np.unique(codes[~np.isnan(codes)])
    for j in range(len(labels)):
        own = codes[index == j]
        counts = np.array([(own == value).sum(axis=0) for value in values], dtype=float)
        valid = counts.sum(axis=0)
        asked = valid >= 2
        if not asked.any():
            continue
        part = counts[:, asked] / valid[asked]
        bits = -(part * np.log2(np.where(part > 0, part, 1))).sum(axis=0)
        entropy[j] = (bits + ((part > 0).sum(axis=0) - 1) / (2 * valid[asked] * np.log(2))).mean()
        mean[j] = np.nanmean(own)
    seen = ~np.isnan(entropy)
    p, expected = np.full(len(labels), np.nan), np.full(len(labels), np.nan)
    centred = mean[seen] - mean[seen].mean()
    design = np.column_stack([centred, centred**2])
    p[seen] = _upper_outlier(-entropy[seen], design, weight=n[seen].astype(float))
    expected[seen] = -_left_out_prediction(-entropy[seen], design, n[seen].astype(float))[0]
    return _signal("low_variety", "answers", labels, entropy, expected, p, 0, at_least=n >= MIN_COUNT)


def level_above_prediction(satisfied: ArrayLike, *, n: ArrayLike, school: ArrayLike) -> Signal:
    """A satisfied share far above what the other schools make likely; value = the share. One row per school.

    P(Y ≥ y) under the beta-binomial fitted to the *other* schools. Trap: real excellence; so it counts as a
    signal of the kind "answers" and never adds to the other signals of that kind. A school that the fit to
    all schools finds ordinary (P above MAYBE_HIGH) keeps that fit: leaving out one more would change nothing
    that could become a hit, and costs a fit per school.
    """
    y, size = np.asarray(satisfied, dtype=float), np.asarray(n, dtype=float)
    labels, order = np.unique(np.asarray(school), return_index=True)
    if len(labels) != len(y):
        raise NumericInputError("one row per school: a school occurs twice")
    y, size = y[order], size[order]
    _enough(len(labels))
    p, expected = np.full(len(y), np.nan), np.full(len(y), np.nan)
    together = fit_beta_binomial(y, n=size)
    for j in np.flatnonzero(size > 0):
        p[j], expected[j] = _so_many_or_more(together, y[j], size[j]), together.mu
        if p[j] < MAYBE_HIGH:
            others = np.arange(len(y)) != j
            prior = fit_beta_binomial(y[others], n=size[others])
            p[j], expected[j] = _so_many_or_more(prior, y[j], size[j]), prior.mu
    share = np.where(size > 0, y / np.maximum(size, 1), np.nan)
    return _signal("level_above_prediction", "answers", labels, share, expected, p, 0)


def _so_many_or_more(prior: BetaBinomial, satisfied: float, n: float) -> float:
    count, total = round(satisfied), round(n)
    if prior.rho > 0:
        return float(stats.betabinom.sf(count - 1, total, prior.alpha, prior.beta))
    return float(stats.binom.sf(count - 1, total, min(prior.mu, 1 - 1e-12)))


def channel_gap(
    school: ArrayLike, *, share_open: ArrayLike, n_open: ArrayLike, share_slips: ArrayLike, n_slips: ArrayLike
) -> Signal:
    """The open poster's share far above that of the one-time slips; value = the difference. One row per
    school.

    One-sided z of the difference minus the county's own difference (different people choose channels
    everywhere); shares smoothed as (np+1)/(n+2). Fewer than MIN_COUNT answers in a channel: not tested.
    """
    names = np.asarray(school)
    labels, order = np.unique(names, return_index=True)
    if len(labels) != len(names):
        raise NumericInputError("one row per school: a school occurs twice")
    a, na, b, nb = (np.asarray(x, dtype=float)[order] for x in (share_open, n_open, share_slips, n_slips))
    tested = (na >= MIN_COUNT) & (nb >= MIN_COUNT)
    gap = np.where(tested, a - b, np.nan)
    variance = np.full(len(labels), np.nan)
    for share, size in ((a, na), (b, nb)):
        smooth = (size * share + 1) / (size + 2)
        variance = np.where(np.isnan(variance), 0, variance) + smooth * (1 - smooth) / np.maximum(size, 1)
    usual = float(np.nanmedian(gap)) if tested.any() else 0.0
    p = np.where(tested, stats.norm.sf((gap - usual) / np.sqrt(variance)), np.nan)
    return _signal("channel_gap", "channel", labels, gap, np.full(len(labels), usual), p, None)


def _excess(name: str, kind: Kind, school: ArrayLike, marked: ArrayLike, *, usual: float = 0.0) -> Signal:
    """Binomial excess of marked rows against the rate of the other schools, at least `usual`."""
    flag = np.asarray(marked, dtype=bool)
    labels, index, n = _groups(school)
    if flag.shape != index.shape:
        raise NumericInputError("one mark per response")
    count = np.bincount(index[flag], minlength=len(labels))
    rate = np.maximum((flag.sum() - count + 1) / (n.sum() - n + 2), usual)
    return _signal(name, kind, labels, count, n * rate, stats.binom.sf(count - 1, n, rate), MIN_COUNT)


def _signal(
    name: str,
    kind: Kind,
    school: np.ndarray,
    value: np.ndarray,
    expected: np.ndarray,
    p: np.ndarray,
    at_least_value: float | None,
    at_least: np.ndarray | None = None,
) -> Signal:
    q = benjamini_hochberg(p)
    hit = np.nan_to_num(q, nan=1.0) < Q_LIMIT
    if at_least_value:
        hit &= np.asarray(value) >= at_least_value
    if at_least is not None:
        hit &= at_least
    return Signal(
        name, kind, school, np.asarray(value, dtype=float), np.asarray(expected, dtype=float), p, q, hit
    )


def _groups(school: ArrayLike) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    labels, index = np.unique(np.asarray(school), return_inverse=True)
    _enough(len(labels))
    return labels, index, np.bincount(index, minlength=len(labels))


def _enough(schools: int) -> None:
    if schools < MIN_SCHOOLS:
        raise NotComputable(
            f"{schools} schools; {MIN_SCHOOLS} are needed to know what is usual here", code="too_few_schools"
        )


def _left_out_prediction(
    y: np.ndarray, x: np.ndarray, weight: np.ndarray
) -> tuple[np.ndarray, np.ndarray, int]:
    """Each value predicted by a weighted regression on the others; prediction, leverage, df."""
    root = np.sqrt(weight / weight.mean())
    design = np.column_stack([np.ones(len(y)), x]) * root[:, None]
    q, _ = np.linalg.qr(design)
    leverage = np.minimum((q**2).sum(axis=1), 1 - 1e-9)
    fitted = q @ (q.T @ (y * root))
    left_out = (y * root - fitted) / (1 - leverage)
    return y - left_out / root, leverage, len(y) - design.shape[1]


def _upper_outlier(y: np.ndarray, x: np.ndarray, weight: np.ndarray | None = None) -> np.ndarray:
    """P value of each y being above what the others predict: externally studentised residual, t."""
    w = np.ones(len(y)) if weight is None else weight
    prediction, leverage, df = _left_out_prediction(y, x, w)
    if df < 3:
        raise NotComputable("too few schools to know what is usual here", code="too_few_schools")
    root = np.sqrt(w / w.mean())
    residual = (y - prediction) * root * (1 - leverage)
    total = (residual**2).sum()
    without = np.maximum(total - residual**2 / (1 - leverage), 1e-300) / (df - 1)
    return stats.t.sf(residual / np.sqrt(without * (1 - leverage)), df - 1)
