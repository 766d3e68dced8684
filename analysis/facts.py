"""What is known of a county when it is judged: schools by stage, the county's own items, recognition.

All amounts are exact fractions as written, so that a school at exactly 85% of a limit is at 85%. What is not
known is absent, never zero: it makes a finding not computable and is named there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from functools import cached_property

from analysis.columns import COMPULSORY, STAGE_NAMES
from analysis.dispersions import DispersionUnknown, GivenDispersion, IndicatorDispersion, dispersion_of
from analysis.findings import CHINESE, ENGLISH, Sentence, Texts, Word
from analysis.standard_parts import Indicator, SettingValues, Standard


@dataclass(frozen=True, slots=True)
class SchoolRow:
    """One school at one stage (primary, junior), or a whole school (stage ""). Numbers not known are absent.

    ratios: indicators given as such instead of by their amounts (a published table); parts: which share of a
    whole school's amount is this stage's, for amounts that were split.
    """

    school: str
    school_type: str
    stage: str
    is_public: bool | None = None
    location: str = ""
    numbers: Mapping[str, Fraction] = field(default_factory=dict)
    marks: Mapping[str, bool] = field(default_factory=dict)
    ratios: Mapping[str, Fraction] = field(default_factory=dict)
    parts: Mapping[str, Fraction] = field(default_factory=dict)
    line: int = 0


@dataclass(frozen=True, slots=True)
class Measured:
    """An indicator's value for one row; None if something is lacking or there is nothing to divide by."""

    value: Fraction | None
    missing: tuple[str, ...] = ()
    nothing_in: str = ""  # the column whose zero forbids the division


@dataclass(frozen=True, slots=True)
class ItemFact:
    """A county item as given: yes or no, or a number; `note` says how it was read or computed."""

    value: Fraction | bool | None
    missing: tuple[str, ...] = ()
    evidence: str = ""
    note: Sentence | None = None


@dataclass(frozen=True, slots=True)
class Recognition:
    """The recognition rate (社会认可度) of a frozen score run, or a figure typed in from elsewhere.

    estimate: a share 0–1; verdict: the score run's statistical verdict (None for a typed figure), threshold:
    what that was held against, lower and upper: its bounds; se and n_star: standard error and the effective
    sample size behind the bounds.
    """

    estimate: Fraction | None
    origin: str  # "typed" or "score_run"
    verdict: Word | None = None
    threshold: Fraction | None = None
    lower: float | None = None
    upper: float | None = None
    se: float | None = None
    n_star: float | None = None
    reasons: tuple[str, ...] = ()
    about: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Excluded:
    """A row that some criteria leave out, with the reason that is printed beside it."""

    row: SchoolRow
    reason: Texts


@dataclass(frozen=True)
class Judged:
    """The rows a criterion speaks of, and those it leaves out.

    unsure: (school, stage) → columns without which it cannot be said whether a row counts; such rows stay
    in `rows` and are not computable.
    """

    rows: tuple[SchoolRow, ...]
    excluded: tuple[Excluded, ...]
    unsure: Mapping[tuple[str, str], tuple[str, ...]]

    def unsure_of(self, row: SchoolRow) -> tuple[str, ...]:
        return self.unsure.get((row.school, row.stage), ())


