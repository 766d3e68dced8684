"""What an evaluation standard (评估标准) is made of: the frozen parts that its file is read into. No Django.

standard → areas (方面) → criteria (指标项), each with a rule; beside them the indicators, county items and
settings that the rules speak of, who is excluded, and how a whole school's amounts are split by stage.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Protocol

from analysis.findings import NO_UNIT, Texts

if TYPE_CHECKING:
    from analysis.columns import Column
    from analysis.rule_kinds import Rule


@dataclass(frozen=True, slots=True)
class SettingName:
    """A number that the source leaves open: looked up by name when a county is judged."""

    name: str


Open = Fraction | SettingName
SettingValues = Mapping[str, Fraction | str]


def resolved(number: Open, settings: SettingValues) -> Fraction | None:
    """The number itself, or the setting's value; None if the setting is still open."""
    if isinstance(number, SettingName):
        value = settings.get(number.name)
        return value if isinstance(value, Fraction) else None
    return number


def setting_gap(number: Open, settings: SettingValues) -> tuple[str, ...]:
    """The name under which an open setting is reported as missing; () if there is a number."""
    if isinstance(number, SettingName) and resolved(number, settings) is None:
        return (f"setting:{number.name}",)
    return ()


class Facts(Protocol):
    """What is known of one school at one stage, or of a whole school (stage "")."""

    @property
    def stage(self) -> str: ...
    @property
    def school_type(self) -> str: ...
    @property
    def location(self) -> str: ...
    @property
    def is_public(self) -> bool | None: ...
    @property
    def numbers(self) -> Mapping[str, Fraction]: ...
    @property
    def marks(self) -> Mapping[str, bool]: ...


@dataclass(frozen=True)
class Condition:
    """Which rows something is for; everything that is given must hold. Nothing given holds for all."""

    stages: tuple[str, ...] = ()
    school_types: tuple[str, ...] = ()
    locations: tuple[str, ...] = ()
    is_public: bool | None = None
    marks: Mapping[str, bool] = field(default_factory=dict)
    below: Mapping[str, Fraction] = field(default_factory=dict)  # column → strictly below
    at_least: Mapping[str, Fraction] = field(default_factory=dict)

    def holds(self, row: Facts) -> bool | None:
        """Whether it holds; None if something needed is unknown and nothing else already says no."""
        answers = [answer for _, answer in self._answers(row)]
        return False if False in answers else None if None in answers else True

    def unknown(self, row: Facts) -> tuple[str, ...]:
        """The columns that are lacking where `holds` says None."""
        return tuple(name for name, answer in self._answers(row) if answer is None)

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of the table that it looks at."""
        words = (("school_type", self.school_types), ("location", self.locations))
        named = [name for name, allowed in words if allowed]
        public = ["public"] if self.is_public is not None else []
        return (*named, *public, *self.marks, *self.below, *self.at_least)

    def _answers(self, row: Facts) -> list[tuple[str, bool | None]]:
        found: list[tuple[str, bool | None]] = []
        for name, value, allowed in (
            ("stage", row.stage, self.stages),
            ("school_type", row.school_type, self.school_types),
            ("location", row.location, self.locations),
        ):
            if allowed:
                found.append((name, value in allowed if value else None))
        if self.is_public is not None:
            found.append(("public", None if row.is_public is None else row.is_public is self.is_public))
        for name, wanted in self.marks.items():
            found.append((name, None if name not in row.marks else row.marks[name] is wanted))
        for name, number in self.below.items():
            found.append((name, None if name not in row.numbers else row.numbers[name] < number))
        for name, number in self.at_least.items():
            found.append((name, None if name not in row.numbers else row.numbers[name] >= number))
        return found


@dataclass(frozen=True, slots=True)
class Bound:
    """A limit as it stands for one row. `number` None: it cannot be known, for want of `missing`."""

    number: Fraction | None
    missing: tuple[str, ...] = ()


@dataclass(frozen=True)
class Limit:
    """A number to reach (at_least) or not to exceed, which may depend on stage, place or size.

    is_strict: the number itself is not enough ("below 0.15").
    """

    is_at_least: bool
    cases: tuple[tuple[Condition, Open], ...]  # the first that holds counts
    is_strict: bool = False

    @property
    def sign(self) -> str:
        return (">" if self.is_strict else "≥") if self.is_at_least else ("<" if self.is_strict else "≤")

    def bound(self, row: Facts, settings: SettingValues) -> Bound | None:
        """The limit for this row; None if it says nothing about such rows."""
        for condition, number in self.cases:
            holds = condition.holds(row)
            if holds is None:
                return Bound(None, condition.unknown(row))
            if holds:
                return Bound(resolved(number, settings), setting_gap(number, settings))
        return None

    def is_reached(self, value: Fraction | float, number: Fraction | float) -> bool:
        """Compared as they are; nothing is rounded."""
        if self.is_strict:
            return value > number if self.is_at_least else value < number
        return value >= number if self.is_at_least else value <= number

    def floor(self, number: Fraction, share: Fraction) -> Fraction:
        """The limit that a missed member must still reach: 85% of 4.2; for an upper limit 10 ÷ 85%."""
        return number * share if self.is_at_least else number / share


@dataclass(frozen=True)
class Indicator:
    """A figure of one school, computed from its raw amounts: (amounts − subtracted) ÷ per × times."""

    key: str
    name: Texts
    amounts: tuple[str, ...]
    subtracted: tuple[str, ...] = ()
    per: str = ""  # a column; "" = the amount itself
    times: Fraction = Fraction(1)
    unit: Texts = field(default_factory=lambda: NO_UNIT)

    @property
    def columns(self) -> tuple[str, ...]:
        return (*self.amounts, *self.subtracted, *((self.per,) if self.per else ()))


@dataclass(frozen=True)
class Formula:
    """A county figure from counts: (plus − minus) ÷ (over − over_minus)."""

    plus: tuple[str, ...]
    minus: tuple[str, ...] = ()
    over: tuple[str, ...] = ()
    over_minus: tuple[str, ...] = ()

    @property
    def items(self) -> tuple[str, ...]:
        return (*self.plus, *self.minus, *self.over, *self.over_minus)


@dataclass(frozen=True)
class CountyItem:
    """One line of the county's file: what is asked, and how it may be answered."""

    key: str
    name: Texts
    kind: str  # "yes_no", "share", "number", "points"
    unit: Texts = field(default_factory=lambda: NO_UNIT)
    formulas: Mapping[str, Formula] = field(default_factory=dict)  # by the setting's choice
    formula_setting: str = ""
    note: Texts = field(default_factory=dict)


