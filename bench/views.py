"""Reference views: the product's own way from a posted form to a receipt, with one step left out each.

They take the same short path through the middleware (below /r/), and the product's view does the rest;
only what happens between a checked submission and its receipt differs.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from django.db import connection
from django.http import HttpRequest, HttpResponse

from surveys import group_commit, intake
from surveys.intake import Receipt, Submission
from surveys.views import respond

INSERT = (
    "INSERT INTO bench_response (submission_id, collector_id, stratum, choices, texts, language, seconds) "
    "VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING"
)

_now = threading.local()
_count = intake.add_counts
_submit = respond.submit


def _add_counts_or_not(*args, **options) -> None:
    if not getattr(_now, "uncounted", False):
        _count(*args, **options)


def _submit_in_this_way(submission: Submission) -> Receipt:
    return getattr(_now, "way", _submit)(submission)


# Here, in the benchmark's process only, the product's view asks which way to go.
intake.add_counts = _add_counts_or_not
respond.submit = _submit_in_this_way


def nothing(request: HttpRequest, *, code: str) -> HttpResponse:
    """Django doing nothing: the floor under every view."""
    return HttpResponse(b"", status=200)


def unstored(request: HttpRequest, *, code: str) -> HttpResponse:
    """Everything but storing: read, check, answer."""
    return _respond(request, code, lambda submission: Receipt("2222-2222-2222", is_repeat=False))


def inserted(request: HttpRequest, *, code: str) -> HttpResponse:
    """One INSERT per request, committed by itself; no counts, no seal, no group."""
    return _respond(request, code, _insert)


def uncounted(request: HttpRequest, *, code: str) -> HttpResponse:
    """Grouped, stored and sealed, but the running counts are left out."""
    return _respond(request, code, _group_without_counts.submit)


def _respond(request: HttpRequest, code: str, way: Callable[[Submission], Receipt]) -> HttpResponse:
    _now.way = way
    try:
        return respond.respond(request, code=code)
    finally:
        del _now.way


def _insert(submission: Submission) -> Receipt:
    with connection.cursor() as cursor:
        cursor.execute(
            INSERT,
            [
                submission.submission_id, submission.collector.pk, submission.stratum, submission.choices,
                submission.texts, submission.language, int(submission.seconds or 0),
            ],
        )  # fmt: skip
    return Receipt("2222-2222-2222", is_repeat=False)


def _commit_without_counts(submissions) -> list:
    _now.uncounted = True
    try:
        return intake.commit_batch(submissions)
    finally:
        _now.uncounted = False


_group_without_counts = group_commit.GroupCommit(_commit_without_counts)