@dataclass(frozen=True)
class CountyFacts:
    """Everything a standard is applied to. Rows are in a fixed order, whatever order the file had."""

    standard: Standard
    rows: tuple[SchoolRow, ...]  # every stage of every school, senior and special ones too
    schools: tuple[SchoolRow, ...]  # whole schools
    items: Mapping[str, ItemFact] = field(default_factory=dict)
    dispersions: Mapping[tuple[str, str], GivenDispersion] = field(default_factory=dict)
    recognition: Recognition | None = None
    settings: SettingValues = field(default_factory=dict)
    columns: frozenset[str] = frozenset()  # the columns that the table has at all

    @cached_property
    def _sorted(self) -> dict[tuple[str, bool], Judged]:
        return {}

    def judged(self, exclusion: str, *, whole_schools: bool = False) -> Judged:
        """The primary and junior rows (or whole schools) that a criterion with this exclusion speaks of."""
        key = (exclusion, whole_schools)
        if key not in self._sorted:
            self._sorted[key] = self._sort_out(exclusion, whole_schools=whole_schools)
        return self._sorted[key]

    def _sort_out(self, exclusion: str, *, whole_schools: bool) -> Judged:
        kept: list[SchoolRow] = []
        left_out: list[Excluded] = []
        unsure: dict[tuple[str, str], tuple[str, ...]] = {}
        for row in self.schools if whole_schools else self.rows:
            reason, unknown = self._why_excluded(row, exclusion)
            if reason:
                left_out.append(Excluded(row, reason))
            elif whole_schools or row.stage in COMPULSORY:
                kept.append(row)
                if unknown:
                    unsure[row.school, row.stage] = unknown
        return Judged(tuple(kept), tuple(left_out), unsure)

    def _why_excluded(self, row: SchoolRow, exclusion: str) -> tuple[Texts | None, tuple[str, ...]]:
        unknown: list[str] = []
        for rule in self.standard.exclusions.get(exclusion, ()):
            holds = rule.condition.holds(row)
            if holds:
                return rule.reason, ()
            if holds is None:
                # A column that the table does not have at all excludes nobody; `assumptions` says so once.
                unknown += [name for name in rule.condition.unknown(row) if name in self.columns]
        return None, tuple(dict.fromkeys(unknown))

    @cached_property
    def assumptions(self) -> tuple[str, ...]:
        """Columns that exclusions ask for and the table does not have: nobody was excluded by them."""
        asked = {
            name
            for rules in self.standard.exclusions.values()
            for rule in rules
            for name in rule.condition.columns
        }
        return tuple(sorted(asked - self.columns))

    def names(self, codes: Iterable[str]) -> tuple[Texts | str, ...]:
        """What a reader calls the columns, items and settings with these codes; unknown ones as they are."""
        found: list[Texts | str] = []
        for code in codes:
            setting = self.standard.settings.get(code.removeprefix("setting:"))
            named = self.standard.columns.get(code) or self.standard.items.get(code)
            if code.startswith("setting:") and setting is not None:
                found.append(
                    {CHINESE: f"设置“{setting.name[CHINESE]}”", ENGLISH: f"setting '{setting.name[ENGLISH]}'"}
                )
            else:
                found.append(named.name if named else _OTHER_NAMES.get(code) or self._published(code))
        return tuple(found)

    def _published(self, code: str) -> Texts | str:
        """A published figure that stands in for a school table: <indicator>.<stage>.sd"""
        key, _, rest = code.partition(".")
        stage, _, figure = rest.partition(".")
        indicator = self.standard.indicators.get(key)
        if indicator is None or stage not in STAGE_NAMES or figure not in _PUBLISHED:
            return code
        parts = (STAGE_NAMES[stage], indicator.name, _PUBLISHED[figure])
        return {
            CHINESE: "".join(part[CHINESE] for part in parts),
            ENGLISH: " ".join(part[ENGLISH] for part in parts),
        }

    def item(self, key: str) -> ItemFact:
        return self.items.get(key) or ItemFact(None, missing=(key,))

    def dispersion(self, key: str, stage: str, exclusion: str) -> IndicatorDispersion | DispersionUnknown:
        """The dispersion of one indicator between the schools of one stage, computed from the rows; as given
        by the county if there are no rows to compute it from."""
        place = (key, stage, exclusion)
        if place not in self._computed_dispersions:
            self._computed_dispersions[place] = self._dispersion(*place)
        return self._computed_dispersions[place]

    @cached_property
    def _computed_dispersions(self) -> dict[tuple[str, str, str], IndicatorDispersion | DispersionUnknown]:
        return {}

    def _dispersion(self, key: str, stage: str, exclusion: str) -> IndicatorDispersion | DispersionUnknown:
        indicator = self.standard.indicators[key]
        judged = self.judged(exclusion)
        rows = [row for row in judged.rows if row.stage == stage]
        given = self.dispersions.get((key, stage))
        if given is not None and all(measure(indicator, row).value is None for row in rows):
            return given.dispersion(key, stage)
        unsure = [row for row in rows if judged.unsure_of(row)]
        if unsure:
            names = dict.fromkeys(name for row in unsure for name in judged.unsure_of(row))
            return DispersionUnknown(key, stage, tuple(names), tuple(row.school for row in unsure))
        return dispersion_of(
            indicator, stage, [(row.school, *amount_and_base(indicator, row)) for row in rows]
        )


