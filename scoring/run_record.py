"""Checking frozen results: a run must still be what was frozen, on the chain it was computed from."""

from __future__ import annotations

import hashlib
import json

from scoring.models import ScoreRun
from surveys.models import Batch, Wave
from surveys.seals import EMPTY_CHAIN


def run_problems(wave: Wave) -> list[str]:
    """Sentences on what is wrong with the wave's score runs, oldest first; none if all are as frozen.

    Whoever can write to the database can also make a digest anew: against that helps only one that
    somebody else keeps.
    """
    digests = {0: EMPTY_CHAIN} | {
        number: bytes(digest)
        for number, digest in Batch.objects.filter(wave=wave).values_list("number", "digest")
    }
    problems = []
    for run in wave.score_runs.order_by("at", "pk"):
        name = f"score run {run.pk} of {run.at:%Y-%m-%d}"
        frozen = json.dumps({"inputs": run.inputs, "result": run.result}, sort_keys=True, ensure_ascii=False)
        if hashlib.sha256(frozen.encode()).hexdigest() != run.digest:
            problems.append(f"{name} is not what was frozen")
        if _shown(run) != (run.estimate, run.verdict):
            problems.append(f"{name} says another rate or verdict than its result")
        chain = run.inputs["chain"]
        found = digests.get(chain["length"])
        if found is None or found.hex() != chain["digest"]:
            problems.append(f"{name} stands on replies that are no longer there")
    return problems


def _shown(run: ScoreRun) -> tuple[float | None, str]:
    return run.result["estimate"], run.result["verdict"]["verdict"]
