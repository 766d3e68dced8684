"""Several sheets of one file read as one table: 小学 on one sheet, 初中 on the next.

Each sheet has headings and rows of its own. The lines are numbered through, so that no two are the same to
whatever checks them; what is said of a line names its sheet and the row it stands in there.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from analysis.columns import STAGES, plain, words
from analysis.findings import CHINESE, ENGLISH, Sentence, Texts
from analysis.indicator_files.headings import FoundTable, Heading, heading_key
from analysis.indicator_files.remarks import NOTE, Remark
from analysis.indicator_files.school_lines import SchoolLines, base_column, first_word, read_school_lines
from analysis.standard_parts import Standard


@dataclass(frozen=True)
class SheetPart:
    """The lines of one sheet; `before` is added to its row numbers."""

    name: str
    before: int
    lines: SchoolLines


@dataclass
class SheetLines(SchoolLines):
    """The lines of one or several sheets as one table."""

    parts: list[SheetPart] = field(default_factory=list)

    def row_of(self, line: int) -> Texts:
        if len(self.parts) < 2:
            return super().row_of(line)
        part = self._part(line)
        row = line - part.before
        return {CHINESE: f"“{part.name}”第{row}行", ENGLISH: f"row {row} of “{part.name}”"}

    def placed(self, remark: Remark) -> Remark:
        """The remark with its sheet, and the row and column letter that it has there."""
        if len(self.parts) < 2 or not remark.row:
            return remark
        part = self._part(remark.row)
        letter = remark.column
        if (letter, remark.heading) not in part.lines.places.values():
            here = (part.lines.places.get(key) for key, at in self.places.items() if at[1] == remark.heading)
            letter = next((place[0] for place in here if place), "")
        return replace(remark, row=remark.row - part.before, column=letter, sheet=part.name)

    def _part(self, line: int) -> SheetPart:
        return next(part for part in reversed(self.parts) if part.before < line)


def proposed(tables: Sequence[FoundTable]) -> list[FoundTable]:
    """The sheet whose headings tell most; with it all sheets that are named after a stage, if it is.

    Any other sheet may be last year's, or a summary of the same schools: somebody has to choose it.
    """
    if not tables:
        return []
    best = max(tables, key=lambda table: table.score)
    if not stage_of_name(best.sheet):
        return [best]
    return [table for table in tables if stage_of_name(table.sheet)]


def headings_in(tables: Sequence[FoundTable]) -> tuple[Heading, ...]:
    """The headings of all tables, each once; what is unclear in one of them is unclear."""
    found: dict[str, Heading] = {}
    for table in tables:
        for one in table.headings:
            key = heading_key(one.text)
            if key not in found or (found[key].is_sure and not one.is_sure):
                found[key] = one
    return tuple(found.values())


def read_tables(tables: Sequence[FoundTable], standard: Standard) -> SheetLines:
    """The lines of all tables in the order of their sheets."""
    whole = SheetLines()
    last = 0
    for table in tables:
        lines = read_school_lines(table, table.headings, standard)
        if len(tables) > 1:
            _stage_from_name(table.sheet, lines)
        whole.parts.append(SheetPart(table.sheet, last, lines))
        whole.records += [replace(record, line=record.line + last) for record in lines.records]
        whole.totals += [replace(total, row=total.row + last) for total in lines.totals]
        whole.remarks += [
            replace(remark, row=remark.row + last) if remark.row else remark for remark in lines.remarks
        ]
        for column, place in lines.places.items():
            whole.places.setdefault(column, place)
        last += max((row.number for row in table.rows), default=max(table.header_rows))
    return whole


def stage_of_name(sheet: str) -> str:
    """primary for a sheet called 小学 or 2026小学表; "" for none, or for several stages."""
    name = plain(sheet)
    found = {stage for word, stage in words("stage").items() if not word.isascii() and word in name}
    return found.pop() if len(found) == 1 and found <= set(STAGES) else ""


def _stage_from_name(sheet: str, lines: SchoolLines) -> None:
    """Rows of a sheet named after a stage are of that stage, if the sheet itself says nothing of stages."""
    stage = stage_of_name(sheet)
    if not stage or "stage" in lines.places or any(base_column(column)[1] for column in lines.places):
        return
    word = first_word("stage", stage) or ""
    lines.records = [replace(record, cells=record.cells | {"stage": word}) for record in lines.records]
    sentence = Sentence(
        "工作表“{sheet}”没有学段列，各行按“{stage}”读取。",
        "Sheet “{sheet}” has no column of stages; its rows were read as {stage}.",
        {"sheet": sheet, "stage": {CHINESE: word, ENGLISH: stage}},
    )
    lines.remarks.append(Remark(NOTE, "left_out", sentence))
