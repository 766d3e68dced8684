"""What people write in a roster's cells: names, codes, stages, urban–rural classes, numbers.

Each function returns the value or raises NotUsable with what is allowed. Full-width digits and letters,
blanks in the middle of a Chinese name and units behind a number are forgiven; nothing is guessed.
"""

from __future__ import annotations

import re
import unicodedata

from django.utils.translation import gettext as _

from surveys.models import Location, Stage
from surveys.roster.cells import Cell, Odd

LONGEST_NAME = 100
LONGEST_CODE = 20

STAGE_WORDS: dict[str, tuple[str, ...]] = {
    Stage.PRIMARY: ("小学", "完全小学", "完小", "中心小学", "中心完小", "村小", "村完小", "初小", "普通小学"),
    Stage.JUNIOR: ("初中", "初级中学", "普通初中", "普通初级中学", "初中学校"),
    Stage.NINE_YEAR: (
        "九年一贯制", "九年一贯制学校", "九年制", "九年制学校", "9年一贯制", "9年一贯制学校", "9年制学校",
    ),
    Stage.COMPLETE: ("完全中学", "完中", "完全中学(初中部)"),
    Stage.TWELVE_YEAR: (
        "十二年一贯制", "十二年一贯制学校", "十二年制", "十二年制学校", "12年一贯制", "12年一贯制学校",
        "12年制学校",
    ),
    Stage.TEACHING_POINT: ("教学点", "小学教学点", "初小教学点", "村教学点"),
    Stage.SPECIAL: ("特殊教育", "特殊教育学校", "特教", "特教学校", "特校"),
}  # fmt: skip
# The seven classes of the national statistics' urban–rural code stand beside the three they belong to.
LOCATION_WORDS: dict[str, tuple[str, ...]] = {
    Location.URBAN: ("城区", "主城区", "城乡结合区", "城市", "市区", "111", "112"),
    Location.TOWN: ("镇区", "镇中心区", "镇乡结合区", "特殊区域", "镇", "县镇", "121", "122", "123"),
    Location.RURAL: ("乡村", "乡中心区", "村庄", "农村", "210", "220"),
}
PUBLIC_WORDS: dict[bool, tuple[str, ...]] = {
    True: ("公办", "公立", "公办学校", "公"),
    False: ("民办", "私立", "民办学校", "民"),
}
ZERO_WORDS = frozenset(("-", "--", "—", "——", "–", "―", "/", "\\", "无", "没有", "零", "○", "〇"))

_BLANKS = re.compile(r"[\s\u200b-\u200d\u2060\ufeff]+")
_WIDE = {0xFF01 + offset: 0x21 + offset for offset in range(94) if chr(0x21 + offset).isalnum()}
_CHINESE = r"[\u3400-\u9fff（）·、《》“”]"
_BESIDE_CHINESE = re.compile(rf"(?<={_CHINESE}) +| +(?={_CHINESE})")
_GROUPED = re.compile(r"\d{1,3}(,\d{3})+")
_WHOLE = re.compile(r"\d+(\.0+)?")
_UNIT = re.compile(r"(?<=\d)(人|名|个|位|班|个班|户)$")
_ROUNDED = re.compile(r"\d(\.\d+e\+?|e\+)\d+", re.IGNORECASE)  # 2.136E+09
_CODE = re.compile(r"[0-9A-Za-z][0-9A-Za-z_-]*")


class NotUsable(ValueError):
    """A cell that cannot be taken; the sentence says what is allowed."""


def plain(cell: Cell) -> str:
    """The text for comparing words: half-width, without any blank."""
    return _BLANKS.sub("", unicodedata.normalize("NFKC", str(cell)))


def name(cell: Cell) -> str:
    """A name as it is printed: 云川县　第 一小学(东校区) becomes 云川县第一小学（东校区）."""
    text = _BLANKS.sub(" ", _written(cell).translate(_WIDE)).strip()
    if any("\u3400" <= letter <= "\u9fff" for letter in text):
        text = _BESIDE_CHINESE.sub("", text.translate({ord("("): "（", ord(")"): "）"}))
    if len(text) > LONGEST_NAME:
        raise NotUsable(_("Allowed: at most %(most)d characters.") % {"most": LONGEST_NAME})
    return text


def code(cell: Cell) -> str:
    """A school code: digits, letters, - and _; kept as it is, leading zeros and all."""
    text = plain(_written(cell))
    if _ROUNDED.fullmatch(text):
        raise NotUsable(_("The spreadsheet program rounded this code. Enter it again as text."))
    if len(text) > LONGEST_CODE or not _CODE.fullmatch(text):
        raise NotUsable(
            _("Allowed: digits, letters, - and _, at most %(most)d characters.") % {"most": LONGEST_CODE}
        )
    return text


def stage(cell: Cell) -> str:
    return _one_of(cell, STAGE_WORDS)


def location(cell: Cell) -> str:
    return _one_of(cell, LOCATION_WORDS)


def is_public(cell: Cell) -> bool:
    return _one_of(cell, PUBLIC_WORDS)


def whole_number(cell: Cell, *, most: int, blank_is_zero: bool = False) -> int:
    """A count of people or classes, 0 to `most`. “－” and “无” are nought; a blank only if it is said so."""
    if blank_is_zero and not cell:
        return 0
    text = plain(_written(cell))
    if text in ZERO_WORDS:
        return 0
    text = _UNIT.sub("", text)
    if _GROUPED.fullmatch(text):
        text = text.replace(",", "")
    allowed = _("Allowed: a whole number from 0 to %(most)s.") % {"most": f"{most:,}"}
    if not _WHOLE.fullmatch(text) or len(text) > 15:
        raise NotUsable(allowed)
    number = int(float(text))
    if number > most:
        raise NotUsable(allowed)
    return number


def first_words(words: dict) -> dict:
    """The word a clerk is told to write, per value: {"primary": "小学", …}."""
    return {value: spellings[0] for value, spellings in words.items()}


def _written(cell: Cell) -> str:
    """The cell's text; refuses blanks and what is no text or number."""
    if isinstance(cell, Odd):
        raise NotUsable(
            {
                "date": _("The spreadsheet program made a date of this entry. Enter it again as text."),
                "error": _("This formula gives an error. Mend it, or enter the value itself."),
                "formula": _("This formula has no result yet. Open the file in Excel or WPS and save it."),
            }[cell.kind]
        )
    if not cell.strip():
        raise NotUsable(_("This cell must not be blank."))
    return cell


def _one_of(cell: Cell, words: dict):
    text = plain(_written(cell))
    for value, spellings in words.items():
        if text in spellings:
            return value
    raise NotUsable(_("Allowed: %(words)s.") % {"words": "、".join(first_words(words).values())})
