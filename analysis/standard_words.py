"""What a standard's file defines for its criteria: columns, settings, items, indicators, exclusions.

No Django. Everything is checked as it is read; a mistake is refused with file, place and what is allowed.
"""

from __future__ import annotations

from typing import Any

from analysis.columns import COUNTED, STAGES, STAGES_OF_TYPE, Column, text_headings
from analysis.standard_file import ITEM_KINDS, StandardFile
from analysis.standard_parts import CountyItem, Exclusion, Formula, Indicator, Open, Setting
from surveys.toml_file import Table, at

_SETTING_KEYS = ("name", "source", "choices", "words", "least", "most", "default", "confidence")


class StandardWords(StandardFile):
    """One file being read, up to the words that its criteria are written in."""

    def own_columns(self, data: Table) -> None:
        for key, table in self.tables(data, "columns", "").items():
            place = f"columns.{key}"
            self.check_key(key, place)
            if key in self.columns or key in text_headings():
                self.refuse(
                    place,
                    "every standard has this column already; use it without declaring it",
                    "这一列各标准都已有，直接使用，不必再声明",
                )
            if key.rpartition("_")[2] in STAGES:
                self.refuse(
                    place,
                    "a name ending in _primary, _junior or _senior means a stage of a column",
                    "以_primary、_junior或_senior结尾的名称表示某一列的学段，不能用作列名",
                )
            self.only_keys(table, ("name", "unit", "counted", "headings", "kind"), place)
            kind = self.value(table, "kind", str, "number", place)
            self.all_known([kind], ("number", "yes_no"), at(place, "kind"), "kind of column", "列的类型")
            counted = self.value(table, "counted", str, "stage", place)
            self.all_known([counted], COUNTED, at(place, "counted"), "way to count", "计数方式")
            self.columns[key] = Column(
                key, self.texts(table, "name", place), self.unit(table, place), counted,
                self.words(table, "headings", place) if "headings" in table else (), kind == "yes_no",
            )  # fmt: skip

    def setting(self, key: str, table: Table) -> Setting:
        place = f"settings.{key}"
        self.check_key(key, place)
        self.only_keys(table, _SETTING_KEYS, place)
        self.confidence(table, place)
        choices = self.words(table, "choices", place) if "choices" in table else ()
        words = self.tables(table, "words", place) if "words" in table else {}
        self.all_known(words, choices, at(place, "words"), "choice of this setting", "这项设置的可选值")
        least, most = (
            self.fraction(table, name, place) if name in table else None for name in ("least", "most")
        )
        default: Any = None
        if "default" in table and choices:
            default = self.required(table, "default", str, place)
            self.all_known(
                [default], choices, at(place, "default"), "choice of this setting", "这项设置的可选值"
            )
        elif "default" in table:
            default = self.fraction(table, "default", place)
            if (least is not None and default < least) or (most is not None and default > most):
                self.refuse(
                    at(place, "default"),
                    f"found {float(default):g}, outside least and most",
                    f"写的是{float(default):g}，不在least与most之间",
                )
        return Setting(
            key, self.texts(table, "name", place), self.source(table, place), choices, least, most, default,
            {choice: self.texts(words, choice, at(place, "words")) for choice in words},
        )  # fmt: skip

    def item(self, key: str, table: Table) -> CountyItem:
        place = f"items.{key}"
        self.check_key(key, place)
        self.only_keys(table, ("name", "kind", "unit", "formulas", "formula", "note"), place)
        kind = self.value(table, "kind", str, "yes_no", place)
        self.all_known([kind], ITEM_KINDS, at(place, "kind"), "kind of item", "指标项的类型")
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
                "这一指标项的算法",
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
            self.refuse(
                place,
                "needs plus and over: (plus − minus) ÷ (over − over_minus)",
                "要写plus和over：（plus − minus）÷（over − over_minus）",
            )
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
            self.lacks(place, "amount")
        times = self.fraction(table, "times", place) if "times" in table else None
        indicator = Indicator(
            key, self.texts(table, "name", place), self.column_names(table, "amount", place),
            self.column_names(table, "minus", place) if "minus" in table else (),
            self.column_name(table, "per", place) if "per" in table else "",
            **({} if times is None else {"times": times}), unit=self.unit(table, place),
        )  # fmt: skip
        for name in indicator.columns:
            if self.columns[name].is_yes_no:
                self.refuse(
                    place,
                    f"column {name!r} holds yes and no; allowed: columns of numbers",
                    f"“{name}”列填的是是或否；这里只能用填数字的列",
                )
        if times is not None and times <= 0:
            self.out_of_range(at(place, "times"), times, "above 0", "大于0")
        return indicator

    def read_exclusions(self, data: Table) -> dict[str, tuple[Exclusion, ...]]:
        found: Table = self.value(data, "exclusions", dict, {}, "")
        for key, tables in found.items():
            place = f"exclusions.{key}"
            if not isinstance(tables, list) or not tables:
                self.refuse(
                    place,
                    "expected a list of { when, reason, source }",
                    "应为列表，每项写{ when, reason, source }",
                )
            rules = []
            for number, table in enumerate(tables, start=1):
                here = f"{place}[{number}]"
                if not isinstance(table, dict):
                    self.refuse(here, "expected { when, reason, source }", "应为{ when, reason, source }")
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
            self.all_known(
                [school_type], several, place, "school type with several stages", "有几个学段的学校类型"
            )
            stages = STAGES_OF_TYPE[school_type]
            if not isinstance(table, dict) or set(table) != set(stages):
                self.refuse(
                    place,
                    f"needs a weight for each of {', '.join(stages)}",
                    f"每个学段都要写折算权重：{'、'.join(stages)}",
                )
            weights[school_type] = {stage: self.open_number(table, stage, place) for stage in stages}
        return weights
