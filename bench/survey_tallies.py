"""What a page needs, from tallies alone: the headline with its verdict, and every school on every item.

python -m bench.survey_tallies FILE      prints milliseconds as JSON; counting FILE is not part of them
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

import django
import numpy as np
import pandas as pd

from bench.survey_data import COLUMNS, described_in
from bench.survey_ours import DESIGN, Tables, Tallied, tables, tallied
from scoring.numeric.intervals import ShareEstimate, korn_graubard

TIMES = 15
LOCATIONS = ("rural", "town", "urban")
AUDIENCES = ("parent", "student", "teacher")
CODES = ("dissatisfied", "basically_satisfied", "rather_satisfied", "satisfied")
SHARES = {"parent": 0.5, "student": 0.25, "teacher": 0.25}
CLASS_SHARES = {"rural": 0.4, "town": 0.35, "urban": 0.25}


def main(file: Path) -> None:
    described = json.loads(described_in(file).read_text(encoding="utf-8"))
    columns = np.fromfile(file, np.int8).reshape(len(COLUMNS), described["replies"])
    found = tallied(columns)
    headline, whole = wave_results(found)
    result = headline()
    if result["interval"] is None or result["verdict"]["verdict"] == "not_computable":
        raise RuntimeError(f"The measured county has no verdict: {result['reasons']}.")
    took = {
        "headline_ms": milliseconds(headline),
        "whole_ms": milliseconds(whole),
        "table_ms": milliseconds(lambda: with_intervals(tables(found, described["margins"]), found)),
        "cells": len(found.n),
    }
    print(json.dumps(took))


def with_intervals(made: Tables, found: Tallied) -> np.ndarray:
    """Korn–Graubard limits (schools, items, 2) of the school table."""
    replies = np.bincount(found.code[:, 0], weights=found.n).astype(int)
    limits = np.empty((*made.school.shape, 2))
    for (school, item), share in np.ndenumerate(made.school):
        n, error = int(replies[school]), made.school_se[school, item]
        limits[school, item] = korn_graubard(ShareEstimate(share, error**2, n, n - 1)).as_list()
    return limits


def wave_results(found: Tallied) -> tuple[Callable[[], dict], Callable[[], dict]]:
    """The wave's headline, and its whole result with schools and topics, of the same counts.

    The third margin stands for the audience, the second for a stratum the form asks for.
    """
    from scoring.controls import Control
    from scoring.estimates import estimate_wave
    from scoring.rules import shipped_rule
    from surveys.queries import TallyFrame

    school, location, grade, audience = found.code.T
    cells = pd.DataFrame(
        {
            "collector": school * len(AUDIENCES) + audience, "audience": np.array(AUDIENCES)[audience],
            "school": [f"school {one:02d}" for one in school], "township": "",
            "location": np.array(LOCATIONS)[location], "channel": "poster",
            "stratum": grade.astype(str), "responses": found.n,
        }
    )  # fmt: skip
    # Steps 1 and 2 of five are one word of the wave's four.
    counts = np.concatenate(
        [found.counts[:, :, 1:2] + found.counts[:, :, 2:3], found.counts[:, :, 3:]], axis=2
    )
    names = [*(f"q{at + 1}" for at in range(len(counts) - 1)), "overall"]
    frame = TallyFrame(cells, dict(zip(names, counts, strict=True)), dict.fromkeys(names, CODES))
    people = cells.groupby(["audience", "location", "school"])["responses"].sum() * 8
    controls = [Control(*place, people=float(count), source="roster") for place, count in people.items()]

    def result(*, headline_only: bool) -> dict:
        return estimate_wave(
            frame, rule=shipped_rule("satisfied-top2"), controls=controls, shares=SHARES,
            class_shares=CLASS_SHARES, design=DESIGN, with_verdict=True, headline_only=headline_only,
        )  # fmt: skip

    return lambda: result(headline_only=True), lambda: result(headline_only=False)


def milliseconds(job: Callable[[], object]) -> float:
    """Median of repeated runs after a first one."""
    job()
    times = []
    for _ in range(TIMES):
        started = time.perf_counter()
        job()
        times.append(1000 * (time.perf_counter() - started))
    return statistics.median(times)


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "bench.settings")
    django.setup()
    main(Path(sys.argv[1]))
