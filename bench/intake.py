"""Intake: how many submissions a second are safely stored and counted, against what this machine can do.

Every figure is the median of rounds in which all ways take turns, so that a machine that slows down slows
them all down. The load generator and the database share the cores with the web server.
"""

from __future__ import annotations

import os
import random
import re
import sqlite3
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from bench.county_process import in_django
from bench.form import random_bodies
from bench.load import Load, run_load
from bench.servers import (
    Postgres,
    Web,
    cpu_seconds,
    environment,
    postgresql,
    sqlite_url,
    web,
)
from bench.table import Line

BODIES = 400
MOST_PER_SECOND = 7_000  # requests written out beforehand
BARE_INSERT = """
INSERT INTO bench_response (submission_id, collector_id, stratum, choices, texts, language, seconds)
VALUES (
    decode(md5(random()::text || clock_timestamp()::text || :client_id), 'hex'), 1, 'grade_band=g1_3',
    decode('020203020202040202020303030203030203', 'hex'), '', 'zh-hans', 60
);
"""
SLOW_FLUSH_MS = 8


@dataclass
class Measured:
    """What the rounds of one way gave."""

    loads: list[Load] = field(default_factory=list)
    cpu_ms: list[float] = field(default_factory=list)  # of web server and database, per round of requests

    @property
    def per_second(self) -> float:
        return statistics.median(load.per_second for load in self.loads)

    def percentile_ms(self, percent: float) -> float:
        return statistics.median(load.percentile_ms(percent) for load in self.loads)

    @property
    def cpu_per_request_ms(self) -> float:
        return statistics.median(self.cpu_ms)


@dataclass(frozen=True)
class Way:
    """One thing to measure: which address, how many phones, one school or all, with or without the page."""

    name: str
    address: str = "/r/{code}"
    phones: int = 64
    is_hot: bool = False
    with_page: bool = False
    wave: str = "counted"
    may_repeat: bool = False


WAYS = (
    Way("nothing", "/r/reference/nothing/{code}", may_repeat=True),
    Way("unstored", "/r/reference/unstored/{code}", may_repeat=True),
    Way("inserted", "/r/reference/inserted/{code}"),
    Way("uncounted", "/r/reference/uncounted/{code}", wave="uncounted"),
    Way("spread 64"),
    Way("hot 64", is_hot=True),
    Way("spread 16", phones=16),
    Way("page and submit 64", with_page=True),
)
SQLITE_WAYS = tuple(way for way in WAYS if way.name not in ("inserted", "uncounted"))


def measure_intake(*, seconds: float, rounds: int, say: Callable[[str], None]) -> dict[str, list[Line]]:
    """Tables by title. Takes about 20 × rounds × seconds."""
    with tempfile.TemporaryDirectory(prefix="renke-bench-") as folder:
        tables = {}
        with postgresql(Path(folder) / "pg") as server:
            env = environment(Path(folder) / "var-pg", server.url)
            tables["Intake on PostgreSQL"] = _on_postgresql(server, env, seconds, rounds, say)
        env = environment(Path(folder) / "var-sqlite", sqlite_url(Path(folder)))
        tables["Intake on SQLite"] = _on_sqlite(Path(folder), env, seconds, rounds, say)
    return tables


