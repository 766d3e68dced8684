"""What an evaluation's pages and files say for the codes in its result: settings and reasons."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from analysis.evaluation_reading import Result, name_and_code, names_of
from analysis.findings import CHINESE, said, shown
from analysis.standard_parts import Setting, Standard
from analysis.templatetags.evaluation import reader_language, texts

MOST_NAMED = 3  # schools in a remark; beyond, their number


def setting_word(setting: Setting, value: Any) -> str:
    """A setting's value as the desk says it; a province's choice without words stays as its file has it."""
    if isinstance(value, str):
        return texts(setting.words[value]) if value in setting.words else _reading_word(value)
    return shown(value)


def choice_words(standard: Standard) -> Mapping[str, str]:
    """What may be chosen of each setting, in words."""
    return {
        key: _listed([setting_word(setting, one) for one in setting.choices])
        for key, setting in standard.settings.items()
    }


def dispersion_remark(one: Result, standard: Standard) -> str:
    """Why a coefficient is given and not computed, or could not be computed; "" for a computed one."""
    if one["origin"] == "given":
        return _("given, not computed")
    if one["reason"] is None:
        return ""
    schools = [name_and_code(school)[0] for school in one["schools_concerned"]]
    values = {
        "schools": _listed(schools)
        if len(schools) <= MOST_NAMED
        else ngettext("%(count)s school", "%(count)s schools", len(schools)) % {"count": len(schools)},
        "lacking": said(names_of(one["missing"], standard, language=reader_language()), reader_language()),
    }
    if one["reason"] == "missing" and not schools:
        return _("lacking: %(lacking)s") % values
    sentences = {
        "missing": _("%(schools)s: %(lacking)s lacking"),
        "no_schools": _("there is no school to compare"),
        "no_pupils": _("%(schools)s: no pupils"),
        "negative": _("%(schools)s: the amount is negative"),
        "zero_mean": _("the county's mean is 0"),
    }
    return sentences[one["reason"]] % values


def _reading_word(choice: str) -> str:
    words = {
        "statistical": _("with sampling error (statistical)"),
        "point": _("the figure itself (point)"),
    }
    return words.get(choice, choice)


def _listed(words: list[str]) -> str:
    return ("、" if reader_language() == CHINESE else ", ").join(words)
