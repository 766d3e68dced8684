"""Facts on file in words: where each was taken from, what the answers say, and when the file is doubted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from analysis.fact_checks import NO_NUMBERS, NOT_ON_FILE
from analysis.known_statistics import STATISTICS, Source
from analysis.results import audience_name
from analysis.seen_signals import FactUse
from analysis.templatetags.figures import part_text
from surveys.questionnaire import text_in

MOST_NAMED = 5


@dataclass(frozen=True)
class FactRow:
    """One factual question of one audience as the page shows it; texts empty where there is nothing to say.

    sources: sentence and, for an accepted table, its address. found: what the replies say; doubt: that the
    file may be wrong.
    """

    audience: str
    question: str
    statistic: str
    sources: tuple[tuple[str, str], ...]
    tolerance: str
    schools: str
    found: str
    doubt: str
    unused: str


def fact_name(key: str) -> str:
    """ "class size"; a key that nobody knows as it is."""
    return str(STATISTICS[key].name) if key in STATISTICS else key


def fact_rows(
    uses: Iterable[FactUse], *, names: Mapping[str, str], minimum: int, is_closed: bool
) -> list[FactRow]:
    """One row per factual question. names: of the county's schools by code; minimum: the smallest group
    shown. While replies come in nothing is said of them: a share that moves with one reply gives it away."""
    return [_row(one, names, minimum=minimum, is_closed=is_closed) for one in uses]


def _row(use: FactUse, names: Mapping[str, str], *, minimum: int, is_closed: bool) -> FactRow:
    statistic = STATISTICS.get(use.statistic)
    return FactRow(
        audience=audience_name(use.audience),
        question=text_in(use.label, get_language() or ""),
        statistic=fact_name(use.statistic),
        sources=tuple((source_sentence(one, count), _address(one)) for one, count in use.sources),
        tolerance=str(statistic.tolerance_words) if statistic and not use.why_unused else "",
        schools=""
        if use.why_unused
        else _("%(known)s of %(all)s") % {"known": use.on_file, "all": use.schools},
        found="" if use.why_unused else _found(use, minimum=minimum, is_closed=is_closed),
        doubt=_doubt(use, names) if is_closed else "",
        unused=_unused(use),
    )  # fmt: skip


def source_sentence(source: Source, schools: int) -> str:
    """ "School table of 2026, accepted on 3 November 2026 (schools.xlsx): 42 schools"."""
    said = {"count": schools, "file": source.file_name, "year": source.year,
            "date": date_format(timezone.localtime(source.at)) if source.at else ""}  # fmt: skip
    if source.table_id is not None:
        text = ngettext(
            "School table of %(year)s, accepted on %(date)s (%(file)s): %(count)s school",
            "School table of %(year)s, accepted on %(date)s (%(file)s): %(count)s schools",
            schools,
        )
    elif source.at:
        text = ngettext(
            "Roster, imported on %(date)s: %(count)s school",
            "Roster, imported on %(date)s: %(count)s schools",
            schools,
        )
    else:
        text = ngettext(
            "Roster, date of import not recorded: %(count)s school",
            "Roster, date of import not recorded: %(count)s schools",
            schools,
        )
    return text % said


def _address(source: Source) -> str:
    return reverse("indicator_table", args=[source.table_id]) if source.table_id is not None else ""


def _found(use: FactUse, *, minimum: int, is_closed: bool) -> str:
    if not is_closed:
        return _("shown after the wave is closed")
    if use.compared < minimum:
        return _("fewer than %(minimum)s replies to compare") % {"minimum": minimum}
    return ngettext(
        "%(count)s reply compared, %(part)s contradict",
        "%(count)s replies compared, %(part)s contradict",
        use.compared,
    ) % {"count": use.compared, "part": part_text(use.contradicting / use.compared)}


def _doubt(use: FactUse, names: Mapping[str, str]) -> str:
    """That the file and not the answers may be wrong, where most of a school contradict it."""
    if not use.doubted:
        return ""
    if 2 * len(use.doubted) > use.on_file:
        return _(
            "At most schools everybody contradicts it: the statistic may be old or wrong. It counts against "
            "none of these schools."
        )
    named = [names.get(code, code) for code in use.doubted]
    said = _(", ").join(named[:MOST_NAMED])
    if len(named) > MOST_NAMED:
        said = _("%(names)s and %(count)s more") % {"names": said, "count": len(named) - MOST_NAMED}
    return _(
        "Everybody contradicts it at %(names)s: the statistic may be old or wrong there. It counts against "
        "none of these schools."
    ) % {"names": said}


def _unused(use: FactUse) -> str:
    if not use.why_unused:
        return ""
    if use.why_unused == NOT_ON_FILE:
        return _(
            "Not used: no accepted school table gives it. A column headed “%(column)s” in the county's "
            "school table would be used."
        ) % {"column": STATISTICS[use.statistic].column}
    if use.why_unused == NO_NUMBERS:
        return _("Not used: the options of this question name no numbers.")
    return _("Not used: nothing is on file under “%(key)s”.") % {"key": use.statistic}
