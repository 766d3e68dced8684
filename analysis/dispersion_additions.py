"""The smallest additions that bring a coefficient of variation (差异系数) to its limit. No Django.

What is optimised: whole units (teachers, ㎡, 元) are added to schools so that the coefficient is at or below
the limit, and their total over all schools is as small as possible; nothing is taken away, pupils stay as
they are. At one price per unit the smallest total is the cheapest.

Why it is right. For a given total N the mean is fixed, so the coefficient is smallest where the sum of
(X_i + a_i)²/P_i is: a separable convex sum over whole numbers, for which giving each unit to the school with
the smallest increase, (2(X_i + a_i) + 1)/P_i, is exact (Fox 1966; Ibaraki and Katoh 1988). The best
allocations for N and N + 1 differ by that unit, so counting N up until the limit holds finds the smallest.
Counting begins below the total of the problem without whole units: there, raising the lowest schools to one
common level is optimal (the constraint is a convex cone; Karush–Kuhn–Tucker), and no solution can need less.
"""

from __future__ import annotations

import heapq
import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from analysis.dispersions import IndicatorDispersion, exact_square_of_cv

# Rounding up costs about one unit per school; far beyond that, whole units cannot reach the limit at all.
STEPS_PER_SCHOOL, SPARE_STEPS = 3, 2000
# Floating point gives the coefficient to 15 digits; nearer to the limit than this it is compared exactly.
NEAR = 1e-12


@dataclass(frozen=True)
class DispersionAdditions:
    """Whole units to add, school by school (only those that get some), and what they lead to.

    least_total: the total if units could be divided, a lower bound for any solution.
    """

    indicator: str
    stage: str
    additions: Mapping[str, int]
    total: int
    least_total: float
    cv_before: float
    cv_after: float
    limit: Fraction


def smallest_additions(
    dispersion: IndicatorDispersion, limit: Fraction, *, already: Mapping[str, Fraction] | None = None
) -> DispersionAdditions | None:
    """The smallest number of whole units, school by school, with which `dispersion` is within `limit`.

    already: amounts that are to be added anyway (a school's own shortfalls); they are not counted. None if
    the schools' amounts are not known (published figures) or whole units cannot reach the limit (of 0).
    A dispersion that is within the limit needs nothing.
    """
    if not dispersion.amounts or limit < 0:
        return None
    extra = already or {}
    schools = [(name, amount + extra.get(name, 0), pupils) for name, amount, pupils in dispersion.amounts]
    start = [(amount, pupils) for _, amount, pupils in schools]
    least = least_total(start, limit)
    if least is None:
        return None
    most_steps = STEPS_PER_SCHOOL * len(start) + SPARE_STEPS
    counted = _one_by_one(start, _allocate(start, math.floor(least * (1 - 1e-9))), limit)
    given = next((count for count, holds in itertools.islice(counted, most_steps) if holds), None)
    if given is None:
        return None
    after = [(amount + count, pupils) for (amount, pupils), count in zip(start, given, strict=True)]
    return DispersionAdditions(
        indicator=dispersion.indicator,
        stage=dispersion.stage,
        additions={name: count for (name, _, _), count in zip(schools, given, strict=True) if count},
        total=sum(given),
        least_total=least,
        cv_before=_cv(start),
        cv_after=_cv(after),
        limit=limit,
    )


def least_total(schools: Sequence[tuple[Fraction, Fraction]], limit: Fraction) -> float | None:
    """The smallest total of additions that need not be whole: the lowest schools (amount, pupils) are raised
    to one common ratio t, the first at which the limit holds. 0 if it holds already; None without any amount.

    With the k lowest raised, ΣP·(A t² + C) = (1 + L²)(A t + B)², where A is their pupils and B, C are Σ X and
    Σ X²/P of the others: a quadratic equation in t between two neighbouring schools' ratios.
    """
    ordered = sorted((float(amount / pupils), float(amount), float(pupils)) for amount, pupils in schools)
    all_pupils = sum(pupils for _, _, pupils in ordered)
    rest, squares = sum(x for _, x, _ in ordered), sum(x * x / p for _, x, p in ordered)
    if rest <= 0:
        return None
    factor = 1 + float(limit) ** 2
    if all_pupils * squares <= factor * rest**2 * (1 + 1e-12):
        return 0.0
    raised = had = 0.0
    for place, (ratio, amount, pupils) in enumerate(ordered):
        raised, had = raised + pupils, had + amount
        rest, squares = rest - amount, squares - amount * amount / pupils
        upto = ordered[place + 1][0] if place + 1 < len(ordered) else math.inf
        level = _level(raised, rest, squares, all_pupils, factor, ratio, upto)
        if level is not None:
            return max(0.0, raised * level - had)
    return max(0.0, raised * ordered[-1][0] - had)  # all schools equal: the coefficient is 0


