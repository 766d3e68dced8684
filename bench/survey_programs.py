"""The programs that are compared: how each is started, and where the ones that are not ours come from.

balance and weightipy live in an environment of their own, `.venv-bench`, made from requirements-bench.txt
when it is first needed: they want other versions of numpy and pandas than we do. R is measured where found.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bench.servers import ROOT
from bench.survey_data import described_in

LOCKED = ROOT / "requirements-bench.txt"
ENVIRONMENT = ROOT / ".venv-bench"
PEERS = ("balance", "weightipy")


@dataclass(frozen=True)
class Ran:
    """One run in a process of its own.

    seconds: from the file on the disk to the finished tables; whole: the process from start to end;
    megabytes: the most memory it held; figures: county shares (items,), school shares (schools × items), and
    if the program has them the standard errors in the same order.
    """

    seconds: float
    whole: float
    megabytes: float
    figures: np.ndarray


def run_ours(file: Path) -> Ran:
    return _run([sys.executable, "-m", "bench.survey_ours"], file)


def run_peer(name: str, file: Path) -> Ran:
    return _run([str(ENVIRONMENT / "bin" / "python"), "bench/survey_peers.py", name], file)


def run_r(file: Path, *, whole_errors: int = 0) -> Ran:
    """`whole_errors`: of so many items the schools' errors with the raking in them follow the figures."""
    described = json.loads(described_in(file).read_text(encoding="utf-8"))
    margins = [",".join(map(str, totals)) for totals in described["margins"].values()]
    given = [str(described["replies"]), str(whole_errors), *margins]
    return _run(["Rscript", "bench/survey.R"], file, given)


def has_r() -> bool:
    """Whether R and its package survey are installed."""
    if not shutil.which("Rscript"):
        return False
    return not subprocess.run(["Rscript", "-e", "library(survey)"], capture_output=True).returncode


def has_peers(*, say: Callable[[str], None]) -> bool:
    """Whether `.venv-bench` stands, after making it where it is missing or older than the list."""
    installed = ENVIRONMENT / LOCKED.name
    if installed.exists() and installed.read_bytes() == LOCKED.read_bytes():
        return True
    say("installing balance and weightipy into .venv-bench (a minute, this once)")
    pip = [str(ENVIRONMENT / "bin" / "python"), "-m", "pip", "install", "--quiet", "--no-input"]
    for command in (
        [sys.executable, "-m", "venv", "--clear", str(ENVIRONMENT)],
        [*pip, "--disable-pip-version-check", "--require-hashes", "-r", str(LOCKED)],
    ):
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
        if done.returncode:
            shutil.rmtree(ENVIRONMENT, ignore_errors=True)
            reasons = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
            say((reasons or done.stderr.splitlines() or ["no reason was given"])[-1])
            return False
    shutil.copy(LOCKED, installed)
    return True


def _run(program: Sequence[str], file: Path, given: Sequence[str] = ()) -> Ran:
    """Runs `program FILE [given] RESULT`. RuntimeError with its own last words if it fails."""
    result = file.with_name(f"{file.name}.result")
    with tempfile.TemporaryFile("w+") as said, tempfile.TemporaryFile("w+") as complaint:
        started = time.perf_counter()
        process = subprocess.Popen(
            [*program, str(file), *given, str(result)], cwd=ROOT, stdout=said, stderr=complaint
        )
        _, status, used = os.wait4(process.pid, 0)
        whole = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            complaint.seek(0)
            raise RuntimeError(f"{' '.join(program)} failed: {complaint.read().strip()[-500:]}")
        said.seek(0)
        seconds = json.loads(said.read().splitlines()[-1])["seconds"]
    return Ran(seconds, whole, used.ru_maxrss / 1024, np.fromfile(result))
