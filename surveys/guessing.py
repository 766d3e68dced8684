"""Slowing down whoever tries out slips' codes: by the code's first letters and by the page they type on.

Never by address: a whole school sits behind one. A slip's code has 54 random bits and a check letter, so a
guess is hopeless anyway; this keeps a program that tries all the same from keeping the server busy, and is
counted in the cache only, for ten minutes. Open posters are never slowed: their codes hang on the wall, and
nobody may take a school's poster out of service by mistyping it.
"""

from __future__ import annotations

import logging
import re
import secrets

from django.core.cache import cache
from django.core.signing import BadSignature, Signer

from surveys.distribution.codes import is_slip_code

logger = logging.getLogger(__name__)

WINDOW_SECONDS = 600
PREFIX_LETTERS = 4  # 923,521 of them: one that is slowed hits hardly anybody else
WRONG_BY_PREFIX = 8
WRONG_BY_SESSION = 12
_SESSION = re.compile(r"[A-Za-z0-9_-]{16}:[A-Za-z0-9_-]{20,60}")


def must_wait(code: str, *, session: str = "") -> bool:
    """Whether this code is not even looked up now. A right code waits too, or the answer would tell it."""
    keys = _keys(code, session)
    if not keys:
        return False
    try:
        counted = cache.get_many(keys)
    except Exception as error:  # the cache is a convenience: without it nobody is slowed
        logger.warning("The cache does not answer: %s", type(error).__name__)
        return False
    return any(counted.get(key, 0) >= limit for key, limit in keys.items())


def note_wrong(code: str, *, session: str = "") -> None:
    """Counts a code that leads nowhere. A code whose check letter is wrong is a slip of the pen: it counts
    only for the page it was typed on."""
    try:
        for key in _keys(code, session):
            cache.add(key, 0, WINDOW_SECONDS)
            cache.incr(key)
    except Exception as error:
        logger.warning("The cache does not answer: %s", type(error).__name__)


def new_session() -> str:
    """Names one visitor's tries. It stands in the form that asks for a code and nowhere else: no cookie."""
    return _signer().sign(secrets.token_urlsafe(12))


def session_of(given: str) -> str:
    """The name a form carried; empty if we did not give it."""
    if not _SESSION.fullmatch(given):
        return ""
    try:
        return _signer().unsign(given)
    except BadSignature:
        return ""


def _keys(code: str, session: str) -> dict[str, int]:
    """Counter → its limit."""
    keys = {}
    if is_slip_code(code):
        keys[f"wrong-slip:{code[:PREFIX_LETTERS]}"] = WRONG_BY_PREFIX
    if session:
        keys[f"wrong-from:{session}"] = WRONG_BY_SESSION
    return keys


def _signer() -> Signer:
    return Signer(salt="renke.tries")
