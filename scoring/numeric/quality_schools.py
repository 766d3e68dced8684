"""Counts per school (or collector) in which coaching shows: bursts, one vector many times, one device.

Plain descriptions with plain tail probabilities, as a reader can recompute them. The plain burst p value is
tiny for honest schools too (an announcement in the class group is a burst): decisions use
`quality_signals.py`.

Sources: Kulldorff 1997 (scan statistic); Kuriakose and Robbins 2016 and Simmons et al. 2016 (why
percent-match rules are not used); Benjamini and Hochberg 1995.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from scoring.numeric.errors import NumericInputError
from scoring.numeric.multiplicity import benjamini_hochberg

BURST_WINDOW_S = 600


@dataclass(frozen=True)
class SchoolQuality:
    """One entry per school, in sorted order of `school`; a part that was not handed in is None."""

    school: np.ndarray
    n: np.ndarray
    max_in_window: np.ndarray | None
    poisson_tail_p: np.ndarray | None
    modal_count: np.ndarray | None  # times the commonest complete vector that is not all one code occurs
    modal_vector: np.ndarray | None  # schools × items, NaN where a school has none
    modal_p: np.ndarray | None
    modal_q: np.ndarray | None  # Benjamini–Hochberg over schools
    max_per_device: np.ndarray | None


def school_quality(
    school: ArrayLike,
    *,
    answers: ArrayLike | None = None,
    submitted_s: ArrayLike | None = None,
    device: ArrayLike | None = None,
    window_s: float = BURST_WINDOW_S,
) -> SchoolQuality:
    """Describe every school by what its answer sheets have in common.

    `school`: label per row; `answers`: rows × items of codes (NaN = blank, don't know is a code);
    `submitted_s`: seconds; `device`: any label, missing = unknown. In detail:

    - max_in_window: most submissions whose first and last are at most `window_s` apart; p =
      P(Poisson(n·(window+1)/(T+1)) ≥ that), T = last − first submission of the wave.
    - modal vector: commonest complete vector that is not one code throughout, first met on ties; p =
      P(Binomial(n, p0) ≥ count), p0 = (its count in other schools + 1)/(responses of other schools + 2). A
      school without such a vector has count 0 and p 1.
    """
    labels = np.asarray(school)
    names, index = np.unique(labels, return_inverse=True)
    n = np.bincount(index, minlength=len(names))
    in_window = tail = counts = vectors = p = q = devices = None
    if submitted_s is not None:
        times = np.asarray(submitted_s, dtype=float)
        _one_per_row(times, labels, "time")
        in_window = np.array([max_in_window(times[index == j], window_s=window_s) for j in range(len(names))])
        span = np.ptp(times) if times.size else 0.0
        tail = stats.poisson.sf(in_window - 1, n * (window_s + 1) / (span + 1))
    if answers is not None:
        counts, vectors, p = modal_vectors(np.asarray(answers, dtype=float), index, n)
        q = benjamini_hochberg(p)
    if device is not None:
        devices = largest_device(np.asarray(device, dtype=object), index, len(names))
    return SchoolQuality(names, n, in_window, tail, counts, vectors, p, q, devices)


def max_in_window(times_s: ArrayLike, *, window_s: float = BURST_WINDOW_S) -> int:
    """Most submissions whose first and last lie at most `window_s` seconds apart; 0 without submissions.

    >>> max_in_window([0, 300, 600, 601])
    3
    """
    times = np.sort(np.asarray(times_s, dtype=float))
    if times.size == 0:
        return 0
    if np.isnan(times).any():
        raise NumericInputError("a submission time is missing")
    return int((np.searchsorted(times, times + window_s, side="right") - np.arange(times.size)).max())


def modal_vectors(
    codes: np.ndarray, index: np.ndarray, n: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(count, vector, binomial p) of every school's commonest vector, as described in `school_quality`.

    `codes`: rows × items; `index`: number of each row's school, 0…; `n`: responses per school.
    """
    if codes.ndim != 2 or len(codes) != len(index):
        raise NumericInputError("answers must be a table with one row per response")
    schools, items = len(n), codes.shape[1]
    eligible = ~np.isnan(codes).any(axis=1) & (codes != codes[:, :1]).any(axis=1)
    counts, p = np.zeros(schools, dtype=int), np.ones(schools)
    vectors = np.full((schools, items), np.nan)
    rows = np.flatnonzero(eligible)
    if rows.size == 0:
        return counts, vectors, p
    small = codes[rows].astype(np.int16)  # sorting two bytes per item instead of eight: 1,000,000 rows count
    table = small if np.array_equal(small, codes[rows]) else codes[rows]
    _, first, pattern = np.unique(table, axis=0, return_index=True, return_inverse=True)
    pattern = pattern.ravel()
    everywhere = np.bincount(pattern)
    # One number per (school, pattern): counting pairs keeps memory at the number of rows.
    pairs, first_met, times = np.unique(
        index[rows].astype(np.int64) * len(first) + pattern, return_index=True, return_counts=True
    )
    pair_school, pair_pattern = pairs // len(first), pairs % len(first)
    order = np.lexsort((first_met, -times, pair_school))
    _, top = np.unique(pair_school[order], return_index=True)
    best = order[top]
    at, which, count = pair_school[best], pair_pattern[best], times[best]
    others = n.sum() - n[at]
    p0 = (everywhere[which] - count + 1) / (others + 2)
    counts[at] = count
    vectors[at] = codes[rows][first[which]]
    p[at] = stats.binom.sf(count - 1, n[at], p0)
    return counts, vectors, p


def largest_device(device: np.ndarray, index: np.ndarray, schools: int) -> np.ndarray:
    """Most rows of one device in each of `schools` schools; `index`: number of each row's school. Unknown
    devices (None, NaN, "") are nobody's."""
    _one_per_row(device, index, "device")
    known = np.array([not (d is None or d != d or d == "") for d in device], dtype=bool)
    largest = np.zeros(schools, dtype=int)
    if known.any():
        _, code = np.unique(device[known].astype(str), return_inverse=True)
        pairs, times = np.unique(index[known].astype(np.int64) * (code.max() + 1) + code, return_counts=True)
        np.maximum.at(largest, pairs // (code.max() + 1), times)
    return largest


def _one_per_row(values: np.ndarray, labels: np.ndarray, what: str) -> None:
    if values.shape != labels.shape:
        raise NumericInputError(f"{labels.size} rows and {values.size} values: one {what} per row")
