"""Interval bars as SVG: an estimate, its interval and the limit on one scale. No style attribute, no script.

Colours come from classes in results.css, so that paper and screen can differ. The numbers stand beside
every bar as text; the bars in tables are hidden from screen readers, the large one says its numbers.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import ceil, floor
from typing import TYPE_CHECKING

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from analysis.templatetags.figures import interval_text, limit_text, rate_text

if TYPE_CHECKING:
    from analysis.results import Figure

BAR_WIDTH, BAR_HEIGHT = 200, 22
MARGIN = 6  # room for half a marker at both ends
LABEL_ROOM = 44


@dataclass(frozen=True)
class Scale:
    """From `low` to `high`, in the unit of the figures, with the limit between them."""

    low: float
    high: float
    limit: float
    unit: str

    def x(self, value: float, width: float) -> float:
        """Where a value stands in a drawing; what lies outside stands at the edge."""
        part = (min(max(value, self.low), self.high) - self.low) / (self.high - self.low)
        return round(MARGIN + part * (width - 2 * MARGIN), 1)

    def ticks(self, step: float) -> list[float]:
        first, last = ceil(self.low / step - 1e-9), floor(self.high / step + 1e-9)
        return [round(number * step, 6) for number in range(first, last + 1)]


def common_scale(figures: Iterable[Figure], *, limit: float, top: float, unit: str) -> Scale:
    """One scale for a page's tables, so that bars can be compared: whole tens, limit and estimates inside."""
    values = [figure.estimate for figure in figures if figure.estimate is not None]
    lowest = min([limit - 0.15 * top, *(value - 0.05 * top for value in values)])
    return Scale(max(0.0, floor(lowest / top * 10 + 1e-9) / 10 * top), top, limit, unit)


def headline_scale(figure: Figure, *, top: float) -> Scale:
    """Close around the county's interval and the limit: whole fives, a little room on both sides."""
    known = [value for value in (figure.lower, figure.upper, figure.estimate) if value is not None]
    low = min([figure.limit, *known]) - 0.025 * top
    high = max([figure.limit, *known]) + 0.025 * top
    step = 0.05 * top
    return Scale(
        max(0.0, floor(low / step) * step), min(top, ceil(high / step) * step), figure.limit, figure.unit
    )


def interval_bar(figure: Figure, scale: Scale) -> SafeString:
    """The small bar of a table row; empty where the figure is not shown."""
    if figure.estimate is None:
        return mark_safe("")
    at, limit = scale.x(figure.estimate, BAR_WIDTH), scale.x(scale.limit, BAR_WIDTH)
    span: SafeString = mark_safe("")
    if figure.lower is not None and figure.upper is not None:
        left, right = scale.x(figure.lower, BAR_WIDTH), scale.x(figure.upper, BAR_WIDTH)
        span = format_html(
            '<rect class="bar-span" x="{}" y="7" width="{}" height="8" rx="2"/>', left, max(right - left, 2)
        )
        if figure.lower < scale.low:  # the interval goes on beyond the edge
            span += mark_safe('<path class="bar-beyond" d="M5 6 L0 11 L5 16 Z"/>')
    return format_html(
        '<svg class="bar" viewBox="0 0 {} {}" width="{}" height="{}" aria-hidden="true" focusable="false">'
        '<path class="bar-track" d="M{} 11 H{}"/>{}<path class="bar-limit" d="M{} 1 V21"/>'
        '<rect class="bar-mark" x="{}" y="4" width="4" height="14" rx="1"/></svg>',
        BAR_WIDTH, BAR_HEIGHT, BAR_WIDTH, BAR_HEIGHT, MARGIN, BAR_WIDTH - MARGIN, span, limit, at - 2,
    )  # fmt: skip


def bar_heading(scale: Scale) -> SafeString:
    """The scale of a table's bars, for its header: both ends and the limit."""
    ends = [
        (scale.x(scale.low, BAR_WIDTH), "start", scale.low),
        (scale.x(scale.high, BAR_WIDTH), "end", scale.high),
    ]
    limit = scale.x(scale.limit, BAR_WIDTH)
    texts = [
        (x, anchor, "bar-end", limit_text(value, unit=scale.unit))
        for x, anchor, value in ends
        if abs(x - limit) > LABEL_ROOM
    ] + [(limit, "middle", "bar-limit-label", limit_text(scale.limit, unit=scale.unit))]
    return format_html(
        '<svg class="bar" viewBox="0 0 {} 16" width="{}" height="16" aria-hidden="true" focusable="false">'
        "{}</svg>",
        BAR_WIDTH, BAR_WIDTH,
        format_html_join("", '<text x="{}" y="13" text-anchor="{}" class="{}">{}</text>', texts),
    )  # fmt: skip


