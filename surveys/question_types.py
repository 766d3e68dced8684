"""The question types: one class each, and the register at the end.

A type knows four things: what its part of a questionnaire file must look like (`check`), which columns of
option codes it gives (`columns`), how a posted form field becomes codes (`reader`, `read`) and what its
template needs (`present`). A new type is one class here and one template `questions/<type>.html`.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence

from surveys.problems import NOT_A_NUMBER, TOO_MANY, UNKNOWN_OPTION, Problem
from surveys.question_type import (
    MAX_OPTIONS,
    NO,
    NO_ANSWER,
    NOT_ASKED,
    RESERVED_CODES,
    YES,
    YES_INDEX,
    Answer,
    Column,
    Example,
    QuestionType,
    Reader,
    given_words,
)
from surveys.questionnaire_parts import MAX_TEXT_LENGTH, Item
from surveys.typed import LONGEST_NUMBER, clean_text, number_reader, plain


class SingleChoice(QuestionType):
    """One of several options."""

    name = "single_choice"
    keys = frozenset({"options", "cross_check"})

    def check(self, item: Item) -> Iterator[tuple[str, str]]:
        if not 2 <= len(item.options) <= MAX_OPTIONS:
            yield "options", f"found {len(item.options)}; a choice needs 2 to {MAX_OPTIONS} options"

    def reader(self, item: Item) -> Reader:
        by_code = {option.code: Answer(bytes([index])) for index, option in enumerate(item.options, start=2)}
        blank = Answer(b"\0", given=False)

        def read(raw: Sequence[str]) -> Answer | Problem:
            if len(raw) == 1 and raw[0] in by_code:
                return by_code[raw[0]]
            given = given_words(raw)
            if not given:
                return blank
            if len(given) > 1:
                return TOO_MANY
            return by_code.get(given[0], UNKNOWN_OPTION)

        return read

    def examples_good(self, item: Item) -> tuple[Example, ...]:
        first, *_, last = (option.code for option in item.options)
        return (
            Example((first,), codes=(first,)),
            Example((f" {last} ",), codes=(last,)),
            Example((last, last), codes=(last,)),
            Example(("",), codes=(NO_ANSWER,)),
            Example((), codes=(NO_ANSWER,)),
        )

    def examples_bad(self, item: Item) -> tuple[Example, ...]:
        first, *_, last = (option.code for option in item.options)
        return (
            Example((first, last), problem="too_many"),
            Example(("no_such_option",), problem="unknown_option"),
            Example((NOT_ASKED,), problem="unknown_option"),
        )


class Scale(SingleChoice):
    """One step of a scale that several items share (满意 … 不满意, 不了解)."""

    name = "scale"
    keys = frozenset({"scale"})


class MultipleChoice(QuestionType):
    """Any number of options, or up to `max_choices`. One yes/no column per option.

    A form cannot tell "none of these" from "not answered": nothing chosen is no answer. An option that
    excludes the others (以上都没有) lets the respondent say it.
    """

    name = "multiple_choice"
    keys = frozenset({"options", "max_choices"})
    single_coded = False

    def check(self, item: Item) -> Iterator[tuple[str, str]]:
        if not 2 <= len(item.options) <= MAX_OPTIONS:
            yield "options", f"found {len(item.options)}; a choice needs 2 to {MAX_OPTIONS} options"
        if not 1 <= item.max_choices <= len(item.options):
            yield (
                "max_choices",
                f"found {item.max_choices}; allowed: 1 to {len(item.options)}",
            )

    def columns(self, item: Item) -> tuple[Column, ...]:
        codes = (*RESERVED_CODES, NO, YES)
        return tuple(Column(f"{item.name}.{option.code}", item.name, codes) for option in item.options)

    def reader(self, item: Item) -> Reader:
        order = {option.code: index for index, option in enumerate(item.options)}
        blank = Answer(bytes(len(order)), given=False)
        too_many = Problem("too_many_choices", (("maximum", str(item.max_choices)),))
        exclusive = {
            option.code: Problem("exclusive", (("option", tuple(option.text.items())),))
            for option in item.options
            if option.exclusive
        }

        def read(raw: Sequence[str]) -> Answer | Problem:
            chosen = given_words(raw)
            if not chosen:
                return blank
            choices = bytearray([YES_INDEX - 1]) * len(order)
            for code in chosen:
                if code not in order:
                    return UNKNOWN_OPTION
                if code in exclusive and len(chosen) > 1:
                    return exclusive[code]
                choices[order[code]] = YES_INDEX
            return too_many if len(chosen) > item.max_choices else Answer(bytes(choices))

        return read

    def examples_good(self, item: Item) -> tuple[Example, ...]:
        free = [option.code for option in item.options if not option.exclusive]
        some = tuple(free[: item.max_choices])
        return (
            Example(some, codes=tuple(YES if option.code in some else NO for option in item.options)),
            Example((), codes=(NO_ANSWER,) * len(item.options)),
        )

    def examples_bad(self, item: Item) -> tuple[Example, ...]:
        every = tuple(option.code for option in item.options)
        refused = [Example((every[0], "no_such_option"), problem="unknown_option")]
        if alone := [option.code for option in item.options if option.exclusive]:
            other = next(code for code in every if code != alone[0])
            refused.append(Example((alone[0], other), problem="exclusive"))
        elif item.max_choices < len(every):
            refused.append(Example(every, problem="too_many_choices"))
        return tuple(refused)


class NumberBands(QuestionType):
    """A number the respondent types; only the band it falls in is kept, never the number.

    A band reaches from above the band before it up to and including its own `to`; the first begins at
    `minimum`.
    """

    name = "number_bands"
    keys = frozenset({"bands", "minimum", "unit", "unit_words", "cross_check"})
    inputmode = "decimal"

    def check(self, item: Item) -> Iterator[tuple[str, str]]:
        if not 2 <= len(item.bands) <= MAX_OPTIONS:
            yield "bands", f"found {len(item.bands)}; a number needs 2 to {MAX_OPTIONS} bands"
        floor, sense = item.minimum, "the minimum"
        for band in item.bands:
            if band.to < floor or (band.to == floor and sense != "the minimum"):
                yield f"bands.{band.code}", f"to = {band.to} does not lie above {sense}, {floor}"
            floor, sense = band.to, f"the band before it ({band.code})"

    def reader(self, item: Item) -> Reader:
        upper_ends = [band.to for band in item.bands]
        answers = [Answer(bytes([index])) for index, _ in enumerate(item.bands, start=2)]
        blank = Answer(b"\0", given=False)
        number_in = number_reader([*item.unit_words, *item.unit.values()])
        lowest, highest = plain(item.minimum), plain(upper_ends[-1])
        out_of_range = Problem("out_of_range", (("minimum", lowest), ("maximum", highest)))

        def read(raw: Sequence[str]) -> Answer | Problem:
            given = given_words(raw)
            if not given:
                return blank
            if len(given) > 1:
                return TOO_MANY
            number = number_in(given[0])
            if number is None:
                return NOT_A_NUMBER
            if not item.minimum <= number <= upper_ends[-1]:
                return out_of_range
            return answers[bisect_left(upper_ends, number)]

        return read

    def code_reader(self, item: Item) -> Reader:
        return SingleChoice().reader(item)

    def examples_good(self, item: Item) -> tuple[Example, ...]:
        first, *_, last = item.bands
        wide = {ord(digit): ord(digit) + 0xFEE0 for digit in "0123456789"} | {ord("."): "。"}
        typed = [Example((plain(band.to),), codes=(band.code,)) for band in item.bands]
        typed += [Example((f" {plain(last.to)} {unit} ",), codes=(last.code,)) for unit in item.unit.values()]
        return (
            *typed,
            Example((plain(item.minimum),), codes=(first.code,)),
            Example((plain(last.to).translate(wide),), codes=(last.code,)),
            Example((" \u3000",), codes=(NO_ANSWER,)),
        )

    def examples_bad(self, item: Item) -> tuple[Example, ...]:
        return (
            Example(("很多",), problem="not_a_number"),
            Example(("1e3",), problem="not_a_number"),
            Example(("9" * 400,), problem="not_a_number"),
            Example((plain(item.bands[-1].to + 1),), problem="out_of_range"),
            Example((plain(item.minimum - 1),), problem="out_of_range"),
            Example(("1", "2"), problem="too_many"),
        )

    def _value(self, raw: Sequence[str]) -> str:
        return raw[0][:LONGEST_NUMBER] if raw else ""


class FreeText(QuestionType):
    """The respondent's own words: stored with the response, counted nowhere."""

    name = "free_text"
    keys = frozenset({"max_length"})
    single_coded = False

    def check(self, item: Item) -> Iterator[tuple[str, str]]:
        if not 1 <= item.max_length <= MAX_TEXT_LENGTH:
            yield "max_length", f"found {item.max_length}; allowed: 1 to {MAX_TEXT_LENGTH} characters"

    def columns(self, item: Item) -> tuple[Column, ...]:
        return ()

    def reader(self, item: Item) -> Reader:
        blank = Answer(b"", given=False)
        max_length = item.max_length

        def read(raw: Sequence[str]) -> Answer | Problem:
            # Two boxes of one name come from an odd page: both texts are the respondent's, so both are kept.
            text = clean_text("\n".join(raw))
            if not text:
                return blank
            return Answer(b"", text=text[:max_length].rstrip(), shortened=len(text) > max_length)

        return read

    def examples_good(self, item: Item) -> tuple[Example, ...]:
        return (
            Example(
                ("老师很负责👍\r\n食堂可以再好一点",),
                text="老师很负责👍\n食堂可以再好一点"[: item.max_length],
            ),
            Example(("=1+1",), text="=1+1"[: item.max_length]),
            Example(("长" * 20_000,), text="长" * item.max_length),
            Example((" \n\t ",)),
            Example(()),
        )

    def examples_bad(self, item: Item) -> tuple[Example, ...]:
        return ()  # a text is never refused: whoever wrote it must not lose it

    def _value(self, raw: Sequence[str]) -> str:
        return clean_text("\n".join(raw))


QUESTION_TYPES: dict[str, QuestionType] = {
    "scale": Scale(),
    "single_choice": SingleChoice(),
    "multiple_choice": MultipleChoice(),
    "number_bands": NumberBands(),
    "free_text": FreeText(),
}
