"""Which rows of a sheet are its headings, and which column of the evaluation each of them is.

Real tables have a title above, headings of two or three merged rows, units in the headings ("教学仪器设备值
（万元）") and their own words. What the standard or an earlier import explains is taken; for the rest the
nearest column is suggested and somebody has to say yes.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from analysis.columns import STAGES, plain, words
from analysis.findings import CHINESE
from analysis.indicator_files.heading_words import MU, UNITS, Times, bare, without_stage, without_unit
from analysis.school_table import column_headings
from analysis.standard_parts import Standard
from surveys.roster.cells import Row, Sheet
from surveys.roster.headings import SCHOOL_HEADINGS

HEADER_WITHIN = 20  # rows in which the headings must come
MOST_HEADER_ROWS = 3
COLUMN_LETTERS = frozenset("甲乙丙丁戊己abcde")
MOST_COLUMNS = 200  # further ones are not looked at
MOST_SEARCHES = 400  # texts whose nearest column is looked for: a sheet of prose has no end of them
LEAST_FOREIGN = 4  # so many texts above numbers make a table, even if none of them is understood
SAMPLES = 3
LONGEST_HEADING = 200
IGNORED = frozenset(("序号", "编号", "备注", "说明", "no", "no."))
# Rosters' words for what tells one row from another.
ROSTER_FIELDS = {"name": "school", "code": "code", "location": "location", "is_public": "public"}
TIMES: tuple[Times, ...] = (1, 100, 1_000, 10_000, 10**8, MU)

_NUMBER = re.compile(r"[\d.,%]+")


@dataclass(frozen=True)
class Heading:
    """One heading. state: "own" (the standard's word), "known" (explained before), "suggested", "unknown",
    "ignored" (序号), "twice" (its column is taken by a better one). `column` "" is not used.
    """

    index: int
    text: str  # upper and lower ones joined: 专任教师／高于规定学历
    column: str = ""
    times: Times = 1
    state: str = "unknown"
    samples: tuple[str, ...] = ()

    @property
    def is_sure(self) -> bool:
        return self.state in ("own", "known", "ignored")


@dataclass(frozen=True)
class FoundTable:
    """Where a sheet's table begins, what its headings say, and the rows below them."""

    sheet: str
    header_rows: tuple[int, ...]
    headings: tuple[Heading, ...]
    rows: tuple[Row, ...]
    score: float = 0  # how much the headings tell


def heading_key(text: str) -> str:
    """How a foreign heading is remembered."""
    return plain(text)[:LONGEST_HEADING]


def find_table(
    sheets: Sequence[Sheet],
    standard: Standard,
    *,
    known: Mapping[str, tuple[str, Times]],
    school: str = "school",
) -> FoundTable | None:
    """The table whose headings tell most; None if no sheet has anything like headings."""
    found = find_tables(sheets, standard, known=known, school=school)
    return max(found, key=lambda table: table.score, default=None)


def find_tables(
    sheets: Sequence[Sheet],
    standard: Standard,
    *,
    known: Mapping[str, tuple[str, Times]],
    school: str = "school",
) -> list[FoundTable]:
    """The table of every sheet that has one, in the file's order.

    known: heading_key → (column, times) as the county explained them before; column "" is not used.
    """
    reader = _Reader(standard, known)
    found = []
    for sheet in sheets:
        places = range(min(HEADER_WITHIN, len(sheet.rows)))
        tables = [table for place in places if (table := reader.table_at(sheet, place, needed=school))]
        if tables:
            score, best = max(tables, key=lambda table: table[0])
            found.append(replace(best, score=score))
    return found


def choices_of(standard: Standard) -> list[str]:
    """Every column a heading may be said to be, in the order of the standard's list."""
    texts = ("school", "code", "school_type", "stage", "public", "location", "amounts_of")
    columns = [*standard.columns]
    stages = [f"{key}_{stage}" for key in columns for stage in STAGES]
    return [*texts, *columns, *standard.indicators, *stages]


class _Reader:
    """Headings of one standard and one county."""

    def __init__(self, standard: Standard, known: Mapping[str, tuple[str, Times]]) -> None:
        self.known = known
        self.by_plain = column_headings(standard)
        self.by_bare: dict[str, str] = {}
        for text, column in self.by_plain.items():
            self.by_bare.setdefault(bare(text), column)
        for field, column in ROSTER_FIELDS.items():
            for text in SCHOOL_HEADINGS[field]:
                self.by_bare.setdefault(bare(plain(text)), column)
        self.spellings = list(self.by_bare)
        self.near: dict[str, str] = {}
        self.seen: dict[tuple[str, ...], Heading] = {}
        self.money = {key for key, column in standard.columns.items() if column.is_money}
        self.areas = {key for key, column in standard.columns.items() if column.unit[CHINESE] == "㎡"}

    def table_at(self, sheet: Sheet, place: int, *, needed: str) -> tuple[float, FoundTable] | None:
        """The table whose headings begin at this row, and how much they tell."""
        best: tuple[float, FoundTable] | None = None
        first = sheet.rows[place].number
        for height in range(1, MOST_HEADER_ROWS + 1):
            rows = sheet.rows[place : place + height]
            if sum(1 for cell in rows[0].cells if str(cell).strip()) < 2:
                break  # a title
            if len(rows) < height or rows[-1].number != first + height - 1 or _has_numbers(rows[-1]):
                break
            headings = self.headings(rows)
            if len(headings) < 2 or (len(headings) > 2 and len({h.text for h in headings}) == 1):
                continue
            school = next((h for h in headings if h.column == needed and h.is_sure), None)
            if height > 1 and school and str(rows[-1].cell(school.index)).strip() and not _is_units(rows[-1]):
                told_before = best[0] if best else 0
                if self.score(headings, needed) <= told_before + 1:
                    break  # the row names a school: it is data without numbers
            score = self.score(headings, needed) - 0.01 * height
            below = [row for row in sheet.rows[place + height :] if not is_numbering(row)]
            is_table = score >= 2 or (len(headings) >= LEAST_FOREIGN and any(map(_has_numbers, below[:3])))
            if is_table and (best is None or score > best[0]):
                above = [str(cell) for row in sheet.rows[:place] for cell in row.cells]
                best = (
                    score,
                    FoundTable(
                        sheet.name, tuple(row.number for row in rows),
                        self.with_samples(self.with_unit_above(headings, above), below), tuple(below),
                    ),
                )  # fmt: skip
        return best

    def score(self, headings: Sequence[Heading], needed: str) -> float:
        sure = sum(1 for one in headings if one.column and one.is_sure)
        suggested = sum(1 for one in headings if one.state == "suggested")
        found = any(one.column == needed for one in headings)
        return sure + 0.5 * suggested + (3 if found else 0)

    def headings(self, rows: Sequence[Row]) -> tuple[Heading, ...]:
        found = []
        for index, stack in enumerate(_stacks(rows)):
            texts = list(dict.fromkeys(text for text in stack if text))
            if texts:
                key = tuple(texts)
                if key not in self.seen:  # the same rows are tried from several places
                    self.seen[key] = self.heading(index, texts)
                found.append(replace(self.seen[key], index=index))
        return tuple(_each_column_once(found))

    def heading(self, index: int, texts: list[str]) -> Heading:
        text = "／".join(texts)[:LONGEST_HEADING]
        if heading_key(text) in self.known:
            column, times = self.known[heading_key(text)]
            return Heading(index, text, column, times, "known")
        if plain(texts[-1]) in IGNORED:
            return Heading(index, text, state="ignored")
        times: Times = 1
        stage, bare_texts = "", []
        for one in texts:
            word, its_times = without_unit(plain(one))
            times = max(times, its_times)
            if word in words("stage"):
                stage = words("stage")[word]
            elif word:
                word, its_stage = without_stage(word)
                stage = its_stage or stage
                bare_texts.append(word)
        if not bare_texts:
            return Heading(index, text, times=times)
        for candidate in (*(plain(one) for one in texts[-1:]), bare_texts[-1], "".join(bare_texts)):
            column = self.by_plain.get(candidate) or self.by_bare.get(bare(candidate))
            if column:
                # 亩 of anything but an area is a slip that somebody has to look at.
                state = "own" if times != MU or column in self.areas else "suggested"
                return Heading(index, text, self.staged(column, stage), times, state)
        near = self.nearest(bare("".join(bare_texts))) or self.nearest(bare(bare_texts[-1]))
        if near:
            return Heading(index, text, self.staged(near, stage), times, "suggested")
        return Heading(index, text, times=times)

    def nearest(self, text: str) -> str:
        """The column with the most similar heading, "" if none is similar; of so many texts and no more."""
        if text not in self.near and len(self.near) < MOST_SEARCHES:
            found = difflib.get_close_matches(text, self.spellings, n=1, cutoff=0.55)
            self.near[text] = self.by_bare[found[0]] if found else ""
        return self.near.get(text, "")

    def staged(self, column: str, stage: str) -> str:
        staged = f"{column}_{stage}"
        return staged if stage and self.by_plain.get(plain(staged)) else column

    def with_unit_above(self, headings: tuple[Heading, ...], above: Sequence[str]) -> tuple[Heading, ...]:
        """“单位：万元” or 亩 over the whole table: suggested for money or areas without their own unit."""
        units = [text for text in map(plain, above) if "单位" in text]
        for unit, times, columns, own in (
            ("万元", 10_000, self.money, ("元",)),
            ("亩", MU, self.areas, ("m2", "平方米", "平米")),
        ):
            if any(unit in text for text in units):
                headings = tuple(
                    replace(one, times=times, state="suggested")
                    if one.column in columns
                    and one.times == 1
                    and one.state == "own"
                    and not any(sign in plain(one.text) for sign in own)
                    else one
                    for one in headings
                )
        return headings

    def with_samples(self, headings: tuple[Heading, ...], below: Sequence[Row]) -> tuple[Heading, ...]:
        return tuple(
            replace(
                one,
                samples=tuple(
                    [text for row in below[:12] if (text := str(row.cell(one.index)).strip())][:SAMPLES]
                ),
            )
            for one in headings
        )


def _each_column_once(headings: list[Heading]) -> list[Heading]:
    """Two columns that claim the same one: the surer keeps it, the other has to be asked about."""
    rank = {"known": 0, "own": 1, "suggested": 2}
    kept: dict[str, Heading] = {}
    for one in sorted(headings, key=lambda one: (rank.get(one.state, 3), one.index)):
        if one.column:
            kept.setdefault(one.column, one)
    return [
        replace(one, column="", state="twice") if one.column and kept[one.column] is not one else one
        for one in headings
    ]


def _stacks(rows: Sequence[Row]) -> list[tuple[str, ...]]:
    """Per column its headings from top to bottom; an upper one reaches over the blank cells to its right."""
    width = min(MOST_COLUMNS, max(len(row.cells) for row in rows))
    lines = []
    for depth, row in enumerate(rows):
        line, group = [], ""
        for index in range(width):
            text = " ".join(str(row.cell(index)).split())[:LONGEST_HEADING]
            has_below = any(str(lower.cell(index)).strip() for lower in rows[depth + 1 :])
            group = text or (group if has_below else "")
            line.append(group)
        lines.append(line)
    return [tuple(line[index] for line in lines) for index in range(width)]


def _has_numbers(row: Row) -> bool:
    return any(_NUMBER.fullmatch(plain(str(cell))) for cell in row.cells if str(cell).strip())


def is_numbering(row: Row) -> bool:
    """A row that only counts the columns: 甲, 乙, 1, 2, 3, …"""
    filled = [plain(str(cell)).strip("()") for cell in row.cells if str(cell).strip()]
    numbers = [int(text) for text in filled if text.isdecimal() and len(text) < 4]
    is_run = len(numbers) > 2 and numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    return is_run and numbers[0] < 3 and all(text.isdecimal() or text in COLUMN_LETTERS for text in filled)


def _is_units(row: Row) -> bool:
    filled = [plain(str(cell)).strip("()") for cell in row.cells if str(cell).strip()]
    return bool(filled) and all(text in UNITS for text in filled)
