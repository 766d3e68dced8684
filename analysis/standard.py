"""Read and check an evaluation standard's file (评估标准): TOML text in, frozen dataclasses out. No Django.

A standard is law as data: dated, every number exact and with its source. What its source does not print is
a named setting. Everything is checked here; a mistake is refused with file, place and what is allowed.
"""

from __future__ import annotations

import hashlib
import re
from functools import cache
from pathlib import Path
from typing import Any

from analysis.columns import COUNTED, STAGES, STAGES_OF_TYPE, Column, text_headings
from analysis.rule_kinds import read_rule
from analysis.standard_file import ITEM_KINDS, StandardFile, StandardFileError
from analysis.standard_parts import (
    Area,
    CountyItem,
    Criterion,
    Exclusion,
    Formula,
    Indicator,
    Open,
    Setting,
    Standard,
)
from surveys.toml_file import Table, at

STANDARDS = Path(__file__).with_name("standards")
PROCEDURE = ("county", "city", "province", "nation")  # 县级自评, 市级复核, 省级评估, 国家认定

_KEY = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_DATE = re.compile(r"\d{4}(-\d{2}(-\d{2})?)?")
_FILE_KEYS = (
    "key", "name", "issued", "source", "confidence", "note", "procedure", "school_verdict", "columns",
    "settings", "items", "indicators", "exclusions", "split", "areas", "criteria",
)  # fmt: skip
_CRITERION_KEYS = ("area", "name", "source", "confidence", "number", "note", "department", "expected")

__all__ = [
    "STANDARDS",
    "StandardFileError",
    "read_standard",
    "read_standard_file",
    "shipped_standard",
    "standard_keys",
]


def read_standard(source: str, *, name: str) -> Standard:
    """The standard that a TOML text describes; `name` stands for the file in messages.

    Raises StandardFileError at the first thing that cannot be used.
    """
    canonical = source.removeprefix("\ufeff").replace("\r\n", "\n")
    return _Reader(canonical, name=name).standard(canonical)


def read_standard_file(path: Path | str) -> Standard:
    """The standard in a UTF-8 file, which must be named after its key."""
    path = Path(path)
    try:
        source = path.read_bytes().decode("utf-8")
    except OSError as error:
        raise StandardFileError(f"{path}: cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise StandardFileError(
            f"{path.name}: not UTF-8 (byte {error.start + 1}); save it as UTF-8"
        ) from error
    standard = read_standard(source, name=path.name)
    if standard.key != path.stem:
        raise StandardFileError(
            f"{path.name}: key {standard.key!r} does not fit the file's name; allowed: {path.stem!r}"
        )
    return standard


def standard_keys() -> tuple[str, ...]:
    """The standards supplied with the program, sorted by key."""
    return tuple(sorted(path.stem for path in STANDARDS.glob("*.toml")))


@cache
def shipped_standard(key: str) -> Standard:
    """A supplied standard by key."""
    if key not in standard_keys():
        raise StandardFileError(f"no standard {key!r}; allowed: {', '.join(standard_keys())}")
    return read_standard_file(STANDARDS / f"{key}.toml")


