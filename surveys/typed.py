"""What people type on a phone, made into a number or a text that can be stored."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from decimal import Decimal

LONGEST_NUMBER = 40  # characters; nobody's class size is longer

# Control characters, lone surrogates (no database stores them), and the marks that turn the direction of all
# text after them. Joiners stay: emoji are made of them.
_UNPRINTABLE = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
)
_NEWLINES = re.compile("\r\n|[\r\x85\u2028\u2029]")
_ABOUT = re.compile(r"^(大约|大概|约|about|approximately|~|≈)|(左右|上下)$")
_NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?")
_DECIMAL_POINTS = str.maketrans("。｡点·", "....")
# Only the full-width forms: a general normalisation would read 5² as 52.
_FULL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: 0x20}


def clean_text(text: str) -> str:
    """The text without what no screen or database can hold; newlines as \\n, no blanks around it."""
    return _UNPRINTABLE.sub("", _NEWLINES.sub("\n", text)).strip()


def number_reader(unit_words: Iterable[str]) -> Callable[[str], Decimal | None]:
    """A function that gives the number a person meant, or None if it is not one number.

    Full-width digits, a Chinese decimal point, "约" and the given unit words are fine. Another unit is not a
    number: 90 minutes are not 90 hours.
    """
    longest_first = sorted({_narrow(word) for word in unit_words if word.strip()}, key=len, reverse=True)
    unit = re.compile(f"({'|'.join(re.escape(word) for word in longest_first) or '(?!)'})$")

    def read(text: str) -> Decimal | None:
        if len(text) > LONGEST_NUMBER:
            return None
        if not (text.isascii() and text.isdigit()):  # nearly everybody types plain digits
            text = _narrow(text)
            text = _ABOUT.sub("", text).strip()  # "约1.5小时左右"
            text = unit.sub("", text).strip().translate(_DECIMAL_POINTS)
            if not _NUMBER.fullmatch(text):
                return None
        return Decimal(text)

    return read


def plain(number: Decimal) -> str:
    """2500 and 1.5, never 2.5E+3."""
    text = format(number, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _narrow(text: str) -> str:
    return text.translate(_FULL_WIDTH).strip().casefold()
