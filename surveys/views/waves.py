"""The bureau's waves: the list, drawing one up, and how it stands."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from surveys.audiences import AUDIENCES
from surveys.forms import RuleChoice, WaveForm
from surveys.missing_collectors import late_places
from surveys.models import School, TargetPlan, Wave, WaveAudience, WaveEvent, WaveState
from surveys.progress import SchoolProgress, progress_of_waves, wave_progress
from surveys.questionnaire import instrument_keys, text_in
from surveys.views.lists import chosen_sort, page_of, search_words
from surveys.views.preview import instrument
from surveys.views.sent import read_and_send
from surveys.waves import WaveRefused, create_wave, edit_draft

# The rules belong to a higher room, which passes this function in through the URL table.
ScoringRules = Callable[[str], Sequence[RuleChoice]]
# So does the sampling plan: how many answers it asks for.
PlannedAnswers = Callable[[Wave], int | None]

EVENTS = {
    "created": gettext_lazy("Draft made"),
    "edited": gettext_lazy("Draft changed"),
    "opened": gettext_lazy("Opened"),
    "collectors_added": gettext_lazy("Collectors added for new schools"),
    "end_moved": gettext_lazy("Last day moved"),
    "answers_imported": gettext_lazy("Replies imported"),
    "closed": gettext_lazy("Closed"),
    "reopened": gettext_lazy("Opened again"),
    "replies_kept": gettext_lazy("Replies looked at and kept"),
    "targets_applied": gettext_lazy("Targets set from the sampling plan"),
    "targets_changed": gettext_lazy("Targets or hard stops changed"),
    "hard_stop_exceeded": gettext_lazy("Restored beyond a hard stop"),
    "drawn": gettext_lazy("Random draw made"),
}


@require_safe
def waves(request: HttpRequest) -> HttpResponse:
    """All waves of the county, the newest first."""
    words, state = search_words(request), request.GET.get("state", "")
    found = Wave.objects.filter(county=request.scope.county, name__icontains=words)
    if state in WaveState.values:
        found = found.filter(state=state)
    sort = chosen_sort(request, {"name": "name", "starts": "starts_on", "state": "state"}, default="-starts")
    page = page_of(request, found.order_by(sort.order, "-pk"))
    progress = progress_of_waves(page.object_list)
    context = {
        "rows": [(wave, progress[wave.pk]) for wave in page],
        "page": page,
        "sort": sort,
        "words": words,
        "filters": [_state_filter(state)],
        "has_schools": School.objects.filter(county=request.scope.county, is_active=True).exists(),
    }
    return render(request, "desk/waves.html", context)


@require_safe
def wave(
    request: HttpRequest, wave_id: int, scoring_rules: ScoringRules, planned_answers: PlannedAnswers
) -> HttpResponse:
    """How one wave stands: its plan, its replies against target by audience and school, what was done."""
    found = get_object_or_404(Wave, county=request.scope.county, pk=wave_id)
    progress = wave_progress(found)
    words = search_words(request)
    only_behind = request.GET.get("show") == "behind"
    rows = [
        row for row in progress.schools if _matches(row, words) and not (only_behind and row.progress.is_full)
    ]
    sort = chosen_sort(request, SCHOOL_COLUMNS, default="code")
    rows.sort(key=lambda row: row.school.code)
    rows.sort(key=sort.by, reverse=sort.descending)
    rules = {rule.key: rule for rule in scoring_rules(get_language())}
    people_on_roster = {code for code, known in AUDIENCES.items() if known.population != "given"}
    context = {
        "wave": found,
        "rule": rules.get(found.scoring_rule),
        "plan": [
            (row, questionnaire_title(row), row.audience in people_on_roster)
            for row in found.audiences.select_related("version")
        ],
        "progress": progress,
        "page": page_of(request, rows),
        "sort": sort,
        "words": words,
        "filters": [_behind_filter(only_behind)],
        "events": [_event_line(event) for event in found.events.select_related("by")],
        "has_schools": School.objects.filter(county=found.county, is_active=True).exists(),
        "unplanned": unplanned(found, planned_answers),
        "late": None if request.htmx else late_places(found),
    }
    return render(request, "desk/wave.html", context)


@read_and_send
def wave_create(request: HttpRequest, scoring_rules: ScoringRules) -> HttpResponse:
    form = _form(request, scoring_rules)
    refused = ""
    if request.method == "POST" and form.is_valid():
        try:
            made = create_wave(county=request.scope.county, **_decided(form, request))
        except WaveRefused as error:
            refused = str(error)
        else:
            messages.success(request, _("The draft is saved. Look it over, then open the wave."))
            return redirect("wave", made.pk)
    return _form_page(request, form, refused=refused)


@read_and_send
def wave_edit(request: HttpRequest, wave_id: int, scoring_rules: ScoringRules) -> HttpResponse:
    found = get_object_or_404(Wave, county=request.scope.county, pk=wave_id)
    if not found.is_draft:
        messages.error(request, _("Only a draft can be changed; this wave has been opened."))
        return redirect("wave", found.pk)
    form = _form(request, scoring_rules, wave=found)
    refused = ""
    if request.method == "POST" and form.is_valid():
        try:
            edit_draft(found, **_decided(form, request))
        except WaveRefused as error:
            refused = str(error)
        else:
            messages.success(request, _("The draft is saved. Look it over, then open the wave."))
            return redirect("wave", found.pk)
    return _form_page(request, form, refused=refused, wave=found)


def unplanned(wave: Wave, planned_answers: PlannedAnswers) -> dict[str, int] | None:
    """A draft's targets in all and what the sampling plan asks for, as long as they differ unapplied."""
    if not wave.is_draft or TargetPlan.objects.filter(wave=wave).exists():
        return None
    target, planned = sum(wave.audiences.values_list("target", flat=True)), planned_answers(wave)
    return {"target": target, "planned": planned} if planned not in (None, target) else None


