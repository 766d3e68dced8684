"""Objects as the audit log calls them, in words a clerk knows, where their own name is a code or a key."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db.models import Model
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from analysis.models import Evaluation, IndicatorTable, SchoolFigures
from analysis.models.evaluations import EvaluationJob
from surveys.models import Collector, PrintJob, SlipBatch
from surveys.views.collectors import audience_name


def words_of(found: Model) -> str:
    """ "第一小学 · 家长 · 公开海报" for a collector; what the object itself says for most others."""
    said = WORDS.get(type(found))
    return said(found) if said else str(found)


def _of_collector(found: Collector) -> str:
    return f"{found.place} · {audience_name(found.audience)} · {found.get_channel_display()}"


def _of_slips(found: SlipBatch) -> str:
    batch = _("Batch %(number)s") % {"number": found.number}
    return " · ".join(part for part in (_of_collector(found.collector), batch, found.label) if part)


def _of_print(found: PrintJob) -> str:
    place = _of_collector(found.collector) if found.collector else ""
    return " · ".join(part for part in (str(found.wave), found.get_kind_display(), place) if part)


def _of_evaluation(found: Evaluation) -> str:
    names = found.result.get("standard", {}).get("name", {})
    name = names.get(get_language()) or names.get("zh-hans") or found.standard_key
    return f"{found.year} · {name} · {found.get_stage_display()}"


def _of_job(found: EvaluationJob) -> str:
    return f"{found._meta.verbose_name} · {found.get_state_display()}"


def _of_table(found: IndicatorTable) -> str:
    return f"{found.year} · {found.get_level_display()} · {found.file_name}"


def _of_figures(found: SchoolFigures) -> str:
    return f"{found.school} · {found.year}"


WORDS: dict[type[Model], Callable[[Any], str]] = {
    Collector: _of_collector,
    SlipBatch: _of_slips,
    PrintJob: _of_print,
    Evaluation: _of_evaluation,
    EvaluationJob: _of_job,
    IndicatorTable: _of_table,
    SchoolFigures: _of_figures,
}
