"""What printed sheets need: embedded Chinese type, lines that fit, QR codes as one path, lean pages."""

from __future__ import annotations

import threading
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import pretix_fontpackfree
import qrcode
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.pdfdoc import PDFArray, PDFName, PDFStream, pdfdocEnc
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.pdfgen.canvas import Canvas

A4_MM = (210.0, 297.0)
A3_MM = (297.0, 420.0)
REGULAR, BOLD = "NotoSansSC", "NotoSansSC-Bold"
INK, GREY = (0.07, 0.09, 0.12), (0.36, 0.40, 0.45)

_FILES = {REGULAR: "Noto-Sans-SC_v40_regular.ttf", BOLD: "Noto-Sans-SC_v40_bold.ttf"}
_FOLDER = Path(pretix_fontpackfree.__file__).parent / "static" / "pretix_fontpackfree"
# Marks that may not begin a line, as in every printed Chinese text.
_NO_START = "，。、；：？！）》〉」』】〕”’…·%％,.;:?!)]}"
# The choice of mask is advice, not law, and weighing all eight takes nine tenths of the time: the plain
# pattern of every third diagonal has no long runs in common with letters and digits.
_MASK = 3
_SMALLER_BUT_ONE_LINE = 0.74
_fonts_ready = threading.Lock()


class Sheets(Canvas):
    """A PDF whose pages are packed as they are finished, so that a thousand pages take little memory.

    Fonts are embedded with the letters used and no others, and with their Unicode values, so text can be
    searched and copied. Lengths are in points, as reportlab counts; y grows upwards.
    """

    def __init__(self, file: BinaryIO | str, *, size_mm: tuple[float, float], title: str, author: str):
        load_fonts()
        super().__init__(file, pagesize=(size_mm[0] * mm, size_mm[1] * mm), pageCompression=1)
        self.setTitle(title)
        self.setAuthor(author)
        self.setCreator("Renke 认可")

    def finish_page(self) -> None:
        self.showPage()
        page = self._doc.Pages.pages[-1]
        stream = PDFStream(content=zlib.compress(pdfdocEnc(page.stream)), filters=[])
        stream.dictionary["Filter"] = PDFArray([PDFName("FlateDecode")])
        page.Contents, page.stream = stream, None

    def text(
        self, x: float, y: float, text: str, *, size: float, bold: bool = False, align: str = "left",
        color: tuple[float, float, float] = INK,
    ) -> None:  # fmt: skip
        """One line with its baseline at y; `align` says whether x is its left end, centre or right end."""
        self.setFillColorRGB(*color)
        self.setFont(BOLD if bold else REGULAR, size)
        draw = {"left": self.drawString, "centre": self.drawCentredString, "right": self.drawRightString}
        draw[align](x, y, text)

    def qr(self, link: str, *, x: float, y: float, size: float) -> None:
        """The link as a QR code, `size` wide without its quiet zone, its lower left corner at x, y.

        All modules are one path: no hairlines between them however they are rendered.
        """
        rows = qr_modules(link)
        scale = size / len(rows)
        self.setFillColorRGB(0, 0, 0)
        self.saveState()
        self._code.append(f"{scale:.5f} 0 0 {-scale:.5f} {x:.3f} {y + size:.3f} cm")
        self._code.append(" ".join(f"{left} {top} {w} {h} re" for left, top, w, h in merged(rows)) + " f")
        self.restoreState()


def load_fonts() -> None:
    """Reads the two type faces once per process (10 MB each)."""
    with _fonts_ready:
        for name, file in _FILES.items():
            if name not in pdfmetrics.getRegisteredFontNames():
                pdfmetrics.registerFont(TTFont(name, str(_FOLDER / file)))


def width_of(text: str, *, size: float, bold: bool = False) -> float:
    load_fonts()
    return pdfmetrics.stringWidth(text, BOLD if bold else REGULAR, size)


