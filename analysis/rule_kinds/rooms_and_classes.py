"""Rules about rooms and classes: `for_every` (a music room per 12 classes) and `class_size`."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, ClassVar

from analysis.facts import CountyFacts, SchoolRow
from analysis.findings import Finding, Quantity, Sentence, Word
from analysis.rule_kinds.rule import Rule, judge_limit, lacking, over_rows, unsure
from analysis.standard_file import StandardFile
from analysis.standard_parts import Limit, Open, resolved, setting_gap
from surveys.toml_file import Table, at

AT_LEAST = Limit(is_at_least=True, cases=())


@dataclass(frozen=True)
class ForEvery(Rule):
    """So many of a thing for every N of another, begun ones counted: a music room per 12 classes, ceil(c/12).

    Of each school as a whole. A school without the other thing (no classes) cannot be computed.
    """

    kind: ClassVar[str] = "for_every"
    keys: ClassVar[tuple[str, ...]] = ("column", "every", "of_column", "exclude")

    column: str
    every: Open
    of_column: str
    exclude: str = ""

    @classmethod
    def read(cls, file: StandardFile, table: Table, place: str) -> ForEvery:
        for key in ("column", "of_column"):
            file.required(table, key, str, place)
        every = file.open_number(table, "every", place)
        if isinstance(every, Fraction) and every <= 0:
            file.out_of_range(at(place, "every"), every, "above 0", "大于0")
        return cls(
            file.column_name(table, "column", place), every, file.column_name(table, "of_column", place),
            file.exclusion_name(table, place),
        )  # fmt: skip

    def needed(self, row: SchoolRow, facts: CountyFacts) -> int | None:
        """How many this school needs; None if it cannot be known."""
        base, every = row.numbers.get(self.of_column), resolved(self.every, facts.settings)
        return math.ceil(base / every) if base and every else None

    def judge(self, key: str, facts: CountyFacts) -> Finding:
        judged = facts.judged(self.exclude, whole_schools=True)
        parts = []
        for row in judged.rows:
            missing = judged.unsure_of(row)
            parts.append(unsure(self.column, row, missing, facts) if missing else self._one(row, facts))
        return over_rows(key, parts, facts, rows=len(judged.rows), of_schools=True)

    def _one(self, row: SchoolRow, facts: CountyFacts) -> Finding:
        column = facts.standard.columns[self.column]
        needed, has = self.needed(row, facts), row.numbers.get(self.column)
        limit = None if needed is None else Fraction(needed)
        if limit is None or has is None:
            codes = [self.of_column] if not row.numbers.get(self.of_column) else []
            codes += [self.column] if has is None else []
            codes += setting_gap(self.every, facts.settings)
            return lacking(
                self.column, codes, facts, value=has, limit=limit, unit=column.unit, school=row.school
            )
        return judge_limit(
            self.column, column.name, has, limit=AT_LEAST, number=limit, unit=column.unit, school=row.school
        )


@dataclass(frozen=True)
class ClassSize(Rule):
    """Every class of a stage at or below a number of pupils.

    Proof either way: `largest_class`; `classes_over_<limit>`, a count; or pupils ÷ classes, because the
    largest class is never below the mean. Whatever shows a class above the limit decides; the mean alone
    never shows that all are within it.
    """

    kind: ClassVar[str] = "class_size"
    keys: ClassVar[tuple[str, ...]] = ("at_most", "exclude")

    limit: Limit
    exclude: str = ""

    @classmethod
    def read(cls, file: StandardFile, table: Table, place: str) -> ClassSize:
        if "at_most" not in table:
            file.lacks(place, "at_most")
        return cls(file.limit(table, place), file.exclusion_name(table, place))

    def judge(self, key: str, facts: CountyFacts) -> Finding:
        judged = facts.judged(self.exclude)
        parts = []
        for row in judged.rows:
            bound = self.limit.bound(row, facts.settings)
            if missing := judged.unsure_of(row):
                parts.append(unsure(key, row, missing, facts))
            elif bound is not None:
                if bound.number is None:
                    parts.append(lacking(key, bound.missing, facts, school=row.school, stage=row.stage))
                else:
                    parts.append(self._one(key, row, bound.number, facts))
        return over_rows(key, parts, facts, rows=len(judged.rows))

    def _one(self, key: str, row: SchoolRow, limit: Fraction, facts: CountyFacts) -> Finding:
        unit = facts.standard.columns["largest_class"].unit
        largest = row.numbers.get("largest_class")
        over = row.numbers.get(f"classes_over_{limit}")
        pupils, classes = row.numbers.get("pupils"), row.numbers.get("classes")
        mean = pupils / classes if pupils is not None and classes else None
        values: dict[str, Any] = {"limit": Quantity(limit, unit), "over": over}
        known: dict[str, Any] = {"limit": limit, "unit": unit, "school": row.school, "stage": row.stage}
        if over is not None:
            known["details"] = {"classes_over": over}

        def found(word: Word, value: Fraction | None, sentence: tuple[str, str]) -> Finding:
            if value is not None:
                values["value"] = Quantity(value, unit, limit)
            return Finding(key, word, Sentence(*sentence, values), value, **known)

        if over:
            return found(
                "not_met", largest or mean, ("{over}个班超过{limit}。", "{over} classes above {limit}.")
            )
        if largest is not None and largest > limit:
            return found(
                "not_met",
                largest,
                ("最大班额{value}，超过{limit}。", "Largest class {value}, above {limit}."),
            )
        if mean is not None and mean > limit:
            return found(
                "not_met",
                mean,
                ("平均班额已达{value}，超过{limit}。", "The mean class alone has {value}, above {limit}."),
            )
        if largest is not None:
            return found(
                "met", largest, ("最大班额{value}，未超过{limit}。", "Largest class {value}, within {limit}.")
            )
        if over is not None:
            return found("met", None, ("没有超过{limit}的班。", "No class above {limit}."))
        return lacking(key, ("largest_class",), facts, **known)
