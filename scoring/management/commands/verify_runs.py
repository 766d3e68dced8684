"""python manage.py verify_runs ID: check that a wave's frozen results are still what was frozen."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from scoring.run_record import run_problems
from surveys.models import Wave


class Command(BaseCommand):
    help = "Check a wave's score runs against their digests and the chain; ends with an error if one differs."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("wave", type=int, help="the wave's id")

    def handle(self, *args: Any, **options: Any) -> None:
        wave = Wave.objects.filter(pk=options["wave"]).first()
        if wave is None:
            raise CommandError(f"There is no wave {options['wave']}.")
        problems = run_problems(wave)
        for problem in problems:
            self.stdout.write(f"  {problem}")
        if problems:
            raise CommandError(f"{len(problems)} things are not as they were frozen.")
        self.stdout.write(f"{wave}: {wave.score_runs.count()} score runs, each as it was frozen.")
