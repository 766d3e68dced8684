"""The bureau invites: one person, all schools at once; and looks after the links that are out."""

from __future__ import annotations

from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from survey_site.accounts.forms import InviteForm
from survey_site.accounts.invitations import (
    InvitationRefused,
    invite,
    invite_schools,
    open_links,
    revoke,
    send_again,
)
from survey_site.accounts.models import Invitation, Role, User
from survey_site.accounts.views.links import can_mail, show_links
from surveys.models import School
from surveys.views.lists import page_of, search_words
from surveys.views.sent import read_and_send


@read_and_send
def person_invite(request: HttpRequest) -> HttpResponse:
    county = request.scope.county
    form = InviteForm(request.POST or None, county=county, can_mail=can_mail())
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        link = invite(
            county=county, role=data["role"], school=data["school"], label=data["label"].replace("\x00", ""),
            email=data.get("email", ""), by=request.user, now=timezone.now(),
        )  # fmt: skip
        return show_links(request, [link])
    status = 422 if request.method == "POST" else 200
    return render(request, "desk/people/invite.html", {"form": form, "can_mail": can_mail()}, status=status)


@read_and_send
def schools_invite(request: HttpRequest) -> HttpResponse:
    """Schools without an account, each with its own link; those invited before are left out unless wanted."""
    county, now = request.scope.county, timezone.now()
    with_account = User.objects.filter(county=county, role=Role.SCHOOL, is_active=True).values("school")
    invited = open_links(county, now=now).filter(role=Role.SCHOOL).values("school")
    without = School.objects.filter(county=county, is_active=True).exclude(pk__in=with_account)
    never = without.exclude(pk__in=invited).order_by("code")
    error = ""
    if request.method == "POST":
        chosen = without if request.POST.get("who") == "all" else never
        links = invite_schools(chosen.select_related("county").order_by("code"), by=request.user, now=now)
        if links:
            return show_links(request, links)
        error = _("Every school has an account or an open invitation; there is nobody to invite.")
    context = {"never": never, "without": without.count(), "error": error}
    return render(request, "desk/people/invite_schools.html", context, status=422 if error else 200)


@require_safe
def invitations(request: HttpRequest) -> HttpResponse:
    words, state, now = search_words(request), request.GET.get("state", ""), timezone.now()
    found = Invitation.objects.filter(county=request.scope.county).select_related(
        "school", "person", "made_by", "used_by", "revoked_by"
    )
    if words:
        found = found.filter(
            Q(label__icontains=words) | Q(school__name__icontains=words) | Q(email__icontains=words)
            | Q(person__username__icontains=words) | Q(person__last_name__icontains=words)
        )  # fmt: skip
    if state == "open":
        found = found.filter(used_at__isnull=True, revoked_at__isnull=True, expires_at__gt=now)
    elif state == "expired":
        found = found.filter(used_at__isnull=True, revoked_at__isnull=True, expires_at__lte=now)
    elif state in ("used", "revoked"):
        found = found.filter(**{f"{state}_at__isnull": False})
    page = page_of(request, found)
    states = {
        "open": _("not used yet"), "used": _("used up"), "revoked": _("revoked"), "expired": _("ran out"),
    }  # fmt: skip
    context = {
        "page": page,
        "rows": [(each, each.state(now=now), states[each.state(now=now)]) for each in page],
        "words": words,
        "filters": [
            {
                "name": "state", "label": _("State"), "all": _("All states"), "chosen": state,
                "options": list(states.items()),
            }
        ],
    }  # fmt: skip
    return render(request, "desk/people/invitations.html", context)


@read_and_send
def invitation_again(request: HttpRequest, invitation_id: int) -> HttpResponse:
    found = _invitation(request, invitation_id)
    if request.method == "POST":
        try:
            return show_links(request, [send_again(found, by=request.user, now=timezone.now())])
        except InvitationRefused as error:
            messages.error(request, str(error))
            return redirect("invitations")
    return render(request, "desk/people/again.html", {"invitation": found})


@read_and_send
def invitation_revoke(request: HttpRequest, invitation_id: int) -> HttpResponse:
    found = _invitation(request, invitation_id)
    if request.method == "POST":
        try:
            revoke(found, by=request.user, now=timezone.now())
        except InvitationRefused as error:
            messages.error(request, str(error))
        else:
            messages.success(request, _("The link is revoked; nobody can use it."))
        return redirect("invitations")
    return render(request, "desk/people/revoke.html", {"invitation": found})


def _invitation(request: HttpRequest, invitation_id: int) -> Invitation:
    found = Invitation.objects.select_related("school", "person", "county", "made_by")
    return get_object_or_404(found, county=request.scope.county, pk=invitation_id)