@dataclass(frozen=True)
class Setting:
    """A number or a choice that a province or county fixes; without default it is open until given."""

    key: str
    name: Texts
    source: Texts
    choices: tuple[str, ...] = ()
    least: Fraction | None = None
    most: Fraction | None = None
    default: Fraction | str | None = None
    words: Mapping[str, Texts] = field(default_factory=dict)  # choice → what a reader is shown for it


@dataclass(frozen=True)
class Exclusion:
    """Schools that some criteria leave out, with the reason that is printed beside them."""

    condition: Condition
    reason: Texts
    source: Texts


@dataclass(frozen=True)
class Criterion:
    """One thing the standard asks, with the rule that judges it and where it is printed."""

    key: str
    area: str
    name: Texts
    kind: str
    rule: Rule
    source: Texts
    confidence: str = ""
    number: str = ""  # as the source counts it: "2.3"
    note: Texts = field(default_factory=dict)
    department: Texts = field(default_factory=dict)  # 责任科室
    expected: Texts = field(default_factory=dict)


@dataclass(frozen=True)
class Area:
    key: str
    name: Texts


@dataclass(frozen=True)
class Standard:
    """A whole standard; `digest` is the SHA-256 of its file, `source` where it was read."""

    key: str
    name: Texts
    issued: str
    source: Texts
    areas: tuple[Area, ...]
    criteria: tuple[Criterion, ...]
    indicators: Mapping[str, Indicator]
    items: Mapping[str, CountyItem]
    settings: Mapping[str, Setting]
    columns: Mapping[str, Column]
    exclusions: Mapping[str, tuple[Exclusion, ...]]
    split: Mapping[str, Mapping[str, Open]]  # school type → stage → weight of a pupil
    school_verdict: tuple[str, ...]  # the criteria that decide whether a school passes
    note: Texts = field(default_factory=dict)
    procedure: tuple[str, ...] = ()
    digest: str = ""
    text: str = ""

    def criterion(self, key: str) -> Criterion:
        return next(criterion for criterion in self.criteria if criterion.key == key)
