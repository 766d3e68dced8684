"""Standards a province sends in as a file: checked on the way in, kept as sent, withdrawn with a trace."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from analysis.findings import CHINESE
from analysis.models import ProvinceStandard
from analysis.standard import StandardFileError, read_standard, standard_keys
from analysis.standard_parts import Standard
from analysis.templatetags.evaluation import reader_language
from surveys.models import County

LARGEST_BYTES = 1_000_000
LONGEST_REASON, LONGEST_KEY = 300, 80


class StandardRefused(Exception):
    """A file that is not taken as a standard, or one that cannot be withdrawn; the sentence says why."""


def add_standard(
    county: County, content: bytes, *, file_name: str, by: Any, now: datetime
) -> ProvinceStandard:
    """Checks a TOML file and keeps it for the county. StandardRefused names file, place and what is allowed.

    A newer file with the same key is applied from now on; evaluations keep the text they were made with.
    """
    standard = check_standard(content, file_name=file_name)
    try:
        with transaction.atomic():
            return ProvinceStandard.objects.create(
                county=county, key=standard.key, name=standard.name[CHINESE][:200],
                file_name=file_name[-200:], text=standard.text, digest=standard.digest, by=by, at=now,
            )  # fmt: skip
    except IntegrityError as error:
        raise StandardRefused(_("This very file is there already.")) from error


def check_standard(content: bytes, *, file_name: str) -> Standard:
    """The standard in an uploaded file; nothing is stored."""
    if len(content) > LARGEST_BYTES:
        raise StandardRefused(
            _("%(file)s: %(size)s KB; allowed: at most %(most)s KB.")
            % {"file": file_name, "size": len(content) // 1000, "most": LARGEST_BYTES // 1000}
        )
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise StandardRefused(
            _("%(file)s: not UTF-8 (byte %(byte)s). Save it as UTF-8.")
            % {"file": file_name, "byte": error.start + 1}
        ) from error
    if "\x00" in text:
        raise StandardRefused(_("%(file)s: this is no text file. Allowed: TOML.") % {"file": file_name})
    try:
        standard = read_standard(text, name=file_name)
    except StandardFileError as error:
        raise StandardRefused(error.texts[reader_language()]) from error
    values = {"file": file_name, "key": standard.key, "own": f"{standard.key}-own", "most": LONGEST_KEY}
    if standard.key in standard_keys():
        raise StandardRefused(
            _("%(file)s, key: “%(key)s” is a supplied standard; allowed: your own key, such as “%(own)s”.")
            % values
        )
    if len(standard.key) > LONGEST_KEY:
        raise StandardRefused(_("%(file)s, key: allowed are at most %(most)s characters.") % values)
    return standard


def withdraw_standard(standard: ProvinceStandard, *, by: Any, reason: str, now: datetime) -> None:
    """Takes a standard out of use, with the reason; it and the evaluations made with it stay."""
    reason = reason.strip()
    if not reason:
        raise StandardRefused(_("Say why the standard is withdrawn."))
    if len(reason) > LONGEST_REASON:
        raise StandardRefused(_("Allowed: at most %(most)d characters.") % {"most": LONGEST_REASON})
    changed = ProvinceStandard.objects.filter(pk=standard.pk, withdrawn_at=None).update(
        withdrawn_by=by, withdrawn_at=now, withdrawn_reason=reason
    )
    if not changed:
        raise StandardRefused(_("This standard was withdrawn already."))
