"""Which rows below a header are schools, and which are totals, notes, units or numbers of columns."""

from __future__ import annotations

from surveys.roster import words
from surveys.roster.cells import Cell, Row, Sheet
from surveys.roster.headings import Header
from surveys.roster.rows import short

SUM_WORDS = ("合计", "总计", "小计", "共计", "全县", "全区", "全市", "总和")
_UNIT_WORDS = frozenset(("人", "个", "名", "所", "班", "(人)", "(个)"))
_NUMBERING = "甲乙丙丁戊己庚辛壬癸"
_NOTE_WORDS = ("注", "说明", "备注", "填表", "制表", "审核", "单位", "※", "*")
_LONGER_THAN_A_NAME = 40
_NOTES_SHEETS = ("填写说明", "填表说明", "说明", "选项")


def kind_of_row(row: Row, header: Header) -> str:
    """ "school", "total", "note" or "nothing" (only a running number, units, numbers of columns)."""
    filled = [index for index, cell in enumerate(row.cells) if cell]
    if is_numbering(row) or (len(filled) == 1 and words.plain(row.cells[filled[0]]).isdigit()):
        return "nothing"
    if not any(row.cell(column.index) for column in header.columns):
        return "note"
    if _is_total(row, filled, header):
        return "total"
    if words.plain(row.cells[filled[0]]).startswith(_NOTE_WORDS) and not _has_code(row, header):
        return "note"
    return "school" if len(filled) > 1 or _is_lonely_entry(row, filled[0], header) else "note"


def is_numbering(row: Row) -> bool:
    """A row of units (人, 人, 所) or of column numbers (甲, 乙, 1, 2, 3) below a header."""
    texts = [words.plain(cell) for cell in row.cells if cell]
    if all(text in _UNIT_WORDS for text in texts):
        return True
    numbers = [text for text in texts if text not in _NUMBERING]
    return len(texts) > 2 and numbers == [str(n) for n in range(1, len(numbers) + 1)]


def is_notes_sheet(sheet: Sheet) -> bool:
    """A sheet of explanations, as our own template has one."""
    return words.plain(sheet.name) in _NOTES_SHEETS


def first_text(row: Row) -> str:
    return short(next((str(cell) for cell in row.cells if cell), ""))


def _is_total(row: Row, filled: list[int], header: Header) -> bool:
    """合计 among the first entries; a school with a code may be named 全县… all the same."""
    first = [words.plain(row.cells[index]) for index in filled[:3]]
    return any(text.startswith(SUM_WORDS) for text in first) and not _has_code(row, header)


def _has_code(row: Row, header: Header) -> bool:
    code = header.column("code")
    return code is not None and any(letter.isdigit() for letter in words.plain(row.cell(code.index))[:4])


def _is_lonely_entry(row: Row, index: int, header: Header) -> bool:
    """Whether the only filled cell of a row is a school's code or name and not a note or a group's title."""
    code, name = header.column("code"), header.column("name")
    if code and index == code.index:
        return _has_code(row, header)
    return bool(name) and index == name.index and not _reads_as_note(row.cells[index])


def _reads_as_note(cell: Cell) -> bool:
    text = words.plain(cell)
    return text.startswith(_NOTE_WORDS) or len(text) > _LONGER_THAN_A_NAME
