"""`make run`: everything one machine needs, started in order, watched, and stopped together.

One process starts and watches three others: a Redis of our own (unless REDIS_URL names one), the
production web server, and a Celery worker that also keeps the nightly clock. If one ends, all end.
"""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import FrameType
from urllib.parse import urlsplit

from django.conf import settings
from django.core.management import call_command
from django.db import OperationalError, connection, connections, transaction

from survey_site.accounts.demo_logins import make_demo_logins, read_demo_logins
from survey_site.broker import BrokerFailed, EmbeddedRedis
from survey_site.celery import give_back_unfinished
from survey_site.processes import start_beside, stop
from survey_site.texts import compile_texts
from surveys.distribution.links import link_of
from surveys.distribution.qr import qr_text
from surveys.models import Channel, Collector, County, WaveState

WEB_START_SECONDS = 60
STOP_SECONDS = 12
LOOK_EVERY_SECONDS = 0.3


class ServingFailed(Exception):
    """Why nothing is served, or why it ended by itself; one sentence."""


@dataclass(frozen=True)
class Addresses:
    """Where the desk is: on this machine, and as others on the network reach it."""

    here: str
    network: str


def serve(*, host: str, port: int, say: Callable[[str], None]) -> None:
    """Returns after Ctrl-C or SIGTERM, when all has stopped. Raises ServingFailed otherwise."""
    os.umask(0o077)  # answers, keys and passwords: for the eyes of this account only
    refuse_taken_port(host, port)
    addresses = addresses_of(host, port)
    with _interrupted_by_signals(), contextlib.ExitStack() as running:
        try:
            _prepare(say)
            environment = os.environ | {"RENKE_ORIGIN": addresses.network}
            environment["REDIS_URL"] = settings.REDIS_URL or _own_redis(running)
            parts = {
                "the web server": start_beside(web_command(host, port), env=environment),
                "the Celery worker": start_beside(worker_command(), env=environment),
            }
            for process in parts.values():
                running.callback(stop, process, within_seconds=STOP_SECONDS)
            _wait_for_web(addresses.here, parts)
            say(welcome(addresses))
            _watch(parts)
        except KeyboardInterrupt:
            # From here on a second Ctrl-C waits for the orderly end, which has a time limit of its own.
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                signal.signal(number, signal.SIG_IGN)
            say("\nStopping …")
    say("Stopped.")


