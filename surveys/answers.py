"""The hot path of intake: a questionnaire compiled once into tables, then one lookup per item and response.

A response is one byte per column, the index of a code in `column.codes`, in page order with the derived items
at the end. A form object of 20 fields would cost more than storing the answers; this reads 20 items in some
ten microseconds.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from surveys.problems import UNANSWERED, Problem
from surveys.question_type import (
    NO,
    NO_ANSWER,
    NOT_ASKED,
    NOT_ASKED_INDEX,
    RESERVED_CODES,
    YES,
    YES_INDEX,
    Column,
    Reader,
)
from surveys.question_types import QUESTION_TYPES
from surveys.questionnaire import Condition, DerivedItem, Questionnaire

Values = Callable[[str], Sequence[str]] | Mapping[str, Sequence[str]]
_Test = Callable[[bytearray], bool]


@dataclass(frozen=True, slots=True)
class AnswerSheet:
    """One response, read: choices to store and count, texts to store, what the respondent must still mend."""

    choices: bytes
    texts: dict[str, str]
    stratum: (
        str  # "grade_band=g1_3;location=rural": declared strata that were asked and answered, in page order
    )
    problems: tuple[tuple[str, Problem], ...]  # (item name, problem) in page order
    shortened: tuple[str, ...] = ()  # free-text items whose end was cut off at max_length


class _Step(NamedTuple):
    """One item of one audience's plan."""

    name: str
    reader: Reader
    test: _Test | None  # None: always asked
    required: bool
    blank: bytes
    not_asked: bytes
    is_text: bool


class AnswerTable:
    """A questionnaire compiled for reading, storing and counting responses."""

    def __init__(self, questionnaire: Questionnaire) -> None:
        self.questionnaire = questionnaire
        per_item = {item.name: QUESTION_TYPES[item.type].columns(item) for item in questionnaire.items}
        derived = tuple(Column(each.name, each.name, derived_codes(each)) for each in questionnaire.derived)
        self.columns: tuple[Column, ...] = (*(c for columns in per_item.values() for c in columns), *derived)
        self.positions: dict[str, int] = {column.name: index for index, column in enumerate(self.columns)}
        sizes = np.array([len(column.codes) for column in self.columns], dtype=np.int64)
        self.offsets: npt.NDArray[np.int64] = np.cumsum(sizes) - sizes  # the first slot of each column
        self.slot_count = int(sizes.sum())
        self._per_item = per_item
        self._strata = tuple(
            (self.positions[item.name], _stratum_words(item.name, per_item[item.name][0]))
            for item in questionnaire.items
            if item.stratum
        )
        self._derived = tuple(self._derivation(each) for each in questionnaire.derived)
        self._posted = {
            audience: self._plan(audience, codes_only=False) for audience in questionnaire.audiences
        }
        self._coded = {
            audience: self._plan(audience, codes_only=True) for audience in questionnaire.audiences
        }

    def read(self, values: Values, *, audience: str) -> AnswerSheet:
        """The response in a posted form: `values(name)` gives the values posted for a field, if any.

        Never raises for what was posted. An item that is not to be asked is not_asked whatever was posted.
        """
        return self._fill(self._plan_of(self._posted, audience), _getter(values))

    def encode(self, answers: Mapping[str, str | Sequence[str]], *, audience: str) -> AnswerSheet:
        """The response in ready-made answers: codes by item name, several for a multiple choice.

        A multiple choice may also stand as yes/no by column name, as `decode` gives it; number bands stand
        by code. A blank, no_answer and not_asked all mean that there is no answer: whether an item was asked
        follows from the questionnaire alone.
        """

        def get(name: str) -> Sequence[str]:
            found = answers.get(name)
            if found is None:
                columns = self._per_item[name]
                return [
                    c.name.partition(".")[2] for c in columns if "." in c.name and answers.get(c.name) == YES
                ]
            if isinstance(found, str):
                return () if found in RESERVED_CODES else (found,)
            return found

        return self._fill(self._plan_of(self._coded, audience), get)

    def decode(self, choices: bytes) -> dict[str, str]:
        """The codes of a stored response by column name."""
        self._check_length(choices)
        try:
            return {
                column.name: column.codes[index] for column, index in zip(self.columns, choices, strict=True)
            }
        except IndexError:
            raise ValueError(
                "the stored answers hold a code that this questionnaire version does not have"
            ) from None

    def matrix(self, stored: Sequence[bytes]) -> npt.NDArray[np.uint8]:
        """Stored responses as an array, responses × columns; adding `offsets` gives each answer's slot."""
        for choices in stored:
            self._check_length(choices)
        return np.frombuffer(b"".join(stored), dtype=np.uint8).reshape(len(stored), len(self.columns))

    def _fill(self, plan: tuple[_Step, ...], get: Callable[[str], Sequence[str]]) -> AnswerSheet:
        choices = bytearray()
        texts: dict[str, str] = {}
        problems: list[tuple[str, Problem]] = []
        shortened: tuple[str, ...] = ()
        for name, reader, test, required, blank, not_asked, is_text in plan:
            if test is not None and not test(choices):
                choices += not_asked
                continue
            answer = reader(get(name))
            if isinstance(answer, Problem):
                problems.append((name, answer))
                choices += blank
                continue
            choices += answer.choices
            if not answer.given:
                if required:
                    problems.append((name, UNANSWERED))
            elif is_text:
                texts[name] = answer.text
                if answer.shortened:
                    shortened += (name,)
        for derive in self._derived:
            choices.append(derive(choices))
        stratum = ";".join(
            [words[choices[at]] for at, words in self._strata if choices[at] > NOT_ASKED_INDEX]
        )
        return AnswerSheet(bytes(choices), texts, stratum, tuple(problems), shortened)

    def _plan(self, audience: str, *, codes_only: bool) -> tuple[_Step, ...]:
        steps = []
        for item in self.questionnaire.items:
            question_type = QUESTION_TYPES[item.type]
            width = len(self._per_item[item.name])
            steps.append(
                _Step(
                    name=item.name,
                    reader=(question_type.code_reader if codes_only else question_type.reader)(item),
                    test=None if item.when is None else self._test(item.when, audience),
                    required=item.required,
                    blank=bytes(width),
                    not_asked=bytes([NOT_ASKED_INDEX]) * width,
                    is_text=width == 0,
                )
            )
        return tuple(steps)

    def _test(self, condition: Condition, audience: str) -> _Test | None:
        """A function of the choices so far; None if the condition holds for everybody of this audience."""
        always = condition.for_audience(audience)
        if always is not None:
            return None if always else (lambda choices: False)
        if condition.item:
            wanted = self._wanted(condition.item, condition.codes)
            return lambda choices: any(choices[at] in indexes for at, indexes in wanted)
        parts = [self._test(part, audience) for part in condition.all_of or condition.any_of]
        tests = [test for test in parts if test is not None]
        if condition.all_of:
            return lambda choices: all(test(choices) for test in tests)
        return lambda choices: any(test(choices) for test in tests)

    def _wanted(self, item: str, codes: tuple[str, ...]) -> list[tuple[int, frozenset[int]]]:
        columns = self._per_item[item]
        if len(columns) == 1 and columns[0].name == item:
            return [(self.positions[item], frozenset(columns[0].codes.index(code) for code in codes))]
        return [(self.positions[f"{item}.{code}"], frozenset({YES_INDEX})) for code in codes]

    def _derivation(self, derived: DerivedItem) -> Callable[[bytearray], int]:
        """A function of the items' choices that gives the derived column's index."""
        sources = [
            (self.positions[name], bytes(_role(code, derived) for code in self._per_item[name][0].codes))
            for name in derived.items
        ]

        def all_in(choices: bytearray) -> int:
            roles = [role[choices[at]] for at, role in sources]
            if _OUT in roles:
                return YES_INDEX - 1
            if _IN in roles:
                return YES_INDEX
            return _nothing_valid(roles)

        def count_in(choices: bytearray) -> int:
            roles = [role[choices[at]] for at, role in sources]
            counted = roles.count(_IN)
            return counted + 2 if counted or _OUT in roles else _nothing_valid(roles)

        return all_in if derived.kind == "all_in" else count_in

    def _plan_of(self, plans: dict[str, tuple[_Step, ...]], audience: str) -> tuple[_Step, ...]:
        try:
            return plans[audience]
        except KeyError:
            key, allowed = self.questionnaire.key, ", ".join(plans)
            raise ValueError(f"{key!r} does not ask the audience {audience!r}; allowed: {allowed}") from None

    def _check_length(self, choices: bytes) -> None:
        if len(choices) != len(self.columns):
            key, columns = self.questionnaire.key, len(self.columns)
            raise ValueError(f"{len(choices)} stored answers; this version of {key!r} has {columns} columns")


