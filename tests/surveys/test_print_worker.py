"""A county's ZIP outlives its worker: killed without warning, taken up again by the next one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from survey_site.broker import EmbeddedRedis
from survey_site.celery import app, give_back_unfinished
from survey_site.processes import start_beside, stop

ROOT = Path(__file__).resolve().parent.parent.parent
PLACES = 15
WAIT_SECONDS = 120

pytestmark = [
    pytest.mark.slow,
    # The suite does tasks at once; here one goes to a real worker on purpose.
    pytest.mark.filterwarnings("ignore:task_always_eager has no effect on send_task"),
]

MAKE_COUNTY = f"""
from django.utils import timezone
from surveys.models import WaveAudience
from surveys.print_jobs import start_county
from surveys.waves import open_wave
from tests.surveys.builders import make_county, make_school, make_wave
county = make_county()
for number in range({PLACES}):
    make_school(county, name=f"第{{number + 1}}小学")
wave = make_wave(county)
WaveAudience.objects.update(channels="both")
open_wave(wave, by=None, now=timezone.now())
job = start_county(wave, papers=("a4",), bilingual=False, with_slips=True, origin="https://renke.yunchuan.gov.cn",
                   by=None, now=timezone.now())
print("JOB", job.pk)
"""
LOOK = """
from django.db.models import Count
from surveys.models import AccessCode, PrintJob
job = PrintJob.objects.get()
print("SEEN", job.state, job.done, job.total, AccessCode.objects.count(), job.token, job.error)
"""


@pytest.fixture
def redis_server(tmp_path) -> Iterator[EmbeddedRedis]:
    server = EmbeddedRedis(tmp_path / "redis")
    yield server
    server.stop()


@pytest.fixture
def settings_of(tmp_path, redis_server) -> dict[str, str]:
    """A folder and an SQLite file of its own: worker and clerk are different processes."""
    known = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return known | {
        "RENKE_DATA": str(tmp_path / "data"),
        "REDIS_URL": redis_server.url,
        "PYTHONPATH": str(ROOT),
    }


def shell(settings: dict[str, str], code: str) -> list[str]:
    command = [sys.executable, "manage.py", "shell", "--no-imports", "-c", code]
    done = subprocess.run(command, cwd=ROOT, env=settings, capture_output=True, text=True, check=True)
    return done.stdout.split()


def worker(settings: dict[str, str]) -> subprocess.Popen:
    command = [
        sys.executable,
        "-m",
        "celery",
        "-A",
        "survey_site",
        "worker",
        "--pool=solo",
        "--loglevel=ERROR",
    ]
    return start_beside(command, env=settings)


def wait_until(settings: dict[str, str], done: int, state: str = "") -> list[str]:
    deadline = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < deadline:
        seen = shell(settings, LOOK)
        if int(seen[2]) >= done and state in ("", seen[1]):
            return seen
    raise AssertionError(f"After {WAIT_SECONDS} seconds: {seen}")


def test_county_zip_survives_a_worker_that_is_killed(tmp_path, settings_of, redis_server):
    subprocess.run([sys.executable, "manage.py", "migrate", "-v0"], cwd=ROOT, env=settings_of, check=True)
    job_id = int(shell(settings_of, MAKE_COUNTY)[1])
    with app.connection_for_write(redis_server.url) as broker:
        app.send_task("surveys.tasks.run_print_job", args=[job_id], connection=broker)
    first = worker(settings_of)
    before = wait_until(settings_of, done=3)
    os.kill(first.pid, signal.SIGKILL)
    first.wait()
    assert before[1] == "running"

    give_back_unfinished(redis_server.url)
    second = worker(settings_of)
    try:
        _seen, state, done, total, codes, token, *_error = wait_until(
            settings_of, done=PLACES * 2, state="done"
        )
    finally:
        stop(second, within_seconds=10)
    assert (state, done, total) == ("done", str(PLACES * 2), str(PLACES * 2))
    assert int(codes) == PLACES * 90  # each class once, whatever was interrupted
    with zipfile.ZipFile(tmp_path / "data" / "prints" / token / "ready.zip") as archive:
        assert archive.testzip() is None
        assert len(archive.namelist()) == PLACES * 2
