"""The canonical indicator table → schools by stage and whole schools. No Django.

One row per school, or per school and stage. Rows of one school are put together, a school of several stages
is divided (`splitting`), and everything doubtful is said. The result does not depend on the order of rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, NoReturn

from analysis.columns import (
    STAGE_NAMES,
    STAGES,
    STAGES_OF_TYPE,
    called,
    first_words,
    plain,
    text_headings,
    words,
)
from analysis.facts import SchoolRow
from analysis.file_errors import in_cell, in_row
from analysis.findings import CHINESE, ENGLISH, NO_UNIT, Sentence, Texts
from analysis.quantities import NotANumber, read_number
from analysis.splitting import StageAmounts, divide, whole_school
from analysis.standard_parts import SettingValues, Standard

TYPES_BY_STAGES = {
    ("primary",): "primary",
    ("junior",): "junior",
    ("primary", "junior"): "nine_year",
    ("junior", "senior"): "complete",
    STAGES: "twelve_year",
    ("senior",): "senior",
}


STAGE_IN_ERRORS: dict[str, Texts] = {
    stage: {CHINESE: f"（{names[CHINESE]}）", ENGLISH: f" for stage '{stage}'"} if stage else NO_UNIT
    for stage, names in STAGE_NAMES.items()
}


@dataclass(frozen=True)
class Record:
    """One line of a table: its number in the file, and the text of each known column."""

    line: int
    cells: Mapping[str, str]


@dataclass(frozen=True)
class SchoolTable:
    """What the table says: rows by stage, whole schools, the columns it has, and what was doubtful."""

    rows: tuple[SchoolRow, ...]
    schools: tuple[SchoolRow, ...]
    columns: frozenset[str]
    doubts: tuple[Sentence, ...] = ()


@dataclass
class _Line:
    """One record, read."""

    line: int
    school: str
    school_type: str
    stage: str
    is_public: bool | None
    location: str
    amounts_of: str
    numbers: dict[str, Fraction] = field(default_factory=dict)
    marks: dict[str, bool] = field(default_factory=dict)
    ratios: dict[str, Fraction] = field(default_factory=dict)


def column_headings(standard: Standard) -> dict[str, str]:
    """Heading as compared → column, with the stages of a column behind its name (`pupils_primary`).

    An indicator's own name heads ratios that are given in place of raw amounts, as in published tables.
    """
    found: dict[str, str] = {}
    for key, headings in text_headings().items():
        found |= {plain(heading): key for heading in headings}
    for key, indicator in standard.indicators.items():
        found |= {plain(spelling): key for spelling in (key, *indicator.name.values())}
    for key, column in standard.columns.items():
        spellings = (key, *column.name.values(), *column.headings)
        found |= {plain(spelling): key for spelling in spellings}
        found |= {f"{key}_{stage}": f"{key}_{stage}" for stage in STAGES}
    return found


def school_table(
    records: Sequence[Record], *, standard: Standard, settings: SettingValues, name: str
) -> SchoolTable:
    """The schools that the records describe; `name` stands for the file in messages."""
    lines = [_read_line(record, standard, name) for record in records]
    by_school: dict[str, list[_Line]] = {}
    for line in lines:
        by_school.setdefault(line.school, []).append(line)
    rows: list[SchoolRow] = []
    schools: list[SchoolRow] = []
    doubts: list[Sentence] = []
    for school in sorted(by_school):
        found, whole, doubt = _school(by_school[school], standard, settings, name)
        rows += found
        schools.append(whole)
        doubts += doubt
    columns = {column for record in records for column in record.cells}
    columns |= {column.rpartition("_")[0] for column in columns if column.rpartition("_")[2] in STAGES}
    return SchoolTable(tuple(rows), tuple(schools), frozenset(columns), tuple(doubts))


def _read_line(record: Record, standard: Standard, name: str) -> _Line:
    cells, columns = record.cells, standard.columns

    def refuse(column: str, zh: str, en: str, **values: Any) -> NoReturn:
        raise in_cell(name, record.line, called(column, columns), zh, en, **values)

    def word(column: str) -> str:
        text = plain(cells.get(column, ""))
        if text and text not in words(column):
            refuse(
                column, "填写了“{found}”，可填：{allowed}。", "found '{found}'; allowed: {allowed}",
                found=cells[column], allowed=first_words(column),
            )  # fmt: skip
        return words(column).get(text, "")

    school = " ".join(cells.get("school", "").split())
    if not school:
        refuse("school", "没有填写；每行都应有学校名称。", "is blank; every row names its school")
    public = word("public")
    line = _Line(
        record.line,
        f"{school} [{cells['code'].strip()}]" if cells.get("code", "").strip() else school,
        word("school_type"),
        word("stage"),
        None if not public else public == "yes",
        word("location"),
        word("amounts_of"),
    )
    for key, text in cells.items():
        base = key.rpartition("_")[0] if key.rpartition("_")[2] in STAGES else key
        column = columns.get(key) or columns.get(base)
        if column is None and key not in standard.indicators:
            continue
        if column is not None and column.is_yes_no:
            if text.strip():
                answer = words("yes_no").get(plain(text))
                if answer is None:
                    refuse(
                        key, "填写了“{found}”，可填：{allowed}。", "found '{found}'; allowed: {allowed}",
                        found=text, allowed=first_words("yes_no"),
                    )  # fmt: skip
                line.marks[key] = answer == "yes"
            continue
        try:
            number = read_number(text)
        except NotANumber as error:
            refuse(key, "{why}", "{why}", why=error.texts)
        else:
            if number is not None:
                (line.ratios if column is None else line.numbers)[key] = number
    return line


def _school(
    lines: list[_Line], standard: Standard, settings: SettingValues, name: str
) -> tuple[list[SchoolRow], SchoolRow, list[Sentence]]:
    """The rows of one school by stage, the whole school, and what was doubtful about it."""
    first = lines[0]
    by_stage = _by_stage(lines, name)
    school_type = _type(lines, by_stage, name)
    if by_stage.keys() <= {""} and len(STAGES_OF_TYPE[school_type]) != 1:
        stages = _stages_of_one_row(first, school_type)
    else:
        own = STAGES_OF_TYPE[school_type]
        stages = {stage or (own[0] if own else ""): _amounts(line) for stage, line in by_stage.items()}
    of = {line.amounts_of for line in lines if line.amounts_of}
    about: dict[str, Any] = {
        "school": first.school,
        "school_type": school_type,
        "is_public": next((line.is_public for line in lines if line.is_public is not None), None),
        "location": next((line.location for line in lines if line.location), ""),
        "line": first.line,
    }
    divided, doubts = divide(
        stages,
        whole=_amounts(first) if len(lines) == 1 and len(stages) > 1 else None,
        amounts_of=of.pop() if len(of) == 1 else "",
        school=first.school,
        school_type=school_type,
        standard=standard,
        settings=settings,
    )
    rows = [
        SchoolRow(
            stage=stage, numbers=one.numbers, marks=one.marks, ratios=one.ratios, parts=one.parts, **about
        )
        for stage, one in sorted(divided.items(), key=lambda item: STAGES.index(item[0]) if item[0] else -1)
    ]
    joined = whole_school(divided, _amounts(first) if len(lines) == 1 else None, standard.columns)
    return rows, SchoolRow(stage="", numbers=joined.numbers, marks=joined.marks, **about), doubts


def _amounts(line: _Line) -> StageAmounts:
    return StageAmounts(dict(line.numbers), dict(line.marks), dict(line.ratios))


def _by_stage(lines: list[_Line], name: str) -> dict[str, _Line]:
    found: dict[str, _Line] = {}
    for line in sorted(lines, key=lambda line: line.line):
        if line.stage in found:
            raise in_row(
                name,
                line.line,
                "“{school}”{stage}在第{first}行已出现；每校（每校每学段）一行，同名学校请用“学校代码”区分。",
                "'{school}'{stage} stands already in row {first}; one row per school, or per school and "
                "stage (tell two schools of one name apart by 'code')",
                school=line.school,
                stage=STAGE_IN_ERRORS[line.stage],
                first=found[line.stage].line,
            )
        found[line.stage] = line
    if "" in found and len(found) > 1:
        raise in_row(
            name,
            found[""].line,
            "“{school}”有的行填了学段，有的行没有；学段可填：{allowed}。",
            "'{school}' has a row without a stage beside others; allowed in 'stage': {allowed}",
            school=lines[0].school,
            allowed=first_words("stage"),
        )
    return found


def _word(kind: str, value: str) -> Texts:
    return {CHINESE: first_words(kind, (value,))[CHINESE], ENGLISH: value}


def _type(lines: list[_Line], by_stage: Mapping[str, _Line], name: str) -> str:
    """The type all rows of a school agree on; from their stages where none is given."""
    given = sorted({line.school_type for line in lines if line.school_type})
    first = lines[0]
    if len(given) > 1:
        raise in_row(
            name,
            first.line,
            "“{school}”的办学类型不一致（{types}）；一所学校只有一种类型。",
            "'{school}' has the types {types}; allowed: one",
            school=first.school,
            types=[_word("school_type", one) for one in given],
        )
    stages = tuple(stage for stage in STAGES if stage in by_stage)
    if not given:
        named = tuple(stage for stage in STAGES if any(f"pupils_{stage}" in line.numbers for line in lines))
        found = TYPES_BY_STAGES.get(stages or named)
        if found is None:
            raise in_row(
                name,
                first.line,
                "“{school}”既没有办学类型也没有学段；学段可填：{allowed}。",
                "'{school}' has neither 'school_type' nor 'stage'; allowed in 'stage': {allowed}",
                school=first.school,
                allowed=first_words("stage"),
            )
        return found
    may_have = STAGES_OF_TYPE[given[0]]
    for stage in stages:
        if stage not in may_have:
            raise in_row(
                name,
                by_stage[stage].line,
                "“{type}”类学校没有“{stage}”学段；可填：{allowed}。",
                "a school of type '{type}' has no stage '{stage}'; allowed: {allowed}",
                type=_word("school_type", given[0]),
                stage=_word("stage", stage),
                allowed=first_words("stage", may_have) if may_have else {CHINESE: "留空", ENGLISH: "(blank)"},
            )
    return given[0]


def _stages_of_one_row(line: _Line, school_type: str) -> dict[str, StageAmounts]:
    """A school of several stages in one row: columns `<name>_<stage>` are what each stage has of its own."""
    stages = STAGES_OF_TYPE[school_type]
    if not stages:
        return {"": _amounts(line)}
    return {
        stage: StageAmounts(
            {
                key.removesuffix(f"_{stage}"): v
                for key, v in line.numbers.items()
                if key.endswith(f"_{stage}")
            },
            {
                **{key: mark for key, mark in line.marks.items() if key.rpartition("_")[2] not in STAGES},
                **{
                    key.removesuffix(f"_{stage}"): v
                    for key, v in line.marks.items()
                    if key.endswith(f"_{stage}")
                },
            },
        )
        for stage in stages
    }
