"""The ledger of one-time slips: ordering, printing, handing out, voiding and reprinting batches.

Codes exist in clear only while their sheet is drawn; what is stored is a hash. A batch is first numbered
(`order_slips`), then drawn and stored by `store_codes` in one transaction, so a sheet that was interrupted
has no codes that work. Nothing here reads or changes an answer, and no step says which slip was used when.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Count, Max, QuerySet, Sum
from django.utils.translation import gettext as _

from surveys.asked_places import people_asked
from surveys.audiences import AUDIENCES
from surveys.distribution.codes import is_slip_code, new_slip_code, normalise, slip_digest
from surveys.models import AccessCode, Channel, Collector, PrintJob, SlipBatch, SlipStep, Wave

LARGEST_BATCH = 500
MOST_AT_ONCE = 5_000
# A school prints its own slips: a tenth more than it has people, for slips that get lost. More is the
# bureau's decision, because a slip too many is an answer too many.
SPARE_PERCENT = 10
SPARE_AT_LEAST = 5


class SlipsRefused(Exception):
    """A step the slips cannot take; the sentence says why and what can be done."""


@dataclass(frozen=True)
class Order:
    """Slips wanted for one class, village or group."""

    label: str
    count: int


@dataclass(frozen=True)
class SlipCount:
    """Slips of a batch or collector: all printed, not yet used, used, and void."""

    printed: int = 0
    issued: int = 0
    used: int = 0
    void: int = 0

    def __add__(self, other: SlipCount) -> SlipCount:
        return SlipCount(
            self.printed + other.printed, self.issued + other.issued,
            self.used + other.used, self.void + other.void,
        )  # fmt: skip

    @property
    def valid(self) -> int:
        """Slips that can be or were answered with."""
        return self.issued + self.used


@dataclass(frozen=True)
class DrawnBatch:
    """A batch and the codes that were just drawn on its sheet."""

    batch: SlipBatch
    codes: Sequence[str]


def order_slips(
    collector: Collector, orders: Sequence[Order], *, job: PrintJob | None, now: datetime
) -> list[SlipBatch]:
    """Numbered batches without codes; SlipsRefused where slips cannot be printed."""
    _check_orders(collector, orders)
    with transaction.atomic():
        # Two clerks printing at once get different numbers.
        wave = Wave.objects.select_for_update(no_key=True).get(pk=collector.wave_id)
        if not wave.is_open:
            raise SlipsRefused(_("Slips are printed while the wave is open; this wave is not."))
        newest = SlipBatch.objects.filter(wave=wave).aggregate(newest=Max("number"))["newest"] or 0
        return SlipBatch.objects.bulk_create(
            SlipBatch(
                wave=wave, collector=collector, number=newest + place, label=order.label,
                count=order.count, job=job, made_at=now,
            )
            for place, order in enumerate(orders, 1)
        )  # fmt: skip


def new_codes(batch: SlipBatch) -> list[str]:
    return [new_slip_code() for _ in range(batch.count)]


def store_codes(drawn: Iterable[DrawnBatch], *, by: Any, now: datetime) -> None:
    """Stores the hashes of freshly drawn codes: from now on the slips work.

    A batch that replaces another one voids what is unused of the old one in the same transaction.
    SlipsRefused (and nothing stored) if a batch was printed meanwhile by somebody else.
    """
    with transaction.atomic():
        for one in drawn:
            batch = one.batch
            moved = SlipBatch.objects.filter(pk=batch.pk, state=SlipBatch.State.PREPARED).update(
                state=SlipBatch.State.PRINTED
            )
            if not moved:
                raise SlipsRefused(_("Batch %(number)s has been printed already.") % {"number": batch.number})
            AccessCode.objects.bulk_create(
                (
                    AccessCode(collector_id=batch.collector_id, batch=batch, digest=slip_digest(code))
                    for code in one.codes
                ),
                batch_size=500,
            )
            _step(batch, SlipStep.Action.PRINTED, slips=len(one.codes), by=by, now=now)
            old = SlipBatch.objects.filter(replaced_by=batch).first()
            if old is not None:
                voided = _void_unused(old)
                _step(
                    old, SlipStep.Action.REPRINTED, slips=voided, by=by, now=now,
                    remark=_("Replaced by batch %(number)s") % {"number": batch.number},
                )  # fmt: skip


def hand_out(batch: SlipBatch, *, to: str, remark: str = "", by: Any, now: datetime) -> None:
    """Marks a batch as handed out, to whom; handing it out again (to somebody else) is one more step."""
    if not to.strip():
        raise SlipsRefused(_("Say to whom the slips were handed."))
    with transaction.atomic():
        _move(batch, {SlipBatch.State.PRINTED, SlipBatch.State.HANDED_OUT}, SlipBatch.State.HANDED_OUT)
        _step(
            batch, SlipStep.Action.HANDED_OUT, slips=batch.count, to=to.strip(), remark=remark,
            by=by, now=now,
        )  # fmt: skip


def take_back(batch: SlipBatch, *, slips: int, remark: str = "", by: Any, now: datetime) -> None:
    """Notes slips that came back. They keep working until the batch, or each of them, is voided."""
    if not 1 <= slips <= batch.count:
        raise SlipsRefused(
            _("Between 1 and %(count)s slips can come back of this batch.") % {"count": batch.count}
        )
    with transaction.atomic():
        _move(batch, {SlipBatch.State.PRINTED, SlipBatch.State.HANDED_OUT}, None)
        _step(batch, SlipStep.Action.RETURNED, slips=slips, remark=remark, by=by, now=now)


def void_batch(batch: SlipBatch, *, reason: str, by: Any, now: datetime) -> int:
    """No unused slip of the batch can be answered with any more; returns how many were voided.

    Answers already given stay: whether they count is decided elsewhere, with a trace of its own.
    """
    if not reason.strip():
        raise SlipsRefused(_("Say why the slips are voided; the reason stays on record."))
    with transaction.atomic():
        _move(
            batch, {SlipBatch.State.PREPARED, SlipBatch.State.PRINTED, SlipBatch.State.HANDED_OUT},
            SlipBatch.State.VOID,
        )  # fmt: skip
        voided = _void_unused(batch)
        _step(batch, SlipStep.Action.VOID, slips=voided, remark=reason.strip(), by=by, now=now)
    return voided


def order_reprint(
    batch: SlipBatch, *, reason: str, job: PrintJob | None, by: Any, now: datetime
) -> SlipBatch:
    """A new batch for the same class. The old slips go on working until the new sheet is drawn.

    It has as many slips as the old batch has unused ones: whoever answered needs no second slip. Of a batch
    smaller than the wave's smallest group that number would say who has answered, so it is refused.
    """
    if not reason.strip():
        raise SlipsRefused(_("Say why the slips are printed again; the reason stays on record."))
    check_may_be_reprinted(batch)
    with transaction.atomic():
        unused = AccessCode.objects.filter(batch=batch, state=AccessCode.State.ISSUED).count()
        if not unused and batch.state != SlipBatch.State.PREPARED:
            raise SlipsRefused(_("All slips of this batch are used or void; print a new batch instead."))
        order = Order(batch.label, unused or batch.count)
        [fresh] = order_slips(batch.collector, [order], job=job, now=now)
        moved = SlipBatch.objects.filter(
            pk=batch.pk,
            state__in=[SlipBatch.State.PREPARED, SlipBatch.State.PRINTED, SlipBatch.State.HANDED_OUT],
        ).update(state=SlipBatch.State.REPRINTED, replaced_by=fresh)
        if not moved:
            raise _no_longer(batch)
        _step(batch, SlipStep.Action.REPRINTED, slips=0, remark=reason.strip(), by=by, now=now)
    return fresh


def check_may_be_reprinted(batch: SlipBatch) -> None:
    """SlipsRefused for a small batch whose codes are out; its class gets a new batch instead."""
    if batch.is_small and batch.state != SlipBatch.State.PREPARED:
        raise SlipsRefused(
            _(
                "A batch of fewer than %(least)s slips is not printed again: the number of unused slips "
                "would say who has answered. Void it, and print a new batch for those who still need a slip."
            )
            % {"least": batch.wave.minimum_group_size}
        )


def void_code(typed: str, *, among: QuerySet[Collector], reason: str, by: Any, now: datetime) -> None:
    """Voids one lost slip by its code, if it is unused and of one of these collectors.

    The answer never tells a wrong code from a used one: whoever holds a list of codes and names must not
    learn here who has answered. The trace names the collector, not the class.
    """
    if not reason.strip():
        raise SlipsRefused(_("Say why the slip is voided; the reason stays on record."))
    code = normalise(typed.rpartition("/r/")[2])
    if not is_slip_code(code):
        raise SlipsRefused(
            _("This is not a slip's code: it has 12 letters and digits, and one of them is wrong.")
        )
    with transaction.atomic():
        found = AccessCode.objects.filter(digest=slip_digest(code), collector__in=among)
        collector_id = found.values_list("collector_id", flat=True).first()
        if not found.filter(state=AccessCode.State.ISSUED).update(state=AccessCode.State.VOID):
            raise SlipsRefused(
                _("There is no unused slip with this code here: it is of another place, used or void.")
            )
        SlipStep.objects.create(
            collector_id=collector_id, action=SlipStep.Action.ONE_VOID, slips=1,
            remark=reason.strip()[:500], by=by, at=now,
        )  # fmt: skip


def counts_by_batch(batches: Iterable[SlipBatch]) -> dict[int, SlipCount]:
    """Batch id → its slips by state: one query. Counts only; no code, no time."""
    return _counts(AccessCode.objects.filter(batch__in=[batch.pk for batch in batches]), "batch_id")


def counts_by_collector(collectors: Iterable[Collector]) -> dict[int, SlipCount]:
    """Collector id → its slips by state, those without a batch too: one query."""
    return _counts(AccessCode.objects.filter(collector__in=[one.pk for one in collectors]), "collector_id")


def people_behind(collector: Collector) -> int | None:
    """How many people of the audience this place has; None where nobody counts them."""
    known = AUDIENCES.get(collector.audience)
    if collector.school is not None and known is not None:
        return people_asked(collector.school, known.population)
    if collector.township_id is None:
        row = collector.wave.audiences.filter(audience=collector.audience).first()
        return row.population if row else None
    return None


def most_a_school_prints(people: int) -> int:
    """Valid slips a school may print by itself."""
    return people + max(SPARE_AT_LEAST, -(-people * SPARE_PERCENT // 100))


def check_school_may_print(collector: Collector, orders: Sequence[Order]) -> None:
    """SlipsRefused when a school's slips would exceed its people by more than the spare ones."""
    people = people_behind(collector)
    if people is None:
        return
    valid = counts_by_collector([collector]).get(collector.pk, SlipCount()).valid
    waiting = (
        SlipBatch.objects.filter(collector=collector, state=SlipBatch.State.PREPARED).aggregate(
            total=Sum("count")
        )["total"]
        or 0
    )
    most, wanted = most_a_school_prints(people), sum(order.count for order in orders)
    if valid + waiting + wanted > most:
        raise SlipsRefused(
            _(
                "The roster counts %(people)s people, so a school can have %(most)s valid slips; "
                "%(valid)s are printed already and %(wanted)s more are asked for. Void what is lost, "
                "or ask the bureau to print more."
            )
            % {"people": people, "most": most, "valid": valid + waiting, "wanted": wanted}
        )