def _level(
    a: float, b: float, c: float, pupils: float, factor: float, low: float, high: float
) -> float | None:
    """The first t from low to high with pupils (a t² + c) ≤ factor (a t + b)²; None if there is none."""
    quadratic, linear, constant = (
        pupils * a - factor * a * a,
        -2 * factor * a * b,
        pupils * c - factor * b * b,
    )
    if quadratic * low * low + linear * low + constant <= 0:
        return low
    if abs(quadratic) < 1e-15 * pupils * a:
        roots = [-constant / linear] if linear else []
    else:
        under = linear * linear - 4 * quadratic * constant
        if under < 0:
            return None
        root = math.sqrt(under)
        roots = [(-linear - root) / (2 * quadratic), (-linear + root) / (2 * quadratic)]
    within = [t for t in roots if low <= t <= high]
    return min(within) if within else None


def _allocate(schools: Sequence[tuple[Fraction, Fraction]], total: int) -> list[int]:
    """At most `total` units, nearly all, in the best way: every unit with an increase up to one level."""
    amounts = np.array([float(amount) for amount, _ in schools])
    pupils = np.array([float(count) for _, count in schools])

    def units(level: float) -> np.ndarray:
        return np.maximum(0, np.floor((level * pupils - 1) / 2 - amounts) + 1)

    low, high = 0.0, 1.0
    while units(high).sum() <= total:
        low, high = high, high * 2
    for _ in range(100):
        middle = (low + high) / 2
        if units(middle).sum() <= total:
            low = middle
        else:
            high = middle
    # A shade below the level, so that floating point never hands out a unit that another school should get.
    return [int(count) for count in units(low * (1 - 1e-12))]


def _one_by_one(
    schools: Sequence[tuple[Fraction, Fraction]], given: Sequence[int], limit: Fraction
) -> Iterator[tuple[list[int], bool]]:
    """The allocation, then one unit more at a time where it increases the sum least; is the limit held?"""
    count = list(given)
    heap = [
        ((2 * (amount + n) + 1) / pupils, place)
        for place, ((amount, pupils), n) in enumerate(zip(schools, count, strict=True))
    ]
    heapq.heapify(heap)
    pupils_in_all = float(sum(pupils for _, pupils in schools))
    total = float(sum(amount for amount, _ in schools) + sum(count))
    squares = math.fsum(float((x + n) ** 2 / p) for (x, p), n in zip(schools, count, strict=True))
    factor = 1 + float(limit) ** 2
    while True:
        # The running sums tell far from near; only near the limit it is computed from the beginning.
        is_near = pupils_in_all * squares <= factor * total * total * (1 + 1e-11)
        yield count, is_near and _is_within(schools, count, limit)
        increase, place = heap[0]
        count[place] += 1
        total, squares = total + 1, squares + float(increase)
        amount, pupils = schools[place]
        heapq.heapreplace(heap, ((2 * (amount + count[place]) + 1) / pupils, place))


def _is_within(schools: Sequence[tuple[Fraction, Fraction]], count: Sequence[int], limit: Fraction) -> bool:
    after = [(amount + n, pupils) for (amount, pupils), n in zip(schools, count, strict=True)]
    cv = _cv(after)
    if abs(cv - float(limit)) > NEAR:
        return cv <= limit
    return exact_square_of_cv(after) <= limit**2


def _cv(pairs: Sequence[tuple[Fraction, Fraction]]) -> float:
    numbers = [(float(amount), float(pupils)) for amount, pupils in pairs]
    pupils = math.fsum(p for _, p in numbers)
    mean = math.fsum(x for x, _ in numbers) / pupils
    return math.sqrt(math.fsum(p / pupils * (x / p - mean) ** 2 for x, p in numbers)) / mean
