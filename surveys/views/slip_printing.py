"""The form that prints slips: class by class from the roster's numbers, or group by group."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from surveys.distribution.links import origin_of
from surveys.models import Collector
from surveys.print_jobs import PrintRefused, new_token, start_slips
from surveys.slip_classes import class_orders, grades_of, proposed_orders
from surveys.slip_ledger import (
    LARGEST_BATCH,
    Order,
    SlipsRefused,
    counts_by_collector,
    most_a_school_prints,
    people_behind,
)
from surveys.views.print_jobs import begin
from surveys.views.sent import clean_text, read_and_send
from surveys.views.slips import NOTHING, refuse_reader, slips_of, whole_number

FREE_ROWS = 5
MOST_CLASSES = 40


@dataclass(frozen=True)
class GradeRow:
    """One grade in the printing form, with what was typed."""

    grade: int
    pupils: int
    classes: str
    size: str


@read_and_send
def print_slips(request: HttpRequest, slips_id: int) -> HttpResponse:
    """Which classes get how many slips; sending it makes the sheet."""
    collector = slips_of(request, slips_id)
    refuse_reader(request)
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


def _orders(collector: Collector, sent: Any) -> list[Order]:
    orders: list[Order] = []
    for each in grades_of(collector):
        classes = whole_number(sent.get(f"classes-{each.grade}", ""))
        size = whole_number(sent.get(f"size-{each.grade}", ""))
        if classes > MOST_CLASSES:
            raise SlipsRefused(_("At most %(most)s classes of a grade.") % {"most": MOST_CLASSES})
        if classes and size:
            orders += class_orders(each.grade, classes=classes, size=size)
        elif classes or size:
            raise SlipsRefused(
                _("For a grade, fill in both the classes and the slips of each, or leave both empty.")
            )
    for row in range(1, FREE_ROWS + 1):
        label, count = (
            clean_text(sent.get(f"label-{row}", ""))[:60],
            whole_number(sent.get(f"count-{row}", "")),
        )
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
        label = clean_text(sent.get(f"label-{row}", "")) if sent else order.label if order else ""
        count = sent.get(f"count-{row}", "") if sent else str(order.count) if order else ""
        rows.append((row, label, count))
    return rows
