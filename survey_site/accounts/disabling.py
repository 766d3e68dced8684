"""Disabling an account and enabling it again: who did it, when and why stays in the audit log."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from survey_site.accounts.invitations import open_links, revoke
from survey_site.accounts.models import Role, User


class DisablingRefused(Exception):
    """Why an account stays as it is; a sentence for the page."""


def disable(person: User, *, by: User, now: datetime) -> None:
    """The account can sign in no more, its sessions end for good and its open links with them."""
    if person.pk == by.pk:
        raise DisablingRefused(_("You cannot disable your own account; a colleague can."))
    with transaction.atomic():
        # Two colleagues who disable each other at one moment must not both succeed.
        bureau = User.objects.select_for_update().filter(county=person.county_id, role=Role.BUREAU)
        active = [each.pk for each in bureau.order_by("pk") if each.is_active]
        if active == [person.pk]:
            raise DisablingRefused(
                _("This is the county's last bureau account; invite a colleague before it is disabled.")
            )
        if by.pk not in active:
            raise DisablingRefused(_("Your own account has been disabled."))
        for link in open_links(person.county, now=now).filter(person=person):
            revoke(link, by=by, now=now)
        User.objects.filter(pk=person.pk, is_active=True).update(
            is_active=False, session_round=F("session_round") + 1
        )


def enable(person: User) -> None:
    User.objects.filter(pk=person.pk).update(is_active=True)
