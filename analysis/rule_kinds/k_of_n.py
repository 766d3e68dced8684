"""The rule kind `k_of_n`: at least k members met, the others not below a floor."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, ClassVar

from analysis.facts import CountyFacts, SchoolRow
from analysis.findings import Finding, Quantity, Sentence, Texts, Word, missing_in
from analysis.rule_kinds.rule import Rule, lacking, over_rows, unsure
from analysis.rule_kinds.thresholds import judge_indicator
from analysis.standard_file import LIMITS, StandardFile
from analysis.standard_parts import Limit, Open, resolved, setting_gap
from surveys.toml_file import Table, at

OF = ("each_row", "each_school")


@dataclass(frozen=True)
class KOfN(Rule):
    """At least k of n members met, the others (if a floor is set) not below that share of their limit.

    Members are indicators with limits, or yes/no columns; a member whose limit says nothing about a row does
    not count there. Unknown members decide nothing that the known ones have not decided already.
    """

    kind: ClassVar[str] = "k_of_n"
    keys: ClassVar[tuple[str, ...]] = ("members", "at_least_met", "may_miss", "floor_share", "of", "exclude")

    limits: Mapping[str, Limit | None]  # None: a yes/no column
    at_least_met: Open | None
    may_miss: Open | None
    floor_share: Open | None
    of: str = "each_row"
    exclude: str = ""

    @classmethod
    def read(cls, file: StandardFile, table: Table, place: str) -> KOfN:
        if ("at_least_met" in table) == ("may_miss" in table):
            file.refuse_choice(place, ("at_least_met", "may_miss"))
        members = file.tables(table, "members", place)
        if not members:
            file.refuse(
                place,
                "has no member; add members.<indicator> = { at_least = … }",
                "没有成员，请写members.<指标> = { at_least = … }",
            )
        limits: dict[str, Limit | None] = {}
        for name, member in members.items():
            here = at(place, f"members.{name}")
            file.only_keys(member, (*LIMITS, "yes", "source"), here)
            if "source" in member:
                file.source(member, here)
            if member.get("yes") is True:
                file.column_name({"column": name}, "column", here)
                if not file.columns[name].is_yes_no:
                    file.not_yes_no(name, here)
                limits[name] = None
            else:
                file.indicator_names([name], here)
                limits[name] = file.limit(member, here)
        of = file.value(table, "of", str, "each_row", place)
        file.all_known([of], OF[:2], at(place, "of"), "way to count", "计数方式")
        numbers = {
            key: file.open_number(table, key, place) if key in table else None
            for key in ("at_least_met", "may_miss", "floor_share")
        }
        for key, low, high in (
            ("at_least_met", 1, len(limits)),
            ("may_miss", 0, len(limits)),
            ("floor_share", 0, 1),
        ):
            number = numbers[key]
            if isinstance(number, Fraction) and not low <= number <= high:
                file.out_of_range(at(place, key), number, f"{low} to {high}", f"{low}至{high}")
        return cls(
            limits, numbers["at_least_met"], numbers["may_miss"], numbers["floor_share"], of,
            file.exclusion_name(table, place),
        )  # fmt: skip

    def judge(self, key: str, facts: CountyFacts) -> Finding:
        whole = self.of == "each_school"
        judged = facts.judged(self.exclude, whole_schools=whole)
        parts = []
        for row in judged.rows:
            if missing := judged.unsure_of(row):
                parts.append(unsure(key, row, missing, facts))
            elif members := self.members(row, facts):
                parts.append(self.combine(key, row, members, facts))
        return over_rows(key, parts, facts, rows=len(judged.rows), of_schools=whole)

    def members(self, row: SchoolRow, facts: CountyFacts) -> tuple[Finding, ...]:
        """The finding on every member that applies to the row."""
        found = []
        for name, limit in self.limits.items():
            one = judge_mark(name, row, facts) if limit is None else judge_indicator(name, limit, row, facts)
            if one is not None:
                found.append(one)
        return tuple(found)

    def needed(self, members: int, facts: CountyFacts) -> tuple[Fraction | None, tuple[str, ...]]:
        """How many of so many members must be met."""
        if self.at_least_met is not None:
            return resolved(self.at_least_met, facts.settings), setting_gap(self.at_least_met, facts.settings)
        assert self.may_miss is not None
        may_miss = resolved(self.may_miss, facts.settings)
        return (
            None if may_miss is None else members - may_miss,
            setting_gap(self.may_miss, facts.settings),
        )

    def floor_of(self, member: Finding, facts: CountyFacts) -> tuple[Fraction | None, tuple[str, ...]]:
        """What a missed member must still reach; None without a floor, or where it is not known."""
        limit = self.limits[member.subject]
        if self.floor_share is None or limit is None or not isinstance(member.limit, Fraction):
            return None, ()
        share = resolved(self.floor_share, facts.settings)
        if share is None or (share == 0 and not limit.is_at_least):
            return None, setting_gap(self.floor_share, facts.settings)
        return limit.floor(member.limit, share), ()

    def combine(self, key: str, row: SchoolRow, members: tuple[Finding, ...], facts: CountyFacts) -> Finding:
        needed, gaps = self.needed(len(members), facts)
        met = sum(member.verdict == "met" for member in members)
        missed = [member for member in members if member.verdict == "not_met"]
        unknown = [member for member in members if member.verdict not in ("met", "not_met")]
        below: list[Finding] = []
        floors: dict[str, Fraction | None] = {}
        for member in missed:
            floor, gap = self.floor_of(member, facts)
            floors[member.subject] = floor
            gaps += gap
            limit = self.limits[member.subject]
            if floor is None or limit is None or member.value is None:
                continue
            if not replace(limit, is_strict=False).is_reached(member.value, floor):
                below.append(member)
        floors_hold = self.floor_share is not None
        values: dict[str, Any] = {
            "n": len(members),
            "met": met,
            "needed": needed if needed is not None else "?",
            "missed": [self._name(member, facts) for member in missed],
            "lacking": facts.names((*missing_in(unknown), *dict.fromkeys(gaps))),
        }
        where: dict[str, Any] = {
            "school": row.school, "stage": row.stage, "parts": members, "details": {"floors": floors},
        }  # fmt: skip

        def found(word: Word, zh: str, en: str, missing: Iterable[str] = ()) -> Finding:
            names = tuple(dict.fromkeys(missing))
            return Finding(key, word, Sentence(zh, en, values), Fraction(met), needed, missing=names, **where)

        if below:
            first = below[0]
            floor = floors[first.subject]
            assert first.value is not None and floor is not None
            values |= {
                "name": self._name(first, facts),
                "value": Quantity(first.value, first.unit, floor),
                "floor": Quantity(floor, first.unit),
            }
            return found(
                "not_met",
                "{n}项中{met}项达标；{name}{value}，未达到底线{floor}。",
                "{met} of {n} met; {name}: {value}, short of the floor of {floor}.",
                missing_in(unknown),
            )
        if needed is not None and met + len(unknown) < needed:
            return found(
                "not_met",
                "{n}项中仅{met}项达标，至少应达标{needed}项；未达标：{missed}。",
                "Only {met} of {n} met, at least {needed} are asked for; not met: {missed}.",
                missing_in(unknown),
            )
        if needed is None or gaps or met < needed or (unknown and self.floor_share is not None):
            return found(
                "not_computable",
                "{n}项中{met}项达标；无法计算，缺少：{lacking}。",
                "{met} of {n} met; not computable for want of: {lacking}.",
                (*missing_in(unknown), *gaps),
            )
        if not missed:
            return found("met", "{n}项全部达标。", "All {n} met.")
        return found(
            "met",
            "{n}项中{met}项达标，其余不低于底线：{missed}。"
            if floors_hold
            else "{n}项中{met}项达标；未达标：{missed}。",
            "{met} of {n} met, the rest not below the floor: {missed}."
            if floors_hold
            else "{met} of {n} met; not met: {missed}.",
        )

    def _name(self, member: Finding, facts: CountyFacts) -> Texts:
        standard = facts.standard
        found = standard.indicators.get(member.subject) or standard.columns[member.subject]
        return found.name


def judge_mark(column: str, row: SchoolRow, facts: CountyFacts) -> Finding:
    """A yes/no column of one row: yes is met."""
    where: dict[str, Any] = {"school": row.school, "stage": row.stage}
    if column not in row.marks:
        return lacking(column, (column,), facts, **where)
    name = {"name": facts.standard.columns[column].name}
    if row.marks[column]:
        return Finding(column, "met", Sentence("{name}：是。", "{name}: yes.", name), **where)
    return Finding(column, "not_met", Sentence("{name}：否。", "{name}: no.", name), **where)
