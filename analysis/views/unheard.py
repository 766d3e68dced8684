"""Who did not answer: early and late replies, the composition before weighting, bounds for the record."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from analysis.code_sentences import joined
from analysis.results import WaveResults, audience_name
from analysis.templatetags.figures import limit_text, part_text, rate_text
from analysis.unheard_bounds import Silent, SilentRow, silent
from analysis.unheard_composition import FAR, AudienceComposition, composition
from analysis.unheard_drift import Comparison, DriftRow, EarlyAndLate, early_and_late
from analysis.views.depth import depth_context, is_being_looked_at, results_of, waiting_page
from analysis.wording import hidden_sentence, tipping_sentences
from scoring.numeric.drift import Drift
from scoring.numeric.unheard import SMALL_CORRELATION

LEVEL = 0.95
ALPHA = 0.05


@require_safe
def unheard_page(request: HttpRequest, wave_id: int) -> HttpResponse:
    results = results_of(request, wave_id)
    title = _("Who did not answer")
    if results.wave.is_closed and is_being_looked_at(results.wave):
        return waiting_page(request, results.wave, "unheard", title)
    found = early_and_late(results)
    table = composition(results)
    bounds = silent(results, halves=found.halves) if found else None
    context = depth_context(
        results.wave, "unheard",
        title=title,
        results=results,
        answer=_answer(results, found, table),
        remarks=_remarks(results, found, bounds),
        comparisons=[_comparison(one, results) for one in _splits(found)],
        no_comparison=_no_comparison(results) if found is None else "",
        composition=table if any(one.replies and one.people for one in table) else [],
        far=FAR * 100,
        grades_far=[one.name for one in table if any(group.kind == "grade" for group in one.far)],
        tipping=tipping_sentences(results) if bounds else [],
        silent=_silent_rows(bounds, results) if bounds else [],
        correlation=f"{SMALL_CORRELATION:g}",
        meng=_meng(bounds, results) if bounds else [],
        is_share=results.figure.unit == "share",
    )  # fmt: skip
    return render(request, "desk/depth/unheard.html", context)


def _splits(found: EarlyAndLate | None) -> list[Comparison]:
    return [] if found is None else [found.halves, *([found.reminder] if found.reminder else [])]


def _answer(results: WaveResults, found: EarlyAndLate | None, table: Sequence[AudienceComposition]) -> str:
    """How many of the largest audience answered, and whether the late differ."""
    if not results.progress.total.replies:
        return _("Nobody has answered yet.")
    said = []
    known = [
        (row.share, one)
        for row, one in zip((row for row in results.audiences if row.share > 0), table, strict=True)
        if one.response_share is not None
    ]
    if known:
        one = max(known, key=lambda pair: pair[0])[1]
        said.append(
            _("%(audience)s: %(answered)s of the people have answered.")
            % {"audience": one.name, "answered": part_text(one.response_share)}
        )
    else:
        said.append(_("It is not known how many people did not answer."))
    return joined(said + (_drift_sentences(found.halves, results) if found else []))


def _drift_sentences(found: Comparison, results: WaveResults) -> list[str]:
    """The county's drift, or where it is not shown the first audience's; then audiences that stand out."""
    shown = _shown(found)
    if not shown:
        return []
    (code, drift), *others = shown
    said = [_drift_sentence(code, drift, results, reminded=False)]
    clear = [(code, one) for code, one in others if one.p_adjusted < ALPHA]
    if drift.p_adjusted < ALPHA or not clear:
        return [*said, _meaning(drift)]
    said.append(_("That by itself is no more than chance could do, but among some the late differ:"))
    for code, one in clear:
        said += [_drift_sentence(code, one, results, reminded=False), _meaning(one)]
    return said


def _shown(found: Comparison) -> list[tuple[str, Drift]]:
    """What may be shown, the county first."""
    return [(row.code, row.drift) for row in (found.county, *found.audiences) if row.drift]


def _remarks(results: WaveResults, found: EarlyAndLate | None, bounds: Silent | None) -> list[str]:
    said = []
    if bounds and bounds.like_late is not None:
        said.append(
            _("If those who did not answer were like the second half, the county's rate would be %(rate)s.")
            % {"rate": rate_text(bounds.like_late, unit=results.figure.unit, limit=results.figure.limit)}
        )
    shown = _shown(found.reminder) if found and found.reminder else []
    if shown:
        said.append(_drift_sentence(*shown[0], results, reminded=True))
    said.append(_("Weights make up for who is rarer among the replies, not for who thinks otherwise."))
    return said


def _drift_sentence(code: str, drift: Drift, results: WaveResults, *, reminded: bool) -> str:
    change = drift.change
    values = {
        "amount": _amount(abs(change.difference), results.figure.unit),
        "interval": _interval(drift, results.figure.unit),
    }
    if change.difference < 0 and reminded:
        text = _(
            "Replies after the first message to the schools lie %(amount)s below those before it "
            "(95%% interval %(interval)s)."
        )
    elif change.difference < 0:
        text = _(
            "The second half of the replies lies %(amount)s below the first half "
            "(95%% interval %(interval)s)."
        )
    elif reminded:
        text = _(
            "Replies after the first message to the schools lie %(amount)s above those before it "
            "(95%% interval %(interval)s)."
        )
    else:
        text = _(
            "The second half of the replies lies %(amount)s above the first half "
            "(95%% interval %(interval)s)."
        )
    return f"{audience_name(code) if code else _('The county')}{_(': ')}{text % values}"


def _meaning(drift: Drift) -> str:
    if drift.p_adjusted >= ALPHA:
        return _(
            "That is no more than chance could do: no drift is seen. It does not show that those who did not "
            "answer think alike."
        )
    if drift.change.difference < 0:
        return _("Who answered late is less satisfied; who did not answer may be even less so.")
    return _(
        "Who answered late is more satisfied; there is no sign that who did not answer is less satisfied."
    )


def _amount(value: float, unit: str) -> str:
    if unit == "share":
        return _("%(points)s percentage points") % {"points": f"{value * 100:.1f}"}
    return _("%(points)s points") % {"points": f"{value:.1f}"}


def _interval(drift: Drift, unit: str) -> str:
    found = drift.change.interval(level=LEVEL)
    sign = "～" if (get_language() or "").startswith("zh") else " … "
    return sign.join(_signed(end, unit) for end in (found.lower, found.upper))


def _signed(value: float, unit: str) -> str:
    scaled = value * 100 if unit == "share" else value
    return f"{scaled:+.1f}".replace("-", "−")


def _no_comparison(results: WaveResults) -> str:
    if results.wave.is_open:
        return _(
            "Early and late replies are compared after closing: a figure of the newest replies would give "
            "single ones away."
        )
    return _("There are no replies to compare.")


def _comparison(one: Comparison, results: WaveResults) -> dict[str, Any]:
    rows = [_row(row, results, reminded=one.at is not None) for row in (*one.audiences, one.county)]
    if one.at is None:
        return {
            "title": _("The first and the second half of the replies"),
            "early": _("First half"), "late": _("Second half"), "rows": rows, "note": "",
        }  # fmt: skip
    return {
        "title": _("Before and after the first message to the schools"),
        "early": _("Before it"), "late": _("After it"), "rows": rows,
        "note": _("Sent %(time)s. All replies count by when they came in, also where no message went.")
        % {"time": date_format(localtime(one.at), "DATETIME_FORMAT")},
    }  # fmt: skip


def _row(row: DriftRow, results: WaveResults, *, reminded: bool) -> dict[str, Any]:
    name = audience_name(row.code) if row.code else _("The county")
    if row.drift is None:
        return {"name": name, "is_county": not row.code, "why": _why(row.reason, results, reminded=reminded)}
    unit, limit = results.figure.unit, results.figure.limit
    clear = row.drift.p_adjusted < ALPHA
    lower = row.drift.change.difference < 0
    return {
        "name": name,
        "is_county": not row.code,
        "n_early": row.drift.n_early,
        "n_late": row.drift.n_late,
        "early": rate_text(row.drift.early, unit=unit, limit=limit),
        "late": rate_text(row.drift.late, unit=unit, limit=limit),
        "change": _signed(row.drift.change.difference, unit),
        "interval": _interval(row.drift, unit),
        "word": (_("later lower") if lower else _("later higher")) if clear else "",
    }


def _why(reason: str, results: WaveResults, *, reminded: bool) -> str:
    minimum = results.wave.minimum_group_size
    if reason == "few":
        return ngettext(
            "fewer than %(size)s answer in one of the two parts",
            "fewer than %(size)s answers in one of the two parts",
            minimum,
        ) % {"size": minimum}  # fmt: skip
    return {
        "close": _("nearly the same two parts as above"),
        "imported": _("imported without times"),
        "one_moment": _("all replies came within ten minutes"),
        "none": _("no answers before the message, or none after it")
        if reminded
        else _("no answers in one of the halves"),
        "parts": _("not every audience can be compared"),
    }.get(reason) or hidden_sentence(reason, minimum)


def _silent_rows(found: Silent, results: WaveResults) -> list[dict[str, Any]]:
    rows = [*found.audiences, *([found.county] if found.county else [])]
    return [_silent_row(one, results, is_county=one is found.county) for one in rows]


def _silent_row(one: SilentRow, results: WaveResults, *, is_county: bool) -> dict[str, Any]:
    unit, limit = results.figure.unit, results.figure.limit
    if one.silence is None:
        why = hidden_sentence(one.figure.hidden, results.wave.minimum_group_size) or _("no valid answer")
        return {"name": one.name, "is_county": is_county, "answered": one.response_share, "why": why}
    return {
        "name": _("The county") if is_county else one.name,
        "is_county": is_county,
        "answered": one.response_share,
        "rate": rate_text(one.figure.estimate, unit=unit, limit=limit),
        "lowest": rate_text(one.silence.lowest, unit=unit, limit=limit),
        "highest": rate_text(one.silence.highest, unit=unit, limit=limit),
        "bias": "—" if one.silence.bias is None else f"±{one.silence.bias * 100:.1f}",
    }


def _meng(found: Silent, results: WaveResults) -> list[str]:
    """How small a link between answering and being satisfied would matter; for shares of known people."""
    known = [
        (one, one.silence.bias)
        for one in (found.county, *found.audiences)
        if one is not None and one.silence and one.silence.bias is not None
    ]
    if not known:
        return []
    one, bias = known[0]
    said = [
        _(
            "If answering and being satisfied hang together ever so little (a correlation of "
            "%(correlation)s), this moves %(whose)s by %(bias)s, however many answer."
        )
        % {
            "correlation": f"{SMALL_CORRELATION:g}",
            "whose": _("the county's rate") if one is found.county else one.name,
            "bias": _amount(bias, results.figure.unit),
        }
    ]
    if found.enough_correlation is not None:
        said.append(
            _(
                "A correlation of %(correlation)s would be enough to bring the county's true rate to "
                "%(limit)s."
            )
            % {
                "correlation": f"{found.enough_correlation:.2g}",
                "limit": limit_text(results.figure.limit, unit=results.figure.unit),
            }
        )
    return said
