"""Hold a county's figures against a standard, from files and without touching the database."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from analysis.evaluation_figures import evaluate_figures
from analysis.evaluation_plans import (
    find_standard,
    read_item_lines,
    read_school_records,
    score_run_recognition,
    typed_recognition,
)
from analysis.file_errors import EvaluationFileError
from analysis.findings import ENGLISH
from analysis.judging import Evaluation
from analysis.standard import StandardFileError, standard_keys


class Command(BaseCommand):
    """`evaluate_file --standard NAME --indicators FILE [--county FILE] [--recognition 0.872] [--json]`."""

    help = "Evaluate a county by a standard, from files and without the database."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--standard",
            required=True,
            help=f"a supplied standard or the path of a .toml file; supplied: {', '.join(standard_keys())}",
        )
        parser.add_argument(
            "--indicators",
            type=Path,
            required=True,
            help="school table: one row per school, or school and stage",
        )
        parser.add_argument("--county", type=Path, help="the county's items: item, value, evidence")
        rate = parser.add_mutually_exclusive_group()
        rate.add_argument("--recognition", help="recognition rate from elsewhere, such as 0.872")
        rate.add_argument("--score-run", type=Path, help="recognition from a score run (JSON)")
        parser.add_argument(
            "--setting", action="append", default=[], metavar="NAME=VALUE",
            help="a setting of the standard; may be repeated",
        )  # fmt: skip
        parser.add_argument(
            "--price", action="append", default=[], metavar="COLUMN=YUAN",
            help="yuan per unit of a column, for costs; may be repeated",
        )  # fmt: skip
        parser.add_argument("--json", action="store_true", help="print JSON instead of lines to read")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            evaluation, said = _evaluate(options)
        except (EvaluationFileError, StandardFileError) as error:
            raise CommandError(str(error)) from error
        if options["json"]:
            self.stdout.write(json.dumps(said, ensure_ascii=False, indent=1, allow_nan=False))
            return
        for line in _lines(evaluation, said):
            self.stdout.write(line)


def _evaluate(options: dict[str, Any]) -> tuple[Evaluation, dict[str, Any]]:
    standard = find_standard(options["standard"])
    records, left_aside = read_school_records(options["indicators"], standard)
    recognition = None
    if options["recognition"] is not None:
        recognition = typed_recognition(options["recognition"])
    elif options["score_run"]:
        recognition = score_run_recognition(options["score_run"])
    evaluated = evaluate_figures(
        standard,
        records=records,
        items=read_item_lines(options["county"]) if options["county"] else (),
        recognition=recognition,
        settings=_pairs(options["setting"], "--setting"),
        prices=_pairs(options["price"], "--price"),
        doubts=left_aside,
        names=(options["indicators"].name, options["county"].name if options["county"] else ""),
    )
    return evaluated.judgement, evaluated.result


def _pairs(given: Iterable[str], option: str) -> dict[str, str]:
    found = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals or not name.strip():
            raise CommandError(f"{option}: found {text!r}; expected NAME=VALUE")
        found[name.strip()] = value.strip()
    return found


def _lines(evaluation: Evaluation, said: dict[str, Any]) -> Iterable[str]:
    """What a reader wants first: the verdict, the areas, and every criterion with its sentence."""
    yield f"{evaluation.standard.name[ENGLISH]}: {evaluation.verdict}. {said['sentence'][ENGLISH]}"
    for area in evaluation.areas:
        yield f"{area.area.name[ENGLISH]}: {area.verdict or 'not judged'}"
        for finding in area.findings:
            word = finding.verdict if finding.counts else f"{finding.verdict}, for reference"
            yield f"  {finding.subject}: {word}. {finding.sentence.text(ENGLISH)}"
    for doubt in said["doubts"]:
        yield f"! {doubt[ENGLISH]}"
