"""The product's settings, with a throw-away folder and the database this test process is for.

TEST_DATABASE says which: sqlite (default) or postgresql, where a real server and a real Redis are
started. DATABASE_URL and REDIS_URL, if set, name servers of yours instead.
"""

import os

from tests import services

os.environ["RENKE_DATA"] = str(services.throw_away_folder())
# Playwright keeps an event loop in the tests' thread; the database is still only used by that thread.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
if os.environ.get("TEST_DATABASE") == "postgresql":
    os.environ.setdefault("DATABASE_URL", services.postgresql_url())
    os.environ.setdefault("REDIS_URL", services.redis_url())

from survey_site.settings import *  # noqa: F403
from survey_site.settings import DATA_DIR, DATABASES, STORAGES

SECRET_KEY = "only for tests"
# A file, not memory: several threads and a live server must meet the locks they meet in real life.
DATABASES["default"]["TEST"] = (
    {"NAME": str(DATA_DIR / "test.sqlite3")} if "sqlite" in DATABASES["default"]["ENGINE"] else {}
)
# The manifest would ask for collectstatic before every run.
STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
# Tests sign people in without a phone; those about the second step set the policy themselves.
MFA_POLICY = "optional"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes", "webauthn"]
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = True
CELERY_TASK_ALWAYS_EAGER = True
CELERY_TASK_EAGER_PROPAGATES = True
(DATA_DIR / "static").mkdir()
