"""What a questionnaire (问卷) is made of: the frozen parts that a file is read into."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal

FIRST_LANGUAGE = "zh-hans"  # every questionnaire has it; a text missing elsewhere is shown in it
MAX_TEXT_LENGTH = 10_000  # characters

Texts = Mapping[str, str]


@dataclass(frozen=True)
class Option:
    code: str
    text: Texts
    exclusive: bool = False  # of a multiple choice: cannot be combined with others


@dataclass(frozen=True)
class Band:
    """A band of numbers: above the band before it, up to and including `to`."""

    code: str
    to: Decimal
    text: Texts


@dataclass(frozen=True)
class Condition:
    """Ask only if. Exactly one of the four parts is filled."""

    audiences: tuple[str, ...] = ()
    item: str = ""
    codes: tuple[str, ...] = ()  # the item has one of these codes
    all_of: tuple[Condition, ...] = ()
    any_of: tuple[Condition, ...] = ()

    @property
    def depends_on_answers(self) -> bool:
        """Whether earlier answers can decide, and not the audience alone."""
        return bool(self.item) or any(part.depends_on_answers for part in (*self.all_of, *self.any_of))

    def for_audience(self, audience: str) -> bool | None:
        """True if it holds for everybody of an audience, False if for nobody; None: the answers decide."""
        if self.audiences:
            return audience in self.audiences
        if self.item:
            return None
        parts = {part.for_audience(audience) for part in self.all_of or self.any_of}
        decisive = not self.all_of
        if decisive in parts:
            return decisive
        return None if None in parts else not decisive


@dataclass(frozen=True)
class Item:
    """One question. Fields of other types than its own keep their defaults."""

    name: str
    type: str
    text: Texts
    label: Texts = field(
        default_factory=dict
    )  # a few words for tables and charts; the text if the file gives none
    help: Texts = field(default_factory=dict)
    required: bool = False
    topic: str = ""
    options: tuple[Option, ...] = ()  # of number bands: one per band
    when: Condition | None = None
    stratum: bool = False
    bands: tuple[Band, ...] = ()
    minimum: Decimal = Decimal(0)
    unit: Texts = field(default_factory=dict)
    unit_words: tuple[str, ...] = ()
    max_length: int = MAX_TEXT_LENGTH
    max_choices: int = 0
    cross_check: str = ""  # the statistic of the school that the answers can be held against
    scale: str = ""


@dataclass(frozen=True)
class DerivedItem:
    """An item computed from a response (派生题) and counted like one.

    all_in: "yes" if every valid answer among `items` has one of `codes`, else "no".
    count_in: how many of them do, "0" to the number of items.
    Codes in `ignore` are not valid answers, nor are the reserved ones; with no valid answer it is no_answer.
    """

    name: str
    kind: str
    items: tuple[str, ...]
    codes: tuple[str, ...]
    ignore: tuple[str, ...]
    text: Texts
    label: Texts


@dataclass(frozen=True)
class Section:
    title: Texts
    items: tuple[Item, ...]


@dataclass(frozen=True)
class Questionnaire:
    key: str
    title: Texts
    intro: Texts
    thanks: Texts
    languages: tuple[str, ...]
    audiences: tuple[str, ...]
    sections: tuple[Section, ...]
    items: tuple[Item, ...]  # in page order
    derived: tuple[DerivedItem, ...]
    digest: str  # sha256 of the source: two versions are the same exactly when this is

    def item(self, name: str) -> Item:
        """The item of that name; KeyError if there is none."""
        for item in self.items:
            if item.name == name:
                return item
        raise KeyError(name)

    def items_for(self, audience: str) -> tuple[Item, ...]:
        """The items an audience may see, in page order: those that can never be asked of it are left out."""
        return tuple(item for section in self.sections_for(audience) for item in section.items)

    def sections_for(self, audience: str) -> tuple[Section, ...]:
        """The same in their sections; a section that is left without items is left out."""
        kept = []
        for section in self.sections:
            items = tuple(
                i for i in section.items if i.when is None or i.when.for_audience(audience) is not False
            )
            if items:
                kept.append(replace(section, items=items))
        return tuple(kept)


def text_in(texts: Texts, lang: str) -> str:
    """The text in a language, else in Chinese, else an empty string."""
    return texts.get(lang) or texts.get(FIRST_LANGUAGE, "")
