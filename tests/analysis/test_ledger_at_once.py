"""Two people at the ledger in the same moment: nothing twice, no number twice, one decision."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from django.db import connection

from analysis.ledger import LedgerRefused, NewItem, enter_items, take_step
from analysis.models import RectificationItem
from tests.analysis.ledger_county import NOW, ledger_county

pytestmark = pytest.mark.django_db(transaction=True)
PEOPLE = 4


def at_once(act) -> list:
    """What `act(number)` gave or raised for each of PEOPLE, all started together."""
    start = Barrier(PEOPLE)

    def one(number: int):
        start.wait()
        try:
            return act(number)
        except LedgerRefused as refusal:
            return refusal
        finally:
            connection.close()

    with ThreadPoolExecutor(PEOPLE) as people:
        return list(people.map(one, range(PEOPLE)))


def test_list_that_several_tick_at_once_is_entered_once():
    place = ledger_county()
    items = [NewItem("缺口", NOW.date(), subject=f"criterion:{n}", department="科室") for n in range(5)]
    found = at_once(lambda _n: enter_items(place.county, items, year=2026, by=place.bureau, now=NOW))
    assert sum(len(one.items) for one in found) == 5
    numbers = RectificationItem.objects.order_by("number").values_list("number", flat=True)
    assert list(numbers) == [1, 2, 3, 4, 5]


def test_item_is_decided_on_once():
    place = ledger_county()
    new = NewItem("缺口", NOW.date(), department="科室")
    (item,) = enter_items(place.county, [new], year=2026, by=place.bureau, now=NOW).items
    take_step(item, "submitted", by=place.bureau, now=NOW, remark="完成")
    actions = ["accepted", "returned"] * 2

    def decide(number: int):
        own = RectificationItem.objects.get(pk=item.pk)
        return take_step(own, actions[number], by=place.bureau, now=NOW, remark="核查")

    found = at_once(decide)
    assert sum(not isinstance(one, LedgerRefused) for one in found) == 1
    item.refresh_from_db()
    last = item.steps.last()
    assert (item.steps.count(), last.to_state) == (3, item.state)
