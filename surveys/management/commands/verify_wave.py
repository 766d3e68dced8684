"""python manage.py verify_wave ID: recount the replies and recompute every seal of a wave."""

from __future__ import annotations

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from surveys.models import Wave
from surveys.tallies import check_tallies, rebuild_tallies
from surveys.verification import verify_wave


class Command(BaseCommand):
    help = "Recount a wave's replies and recompute its seals; ends with an error if anything differs."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("wave", type=int, help="the wave's id")
        parser.add_argument("--rebuild", action="store_true", help="replace wrong counts by the recount")
        parser.add_argument("--json", action="store_true", help="print JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        wave = Wave.objects.filter(pk=options["wave"]).first()
        if wave is None:
            known = ", ".join(f"{pk} ({name})" for pk, name in Wave.objects.values_list("pk", "name"))
            raise CommandError(f"There is no wave {options['wave']}; there are: {known or 'none'}.")
        found = verify_wave(wave)
        problems = [f"batch {one.batch}: {one.problem}" for one in found.problems]
        try:
            differences = check_tallies(wave)
            if differences and options["rebuild"]:
                rebuild_tallies(wave)
                differences = check_tallies(wave)
        except ValueError as error:  # answers that stand where another questionnaire is asked
            differences = []
            problems.append(f"the replies cannot be counted: {error}")
        problems += [
            f"collector {one.collector_code}, {one.stratum or 'all'}: {one.stored_responses} counted, "
            f"{one.counted_responses} stored, {one.slots_that_differ} counts differ"
            for one in differences
        ]
        if options["json"]:
            said = {
                "wave": wave.pk, "batches": found.batches, "responses": found.responses,
                "digest": found.digest, "problems": problems,
            }  # fmt: skip
            self.stdout.write(json.dumps(said, ensure_ascii=False))
        else:
            self.stdout.write(f"{wave}: {found.responses} replies in {found.batches} batches.")
            self.stdout.write(f"Chain: {found.digest}")
            for problem in problems:
                self.stdout.write(f"  {problem}")
        if problems:
            raise CommandError(f"{len(problems)} things are not as they were sealed or counted.")
        if not options["json"]:
            self.stdout.write("Everything is as it was received and counted.")
