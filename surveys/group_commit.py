"""Grouping submissions under load: whoever comes first commits for all who are waiting.

There is no writer thread and no waiting window. A request puts its submission in line and asks for
its turn. Alone, it commits at once. While somebody else commits, others line up; the next one whose
turn it is commits the whole line in one transaction, and the rest find their receipts ready. The
busier the server, the larger the batches: hot counters and disk flushes are paid once per batch.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from django.db import DatabaseError

from surveys.intake import IntakeRefused, Receipt, Submission, commit_batch

logger = logging.getLogger(__name__)

LARGEST_BATCH = 200
LONGEST_LINE = 2_000

Outcome = Receipt | Exception


class LineIsFull(Exception):
    """So many submissions are waiting that this one is asked to come again in a few seconds."""


@dataclass(eq=False)
class _Entry:
    submission: Submission
    outcome: Outcome | None = None


class GroupCommit:
    """A line of submissions in front of one `commit`, shared by the threads of a process."""

    def __init__(
        self, commit: Callable[[Sequence[Submission]], Sequence[Outcome]], *, longest_line: int = LONGEST_LINE
    ):
        self._commit = commit
        self._line: deque[_Entry] = deque()
        self._longest_line = longest_line
        self._turn = threading.Lock()

    def submit(self, submission: Submission) -> Receipt:
        """Returns the receipt after the commit. Raises IntakeRefused, LineIsFull or the database's error."""
        if len(self._line) >= self._longest_line:
            raise LineIsFull
        entry = _Entry(submission)
        self._line.append(entry)
        with self._turn:
            while entry.outcome is None:
                self._commit_line()
        if isinstance(entry.outcome, Exception):
            raise entry.outcome
        return entry.outcome

    def _commit_line(self) -> None:
        """Commits the next entries in line; a batch that breaks is retried one by one."""
        entries = [self._line.popleft() for _ in range(min(len(self._line), LARGEST_BATCH))]
        try:
            outcomes = self._commit([entry.submission for entry in entries])
        except Exception as error:
            if len(entries) == 1:
                entries[0].outcome = error
                return
            logger.warning(
                "A batch of %s failed (%s) and is retried one by one.", len(entries), type(error).__name__
            )
            outcomes = [self._alone(entry.submission) for entry in entries]
        for entry, outcome in zip(entries, outcomes, strict=True):
            entry.outcome = outcome

    def _alone(self, submission: Submission) -> Outcome:
        try:
            return self._commit([submission])[0]
        except (DatabaseError, ValueError, IntakeRefused) as error:
            return error


_group = GroupCommit(commit_batch)


def submit(submission: Submission) -> Receipt:
    """Hands in one submission; returns its receipt once it is safely stored."""
    return _group.submit(submission)
