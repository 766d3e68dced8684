"""Evaluating a county from its file to the JSON answer, at 60, 600 and 6,000 schools.

python -m bench.evaluation N       one county of about N schools in a process of its own; prints JSON
"""

from __future__ import annotations

import csv
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from bench.table import Line

SIZES = (60, 600, 6000)
SEED = 20170419
COLUMNS = (
    "school", "school_type", "stage", "public", "location", "pupils", "classes", "largest_class",
    "teachers_above_degree", "backbone_teachers", "pe_art_teachers", "teaching_area_m2", "sports_area_m2",
    "equipment_yuan", "multimedia_rooms", "music_rooms", "art_rooms",
)  # fmt: skip
KINDS = {"小学": 60, "初中": 20, "九年一贯制": 12, "教学点": 8}  # of a hundred schools


def measure_evaluation(*, say: Callable[[str], None]) -> dict[str, list[Line]]:
    """Seconds and peak memory per size; growth from 600 to 6,000 schools, where 10 would be linear."""
    found = {}
    for size in SIZES:
        say(f"evaluating {size} schools")
        done = subprocess.run(
            [sys.executable, "-m", "bench.evaluation", str(size)], capture_output=True, text=True, check=True
        )
        found[size] = json.loads(done.stdout)
    lines = [
        line
        for size, one in found.items()
        for line in (
            Line(f"{size} schools, file to answer", one["seconds"], unit="s CPU"),
            Line(f"{size} schools, peak memory", one["megabytes"], unit="MB", digits=0),
        )
    ]
    growth = found[6000]["seconds"] / found[600]["seconds"]
    memory = found[6000]["added_megabytes"] / found[600]["added_megabytes"]
    lines.append(Line("time, 6,000 ÷ 600 schools", growth, target=13, floor=20, is_at_most=True))
    lines.append(Line("memory added, 6,000 ÷ 600 schools", memory, target=13, floor=20, is_at_most=True))
    return {"County evaluation": lines}


def evaluate_one(size: int) -> dict[str, float]:
    """One evaluation as `evaluate_file --json` does it, without starting Python."""
    import django

    django.setup()
    from django.core.management import call_command

    with tempfile.TemporaryDirectory() as folder:
        table = Path(folder) / "schools.csv"
        write_county(table, size)
        empty = _megabytes()
        start = time.process_time()
        with Path(os.devnull).open("w") as nowhere:
            call_command(
                "evaluate_file", "--standard", "quality-balance-2017", "--indicators", str(table),
                "--recognition", "0.87", "--json", stdout=nowhere,
            )  # fmt: skip
        seconds = time.process_time() - start
    return {"seconds": seconds, "megabytes": _megabytes(), "added_megabytes": _megabytes() - empty}


def write_county(path: Path, schools: int) -> None:
    """A county around the limits of the quality standard, the same each time."""
    draw = random.Random(SEED)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for number in range(schools):
            (kind,) = draw.choices(list(KINDS), weights=list(KINDS.values()))
            stages = {"初中": ("初中",), "九年一贯制": ("小学", "初中")}.get(kind, ("小学",))
            shared: list[int] = []
            for stage in stages:
                pupils = draw.randint(12, 60) if kind == "教学点" else draw.randint(100, 2400)
                classes = max(1, round(pupils / 42))
                all_pupils = pupils * len(stages)
                shared = shared or [
                    round(all_pupils * max(0.0, draw.gauss(mean, spread)))
                    for mean, spread in ((5.6, 1.5), (9.5, 3), (2400, 700), (0.026, 0.006))
                ]
                teachers = [
                    round(pupils / 100 * max(0.0, draw.gauss(mean, spread)))
                    for mean, spread in ((5.2, 1.3), (1.1, 0.4), (1, 0.3))
                ]
                largest = round(pupils / classes) + draw.randint(0, 6)
                place = draw.choice(("城区", "镇区", "乡村"))
                rooms = [max(1, classes // 12)] * 2
                row = [f"第{number + 1}学校", kind, stage, "公办", place, pupils, classes, largest]
                writer.writerow([*row, *teachers, *shared, *rooms])


def _megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "survey_site.settings")
    print(json.dumps(evaluate_one(int(sys.argv[1]))))
