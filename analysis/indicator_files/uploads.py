"""An uploaded table between preview and acceptance: kept for a while, for the user who uploaded it.

Nothing is stored before somebody accepts the whole of it; accepting the same file again changes nothing.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from fractions import Fraction
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from analysis.indicator_files.heading_words import Times
from analysis.indicator_files.headings import TIMES, heading_key
from analysis.indicator_files.previews import Preview, allowed_columns, tables_in
from analysis.indicator_files.remarks import ERROR
from analysis.indicators import TableRefused, standard_of, store_table
from analysis.models import EvidenceFile, HeadingMapping, IndicatorTable, IndicatorUpload, TableLevel
from analysis.standard_parts import Standard
from surveys.models import County
from surveys.roster.saving import UPLOAD_LIVES, short_file_name

MOST_WAITING = 5  # uploads of one user; older ones go


class TableMoved(TableRefused):
    """What counts is no longer what the preview was made from."""


def keep_upload(
    content: bytes,
    *,
    county: County,
    by: Any,
    year: int,
    level: str,
    standard: Standard,
    file_name: str,
    now: datetime,
    evidence: Iterable[EvidenceFile] = (),
) -> IndicatorUpload:
    """Keeps a file until it is accepted; files that nobody accepted in time go."""
    IndicatorUpload.objects.filter(uploaded_at__lt=now - UPLOAD_LIVES).delete()
    older = IndicatorUpload.objects.filter(by=by).order_by("-uploaded_at", "-pk")[MOST_WAITING - 1 :]
    IndicatorUpload.objects.filter(pk__in=[one.pk for one in older.only("pk")]).delete()
    upload = IndicatorUpload.objects.create(
        token=secrets.token_urlsafe(32), county=county, by=by, year=year, level=level,
        standard_key=standard.key, file_name=short_file_name(file_name), content=content, uploaded_at=now,
    )  # fmt: skip
    upload.evidence.set(evidence)
    return upload


def waiting_upload(token: str, *, county: County, by: Any, now: datetime) -> IndicatorUpload | None:
    """The file behind a preview, for nobody but the user who uploaded it, in that county, in time."""
    return IndicatorUpload.objects.filter(
        token=token, county=county, by=by, uploaded_at__gte=now - UPLOAD_LIVES
    ).first()


def choices_from(
    upload: IndicatorUpload,
    given: Mapping[str, tuple[str, Times]],
    *,
    understood: Mapping[str, tuple[str, Times]],
    together: Iterable[Collection[str]] | None = None,
) -> None:
    """Takes what was said of the headings: heading_key → (column, times). TableRefused if not allowed.

    understood: what was clear without anybody saying so, and is not kept as said unless it was changed;
    together: the keys of each sheet's headings (None: there is one sheet), where a column stands once.
    """
    standard = standard_of(upload.county, upload.standard_key)
    if standard is None:
        raise TableRefused(_("The standard of this upload is not there any more. Upload the file again."))
    allowed = allowed_columns(upload, standard)
    if any(column not in allowed or times not in TIMES for column, times in given.values()):
        raise TableRefused(_("Choose one of the columns in the list."))
    for keys in [given.keys()] if together is None else together:
        columns = [given[key][0] for key in keys if key in given and given[key][0]]
        if len(set(columns)) < len(columns):
            raise TableRefused(
                _("Two headings cannot be the same column. Choose “not used” for one of them.")
            )
        if upload.level == TableLevel.SCHOOLS and "school" not in columns:
            raise TableRefused(_("One heading must be the school’s name."))
    upload.choices = {
        key: {"column": column, "times": str(times)}
        for key, (column, times) in given.items()
        if key in upload.choices or understood.get(key) != (column, times)
    }
    upload.save(update_fields=["choices"])


def choose_sheets(upload: IndicatorUpload, names: Collection[str]) -> None:
    """Keeps which sheets are read, in the file's order. TableRefused if none of them has a table."""
    there = [table.sheet for table in tables_in(upload) if table.sheet in names]
    if not there:
        raise TableRefused(_("Choose at least one sheet."))
    upload.sheets = there
    upload.save(update_fields=["sheets"])


def accept_upload(
    preview: Preview, *, by: Any, now: datetime, seen: str, doubts_seen: bool
) -> IndicatorTable:
    """Keeps the whole table with its doubts, remembers the headings, and ends the upload.

    TableRefused if anything cannot be accepted or the doubts were not ticked; TableMoved if what was
    seen is not what stands now.
    """
    upload = preview.upload
    if not preview.is_acceptable:
        raise TableRefused(
            _("Nothing was imported: %(errors)s entries must be mended first.")
            % {"errors": len(preview.errors)}
        )
    if seen != preview.digest:
        raise TableMoved(_("The county's figures have changed since this preview. Look at it again."))
    if preview.doubts and not doubts_seen:
        raise TableRefused(
            _("Tick that you have looked at the doubts, or mend the file and upload it again.")
        )
    papers = list(upload.evidence.filter(withdrawn_at=None))
    with transaction.atomic():
        # Pressed twice, only the first finds it; the second is told that it is no longer waiting.
        if not IndicatorUpload.objects.filter(pk=upload.pk).delete()[0]:
            raise TableRefused(_("This upload is no longer waiting: it was accepted, or it is too old."))
        table = store_table(
            county=upload.county, year=upload.year, level=upload.level, standard=preview.standard,
            file_name=upload.file_name, sha256=hashlib.sha256(bytes(upload.content)).hexdigest(),
            records=preview.records, items=preview.items,
            doubts=[remark.kept() for remark in preview.remarks if remark.weight != ERROR],
            changes=preview.changes.kept(), evidence=papers, by=by, now=now,
        )  # fmt: skip
        _remember(upload, by=by, now=now)
    return table


def _remember(upload: IndicatorUpload, *, by: Any, now: datetime) -> None:
    for key, said in upload.choices.items():
        times = Fraction(said["times"])
        HeadingMapping.objects.update_or_create(
            county=upload.county, level=upload.level, heading=heading_key(key), forgotten_at=None,
            defaults={"column": said["column"], "times": times.numerator, "divided_by": times.denominator,
                      "by": by, "at": now},
        )  # fmt: skip
