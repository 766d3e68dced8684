"""The rows below a table's headings → records of the school table; cells that cannot be used are named.

Numbers are kept exactly as written, in the column's own unit; words as the first of their spellings. What
nobody knows stays blank.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from analysis.columns import STAGES, plain, text_headings, words
from analysis.findings import CHINESE, ENGLISH, Sentence, Texts
from analysis.indicator_files.heading_words import Times
from analysis.indicator_files.headings import FoundTable, Heading
from analysis.indicator_files.remarks import ERROR, NOTE, Remark
from analysis.quantities import NotANumber, read_number
from analysis.school_table import Record
from analysis.standard_parts import Standard
from surveys.roster import words as roster_words
from surveys.roster.cells import Odd, Row
from surveys.roster.headings import letter

WORD_COLUMNS = ("school_type", "stage", "public", "location", "amounts_of")
# What a merged cell of several rows says once: the rows of one school.
ABOUT_THE_SCHOOL = ("school", "code", "school_type", "public", "location", "amounts_of")

_TOTAL = re.compile(r"(全[县市区旗]|本[县市区])?(合计|总计|小计)(数|[:：].*)?|total")
_GRAND_TOTAL = re.compile(r"(全[县市区旗]|本[县市区])?(合计|总计)(数|[:：].*)?|total")
_NOTE = re.compile(
    r"(注|备注|说明|填表|填报|制表|审核|负责人|单位负责人|联系|统计时间|数据来源|日期)[^校园学]*[:：].*"
)
_COLUMN_NUMBERS = frozenset(("甲", "乙", "丙", "丁", "a", "b", "c", "-1", "(1)", "(甲)", "(乙)"))


@dataclass(frozen=True)
class Totals:
    """A row of totals: its row and the figure of each column."""

    row: int
    figures: dict[str, Fraction]


@dataclass
class SchoolLines:
    """What the rows say. `places`: column → (letter, heading) for messages."""

    records: list[Record] = field(default_factory=list)
    remarks: list[Remark] = field(default_factory=list)
    totals: list[Totals] = field(default_factory=list)
    places: dict[str, tuple[str, str]] = field(default_factory=dict)

    def at(self, column: str) -> tuple[str, str]:
        return self.places.get(column, ("", _name(column)))

    def row_of(self, line: int) -> Texts:
        """Where a line stands, inside a sentence."""
        return {CHINESE: f"第{line}行", ENGLISH: f"row {line}"}


def read_school_lines(found: FoundTable, headings: Sequence[Heading], standard: Standard) -> SchoolLines:
    """The records of a table whose headings have been explained (each used one has its column)."""
    used = {one.column: one for one in headings if one.column}
    lines = SchoolLines(places={column: (letter(one.index), one.text) for column, one in used.items()})
    unused = [one.text for one in headings if not one.column and one.state != "ignored"]
    if unused:
        lines.remarks.append(Remark(NOTE, "left_out", listed("未使用的列：", "Columns not used: ", unused)))
    above: dict[str, str] = {}
    for row in found.rows:
        cells = {column: row.cell(one.index) for column, one in used.items()}
        what = _kind_of_row(row, cells)
        if what == "total":
            lines.totals.append(Totals(row.number, _figures(cells, used, standard)))
        if what:
            if what != "heading":
                lines.remarks.append(Remark(NOTE, "left_out", _left_out(row), row.number))
            continue
        record = _record(row.number, cells, used, standard, lines, above)
        above = {column: record.cells.get(column, "") for column in ABOUT_THE_SCHOOL}
        lines.records.append(record)
    return lines


def number_text(number: Fraction) -> str:
    """A number exactly, as a cell holds it: 3900000, 4.5; as a fraction where no decimals are exact."""
    if number.denominator == 1:
        return str(number.numerator)
    rest = number.denominator
    for factor in (2, 5):
        while rest % factor == 0:
            rest //= factor
    if rest != 1:
        return f"{number.numerator}/{number.denominator}"
    digits = 0
    while (number * 10**digits).denominator != 1:
        digits += 1
    whole = str(int(number * 10**digits)).rjust(digits + 1, "0")
    return f"{whole[:-digits]}.{whole[-digits:]}"


def first_word(column: str, text: str) -> str | None:
    """The spelling that is kept for a word: 完小 → 小学; None for a word that is not allowed."""
    value = words(column).get(plain(text))
    if value is None:
        return None
    return next(spelling for spelling, its in _spellings(column) if its == value)


def base_column(column: str) -> tuple[str, str]:
    """pupils_primary → pupils, primary; pupils → pupils, ""."""
    base, _, end = column.rpartition("_")
    return (base, end) if end in STAGES else (column, "")


def _record(
    row: int,
    cells: dict[str, str | Odd],
    used: dict[str, Heading],
    standard: Standard,
    lines: SchoolLines,
    above: dict[str, str],
) -> Record:
    kept: dict[str, str] = {}
    same_school = not str(cells.get("school", "")).strip() and bool(above.get("school"))
    school = above["school"] if same_school else _school_name(cells.get("school", ""))
    if same_school:
        sentence = Sentence(
            "学校名称为空，按上一行“{school}”读取。",
            "No name; read as {school} of the row above.",
            {"school": school},
        )
        lines.remarks.append(Remark(NOTE, "left_out", sentence, row, *lines.at("school"), school))
    for column, cell in cells.items():
        place = (row, *lines.at(column), school)
        if isinstance(cell, Odd):
            lines.remarks.append(Remark(ERROR, "entry", _odd(cell), *place))
            continue
        text = cell.strip()
        if column == "school":
            kept[column] = school
        elif column == "code":
            kept[column] = plain(text)
        elif column in WORD_COLUMNS:
            word = first_word(column, text) if text else ""
            if word is None:
                lines.remarks.append(Remark(ERROR, "entry", _not_allowed(column, text), *place))
            kept[column] = word or ""
        elif (asked := standard.columns.get(base_column(column)[0])) is not None and asked.is_yes_no:
            word = first_word("yes_no", text) if text else ""
            if word is None:
                lines.remarks.append(Remark(ERROR, "entry", _not_allowed("yes_no", text), *place))
            kept[column] = word or ""
        else:
            try:
                number = _number(text, used[column].times)
            except NotANumber as error:
                lines.remarks.append(Remark(ERROR, "entry", error.sentence, *place))
                number = None
            kept[column] = "" if number is None else number_text(number)
        if same_school and column in ABOUT_THE_SCHOOL and not kept[column]:
            kept[column] = above.get(column, "")
    if not school:
        blank = Sentence("没有学校名称；每行都应填写。", "There is no school name; every row needs one.")
        lines.remarks.append(Remark(ERROR, "entry", blank, row, *lines.at("school")))
    return Record(row, kept)


def _number(text: str, times: Times) -> Fraction | None:
    """The figure in the column's unit. A cell that says 万 itself is not multiplied once more."""
    number = read_number(text)
    return number if number is None or "万" in text or "亿" in text else number * times


