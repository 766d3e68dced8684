"""The phone: opening a questionnaire by its code, submitting it, and the receipt.

Anonymous by construction: no cookie, no session, no address is read or kept here. The page carries all
there is, a random token, so a repeated submission finds its first receipt.

422 for a form that needs mending: it tells monitors the truth, and every browser shows its page like
any other. 303 to the receipt: reloading the page one ends on sends nothing. The receipt's address names
the collector, never the slip, so that not even a browser's history joins a slip to an answer.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from functools import wraps
from gzip import compress
from urllib.parse import parse_qs
from zoneinfo import ZoneInfo

import django.db
from django.conf import settings
from django.core.exceptions import BadRequest, RequestDataTooBig, SuspiciousOperation
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from django.urls import reverse
from django.utils import timezone
from django.utils.datastructures import MultiValueDict

from surveys.answers import AnswerSheet
from surveys.distribution.codes import normalise
from surveys.group_commit import LineIsFull, submit
from surveys.guessing import WINDOW_SECONDS, must_wait, new_session, note_wrong, session_of
from surveys.intake import IntakeRefused, Receipt, Submission, receipt_of
from surveys.models import Channel, Collector
from surveys.page_tokens import PageToken, is_our_receipt, new_token, read_token, receipt_mark
from surveys.pages import (
    PAGE_LANGUAGES,
    Look,
    Page,
    form_page,
    form_with_answers,
    heading_of,
    message_page,
    thanks_page,
)
from surveys.phone_messages import MESSAGES
from surveys.queries import Entry, entry_of
from surveys.questionnaire import FIRST_LANGUAGE

logger = logging.getLogger(__name__)

RETRY_SECONDS = 5
LONGEST_CODE = 20
LONGEST_TYPED = 60
# A page opened before midnight of the last day may still be sent in for an hour.
GRACE = timedelta(hours=1)
_GZIP_WELCOME = re.compile(r"\bgzip\b(?!\s*;\s*q=0(\.0*)?\s*(,|$))")


class FormUnreadable(Exception):
    """What was posted cannot be taken apart. `message` is the key of the page that says so."""

    def __init__(self, message: str):
        super().__init__(message)
        self.message = message


def for_phones(*methods: str) -> Callable:
    """Answers other methods, and a database that does not answer, with a page of our own."""

    def wrap(view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        @wraps(view)
        def guarded(request: HttpRequest, **parts: str) -> HttpResponse:
            if request.method not in methods:
                response = _message(request, "method")
                response.headers["Allow"] = ", ".join(methods)
                return response
            try:
                return view(request, **parts)
            except django.db.Error as error:
                logger.error("A phone found the database away: %s", type(error).__name__)
                return _busy(request)

        return guarded

    return wrap


@for_phones("GET", "HEAD", "POST")
def respond(request: HttpRequest, *, code: str) -> HttpResponse:
    """The questionnaire behind a code, or what came of submitting it."""
    code = normalise(code)
    if must_wait(code):
        return _wait_a_little(request)
    entry = _entry(code)
    if entry is None:
        note_wrong(code)
        return _message(request, "unknown", typed=code)
    if entry.slip_is_void:
        return _message(request, "slip_void", collector=entry.collector)
    if entry.collector.channel == Channel.SLIPS and entry.slip is None:
        return _message(request, "slip_needed")
    if request.method == "POST":
        return _take(request, code, entry)
    shut = why_shut(entry, timezone.now()) or ("slip_used" if entry.slip_is_used else "")
    if shut or entry.is_full:
        return _message(request, shut or "full", collector=entry.collector)
    look = _look(request, entry.version.questionnaire.languages)
    page = form_page(
        entry.version.table,
        audience=entry.collector.audience,
        look=look,
        heading=heading_of(entry.collector, look.language),
        token=new_token(code),
    )
    return _page(request, page, look)


@for_phones("GET", "HEAD")
def thanks(request: HttpRequest, *, code: str, receipt: str) -> HttpResponse:
    """The receipt. It is shown only if we gave it: the address carries our mark."""
    receipt, _, mark = receipt.partition(".")
    entry = _entry(normalise(code))
    if entry is None or entry.version is None or not is_our_receipt(receipt, mark, entry.collector.code):
        return _message(request, "no_receipt")
    look = _look(request, entry.version.questionnaire.languages)
    page = thanks_page(
        entry.version.table,
        look=look,
        heading=heading_of(entry.collector, look.language),
        receipt=receipt,
        again=_asked(request, "again") == "1",
        another=entry.collector.channel == Channel.POSTER,
    )
    return _page(request, page, look)


@for_phones("GET", "HEAD")
def find(request: HttpRequest) -> HttpResponse:
    """A field for the code printed under the QR code, for phones that cannot scan it."""
    typed = _asked(request, "code").strip()[:LONGEST_TYPED]
    if not typed:
        return _message(request, "find")
    code = normalise(typed.rpartition("/r/")[2])  # the whole address is a good answer too
    session = session_of(_asked(request, "tries"))
    if must_wait(code, session=session):
        return _wait_a_little(request)
    if _entry(code) is None:
        note_wrong(code, session=session)
        return _message(request, "unknown", typed=typed)
    return HttpResponseRedirect(reverse("respond", args=[code]) + _look(request, PAGE_LANGUAGES).query_with())


@for_phones("GET", "HEAD", "POST")
def unknown(request: HttpRequest, **parts: str) -> HttpResponse:
    """Every other address below /r/."""
    return _message(request, "unknown")


def _take(request: HttpRequest, code: str, entry: Entry) -> HttpResponse:
    """Reads a posted form and hands it in."""
    try:
        posted = _posted(request)
    except FormUnreadable as problem:
        return _message(request, problem.message)
    now = timezone.now()
    token = read_token(posted.get("token", ""), code, now=now.timestamp())
    shut = why_shut(entry, now, grace=GRACE)
    if shut:
        known = receipt_of(token.submission_id) if token else None
        return (
            _receipt(request, entry, known) if known else _message(request, shut, collector=entry.collector)
        )
    sheet = entry.version.table.read(posted, audience=entry.collector.audience)
    if "look" in posted and token:  # another language or size, asked for without the script
        unjudged = replace(sheet, problems=(), shortened=())
        return _mend(request, code, entry, posted, unjudged, token, status=200)
    if token is None or sheet.problems or sheet.shortened:
        return _mend(request, code, entry, posted, sheet, token)
    language = _look(request, entry.version.questionnaire.languages).language
    submission = Submission(
        collector=entry.collector,
        table=entry.version.table,
        submission_id=token.submission_id,
        choices=sheet.choices,
        texts=json.dumps(sheet.texts, ensure_ascii=False) if sheet.texts else "",
        stratum=sheet.stratum,
        language=language,
        received_at=now,
        seconds=now.timestamp() - token.issued_at,
        slip=entry.slip,
    )
    try:
        return _receipt(request, entry, submit(submission))
    except LineIsFull:
        return _busy(request)
    except IntakeRefused as refused:
        return _message(request, refused.reason, collector=entry.collector)


def _mend(
    request: HttpRequest, code: str, entry: Entry, posted: MultiValueDict, sheet: AnswerSheet,
    token: PageToken | None, *, status: int = 422,
) -> HttpResponse:  # fmt: skip
    """The form again, with everything that was entered; under the same token if it was a good one."""
    look = _look(request, entry.version.questionnaire.languages)
    html = form_with_answers(
        entry.version.table,
        audience=entry.collector.audience,
        look=look,
        heading=heading_of(entry.collector, look.language),
        token=posted["token"] if token else new_token(code),
        given=posted.getlist,
        sheet=sheet,
        is_new_token=token is None,
    )
    return _text(request, html, look, status=status)


def _posted(request: HttpRequest) -> MultiValueDict:
    """The form's fields. A page of ours, which is ASCII with escapes, is taken apart by the standard library
    in a third of the time that `request.POST` needs; everything else is left to `request.POST`."""
    if int(request.META.get("CONTENT_LENGTH") or 0) > settings.DATA_UPLOAD_MAX_MEMORY_SIZE:
        raise FormUnreadable("too_long")
    try:
        if request.META.get("CONTENT_TYPE") == "application/x-www-form-urlencoded" and request.body.isascii():
            fields = parse_qs(
                request.body.decode("ascii"),
                keep_blank_values=True,
                max_num_fields=settings.DATA_UPLOAD_MAX_NUMBER_FIELDS,
            )
            return MultiValueDict(fields)
        return request.POST
    except ValueError as error:  # too many fields
        raise FormUnreadable("unreadable") from error
    except RequestDataTooBig as error:
        raise FormUnreadable("too_long") from error
    except (BadRequest, SuspiciousOperation, MultiPartParserError, UnreadablePostError) as error:
        raise FormUnreadable("unreadable") from error


def _entry(code: str) -> Entry | None:
    """What a code leads to; what cannot be a code does not reach the database."""
    if not (0 < len(code) <= LONGEST_CODE and code.isascii()):
        return None
    return entry_of(code)


def why_shut(entry: Entry, now: datetime, *, grace: timedelta = timedelta()) -> str:
    """ "not_open", "closed", or nothing when answers are welcome. Days are Beijing days."""
    wave, zone = entry.collector.wave, ZoneInfo(settings.TIME_ZONE)
    if wave.is_closed or wave.ends_on < timezone.localdate(now - grace, zone):
        return "closed"
    if not wave.is_open or entry.version is None or wave.starts_on > timezone.localdate(now, zone):
        return "not_open"
    return ""


def _receipt(request: HttpRequest, entry: Entry, receipt: Receipt) -> HttpResponse:
    code = entry.collector.code
    look = _look(request, entry.version.questionnaire.languages)
    address = reverse("thanks", args=[code, f"{receipt.code}.{receipt_mark(receipt.code, code)}"])
    response = HttpResponseRedirect(address + look.query_with(again="1" if receipt.is_repeat else ""))
    response.status_code = 303
    response.headers["Cache-Control"] = "no-store"
    return response


def _busy(request: HttpRequest) -> HttpResponse:
    """Try again: with a button that sends the same answers if there are any."""
    kept = None
    if request.method == "POST":
        try:
            kept = [(name, value) for name, values in _posted(request).lists() for value in values]
        except FormUnreadable:
            kept = None
    response = _message(request, "busy" if kept else "busy_empty", kept=kept or None)
    response.headers["Retry-After"] = str(RETRY_SECONDS)
    return response


def _message(
    request: HttpRequest, key: str, *, collector: Collector | None = None, typed: str = "",
    kept: list[tuple[str, str]] | None = None,
) -> HttpResponse:  # fmt: skip
    message, look = MESSAGES[key], _look(request, PAGE_LANGUAGES)
    tries = ""
    if message.ask_code:
        tries = _asked(request, "tries")
        tries = tries if session_of(tries) else new_session()
    html = message_page(look, message, collector=collector, typed=typed, kept=kept, tries=tries)
    return _text(request, html, look, status=message.status)


def _wait_a_little(request: HttpRequest) -> HttpResponse:
    response = _message(request, "too_many_tries")
    response.headers["Retry-After"] = str(WINDOW_SECONDS)
    return response


def _asked(request: HttpRequest, name: str) -> str:
    try:
        return request.GET.get(name, "")
    except SuspiciousOperation:  # thousands of parameters
        return ""


def _look(request: HttpRequest, languages: tuple[str, ...]) -> Look:
    language = _asked(request, "lang")
    return Look(language if language in languages else FIRST_LANGUAGE, _asked(request, "big") == "1")


def _page(request: HttpRequest, page: Page, look: Look) -> HttpResponse:
    if _GZIP_WELCOME.search(request.META.get("HTTP_ACCEPT_ENCODING", "")):
        return _html(page.gzipped, look, status=200, encoding="gzip")
    return _html(page.plain, look, status=200)


def _text(request: HttpRequest, text: str, look: Look, *, status: int) -> HttpResponse:
    if _GZIP_WELCOME.search(request.META.get("HTTP_ACCEPT_ENCODING", "")):
        return _html(compress(text.encode(), 6, mtime=0), look, status=status, encoding="gzip")
    return _html(text.encode(), look, status=status)


def _html(body: bytes, look: Look, *, status: int, encoding: str = "") -> HttpResponse:
    response = HttpResponse(body, status=status, content_type="text/html; charset=utf-8")
    response.headers["Content-Length"] = str(len(body))
    response.headers["Content-Language"] = look.language
    response.headers["Vary"] = "Accept-Encoding"
    # Kept by the phone itself for its Back button (the same page, the same token), by nobody on the way.
    response.headers["Cache-Control"] = "private, no-cache"
    if encoding:
        response.headers["Content-Encoding"] = encoding
    # Django would log every page that is not a 200 with its address: a slip's code, beside a time.
    response._has_been_logged = True
    return response
