"""Read and check a questionnaire file (问卷): TOML text in, frozen dataclasses out.

A questionnaire is data. Its file says what is asked, of whom, in which languages; everything in it is checked
here, before anybody is asked, and a mistake is refused with the file, the place and what is allowed.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

from surveys.audiences import AUDIENCES
from surveys.question_types import QUESTION_TYPES, RESERVED_CODES
from surveys.questionnaire_parts import (
    FIRST_LANGUAGE,
    MAX_TEXT_LENGTH,
    Band,
    Condition,
    DerivedItem,
    Item,
    Option,
    Questionnaire,
    Section,
    Texts,
    text_in,
)
from surveys.toml_file import CODE, CODE_RULE, NAME, NAME_RULE, Table, TomlFile, at

INSTRUMENTS = Path(__file__).with_name("instruments")
MAX_COLUMNS = 200
DERIVED_KINDS = ("all_in", "count_in")

__all__ = [
    "FIRST_LANGUAGE",
    "INSTRUMENTS",
    "Band",
    "Condition",
    "DerivedItem",
    "Item",
    "Option",
    "Questionnaire",
    "QuestionnaireError",
    "Section",
    "Texts",
    "instrument_keys",
    "instrument_source",
    "read_questionnaire",
    "read_questionnaire_file",
    "text_in",
]

# An item's name is a field of the posted form and a column beside these in frames and exports.
RESERVED_NAMES = frozenset(
    ("action", "audience", "channel", "code", "collector", "count", "csrfmiddlewaretoken", "draft", "item")
    + ("lang", "language", "next", "page", "receipt", "school", "stage", "stratum", "submission")
    + ("submission_id", "texts", "token", "township", "wave")
)


class QuestionnaireError(ValueError):
    """The file cannot be used as a questionnaire; the message names file, place and allowed values."""


def read_questionnaire(source: str, *, name: str) -> Questionnaire:
    """The questionnaire a TOML text describes; `name` stands for the file in messages.

    Raises QuestionnaireError at the first thing that cannot be used.
    """
    canonical = source.removeprefix("\ufeff").replace("\r\n", "\n")
    digest = hashlib.sha256(canonical.encode()).hexdigest()
    return _File(canonical, name=name).questionnaire(digest)


def read_questionnaire_file(path: Path | str) -> Questionnaire:
    """The questionnaire in a UTF-8 file, which must be named after its key."""
    path = Path(path)
    try:
        source = path.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        raise QuestionnaireError(
            f"{path.name}: not UTF-8 (byte {error.start + 1}); save it as UTF-8"
        ) from error
    questionnaire = read_questionnaire(source, name=path.name)
    if questionnaire.key != path.stem:
        raise QuestionnaireError(
            f"{path.name}: key {questionnaire.key!r} does not fit the file's name; allowed: {path.stem!r}"
        )
    return questionnaire


def instrument_keys() -> tuple[str, ...]:
    """The questionnaires supplied with the program, sorted by key."""
    return tuple(sorted(path.stem for path in INSTRUMENTS.glob("*.toml")))


def instrument_source(key: str) -> str:
    """The text of a supplied questionnaire."""
    if key not in instrument_keys():
        raise QuestionnaireError(f"no instrument {key!r}; allowed: {', '.join(instrument_keys())}")
    return (INSTRUMENTS / f"{key}.toml").read_text(encoding="utf-8")


_LANGUAGE = re.compile(r"[a-z]{2,3}(-[a-z0-9]+)*")
_FILE_KEYS = (
    "key",
    "languages",
    "audiences",
    "title",
    "intro",
    "thanks",
    "scales",
    "sections",
    "items",
    "derived",
)
_ITEM_KEYS = ("type", "text", "label", "help", "required", "topic", "when", "stratum")
_DERIVED_KEYS = ("kind", "items", "codes", "ignore", "text", "label")


class _File(TomlFile):
    """One reading of one questionnaire file: knows its languages, audiences and scales as it goes on."""

    def __init__(self, source: str, *, name: str) -> None:
        super().__init__(source, name=name, error=QuestionnaireError)
        self.languages: tuple[str, ...] = ()
        self.audiences: tuple[str, ...] = ()
        self.scales: dict[str, tuple[Option, ...]] = {}

    def questionnaire(self, digest: str) -> Questionnaire:
        data = self.data
        self.only_keys(data, _FILE_KEYS, "")
        key = self.required(data, "key", str, "")
        if not NAME.fullmatch(key):
            self.refuse("key", f"{key!r} is not a name; allowed: {NAME_RULE}")
        self.languages = self.words(data, "languages", "")
        for lang in self.languages:
            if not _LANGUAGE.fullmatch(lang):
                self.refuse(
                    "languages",
                    f"{lang!r} is not a language code; allowed: lower case, such as 'zh-hans', 'en'",
                )
        if FIRST_LANGUAGE not in self.languages:
            self.refuse("languages", f"{FIRST_LANGUAGE!r} is missing; every questionnaire has Chinese")
        self.audiences = self.words(data, "audiences", "")
        self.all_known(self.audiences, AUDIENCES, "audiences", "audience")
        for scale, options in self.tables(data, "scales", "").items():
            self.scales[scale] = self.options(options, f"scales.{scale}")
        by_name = {name: self.item(name, table) for name, table in self.tables(data, "items", "").items()}
        if not by_name:
            self.refuse("items", "there is no question; add [items.<name>]")
        sections = self.sections(data, by_name)
        items = tuple(item for section in sections for item in section.items)
        self.check_conditions(items)
        derived = tuple(
            self.derived(name, table, by_name) for name, table in self.tables(data, "derived", "").items()
        )
        self.check_size(items, derived)
        return Questionnaire(
            key=key,
            title=self.texts(data, "title", ""),
            intro=self.texts(data, "intro", "", optional=True),
            thanks=self.texts(data, "thanks", "", optional=True),
            languages=self.languages,
            audiences=self.audiences,
            sections=sections,
            items=items,
            derived=derived,
            digest=digest,
        )

    def sections(self, data: Table, by_name: dict[str, Item]) -> tuple[Section, ...]:
        tables = self.value(data, "sections", list, [], "")
        if not tables:
            return (Section(title={}, items=tuple(by_name.values())),)
        seen: dict[str, str] = {}
        sections = []
        for number, table in enumerate(tables, start=1):
            place = f"sections[{number}]"
            if not isinstance(table, dict):
                self.refuse(place, "expected a table with title and items")
            self.only_keys(table, ("title", "items"), place)
            names = self.words(table, "items", place)
            self.all_known(names, by_name, f"{place}.items", "item")
            for name in names:
                if name in seen:
                    self.refuse(
                        f"{place}.items", f"{name!r} stands already in {seen[name]}; an item has one place"
                    )
                seen[name] = place
            sections.append(
                Section(self.texts(table, "title", place), tuple(by_name[name] for name in names))
            )
        for name in by_name:
            if name not in seen:
                self.refuse(f"items.{name}", "stands in no section; add its name to the items of one")
        return tuple(sections)

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

    def check_conditions(self, items: tuple[Item, ...]) -> None:
        earlier: dict[str, Item] = {}
        for item in items:
            if item.when is not None:
                self.check_condition(item.when, earlier, f"items.{item.name}.when")
            earlier[item.name] = item

    def check_condition(self, condition: Condition, earlier: dict[str, Item], place: str) -> None:
        if condition.item:
            choices = {name: item for name, item in earlier.items() if item.options}
            self.all_known([condition.item], choices, f"{place}.item", "earlier item with options")
            codes = [option.code for option in choices[condition.item].options]
            self.all_known(condition.codes, codes, f"{place}.in", f"code of {condition.item!r}")
        for part in (*condition.all_of, *condition.any_of):
            self.check_condition(part, earlier, place)

    def derived(self, name: str, table: Table, by_name: dict[str, Item]) -> DerivedItem:
        place = f"derived.{name}"
        self.check_name(name, place)
        if name in by_name:
            self.refuse(place, "an item has this name already")
        self.only_keys(table, _DERIVED_KEYS, place)
        kind = self.required(table, "kind", str, place)
        if kind not in DERIVED_KINDS:
            self.refuse(f"{place}.kind", f"{kind!r} is not known; allowed: {', '.join(DERIVED_KINDS)}")
        single_coded = {key: item for key, item in by_name.items() if QUESTION_TYPES[item.type].single_coded}
        items = self.words(table, "items", place)
        self.all_known(items, single_coded, f"{place}.items", "item with one code per response")
        codes = self.words(table, "codes", place)
        ignore = self.words(table, "ignore", place) if table.get("ignore") else ()
        for key, words in (("codes", codes), ("ignore", ignore)):
            for item in items:
                known = [option.code for option in by_name[item].options]
                self.all_known(words, known, f"{place}.{key}", f"code of {item!r}")
        if both := sorted(set(codes) & set(ignore)):
            self.refuse(place, f"{both[0]!r} stands in codes and in ignore; a code is one or the other")
        text = self.texts(table, "text", place)
        label = self.texts(table, "label", place, optional=True) or text
        return DerivedItem(name, kind, items, codes, ignore, text, label)

    def check_size(self, items: tuple[Item, ...], derived: tuple[DerivedItem, ...]) -> None:
        columns = sum(len(QUESTION_TYPES[item.type].columns(item)) for item in items) + len(derived)
        if columns > MAX_COLUMNS:
            self.refuse("items", f"{columns} columns of answers; allowed: {MAX_COLUMNS}")

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
