"""Names and sentences of the other ways of weighting, in a bureau's words."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from analysis.code_sentences import joined, reason_sentences
from analysis.results import Figure, WaveResults, audience_name
from analysis.sampling_plan import grade_name
from analysis.templatetags.figures import decimal, part_text, rate_text
from analysis.wording import verdict_word
from scoring.other_weights import CAP, Weighting
from scoring.raked_weights import Convergence
from surveys.models import Wave
from surveys.templatetags.desk import number


def summary_sentence(figures: Sequence[Figure], words: Sequence[str]) -> str:
    """Between what rates the ways of weighting put the county, and whether the verdict is the same."""
    unit, limit = figures[0].unit, figures[0].limit
    rates = [figure.estimate for figure in figures if figure.estimate is not None]
    said = [
        ngettext(
            "Under %(ways)s way of weighting the rate is %(lowest)s.",
            "Under %(ways)s ways of weighting the rate lies between %(lowest)s and %(highest)s.",
            len(rates),
        )
        % {
            "ways": len(rates),
            "lowest": rate_text(min(rates), unit=unit, limit=limit),
            "highest": rate_text(max(rates), unit=unit, limit=limit),
        }
    ]
    if len(rates) > 1 and len(set(words)) == 1:
        said.append(
            _("The verdict is the same whatever the weights: %(word)s.") % {"word": verdict_word(words[0])}
        )
    elif len(set(words)) > 1:
        said.append(_("The verdict depends on the weights."))
    return joined(said)


def name_of(key: str) -> str:
    return {
        "cells": _("As set: people ÷ replies of each school"),
        "raked": _("Raked to schools and grade bands"),
        "trimmed": _("Large weights trimmed"),
        "unweighted": _("No weights within an audience"),
    }[key]


def description_of(key: str) -> str:
    """What it is, in one sentence."""
    return {
        "cells": _("Every reply stands for as many people as its school has per reply; the official rate."),
        "raked": _(
            "Parents and pupils are weighted so that schools and grade bands both have their people of the "
            "roster."
        ),
        "trimmed": _(
            "No reply stands for more than %(times)s times the median; what is cut goes to the same kind of "
            "place."
        )
        % {"times": f"{CAP:g}"},
        "unweighted": _("Every reply of an audience counts alike; the audiences keep their shares."),
    }[key]


def warning_sentences(one: Weighting) -> list[str]:
    """What a reader should doubt: costly, very unequal or much trimmed weights, by audience."""
    said = []
    trimmed = {entry.audience: entry.share for entry in one.trimming}
    for entry in one.audiences:
        name = audience_name(entry.audience)
        if "weighting_deff_above_2" in entry.warnings:
            said.append(
                _(
                    "%(audience)s: the design effect of the weights is %(deff)s, above 2; in effect fewer "
                    "than half of the replies are left."
                )
                % {"audience": name, "deff": decimal(entry.design_effect)}
            )
        if "largest_weight_above_6_medians" in entry.warnings:
            said.append(
                _("%(audience)s: the largest weight is %(times)s times the median.")
                % {"audience": name, "times": decimal(entry.largest_in_medians, 1)}
            )
        if "much_trimmed" in entry.warnings:
            said.append(
                _("%(audience)s: %(part)s of the weight is trimmed, more than 5%%; the rate may be biased.")
                % {"audience": name, "part": part_text(trimmed[entry.audience])}
            )
    return said


def note_sentences(one: Weighting, *, before: Weighting, results: WaveResults) -> list[str]:
    """Convergence or trimming first, then what was merged, raised or left as it is."""
    said = [_convergence(entry) for entry in one.convergence]
    if one.trimming:
        said += _trimming(one, before=before, results=results)
    for code, sentence in _TOGETHER.items():
        names = [note["audience"] for note in one.notes if note["code"] == code]
        if names:
            said.append(sentence(_(", ").join(audience_name(name) for name in names)))
    return said + [_NOTES[note["code"]](note, results.wave) for note in one.notes if note["code"] in _NOTES]


def reason_sentence(reason: Mapping, wave: Wave) -> str:
    """Why these weights could not be computed, and what to do."""
    if reason["code"] in _REASONS:
        return _REASONS[reason["code"]](reason, wave)
    return joined(reason_sentences([reason]))


def _convergence(found: Convergence) -> str:
    values = {"audience": audience_name(found.audience), "worst": _tiny(found.worst)}
    if not found.passes:
        return (
            _("%(audience)s: the replies already fit schools and grade bands (largest deviation %(worst)s).")
            % values
        )
    text = ngettext(
        "%(audience)s: schools and grade bands both fit after %(passes)s pass (largest deviation %(worst)s); "
        "weights changed to between %(lowest)s and %(highest)s times what they were.",
        "%(audience)s: schools and grade bands both fit after %(passes)s passes (largest deviation "
        "%(worst)s); weights changed to between %(lowest)s and %(highest)s times what they were.",
        found.passes,
    )
    more = {"lowest": decimal(found.g_lowest), "highest": decimal(found.g_highest)}
    return text % (values | more | {"passes": found.passes})


def _tiny(share: float) -> str:
    """A deviation that is all but nothing, in percent: as many digits as the tolerance has."""
    return "<0.0000001%" if share < 1e-9 else f"{share * 100:.7f}%"


def _trimming(one: Weighting, *, before: Weighting, results: WaveResults) -> list[str]:
    cut = [entry for entry in one.trimming if entry.share > 0]
    if not cut:
        return [_("No weight reaches the cap: nothing is cut, and the rate stays as it is.")]
    said = [
        _("%(audience)s: at most %(cap)s people per reply; %(part)s of the weight lay above that.")
        % {
            "audience": audience_name(entry.audience),
            "cap": decimal(entry.cap),
            "part": part_text(entry.share),
        }
        for entry in cut
    ]
    unit, limit = results.figure.unit, results.figure.limit
    return [
        *said,
        _("Before trimming the rate is %(before)s, after it %(after)s.")
        % {
            "before": rate_text(before.estimate, unit=unit, limit=limit),
            "after": rate_text(one.estimate, unit=unit, limit=limit),
        },
    ]


def _bands(codes: Sequence[str], note: Mapping, wave: Wave) -> str:
    language = get_language() or "zh-hans"
    return _(", ").join(grade_name(wave, note["audience"], code, language) for code in codes)


def _grades_merged(note: Mapping, wave: Wave) -> str:
    return _("%(audience)s: counted as one grade band, because there are too few replies: %(bands)s.") % {
        "audience": audience_name(note["audience"]),
        "bands": _bands(note["bands"], note, wave),
    }


def _no_grade_given(note: Mapping, wave: Wave) -> str:
    return ngettext(
        "%(audience)s: %(count)s reply without a grade keeps its cell weight; the others stand for the rest.",
        "%(audience)s: %(count)s replies without a grade keep their cell weight; the others stand for the "
        "rest.",
        note["replies"],
    ) % {"audience": audience_name(note["audience"]), "count": number(note["replies"])}


def _grades_raised(note: Mapping, wave: Wave) -> str:
    return ngettext(
        "%(audience)s: %(count)s school has more replies than people; its grades are raised in proportion.",
        "%(audience)s: %(count)s schools have more replies than people; their grades are raised in "
        "proportion.",
        note["schools"],
    ) % {"audience": audience_name(note["audience"]), "count": number(note["schools"])}


def _cap_raised(note: Mapping, wave: Wave) -> str:
    return _(
        "%(audience)s: %(times)s times the median cannot be kept, since a whole kind of place needs more; "
        "the cap is %(medians)s times the median."
    ) % {
        "audience": audience_name(note["audience"]),
        "times": f"{CAP:g}",
        "medians": decimal(note["medians"], 1),
    }


def _margins_disagree(reason: Mapping, wave: Wave) -> str:
    return _(
        "%(audience)s: the schools of this wave add up to %(schools)s people, the grades of the present "
        "roster to %(grades)s. Check whether the roster was changed since, and the population controls."
    ) % {
        "audience": audience_name(reason["audience"]),
        "schools": number(round(reason["schools"])),
        "grades": number(round(reason["grades"])),
    }


def _grade_of_nobody(reason: Mapping, wave: Wave) -> str:
    return ngettext(
        "%(audience)s: %(count)s reply says “%(grade)s”, where the roster has nobody. Check the pupils by "
        "grade on the roster.",
        "%(audience)s: %(count)s replies say “%(grade)s”, where the roster has nobody. Check the pupils by "
        "grade on the roster.",
        reason["replies"],
    ) % {
        "audience": audience_name(reason["audience"]),
        "count": number(reason["replies"]),
        "grade": _bands([reason["band"]], reason, wave),
    }


def _not_converged(reason: Mapping, wave: Wave) -> str:
    return _(
        "%(audience)s: no weights fit schools and grade bands together, because in too many schools a grade "
        "band has no reply. Half-fitted weights are not used."
    ) % {"audience": audience_name(reason["audience"])}


def _trimming_failed(reason: Mapping, wave: Wave) -> str:
    return _("%(audience)s: no weights under the cap fit the people of city, town and village.") % {
        "audience": audience_name(reason["audience"])
    }


_Sentence = Callable[[Mapping, Wave], str]

# One sentence for all audiences of which the same is to be said.
_TOGETHER: dict[str, Callable[[str], str]] = {
    "no_grades": lambda names: (
        _("Without grade bands, so with their cell weights: %(audiences)s.") % {"audiences": names}
    ),
    "one_grade": lambda names: (
        _("Only one grade band has replies, so the cell weights stay: %(audiences)s.") % {"audiences": names}
    ),
    "one_weight": lambda names: (
        _("Not trimmed, because all replies from one kind of place weigh alike: %(audiences)s.")
        % {"audiences": names}
    ),
}
_NOTES: dict[str, _Sentence] = {
    "grades_split": lambda note, wave: (
        _(
            "%(audience)s: the people of each school are population controls; they are split into grades as "
            "its pupils are."
        )
        % {"audience": audience_name(note["audience"])}
    ),
    "grades_merged": _grades_merged,
    "no_grade_given": _no_grade_given,
    "grades_raised": _grades_raised,
    "cap_raised": _cap_raised,
    "weights_as_given": lambda note, wave: _(
        "Schools are declared a sample: the interval takes these weights as given."
    ),
}
_REASONS: dict[str, _Sentence] = {
    "nothing_to_rake": lambda reason, wave: _(
        "No audience has replies from two grade bands of the roster; only the cell weights are possible."
    ),
    "nothing_to_trim": lambda reason, wave: _(
        "All replies of an audience from one kind of place weigh alike; there is nothing to trim."
    ),
    "margins_disagree": _margins_disagree,
    "grade_of_nobody": _grade_of_nobody,
    "raking_not_converged": _not_converged,
    "trimming_not_converged": _trimming_failed,
    "cap_too_low": _trimming_failed,
}
