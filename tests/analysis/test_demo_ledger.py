"""The demonstration's ledger has a past that hangs together."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from analysis.demo.ledger import DAYS_AGO, make_demo_ledger
from analysis.ledger_lists import items_of, ledger_counts
from analysis.models import Evaluation, IndicatorTable, RectificationStep
from tests.analysis.ledger_county import ledger_county
from tests.surveys.builders import make_county

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 12, 10, 4, 0, tzinfo=UTC)


def test_items_come_from_an_evaluation_older_than_they_are():
    place = ledger_county()
    IndicatorTable.objects.update(at=NOW - timedelta(days=DAYS_AGO))
    items = make_demo_ledger(place.county, run=None, now=NOW)
    evaluation = Evaluation.objects.get()
    assert items and all(item.evaluation == evaluation for item in items)
    assert {item.at for item in items} == {evaluation.at}
    assert {item.school for item in items if item.school} == set(place.schools[1:])
    for item in items:
        steps = list(item.steps.all())
        assert [step.at for step in steps] == sorted(step.at for step in steps)
        assert steps[-1].to_state == item.state
    assert RectificationStep.objects.filter(at__gt=NOW).count() == 0
    counts = ledger_counts(items_of(place.county), today=NOW.date())
    assert counts.total == len(items) and counts.overdue >= 1


def test_county_without_figures_gets_no_ledger():
    assert make_demo_ledger(make_county(), run=None, now=NOW) == []
