"""The fieldwork page as .xlsx: schools, townships, days, and how the figures are defined."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence

import xlsxwriter
from django.utils.translation import gettext as _

from analysis.results import audience_name
from surveys.fieldwork import Fieldwork, SchoolStand, Stand
from surveys.models import Wave

_OPTIONS = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}


def fieldwork_xlsx(
    wave: Wave, found: Fieldwork, schools: Sequence[SchoolStand], *, signals: Mapping[str, str],
    definitions: Sequence[str],
) -> bytes:  # fmt: skip
    """`schools`: the rows of the page's search, in its order; `signals`: school code → kinds in words."""
    stream = io.BytesIO()
    with xlsxwriter.Workbook(stream, _OPTIONS) as book:
        bold = book.add_format({"bold": True, "bg_color": "#DCE9EF", "border": 1, "text_wrap": True})
        part = book.add_format({"num_format": "0.0%"})
        rows = [[_("School code"), _("School"), _("Township"), *_headings(), _("Printed or shown"),
                 _("Signals of answer quality"),
                 *(f"{audience_name(one)} {word}" for one in found.school_audiences
                   for word in (_("valid replies"), _("target")))]]  # fmt: skip
        for one in schools:
            cells = [one.audiences.get(audience) for audience in found.school_audiences]
            rows.append(
                [one.school.code, one.school.name, one.school.township.name, *_figures(one.total),
                 _("yes") if one.is_out else _("no"), signals.get(one.school.code, ""),
                 *(value for cell in cells for value in ((cell.replies, cell.target) if cell else ("", "")))]
            )  # fmt: skip
        _sheet(book, _("By school"), rows, bold, part)
        rows = [[_("Township"), _("Schools"), _("Below target"), *_headings()]]
        rows += [[one.name, one.schools, one.behind, *_figures(one.total)] for one in found.townships]
        _sheet(book, _("By township"), rows, bold, part)
        rows = [[_("Audience"), *_headings()]]
        rows += [[audience_name(one), *_figures(stand)] for one, stand in found.audiences.items()]
        rows.append([_("Sum"), *_figures(found.total)])
        _sheet(book, _("By audience"), rows, bold, part)
        rows = [[_("Day"), _("Replies received")]]
        rows += [[day.isoformat(), count] for day, count in found.by_day]
        _sheet(book, _("By day"), rows, bold, part)
        _sheet(book, _("How it is counted"), [[wave.name], *([one] for one in definitions)], bold, part)
    return stream.getvalue()


def _headings() -> list[str]:
    return [
        _("Valid replies"), _("Target"), _("Voided"), _("Handed out"), _("Valid-return rate"),
        _("Forecast at closing"), _("Forecast shortfall"),
    ]  # fmt: skip


def _figures(stand: Stand) -> list[int | float | str]:
    rate: float | str = "" if stand.rate is None else stand.rate
    return [
        stand.replies, stand.target, stand.voided, stand.handed_out, rate, stand.forecast,
        stand.shortfall,
    ]  # fmt: skip


def _sheet(book, name: str, rows: Sequence[Sequence[int | float | str]], bold, part) -> None:
    sheet = book.add_worksheet(name[:31])
    widths: dict[int, int] = {}
    for number, row in enumerate(rows):
        for column, value in enumerate(row):
            widths[column] = min(60, max(widths.get(column, 8), 2 * len(str(value)) if number else 0))
            if number == 0:
                sheet.write_string(0, column, str(value), bold)
            elif isinstance(value, str):
                sheet.write_string(number, column, value)
            else:
                sheet.write_number(number, column, value, part if isinstance(value, float) else None)
    for column, width in widths.items():
        sheet.set_column(column, column, width)
    sheet.freeze_panes(1, 0)
