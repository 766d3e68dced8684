"""Where a collector's code leads: the address on posters, slips and screens."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse


def origin_of(request: HttpRequest) -> str:
    """The address people reach us at: RENKE_ORIGIN, else the one this page was opened with."""
    return settings.PUBLIC_ORIGIN or f"{request.scheme}://{request.get_host()}"


def link_of(code: str, *, origin: str) -> str:
    return origin + reverse("respond", args=[code])
