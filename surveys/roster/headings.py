"""Which row of a sheet is the header, and which column is what.

Real rosters have a title above, a header of two merged rows ("各年级学生数" over "一年级", "二年级", …),
other names for the same column and columns of their own. A merged cell's text stands in its upper left
cell only, so an upper heading is read as holding for the blank cells to its right.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from surveys.roster.cells import Row, Sheet
from surveys.roster.words import plain

# Field → headings, the best first. A sheet may have both 学校 and 学校名称: the better one is taken.
SCHOOL_HEADINGS: dict[str, tuple[str, ...]] = {
    "code": (
        "学校代码", "学校标识码", "学校(机构)标识码", "学校机构标识码", "学校(机构)代码", "学校编码",
        "学校编号", "机构代码", "标识码", "单位代码", "代码", "编码",
    ),
    "name": ("学校名称", "学校(机构)名称", "学校机构名称", "校名", "单位名称", "名称", "学校"),
    "township": (
        "乡镇", "所属乡镇", "所在乡镇", "乡镇(街道)", "乡镇街道", "所属乡镇(街道)", "所在乡镇(街道)", "镇街",
        "乡镇名称", "所属镇街", "所属街道",
    ),
    "stage": ("办学类型", "学校类型", "学校类别", "办学层次", "学段", "类别"),
    "location": (
        "城乡分类", "城乡类型", "城乡类别", "驻地城乡类型", "所在地城乡类型", "学校驻地城乡类型",
        "学校所在地城乡类型", "城乡分类代码", "城乡",
    ),
    "is_public": (
        "公办民办", "公办/民办", "公民办", "办学性质", "学校性质", "举办者类型", "举办性质", "举办者", "办别",
        "性质",
    ),
    "classes": ("班级数", "教学班数", "班数", "教学班", "班级总数", "教学班总数"),
    "teachers": ("教师数", "专任教师数", "专任教师", "教师人数", "专任教师人数", "教师"),
    "total": (
        "学生总数", "在校生数", "在校学生数", "学生数", "学生合计", "在校生总数", "学生人数", "在校生人数",
        "在校生合计", "在校学生总数", "各年级学生数", "各年级人数",
        "分年级学生数", "分年级在校生数", "各年级在校生数",
    ),
}  # fmt: skip
RESIDENT_HEADINGS: dict[str, tuple[str, ...]] = {
    "location": (*SCHOOL_HEADINGS["location"], "区域", "地区", "分类"),
    "people": ("常住人口", "常住人口数", "常住人口(人)", "人口数", "人口", "人数"),
    "source": ("数据来源", "来源", "资料来源", "出处"),
}
REQUIRED = ("code", "name", "township", "stage", "location", "is_public", "classes", "teachers")
GRADE_HEADINGS = {grade: f"{word}年级" for grade, word in enumerate("一二三四五六七八九", start=1)} | {
    grade: f"高{word}" for grade, word in enumerate("一二三", start=10)
}
IGNORED_HEADINGS = frozenset(("序号", "备注", "说明", "编制单位"))

_CHINESE_NUMBER = "一二三四五六七八九"
_GRADE_WORDS = (
    {f"{word}年级": grade for grade, word in enumerate(_CHINESE_NUMBER, start=1)}
    | {f"{grade}年级": grade for grade in range(1, 10)}
    | {
        f"{level}{word}{end}": grade
        for level, first, words in (("小", 1, "一二三四五六"), ("初", 7, "一二三"), ("高", 10, "一二三"))
        for grade, word in enumerate(words, start=first)
        for end in ("", "年级")
    }
    | {
        f"{level}{word}年级": grade
        for level, first, words in (
            ("小学", 1, "一二三四五六"), ("初中", 7, "一二三"), ("初中", 7, "七八九"), ("高中", 10, "一二三"),
        )
        for grade, word in enumerate(words, start=first)
    }
)  # fmt: skip
_SCHOOL_BY_WORD = {
    word: (field, rank) for field, words in SCHOOL_HEADINGS.items() for rank, word in enumerate(words)
}
_RESIDENT_BY_WORD = {
    word: (field, rank) for field, words in RESIDENT_HEADINGS.items() for rank, word in enumerate(words)
}
_DECORATION = re.compile(r"[*:★]|[(\[](人|个|名|班|单位:.*?|必填|选填|下拉选择)[)\]]")
_PEOPLE = re.compile(r"(在校)?(学生|生)?(人?数|人)$|在校生$|学生$")
_SUM = re.compile(r"(合计|小计|总计)$")
_MOST_HEADER_ROWS = 3
_LEAST_KNOWN = 4  # so many known headings make a header of schools


@dataclass(frozen=True)
class Column:
    """One column that was understood: `field` is a key above, or "grade_1" … "grade_12"."""

    index: int
    field: str
    heading: str


@dataclass(frozen=True)
class Header:
    """Where a block begins and what its columns are. `kind` is "schools" or "residents"."""

    kind: str
    rows: tuple[int, ...]
    columns: tuple[Column, ...]
    unused: tuple[tuple[int, str], ...] = ()
    doubtful: tuple[tuple[Column, Column], ...] = ()  # two columns that claim the same field

    def column(self, field: str) -> Column | None:
        return next((column for column in self.columns if column.field == field), None)

    @property
    def grades(self) -> dict[int, Column]:
        return {int(column.field[6:]): column for column in self.columns if column.field.startswith("grade_")}

    @property
    def missing(self) -> tuple[str, ...]:
        """Required fields without a column; "grades" if no column holds pupils of a grade."""
        if self.kind == "residents":
            return ()
        lacking = tuple(field for field in REQUIRED if self.column(field) is None)
        return lacking if self.grades else (*lacking, "grades")


def find_headers(sheet: Sheet) -> list[Header]:
    """The headers of a sheet from top to bottom: usually one, more if it is repeated on every page."""
    headers: list[Header] = []
    after = 0
    for position, row in enumerate(sheet.rows):
        if row.number <= after:
            continue
        header = _header_at(sheet.rows[position : position + _MOST_HEADER_ROWS])
        if header:
            headers.append(header)
            after = header.rows[-1]
    return headers


def letter(index: int) -> str:
    """0 → "A", 27 → "AB": the column's name in the spreadsheet program."""
    text, index = "", index + 1
    while index:
        index, rest = divmod(index - 1, 26)
        text = chr(65 + rest) + text
    return text


