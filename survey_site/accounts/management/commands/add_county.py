"""python manage.py add_county 410999 示范县 --person 王主任: a county, and its first bureau user's link."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.utils import timezone

from survey_site.accounts.invitations import invite, readable
from survey_site.accounts.models import Role
from surveys.models import County


class Command(BaseCommand):
    help = "Add a county and print a single-use link for its first bureau user."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("code", help="the county's code, for example 410999")
        parser.add_argument("name", help="the county's name as it stands on pages and posters")
        parser.add_argument("--bureau", default="", help="the bureau's own name, if not <county>教育局")
        parser.add_argument("--person", default="", help="whom the link is for")

    def handle(self, *args: Any, **options: Any) -> None:
        code, name = options["code"].strip(), options["name"].strip()
        if not code.isdecimal() or len(code) > 12 or not name:
            raise CommandError(f"{code!r} {name!r}: a county has a code of up to 12 digits and a name.")
        if County.objects.filter(code=code).exists():
            raise CommandError(f"There is a county {code} already; its bureau invites by itself.")
        with transaction.atomic():
            county = County.objects.create(code=code, name=name, bureau=options["bureau"].strip())
            link = invite(
                county=county, role=Role.BUREAU, label=options["person"], by=None, now=timezone.now()
            )
        self.stdout.write(f"{county.code} {county.name}: {county.bureau_name}")
        self.stdout.write(f"{settings.PUBLIC_ORIGIN}{link.path}")
        self.stdout.write(
            f"Code {readable(link.code)}, valid once until {link.invitation.expires_at:%Y-%m-%d}. "
            "It is shown this once; add_user makes an account where the link got lost."
        )
