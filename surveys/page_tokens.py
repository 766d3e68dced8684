"""What a phone's page carries: its submission id and when it was handed out, sealed so that both are ours.

The id makes a repeated submission harmless; the time tells how long answering took. A token names
nobody: it is random, and bound to the code it was handed out under only so that it fits no other page.
"""

from __future__ import annotations

import binascii
import hmac
import secrets
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from functools import lru_cache
from hashlib import sha256

from django.conf import settings

ID_BYTES = 16
TIME_BYTES = 5
SEAL_BYTES = 15  # 36 bytes in all: 48 letters without padding
MARK_BYTES = 9
TOKEN_LENGTH = 48
CLOCK_SLACK_SECONDS = 300  # between the clocks of two web servers


@dataclass(frozen=True)
class PageToken:
    submission_id: bytes
    issued_at: int  # unix seconds


def new_token(code: str, *, now: float | None = None) -> str:
    """A token for one handing-out of the page of this collector's or slip's code."""
    issued_at = int(time.time() if now is None else now)
    body = secrets.token_bytes(ID_BYTES) + issued_at.to_bytes(TIME_BYTES, "big")
    return urlsafe_b64encode(body + _seal(b"page", code.encode() + b"\x00" + body)[:SEAL_BYTES]).decode()


def read_token(token: str, code: str, *, now: float | None = None) -> PageToken | None:
    """The id and time in a token we handed out under this code; None for anything else. Never raises."""
    if len(token) != TOKEN_LENGTH or not token.isascii():
        return None
    try:
        raw = urlsafe_b64decode(token)
    except (ValueError, binascii.Error):
        return None
    body, seal = raw[:-SEAL_BYTES], raw[-SEAL_BYTES:]
    expected = _seal(b"page", code.encode() + b"\x00" + body)[:SEAL_BYTES]
    if len(body) != ID_BYTES + TIME_BYTES or not hmac.compare_digest(seal, expected):
        return None
    issued_at = int.from_bytes(body[ID_BYTES:], "big")
    if issued_at > (time.time() if now is None else now) + CLOCK_SLACK_SECONDS:
        return None
    return PageToken(body[:ID_BYTES], issued_at)


def receipt_mark(receipt: str, code: str) -> str:
    """Twelve letters that let the thank-you page tell a receipt we gave from one somebody made up."""
    return urlsafe_b64encode(_seal(b"receipt", f"{code}\x00{receipt}".encode())[:MARK_BYTES]).decode()


def is_our_receipt(receipt: str, mark: str, code: str) -> bool:
    return hmac.compare_digest(mark.encode(), receipt_mark(receipt, code).encode())


def _seal(purpose: bytes, message: bytes) -> bytes:
    return hmac.digest(_key(settings.SECRET_KEY, purpose), message, "sha256")


@lru_cache(maxsize=8)
def _key(secret: str, purpose: bytes) -> bytes:
    """One key per purpose, so that a seal of one kind never passes for another."""
    return hmac.new(secret.encode(), b"renke " + purpose, sha256).digest()
