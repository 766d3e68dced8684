"""What every test may ask for, and how one run covers both databases.

`make test` starts two workers, one per database, and gives every test to both (`--dist each`). A test
that touches the database runs on each; the others are shared out, so that they run once.
"""

import os
from collections.abc import Callable, Iterator
from zlib import crc32

import pytest
from django.conf import settings
from django.db import connection
from django.utils import translation
from playwright.sync_api import Browser, Page, sync_playwright

from survey_site.accounts import audit_triggers
from survey_site.texts import compile_texts
from tests import services
from tests.chromium import OPTIONS, chromium_path

DATABASE_FIXTURES = {"db", "transactional_db", "live_server", "admin_user", "admin_client"}
WECHAT = (
    "Mozilla/5.0 (Linux; Android 13; M2012K11AC Build/TKQ1.220829.002; wv) AppleWebKit/537.36 (KHTML, "
    "like Gecko) Version/4.0 Chrome/116.0.0.0 Mobile Safari/537.36 XWEB/1160065 MMWEBSDK/20231202 "
    "MicroMessenger/8.0.47.2560(0x28002F30) WeChat/arm64 Weixin NetType/WIFI Language/zh_CN ABI/arm64"
)


def uses_database(item: pytest.Item) -> bool:
    return bool(
        item.get_closest_marker("django_db") or DATABASE_FIXTURES & set(getattr(item, "fixturenames", ()))
    )


def pytest_configure(config: pytest.Config) -> None:
    """The pages are tested in the language they speak."""
    compile_texts()


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node) -> None:
    """Called where workers are started; they do not know by themselves how tests are shared."""
    node.workerinput["both_databases"] = node.config.getvalue("dist") == "each"


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """On a worker that serves one of two databases: its database tests, and its share of the others."""
    if not getattr(config, "workerinput", {}).get("both_databases"):
        return
    share = ("sqlite", "postgresql").index(os.environ["TEST_DATABASE"])
    items[:] = [item for item in items if uses_database(item) or crc32(item.nodeid.encode()) % 2 == share]


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup, django_db_blocker) -> None:
    """Tests that commit clean up with DELETE, which the audit log's trigger rightly refuses on SQLite."""
    with django_db_blocker.unblock():
        audit_triggers.remove(connection)


@pytest.fixture(autouse=True)
def one_language_per_test() -> Iterator[None]:
    """A page asked for in English leaves its thread in English: the next test begins in Chinese again."""
    with translation.override(settings.LANGUAGE_CODE):
        yield


@pytest.fixture(scope="session")
def redis_url() -> str:
    """A real Redis: the one REDIS_URL names, else one started for this run."""
    return services.redis_url()


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """One real browser for the run."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=list(OPTIONS))
        yield browser
        browser.close()


@pytest.fixture
def open_phone(chromium: Browser) -> Iterator[Callable[..., Page]]:
    """Makes phones, each with its own storage: `open_phone(javascript=False)` gives a blank page."""
    contexts = []

    def phone(*, javascript: bool = True, width: int = 360, height: int = 740) -> Page:
        context = chromium.new_context(
            viewport={"width": width, "height": height},
            device_scale_factor=2,
            is_mobile=True,
            has_touch=True,
            locale="zh-CN",
            user_agent=WECHAT,
            java_script_enabled=javascript,
        )
        contexts.append(context)
        return context.new_page()

    yield phone
    for context in contexts:
        context.close()


@pytest.fixture
def phone_page(open_phone: Callable[..., Page]) -> Page:
    """A phone of 360×740 in WeChat's browser, with JavaScript."""
    return open_phone()


@pytest.fixture
def desk_page(chromium: Browser) -> Iterator[Page]:
    """A desktop browser of 1440×900."""
    context = chromium.new_context(viewport={"width": 1440, "height": 900}, locale="zh-CN")
    yield context.new_page()
    context.close()
