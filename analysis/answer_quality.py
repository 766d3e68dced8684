"""Which replies a person should look at: signals per school and audience, and the batches they point to.

Signals are no proofs. A school is listed only with two independent kinds of them, nothing is removed by
itself, and a decision is a person's, traced and undone by a second one. The computation reads every reply
of the audiences asked at schools; it is kept in the cache under the digest of the wave's chain.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from django.core.cache import cache

from analysis.answer_sheets import DONT_KNOW, answer_sheets
from analysis.school_signals import is_poster, rule_of_shares, share_signals
from scoring.item_rows import chain_digest
from scoring.numeric.errors import NotComputable
from scoring.numeric.quality import (
    AnswerSheets,
    SchoolReview,
    find_batches,
    flagged_rows,
    schools_for_review,
)
from scoring.numeric.quality_rows import row_quality, too_fast
from scoring.numeric.quality_schools import BURST_WINDOW_S
from scoring.numeric.quality_signals import (
    MIN_COUNT,
    MIN_SCHOOLS,
    Signal,
    identical_vectors,
    low_variety,
    many_contradictions,
    many_fast,
    unusual_burst,
)
from surveys.audiences import AUDIENCES
from surveys.models import School, Wave
from surveys.queries import response_frame

KEPT_SECONDS = 24 * 3600


@dataclass(frozen=True)
class SeenSignal:
    """One signal of one school and audience: what was seen, and what the other schools lead to expect."""

    audience: str
    name: str
    kind: str
    value: float
    expected: float


@dataclass(frozen=True)
class SeenBatch:
    """Replies (ids) that belong together: the same answers ("vector"), the same ten minutes ("window"),
    filled in too fast ("fast"), through the open poster ("poster"), or all of this audience at this school
    ("all")."""

    audience: str
    basis: str
    replies: tuple[int, ...]
    kinds: tuple[str, ...]


@dataclass(frozen=True)
class SchoolToReview:
    school: str
    kinds: tuple[str, ...]
    signals: tuple[SeenSignal, ...]
    batches: tuple[SeenBatch, ...]

    @property
    def marked(self) -> int:
        """How many replies its signals point to, each counted once.

        All of an audience, or all of a channel, are no pointer: honest ones are among them.
        """
        sets = (one for one in self.batches if one.basis not in ("all", "poster"))
        return len({reply for one in sets for reply in one.replies})


@dataclass(frozen=True)
class SignalCount:
    """How many schools one signal could be tested in, and in how many it was seen."""

    audience: str
    name: str
    kind: str
    tested: int
    seen: int


@dataclass(frozen=True)
class AnswerQuality:
    """looked_at: replies read; marked: ids left out in the comparison "with and without"."""

    looked_at: int
    schools: tuple[SchoolToReview, ...]
    signals: tuple[SignalCount, ...]
    marked: tuple[int, ...]

    def school(self, code: str) -> SchoolToReview | None:
        return next((one for one in self.schools if one.school == code), None)


def answer_quality(wave: Wave, *, progress: Callable[[int], None] = lambda _read: None) -> AnswerQuality:
    """The wave's replies that are not void, looked at once per change of its chain of seals.

    progress: told after every audience how many replies have been read.
    """
    found = cache.get(_key(wave))
    if found is None:
        found = _look(wave, progress)
        cache.set(_key(wave), found, KEPT_SECONDS)
        cache.set(_latest_key(wave), (time.time(), found), KEPT_SECONDS)
    return found


def latest_answer_quality(wave: Wave, *, max_age_seconds: int) -> AnswerQuality | None:
    """What the last look found, if it is not older than this; None means that nobody has looked lately.

    For pages that are loaded every few seconds while replies come in: they must not look each time.
    """
    kept = cache.get(_latest_key(wave))
    return kept[1] if kept and time.time() - kept[0] <= max_age_seconds else None


def is_looked_at(wave: Wave) -> bool:
    """Whether the wave's replies, as they stand, were looked at already."""
    return cache.get(_key(wave)) is not None


def _key(wave: Wave) -> str:
    return f"answer-quality-{wave.pk}-{chain_digest(wave)}-{'closed' if wave.is_closed else 'open'}"


def _latest_key(wave: Wave) -> str:
    return f"answer-quality-latest-{wave.pk}"


