"""One item of the ledger: its steps so far, the step this reader can take now, entering and changing one."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from analysis.ledger import LedgerRefused, Step, change_item, enter_items, possible_steps, take_step
from analysis.ledger_forms import ItemForm
from analysis.ledger_lists import items_of
from analysis.models import RectificationItem, RectificationStep, StepAction
from analysis.step_evidence import LARGEST_BYTES, MOST_FILES, EvidenceRefused, kept_papers, papers_of
from analysis.task_table import known_departments

# These undo something; they stand apart and ask for a reason of their own.
APART = (StepAction.TAKEN_BACK, StepAction.REOPENED, StepAction.WITHDRAWN)


@dataclass(frozen=True)
class Button:
    action: str
    label: str
    is_main: bool


@dataclass(frozen=True)
class ChangeLine:
    label: str
    old: str
    new: str


@require_http_methods(["GET", "HEAD", "POST"])
def ledger_item(request: HttpRequest, rectification_item_id: int) -> HttpResponse:
    """What, who, until when, every step so far. A school opens its own items only."""
    scope = request.scope
    item = _own_item(request, rectification_item_id)
    refused, apart_refused = "", ""
    if request.method == "POST":
        action, now = request.POST.get("action", ""), timezone.now()
        remark = request.POST.get("remark", "").replace("\x00", "")
        wanted = next((one for one in possible_steps(item, scope.role) if one.action == action), None)
        try:
            papers = kept_papers(
                request.FILES.getlist("files"),
                item=item,
                step=wanted,
                remark=remark,
                by=request.user,
                now=now,
            )
            step = take_step(item, action, by=request.user, now=now, remark=remark, evidence=papers)
        except (LedgerRefused, EvidenceRefused) as refusal:
            if action in APART:
                apart_refused = str(refusal)
            else:
                refused = str(refusal)
            item.refresh_from_db()
        else:
            messages.success(request, _("Noted: %(step)s.") % {"step": step.get_action_display()})
            return redirect("ledger_item", item.pk)
    steps = item.steps.select_related("by").prefetch_related("evidence")
    possible = possible_steps(item, scope.role)
    own = scope.school.pk if scope.school else None
    context = {
        "item": item,
        "rows": [
            (step, change_lines(step), papers_of(step, role=scope.role, school_id=own)) for step in steps
        ],
        "buttons": [_button(step, item) for step in possible if step.action not in APART],
        "apart": [_button(step, item) for step in possible if step.action in APART],
        "takes_evidence": any(step.takes_evidence for step in possible),
        "most_files": MOST_FILES,
        "largest_mb": LARGEST_BYTES // 1024**2,
        "refused": refused,
        "apart_refused": apart_refused,
        "remark": request.POST.get("remark", "") if refused or apart_refused else "",
        "today": timezone.localdate(),
    }
    failed = refused or apart_refused
    return render(request, "desk/ledger/item.html", context, status=422 if failed else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def ledger_new(request: HttpRequest) -> HttpResponse:
    """An item entered by hand."""
    county, today = request.scope.county, timezone.localdate()
    form = ItemForm(request.POST or None, county=county, today=today)
    if request.method == "POST" and form.is_valid():
        entered = enter_items(county, [form.new_item()], year=today.year, by=request.user, now=timezone.now())
        messages.success(request, _("The item stands in the ledger."))
        return redirect("ledger_item", entered.items[0].pk)
    context = {"form": form, "departments": known_departments(county)}
    return render(request, "desk/ledger/item_form.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
def ledger_change(request: HttpRequest, rectification_item_id: int) -> HttpResponse:
    """Changes an item's text, owner or deadline; what stood there before stays on record."""
    item = _own_item(request, rectification_item_id)
    if item.is_done:
        messages.warning(request, _("The item is closed; open it again to change it."))
        return redirect("ledger_item", item.pk)
    county, today = request.scope.county, timezone.localdate()
    form = ItemForm(request.POST or None, county=county, today=today, item=item)
    if request.method == "POST" and form.is_valid():
        fields = dict(form.cleaned_data)
        remark = fields.pop("remark")
        try:
            step = change_item(item, fields, by=request.user, now=timezone.now(), remark=remark)
        except LedgerRefused as refusal:
            messages.error(request, str(refusal))
        else:
            said = _("The item is changed.") if step else _("Nothing was changed.")
            messages.success(request, said)
        return redirect("ledger_item", item.pk)
    context = {"form": form, "item": item, "departments": known_departments(county)}
    return render(request, "desk/ledger/item_form.html", context, status=422 if form.errors else 200)


def change_lines(step: RectificationStep) -> list[ChangeLine]:
    """What a step changed, with the names of the fields."""
    names = {
        "problem": _("Problem"),
        "measure": _("Measure"),
        "department": _("Responsible department"),
        "deadline": _("Deadline"),
    }
    return [
        ChangeLine(names.get(field, field), old or "—", new or "—")
        for field, (old, new) in step.changes.items()
    ]


def _own_item(request: HttpRequest, item_id: int) -> RectificationItem:
    scope = request.scope
    items = items_of(scope.county)
    if scope.role == "school":
        items = items.filter(school=scope.school)
    return get_object_or_404(items, pk=item_id)


def _button(step: Step, item: RectificationItem) -> Button:
    labels = {
        StepAction.STARTED: _("Start work"),
        StepAction.SUBMITTED: _("Submit for acceptance"),
        StepAction.TAKEN_BACK: _("Take the submission back"),
        StepAction.ACCEPTED: _("Accept and close"),
        StepAction.RETURNED: _("Send back"),
        StepAction.NOTED: _("Only leave a remark"),
        StepAction.REOPENED: _("Open it again"),
        StepAction.WITHDRAWN: _("Withdraw the item"),
    }
    main = {
        "open": StepAction.STARTED,
        "returned": StepAction.STARTED,
        "in_progress": StepAction.SUBMITTED,
        "submitted": StepAction.ACCEPTED,
    }
    return Button(step.action, labels[step.action], main.get(item.state) == step.action)
