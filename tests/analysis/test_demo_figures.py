"""The demonstration county's figures: through the importer without a question, once, and worth a look."""

import pytest
from django.utils import timezone

from analysis.demo.figures import import_demo_figures
from analysis.evaluation_plans import county_facts
from analysis.indicators import current_table, item_lines_of, records_of
from analysis.judging import evaluate
from analysis.models import IndicatorTable
from analysis.standard import shipped_standard
from surveys.demo.build import schools_of_the_demo

pytestmark = pytest.mark.django_db


@pytest.fixture
def county():
    return schools_of_the_demo(now=timezone.now())


def test_they_come_in_once_and_leave_one_doubt(county):
    now = timezone.now()
    first = import_demo_figures(county, now=now)
    assert import_demo_figures(county, now=now) == first
    assert IndicatorTable.objects.count() == 2
    weights = [doubt["weight"] for table in first for doubt in table.doubts]
    assert (weights.count("doubt"), weights.count("error")) == (1, 0)  # one item is left open


def test_a_handful_of_schools_and_one_coefficient_decide_the_verdict(county):
    import_demo_figures(county, now=timezone.now())
    year = timezone.now().year
    facts, doubts = county_facts(
        shipped_standard("quality-balance-2017"),
        records=records_of(current_table(county, year, "schools")),
        items=item_lines_of(current_table(county, year, "county")),
    )
    found = {finding.subject: finding for area in evaluate(facts).areas for finding in area.findings}
    below = [part for part in found["seven_indicators"].parts if part.verdict == "not_met"]
    above = [part for part in found["between_schools"].parts if part.verdict == "not_met"]
    assert 4 <= len(below) <= 8
    assert [(part.subject, part.stage) for part in above] == [("sports_area_per_pupil", "primary")]
    assert found["exchange"].verdict == "not_met"
    assert found["national_monitoring"].verdict == "not_computable"
    assert doubts == ()
