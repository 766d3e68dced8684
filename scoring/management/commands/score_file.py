"""Score answers collected anywhere, without touching the database."""

import json
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError
from django.utils.translation import gettext as _

from scoring.plans import PlanError, run_plan
from scoring.plans.runner import read_plan


class Command(BaseCommand):
    """`score_file DATA --plan PLAN.json [--json]`; DATA may be a table, a folder of tables, or be left
    out."""

    help = "Score a table of answers by a plan (JSON), without the database."
    requires_system_checks = []

    def add_arguments(self, parser) -> None:
        parser.add_argument(
            "data", nargs="?", type=Path, help="table (.csv, .xlsx, .parquet, .gz) or folder of tables"
        )
        parser.add_argument("--plan", type=Path, required=True, help="the plan, a JSON file")
        parser.add_argument("--json", action="store_true", help="print JSON instead of lines to read")

    def handle(self, *args, **options) -> None:
        data, path = options["data"], options["plan"]
        if data is not None and not data.exists():
            raise CommandError(_("%(path)s does not exist.") % {"path": data})
        try:
            results = run_plan(read_plan(path), base=path.resolve().parent, data=data)
        except PlanError as error:
            raise CommandError(str(error)) from error
        if options["json"]:
            self.stdout.write(json.dumps(results, ensure_ascii=False, indent=1, allow_nan=False))
            return
        for result in results if isinstance(results, list) else [results]:
            self.stdout.write(_line(result))


def _line(result: dict) -> str:
    name = result.get("id") or result.get("estimator") or "?"
    if "error" in result:
        return f"{name}: {result['error']}"
    figures = [
        f"{key} {result[key]:.6g}" for key in ("estimate", "se") if isinstance(result.get(key), int | float)
    ]
    interval = result.get("ci_mover") or result.get("ci_korn_graubard") or result.get("ci_t")
    if interval:
        figures.append(f"[{interval[0]:.6g}, {interval[1]:.6g}]")
    if result.get("verdict"):
        figures.append(str(result["verdict"]))
    return f"{name}: {'  '.join(figures) or _('computed; use --json to see it')}"
