"""Signing in: accounts come from the bureau, wrong passwords are slowed, and every try leaves a trace."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core import context
from allauth.core.internal import ratelimit
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from survey_site.accounts import browsers
from survey_site.accounts.audit import record
from survey_site.accounts.audit_trail import page_of
from survey_site.accounts.models import AuditEntry, User
from survey_site.accounts.recent import is_recent


class DeskAccountAdapter(DefaultAccountAdapter):
    error_messages = DefaultAccountAdapter.error_messages | {
        "too_many_login_attempts": _(
            "Too many wrong attempts. Wait a few minutes, or sign in from a computer you have used before."
        ),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def is_reauthentication_required(self, *, app: str = "") -> bool:
        """The second step's pages ask again by the same clock as the desk."""
        return not is_recent(context.request)

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Wrong passwords count per account and browser: a browser that signed in before has a count of
        its own, strangers count by address and, all of them together, by account."""
        name = credentials.get("username", "").casefold()
        browser = browsers.browser_of(request, name)
        place = f"browser {browser}" if browser else f"address {ratelimit.get_ip(request)}"
        self._attempts = [self._count(request, "login_failed", f"{name} {place}")]
        if not browser:
            self._attempts.append(self._count(request, "login_failed_strangers", name))

    def _count(self, request: HttpRequest, action: str, key: str) -> ratelimit.RateLimitUsage:
        usage = ratelimit.consume(request, app="allauth.account", action=action, key=key)
        if not usage:
            raise self.validation_error("too_many_login_attempts")
        return usage

    def _rollback_login_failed_rl_usage(self) -> None:
        for usage in getattr(self, "_attempts", []):
            usage.rollback()

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        """Only for accounts there are: a name that somebody made up is no event of any county."""
        user = User.objects.filter(username__iexact=credentials.get("username", "")[:150]).first()
        if user:
            record(
                "sign_in_failed", county=user.county, person=None, about=user.username, now=timezone.now(),
                page=page_of(request), outcome=AuditEntry.Outcome.FAILED,
            )  # fmt: skip

    def post_login(self, request: HttpRequest, user: User, **kwargs: Any) -> HttpResponse:
        response = super().post_login(request, user, **kwargs)
        browsers.remember(request, response, user.username)
        record("sign_in", county=user.county, person=user, now=timezone.now(), page=page_of(request))
        return response

    def logout(self, request: HttpRequest) -> None:
        user = request.user
        super().logout(request)
        if user.is_authenticated:
            record("sign_out", county=user.county, person=user, now=timezone.now(), page=page_of(request))
