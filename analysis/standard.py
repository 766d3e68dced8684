"""Read and check an evaluation standard's file (评估标准): TOML text in, frozen dataclasses out. No Django.

A standard is law as data: dated, every number exact and with its source. What its source does not print is
a named setting. Everything is checked here; a mistake is refused with file, place and what is allowed.
"""

from __future__ import annotations

import hashlib
import re
from functools import cache
from pathlib import Path

from analysis.rule_kinds import read_rule
from analysis.standard_file import StandardFileError
from analysis.standard_parts import (
    Area,
    Criterion,
    Standard,
)
from analysis.standard_words import StandardWords
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
        raise StandardFileError(
            f"{path}: cannot be read: {error.strerror}", f"{path}：无法读取（{error.strerror}）。"
        ) from error
    except UnicodeDecodeError as error:
        raise StandardFileError(
            f"{path.name}: not UTF-8 (byte {error.start + 1}); save it as UTF-8",
            f"{path.name}：不是UTF-8编码（第{error.start + 1}字节），请另存为UTF-8。",
        ) from error
    standard = read_standard(source, name=path.name)
    if standard.key != path.stem:
        raise StandardFileError(
            f"{path.name}: key {standard.key!r} does not fit the file's name; allowed: {path.stem!r}",
            f"{path.name}：key“{standard.key}”与文件名不一致，应为“{path.stem}”。",
        )
    return standard


def standard_keys() -> tuple[str, ...]:
    """The standards supplied with the program, sorted by key."""
    return tuple(sorted(path.stem for path in STANDARDS.glob("*.toml")))


@cache
def shipped_standard(key: str) -> Standard:
    """A supplied standard by key."""
    if key not in standard_keys():
        raise StandardFileError(
            f"no standard {key!r}; allowed: {', '.join(standard_keys())}",
            f"没有标准“{key}”，可用：{'、'.join(standard_keys())}。",
        )
    return read_standard_file(STANDARDS / f"{key}.toml")


class _Reader(StandardWords):
    """One reading of one file, from the words it defines to the criteria that use them."""

    def standard(self, text: str) -> Standard:
        data = self.data
        self.only_keys(data, _FILE_KEYS, "")
        key = self.required(data, "key", str, "")
        if not _KEY.fullmatch(key):
            self.refuse(
                "key",
                f"{key!r} is not a name; allowed: a–z, 0–9 and single -, such as 'henan-2023'",
                f"“{key}”不能作名称，可用：小写字母、数字和单个-，例如henan-2023",
            )
        issued = self.required(data, "issued", str, "")
        if issued != "unknown" and not _DATE.fullmatch(issued):
            self.refuse(
                "issued",
                f"found {issued!r}; allowed: '2017', '2017-04', '2017-04-19', 'unknown'",
                f"写的是“{issued}”，可用：2017、2017-04、2017-04-19或unknown（不详）",
            )
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
            self.refuse(
                "criteria",
                "there is no criterion; add [criteria.<name>]",
                "没有指标项，请写[criteria.<名称>]",
            )
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

    def area(self, key: str, table: Table) -> Area:
        self.check_key(key, f"areas.{key}")
        self.only_keys(table, ("name",), f"areas.{key}")
        return Area(key, self.texts(table, "name", f"areas.{key}"))

    def criterion(self, key: str, table: Table, areas: tuple[Area, ...]) -> Criterion:
        place = f"criteria.{key}"
        self.check_key(key, place)
        area = self.required(table, "area", str, place)
        known = [one.key for one in areas]
        self.all_known([area], known, at(place, "area"), "area of this file", "本文件的方面")
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
        self.all_known(
            names,
            of_schools,
            "school_verdict",
            "criterion of this file about schools",
            "本文件中评学校的指标项",
        )
        return names

    def procedure(self, data: Table) -> tuple[str, ...]:
        if "procedure" not in data:
            return ()
        steps = self.words(data, "procedure", "")
        self.all_known(steps, PROCEDURE, "procedure", "stage of an evaluation", "评估环节")
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
                self.refuse(
                    name,
                    "is used nowhere; use it in a criterion or delete it",
                    "写了却没有用到：请在指标项中使用，或者删去",
                )
