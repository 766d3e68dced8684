"""`make run`: what a newcomer sees, and that nothing is left behind when it ends."""

import os
import re
import signal
import sqlite3
import stat
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import psycopg
import pytest
import redis

from survey_site.accounts.people import new_password
from survey_site.broker import EmbeddedRedis, free_port
from survey_site.celery import app, give_back_unfinished
from survey_site.serving import network_address
from tests import services

ROOT = Path(__file__).resolve().parent.parent
START_SECONDS = 600  # a first start on a busy machine makes 12,000 answers

pytestmark = [
    pytest.mark.slow,
    # The suite does tasks at once; here they go to a real worker on purpose.
    pytest.mark.filterwarnings("ignore:task_always_eager has no effect on send_task"),
]


class Running:
    """`make run` with a folder of its own, and what it has said so far."""

    def __init__(self, folder: Path, *, port: int, **environment: str):
        folder.mkdir(exist_ok=True)
        self.port = port
        self.log = folder / f"said-{time.monotonic_ns()}.log"
        known = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        with self.log.open("wb") as output:
            self.process = subprocess.Popen(
                ["make", "run", f"PORT={port}"], cwd=ROOT, stdin=subprocess.DEVNULL, stdout=output,
                stderr=subprocess.STDOUT, start_new_session=True,
                env=known | {"RENKE_DATA": str(folder)} | environment,
            )  # fmt: skip

    @property
    def said(self) -> str:
        return self.log.read_text()

    def wait_until_it_serves(self) -> "Running":
        deadline = time.monotonic() + START_SECONDS
        while "Ctrl-C stops everything" not in self.said:
            assert self.process.poll() is None, self.said
            assert time.monotonic() < deadline, self.said
            time.sleep(0.1)
        return self

    def family(self) -> list[psutil.Process]:
        """Everything that was started, children's children too."""
        try:
            return psutil.Process(self.process.pid).children(recursive=True)
        except psutil.NoSuchProcess:
            return []

    def named(self, *words: str) -> psutil.Process:
        """The oldest of them with these words in its command line."""
        found = [one for one in self.family() if all(word in " ".join(one.cmdline()) for word in words)]
        return min(found, key=lambda one: one.create_time())

    def press_ctrl_c(self) -> None:
        """What a terminal does: SIGINT to the whole group in front, make as well."""
        os.killpg(self.process.pid, signal.SIGINT)

    def get(self, path: str) -> str:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=20) as answer:
            return answer.read().decode()


def wait_until(condition: Callable[[], bool], *, seconds: float = 40) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.1)
    return condition()


def all_gone(family: list[psutil.Process]) -> bool:
    return not [one for one in family if one.is_running() and one.status() != psutil.STATUS_ZOMBIE]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Running]]:
    started: list[Running] = []

    def run(folder: Path = tmp_path / "var", **options) -> Running:
        running = Running(folder, port=options.pop("port", None) or free_port(), **options)
        started.append(running)
        return running

    yield run
    for running in started:
        family = running.family()
        if running.process.poll() is None:
            running.process.terminate()
            running.process.wait(60)
        assert wait_until(lambda family=family: all_gone(family)), family


@pytest.fixture(scope="module")
def with_county(tmp_path_factory) -> Callable[[], Path]:
    """Folders that hold a county already, for starts that are not the first."""
    model = tmp_path_factory.mktemp("county")
    environment = {"PATH": os.environ["PATH"], "RENKE_DATA": str(model)}
    for command in (
        ["migrate", "--verbosity", "0"],
        ["shell", "--no-imports", "-c",
         "from surveys.models import County; County.objects.create(code='410999', name='某县')"],
    ):  # fmt: skip
        subprocess.run([sys.executable, "manage.py", *command], cwd=ROOT, check=True, env=environment)

    def copy() -> Path:
        folder = tmp_path_factory.mktemp("var")
        with (
            sqlite3.connect(model / "renke.sqlite3") as source,
            sqlite3.connect(folder / "renke.sqlite3") as target,
        ):
            source.backup(target)
        return folder

    return copy


def test_a_first_start_shows_the_demonstration_and_a_second_one_keeps_it(start, tmp_path):
    first = start().wait_until_it_serves()
    said = first.said
    assert f"http://127.0.0.1:{first.port}/desk/" in said
    assert f"http://{network_address()}:{first.port}/desk/" in said
    logins = dict(re.findall(r"^  (\w+) +((?:[a-z0-9]{4}-){3}[a-z0-9]{4}) ", said, re.MULTILINE))
    assert set(logins) == {"bureau", "school", "reviewer", "inspector", "province", "operator"}
    link = re.search(r"^http://\S+/r/\w+$", said, re.MULTILINE)
    assert "▄" in said
    assert link
    assert "<form" in first.get(link.group().split(str(first.port))[1])
    kept = tmp_path / "var" / "demo-logins.txt"
    for private in (kept, tmp_path / "var" / "renke.sqlite3", tmp_path / "var" / "secret_key"):
        assert stat.S_IMODE(private.stat().st_mode) == 0o600

    family = first.family()
    first.press_ctrl_c()
    first.process.wait(60)
    assert wait_until(lambda: all_gone(family))
    assert "Stopped." in first.said

    second = start().wait_until_it_serves()
    assert dict(re.findall(r"^  (\w+) +(\S+) ", second.said, re.MULTILINE)) == logins
    assert re.search(rf"^http://\S+{link.group()[-13:]}$", second.said, re.MULTILINE)
    assert "Making the demonstration" not in second.said


