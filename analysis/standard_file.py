"""Reading a standard's file key by key: the values that rules are made of, refused in one sentence if wrong.

Every number is exact as written (4.2 is 42/10), and may be left open as { setting = "name" }.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from typing import Any, NoReturn

from analysis.columns import LOCATIONS, STAGES, STAGES_OF_TYPE, Column, canonical_columns
from analysis.file_errors import SpokenError
from analysis.findings import CHINESE, ENGLISH, LANGUAGES, NO_UNIT, SHARE, Texts
from analysis.standard_parts import Condition, CountyItem, Indicator, Limit, Open, Setting, SettingName
from surveys.toml_file import NAME, NAME_RULE, Table, TomlFile, at

CONFIDENCE = ("high", "medium", "low")
LIMITS = ("at_least", "at_most", "above", "below")
ITEM_KINDS = ("yes_no", "share", "number", "points")
_NAME = re.compile(r"[a-z][a-z0-9_]{0,59}")


class StandardFileError(SpokenError):
    """The file cannot be used as a standard; the sentence names file, place and allowed values."""

    def __init__(self, english: str, chinese: str = "") -> None:
        # The sentences are finished: a brace in them is one of the file's.
        super().__init__("{text}", "{text}", text={CHINESE: chinese or english, ENGLISH: english})


class StandardFile(TomlFile):
    """One file being read. It knows the columns, indicators, items and settings read so far, and which of
    them something already speaks of, so that what nobody uses can be pointed out."""

    def __init__(self, source: str, *, name: str) -> None:
        super().__init__(source, name=name, error=StandardFileError)
        self.columns: dict[str, Column] = dict(canonical_columns())
        self.indicators: dict[str, Indicator] = {}
        self.items: dict[str, CountyItem] = {}
        self.settings: dict[str, Setting] = {}
        self.exclusions: dict[str, Any] = {}
        self.used: set[str] = set()

    def refusal(self, place: str, message: str, chinese: str) -> StandardFileError:
        return StandardFileError(
            f"{self.name}, {place}: {message}" if place else f"{self.name}: {message}",
            f"{self.name}，{place}：{chinese}。" if place else f"{self.name}：{chinese}。",
        )

    # --- values ---------------------------------------------------------------------------------------

    def texts(self, table: Table, key: str, place: str, *, optional: bool = False) -> Texts:
        """A text in Chinese and in English; {} if the key is optional and missing."""
        if optional and key not in table:
            return {}
        found = self.required(table, key, dict, place)
        here = at(place, key)
        self.only_keys(found, LANGUAGES, here)
        for language in LANGUAGES:
            if not self.required(found, language, str, here).strip():
                self.refuse(at(here, language), "the text is empty", "文字是空的")
        return dict(found)

    def source(self, table: Table, place: str) -> Texts:
        """Where a number is printed, as one text or in Chinese and English. A number without it is refused:
        it could not be argued for."""
        if "source" not in table:
            self.refuse(
                place,
                "has no source; add source = '…' (document, article or page)",
                "没有写出处，请写source = '…'（文件、条款或页码）",
            )
        if isinstance(table["source"], dict):
            return self.texts(table, "source", place)
        found: str = self.value(table, "source", str, "", place)
        if not found.strip():
            self.refuse(
                at(place, "source"),
                "the text is empty; name document, article or page",
                "文字是空的，请写明文件、条款或页码",
            )
        return dict.fromkeys(LANGUAGES, found)

    def confidence(self, table: Table, place: str) -> str:
        found: str = self.value(table, "confidence", str, "", place)
        if found:
            self.all_known([found], CONFIDENCE, at(place, "confidence"), "degree of confidence", "可信程度")
        return found

    def fraction(self, table: Table, key: str, place: str) -> Fraction:
        return Fraction(self.number(table, key, place))

    def open_number(self, table: Table, key: str, place: str) -> Open:
        """A number, or the name of a setting that will hold one: 4.2 or { setting = "name" }."""
        found = table.get(key)
        if isinstance(found, dict):
            here = at(place, key)
            self.only_keys(found, ("setting",), here)
            return SettingName(self.setting_name(found, "setting", here))
        return self.fraction(table, key, place)

    def setting_name(self, table: Table, key: str, place: str) -> str:
        name: str = self.required(table, key, str, place)
        self.all_known([name], self.settings, at(place, key), "setting of this file", "本文件的设置")
        self.used.add(f"settings.{name}")
        return name

    def unit(self, table: Table, place: str, *, default: Texts = NO_UNIT) -> Texts:
        """The unit as printed; unit = "share" is a share from 0 to 1, printed in per cent."""
        if table.get("unit") == "share":
            return SHARE
        return self.texts(table, "unit", place, optional=True) or default

    # --- names of other things --------------------------------------------------------------------------

    def check_key(self, key: str, place: str) -> None:
        if not _NAME.fullmatch(key):
            self.refuse(
                place,
                f"{key!r} is not a name; allowed: a–z, 0–9 and _, beginning with a letter",
                f"“{key}”不能作名称，可用：以字母开头的a–z、0–9和_",
            )

    def column_name(self, table: Table, key: str, place: str, *, default: str = "") -> str:
        name: str = self.value(table, key, str, default, place)
        if key in table or not default:
            self.all_known([name], self.columns, at(place, key), "column", "列名")
        self.used.add(f"columns.{name}")
        return name

    def column_names(self, table: Table, key: str, place: str) -> tuple[str, ...]:
        """One column or a list of them."""
        found = table.get(key)
        names = (found,) if isinstance(found, str) else self.words(table, key, place)
        self.all_known(names, self.columns, at(place, key), "column", "列名")
        self.used.update(f"columns.{name}" for name in names)
        return names

    def indicator_names(self, names: Iterable[str], place: str) -> tuple[str, ...]:
        names = tuple(names)
        self.all_known(names, self.indicators, place, "indicator of this file", "本文件的指标")
        self.used.update(f"indicators.{name}" for name in names)
        return names

    def item_name(self, name: str, place: str, *, kinds: Iterable[str] = ITEM_KINDS) -> str:
        self.all_known([name], self.items, place, "county item of this file", "本文件的县级指标项")
        if self.items[name].kind not in kinds:
            self.refuse(
                place,
                f"item {name!r} is of kind {self.items[name].kind!r}; allowed: {', '.join(kinds)}",
                f"指标项“{name}”的类型是“{self.items[name].kind}”，可用：{'、'.join(kinds)}",
            )
        self.used.add(f"items.{name}")
        return name

    def exclusion_name(self, table: Table, place: str) -> str:
        """The optional key `exclude`: whose schools a rule leaves out."""
        name = self.identifier(table, "exclude", place)
        if name:
            self.all_known(
                [name], self.exclusions, at(place, "exclude"), "exclusion of this file", "本文件的不计入规则"
            )
            self.used.add(f"exclusions.{name}")
        return name

    # --- what several rule kinds refuse -------------------------------------------------------------------

    def refuse_choice(self, place: str, keys: Sequence[str]) -> NoReturn:
        self.refuse(
            place,
            f"needs exactly one of {', '.join(keys)}",
            f"{'、'.join(keys)}中必须写一个，且只能写一个",
        )

    def not_yes_no(self, column: str, place: str) -> NoReturn:
        self.refuse(
            place,
            f"column {column!r} is a number; allowed: columns of kind 'yes_no'",
            f"“{column}”列填的是数字；这里只能用填是或否的列（kind = 'yes_no'）",
        )

    def out_of_range(self, place: str, found: Fraction, allowed: str, chinese: str) -> NoReturn:
        self.refuse(
            place,
            f"found {float(found):g}; allowed: {allowed}",
            f"写的是{float(found):g}，允许：{chinese}",
        )

    # --- limits ---------------------------------------------------------------------------------------------

    def limit(self, table: Table, place: str) -> Limit:
        """The key `at_least`, `at_most`, `above` or `below` (strict): a number, one per stage, or
        cases of which the first that fits counts.

        at_least = 4.2 · at_least = { primary = 4.2, junior = 5.3 } ·
        at_least = [{ when = { location = ["urban"] }, is = 15 }, { is = 20 }]
        """
        keys = [key for key in LIMITS if key in table]
        if len(keys) != 1:
            self.refuse_choice(place, LIMITS)
        key = keys[0]
        cases = self._cases(table, key, place)
        return Limit(
            is_at_least=key in ("at_least", "above"), cases=cases, is_strict=key in ("above", "below")
        )

    def _cases(self, table: Table, key: str, place: str) -> tuple[tuple[Condition, Open], ...]:
        found, here = table[key], at(place, key)
        if isinstance(found, list):
            if not found:
                self.refuse(here, "the list is empty", "列表是空的")
            return tuple(self._case(case, f"{here}[{n}]") for n, case in enumerate(found, start=1))
        if isinstance(found, dict) and set(found) != {"setting"}:
            self.only_keys(found, (*STAGES, "setting"), here)
            return tuple(
                (Condition(stages=(stage,)), self.open_number(found, stage, here)) for stage in found
            )
        return ((Condition(), self.open_number(table, key, place)),)

    def _case(self, case: Any, place: str) -> tuple[Condition, Open]:
        if not isinstance(case, dict):
            self.refuse(place, "expected { when = { … }, is = … }", "应为{ when = { … }, is = … }")
        self.only_keys(case, ("when", "is"), place)
        when = self.condition(case["when"], at(place, "when")) if "when" in case else Condition()
        if "is" not in case:
            self.lacks(place, "is")
        return when, self.open_number(case, "is", place)

    def condition(self, table: Any, place: str) -> Condition:
        """{ stage, school_type, location = […], public = true, yes, no = […], below, at_least = {…} }"""
        if not isinstance(table, dict):
            self.refuse(
                place,
                "expected a table such as { stage = ['primary'] }",
                "应为表，例如{ stage = ['primary'] }",
            )
        self.only_keys(
            table,
            ("stage", "school_type", "location", "public", "yes", "no", "below", "at_least"),
            place,
        )
        chosen: dict[str, tuple[str, ...]] = {}
        for key, known, chinese in (
            ("stage", STAGES, "学段"),
            ("school_type", STAGES_OF_TYPE, "学校类型"),
            ("location", LOCATIONS, "城乡类别"),
        ):
            chosen[key] = self.words(table, key, place) if key in table else ()
            self.all_known(chosen[key], known, at(place, key), key.replace("_", " "), chinese)
        marks = {
            name: key == "yes"
            for key in ("yes", "no")
            if key in table
            for name in self.column_names(table, key, place)
        }
        for name in marks:
            if not self.columns[name].is_yes_no:
                self.not_yes_no(name, place)
        return Condition(
            stages=chosen["stage"],
            school_types=chosen["school_type"],
            locations=chosen["location"],
            is_public=self.value(table, "public", bool, None, place),
            marks=marks,
            below=self._by_column(table, "below", place),
            at_least=self._by_column(table, "at_least", place),
        )

    def _by_column(self, table: Table, key: str, place: str) -> Mapping[str, Fraction]:
        found: Table = self.value(table, key, dict, {}, place)
        here = at(place, key)
        self.all_known(found, self.columns, here, "column", "列名")
        self.used.update(f"columns.{name}" for name in found)
        return {name: self.fraction(found, name, here) for name in found}


__all__ = ["NAME", "NAME_RULE", "StandardFile", "StandardFileError"]
