"""A load generator of our own: phones that keep their connection and send one request after the other.

It costs about 40 µs of CPU per request, because it runs on the same cores as what it measures: sockets
without blocking, requests written out beforehand, an answer read no further than its length demands.
It runs in a process of its own (`run_load` starts one).
"""

from __future__ import annotations

import contextlib
import multiprocessing
import selectors
import socket
import time
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, field

LENGTH = b"content-length: "
GOOD = (200, 303)


@dataclass(frozen=True)
class Load:
    """What came back. `latencies_s` are those of the last request of each round, sorted.

    Status 0 counts phones whose server went away. `acknowledged` are the places of the rounds that were
    answered well.
    """

    rounds: int
    seconds: float
    latencies_s: tuple[float, ...]
    statuses: dict[int, int]
    acknowledged: tuple[int, ...] = ()

    @property
    def per_second(self) -> float:
        return self.rounds / self.seconds

    def percentile_ms(self, percent: float) -> float:
        place = min(len(self.latencies_s) - 1, int(len(self.latencies_s) * percent / 100))
        return 1000 * self.latencies_s[place]

    @property
    def failures(self) -> int:
        return sum(count for status, count in self.statuses.items() if status not in GOOD)


@dataclass(eq=False)
class _Phone:
    connection: socket.socket
    waiting: deque[bytes] = field(default_factory=deque)  # the requests left of this round
    number: int = -1
    sent_at: float = 0.0
    seen: bytes = b""


def run_load(
    *, port: int, rounds: Sequence[Sequence[bytes]], connections: int, seconds: float, repeat: bool = False
) -> Load:
    """Sends rounds of requests (a round is what one phone does: a POST, or a GET and a POST) for so long.

    Ends early when the rounds are used up, unless they may be repeated.
    """
    context = multiprocessing.get_context("fork")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_work, args=(theirs, port, rounds, connections, seconds, repeat))
    process.start()
    theirs.close()
    load = ours.recv()
    process.join()
    if isinstance(load, Exception):
        raise load
    return load


def _work(pipe, port: int, rounds, connections: int, seconds: float, repeat: bool) -> None:
    try:
        pipe.send(_drive(port, rounds, connections, seconds, repeat))
    except Exception as error:
        pipe.send(error)


def _drive(port: int, rounds, connections: int, seconds: float, repeat: bool) -> Load:
    selector = selectors.DefaultSelector()
    latencies: list[float] = []
    statuses: Counter[int] = Counter()
    acknowledged: list[int] = []
    started = time.perf_counter()
    until = started + seconds
    state = {"next": 0, "busy": 0}

    def next_round(phone: _Phone) -> None:
        number = state["next"]
        if time.perf_counter() >= until or (number >= len(rounds) and not repeat):
            selector.unregister(phone.connection)
            phone.connection.close()
            state["busy"] -= 1
            return
        state["next"] = number + 1
        phone.number = number
        phone.waiting.extend(rounds[number % len(rounds)])
        send(phone)

    def send(phone: _Phone) -> None:
        phone.seen = b""
        phone.sent_at = time.perf_counter()
        with contextlib.suppress(ConnectionError):  # read as an end, like any other
            phone.connection.sendall(phone.waiting.popleft())

    for _ in range(connections):
        connection = socket.create_connection(("127.0.0.1", port))
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        phone = _Phone(connection)
        selector.register(connection, selectors.EVENT_READ, phone)
        state["busy"] += 1
        next_round(phone)

    while state["busy"]:
        for key, _ in selector.select(timeout=30) or _stuck(state["busy"]):
            phone = key.data
            try:
                piece = phone.connection.recv(262_144)
            except ConnectionError:
                piece = b""
            if not piece:  # the server went away: this phone is gone, what it had sent is not acknowledged
                statuses[0] += 1
                selector.unregister(phone.connection)
                state["busy"] -= 1
                continue
            phone.seen += piece
            if not _is_complete(phone.seen):
                continue
            statuses[int(phone.seen[9:12])] += 1
            if phone.waiting:
                send(phone)
                continue
            latencies.append(time.perf_counter() - phone.sent_at)
            if int(phone.seen[9:12]) in GOOD:
                acknowledged.append(phone.number)
            next_round(phone)
    took = time.perf_counter() - started
    return Load(len(latencies), took, tuple(sorted(latencies)), dict(statuses), tuple(acknowledged))


def _stuck(phones: int) -> list:
    raise TimeoutError(f"{phones} phones got no answer for 30 seconds.")


def _is_complete(seen: bytes) -> bool:
    head = seen.find(b"\r\n\r\n")
    if head < 0:
        return False
    place = seen.find(LENGTH, 0, head)
    if place < 0:
        return b"transfer-encoding" not in seen[:head] or seen.endswith(b"0\r\n\r\n")
    length = int(seen[place + len(LENGTH) : seen.index(b"\r", place)])
    return len(seen) >= head + 4 + length
