"""python manage.py demo: the demonstration county, made once; a repeat leaves it alone."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import transaction
from django.utils import timezone

from analysis.demo.figures import import_demo_figures
from analysis.demo.ledger import DAYS_AGO, make_demo_ledger
from scoring.runs import score_wave
from survey_site.accounts.demo_logins import make_demo_logins, read_demo_logins
from surveys.demo.build import DemoExists, build_demo


class Command(BaseCommand):
    help = "Make the demonstration county: schools, two closed waves, an open wave to try."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--logins", action="store_true", help="make and print one login per role too")

    def handle(self, *args: Any, **options: Any) -> None:
        now = timezone.now()
        try:
            with transaction.atomic():
                made = build_demo(now=now)
                then = now - timedelta(days=DAYS_AGO)
                run = score_wave(made.closed_wave, by=None, now=then)
                tables = import_demo_figures(made.county, now=then)
                items = make_demo_ledger(made.county, run=run, now=now)
        except DemoExists as there:
            self._say(options, f"{there} is there already; nothing was changed.")
        else:
            self._say(options, f"{made.county}: {made.county.schools.count()} schools.")
            self._say(options, f"  {made.earlier_wave}: closed, a year before")
            self._say(
                options, f"  {made.closed_wave}: closed, {run.estimate:.2%}, {run.get_verdict_display()}"
            )
            self._say(options, f"  {made.open_wave}: open until {made.open_wave.ends_on}")
            self._say(
                options, f"  {', '.join(str(table.file_name) for table in tables)}: indicators imported"
            )
            self._say(options, f"  {len(items)} items in the rectification ledger")
        if options["logins"]:
            if not read_demo_logins():
                make_demo_logins()
            self.stdout.write(read_demo_logins().rstrip("\n"))

    def _say(self, options: dict[str, Any], line: str) -> None:
        if options["verbosity"]:
            self.stdout.write(line)
