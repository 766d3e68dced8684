"""Items and drivers: whether a form's questions belong together, and what goes with the overall judgement."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from analysis.item_quality import AudienceItems, item_quality
from analysis.results import Figure, WaveResults, audience_name, item_names
from analysis.templatetags.figures import part_text
from analysis.views.depth import depth_context, is_being_looked_at, results_of, waiting_page


@require_safe
def items_page(request: HttpRequest, wave_id: int) -> HttpResponse:
    results = results_of(request, wave_id)
    if results.wave.is_closed and is_being_looked_at(results.wave):
        return waiting_page(request, results.wave, "items", _("Items and drivers"))
    # While replies come in, a figure that moves with each of them would give single ones away.
    found = item_quality(results) if results.wave.is_closed else []
    context = depth_context(
        results.wave, "items",
        title=_("Items and drivers"),
        results=results,
        answer=_answer(found, item_names(results.wave))
        if results.wave.is_closed
        else _("The questions are looked at once the wave is closed."),
        remarks=[
            _(
                "What goes together is not what causes: a good mood colours all answers, and who ticks one "
                "column throughout makes every question look important."
            )
        ],
        audiences=[_context(one, results) for one in found],
    )  # fmt: skip
    return render(request, "desk/depth/items.html", context)


def _answer(found: list[AudienceItems], names: dict[str, str]) -> str:
    if not found:
        return _("There are too few complete replies to say anything about the questions.")
    first = max(found, key=lambda one: one.replies)
    driving = [row for row in first.rows if row.part is not None]
    if not driving:
        return _("%(audience)s: the questions belong together (α = %(alpha)s); drivers cannot be shown.") % {
            "audience": audience_name(first.audience),
            "alpha": f"{first.alpha:.2f}",
        }
    top = max(driving, key=lambda row: row.part)
    return _(
        "%(audience)s: the questions measure much the same (α = %(alpha)s); with the overall judgement "
        "goes most "
        "of all “%(item)s”."
    ) % {
        "audience": audience_name(first.audience),
        "alpha": f"{first.alpha:.2f}",
        "item": names.get(top.item, top.item),
    }  # fmt: skip


def _context(one: AudienceItems, results: WaveResults) -> dict[str, Any]:
    names = item_names(results.wave)
    levels = _levels(results, one.audience)
    return {
        "found": one,
        "name": audience_name(one.audience),
        "rows": [
            {"name": names.get(row.item, row.item), "row": row, "level": levels.get(row.item)}
            for row in one.rows
        ],
        "refusal": _refusal(one),
    }


def _levels(results: WaveResults, audience: str) -> dict[str, Figure | None]:
    """Each topic's rate of this audience as the county page shows it: hidden there, hidden here."""
    order = [row.code for row in results.audiences]
    at = order.index(audience)
    return {topic.item: topic.by_audience[at] for topic in results.topics}


def _refusal(one: AudienceItems) -> str:
    if one.refusal == "few":
        return _("%(count)s complete replies are too few for drivers; %(needed)s are needed.") % {
            "count": one.replies,
            "needed": one.needed,
        }
    if one.refusal == "explains_little":
        return _("The questions explain only %(part)s of the overall judgement: no drivers are shown.") % {
            "part": part_text(one.r_squared)
        }
    return _("Drivers cannot be computed from these replies.") if one.refusal else ""
