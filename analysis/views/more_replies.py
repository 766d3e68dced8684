"""What would settle it: more replies, and those who did not answer."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from analysis.code_sentences import joined
from analysis.other_rules import setting_of
from analysis.other_survey import other_survey, other_survey_sentence
from analysis.results import WaveResults, audience_name
from analysis.templatetags.figures import limit_text, part_text, rate_text
from analysis.views.depth import depth_context, results_of
from analysis.wording import tipping_sentences, verdict_word
from scoring.numeric.errors import NotComputable
from scoring.numeric.outlook import MoreReplies, Outlook
from scoring.outlooks import outlook_of
from scoring.runs import estimate_now
from surveys.templatetags.desk import number


@require_safe
def more_replies_page(request: HttpRequest, wave_id: int) -> HttpResponse:
    results = results_of(request, wave_id)
    outlook = _outlook(results)
    context = depth_context(
        results.wave, "more_replies",
        title=_("What would settle it"),
        results=results,
        answer=_answer(results, outlook),
        remarks=_remarks(results),
        rows=[_row(results, one) for one in outlook.rows] if outlook else [],
        allocations=_allocations(results, outlook) if outlook else [],
        is_whole=results.result["regrouped"],
        tipping=tipping_sentences(results),
        other_survey=_other_survey(results),
    )  # fmt: skip
    return render(request, "desk/depth/more_replies.html", context)


def _other_survey(results: WaveResults) -> str:
    found = other_survey(results)
    return other_survey_sentence(found, results) if found else ""


def _outlook(results: WaveResults) -> Outlook | None:
    """None where there is no figure to show, or it is a score: the plan is for shares."""
    if not results.figure.is_shown or results.figure.unit != "share":
        return None
    unhidden = results.run.result if results.run else estimate_now(results.wave)
    try:
        return outlook_of(unhidden, setting_of(results)["controls"], is_running=not results.wave.is_closed)
    except NotComputable:
        return None


def _answer(results: WaveResults, outlook: Outlook | None) -> str:
    if outlook is None and results.figure.unit != "share" and results.figure.is_shown:
        return _("This wave's rule gives a mean score; the number of further replies is planned for shares.")
    if outlook is None:
        return _("There is no figure yet to plan from.")
    limit = limit_text(results.figure.limit)
    now = next(row for row in outlook.rows if abs(row.truth - results.figure.estimate) < 1e-12)
    settled = results.verdict in ("met", "not_met")
    if settled:
        first = _("The verdict stands: %(word)s. No further reply is needed.") % {
            "word": verdict_word(results.verdict)
        }
    elif now.n_more == 0:
        first = _(
            "If the true rate is what it is now, the replies at hand are enough to tell it from %(limit)s."
        ) % {"limit": limit}
    elif now.n_more is None:
        first = _(
            "If the true rate is what it is now, no number of replies can be relied on to tell it from "
            "%(limit)s."
        ) % {"limit": limit}
    else:
        first = ngettext(
            "If the true rate is what it is now, about %(count)s more valid answer in the present mix "
            "would tell "
            "it from %(limit)s.",
            "If the true rate is what it is now, about %(count)s more valid answers in the present mix "
            "would tell "
            "it from %(limit)s.",
            now.n_more,
        ) % {"count": number(now.n_more), "limit": limit}
    return joined([first, _costliest(results, outlook)]) if _costliest(results, outlook) else first


def _costliest(results: WaveResults, outlook: Outlook) -> str:
    """Which audience a further answer helps most from; nothing while an audience is hidden."""
    if not results.result["regrouped"] or len(outlook.allocations) < 2:
        return ""
    first = outlook.allocations[0]
    return _("The most costly audience is %(audience)s: %(part)s of the uncertainty comes from it.") % {
        "audience": audience_name(first.audience),
        "part": part_text(first.part_of_variance),
    }


def _remarks(results: WaveResults) -> list[str]:
    if results.wave.is_open:
        return [_("The wave is open: these are numbers of replies to aim at, not a verdict.")]
    if results.verdict is None:
        return [_("The wave is not scored as it stands now; there is no verdict.")]
    return [_("A wave that is reopened, or a new wave, is a further look: say so in the report.")]


def _row(results: WaveResults, one: MoreReplies) -> dict[str, Any]:
    total = None if one.best is None else sum(one.best.values())
    whole = results.result["regrouped"]
    return {
        "truth": rate_text(one.truth, limit=results.figure.limit),
        "is_now": abs(one.truth - results.figure.estimate) < 1e-12,
        "side": _("above the limit") if one.truth > results.figure.limit else _("below the limit"),
        "n_more": one.n_more,
        "total": total,
        "why_best": _("Small audiences have too few people left.") if total is None and one.n_more else "",
        "best": [
            (audience_name(name), count) for name, count in (one.best or {}).items() if count
        ] if whole else [],
        "why": _why(one),
    }  # fmt: skip


def _why(one: MoreReplies) -> str:
    if one.n_more is not None:
        return ""
    if one.reason and "limit" in one.reason:
        return _("A rate at the limit can never be told from it.")
    if one.reason and "schools" in one.reason:
        return _("The schools differ too much: ask in more schools.")
    return _("More replies would be needed than there are people in these audiences.")


def _allocations(results: WaveResults, outlook: Outlook) -> list[dict[str, Any]]:
    if not results.result["regrouped"]:
        return []
    valid = {row.code: row.figure.valid for row in results.audiences}
    return [
        {
            "name": audience_name(one.audience),
            "valid": valid.get(one.audience),
            "part": one.part_of_variance,
            "present": one.present_part,
            "best": one.best_part,
            "left": one.people_left,
        }
        for one in outlook.allocations
    ]
