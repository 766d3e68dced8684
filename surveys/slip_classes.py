"""Which classes get slips: proposals from the roster's numbers, to be changed by whoever knows better."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils import translation

from surveys.audiences import AUDIENCES
from surveys.models import Collector, School
from surveys.roster.wording import grade_name
from surveys.slip_ledger import LARGEST_BATCH, Order, people_behind
from surveys.targets import share_out

FIRST_GRADES = {"pupils": 1, "pupils_from_grade_3": 3}
LAST_GRADE = 9


@dataclass(frozen=True)
class GradeClasses:
    """One grade of a school: its pupils by the roster, and into how many classes they probably go.

    The roster counts classes of the whole school only; they are shared out by pupils, at least one each.
    """

    grade: int
    pupils: int
    classes: int

    @property
    def largest_class(self) -> int:
        return -(-self.pupils // self.classes)


def grades_of(collector: Collector) -> list[GradeClasses]:
    """The grades that get slips class by class; empty where the audience is not asked by class."""
    known, school = AUDIENCES.get(collector.audience), collector.school
    if school is None or known is None or known.population not in FIRST_GRADES:
        return []
    asked = [
        (grade, school.pupils_by_grade.get(str(grade), 0))
        for grade in range(FIRST_GRADES[known.population], LAST_GRADE + 1)
    ]
    asked = [(grade, pupils) for grade, pupils in asked if pupils]
    classes = _classes(school, [pupils for _grade, pupils in asked])
    return [GradeClasses(grade, pupils, count) for (grade, pupils), count in zip(asked, classes, strict=True)]


def class_orders(grade: int, *, classes: int, size: int) -> list[Order]:
    """三年级1班, 三年级2班 … with the same number of slips each."""
    return [Order(class_name(grade, number), size) for number in range(1, classes + 1)]


def class_name(grade: int, number: int) -> str:
    """As it is printed, in Chinese: 三年级2班."""
    with translation.override("zh-hans"):
        return f"{grade_name(grade)}{number}班"


def proposed_orders(collector: Collector) -> list[Order]:
    """One batch for each probable class, as many slips as it has pupils; for adults one batch for all.

    Empty where nobody counts the people (residents of a township).
    """
    grades = grades_of(collector)
    if grades:
        return [
            Order(class_name(each.grade, number), size)
            for each in grades
            for number, size in enumerate(share_out(each.pupils, [1] * each.classes), 1)
            if size
        ]
    people = people_behind(collector) or 0
    full, rest = divmod(people, LARGEST_BATCH)
    return [Order("", LARGEST_BATCH)] * full + ([Order("", rest)] if rest else [])


def _classes(school: School, pupils: list[int]) -> list[int]:
    if not pupils:
        return []
    whole = sum(school.pupils_by_grade.values()) or 1
    # Of a complete secondary school the senior part's classes are not ours.
    own = round(school.classes * sum(pupils) / whole)
    least = [max(1, -(-count // LARGEST_BATCH)) for count in pupils]
    extra = share_out(max(0, own - len(pupils)), pupils)
    return [max(low, 1 + more) for low, more in zip(least, extra, strict=True)]
