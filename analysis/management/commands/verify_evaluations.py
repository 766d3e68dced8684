"""python manage.py verify_evaluations [--county CODE]: compute frozen evaluations again and compare."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from analysis.evaluation import evaluation_problems
from analysis.models import Evaluation


class Command(BaseCommand):
    help = "Compute every frozen evaluation again from its inputs; ends with an error if one differs."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--county", help="the county's code; all counties without it")

    def handle(self, *args: Any, **options: Any) -> None:
        found = Evaluation.objects.order_by("county_id", "at", "pk")
        if options["county"]:
            found = found.filter(county__code=options["county"])
            if not found.exists():
                raise CommandError(f"There is no evaluation of a county with the code {options['county']}.")
        wrong = count = 0
        # One at a time: the result of a large county takes megabytes.
        for pk in list(found.values_list("pk", flat=True)):
            evaluation = Evaluation.objects.select_related("county").get(pk=pk)
            count += 1
            problems = evaluation_problems(evaluation)
            wrong += bool(problems)
            for problem in problems:
                self.stdout.write(f"  {evaluation} of {evaluation.at:%Y-%m-%d} (no. {pk}): {problem}")
        if wrong:
            raise CommandError(f"{wrong} of {count} evaluations are not as they were frozen.")
        self.stdout.write(f"{count} evaluations, each computed again to the same result.")
