"""Who may open which page: denied unless the URL table allows the role, and scoped to one county.

The URL table wraps each view: `path("waves/", allow("bureau", "reviewer")(views.wave_list))`.
A view that is wrapped neither by `allow` nor by `public` is refused (403) by the middleware, so a
page that somebody forgets to declare is closed, not open. Views read `request.scope`, never the user.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse

from surveys.models import County, School

# Packages whose own pages check their own rights.
TRUSTED_VIEW_MODULES = (
    "allauth.",
    "django.contrib.admin.",
    "django.contrib.auth.admin",
    "django.views.i18n",
    "django.contrib.staticfiles.",
)
READING_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True)
class Scope:
    """What the signed-in user may see: one county, and for a school user one school."""

    role: str
    county: County
    school: School | None

    @property
    def may_change(self) -> bool:
        return self.role == "bureau"


def public(view: Callable) -> Callable:
    """Marks a view that anybody may open (the phone's pages, the health check)."""
    view.access = "public"
    return view


def allow(*roles: str) -> Callable[[Callable], Callable]:
    """Lets only these roles open the view; everybody else gets the sign-in page or 403.

    A reviewer reads: any method that changes something is refused whatever the table says.
    """

    def wrap(view: Callable) -> Callable:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            user = request.user
            if not user.is_authenticated:
                return redirect_to_login(request.get_full_path())
            if user.role not in roles or user.county_id is None:
                raise PermissionDenied
            if user.role in ("reviewer", "inspector") and request.method not in READING_METHODS:
                raise PermissionDenied
            request.scope = Scope(role=user.role, county=user.county, school=user.school)
            return view(request, *args, **kwargs)

        guarded.access = roles
        return guarded

    return wrap


class AccessMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: Callable, args: tuple, kwargs: dict) -> None:
        if getattr(view, "access", None) is None and not view.__module__.startswith(TRUSTED_VIEW_MODULES):
            raise PermissionDenied
