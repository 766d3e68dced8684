"""Grouping under load: everyone gets an answer, alone or in a batch, whatever breaks."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from surveys.group_commit import LARGEST_BATCH, GroupCommit, LineIsFull
from surveys.intake import IntakeRefused, Receipt


class SlowCommit:
    """Stands for the database: takes its time, remembers the batches, breaks on what it is told to."""

    def __init__(self, *, seconds: float = 0.0, poison: str | None = None):
        self.batches: list[list[str]] = []
        self.seconds, self.poison = seconds, poison

    def __call__(self, submissions):
        self.batches.append(list(submissions))
        time.sleep(self.seconds)
        if self.poison in submissions:
            raise ValueError("poison")
        return [IntakeRefused("closed") if one == "late" else Receipt(one, False) for one in submissions]


def test_alone_it_commits_at_once():
    commit = SlowCommit()
    assert GroupCommit(commit).submit("a") == Receipt("a", False)
    assert commit.batches == [["a"]]


def test_those_who_wait_are_committed_together():
    commit = SlowCommit(seconds=0.05)
    group = GroupCommit(commit)
    with ThreadPoolExecutor(40) as pool:
        receipts = list(pool.map(group.submit, [f"s{number}" for number in range(40)]))
    assert [receipt.code for receipt in receipts] == [f"s{number}" for number in range(40)]
    assert len(commit.batches) < 10
    assert sorted(one for batch in commit.batches for one in batch) == sorted(f"s{n}" for n in range(40))


def test_no_batch_is_larger_than_its_limit():
    commit = SlowCommit(seconds=0.02)
    group = GroupCommit(commit)
    with ThreadPoolExecutor(LARGEST_BATCH + 60) as pool:
        list(pool.map(group.submit, [str(number) for number in range(LARGEST_BATCH + 60)]))
    assert max(map(len, commit.batches)) <= LARGEST_BATCH


def test_one_that_breaks_its_batch_is_refused_alone():
    commit = SlowCommit(seconds=0.03, poison="bad")
    group = GroupCommit(commit)

    def outcome(name):
        try:
            return group.submit(name).code
        except ValueError as error:
            return str(error)

    names = ["a", "b", "bad", "c", "d"]
    with ThreadPoolExecutor(5) as pool:
        assert list(pool.map(outcome, names)) == ["a", "b", "poison", "c", "d"]


def test_a_refusal_reaches_only_its_own_phone():
    group = GroupCommit(SlowCommit())
    with pytest.raises(IntakeRefused, match="closed"):
        group.submit("late")
    assert group.submit("a").code == "a"


def test_a_full_line_asks_to_come_again():
    gate = threading.Event()

    def stuck(submissions):
        gate.wait(5)
        return [Receipt(one, False) for one in submissions]

    group = GroupCommit(stuck, longest_line=2)
    with ThreadPoolExecutor(4) as pool:
        running = [pool.submit(group.submit, name) for name in "abc"]
        deadline = time.monotonic() + 5
        while len(group._line) < 2 and time.monotonic() < deadline:
            time.sleep(0.01)
        with pytest.raises(LineIsFull):
            group.submit("d")
        gate.set()
        assert sorted(future.result().code for future in running) == ["a", "b", "c"]


def test_under_steady_load_all_who_wait_share_a_commit():
    commit = SlowCommit(seconds=0.01)
    group = GroupCommit(commit)

    def phone(number):
        return [group.submit(f"{number}-{turn}").code for turn in range(20)]

    with ThreadPoolExecutor(8) as pool:
        receipts = list(pool.map(phone, range(8)))
    assert receipts == [[f"{number}-{turn}" for turn in range(20)] for number in range(8)]
    # The half that waits goes in together with whoever comes back: four and more to a batch.
    assert len(commit.batches) <= 8 * 20 / 3


def test_a_thread_that_is_ended_leaves_nobody_waiting():
    started, batches = threading.Event(), []

    def commit(submissions):
        batches.append(list(submissions))
        if len(batches) == 1:
            started.set()
            time.sleep(0.05)
            raise SystemExit
        return [Receipt(one, False) for one in submissions]

    group = GroupCommit(commit)
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(group.submit, "a")
        started.wait(5)
        assert pool.submit(group.submit, "b").result(5).code == "b"
        with pytest.raises(SystemExit):
            first.result(5)
