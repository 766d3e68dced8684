"""Seals, proven against an independent computation and by breaking them."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveys import seals

leaf_lists = st.lists(st.binary(min_size=32, max_size=32), min_size=1, max_size=40, unique=True)


def test_root_of_one_leaf_is_the_leaf():
    assert seals.merkle_root([b"a" * 32]) == b"a" * 32


def test_root_of_three_leaves_is_built_as_rfc_6962_says():
    a, b, c = (bytes([letter]) * 32 for letter in b"abc")
    left = hashlib.sha256(b"\x01" + a + b).digest()
    assert seals.merkle_root([c, a, b]) == hashlib.sha256(b"\x01" + left + c).digest()


@given(leaf_lists, st.data())
def test_every_leaf_proves_itself_and_no_other_does(leaves, data):
    root = seals.merkle_root(leaves)
    leaf = data.draw(st.sampled_from(leaves))
    steps = seals.inclusion_proof(leaves, leaf)
    assert seals.proof_holds(leaf, steps, root)
    stranger = hashlib.sha256(leaf).digest()
    assert not seals.proof_holds(stranger, steps, root)


@given(leaf_lists, st.randoms())
def test_order_of_arrival_does_not_change_the_root(leaves, random):
    shuffled = leaves[:]
    random.shuffle(shuffled)
    assert seals.merkle_root(shuffled) == seals.merkle_root(leaves)


def test_a_leaf_outside_the_batch_has_no_proof():
    with pytest.raises(ValueError, match="not in the batch"):
        seals.inclusion_proof([b"a" * 32], b"b" * 32)


@given(st.binary(min_size=16, max_size=16), st.lists(st.binary(max_size=5), min_size=2, max_size=4))
def test_moving_a_byte_between_two_fields_changes_the_leaf(salt, fields):
    moved = [fields[0] + b"x", *fields[1:]]
    other = [fields[0], b"x" + fields[1], *fields[2:]]
    assert seals.leaf_hash(salt, moved) != seals.leaf_hash(salt, other)


@pytest.mark.parametrize("change", ["previous", "number", "kind", "root", "responses_count", "sealed_at"])
def test_changing_anything_said_about_a_batch_changes_its_digest(change):
    said = {
        "previous": bytes(32), "number": 7, "kind": "intake", "root": b"r" * 32, "responses_count": 3,
        "sealed_at": "2026-11-21T04:00Z",
    }  # fmt: skip
    changed = said | {
        change: {
            "previous": b"\x01" * 32, "number": 8, "kind": "void", "root": b"s" * 32, "responses_count": 4,
            "sealed_at": "2026-11-21T04:10Z",
        }[change]
    }  # fmt: skip
    digests = [seals.chain_digest(values.pop("previous"), **values) for values in (dict(said), dict(changed))]
    assert digests[0] != digests[1]


def test_receipt_has_twelve_letters_without_look_alikes():
    code = seals.receipt_code(hashlib.sha256(b"anything").digest())
    letters = code.replace("-", "")
    assert len(letters) == 12
    assert not set(letters) & set("01ILO")
