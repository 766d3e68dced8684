"""python manage.py collectors: the open entry points, with the link a phone opens."""

from __future__ import annotations

import json
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from surveys.distribution.links import link_of
from surveys.models import Collector, Wave, WaveState

HERE = "http://localhost:8000"  # where `make run` answers, unless an address is set


class Command(BaseCommand):
    help = "List the collectors of open waves: wave, place, audience, channel and link."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--wave", type=int, help="only this wave's")
        parser.add_argument("--json", action="store_true", help="print JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        found = Collector.objects.filter(wave__state=WaveState.OPEN)
        if options["wave"] is not None:
            if not Wave.objects.filter(pk=options["wave"]).exists():
                raise CommandError(f"There is no wave {options['wave']}.")
            found = found.filter(wave=options["wave"])
        rows = [
            _row(one) for one in found.select_related("wave__county", "school", "township").order_by("pk")
        ]
        if options["json"]:
            self.stdout.write(json.dumps(rows, ensure_ascii=False, indent=1))
            return
        for row in rows:
            place = row["school_name"] or row["township"] or row["county"]
            columns = (str(row["wave"]), row["audience"], row["channel"], row["link"], place)
            self.stdout.write("\t".join(columns))
        if not rows:
            self.stdout.write("No wave is open.")


def _row(collector: Collector) -> dict[str, Any]:
    return {
        "wave": collector.wave_id,
        "wave_name": collector.wave.name,
        "county": collector.wave.county.name,
        "school": collector.school.code if collector.school else "",
        "school_name": collector.school.name if collector.school else "",
        "township": collector.township.name if collector.township else "",
        "audience": collector.audience,
        "channel": collector.channel,
        "code": collector.code,
        "link": link_of(collector.code, origin=settings.PUBLIC_ORIGIN or HERE),
    }
