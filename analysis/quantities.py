"""Numbers as people write them in tables: exact fractions, or unknown; never a guess. No Django.

Full-width digits, thousands separators, a unit behind the number, 万 and % are understood.
"""

from __future__ import annotations

import re
import unicodedata
from fractions import Fraction

from analysis.file_errors import SpokenError

# What stands in a cell whose figure nobody knows. It is unknown, not zero.
UNKNOWN = frozenset(
    (
        "",
        "nan",
        "na",
        "n/a",
        "null",
        "none",
        "-",
        "--",
        "—",
        "——",
        "–",
        "/",
        "\\",
        "?",
        "未知",
        "不详",
        "待定",
    )
)
NOTHING = frozenset(("无", "没有", "零", "○", "〇"))
LARGEST = 10**13

_NUMBER = re.compile(r"\d{1,15}(\.\d{1,15})?(e[+-]?\d{1,2})?|\.\d{1,15}")
_GROUPED = re.compile(r"\d{1,3}(,\d{3})+(\.\d+)?")
_UNIT = re.compile(r"(?<=[\d万%])(人|名|个|间|台|册|班|个班|㎡|m2|m²|平方米|平米|元|年)$")


class NotANumber(SpokenError):
    """A text that is no number ≥ 0; the sentence says what was found and what is allowed."""


def read_number(text: str) -> Fraction | None:
    """The number a cell holds, exactly as written; None if it says that nobody knows.

    "3,900,000", "390万元", "５００人", "97.3%" (0.973), "485/500", "8:1" (8).

    >>> read_number("390万元"), read_number("97.3%"), read_number("—")
    (Fraction(3900000, 1), Fraction(973, 1000), None)
    """
    if text.isascii() and text.isdecimal() and len(text) < 13:
        return Fraction(int(text))
    plain = "".join(unicodedata.normalize("NFKC", text).lower().split())
    if plain in UNKNOWN:
        return None
    if plain in NOTHING:
        return Fraction(0)
    bare = _UNIT.sub("", plain)
    parts = re.split(r"[/:]", bare)
    if len(parts) == 2:
        above, below = (_one(part, text) for part in parts)
        if below == 0:
            raise NotANumber(
                "填写了“{found}”，除数不能为0。", "found '{found}'; nothing can be divided by 0", found=text
            )
        return above / below
    return _one(bare, text)


def has_percent_sign(text: str) -> bool:
    return "%" in unicodedata.normalize("NFKC", text)


def _one(bare: str, text: str) -> Fraction:
    times = Fraction(1)
    for sign, factor in (("%", Fraction(1, 100)), ("万", Fraction(10_000)), ("亿", Fraction(10**8))):
        if bare.endswith(sign):
            bare, times = bare.removesuffix(sign), times * factor
    if _GROUPED.fullmatch(bare):
        bare = bare.replace(",", "")
    if not _NUMBER.fullmatch(bare):
        raise NotANumber(
            "填写了“{found}”，应为不小于0的数；不清楚时请留空。",
            "found '{found}'; expected a number of 0 or more, blank if it is not known",
            found=text,
        )
    number = Fraction(bare) * times
    if number >= LARGEST:
        raise NotANumber(
            "填写了“{found}”，应小于{most}。",
            "found '{found}'; allowed: below {most}",
            found=text,
            most=f"{LARGEST:,}",
        )
    return number
