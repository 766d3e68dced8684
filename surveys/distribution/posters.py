"""Posters as PDF: one sheet of A4 or A3 for each entry point, in Chinese, with English below if wanted."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import BinaryIO

from django.utils import translation
from django.utils.translation import gettext as _
from reportlab.lib.units import mm

from surveys.audiences import AUDIENCES
from surveys.distribution.links import link_of
from surveys.distribution.paper import A3_MM, A4_MM, GREY, INK, Sheets, fitted, width_of
from surveys.models import Collector
from surveys.templatetags.desk import days

PAPERS = {"a4": A4_MM, "a3": A3_MM}
MARGIN = 16 * mm
LARGEST_QR, SMALLEST_QR = 118 * mm, 70 * mm
QUIET = 4 / 33  # four light modules on each side of a usual code


@dataclass(frozen=True)
class Wording:
    """What a poster says in one language."""

    audience: str
    call: str
    sentences: tuple[str, ...]
    code_label: str


@dataclass(frozen=True)
class Poster:
    """One entry point on paper. `english` is None for a poster in Chinese alone."""

    bureau: str
    wave: str
    place: str
    code: str
    link: str
    chinese: Wording
    english: Wording | None = None


def poster_of(collector: Collector, *, origin: str, bilingual: bool = False) -> Poster:
    """The poster of an open entry point; its wave, county and place should be loaded with it."""
    wave = collector.wave
    bureau = wave.county.bureau_name
    if wave.county.is_demo:
        bureau += "（演示）"
    return Poster(
        bureau=bureau,
        wave=wave.name,
        place=collector.place.name,
        code=collector.code,
        link=link_of(collector.code, origin=origin),
        chinese=_wording(collector, "zh-hans"),
        english=_wording(collector, "en") if bilingual else None,
    )


def posters_pdf(file: BinaryIO | str, posters: Iterable[Poster], *, paper: str = "a4") -> int:
    """Writes one page for each poster; returns how many. A3 is the A4 sheet enlarged by √2."""
    sheets, count = None, 0
    for poster in posters:
        if sheets is None:
            sheets = Sheets(
                file, size_mm=PAPERS[paper], title=f"{poster.wave} {poster.place}", author=poster.bureau
            )
        _draw(sheets, poster, scale=PAPERS[paper][0] / A4_MM[0])
        sheets.finish_page()
        count += 1
    if sheets is not None:
        sheets.save()
    return count


def _wording(collector: Collector, language: str) -> Wording:
    known = AUDIENCES.get(collector.audience)
    name = known.name(language) if known else collector.audience
    with translation.override(language):
        return Wording(
            audience=_("For: %(audience)s") % {"audience": name},
            call=_("Scan with WeChat or the camera"),
            sentences=(
                _("Scan the code and answer as you really feel; it takes about two minutes."),
                _("No name, no phone number, no sign-in. The school sees how many answered, never what.")
                if collector.school_id
                else _("No name, no phone number, no sign-in. Nobody can tell who answered what."),
                _("Open %(days)s.") % {"days": days(collector.wave)},
            ),
            code_label=_("Entry code"),
        )


def _draw(sheets: Sheets, poster: Poster, *, scale: float) -> None:
    """From the top down; the QR code takes what the words leave, as large as fits."""
    sheets.scale(scale, scale)
    width, height = A4_MM[0] * mm, A4_MM[1] * mm
    inner, middle = width - 2 * MARGIN, width / 2
    head, head_height = _head(poster, inner)
    foot, foot_height = _foot(poster, inner)
    room = height - 2 * MARGIN - head_height - foot_height
    qr = min(LARGEST_QR, max(SMALLEST_QR, room / (1 + 2 * QUIET)))
    slack = max(0.0, room - qr * (1 + 2 * QUIET))
    y = height - MARGIN - slack * 0.3
    y = head(sheets, middle, y)
    y -= slack * 0.2 + qr * (1 + QUIET)
    sheets.qr(poster.link, x=middle - qr / 2, y=y, size=qr)
    foot(sheets, middle, y - qr * QUIET)


Drawing = Callable[[Sheets, float, float], float]


def _head(poster: Poster, width: float) -> tuple[Drawing, float]:
    """Who asks, what about, who is asked, where. Returns how to draw it and how high it is."""
    bureau = fitted(poster.bureau, width=width, size=17, smallest=10)
    wave = fitted(poster.wave, width=width, size=31, smallest=18, lines=2, bold=True)
    place = fitted(poster.place, width=width, size=25, smallest=14, lines=2, bold=True)
    pill = poster.chinese.audience
    pill_size = fitted(pill, width=width - 40, size=24, smallest=12, bold=True)[0]
    english = fitted(poster.english.audience, width=width, size=13, smallest=8) if poster.english else None
    height = _height(bureau, 1.5) + _height(wave, 1.3) + _height(place, 1.3) + pill_size * 2.4 + 8
    height += _height(english, 1.5) if english else 0

    def draw(sheets: Sheets, middle: float, y: float) -> float:
        y = _lines(sheets, bureau, middle, y, leading=1.5, color=GREY)
        y = _lines(sheets, wave, middle, y, leading=1.3, bold=True)
        y -= 4
        half = width_of(pill, size=pill_size, bold=True) / 2 + pill_size * 0.9
        sheets.setStrokeColorRGB(0, 0, 0)
        sheets.setLineWidth(1.6)
        sheets.roundRect(middle - half, y - pill_size * 1.75, 2 * half, pill_size * 1.75, pill_size * 0.87)
        sheets.text(middle, y - pill_size * 1.23, pill, size=pill_size, bold=True, align="centre")
        y -= pill_size * 2.4
        if english:
            y = _lines(sheets, english, middle, y, leading=1.5, color=GREY)
        return _lines(sheets, place, middle, y, leading=1.3, bold=True) - 4

    return draw, height


def _foot(poster: Poster, width: float) -> tuple[Drawing, float]:
    """How to answer, that it is anonymous, until when, and the code and link in print."""
    call = fitted(poster.chinese.call, width=width, size=22, smallest=14, bold=True)
    sentences = []
    for number, sentence in enumerate(poster.chinese.sentences):
        sentences.append(
            (f"{number + 1}.", fitted(sentence, width=width - 22, size=14.5, smallest=11, lines=2), 1.45)
        )
        if poster.english:
            said = fitted(poster.english.sentences[number], width=width - 22, size=9.5, smallest=8, lines=2)
            sentences.append(("", said, 1.35))
    english_call = fitted(poster.english.call, width=width, size=12, smallest=9) if poster.english else None
    code = "  ".join(poster.code[start : start + 5] for start in range(0, len(poster.code), 5))
    label = poster.chinese.code_label + (f" {poster.english.code_label}" if poster.english else "")
    link = fitted(poster.link, width=width, size=12, smallest=6, lines=2)
    height = _height(call, 1.5) + sum(_height(lines, leading) for _no, lines, leading in sentences) + 20
    height += (_height(english_call, 1.4) if english_call else 0) + 27 + _height(link, 1.3)

    def draw(sheets: Sheets, middle: float, y: float) -> float:
        y = _lines(sheets, call, middle, y, leading=1.5, bold=True)
        if english_call:
            y = _lines(sheets, english_call, middle, y, leading=1.4, color=GREY)
        y -= 6
        widest = max(
            width_of(line, size=size) for _no, (size, lines), _l in sentences for line in lines
        )  # fmt: skip
        left = middle - (widest + 22) / 2 + 22
        for number, (size, lines), leading in sentences:
            color = GREY if size < 11 else INK
            for place, line in enumerate(lines):
                y -= size * leading
                if number and place == 0:
                    sheets.text(left - 20, y + size * 0.3, number, size=size, color=color)
                sheets.text(left, y + size * 0.3, line, size=size, color=color)
        y -= 12
        sheets.setStrokeColorRGB(0.75, 0.77, 0.8)
        sheets.setLineWidth(0.6)
        sheets.line(middle - width / 2, y + 4, middle + width / 2, y + 4)
        y -= 20
        label_width = width_of(label, size=12)
        whole = label_width + 12 + width_of(code, size=20, bold=True)
        sheets.text(middle - whole / 2, y, label, size=12, color=GREY)
        sheets.text(middle - whole / 2 + label_width + 12, y, code, size=20, bold=True)
        return _lines(sheets, link, middle, y - 5, leading=1.3, color=GREY)

    return draw, height


def _height(fitted_text: tuple[float, list[str]], leading: float) -> float:
    size, lines = fitted_text
    return len(lines) * size * leading


def _lines(
    sheets: Sheets, fitted_text: tuple[float, list[str]], x: float, y: float, *, leading: float,
    bold: bool = False, color: tuple[float, float, float] = INK,
) -> float:  # fmt: skip
    """Centred lines below y; returns where they end."""
    size, lines = fitted_text
    for line in lines:
        y -= size * leading
        sheets.text(
            x, y + size * (leading - 1) * 0.7, line, size=size, bold=bold, align="centre", color=color
        )
    return y
