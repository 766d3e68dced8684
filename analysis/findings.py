"""What a judgement says: a verdict, the figure and limit behind it, and one sentence in two languages.

Nothing here rounds a figure that is compared; `shown` prints one, with as many digits as the reader needs
to see on which side of the limit it lies. No Django: the sentences stand in Chinese and English side by side.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Literal

Word = Literal["met", "not_met", "undetermined", "not_computable"]
WORDS: tuple[Word, ...] = ("not_met", "not_computable", "undetermined", "met")  # the heaviest first
Texts = Mapping[str, str]
Number = Fraction | float
CHINESE, ENGLISH = "zh-hans", "en"
LANGUAGES = (CHINESE, ENGLISH)

NO_UNIT: Texts = {CHINESE: "", ENGLISH: ""}
SHARE: Texts = {CHINESE: "%", ENGLISH: "%"}  # a share 0–1, printed in per cent
MOST_NAMED = 5  # schools named in a sentence; all of them are in `parts`


def all_of(words: Iterable[Word]) -> Word:
    """The verdict over parts that must all be met. One that is missed decides, whatever is unknown.

    >>> all_of(["met", "not_computable", "not_met"])
    'not_met'
    """
    found = set(words)
    return next((word for word in WORDS if word in found), "met")


@dataclass(frozen=True, slots=True)
class Quantity:
    """A figure with its unit as a sentence prints it; `limit` is what it is held against."""

    number: Number
    unit: Texts = field(default_factory=lambda: NO_UNIT)
    limit: Number | None = None


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence in both languages: {names} stand for values, which are put in when it is read."""

    zh: str
    en: str
    values: Mapping[str, Any] = field(default_factory=dict)

    def text(self, language: str) -> str:
        template = self.zh if language == CHINESE else self.en
        return template.format_map({name: said(value, language) for name, value in self.values.items()})


@dataclass(frozen=True, slots=True)
class Finding:
    """What came out for one thing judged.

    subject: key of the criterion, indicator or item; value and limit: unrounded, in `unit` (shares 0–1),
    None where there is none; missing: columns, items and settings (`setting:NAME`) that are lacking;
    parts: the findings it is made of; counts: False for what is shown and not judged (a reference).
    """

    subject: str
    verdict: Word
    sentence: Sentence
    value: Number | None = None
    limit: Number | None = None
    unit: Texts = field(default_factory=lambda: NO_UNIT)
    school: str = ""
    stage: str = ""
    missing: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()
    parts: tuple[Finding, ...] = ()
    counts: bool = True
    details: Mapping[str, Any] = field(default_factory=dict)


def not_computable(
    subject: str, missing: Iterable[str], *, because: Sentence | None = None, **known: Any
) -> Finding:
    """A finding that could not be reached because something is lacking, each thing named once."""
    names = tuple(dict.fromkeys(missing))
    sentence = because or Sentence(
        "无法计算，缺少：{names}。", "Not computable for want of: {names}.", {"names": names}
    )
    return Finding(subject, "not_computable", sentence, missing=names, **known)


def missing_in(findings: Iterable[Finding]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for finding in findings for name in finding.missing))


def said(value: Any, language: str) -> str:
    """A value inside a sentence: texts in the language, figures with their unit, lists with their commas."""
    if isinstance(value, str):
        return value
    if isinstance(value, Quantity):
        return _quantity(value, language)
    if isinstance(value, Mapping):
        return str(value[language])
    if isinstance(value, bool | int):
        return str(value)
    if isinstance(value, Fraction | float):
        return shown(value)
    if isinstance(value, Sequence):
        return _listed(value, language)
    return str(value)


def shown(number: Number, *, limit: Number | None = None) -> str:
    """A figure in up to four significant decimals, more if it would look equal to a limit it is not.

    >>> shown(0.501787), shown(0.499999, limit=Fraction(1, 2)), shown(Fraction(1700))
    ('0.5018', '0.499999', '1700')
    """
    if not math.isfinite(number):
        return str(number)
    for digits in range(4, 13):
        text = _plain(number, digits)
        if limit is None or number == limit or text != _plain(limit, digits):
            break
    return text


def _plain(number: Number, digits: int) -> str:
    whole = len(str(abs(int(number))).lstrip("0"))
    text = f"{float(number):.{max(0, digits - whole)}f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text in ("-0", "") else text


def _quantity(quantity: Quantity, language: str) -> str:
    times = 100 if quantity.unit is SHARE or quantity.unit.get(language) == "%" else 1
    limit = None if quantity.limit is None else quantity.limit * times
    number = shown(quantity.number * times, limit=limit)
    unit = quantity.unit[language]
    gap = "" if language == CHINESE or unit in ("", "%", "㎡") else " "
    return f"{number}{gap}{unit}"


def _listed(values: Sequence[Any], language: str) -> str:
    texts = [said(value, language) for value in values[:MOST_NAMED]]
    comma = "、" if language == CHINESE else ", "
    more = len(values) - MOST_NAMED
    tail = "" if more <= 0 else f"等{len(values)}个" if language == CHINESE else f" and {more} more"
    return comma.join(texts) + tail
