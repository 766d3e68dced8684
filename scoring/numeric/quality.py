"""From signals to what a person should look at: batches of answer sheets with two independent kinds of
signal.

A *batch* is a set of sheets of one school that belong together: the same vector, the same device, the same
ten minutes. Each is then asked about the sides it was not chosen by: did equal sheets arrive together, were
they filled in faster than sheets as even as they, do they share a wrong fact. Under honest answers these
sides know nothing of each other. Nothing is removed here: the result is a list to review, and rows to leave
out in the comparison "with and without".

Sources: Wald and Wolfowitz 1940 (runs); Mann and Whitney 1947; Fisher 1935; Benjamini and Hochberg 1995.
"""

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats
from scipy.special import gammaln

from scoring.numeric.errors import NotComputable, NumericInputError
from scoring.numeric.multiplicity import benjamini_hochberg
from scoring.numeric.quality_rows import row_quality, too_fast, unusual_rows
from scoring.numeric.quality_schools import BURST_WINDOW_S
from scoring.numeric.quality_signals import (
    MIN_COUNT,
    Q_LIMIT,
    Kind,
    Signal,
    identical_vectors,
    unusual_burst,
)

KINDS_FOR_REVIEW = 2
_CONTROLS = 20


@dataclass(frozen=True)
class AnswerSheets:
    """The sheets of one wave (better: of one audience), one entry per row; what is unknown is None.

    `answers`: rows × items of codes, NaN = blank, don't know is a code named in `not_scored`; `submitted_s`
    and `duration_s` in seconds; `contradicts`: True where a fact was answered against the statistics.
    """

    school: np.ndarray
    answers: np.ndarray
    submitted_s: np.ndarray | None = None
    duration_s: np.ndarray | None = None
    device: np.ndarray | None = None
    contradicts: np.ndarray | None = None
    not_scored: Sequence[float] = (9,)

    def __post_init__(self) -> None:
        rows = len(self.school)
        for name in ("answers", "submitted_s", "duration_s", "device", "contradicts"):
            value = getattr(self, name)
            if value is not None:
                value = np.asarray(value, dtype=float if name not in ("device", "contradicts") else None)
                if len(value) != rows:
                    raise NumericInputError(f"{rows} rows but {len(value)} values of {name}")
                object.__setattr__(self, name, value)
        object.__setattr__(self, "school", np.asarray(self.school))


@dataclass(frozen=True)
class Batch:
    """Sheets that belong together. `p`: per kind of signal, the chance under honest answers (0 for a count
    that is a signal by itself); `kinds`: those that hold after correction; `review`: two or more of them."""

    school: str
    basis: Literal["vector", "device", "window"]
    rows: np.ndarray
    p: Mapping[Kind, float]
    kinds: tuple[Kind, ...]

    @property
    def review(self) -> bool:
        return len(self.kinds) >= KINDS_FOR_REVIEW


@dataclass(frozen=True)
class SchoolReview:
    """Why a school is on the list: the independent kinds, and the signals and batches that show them."""

    school: str
    kinds: tuple[Kind, ...]
    signals: tuple[str, ...]
    batches: tuple[Batch, ...]


@dataclass(frozen=True)
class DetectorScore:
    """How a detector did on labelled sheets: rows and flagged rows per label, and the share of honest
    ones."""

    rows: dict[str, int]
    flagged: dict[str, int]
    false_positive_rate: float


def find_batches(sheets: AnswerSheets, *, window_s: float = BURST_WINDOW_S) -> tuple[Batch, ...]:
    """All batches worth a look, those up for review first, then by school; at most one per basis and school
    (devices: one per device). Parts that are unknown give no evidence. Too few schools or a short form leave
    out the bases that need them; with nothing to go by the result is empty."""
    found = _candidates(sheets, window_s)
    evidence = [_evidence(sheets, school, basis, rows, given) for school, basis, rows, given in found]
    kinds: list[list[Kind]] = [[] for _ in found]
    for kind in ("answers", "arrival", "pace", "entry", "facts"):
        p = np.array([one.get(kind, np.nan) for one in evidence])
        for i in np.flatnonzero(np.nan_to_num(benjamini_hochberg(p), nan=1.0) < Q_LIMIT):
            kinds[i].append(kind)
    batches = [
        Batch(str(school), basis, rows, p, tuple(kind))
        for (school, basis, rows, _), p, kind in zip(found, evidence, kinds, strict=True)
    ]
    return tuple(sorted(batches, key=lambda batch: (not batch.review, batch.school, batch.basis)))


