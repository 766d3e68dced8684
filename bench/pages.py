"""What a phone loads, and what the bureau's county page costs when the wave has grown."""

from __future__ import annotations

import http.client
import re
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from bench.county_process import in_django
from bench.servers import environment, memory_mb, postgresql, sqlite_url, web
from bench.table import Line

LOADED = re.compile(r"<(?:link|script|img)\b[^>]*?\b(?:href|src)=\"([^\"]+)\"")
TIMES = 15
FEW, MANY = 10_000, 1_000_000


def measure_pages(*, many: int = MANY, say: Callable[[str], None]) -> dict[str, list[Line]]:
    with tempfile.TemporaryDirectory(prefix="renke-bench-") as folder:
        tables = {}
        with postgresql(Path(folder) / "pg") as server:
            env = environment(Path(folder) / "var-pg", server.url)
            tables["Pages and recount on PostgreSQL"] = _measure(env, many, say)
        env = environment(Path(folder) / "var-sqlite", sqlite_url(Path(folder)))
        tables["Pages and recount on SQLite"] = _measure(env, many, say)
    return tables


def _measure(env: dict, many: int, say: Callable[[str], None]) -> list[Line]:
    made = in_django(env, "make")
    say("the demonstration county")
    lines = []
    in_django(env, "tallies", FEW)
    cookie = in_django(env, "session")["cookie"]
    with web(env) as site:
        bytes_over_wire, requests = first_view(site.port, f"/r/{made['counted']['codes'][0]}")
        lines.append(Line("phone's first view over the wire", bytes_over_wire / 1024, 20, 30, "KB", True, 1))
        lines.append(Line("requests of the first view", requests, 3, 3, "", True, 0))
        few = page_ms(site.port, "/desk/", cookie)
        say(f"the county page at {many:,} replies")
        cells = in_django(env, "tallies", many)["cells"]
        time.sleep(1.5)
        large = page_ms(site.port, "/desk/", cookie)
        lines += [
            Line(f"county page, {FEW:,} replies in {cells} cells", few, unit="ms", digits=0),
            Line(f"county page, {many:,} replies", large, 50, 100, "ms", True, 0),
            Line(f"county page, {many:,} ÷ {FEW:,} replies", large / few, 1.2, 1.5, "", True),
            Line("memory of the web server", memory_mb(site.pid), unit="MB", digits=0),
        ]
    say(f"a recount of {many:,} stored replies")
    wave = in_django(env, "responses", many)["wave"]
    recount = in_django(env, "rebuild", wave)
    lines += [
        Line(f"recount of {recount['counted']:,} stored replies", recount["seconds"], 5, None, "s", True, 1),
        Line("memory of the recount at most", recount["mb_at_most"], 1000, None, "MB", True, 0),
    ]
    return lines


def first_view(port: int, path: str) -> tuple[int, int]:
    """Bytes of bodies as sent (gzip), and requests, of a page with everything it loads."""
    size, page = _get(port, path)
    assets = [address for address in LOADED.findall(page) if not address.startswith("data:")]
    total = size + sum(_get(port, address)[0] for address in assets)
    return total, 1 + len(assets)


def page_ms(port: int, path: str, cookie: str) -> float:
    """Median time of a page, of one reader, after the first view."""
    times = []
    for _ in range(TIMES + 1):
        started = time.perf_counter()
        _get(port, path, cookie=cookie)
        times.append(1000 * (time.perf_counter() - started))
    return statistics.median(times[1:])


def _get(port: int, path: str, *, cookie: str = "") -> tuple[int, str]:
    import gzip

    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    headers = {"Accept-Encoding": "gzip, br"} | ({"Cookie": cookie} if cookie else {})
    connection.request("GET", path, headers=headers)
    answer = connection.getresponse()
    body = answer.read()
    if answer.status != 200:
        raise RuntimeError(f"{path} answers with {answer.status}.")
    connection.close()
    if answer.headers.get("Content-Encoding") == "gzip":
        return len(body), gzip.decompress(body).decode(errors="replace")
    return len(body), body.decode(errors="replace")
