"""The row of links between the pages about one wave's numbers."""

from __future__ import annotations

from django import template
from django.urls import reverse
from django.utils.translation import gettext as _

from analysis.templatetags.figures import NOTHING, part_text
from surveys.models import Wave

register = template.Library()


@register.inclusion_tag("desk/depth/links.html")
def wave_links(wave: Wave, current: str) -> dict:
    """{% wave_links wave "sensitivity" %}: a draft has a plan and nothing else to show."""
    pages = {
        "sensitivity": _("By rule and replies"),
        "more_replies": _("What would settle it"),
        "unheard": _("Who did not answer"),
        "small_schools": _("Small schools"),
        "items": _("Items and drivers"),
        "quality": _("Answer quality"),
        "compare_waves": _("Two waves"),
        "sampling_plan": _("Sampling plan"),
    }
    links = (
        [(f"{reverse('desk')}?wave={wave.pk}", _("Results"), current == "desk")] if not wave.is_draft else []
    )
    links += [
        (reverse(name, args=[wave.pk]), label, name == current)
        for name, label in pages.items()
        if not wave.is_draft or name == "sampling_plan"
    ]
    return {"links": links}


@register.filter
def chance(value: float | None) -> str:
    """A probability (0–1) in whole percent; what is not certain is never printed as 0% or 100%."""
    if value is None or value != value:
        return NOTHING
    if value < 0.01:
        return "<1%"
    return ">99%" if value > 0.99 else f"{value * 100:.0f}%"


@register.filter
def share(value: float | None) -> str:
    """A share (0–1) held against no limit, one decimal; a dash for None and NaN."""
    return NOTHING if value is None or value != value else part_text(value)


@register.filter
def points(value: float | None) -> str:
    """A difference of shares in percentage points, with its sign: +1.2."""
    return NOTHING if value is None or value != value else f"{value * 100:+.1f}".replace("-", "−")


@register.filter
def at(mapping: dict, key: str) -> object:
    return (mapping or {}).get(key)
