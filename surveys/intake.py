"""The only writers of responses: `commit_batch` stores them, `void_responses` takes them out of the count.

A batch is one transaction: store, redeem slips, count, seal. Nothing is acknowledged before it has
been committed. Whatever writes to a wave first takes the row of its chain, so writers of one wave
queue up and can neither deadlock nor lose an update; many answers in one batch keep that queue short.
"""

from __future__ import annotations

import json
import secrets
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import transaction

from surveys import seals, statements
from surveys.answers import AnswerTable
from surveys.hard_stops import places_left, record_beyond
from surveys.models import AccessCode, BatchKind, Collector, Response, Source, Void, Wave, WaveState
from surveys.tallies import (
    CellCount,
    StoredTallies,
    TallyKey,
    add_counts,
    by_cell,
    count_responses,
    tables_by_collector,
)

COARSE_MINUTES = 10
COARSE_SECONDS = 5
LONGEST_SECONDS = 3600


@dataclass(frozen=True)
class Submission:
    """A form that passed the questionnaire's checks, on its way into the database.

    `submission_id` is the 16 bytes the page carried: the same id is the same submission, however
    often it arrives. `table` is the compiled questionnaire the answers were checked against, that of
    the collector's audience. `texts` is JSON or empty. `slip` is the digest of the slip's code, if any.
    """

    collector: Collector
    table: AnswerTable
    submission_id: bytes
    choices: bytes
    texts: str
    stratum: str
    language: str
    received_at: datetime
    seconds: float | None = None
    slip: bytes | None = None
    source: str = Source.PHONE


@dataclass
class _Chain:
    """The end of a wave's chain, held by this transaction."""

    wave_id: int
    state: str
    has_hard_stops: bool
    length: int
    digest: bytes


@dataclass(frozen=True)
class Receipt:
    code: str
    is_repeat: bool


class IntakeRefused(Exception):
    """A submission that cannot be taken. `reason`: "closed", "not_open", "full", "slip_used", "slip_void",
    "unknown"."""

    def __init__(self, reason: str):
        super().__init__(reason)
        self.reason = reason


class VoidRefused(Exception):
    """A void or restore that would not do what was asked; the sentence says why."""


def commit_batch(submissions: Sequence[Submission]) -> list[Receipt | IntakeRefused]:
    """Stores, redeems, counts and seals these submissions; what comes back is in the same order.

    A submission whose id is known gets its first receipt again and changes nothing. One whose wave is
    not open, whose slip is used or for which a hard stop leaves no place is refused and the others go
    through; a refused one keeps its slip. Returns after the commit.
    Database errors pass through and leave nothing behind.
    """
    outcomes: dict[bytes, Receipt | IntakeRefused] = {}
    waves = {submission.collector.wave_id for submission in submissions}
    with transaction.atomic():
        with statements.sent_together():
            ends, states = statements.lock_chains(waves), statements.wave_states(waves)
            leaves = statements.known_leaves(submission.submission_id for submission in submissions)
            tallies = statements.stored_tallies({submission.collector.pk for submission in submissions})
        chains, known, stored = _chains(ends(), states()), leaves(), tallies()
        places = places_left(
            (wave_id for wave_id, chain in chains.items() if chain.has_hard_stops),
            (submission.collector for submission in submissions),
        )
        fresh: dict[int, list[Submission]] = defaultdict(list)
        for submission in _in_id_order(submissions):
            key, chain = submission.submission_id, chains.get(submission.collector.wave_id)
            if key in known:
                outcomes[key] = Receipt(seals.receipt_code(known[key]), is_repeat=True)
            elif chain is None:
                outcomes[key] = IntakeRefused("unknown")
            elif chain.state != WaveState.OPEN:
                outcomes[key] = IntakeRefused("not_open" if chain.state == WaveState.DRAFT else "closed")
            elif not places.has_room(submission.collector):
                outcomes[key] = IntakeRefused("full")
            elif submission.slip is not None and not _redeem(submission):
                outcomes[key] = IntakeRefused(_why_not_redeemed(submission))
            else:
                places.take(submission.collector)
                fresh[chain.wave_id].append(submission)
        for wave_id in sorted(fresh):
            outcomes |= _store(chains[wave_id], fresh[wave_id], stored)
    return _in_asked_order(submissions, outcomes)