_PUBLISHED: Mapping[str, Texts] = {
    "mean": {CHINESE: "均值", ENGLISH: "mean"},
    "sd": {CHINESE: "标准差", ENGLISH: "standard deviation"},
    "cv": {CHINESE: "差异系数", ENGLISH: "coefficient of variation"},
}
_OTHER_NAMES: Mapping[str, Texts] = {
    "recognition": {CHINESE: "社会认可度", ENGLISH: "recognition"},
    "school": {CHINESE: "学校", ENGLISH: "schools"},
    "school_type": {CHINESE: "办学类型", ENGLISH: "school type"},
    "stage": {CHINESE: "学段", ENGLISH: "stage"},
    "public": {CHINESE: "公办民办", ENGLISH: "public or private"},
    "location": {CHINESE: "城乡分类", ENGLISH: "location"},
    # Why a score run has no rate or no verdict.
    "audience_without_answers": {CHINESE: "某类调查对象的有效答卷", ENGLISH: "valid answers of an audience"},
    "few_answers": {CHINESE: "足够的有效答卷", ENGLISH: "enough valid answers"},
    "too_few_answers": {CHINESE: "足够的有效答卷", ENGLISH: "enough valid answers"},
    "no_degrees_of_freedom": {CHINESE: "足够的有效答卷", ENGLISH: "enough valid answers"},
    "no_df": {CHINESE: "足够的有效答卷", ENGLISH: "enough valid answers"},
    "no_variance": {CHINESE: "足够的有效答卷", ENGLISH: "enough valid answers"},
    "single_unit_stratum": {
        CHINESE: "同类地区中至少两所有答卷的学校",
        ENGLISH: "two schools with answers in a class of places",
    },
    "empty_block": {CHINESE: "某一组别的有效答卷", ENGLISH: "valid answers of a group"},
    "item_not_asked": {CHINESE: "计分规则所需的题目", ENGLISH: "the item that the scoring rule needs"},
    "no_resident_population": {
        CHINESE: "城区、镇区、乡村的常住人口数",
        ENGLISH: "the resident population of city, town and village",
    },
    "no_population": {CHINESE: "各类调查对象的人数", ENGLISH: "the number of people of each audience"},
}


def measure(indicator: Indicator, row: SchoolRow) -> Measured:
    """The indicator's exact value for one row: raw amount ÷ pupils (or whatever it is per) × times.

    Zero pupils, like anything unknown, gives no value: the column is named.
    """
    missing = tuple(name for name in indicator.columns if name not in row.numbers)
    if missing:
        ratio = row.ratios.get(indicator.key)
        return Measured(None, missing) if ratio is None else Measured(ratio)
    amount = _amount(row, indicator)
    if not indicator.per:
        return Measured(amount * indicator.times)
    base = row.numbers[indicator.per]
    if base == 0:
        return Measured(None, (indicator.per,), nothing_in=indicator.per)
    return Measured(amount * indicator.times / base)


def amount_and_base(indicator: Indicator, row: SchoolRow) -> tuple[Fraction | None, Fraction | None]:
    """The two numbers whose ratio the dispersion is about; None for each that is unknown."""
    base = row.numbers.get(indicator.per)
    if all(name in row.numbers for name in (*indicator.amounts, *indicator.subtracted)):
        return _amount(row, indicator), base
    ratio = row.ratios.get(indicator.key)
    return (None if ratio is None or base is None else ratio * base / indicator.times), base


def county_total(rows: Sequence[SchoolRow], columns: Iterable[str]) -> tuple[SchoolRow, tuple[str, ...]]:
    """One row with the sums over all rows, and the columns that some row lacks (which are absent in it)."""
    numbers, missing = {}, []
    for column in dict.fromkeys(columns):
        if rows and all(column in row.numbers for row in rows):
            numbers[column] = sum((row.numbers[column] for row in rows), Fraction(0))
        else:
            missing.append(column)
    return SchoolRow("", "", "", numbers=numbers), tuple(missing)


def _amount(row: SchoolRow, indicator: Indicator) -> Fraction:
    amount = row.numbers[indicator.amounts[0]]
    for column in indicator.amounts[1:]:
        amount += row.numbers[column]
    for column in indicator.subtracted:
        amount -= row.numbers[column]
    return amount
