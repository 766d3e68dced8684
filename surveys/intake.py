"""The only writers of responses: `commit_batch` stores them, `void_responses` takes them out of the count.

A batch is one transaction: store, redeem slips, count, seal. Nothing is acknowledged before it has
been committed. Whatever writes to a wave first takes the row of its chain, so writers of one wave
queue up and can neither deadlock nor lose an update; many answers in one batch keep that queue short.
"""

from __future__ import annotations

import secrets
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import transaction

from surveys import seals
from surveys.models import (
    AccessCode,
    Batch,
    BatchKind,
    Collector,
    Response,
    Source,
    Void,
    Wave,
    WaveChain,
    WaveState,
)
from surveys.tallies import add_counts, by_cell, count_responses, tables_by_collector

COARSE_MINUTES = 10
COARSE_SECONDS = 5
LONGEST_SECONDS = 3600


@dataclass(frozen=True)
class Submission:
    """A form that passed the questionnaire's checks, on its way into the database.

    `submission_id` is the 16 bytes the page carried: the same id is the same submission, however
    often it arrives. `slip` is the digest of the slip's code, if it came by a slip.
    """

    wave_id: int
    collector_id: int
    submission_id: bytes
    choices: bytes
    texts: str
    stratum: str
    language: str
    received_at: datetime
    seconds: int | None = None
    slip: bytes | None = None
    source: str = Source.PHONE


@dataclass(frozen=True)
class Receipt:
    code: str
    is_repeat: bool


class IntakeRefused(Exception):
    """A submission that cannot be taken. `reason` is "closed", "not_open", "slip_used" or "unknown"."""

    def __init__(self, reason: str):
        super().__init__(reason)
        self.reason = reason


class VoidRefused(Exception):
    """A void or restore that would not do what was asked; the sentence says why."""


def commit_batch(submissions: Sequence[Submission]) -> list[Receipt | IntakeRefused]:
    """Stores, redeems, counts and seals these submissions; what comes back is in the same order.

    A submission whose id is known gets its first receipt again and changes nothing. One whose wave is
    not open or whose slip is used is refused and the others go through. Returns after the commit.
    Database errors pass through and leave nothing behind.
    """
    outcomes: dict[bytes, Receipt | IntakeRefused] = {}
    with transaction.atomic():
        states = _lock_waves({submission.wave_id for submission in submissions})
        known = _known_receipts(submission.submission_id for submission in submissions)
        fresh: dict[int, list[Submission]] = defaultdict(list)
        for submission in _in_id_order(submissions):
            if submission.submission_id in known:
                outcomes[submission.submission_id] = known[submission.submission_id]
            elif submission.wave_id not in states:
                outcomes[submission.submission_id] = IntakeRefused("unknown")
            elif states[submission.wave_id].wave.state != WaveState.OPEN:
                is_draft = states[submission.wave_id].wave.state == WaveState.DRAFT
                outcomes[submission.submission_id] = IntakeRefused("not_open" if is_draft else "closed")
            elif submission.slip is not None and not _redeem(submission):
                outcomes[submission.submission_id] = IntakeRefused("slip_used")
            else:
                fresh[submission.wave_id].append(submission)
        for wave_id in sorted(fresh):
            outcomes |= _store(states[wave_id], fresh[wave_id])
    return _in_asked_order(submissions, outcomes, known)


def void_responses(responses: Iterable[int], *, wave: Wave, reason: str, by: Any, now: datetime) -> Void:
    """Takes these responses (ids) out of every count, with a trace and a seal of their own.

    They stay stored. VoidRefused when one is not of this wave, or is void already.
    """
    if not reason.strip():
        raise VoidRefused("Say why these replies are voided.")
    with transaction.atomic():
        chain = _lock_chain(wave)
        rows = _rows_to_change(wave, set(responses), is_void=False)
        void = Void.objects.create(wave=wave, reason=reason, by=by, at=now, responses_count=len(rows))
        _recount_cells(wave, rows, sign=-1)
        void.covered.set(rows)
        Response.objects.filter(pk__in=[row.pk for row in rows]).update(void=void)
        _seal(chain, BatchKind.VOID, [bytes(row.leaf) for row in rows], now=now, void=void)
    return void


