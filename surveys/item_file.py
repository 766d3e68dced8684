"""The part of a questionnaire file that describes one item: its type, texts, options, bands and condition."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal
from typing import Any

from surveys.question_type import RESERVED_CODES
from surveys.question_types import QUESTION_TYPES
from surveys.questionnaire_parts import MAX_TEXT_LENGTH, Band, Condition, Item, Option, Texts
from surveys.toml_file import CODE, CODE_RULE, NAME, Table, TomlFile, at

# An item's name is a field of the posted form and a column beside these in frames and exports.
RESERVED_NAMES = frozenset(
    ("action", "audience", "channel", "code", "collector", "count", "csrfmiddlewaretoken", "draft", "item")
    + ("lang", "language", "next", "page", "receipt", "school", "stage", "stratum", "submission")
    + ("submission_id", "texts", "token", "township", "wave")
)
_ITEM_KEYS = ("type", "text", "label", "help", "required", "topic", "when", "stratum")


class ItemFile(TomlFile):
    """A file that describes items; knows its languages, audiences and scales as it is read on."""

    def __init__(self, source: str, *, name: str, error: type[ValueError]) -> None:
        super().__init__(source, name=name, error=error)
        self.languages: tuple[str, ...] = ()
        self.audiences: tuple[str, ...] = ()
        self.scales: dict[str, tuple[Option, ...]] = {}

    def item(self, name: str, table: Table) -> Item:
        place = f"items.{name}"
        self.check_name(name, place)
        kind = self.required(table, "type", str, place)
        if kind not in QUESTION_TYPES:
            self.refuse(f"{place}.type", f"{kind!r} is not known; allowed: {', '.join(QUESTION_TYPES)}")
        question_type = QUESTION_TYPES[kind]
        own = question_type.keys
        self.only_keys(table, [*_ITEM_KEYS, *sorted(own)], place)
        text = self.texts(table, "text", place)
        item = Item(
            name=name,
            type=kind,
            text=text,
            label=self.texts(table, "label", place, optional=True) or text,
            help=self.texts(table, "help", place, optional=True),
            required=self.value(table, "required", bool, False, place),
            topic=self.identifier(table, "topic", place),
            when=self.condition(table["when"], f"{place}.when") if "when" in table else None,
            stratum=self.value(table, "stratum", bool, False, place),
            unit=self.texts(table, "unit", place, optional=True),
            unit_words=self.words(table, "unit_words", place) if "unit_words" in table else (),
            minimum=self.number(table, "minimum", place) if "minimum" in table else Decimal(0),
            max_length=self.value(table, "max_length", int, MAX_TEXT_LENGTH, place),
            cross_check=self.identifier(table, "cross_check", place),
        )
        if "scale" in own:
            scale = self.required(table, "scale", str, place)
            self.all_known([scale], self.scales, f"{place}.scale", "scale")
            item = replace(item, scale=scale, options=self.scales[scale])
        if "bands" in own:
            bands = self.bands(self.required(table, "bands", dict, place), f"{place}.bands")
            item = replace(item, bands=bands, options=tuple(Option(band.code, band.text) for band in bands))
        if "options" in own:
            exclusive = ("exclusive",) if "max_choices" in own else ()
            options = self.options(
                self.required(table, "options", dict, place), f"{place}.options", extra=exclusive
            )
            item = replace(item, options=options)
        if "max_choices" in own:
            item = replace(item, max_choices=self.value(table, "max_choices", int, len(item.options), place))
        if item.stratum and not question_type.single_coded:
            self.refuse(f"{place}.stratum", f"a {kind} item gives no single code, so it cannot be a stratum")
        for key, sentence in question_type.check(item):
            self.refuse(f"{place}.{key}", sentence)
        return item

    def options(self, table: Table, place: str, *, extra: tuple[str, ...] = ()) -> tuple[Option, ...]:
        options = []
        for code, entry in table.items():
            here = self.check_code(code, entry, place)
            exclusive = self.value(entry, "exclusive", bool, False, here) if extra else False
            options.append(Option(code, self.language_table(entry, here, extra=extra), exclusive))
        return tuple(options)

    def bands(self, table: Table, place: str) -> tuple[Band, ...]:
        bands = []
        for code, entry in table.items():
            here = self.check_code(code, entry, place)
            bands.append(
                Band(code, self.number(entry, "to", here), self.language_table(entry, here, extra=("to",)))
            )
        return tuple(bands)

    def condition(self, table: Any, place: str) -> Condition:
        """The items it names are checked later, when page order is known."""
        forms = "{ audience = […] }, { item = '…', in = […] }, { all = […] } or { any = […] }"
        if not isinstance(table, dict):
            self.refuse(place, f"expected {forms}")
        keys = set(table)
        if keys == {"audience"}:
            audiences = self.words(table, "audience", place)
            self.all_known(audiences, self.audiences, f"{place}.audience", "audience of this questionnaire")
            return Condition(audiences=audiences)
        if keys == {"item", "in"}:
            return Condition(
                item=self.required(table, "item", str, place), codes=self.words(table, "in", place)
            )
        if keys in ({"all"}, {"any"}):
            key = keys.pop()
            parts = self.required(table, key, list, place)
            if not parts:
                self.refuse(f"{place}.{key}", "the list is empty")
            read = tuple(self.condition(part, f"{place}.{key}[{n}]") for n, part in enumerate(parts, start=1))
            return Condition(all_of=read) if key == "all" else Condition(any_of=read)
        return self.refuse(place, f"found the keys {', '.join(table) or '(none)'}; expected {forms}")

    def check_name(self, name: str, place: str) -> None:
        if not NAME.fullmatch(name):
            self.refuse(
                place, f"{name!r} is not a name; allowed: a–z, 0–9 and _, beginning with a letter, up to 40"
            )
        if name in RESERVED_NAMES:
            self.refuse(place, f"the name {name!r} is used by the program; choose another")

    def check_code(self, code: str, entry: Any, place: str) -> str:
        here = f"{place}.{code}"
        if code in RESERVED_CODES:
            self.refuse(here, f"the code {code!r} is reserved; choose another")
        if not CODE.fullmatch(code):
            self.refuse(here, f"{code!r} is not a code; allowed: {CODE_RULE}")
        if not isinstance(entry, dict):
            self.refuse(here, f"expected a text by language: {self.text_pattern()}")
        return here

    def texts(self, table: Table, key: str, place: str, *, optional: bool = False) -> Texts:
        if optional and key not in table:
            return {}
        return self.language_table(table.get(key, {}), at(place, key))

    def language_table(self, table: Any, place: str, *, extra: Iterable[str] = ()) -> Texts:
        if not isinstance(table, dict):
            self.refuse(place, f"expected a text by language: {self.text_pattern()}")
        self.only_keys(table, [*self.languages, *extra], place)
        texts = {}
        for lang in self.languages:
            text = table.get(lang)
            if not isinstance(text, str) or not text.strip():
                self.refuse(place, f"no text in {lang!r}")
            texts[lang] = text.strip()
        return texts

    def text_pattern(self) -> str:
        return "{ " + ", ".join(f'{lang} = "…"' for lang in self.languages) + " }"
