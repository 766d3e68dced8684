"""Where the browser is: $CHROMIUM, or Debian's chromium, installed when it can be.

    python -m tests.chromium     finds or installs it, or says what to type

A test that needs a browser never passes without one.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

PACKAGES = ("chromium", "fonts-noto-cjk")
NAMES = ("/usr/bin/chromium", "chromium", "chromium-browser", "google-chrome")
OPTIONS = (
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--no-first-run",
)  # fmt: skip


class NoChromium(Exception):
    """There is no browser; the sentence says what to type."""


def chromium_path() -> str:
    named = os.environ.get("CHROMIUM")
    if named:
        if not Path(named).exists():
            raise NoChromium(f"CHROMIUM={named}: there is no such file; name a chromium.")
        return named
    for name in NAMES:
        found = shutil.which(name)
        if found:
            return found
    raise NoChromium(
        "The tests drive a real browser and found none: apt-get install "
        + " ".join(PACKAGES)
        + ", or set CHROMIUM to the path of one."
    )


def install() -> None:
    """On Debian, as root: the distribution's own package."""
    if not shutil.which("apt-get") or os.geteuid() != 0:
        return
    quiet = {"DEBIAN_FRONTEND": "noninteractive"} | os.environ
    print("Installing", *PACKAGES, "(this once) …", flush=True)
    subprocess.run(["apt-get", "update", "-qq"], env=quiet, check=False)
    subprocess.run(
        ["apt-get", "install", "-qq", "-y", "--no-install-recommends", *PACKAGES],
        env=quiet, check=False, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
    )  # fmt: skip


def main() -> int:
    try:
        chromium_path()
    except NoChromium:
        install()
    try:
        chromium_path()
    except NoChromium as problem:
        print(problem, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
