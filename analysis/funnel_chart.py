"""The funnel as SVG: schools by their number of answers, around the county's rate. No style, no script.

Presentation attributes only, so that a strict content policy is kept; titles name the schools for who
points at them, and the table beside it says the same for everybody.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from analysis.small_schools import SmallSchools
from analysis.templatetags.figures import limit_text, rate_text

WIDTH, HEIGHT = 720, 340
LEFT, RIGHT, TOP, BOTTOM = 52, 16, 14, 44
INNER, OUTER = 0.95, 0.998


def funnel_chart(found: SmallSchools, *, limit: float) -> SafeString:
    """Empty without a funnel or with fewer than two schools shown."""
    shown = [row for row in found.rows if row.shrunk is not None]
    if found.funnel is None or len(shown) < 2:
        return mark_safe("")
    sizes = [row.direct.figure.valid for row in shown]
    shares = [row.direct.figure.estimate for row in shown]
    low = max(0.0, min(0.5, min(shares) - 0.05) if min(shares) < 0.55 else min([0.6, *shares, limit - 0.1]))
    most = max(sizes) * 1.05

    def x(n: float) -> float:
        return round(LEFT + (WIDTH - LEFT - RIGHT) * n / most, 1)

    def y(share: float) -> float:
        return round(TOP + (HEIGHT - TOP - BOTTOM) * (1 - (max(share, low) - low) / (1 - low)), 1)

    steps = np.linspace(max(1.0, min(sizes) * 0.6), most, 60)
    curves = [
        (_path(steps, edge, x, y), "2 3" if level == OUTER else "none")
        for level in (INNER, OUTER)
        for bounds in (found.funnel.limits(steps, level=level),)
        for edge in (bounds.lower, bounds.upper)
    ]
    dots = [
        (
            x(row.direct.figure.valid), y(row.direct.figure.estimate),
            "#a02a20" if row.flagged else "#15566f",
            f"{row.school.name}: {rate_text(row.direct.figure.estimate, limit=limit)}",
        )
        for row in shown
    ]  # fmt: skip
    return format_html(
        '<svg class="funnel" viewBox="0 0 {} {}" role="img" aria-label="{}">'
        '<g stroke="#d8dee6">{}</g>{}'
        '<path d="M{} {} H{}" stroke="#1c2530" stroke-dasharray="5 3" fill="none"/>'
        '<path d="M{} {} H{}" stroke="#15566f" fill="none"/>'
        '<g fill="none" stroke="#7aa7bb">{}</g>{}<text x="{}" y="{}" text-anchor="middle">{}</text></svg>',
        WIDTH, HEIGHT, _("Schools by their number of valid answers, around the county's rate"),
        format_html_join("", '<path d="M{} {} H{}"/>', [(LEFT, y(v), WIDTH - RIGHT) for v in _ticks(low)]),
        _labels(low, most, x, y), LEFT, y(limit), WIDTH - RIGHT, LEFT, y(found.funnel.target), WIDTH - RIGHT,
        format_html_join("", '<path d="{}" stroke-dasharray="{}"/>', curves),
        format_html_join(
            "", '<circle cx="{}" cy="{}" r="5" fill="{}" fill-opacity="0.75"><title>{}</title></circle>', dots
        ),
        (LEFT + WIDTH) / 2, HEIGHT - 6, _("valid answers of the school"),
    )  # fmt: skip


def _path(steps: np.ndarray, edge: np.ndarray, x, y) -> str:
    return "M" + " L".join(f"{x(n)} {y(value)}" for n, value in zip(steps, edge, strict=True))


def _ticks(low: float) -> Sequence[float]:
    return [round(0.1 * k, 1) for k in range(int(np.ceil(low * 10 - 1e-9)), 11)]


def _labels(low: float, most: float, x, y) -> SafeString:
    across = [(LEFT - 8, y(value) + 4, "end", limit_text(value)) for value in _ticks(low)]
    step = max(1, int(round(most / 6, -1 if most < 600 else -2)) or 5)
    down = [(x(n), HEIGHT - BOTTOM + 16, "middle", f"{n:,}") for n in range(0, int(most) + 1, step)]
    return format_html_join("", '<text x="{}" y="{}" text-anchor="{}">{}</text>', across + down)
