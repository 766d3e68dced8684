"""`make pictures`: photographs every page of the demonstration county, as each role, at two sizes.

It starts Renke with a folder of its own (var/pictures), signs in as every role, follows the links it
finds, and writes shots/<role>/<page>-<size>.png: one page per address pattern, and of pages about a wave
one of each wave, so that an open and a closed one are both seen. A page that answers with an error, asks
another host for anything, or is wider than the screen, is named at the end, and the run fails.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Page, sync_playwright

from survey_site.broker import free_port
from survey_site.processes import start_beside, stop
from tests.chromium import OPTIONS, chromium_path

ROOT = Path(__file__).resolve().parent.parent
SHOTS = ROOT / "shots"
DATA = ROOT / "var" / "pictures"
SIZES = {"phone": (360, 740), "desk": (1440, 900)}
LONGEST_WALK = 80
NOT_PAGES = re.compile(
    r"/(logout|login|qr\.(svg|png)|template|download|problems)|\.(svg|png|xlsx|csv|zip|pdf|txt)(\?|$)"
)
HOME = {"operator": "/admin/"}  # the operator has no county, and with it no page outside the administration


def main() -> int:
    shutil.rmtree(SHOTS, ignore_errors=True)
    port = free_port()
    origin = f"http://127.0.0.1:{port}"
    command = [sys.executable, "manage.py", "serve", "--host", "127.0.0.1", "--port", str(port)]
    server = start_beside(command, env=os.environ | {"RENKE_DATA": str(DATA)})
    try:
        _wait_for(origin, server)
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium_path(), args=list(OPTIONS))
            problems = []
            for role, (name, password) in _logins().items():
                problems += _photograph_desk(browser, origin, role, name, password)
            problems += _photograph_phone(browser, origin)
            browser.close()
    finally:
        stop(server, within_seconds=20)
    for problem in problems:
        print(problem)
    print(f"{len(list(SHOTS.rglob('*.png')))} pictures in {SHOTS.relative_to(ROOT)}/")
    return 1 if problems else 0


def _wait_for(origin: str, server: subprocess.Popen) -> None:
    deadline = time.monotonic() + 180
    while time.monotonic() < deadline and server.poll() is None:
        try:
            with urllib.request.urlopen(f"{origin}/healthz", timeout=2):
                return
        except OSError:
            time.sleep(0.3)
    raise SystemExit("The server did not come up; its message is above.")


def _logins() -> dict[str, tuple[str, str]]:
    """role → (user name, password), as `make run` prints them."""
    lines = (DATA / "demo-logins.txt").read_text().splitlines()
    found = [line.split(maxsplit=2) for line in lines if line.strip()]
    return {name: (name, password) for name, password, *_ in found}


def _photograph_desk(browser: Browser, origin: str, role: str, name: str, password: str) -> list[str]:
    problems: list[str] = []
    context = browser.new_context(viewport={"width": 1440, "height": 900}, locale="zh-CN")
    page = context.new_page()
    page.on("request", lambda request: _own(request.url, origin, problems))
    page.goto(f"{origin}/accounts/login/")
    page.fill("input[name=login]", name)
    page.fill("input[name=password]", password)
    page.click("main button[type=submit]")
    home = HOME.get(role, "/")
    waiting, seen = [home], set()
    while waiting and len(seen) < LONGEST_WALK:
        path = waiting.pop(0)
        pattern = _pattern(path)
        if pattern in seen:
            continue
        seen.add(pattern)
        response = page.goto(origin + path)
        if response is None or response.status >= 400:
            problems.append(f"{role}: {path} answers {response.status if response else 'nothing'}")
            continue
        problems += [f"{role}: {path} {problem}" for problem in _shoot(page, SHOTS / role, pattern)]
        for link in page.eval_on_selector_all("a[href]", "links => links.map(link => link.href)"):
            there = urlsplit(link)
            if link.startswith(origin + home) and not NOT_PAGES.search(there.path):
                waiting.append(there.path + (f"?{there.query}" if there.query else ""))
    context.close()
    return problems


def _photograph_phone(browser: Browser, origin: str) -> list[str]:
    problems: list[str] = []
    command = [sys.executable, "manage.py", "collectors", "--json"]
    printed = subprocess.run(
        command, env=os.environ | {"RENKE_DATA": str(DATA)}, capture_output=True, text=True, check=True
    ).stdout
    codes = dict(re.findall(r'"audience": "(\w+)".*?"link": "[^"]*/r/(\w+)"', printed, re.DOTALL))
    context = browser.new_context(viewport={"width": 360, "height": 740}, locale="zh-CN", is_mobile=True)
    page = context.new_page()
    page.on("request", lambda request: _own(request.url, origin, problems))
    for audience, code in codes.items():
        for look, query in (("", ""), ("-big", "?big=1"), ("-en", "?lang=en")):
            page.goto(f"{origin}/r/{code}{query}")
            page.screenshot(path=_path(SHOTS / "phone", f"{audience}{look}"), full_page=True)
    page.goto(f"{origin}/r/NOTACODE22")
    page.screenshot(path=_path(SHOTS / "phone", "unknown"), full_page=True)
    context.close()
    return problems


def _pattern(address: str) -> str:
    """An address without what does not make it another page: ids but a wave's, searches, sorting."""
    path, _, query = address.partition("?")
    wave = re.search(r"\bwave=(\d+)", query) or re.match(r"/desk/waves/(\d+)/", path)
    return re.sub(r"\d+", "N", path) + (f"wave-{wave[1]}" if wave else "")


def _shoot(page: Page, folder: Path, pattern: str) -> list[str]:
    name = pattern.strip("/").replace("/", "_") or "front"
    problems = []
    for size, (width, height) in SIZES.items():
        page.set_viewport_size({"width": width, "height": height})
        page.screenshot(path=_path(folder, f"{name}-{size}"), full_page=True)
        wide = page.evaluate("document.documentElement.scrollWidth")
        if wide > width and not pattern.startswith("/admin/"):
            problems.append(f"is {wide} wide on a screen of {width}")
    return problems


def _path(folder: Path, name: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{name}.png"


def _own(url: str, origin: str, problems: list[str]) -> None:
    if not url.startswith((origin, "data:")):
        problems.append(f"asked another host: {url}")


if __name__ == "__main__":
    sys.exit(main())