def schools_for_review(
    signals: Sequence[Signal], *, batches: Sequence[Batch] = ()
) -> tuple[SchoolReview, ...]:
    """Schools with at least KINDS_FOR_REVIEW independent kinds, over their signals or inside one batch."""
    schools = sorted({str(s) for signal in signals for s in signal.school} | {b.school for b in batches})
    result = []
    for school in schools:
        hits = [
            signal for signal in signals if signal.hit[np.asarray(signal.school).astype(str) == school].any()
        ]
        own = tuple(batch for batch in batches if batch.school == school and batch.review)
        kinds = {signal.kind for signal in hits} | {kind for batch in own for kind in batch.kinds}
        if len(kinds) >= KINDS_FOR_REVIEW:
            result.append(SchoolReview(school, tuple(sorted(kinds)), tuple(s.name for s in hits), own))
    return tuple(result)


def flagged_rows(sheets: AnswerSheets, *, batches: Sequence[Batch] | None = None) -> np.ndarray:
    """Rows to leave out in the comparison "with and without": never removed, never a finding by itself.

    A row is flagged if it was filled in too fast, lies in a batch up for review, or shows two kinds of its
    own: an unusual combination of answers, less than half the median time, a contradicted fact. Set so that
    fewer than 1% of honest rows are flagged.
    """
    flag = np.zeros(len(sheets.school), dtype=bool)
    kinds = np.zeros(len(sheets.school), dtype=int)
    if sheets.duration_s is not None:
        pace = row_quality(sheets.answers, duration_s=sheets.duration_s)
        flag |= too_fast(pace)
        kinds += too_fast(pace, share_of_median=1 / 2)
    if sheets.contradicts is not None:
        kinds += sheets.contradicts.astype(bool)
    # Too few complete sheets for a distance: this side stays silent.
    with contextlib.suppress(NotComputable):
        kinds += unusual_rows(sheets.answers, not_scored=sheets.not_scored)
    flag |= kinds >= KINDS_FOR_REVIEW
    for batch in find_batches(sheets) if batches is None else batches:
        if batch.review:
            flag[batch.rows] = True
    return flag


def score_detector(flagged: ArrayLike, *, labels: ArrayLike, honest: str = "none") -> DetectorScore:
    """Rows and flagged rows per label; the false-positive rate is the flagged share of `honest` rows (0 if
    there is none)."""
    flag, label = np.asarray(flagged, dtype=bool), np.asarray(labels).astype(str)
    if flag.shape != label.shape:
        raise NumericInputError("one label per row")
    names = sorted(str(name) for name in set(label))
    rows = {name: int((label == name).sum()) for name in names}
    hits = {name: int((flag & (label == name)).sum()) for name in names}
    return DetectorScore(rows, hits, hits.get(honest, 0) / rows[honest] if rows.get(honest) else 0.0)


def _candidates(sheets: AnswerSheets, window_s: float) -> list[tuple]:
    """(school, basis, rows, p values that chose it) of every set of sheets that belongs together."""
    found: list[tuple] = []
    school = sheets.school
    # A short form or few schools: equal sheets mean nothing there.
    with contextlib.suppress(NotComputable):
        equal = identical_vectors(school, answers=sheets.answers)
        for j in np.flatnonzero(equal.hit):
            own = np.flatnonzero(school == equal.school[j])
            _, pattern, times = np.unique(
                sheets.answers[own], axis=0, return_inverse=True, return_counts=True
            )
            pattern = pattern.ravel()
            varied = (sheets.answers[own] != sheets.answers[own][:, :1]).any(axis=1)
            top = pattern[np.flatnonzero(varied)[np.argmax(times[pattern][varied])]]
            found.append((equal.school[j], "vector", own[pattern == top], {"answers": float(equal.q[j])}))
    if sheets.device is not None:
        known = np.array([not (d is None or d != d or d == "") for d in sheets.device], dtype=bool)
        rows = np.flatnonzero(known)
        pairs = np.char.add(np.char.add(school[rows].astype(str), "\0"), sheets.device[rows].astype(str))
        _, pair, times = np.unique(pairs, return_inverse=True, return_counts=True)
        for k in np.flatnonzero(times >= MIN_COUNT):
            batch = rows[pair == k]
            found.append((school[batch[0]], "device", batch, {"entry": 0.0}))
    if sheets.submitted_s is not None:
        with contextlib.suppress(NotComputable):
            burst = unusual_burst(school, submitted_s=sheets.submitted_s, window_s=window_s)
            for j in np.flatnonzero(burst.hit):
                own = np.flatnonzero(school == burst.school[j])
                own = own[np.argsort(sheets.submitted_s[own], kind="stable")]
                times = sheets.submitted_s[own]
                count = np.searchsorted(times, times + window_s, side="right") - np.arange(len(own))
                first = int(np.argmax(count))
                batch = own[first : first + count[first]]
                found.append((burst.school[j], "window", batch, {"arrival": float(burst.q[j])}))
    return found