def fitted(
    text: str, *, width: float, size: float, smallest: float, lines: int = 1, bold: bool = False
) -> tuple[float, list[str]]:
    """The size (from `size` down to `smallest`) at which the text fits, and its lines.

    A somewhat smaller single line is preferred to two large ones, and several lines are made about equally
    long. What does not fit even at the smallest size is cut and ends with an ellipsis.
    """
    for count in range(1, lines + 1):
        step = size
        least = smallest if count == lines else max(smallest, size * _SMALLER_BUT_ONE_LINE)
        while step >= least:
            if len(wrapped(text, width=width, size=step, bold=bold)) <= count:
                return step, _even_lines(text, width=width, size=step, bold=bold)
            step -= max(0.25, size * 0.04)
    found = wrapped(text, width=width, size=smallest, bold=bold)
    if len(found) > lines:
        last = found[lines - 1]
        while last and width_of(last + "…", size=smallest, bold=bold) > width:
            last = last[:-1]
        found = [*found[: lines - 1], last + "…"]
    return smallest, found


def _even_lines(text: str, *, width: float, size: float, bold: bool) -> list[str]:
    found = wrapped(text, width=width, size=size, bold=bold)
    narrow = width
    while len(found) > 1 and narrow > width * 0.5:
        narrow -= size / 2
        narrower = wrapped(text, width=narrow, size=size, bold=bold)
        if len(narrower) > len(found):
            break
        found = narrower
    return found


def wrapped(text: str, *, width: float, size: float, bold: bool = False) -> list[str]:
    """Lines no wider than `width`: broken between Chinese characters and at blanks, never inside a word
    that would fit on a line of its own, and with no closing mark at the beginning of a line."""
    lines, line = [], ""
    for piece in _pieces(text):
        if width_of((line + piece).rstrip(), size=size, bold=bold) <= width or not line:
            line += piece
        elif piece[0] in _NO_START and len(line) > 1:
            lines.append(line[:-1].rstrip())
            line = line[-1] + piece
        else:
            lines.append(line.rstrip())
            line = piece.lstrip()
        while len(line) > 1 and width_of(line.rstrip(), size=size, bold=bold) > width:  # one endless word
            cut = next(
                end for end in range(len(line) - 1, 0, -1)
                if end == 1 or width_of(line[:end], size=size, bold=bold) <= width
            )  # fmt: skip
            lines.append(line[:cut])
            line = line[cut:]
    return [*lines, line.rstrip()] if line.strip() or not lines else lines


def qr_modules(link: str) -> list[list[bool]]:
    """Rows of dark (True) and light modules, without quiet zone; medium correction."""
    code = qrcode.QRCode(
        error_correction=qrcode.constants.ERROR_CORRECT_M, border=0, mask_pattern=_MASK
    )  # fmt: skip
    code.add_data(link)
    code.make(fit=True)
    return code.modules


def merged(rows: list[list[bool]]) -> Iterator[tuple[int, int, int, int]]:
    """Dark modules as rectangles (left, top, width, height): runs of a row, joined with equal runs below."""
    growing: dict[tuple[int, int], int] = {}  # (left, width) → first row
    for top, row in enumerate([*rows, [False] * len(rows)]):
        runs = set(_runs(row))
        for run in [run for run in growing if run not in runs]:
            first = growing.pop(run)
            yield run[0], first, run[1], top - first
        for run in runs:
            growing.setdefault(run, top)


def _runs(row: list[bool]) -> Iterator[tuple[int, int]]:
    start = None
    for place, dark in enumerate([*row, False]):
        if dark and start is None:
            start = place
        elif not dark and start is not None:
            yield start, place - start
            start = None


def _pieces(text: str) -> Iterator[str]:
    """What may not be broken: single Chinese characters, words with the blank behind them."""
    word = ""
    for letter in text:
        if ord(letter) >= 0x2E80 or letter in "“”‘’…·—":
            if word:
                yield word
                word = ""
            yield letter
        elif letter == " ":
            yield word + letter
            word = ""
        else:
            word += letter
    if word:
        yield word