def _on_postgresql(server: Postgres, env: dict, seconds: float, rounds: int, say) -> list[Line]:
    made = in_django(env, "make")
    bare: list[float] = []
    with web(env) as site:
        found = {way.name: Measured() for way in WAYS}
        _warm_up(site, made)
        for number in range(rounds):
            bare.append(bare_postgres_commits(server, seconds=seconds))
            for way in WAYS:
                say(f"PostgreSQL, round {number + 1} of {rounds}: {way.name}")
                _take(found[way.name], way, site, made, seconds, (site.pid, server.pid))
        server.sql(f"ALTER SYSTEM SET commit_delay = {SLOW_FLUSH_MS * 1000}")
        server.sql("ALTER SYSTEM SET commit_siblings = 0")
        server.sql("SELECT pg_reload_conf()")
        slow, spread = Measured(), next(way for way in WAYS if way.name == "spread 64")
        for number in range(rounds):
            say(f"PostgreSQL with {SLOW_FLUSH_MS} ms more a flush, round {number + 1} of {rounds}")
            _take(slow, spread, site, made, seconds, (site.pid, server.pid))
    _must_add_up(env, made, [*found.values(), slow])
    durable, complete = found["spread 64"], found["page and submit 64"]
    rate, bare_rate = durable.per_second, statistics.median(bare)
    composite = 1 / (1 / found["nothing"].per_second + 1 / bare_rate)
    return [
        Line("durable POST/s, 64 phones", rate, digits=0),
        Line("limit: bare single-row commits/s, 8 connections", bare_rate, digits=0),
        Line("limit: Django doing nothing, POST/s", found["nothing"].per_second, digits=0),
        Line("limit: both, one after the other (composite)", composite, digits=0),
        Line("durable ÷ composite limit", rate / composite, 0.45, 0.35),
        Line("durable ÷ bare single-row commits", rate / bare_rate, 0.17, 0.13),
        Line("durable ÷ the same view storing nothing", rate / found["unstored"].per_second, 0.35, 0.25),
        Line("with running counts ÷ without", rate / found["uncounted"].per_second, 0.9, 0.8),
        Line("durable ÷ one INSERT per request", rate / found["inserted"].per_second, 1.0, 0.7),
        Line("one hot school ÷ spread over 60", found["hot 64"].per_second / rate, 0.9, 0.9),
        Line(f"with {SLOW_FLUSH_MS} ms more a flush ÷ native", slow.per_second / rate, 0.55, 0.45),
        Line("CPU of server and database per POST", durable.cpu_per_request_ms, 1.0, 1.3, "ms", True),
        Line("CPU per page and submission", complete.cpu_per_request_ms, 1.5, 2.0, "ms", True),
        Line("p95, 16 phones", found["spread 16"].percentile_ms(95), 25, 40, "ms", True, 0),
        Line("p95, 64 phones", durable.percentile_ms(95), 70, 100, "ms", True, 0),
        Line("complete surveys/s (page + submit), 64 phones", complete.per_second, 1000, digits=0),
    ]  # fmt: skip


def _on_sqlite(folder: Path, env: dict, seconds: float, rounds: int, say) -> list[Line]:
    made = in_django(env, "make")
    bare: list[float] = []
    with web(env) as site:
        found = {way.name: Measured() for way in SQLITE_WAYS}
        _warm_up(site, made)
        for number in range(rounds):
            bare.append(bare_sqlite_commits(folder / "bare.sqlite3", seconds=seconds))
            for way in SQLITE_WAYS:
                say(f"SQLite, round {number + 1} of {rounds}: {way.name}")
                _take(found[way.name], way, site, made, seconds, (site.pid,))
    _must_add_up(env, made, found.values())
    durable, complete = found["spread 64"], found["page and submit 64"]
    rate, bare_rate = durable.per_second, statistics.median(bare)
    composite = 1 / (1 / found["nothing"].per_second + 1 / bare_rate)
    return [
        Line("durable POST/s, 64 phones", rate, digits=0),
        Line("limit: bare single-row commits/s, one writer", bare_rate, digits=0),
        Line("limit: Django doing nothing, POST/s", found["nothing"].per_second, digits=0),
        Line("durable ÷ composite limit", rate / composite),
        Line("durable ÷ the same view storing nothing", rate / found["unstored"].per_second),
        Line("one hot school ÷ spread over 60", found["hot 64"].per_second / rate, 0.9, 0.9),
        Line("CPU of the server per POST", durable.cpu_per_request_ms, 1.0, 1.3, "ms", True),
        Line("p95, 16 phones", found["spread 16"].percentile_ms(95), 25, 40, "ms", True, 0),
        Line("p95, 64 phones", durable.percentile_ms(95), 70, 100, "ms", True, 0),
        Line("complete surveys/s (page + submit), 64 phones", complete.per_second, digits=0),
    ]  # fmt: skip