SCHOOL_COLUMNS: dict[str, Callable[[SchoolProgress], Any]] = {
    "code": attrgetter("school.code"),
    "name": attrgetter("school.name"),
    "township": attrgetter("school.township.name"),
    "replies": attrgetter("progress.replies"),
    "share": lambda row: row.progress.replies / row.progress.target if row.progress.target else -1.0,
}


def _matches(row: SchoolProgress, words: str) -> bool:
    text = f"{row.school.name} {row.school.code} {row.school.township.name}".casefold()
    return words.casefold() in text


def _form(request: HttpRequest, scoring_rules: ScoringRules, *, wave: Wave | None = None) -> WaveForm:
    return WaveForm(
        request.POST if request.method == "POST" else None,
        county=request.scope.county,
        scoring_rules=scoring_rules(get_language()),
        today=timezone.localdate(),
        wave=wave,
    )


def _form_page(
    request: HttpRequest, form: WaveForm, *, refused: str, wave: Wave | None = None
) -> HttpResponse:
    has_schools = School.objects.filter(county=request.scope.county, is_active=True).exists()
    context = {"form": form, "refused": refused, "wave": wave, "has_schools": has_schools}
    needs_mending = bool(refused or form.errors)
    return render(request, "desk/wave_form.html", context, status=422 if needs_mending else 200)


def _decided(form: WaveForm, request: HttpRequest) -> dict:
    """The form's answers as `create_wave` and `edit_draft` take them."""
    names = ("name", "starts_on", "ends_on", "scoring_rule", "design")
    decided = {name: form.cleaned_data[name] for name in names}
    return decided | {"audiences": form.plans(), "by": request.user, "now": timezone.now()}


def _event_line(event: WaveEvent) -> dict:
    return {
        "what": EVENTS.get(event.action, event.action),
        "by": event.by,
        "at": event.at,
        "reason": event.detail.get("reason", ""),
        "collectors": event.detail.get("collectors"),
        "places": event.detail.get("places", []),
        "chain": event.detail.get("chain", "")[:16],
        "batches": event.detail.get("batches"),
    }


def questionnaire_title(row: WaveAudience) -> str:
    """The title of what an audience is asked: the frozen text once there is one."""
    if row.version:
        return text_in(row.version.questionnaire.title, get_language())
    if row.questionnaire_key not in instrument_keys():
        return row.questionnaire_key
    return text_in(instrument(row.questionnaire_key).title, get_language())


def _state_filter(chosen: str) -> dict:
    return {
        "name": "state",
        "label": _("State"),
        "all": _("All states"),
        "options": WaveState.choices,
        "chosen": chosen,
    }


def _behind_filter(only_behind: bool) -> dict:
    return {
        "name": "show",
        "label": _("Which schools"),
        "all": _("All schools"),
        "options": [("behind", _("Below target only"))],
        "chosen": "behind" if only_behind else "",
    }