def _check_orders(collector: Collector, orders: Sequence[Order]) -> None:
    if collector.channel != Channel.SLIPS:
        raise SlipsRefused(_("This entry point is an open poster; it has no slips."))
    if not orders:
        raise SlipsRefused(_("Choose at least one class and how many slips it gets."))
    for order in orders:
        if not 1 <= order.count <= LARGEST_BATCH:
            raise SlipsRefused(
                _("%(label)s: between 1 and %(most)s slips make a batch.")
                % {"label": order.label or collector.place.name, "most": LARGEST_BATCH}
            )
    total = sum(order.count for order in orders)
    if total > MOST_AT_ONCE:
        raise SlipsRefused(
            _("%(total)s slips at once are too many; print at most %(most)s and then the others.")
            % {"total": total, "most": MOST_AT_ONCE}
        )


def _counts(codes: QuerySet[AccessCode], by: str) -> dict[int, SlipCount]:
    found: dict[int, dict[str, int]] = {}
    for key, state, count in codes.order_by().values_list(by, "state").annotate(count=Count("pk")):
        found.setdefault(key, {})[state] = count
    return {key: _slip_count(states) for key, states in found.items()}


def _slip_count(states: Mapping[str, int]) -> SlipCount:
    state = AccessCode.State
    return SlipCount(
        printed=sum(states.values()), issued=states.get(state.ISSUED, 0),
        used=states.get(state.USED, 0), void=states.get(state.VOID, 0),
    )  # fmt: skip


def _void_unused(batch: SlipBatch) -> int:
    """One conditional update: a slip that is being redeemed at this moment is either used or void."""
    return AccessCode.objects.filter(batch=batch, state=AccessCode.State.ISSUED).update(
        state=AccessCode.State.VOID
    )


def _move(batch: SlipBatch, allowed: set[str], state: str | None) -> None:
    """Moves the batch's state (None: leaves it) if it is one of those allowed, or refuses."""
    found = SlipBatch.objects.filter(pk=batch.pk, state__in=allowed)
    if not (found.update(state=state) if state else found.exists()):
        raise _no_longer(batch)
    batch.refresh_from_db()


def _no_longer(batch: SlipBatch) -> SlipsRefused:
    batch.refresh_from_db()
    return SlipsRefused(
        _("Batch %(number)s is now: %(state)s. This step is not possible.")
        % {"number": batch.number, "state": batch.get_state_display()}
    )


def _step(
    batch: SlipBatch, action: str, *, slips: int, by: Any, now: datetime, to: str = "", remark: str = ""
) -> None:
    SlipStep.objects.create(
        collector_id=batch.collector_id, batch=batch, action=action, slips=slips, to=to[:60],
        remark=remark[:500], by=by, at=now,
    )  # fmt: skip
