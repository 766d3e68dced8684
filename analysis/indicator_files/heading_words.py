"""Words in headings: units in brackets or behind, stages, decoration, and how two headings are compared."""

from __future__ import annotations

import re
from collections.abc import Mapping
from fractions import Fraction

from analysis.columns import words

Times = int | Fraction
MU = Fraction(10_000, 15)  # square metres of one 亩
# Unit → what a figure is multiplied by, to be in the column's own unit (人, ㎡, 元, …).
UNITS: Mapping[str, Times] = dict.fromkeys(
    ("人", "名", "位", "个", "间", "台", "册", "班", "个班", "元", "m2", "平方米", "平米", "%", "所"), 1
) | {
    "百元": 100, "千元": 1_000, "万元": 10_000, "万": 10_000, "亿元": 10**8, "万册": 10_000, "千册": 1_000,
    "万平方米": 10_000, "万m2": 10_000, "万人": 10_000, "亩": MU, "公顷": 10_000,
}  # fmt: skip

_BRACKETS = re.compile(r"[(\[]([^()\[\]]*)[)\]]")
_UNIT_BEHIND = re.compile(r"[/,:](?:单位:?)?([^/,:]+)$")
_DECORATION = re.compile(r"^[*★☆△▲#\d.、()①-⑳]+|^其中[:、]?|[*★☆]+$")
_PUNCTUATION = re.compile(r"[\s、,，.。·/\\:：;；()（）\[\]“”\"'的和及与]")
_COUNT_WORD = re.compile(r"(人数|总数|数量|数|情况)$")


def without_unit(text: str) -> tuple[str, Times]:
    """A heading in its plain form without its unit, and the unit's factor: 设备值(万元) → 设备值, 10000."""
    if text in UNITS:
        return "", UNITS[text]
    times: Times = 1
    for inside in _BRACKETS.findall(text):
        unit = inside.removeprefix("单位").lstrip(":")
        if unit in UNITS:
            times = max(times, UNITS[unit])
            text = text.replace(f"({inside})", "").replace(f"[{inside}]", "")
    behind = _UNIT_BEHIND.search(text)
    if behind and behind[1] in UNITS:
        times, text = max(times, UNITS[behind[1]]), text[: behind.start()]
    return _DECORATION.sub("", text), times


def without_stage(text: str) -> tuple[str, str]:
    """小学学生数 and 学生数(小学) → 学生数, primary."""
    for inside in _BRACKETS.findall(text):
        if inside in words("stage"):
            return text.replace(f"({inside})", ""), words("stage")[inside]
    for word, stage in sorted(words("stage").items(), key=lambda pair: -len(pair[0])):
        if len(word) > 1 and not word.isascii() and text.startswith(word) and len(text) > len(word) + 1:
            return text.removeprefix(word), stage
    return text, ""


def bare(text: str) -> str:
    """For comparing headings: no punctuation, no 数 behind."""
    plain_text = _PUNCTUATION.sub("", text)
    return _COUNT_WORD.sub("", plain_text) or plain_text