def receipt_of(submission_id: bytes) -> Receipt | None:
    """The receipt of a submission that is stored already; None if it never arrived."""
    leaf = statements.known_leaves([submission_id])().get(submission_id)
    return Receipt(seals.receipt_code(leaf), is_repeat=True) if leaf else None


def void_responses(responses: Iterable[int], *, wave: Wave, reason: str, by: Any, now: datetime) -> Void:
    """Takes these responses (ids) out of every count, with a trace and a seal of their own.

    They stay stored. VoidRefused when one is not of this wave, or is void already.
    """
    if not reason.strip():
        raise VoidRefused("Say why these replies are voided.")
    with transaction.atomic():
        chain = _lock({wave.pk})[wave.pk]
        rows = _rows_to_change(wave, set(responses), is_void=False)
        void = Void.objects.create(wave=wave, reason=reason, by=by, at=now, responses_count=len(rows))
        add_counts(_count_stored(wave, rows), sign=-1)
        void.covered.set(rows)
        Response.objects.filter(pk__in=[row.pk for row in rows]).update(void=void)
        _seal(chain, BatchKind.VOID, [bytes(row.leaf) for row in rows], now=now, void=void)
    return void


def restore_responses(void: Void, *, reason: str, by: Any, now: datetime) -> None:
    """Undoes a void: its responses count again, and both decisions stay on record.

    A hard stop does not forbid it: whoever was taken once stays taken. That it is exceeded is recorded.
    """
    if not reason.strip():
        raise VoidRefused("Say why these replies are restored.")
    with transaction.atomic():
        chain = _lock({void.wave_id})[void.wave_id]
        if Void.objects.get(pk=void.pk).restored_at is not None:
            raise VoidRefused("These replies were restored before.")
        rows = _rows_to_change(void.wave, set(void.responses.values_list("pk", flat=True)), is_void=True)
        add_counts(_count_stored(void.wave, rows))
        Response.objects.filter(pk__in=[row.pk for row in rows]).update(void=None)
        Void.objects.filter(pk=void.pk).update(restored_by=by, restored_at=now, restored_reason=reason)
        void.refresh_from_db()
        _seal(chain, BatchKind.RESTORE, [bytes(row.leaf) for row in rows], now=now, void=void)
        record_beyond(void.wave, {row.collector_id for row in rows}, reason=reason, by=by, now=now)


def leaf_fields(
    *, collector_code: str, stratum: str, choices: bytes, texts: str, language: str, source: str,
    received_at: datetime, seconds: int | None,
) -> tuple[bytes, ...]:  # fmt: skip
    """The canonical fields of a response that its leaf covers, in order. Never change the order."""
    when = coarse_time(received_at).strftime("%Y-%m-%dT%H:%MZ")
    text = (collector_code, stratum, texts, language, source, when, "" if seconds is None else str(seconds))
    return (bytes(choices), *(part.encode() for part in text))


def decision_text(void: Void | None, kind: str) -> str:
    """What the seal of a void or restore says of the decision: why, by whom (user id) and when."""
    if void is None:
        return ""
    said = [void.reason, void.by_id, void.at]
    if kind == BatchKind.RESTORE:
        said = [void.restored_reason, void.restored_by_id, void.restored_at]
    said[2] = said[2] and said[2].astimezone(UTC).isoformat()
    return json.dumps(said, ensure_ascii=False)


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


def _lock(wave_ids: set[int]) -> dict[int, _Chain]:
    return _chains(statements.lock_chains(wave_ids)(), statements.wave_states(wave_ids)())


def _chains(ends: dict[int, tuple[int, bytes]], states: dict[int, tuple[str, bool]]) -> dict[int, _Chain]:
    return {wave_id: _Chain(wave_id, *states[wave_id], *end) for wave_id, end in ends.items()}


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
            collector=submission.collector,
            state=AccessCode.State.ISSUED,
        ).update(state=AccessCode.State.USED)
    )


