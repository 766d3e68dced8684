"""Signals of answer quality in words, each with the honest explanation it may have."""

from __future__ import annotations

from collections.abc import Callable

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from analysis.answer_quality import SeenSignal
from analysis.results import audience_name
from analysis.templatetags.figures import part_text

KINDS = {
    "answers": gettext_lazy("answers alike"),
    "arrival": gettext_lazy("arrival"),
    "pace": gettext_lazy("pace"),
    "entry": gettext_lazy("device"),
    "channel": gettext_lazy("channel"),
    "facts": gettext_lazy("facts"),
}

NAMES = {
    "identical_vectors": gettext_lazy("The same complete answers, many times"),
    "unusual_burst": gettext_lazy("A sharper burst than elsewhere"),
    "low_variety": gettext_lazy("Less variety than schools of equal mean"),
    "many_fast": gettext_lazy("Many filled in too fast"),
    "many_contradictions": gettext_lazy("Many contradict the roster"),
    "level_above_prediction": gettext_lazy("Far more satisfied than the other schools make likely"),
    "channel_gap": gettext_lazy("Far more satisfied on the poster than on the slips"),
}

SENTENCES: dict[str, Callable[[SeenSignal], str]] = {
    "identical_vectors": lambda one: _(
        "%(value)s replies give exactly the same answers to all questions; elsewhere one would expect "
        "%(expected)s. "
        "Honest explanation: few questions, few opinions."
    ) % {"value": f"{one.value:.0f}", "expected": f"{one.expected:.1f}"},
    "unusual_burst": lambda one: _(
        "%(value)s replies came within ten minutes; of that hour one would expect %(expected)s. Honest "
        "explanation: an announcement in the class group, a parents' meeting."
    ) % {"value": f"{one.value:.0f}", "expected": f"{one.expected:.1f}"},
    "low_variety": lambda one: _(
        "Answers vary less (%(value)s bits per question) than at schools equally satisfied "
        "(%(expected)s). Honest "
        "explanation: a small or excellent school."
    ) % {"value": f"{one.value:.2f}", "expected": f"{one.expected:.2f}"},
    "many_fast": lambda one: _(
        "%(value)s replies were filled in too fast to read the questions; elsewhere one would expect "
        "%(expected)s. "
        "Honest explanation: people who know the form already."
    ) % {"value": f"{one.value:.0f}", "expected": f"{one.expected:.1f}"},
    "many_contradictions": lambda one: _(
        "%(value)s replies give a class size far from the roster's; elsewhere one would expect "
        "%(expected)s. Honest "
        "explanation: the roster is old or wrong."
    ) % {"value": f"{one.value:.0f}", "expected": f"{one.expected:.1f}"},
    "level_above_prediction": lambda one: _(
        "So many are satisfied that the other schools do not make it likely; by them one would expect about "
        "%(expected)s. Honest explanation: a school that really is excellent."
    ) % {"expected": part_text(one.expected)},
    "channel_gap": lambda one: _(
        "On the open poster, whose code anybody may pass on, %(value)s percentage points more are satisfied "
        "than on the one-time slips; in this county the difference is usually %(expected)s. Honest "
        "explanation: other people scan a poster than fill in a slip."
    ) % {"value": f"{100 * one.value:+.0f}", "expected": f"{100 * one.expected:+.0f}"},
}  # fmt: skip


def kind_name(kind: str) -> str:
    return str(KINDS.get(kind, kind))


def signal_name(name: str) -> str:
    return str(NAMES.get(name, name))


def signal_sentence(signal: SeenSignal) -> str:
    """ "Parents: 37 replies were filled in too fast …", with what the other schools lead to expect."""
    said = SENTENCES[signal.name](signal) if signal.name in SENTENCES else signal_name(signal.name)
    return _("%(audience)s: %(sentence)s") % {"audience": audience_name(signal.audience), "sentence": said}


def basis_sentence(audience: str, basis: str, count: int) -> str:
    """Which replies a set holds: a count, never what single people answered."""
    if basis == "vector":
        text = ngettext(
            "%(audience)s: %(count)s reply with the same answers",
            "%(audience)s: %(count)s replies with the same answers",
            count,
        )
    elif basis == "window":
        text = ngettext(
            "%(audience)s: %(count)s reply of the same ten minutes",
            "%(audience)s: %(count)s replies of the same ten minutes",
            count,
        )
    elif basis == "fast":
        text = ngettext(
            "%(audience)s: %(count)s reply filled in too fast",
            "%(audience)s: %(count)s replies filled in too fast",
            count,
        )
    elif basis == "poster":
        text = ngettext(
            "%(audience)s: the only reply through the open poster here",
            "%(audience)s: all %(count)s replies through the open poster here",
            count,
        )
    else:
        text = ngettext(
            "%(audience)s: the only reply of this audience here",
            "%(audience)s: all %(count)s replies of this audience here",
            count,
        )
    return text % {"audience": audience_name(audience), "count": count}


def few_sentence(count: int, minimum: int) -> str:
    """What taking out or putting back fewer replies than the smallest group gives away; else empty."""
    if count >= minimum:
        return ""
    return ngettext(
        "This is fewer than %(minimum)s replies, the smallest group that is shown: whoever keeps the figures "
        "from before and after can work out how this one person answered. Decide on more replies together "
        "if you can.",
        "These are fewer than %(minimum)s replies, the smallest group that is shown: whoever keeps the "
        "figures from before and after can work out how these %(count)s people answered. Decide on more "
        "replies together if you can.",
        count,
    ) % {"minimum": minimum, "count": count}
