"""The bureau's people: who has an account, and switching one off or on."""

from __future__ import annotations

from django.contrib import messages
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from survey_site.accounts import second_step
from survey_site.accounts.disabling import DisablingRefused, disable, enable
from survey_site.accounts.invitations import GIVEN_ROLES, new_password_link, open_links
from survey_site.accounts.models import AuditEntry, User
from survey_site.accounts.views.links import show_links
from surveys.views.lists import chosen_sort, page_of, search_words
from surveys.views.sent import read_and_send

COLUMNS = {"name": "username", "role": "role", "school": "school__name", "last": "last_login"}
LATEST_ACTS = 10


@require_safe
def people(request: HttpRequest) -> HttpResponse:
    words, role, state = search_words(request), request.GET.get("role", ""), request.GET.get("state", "")
    found = User.objects.filter(county=request.scope.county).select_related("school")
    everybody = found.count()
    if words:
        found = found.filter(
            Q(username__icontains=words) | Q(last_name__icontains=words) | Q(first_name__icontains=words)
            | Q(school__name__icontains=words)
        )  # fmt: skip
    if role in [each.value for each in GIVEN_ROLES]:
        found = found.filter(role=role)
    if state in ("active", "disabled"):
        found = found.filter(is_active=state == "active")
    sort = chosen_sort(request, COLUMNS, default="name")
    context = {
        "page": page_of(request, found.order_by(sort.order, "pk")),
        "sort": sort,
        "words": words,
        "everybody": everybody,
        "open_links": open_links(request.scope.county, now=timezone.now()).count(),
        "filters": [
            {
                "name": "role", "label": _("Role"), "all": _("All roles"), "chosen": role,
                "options": [(each.value, each.label) for each in GIVEN_ROLES],
            },
            {
                "name": "state", "label": _("State"), "all": _("Active and disabled"), "chosen": state,
                "options": [("active", _("Active")), ("disabled", _("Disabled"))],
            },
        ],
    }  # fmt: skip
    return render(request, "desk/people/people.html", context)


@require_safe
def person(request: HttpRequest, person_id: int) -> HttpResponse:
    found = _person(request, person_id)
    acts = AuditEntry.objects.filter(person=found, chain__county=request.scope.county)
    context = {
        "person": found,
        "has_second_step": second_step.is_mfa_enabled(found),
        "needs_second_step": second_step.is_required(found),
        "links": open_links(request.scope.county, now=timezone.now()).filter(person=found),
        "acts": acts.select_related("person").order_by("-number")[:LATEST_ACTS],
        "is_self": found.pk == request.user.pk,
    }
    return render(request, "desk/people/person.html", context)


@read_and_send
def person_disable(request: HttpRequest, person_id: int) -> HttpResponse:
    found = _person(request, person_id)
    if not found.is_active:
        messages.warning(request, _("This account is disabled already."))
        return redirect("person", found.pk)
    if request.method == "POST":
        try:
            disable(found, by=request.user, now=timezone.now())
        except DisablingRefused as error:
            messages.error(request, str(error))
        else:
            messages.success(request, _("%(name)s can sign in no more.") % {"name": found})
        return redirect("person", found.pk)
    return render(request, "desk/people/disable.html", {"person": found})


@read_and_send
def person_enable(request: HttpRequest, person_id: int) -> HttpResponse:
    found = _person(request, person_id)
    if request.method == "POST":
        enable(found)
        messages.success(request, _("%(name)s can sign in again.") % {"name": found})
        return redirect("person", found.pk)
    return render(request, "desk/people/enable.html", {"person": found})


@read_and_send
def person_password(request: HttpRequest, person_id: int) -> HttpResponse:
    """Asks back, then shows the link once."""
    found = _person(request, person_id)
    if not found.is_active:
        messages.error(request, _("This account is disabled; enable it first."))
        return redirect("person", found.pk)
    if request.method == "POST":
        link = new_password_link(
            found, by=request.user, now=timezone.now(),
            removes_second_step=request.POST.get("removes_second_step") == "yes",
        )  # fmt: skip
        return show_links(request, [link])
    context = {"person": found, "has_second_step": second_step.is_mfa_enabled(found)}
    return render(request, "desk/people/password.html", context)


def _person(request: HttpRequest, person_id: int) -> User:
    people_here = User.objects.select_related("school", "county")
    return get_object_or_404(people_here, county=request.scope.county, pk=person_id)
