"""Runs one of `bench.county`'s jobs in a process with Django set up for the measured database."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping

from bench.servers import ROOT


def in_django(env: Mapping[str, str], job: str, *arguments: object) -> dict:
    done = subprocess.run(
        [sys.executable, "-m", "bench.county", job, *map(str, arguments)],
        env=dict(env), cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    return json.loads(done.stdout.splitlines()[-1])
