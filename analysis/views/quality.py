"""Answer quality: which schools to look at, what a person decided, and what it does to the result."""

from __future__ import annotations

import hashlib
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from analysis.answer_quality import answer_quality
from analysis.code_sentences import joined
from analysis.fact_words import fact_rows
from analysis.known_statistics import STATISTICS
from analysis.measured_signals import OLD_FILE, REVIEW, ROWS
from analysis.quality_words import (
    basis_sentence,
    few_sentence,
    kind_name,
    signal_sentence,
    signals_in_words,
    straight_sentence,
    tested_rows,
    untested_sentence,
)
from analysis.results import WaveResults
from analysis.seen_signals import AnswerQuality, SchoolToReview, SeenBatch
from analysis.sensitivity import Cell, marked_and_not
from analysis.templatetags.figures import part_text, rate_text
from analysis.views.depth import depth_context, is_being_looked_at, results_of, waiting_page, wave_of_county
from analysis.wording import verdict_word
from surveys.intake import VoidRefused, restore_responses, void_responses
from surveys.models import Response, School, Void, Wave, WaveEvent

KEPT = "replies_kept"


@require_safe
def quality_page(request: HttpRequest, wave_id: int) -> HttpResponse:
    results = results_of(request, wave_id)
    if is_being_looked_at(results.wave):
        return waiting_page(request, results.wave, "quality", _("Answer quality"))
    found = answer_quality(results.wave)
    # Only of a closed wave: two figures that move with single replies would give them away.
    with_and_without = marked_and_not(results, found.marked) if results.wave.is_closed else ()
    names = {school.code: school for school in School.objects.filter(county=results.wave.county)}
    audiences, signals = tested_rows(found)
    context = depth_context(
        results.wave, "quality",
        title=_("Answer quality"),
        results=results,
        answer=_answer(found, results, with_and_without),
        remarks=[],
        schools=[
            {
                "school": names[one.school],
                "kinds": [kind_name(kind) for kind in one.kinds],
                "signals": [signal_sentence(signal) for signal in one.signals],
                "marked": one.marked,
            }
            for one in found.schools
            if one.school in names
        ],
        audiences=audiences,
        signals=signals,
        untested=untested_sentence(found),
        straight=straight_sentence(found, minimum=results.wave.minimum_group_size)
        if results.wave.is_closed else "",
        facts=fact_rows(
            found.facts, names={code: school.name for code, school in names.items()},
            minimum=results.wave.minimum_group_size, is_closed=results.wave.is_closed,
        ),
        statistics=STATISTICS.values(),
        method=signals_in_words(),
        review=REVIEW, rows=ROWS, old_file=part_text(OLD_FILE / 100),
        compared=[
            (label, cell, verdict_word(cell.verdict) if cell.verdict else "")
            for label, cell in zip(
                (_("All replies"), _("Without marked replies")), with_and_without, strict=False
            )
        ],
        marked=len(found.marked),
        marked_part=part_text(len(found.marked) / found.looked_at) if found.looked_at else "",
        voids=results.wave.voids.select_related("by", "restored_by").order_by("-at", "-pk"),
        kept=results.wave.events.filter(action=KEPT).select_related("by").order_by("-at", "-pk"),
    )  # fmt: skip
    return render(request, "desk/depth/quality.html", context)


def quality_school(request: HttpRequest, wave_id: int, school_id: int) -> HttpResponse:
    """One school's signals. A POST asks once more before it voids replies, or records that they are kept."""
    wave = wave_of_county(request, wave_id)
    school = get_object_or_404(School, county=request.scope.county, pk=school_id)
    if is_being_looked_at(wave):
        return waiting_page(request, wave, "quality", school.name)
    found = answer_quality(wave).school(school.code)
    sets = {_key(batch): batch for batch in found.batches} if found else {}
    problem, to_confirm = "", None
    if request.method == "POST":
        reason = request.POST.get("reason", "").strip()[:500]
        chosen = sets.get(request.POST.get("replies", ""))
        decision = request.POST.get("decision", "")
        if not reason:
            problem = _("Write down the reason: it stays on record with your name.")
        elif decision == "keep":
            return _keep(request, wave, school, found, reason)
        elif decision != "void":
            problem = _("Choose what is to be done with these replies.")
        elif chosen is None:
            problem = _("These replies have changed since the page was opened. Look at them again.")
        elif request.POST.get("confirmed") != "yes":
            to_confirm = {"batch": _batch(chosen, wave.minimum_group_size), "reason": reason}
        else:
            return _void(request, wave, school, chosen, reason)
    context = depth_context(
        wave, "quality",
        title=school.name,
        school=school,
        found=found,
        answer=_school_answer(found),
        remarks=[],
        kinds=[kind_name(kind) for kind in found.kinds] if found else [],
        signals=[signal_sentence(signal) for signal in found.signals] if found else [],
        sets=[_batch(batch, wave.minimum_group_size) for batch in sets.values()],
        problem=problem,
        to_confirm=to_confirm,
        reason=request.POST.get("reason", ""),
    )  # fmt: skip
    return render(request, "desk/depth/quality_school.html", context, status=422 if problem else 200)


