"""What every question type answers, and the words they share: columns, answers, examples."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from surveys.presented import PresentedItem, PresentedOption
from surveys.problems import Problem
from surveys.questionnaire_parts import Item, text_in

NO_ANSWER = "no_answer"
NOT_ASKED = "not_asked"
RESERVED_CODES = (NO_ANSWER, NOT_ASKED)  # every column begins with these two, so their indexes are 0 and 1
NOT_ASKED_INDEX = 1
NO, YES = "no", "yes"
YES_INDEX = 3

MAX_OPTIONS = 100


@dataclass(frozen=True, slots=True)
class Column:
    """One counted column. A stored answer is one byte: the index of its code in `codes`."""

    name: str
    item: str
    codes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """One item's cleaned answer: an index per column, and the text of a free-text item."""

    choices: bytes
    text: str = ""
    given: bool = True
    shortened: bool = False  # the text was longer than the item allows and lost its end


Reader = Callable[[Sequence[str]], Answer | Problem]


@dataclass(frozen=True, slots=True)
class Example:
    """What a phone may post for an item, and what must come of it: codes by column, a text or a problem."""

    raw: tuple[str, ...]
    codes: tuple[str, ...] = ()
    text: str = ""
    problem: str = ""


class QuestionType:
    """What every type answers. `name` is its word in the file, `keys` the item keys it adds."""

    name: str
    keys: frozenset[str] = frozenset()
    single_coded = True  # exactly one code per response: may be a stratum and feed derived items
    inputmode = ""

    @property
    def template(self) -> str:
        return f"questions/{self.name}.html"

    def check(self, item: Item) -> Iterator[tuple[str, str]]:
        """What is wrong with the item as written: (key, sentence) pairs."""
        raise NotImplementedError

    def columns(self, item: Item) -> tuple[Column, ...]:
        codes = (*RESERVED_CODES, *(option.code for option in item.options))
        return (Column(item.name, item.name, codes),)

    def reader(self, item: Item) -> Reader:
        """A function from the values posted for this item to an Answer or a Problem. It never raises.

        Built once per published version, called once per response: it looks up, it does not search.
        """
        raise NotImplementedError

    def code_reader(self, item: Item) -> Reader:
        """The same for ready-made answers, which hold codes where a person may have typed something else."""
        return self.reader(item)

    def read(self, item: Item, raw: Sequence[str]) -> Answer | Problem:
        return self.reader(item)(raw)

    def present(
        self, item: Item, lang: str, raw: Sequence[str] = (), problem: Problem | None = None, number: str = ""
    ) -> PresentedItem:
        """What the template shows; `raw` is what the respondent had entered, so that nothing is lost."""
        return PresentedItem(
            name=item.name,
            type=self.name,
            template=self.template,
            number=str(number),
            text=text_in(item.text, lang),
            help=text_in(item.help, lang),
            required=item.required,
            conditional=item.when is not None and item.when.depends_on_answers,
            stratum=item.stratum,
            options=self._options(item, lang, raw),
            value=self._value(raw),
            problem=problem.text(lang) if problem else "",
            problem_key=problem.key if problem else "",
            unit=text_in(item.unit, lang),
            inputmode=self.inputmode,
            max_length=item.max_length,
            max_choices=item.max_choices,
        )

    def examples_good(self, item: Item) -> tuple[Example, ...]:
        raise NotImplementedError

    def examples_bad(self, item: Item) -> tuple[Example, ...]:
        raise NotImplementedError

    def _options(self, item: Item, lang: str, raw: Sequence[str]) -> tuple[PresentedOption, ...]:
        return tuple(
            PresentedOption(
                code=option.code,
                text=text_in(option.text, lang),
                id=f"q-{item.name}-{option.code}",
                checked=option.code in raw,
                exclusive=option.exclusive,
            )
            for option in item.options
        )

    def _value(self, raw: Sequence[str]) -> str:
        return ""


def given_words(raw: Sequence[str]) -> list[str]:
    """The different non-blank values, in order. A field posted twice with one value is one answer."""
    return list(dict.fromkeys(word for value in raw if (word := value.strip())))
