"""A frozen evaluation to take along: the workbook a bureau sends up, and the JSON of `evaluate_file`."""

from __future__ import annotations

import json

from django.http import HttpRequest, HttpResponse
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_safe

from analysis.evaluation_excel import evaluation_workbook
from analysis.models import Evaluation
from analysis.views.evaluation import evaluation_of_county

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@require_safe
def evaluation_xlsx(request: HttpRequest, evaluation_id: int) -> HttpResponse:
    """The whole evaluation, one sheet per area, schools, shortfalls and sources."""
    found = evaluation_of_county(request, evaluation_id)
    return _download(evaluation_workbook(found), _file_name(found, "xlsx"), XLSX)


@require_safe
def evaluation_json(request: HttpRequest, evaluation_id: int) -> HttpResponse:
    """The frozen result in the words of `evaluate_file`, with what it was frozen by."""
    found = evaluation_of_county(request, evaluation_id)
    head = {
        "county": found.county.name,
        "year": found.year,
        "stage": found.stage,
        "evaluated_at": found.at.isoformat(),
        "digest": found.digest,
        "recognition_typed": found.typed_recognition or None,
        "recognition_source": found.typed_recognition_source or None,
        "prices_yuan": found.prices_yuan,
        "seed": found.seed,
    }
    text = json.dumps({"evaluation": head, **found.result}, ensure_ascii=False, indent=1, allow_nan=False)
    return _download(text.encode(), _file_name(found, "json"), "application/json")


def _file_name(found: Evaluation, ending: str) -> str:
    return f"{found.county.name}-{found.year}-{found.get_stage_display()}-{found.pk}.{ending}"


def _download(content: bytes, file_name: str, content_type: str) -> HttpResponse:
    headers = {
        "Content-Disposition": content_disposition_header(True, file_name) or "attachment",
        "Cache-Control": "no-store",
    }
    return HttpResponse(content, content_type=content_type, headers=headers)