def _why_not_redeemed(submission: Submission) -> str:
    """A slip can be voided between opening its page and sending it in."""
    is_void = AccessCode.objects.filter(digest=submission.slip, state=AccessCode.State.VOID).exists()
    return "slip_void" if is_void else "slip_used"


def _store(
    chain: _Chain, submissions: list[Submission], stored: StoredTallies
) -> dict[bytes, Receipt | IntakeRefused]:
    salts = [secrets.token_bytes(16) for _ in submissions]
    leaves = [_leaf(submission, salt) for submission, salt in zip(submissions, salts, strict=True)]
    newest = max(submission.received_at for submission in submissions)
    tables = {submission.collector.pk: submission.table for submission in submissions}
    cells = _count(((one.collector.pk, one.stratum, one.choices) for one in submissions), tables)
    with statements.sent_together():
        batch_id = _seal(chain, BatchKind.INTAKE, leaves, now=newest)
        statements.insert_responses(
            [
                (
                    one.submission_id, one.collector.pk, batch_id, one.stratum, one.choices, one.texts,
                    one.language, one.source, statements.stored_time(coarse_time(one.received_at)),
                    coarse_seconds(one.seconds), salt, leaf,
                )
                for one, salt, leaf in zip(submissions, salts, leaves, strict=True)
            ]
        )  # fmt: skip
        add_counts(cells, stored=stored)
    return {
        submission.submission_id: Receipt(seals.receipt_code(leaf), is_repeat=False)
        for submission, leaf in zip(submissions, leaves, strict=True)
    }


def _leaf(submission: Submission, salt: bytes) -> bytes:
    return seals.leaf_hash(
        salt,
        leaf_fields(
            collector_code=submission.collector.code,
            stratum=submission.stratum,
            choices=submission.choices,
            texts=submission.texts,
            language=submission.language,
            source=submission.source,
            received_at=submission.received_at,
            seconds=coarse_seconds(submission.seconds),
        ),
    )


def _count(
    rows: Iterable[tuple[int, str, bytes]], tables: dict[int, AnswerTable]
) -> dict[TallyKey, CellCount]:
    return {key: count_responses(tables[key[0]], choices) for key, choices in by_cell(rows).items()}


def _count_stored(wave: Wave, rows: list[Response]) -> dict[TallyKey, CellCount]:
    return _count(((row.collector_id, row.stratum, row.choices) for row in rows), tables_by_collector(wave))


def _seal(
    chain: _Chain, kind: BatchKind, leaves: list[bytes], *, now: datetime, void: Void | None = None
) -> int:
    """Adds the next link to the chain and returns the batch's id. The caller holds the chain's row."""
    number, root, sealed_at = chain.length + 1, seals.merkle_root(leaves), coarse_time(now)
    digest = seals.chain_digest(
        chain.digest, number=number, kind=kind, root=root, responses_count=len(leaves),
        sealed_at=sealed_at.strftime("%Y-%m-%dT%H:%MZ"), decision=decision_text(void, kind),
    )  # fmt: skip
    batch_id = statements.insert_batch(
        (
            chain.wave_id, number, str(kind), void and void.pk, len(leaves), root, chain.digest, digest,
            statements.stored_time(sealed_at),
        )
    )  # fmt: skip
    statements.move_chain(chain.wave_id, length=number, digest=digest)
    chain.length, chain.digest = number, digest
    return batch_id


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
    submissions: Sequence[Submission], outcomes: dict[bytes, Receipt | IntakeRefused]
) -> list[Receipt | IntakeRefused]:
    """One outcome for each submission; the second copy of a page gets the first one's receipt."""
    answered: set[bytes] = set()
    result = []
    for submission in submissions:
        outcome = outcomes[submission.submission_id]
        if submission.submission_id in answered and isinstance(outcome, Receipt):
            outcome = Receipt(outcome.code, is_repeat=True)
        answered.add(submission.submission_id)
        result.append(outcome)
    return result
