"""Settings come from the environment, and a bad value stops the start with what to write instead."""

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from survey_site.settings import database_from, kept_secret

ROOT = Path(__file__).resolve().parent.parent


def settings_with(tmp_path: Path, **environment: str) -> subprocess.CompletedProcess:
    """The settings as a fresh process reads them from this environment and no other."""
    code = (
        "import json; from survey_site import settings as s; print(json.dumps({"
        "'debug': s.DEBUG, 'hosts': s.ALLOWED_HOSTS, 'cache': s.CACHES['default']['BACKEND'],"
        "'broker': s.CELERY_BROKER_URL, 'cookie': s.SESSION_COOKIE_SECURE, 'origins': s.CSRF_TRUSTED_ORIGINS,"
        "'database': s.DATABASES['default']['ENGINE']}))"
    )
    return subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True,
        env={"PATH": os.environ["PATH"], "RENKE_DATA": str(tmp_path)} | environment,
    )  # fmt: skip


def test_nothing_set_is_a_trial_on_one_machine_and_not_a_debug_server(tmp_path):
    assert json.loads(settings_with(tmp_path).stdout) == {
        "debug": False,
        "hosts": ["*"],
        "cache": "django.core.cache.backends.locmem.LocMemCache",
        "broker": "",
        "cookie": False,
        "origins": [],
        "database": "django.db.backends.sqlite3",
    }


def test_production_is_five_variables(tmp_path):
    said = settings_with(
        tmp_path,
        DATABASE_URL="postgresql://renke:pw@db.example/renke",
        REDIS_URL="redis://redis.example/0",
        RENKE_HOSTS="renke.example.gov.cn",
        RENKE_ORIGIN="https://renke.example.gov.cn/",
        RENKE_HTTPS="1",
    )
    assert json.loads(said.stdout) == {
        "debug": False,
        "hosts": ["renke.example.gov.cn"],
        "cache": "django.core.cache.backends.redis.RedisCache",
        "broker": "redis://redis.example/0",
        "cookie": True,
        "origins": ["https://renke.example.gov.cn"],
        "database": "django.db.backends.postgresql",
    }


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("RENKE_DEBUG", "maybe", "RENKE_DEBUG='maybe': write 1 or 0."),
        ("RENKE_MFA", "never", "RENKE_MFA='never': write one of demo-exempt, required, optional."),
        ("RENKE_HTTPS", "1", "set RENKE_HOSTS to its names (renke.example.gov.cn) and RENKE_ORIGIN"),
        ("DATABASE_URL", "mysql://x/y", "DATABASE_URL begins with 'mysql': use sqlite:///file"),
    ],
)
def test_a_bad_value_stops_the_start_with_what_to_write(tmp_path, name, value, sentence):
    refused = settings_with(tmp_path, **{name: value})
    assert refused.returncode != 0
    assert sentence in refused.stderr


def test_a_database_address_may_hold_a_socket_folder_and_odd_letters():
    entry = database_from("postgresql://ren%40ke:p%2Fw@/renke?host=/run/pg")
    assert (entry["USER"], entry["PASSWORD"], entry["NAME"]) == ("ren@ke", "p/w", "renke")
    assert entry["HOST"] == "/run/pg"
    assert database_from("postgresql://u@%2Frun%2Fpg:5433/renke")["HOST"] == "/run/pg"
    assert database_from("sqlite:////data/my%20county.sqlite3")["NAME"] == "/data/my county.sqlite3"


def test_an_unknown_kind_of_database_is_refused():
    with pytest.raises(ImproperlyConfigured, match="use sqlite"):
        database_from("oracle://x")


def test_the_key_is_made_once_and_only_its_owner_reads_it(tmp_path):
    folder = tmp_path / "var"
    key = kept_secret(folder)
    assert len(key) >= 50
    assert kept_secret(folder) == key
    assert stat.S_IMODE((folder / "secret_key").stat().st_mode) == 0o600
