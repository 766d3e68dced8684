"""A file's bytes → sheets, or one sentence that says why it cannot be read.

The kind of the file is taken from its content, not from its name.
"""

from __future__ import annotations

import csv
import io

from django.utils.translation import gettext as _

from surveys.roster.cells import ROSTER_LIMITS, Budget, Limits, RosterFileError, Sheet, collect_sheet
from surveys.roster.workbooks import read_xls, read_xlsx

_ZIP = b"PK"
_COMPOUND_DOCUMENT = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_WEB_PAGE = (b"<!doctype", b"<html", b"<table", b"<?xml", b"<meta", b"<style")
_OTHER_KINDS = (b"%PDF", b"{\\rtf", b"\x89PNG", b"\xff\xd8\xff", b"Rar!", b"7z\xbc\xaf", b"\x1f\x8b")
_BYTE_ORDER_MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_DELIMITERS = ",;\t"


def read_sheets(content: bytes, *, file_name: str, limits: Limits = ROSTER_LIMITS) -> list[Sheet]:
    """The visible sheets of an .xlsx, .xls or text file; a text file's only sheet is named after the file.

    Text may be UTF-8, UTF-16 or GB 18030 (GBK), split by comma, semicolon or tab. RosterFileError otherwise.
    """
    refuse_large(len(content), limits=limits)
    if not content.strip():
        raise RosterFileError(_("The file is empty."))
    if content.startswith(_ZIP):
        return read_xlsx(content, limits=limits)
    if content.startswith(_COMPOUND_DOCUMENT):
        return read_xls(content, limits=limits)
    if content[:1000].lstrip(b"\xef\xbb\xbf \r\n\t").lower().startswith(_WEB_PAGE):
        raise RosterFileError(
            _("The file is a web page named as a spreadsheet. Open it in Excel or WPS and save it as .xlsx.")
        )
    if content.startswith(_OTHER_KINDS):
        raise RosterFileError(_("This is not a spreadsheet. Allowed: .xlsx, .xls, .csv."))
    return [_split(_decoded(content), file_name, limits=limits)]


def refuse_large(size_bytes: int, *, limits: Limits = ROSTER_LIMITS) -> None:
    """RosterFileError for a file that is too large, before anybody reads it."""
    if size_bytes > limits.file_bytes:
        raise RosterFileError(
            _("The file has %(size).1f MB; the largest allowed is %(most)d MB.")
            % {"size": size_bytes / 1024**2, "most": limits.file_bytes // 1024**2}
        )


def _decoded(content: bytes) -> str:
    marked = [encoding for mark, encoding in _BYTE_ORDER_MARKS if content.startswith(mark)]
    for encoding in marked or ["utf-8", "gb18030"]:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\x00" not in text:
            return text
    raise RosterFileError(
        _("The text of the file is neither UTF-8 nor GBK. Save it as .xlsx, or as “CSV UTF-8”.")
    )


def _split(text: str, file_name: str, *, limits: Limits) -> Sheet:
    """The table, split by the character that gives most rows of several columns."""
    tables, mistakes = [], []
    for delimiter in _DELIMITERS:
        lines = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
        try:
            tables.append(collect_sheet(file_name, lines, budget=Budget(limits)))
        except csv.Error as error:
            sentence = _("The file cannot be read as a table: %(reason)s. Save it as .xlsx.")
            mistakes.append(RosterFileError(sentence % {"reason": error}))
        except RosterFileError as error:
            mistakes.append(error)
    if not tables:
        raise mistakes[0]
    # A comma inside a name does not make a table: rows of three columns count first, then rows of two.
    return max(tables, key=lambda sheet: [sum(len(row.cells) >= width for row in sheet) for width in (3, 2)])
