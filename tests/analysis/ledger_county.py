"""A county of three schools with an accepted table and a frozen evaluation, for tests of the ledger.

第一小学 stands exactly at every limit; 第二小学 lacks 3 backbone teachers and is below the floor; 第三小学
has 46 pupils in its largest class.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from analysis.evaluation import EvaluationInputs, evaluate_county
from analysis.indicators import store_table
from analysis.models import Evaluation, IndicatorTable
from analysis.standard import shipped_standard
from survey_site.accounts.models import User
from surveys.models import County, School
from tests.analysis.counties import primary, records
from tests.surveys.builders import make_county, make_school

STANDARD = shipped_standard("quality-balance-2017")
NOW = datetime(2026, 11, 18, 4, 0, tzinfo=UTC)  # a Wednesday, noon in China


@dataclass
class LedgerCounty:
    county: County
    schools: list[School]
    table: IndicatorTable
    bureau: User
    _users: int = 0

    def evaluation(self) -> Evaluation:
        inputs = EvaluationInputs(STANDARD, school_table=self.table)
        return evaluate_county(self.county, year=2026, stage="county", inputs=inputs, by=self.bureau, now=NOW)

    def user(self, role: str, school: School | None = None) -> User:
        self._users += 1
        return User.objects.create(
            username=f"{role}{self._users}-{self.county.code}", role=role, county=self.county, school=school
        )


def ledger_county(**changes: Any) -> LedgerCounty:
    """changes: of the second school's row."""
    county = make_county()
    names = ("第一小学", "第二小学", "第三小学")
    schools = [make_school(county, name=name) for name in names]
    rows = [
        primary(names[0], code=schools[0].code),
        primary(names[1], code=schools[1].code, **{"backbone_teachers": 7, **changes}),
        primary(names[2], code=schools[2].code, largest_class=46),
    ]
    bureau = User.objects.create(username=f"bureau-{county.code}", role="bureau", county=county)
    table = store_table(
        county=county, year=2026, level="schools", standard=STANDARD, file_name="办学条件.xlsx", by=bureau,
        records=records(rows), now=NOW,
    )  # fmt: skip
    return LedgerCounty(county, schools, table, bureau)
