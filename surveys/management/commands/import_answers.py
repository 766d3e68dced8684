"""python manage.py import_answers FILE --wave ID: ready-made answers into an open wave, all or none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from surveys.answer_columns import ColumnMap, ColumnMapError, read_column_map
from surveys.audiences import AUDIENCES
from surveys.models import Wave
from surveys.ready_answers import AnswersRefused, import_answers


class Command(BaseCommand):
    help = "Import answers collected elsewhere (.csv, .csv.gz, .xlsx); they are reported as imported."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path)
        parser.add_argument("--wave", type=int, required=True, help="the open wave's id")
        parser.add_argument("--columns", type=Path, help="a TOML map of the file's own headings and codes")
        parser.add_argument(
            "--source",
            default="",
            help="a name for where the answers come from, so that a corrected file with the same respondents "
            "stores nothing twice (default: the file itself)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        wave = Wave.objects.filter(pk=options["wave"]).first()
        if wave is None:
            known = ", ".join(f"{pk} ({name})" for pk, name in Wave.objects.values_list("pk", "name"))
            raise CommandError(f"There is no wave {options['wave']}; there are: {known or 'none'}.")
        try:
            content = options["file"].read_bytes()
            columns = _column_map(options["columns"])
            done = import_answers(
                wave, content, file_name=options["file"].name, columns=columns,
                source_name=options["source"], by=None, now=timezone.now(),
            )  # fmt: skip
        except (OSError, UnicodeDecodeError, ColumnMapError) as error:
            raise CommandError(str(error)) from error
        except AnswersRefused as refusal:
            for problem in refusal.problems:
                self.stderr.write(problem)
            if refusal.more:
                self.stderr.write(f"… and {refusal.more} more.")
            raise CommandError("Nothing was imported.") from refusal
        self.stdout.write(f"{wave}: {done.stored} replies imported, {done.repeated} were there already.")
        for audience, replies in done.by_audience.items():
            name = AUDIENCES[audience].name("zh-hans") if audience in AUDIENCES else audience
            self.stdout.write(f"  {name} {audience}: {replies}")
        for item, answers in done.left_out.items():
            self.stdout.write(f"  {item}: {answers} answers left out; these respondents are not asked it.")
        if done.without_column:
            self.stdout.write(f"  No column in the file: {', '.join(done.without_column)}.")


def _column_map(path: Path | None) -> ColumnMap | None:
    return read_column_map(path.read_text(encoding="utf-8"), name=path.name) if path else None
