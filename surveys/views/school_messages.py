"""Messages to schools: the bureau's list, a new one, who has read it; and the school's own messages."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_safe

from surveys.models import County, MessageToSchool, School, Wave
from surveys.school_messages import (
    LONGEST_BODY,
    MessageRefused,
    behind_schools,
    mark_read,
    messages_of,
    messages_with_counts,
    reminder,
    send_message,
)
from surveys.views.lists import page_of, search_words
from surveys.views.sent import number_in, read_and_send

# A higher room knows the schools' users and sends e-mail; it passes these in through the URL table.
Addresses = Callable[[County], Mapping[int, Sequence[str]] | None]
Post = Callable[[int], None]


class MessageForm(forms.Form):
    subject = forms.CharField(label=gettext_lazy("Subject"), max_length=100)
    body = forms.CharField(
        label=gettext_lazy("Text"), max_length=LONGEST_BODY, widget=forms.Textarea({"rows": 8})
    )


@require_safe
def school_messages(request: HttpRequest) -> HttpResponse:
    """What was sent, the newest first, and how many schools have read it."""
    words = search_words(request)
    found = messages_with_counts(request.scope.county).filter(subject__icontains=words)
    context = {"page": page_of(request, found), "words": words}
    return render(request, "desk/fieldwork/messages.html", context)


@read_and_send
def school_message_new(request: HttpRequest, addresses: Addresses, post: Post) -> HttpResponse:
    """?wave=…&to=behind fills in a reminder and ticks the schools behind; ?school=… ticks single ones."""
    county = request.scope.county
    wave = _wave(county, request.GET.get("wave", ""))
    schools = list(School.objects.filter(county=county, is_active=True).select_related("township"))
    behind = {row.school.pk: row.progress for row in behind_schools(wave)} if wave else {}
    initial = reminder(wave).__dict__ if wave else {}
    form = MessageForm(request.POST or None, initial=initial)
    chosen = _chosen(request, schools, behind)
    refused = ""
    if request.method == "POST" and form.is_valid():
        mail_to = addresses(county)
        try:
            sent = send_message(
                county=county, schools=[one for one in schools if one.pk in chosen], wave=wave,
                by=request.user, now=timezone.now(), mail_to=mail_to, **form.cleaned_data,
            )  # fmt: skip
        except MessageRefused as error:
            refused = str(error)
        else:
            if mail_to is not None:
                post(sent.pk)
            said = ngettext("Sent to %(count)s school.", "Sent to %(count)s schools.", len(chosen))
            messages.success(request, said % {"count": len(chosen)})
            return redirect("school_message", sent.pk)
    context = {
        "form": form,
        "refused": refused,
        "wave": wave,
        "schools": [(school, school.pk in chosen, behind.get(school.pk)) for school in schools],
        "chosen": len(chosen),
        "behind": len(behind),
        "by_mail": addresses(county) is not None,
    }
    wrong = request.method == "POST"
    return render(request, "desk/fieldwork/message_new.html", context, status=422 if wrong else 200)


@require_safe
def school_message(request: HttpRequest, school_message_id: int) -> HttpResponse:
    """One message: its text, and which school has read it when."""
    message = get_object_or_404(messages_with_counts(request.scope.county), pk=school_message_id)
    words, show = search_words(request), request.GET.get("show", "")
    copies = message.copies.select_related("school__township", "read_by").filter(
        school__name__icontains=words
    )
    if show == "unread":
        copies = copies.filter(read_at__isnull=True)
    elif show == "failed":
        copies = copies.filter(mail=MessageToSchool.Mail.FAILED)
    context = {
        "message": message,
        "page": page_of(request, copies.order_by("school__code"), size=50),
        "words": words,
        "filters": [
            {
                "name": "show", "label": _("Which schools"), "all": _("All schools"), "chosen": show,
                "options": [("unread", _("Not read yet")), ("failed", _("E-mail failed"))],
            }
        ],
        "by_mail": message.copies.exclude(mail=MessageToSchool.Mail.NONE).exists(),
    }  # fmt: skip
    return render(request, "desk/fieldwork/message.html", context)


@require_safe
def own_messages(request: HttpRequest) -> HttpResponse:
    """A school's messages, read and unread."""
    context = {"page": page_of(request, messages_of(request.scope.school))}
    return render(request, "desk/fieldwork/own_messages.html", context)


@read_and_send
def own_message_read(request: HttpRequest, message_to_school_id: int) -> HttpResponse:
    """Notes that the school has read it; opened as a page it leads to the list."""
    copy = get_object_or_404(MessageToSchool, pk=message_to_school_id, school=request.scope.school)
    if request.method == "POST":
        mark_read(copy, by=request.user, now=timezone.now())
    return redirect("school_desk" if request.POST.get("back") == "desk" else "own_messages")


def _wave(county: County, asked: str) -> Wave | None:
    return Wave.objects.filter(county=county, pk=number_in(asked)).first()


def _chosen(request: HttpRequest, schools: Sequence[School], behind: Mapping[int, Any]) -> set[int]:
    """Ids of the schools ticked; on opening, those the address names."""
    asked = request.POST.getlist("school") if request.method == "POST" else request.GET.getlist("school")
    known = {school.pk for school in schools}
    if request.method == "POST" and request.POST.get("to") == "all":
        return known
    if (request.POST if request.method == "POST" else request.GET).get("to") == "behind":
        return set(behind)
    return known & {number_in(one) for one in asked}
