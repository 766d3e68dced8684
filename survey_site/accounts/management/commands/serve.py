"""python manage.py serve: what `make run` starts."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from survey_site.serving import ServingFailed, serve


class Command(BaseCommand):
    help = "Start the web server and the worker, with a demonstration county the first time."
    requires_system_checks = []  # migrations may still be missing; the web server checks when it starts

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--host", default="0.0.0.0", help="the address to listen on")  # noqa: S104
        parser.add_argument("--port", type=int, default=8000)

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            serve(host=options["host"], port=options["port"], say=self._say)
        except ServingFailed as failure:
            raise CommandError(str(failure)) from failure

    def _say(self, text: str) -> None:
        self.stdout.write(text)
        self.stdout.flush()
