"""A file that a browser may fetch in pieces: an interrupted download goes on where it stopped."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from django.http import FileResponse, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils.http import content_disposition_header, http_date

CHUNK_BYTES = 256 * 1024
_RANGE = re.compile(r"bytes=(\d*)-(\d*)")


def file_in_ranges(request: HttpRequest, path: Path, *, name: str, content_type: str) -> HttpResponseBase:
    """The file as a download: 200 whole, 206 for one range, 416 where the range begins past the end.

    Several ranges at once, and a range of a file that has changed since (If-Range), get the whole file.
    """
    facts = path.stat()
    size = facts.st_size
    mark = f'"{facts.st_mtime_ns:x}-{size:x}"'
    changed = http_date(facts.st_mtime)
    headers = {
        "Accept-Ranges": "bytes",
        "ETag": mark,
        "Last-Modified": changed,
        # Not kept on the way: these files are for one reader and for a limited time.
        "Cache-Control": "private, no-store",
        "Content-Disposition": content_disposition_header(True, name),
    }
    wanted = _wanted(request.headers.get("Range", ""), size)
    if request.headers.get("If-Range", mark) not in (mark, changed):
        wanted = None
    if wanted is None:
        return FileResponse(
            path.open("rb"), as_attachment=True, filename=name, content_type=content_type, headers=headers
        )
    first, last = wanted
    if first >= size:
        headers["Content-Range"] = f"bytes */{size}"
        del headers["Content-Disposition"]
        return HttpResponse(status=416, content_type="text/plain", headers=headers)
    headers |= {"Content-Range": f"bytes {first}-{last}/{size}", "Content-Length": str(last - first + 1)}
    return StreamingHttpResponse(
        _piece(path.open("rb"), first, last - first + 1),
        status=206,
        content_type=content_type,
        headers=headers,
    )


def begins_at_start(response: HttpResponseBase) -> bool:
    """Whether this answer brings the file's first byte: the whole file, or its first piece."""
    if response.status_code == 206:
        return response.get("Content-Range", "").startswith("bytes 0-")
    return response.status_code == 200


def _wanted(header: str, size: int) -> tuple[int, int] | None:
    """First and last byte; None for the whole file. The first may lie past the end."""
    found = _RANGE.fullmatch(header.strip().replace(" ", ""))
    if not found or found[1] == found[2] == "":
        return None
    if len(found[1]) > 18 or len(found[2]) > 18:
        return (size, size)
    if found[1] == "":
        length = min(int(found[2]), size)
        return (size - length, size - 1) if length else (size, size)
    first, last = int(found[1]), int(found[2]) if found[2] else size - 1
    if found[2] and last < first:
        return None
    return first, min(last, size - 1)


def _piece(file: BinaryIO, first: int, length: int) -> Iterator[bytes]:
    with file:
        file.seek(first)
        while length > 0:
            chunk = file.read(min(CHUNK_BYTES, length))
            if not chunk:
                return
            length -= len(chunk)
            yield chunk