def restore_responses(void: Void, *, reason: str, by: Any, now: datetime) -> None:
    """Undoes a void: its responses count again, and both decisions stay on record."""
    if not reason.strip():
        raise VoidRefused("Say why these replies are restored.")
    with transaction.atomic():
        chain = _lock_chain(void.wave)
        if Void.objects.get(pk=void.pk).restored_at is not None:
            raise VoidRefused("These replies were restored before.")
        rows = _rows_to_change(void.wave, set(void.responses.values_list("pk", flat=True)), is_void=True)
        _recount_cells(void.wave, rows, sign=1)
        Response.objects.filter(pk__in=[row.pk for row in rows]).update(void=None)
        Void.objects.filter(pk=void.pk).update(restored_by=by, restored_at=now, restored_reason=reason)
        _seal(chain, BatchKind.RESTORE, [bytes(row.leaf) for row in rows], now=now, void=void)


def leaf_fields(
    *, collector_code: str, stratum: str, choices: bytes, texts: str, language: str, source: str,
    received_at: datetime, seconds: int | None,
) -> tuple[bytes, ...]:  # fmt: skip
    """The canonical fields of a response that its leaf covers, in order. Never change the order."""
    when = coarse_time(received_at).strftime("%Y-%m-%dT%H:%MZ")
    text = (collector_code, stratum, texts, language, source, when, "" if seconds is None else str(seconds))
    return (bytes(choices), *(part.encode() for part in text))


def coarse_time(moment: datetime) -> datetime:
    """The moment in UTC cut to ten minutes."""
    moment = moment.astimezone(UTC)
    return moment - timedelta(
        minutes=moment.minute % COARSE_MINUTES, seconds=moment.second, microseconds=moment.microsecond
    )


def coarse_seconds(seconds: float | None) -> int | None:
    """How long answering took, cut to five seconds and at most an hour; nothing for a nonsense value."""
    if seconds is None or seconds < 0:
        return None
    return int(min(seconds, LONGEST_SECONDS)) // COARSE_SECONDS * COARSE_SECONDS


def _lock_waves(wave_ids: set[int]) -> dict[int, WaveChain]:
    """The chains of these waves by wave id, locked in id order, each with its wave as it is now.

    The wave is read by a second statement: in one joined statement PostgreSQL would wait for the chain's
    row but show the wave as it was before the wait, and a wave closed meanwhile would still look open.
    """
    chains = WaveChain.objects.select_for_update(no_key=True).filter(wave_id__in=wave_ids).order_by("wave_id")
    locked = {chain.wave_id: chain for chain in chains}
    for wave in Wave.objects.filter(pk__in=locked):
        locked[wave.pk].wave = wave
    return locked


def _lock_chain(wave: Wave) -> WaveChain:
    return _lock_waves({wave.pk})[wave.pk]


def _known_receipts(submission_ids: Iterable[bytes]) -> dict[bytes, Receipt]:
    stored = Response.objects.filter(submission_id__in=list(submission_ids))
    return {
        bytes(submission_id): Receipt(seals.receipt_code(bytes(leaf)), is_repeat=True)
        for submission_id, leaf in stored.values_list("submission_id", "leaf")
    }


def _in_id_order(submissions: Sequence[Submission]) -> list[Submission]:
    """Each id once (the first that arrived), so that a page sent twice in one batch counts once."""
    first: dict[bytes, Submission] = {}
    for submission in submissions:
        first.setdefault(submission.submission_id, submission)
    return [first[key] for key in sorted(first)]


def _redeem(submission: Submission) -> bool:
    """Uses up the slip: one conditional update, so of two phones with one slip exactly one gets through."""
    return bool(
        AccessCode.objects.filter(
            digest=submission.slip,
            collector_id=submission.collector_id,
            state=AccessCode.State.ISSUED,
        ).update(state=AccessCode.State.USED, used_on=submission.received_at.date())
    )


