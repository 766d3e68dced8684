"""Excel workbooks (.xlsx and .xls) → sheets.

The file comes from anybody's computer, so every size is bounded before it is believed, and a damaged file
is a sentence and never a crash. Formulas are not evaluated: the result the file was saved with counts.
"""

from __future__ import annotations

import io
import json
import logging
import re
import subprocess
import sys
import zipfile
import zlib
from collections.abc import Iterator
from itertools import zip_longest
from typing import Any

import openpyxl
from django.utils.translation import gettext as _

from surveys.roster import old_excel
from surveys.roster.cells import Budget, Limits, Odd, RosterFileError, Sheet, collect_sheet

logger = logging.getLogger(__name__)

MOST_PARTS = 500  # entries of an .xlsx; a workbook of ten sheets has about thirty
MOST_SHEETS = 30

_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_FORMULA = re.compile(rb"<(?:\w+:)?f[ >/]")


def read_xlsx(content: bytes, *, limits: Limits) -> list[Sheet]:
    """The visible sheets of an .xlsx. RosterFileError if it is damaged, locked, too large or none at all."""
    has_formulas = _unpack_within_bounds(content, limits=limits)
    try:
        return list(_xlsx_sheets(content, limits=limits, has_formulas=has_formulas))
    except RosterFileError:
        raise
    except Exception as error:  # openpyxl has no error class of its own: a damaged file raises anything
        logger.info("An .xlsx could not be read: %s", type(error).__name__)
        raise _damaged() from error


def read_xls(content: bytes, *, limits: Limits) -> list[Sheet]:
    """The visible sheets of an .xls. RosterFileError if it is damaged, locked or none at all."""
    if _ENCRYPTED in content:
        raise _locked()
    try:
        child = subprocess.run(  # noqa: S603 (our own interpreter and file; the upload is only its input)
            [sys.executable, "-I", old_excel.__file__],
            input=content, capture_output=True, timeout=2 * old_excel.LONGEST_SECONDS,
        )  # fmt: skip
    except subprocess.TimeoutExpired as error:
        raise _damaged() from error
    if child.returncode == old_excel.LOCKED:
        raise _locked()
    if child.returncode != 0:
        logger.info("An .xls could not be read: exit code %s", child.returncode)
        raise _damaged()
    budget = Budget(limits)
    return [
        collect_sheet(sheet["name"], map(_xls_row, sheet["rows"]), budget=budget)
        for sheet in _few(json.loads(child.stdout))
    ]


def _unpack_within_bounds(content: bytes, *, limits: Limits) -> bool:
    """Unpacks every part once, within bounds, and says whether the workbook has formulas.

    The sizes that an archive declares can lie; what is counted here is what really comes out of it.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = archive.namelist()
            if "xl/workbook.bin" in names:
                raise RosterFileError(_("Files of the kind .xlsb cannot be read. Save it as .xlsx."))
            if "xl/workbook.xml" not in names:
                sentence = _("This is a packed file, but no spreadsheet. Allowed: .xlsx, .xls, .csv.")
                raise RosterFileError(sentence)
            if len(names) > MOST_PARTS:
                raise _too_large(limits)
            return _unpack(archive, names, limits=limits)
    except RuntimeError as error:  # an archive with a password of its own
        raise _locked() from error
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError) as error:
        raise _damaged() from error


def _unpack(archive: zipfile.ZipFile, names: list[str], *, limits: Limits) -> bool:
    has_formulas, room = False, limits.unpacked_bytes
    for name in names:
        with archive.open(name) as part:
            data = part.read(room + 1)
        room -= len(data)
        if room < 0:
            raise _too_large(limits)
        if name.endswith((".xml", ".rels")) and (b"<!DOCTYPE" in data or b"<!ENTITY" in data):
            raise _damaged()  # no spreadsheet program writes these
        if name.startswith("xl/worksheets/") and _FORMULA.search(data):
            has_formulas = True
    return has_formulas


def _xlsx_sheets(content: bytes, *, limits: Limits, has_formulas: bool) -> Iterator[Sheet]:
    book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True)
    # A formula that was never calculated has no result: it must not pass for a blank cell.
    written = openpyxl.load_workbook(io.BytesIO(content), read_only=True) if has_formulas else None
    budget = Budget(limits)
    for sheet in _few(book.worksheets):
        if sheet.sheet_state == "visible":
            sheet.reset_dimensions()  # what a file says of its own size is often wrong
            yield collect_sheet(sheet.title, _xlsx_rows(sheet, written), budget=budget)


def _xlsx_rows(sheet: Any, written: Any) -> Iterator[tuple]:
    """The values of each row; with `written`, the same book's formulas, a formula without a result is Odd."""
    if written is None:
        yield from sheet.iter_rows(values_only=True)
        return
    twin = written[sheet.title]
    twin.reset_dimensions()
    for cells, formulas in zip_longest(sheet.iter_rows(), twin.iter_rows(values_only=True), fillvalue=()):
        # A result of the type "str" was calculated, and is an empty text.
        yield tuple(
            Odd("formula", str(formula)[:60])
            if cell.value is None and formula is not None and cell.data_type != "str"
            else cell.value
            for cell, formula in zip_longest(cells, formulas[: len(cells)])
        )


def _xls_row(values: list) -> list:
    return [Odd("date", value["date"]) if isinstance(value, dict) else value for value in values]


def _few(sheets: list) -> list:
    if len(sheets) > MOST_SHEETS:
        sentence = _("The file has %(sheets)d sheets; allowed: %(most)d. Keep only those that are needed.")
        raise RosterFileError(sentence % {"sheets": len(sheets), "most": MOST_SHEETS})
    return sheets


def _too_large(limits: Limits) -> RosterFileError:
    sentence = _("Unpacked, the file is larger than %(most)d MB. Keep only the sheet that is needed.")
    return RosterFileError(sentence % {"most": limits.unpacked_bytes // 1024**2})


def _damaged() -> RosterFileError:
    return RosterFileError(
        _("The file is damaged or incomplete. Open it in Excel or WPS, save it again as .xlsx and try again.")
    )


def _locked() -> RosterFileError:
    return RosterFileError(
        _("The file is protected by a password. Open it, remove the password, save it and try again.")
    )
