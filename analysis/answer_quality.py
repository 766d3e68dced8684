"""Which replies a person should look at: signals per school and audience, and the batches they point to.

Signals are no proofs. A school is listed only with two independent kinds of them, nothing is removed by
itself, and a decision is a person's, traced and undone by a second one. The computation reads every reply
of the audiences asked at schools; it is kept in the cache under the digest of the wave's chain.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import pandas as pd
from django.core.cache import cache

from analysis.answer_sheets import DONT_KNOW, answer_sheets
from analysis.fact_checks import (
    FactCheck,
    UnusedFact,
    contradictions,
    doubted_by_statistic,
    fact_checks,
    fact_uses,
)
from analysis.known_statistics import KnownStatistic, known_statistics, statistics_digest
from analysis.school_signals import is_poster, rule_of_shares, share_signals
from analysis.seen_signals import (
    AnswerQuality,
    FactUse,
    SchoolToReview,
    SeenBatch,
    SeenSignal,
    SignalCount,
    StraightLines,
)
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
    many_fast,
    unusual_burst,
)
from surveys.audiences import AUDIENCES
from surveys.models import Wave
from surveys.queries import response_frame

KEPT_SECONDS = 24 * 3600
FORM = 2  # of what is kept: another form is not read


@dataclass(frozen=True)
class _Read:
    """One audience's replies, read: all that the checks need of them."""

    audience: str
    ids: np.ndarray
    is_poster: np.ndarray
    sheets: AnswerSheets
    of_shares: Sequence[Callable[[], Signal]]
    checks: tuple[FactCheck, ...]
    unused: tuple[UnusedFact, ...]


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
    state = "closed" if wave.is_closed else "open"
    return f"answer-quality-{FORM}-{wave.pk}-{chain_digest(wave)}-{statistics_digest(wave)}-{state}"


def _latest_key(wave: Wave) -> str:
    return f"answer-quality-latest-{FORM}-{wave.pk}"


def _look(wave: Wave, progress: Callable[[int], None]) -> AnswerQuality:
    known = known_statistics(wave)
    looked_at, read = 0, []
    for row in wave.audiences.select_related("version").filter(version__isnull=False):
        if row.audience not in AUDIENCES or AUDIENCES[row.audience].scope != "school":
            continue
        frame = response_frame(wave, row.audience)
        if frame.empty:
            continue
        frame = frame[~frame["is_void"]].reset_index(drop=True)
        looked_at += len(frame)
        progress(looked_at)
        sheets = answer_sheets(frame, row.version.questionnaire)
        if sheets is None:
            continue
        checks, unused = fact_checks(frame, row.version.questionnaire, row.audience, known)
        read.append(
            _Read(
                row.audience, frame["id"].to_numpy(), is_poster(frame), sheets, _of_shares(wave, frame),
                tuple(checks), tuple(unused),
            )
        )  # fmt: skip
    doubted = doubted_by_statistic([(one.audience, check) for one in read for check in one.checks])
    # What became of a fact is said of the answers as they are, doubted figures included.
    facts = [use for one in read for use in _uses(one, known, doubted)]
    return _found(looked_at, [_heeding(one, doubted) for one in read], facts)


def _uses(
    read: _Read, known: Mapping[str, KnownStatistic], doubted: Mapping[str, Iterable[str]]
) -> Iterable[FactUse]:
    school = read.sheets.school
    return fact_uses(read.audience, school, read.checks, read.unused, known=known, doubted=doubted)


def _heeding(read: _Read, doubted: Mapping[str, Iterable[str]]) -> _Read:
    """The same without what contradicts a doubted statistic. Facts that a whole class shares mark single
    replies; what differs from person to person is only counted by school."""
    checks = tuple(check.without(doubted[check.statistic.key]) for check in read.checks)
    shared = [check.contradicts for check in checks if check.statistic.is_shared]
    contradicts = np.logical_or.reduce(shared) if shared else None
    return replace(read, checks=checks, sheets=replace(read.sheets, contradicts=contradicts))


