"""What every desk page shows around its content: whose desk it is, and where one can go from here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from survey_site.accounts.access import scope_of


@dataclass(frozen=True)
class Link:
    url: str
    label: str
    is_current: bool


def desk(request: HttpRequest) -> dict[str, Any]:
    """`scope` and `navigation` for templates; a visitor who is not signed in has neither.

    The account pages are not wrapped by `allow`, so the scope is made from the user where it is missing.
    """
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return {"scope": None, "navigation": []}
    scope = getattr(request, "scope", None) or scope_of(user)
    if scope is None:
        return {"scope": None, "navigation": []}
    return {"scope": scope, "navigation": _links(request.path, scope.role)}


def _links(path: str, role: str) -> list[Link]:
    pages = {
        "desk": _("County"),
        "waves": _("Survey waves"),
        "schools": _("Schools"),
        "roster": _("Roster"),
        "questionnaires": _("Questionnaires"),
    }
    if role == "school":
        pages = {"school_desk": _("My school")}
    elif role == "inspector":
        pages = {"desk": _("Evidence")}
    elif role == "province":
        pages = {"province": _("Counties")}
    elif role == "bureau":
        pages |= {"people": _("People"), "audit_log": _("Audit log")}
    links = []
    for name, label in pages.items():
        url = reverse(name)
        is_current = path == url if name == "desk" else path.startswith(url)
        links.append(Link(url, label, is_current))
    return links
