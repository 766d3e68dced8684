"""Two waves compared: the change with interval and test, or in words why they cannot be compared."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from analysis.code_sentences import joined
from analysis.results import WaveResults, audience_name, wave_results
from analysis.small_schools import audiences_at_schools
from analysis.templatetags.figures import rate_text
from analysis.views.depth import depth_context, results_of
from analysis.wave_changes import ChangeRow, WaveChanges, wave_changes
from surveys.models import Wave, WaveState


@require_safe
def compare_waves_page(request: HttpRequest, wave_id: int) -> HttpResponse:
    """?with= names the earlier wave (else the last before it); ?audience= by whom schools are read."""
    results = results_of(request, wave_id)
    others = list(
        Wave.objects.filter(county=request.scope.county, state=WaveState.CLOSED)
        .exclude(pk=results.wave.pk)
        .filter(starts_on__lte=results.wave.starts_on)
        .select_related("county")
    )
    asked = request.GET.get("with", "")
    other = next((one for one in others if str(one.pk) == asked), next(iter(others), None))
    audiences = audiences_at_schools(results)
    asked = request.GET.get("audience", "")
    audience = asked if asked in audiences else next(iter(audiences), "")
    found, earlier = None, None
    if other is not None:
        earlier = wave_results(other, now=timezone.now())
        found = wave_changes(earlier, results, audience=audience)
    context = depth_context(
        results.wave, "compare_waves",
        title=_("Two waves"),
        results=results,
        others=others,
        other=other,
        audiences=[(code, audience_name(code)) for code in audiences],
        chosen=audience,
        chosen_name=audience_name(audience),
        found=found,
        county=_row(found.county, results) if found and found.county else None,
        audience_rows=[_row(one, results) for one in found.audiences] if found else [],
        school_rows=[_row(one, results) for one in found.schools] if found else [],
        refusals=[_refusal(one) for one in found.refusals] if found else [],
        answer=_answer(found, results, other),
        remarks=_remarks(found),
    )  # fmt: skip
    return render(request, "desk/depth/compare_waves.html", context)


def _answer(found: WaveChanges | None, results: WaveResults, other: Wave | None) -> str:
    if found is None or other is None:
        return _("There is no earlier closed wave to compare with.")
    if found.county is None:
        return _("These two waves cannot be compared; the reasons are below.")
    row = _row(found.county, results)
    said = [
        _("Since “%(earlier)s” the result changed by %(change)s (95%% interval %(interval)s).")
        % {"earlier": other.name, "change": row["change"], "interval": row["interval"]}
    ]
    if not found.county.is_clear:
        said.append(_("That is no more than chance could do."))
    elif found.county.change.difference > 0:
        said.append(_("It has risen beyond what chance does."))
    else:
        said.append(_("It has fallen beyond what chance does."))
    clear = sum(one.is_clear for one in found.schools)
    if found.schools:
        said.append(
            ngettext(
                "%(count)s school changed demonstrably.", "%(count)s schools changed demonstrably.", clear
            )
            % {"count": clear}
        )
    return joined(said)


def _remarks(found: WaveChanges | None) -> list[str]:
    if found is None or found.county is None:
        return []
    said = []
    if found.no_decline:
        said.append(_("A decline of more than two points can be ruled out (one-sided, 5%)."))
    if found.shares_differ:
        said.append(_("The earlier wave is computed again with this wave's rule and shares."))
    return said


def _row(one: ChangeRow, results: WaveResults) -> dict[str, Any]:
    unit = results.figure.unit
    lower, upper = one.interval
    return {
        "name": one.name,
        "school": one.school,
        "before": rate_text(one.before, unit=unit, limit=results.figure.limit),
        "after": rate_text(one.after, unit=unit, limit=results.figure.limit),
        "change": _signed(one.change.difference, unit),
        "interval": f"{_signed(lower, unit)} … {_signed(upper, unit)}",
        "p": _p(one.change.p_value if one.q is None else one.q),
        "is_clear": one.is_clear,
    }


def _signed(value: float, unit: str) -> str:
    """Percentage points of a share, points of a score, with the sign."""
    scaled = value * 100 if unit == "share" else value
    return f"{scaled:+.1f}".replace("-", "−")


def _p(value: float) -> str:
    return "<0.001" if value < 0.001 else f"{value:.3f}"


def _refusal(refused: dict) -> str:
    sentences = {
        "not_scored": _("“%(wave)s” has no frozen result that fits its counts: close and score it first."),
        "other_design": _("The two waves have different sampling designs."),
        "other_audiences": _("The two waves asked different audiences."),
        "several_items": _(
            "This wave's rule takes several questions together; only one question is compared."
        ),
        "other_question": _("%(audience)s: the question or its options were worded differently."),
        "hidden": _("One of the two results rests on too few answers to be shown."),
    }
    text = sentences.get(refused["code"], _("The change cannot be computed from these counts."))
    return text % {"wave": refused.get("wave", ""), "audience": audience_name(refused.get("audience", ""))}
