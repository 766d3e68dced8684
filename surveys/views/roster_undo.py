"""Undoing the newest import of the roster: asks back, says what will be as before, and takes a reason."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from surveys.models import RosterImport
from surveys.roster.saving import RosterRefused
from surveys.roster.undoing import undo_import, why_not_undone
from surveys.views.roster import changes_of
from surveys.views.sent import clean_text, read_and_send


@read_and_send
def roster_undo(request: HttpRequest, import_id: int) -> HttpResponse:
    trace = get_object_or_404(RosterImport, county=request.scope.county, pk=import_id)
    reason = clean_text(request.POST.get("reason", ""))
    error = ""
    if request.method == "POST" and reason:
        try:
            undo_import(trace, reason=reason, by=request.user, now=timezone.now())
        except RosterRefused as refused:
            messages.error(request, str(refused))
        else:
            messages.success(request, _("The import is undone: the roster is as it was before."))
        return redirect("roster_import", trace.pk)
    if request.method == "POST":
        error = _("Say why the import is undone; the reason stays on record.")
    refused = why_not_undone(trace)
    if refused:
        messages.error(request, refused)
        return redirect("roster_import", trace.pk)
    context = {"trace": trace, "error": error} | changes_of(trace, backwards=True)
    return render(request, "desk/roster_undo.html", context, status=422 if error else 200)
