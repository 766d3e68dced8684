"""Sheets of one-time slips as PDF: A4, 24 to a page, cut along dashed lines, one code each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from django.utils import translation
from django.utils.translation import gettext as _
from reportlab.lib.units import mm

from surveys.audiences import AUDIENCES
from surveys.distribution.links import link_of
from surveys.distribution.paper import A4_MM, GREY, INK, Sheets, fitted, width_of
from surveys.models import Collector
from surveys.templatetags.desk import days

COLUMNS, ROWS = 3, 8
PER_PAGE = COLUMNS * ROWS
SIDE, TOP, BOTTOM = 7 * mm, 12 * mm, 7 * mm
CELL_WIDTH = (A4_MM[0] * mm - 2 * SIDE) / COLUMNS
CELL_HEIGHT = (A4_MM[1] * mm - TOP - BOTTOM) / ROWS
QR = 24.5 * mm  # without its quiet zone; nothing is printed nearer to it than PAD
PAD = 3.3 * mm
LEADING = 1.25
MARK = 2.2 * mm
CUT = (0.62, 0.65, 0.69)


@dataclass(frozen=True)
class SlipWords:
    """What every slip of a collector says beside its code."""

    bureau: str
    wave: str
    place: str
    audience: str
    once: str
    anonymous: str
    days: str


@dataclass(frozen=True)
class BatchSheet:
    """The slips of one batch. Codes stand here in clear, only for as long as the sheet is drawn."""

    words: SlipWords
    label: str
    number: int
    codes: Sequence[str]


def words_of(collector: Collector) -> SlipWords:
    """In Chinese, as everything printed; the wave, county and place should be loaded with the collector."""
    known, wave = AUDIENCES.get(collector.audience), collector.wave
    bureau = wave.county.bureau_name
    with translation.override("zh-hans"):
        return SlipWords(
            bureau=f"{bureau}（演示）" if wave.county.is_demo else bureau,
            wave=wave.name,
            place=collector.place.name,
            audience=_("For: %(audience)s")
            % {"audience": known.name("zh-hans") if known else collector.audience},
            once=_("Works once only"),
            anonymous=_("Scan to answer. No name is asked."),
            days=days(wave),
        )


def slips_pdf(file: BinaryIO | str, batches: Iterable[BatchSheet], *, origin: str) -> int:
    """Writes the batches one after the other, each beginning a page of its own; returns the pages."""
    sheets, pages = None, 0
    for batch in batches:
        if sheets is None:
            title = f"{batch.words.wave} {batch.words.place}"
            sheets = Sheets(file, size_mm=A4_MM, title=title, author=batch.words.bureau)
        fixed = _Fixed(batch)
        count = -(-len(batch.codes) // PER_PAGE)
        for page in range(count):
            codes = batch.codes[page * PER_PAGE : (page + 1) * PER_PAGE]
            _heading(sheets, batch, page=page + 1, pages=count)
            _cut_lines(sheets, rows=-(-len(codes) // COLUMNS))
            for place, code in enumerate(codes):
                row, column = divmod(place, COLUMNS)
                x = SIDE + column * CELL_WIDTH
                y = A4_MM[1] * mm - TOP - (row + 1) * CELL_HEIGHT
                _slip(sheets, fixed, code, x=x, y=y, link=link_of(code, origin=origin))
            sheets.finish_page()
        pages += count
    if sheets is not None:
        sheets.save()
    return pages


def spaced_code(code: str) -> str:
    """In groups of four, for reading and typing: B2K7 N9QW XY3Z."""
    return " ".join(code[start : start + 4] for start in range(0, len(code), 4))


class _Fixed:
    """The lines that all slips of a batch share, fitted once: (size, lines, bold, colour) from the top."""

    def __init__(self, batch: BatchSheet):
        self.width = CELL_WIDTH - QR - 3 * PAD
        words = batch.words
        with translation.override("zh-hans"):
            number = _("Batch %(number)s") % {"number": batch.number}
        label = " · ".join(part for part in (batch.label, number) if part)
        once = f"{words.audience} · {words.once}"
        self.lines = (
            (*self._fitted(words.wave, size=6.6, smallest=4.8, lines=2), False, GREY),
            (*self._fitted(words.place, size=9, smallest=6, lines=2, bold=True), True, INK),
            (*self._fitted(label, size=8, smallest=5, bold=True), True, INK),
            (*self._fitted(once, size=7.4, smallest=5, bold=True), True, INK),
        )
        hint = f"{words.bureau} · {words.anonymous}{words.days}"
        self.hint = fitted(hint, width=CELL_WIDTH - 2 * PAD, size=6.2, smallest=4.4)

    def _fitted(
        self, text: str, *, size: float, smallest: float, lines: int = 1, bold: bool = False
    ) -> tuple[float, list[str]]:
        return fitted(text, width=self.width, size=size, smallest=smallest, lines=lines, bold=bold)


def _slip(sheets: Sheets, fixed: _Fixed, code: str, *, x: float, y: float, link: str) -> None:
    top = y + CELL_HEIGHT - PAD
    sheets.qr(link, x=x + PAD, y=top - QR, size=QR)
    left, down = x + 2 * PAD + QR, top
    height = sum(len(texts) * size * LEADING for size, texts, _bold, _color in fixed.lines)
    shown = spaced_code(code)
    code_size = min(10.0, 10.0 * fixed.width / width_of(shown, size=10, bold=True))
    gap = max(0.0, min(3.0, (QR - height - code_size * 1.1) / len(fixed.lines)))
    for size, texts, bold, color in fixed.lines:
        for text in texts:
            down -= size * LEADING
            sheets.text(left, down + size * 0.25, text, size=size, bold=bold, color=color)
        down -= gap
    sheets.text(left, top - QR + 1, shown, size=code_size, bold=True)
    size, hint = fixed.hint
    sheets.text(x + PAD, y + 2.3 * mm, hint[0], size=size, color=GREY)


def _heading(sheets: Sheets, batch: BatchSheet, *, page: int, pages: int) -> None:
    """Above the slips, cut off with the margin: whose sheet this is, for whoever hands it out."""
    with translation.override("zh-hans"):
        said = _("Batch %(number)s, %(count)s slips, page %(page)s of %(pages)s") % {
            "number": batch.number, "count": len(batch.codes), "page": page, "pages": pages,
        }  # fmt: skip
    y = A4_MM[1] * mm - TOP + 3.2 * mm
    right = width_of(said, size=8)
    sheets.text(A4_MM[0] * mm - SIDE, y, said, size=8, align="right", color=GREY)
    whose = " · ".join(part for part in (batch.words.place, batch.label, batch.words.audience) if part)
    size, lines = fitted(whose, width=A4_MM[0] * mm - 2 * SIDE - right - 12, size=9.5, smallest=6, bold=True)
    sheets.text(SIDE, y, lines[0], size=size, bold=True)


def _cut_lines(sheets: Sheets, *, rows: int) -> None:
    """Dashed lines around the slips there are, with solid marks where they meet the margin."""
    left, right = SIDE, SIDE + COLUMNS * CELL_WIDTH
    top = A4_MM[1] * mm - TOP
    bottom = top - rows * CELL_HEIGHT
    across = [(left, top - row * CELL_HEIGHT, right, top - row * CELL_HEIGHT) for row in range(rows + 1)]
    down = [
        (left + column * CELL_WIDTH, top, left + column * CELL_WIDTH, bottom) for column in range(COLUMNS + 1)
    ]
    sheets.setStrokeColorRGB(*CUT)
    sheets.setLineWidth(0.4)
    sheets.setDash(2, 2)
    sheets.lines([*across, *down])
    sheets.setDash()
    sheets.setLineWidth(0.8)
    marks = [(x, y, x - MARK, y) for x, y, _x, _y in across] + [
        (x, y, x + MARK, y) for _x, _y, x, y in across
    ]
    marks += [(x, y, x, y + MARK) for x, y, _x, _y in down] + [(x, y, x, y - MARK) for _x, _y, x, y in down]
    sheets.lines(marks)
