"""Codes people read off paper: no letter that looks like a digit, and a check letter on slips."""

from __future__ import annotations

import hashlib
import secrets
import unicodedata

ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
COLLECTOR_LENGTH = 10
SLIP_LENGTH = 12  # 31**11 possible codes, 54 bits, and a check letter


def new_collector_code() -> str:
    return _random(COLLECTOR_LENGTH)


def new_slip_code() -> str:
    body = _random(SLIP_LENGTH - 1)
    return body + check_letter(body)


def check_letter(body: str) -> str:
    """Weighted sum modulo 31 (a prime): finds every single wrong letter and every swapped pair."""
    total = sum((place + 1) * ALPHABET.index(letter) for place, letter in enumerate(body))
    return ALPHABET[total % len(ALPHABET)]


def normalise(typed: str) -> str:
    """A code as typed by hand: full-width letters, lower case, blanks and hyphens are forgiven."""
    plain = unicodedata.normalize("NFKC", typed).upper()
    return "".join(letter for letter in plain if letter.isalnum())


def is_slip_code(code: str) -> bool:
    return (
        len(code) == SLIP_LENGTH
        and all(letter in ALPHABET for letter in code)
        and check_letter(code[:-1]) == code[-1]
    )


def slip_digest(code: str) -> bytes:
    """What is stored of a slip's code. The code itself has 54 random bits, so no salt is needed."""
    return hashlib.sha256(b"renke slip\x00" + code.encode()).digest()


def _random(length: int) -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(length))
