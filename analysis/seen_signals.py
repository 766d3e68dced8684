"""What the quality checks found, as it is kept and shown: signals, batches, schools and facts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from analysis.known_statistics import Source


@dataclass(frozen=True)
class SeenSignal:
    """One signal of one school and audience: what was seen, and what the other schools lead to expect.

    fact: the statistic that was contradicted ("average_class_size"), empty for other signals.
    """

    audience: str
    name: str
    kind: str
    value: float
    expected: float
    fact: str = ""


@dataclass(frozen=True)
class SeenBatch:
    """Replies (ids) that belong together: the same answers ("vector"), the same ten minutes ("window"),
    filled in too fast ("fast"), through the open poster ("poster"), or all of this audience at this school
    ("all")."""

    audience: str
    basis: str
    replies: tuple[int, ...]
    kinds: tuple[str, ...]


@dataclass(frozen=True)
class SchoolToReview:
    school: str
    kinds: tuple[str, ...]
    signals: tuple[SeenSignal, ...]
    batches: tuple[SeenBatch, ...]

    @property
    def marked(self) -> int:
        """How many replies its signals point to, each counted once.

        All of an audience, or all of a channel, are no pointer: honest ones are among them.
        """
        sets = (one for one in self.batches if one.basis not in ("all", "poster"))
        return len({reply for one in sets for reply in one.replies})


@dataclass(frozen=True)
class SignalCount:
    """How many schools one signal could be tested in, and in how many it was seen."""

    audience: str
    name: str
    kind: str
    tested: int
    seen: int
    fact: str = ""


@dataclass(frozen=True)
class StraightLines:
    """Replies of one audience with one answer throughout, don't know included. Never a signal by itself."""

    audience: str
    replies: int
    straight: int


@dataclass(frozen=True)
class FactUse:
    """What became of one factual item of one audience.

    label: of the item, by language. why_unused: empty, or a word of `fact_checks`. schools: with replies of
    this audience; on_file: those of them with the statistic; sources: where it was taken, with the number of
    the county's schools each gave it for. compared, contradicting: replies. doubted: codes of the schools
    where the statistic is doubted and at least eight could be compared.
    """

    audience: str
    item: str
    label: Mapping[str, str]
    statistic: str
    why_unused: str = ""
    schools: int = 0
    on_file: int = 0
    sources: tuple[tuple[Source, int], ...] = ()
    compared: int = 0
    contradicting: int = 0
    doubted: tuple[str, ...] = ()


@dataclass(frozen=True)
class AnswerQuality:
    """looked_at: replies read; marked: ids left out in the comparison "with and without"."""

    looked_at: int
    schools: tuple[SchoolToReview, ...]
    signals: tuple[SignalCount, ...]
    marked: tuple[int, ...]
    straight: tuple[StraightLines, ...]
    facts: tuple[FactUse, ...]

    def school(self, code: str) -> SchoolToReview | None:
        return next((one for one in self.schools if one.school == code), None)
