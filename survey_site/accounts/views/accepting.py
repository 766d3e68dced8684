"""What the invited see: who invites them, and a form for name, user name and password."""

from __future__ import annotations

from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.login import record_authentication
from allauth.account.utils import perform_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from survey_site.accounts import second_step
from survey_site.accounts.forms import JoinForm, NewPasswordForm
from survey_site.accounts.invitations import InvitationRefused, find, join, readable, set_password
from survey_site.accounts.models import Invitation, Purpose
from surveys.distribution.codes import normalise
from surveys.views.sent import read_and_send

LONGEST_CODE = 40


@never_cache
@read_and_send
def invitation_code(request: HttpRequest) -> HttpResponse:
    """For those who have the code on paper and no camera."""
    error = ""
    if request.method == "POST":
        code = normalise(request.POST.get("code", "")[:LONGEST_CODE])
        if code and find(code):
            return redirect("invitation", readable(code).lower())
        error = _("This code is not known here. Check each letter; I, L, O, 0 and 1 never occur.")
    return render(request, "account/invitation_code.html", {"error": error}, status=422 if error else 200)


@never_cache
@read_and_send
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    found = find(token[:LONGEST_CODE])
    state = found.state(now=timezone.now()) if found else "unknown"
    if found and found.person and not found.person.is_active:
        state = "revoked"
    if state != "open":
        status = 404 if state == "unknown" else 410
        return render(request, "account/invitation_over.html", {"state": state}, status=status)
    form_class = NewPasswordForm if found.purpose == Purpose.PASSWORD else JoinForm
    form = form_class(request.POST or None, invitation=found)
    refused = ""
    if request.method == "POST" and form.is_valid():
        try:
            return _let_in(request, found, form.cleaned_data)
        except InvitationRefused as error:
            refused = str(error)
    context = {"invitation": found, "form": form, "refused": refused}
    return render(
        request, "account/invitation.html", context, status=422 if request.method == "POST" else 200
    )


def _let_in(request: HttpRequest, found: Invitation, data: dict[str, str]) -> HttpResponse:
    """Uses the link up and signs its person in; who needs a second step is led on to set it up."""
    now = timezone.now()
    if found.purpose == Purpose.PASSWORD:
        user = set_password(found, password=data["password"], now=now)
    else:
        user = join(
            found, username=data["username"], name=data["name"].replace("\x00", ""),
            password=data["password"], now=now,
        )  # fmt: skip
    if request.user.is_authenticated:
        get_adapter().logout(request)
    # A link is how they proved who they are; dangerous acts count their time from here.
    record_authentication(request, user, method="invitation")
    target = reverse("mfa_index") if second_step.is_missing(user) else None
    return perform_login(request, user, redirect_url=target)
