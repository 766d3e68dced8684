"""A school table against the county's roster and against the table of an earlier year."""

from __future__ import annotations

import difflib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from analysis.columns import STAGE_NAMES, STAGES_OF_TYPE, plain, words
from analysis.findings import CHINESE, ENGLISH, Quantity, Sentence
from analysis.indicator_files.figure_checks import figures_of
from analysis.indicator_files.remarks import DOUBT, ERROR, MOST_ALIKE, Remark
from analysis.indicator_files.school_lines import SchoolLines, base_column
from analysis.school_table import Record
from analysis.standard_parts import Standard

TIMES_OFF = 10  # from one year to the next
LEAST_COMPARED = 20  # smaller counts jump: one 骨干教师 may become twelve
PUPILS_APART = Fraction(1, 2)  # of the roster's figure

MOST_STRANGERS = 300  # whose nearest name is looked for

_GRADES = {"primary": (1, 6), "junior": (7, 9), "senior": (10, 12)}


@dataclass(frozen=True)
class RosterSchool:
    """A school as the roster has it; pupils by grade as "1"…"12"."""

    code: str
    name: str
    stage: str
    pupils_by_grade: Mapping[str, int]

    def pupils(self, stage: str) -> int:
        first, last = _GRADES.get(stage, (1, 12))
        return sum(count for grade, count in self.pupils_by_grade.items() if first <= int(grade) <= last)


class Roster:
    """The county's schools, found by code or by name."""

    def __init__(self, schools: Iterable[RosterSchool]) -> None:
        self.schools = list(schools)
        self.strangers = 0
        self.by_code = {school.code: school for school in self.schools}
        names: dict[str, list[RosterSchool]] = defaultdict(list)
        for school in self.schools:
            names[plain(school.name)].append(school)
        self.by_name = {name: found[0] for name, found in names.items() if len(found) == 1}

    def find(self, record: Record) -> RosterSchool | None:
        code = record.cells.get("code", "")
        return self.by_code.get(code) or self.by_name.get(plain(record.cells.get("school", "")))

    def nearest(self, name: str) -> str:
        """The roster's name that is most like this one; of the first few hundred strangers only."""
        self.strangers += 1
        if self.strangers > MOST_STRANGERS:
            return ""
        near = difflib.get_close_matches(plain(name), list(self.by_name), n=1, cutoff=0.6)
        return self.by_name[near[0]].name if near else ""


def roster_doubts(lines: SchoolLines, roster: Roster, standard: Standard) -> Iterator[Remark]:
    """Schools that are not on the roster, missing, or twice; other pupils and stages than the roster has."""
    if not roster.schools:
        return
    rows: dict[str, list[Record]] = defaultdict(list)
    for record in lines.records:
        found = roster.find(record)
        name = record.cells.get("school", "")
        if found:
            rows[found.code].append(record)
        elif name:
            near = roster.nearest(name)
            sentence = (
                Sentence("名册中没有这所学校，最接近的是“{near}”。",
                         "This school is not on the roster; the nearest name is {near}.", {"near": near})
                if near
                else Sentence("名册中没有这所学校。", "This school is not on the roster.")
            )  # fmt: skip
            yield Remark(DOUBT, "roster", sentence, record.line, *lines.at("school"), name)
    yield from _missing([school.name for school in roster.schools if school.code not in rows])
    for school in roster.schools:
        if school.code in rows:
            yield from _school_doubts(school, rows[school.code], lines, standard)


def twice(lines: SchoolLines) -> Iterator[Remark]:
    """A school and stage that stands in two rows: no one can say which counts."""
    first: dict[tuple[str, str, str], int] = {}
    for record in lines.records:
        cells = record.cells
        name, stage = cells.get("school", ""), cells.get("stage", "")
        key = (plain(name), cells.get("code", ""), stage)
        if name and key in first:
            sentence = Sentence(
                "这所学校{stage}在{row}已出现，请只保留一行。",
                "This school{stage} stands in {row} too; keep one of the two rows.",
                {"row": lines.row_of(first[key]), "stage": {"zh-hans": f"（{stage}）" if stage else "",
                                              "en": f" ({stage})" if stage else ""}},
            )  # fmt: skip
            yield Remark(ERROR, "twice", sentence, record.line, *lines.at("school"), name)
        first.setdefault(key, record.line)


