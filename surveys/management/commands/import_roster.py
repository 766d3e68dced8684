"""python manage.py import_roster FILE --county CODE: a county's schools and residents from a spreadsheet."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from surveys.models import County, RosterImport
from surveys.roster.cells import RosterFileError
from surveys.roster.changes import RosterChanges, roster_changes
from surveys.roster.checking import check_roster
from surveys.roster.reading import read_sheets
from surveys.roster.rows import CheckedRoster, Problem
from surveys.roster.saving import RosterFile, RosterRefused, import_roster
from surveys.roster.wording import change_lines, location_name


class Command(BaseCommand):
    help = "Import a roster (.xlsx, .xls, .csv): shows what it would change, and changes it if all is good."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--county", required=True, help="the county's code")
        parser.add_argument("--name", default="", help="the county's name, if it is new")
        parser.add_argument(
            "--residents", type=Path, help="residents by 城区, 镇区, 乡村, in a file of their own"
        )
        parser.add_argument("--accept-good-rows", action="store_true", help="leave the bad rows out")
        parser.add_argument("--preview", action="store_true", help="only show what would change")

    def handle(self, *args: Any, **options: Any) -> None:
        county = County.objects.filter(code=options["county"]).first()
        if county is None and not options["name"]:
            known = ", ".join(f"{code} ({name})" for code, name in County.objects.values_list("code", "name"))
            code = options["county"]
            raise CommandError(
                f"There is no county {code}; give --name to make it. There are: {known or 'none'}."
            )
        files = [path for path in (options["file"], options["residents"]) if path]
        read = [self._read(path) for path in files]
        for _file, checked in read:
            self._show(checked, roster_changes(county, checked))
        if options["preview"]:
            return
        try:
            with transaction.atomic():
                if county is None:
                    county = County.objects.create(code=options["county"], name=options["name"])
                for file, checked in read:
                    self._say_done(
                        import_roster(
                            county, checked, file=file, by=None, now=timezone.now(),
                            accept_good_rows=options["accept_good_rows"],
                        )
                    )  # fmt: skip
        except RosterRefused as refusal:
            raise CommandError(str(refusal)) from refusal

    def _read(self, path: Path) -> tuple[RosterFile, CheckedRoster]:
        try:
            content = path.read_bytes()
            return RosterFile.of(content, name=path.name), check_roster(
                read_sheets(content, file_name=path.name)
            )
        except (OSError, RosterFileError) as error:
            raise CommandError(f"{path.name}: {error}") from error

    def _show(self, checked: CheckedRoster, changes: RosterChanges) -> None:
        for each in changes.changed:
            self.stdout.write(f"{each.row.code} {each.row.name}")
            for line in change_lines((one.field, one.old, one.new) for one in each.changes):
                self.stdout.write(f"  {line.label}: {line.old} → {line.new}")
        for each in changes.residents:
            old = "—" if each.old_people is None else f"{each.old_people:,}"
            self.stdout.write(f"{location_name(each.row.location)}: {old} → {each.row.people:,}")
        for code, name in changes.missing:
            self.stdout.write(_("not in the file") + f": {code} {name}")
        self._list(_("Worth another look"), [*checked.remarks, *changes.remarks])
        self._list(_("Entries to mend"), checked.problems)

    def _list(self, title: str, problems: Iterable[Problem]) -> None:
        problems = list(problems)
        if problems:
            self.stdout.write(f"{title} ({len(problems)})")
        for one in problems:
            place = " ".join(
                part for part in (one.sheet, f"{one.column}{one.row or ''}", one.heading) if part
            )
            found = f"“{one.found}” " if one.found else ""
            self.stdout.write(f"  {place}: {found}{one.sentence}")

    def _say_done(self, trace: RosterImport) -> None:
        counts = {
            _("added"): trace.added,
            _("changed"): trace.changed,
            _("left alone"): trace.unchanged,
            _("not in the file"): trace.missing,
            _("rows left out"): trace.rows_left_out,
        }
        said = ", ".join(f"{label} {count}" for label, count in counts.items())
        self.stdout.write(f"{trace.file_name}: {said}")
