"""Browsers that have signed in before: a signed cookie gives each its own count of wrong passwords.

So a stranger who tries passwords slows down strangers, and not the colleague at her own computer.
"""

from __future__ import annotations

import secrets

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import salted_hmac

COOKIE = "renke_browser"
SALT = "renke browser"
MAX_AGE_SECONDS = 365 * 24 * 3600
MOST_ACCOUNTS = 12  # a shared computer in the office


def browser_of(request: HttpRequest, username: str) -> str:
    """The browser's own name if this account has signed in from it, else ""."""
    name, accounts = _read(request)
    return name if _short(username) in accounts else ""


def remember(request: HttpRequest, response: HttpResponse, username: str) -> None:
    """After a complete sign-in: from now on the browser is known to this account."""
    name, accounts = _read(request)
    accounts = [_short(username), *(each for each in accounts if each != _short(username))][:MOST_ACCOUNTS]
    value = signing.dumps([name or secrets.token_urlsafe(12), accounts], salt=SALT)
    response.set_cookie(
        COOKIE, value, max_age=MAX_AGE_SECONDS, path="/accounts/", httponly=True, samesite="Lax",
        secure=settings.SESSION_COOKIE_SECURE,
    )  # fmt: skip


def _read(request: HttpRequest) -> tuple[str, list[str]]:
    try:
        name, accounts = signing.loads(request.COOKIES.get(COOKIE, ""), salt=SALT, max_age=MAX_AGE_SECONDS)
    except (signing.BadSignature, ValueError):
        return "", []
    return name, accounts


def _short(username: str) -> str:
    """Which account, without its name in a cookie that stays on shared computers."""
    return salted_hmac(SALT, username.casefold(), algorithm="sha256").hexdigest()[:16]
