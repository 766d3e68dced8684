"""Changes of a roster in the reader's words: which entry, what it was, what it becomes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.utils.translation import get_language
from django.utils.translation import gettext as _

from surveys.models import Location, Stage
from surveys.roster.headings import GRADE_HEADINGS


@dataclass(frozen=True)
class ChangeLine:
    """One entry, old → new. Of the pupils, one line for every grade that differs."""

    label: str
    old: str
    new: str


def change_lines(changes: Iterable[tuple[str, Any, Any]]) -> Iterator[ChangeLine]:
    """The lines of (field, old, new) as `changes` and the import's trace keep them."""
    for field, old, new in changes:
        if field == "pupils_by_grade":
            for grade in sorted({*old, *new}, key=int):
                if old.get(grade, 0) != new.get(grade, 0):
                    yield ChangeLine(
                        grade_name(grade), _number(old.get(grade, 0)), _number(new.get(grade, 0))
                    )
        else:
            yield ChangeLine(_labels()[field], _value(field, old), _value(field, new))


def grade_name(grade: int | str) -> str:
    """A school year, 1–12, as it is said: 七年级, 高一; Grade 7, Grade 10."""
    if get_language() == "zh-hans":
        return GRADE_HEADINGS[int(grade)]
    return _("Grade %(grade)s") % {"grade": grade}


def location_name(location: str) -> str:
    return str(Location(location).label)


def _labels() -> dict[str, str]:
    return {
        "name": _("School"),
        "township": _("Township"),
        "stage": _("Kind of school"),
        "location": _("Location"),
        "is_public": _("Run by"),
        "classes": _("Classes"),
        "teachers": _("Teachers"),
        "is_active": _("On the roster"),
    }


def _value(field: str, value: Any) -> str:
    if field == "stage":
        return str(Stage(value).label)
    if field == "location":
        return location_name(value)
    if field == "is_public":
        return _("public") if value else _("private")
    if field == "is_active":
        return _("yes") if value else _("no")
    return _number(value) if isinstance(value, int) else str(value)


def _number(value: int) -> str:
    return f"{value:,}"
