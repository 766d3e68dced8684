"""What a checked roster consists of: schools, residents, and what stands against the other rows."""

from __future__ import annotations

from dataclasses import dataclass

LONGEST_FOUND = 60


@dataclass(frozen=True)
class Problem:
    """One entry that cannot be used, or (as a remark) is worth a look. `row` 0 means the whole sheet."""

    sheet: str
    row: int
    column: str  # its letter, "" for the whole row
    heading: str
    found: str
    sentence: str
    about: str = ""  # the school's name (else its code) as the row has it


@dataclass(frozen=True)
class SchoolRow:
    """A school as the file gives it, every entry checked."""

    sheet: str
    row: int
    code: str
    name: str
    township: str
    stage: str
    location: str
    is_public: bool
    pupils_by_grade: dict[str, int]  # only grades with pupils: {"1": 96, …}
    classes: int
    teachers: int

    @property
    def pupils(self) -> int:
        return sum(self.pupils_by_grade.values())


@dataclass(frozen=True)
class ResidentRow:
    sheet: str
    row: int
    location: str
    people: int
    source: str


@dataclass(frozen=True)
class CheckedRoster:
    """What the file says: the good rows, and what stands against the others.

    `skipped` are rows that are no schools (notes, totals): (sheet, row, its first text). `has_schools` and
    `has_residents` tell whether there was such a table at all.
    """

    schools: tuple[SchoolRow, ...]
    residents: tuple[ResidentRow, ...]
    problems: tuple[Problem, ...]
    remarks: tuple[Problem, ...]
    skipped: tuple[tuple[str, int, str], ...]
    has_schools: bool
    has_residents: bool
    bad_codes: tuple[str, ...] = ()  # school codes that could be read in bad rows

    @property
    def bad_rows(self) -> int:
        return len({(problem.sheet, problem.row) for problem in self.problems if problem.row})

    @property
    def has_good_rows(self) -> bool:
        return bool(self.schools or self.residents)


def short(text: str) -> str:
    """What was found, cut to what a message can show."""
    return text if len(text) <= LONGEST_FOUND else text[: LONGEST_FOUND - 1] + "…"
