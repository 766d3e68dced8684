"""One-time slips at the desk: the ledger, printing classes, handing out, taking back, voiding, reprinting.

A school works on its own slips only. What is shown of use is counts: never a code, never a time.
"""

from __future__ import annotations

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from surveys.distribution.links import origin_of
from surveys.models import Channel, Collector, SlipBatch, SlipStep, Wave
from surveys.print_jobs import PrintRefused, new_token, start_reprint
from surveys.slip_ledger import (
    SlipCount,
    SlipsRefused,
    check_may_be_reprinted,
    counts_by_batch,
    counts_by_collector,
    hand_out,
    most_a_school_prints,
    people_behind,
    take_back,
    void_batch,
    void_code,
)
from surveys.slip_shown import hidden_batches, hidden_counts, is_hidden
from surveys.views.collectors import audience_name, visible_collectors
from surveys.views.lists import chosen_sort, page_of, search_words
from surveys.views.print_jobs import begin
from surveys.views.sent import clean_text, number_in, read_and_send

NOTHING = SlipCount()


@require_safe
def slips(request: HttpRequest, wave_id: int) -> HttpResponse:
    """All entry points of a wave that are answered with slips, and how many are printed, used, unused."""
    wave = get_object_or_404(Wave, county=request.scope.county, pk=wave_id)
    words, audience = search_words(request), clean_text(request.GET.get("audience", ""))
    found = visible_slips(request).filter(wave=wave)
    everything = list(found)
    totals = counts_by_collector(everything)
    if words:
        found = found.filter(place_name__icontains=words)
    if audience:
        found = found.filter(audience=audience)
    sort = chosen_sort(
        request, {"place": "place_name", "audience": "audience", "order": "pk"}, default="order"
    )
    page = page_of(request, found.order_by(sort.order, "pk"))
    least, total = wave.minimum_group_size, sum(totals.values(), NOTHING)
    hidden = hidden_counts(totals, least=least)
    context = {
        "wave": wave,
        "page": page,
        "sort": sort,
        "words": words,
        "rows": [(one, totals.get(one.pk, NOTHING), one.pk in hidden) for one in page],
        "total": total,
        "total_hidden": is_hidden(total, least=least),
        "some_hidden": any(one.pk in hidden for one in page),
        "has_any": bool(everything),
        "filters": [
            {
                "name": "audience",
                "label": _("Audience"),
                "all": _("All audiences"),
                "options": [
                    (code, audience_name(code)) for code in dict.fromkeys(one.audience for one in everything)
                ],
                "chosen": audience,
            }
        ],
    }
    return render(request, "desk/slips/wave.html", context)


@require_safe
def school_slips(request: HttpRequest) -> HttpResponse:
    """A school's own slips, the newest wave first."""
    page = page_of(request, visible_slips(request).order_by("-wave__starts_on", "-wave", "pk"))
    totals = counts_by_collector(page.object_list)
    counted = [(one, totals.get(one.pk, NOTHING)) for one in page]
    rows = [(one, count, is_hidden(count, least=one.wave.minimum_group_size)) for one, count in counted]
    return render(request, "desk/slips/school.html", {"page": page, "rows": rows})


@require_safe
def ledger(request: HttpRequest, slips_id: int) -> HttpResponse:
    """The batches of one entry point, class by class, and what was done with them."""
    collector = slips_of(request, slips_id)
    words, state = search_words(request), request.GET.get("state", "")
    found = SlipBatch.objects.filter(collector=collector).select_related("replaced_by", "job")
    if words:
        found = found.filter(label__icontains=words)
    if state in SlipBatch.State.values:
        found = found.filter(state=state)
    sort = chosen_sort(request, {"number": "number", "label": "label", "state": "state"}, default="-number")
    page = page_of(request, found.order_by(sort.order, "-number"))
    counts, hidden = counts_by_batch(page.object_list), hidden_batches(collector)
    total = counts_by_collector([collector]).get(collector.pk, NOTHING)
    people = people_behind(collector)
    context = {
        "collector": collector,
        "wave": collector.wave,
        "page": page,
        "sort": sort,
        "words": words,
        "rows": [(batch, counts.get(batch.pk, NOTHING), batch.pk in hidden) for batch in page],
        "total": total,
        "total_hidden": is_hidden(total, least=collector.wave.minimum_group_size),
        "some_hidden": any(batch.pk in hidden for batch in page),
        "people": people,
        "too_many": people is not None and total.valid > most_a_school_prints(people),
        "lost": collector.slip_steps.filter(action=SlipStep.Action.ONE_VOID).count(),
        "jobs": collector.print_jobs.exclude(state="deleted").order_by("-pk")[:3],
        "filters": [
            {
                "name": "state",
                "label": _("State"),
                "all": _("All states"),
                "options": SlipBatch.State.choices,
                "chosen": state,
            }
        ],
    }
    return render(request, "desk/slips/ledger.html", context)


@read_and_send
def batch(request: HttpRequest, slip_batch_id: int) -> HttpResponse:
    """One batch: its counts, its steps, and the two everyday steps, handing out and taking back."""
    found = _batch(request, slip_batch_id)
    refused = ""
    if request.method == "POST":
        refuse_reader(request)
        try:
            _everyday_step(request, found)
        except SlipsRefused as error:
            refused = str(error)
        else:
            messages.success(request, _("It is noted."))
            return redirect("slip_batch", found.pk)
    context = {
        "batch": found,
        "collector": found.collector,
        "wave": found.wave,
        "count": counts_by_batch([found]).get(found.pk, NOTHING),
        "hidden": found.pk in hidden_batches(found.collector),
        "steps": found.steps.select_related("by", "batch__wave"),
        "refused": refused,
        "given": request.POST,
        "may_change": request.scope.role in ("bureau", "school"),
    }
    return render(request, "desk/slips/batch.html", context, status=422 if refused else 200)


