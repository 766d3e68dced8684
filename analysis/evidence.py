"""Evidence files (佐证材料): checked when they come in, stored outside the web root, only ever downloaded.

A file is known by its content: its first bytes must be what its name says. It is stored under a random name
in DATA_DIR/evidence, its SHA-256 is kept, and a stored file that no longer has it is not given out.
"""

from __future__ import annotations

import hashlib
import io
import os
import secrets
import zipfile
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from analysis.models import EvidenceFile
from surveys.models import County, School
from surveys.roster.saving import short_file_name

LARGEST_BYTES = 20 * 1024**2
MOST_FILES_AT_ONCE = 20
MOST_ZIP_PARTS = 20_000
LONGEST_NOTE = 300


class EvidenceRefused(Exception):
    """A file that is not taken, or not given out; the sentence says why."""


def _starts_with(*marks: bytes) -> Callable[[bytes], bool]:
    return lambda content: content.startswith(marks)


def _is_package(part: str) -> Callable[[bytes], bool]:
    """A packed document that has this part and no macros."""

    def check(content: bytes) -> bool:
        try:
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                names = archive.namelist()
        except (zipfile.BadZipFile, OSError, ValueError):
            return False
        is_plain = not any("vbaproject" in name.lower() for name in names)
        return part in names and len(names) <= MOST_ZIP_PARTS and is_plain

    return check


# Ending → the kind that is shown and how its content is known. Archives are not taken: nobody could check
# what is in them. Neither are .doc and .xls, whose macros cannot be told apart.
KINDS: dict[str, tuple[str, Callable[[bytes], bool]]] = {
    "pdf": ("PDF", _starts_with(b"%PDF-")),
    "jpg": ("JPG", _starts_with(b"\xff\xd8\xff")),
    "jpeg": ("JPG", _starts_with(b"\xff\xd8\xff")),
    "png": ("PNG", _starts_with(b"\x89PNG\r\n\x1a\n")),
    "xlsx": ("XLSX", _is_package("xl/workbook.xml")),
    "docx": ("DOCX", _is_package("word/document.xml")),
    "ofd": ("OFD", _is_package("OFD.xml")),
}
CONTENT_TYPES = {
    "PDF": "application/pdf",
    "JPG": "image/jpeg",
    "PNG": "image/png",
    "XLSX": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "DOCX": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "OFD": "application/ofd",
}


def keep_evidence(
    content: bytes,
    *,
    county: County,
    file_name: str,
    by: Any,
    now: datetime,
    note: str = "",
    school: School | None = None,
) -> EvidenceFile:
    """Checks and stores a file. The same file of the same school again is the one that is there already.

    EvidenceRefused for what is too large, of a kind that is not taken, or not what its name says.
    """
    name = safe_name(file_name)
    kind = checked_kind(content, name)
    if len(note) > LONGEST_NOTE:
        raise EvidenceRefused(_("Allowed: at most %(most)d characters.") % {"most": LONGEST_NOTE})
    digest = hashlib.sha256(content).hexdigest()
    with transaction.atomic():
        County.objects.select_for_update(no_key=True).get(pk=county.pk)  # the same file twice takes turns
        there = EvidenceFile.objects.filter(
            county=county, school=school, sha256=digest, name=name, withdrawn_at=None
        ).first()
        if there:
            return there
        stored_as = secrets.token_hex(20)
        paper = EvidenceFile.objects.create(
            county=county, school=school, name=name, stored_as=stored_as, kind=kind,
            size_bytes=len(content), sha256=digest, note=note.strip(), by=by, at=now,
        )  # fmt: skip
        _write(place_of(stored_as), content)
    return paper


def checked_kind(content: bytes, name: str) -> str:
    """The kind of a file; EvidenceRefused if it is not taken or its content is not what its name says."""
    refuse_large(len(content))
    if not content:
        raise EvidenceRefused(_("“%(name)s” is empty.") % {"name": name})
    ending = Path(name).suffix.lower().removeprefix(".")
    allowed = ", ".join(f".{kind}" for kind in KINDS)
    if ending not in KINDS:
        raise EvidenceRefused(
            _("“%(name)s”: files of this kind are not taken. Allowed: %(allowed)s.")
            % {"name": name, "allowed": allowed}
        )
    kind, is_one = KINDS[ending]
    if not is_one(content):
        raise EvidenceRefused(
            _("“%(name)s” is damaged, has macros, or is not what its name says. Save it again as %(kind)s.")
            % {"name": name, "kind": kind}
        )
    return kind


def refuse_large(size_bytes: int) -> None:
    """EvidenceRefused for a file that is too large, before anybody reads it."""
    if size_bytes > LARGEST_BYTES:
        raise EvidenceRefused(
            _("The file has %(size).1f MB; the largest allowed is %(most)d MB.")
            % {"size": size_bytes / 1024**2, "most": LARGEST_BYTES // 1024**2}
        )


def content_of(paper: EvidenceFile) -> bytes:
    """The stored file. EvidenceRefused if it is gone or no longer what was handed in."""
    try:
        content = place_of(paper.stored_as).read_bytes()
    except OSError as error:
        raise EvidenceRefused(
            _("The stored file is missing. Ask the operator to restore the backup.")
        ) from error
    if hashlib.sha256(content).hexdigest() != paper.sha256:
        raise EvidenceRefused(
            _("The stored file is not the one that was handed in: its SHA-256 differs. Ask the operator.")
        )
    return content


def withdraw_evidence(paper: EvidenceFile, *, by: Any, reason: str, now: datetime) -> None:
    """Takes a file back with the reason; it stays, because a table or an evaluation may name it."""
    reason = reason.strip()
    if not reason:
        raise EvidenceRefused(_("Say why the file is taken back."))
    if len(reason) > LONGEST_NOTE:
        raise EvidenceRefused(_("Allowed: at most %(most)d characters.") % {"most": LONGEST_NOTE})
    changed = EvidenceFile.objects.filter(pk=paper.pk, withdrawn_at=None).update(
        withdrawn_by=by, withdrawn_at=now, withdrawn_reason=reason
    )
    if not changed:
        raise EvidenceRefused(_("This file was taken back already."))


def safe_name(file_name: str) -> str:
    """A file's name as it is kept and shown: the last part of the path, without what upsets file systems."""
    name = "".join(
        "_" if letter in '<>:"|?*\\/;\u202e\u202d' else letter for letter in short_file_name(file_name)
    )
    return name.strip(" .") or "file"


def place_of(stored_as: str) -> Path:
    return Path(settings.DATA_DIR) / "evidence" / stored_as[:2] / stored_as


def _write(place: Path, content: bytes) -> None:
    """Whole or not at all, for nobody but the program."""
    place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    half = place.with_suffix(".part")
    handle = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    half.replace(place)
