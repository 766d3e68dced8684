"""The bureau's view of the fieldwork: schools × audiences against quota, pace, forecast, rate, signals."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any
from urllib.parse import quote

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from analysis.answer_quality import answer_quality, latest_answer_quality
from analysis.fieldwork_file import fieldwork_xlsx
from analysis.quality_words import kind_name
from analysis.views.depth import MOST_WITHOUT_WAITING, is_being_looked_at, wave_of_county
from surveys.fieldwork import LOWEST_RETURN, PACE_DAYS, Fieldwork, SchoolStand, Stand, fieldwork
from surveys.hard_stop_list import hard_stop_list
from surveys.models import Township, Wave
from surveys.views.lists import chosen_sort, page_of, search_words

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
ROWS_PER_PAGE = 50
QUALITY_SECONDS = 600  # an open wave's signals are looked for again after this long, not at every refresh
DAYS_SHOWN = 14
MOST_STOPS = 20


@require_safe
def fieldwork_page(request: HttpRequest, wave_id: int) -> HttpResponse:
    """The page asks for itself again every quarter of a minute; htmx puts the new numbers in place."""
    wave = wave_of_county(request, wave_id)
    found = fieldwork(wave, now=timezone.now())
    signals = _signals(wave, found)
    rows, sort = _rows(request, found, signals or {})
    page = page_of(request, rows, size=ROWS_PER_PAGE)
    stops = hard_stop_list(wave)
    behind = sum(1 for one in found.schools if one.total.target and not one.total.progress.is_full)
    context = {
        "wave": wave,
        "found": found,
        "total": _figures(found.total),
        "audiences": [(audience, _figures(stand)) for audience, stand in found.audiences.items()],
        "columns": found.school_audiences,
        "page": page,
        "rows": [_row(one, found, signals or {}) for one in page],
        "townships": [(one, _figures(one.total)) for one in found.townships],
        "stops": stops[:MOST_STOPS],
        "stops_in_all": len(stops),
        "stops_reached": sum(1 for one in stops if not one.left),
        "behind": behind,
        "without": sum(1 for one in found.schools if not one.total.replies),
        "unprinted": sum(1 for one in found.schools if not one.is_out),
        "alarms": sum(1 for one in found.schools if one.total.is_alarm),
        "signals": None if signals is None else len(signals),
        "days": _days(found),
        "sort": sort,
        "words": search_words(request),
        "filters": _filters(request, wave),
        "definitions": definitions(),
        "floor": round(LOWEST_RETURN * 100),
        "asked_at": timezone.now(),
    }
    return render(request, "desk/fieldwork/fieldwork.html", context)


@require_safe
def fieldwork_file(request: HttpRequest, wave_id: int) -> HttpResponse:
    """The same rows as .xlsx, filtered and sorted as in the address."""
    wave = wave_of_county(request, wave_id)
    found = fieldwork(wave, now=timezone.now())
    signals = _signals(wave, found) or {}
    rows, _sort = _rows(request, found, signals)
    words = {code: "、".join(kinds) for code, kinds in signals.items()}
    content = fieldwork_xlsx(wave, found, rows, signals=words, definitions=definitions())
    name = quote(f"{_('Fieldwork')}-{wave.name}.xlsx")
    headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{name}", "Cache-Control": "no-store"}
    return HttpResponse(content, content_type=XLSX, headers=headers)


def definitions() -> list[str]:
    """How every figure of the page is counted; the page and the file say the same."""
    return [
        _("Valid replies = replies stored, less those voided."),
        _(
            "Valid-return rate = valid replies ÷ handed out. Handed out are the slips of batches recorded as "
            "handed out (then only replies on slips count); where none are recorded, the target stands in."
        ),
        _(
            "Alarm: the rate is below %(floor)s%%, the floor of the provincial notices; while the wave is "
            "open the rate forecast for its closing is held against it."
        )
        % {"floor": round(LOWEST_RETURN * 100)},
        _(
            "Forecast = valid replies + replies of the last %(days)s days ÷ %(days)s × days left until the "
            "last day ends (a younger wave: ÷ its age), never beyond a hard stop. A school that answers on "
            "one open day is forecast too high after it and too low before it."
        )
        % {"days": PACE_DAYS},
        _(
            "Printed or shown: somebody opened the school's poster or code, fetched its file or printed its "
            "slips here, or the bureau fetched the files of the whole county. What was printed from a file "
            "passed on by hand is not known."
        ),
        _("Signals of answer quality are no proofs; the school's page says what was seen."),
    ]


def _signals(wave: Wave, found: Fieldwork) -> dict[str, list[str]] | None:
    """School code → kinds of signals in words; None while nobody has looked (a worker is asked to)."""
    if not found.total.replies:
        return {}
    quality = latest_answer_quality(wave, max_age_seconds=QUALITY_SECONDS)
    if quality is None:
        if found.total.replies > MOST_WITHOUT_WAITING and is_being_looked_at(wave):
            return None
        quality = answer_quality(wave)
    return {one.school: [kind_name(kind) for kind in one.kinds] for one in quality.schools}


def _rows(
    request: HttpRequest, found: Fieldwork, signals: dict[str, list[str]]
) -> tuple[list[SchoolStand], Any]:
    words, township = search_words(request).casefold(), request.GET.get("township", "")
    shown: dict[str, Callable[[SchoolStand], bool]] = {
        "behind": lambda one: bool(one.total.target) and not one.total.progress.is_full,
        "without": lambda one: not one.total.replies,
        "unprinted": lambda one: not one.is_out,
        "alarm": lambda one: one.total.is_alarm,
        "short": lambda one: one.total.shortfall > 0,
        "signals": lambda one: one.school.code in signals,
        "full": lambda one: bool(one.full),
    }
    keep = shown.get(request.GET.get("show", ""), lambda one: True)
    rows = [
        one
        for one in found.schools
        if words in f"{one.school.name} {one.school.code} {one.school.township.name}".casefold()
        and township in ("", one.school.township.name)
        and keep(one)
    ]
    columns: dict[str, Callable[[SchoolStand], Any]] = {
        "code": lambda one: one.school.code,
        "name": lambda one: one.school.name,
        "township": lambda one: one.school.township.name,
        "replies": lambda one: one.total.replies,
        "share": lambda one: one.total.replies / one.total.target if one.total.target else -1.0,
        "rate": lambda one: -1.0 if one.total.rate is None else one.total.rate,
        "short": lambda one: one.total.shortfall,
    }
    sort = chosen_sort(request, columns, default="code")
    rows.sort(key=sort.by, reverse=sort.descending)
    return rows, sort


def _row(one: SchoolStand, found: Fieldwork, signals: dict[str, list[str]]) -> dict[str, Any]:
    return {
        "school": one.school,
        "total": _figures(one.total),
        "cells": [
            (audience, one.audiences.get(audience), audience in one.full)
            for audience in found.school_audiences
        ],
        "is_out": one.is_out,
        "signals": signals.get(one.school.code, []),
    }


def _figures(stand: Stand) -> dict[str, Any]:
    return {
        "stand": stand,
        "progress": stand.progress,
        "rate": stand.rate,
        "expected_rate": stand.expected_rate,
        "is_alarm": stand.is_alarm,
        "forecast": stand.forecast,
        "short": stand.shortfall,
    }


def _days(found: Fieldwork) -> list[dict[str, Any]]:
    """The last days with their replies; `step` 0–10 is the height of the bar."""
    days = found.by_day[-DAYS_SHOWN:]
    most = max((count for _day, count in days), default=0)
    return [
        {"day": day, "count": count, "step": -(-count * 10 // most) if most else 0} for day, count in days
    ]


def _filters(request: HttpRequest, wave: Wave) -> Sequence[dict[str, Any]]:
    townships = Township.objects.filter(county=wave.county_id).values_list("name", flat=True)
    choices = (
        ("township", _("Township"), _("All townships"), [(name, name) for name in townships]),
        ("show", _("Which schools"), _("All schools"), [
            ("behind", _("Below target only")), ("without", _("Without replies")),
            ("short", _("Forecast short of the target")), ("alarm", _("Return rate in alarm")),
            ("unprinted", _("Neither printed nor shown")), ("signals", _("With signals of answer quality")),
            ("full", _("With a full quota")),
        ]),
    )  # fmt: skip
    return [
        {
            "name": name,
            "label": label,
            "all": everything,
            "options": options,
            "chosen": request.GET.get(name, ""),
        }
        for name, label, everything, options in choices
    ]
