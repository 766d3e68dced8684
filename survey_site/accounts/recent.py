"""Dangerous acts ask who it is again when signing in was a while ago.

A desk left open in a corridor must not close a wave.
"""

from __future__ import annotations

import time

from allauth.account.internal.flows.login import get_authentication_records
from django.conf import settings
from django.contrib.auth import REDIRECT_FIELD_NAME
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode

FIRST_SEEN = "first_seen_at"


def is_recent(request: HttpRequest) -> bool:
    """Whether this session's user proved within the time limit who they are.

    A session that began otherwise than on the sign-in page counts from its first page.
    """
    return time.time() - _proved_at(request) < settings.ACCOUNT_REAUTHENTICATION_TIMEOUT


def ask_again(request: HttpRequest) -> HttpResponse:
    """To the page that asks for the password; from there back to this page, as it is when opened."""
    address = reverse("account_reauthenticate")
    return redirect(f"{address}?{urlencode({REDIRECT_FIELD_NAME: request.get_full_path()})}")


def _proved_at(request: HttpRequest) -> float:
    records = get_authentication_records(request, request.user)
    if records:
        return max(each["at"] for each in records)
    key = str(request.user.pk)
    seen = request.session.get(FIRST_SEEN)
    if not isinstance(seen, list) or seen[0] != key:
        seen = request.session[FIRST_SEEN] = [key, time.time()]
    return seen[1]
