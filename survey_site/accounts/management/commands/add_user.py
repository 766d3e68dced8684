"""python manage.py add_user NAME --role bureau --county 410999: an account with a generated password.

A province user reads several counties: --role province --county 410999 --county 411000.
"""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from survey_site.accounts.models import Role
from survey_site.accounts.people import AccountRefused, add_user
from surveys.models import County, School


class Command(BaseCommand):
    help = "Make an account; its password is generated and printed once."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("username")
        parser.add_argument("--role", default="", help=", ".join(Role.values))
        parser.add_argument(
            "--county", action="append", default=[], help="the county's code; several for the role province"
        )
        parser.add_argument("--school", default="", help="the school's code, for the role school")
        parser.add_argument("--operator", action="store_true", help="may use /admin/")

    def handle(self, *args: Any, **options: Any) -> None:
        counties = [self._county(code) for code in options["county"]]
        is_province = options["role"] == Role.PROVINCE
        if len(counties) > 1 and not is_province:
            raise CommandError(f"Name one county; only the role {Role.PROVINCE} has several.")
        county = counties[0] if counties and not is_province else None
        school = self._school(options["school"], county) if options["school"] else None
        try:
            made = add_user(
                options["username"],
                role=options["role"],
                county=county,
                school=school,
                counties=counties if is_province else (),
                is_operator=options["operator"],
            )
        except AccountRefused as refusal:
            raise CommandError(str(refusal)) from refusal
        self.stdout.write(f"{made.user.username}\t{made.password}")

    def _county(self, code: str) -> County:
        county = County.objects.filter(code=code).first()
        if county is None:
            known = ", ".join(f"{each.code} {each.name}" for each in County.objects.all()[:20])
            raise CommandError(f"There is no county {code}; there are: {known or 'none'}.")
        return county

    def _school(self, code: str, county: County | None) -> School:
        if county is None:
            raise CommandError("Name the school's county too: --county CODE.")
        school = School.objects.filter(county=county, code=code).first()
        if school is None:
            raise CommandError(f"{county.name} has no school {code}; the roster lists the codes.")
        return school
