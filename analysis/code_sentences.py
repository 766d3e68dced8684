"""A sentence for every code of a result: reasons, warnings, merged cells. A new code needs one here.

Numbers inside sentences come from the one formatter.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from django.utils.translation import get_language, gettext_lazy, ngettext
from django.utils.translation import gettext as _

from analysis.results import audience_name, location_name
from analysis.templatetags.figures import part_text
from surveys.templatetags.desk import number

Details = Mapping
NAMES_LISTED = 5


def reason_sentences(reasons: Sequence[Details]) -> list[str]:
    """Why a rate or a verdict could not be computed, and what to do; silent audiences in one sentence."""
    silent = [reason["audience"] for reason in reasons if reason["code"] == "audience_without_answers"
              and "audience" in reason]  # fmt: skip
    said = [
        _sentence(REASONS, reason)
        for reason in reasons
        if not (reason["code"] == "audience_without_answers" and "audience" in reason)
    ]
    return ([_silent_audiences(silent)] if silent else []) + said


def _silent_audiences(audiences: Sequence[str]) -> str:
    return ngettext(
        "No valid answer from an audience that is part of the rate: %(audiences)s.",
        "No valid answer from audiences that are part of the rate: %(audiences)s.",
        len(audiences),
    ) % {"audiences": _(", ").join(audience_name(name) for name in audiences)}


def warning_sentence(warning: Details) -> str:
    """What a reader of the figure must know beside it."""
    return _sentence(WARNINGS, warning)


def merge_sentence(merge: Details, school_names: Mapping[str, str]) -> str:
    """Which cells share one weight, and why. school_names: school code → name."""
    details = merge | {"code": merge["reason"], "places": _places_of(merge, school_names)}
    return _sentence(MERGES, details)


def _places_of(merge: Details, school_names: Mapping[str, str]) -> str:
    """The merged cells by name, "rural:S01" being a school and "rural:*" a whole class; five at most."""
    names = []
    for cell in merge["cells"][:NAMES_LISTED]:
        location, _colon, school = cell.partition(":")
        names.append(school_names.get(school, school) if school != "*" else location_name(location))
    return _(", ").join(names) + (_(" …") if len(merge["cells"]) > NAMES_LISTED else "")


def merged_class_sentence(merge: Details) -> str:
    return _(
        "%(audience)s, %(place)s: no valid answer. Its part of the residents is represented by %(into)s."
    ) % {
        "audience": audience_name(merge["audience"]),
        "place": location_name(merge["location"]),
        "into": location_name(merge["into"]),
    }


def joined(sentences: Sequence[str]) -> str:
    """One paragraph; Chinese puts no space between sentences."""
    return ("" if (get_language() or "").startswith("zh") else " ").join(sentences)


def _sentence(sentences: Mapping[str, Callable[[Details], str]], details: Details) -> str:
    code = details["code"]
    if code in sentences:
        return sentences[code](details)
    return _("It could not be computed (%(code)s).") % {"code": code}


def _few_answers(reason: Details) -> str:
    needed = reason["needed"]
    return ngettext(
        "%(audience)s: fewer than %(needed)s valid answer. A verdict needs that many from every audience.",
        "%(audience)s: fewer than %(needed)s valid answers. A verdict needs that many from every audience.",
        needed,
    ) % {"audience": audience_name(reason["audience"]), "needed": needed}


def _no_location(warning: Details) -> str:
    return ngettext(
        "%(count)s reply says neither by its school nor by itself whether it comes from city, town or "
        "village; it is left out of the rate.",
        "%(count)s replies say neither by their school nor by themselves whether they come from city, town "
        "or village; they are left out of the rate.",
        warning["replies"],
    ) % {"count": number(warning["replies"])}


def _no_control(warning: Details) -> str:
    names = _(", ").join(audience_name(name) for name in warning["audiences"])
    return _(
        "It is not known how many people there are: %(audiences)s. Each of their replies counts alike."
    ) % {"audiences": names}


def _not_yet_included(warning: Details) -> str:
    names = _(", ").join(audience_name(name) for name in warning["audiences"])
    return _(
        "Not yet part of the provisional rate, because too few have answered: %(audiences)s. Their share is "
        "borne by the others for now."
    ) % {"audiences": names}


def _more_replies_than_people(warning: Details) -> str:
    cells = warning["cells"]
    places = _("; ").join(
        f"{audience_name(audience)} {cell if cell != '*' else location_name(location)}"
        for audience, location, cell in cells[:NAMES_LISTED]
    )
    text = ngettext(
        "In %(count)s place there are more replies than people by the roster: %(places)s.",
        "In %(count)s places there are more replies than people by the roster: %(places)s.",
        len(cells),
    )
    more = _(" …") if len(cells) > NAMES_LISTED else ""
    return (
        text % {"count": number(len(cells)), "places": places + more}
        + " "
        + _("Check the roster, and whether the code was passed on.")
    )


def _much_unknown(warning: Details) -> str:
    name = audience_name(warning["audience"])
    if warning.get("part") is None:  # a small group: how it answered is not printed
        return _("%(audience)s: many answered “don't know” or left the overall question blank.") % {
            "audience": name
        }
    return _(
        "%(audience)s: %(part)s answered “don't know” or left the overall question blank. The rate describes "
        "those who gave an opinion."
    ) % {"audience": name, "part": part_text(warning["part"])}


def _merge(text: str) -> Callable[[Details], str]:
    return lambda merge: (
        str(text)
        % {
            "audience": audience_name(merge["audience"]),
            "place": location_name(merge["location"]),
            "count": number(len(merge["cells"])),
            "places": merge["places"],
            "replies": number(merge["responses"]),
            "people": f"{merge['people']:,.0f}",
        }
    )


def _fixed(text: str) -> Callable[[Details], str]:
    return lambda _details: str(text)


def _about_audience(text: str) -> Callable[[Details], str]:
    return lambda details: str(text) % {"audience": audience_name(details["audience"])}


_TOO_FEW = gettext_lazy("There are too few valid answers to say how uncertain the figure is.")
_ONE_UNIT = gettext_lazy(
    "With the declared sampling design no class of places holds two schools with answers, so the sampling "
    "error cannot be computed."
)

REASONS: dict[str, Callable[[Details], str]] = {
    "audience_without_answers": _fixed(
        gettext_lazy("An audience that is part of the rate has no valid answer.")
    ),
    "few_answers": _few_answers,
    "item_not_asked": lambda reason: (
        _("The scoring rule needs the item “%(item)s”, and no questionnaire of this wave asks it.")
        % {"item": reason.get("item", "?")}
    ),
    "no_resident_population": _fixed(
        gettext_lazy(
            "The resident population by city, town and village is missing; the scoring rule weighs by it. "
            "Add it with the roster."
        )
    ),
    "no_population": _fixed(
        gettext_lazy("The scoring rule weighs audiences by their people, and no number of people is known.")
    ),
    "no_degrees_of_freedom": _fixed(_TOO_FEW),
    "no_df": _fixed(_TOO_FEW),
    "too_few_answers": _fixed(_TOO_FEW),
    "single_unit_stratum": _fixed(_ONE_UNIT),
    "empty_block": _fixed(
        gettext_lazy("A group that enters the rate has no valid answer, and no neighbour can stand for it.")
    ),
    "needs_rows": _fixed(
        gettext_lazy("This rule is computed from the single replies, which this page does not read.")
    ),
    "no_variance": _fixed(_TOO_FEW),
    "not_computable": _fixed(_TOO_FEW),
}

WARNINGS: dict[str, Callable[[Details], str]] = {
    "no_location": _no_location,
    "no_control": _no_control,
    "not_yet_included": _not_yet_included,
    "more_replies_than_people": _more_replies_than_people,
    "much_unknown": _much_unknown,
    "se_upper_bound": _fixed(
        gettext_lazy(
            "The interval is an upper bound: how the answers of one person to several questions hang "
            "together "
            "is not in the counts. The exact one comes with the score run after closing."
        )
    ),
}

MERGES: dict[str, Callable[[Details], str]] = {
    "small_cells": _merge(
        gettext_lazy(
            "%(audience)s, %(place)s: %(count)s schools with very few replies share one weight "
            "(%(replies)s replies stand for %(people)s people): %(places)s"
        )
    ),
    "small_class": _merge(
        gettext_lazy(
            "%(audience)s: a whole class of places had very few replies and shares one weight with another "
            "(%(replies)s replies stand for %(people)s people): %(places)s"
        )
    ),
    "small_audience": _merge(
        gettext_lazy(
            "%(audience)s: all replies together are very few and share one weight "
            "(%(replies)s replies stand for %(people)s people)."
        )
    ),
}
