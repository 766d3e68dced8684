"""Settings of Renke: one file, read from the environment, stopping on a bad value with what to set.

Environment: RENKE_DATA (folder for the database, keys and uploads; default var/), DATABASE_URL,
REDIS_URL, RENKE_SECRET_KEY, RENKE_DEBUG, RENKE_HOSTS, RENKE_ORIGIN, RENKE_HTTPS (which then asks for
RENKE_HOSTS and RENKE_ORIGIN), RENKE_MFA (who needs a second step at sign-in), EMAIL_URL.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from urllib.parse import unquote, urlsplit

from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

BASE_DIR = Path(__file__).resolve().parent.parent


def env_text(name: str, default: str = "") -> str:
    return os.environ.get(name, default).strip()


def env_flag(name: str, *, default: bool) -> bool:
    value = env_text(name).lower()
    if value in ("", "0", "1", "true", "false", "yes", "no"):
        return default if value == "" else value in ("1", "true", "yes")
    raise ImproperlyConfigured(f"{name}={value!r}: write 1 or 0.")


def env_choice(name: str, *choices: str) -> str:
    """One of the choices; the first if nothing is set."""
    value = env_text(name, choices[0])
    if value not in choices:
        raise ImproperlyConfigured(f"{name}={value!r}: write one of {', '.join(choices)}.")
    return value


def env_list(name: str, default: str = "") -> list[str]:
    return [part.strip() for part in env_text(name, default).split(",") if part.strip()]


def kept_secret(folder: Path) -> str:
    """The key of this installation: made once, readable by its owner only, never in the repository."""
    path = folder / "secret_key"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(secrets.token_urlsafe(48))
    return path.read_text().strip()


def database_from(url: str) -> dict:
    """Django's DATABASES entry of a URL: sqlite:///file or postgresql://user:password@host:port/name.

    A host may be a socket folder, percent-encoded or given as ?host=/folder.
    """
    parts = urlsplit(url)
    if parts.scheme == "sqlite":
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": unquote(parts.path[1:]) or str(DATA_DIR / "renke.sqlite3"),
            # One writer at a time, and it queues at BEGIN instead of failing halfway (database is locked).
            "OPTIONS": {
                "transaction_mode": "IMMEDIATE",
                "timeout": 20,
                "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-65536;",
            },
            "CONN_MAX_AGE": None,
        }
    if parts.scheme in ("postgres", "postgresql"):
        query = dict(pair.split("=", 1) for pair in parts.query.split("&") if "=" in pair)
        return {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": unquote(parts.path[1:]) or "postgres",
            "USER": unquote(parts.username or ""),
            "PASSWORD": unquote(parts.password or ""),
            "HOST": unquote(query.get("host", parts.hostname or "")),
            "PORT": str(parts.port or query.get("port", "")),
            "CONN_MAX_AGE": None,
            "CONN_HEALTH_CHECKS": True,
        }
    raise ImproperlyConfigured(
        f"DATABASE_URL begins with {parts.scheme!r}: use sqlite:///file or postgresql://user:password@host/name."
    )


def mail_from(url: str) -> dict:
    """Django's EMAIL_ settings of smtp://user:password@host:25?from=renke@example.cn, or smtps:// for TLS
    from the first byte, smtp+tls:// for STARTTLS. Nothing for an empty URL: then no mail is sent."""
    if not url:
        return {"EMAIL_BACKEND": "django.core.mail.backends.dummy.EmailBackend"}
    parts = urlsplit(url)
    query = dict(pair.split("=", 1) for pair in parts.query.split("&") if "=" in pair)
    sender = unquote(query.get("from", ""))
    if parts.scheme not in ("smtp", "smtps", "smtp+tls") or not parts.hostname or "@" not in sender:
        raise ImproperlyConfigured(
            "EMAIL_URL cannot be used: write smtps://user:password@host:465?from=renke@example.gov.cn "
            "(or smtp:// without encryption, smtp+tls:// for STARTTLS)."
        )
    ports = {"smtp": 25, "smtps": 465, "smtp+tls": 587}
    return {
        "EMAIL_HOST": parts.hostname,
        "EMAIL_PORT": parts.port or ports[parts.scheme],
        "EMAIL_HOST_USER": unquote(parts.username or ""),
        "EMAIL_HOST_PASSWORD": unquote(parts.password or ""),
        "EMAIL_USE_SSL": parts.scheme == "smtps",
        "EMAIL_USE_TLS": parts.scheme == "smtp+tls",
        "EMAIL_TIMEOUT": 10,
        "DEFAULT_FROM_EMAIL": sender,
    }


