"""Read and check a questionnaire file (问卷): TOML text in, frozen dataclasses out.

A questionnaire is data. Its file says what is asked, of whom, in which languages; everything in it is checked
here, before anybody is asked, and a mistake is refused with the file, the place and what is allowed.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from surveys.audiences import AUDIENCES
from surveys.item_file import ItemFile
from surveys.question_types import QUESTION_TYPES
from surveys.questionnaire_parts import (
    FIRST_LANGUAGE,
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
from surveys.toml_file import NAME, NAME_RULE, Table

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
_DERIVED_KEYS = ("kind", "items", "codes", "ignore", "text", "label")


class _File(ItemFile):
    """One reading of one questionnaire file."""

    def __init__(self, source: str, *, name: str) -> None:
        super().__init__(source, name=name, error=QuestionnaireError)

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
