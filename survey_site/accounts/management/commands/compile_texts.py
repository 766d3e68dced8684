"""python manage.py compile_texts: make the desk's Chinese ready; `make run` and `make test` do it too."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand

from survey_site.texts import compile_texts


class Command(BaseCommand):
    help = "Compile the translations that have changed."

    def handle(self, *args: Any, **options: Any) -> None:
        for path in compile_texts():
            self.stdout.write(f"Compiled {path}")