def _header_at(rows: Sequence[Row]) -> Header | None:
    """The header that begins at the first of these rows, over as many rows as tell most."""
    if not any(_simplified(cell) in _ALL_WORDS for cell in rows[0].cells):
        return None
    best: Header | None = None
    for height in range(1, len(rows) + 1):
        if rows[height - 1].number != rows[0].number + height - 1:
            break
        for candidate in (_school_header(rows[:height]), _resident_header(rows[:height])):
            if candidate and (best is None or _tells_more(candidate, best, rows[height - 1])):
                best = candidate
    return best


def _tells_more(taller: Header, best: Header, lowest: Row) -> bool:
    """Whether the header's lowest row belongs to it: it names more columns, or is no school's row at all."""
    if len(taller.columns) != len(best.columns):
        return len(taller.columns) > len(best.columns)
    keys = [column.index for column in best.columns if column.field in ("code", "name", "location")]
    filled = [plain(cell) for cell in lowest.cells if cell]
    return (
        len(filled) > 1 and not any(lowest.cell(index) for index in keys) and not any(map(_is_number, filled))
    )


def _is_number(text: str) -> bool:
    return text.replace(",", "").replace(".", "").isdigit()


def _school_header(rows: Sequence[Row]) -> Header | None:
    claims: dict[str, list[tuple[int, Column]]] = {}
    unused = []
    stacks = _stacks(rows)
    for index, stack in enumerate(stacks):
        heading = "／".join(dict.fromkeys(text for text in stack if text))
        found = _school_field(stack) or _bare_total(index, stacks)
        if found:
            field, rank = found
            claims.setdefault(field, []).append((rank, Column(index, field, heading)))
        elif heading and heading not in IGNORED_HEADINGS:
            unused.append((index, heading))
    if len(claims) < _LEAST_KNOWN or not claims.keys() & {"code", "name"}:
        return None
    columns, doubtful = [], []
    for claimed in claims.values():
        (rank, best), *others = sorted(claimed, key=lambda claim: (claim[0], claim[1].index))
        columns.append(best)
        doubtful += [(best, other) for other_rank, other in others if other_rank == rank]
        unused += [(other.index, other.heading) for other_rank, other in others if other_rank != rank]
    return Header(
        "schools", tuple(row.number for row in rows), tuple(columns), tuple(sorted(unused)), tuple(doubtful)
    )