class _Reader(StandardFile):
    """One reading of one file, from the words it defines to the criteria that use them."""

    def standard(self, text: str) -> Standard:
        data = self.data
        self.only_keys(data, _FILE_KEYS, "")
        key = self.required(data, "key", str, "")
        if not _KEY.fullmatch(key):
            self.refuse("key", f"{key!r} is not a name; allowed: a–z, 0–9 and single -, such as 'henan-2023'")
        issued = self.required(data, "issued", str, "")
        if issued != "unknown" and not _DATE.fullmatch(issued):
            self.refuse("issued", f"found {issued!r}; allowed: '2017', '2017-04', '2017-04-19', 'unknown'")
        self.own_columns(data)
        self.settings = {name: self.setting(name, t) for name, t in self.tables(data, "settings", "").items()}
        self.items = {name: self.item(name, t) for name, t in self.tables(data, "items", "").items()}
        self.check_formulas()
        self.indicators = {
            name: self.indicator(name, t) for name, t in self.tables(data, "indicators", "").items()
        }
        exclusions = self.read_exclusions(data)
        split = self.split(data)
        areas = tuple(self.area(name, t) for name, t in self.tables(data, "areas", "").items())
        criteria = tuple(
            self.criterion(name, t, areas) for name, t in self.tables(data, "criteria", "").items()
        )
        if not criteria:
            self.refuse("criteria", "there is no criterion; add [criteria.<name>]")
        self.check_use(areas, criteria)
        standard = Standard(
            key=key,
            name=self.texts(data, "name", ""),
            issued=issued,
            source=self.source(data, ""),
            areas=areas,
            criteria=criteria,
            indicators=self.indicators,
            items=self.items,
            settings=self.settings,
            columns=self.columns,
            exclusions=exclusions,
            split=split,
            school_verdict=self.school_verdict(data, criteria),
            note=self.texts(data, "note", "", optional=True),
            procedure=self.procedure(data),
            digest=hashlib.sha256(text.encode()).hexdigest(),
            text=text,
        )
        self.confidence(data, "")
        return standard

    def own_columns(self, data: Table) -> None:
        for key, table in self.tables(data, "columns", "").items():
            place = f"columns.{key}"
            self.check_key(key, place)
            if key in self.columns or key in text_headings():
                self.refuse(place, "every standard has this column already; use it without declaring it")
            if key.rpartition("_")[2] in STAGES:
                self.refuse(place, "a name ending in _primary, _junior or _senior means a stage of a column")
            self.only_keys(table, ("name", "unit", "counted", "headings", "kind"), place)
            kind = self.value(table, "kind", str, "number", place)
            self.all_known([kind], ("number", "yes_no"), at(place, "kind"), "kind of column")
            counted = self.value(table, "counted", str, "stage", place)
            self.all_known([counted], COUNTED, at(place, "counted"), "way to count")
            self.columns[key] = Column(
                key, self.texts(table, "name", place), self.unit(table, place), counted,
                self.words(table, "headings", place) if "headings" in table else (), kind == "yes_no",
            )  # fmt: skip

    def setting(self, key: str, table: Table) -> Setting:
        place = f"settings.{key}"
        self.check_key(key, place)
        self.only_keys(table, ("name", "source", "choices", "least", "most", "default", "confidence"), place)
        self.confidence(table, place)
        choices = self.words(table, "choices", place) if "choices" in table else ()
        least, most = (
            self.fraction(table, name, place) if name in table else None for name in ("least", "most")
        )
        default: Any = None
        if "default" in table and choices:
            default = self.required(table, "default", str, place)
            self.all_known([default], choices, at(place, "default"), "choice of this setting")
        elif "default" in table:
            default = self.fraction(table, "default", place)
            if (least is not None and default < least) or (most is not None and default > most):
                self.refuse(at(place, "default"), f"found {float(default):g}, outside least and most")
        return Setting(
            key, self.texts(table, "name", place), self.source(table, place), choices, least, most, default
        )

    def item(self, key: str, table: Table) -> CountyItem:
        place = f"items.{key}"
        self.check_key(key, place)
        self.only_keys(table, ("name", "kind", "unit", "formulas", "formula", "note"), place)
        kind = self.value(table, "kind", str, "yes_no", place)
        self.all_known([kind], ITEM_KINDS, at(place, "kind"), "kind of item")
        formulas = {name: self.formula(t, at(place, f"formulas.{name}"))
                    for name, t in self.tables(table, "formulas", place).items()}  # fmt: skip
        setting = ""
        if formulas:
            chosen = self.required(table, "formula", dict, place)
            self.only_keys(chosen, ("setting",), at(place, "formula"))
            setting = self.setting_name(chosen, "setting", at(place, "formula"))
            self.all_known(
                self.settings[setting].choices,
                formulas,
                f"settings.{setting}.choices",
                "formula of this item",
            )
        unit: Table = {"unit": "share"} if kind == "share" else table
        return CountyItem(
            key, self.texts(table, "name", place), kind, self.unit(unit, place), formulas, setting,
            self.texts(table, "note", place, optional=True),
        )  # fmt: skip

    def formula(self, table: Table, place: str) -> Formula:
        keys = ("plus", "minus", "over", "over_minus")
        self.only_keys(table, keys, place)
        parts = {key: self.words(table, key, place) if key in table else () for key in keys}
        if not parts["plus"] or not parts["over"]:
            self.refuse(place, "needs plus and over: (plus − minus) ÷ (over − over_minus)")
        return Formula(**parts)

    def check_formulas(self) -> None:
        for item in self.items.values():
            for name, formula in item.formulas.items():
                for other in formula.items:
                    self.item_name(other, f"items.{item.key}.formulas.{name}", kinds=("number",))

    def indicator(self, key: str, table: Table) -> Indicator:
        place = f"indicators.{key}"
        self.check_key(key, place)
        self.only_keys(table, ("name", "amount", "minus", "per", "times", "unit", "source"), place)
        if "amount" not in table:
            self.refuse(place, "the key 'amount' is missing")
        times = self.fraction(table, "times", place) if "times" in table else None
        indicator = Indicator(
            key, self.texts(table, "name", place), self.column_names(table, "amount", place),
            self.column_names(table, "minus", place) if "minus" in table else (),
            self.column_name(table, "per", place) if "per" in table else "",
            **({} if times is None else {"times": times}), unit=self.unit(table, place),
        )  # fmt: skip
        for name in indicator.columns:
            if self.columns[name].is_yes_no:
                self.refuse(place, f"column {name!r} holds yes and no; allowed: columns of numbers")
        if times is not None and times <= 0:
            self.refuse(at(place, "times"), f"found {float(times):g}; allowed: above 0")
        return indicator

    def read_exclusions(self, data: Table) -> dict[str, tuple[Exclusion, ...]]:
        found: Table = self.value(data, "exclusions", dict, {}, "")
        for key, tables in found.items():
            place = f"exclusions.{key}"
            if not isinstance(tables, list) or not tables:
                self.refuse(place, "expected a list of { when, reason, source }")
            rules = []
            for number, table in enumerate(tables, start=1):
                here = f"{place}[{number}]"
                if not isinstance(table, dict):
                    self.refuse(here, "expected { when, reason, source }")
                self.only_keys(table, ("when", "reason", "source"), here)
                when = self.condition(self.required(table, "when", dict, here), at(here, "when"))
                rules.append(Exclusion(when, self.texts(table, "reason", here), self.source(table, here)))
            self.exclusions[key] = tuple(rules)
        return dict(self.exclusions)

    def split(self, data: Table) -> dict[str, dict[str, Open]]:
        """School type → stage → weight of a pupil, for amounts given for a whole school."""
        weights = {}
        tables: Table = self.value(data, "split", dict, {}, "")
        if tables:
            self.source(tables, "split")
            self.confidence(tables, "split")
        for school_type, table in tables.items():
            if school_type in ("source", "confidence"):
                continue
            place = f"split.{school_type}"
            several = [name for name, stages in STAGES_OF_TYPE.items() if len(stages) > 1]
            self.all_known([school_type], several, place, "school type with several stages")
            stages = STAGES_OF_TYPE[school_type]
            if not isinstance(table, dict) or set(table) != set(stages):
                self.refuse(place, f"needs a weight for each of {', '.join(stages)}")
            weights[school_type] = {stage: self.open_number(table, stage, place) for stage in stages}
        return weights

    def area(self, key: str, table: Table) -> Area:
        self.check_key(key, f"areas.{key}")
        self.only_keys(table, ("name",), f"areas.{key}")
        return Area(key, self.texts(table, "name", f"areas.{key}"))

    def criterion(self, key: str, table: Table, areas: tuple[Area, ...]) -> Criterion:
        place = f"criteria.{key}"
        self.check_key(key, place)
        area = self.required(table, "area", str, place)
        self.all_known([area], [one.key for one in areas], at(place, "area"), "area of this file")
        kind, rule = read_rule(self, table, place, other_keys=_CRITERION_KEYS)
        optional = {
            name: self.texts(table, name, place, optional=True) for name in ("note", "department", "expected")
        }
        return Criterion(
            key=key,
            area=area,
            name=self.texts(table, "name", place),
            kind=kind,
            rule=rule,
            source=self.source(table, place),
            confidence=self.confidence(table, place),
            number=self.value(table, "number", str, "", place),
            **optional,
        )

    def school_verdict(self, data: Table, criteria: tuple[Criterion, ...]) -> tuple[str, ...]:
        """The criteria that decide whether a school passes; () if the standard judges no schools."""
        if "school_verdict" not in data:
            return ()
        names = self.words(data, "school_verdict", "")
        of_schools = [c.key for c in criteria if c.kind in ("k_of_n", "threshold", "class_size", "for_every")]
        self.all_known(names, of_schools, "school_verdict", "criterion of this file about schools")
        return names

    def procedure(self, data: Table) -> tuple[str, ...]:
        if "procedure" not in data:
            return ()
        steps = self.words(data, "procedure", "")
        self.all_known(steps, PROCEDURE, "procedure", "stage of an evaluation")
        return steps

    def check_use(self, areas: tuple[Area, ...], criteria: tuple[Criterion, ...]) -> None:
        """What is declared and used nowhere is a slip of the pen: a limit would silently not be judged."""
        self.used.update(f"areas.{criterion.area}" for criterion in criteria)
        declared = [
            *(f"settings.{name}" for name in self.settings),
            *(f"items.{name}" for name in self.items),
            *(f"indicators.{name}" for name in self.indicators),
            *(f"exclusions.{name}" for name in self.exclusions),
            *(f"areas.{area.key}" for area in areas),
            *(f"columns.{name}" for name in self.data.get("columns", {})),
        ]
        for name in declared:
            if name not in self.used:
                self.refuse(name, "is used nowhere; use it in a criterion or delete it")
