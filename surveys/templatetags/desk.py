"""How the desk prints numbers, audiences and table headers."""

from __future__ import annotations

from decimal import Decimal

from django import template
from django.utils.formats import date_format
from django.utils.translation import get_language

from surveys.audiences import AUDIENCES
from surveys.models import Wave
from surveys.roster.wording import grade_name
from surveys.target_file import band_name
from surveys.views.lists import Sort

register = template.Library()


@register.filter
def number(value: int | None) -> str:
    """A whole number as it is printed here: 12,006 in both languages; a dash where there is none."""
    return "—" if value is None else f"{value:,}"


@register.filter
def percent(share: Decimal | None) -> str:
    """A planned share (0–1) as percent, at most two decimals and none that say nothing: 8.33%, 50%."""
    return "—" if share is None else f"{share * 100:.2f}".rstrip("0").rstrip(".") + "%"


@register.filter
def audience(code: str) -> str:
    """An audience's name in the reader's language; its code if the name is no longer known."""
    known = AUDIENCES.get(code)
    return known.name(get_language()) if known else code


@register.filter
def days(wave: Wave) -> str:
    """A wave's first and last day without saying a year or month twice: 2026年11月21日至25日."""
    first, last = wave.starts_on, wave.ends_on
    if get_language() == "zh-hans":
        end = "Y年n月j日" if first.year != last.year else "n月j日" if first.month != last.month else "j日"
        start, joint = "Y年n月j日", "至"
    else:
        start = "j N Y" if first.year != last.year else "j N" if first.month != last.month else "j"
        end, joint = "j N Y", " – " if first.month != last.month or first.year != last.year else "–"
    if first == last:
        return date_format(last, "Y年n月j日" if joint == "至" else end)
    return date_format(first, start) + joint + date_format(last, end)


@register.filter
def grade(number: int | str) -> str:
    """{{ grade|grade }}: 七年级, Grade 7."""
    return grade_name(number)


@register.filter
def band(code: str) -> str:
    """{{ "g1_3"|band }}: 1–3年级, Grades 1–3."""
    return band_name(code)


@register.filter
def spaced(code: str) -> str:
    """A code in groups of five, for reading aloud: B2K7N 9QWXY."""
    return " ".join(code[start : start + 5] for start in range(0, len(code), 5))


@register.inclusion_tag("desk/parts/sort.html", takes_context=True)
def sort_header(context: dict, key: str, label: str, numeric: bool = False) -> dict:
    """A table header that sorts by a plain link; the page's context holds the chosen `sort`."""
    sort: Sort = context["sort"]
    chosen = sort.key == key
    return {
        "request": context["request"],
        "label": label,
        "numeric": numeric,
        "direction": ("descending" if sort.descending else "ascending") if chosen else "",
        "next": key if chosen and sort.descending else (f"-{key}" if chosen or numeric else key),
    }