def test_the_same_start_on_postgresql_and_redis(start, redis_url):
    server = services.postgresql_url()
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute("CREATE DATABASE renke_start")
    address = server.replace("/postgres?", "/renke_start?")
    running = start(DATABASE_URL=address, REDIS_URL=redis_url).wait_until_it_serves()
    path = re.search(r"^http://[^/]+(/r/\w+)$", running.said, re.MULTILINE).group(1)
    assert "<form" in running.get(path)
    assert not any("redis-server" in " ".join(one.cmdline()) for one in running.family())
    with psycopg.connect(address) as connection:
        responses = connection.execute("SELECT count(*) FROM surveys_response").fetchone()[0]
    assert responses > 10_000


def test_passwords_are_made_anew_each_time():
    assert len({new_password() for _ in range(200)}) == 200


def test_a_second_start_on_the_same_port_says_so_and_leaves_the_first_alone(start, with_county):
    first = start(with_county()).wait_until_it_serves()
    second = start(with_county(), port=first.port)
    assert second.process.wait(60) != 0
    sentences = [line for line in second.said.splitlines() if "Port" in line]
    assert sentences == [
        f"CommandError: Port {first.port} cannot be used (Address already in use): perhaps Renke is running "
        f"there already; another port: make run PORT={first.port + 1}"
    ]
    assert first.get("/healthz") == "ok"


def test_sigterm_stops_everything(start, with_county):
    running = start(with_county()).wait_until_it_serves()
    family = running.family()
    assert len(family) >= 5  # serve, redis, granian and its process, the worker
    running.named("manage.py", "serve").terminate()
    running.process.wait(60)
    assert wait_until(lambda: all_gone(family))


def test_when_the_web_server_is_killed_everything_stops_with_a_sentence(start, with_county):
    running = start(with_county()).wait_until_it_serves()
    family = running.family()
    running.named("granian").kill()
    assert running.process.wait(60) != 0
    assert "Everything was stopped because the web server ended by itself" in running.said
    assert wait_until(lambda: all_gone(family))


def test_when_we_are_killed_ourselves_nothing_lives_on(start, with_county):
    running = start(with_county()).wait_until_it_serves()
    family = running.family()
    running.named("manage.py", "serve").kill()
    running.process.wait(60)
    assert wait_until(lambda: all_gone(family))


def test_a_python_that_is_not_3_11_is_named_in_a_sentence(tmp_path):
    (tmp_path / "Makefile").write_text((ROOT / "Makefile").read_text())
    wrong = tmp_path / "python9"
    wrong.write_text("#!/bin/sh\nexit 1\n")
    wrong.chmod(0o755)
    refused = subprocess.run(["make", "run", f"PYTHON={wrong}"], cwd=tmp_path, capture_output=True, text=True)
    assert refused.returncode != 0
    assert f"Renke needs Python 3.11, and {wrong} is not" in refused.stdout
    assert "Traceback" not in refused.stdout + refused.stderr
    assert not (tmp_path / ".venv").exists()


def test_a_database_that_is_not_there_is_named_in_a_sentence(start, tmp_path):
    running = start(DATABASE_URL="postgresql://nobody@127.0.0.1:1/renke")
    assert running.process.wait(60) != 0
    assert "The database of DATABASE_URL cannot be reached" in running.said
    assert "Traceback" not in running.said


def test_our_redis_asks_for_its_password_and_keeps_what_was_queued(tmp_path):
    first = EmbeddedRedis(tmp_path / "redis")
    try:
        with pytest.raises(redis.exceptions.AuthenticationError):
            redis.Redis(port=int(first.url.rsplit(":", 1)[1].split("/")[0])).ping()
        redis.Redis.from_url(first.url).rpush("celery", "a task")
        time.sleep(1.2)  # flushed once a second
        first.process.kill()
        first.process.wait()
        second = EmbeddedRedis(tmp_path / "redis")
        assert redis.Redis.from_url(second.url).lrange("celery", 0, -1) == [b"a task"]
        second.stop()
    finally:
        first.stop()


def test_a_task_of_a_killed_worker_is_queued_again_at_the_next_start(tmp_path):
    broker = EmbeddedRedis(tmp_path / "redis")
    try:
        with app.connection_for_write(broker.url) as connection:
            app.send_task("surveys.tasks.check_wave", args=[7], connection=connection)
        with app.connection_for_read(broker.url) as connection:
            taken = connection.SimpleQueue("celery")
            assert taken.get(timeout=5).payload[0] == [7]
            # Killed here: the message was never acknowledged, and the connection says no goodbye.
            connection.default_channel.qos._delivered.clear()
        give_back_unfinished(broker.url)
        with app.connection_for_read(broker.url) as connection:
            again = connection.SimpleQueue("celery").get(timeout=5)
            assert again.payload[0] == [7]
            again.ack()
    finally:
        broker.stop()


def test_the_worker_does_what_the_desk_queues(start, with_county):
    """A real worker, started by make run, takes a task from the real queue and does it."""
    folder = with_county()
    running = start(folder).wait_until_it_serves()
    password = re.search(r"requirepass (\S+)", (folder / "run" / "redis" / "redis.conf").read_text()).group(1)
    port = re.search(
        r"^port (\d+)", (folder / "run" / "redis" / "redis.conf").read_text(), re.MULTILINE
    ).group(1)
    with app.connection_for_write(f"redis://:{password}@127.0.0.1:{port}/0") as connection:
        app.send_task("surveys.tasks.check_wave", args=[987654], connection=connection)
        app.send_task("surveys.tasks.check_recent_waves", connection=connection)
    # There is no such wave: the log says so, which only the worker can have found out.
    assert wait_until(lambda: "Wave matching query does not exist" in running.said), running.said
