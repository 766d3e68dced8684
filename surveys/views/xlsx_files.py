"""A spreadsheet as a download: never kept on the way, under a name that may be Chinese."""

from __future__ import annotations

from django.http import HttpResponse
from django.utils.http import content_disposition_header

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def xlsx_download(content: bytes, *, name: str) -> HttpResponse:
    """`name` with its ending; a slash in it, as in a school's name, becomes a hyphen."""
    headers = {
        "Content-Disposition": content_disposition_header(True, name.replace("/", "-")),
        "Cache-Control": "no-store",
    }
    return HttpResponse(content, content_type=XLSX, headers=headers)
