"""One-time slips at the desk: the ledger, printing classes, handing out, taking back, voiding, reprinting.

A school works on its own slips only. What is shown of use is counts: never a code, never a time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from surveys.distribution.links import origin_of
from surveys.models import Channel, Collector, SlipBatch, SlipStep, Wave
from surveys.print_jobs import PrintRefused, new_token, start_reprint, start_slips
from surveys.slip_classes import class_orders, grades_of, proposed_orders
from surveys.slip_ledger import (
    LARGEST_BATCH,
    Order,
    SlipCount,
    SlipsRefused,
    counts_by_batch,
    counts_by_collector,
    hand_out,
    most_a_school_prints,
    people_behind,
    take_back,
    void_batch,
    void_code,
)
from surveys.views.collectors import audience_name, visible_collectors
from surveys.views.lists import chosen_sort, page_of, search_words
from surveys.views.print_jobs import begin

READ_AND_SEND = ("GET", "HEAD", "POST")
FREE_ROWS = 5
MOST_CLASSES = 40
NOTHING = SlipCount()


@dataclass(frozen=True)
class GradeRow:
    """One grade in the printing form, with what was typed."""

    grade: int
    pupils: int
    classes: str
    size: str


@require_safe
def slips(request: HttpRequest, wave_id: int) -> HttpResponse:
    """All entry points of a wave that are answered with slips, and how many are printed, used, unused."""
    wave = get_object_or_404(Wave, county=request.scope.county, pk=wave_id)
    words, audience = search_words(request), request.GET.get("audience", "")
    found = _visible(request).filter(wave=wave)
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
    context = {
        "wave": wave,
        "page": page,
        "sort": sort,
        "words": words,
        "rows": [(one, totals.get(one.pk, NOTHING)) for one in page],
        "total": sum(totals.values(), NOTHING),
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
    page = page_of(request, _visible(request).order_by("-wave__starts_on", "-wave", "pk"))
    totals = counts_by_collector(page.object_list)
    context = {"page": page, "rows": [(one, totals.get(one.pk, NOTHING)) for one in page]}
    return render(request, "desk/slips/school.html", context)


@require_safe
def ledger(request: HttpRequest, slips_id: int) -> HttpResponse:
    """The batches of one entry point, class by class, and what was done with them."""
    collector = _collector(request, slips_id)
    words, state = search_words(request), request.GET.get("state", "")
    found = SlipBatch.objects.filter(collector=collector).select_related("replaced_by", "job")
    if words:
        found = found.filter(label__icontains=words)
    if state in SlipBatch.State.values:
        found = found.filter(state=state)
    sort = chosen_sort(request, {"number": "number", "label": "label", "state": "state"}, default="-number")
    page = page_of(request, found.order_by(sort.order, "-number"))
    counts = counts_by_batch(page.object_list)
    total = counts_by_collector([collector]).get(collector.pk, NOTHING)
    people = people_behind(collector)
    context = {
        "collector": collector,
        "wave": collector.wave,
        "page": page,
        "sort": sort,
        "words": words,
        "rows": [(batch, counts.get(batch.pk, NOTHING)) for batch in page],
        "total": total,
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


@require_http_methods(READ_AND_SEND)
def print_slips(request: HttpRequest, slips_id: int) -> HttpResponse:
    """Which classes get how many slips; sending it makes the sheet."""
    collector = _collector(request, slips_id)
    _may_change(request)
    refused, sent = "", request.POST if request.method == "POST" else None
    if sent is not None:
        try:
            job = start_slips(
                collector, _orders(collector, sent), origin=origin_of(request),
                token=sent.get("token", ""), by=request.user, now=timezone.now(),
                is_school=request.scope.role == "school",
            )  # fmt: skip
        except (SlipsRefused, PrintRefused) as error:
            refused = str(error)
        else:
            begin(request, job)
            return redirect("print_job", job.pk)
    people = people_behind(collector)
    total = counts_by_collector([collector]).get(collector.pk, NOTHING)
    first_time = not collector.slip_batches.exists()
    context = {
        "collector": collector,
        "wave": collector.wave,
        "refused": refused,
        "token": sent.get("token", "") if sent else new_token(),
        "grades": _grade_rows(collector, sent, first_time=first_time),
        "free": _free_rows(collector, sent, first_time=first_time),
        "people": people,
        "total": total,
        "most": most_a_school_prints(people) if people is not None else None,
        "largest": LARGEST_BATCH,
    }
    return render(request, "desk/slips/print.html", context, status=422 if refused else 200)


@require_http_methods(READ_AND_SEND)
def batch(request: HttpRequest, slip_batch_id: int) -> HttpResponse:
    """One batch: its counts, its steps, and the two everyday steps, handing out and taking back."""
    found = _batch(request, slip_batch_id)
    refused = ""
    if request.method == "POST":
        _may_change(request)
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
        "steps": found.steps.select_related("by"),
        "refused": refused,
        "given": request.POST,
        "may_change": request.scope.role in ("bureau", "school"),
    }
    return render(request, "desk/slips/batch.html", context, status=422 if refused else 200)


@require_http_methods(READ_AND_SEND)
def batch_void(request: HttpRequest, slip_batch_id: int) -> HttpResponse:
    found = _batch(request, slip_batch_id)
    _may_change(request)
    refused = ""
    if request.method == "POST":
        try:
            voided = void_batch(found, reason=_text(request, "reason"), by=request.user, now=timezone.now())
        except SlipsRefused as error:
            refused = str(error)
        else:
            messages.success(request, _("%(count)s unused slips are void.") % {"count": voided})
            return redirect("slip_batch", found.pk)
    elif not found.is_open and found.state != SlipBatch.State.PREPARED:
        return _no_longer(request, found)
    return _ask_back(request, found, "desk/slips/void.html", refused)


@require_http_methods(READ_AND_SEND)
def batch_reprint(request: HttpRequest, slip_batch_id: int) -> HttpResponse:
    found = _batch(request, slip_batch_id)
    _may_change(request)
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
    return _ask_back(request, found, "desk/slips/reprint.html", refused)


@require_http_methods(READ_AND_SEND)
def slip_void(request: HttpRequest, slips_id: int) -> HttpResponse:
    """Voids one lost slip by the code on it, wherever in this school or county it was printed."""
    collector = _collector(request, slips_id)
    _may_change(request)
    refused = ""
    if request.method == "POST":
        among = _visible(request).filter(wave=collector.wave)
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


def _visible(request: HttpRequest) -> QuerySet[Collector]:
    return visible_collectors(request.scope).filter(channel=Channel.SLIPS)


def _collector(request: HttpRequest, slips_id: int) -> Collector:
    return get_object_or_404(_visible(request), pk=slips_id)


def _batch(request: HttpRequest, slip_batch_id: int) -> SlipBatch:
    found = SlipBatch.objects.select_related(
        "wave__county", "collector__wave__county", "collector__school", "collector__township", "replaced_by"
    )
    mine = _visible(request).order_by().values("pk")
    return get_object_or_404(found.filter(collector__in=mine), pk=slip_batch_id)


def _may_change(request: HttpRequest) -> None:
    if request.scope.role not in ("bureau", "school"):
        raise PermissionDenied


def _orders(collector: Collector, sent: Any) -> list[Order]:
    orders: list[Order] = []
    for each in grades_of(collector):
        classes = _whole(sent.get(f"classes-{each.grade}", ""))
        size = _whole(sent.get(f"size-{each.grade}", ""))
        if classes > MOST_CLASSES:
            raise SlipsRefused(_("At most %(most)s classes of a grade.") % {"most": MOST_CLASSES})
        if classes and size:
            orders += class_orders(each.grade, classes=classes, size=size)
        elif classes or size:
            raise SlipsRefused(
                _("For a grade, fill in both the classes and the slips of each, or leave both empty.")
            )
    for row in range(1, FREE_ROWS + 1):
        label, count = _clean(sent.get(f"label-{row}", ""))[:60], _whole(sent.get(f"count-{row}", ""))
        if count:
            orders.append(Order(label, count))
        elif label:
            raise SlipsRefused(_("%(label)s: say how many slips.") % {"label": label})
    return orders


def _grade_rows(collector: Collector, sent: Any, *, first_time: bool) -> list[GradeRow]:
    """What was typed, else the roster's numbers; empty rows where slips were printed before."""
    return [
        GradeRow(
            each.grade, each.pupils,
            sent.get(f"classes-{each.grade}", "") if sent else str(each.classes) if first_time else "",
            sent.get(f"size-{each.grade}", "") if sent else str(each.largest_class) if first_time else "",
        )
        for each in grades_of(collector)
    ]  # fmt: skip