def _take(measured: Measured, way: Way, site: Web, made: dict, seconds: float, pids: tuple[int, ...]) -> None:
    rounds = requests_for(way, made[way.wave]["codes"], number=int(MOST_PER_SECOND * seconds))
    before = cpu_seconds(*pids)
    load = run_load(
        port=site.port, rounds=rounds, connections=way.phones, seconds=seconds, repeat=way.may_repeat
    )
    spent = cpu_seconds(*pids) - before
    if load.failures:
        raise RuntimeError(f"{way.name}: {load.statuses} are not all 200 or 303.")
    measured.loads.append(load)
    measured.cpu_ms.append(1000 * spent / load.rounds)


def requests_for(way: Way, codes: list[str], *, number: int) -> list[list[bytes]]:
    """Requests ready to send, each with a token of its own, as if its page had been opened before."""
    from surveys.page_tokens import new_token

    chance = random.Random(time.time_ns())
    bodies = random_bodies(BODIES, seed=7)
    chosen = codes[:1] if way.is_hot else codes
    number = BODIES if way.may_repeat else number
    rounds = []
    for _ in range(number):
        code = chance.choice(chosen)
        path = way.address.format(code=code)
        body = chance.choice(bodies) + new_token(code).encode()
        post = (
            f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-www-form-urlencoded\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        ).encode() + body
        page = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept-Encoding: gzip\r\n\r\n".encode()
        rounds.append([page, post] if way.with_page else [post])
    return rounds


def _warm_up(site: Web, made: dict) -> None:
    for way in (WAYS[0], WAYS[4]):
        rounds = requests_for(way, made[way.wave]["codes"], number=600)
        run_load(port=site.port, rounds=rounds, connections=32, seconds=3)


def _must_add_up(env: dict, made: dict, measured: Iterable[Measured]) -> None:
    """Speed counts for nothing if a single reply was lost, doubled or miscounted."""
    found = in_django(env, "check", made["counted"]["wave"])
    if found["differences"] or found["seal_problems"] or found["responses"] != found["counted"]:
        raise RuntimeError(f"After the load the wave does not add up: {found}")


def bare_postgres_commits(server: Postgres, *, seconds: float) -> float:
    """Single-row commits a second by pgbench: 8 connections, prepared, nothing else."""
    script = server.folder.parent / "insert.sql"
    script.write_text(BARE_INSERT)
    said = subprocess.run(
        [server.binaries / "pgbench", "-n", "-c", "8", "-j", "2", "-T", str(max(1, round(seconds))),
         "-M", "prepared", "-f", script, server.url],
        check=True, capture_output=True, text=True,
        env={"PATH": os.environ["PATH"]},
    ).stdout  # fmt: skip
    return float(re.search(r"^tps = ([\d.]+)", said, re.MULTILINE).group(1))


def bare_sqlite_commits(path: Path, *, seconds: float) -> float:
    """Single-row commits a second by one writer, WAL and synchronous FULL as the product has it."""
    with sqlite3.connect(path, isolation_level=None) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute(
            "CREATE TABLE IF NOT EXISTS bare (submission_id blob PRIMARY KEY, collector_id int, "
            "stratum text, choices blob, texts text, language text, seconds int)"
        )
        row = (1, "grade_band=g1_3", bytes(18), "", "zh-hans", 60)
        started, commits = time.perf_counter(), 0
        while time.perf_counter() - started < seconds:
            connection.execute("INSERT INTO bare VALUES (?,?,?,?,?,?,?)", (os.urandom(16), *row))
            commits += 1
        return commits / (time.perf_counter() - started)
