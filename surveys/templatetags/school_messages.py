"""The messages a school has not read yet, for whatever page wants to show them."""

from __future__ import annotations

from django import template

from surveys.models import MessageToSchool, School
from surveys.school_messages import unread_of

register = template.Library()
MOST_SHOWN = 3


@register.simple_tag
def unread_messages(school: School | None) -> dict[str, list[MessageToSchool] | int]:
    """{% unread_messages scope.school as unread %}: the newest ones, and how many there are besides."""
    found = list(unread_of(school)) if school else []
    return {"shown": found[:MOST_SHOWN], "more": max(0, len(found) - MOST_SHOWN)}
