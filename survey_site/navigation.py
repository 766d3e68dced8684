"""What every desk page shows around its content: whose desk it is, and where one can go from here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from analysis.ledger_lists import things_waiting
from survey_site.accounts.access import Scope, scope_of

# Pages whose address does not begin with that of their tab.
BELONGS_TO = {
    "/desk/evidence/": "indicators",
    "/desk/messages/": "waves",
    "/desk/method/": "desk",
    "/desk/school-figures/": "ledger",
    "/desk/tasks/": "ledger",
}
# A school's slips, posters and rectification items stand among the bureau's pages.
SCHOOLS_OWN = {"/desk/waves/": "school_desk", "/desk/ledger/": "self_check", "/desk/evidence/": "self_check"}
WAITING = ("ledger", "self_check")  # the entries that carry a number


@dataclass(frozen=True)
class Link:
    """`waiting`: how many things wait there; asked for only when the page is printed."""

    url: str
    label: str
    is_current: bool
    waiting: Callable[[], int] | None = None


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
    return {"scope": scope, "navigation": _links(request.path, scope)}


def _links(path: str, scope: Scope) -> list[Link]:
    role = scope.role
    pages = {
        "desk": _("County"),
        "waves": _("Survey waves"),
        "schools": _("Schools"),
        "roster": _("Roster"),
        "indicators": _("Indicators"),
        "evaluations": _("County evaluation"),
        "ledger": _("Rectification"),
        "questionnaires": _("Questionnaires"),
    }
    if role == "school":
        pages = {
            "school_desk": _("My school"),
            "own_results": _("Our results"),
            "self_check": _("Self-check"),
        }
    elif role == "inspector":
        pages = {"desk": _("Inspection"), "evidence": _("Evidence files")}
    elif role == "province":
        pages = {"province": _("Counties")}
    elif role == "bureau":
        pages |= {"people": _("People"), "audit_log": _("Audit log")}
    urls = {name: reverse(name) for name in pages}
    current = _tab_of(path, urls, SCHOOLS_OWN if role == "school" else BELONGS_TO)
    return [
        Link(urls[name], label, name == current, _waiting(scope) if name in WAITING else None)
        for name, label in pages.items()
    ]


def _tab_of(path: str, urls: dict[str, str], belongs_to: dict[str, str]) -> str | None:
    """The tab of the longest address that this one begins with; the front page is nobody's parent."""
    tabs = {address: name for address, name in belongs_to.items() if name in urls}
    tabs |= {url: name for name, url in urls.items()}
    above = [one for one in tabs if path == one or (one != urls.get("desk") and path.startswith(one))]
    return tabs[max(above, key=len)] if above else None


def _waiting(scope: Scope) -> Callable[[], int]:
    return lambda: things_waiting(
        scope.county, school=scope.school, role=scope.role, today=timezone.localdate()
    )