def quality_restore(request: HttpRequest, wave_id: int, void_id: int) -> HttpResponse:
    """Asks for a reason, then counts voided replies again; both decisions stay on record."""
    wave = wave_of_county(request, wave_id)
    void = get_object_or_404(Void.objects.select_related("by"), wave=wave, pk=void_id)
    problem = ""
    if request.method == "POST":
        reason = request.POST.get("reason", "").strip()[:500]
        if not reason:
            problem = _("Write down the reason: it stays on record with your name.")
        elif void.restored_at is not None:
            problem = _("These replies count again already.")
        else:
            try:
                restore_responses(void, reason=reason, by=request.user, now=timezone.now())
            except VoidRefused:
                problem = _("These replies could not be restored: they were changed meanwhile.")
            else:
                messages.success(
                    request, _("The replies count again. Score a closed wave again for its verdict.")
                )
                return redirect("quality", wave.pk)
    context = depth_context(
        wave, "quality", title=_("Count voided replies again"), void=void, problem=problem, remarks=[],
        warning=few_sentence(void.responses_count, wave.minimum_group_size),
        answer=ngettext("%(count)s reply was voided.", "%(count)s replies were voided.", void.responses_count)
        % {"count": void.responses_count},
    )  # fmt: skip
    return render(request, "desk/depth/quality_restore.html", context, status=422 if problem else 200)


def _void(request: HttpRequest, wave: Wave, school: School, batch: SeenBatch, reason: str) -> HttpResponse:
    try:
        void = void_responses(
            batch.replies,
            wave=wave,
            reason=f"{school.name}：{reason}"[:500],
            by=request.user,
            now=timezone.now(),
        )
    except VoidRefused:
        messages.error(
            request, _("These replies have changed since the page was opened. Look at them again.")
        )
        return redirect("quality_school", wave.pk, school.pk)
    messages.success(
        request,
        ngettext(
            "%(count)s reply no longer counts. Score a closed wave again for its verdict.",
            "%(count)s replies no longer count. Score a closed wave again for its verdict.",
            void.responses_count,
        )
        % {"count": void.responses_count},
    )
    return redirect("quality", wave.pk)


def _keep(
    request: HttpRequest, wave: Wave, school: School, found: SchoolToReview | None, reason: str
) -> HttpResponse:
    if found is None:
        raise Http404
    detail = {"school": school.code, "name": school.name, "reason": reason, "replies": found.marked,
              "signals": [one.name for one in found.signals]}  # fmt: skip
    WaveEvent.objects.create(wave=wave, action=KEPT, by=request.user, at=timezone.now(), detail=detail)
    messages.success(request, _("Recorded: the replies are kept."))
    return redirect("quality", wave.pk)


def _key(batch: SeenBatch) -> str:
    """Names exactly these replies: a decision about others than those on the page is refused."""
    text = f"{batch.audience}|{batch.basis}|{','.join(map(str, batch.replies))}"
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _batch(batch: SeenBatch, minimum: int) -> dict[str, Any]:
    received = Response.objects.filter(pk__in=batch.replies[:1]).values_list("received_at", flat=True).first()
    return {
        "key": _key(batch),
        "count": len(batch.replies),
        "words": basis_sentence(batch.audience, batch.basis, len(batch.replies)),
        "warning": few_sentence(len(batch.replies), minimum),
        "at": received if batch.basis == "window" else None,
    }


def _answer(found: AnswerQuality, results: WaveResults, cells: tuple[Cell, ...]) -> str:
    count = len(found.schools)
    first = (
        ngettext(
            "%(count)s school shows two independent kinds of signals and is up for review.",
            "%(count)s schools show two independent kinds of signals and are up for review.",
            count,
        )
        % {"count": count}
        if count
        else _("No school shows two independent kinds of signals; there is nothing to review.")
    )
    said = [first]
    shown = [cell.figure for cell in cells if cell.figure]
    if len(shown) == 2:
        said.append(
            _("With all replies the result is %(all)s, without the marked ones %(without)s.")
            % {
                "all": rate_text(shown[0].estimate, unit=shown[0].unit, limit=shown[0].limit),
                "without": rate_text(shown[1].estimate, unit=shown[1].unit, limit=shown[1].limit),
            }
        )
        if results.verdict and cells[0].verdict != cells[1].verdict:
            said.append(_("The two give different verdicts: undetermined, pending review."))
    return joined(said)


def _school_answer(found: SchoolToReview | None) -> str:
    if found is None:
        return _("This school does not show two independent kinds of signals; it is not up for review.")
    return _("Up for review: %(kinds)s. Signals are no proofs; each also has honest explanations.") % {
        "kinds": _(", ").join(kind_name(kind) for kind in found.kinds)
    }