def _resident_header(rows: Sequence[Row]) -> Header | None:
    if len(rows) != 1:
        return None
    columns: dict[str, Column] = {}
    for index, cell in enumerate(rows[0].cells):
        field, _ = _RESIDENT_BY_WORD.get(_simplified(cell), ("", 0))
        if field and field not in columns:
            columns[field] = Column(index, field, str(cell))
    if not {"location", "people"} <= columns.keys():
        return None
    return Header("residents", (rows[0].number,), tuple(columns.values()))


def _stacks(rows: Sequence[Row]) -> list[tuple[str, ...]]:
    """Per column its headings from top to bottom, an upper one reaching over the blank cells to its right."""
    width = max(len(row.cells) for row in rows)
    filled: list[list[str]] = []
    for depth, row in enumerate(rows):
        line, group = [], ""
        for index in range(width):
            text = _simplified(row.cell(index))
            below = any(lower.cell(index) for lower in rows[depth + 1 :])
            group = text or (group if below else "")
            line.append(group)
        filled.append(line)
    return [tuple(line[index] for line in filled) for index in range(width)]


def _school_field(stack: tuple[str, ...]) -> tuple[str, int] | None:
    """The field of a column by its stack of headings, with the rank of the word that told."""
    texts = [text for text in stack if text]
    if not texts:
        return None
    whole, last = "".join(dict.fromkeys(texts)), texts[-1]
    grade = next((found for text in (whole, *texts[::-1]) if (found := _grade(text))), None)
    if grade:
        # Classes or teachers of a grade, or its boys alone, are not its pupils.
        other = any("班" in text or "教" in text for text in texts)
        counts_pupils = _grade(whole) or _grade(last) or _PEOPLE.fullmatch(last)
        return (f"grade_{grade}", 0) if counts_pupils and not other else None
    # An upper heading alone says what its columns have in common, not what this one is.
    for text in (whole, last):
        for word in (text, _SUM.sub("", text)):
            if word in _SCHOOL_BY_WORD:
                return _SCHOOL_BY_WORD[word]
    return None


def _bare_total(index: int, stacks: list[tuple[str, ...]]) -> tuple[str, int] | None:
    """A column headed only 合计 holds the pupils' total if it stands beside a grade."""
    texts = {text for text in stacks[index] if text}
    if len(texts) != 1 or _SUM.sub("", *texts):
        return None
    beside = [stacks[place] for place in (index - 1, index + 1) if 0 <= place < len(stacks)]
    found = [_school_field(stack) for stack in beside]
    return ("total", 99) if any(field and field[0].startswith("grade_") for field in found) else None


def _grade(text: str) -> int | None:
    return _GRADE_WORDS.get(text) or _GRADE_WORDS.get(_PEOPLE.sub("", text))


def _simplified(cell: object) -> str:
    return _DECORATION.sub("", plain(cell))


_ALL_WORDS = frozenset(
    {*_SCHOOL_BY_WORD, *_RESIDENT_BY_WORD, *_GRADE_WORDS, *IGNORED_HEADINGS, "在校生", "学生"}
)
