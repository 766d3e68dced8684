"""Verdicts and readings in a bureau's words.

Pages, files and reports all take their sentences from this file, so that the same finding is always said
in the same words. Numbers inside sentences come from the one formatter.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from analysis.code_sentences import joined
from analysis.results import Figure, WaveResults, audience_name
from analysis.templatetags.figures import limit_text, part_text, rate_text
from scoring.models import Verdict
from scoring.numeric.verdict import MINIMUM_VALID
from scoring.rules import ScoringRule


@dataclass(frozen=True)
class Reading:
    """One way of reading the result: what it is called, what it says, what that means."""

    title: str
    word: str
    tone: str  # "met", "not_met", "undetermined", "not_computable"
    meaning: str


def verdict_word(verdict: str) -> str:
    return str(Verdict(verdict).label)


def verdict_sentence(results: WaveResults) -> str:
    """The verdict's meaning in one sentence, with the bound that decides it."""
    limit = limit_text(results.figure.limit, unit=results.figure.unit)
    found = results.result["verdict"] or {}
    lower, upper = (_bound(found.get(side), results) for side in ("lower", "upper"))
    if results.verdict == Verdict.NOT_COMPUTABLE:
        return _("Something needed for the figure is missing, so there is no verdict. The reasons are below.")
    if not results.figure.is_shown:
        return _("There are too few answers to print the figure.")
    if results.verdict == Verdict.MET:
        return _(
            "Even with sampling error counted against the county, the rate is not below %(limit)s: "
            "its one-sided 95%% lower bound is %(bound)s."
        ) % {"limit": limit, "bound": lower}
    if results.verdict == Verdict.NOT_MET:
        return _(
            "Even with sampling error counted in the county's favour, the rate is below %(limit)s: "
            "its one-sided 95%% upper bound is %(bound)s."
        ) % {"limit": limit, "bound": upper}
    undetermined = _(
        "%(limit)s lies between the lower bound %(lower)s and the upper bound %(upper)s: these answers show "
        "neither that the limit is reached nor that it is missed."
    ) % {"limit": limit, "lower": lower, "upper": upper}
    if results.figure.side not in ("above", "below"):
        return undetermined
    return joined(
        [
            undetermined,
            _("The 95%% interval lies on one side of it; the verdict is more careful with small audiences.")
            % {},
        ]
    )


def minimums_sentence(results: WaveResults) -> str:
    """Why a verdict may stand where a figure does not: they have minimums of their own. "" where the two do
    not meet, because every audience has enough answers for both."""
    shown = results.wave.minimum_group_size
    is_hidden = not results.figure.is_shown or any(row.figure.hidden == "few" for row in results.audiences)
    is_short = any(reason["code"] == "few_answers" for reason in results.result["reasons"])
    if results.verdict is None or shown <= MINIMUM_VALID or not (is_hidden or is_short):
        return ""
    return _(
        "There are two minimums. A verdict needs %(valid)s valid answers from every audience that is part of "
        "the rate; a figure is printed from %(shown)s answers on, so that nobody's answer can be read off "
        "it. An audience between the two counts for the verdict, and its own figure stays hidden."
    ) % {"valid": MINIMUM_VALID, "shown": shown}


def readings(results: WaveResults) -> list[Reading]:
    """The statistical verdict and the regulation's point reading, side by side; empty without a figure."""
    figure = results.figure
    if results.verdict is None or not figure.is_shown:
        return []
    statistical = Reading(
        title=_("With sampling error"),
        word=verdict_word(results.verdict),
        tone=results.verdict,
        meaning=joined(_rule_of_words(results)),
    )
    # Compared unrounded, as everywhere.
    reached = figure.estimate >= figure.limit
    values = {
        "rate": rate_text(figure.estimate, unit=figure.unit, limit=figure.limit),
        "limit": limit_text(figure.limit, unit=figure.unit),
    }
    point = Reading(
        title=_("The figure alone, as the regulation reads it"),
        word=_("%(rate)s: %(limit)s is reached") % values
        if reached
        else _("%(rate)s: %(limit)s is not reached") % values,
        tone="met" if reached else "not_met",
        meaning=_(
            "The regulation asks for at least %(limit)s and does not mention sampling error. Asking other "
            "people would give a somewhat different figure; how different, the interval says."
        )
        % values,
    )
    return [statistical, point]


def _rule_of_words(results: WaveResults) -> list[str]:
    """When the verdict's word is said, and how sure that makes it."""
    values = {
        "limit": limit_text(results.figure.limit, unit=results.figure.unit),
        "alpha": f"{results.result['alpha'] * 100:g}%",
    }
    wrong = _("The chance to say so wrongly is at most %(alpha)s.") % values
    if results.verdict == Verdict.MET:
        return [_("Said only if the lower bound of the rate is not below %(limit)s.") % values, wrong]
    if results.verdict == Verdict.NOT_MET:
        return [_("Said only if the upper bound of the rate is below %(limit)s.") % values, wrong]
    if results.verdict == Verdict.UNDETERMINED:
        said = (
            _("Said if %(limit)s lies between the two bounds. More valid answers bring them closer.") % values
        )
        return [said, *_largest_uncertainty(results)]
    return [_("Without the missing part there is nothing to judge.")]


