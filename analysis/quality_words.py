"""Signals of answer quality in words, each with the honest explanation it may have."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from analysis.fact_words import fact_name
from analysis.measured_signals import MEASURED, MEASURED_FACTS, Measured
from analysis.results import audience_name
from analysis.seen_signals import AnswerQuality, SeenSignal, SignalCount
from analysis.templatetags.figures import part_text

KINDS = {
    "answers": gettext_lazy("answers alike"),
    "arrival": gettext_lazy("arrival"),
    "pace": gettext_lazy("pace"),
    "entry": gettext_lazy("device"),
    "channel": gettext_lazy("channel"),
    "facts": gettext_lazy("facts"),
}
KIND_OF = {
    "identical_vectors": "answers", "low_variety": "answers", "level_above_prediction": "answers",
    "unusual_burst": "arrival", "many_fast": "pace", "many_contradictions": "facts",
    "channel_gap": "channel", "many_per_device": "entry",
}  # fmt: skip

NAMES = {
    "identical_vectors": gettext_lazy("The same complete answers, many times"),
    "low_variety": gettext_lazy("Less variety than schools of equal mean"),
    "level_above_prediction": gettext_lazy("Far more satisfied than the other schools make likely"),
    "unusual_burst": gettext_lazy("A sharper burst than elsewhere"),
    "many_fast": gettext_lazy("Many filled in too fast"),
    "many_contradictions": gettext_lazy("Many contradict what is on file"),
    "channel_gap": gettext_lazy("Far more satisfied on the poster than on the slips"),
    "many_per_device": gettext_lazy("Many from one device"),
}

SENTENCES: dict[str, Callable[[SeenSignal], str]] = {
    "identical_vectors": lambda one: _(
        "%(value)s replies give exactly the same answers to all questions; elsewhere one would expect "
        "%(expected)s."
    ) % {"value": f"{one.value:.0f}", "expected": f"{one.expected:.1f}"},
    "unusual_burst": lambda one: _(
        "%(value)s replies came within ten minutes; of that hour one would expect %(expected)s."
    ) % {"value": f"{one.value:.0f}", "expected": f"{one.expected:.1f}"},
    "low_variety": lambda one: _(
        "Answers vary less (%(value)s bits per question) than at schools equally satisfied (%(expected)s)."
    ) % {"value": f"{one.value:.2f}", "expected": f"{one.expected:.2f}"},
    "many_fast": lambda one: _(
        "%(value)s replies were filled in too fast to read the questions; elsewhere one would expect "
        "%(expected)s."
    ) % {"value": f"{one.value:.0f}", "expected": f"{one.expected:.1f}"},
    "many_contradictions": lambda one: _(
        "%(value)s replies contradict what is on file (%(fact)s); up to %(expected)s would be usual."
    ) % {"value": f"{one.value:.0f}", "expected": f"{one.expected:.1f}", "fact": fact_name(one.fact)},
    "level_above_prediction": lambda one: _(
        "So many are satisfied that the other schools do not make it likely; by them one would expect about "
        "%(expected)s."
    ) % {"expected": part_text(one.expected)},
    "channel_gap": lambda one: _(
        "On the open poster, whose code anybody may pass on, %(value)s percentage points more are satisfied "
        "than on the one-time slips; in this county the difference is usually %(expected)s."
    ) % {"value": f"{100 * one.value:+.0f}", "expected": f"{100 * one.expected:+.0f}"},
}  # fmt: skip

# What else may explain a signal: it stands beside every one of them.
TRAPS = {
    "identical_vectors": gettext_lazy("few questions, few opinions"),
    "low_variety": gettext_lazy("a small or excellent school"),
    "level_above_prediction": gettext_lazy("a school that really is excellent"),
    "unusual_burst": gettext_lazy("an announcement in the class group, a parents' meeting"),
    "many_fast": gettext_lazy("people who know the form already"),
    "many_contradictions": gettext_lazy("what is on file is old or wrong"),
    "channel_gap": gettext_lazy("other people scan a poster than fill in a slip"),
    "many_per_device": gettext_lazy("a family phone that is shared, the school's computer room"),
}


# What a signal asks for where it could not be tested.
NOT_TESTED = {
    "identical_vectors": gettext_lazy("asks for eight questions or more"),
    "low_variety": gettext_lazy("asks for eight schools with varied replies"),
    "level_above_prediction": gettext_lazy(
        "only of a closed wave, with eight schools large enough to be shown"
    ),
    "unusual_burst": gettext_lazy("asks for eight schools with replies"),
    "many_fast": gettext_lazy("asks for times"),
    "many_contradictions": gettext_lazy("asks for a statistic on file of eight schools"),
    "channel_gap": gettext_lazy("only of a closed wave with eight schools asked by poster and by slips"),
}


@dataclass(frozen=True)
class TestedRow:
    """One signal over the audiences that were read. by_audience: name, and how many schools show it of how
    many tested ("1 of 60"), empty where it could not be tested; needs: what it asks for, if it lacks it
    somewhere."""

    name: str
    kind: str
    by_audience: tuple[tuple[str, str], ...]
    needs: str


def tested_rows(found: AnswerQuality) -> tuple[list[str], list[TestedRow]]:
    """The audiences' names, and every signal with what was seen in each; also those that these replies do
    not allow. What is contradicted has a row per statistic. Audiences of which nothing could be tested are
    left to `untested_sentence`."""
    audiences = list(dict.fromkeys(one.audience for one in found.signals))
    rows = []
    for key, needs in NOT_TESTED.items():
        own = [one for one in found.signals if one.name == key]
        for fact in dict.fromkeys(one.fact for one in own) or ("",):
            seen = {one.audience: one for one in own if one.fact == fact}
            asked = [one for one in audiences if not fact or one in seen or _asks(found, one, fact)]
            counts = [(audience_name(one), _seen_of(seen[one]) if one in seen else "") for one in audiences]
            lacking = any(one not in seen for one in asked)
            rows.append(
                TestedRow(
                    name=signal_name(key, fact), kind=kind_name(KIND_OF[key]), by_audience=tuple(counts),
                    needs=str(needs) if lacking else "",
                )
            )  # fmt: skip
    return [audience_name(one) for one in audiences], rows


def untested_sentence(found: AnswerQuality) -> str:
    """The audiences with too few replies at each school for any signal; empty if there is none."""
    tested = {one.audience for one in found.signals}
    names = [audience_name(one.audience) for one in found.straight if one.audience not in tested]
    if not names:
        return ""
    return _("Not tested, as fewer than eight schools have eight replies: %(audiences)s.") % {
        "audiences": _(", ").join(names)
    }


def _asks(found: AnswerQuality, audience: str, fact: str) -> bool:
    return any(one.audience == audience and one.statistic == fact for one in found.facts)


def _seen_of(one: SignalCount) -> str:
    return _("%(seen)s of %(tested)s") % {"seen": one.seen, "tested": one.tested}


def straight_sentence(found: AnswerQuality, *, minimum: int) -> str:
    """How many gave one answer throughout, by audience; empty where no audience is large enough."""
    said = [
        _("%(audience)s %(part)s")
        % {"audience": audience_name(one.audience), "part": part_text(one.straight / one.replies)}
        for one in found.straight
        if one.replies >= minimum
    ]
    if not said:
        return ""
    return _("One answer throughout (straight line): %(parts)s.") % {"parts": _(", ").join(said)}


@dataclass(frozen=True)
class SignalInWords:
    """One signal of the method: its name and kind, its honest explanation, and what was measured of it."""

    name: str
    kind: str
    trap: str
    measured: Measured


def signals_in_words() -> list[SignalInWords]:
    """Every signal, with its measured rates; also the one that the product has no data for. What is
    contradicted has a row per statistic."""
    return [
        SignalInWords(signal_name(key, fact), kind_name(KIND_OF[key]), str(TRAPS[key]), measured)
        for key in NAMES
        for fact, measured in (
            MEASURED_FACTS.items() if key == "many_contradictions" else [("", MEASURED[key])]
        )
    ]


def kind_name(kind: str) -> str:
    return str(KINDS.get(kind, kind))


def signal_name(name: str, fact: str = "") -> str:
    """fact: the statistic that a signal is about."""
    said = str(NAMES.get(name, name))
    return _("%(signal)s (%(fact)s)") % {"signal": said, "fact": fact_name(fact)} if fact else said


def signal_sentence(signal: SeenSignal) -> str:
    """ "Parents: 37 replies were filled in too fast … Honest explanation: …", with what is expected."""
    said = SENTENCES[signal.name](signal) if signal.name in SENTENCES else signal_name(signal.name)
    if signal.name in TRAPS:
        said = _("%(seen)s Honest explanation: %(trap)s.") % {"seen": said, "trap": TRAPS[signal.name]}
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