def compile_questionnaire(questionnaire: Questionnaire) -> AnswerTable:
    """The questionnaire's answer table. Takes about a millisecond: keep it by `questionnaire.digest`."""
    return AnswerTable(questionnaire)


def derived_codes(derived: DerivedItem) -> tuple[str, ...]:
    """The codes of a derived column, the reserved ones first."""
    if derived.kind == "all_in":
        return (*RESERVED_CODES, NO, YES)
    return (*RESERVED_CODES, *(str(count) for count in range(len(derived.items) + 1)))


_BLANK, _SKIPPED, _OUT, _IN = range(4)  # what a code means to a derived item


def _role(code: str, derived: DerivedItem) -> int:
    if code == NOT_ASKED:
        return _SKIPPED
    if code == NO_ANSWER or code in derived.ignore:
        return _BLANK
    return _IN if code in derived.codes else _OUT


def _nothing_valid(roles: list[int]) -> int:
    return NOT_ASKED_INDEX if all(role == _SKIPPED for role in roles) else 0


def _stratum_words(name: str, column: Column) -> tuple[str, ...]:
    return tuple(f"{name}={code}" for code in column.codes)


def _getter(values: Values) -> Callable[[str], Sequence[str]]:
    if callable(values):
        return values
    # A web framework's form data is a mapping whose get() drops repeated values; getlist() keeps them.
    getlist = getattr(values, "getlist", None)
    if getlist is not None:
        return getlist
    mapping = values

    def get(name: str) -> Sequence[str]:
        found = mapping.get(name, ())
        return (found,) if isinstance(found, str) else found

    return get