def _largest_uncertainty(results: WaveResults) -> list[str]:
    """Which audience a further answer helps most from; nothing if the audience is hidden."""
    parts = [
        (row.get("part_of_variance"), row["audience"])
        for row in results.result["audiences"]
        if row.get("part_of_variance") is not None
    ]
    if len(parts) < 2:
        return []
    part, audience = max(parts)
    return [
        _("Most of the uncertainty comes from: %(audience)s (%(part)s).")
        % {"audience": audience_name(audience), "part": part_text(part)}
    ]


def tipping_sentences(results: WaveResults) -> list[str]:
    """How the silent would have to differ for the rate to lie at the limit; with a verdict also if nobody
    can say. Empty without a figure or where it would give a hidden audience away."""
    tip, figure = results.result.get("tipping_point"), results.figure
    if not figure.is_shown:
        return []
    if not tip:
        if results.verdict is None or not results.result["regrouped"]:
            return []
        return [
            _("It is not known how many people did not answer, so nobody can say what they could change.")
        ]
    share = figure.unit == "share"
    values = {
        "audience": audience_name(tip["audience"]),
        "answered": part_text(tip["response_share"]),
        "observed": rate_text(tip["observed"], unit=figure.unit),
        "silent": rate_text(tip["nonrespondents"], unit=figure.unit),
        "limit": limit_text(figure.limit, unit=figure.unit),
    }
    if tip["nonrespondents"] is None:
        return [_("%(audience)s: everybody answered.") % values]
    answered = _("%(audience)s: %(answered)s have answered.") % values
    reached = figure.estimate >= figure.limit
    if not tip["attainable"] and reached:
        return [
            answered,
            _("Whatever the others think, the county's rate stays at or above %(limit)s.") % values,
        ]
    if not tip["attainable"]:
        return [answered, _("Whatever the others think, the county's rate stays below %(limit)s.") % values]
    if reached and share:
        text = _(
            "Among those who answered %(observed)s are satisfied. If it were less than %(silent)s among the "
            "others, the county's true rate would be below %(limit)s."
        )
    elif share:
        text = _(
            "Among those who answered %(observed)s are satisfied. Only if it were %(silent)s or more among "
            "the others would the county's true rate reach %(limit)s."
        )
    elif reached:
        text = _(
            "Those who answered give %(observed)s points. If the others gave less than %(silent)s, the "
            "county's true score would be below %(limit)s."
        )
    else:
        text = _(
            "Those who answered give %(observed)s points. Only if the others gave %(silent)s or more would "
            "the county's true score reach %(limit)s."
        )
    return [answered, text % values]


def extreme_sentences(results: WaveResults) -> list[str]:
    """The bounds of Manski for the record: what the silent of the largest audience could do at the utmost."""
    tip, figure = results.result.get("tipping_point"), results.figure
    if not tip or not figure.is_shown or tip["nonrespondents"] is None or figure.unit != "share":
        return []
    return [
        _(
            "At the utmost: if none of the others of this audience (%(audience)s) were satisfied, the "
            "county's rate would be %(lowest)s; if all of them were, %(highest)s."
        )
        % {
            "audience": audience_name(tip["audience"]),
            "lowest": rate_text(tip["lowest"], unit=figure.unit, limit=figure.limit),
            "highest": rate_text(tip["highest"], unit=figure.unit, limit=figure.limit),
        }
    ]


def tipping_in_short(tip: Mapping | None, figure: Figure) -> str:
    """For a table: what those who did not answer would have to give for the figure to lie at the limit."""
    if not tip or tip["nonrespondents"] is None:
        return "—"
    if not tip["attainable"]:
        return _("nothing they say changes it")
    values = {
        "audience": audience_name(tip["audience"]),
        "silent": rate_text(tip["nonrespondents"], unit=figure.unit),
    }
    if figure.estimate is not None and figure.estimate >= figure.limit:
        return _("%(audience)s: below %(silent)s") % values
    return _("%(audience)s: %(silent)s or more") % values


def hidden_sentence(hidden: str, minimum: int) -> str:
    """Why a dash stands where a figure could be."""
    if hidden == "few":
        return ngettext("fewer than %(size)s answer", "fewer than %(size)s answers", minimum) % {
            "size": minimum
        }
    if hidden == "together":
        return _("hidden with a small group")
    if hidden == "running":
        return _("shown after closing")
    if hidden == "waiting":
        return _("too few so far")
    return ""


def rule_sentences(rule: ScoringRule) -> list[str]:
    """What a rule does with don't-know answers, audiences and locations, one sentence each."""
    dont_know = {
        "out": _("“Don't know” and blank answers count neither for nor against: they stay out of the base."),
        "against": _("“Don't know” counts as not satisfied; blank answers stay out of the base."),
    }
    groups = {
        "given": _("Every audience has the share of the result that was set when the wave was drawn up."),
        "equal": _("Every audience has the same share of the result."),
        "population": _("Every audience has the share that its people have among all people asked."),
        "pooled": _("Every reply counts alike; audiences have the share of their replies."),
    }
    locations = {
        "residents": _("Inside an audience, city, town and village count as their resident population does."),
        "own": _("Inside an audience, places count as the audience's own people there do."),
    }
    if rule.groups == "pooled":  # then places carry no weight of their own either
        return [dont_know[rule.dont_know], groups["pooled"]]
    return [dont_know[rule.dont_know], groups[rule.groups], locations[rule.locations]]


def _bound(value: float | None, results: WaveResults) -> str:
    return rate_text(value, unit=results.figure.unit, limit=results.figure.limit)
