"""Who to ask and how many: the sample of the notices, split into whole people.

The ministry's letter of 2024: 1.5‰ of the residents, parents at least half, the other audiences about equal,
grades about equal, 乡村/镇区/城区 as the resident population. Numbers differ by province, so each of them
is an argument. Splitting follows the largest remainder (Hamilton); ties go to what stands first.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from scoring.numeric.errors import NumericInputError

ALL = ""  # a quota that is not split by class or grade


@dataclass(frozen=True)
class Quota:
    """People to ask in one cell of the plan; `class_` is 乡村/镇区/城区, `grade` a band, "" = all."""

    audience: str
    class_: str
    grade: str
    answers: int


def sample_size_by_population(residents: int, *, per_mille: float = 1.5, floor: int = 600) -> int:
    """Answers wanted from a county of `residents` people: per_mille of them, at least `floor`, rounded up.

    600 is the floor seen in Gansu and Hainan below 400,000 residents (where 1.5‰ reaches it); pass floor=0
    where none is set. Exact decimal arithmetic: 400,000 gives 600, not 601.

    >>> sample_size_by_population(650_000), sample_size_by_population(72_000)
    (975, 600)
    """
    if residents <= 0 or per_mille <= 0 or floor < 0:
        raise NumericInputError("residents and per mille must be positive, the floor not negative")
    return max(int(floor), math.ceil(_exact(residents) * _exact(per_mille) / 1000))


def sample_size_by_bands(residents: int, *, bands: Sequence[tuple[int | None, int]]) -> int:
    """Answers wanted by a table of population bands, as in the preschool surveys.

    `bands`: (population below which it applies, answers), rising; the last may have None for "and above".
    A population above the last limit raises NumericInputError.
    """
    for below, answers in bands:
        if below is None or residents < below:
            return answers
    raise NumericInputError(f"no band covers a county of {residents} residents")


def largest_remainder(total: int, shares: Sequence[float]) -> list[int]:
    """Whole numbers that add up to `total` and differ from total × share by less than 1.

    `shares` ≥ 0 need not add up to 1. Ties go to the earlier place. total = 0 gives zeros.

    >>> largest_remainder(10, [1, 1, 1])
    [4, 3, 3]
    """
    if total < 0 or int(total) != total:
        raise NumericInputError(f"a number of people is whole and not negative, found {total}")
    exact = [_exact(share) for share in shares]
    if not exact or min(exact) < 0 or sum(exact) == 0:
        raise NumericInputError("shares must not be negative and not all 0")
    whole = sum(exact)
    ideal = [total * share / whole for share in exact]
    counts = [math.floor(value) for value in ideal]
    by_remainder = sorted(range(len(ideal)), key=lambda i: (counts[i] - ideal[i], i))
    for i in by_remainder[: int(total) - sum(counts)]:
        counts[i] += 1
    return counts


def audience_quotas(
    total: int, *, shares: Mapping[str, float], at_least: Sequence[str] = ("parent",)
) -> dict[str, int]:
    """Answers per audience; those in `at_least` get their share rounded *up* ("parents not below 50%").

    Names in `at_least` that have no share are ignored. The others divide the rest by largest remainder.

    >>> audience_quotas(975, shares={"parent": 0.5, "teacher": 0.25, "deputy": 0.25})
    {'parent': 488, 'teacher': 244, 'deputy': 243}
    """
    if not shares or min(shares.values()) < 0 or sum(shares.values()) <= 0:
        raise NumericInputError("shares must not be negative and not all 0")
    whole = sum(_exact(share) for share in shares.values())
    first = {
        name: math.ceil(total * _exact(share) / whole) for name, share in shares.items() if name in at_least
    }
    rest = total - sum(first.values())
    others = [name for name in shares if name not in first]
    if rest < 0 or (not others and rest > 0):
        raise NumericInputError(f"{total} answers are too few to round up {', '.join(first)}")
    if not others or all(shares[name] == 0 for name in others):
        if rest:
            raise NumericInputError("the shares leave nobody to take the rest of the answers")
        split = [0] * len(others)
    else:
        split = largest_remainder(rest, [shares[name] for name in others])
    quotas = first | dict(zip(others, split, strict=True))
    return {name: quotas[name] for name in shares}


def quota_table(
    total: int,
    *,
    shares: Mapping[str, float],
    class_shares: Mapping[str, float] | None = None,
    grades: Mapping[str, Sequence[str]] | None = None,
    at_least: Sequence[str] = ("parent",),
) -> tuple[Quota, ...]:
    """The whole plan: audience × 乡村/镇区/城区 × grade, in whole people.

    `shares`: audience → share of the answers; `class_shares`: class → residents or share of residents;
    `grades`: audience → its grades or bands, about equal in number (audiences not named are not split).
    Everything adds up: the cells to `total`, every audience to its quota, every class over the audiences to
    its own largest-remainder number, the grades of an audience to equal numbers up to 1.
    """
    quotas = audience_quotas(total, shares=shares, at_least=at_least)
    audiences = list(quotas)
    classes = list(class_shares) if class_shares else [ALL]
    class_totals = largest_remainder(total, list(class_shares.values()) if class_shares else [1])
    by_class = controlled_rounding(list(quotas.values()), class_totals)
    table: list[Quota] = []
    for audience, row in zip(audiences, by_class, strict=True):
        names = list((grades or {}).get(audience, ())) or [ALL]
        grade_totals = largest_remainder(sum(row), [1] * len(names))
        cells = controlled_rounding(row, grade_totals)
        for class_, counts in zip(classes, cells, strict=True):
            table += [
                Quota(audience, class_, grade, count) for grade, count in zip(names, counts, strict=True)
            ]
    return tuple(table)


def controlled_rounding(row_totals: Sequence[int], column_totals: Sequence[int]) -> list[list[int]]:
    """A whole-number table with exactly these margins, close to row × column ÷ total.

    Cells are rounded down first; what is missing goes where the remainder is largest among rows and columns
    that still lack people, ties to the earlier cell.
    """
    total = sum(row_totals)
    if total != sum(column_totals):
        raise NumericInputError(f"rows hold {total} people, columns {sum(column_totals)}")
    ideal = [[Fraction(r * c, total) if total else Fraction(0) for c in column_totals] for r in row_totals]
    table = [[math.floor(value) for value in row] for row in ideal]
    row_lack = [r - sum(row) for r, row in zip(row_totals, table, strict=True)]
    column_lack = [c - sum(column) for c, column in zip(column_totals, zip(*table, strict=True), strict=True)]
    while any(row_lack):
        i, j = max(
            ((i, j) for i, r in enumerate(row_lack) if r for j, c in enumerate(column_lack) if c),
            key=lambda at: (ideal[at[0]][at[1]] - table[at[0]][at[1]], -at[0], -at[1]),
        )
        table[i][j] += 1
        row_lack[i] -= 1
        column_lack[j] -= 1
    return table


def _exact(value: float) -> Fraction:
    # 0.1 means one tenth here, not the nearest binary number, or ties would be decided by noise.
    return Fraction(value).limit_denominator(10**9)
