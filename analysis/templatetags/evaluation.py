"""How the pages of an evaluation print verdicts, figures and amounts; the row of links between them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from django import template
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from analysis.columns import STAGE_NAMES
from analysis.evaluation_words import money_text
from analysis.findings import CHINESE, ENGLISH, SHARE, Finding, Quantity, said, shown
from analysis.templatetags.figures import rate_text
from scoring.models import Verdict

register = template.Library()

NOTHING = "—"
_CODE = re.compile(r" \[[^\[\]]{1,40}\]")


def reader_language() -> str:
    """The language of the page, as the evaluation core calls it."""
    return ENGLISH if get_language() == ENGLISH else CHINESE


@register.filter
def texts(value: Mapping[str, str] | str | None) -> str:
    """A text of a standard or a result in the reader's language."""
    return "" if not value else said(value, reader_language())


@register.filter
def source_of(one: Mapping[str, Any]) -> str:
    """Where the standard, or one criterion of a result, is printed; old results have one text for all."""
    return texts(one.get("source_texts") or one["source"])


@register.filter
def without_codes(sentence: str) -> str:
    """Schools by their names alone, where a sentence names several: the list has their codes."""
    return _CODE.sub("", sentence)


@register.filter
def verdict_word(verdict: str | None) -> str:
    """met → 达标; what is not judged at all is said so."""
    return str(Verdict(verdict).label) if verdict in Verdict.values else _("not judged")


@register.inclusion_tag("desk/evaluation/parts/mark.html")
def verdict_mark(verdict: str | None, is_large: bool = False) -> dict:
    """A shape and a word; never colour alone."""
    return {"verdict": verdict, "word": verdict_word(verdict), "is_large": is_large}


@register.filter
def value_of(one: Mapping[str, Any]) -> str:
    """The figure of a criterion, part or indicator with its unit, never rounded across its limit."""
    return quantity(one.get("value"), one.get("unit"), limit=one.get("limit"))


@register.filter
def limit_of(one: Mapping[str, Any]) -> str:
    return quantity(one.get("limit"), one.get("unit"))


@register.filter
def floor_of(one: Mapping[str, Any]) -> str:
    return quantity(one.get("floor"), one.get("unit"))


@register.filter
def rate_of(finding: Finding) -> str:
    """A recognition rate as it is held against its limit."""
    limit = None if finding.limit is None else float(finding.limit)
    return NOTHING if finding.value is None else rate_text(float(finding.value), unit="share", limit=limit)


def quantity(value: Any, unit: Any, *, limit: Any = None) -> str:
    """A number of the result in its unit; a dash where there is none."""
    if value is None or isinstance(value, bool):
        return NOTHING
    return said(Quantity(value, SHARE if unit == "share" else unit or _NO_UNIT, limit), reader_language())


_NO_UNIT = {CHINESE: "", ENGLISH: ""}


@register.filter
def number4(value: float | None) -> str:
    """A plain number in up to four significant decimals."""
    return NOTHING if value is None else shown(value)


@register.filter
def against(value: float | None, limit: float | None) -> str:
    """A coefficient with as many digits as it takes to stay on its limit's side."""
    return NOTHING if value is None else shown(value, limit=limit)


@register.filter
def yuan(value: float | None) -> str:
    return money_text(value, language=reader_language())


@register.filter
def stage_word(stage: str | None) -> str:
    """primary → 小学."""
    return said(STAGE_NAMES[stage], reader_language()) if stage in STAGE_NAMES else stage or ""


@register.inclusion_tag("desk/evaluation/parts/links.html")
def evaluation_links(evaluation: Any, current: str) -> dict:
    """The row of links between the pages of one evaluation."""
    pages = {
        "evaluation": _("County verdict"),
        "evaluation_schools": _("Schools"),
        "evaluation_plan": _("What would change it"),
        "evaluation_what_if": _("What if (nothing is saved)"),
    }
    return {
        "links": [
            (reverse(name, args=[evaluation.pk]), label, name == current) for name, label in pages.items()
        ]
    }