@read_and_send
def batch_void(request: HttpRequest, slip_batch_id: int) -> HttpResponse:
    found = _batch(request, slip_batch_id)
    refuse_reader(request)
    refused = ""
    if request.method == "POST":
        try:
            voided = void_batch(found, reason=_text(request, "reason"), by=request.user, now=timezone.now())
        except SlipsRefused as error:
            refused = str(error)
        else:
            if found.is_small:
                messages.success(request, _("The unused slips of the batch are void."))
            else:
                messages.success(request, _("%(count)s unused slips are void.") % {"count": voided})
            return redirect("slip_batch", found.pk)
    elif not found.is_open and found.state != SlipBatch.State.PREPARED:
        return _no_longer(request, found)
    return _ask_back(request, found, "desk/slips/void.html", refused)


@read_and_send
def batch_reprint(request: HttpRequest, slip_batch_id: int) -> HttpResponse:
    found = _batch(request, slip_batch_id)
    refuse_reader(request)
    refused = ""
    if request.method == "POST":
        try:
            job = start_reprint(
                found, reason=_text(request, "reason"), origin=origin_of(request),
                token=request.POST.get("token", ""), by=request.user, now=timezone.now(),
            )  # fmt: skip
        except (SlipsRefused, PrintRefused) as error:
            refused = str(error)
        else:
            begin(request, job)
            return redirect("print_job", job.pk)
    elif not found.is_open and found.state != SlipBatch.State.PREPARED:
        return _no_longer(request, found)
    else:
        try:
            check_may_be_reprinted(found)
        except SlipsRefused as error:
            messages.error(request, str(error))
            return redirect("slip_batch", found.pk)
    return _ask_back(request, found, "desk/slips/reprint.html", refused)


@read_and_send
def slip_void(request: HttpRequest, slips_id: int) -> HttpResponse:
    """Voids one lost slip by the code on it, wherever in this school or county it was printed."""
    collector = slips_of(request, slips_id)
    refuse_reader(request)
    refused = ""
    if request.method == "POST":
        among = visible_slips(request).filter(wave=collector.wave)
        try:
            void_code(
                _text(request, "code")[:200], among=Collector.objects.filter(pk__in=among.values("pk")),
                reason=_text(request, "reason"), by=request.user, now=timezone.now(),
            )  # fmt: skip
        except SlipsRefused as error:
            refused = str(error)
        else:
            messages.success(request, _("The slip is void: nobody can answer with it any more."))
            return redirect("slips_ledger", collector.pk)
    context = {
        "collector": collector,
        "wave": collector.wave,
        "refused": refused,
        "code": _text(request, "code")[:60],
        "reason": _text(request, "reason"),
    }
    return render(request, "desk/slips/void_one.html", context, status=422 if refused else 200)


def visible_slips(request: HttpRequest) -> QuerySet[Collector]:
    return visible_collectors(request.scope).filter(channel=Channel.SLIPS)


def slips_of(request: HttpRequest, slips_id: int) -> Collector:
    return get_object_or_404(visible_slips(request), pk=slips_id)


def _batch(request: HttpRequest, slip_batch_id: int) -> SlipBatch:
    found = SlipBatch.objects.select_related(
        "wave__county", "collector__wave__county", "collector__school", "collector__township", "replaced_by"
    )
    mine = visible_slips(request).order_by().values("pk")
    return get_object_or_404(found.filter(collector__in=mine), pk=slip_batch_id)


def refuse_reader(request: HttpRequest) -> None:
    if request.scope.role not in ("bureau", "school"):
        raise PermissionDenied


def _everyday_step(request: HttpRequest, found: SlipBatch) -> None:
    now, remark = timezone.now(), _text(request, "remark")
    if request.POST.get("step") == "returned":
        take_back(found, slips=whole_number(_text(request, "slips")), remark=remark, by=request.user, now=now)
    else:
        hand_out(found, to=_text(request, "to"), remark=remark, by=request.user, now=now)


def _ask_back(request: HttpRequest, found: SlipBatch, template: str, refused: str) -> HttpResponse:
    context = {
        "batch": found,
        "collector": found.collector,
        "wave": found.wave,
        "count": counts_by_batch([found]).get(found.pk, NOTHING),
        "hidden": found.pk in hidden_batches(found.collector),
        "refused": refused,
        "reason": _text(request, "reason"),
        "token": request.POST.get("token", "") or new_token(),
    }
    return render(request, template, context, status=422 if refused else 200)


def _no_longer(request: HttpRequest, found: SlipBatch) -> HttpResponse:
    messages.error(
        request,
        _("Batch %(number)s is now: %(state)s. This step is not possible.")
        % {"number": found.number, "state": found.get_state_display()},
    )
    return redirect("slip_batch", found.pk)


def _text(request: HttpRequest, name: str) -> str:
    return clean_text(request.POST.get(name, ""))


def whole_number(text: str) -> int:
    """A whole number as typed; blank is 0, anything else is refused."""
    text = text.strip()
    if not text:
        return 0
    number = number_in(text, digits=6)
    if number is None:
        raise SlipsRefused(_("“%(text)s” is not a whole number.") % {"text": text[:20]})
    return number
