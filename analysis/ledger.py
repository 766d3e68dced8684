"""The rectification ledger (整改台账): enter an item, take a step, change its text. Nothing else writes it.

Every step leaves a row of its own with who, when and why; a state is never set without one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Max
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from analysis.models import (
    Evaluation,
    EvidenceFile,
    ItemState,
    RectificationItem,
    RectificationStep,
    StepAction,
)
from scoring.models import ScoreRun
from surveys.models import County, School

LONGEST_REMARK = 1_000
LIVE_STATES = (ItemState.OPEN, ItemState.IN_PROGRESS, ItemState.RETURNED)  # somebody has to work on these
BUREAU, SCHOOL = "bureau", "school"


class LedgerRefused(Exception):
    """A step that cannot be taken; the sentence says why and what is possible."""


@dataclass(frozen=True)
class Step:
    """A step that may be taken: from which states, by whom, where it leads (None: the state stays)."""

    action: StepAction
    from_states: tuple[ItemState, ...]
    to_state: ItemState | None
    roles: tuple[str, ...]
    needs_reason: bool = False
    takes_evidence: bool = False


STEPS: tuple[Step, ...] = (
    Step(StepAction.STARTED, (ItemState.OPEN, ItemState.RETURNED), ItemState.IN_PROGRESS, (BUREAU, SCHOOL)),
    Step(
        StepAction.SUBMITTED, LIVE_STATES, ItemState.SUBMITTED, (BUREAU, SCHOOL), needs_reason=True,
        takes_evidence=True,
    ),
    Step(
        StepAction.TAKEN_BACK, (ItemState.SUBMITTED,), ItemState.IN_PROGRESS, (BUREAU, SCHOOL),
        needs_reason=True,
    ),
    Step(StepAction.ACCEPTED, (ItemState.SUBMITTED,), ItemState.ACCEPTED, (BUREAU,)),
    Step(StepAction.RETURNED, (ItemState.SUBMITTED,), ItemState.RETURNED, (BUREAU,), needs_reason=True),
    Step(
        StepAction.NOTED, (*LIVE_STATES, ItemState.SUBMITTED), None, (BUREAU, SCHOOL), needs_reason=True,
        takes_evidence=True,
    ),
    Step(StepAction.REOPENED, (ItemState.ACCEPTED,), ItemState.RETURNED, (BUREAU,), needs_reason=True),
    Step(StepAction.REOPENED, (ItemState.WITHDRAWN,), ItemState.OPEN, (BUREAU,), needs_reason=True),
    Step(
        StepAction.WITHDRAWN, (*LIVE_STATES, ItemState.SUBMITTED), ItemState.WITHDRAWN, (BUREAU,),
        needs_reason=True,
    ),
)  # fmt: skip


@dataclass(frozen=True)
class NewItem:
    """What is entered in the ledger. subject: see RectificationItem; "" is an item entered by hand."""

    problem: str
    deadline: date
    measure: str = ""
    department: str = ""
    school: School | None = None
    subject: str = ""
    standard_key: str = ""
    evaluation: Evaluation | None = None
    score_run: ScoreRun | None = None


@dataclass(frozen=True)
class Entered:
    """The items that were made, and how many were left out because they stand open already."""

    items: tuple[RectificationItem, ...]
    already_open: int


def possible_steps(item: RectificationItem, role: str) -> list[Step]:
    """The steps this role can take now, the next one first; none for who only reads."""
    return [step for step in STEPS if item.state in step.from_states and role in step.roles]


def enter_items(county: County, items: Sequence[NewItem], *, year: int, by: Any, now: datetime) -> Entered:
    """Enters items with running numbers. One that stands open already is left out and counted."""
    for item in items:
        if item.school is not None and item.school.county_id != county.pk:
            raise LedgerRefused(_("This school is not in the county."))
        if not item.problem.strip():
            raise LedgerRefused(_("An item says what the problem is."))
    try:
        return _entered(county, items, year=year, by=by, now=now)
    except IntegrityError as error:  # an item was opened again at this very moment
        raise LedgerRefused(_("The ledger has just changed; look at it and try again.")) from error


def _entered(county: County, items: Sequence[NewItem], *, year: int, by: Any, now: datetime) -> Entered:
    made, already_open = [], 0
    with transaction.atomic():
        # Two clerks who tick the same list take turns: numbers stay without gaps, nothing comes twice.
        County.objects.select_for_update(no_key=True).get(pk=county.pk)
        number = (
            RectificationItem.objects.filter(county=county, year=year).aggregate(n=Max("number"))["n"] or 0
        )
        standing = open_subjects(county, year=year)
        for new in items:
            place = (new.standard_key, new.subject, new.school.pk if new.school else None)
            if new.subject and place in standing:
                already_open += 1
                continue
            standing.add(place)
            number += 1
            item = RectificationItem.objects.create(
                county=county, year=year, number=number, subject=new.subject, standard_key=new.standard_key,
                evaluation=new.evaluation, score_run=new.score_run, problem=new.problem.strip(),
                measure=new.measure.strip(), department=new.department.strip(), school=new.school,
                deadline=new.deadline, at=now, state_at=now,
            )  # fmt: skip
            _record(item, StepAction.CREATED, from_state="", by=by, now=now)
            made.append(item)
    return Entered(tuple(made), already_open)


def open_subjects(county: County, *, year: int) -> set[tuple[str, str, int | None]]:
    """(standard, subject, school) of every item of that year that is not closed or withdrawn."""
    return set(
        RectificationItem.objects.filter(county=county, year=year)
        .exclude(subject="")
        .exclude(state__in=[ItemState.ACCEPTED, ItemState.WITHDRAWN])
        .values_list("standard_key", "subject", "school_id")
    )


def take_step(
    item: RectificationItem,
    action: str,
    *,
    by: Any,
    now: datetime,
    remark: str = "",
    evidence: Iterable[EvidenceFile] = (),
    role: str = "",
) -> RectificationStep:
    """Takes one step in the role of `by`. LedgerRefused if that role cannot now, or a reason is lacking.

    role: of nobody in particular (by None), as the demonstration's steps are.
    """
    role = by.role if by else role
    remark = remark.strip()
    papers = list(evidence)
    if len(remark) > LONGEST_REMARK:
        raise LedgerRefused(_("Allowed: at most %(most)d characters.") % {"most": LONGEST_REMARK})
    if any(paper.county_id != item.county_id or paper.withdrawn_at for paper in papers):
        raise LedgerRefused(_("This evidence file is not there any more."))
    if item.school_id and any(paper.school_id not in (None, item.school_id) for paper in papers):
        raise LedgerRefused(_("This evidence file belongs to another school."))
    try:
        with transaction.atomic():
            # Whoever comes second finds the state of whoever came first.
            held = RectificationItem.objects.select_for_update(of=("self",)).get(pk=item.pk)
            step = next((one for one in possible_steps(held, role) if one.action == action), None)
            if step is None or (by and role == SCHOOL and held.school_id != by.school_id):
                raise LedgerRefused(
                    _("This step is not possible: the item is now “%(state)s”.")
                    % {"state": held.get_state_display()}
                )
            if step.needs_reason and not remark:
                raise LedgerRefused(_missing_reason(step))
            before = held.state
            if step.to_state is not None:
                held.state, held.state_at = step.to_state, now
                held.save(update_fields=["state", "state_at"])
            taken = _record(held, step.action, from_state=before, by=by, now=now, remark=remark, role=role)
            taken.evidence.set(papers)
    except IntegrityError as error:
        raise LedgerRefused(
            _("The same shortfall stands open as another item; go on with that one.")
        ) from error
    item.refresh_from_db()
    return taken


def change_item(
    item: RectificationItem, fields: Mapping[str, Any], *, by: Any, now: datetime, remark: str = ""
) -> RectificationStep | None:
    """Changes problem, measure, department or deadline of an open item; None if nothing changes.

    What stood there before stays in the step.
    """
    with transaction.atomic():
        held = RectificationItem.objects.select_for_update(of=("self",)).get(pk=item.pk)
        if held.is_done:
            raise LedgerRefused(_("The item is closed; open it again to change it."))
        changes = {
            name: [_said(getattr(held, name)), _said(value)]
            for name, value in fields.items()
            if getattr(held, name) != value
        }
        if not changes:
            return None
        for name in changes:
            setattr(held, name, fields[name])
        held.save(update_fields=list(changes))
        step = _record(
            held, StepAction.CHANGED, from_state=held.state, by=by, now=now, remark=remark, changes=changes
        )
    item.refresh_from_db()
    return step


def _record(
    item: RectificationItem, action: str, *, by: Any, now: datetime, role: str = "", **more: Any
) -> RectificationStep:
    return RectificationStep.objects.create(
        item=item, action=action, to_state=item.state, deadline=item.deadline, department=item.department,
        role=by.role if by else role, by=by, at=now, **more,
    )  # fmt: skip


def _said(value: Any) -> str:
    return date_format(value, "Y-m-d") if isinstance(value, date) else str(value)


def _missing_reason(step: Step) -> str:
    if step.action == StepAction.SUBMITTED:
        return _("Say what was done.")
    if step.action == StepAction.NOTED:
        return _("Write the remark first.")
    return _("Say why.")
