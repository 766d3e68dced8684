"""The questions of a phone's page: numbered, in sections, with what was entered and what was wrong.

A question that depends on earlier answers is numbered after the one before it (7.1), so that numbers
have no gap when it is hidden. Its condition goes into the page twice: in words, for everybody, and as
data for the script, which shows and hides it. The server decides again when the answers arrive.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from django.utils.translation import gettext as _

from surveys.answers import AnswerSheet
from surveys.presented import PresentedItem
from surveys.question_types import QUESTION_TYPES
from surveys.questionnaire import Condition, Item, Questionnaire, text_in

Given = Callable[[str], Sequence[str]]  # what was posted for a field

# A scale stands in one row when every label is this short (不了解, 比较满意); otherwise one below the other.
MOST_IN_A_ROW = 5
LONGEST_IN_A_ROW = 4
# Answering time, for "takes about … minutes": reading the question and choosing.
SECONDS_OF_TYPE = {"scale": 7, "single_choice": 7, "multiple_choice": 12, "number_bands": 10, "free_text": 20}
SECONDS_OF_OTHER_TYPES = 10


@dataclass(frozen=True)
class PresentedQuestion:
    """One question and how the page shows it. `when` is the script's condition as JSON, or empty."""

    item: PresentedItem
    hint: str
    when: str
    in_a_row: bool


@dataclass(frozen=True)
class PresentedSection:
    title: str
    number: int
    questions: tuple[PresentedQuestion, ...]


def presented_sections(
    questionnaire: Questionnaire, *, audience: str, language: str, big: bool,
    given: Given = lambda name: (), problems: Mapping[str, str] | None = None,
) -> tuple[PresentedSection, ...]:  # fmt: skip
    """What this audience sees, in page order. `problems` are sentences by item name."""
    numbers = dict(_numbered(questionnaire, audience))
    sections = []
    for place, section in enumerate(questionnaire.sections_for(audience), start=1):
        questions = tuple(
            _question(
                item, numbers, questionnaire, audience, language, big,
                given(item.name), (problems or {}).get(item.name, ""),
            )
            for item in section.items
        )  # fmt: skip
        sections.append(PresentedSection(text_in(section.title, language), place, questions))
    return tuple(sections)


def minutes_needed(questionnaire: Questionnaire, audience: str) -> int:
    seconds = sum(
        SECONDS_OF_TYPE.get(item.type, SECONDS_OF_OTHER_TYPES) for item in questionnaire.items_for(audience)
    )
    return max(1, round(seconds / 60))


def problem_texts(questionnaire: Questionnaire, sheet: AnswerSheet, language: str) -> dict[str, str]:
    """What must still be mended, in one sentence per item. A text that is too long is the writer's to cut."""
    return {name: problem.text(language) for name, problem in sheet.problems} | {
        name: _("This text is too long: please keep it to %(limit)s characters.")
        % {"limit": questionnaire.item(name).max_length}
        for name in sheet.shortened
    }


def _numbered(questionnaire: Questionnaire, audience: str) -> Iterator[tuple[str, str]]:
    main = below = 0
    for item in questionnaire.items_for(audience):
        if _open_condition(item, audience) is not None and main:
            below += 1
            yield item.name, f"{main}.{below}"
        else:
            main, below = main + 1, 0
            yield item.name, str(main)


def _question(
    item: Item, numbers: Mapping[str, str], questionnaire: Questionnaire, audience: str, language: str,
    big: bool, raw: Sequence[str], problem: str,
) -> PresentedQuestion:  # fmt: skip
    shown = QUESTION_TYPES[item.type].present(item, language, raw, number=numbers[item.name])
    condition = _open_condition(item, audience)
    return PresentedQuestion(
        item=replace(shown, problem=problem),
        hint=_hint(condition, numbers, questionnaire, language) if condition else "",
        when=_when(condition, questionnaire) if condition else "",
        in_a_row=not big and _fits_a_row(shown),
    )


def _fits_a_row(shown: PresentedItem) -> bool:
    return (
        shown.type == "scale"
        and len(shown.options) <= MOST_IN_A_ROW
        and all(
            len(option.text) <= LONGEST_IN_A_ROW and not option.text.isascii() for option in shown.options
        )
    )


def _open_condition(item: Item, audience: str) -> Condition | None:
    """The part of an item's condition that this audience's answers decide; None if it is always asked."""
    if item.when is None or item.when.for_audience(audience) is not None:
        return None
    return _undecided(item.when, audience)


def _undecided(condition: Condition, audience: str) -> Condition:
    if condition.item:
        return condition
    parts = [
        _undecided(part, audience)
        for part in condition.all_of or condition.any_of
        if part.for_audience(audience) is None
    ]
    if len(parts) == 1:
        return parts[0]
    return Condition(all_of=tuple(parts)) if condition.all_of else Condition(any_of=tuple(parts))


def _hint(
    condition: Condition, numbers: Mapping[str, str], questionnaire: Questionnaire, language: str
) -> str:
    return _("Only if %(condition)s.") % {"condition": _in_words(condition, numbers, questionnaire, language)}


def _in_words(
    condition: Condition, numbers: Mapping[str, str], questionnaire: Questionnaire, language: str
) -> str:
    if condition.item:
        texts = {
            option.code: text_in(option.text, language)
            for option in questionnaire.item(condition.item).options
        }
        options = _(" or ").join(_("“%(option)s”") % {"option": texts[code]} for code in condition.codes)
        return _("you chose %(options)s in question %(number)s") % {
            "options": options,
            "number": numbers[condition.item],
        }
    between = _(" and ") if condition.all_of else _(" or ")
    parts = condition.all_of or condition.any_of
    return between.join(_in_words(part, numbers, questionnaire, language) for part in parts)


def _when(condition: Condition, questionnaire: Questionnaire) -> str:
    """The condition for the script; empty if the script cannot tell (a typed number's band), so that the
    question stays in sight with its hint."""
    if any(not _is_ticked(questionnaire.item(name)) for name in _items_of(condition)):
        return ""
    return json.dumps(_data(condition), separators=(",", ":"))


def _is_ticked(item: Item) -> bool:
    return bool(item.options) and not item.bands


def _items_of(condition: Condition) -> Iterator[str]:
    if condition.item:
        yield condition.item
    for part in (*condition.all_of, *condition.any_of):
        yield from _items_of(part)


def _data(condition: Condition) -> list | dict:
    if condition.item:
        return [condition.item, list(condition.codes)]
    key = "all" if condition.all_of else "any"
    return {key: [_data(part) for part in condition.all_of or condition.any_of]}