def headline_bar(figure: Figure, *, width: int, top: float) -> SafeString:
    """The county's interval against the limit, `width` units wide: 960 for a screen, 320 for a phone."""
    if figure.estimate is None:
        return mark_safe("")
    scale = headline_scale(figure, top=top)
    at, limit = scale.x(figure.estimate, width), scale.x(scale.limit, width)
    has_interval = figure.lower is not None and figure.upper is not None
    lower = figure.estimate if figure.lower is None else figure.lower
    upper = figure.estimate if figure.upper is None else figure.upper
    left, right = scale.x(lower, width), scale.x(upper, width)
    words = _("95%% interval %(interval)s") % {
        "interval": interval_text(lower, upper, unit=figure.unit, limit=figure.limit)
    }
    rate = rate_text(figure.estimate, unit=figure.unit, limit=figure.limit)
    said = _("%(rate)s, limit %(limit)s") % {
        "rate": rate,
        "limit": limit_text(figure.limit, unit=figure.unit),
    }
    label = words if has_interval else rate
    room = 6.5 * len(label) if label.isascii() else 8.2 * len(label)
    middle = min(max((left + right) / 2, MARGIN + room / 2), width - MARGIN - room / 2)
    return format_html(
        '<svg class="headline-bar headline-bar-{}" viewBox="0 0 {} 104" role="img" aria-label="{}">'
        '<rect class="zone-below" x="{}" y="34" width="{}" height="40"/>'
        '<rect class="zone-above" x="{}" y="34" width="{}" height="40"/>{}'
        '<text class="interval-label" x="{}" y="20" text-anchor="middle">{}</text>'
        '<path class="interval-guide" d="M{} 27 V34 M{} 27 V34 M{} 27 H{}"/>'
        '<rect class="headline-span" x="{}" y="42" width="{}" height="24" rx="4"/>'
        '<rect class="headline-mark" x="{}" y="36" width="5" height="36" rx="1.5"/>'
        '<path class="headline-limit" d="M{} 28 V81"/>{}</svg>',
        "narrow" if width < 500 else "wide", width, f"{said}; {words}" if has_interval else said,
        MARGIN, round(limit - MARGIN, 1), limit, round(width - MARGIN - limit, 1),
        _zone_words(width, limit=limit, left=left, right=right),
        round(middle, 1), label, left, right, left, right,
        left, round(max(right - left, 3), 1), round(at - 2.5, 1), limit, _axis(scale, width),
    )  # fmt: skip


def _zone_words(width: int, *, limit: float, left: float, right: float) -> SafeString:
    """What either side of the limit means, where the interval leaves room for the words."""
    words = [
        (MARGIN + 8, "start", _("below the limit"), min(left, limit) - MARGIN),
        (width - MARGIN - 8, "end", _("limit reached"), width - MARGIN - max(right, limit)),
    ]
    return format_html_join(
        "",
        '<text class="zone-label" x="{}" y="59" text-anchor="{}">{}</text>',
        [
            (x, anchor, text)
            for x, anchor, text, room in words
            if room > (13 if not text.isascii() else 7.5) * len(text) + 18
        ],
    )


def _axis(scale: Scale, width: int) -> SafeString:
    """Tick labels below the bar; the limit's own label wins where they would touch."""
    top_unit = 1.0 if scale.unit == "share" else 100.0
    limit = scale.x(scale.limit, width)
    many = (scale.high - scale.low) / top_unit > (0.5 if width > 500 else 0.25)
    step = (0.1 if many else 0.05) * top_unit
    if (scale.high - scale.low) / top_unit > 0.5 and width < 500:
        step = 0.2 * top_unit
    label = _("limit %(limit)s") % {"limit": limit_text(scale.limit, unit=scale.unit)}
    texts = []
    for value in scale.ticks(step):
        x = scale.x(value, width)
        if abs(x - limit) > LABEL_ROOM:
            anchor = "start" if x < 20 else "end" if x > width - 20 else "middle"
            texts.append((x, "axis-label", anchor, limit_text(value, unit=scale.unit)))
    anchor = "start" if limit < LABEL_ROOM else "end" if limit > width - LABEL_ROOM else "middle"
    texts.append((limit, "limit-label", anchor, label))
    return format_html_join("", '<text x="{}" y="96" class="{}" text-anchor="{}">{}</text>', texts)
