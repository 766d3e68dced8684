"""A wave's steps: opening, late schools, moving its end, closing, opening again, deleting. Each says first
what follows."""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import date

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from surveys.missing_collectors import LatePlaces, collectors_to_make, late_places
from surveys.models import DesignKind, Wave
from surveys.progress import NOTHING, progress_of_waves
from surveys.views.sent import clean_text, read_and_send
from surveys.views.waves import PlannedAnswers, questionnaire_title, unplanned
from surveys.waves import (
    WaveRefused,
    ask_late_places,
    close_wave,
    delete_draft,
    move_end,
    open_wave,
    reopen_wave,
)

MOST_PLACES_SHOWN = 200


@read_and_send
def wave_open(request: HttpRequest, wave_id: int, planned_answers: PlannedAnswers) -> HttpResponse:
    found = _wave(request, wave_id)
    if request.method == "POST":
        return _take(
            request, found, _("The wave is open: answers are counted from now on."),
            lambda: open_wave(found, by=request.user, now=timezone.now()),
        )  # fmt: skip
    if not found.is_draft:
        return _no_longer(request, found)
    collectors = collectors_to_make(found)
    audiences = found.audiences.select_related("version")
    rows = [(row, questionnaire_title(row), collectors[row.audience]) for row in audiences]
    context = {
        "wave": found,
        "rows": rows,
        "collectors": sum(collectors.values()),
        "nowhere": [row.audience for row, _, count in rows if count == 0],
        "unplanned": unplanned(found, planned_answers),
        "starts_later": found.starts_on > timezone.localdate(),
        "is_past": found.ends_on < timezone.localdate(),
    }
    return render(request, "desk/wave_open.html", context)


@read_and_send
def collectors_add(
    request: HttpRequest, wave_id: int, given_controls: Callable[[Wave], Collection[str]]
) -> HttpResponse:
    """Collectors for schools that came to the roster after the wave opened: what would be made, then it is.

    `given_controls` names the audiences whose population controls do not follow the roster; they belong to
    a higher room, which passes the function in through the URL table.
    """
    found = _wave(request, wave_id)
    if not found.is_open:
        return _no_longer(request, found)
    if request.method == "POST":
        return _add_collectors(request, found)
    late = late_places(found)
    if late is None:
        messages.info(request, _("Every school and township of the roster has its collectors."))
        return redirect("collectors", found.pk)
    context = {
        "wave": found,
        "late": late,
        "places": [*late.schools, *late.townships][:MOST_PLACES_SHOWN],
        "more": max(0, len(late.schools) + len(late.townships) - MOST_PLACES_SHOWN),
        "sums": _sums_of(late, given_controls(found)),
        "is_sampled": found.design == DesignKind.SAMPLED_SCHOOLS,
        "was_closed": found.events.filter(action="closed").exists(),
    }
    return render(request, "desk/wave_collectors_add.html", context)


@read_and_send
def wave_close(request: HttpRequest, wave_id: int) -> HttpResponse:
    found = _wave(request, wave_id)
    if request.method == "POST":
        return _take(
            request, found, _("The wave is closed: no further answer is counted."),
            lambda: close_wave(found, by=request.user, now=timezone.now(), reason=_reason(request)),
        )  # fmt: skip
    if not found.is_open:
        return _no_longer(request, found)
    progress = progress_of_waves([found]).get(found.pk, NOTHING)
    context = {"wave": found, "progress": progress, "is_early": found.ends_on > timezone.localdate()}
    return render(request, "desk/wave_close.html", context)


@read_and_send
def wave_move_end(request: HttpRequest, wave_id: int) -> HttpResponse:
    found = _wave(request, wave_id)
    if not found.is_open:
        return _no_longer(request, found)
    given, reason, error = found.ends_on.isoformat(), "", ""
    if request.method == "POST":
        given, reason = request.POST.get("ends_on", "").strip(), _reason(request)
        try:
            day = date.fromisoformat(given)
            move_end(found, ends_on=day, reason=reason, by=request.user, now=timezone.now())
        except ValueError:
            error = _("Enter the day as year-month-day, for example 2026-11-30.")
        except WaveRefused as refused:
            error = str(refused)
        else:
            messages.success(request, _("The last day is moved."))
            return redirect("wave", found.pk)
    context = {"wave": found, "ends_on": given, "reason": reason, "error": error}
    return render(request, "desk/wave_move_end.html", context, status=422 if error else 200)


@read_and_send
def wave_reopen(request: HttpRequest, wave_id: int) -> HttpResponse:
    found = _wave(request, wave_id)
    if request.method == "POST":
        reason = _reason(request)
        if not reason:
            context = {"wave": found, "error": _("Say why the wave is opened again.")}
            return render(request, "desk/wave_reopen.html", context, status=422)
        return _take(
            request, found, _("The wave is open again."),
            lambda: reopen_wave(found, by=request.user, now=timezone.now(), reason=reason),
        )  # fmt: skip
    if not found.is_closed:
        return _no_longer(request, found)
    return render(request, "desk/wave_reopen.html", {"wave": found})


@read_and_send
def wave_delete(request: HttpRequest, wave_id: int) -> HttpResponse:
    found = _wave(request, wave_id)
    if request.method == "POST":
        try:
            delete_draft(found)
        except WaveRefused as error:
            messages.error(request, str(error))
            return redirect("wave", wave_id)
        messages.success(request, _("The draft “%(name)s” is deleted.") % {"name": found.name})
        return redirect("waves")
    if not found.is_draft:
        messages.error(request, _("Only a draft can be deleted; a wave that was opened stays on record."))
        return redirect("wave", found.pk)
    return render(request, "desk/wave_delete.html", {"wave": found})


def _add_collectors(request: HttpRequest, wave: Wave) -> HttpResponse:
    try:
        made = ask_late_places(wave, by=request.user, now=timezone.now())
    except WaveRefused as error:
        messages.error(request, str(error))
        return redirect("wave", wave.pk)
    said = ngettext(
        "%(count)s collector is made; the newest stand first. Print its poster or slips now.",
        "%(count)s collectors are made; the newest stand first. Print their posters or slips now.",
        made,
    )
    if made:
        messages.success(request, said % {"count": made})
    return redirect(f"{reverse('collectors', args=[wave.pk])}?sort=-order")


def _sums_of(late: LatePlaces, given: Collection[str]) -> list[dict]:
    """One line per audience: its people at these schools, whether they join the controls, its target."""
    return [
        {
            "audience": audience,
            "people": late.people(audience),
            "is_given": audience in given,
            "before": before,
            "after": after,
        }
        for audience, (before, after) in late.targets.items()
    ]


def _wave(request: HttpRequest, wave_id: int) -> Wave:
    return get_object_or_404(Wave, county=request.scope.county, pk=wave_id)


def _reason(request: HttpRequest) -> str:
    return clean_text(request.POST.get("reason", ""))


def _take(request: HttpRequest, wave: Wave, done: str, step) -> HttpResponse:
    """Takes the step; a refusal becomes a sentence on the wave's page, where the state can be seen."""
    try:
        step()
    except WaveRefused as error:
        messages.error(request, str(error))
    else:
        messages.success(request, done)
    return redirect("wave", wave.pk)


def _no_longer(request: HttpRequest, wave: Wave) -> HttpResponse:
    messages.error(
        request,
        _("The wave is now: %(state)s. This step is not possible.") % {"state": wave.get_state_display()},
    )
    return redirect("wave", wave.pk)
