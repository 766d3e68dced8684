"""Small schools: the direct result beside the shrunken one, and the funnel around the county's rate."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from analysis.charts import bar_heading, common_scale
from analysis.funnel_chart import funnel_chart
from analysis.results import audience_name
from analysis.small_schools import SmallSchools, audiences_at_schools, small_schools
from analysis.views.depth import depth_context, results_of
from scoring.numeric.small_area import MIN_SCHOOLS


@require_safe
def small_schools_page(request: HttpRequest, wave_id: int) -> HttpResponse:
    """?audience= chooses one of the audiences asked at schools; the first one else."""
    results = results_of(request, wave_id)
    audiences = audiences_at_schools(results)
    asked = request.GET.get("audience", "")
    chosen = asked if asked in audiences else next(iter(audiences), "")
    found = small_schools(results, chosen) if chosen else SmallSchools("", (), None, "nothing", None)
    limit = results.figure.limit
    scale = common_scale(
        (row.direct.figure for row in found.rows), limit=limit, top=results.rule.top_score,
        unit=results.figure.unit,
    )  # fmt: skip
    context = depth_context(
        results.wave, "small_schools",
        title=_("Small schools"),
        results=results,
        found=found,
        audiences=[(code, audience_name(code)) for code in audiences],
        chosen=chosen,
        scale=scale,
        scale_heading=bar_heading(scale),
        chart=funnel_chart(found, limit=limit) if found.rows else "",
        answer=_answer(found),
        remarks=_remarks(found, results.wave.minimum_group_size),
    )  # fmt: skip
    return render(request, "desk/depth/small_schools.html", context)


def _answer(found: SmallSchools) -> str:
    name = audience_name(found.audience)
    if found.reason == "nothing":
        return _("No audience asked at schools has a figure yet.")
    if found.reason == "too_few_schools":
        return _(
            "%(audience)s: fewer than %(count)s schools have answers, so there are direct results only."
        ) % {
            "audience": name,
            "count": MIN_SCHOOLS,
        }
    if found.reason == "score":
        return _(
            "%(audience)s: this wave's rule is no share of one question, so there are direct results only."
        ) % {"audience": name}
    if not found.differ:
        return _(
            "%(audience)s: the schools show no demonstrable differences; they differ no more than chance "
            "does."
        ) % {"audience": name}
    count = len(found.flagged)
    if not count:
        return _(
            "%(audience)s: the schools differ somewhat, but no single school lies outside what its size "
            "and the "
            "county's usual spread allow."
        ) % {"audience": name}
    return ngettext(
        "%(audience)s: %(count)s school lies further from the county's rate than its size and the "
        "county's usual "
        "spread allow.",
        "%(audience)s: %(count)s schools lie further from the county's rate than their size and the "
        "county's usual "
        "spread allow.",
        count,
    ) % {"audience": name, "count": count}


def _remarks(found: SmallSchools, minimum: int) -> list[str]:
    hidden = sum(not row.direct.figure.is_shown for row in found.rows)
    said = [
        _(
            "Schools stand in the order of their codes. They are not ranked: with so few answers a rank "
            "would "
            "mostly be chance."
        )
    ]
    if hidden:
        said.append(
            ngettext(
                "%(count)s school is not shown: fewer than %(size)s valid answers, or it would give such "
                "a one away.",
                "%(count)s schools are not shown: fewer than %(size)s valid answers, or they would give "
                "such a one "
                "away.",
                hidden,
            )
            % {"count": hidden, "size": minimum}
        )
    return said
