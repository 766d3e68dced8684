"""Letting people in: links that work once and for a while, and what happens when one is used.

The code of a link is shown once, to whoever made it. Afterwards nobody can look it up, only make a new one.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from allauth.mfa.models import Authenticator
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from survey_site.accounts.audit import record
from survey_site.accounts.models import Invitation, Purpose, Role, User
from surveys.distribution.codes import ALPHABET, normalise
from surveys.models import County, School

CODE_LENGTH = 16  # 79 random bits
JOIN_VALID = timedelta(days=14)
PASSWORD_VALID = timedelta(days=3)
# A county's bureau gives these; a province user is made by the operators, who see all counties.
GIVEN_ROLES = (Role.BUREAU, Role.REVIEWER, Role.SCHOOL, Role.INSPECTOR)


class InvitationRefused(Exception):
    """Why a link cannot be made or used; a sentence for the page."""


@dataclass(frozen=True)
class NewLink:
    """A link and its code, which is stored nowhere in clear."""

    invitation: Invitation
    code: str

    @property
    def path(self) -> str:
        return reverse("invitation", args=[self.code])


def invite(
    *, county: County, role: str, by: User | None, now: datetime, school: School | None = None,
    label: str = "", email: str = "",
) -> NewLink:  # fmt: skip
    """A link by which one person joins the county in this role."""
    if role not in GIVEN_ROLES:
        raise InvitationRefused(_("Choose one of the roles of the list."))
    if (role == Role.SCHOOL) != (school is not None):
        raise InvitationRefused(_("Choose the school for a school user, and for nobody else."))
    if school is not None and school.county_id != county.pk:
        raise InvitationRefused(_("This school belongs to another county."))
    return _new_link(
        now=now, valid=JOIN_VALID, purpose=Purpose.JOIN, county=county, role=role, school=school,
        label=label, email=email, made_by=by,
    )  # fmt: skip


def invite_schools(schools: Iterable[School], *, by: User, now: datetime) -> list[NewLink]:
    """A link for each of these schools; links still open from earlier are revoked."""
    with transaction.atomic():
        links = []
        for school in schools:
            for old in open_links(school.county, now=now).filter(role=Role.SCHOOL, school=school):
                revoke(old, by=by, now=now)
            links.append(invite(county=school.county, role=Role.SCHOOL, school=school, by=by, now=now))
    return links


def new_password_link(person: User, *, by: User, now: datetime, removes_second_step: bool = False) -> NewLink:
    """A link by which this person sets a new password; earlier ones end. The old password works until then.

    With `removes_second_step` the phone's codes are forgotten too: for somebody who lost it.
    """
    if not person.is_active:
        raise InvitationRefused(_("This account is disabled; enable it first."))
    with transaction.atomic():
        for old in open_links(person.county, now=now).filter(person=person):
            revoke(old, by=by, now=now)
        return _new_link(
            now=now, valid=PASSWORD_VALID, purpose=Purpose.PASSWORD, county=person.county, person=person,
            email=person.email, removes_second_step=removes_second_step, made_by=by,
        )  # fmt: skip


def send_again(invitation: Invitation, *, by: User, now: datetime) -> NewLink:
    """A new link in place of one that got lost or ran out; the old one ends, and both stay on record."""
    if invitation.used_at:
        raise InvitationRefused(_("This link has been used; there is nothing to send again."))
    if invitation.person and not invitation.person.is_active:
        raise InvitationRefused(_("This account is disabled; enable it first."))
    valid = PASSWORD_VALID if invitation.purpose == Purpose.PASSWORD else JOIN_VALID
    with transaction.atomic():
        if not invitation.revoked_at:
            revoke(invitation, by=by, now=now)
        return _new_link(
            now=now, valid=valid, purpose=invitation.purpose, county=invitation.county, role=invitation.role,
            school=invitation.school, person=invitation.person, label=invitation.label,
            email=invitation.email, removes_second_step=invitation.removes_second_step, made_by=by,
            replaces=invitation,
        )  # fmt: skip


def revoke(invitation: Invitation, *, by: User, now: datetime) -> None:
    """Ends a link that nobody has used; a used or revoked one is refused."""
    ended = Invitation.objects.filter(
        pk=invitation.pk, used_at__isnull=True, revoked_at__isnull=True
    ).update(revoked_at=now, revoked_by=by)  # fmt: skip
    if not ended:
        raise InvitationRefused(_("This link has been used or revoked already."))


def open_links(county: County, *, now: datetime):
    """The county's links that would work at this moment."""
    return Invitation.objects.filter(
        county=county, used_at__isnull=True, revoked_at__isnull=True, expires_at__gt=now
    )


def find(code: str) -> Invitation | None:
    """The link of a code as typed or scanned, in whatever state; None for a code that nobody made."""
    return (
        Invitation.objects.filter(digest=_digest(normalise(code)))
        .select_related("county", "school", "person")
        .first()
    )


def join(invitation: Invitation, *, username: str, name: str, password: str, now: datetime) -> User:
    """Makes the account; the link is used up in the same transaction, so it works once whoever hurries."""
    user = User(
        username=username, last_name=name, email=invitation.email, role=invitation.role,
        county=invitation.county, school=invitation.school,
    )  # fmt: skip
    user.set_password(password)
    try:
        with transaction.atomic():
            _use_up(invitation, now=now)
            if User.objects.filter(username__iexact=username).exists():
                raise InvitationRefused(_("This user name is taken; choose another one."))
            user.save()
            Invitation.objects.filter(pk=invitation.pk).update(used_by=user)
            record("invitation_used", county=invitation.county, person=user, about=str(invitation), now=now)
    except IntegrityError as error:
        raise InvitationRefused(_("This user name is taken; choose another one.")) from error
    return user


def set_password(invitation: Invitation, *, password: str, now: datetime) -> User:
    """Sets the person's new password; their sessions elsewhere end by it."""
    with transaction.atomic():
        _use_up(invitation, now=now)
        user = User.objects.get(pk=invitation.person_id)
        user.set_password(password)
        user.save(update_fields=["password"])
        if invitation.removes_second_step:
            Authenticator.objects.filter(user=user).delete()
        Invitation.objects.filter(pk=invitation.pk).update(used_by=user)
        record("password_link_used", county=invitation.county, person=user, about=user.username, now=now)
    return user


def readable(code: str) -> str:
    """The code in groups of four, as it is printed: K7M2-9PQX-4DFW-H3NT."""
    return "-".join(code[start : start + 4] for start in range(0, len(code), 4))


def _new_link(*, now: datetime, valid: timedelta, made_by: User | None, **fields: object) -> NewLink:
    code = "".join(secrets.choice(ALPHABET) for _ in range(CODE_LENGTH))
    invitation = Invitation.objects.create(
        digest=_digest(code), made_at=now, expires_at=now + valid, made_by=made_by, **fields
    )
    return NewLink(invitation, code)


def _use_up(invitation: Invitation, *, now: datetime) -> None:
    used = Invitation.objects.filter(
        pk=invitation.pk, used_at__isnull=True, revoked_at__isnull=True, expires_at__gt=now
    ).update(used_at=now)  # fmt: skip
    if not used:
        raise InvitationRefused(_("This link no longer works: it was used, revoked or ran out."))


def _digest(code: str) -> str:
    # 79 random bits need no salt.
    return hashlib.sha256(b"renke invitation\x00" + code.encode()).hexdigest()
