"""What is drawn from (classes by the roster, numbered slips, an uploaded list), and the result kept."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import xlsxwriter
from django.db import transaction
from django.utils.translation import gettext as _

from surveys.draws import DrawRefused, draw, draw_number, new_seed, numbered
from surveys.models import Draw, School, Wave, WaveEvent
from surveys.roster.cells import Sheet
from surveys.roster.wording import grade_name
from surveys.targets import share_out

MOST_UNITS = 300_000
LARGEST_NUMBER = 1_000_000
_OPTIONS = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
_GROUP_HEADINGS = ("组", "学校或乡镇", "学校", "乡镇", "村", "group", "school", "township")
_UNIT_HEADINGS = ("名单", "单位", "班级", "户号", "姓名", "编号", "unit", "class", "household")


class DrawListError(Exception):
    """A list that cannot be drawn from; the sentence says what is missing."""


def class_frame(wave: Wave, *, audience_grades: tuple[int, int] = (1, 9)) -> dict[str, list[str]]:
    """School (name and code) → its classes by the roster: 三年级1班, 三年级2班, …

    The roster counts a school's classes as a whole; they are shared out over its grades by pupils, at least
    one for a grade that has any. Where the true classes differ, upload a list instead.
    """
    first, last = audience_grades
    frame: dict[str, list[str]] = {}
    for school in School.objects.filter(county=wave.county, is_active=True).order_by("code"):
        grades = {int(grade): pupils for grade, pupils in school.pupils_by_grade.items() if pupils}
        classes = _classes_by_grade(school.classes, grades)
        units = [
            _("%(grade)s class %(number)s") % {"grade": grade_name(grade), "number": number}
            for grade, count in sorted(classes.items())
            if first <= grade <= last
            for number in range(1, count + 1)
        ]
        if units:
            frame[f"{school.name} {school.code}"] = units
    return frame


def number_frame(totals: Mapping[str, int]) -> dict[str, list[str]]:
    """Township → numbers 1 … total, for households or slips that are numbered on paper."""
    return {group: numbered(1, total) for group, total in totals.items() if total > 0}


def list_frame(sheet: Sheet) -> dict[str, list[str]]:
    """An uploaded list: group in one column, unit in another, found by their headings."""
    rows = list(sheet)
    headings = [str(cell).strip().casefold() for cell in rows[0].cells] if rows else []
    group = next((headings.index(word) for word in _GROUP_HEADINGS if word in headings), None)
    unit = next((headings.index(word) for word in _UNIT_HEADINGS if word in headings), None)
    if group is None or unit is None:
        raise DrawListError(
            _("The first row needs two headings: 学校或乡镇 (the group) and 名单 (what is drawn).")
        )
    frame: dict[str, list[str]] = {}
    for row in rows[1:]:
        name, one = str(row.cell(group)).strip(), str(row.cell(unit)).strip()
        if not name and not one:
            continue
        if not name or not one:
            raise DrawListError(_("Row %(row)s lacks its group or its entry.") % {"row": row.number})
        if one in frame.setdefault(name[:120], []):
            raise DrawListError(
                _("Row %(row)s: “%(entry)s” stands twice in “%(group)s”.")
                % {"row": row.number, "entry": one, "group": name}
            )
        frame[name[:120]].append(one[:120])
    if not frame:
        raise DrawListError(_("The list has no entries below its headings."))
    return frame


def keep_draw(
    wave: Wave, *, kind: str, title: str, frame: Mapping[str, Sequence[str]], wanted: Mapping[str, int],
    seed: str, started_from: dict, by: Any, now: datetime,
) -> Draw:  # fmt: skip
    """Draws and keeps everything that is needed to draw again. DrawListError if it cannot be done."""
    if sum(map(len, frame.values())) > MOST_UNITS:
        raise DrawListError(
            _("More than %(most)s entries; draw in several parts.") % {"most": f"{MOST_UNITS:,}"}
        )
    seed = seed.strip() or new_seed()
    try:
        drawn = draw(frame, wanted=wanted, seed=seed)
    except DrawRefused as refused:
        raise DrawListError(
            _("“%(group)s” has %(there_are)s entries; %(wanted)s cannot be drawn.")
            % {"group": refused.group, "there_are": refused.there_are, "wanted": refused.wanted}
        ) from refused
    if not drawn:
        raise DrawListError(_("Nothing is to be drawn: say how many."))
    with transaction.atomic():
        kept = Draw.objects.create(
            wave=wave, kind=kind, title=title, seed=seed, started_from=started_from, frame=dict(frame),
            wanted=dict(wanted), drawn=drawn, by=by, at=now,
        )  # fmt: skip
        detail = {
            "draw": kept.pk,
            "title": title,
            "seed": seed,
            "units": kept.units,
            "drawn": kept.drawn_units,
        }
        WaveEvent.objects.create(wave=wave, action="drawn", by=by, at=now, detail=detail)
    return kept


def draws_alike(kept: Draw) -> bool:
    """Whether drawing again from the kept list with the kept seed gives the kept result."""
    try:
        return draw(kept.frame, wanted=kept.wanted, seed=kept.seed) == kept.drawn
    except DrawRefused:
        return False


def draw_xlsx(kept: Draw) -> bytes:
    """The list drawn, the whole list with every unit's number, and how to check it."""
    stream = io.BytesIO()
    with xlsxwriter.Workbook(stream, _OPTIONS) as book:
        bold = book.add_format({"bold": True, "bg_color": "#DCE9EF"})
        chosen = {(group, unit) for group, units in kept.drawn.items() for unit in units}
        first = book.add_worksheet(_("Drawn")[:31])
        _table(first, (_("Group"), _("No."), _("Drawn")), (36, 8, 36), bold,
               ((group, str(place), unit) for group, units in kept.drawn.items()
                for place, unit in enumerate(units, start=1)))  # fmt: skip
        every = book.add_worksheet(_("All entries")[:31])
        _table(every, (_("Group"), _("Entry"), _("Number in the draw"), _("Drawn")), (36, 36, 70, 8), bold,
               ((group, unit, draw_number(kept.seed, group, unit), "✓" if (group, unit) in chosen else "")
                for group, units in kept.frame.items() for unit in units))  # fmt: skip
        how = book.add_worksheet(_("How to check")[:31])
        how.set_column(0, 0, 20)
        how.set_column(1, 1, 90)
        facts = (
            (_("Title"), kept.title),
            (_("Survey wave"), kept.wave.name),
            (_("Seed"), kept.seed),
            (
                _("Rule"),
                _("Number = SHA-256 of “seed|group|entry”, UTF-8; a group's smallest ones are drawn."),
            ),
        )
        for row, (label, text) in enumerate(facts):
            how.write_string(row, 0, label, bold)
            how.write_string(row, 1, text)
    return stream.getvalue()


def _classes_by_grade(classes: int, pupils: Mapping[int, int]) -> dict[int, int]:
    grades = sorted(pupils)
    if not grades or not classes:
        return {}
    spare = max(0, classes - len(grades))
    more = share_out(spare, [pupils[grade] for grade in grades])
    return {grade: 1 + extra for grade, extra in zip(grades, more, strict=True)}


def _table(sheet, headings: Sequence[str], widths: Sequence[int], bold, rows) -> None:
    for column, (heading, width) in enumerate(zip(headings, widths, strict=True)):
        sheet.set_column(column, column, width)
        sheet.write_string(0, column, heading, bold)
    for number, row in enumerate(rows, start=1):
        for column, value in enumerate(row):
            sheet.write_string(number, column, value)
    sheet.freeze_panes(1, 0)
