"""The county's own file, `item, value, evidence`, as it really comes → lines the evaluation reads.

Items may have numbers before their names, or words of their own: the nearest item is suggested and what
somebody said of it is remembered like a heading.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from analysis.columns import COMPULSORY, plain
from analysis.county_items import FIGURES, RECOGNITION, ItemLine, county_answers
from analysis.evaluation_plans import HEADER_WITHIN, ITEM_HEADINGS, setting_values
from analysis.file_errors import EvaluationFileError
from analysis.findings import LANGUAGES, Quantity, Sentence
from analysis.indicator_files.headings import Heading, heading_key
from analysis.indicator_files.needs import items_by_area
from analysis.indicator_files.remarks import DOUBT, ERROR, NOTE, Remark
from analysis.indicator_files.roster_checks import TIMES_OFF
from analysis.quantities import NotANumber, read_number
from analysis.standard_parts import Standard
from surveys.roster.cells import Row, Sheet
from surveys.roster.headings import letter

MOST_ITEMS = 1_000

_NUMBERED = re.compile(r"^[(]?[\d一二三四五六七八九十]+([.\d]*)[)、.\s]+|^[①-⑳]")
_PLACE = {"zh": "{file}第{row}行“{cell}”：", "en": "{file}, row {row}, '{cell}': "}


@dataclass
class CountyLines:
    """What the file says: lines with the standard's own items, and the items that were explained or not."""

    lines: list[ItemLine] = field(default_factory=list)
    headings: list[Heading] = field(default_factory=list)
    remarks: list[Remark] = field(default_factory=list)


@dataclass(frozen=True)
class _Columns:
    item: int
    value: int
    evidence: int | None


def find_items(
    sheets: Sequence[Sheet], standard: Standard, *, known: Mapping[str, tuple[str, int]]
) -> list[Heading]:
    """Every item of the file with what it is: the standard's own, explained before, suggested or unknown."""
    found = _table(sheets)
    if found is None:
        return []
    columns, rows = found
    names = item_names(standard)
    headings, seen = [], set()
    for row in rows[:MOST_ITEMS]:
        text = _text(row, columns.item)
        if text and heading_key(text) not in seen and _text(row, columns.value):
            seen.add(heading_key(text))
            headings.append(_item(row, text, names, known, _text(row, columns.value)))
    return headings


def read_county_lines(
    sheets: Sequence[Sheet], headings: Sequence[Heading], standard: Standard
) -> CountyLines:
    """The lines of the file whose items have been explained."""
    read = CountyLines(headings=list(headings))
    found = _table(sheets)
    if found is None:
        allowed = {"zh-hans": "“项目”和“值”", "en": "“项目” and “值”"}
        read.remarks.append(
            Remark(ERROR, "entry", Sentence("前{n}行中没有列名{allowed}，请使用模板。",
                                            "The first {n} rows have no headings {allowed}; use the form.",
                                            {"n": HEADER_WITHIN, "allowed": allowed}))
        )  # fmt: skip
        return read
    columns, rows = found
    by_text = {heading_key(one.text): one for one in headings}
    names, own = item_names(standard), {}
    seen: dict[str, int] = {}
    if len(rows) > MOST_ITEMS:
        many = Sentence(
            "有{n}行，最多{most}行；这是县级指标项表吗？",
            "There are {n} rows, at most {most} can be read; is this the table of county items?",
            {"n": len(rows), "most": MOST_ITEMS},
        )
        read.remarks.append(Remark(ERROR, "entry", many))
    for row in rows[:MOST_ITEMS]:
        text = _text(row, columns.item)
        if not text:
            continue
        heading = by_text.get(heading_key(text)) or _item(row, text, names, {}, "")
        place = (row.number, letter(columns.value), text)
        if not heading.column:
            if _text(row, columns.value):
                sentence = Sentence(
                    "标准没有这一项，未使用：{item}",
                    "The standard does not ask for this; not used: {item}",
                    {"item": text},
                )
                read.remarks.append(Remark(NOTE, "left_out", sentence, row.number))
            continue
        if heading.column in seen:
            sentence = Sentence(
                "这一项在第{row}行已填写，请只保留一行。",
                "This item stands in row {row} too; keep one.",
                {"row": seen[heading.column]},
            )
            read.remarks.append(Remark(ERROR, "twice", sentence, *place))
            continue
        seen[heading.column] = row.number
        evidence = _text(row, columns.evidence) if columns.evidence is not None else ""
        own[heading.column] = line = ItemLine(row.number, heading.column, _text(row, columns.value), evidence)
        wrong = _mistake(line, standard)
        if wrong:
            read.remarks.append(Remark(ERROR, "entry", wrong, *place))
        read.lines.append(line)
    read.remarks += list(_missing(own, standard))
    return read


