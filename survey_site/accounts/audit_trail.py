"""Writes the audit log as requests go by: every change at the desk, every download, every refusal."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import timedelta

from django.contrib import messages
from django.core.exceptions import SuspiciousOperation
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse, UnreadablePostError
from django.utils import timezone

from survey_site.accounts.audit import record
from survey_site.accounts.audit_objects import described
from survey_site.accounts.models import AuditEntry, User
from surveys.views.range_files import begins_at_start

logger = logging.getLogger(__name__)

READING_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
WATCHED = ("/desk/", "/accounts/", "/admin/")
REASON_LENGTH = 120
DOWNLOAD_GOES_ON = timedelta(days=1)  # an interrupted one; later pieces leave no further row
# Written down where they happen: in the adapter, which knows who it is.
ELSEWHERE = {"account_login", "account_logout", "mfa_authenticate"}


class AuditMiddleware:
    """A view says `request.audited = False` (through `leave_out`) when it did nothing worth a row."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        _note_wrong_code(request, response)
        if hasattr(request, "audit_person") and getattr(request, "audited", True):
            outcome = _outcome(request, response)
            if outcome:
                self._write(request, outcome)
        return response

    def process_view(self, request: HttpRequest, view: Callable, args: tuple, kwargs: dict) -> None:
        """Who and about what, before the view: afterwards the object may be gone or the user signed out."""
        user = getattr(request, "user", None)
        if user is None or not user.is_authenticated or not request.path.startswith(WATCHED):
            return
        request.audit_person = user
        if request.method not in READING_METHODS:
            request.audit_about = described(kwargs, county=user.county)

    def _write(self, request: HttpRequest, outcome: str) -> None:
        person: User = request.audit_person
        match = request.resolver_match
        try:
            record(
                match.view_name or match.route, county=person.county, person=person, now=timezone.now(),
                about=_with_reason(request, person),
                page=page_of(request), outcome=outcome,
            )  # fmt: skip
        except DatabaseError:
            # What was done is done; a log that cannot be written must not turn its page into an error.
            logger.exception("The audit log could not be written: %s by user %s", match.route, person.pk)


def _note_wrong_code(request: HttpRequest, response: HttpResponse) -> None:
    """The password was right and the code was not: allauth shows the form again."""
    stage = getattr(request, "_login_stage", None)
    if stage is not None and request.method == "POST" and response.status_code == 200:
        user = stage.login.user
        record(
            "second_step_failed", county=user.county, person=None, about=user.username, now=timezone.now(),
            page=page_of(request), outcome=AuditEntry.Outcome.FAILED,
        )  # fmt: skip


def leave_out(request: HttpRequest) -> None:
    """This request was turned away before anything was asked of it: no row."""
    request.audited = False


def page_of(request: HttpRequest) -> str:
    """The page's path; arguments that could be codes or tokens are dots."""
    path = request.path
    match = request.resolver_match
    for value in match.kwargs.values() if match else ():
        if isinstance(value, str) and len(value) >= 12:
            path = path.replace(value, "…")
    return path


def _with_reason(request: HttpRequest, person: User) -> str:
    """The objects, and the reason that was typed into the form's field of this name."""
    about = getattr(request, "audit_about", "")
    if not about:
        about = described(request.resolver_match.kwargs, county=person.county)
    form: Mapping[str, str] = {}
    # An upload that the view has not looked at is not parsed for this.
    if request.content_type == "application/x-www-form-urlencoded" or hasattr(request, "_post"):
        with suppress(SuspiciousOperation, UnreadablePostError):
            form = request.POST
    reason = form.get("reason", "").replace("\x00", "").strip()[:REASON_LENGTH]
    return f"{about}（{reason}）" if about and reason else about or reason


def _outcome(request: HttpRequest, response: HttpResponse) -> str:
    """Which row this request earns; "" for none, as for pages read and forms sent back to be mended."""
    match = request.resolver_match
    if match is None or match.view_name in ELSEWHERE:
        return ""
    if request.method in READING_METHODS:
        is_download = response.get("Content-Disposition", "").startswith("attachment")
        return AuditEntry.Outcome.DONE if is_download and _is_first_piece(request, response) else ""
    if response.status_code == 403:
        return AuditEntry.Outcome.REFUSED
    if response.status_code >= 400:
        return ""
    # allauth and the admin show a faulty form again with 200; the desk answers 422.
    if response.status_code == 200 and not request.path.startswith("/desk/"):
        return ""
    return AuditEntry.Outcome.REFUSED if _says_error(request) else AuditEntry.Outcome.DONE


def _is_first_piece(request: HttpRequest, response: HttpResponse) -> bool:
    """Whether a download begins here: a later piece has its row already, unless nobody fetched the first."""
    if response.status_code != 206:
        return response.status_code == 200
    if begins_at_start(response):
        return True
    begun = AuditEntry.objects.filter(
        person=request.audit_person, page=page_of(request), outcome=AuditEntry.Outcome.DONE,
        action=request.resolver_match.view_name, at__gte=timezone.now() - DOWNLOAD_GOES_ON,
    )  # fmt: skip
    return not begun.exists()


def _says_error(request: HttpRequest) -> bool:
    """Whether the view left an error message: a step that was refused leads back with a sentence."""
    queued = getattr(getattr(request, "_messages", None), "_queued_messages", [])
    return any(message.level >= messages.ERROR for message in queued)