def before_doubts(
    lines: SchoolLines, before: Sequence[Record], standard: Standard, *, year: int
) -> Iterator[Remark]:
    """Figures ten times larger or smaller than the same school's in the table of that earlier year."""
    known = {_key(record): figures_of(record, standard) for record in before}
    for record in lines.records:
        old = known.get(_key(record))
        for column, number in figures_of(record, standard).items() if old else ():
            was = old.get(column)
            if not was or not number or max(was, number) < LEAST_COMPARED:
                continue
            if number >= was * TIMES_OFF or number * TIMES_OFF <= was:
                unit = standard.columns[base_column(column)[0]].unit
                sentence = Sentence(
                    "{year}年为{was}，本次为{now}，相差10倍以上。",
                    "{was} in {year}, {now} now: ten times off.",
                    {"year": str(year), "was": Quantity(was, unit), "now": Quantity(number, unit)},
                )
                school = record.cells.get("school", "")
                yield Remark(DOUBT, "before", sentence, record.line, *lines.at(column), school)


def _key(record: Record) -> tuple[str, str]:
    return plain(record.cells.get("school", "")), record.cells.get("stage", "")


def _missing(names: list[str]) -> Iterator[Remark]:
    """Schools that the table lacks: each by itself, or all in one sentence if there are many."""
    if len(names) > MOST_ALIKE:
        joined = {CHINESE: "、".join(names), ENGLISH: ", ".join(names)}
        sentence = Sentence(
            "名册中有{count}所学校不在表中：{names}。",
            "{count} schools of the roster are not in the table: {names}.",
            {"count": len(names), "names": joined},
        )
        yield Remark(DOUBT, "roster", sentence)
        return
    for name in names:
        sentence = Sentence(
            "名册中的“{name}”不在表中。", "{name} is on the roster and not in the table.", {"name": name}
        )
        yield Remark(DOUBT, "roster", sentence, school=name)


def _school_doubts(
    school: RosterSchool, records: list[Record], lines: SchoolLines, standard: Standard
) -> Iterator[Remark]:
    names = {plain(record.cells.get("school", "")) for record in records}
    stages = [record.cells.get("stage", "") for record in records]
    first = records[0]
    if len(names) > 1 or len(set(stages)) < len(stages):
        sentence = Sentence("与名册中的同一所学校“{name}”对应了{count}行。",
                            "{count} rows stand for one school of the roster, {name}.",
                            {"name": school.name, "count": len(records)})  # fmt: skip
        yield Remark(DOUBT, "roster", sentence, first.line, *lines.at("school"), school.name)
    given = {words("stage").get(plain(stage), "") for stage in stages} - {""}
    lacking = [
        stage for stage in STAGES_OF_TYPE.get(school.stage, ()) if stage not in given and stage != "senior"
    ]
    if given and lacking and len(STAGES_OF_TYPE[school.stage]) > 1:
        sentence = Sentence("缺少{stages}的数据行。", "There is no row for its {stages} part.",
                            {"stages": [STAGE_NAMES[stage] for stage in lacking]})  # fmt: skip
        yield Remark(DOUBT, "roster", sentence, first.line, *lines.at("stage"), school.name)
    for record in records:
        stage = words("stage").get(plain(record.cells.get("stage", "")), "")
        on_roster, stated = school.pupils(stage), figures_of(record, standard).get("pupils")
        if on_roster and stated and abs(stated - on_roster) > on_roster * PUPILS_APART:
            unit = standard.columns["pupils"].unit
            sentence = Sentence(
                "学生数{stated}，名册中为{roster}。", "{stated}; the roster has {roster}.",
                {"stated": Quantity(stated, unit), "roster": Quantity(Fraction(on_roster), unit)},
            )  # fmt: skip
            yield Remark(DOUBT, "roster", sentence, record.line, *lines.at("pupils"), school.name)