DATA_DIR = Path(env_text("RENKE_DATA") or BASE_DIR / "var")
DEBUG = env_flag("RENKE_DEBUG", default=False)
SECRET_KEY = env_text("RENKE_SECRET_KEY") or kept_secret(DATA_DIR)
ALLOWED_HOSTS = env_list("RENKE_HOSTS", "*")
# The address people reach us at, as printed in QR codes: https://renke.example.gov.cn
PUBLIC_ORIGIN = env_text("RENKE_ORIGIN").rstrip("/")
CSRF_TRUSTED_ORIGINS = [PUBLIC_ORIGIN] if PUBLIC_ORIGIN else []
HTTPS = env_flag("RENKE_HTTPS", default=False)
if HTTPS and ("*" in ALLOWED_HOSTS or not PUBLIC_ORIGIN.startswith("https://")):
    raise ImproperlyConfigured(
        "RENKE_HTTPS=1 means that people reach this server from outside: set RENKE_HOSTS to its names "
        "(renke.example.gov.cn) and RENKE_ORIGIN to its address (https://renke.example.gov.cn)."
    )

INSTALLED_APPS = [
    "surveys",
    "scoring",
    "analysis",
    "survey_site.accounts",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.admin",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "csp",
    "django_htmx",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "survey_site.phone_path.PhonePathMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "survey_site.language.ChosenLanguageMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "survey_site.accounts.access.AccessMiddleware",
    "survey_site.accounts.audit_trail.AuditMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]

ROOT_URLCONF = "survey_site.urls"
WSGI_APPLICATION = "survey_site.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "survey_site.navigation.desk",
            ],
        },
    }
]

DATABASES = {"default": database_from(env_text("DATABASE_URL", "sqlite://"))}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = env_text("REDIS_URL")
CACHES = {
    "default": (
        {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}
        if REDIS_URL
        else {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
    )
}

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
ACCOUNT_ADAPTER = "survey_site.accounts.adapter.DeskAccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
# Wrong passwords: five in five minutes per account and browser, and for browsers that never signed in
# thirty in an hour per account (accounts/adapter.py says what counts as one browser). The limit by address
# only keeps a flood from spending every core on hashing: a whole county may sit behind one address.
ACCOUNT_RATE_LIMITS = {
    "login_failed": "5/5m/key",
    "login_failed_strangers": "30/h/key",
    "login": "300/m/ip",
}
# After so long a dangerous act asks for the password again.
ACCOUNT_REAUTHENTICATION_TIMEOUT = 15 * 60
MFA_POLICY = env_choice("RENKE_MFA", "demo-exempt", "required", "optional")
MFA_ADAPTER = "survey_site.accounts.mfa_adapter.DeskMFAAdapter"
MFA_TOTP_ISSUER = "Renke 认可"
MFA_TOTP_TOLERANCE = 1  # a phone's clock that is half a minute off
# Security keys work for a browser only over HTTPS, or on this very machine.
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = urlsplit(PUBLIC_ORIGIN).hostname == "localhost"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
if HTTPS or MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN:
    MFA_SUPPORTED_TYPES.append("webauthn")
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "desk"

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", _("Simplified Chinese")), ("en", _("English"))]
LOCALE_PATHS = [BASE_DIR / "survey_site" / "locale"]
TIME_ZONE = "Asia/Shanghai"
USE_I18N = True
USE_TZ = True

STATIC_URL = "static/"
STATIC_ROOT = DATA_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "survey_site" / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
MEDIA_ROOT = DATA_DIR / "uploads"
FILE_UPLOAD_PERMISSIONS = 0o600
DATA_UPLOAD_MAX_MEMORY_SIZE = 2_000_000
DATA_UPLOAD_MAX_NUMBER_FIELDS = 2_000

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "frame-ancestors": [SELF],
        "base-uri": [SELF],
        "form-action": [SELF],
    }
}
X_FRAME_OPTIONS = "SAMEORIGIN"
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SESSION_COOKIE_AGE = 12 * 3600
SESSION_COOKIE_HTTPONLY = True
LANGUAGE_COOKIE_AGE = 365 * 24 * 3600

EMAIL_URL = env_text("EMAIL_URL")
globals().update(mail_from(EMAIL_URL))

CELERY_BROKER_URL = REDIS_URL
CELERY_TASK_ALWAYS_EAGER = False
CELERY_TASK_ACKS_LATE = True
CELERY_TIMEZONE = TIME_ZONE
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
}
