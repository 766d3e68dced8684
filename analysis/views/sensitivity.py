"""The rate and verdict under every rule, over all replies and over parts of them."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from analysis.answer_quality import answer_quality
from analysis.code_sentences import joined
from analysis.other_weights import weight_table
from analysis.results import Figure, WaveResults
from analysis.sensitivity import ALL, UNMARKED, Sensitivity, sensitivity
from analysis.templatetags.figures import limit_text, rate_text
from analysis.views.depth import depth_context, is_being_looked_at, results_of
from analysis.wording import verdict_word
from scoring.rules import shipped_rules
from surveys.models import Channel


@require_safe
def sensitivity_page(request: HttpRequest, wave_id: int) -> HttpResponse:
    results = results_of(request, wave_id)
    # Of a large wave the column of marked replies comes once a worker has read them.
    is_read = results.wave.is_closed and not is_being_looked_at(results.wave)
    marked = answer_quality(results.wave).marked if is_read else ()
    table = sensitivity(results, marked=marked)
    context = depth_context(
        results.wave, "sensitivity",
        title=_("By rule and replies"),
        results=results,
        table=table,
        parts=[(part, part_name(part.key)) for part in table.parts],
        words={word: verdict_word(word) for word in ("met", "not_met", "undetermined", "not_computable")},
        answer=_answer(results, table),
        remarks=_remarks(results, table),
        weights=weight_table(results),
        has_bounds=any(cell.is_upper_bound for row in table.rows for cell in row.cells),
    )  # fmt: skip
    return render(request, "desk/depth/sensitivity.html", context)


def part_name(key: str) -> str:
    """What a set of replies is called in a table's head."""
    names = {
        ALL: _("All replies"),
        UNMARKED: _("Without marked replies"),
        "not_imported": _("Without imported replies"),
        "imported": _("Imported replies only"),
    }
    return str(names.get(key) or Channel(key).label)


def _answer(results: WaveResults, table: Sensitivity) -> str:
    if not table.rows:
        return _("There is no figure yet that could be compared.")
    figures = [row.cells[0].figure for row in table.rows if row.cells[0].figure]
    shares = [figure for figure in figures if figure.unit == "share"]
    spread = _spread(shares, scores=len(figures) - len(shares))
    if results.verdict is None:
        return spread
    words = table.verdicts()
    if len(words) == 1:
        return joined([spread, _("The verdict is the same under all of them: %(word)s.") % {
            "word": verdict_word(next(iter(words)))
        }])  # fmt: skip
    counted = [
        ngettext("%(word)s under %(rules)s rule", "%(word)s under %(rules)s rules", number)
        % {"word": verdict_word(word), "rules": number}
        for word in ("met", "undetermined", "not_met", "not_computable")
        if (number := sum(row.cells[0].verdict == word for row in table.rows))
    ]
    return joined(
        [spread, _("The verdict depends on the rule: %(words)s.") % {"words": _(", ").join(counted)}]
    )


def _spread(shares: list[Figure], *, scores: int) -> str:
    """Between what rates the rules put the county; how many of the rows are mean scores instead."""
    said = []
    if shares:
        # Not a plural: languages with one form for all numbers say these two apart as well.
        text = (
            _("Under the one rule that gives a rate it is %(lowest)s.")
            if len(shares) == 1
            else _("Under %(rules)s rules that give a rate it lies between %(lowest)s and %(highest)s.")
        )
        said.append(
            text
            % {
                "rules": len(shares),
                "lowest": rate_text(min(one.estimate for one in shares), limit=shares[0].limit),
                "highest": rate_text(max(one.estimate for one in shares), limit=shares[0].limit),
            }
        )
    if scores:
        said.append(
            ngettext("%(count)s rule gives a mean score.", "%(count)s rules give a mean score.", scores)
            % {"count": scores}
        )
    return joined(said)


def _remarks(results: WaveResults, table: Sensitivity) -> list[str]:
    said = [
        _("Nobody publishes the national formula. The wave's own rule stands first; the limit is %(limit)s.")
        % {"limit": limit_text(results.figure.limit, unit=results.figure.unit)}
    ]
    if results.verdict is None:
        said.append(_("There are no verdict words before the wave is closed and scored."))
    if table.hidden_parts:
        said.append(
            _("Not shown because too few replies are in it or outside it: %(parts)s.")
            % {"parts": _(", ").join(part_name(key) for key in table.hidden_parts)}
        )
    if table.rows and len(table.rows) < len(shipped_rules()):
        said.append(
            _(
                "Rules whose questions this wave does not ask, or that would give a small audience away, "
                "are left out."
            )
        )
    return said
