"""Checking the seals: everything stored is recomputed and compared with what was sealed.

Nothing here trusts a stored hash: leaves are made again from the answers, roots from the leaves, and the
chain from the first batch to the last. What was recorded at every opening and closing must still fit: the
chain as it stood then, and the plan the answers are read against. Whoever can write to the database can
also make all of it anew: against that helps only a digest that somebody else keeps.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass

from surveys import seals
from surveys.intake import decision_text, leaf_fields
from surveys.models import Batch, BatchKind, Response, Void, Wave, WaveChain
from surveys.wave_record import record_problems


@dataclass(frozen=True)
class SealProblem:
    """Something stored that is not what was sealed. `batch` is 0 where it is not about a single batch."""

    batch: int
    problem: str


@dataclass(frozen=True)
class Verification:
    batches: int
    responses: int
    digest: str
    problems: tuple[SealProblem, ...]


@dataclass(frozen=True)
class InclusionProof:
    """What somebody who holds a receipt needs to see that the response is counted."""

    leaf: bytes
    steps: tuple[seals.ProofStep, ...]
    root: bytes
    batch: int
    is_void: bool


def verify_wave(wave: Wave) -> Verification:
    """Recomputes every leaf, root and link of the wave. No problems: nothing was changed since sealing."""
    problems: list[SealProblem] = []
    received: dict[int, list[bytes]] = defaultdict(list)
    total = 0
    rows = Response.objects.filter(batch__wave=wave).select_related("collector", "batch").order_by("pk")
    for row in rows.iterator(chunk_size=5_000):
        total += 1
        leaf = _leaf_again(row)
        if leaf != bytes(row.leaf):
            problems.append(SealProblem(row.batch.number, f"response {row.pk} is not what was received"))
        received[row.batch_id].append(leaf)
    previous, number = seals.EMPTY_CHAIN, 0
    digests, kinds = {0: previous}, {}
    for batch in Batch.objects.filter(wave=wave).select_related("void").order_by("number"):
        number += 1
        if batch.number != number:
            problems.append(SealProblem(number, "a batch is missing"))
            number = batch.number
        leaves = received[batch.pk] if batch.kind == BatchKind.INTAKE else _covered_leaves(batch)
        problems += _batch_problems(batch, leaves, previous)
        previous = bytes(batch.digest)
        digests[number], kinds[number] = previous, batch.kind
    problems += _void_problems(wave)
    problems += [SealProblem(0, found) for found in record_problems(wave, digests=digests, kinds=kinds)]
    chain = WaveChain.objects.get(pk=wave.pk)
    if (chain.length, bytes(chain.digest)) != (number, previous):
        problems.append(SealProblem(0, "the chain does not end where it was sealed"))
    return Verification(number, total, previous.hex(), tuple(problems))


def inclusion_of(receipt: str, *, wave: Wave) -> InclusionProof | None:
    """The proof for a receipt as it was shown on the phone; None when the wave has no such response."""
    wanted = receipt.strip().upper()
    leaves = Response.objects.filter(batch__wave=wave).values_list("pk", "leaf").iterator()
    found = next((pk for pk, leaf in leaves if seals.receipt_code(bytes(leaf)) == wanted), None)
    if found is None:
        return None
    row = Response.objects.select_related("batch").get(pk=found)
    batch_leaves = [bytes(leaf) for leaf in row.batch.responses.values_list("leaf", flat=True)]
    leaf = bytes(row.leaf)
    return InclusionProof(
        leaf=leaf,
        steps=seals.inclusion_proof(batch_leaves, leaf),
        root=bytes(row.batch.root),
        batch=row.batch.number,
        is_void=row.void_id is not None,
    )


def _leaf_again(row: Response) -> bytes:
    fields = leaf_fields(
        collector_code=row.collector.code,
        stratum=row.stratum,
        choices=bytes(row.choices),
        texts=row.texts,
        language=row.language,
        source=row.source,
        received_at=row.received_at,
        seconds=row.seconds,
    )
    return seals.leaf_hash(bytes(row.salt), fields)


def _void_problems(wave: Wave) -> list[SealProblem]:
    """Left out of the count must be exactly what the sealed decisions say."""
    decided: dict[int, int] = {}
    kinds = Counter(
        Batch.objects.filter(wave=wave, void__isnull=False).order_by().values_list("void_id", "kind")
    )
    problems = []
    for void in Void.objects.filter(wave=wave):
        restored = void.restored_at is not None
        if void.responses_count != void.covered.count():
            problems.append(SealProblem(0, f"decision {void.pk} is not about as many replies as it says"))
        if (kinds[void.pk, BatchKind.VOID], kinds[void.pk, BatchKind.RESTORE]) != (1, int(restored)):
            problems.append(SealProblem(0, f"decision {void.pk} was not sealed as it stands"))
        if not restored:
            decided |= dict.fromkeys(void.covered.values_list("pk", flat=True), void.pk)
    left_out = Response.objects.filter(batch__wave=wave, void__isnull=False)
    if dict(left_out.values_list("pk", "void_id")) != decided:
        problems.append(SealProblem(0, "the replies left out are not those that were decided on"))
    return problems


def _covered_leaves(batch: Batch) -> list[bytes]:
    return [bytes(leaf) for leaf in batch.void.covered.values_list("leaf", flat=True)] if batch.void else []


def _batch_problems(batch: Batch, leaves: list[bytes], previous: bytes) -> list[SealProblem]:
    if not leaves or len(leaves) != batch.responses_count:
        found = f"holds {len(leaves)} responses, {batch.responses_count} were sealed"
        return [SealProblem(batch.number, found)]
    problems = []
    if seals.merkle_root(leaves) != bytes(batch.root):
        problems.append(SealProblem(batch.number, "its responses are not those that were sealed"))
    digest = seals.chain_digest(
        previous,
        number=batch.number,
        kind=batch.kind,
        root=bytes(batch.root),
        responses_count=batch.responses_count,
        sealed_at=batch.sealed_at.strftime("%Y-%m-%dT%H:%MZ"),
        decision=decision_text(batch.void, batch.kind),
    )
    if bytes(batch.previous) != previous or digest != bytes(batch.digest):
        problems.append(SealProblem(batch.number, "it does not follow from the batch before it"))
    return problems