def _look(wave: Wave, progress: Callable[[int], None]) -> AnswerQuality:
    class_sizes = {
        school.code: school.pupils / school.classes
        for school in School.objects.filter(county=wave.county, classes__gt=0)
    }
    looked_at, marked = 0, []
    counts: list[SignalCount] = []
    signals: dict[str, list[SeenSignal]] = {}
    batches: dict[str, list[SeenBatch]] = {}
    for row in wave.audiences.select_related("version").filter(version__isnull=False):
        if row.audience not in AUDIENCES or AUDIENCES[row.audience].scope != "school":
            continue
        frame = response_frame(wave, row.audience)
        if frame.empty:
            continue
        frame = frame[~frame["is_void"]].reset_index(drop=True)
        looked_at += len(frame)
        progress(looked_at)
        sheets = answer_sheets(frame, row.version.questionnaire, class_sizes)
        if sheets is None or not _enough(sheets):
            continue
        found = _signals(sheets, _of_shares(wave, frame))
        window_batches = find_batches(sheets, window_s=BURST_WINDOW_S - 1)
        ids = frame["id"].to_numpy()
        marked += [int(one) for one in ids[flagged_rows(sheets, batches=window_batches)]]
        counts += [
            SignalCount(row.audience, one.name, one.kind, len(one.school), int(one.hit.sum()))
            for one in found
        ]
        for review in schools_for_review(found, batches=window_batches):
            batches.setdefault(review.school, []).extend(
                SeenBatch(row.audience, one.basis, tuple(int(i) for i in ids[one.rows]), one.kinds)
                for one in review.batches
            )
            batches[review.school] += _sets(sheets, frame, review, row.audience)
            signals.setdefault(review.school, []).extend(_seen(found, review.school, row.audience))
    schools = []
    for code in sorted(signals.keys() | batches.keys()):
        own, sets = signals.get(code, []), batches.get(code, [])
        kinds = {one.kind for one in own} | {kind for one in sets for kind in one.kinds}
        schools.append(SchoolToReview(code, tuple(sorted(kinds)), tuple(own), tuple(sets)))
    return AnswerQuality(looked_at, tuple(schools), tuple(counts), tuple(sorted(marked)))


def _sets(sheets: AnswerSheets, frame: pd.DataFrame, review: SchoolReview, audience: str) -> list[SeenBatch]:
    """What may be decided on beside the batches: the fast replies, those of the poster, all of them."""
    ids, own = frame["id"].to_numpy(), sheets.school == review.school

    def seen(basis: str, rows: np.ndarray, kinds: tuple[str, ...]) -> SeenBatch:
        return SeenBatch(audience, basis, tuple(int(one) for one in ids[rows]), kinds)

    sets = []
    if "pace" in review.kinds and sheets.duration_s is not None:
        sets.append(seen("fast", own & _fast(sheets), ("pace",)))
    if "channel" in review.kinds:
        sets.append(seen("poster", own & is_poster(frame), ("channel",)))
    return [*sets, seen("all", own, ())]


def _of_shares(wave: Wave, frame: pd.DataFrame) -> list[Callable[[], Signal]]:
    """Signals that say how satisfied a school is: of a closed wave only, like the school's own figure."""
    if not wave.is_closed:
        return []
    return share_signals(frame, rule_of_shares(wave), minimum=wave.minimum_group_size)


def _fast(sheets: AnswerSheets) -> np.ndarray:
    return too_fast(row_quality(sheets.answers, duration_s=sheets.duration_s))


def _enough(sheets: AnswerSheets) -> bool:
    """Whether enough schools have enough replies for "unusual here" to mean anything."""
    _names, replies = np.unique(sheets.school[sheets.school != ""], return_counts=True)
    return int((replies >= MIN_COUNT).sum()) >= MIN_SCHOOLS


def _seen(found: Sequence[Signal], school: str, audience: str) -> list[SeenSignal]:
    seen = []
    for signal in found:
        for at in np.flatnonzero((np.asarray(signal.school).astype(str) == school) & signal.hit):
            value, expected = float(signal.value[at]), float(signal.expected[at])
            seen.append(SeenSignal(audience, signal.name, signal.kind, value, expected))
    return seen


def _signals(sheets: AnswerSheets, of_shares: Sequence[Callable[[], Signal]]) -> list[Signal]:
    """The signals that this form and these schools allow; the others stay silent."""
    scores = np.where(sheets.answers == DONT_KNOW, np.nan, sheets.answers)

    tests: list[Callable[[], Signal]] = [
        lambda: identical_vectors(sheets.school, answers=sheets.answers),
        lambda: unusual_burst(sheets.school, submitted_s=sheets.submitted_s, window_s=BURST_WINDOW_S - 1),
        lambda: low_variety(sheets.school, scores=scores),
    ]
    if sheets.duration_s is not None:
        tests.append(lambda: many_fast(sheets.school, fast=_fast(sheets)))
    if sheets.contradicts is not None:
        tests.append(lambda: many_contradictions(sheets.school, contradicts=sheets.contradicts))
    found = []
    for test in (*tests, *of_shares):
        with contextlib.suppress(NotComputable):
            found.append(test())
    return found
