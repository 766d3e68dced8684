"""Who may open which page: denied unless the URL table allows the role, and scoped to one county.

The URL table wraps each view: `path("waves/", allow("bureau", "reviewer")(views.wave_list))`.
A view that is wrapped neither by `allow` nor by `public` is refused (403) by the middleware, so a
page that somebody forgets to declare is closed, not open. Views read `request.scope`, never the user.

`allow("bureau", fresh=True)` marks a dangerous act: whoever signed in a while ago says again who they are.
Who must have a second step at sign-in is sent to set it up before any page opens.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from survey_site.accounts import recent, second_step
from survey_site.accounts.audit_trail import READING_METHODS, leave_out
from survey_site.accounts.models import Role, User
from surveys.models import County, School

# Packages whose own pages check their own rights.
TRUSTED_VIEW_MODULES = (
    "allauth.",
    "django.contrib.admin.",
    "django.contrib.auth.admin",
    "django.views.i18n",
    "django.contrib.staticfiles.",
)
# Whatever the table says, these roles change nothing.
ONLY_READ = frozenset({Role.REVIEWER, Role.INSPECTOR, Role.PROVINCE})


@dataclass(frozen=True)
class Scope:
    """What the signed-in user may see: one county, and for a school user one school.

    A province user has no county and no school; `counties` are those whose summaries they read, and only
    the province's page is open to them.
    """

    role: str
    county: County | None
    school: School | None
    counties: tuple[County, ...] = ()

    @property
    def may_change(self) -> bool:
        return self.role == Role.BUREAU


def scope_of(user: User) -> Scope | None:
    """The user's scope; None without a role, and for a role that has not got its county."""
    if user.role == Role.PROVINCE:
        return Scope(user.role, None, None, tuple(user.counties.order_by("code")))
    if not user.role or user.county_id is None:
        return None
    return Scope(user.role, user.county, user.school)


def public(view: Callable) -> Callable:
    """Marks a view that anybody may open (the phone's pages, the health check)."""
    view.access = "public"
    return view


def allow(*roles: str, fresh: bool = False) -> Callable[[Callable], Callable]:
    """Lets only these roles open the view; everybody else gets the sign-in page or 403.

    A reviewer reads: any method that changes something is refused whatever the table says. With `fresh`
    a change needs a recent sign-in; so does opening the page if only the bureau may, for then it is the
    page that asks back, and it is shown again afterwards.
    """
    opening_is_act = roles == (Role.BUREAU,)

    def wrap(view: Callable) -> Callable:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            user = request.user
            if not user.is_authenticated:
                return redirect_to_login(request.get_full_path())
            scope = scope_of(user) if user.role in roles else None
            is_reading = request.method in READING_METHODS
            if scope is None or (user.role in ONLY_READ and not is_reading):
                raise PermissionDenied
            if second_step.is_missing(user):
                return _to_second_step(request)
            if fresh and (opening_is_act or not is_reading) and not recent.is_recent(request):
                leave_out(request)
                return recent.ask_again(request)
            request.scope = scope
            return view(request, *args, **kwargs)

        guarded.access = roles
        guarded.fresh = fresh
        return guarded

    return wrap


class AccessMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable, args: tuple, kwargs: dict
    ) -> HttpResponse | None:
        if getattr(view, "access", None) is None and not view.__module__.startswith(TRUSTED_VIEW_MODULES):
            raise PermissionDenied
        is_operating = request.path.startswith("/admin/") and request.user.is_authenticated
        if is_operating and second_step.is_missing(request.user):
            return _to_second_step(request)
        return None


def _to_second_step(request: HttpRequest) -> HttpResponse:
    leave_out(request)
    return redirect("mfa_index")