def _evidence(
    sheets: AnswerSheets, school: str, basis: str, rows: np.ndarray, given: dict
) -> dict[Kind, float]:
    own = np.flatnonzero(sheets.school == school)
    rest = np.setdiff1d(own, rows)
    p: dict[Kind, float] = dict(given)
    if len(rest) == 0:
        return p
    if basis != "vector":
        p["answers"] = _alike(sheets.answers, rows, own)
    elif sheets.submitted_s is not None:
        order = own[np.argsort(sheets.submitted_s[own], kind="stable")]
        p["arrival"] = _runs_tail(np.isin(order, rows))
    if sheets.duration_s is not None:
        p["pace"] = _faster(sheets, sheets.duration_s, rows)
    if sheets.contradicts is not None:
        wrong = sheets.contradicts.astype(bool)
        p["facts"] = float(stats.hypergeom.sf(wrong[rows].sum() - 1, len(own), wrong[own].sum(), len(rows)))
    return p


def _alike(answers: np.ndarray, rows: np.ndarray, own: np.ndarray) -> float:
    """Chance that the batch, drawn from its school at random, holds its commonest vector so often."""
    _, pattern = np.unique(answers[own], axis=0, return_inverse=True)
    pattern = pattern.ravel()
    inside = np.bincount(pattern[np.isin(own, rows)], minlength=pattern.max() + 1)
    total = np.bincount(pattern)
    tails = stats.hypergeom.sf(inside - 1, len(own), total, len(rows))
    return float(min(1.0, tails[inside > 0].min() * (inside > 0).sum()))


def _runs_tail(member: np.ndarray) -> float:
    """P(so few runs or fewer) of members in time order, if members are a random subset (exact)."""
    a, b = int(member.sum()), int((~member).sum())
    if a == 0 or b == 0:
        return 1.0
    runs = 1 + int((member[1:] != member[:-1]).sum())

    def log_choose(n: float, k: float) -> float:
        return gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1)

    chance = 0.0
    for r in range(2, runs + 1):
        k = r // 2
        splits = [(k, k), (k, k)] if r % 2 == 0 else [(k + 1, k), (k, k + 1)]
        for parts_a, parts_b in splits:
            if parts_a <= a and parts_b <= b:
                chance += np.exp(
                    log_choose(a - 1, parts_a - 1) + log_choose(b - 1, parts_b - 1) - log_choose(a + b, a)
                )
    return float(min(1.0, chance))


def _faster(sheets: AnswerSheets, duration_s: np.ndarray, rows: np.ndarray) -> float:
    """Mann–Whitney: is the batch faster than other sheets that are as even? Even sheets are quick by
    nature."""
    spread = row_quality(sheets.answers, not_scored=sheets.not_scored).irv
    known = np.isfinite(duration_s)
    others = known.copy()
    others[rows] = False
    even = others & (np.nan_to_num(spread, nan=np.inf) <= np.nanmax(spread[rows], initial=0.0) + 1e-9)
    controls = even if even.sum() >= _CONTROLS else others
    inside = rows[known[rows]]
    if len(inside) == 0 or not controls.any():
        return np.nan
    return float(
        stats.mannwhitneyu(
            duration_s[inside], duration_s[controls], alternative="less", method="asymptotic"
        ).pvalue
    )