def refuse_taken_port(host: str, port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise ServingFailed(
                f"Port {port} cannot be used ({error.strerror}): perhaps Renke is running there already; "
                f"another port: make run PORT={port + 1}"
            ) from error
        except OverflowError as error:
            raise ServingFailed(f"PORT={port}: a port is a number from 1 to 65535.") from error


def addresses_of(host: str, port: int) -> Addresses:
    is_everywhere = host in ("0.0.0.0", "")  # noqa: S104
    here = f"http://{'127.0.0.1' if is_everywhere else host}:{port}"
    network = f"http://{network_address()}:{port}" if is_everywhere else here
    return Addresses(here=here, network=settings.PUBLIC_ORIGIN or network)


def network_address() -> str:
    """This machine's address on its network; the loopback address when it has none. Sends nothing."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # an address of nobody's (RFC 5737): only the route is asked for
            return probe.getsockname()[0]
        except OSError:
            return "127.0.0.1"


def web_command(host: str, port: int) -> list[str]:
    """Granian with threads: one process on SQLite, which has one writer, else as many as there are cores.

    Each thread keeps a database connection: at most 64 of the 100 that PostgreSQL allows by itself. Many
    threads to a process: whoever waits in one line shares a commit.
    """
    is_sqlite = connection.vendor == "sqlite"
    processes = 1 if is_sqlite else max(2, min(4, os.cpu_count() or 2))
    threads = 32 if is_sqlite else 64 // processes
    return [
        sys.executable, "-m", "granian", "--interface", "wsgi", "--host", host, "--port", str(port),
        "--workers", str(processes), "--blocking-threads", str(threads),
        # An idle thread that ends takes its database connection with it.
        "--blocking-threads-idle-timeout", "600", "--respawn-failed-workers", "--backlog", "2048",
        "--http", "1", "--no-ws", "--log-level", "error", "--workers-kill-timeout", "8",
        "survey_site.wsgi:application",
    ]  # fmt: skip


def worker_command() -> list[str]:
    schedule = settings.DATA_DIR / "run" / "nightly"
    return [
        # In a container everybody is root; the tasks read nothing but JSON.
        sys.executable, "-W", "ignore:You're running the worker with superuser",
        "-m", "celery", "--quiet", "--app", "survey_site", "worker", "--beat", "--schedule", str(schedule),
        "--pool", "threads", "--concurrency", "2", "--loglevel", "warning",
        "--without-gossip", "--without-mingle",
    ]  # fmt: skip


def welcome(addresses: Addresses) -> str:
    """What to open, as whom, and what to scan."""
    lines = [
        "",
        f"Renke 认可 is running.  Desk 工作台: {addresses.here}/desk/",
        f"On this network 本网络: {addresses.network}/desk/",
    ]
    logins = read_demo_logins()
    if logins:
        lines += ["", "Demonstration logins 演示账号:", logins.rstrip()]
    collector = parents_collector()
    if collector:
        link = link_of(collector.code, origin=addresses.network)
        lines += [
            "",
            f"Scan with a phone on the same network and answer as a parent of {collector.school} 扫码作答:",
            qr_text(link).rstrip("\n"),
            link,
        ]
    return "\n".join([*lines, "", "Ctrl-C stops everything. 按 Ctrl-C 停止。"])


def parents_collector() -> Collector | None:
    """An open entry point for parents, the demonstration county's first."""
    return (
        Collector.objects.filter(
            wave__state=WaveState.OPEN, audience="parent", channel=Channel.POSTER, school__isnull=False
        )
        .select_related("school", "wave__county")
        .order_by("-wave__county__is_demo", "pk")
        .first()
    )


def _prepare(say: Callable[[str], None]) -> None:
    """Database, static files and, the first time, the demonstration county."""
    (settings.DATA_DIR / "run").mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        connection.ensure_connection()
    except OperationalError as error:
        raise ServingFailed(f"The database of DATABASE_URL cannot be reached: {error}".strip()) from error
    compile_texts()
    call_command("migrate", verbosity=0, interactive=False)
    call_command("collectstatic", verbosity=0, interactive=False)
    if not County.objects.exists():
        say("Making the demonstration county (this once) …")
        with transaction.atomic():  # an interrupted start leaves nothing half made
            call_command("demo", verbosity=0)
            make_demo_logins()
    connections.close_all()


def _own_redis(running: contextlib.ExitStack) -> str:
    try:
        redis = EmbeddedRedis(settings.DATA_DIR / "run" / "redis")
    except BrokerFailed as failure:
        raise ServingFailed(str(failure)) from failure
    running.callback(redis.stop)
    give_back_unfinished(redis.url)
    return redis.url


def _wait_for_web(address: str, parts: dict[str, subprocess.Popen]) -> None:
    deadline = time.monotonic() + WEB_START_SECONDS
    while time.monotonic() < deadline:
        _refuse_ended(parts)
        status = _health(address)
        if status is None:
            time.sleep(0.1)
        elif status >= 500:
            raise ServingFailed(f"The web server came up but answers with {status}; its message is above.")
        else:
            return  # a 400 too: RENKE_HOSTS need not know this address
    raise ServingFailed(f"The web server did not answer within {WEB_START_SECONDS} seconds.")


def _health(address: str) -> int | None:
    """The status the web server answers with; None while nobody listens."""
    connection_to_web = http.client.HTTPConnection(urlsplit(address).netloc, timeout=10)
    try:
        connection_to_web.request("GET", "/healthz")
        return connection_to_web.getresponse().status
    except OSError:
        return None
    finally:
        connection_to_web.close()


def _watch(parts: dict[str, subprocess.Popen]) -> None:
    while True:
        _refuse_ended(parts)
        time.sleep(LOOK_EVERY_SECONDS)


def _refuse_ended(parts: dict[str, subprocess.Popen]) -> None:
    for name, process in parts.items():
        code = process.poll()
        if code is not None:
            raise ServingFailed(f"Everything was stopped because {name} ended by itself (exit code {code}).")


@contextlib.contextmanager
def _interrupted_by_signals() -> Iterator[None]:
    """SIGTERM and a closed terminal end us as Ctrl-C does."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = {
        number: signal.signal(number, interrupt) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    }
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
