"""Rake and table, ours beside balance, weightipy and R survey, on the same replies; and from tallies alone.

All programs rake to three margins and give the satisfied share of 20 items in the county and in each of
60 schools. Ours and R's come with standard errors: R's know of the raking in the county only, ours in the
schools as well. A comparison of unequal answers is worth nothing, so the largest difference stands beside it.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np

from bench.servers import ROOT
from bench.survey_data import ITEMS, SCHOOLS
from bench.survey_programs import PEERS, Ran, has_peers, has_r, run_ours, run_peer, run_r
from bench.table import Line

SMALL, LARGE = 100_000, 1_000_000
CHECKED = 10_000  # replies at which R also computes what takes it too long with more
SHARES = ITEMS * (1 + SCHOOLS)
R = "R survey"
AIMS = {R: (60, 0.25), "others": (3, None)}  # of the time, at least; of our memory beside theirs, at most
NOTE = """\
Each program runs in a process of its own and reads the same file, one byte per answer, whose codes it may
take as categories at once. Measured is from that file to the finished tables; reading it takes milliseconds.
The whole process has the interpreter's start and the imports besides. The programs take turns, and ratios
are medians of the rounds; R runs once. Ours counts the replies into cells, rakes and linearises those;
balance and weightipy weigh every reply by the call their introductions show, and pandas sums the tables.
What is measured from tallies leaves out counting the replies."""


def measure_survey(*, rounds: int, is_quick: bool, say: Callable[[str], None]) -> dict[str, list[Line]]:
    """The comparison by number of replies. Programs that cannot be had are named, and left out."""
    programs: dict[str, Callable[[Path], Ran]] = {}
    if has_peers(say=say):
        programs |= {name: lambda file, name=name: run_peer(name, file) for name in PEERS}
    else:
        say("balance and weightipy are left out: .venv-bench could not be made from requirements-bench.txt")
    r_is_here = has_r()
    if not r_is_here:
        say("R is left out: Rscript with the package survey was not found")
    tables = {}
    with tempfile.TemporaryDirectory(prefix="renke-bench-") as folder:
        for replies in (CHECKED,) if is_quick else (SMALL, LARGE):
            file = _replies(Path(folder), replies)
            tables[f"{replies:,} replies × {ITEMS} items × {SCHOOLS} schools × 3 margins"] = _compare(
                file, programs, rounds=rounds, r_is_here=r_is_here, is_judged=replies == LARGE, say=say
            )
            tables[f"From tallies of {replies:,} replies"] = _from_tallies(file)
            file.unlink()
        if r_is_here:
            say(f"R's standard errors at {CHECKED:,} replies")
            tables[f"Standard errors beside R's, {CHECKED:,} replies"] = _errors(
                _replies(Path(folder), CHECKED)
            )
    return tables


def _replies(folder: Path, replies: int) -> Path:
    file = folder / f"replies-{replies}"
    subprocess.run([sys.executable, "-m", "bench.survey_data", str(replies), str(file)], cwd=ROOT, check=True)
    return file


def _compare(
    file: Path, programs: Mapping[str, Callable[[Path], Ran]], *, rounds: int, r_is_here: bool,
    is_judged: bool, say: Callable[[str], None],
) -> list[Line]:  # fmt: skip
    runs: dict[str, list[Ran]] = {"ours": []} | {name: [] for name in programs}
    for turn in range(rounds):
        say(f"{file.name}: round {turn + 1} of {rounds}")
        for name, start in ({"ours": run_ours} | dict(programs)).items():
            runs[name].append(start(file))
    if r_is_here:
        say(f"{file.name}: R, once")
        runs[R] = [run_r(file)]
    lines = [
        line
        for name, done in runs.items()
        for line in (
            Line(f"{name}, file to tables", _median(done, "seconds"), unit="s"),
            Line(f"{name}, whole process", _median(done, "whole"), unit="s"),
            Line(f"{name}, memory at most", _median(done, "megabytes"), unit="MB", digits=0),
        )
    ]
    for name in [*programs, *([R] if r_is_here else [])]:
        aims = AIMS[R if name == R else "others"] if is_judged else (None, None)
        lines += [
            Line(f"{name} ÷ ours, file to tables", _ratio(runs, name, "seconds"), aims[0], digits=1),
            Line(f"{name} ÷ ours, whole process", _ratio(runs, name, "whole"), digits=1),
            Line(f"ours ÷ {name}, memory", 1 / _ratio(runs, name, "megabytes"), aims[1], is_at_most=True),
        ]
        apart = np.abs(runs[name][0].figures[:SHARES] - runs["ours"][0].figures[:SHARES]).max()
        lines.append(_apart(f"{name} and ours, largest difference of {SHARES:,} shares", apart))
    return lines


def _median(runs: list[Ran], what: str) -> float:
    return statistics.median(getattr(one, what) for one in runs)


def _ratio(runs: Mapping[str, list[Ran]], name: str, what: str) -> float:
    """Median of the rounds' ratios; a program that ran once stands beside our median."""
    ours = [getattr(one, what) for one in runs["ours"]]
    theirs = [getattr(one, what) for one in runs[name]]
    if len(theirs) < len(ours):
        ours = [statistics.median(ours)]
    return statistics.median(one / mine for one, mine in zip(theirs, ours, strict=True))


def _apart(name: str, difference: float) -> Line:
    return Line(name, 1e9 * difference, 1000, unit="· 10⁻⁹", is_at_most=True)


def _from_tallies(file: Path) -> list[Line]:
    done = subprocess.run(
        [sys.executable, "-m", "bench.survey_tallies", str(file)],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    took = json.loads(done.stdout.splitlines()[-1])
    return [
        Line("cells", took["cells"], digits=0),
        Line("headline with interval and verdict", took["headline_ms"], 50, None, "ms", True, 1),
        Line("raked school × item table with errors and limits", took["table_ms"], 300, None, "ms", True, 1),
        Line("the wave's result: audiences, schools, topics", took["whole_ms"], unit="ms", digits=1),
    ]


def _errors(file: Path) -> list[Line]:
    """Our standard errors, which know of the raking everywhere, beside R's that do: relative differences."""
    ours, theirs = run_ours(file).figures, run_r(file, whole_errors=1).figures
    county = slice(SHARES, SHARES + ITEMS)
    first_item = ours[SHARES + ITEMS :].reshape(SCHOOLS, ITEMS)[:, 0]
    return [
        _apart(f"county, {ITEMS} items", np.abs(theirs[county] / ours[county] - 1).max()),
        _apart(f"{SCHOOLS} schools, one item", np.abs(theirs[2 * SHARES :] / first_item - 1).max()),
    ]