def _found(looked_at: int, audiences: Sequence[_Read], facts: Sequence[FactUse]) -> AnswerQuality:
    marked: list[int] = []
    counts: list[SignalCount] = []
    signals: dict[str, list[SeenSignal]] = {}
    batches: dict[str, list[SeenBatch]] = {}
    for read in audiences:
        sheets, ids = read.sheets, read.ids
        if not _enough(sheets):
            continue
        found = _signals(read)
        window_batches = find_batches(sheets, window_s=BURST_WINDOW_S - 1)
        marked += [int(one) for one in ids[flagged_rows(sheets, batches=window_batches)]]
        counts += [
            SignalCount(read.audience, one.name, one.kind, len(one.school), int(one.hit.sum()), fact)
            for fact, one in found
        ]
        for review in schools_for_review([one for _fact, one in found], batches=window_batches):
            batches.setdefault(review.school, []).extend(
                SeenBatch(read.audience, one.basis, tuple(int(i) for i in ids[one.rows]), one.kinds)
                for one in review.batches
            )
            batches[review.school] += _sets(read, review)
            signals.setdefault(review.school, []).extend(_seen(found, review.school, read.audience))
    schools = []
    for code in sorted(signals.keys() | batches.keys()):
        own, sets = signals.get(code, []), batches.get(code, [])
        kinds = {one.kind for one in own} | {kind for one in sets for kind in one.kinds}
        schools.append(SchoolToReview(code, tuple(sorted(kinds)), tuple(own), tuple(sets)))
    return AnswerQuality(
        looked_at=looked_at, schools=tuple(schools), signals=tuple(counts), marked=tuple(sorted(marked)),
        straight=tuple(_straight(read) for read in audiences),
        facts=tuple(facts),
    )  # fmt: skip


def _straight(read: _Read) -> StraightLines:
    lines = row_quality(read.sheets.answers).all_same
    return StraightLines(read.audience, len(lines), int(lines.sum()))


def _sets(read: _Read, review: SchoolReview) -> list[SeenBatch]:
    """What may be decided on beside the batches: the fast replies, those of the poster, all of them."""
    own = read.sheets.school == review.school

    def seen(basis: str, rows: np.ndarray, kinds: tuple[str, ...]) -> SeenBatch:
        return SeenBatch(read.audience, basis, tuple(int(one) for one in read.ids[rows]), kinds)

    sets = []
    if "pace" in review.kinds and read.sheets.duration_s is not None:
        sets.append(seen("fast", own & _fast(read.sheets), ("pace",)))
    if "channel" in review.kinds:
        sets.append(seen("poster", own & read.is_poster, ("channel",)))
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


def _seen(found: Sequence[tuple[str, Signal]], school: str, audience: str) -> list[SeenSignal]:
    seen = []
    for fact, signal in found:
        for at in np.flatnonzero((np.asarray(signal.school).astype(str) == school) & signal.hit):
            value, expected = float(signal.value[at]), float(signal.expected[at])
            seen.append(SeenSignal(audience, signal.name, signal.kind, value, expected, fact))
    return seen


def _signals(read: _Read) -> list[tuple[str, Signal]]:
    """The signals that this form and these schools allow, each with its statistic if it is about one; the
    others stay silent. Several contradicted statistics are signals of one kind."""
    sheets = read.sheets
    scores = np.where(sheets.answers == DONT_KNOW, np.nan, sheets.answers)

    tests: list[tuple[str, Callable[[], Signal]]] = [
        ("", lambda: identical_vectors(sheets.school, answers=sheets.answers)),
        (
            "",
            lambda: unusual_burst(sheets.school, submitted_s=sheets.submitted_s, window_s=BURST_WINDOW_S - 1),
        ),
        ("", lambda: low_variety(sheets.school, scores=scores)),
    ]
    if sheets.duration_s is not None:
        tests.append(("", lambda: many_fast(sheets.school, fast=_fast(sheets))))
    tests += [(check.statistic.key, partial(contradictions, check)) for check in read.checks]
    tests += [("", test) for test in read.of_shares]
    found = []
    for fact, test in tests:
        with contextlib.suppress(NotComputable):
            found.append((fact, test()))
    return found
