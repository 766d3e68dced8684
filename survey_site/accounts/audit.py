"""The audit log: one chain of rows per county, each row sealed with the one before. Written here only."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime

from django.db import transaction
from django.utils.translation import gettext as _

from survey_site.accounts.models import AuditChain, AuditEntry, User
from surveys.models import County


def record(
    action: str, *, county: County | None, person: User | None, now: datetime, about: str = "",
    page: str = "", outcome: str = AuditEntry.Outcome.DONE,
) -> AuditEntry:  # fmt: skip
    """Appends one act. `action` is a route's name or one of our own words, put into words by
    `audit_phrases`; `about` names the object. Give it no answer, no password and no code."""
    with transaction.atomic():
        chain = _chain_of(county)
        entry = AuditEntry(
            chain=chain, number=chain.length + 1, at=now, person=person,
            person_name=str(person)[:200] if person else "", role=person.role if person else "",
            action=action[:80], about=about[:300], page=page[:300], outcome=outcome, previous=chain.digest,
        )  # fmt: skip
        entry.digest = digest_of(entry)
        entry.save(force_insert=True)
        AuditChain.objects.filter(pk=chain.pk).update(length=entry.number, digest=entry.digest)
    return entry


def digest_of(entry: AuditEntry) -> str:
    """SHA-256 over everything the row says and the digest of the row before."""
    told = [
        entry.chain_id, entry.number, entry.at.astimezone(UTC).isoformat(), entry.person_id,
        entry.person_name, entry.role, entry.action, entry.about, entry.page, entry.outcome, entry.previous,
    ]  # fmt: skip
    return hashlib.sha256(json.dumps(told, ensure_ascii=False).encode()).hexdigest()


def chain_problems(chain: AuditChain) -> list[str]:
    """Sentences on what is wrong with a chain; none if every row is there and as it was written.

    Whoever can write to the database can also seal everything anew: against that helps only a digest
    that somebody else keeps.
    """
    problems = []
    expected, previous = 1, ""
    for entry in AuditEntry.objects.filter(chain=chain).order_by("number").iterator(chunk_size=2000):
        if entry.number != expected:
            problems.append(
                _("Rows %(first)s to %(last)s are missing.") % {"first": expected, "last": entry.number - 1}
            )
        elif entry.previous != previous:
            problems.append(_("Row %(row)s does not follow from the row before it.") % {"row": entry.number})
        if digest_of(entry) != entry.digest:
            problems.append(_("Row %(row)s is not what was written.") % {"row": entry.number})
        expected, previous = entry.number + 1, entry.digest
    if chain.length != expected - 1:
        problems.append(
            _("The log ends at row %(row)s of %(length)s.") % {"row": expected - 1, "length": chain.length}
        )
    elif chain.digest != previous:
        problems.append(_("The last row is not the one that was written last."))
    return problems


def _chain_of(county: County | None) -> AuditChain:
    key = str(county.pk) if county else ""
    AuditChain.objects.get_or_create(key=key, defaults={"county": county})
    # Two acts of one moment take their numbers one after the other.
    return AuditChain.objects.select_for_update().get(key=key)