def _store(chain: WaveChain, submissions: list[Submission]) -> dict[bytes, Receipt | IntakeRefused]:
    codes = dict(
        Collector.objects.filter(
            wave_id=chain.wave_id, pk__in={submission.collector_id for submission in submissions}
        ).values_list("pk", "code")
    )
    rows, outcomes = [], {}
    for submission in submissions:
        if submission.collector_id not in codes:
            outcomes[submission.submission_id] = IntakeRefused("unknown")
            continue
        row = _response_row(submission, codes[submission.collector_id])
        rows.append(row)
        outcomes[submission.submission_id] = Receipt(seals.receipt_code(row.leaf), is_repeat=False)
    if rows:
        now = max(submission.received_at for submission in submissions)
        batch = _seal(chain, BatchKind.INTAKE, [row.leaf for row in rows], now=now)
        for row in rows:
            row.batch = batch
        Response.objects.bulk_create(rows)
        _recount_cells(chain.wave, rows, sign=1)
    return outcomes


def _response_row(submission: Submission, collector_code: str) -> Response:
    salt = secrets.token_bytes(16)
    seconds = coarse_seconds(submission.seconds)
    fields = leaf_fields(
        collector_code=collector_code,
        stratum=submission.stratum,
        choices=submission.choices,
        texts=submission.texts,
        language=submission.language,
        source=submission.source,
        received_at=submission.received_at,
        seconds=seconds,
    )
    return Response(
        submission_id=submission.submission_id,
        collector_id=submission.collector_id,
        stratum=submission.stratum,
        choices=submission.choices,
        texts=submission.texts,
        language=submission.language,
        source=submission.source,
        received_at=coarse_time(submission.received_at),
        seconds=seconds,
        salt=salt,
        leaf=seals.leaf_hash(salt, fields),
    )


def _recount_cells(wave: Wave, rows: list[Response], *, sign: int) -> None:
    tables = tables_by_collector(wave)
    cells = by_cell((row.collector_id, row.stratum, row.choices) for row in rows)
    add_counts({key: count_responses(tables[key[0]], choices) for key, choices in cells.items()}, sign=sign)


def _seal(
    chain: WaveChain, kind: BatchKind, leaves: list[bytes], *, now: datetime, void: Void | None = None
) -> Batch:
    """Adds the next link to the chain. The caller holds the chain's row."""
    number, previous, root = chain.length + 1, bytes(chain.digest), seals.merkle_root(leaves)
    sealed_at = coarse_time(now)
    digest = seals.chain_digest(
        previous,
        number=number,
        kind=kind,
        root=root,
        responses_count=len(leaves),
        sealed_at=sealed_at.strftime("%Y-%m-%dT%H:%MZ"),
    )
    batch = Batch.objects.create(
        wave_id=chain.wave_id, number=number, kind=kind, void=void, responses_count=len(leaves),
        root=root, previous=previous, digest=digest, sealed_at=sealed_at,
    )  # fmt: skip
    WaveChain.objects.filter(pk=chain.pk).update(length=number, digest=digest)
    chain.length, chain.digest = number, digest
    return batch


def _rows_to_change(wave: Wave, ids: set[int], *, is_void: bool) -> list[Response]:
    rows = list(
        Response.objects.filter(pk__in=ids, collector__wave=wave, void__isnull=not is_void).order_by("pk")
    )
    if not rows:
        raise VoidRefused("There are no replies to change.")
    if len(rows) != len(ids):
        raise VoidRefused(
            f"{len(ids) - len(rows)} of the {len(ids)} replies are not of this wave or were changed before."
        )
    return rows


def _in_asked_order(
    submissions: Sequence[Submission],
    outcomes: dict[bytes, Receipt | IntakeRefused],
    known: dict[bytes, Receipt],
) -> list[Receipt | IntakeRefused]:
    """One outcome for each submission; the second copy of a page gets the first one's receipt."""
    answered: set[bytes] = set(known)
    result = []
    for submission in submissions:
        outcome = outcomes[submission.submission_id]
        if submission.submission_id in answered and isinstance(outcome, Receipt):
            outcome = Receipt(outcome.code, is_repeat=True)
        answered.add(submission.submission_id)
        result.append(outcome)
    return result
