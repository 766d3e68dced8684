"""Pulling the plug in the middle of the rush: is every acknowledged reply there, and counted once?

The web server and PostgreSQL are killed (SIGKILL, no goodbye) while 64 phones submit. After a restart the
phones that got no receipt send again, and some of those that did get one do so too.
"""

from __future__ import annotations

import contextlib
import os
import signal
import tempfile
import threading
import time
from base64 import urlsafe_b64decode
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil

from bench.county_process import in_django
from bench.intake import WAYS, requests_for
from bench.load import Load, run_load
from bench.servers import Postgres, Web, environment, postgresql, sqlite_url, web
from bench.table import Line
from surveys.page_tokens import ID_BYTES

SPREAD = next(way for way in WAYS if way.name == "spread 64")
SUBMISSIONS = 12_000
SENT_AGAIN = 400


def measure_durability(*, seconds: float, rounds: int, say: Callable[[str], None]) -> dict[str, list[Line]]:
    with tempfile.TemporaryDirectory(prefix="renke-bench-") as folder:
        tables = {}
        env = environment(Path(folder) / "var-pg", "")
        say("pulling the plug of web server and PostgreSQL")
        tables["After kill -9 of web server and PostgreSQL"] = _crashes(
            Path(folder), env, lambda: postgresql(Path(folder) / "pg"), seconds, rounds
        )
        env = environment(Path(folder) / "var-sqlite", sqlite_url(Path(folder)))
        say("pulling the plug of the web server on SQLite")
        tables["After kill -9 of the web server on SQLite"] = _crashes(
            Path(folder), env, contextlib.nullcontext, seconds, rounds
        )
    return tables


def _crashes(folder: Path, env: dict, database, seconds: float, rounds: int) -> list[Line]:
    acknowledged = lost = twice = miscounted = 0
    made = None
    for _ in range(rounds):
        with database() as server:
            env |= {"DATABASE_URL": server.url} if server else {}
            made = made or in_django(env, "make")
            requests = requests_for(SPREAD, made["counted"]["codes"], number=SUBMISSIONS)
            with web(env) as site:
                load = _load_until_the_plug_is_pulled(site, server, requests, seconds)
        with database() as server:
            env |= {"DATABASE_URL": server.url} if server else {}
            found = in_django(env, "stored", _write(folder / "ids", [requests[n] for n in load.acknowledged]))
            acknowledged += len(load.acknowledged)
            lost += len(load.acknowledged) - found["stored"]
            with web(env) as site:
                unsure = [
                    one for n, one in enumerate(requests[:SUBMISSIONS]) if n not in set(load.acknowledged)
                ]
                again = unsure[:SENT_AGAIN] + [requests[n] for n in load.acknowledged[:SENT_AGAIN]]
                run_load(port=site.port, rounds=again, connections=32, seconds=60)
            found = in_django(env, "stored", _write(folder / "ids", again))
            twice += found["twice"] + len(again) - found["stored"]
            wave = in_django(env, "check", made["counted"]["wave"])
            miscounted += (
                wave["differences"] + wave["seal_problems"] + abs(wave["responses"] - wave["counted"])
            )
    return [
        Line("replies acknowledged before the plug was pulled", acknowledged, digits=0),
        Line("of these lost", lost, 0, 0, "", True, 0),
        Line("sent again and stored twice or not at all", twice, 0, 0, "", True, 0),
        Line("counts or seals that differ from a recount", miscounted, 0, 0, "", True, 0),
    ]


def _load_until_the_plug_is_pulled(
    site: Web, server: Postgres | None, requests: list[list[bytes]], seconds: float
) -> Load:
    processes = [site.pid] + ([server.pid] if server else [])
    plug = threading.Timer(max(2.5, seconds / 2), _kill_at_once, [processes])
    plug.start()
    load = run_load(port=site.port, rounds=requests, connections=SPREAD.phones, seconds=60)
    plug.join()
    return load


def _kill_at_once(pids: list[int]) -> None:
    family = [
        child
        for pid in pids
        for child in (psutil.Process(pid), *psutil.Process(pid).children(recursive=True))
    ]
    for process in family:
        with contextlib.suppress(psutil.NoSuchProcess):
            os.kill(process.pid, signal.SIGKILL)
    psutil.wait_procs(family, timeout=10)
    time.sleep(0.2)


def _write(path: Path, requests: list[list[bytes]]) -> Path:
    path.write_text("\n".join(_submission_ids(requests)))
    return path


def _submission_ids(requests: list[list[bytes]]) -> Iterator[str]:
    for one in requests:
        yield urlsafe_b64decode(one[-1].rpartition(b"token=")[2])[:ID_BYTES].hex()