def item_names(standard: Standard) -> dict[str, str]:
    """Plain spelling → item, and the figures that may stand in for a school table."""
    names = {
        plain(spelling): key
        for key, item in standard.items.items()
        for spelling in (key, *item.name.values())
    }
    names |= {RECOGNITION: RECOGNITION, "社会认可度": RECOGNITION}
    figures = (
        f"{indicator}.{stage}.{figure}"
        for indicator in standard.indicators
        for stage in COMPULSORY
        for figure in FIGURES
    )
    return names | {figure: figure for figure in figures}


def item_name(key: str, standard: Standard) -> Mapping[str, str]:
    """An item's name in both languages; figures and unknown ones are called by their key."""
    if key in standard.items:
        return standard.items[key].name
    if key == RECOGNITION:
        return {"zh-hans": "社会认可度", "en": "Social recognition"}
    return dict.fromkeys(LANGUAGES, key)


def item_doubts(
    lines: Sequence[ItemLine], before: Sequence[ItemLine], standard: Standard, *, year: int
) -> Iterator[Remark]:
    """Numbers ten times larger or smaller than in that earlier year."""
    known = {line.item: line for line in before}
    for line in lines:
        item, old = standard.items.get(line.item), known.get(line.item)
        if item is None or old is None or item.kind not in ("number", "points"):
            continue
        try:
            was, now = read_number(old.value), read_number(line.value)
        except NotANumber:
            continue
        if was and now and (now >= was * TIMES_OFF or now * TIMES_OFF <= was):
            sentence = Sentence(
                "{year}年为{was}，本次为{now}，相差10倍以上。", "{was} in {year}, {now} now: ten times off.",
                {"year": str(year), "was": Quantity(was, item.unit), "now": Quantity(now, item.unit)},
            )  # fmt: skip
            yield Remark(DOUBT, "before", sentence, line.line, "", item.name["zh-hans"])


def _table(sheets: Sequence[Sheet]) -> tuple[_Columns, tuple[Row, ...]] | None:
    """Where item, value and evidence stand, and the rows below."""
    by_word = {plain(word): key for key, spellings in ITEM_HEADINGS.items() for word in spellings}
    for sheet in sheets:
        for place, row in enumerate(sheet.rows[:HEADER_WITHIN]):
            columns: dict[str, int] = {}
            for index, cell in enumerate(row.cells):
                key = by_word.get(plain(str(cell)))
                if key:
                    columns.setdefault(key, index)
            if {"item", "value"} <= columns.keys():
                return _Columns(columns["item"], columns["value"], columns.get("evidence")), sheet.rows[
                    place + 1 :
                ]
    return None


def _item(
    row: Row, text: str, names: Mapping[str, str], known: Mapping[str, tuple[str, int]], sample: str
) -> Heading:
    samples = (sample,) if sample else ()
    if heading_key(text) in known:
        return Heading(row.number, text, known[heading_key(text)][0], 1, "known", samples)
    for candidate in (plain(text), _NUMBERED.sub("", plain(text))):
        if candidate in names:
            return Heading(row.number, text, names[candidate], 1, "own", samples)
    near = difflib.get_close_matches(_NUMBERED.sub("", plain(text)), list(names), n=1, cutoff=0.55)
    if near:
        return Heading(row.number, text, names[near[0]], 1, "suggested", samples)
    return Heading(row.number, text, samples=samples)


def _mistake(line: ItemLine, standard: Standard) -> Sentence | None:
    """Why the evaluation could not read this value; None if it can."""
    try:
        county_answers([line], standard=standard, settings=setting_values(standard, {}), name="")
    except EvaluationFileError as error:
        said = error.sentence
        return Sentence(said.zh.removeprefix(_PLACE["zh"]), said.en.removeprefix(_PLACE["en"]), said.values)
    return None


def _missing(own: Mapping[str, ItemLine], standard: Standard) -> Iterator[Remark]:
    """Items of an area without a value: they are unknown, and what they decide cannot be computed."""
    counts = {
        key for item in standard.items.values() for formula in item.formulas.values() for key in formula.items
    }
    for area in items_by_area(standard):
        names = [
            item.name for item in area.items
            if item.key not in counts and not (item.key in own and own[item.key].value)
            and not any(key in own for formula in item.formulas.values() for key in formula.items)
        ]  # fmt: skip
        if names:
            joined = {
                "zh-hans": "、".join(name["zh-hans"] for name in names),
                "en": "; ".join(name["en"] for name in names),
            }
            sentence = Sentence(
                "“{area}”有{n}项没有填写，视为不清楚：{names}。",
                "{area}: {n} items have no value and count as unknown: {names}.",
                {"area": area.area.name, "n": len(names), "names": joined},
            )
            yield Remark(DOUBT, "missing", sentence)


def _text(row: Row, index: int) -> str:
    return str(row.cell(index)).strip()
