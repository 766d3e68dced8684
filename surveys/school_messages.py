"""Messages from the bureau to its schools: sent once, read per school, by e-mail too where that is set up.

The addresses belong to the schools' users, whom this room does not know: a higher room gives `addresses`
(school id → e-mail addresses) and sends.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Count, Q, QuerySet
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from surveys.models import County, MessageToSchool, School, SchoolMessage, Wave
from surveys.progress import SchoolProgress, wave_progress

LONGEST_BODY = 2000


class MessageRefused(Exception):
    """A message that cannot be sent; the sentence says why."""


@dataclass(frozen=True)
class Draft:
    """What a message form begins with."""

    subject: str
    body: str


def send_message(
    *, county: County, schools: Sequence[School], subject: str, body: str, wave: Wave | None, by: Any,
    now: datetime, mail_to: Mapping[int, Sequence[str]] | None = None,
) -> SchoolMessage:  # fmt: skip
    """Keeps the message with one copy per school. `mail_to` None: no e-mail; else school id → addresses."""
    if not schools:
        raise MessageRefused(_("Choose at least one school."))
    if not subject.strip() or not body.strip():
        raise MessageRefused(_("A message has a subject and a text."))
    if len(body) > LONGEST_BODY:
        raise MessageRefused(_("The text is longer than %(most)s characters.") % {"most": LONGEST_BODY})
    states = MessageToSchool.Mail
    with transaction.atomic():
        message = SchoolMessage.objects.create(
            county=county, wave=wave, subject=subject.strip()[:100], body=body.strip(), by=by, at=now
        )
        MessageToSchool.objects.bulk_create(
            MessageToSchool(
                message=message,
                school=school,
                mail=states.NONE
                if mail_to is None
                else states.WAITING
                if mail_to.get(school.pk)
                else states.NO_ADDRESS,
            )
            for school in {one.pk: one for one in schools}.values()
        )
    return message


def reminder(wave: Wave) -> Draft:
    """The usual reminder to schools that are behind; the bureau changes it as it likes."""
    values = {"wave": wave.name, "last_day": date_format(wave.ends_on, "DATE_FORMAT")}
    return Draft(
        subject=_("Replies behind: %(wave)s") % values,
        body=_(
            "In “%(wave)s” your school has fewer replies than planned. Please put up the posters where "
            "parents pass, hand out the slips that are left, and remind people once more. Everybody answers "
            "for themselves and anonymously; please do not fill in forms for others and do not suggest "
            "answers. The survey ends on %(last_day)s."
        )
        % values,
    )


def behind_schools(wave: Wave) -> list[SchoolProgress]:
    """Schools below their target, the furthest behind first."""
    rows = [row for row in wave_progress(wave).schools if row.progress.target and not row.progress.is_full]
    return sorted(rows, key=lambda row: row.progress.replies / row.progress.target)


def unread_of(school: School) -> QuerySet[MessageToSchool]:
    return messages_of(school).filter(read_at__isnull=True)


def messages_of(school: School) -> QuerySet[MessageToSchool]:
    """The school's copies, the newest first."""
    copies = MessageToSchool.objects.filter(school=school).select_related("message", "read_by")
    return copies.order_by("-message__at", "-pk")


def mark_read(copy: MessageToSchool, *, by: Any, now: datetime) -> bool:
    """Notes the first reading; a later one changes nothing."""
    unread = MessageToSchool.objects.filter(pk=copy.pk, read_at__isnull=True)
    return bool(unread.update(read_at=now, read_by=by))


def messages_with_counts(county: County) -> QuerySet[SchoolMessage]:
    """The county's messages with how many schools got, read and were mailed each, in one query."""
    mail = MessageToSchool.Mail
    return (
        SchoolMessage.objects.filter(county=county)
        .select_related("by", "wave")
        .annotate(
            sent_to=Count("copies"),
            read=Count("copies", filter=Q(copies__read_at__isnull=False)),
            mailed=Count("copies", filter=Q(copies__mail=mail.SENT)),
            failed=Count("copies", filter=Q(copies__mail=mail.FAILED)),
        )
        .order_by("-at", "-pk")
    )
