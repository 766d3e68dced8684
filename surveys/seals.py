"""Seals: showing that stored responses are the ones that were received, all of them, unchanged.

A response's *leaf* is the hash of its salted canonical bytes. A batch's *root* is the Merkle root over
its leaves in sorted order, and its *digest* chains the root to the batch before it. Whoever kept a
digest from an earlier day can tell that everything up to that day still stands; whoever kept a receipt
can be shown, with a short *inclusion proof*, that the response is in the count, without any other
response being shown.

The tree is RFC 6962's: leaves and inner nodes hash under different prefixes, and a lone node moves up
unchanged, so no two different lists share a root.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

EMPTY_CHAIN = bytes(32)
RECEIPT_ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
RECEIPT_LENGTH = 12


@dataclass(frozen=True)
class ProofStep:
    """A neighbour on the way from a leaf to the root, and the side it stands on."""

    sibling: bytes
    is_left: bool


def leaf_hash(salt: bytes, fields: Sequence[bytes]) -> bytes:
    """The leaf of a response: SHA-256 over its salt and its fields, each preceded by its length.

    The salt keeps an outsider who holds a leaf from trying all possible answers against it.
    """
    framed = b"".join(len(field).to_bytes(4, "big") + field for field in (salt, *fields))
    return hashlib.sha256(b"\x00" + framed).digest()


def merkle_root(leaves: Sequence[bytes]) -> bytes:
    """Root over the leaves in sorted order; the order of arrival does not matter and is not revealed."""
    if not leaves:
        raise ValueError("A batch without responses has no root.")
    level = sorted(leaves)
    while len(level) > 1:
        level = _next_level(level)
    return level[0]


def inclusion_proof(leaves: Sequence[bytes], leaf: bytes) -> tuple[ProofStep, ...]:
    """The neighbours that lead from one leaf to the root. ValueError if the leaf is not among them."""
    level = sorted(leaves)
    if leaf not in level:
        raise ValueError("This response is not in the batch.")
    position = level.index(leaf)
    steps = []
    while len(level) > 1:
        sibling = position ^ 1
        if sibling < len(level):
            steps.append(ProofStep(sibling=level[sibling], is_left=sibling < position))
        level = _next_level(level)
        position //= 2
    return tuple(steps)


def proof_holds(leaf: bytes, steps: Sequence[ProofStep], root: bytes) -> bool:
    node = leaf
    for step in steps:
        node = _inner(step.sibling, node) if step.is_left else _inner(node, step.sibling)
    return node == root


def chain_digest(
    previous: bytes, *, number: int, kind: str, root: bytes, responses_count: int, sealed_at: str,
    decision: str = "",
) -> bytes:  # fmt: skip
    """Digest of a batch: everything that is said about it, hashed with the digest of the batch before.

    decision: of a void or restore, who decided it when and why, in one text.
    """
    said = f"{number}|{kind}|{responses_count}|{sealed_at}".encode()
    if decision:
        said += b"|" + decision.encode()
    return hashlib.sha256(b"\x02" + previous + root + said).digest()


def receipt_code(leaf: bytes) -> str:
    """What a respondent may keep: 12 letters and digits without look-alikes, read off the leaf.

    It shows later that the response was counted; it says nothing about what was answered.
    """
    number = int.from_bytes(leaf, "big")
    letters = []
    for _ in range(RECEIPT_LENGTH):
        number, index = divmod(number, len(RECEIPT_ALPHABET))
        letters.append(RECEIPT_ALPHABET[index])
    code = "".join(letters)
    return f"{code[:4]}-{code[4:8]}-{code[8:]}"


def _inner(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


def _next_level(level: Sequence[bytes]) -> list[bytes]:
    pairs = [_inner(level[i], level[i + 1]) for i in range(0, len(level) - 1, 2)]
    return pairs + [level[-1]] if len(level) % 2 else pairs
