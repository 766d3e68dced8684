"""The changes of a roster → the database, in one transaction, with a trace of who imported which file."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import PurePath
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from surveys.models import County, ResidentPopulation, RosterImport, RosterUpload, School, Township
from surveys.roster.changes import FIELDS, RosterChanges, roster_changes
from surveys.roster.rows import CheckedRoster, SchoolRow

UPLOAD_LIVES = timedelta(hours=2)


class RosterRefused(Exception):
    """A roster that is not imported; the sentence says what to do."""


class RosterMoved(RosterRefused):
    """The county is no longer what the preview was made from."""


@dataclass(frozen=True)
class RosterFile:
    """What the trace keeps of a file."""

    name: str
    sha256: str
    size_bytes: int

    @classmethod
    def of(cls, content: bytes, *, name: str) -> RosterFile:
        return cls(short_file_name(name), hashlib.sha256(content).hexdigest(), len(content))


def import_roster(
    county: County, checked: CheckedRoster, *, file: RosterFile, by: Any, now: datetime,
    accept_good_rows: bool = False, seen_digest: str = "",
) -> RosterImport:  # fmt: skip
    """Adds and changes what the file says, deletes nothing, and returns the trace.

    Changes nothing (RosterRefused) if there is any problem and the good rows were not accepted, or
    (RosterMoved) if `seen_digest` is given and no longer fits. Importing the same file again changes nothing
    and leaves a trace of its own.
    """
    if not checked.has_good_rows:
        raise RosterRefused(_("The file has no row that could be imported."))
    if checked.problems and not accept_good_rows:
        raise RosterRefused(
            _("Nothing was imported: %(problems)s entries must be mended first, or the good rows accepted.")
            % {"problems": len(checked.problems)}
        )
    with transaction.atomic():
        County.objects.select_for_update(no_key=True).get(pk=county.pk)  # two imports take turns
        changes = roster_changes(county, checked)
        if seen_digest and seen_digest != changes.digest:
            raise RosterMoved(_("The county's schools have changed since this preview. Look at it again."))
        _save_schools(county, changes)
        _save_residents(county, changes)
        return RosterImport.objects.create(
            county=county, file_name=file.name, sha256=file.sha256, size_bytes=file.size_bytes, by=by, at=now,
            added=len(changes.added), changed=len(changes.changed), unchanged=changes.unchanged,
            missing=len(changes.missing), residents_changed=len(changes.residents),
            rows_left_out=checked.bad_rows, changes=_trace(changes),
        )  # fmt: skip


def keep_upload(content: bytes, *, county: County, by: Any, file_name: str, now: datetime) -> RosterUpload:
    """Keeps a file until its import is confirmed; files that nobody confirmed in time go."""
    RosterUpload.objects.filter(uploaded_at__lt=now - UPLOAD_LIVES).delete()
    return RosterUpload.objects.create(
        token=secrets.token_urlsafe(32), county=county, by=by, file_name=short_file_name(file_name),
        content=content, uploaded_at=now,
    )  # fmt: skip


def waiting_upload(token: str, *, county: County, by: Any, now: datetime) -> RosterUpload | None:
    """The file behind a preview, for nobody but the user who uploaded it, in that county, in time."""
    return RosterUpload.objects.filter(
        token=token, county=county, by=by, uploaded_at__gte=now - UPLOAD_LIVES
    ).first()


def short_file_name(name: str) -> str:
    """The last part of a path, at most 200 characters, for the trace."""
    return "".join(letter for letter in PurePath(name.replace("\\", "/")).name if letter.isprintable())[-200:]


def _save_schools(county: County, changes: RosterChanges) -> None:
    Township.objects.bulk_create(Township(county=county, name=name) for name in changes.new_townships)
    townships = dict(county.townships.values_list("name", "pk"))
    School.objects.bulk_create(
        School(county=county, code=row.code, township_id=townships[row.township], **_entries(row))
        for row in changes.added
    )
    stored = {school.code: school for school in School.objects.filter(county=county)}
    updated = []
    for each in changes.changed:
        school = stored[each.row.code]
        school.township_id = townships[each.row.township]
        school.is_active = True
        for field, value in _entries(each.row).items():
            setattr(school, field, value)
        updated.append(school)
    School.objects.bulk_update(updated, [*FIELDS, "is_active"], batch_size=100)


def _save_residents(county: County, changes: RosterChanges) -> None:
    for each in changes.residents:
        ResidentPopulation.objects.update_or_create(
            county=county,
            location=each.row.location,
            defaults={"people": each.row.people, "source": each.row.source},
        )


def _entries(row: SchoolRow) -> dict[str, Any]:
    return {field: getattr(row, field) for field in FIELDS if field != "township"}


def _trace(changes: RosterChanges) -> dict[str, list]:
    added = [
        {"row": row.row, "code": row.code, "name": row.name, "added": True, "changes": []}
        for row in changes.added
    ]
    changed = [
        {
            "row": each.row.row,
            "code": each.row.code,
            "name": each.row.name,
            "added": False,
            "changes": [[change.field, change.old, change.new] for change in each.changes],
        }
        for each in changes.changed
    ]
    residents = [
        [each.row.location, each.old_people, each.row.people, each.old_source, each.row.source]
        for each in changes.residents
    ]
    return {"schools": added + changed, "residents": residents, "townships": list(changes.new_townships)}
