"""Rows that agree in everything a variance asks about, taken together as one line.

A million replies that were raked to three margins are some thousand lines: rows of one sampling unit (or,
where the replies themselves are the units, of one stratum) with the same auxiliaries and weights. Counts,
sums and squared deviations of the lines give what the rows give. A row like no other is a line of its own.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from scoring.numeric.variance import sum_by


@dataclass(frozen=True)
class Lines:
    """The line of every row (n,), and of every line (g,) its number of rows and one of them to look at."""

    line: np.ndarray
    rows: np.ndarray
    example: np.ndarray

    def __len__(self) -> int:
        return len(self.rows)

    def sums(self, values: np.ndarray) -> np.ndarray:
        """Sums by line of (n,) or (n, k) values."""
        return sum_by(self.line, values, len(self))

    def deviations(self, values: np.ndarray, sums: np.ndarray) -> np.ndarray:
        """(n, k) values minus the mean of their line, which has these sums (g, k)."""
        return values - (sums / self.rows[:, None])[self.line]

    def split(self, codes: np.ndarray) -> "Lines":
        """The same lines, apart where codes (n,) differ."""
        return lines_of([self.line, codes])


def lines_of(columns: Sequence[np.ndarray]) -> Lines:
    """Lines of the rows that agree in all of the columns (n,), numbered in order of appearance."""
    line = pd.factorize(columns[0], use_na_sentinel=False)[0]
    for column in columns[1:]:
        part = pd.factorize(column, use_na_sentinel=False)[0]
        line = pd.factorize(line * (part.max() + 1) + part)[0]
    return Lines(line, np.bincount(line), first_rows(line))


def first_rows(codes: np.ndarray) -> np.ndarray:
    """The first row of every code 0, 1, …, all of which occur."""
    first = np.zeros(codes.max() + 1, int)
    first[codes[::-1]] = np.arange(len(codes))[::-1]
    return first