def _free_rows(collector: Collector, sent: Any, *, first_time: bool) -> list[tuple[int, str, str]]:
    proposed = proposed_orders(collector) if first_time and not sent and not grades_of(collector) else []
    rows = []
    for row in range(1, FREE_ROWS + 1):
        order = proposed[row - 1] if row <= len(proposed) else None
        label = _clean(sent.get(f"label-{row}", "")) if sent else order.label if order else ""
        count = sent.get(f"count-{row}", "") if sent else str(order.count) if order else ""
        rows.append((row, label, count))
    return rows


def _everyday_step(request: HttpRequest, found: SlipBatch) -> None:
    now, remark = timezone.now(), _text(request, "remark")
    if request.POST.get("step") == "returned":
        take_back(found, slips=_whole(_text(request, "slips")), remark=remark, by=request.user, now=now)
    else:
        hand_out(found, to=_text(request, "to"), remark=remark, by=request.user, now=now)


def _ask_back(request: HttpRequest, found: SlipBatch, template: str, refused: str) -> HttpResponse:
    context = {
        "batch": found,
        "collector": found.collector,
        "wave": found.wave,
        "count": counts_by_batch([found]).get(found.pk, NOTHING),
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
    return _clean(request.POST.get(name, ""))


def _clean(text: str) -> str:
    return text.replace("\x00", "").strip()[:500]


def _whole(text: str) -> int:
    """A whole number as typed; blank is 0, anything else is refused."""
    text = text.strip()
    if not text:
        return 0
    if not (text.isascii() and text.isdecimal() and len(text) < 7):
        raise SlipsRefused(_("“%(text)s” is not a whole number.") % {"text": text[:20]})
    return int(text)