def _figures(
    cells: dict[str, str | Odd], used: dict[str, Heading], standard: Standard
) -> dict[str, Fraction]:
    found = {}
    for column, cell in cells.items():
        if base_column(column)[0] in standard.columns and not isinstance(cell, Odd):
            try:
                number = _number(cell.strip(), used[column].times)
            except NotANumber:
                continue
            if number is not None:
                found[column] = number
    return found


def _kind_of_row(row: Row, cells: dict[str, str | Odd]) -> str:
    """What a row is that is no school: "total", "subtotal", "heading" or "note"; blank for a school."""
    texts = [plain(str(cell)) for cell in row.cells if str(cell).strip()]
    name = plain(str(cells.get("school", "")))
    first = texts[0] if texts else ""
    for text in (name, first):
        if _GRAND_TOTAL.fullmatch(text):
            return "total"
        if _TOTAL.fullmatch(text):
            return "subtotal"
    filled = [column for column, cell in cells.items() if str(cell).strip()]
    if not filled or (len(filled) < 2 and len(cells) > 1) or _NOTE.fullmatch(first):
        return "note"
    if name in _headings_of_school() or name in _COLUMN_NUMBERS:
        return "heading"
    return ""


def _headings_of_school() -> frozenset[str]:
    return frozenset(plain(text) for text in text_headings()["school"])


def _school_name(cell: str | Odd) -> str:
    try:
        return roster_words.name(cell) if str(cell).strip() else ""
    except roster_words.NotUsable:
        return " ".join(str(cell).split())[: roster_words.LONGEST_NAME]


def _spellings(column: str) -> list[tuple[str, str]]:
    """Spelling → value with the Chinese spellings before the value itself."""
    return [
        (spelling, value)
        for spelling, value in words(column).items()
        if spelling != value and not spelling.isascii()
    ]


def _not_allowed(column: str, found: str) -> Sentence:
    allowed = list(dict.fromkeys(first_word(column, value) for value in words(column).values()))
    return Sentence(
        "填写了“{found}”，可填：{allowed}。",
        "Found “{found}”; allowed: {allowed}.",
        {"found": found, "allowed": "、".join(filter(None, allowed))},
    )


def _odd(cell: Odd) -> Sentence:
    zh, en = {
        "date": ("表格软件把“{text}”变成了日期，请设为文本后重新填写。",
                 "The spreadsheet program made a date of “{text}”. Enter it again as text."),
        "error": ("公式出错（{text}），请改正或直接填写数值。",
                  "The formula gives an error ({text}). Mend it, or enter the value itself."),
        "formula": ("公式“{text}”还没有结果，请用Excel或WPS打开并保存后再上传。",
                    "The formula “{text}” has no result yet. Open the file in Excel or WPS and save it."),
    }[cell.kind]  # fmt: skip
    return Sentence(zh, en, {"text": cell.text})


def _left_out(row: Row) -> Sentence:
    text = " ".join(str(cell) for cell in row.cells if str(cell).strip())
    return Sentence("不是学校，已略过：{text}", "No school; left out: {text}", {"text": text[:80]})


def _name(column: str) -> str:
    """A column that the file does not have, by its Chinese name."""
    return text_headings()[column][1] if column in text_headings() else column


def listed(zh: str, en: str, names: Sequence[str]) -> Sentence:
    """A sentence that ends with all of the names."""
    joined = {"zh-hans": "、".join(names), "en": ", ".join(names)}
    return Sentence(zh + "{names}。", en + "{names}.", {"names": joined})
