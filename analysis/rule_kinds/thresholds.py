"""The rule kind `threshold`: one figure of a school, of the county's totals or of an item, and a limit."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import ClassVar

from analysis.facts import CountyFacts, SchoolRow, county_total, measure
from analysis.findings import SHARE, Finding, Sentence
from analysis.rule_kinds.rule import Rule, judge_limit, lacking, over_rows, unsure
from analysis.standard_file import LIMITS, StandardFile
from analysis.standard_parts import Limit
from surveys.toml_file import Table, at

OF = ("each_row", "each_school", "county_total", "share_of_rows")


@dataclass(frozen=True)
class Threshold(Rule):
    """One figure against a limit: an indicator of each school (at each stage, or as a whole), of the county's
    totals, the share of schools with a yes in a column, or one of the county's own items.

    A row for which the limit says nothing (another stage) is left out.
    """

    kind: ClassVar[str] = "threshold"
    keys: ClassVar[tuple[str, ...]] = ("indicator", "item", "yes", *LIMITS, "of", "exclude")

    subject: str
    of: str  # one of OF, or "item"
    limit: Limit
    exclude: str = ""

    @classmethod
    def read(cls, file: StandardFile, table: Table, place: str) -> Threshold:
        named = [key for key in ("indicator", "item", "yes") if key in table]
        if len(named) != 1:
            file.refuse_choice(place, ("indicator", "item", "yes"))
        limit = file.limit(table, place)
        of = file.value(table, "of", str, "each_row", place)
        file.all_known([of], OF, at(place, "of"), "way to count", "计数方式")
        exclude = file.exclusion_name(table, place)
        if named == ["item"]:
            if "of" in table or exclude:
                file.refuse(
                    place,
                    "an item is one figure of the county; 'of' and 'exclude' are not allowed",
                    "县级指标项全县只有一个数，不能再写of和exclude",
                )
            item = file.required(table, "item", str, place)
            file.item_name(item, at(place, "item"), kinds=("share", "number"))
            return cls(item, "item", limit)
        if named == ["yes"]:
            if of != "share_of_rows":
                file.refuse(
                    at(place, "of"),
                    "a yes/no column is counted; allowed: 'share_of_rows'",
                    "填是或否的列只能按占比计数，可用：share_of_rows",
                )
            column = file.column_name(table, "yes", place)
            if not file.columns[column].is_yes_no:
                file.not_yes_no(column, at(place, "yes"))
            return cls(column, of, limit, exclude)
        if of == "share_of_rows":
            file.refuse(
                at(place, "of"),
                "'share_of_rows' counts a yes/no column; name it by yes = '…'",
                "share_of_rows数的是填是或否的列，请写yes = '…'",
            )
        name = file.required(table, "indicator", str, place)
        file.indicator_names([name], at(place, "indicator"))
        return cls(name, of, limit, exclude)

    def judge(self, key: str, facts: CountyFacts) -> Finding:
        if self.of == "item":
            return judge_item(key, self.subject, self.limit, facts)
        if self.of == "county_total":
            return self._total(key, facts)
        if self.of == "share_of_rows":
            return self._share(key, facts)
        whole = self.of == "each_school"
        judged = facts.judged(self.exclude, whole_schools=whole)
        parts = []
        for row in judged.rows:
            if missing := judged.unsure_of(row):
                parts.append(unsure(self.subject, row, missing, facts))
            elif found := judge_indicator(self.subject, self.limit, row, facts):
                parts.append(found)
        return over_rows(key, parts, facts, rows=len(judged.rows), of_schools=whole)

    def _total(self, key: str, facts: CountyFacts) -> Finding:
        indicator = facts.standard.indicators[self.subject]
        total, missing = county_total(facts.judged(self.exclude).rows, indicator.columns)
        if missing:
            return lacking(key, missing, facts)
        found = judge_indicator(self.subject, self.limit, total, facts)
        assert found is not None
        return Finding(
            key, found.verdict, found.sentence, found.value, found.limit, found.unit, missing=found.missing
        )

    def _share(self, key: str, facts: CountyFacts) -> Finding:
        rows = facts.judged(self.exclude).rows
        if not rows or any(self.subject not in row.marks for row in rows):
            return lacking(key, (self.subject,), facts)
        value = Fraction(sum(row.marks[self.subject] for row in rows), len(rows))
        bound = self.limit.bound(SchoolRow("", "", ""), facts.settings)
        if bound is None or bound.number is None:
            return lacking(key, bound.missing if bound else ("stage",), facts)
        name = facts.standard.columns[self.subject].name
        return judge_limit(key, name, value, limit=self.limit, number=bound.number, unit=SHARE)


def judge_indicator(name: str, limit: Limit, row: SchoolRow, facts: CountyFacts) -> Finding | None:
    """One indicator of one row against its limit; None if the limit says nothing about such rows."""
    bound = limit.bound(row, facts.settings)
    if bound is None:
        return None
    indicator = facts.standard.indicators[name]
    found = measure(indicator, row)
    where = {"school": row.school, "stage": row.stage}
    if found.value is None or bound.number is None:
        finding = lacking(
            name, (*found.missing, *bound.missing), facts,
            value=found.value, limit=bound.number, unit=indicator.unit, **where,
        )  # fmt: skip
        if not found.nothing_in:
            return finding
        column = {"name": facts.standard.columns[found.nothing_in].name}
        zero = Sentence("{name}为0，无法计算。", "{name}: 0, so nothing can be computed.", column)
        return replace(finding, sentence=zero)
    return judge_limit(
        name, indicator.name, found.value, limit=limit, number=bound.number, unit=indicator.unit, **where
    )


def judge_item(key: str, item: str, limit: Limit, facts: CountyFacts) -> Finding:
    """One county item against its limit, with its evidence and how it was read."""
    asked, fact = facts.standard.items[item], facts.item(item)
    bound = limit.bound(SchoolRow("", "", ""), facts.settings)
    assert bound is not None
    evidence = (fact.evidence,) if fact.evidence else ()
    missing = (*fact.missing, *bound.missing)
    if missing or not isinstance(fact.value, Fraction) or bound.number is None:
        return lacking(key, missing or (item,), facts, evidence=evidence)
    details = {"note": fact.note} if fact.note else {}
    return judge_limit(
        key, asked.name, fact.value, limit=limit, number=bound.number, unit=asked.unit,
        evidence=evidence, details=details,
    )  # fmt: skip
