"""The one formatter: how rates, intervals and counts are printed, on screens, in files and in reports.

Rules compare unrounded numbers; only here they are rounded, and never across the limit: 0.84996 is below
85% and is printed 84.996%, not 85.0%.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_HALF_EVEN, Decimal
from typing import TYPE_CHECKING

from django import template
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from surveys.questionnaire import text_in

if TYPE_CHECKING:
    from analysis.results import AudienceRow, Figure, WaveResults

register = template.Library()

DIGITS = 1
MOST_DIGITS = 15
NOTHING = "—"


def rate_text(
    value: float | None, *, unit: str = "share", limit: float | None = None, digits: int = DIGITS
) -> str:
    """A share (0–1) as "86.9%", a mean score as "86.9"; a dash for None.

    With a limit (same unit) as many digits as it takes to stay on the limit's side: a value below it is
    printed below it, a value above it not below it.
    """
    if value is None:
        return NOTHING
    scale = Decimal(100) if unit == "share" else Decimal(1)
    exact = Decimal(repr(float(value))) * scale
    bound = None if limit is None else Decimal(repr(float(limit))) * scale
    printed = exact
    for places in range(digits, MOST_DIGITS + 1):
        printed = exact.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_EVEN)
        if bound is None or (printed < bound) == (exact < bound):
            break
    return f"{printed:f}%" if unit == "share" else f"{printed:f}"


def limit_text(limit: float, *, unit: str = "share") -> str:
    """The limit as people say it: 85%, or 85 points."""
    if unit == "share":
        return f"{Decimal(repr(float(limit))) * 100:f}".rstrip("0").rstrip(".") + "%"
    return _("%(points)s points") % {"points": f"{limit:g}"}


def interval_text(
    lower: float | None, upper: float | None, *, unit: str = "share", limit: float | None = None
) -> str:
    """ "85.8%–87.9%"; Chinese uses its own range sign. A dash where there is no interval."""
    if lower is None or upper is None:
        return NOTHING
    sign = "～" if (get_language() or "").startswith("zh") else "–"
    return f"{rate_text(lower, unit=unit, limit=limit)}{sign}{rate_text(upper, unit=unit, limit=limit)}"


def part_text(share: float | None) -> str:
    """A part of a whole that is held against no limit: 3.2%; what is there is never printed as 0.0%."""
    if share is None:
        return NOTHING
    if 0 < share < 0.0005:
        return "<0.1%"
    return rate_text(share)


@register.filter
def rate(figure: Figure | None, digits: int = DIGITS) -> str:
    """{{ row.figure|rate }}: its estimate, held against its limit."""
    if figure is None:
        return NOTHING
    return rate_text(figure.estimate, unit=figure.unit, limit=figure.limit, digits=digits)


@register.filter
def interval(figure: Figure | None) -> str:
    if figure is None:
        return NOTHING
    return interval_text(figure.lower, figure.upper, unit=figure.unit, limit=figure.limit)


@register.filter
def part(share: float | None) -> str:
    return part_text(share)


@register.filter
def contribution(row: AudienceRow) -> str:
    """What an audience adds to the county's rate, to two decimals, so that the sum can be followed."""
    return rate_text(row.contribution, unit=row.figure.unit, digits=2)


@register.filter
def standard_error(results: WaveResults) -> str:
    """In percentage points, or in points of a score."""
    return _error_text(results.result["se"], results.figure.unit)


@register.filter
def smoothed_error(results: WaveResults) -> str:
    """The standard error behind the printed interval; runs frozen before it was kept have none."""
    return _error_text(results.result.get("se_smoothed"), results.figure.unit)


@register.filter
def design_interval(results: WaveResults) -> str:
    """The interval on the design's own variance, as other programs print it."""
    figure = results.figure
    lower, upper = results.result.get("interval_design_based") or (None, None)
    return interval_text(lower, upper, unit=figure.unit, limit=figure.limit)


def _error_text(se: float | None, unit: str) -> str:
    if se is None:
        return NOTHING
    if unit == "share":
        return _("%(points)s percentage points") % {"points": f"{se * 100:.2f}"}
    return _("%(points)s points") % {"points": f"{se:.2f}"}


@register.filter
def decimal(value: float | str | None, digits: int = 2) -> str:
    """A plain number: weights, design effects, sample sizes. A dash for None or, as templates give, "" ."""
    return NOTHING if value in (None, "") else f"{value:,.{digits}f}"


@register.filter
def limit(figure: Figure) -> str:
    """{{ results.figure|limit }}: the limit it is held against."""
    return limit_text(figure.limit, unit=figure.unit)


@register.filter
def in_language(texts: Mapping[str, str]) -> str:
    """A text of a rule or questionnaire file in the reader's language, else in Chinese."""
    return text_in(texts, get_language() or "zh-hans")
