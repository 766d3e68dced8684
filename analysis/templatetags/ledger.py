"""How the ledger's pages print verdicts, states and deadlines: a word first, then a shape and a colour."""

from __future__ import annotations

from datetime import date

from django import template
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from analysis.ledger import LIVE_STATES
from analysis.models import ItemState, RectificationItem
from scoring.models import Verdict

register = template.Library()

_TONES = {
    ItemState.OPEN: "",
    ItemState.IN_PROGRESS: "badge-brand",
    ItemState.SUBMITTED: "badge-warn",
    ItemState.RETURNED: "badge-bad",
    ItemState.ACCEPTED: "badge-good",
    ItemState.WITHDRAWN: "",
}
_VERDICT_TONES = {"met": "badge-good", "not_met": "badge-bad", "undetermined": "badge-warn"}


@register.filter
def verdict_word(verdict: str) -> str:
    """{{ row.verdict|verdict_word }}: Met, Not met, …; nothing where there is no verdict."""
    return str(Verdict(verdict).label) if verdict in Verdict.values else ""


@register.filter
def verdict_tone(verdict: str) -> str:
    return _VERDICT_TONES.get(verdict, "")


@register.filter
def state_tone(state: str) -> str:
    return _TONES.get(state, "")


@register.filter
def late(item: RectificationItem, today: date) -> str:
    """How late an item is that somebody has to work on: "3 days overdue", "due today"; else nothing."""
    if item.state not in LIVE_STATES:
        return ""
    days = (today - item.deadline).days
    if days > 0:
        return ngettext("%(n)d day overdue", "%(n)d days overdue", days) % {"n": days}
    return _("due today") if days == 0 else ""


@register.filter
def is_late(item: RectificationItem, today: date) -> bool:
    return item.state in LIVE_STATES and item.deadline < today
