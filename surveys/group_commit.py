"""Grouping submissions under load: whoever comes first commits for all who are waiting.

There is no writer thread and no waiting window. A request puts its submission in line. If nobody is
committing, it commits at once. While somebody commits, others line up and sleep; when the commit is done
everybody it covered is woken with a receipt, and the first of those who lined up meanwhile is woken to
commit the whole line in one transaction. The busier the server, the larger the batches: hot counters and
disk flushes are paid once per batch.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from surveys.intake import Receipt, Submission, commit_batch

logger = logging.getLogger(__name__)

LARGEST_BATCH = 200
LONGEST_LINE = 2_000

Outcome = Receipt | Exception


class LineIsFull(Exception):
    """So many submissions are waiting that this one is asked to come again in a few seconds."""


def _closed_gate() -> threading.Lock:
    gate = threading.Lock()
    gate.acquire()
    return gate


@dataclass(eq=False)
class _Entry:
    """A submission in line. Its gate opens when there is an outcome, or when it is its turn to commit."""

    submission: Submission
    outcome: Outcome | None = None
    gate: threading.Lock = field(default_factory=_closed_gate)


class GroupCommit:
    """A line of submissions in front of one `commit`, shared by the threads of a process."""

    def __init__(
        self, commit: Callable[[Sequence[Submission]], Sequence[Outcome]], *, longest_line: int = LONGEST_LINE
    ):
        self._commit = commit
        self._line: deque[_Entry] = deque()
        self._longest_line = longest_line
        self._is_committing = False
        self._door = threading.Lock()  # guards the two above, and is never held for long

    def submit(self, submission: Submission) -> Receipt:
        """Returns the receipt after the commit. Raises IntakeRefused, LineIsFull or the database's error."""
        entry = _Entry(submission)
        with self._door:
            if len(self._line) >= self._longest_line:
                raise LineIsFull
            self._line.append(entry)
            may_commit = not self._is_committing
            self._is_committing = True
        if not may_commit:
            entry.gate.acquire()
        if entry.outcome is None:
            self._commit_line()
        if isinstance(entry.outcome, Exception):
            raise entry.outcome
        return entry.outcome

    def _commit_line(self) -> None:
        """Commits the entries in line, ours first among them, and hands the turn to who came meanwhile.

        The turn is handed over by name, not left to whoever grabs a lock: else those who have their receipt
        would queue with those who have not, a latecomer would slip in between, and batches stay small.
        """
        with self._door:
            entries = [self._line.popleft() for _ in range(min(len(self._line), LARGEST_BATCH))]
        try:
            for entry, outcome in zip(entries, self._outcomes(entries), strict=True):
                entry.outcome = outcome
        except BaseException:  # a thread that is being ended: nobody may wait for it for ever
            for entry in entries:
                entry.outcome = entry.outcome or RuntimeError("The server is stopping.")
            raise
        finally:
            for entry in entries:
                entry.gate.release()
            with self._door:
                if self._line:
                    self._line[0].gate.release()
                else:
                    self._is_committing = False

    def _outcomes(self, entries: list[_Entry]) -> Sequence[Outcome]:
        """One outcome for each entry; a batch that breaks is retried one by one."""
        try:
            return self._commit([entry.submission for entry in entries])
        except Exception as error:
            if len(entries) == 1:
                return [error]
            logger.warning(
                "A batch of %s failed (%s) and is retried one by one.", len(entries), type(error).__name__
            )
            return [self._alone(entry.submission) for entry in entries]

    def _alone(self, submission: Submission) -> Outcome:
        try:
            return self._commit([submission])[0]
        except Exception as error:
            return error


_group = GroupCommit(commit_batch)


def submit(submission: Submission) -> Receipt:
    """Hands in one submission; returns its receipt once it is safely stored."""
    return _group.submit(submission)
