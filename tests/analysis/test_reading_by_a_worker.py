"""A large wave's replies are read by a real worker, through a real queue and a cache that both see."""

from __future__ import annotations

import os
import sys
import time
from urllib.parse import quote

import pytest
import redis
from django.core.cache import cache
from django.db import connection

from analysis import looking
from analysis.answer_quality import answer_quality, is_looked_at
from analysis.views import depth
from survey_site.broker import EmbeddedRedis
from survey_site.celery import app
from survey_site.processes import start_beside, stop
from tests.analysis.test_county_page import signed_in, text
from tests.analysis.waves import answer_everywhere, close, county_with_schools, wave_asking

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    """One Redis of our own for all tests here: connections to it are kept by the queue's client."""
    found = EmbeddedRedis(tmp_path_factory.mktemp("redis"))
    yield found
    found.stop()


@pytest.fixture
def broker(server, settings):
    """Queue and cache, for this process and the worker's; empty."""
    redis.Redis.from_url(server.url).flushall()
    settings.REDIS_URL = server.url
    settings.CACHES = {
        "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": server.url}
    }
    before = {key: app.conf[key] for key in ("broker_url", "task_always_eager")}
    app.conf.update(broker_url=server.url, task_always_eager=False)
    forget_connections()
    yield server
    app.conf.update(before)
    forget_connections()


def forget_connections() -> None:
    """The queue's client keeps the address it was first asked for, even where tasks run in place."""
    app._pool = None
    app.amqp._producer_pool = None


@pytest.fixture
def worker(broker, tmp_path):
    """Starts a real worker, which reads the database of this test, when it is asked to."""
    started = []

    def start():
        env = os.environ | {
            "DJANGO_SETTINGS_MODULE": "survey_site.settings", "DATABASE_URL": database_url(),
            "REDIS_URL": broker.url, "RENKE_DATA": str(tmp_path / "data"),
        }  # fmt: skip
        command = [sys.executable, "-m", "celery", "-A", "survey_site", "worker", "-P", "solo"]
        started.append(start_beside(command, env=env))

    yield start
    for process in started:
        stop(process, within_seconds=10)


def database_url() -> str:
    of = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{of['NAME']}"
    at = f"{of['USER']}:{quote(of['PASSWORD'])}@{quote(of['HOST'], safe='')}:{of['PORT']}"
    return f"postgresql://{at}/{of['NAME']}"


@pytest.fixture
def wave():
    found = wave_asking(county_with_schools(9), {"parent": 1.0})
    answer_everywhere(found, "parent", satisfied=27, others=3, seed=3)
    return close(found)


def test_page_says_how_far_the_worker_is_and_then_shows_what_it_found(wave, worker, monkeypatch):
    monkeypatch.setattr(depth, "MOST_WITHOUT_WAITING", 100)
    client, address = signed_in(wave.county), f"/desk/waves/{wave.pk}/quality/"
    waiting = text(client.get(address))
    assert "The replies are being read" in waiting and "0 of 270 replies read." in waiting
    assert 'http-equiv="refresh"' in client.get(address).content.decode()
    assert not is_looked_at(wave)

    worker()
    deadline = time.monotonic() + 60
    while not is_looked_at(wave) or looking.looking(wave):
        assert time.monotonic() < deadline, "the worker did not read the replies"
        time.sleep(0.2)
    page = text(client.get(address))
    assert "being read" not in page
    assert "No school shows two independent kinds of signals" in page
    assert answer_quality(wave).looked_at == 270  # what the worker put into the cache


def test_a_second_reader_does_not_queue_the_work_again(wave, broker, monkeypatch):
    monkeypatch.setattr(depth, "MOST_WITHOUT_WAITING", 100)
    client = signed_in(wave.county)
    for _ in range(3):
        client.get(f"/desk/waves/{wave.pk}/quality/")
    with app.connection_for_read(broker.url) as queue:
        assert queue.SimpleQueue("celery").qsize() == 1


def test_a_worker_that_falls_silent_is_followed_by_another(wave, broker, monkeypatch):
    monkeypatch.setattr(looking, "SILENT_SECONDS", 1)
    assert looking.begin(wave)
    assert not looking.begin(wave)
    looking.tell(wave, 90)
    assert (looking.looking(wave).read, looking.looking(wave).total) == (90, 270)
    time.sleep(1.3)
    assert looking.begin(wave)
    cache.clear()
