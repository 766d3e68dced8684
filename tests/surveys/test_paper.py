"""Posters and sheets of slips, looked at as they come out of the printer."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from django.utils import translation
from pypdfium2 import PdfDocument

from surveys.distribution.codes import new_slip_code
from surveys.distribution.links import link_of
from surveys.distribution.paper import fitted, merged, qr_modules, width_of, wrapped
from surveys.distribution.posters import poster_of, posters_pdf
from surveys.distribution.slips import PER_PAGE, BatchSheet, slips_pdf, spaced_code, words_of
from surveys.models import Collector, County, School, Wave
from tests.surveys.printed import look_at

ORIGIN = "https://renke.yunchuan.gov.cn"
LONG_NAME = "云川县第一实验小学教育集团滨河路校区（东校区）附设少数民族双语寄宿制教学部"


def collector_at(name: str, *, audience: str = "parent") -> Collector:
    """Unsaved: paper needs no database."""
    county = County(name="云川县", bureau="云川县教育体育局")
    wave = Wave(
        county=county,
        name="2026年秋季社会认可度调查",
        starts_on=date(2026, 11, 21),
        ends_on=date(2026, 11, 25),
    )
    return Collector(wave=wave, audience=audience, school=School(pk=1, name=name), code="B2K7N9QWXY")


def words_on(text: str) -> str:
    """The text without its line ends: names are broken where the line is full."""
    return "".join(text.split())


# --- Posters


@pytest.mark.parametrize(("paper", "size_mm"), [("a4", (210, 297)), ("a3", (297, 420))])
def test_poster_says_who_is_asked_where_until_when_and_its_code_can_be_scanned(tmp_path, paper, size_mm):
    file = tmp_path / "poster.pdf"
    poster = poster_of(collector_at("第一小学"), origin=ORIGIN)
    assert posters_pdf(str(file), [poster], paper=paper) == 1
    [sheet] = look_at(file)
    assert sheet.size_mm == size_mm
    assert sheet.links == (f"{ORIGIN}/r/B2K7N9QWXY",)
    text = words_on(sheet.text)
    for said in ("云川县教育体育局", "2026年秋季社会认可度调查", "家长", "第一小学", "11月21日至25日",
                 "两分钟", "不记姓名", "B2K7N9QWXY", f"{ORIGIN}/r/B2K7N9QWXY"):  # fmt: skip
        assert said in text, said


def test_long_school_name_is_printed_whole(tmp_path):
    file = tmp_path / "poster.pdf"
    posters_pdf(str(file), [poster_of(collector_at(LONG_NAME), origin=ORIGIN)])
    [sheet] = look_at(file)
    assert LONG_NAME in words_on(sheet.text)
    assert len(sheet.links) == 1


def test_bilingual_poster_says_everything_twice_and_still_fits(tmp_path):
    file = tmp_path / "poster.pdf"
    posters_pdf(str(file), [poster_of(collector_at(LONG_NAME), origin=ORIGIN, bilingual=True)])
    [sheet] = look_at(file)
    for said in ("For: Parents", "Scan with WeChat or the camera", "No name, no phone number"):
        assert said in sheet.text
    assert "微信或相机扫一扫" in sheet.text
    assert sheet.links == (f"{ORIGIN}/r/B2K7N9QWXY",)


def test_poster_speaks_chinese_whatever_language_the_screen_has(tmp_path):
    file = tmp_path / "poster.pdf"
    with translation.override("en"):
        posters_pdf(str(file), [poster_of(collector_at("第一小学"), origin=ORIGIN)])
    [sheet] = look_at(file)
    assert "家长" in sheet.text
    assert "Parents" not in sheet.text


def test_fonts_are_embedded_with_the_letters_used_only(tmp_path):
    file = tmp_path / "poster.pdf"
    posters_pdf(str(file), [poster_of(collector_at("第一小学"), origin=ORIGIN)])
    content = file.read_bytes()
    assert b"/FontFile2" in content
    assert b"/ToUnicode" in content
    assert len(content) < 60_000


# --- Slips


def batch_of(name: str, label: str, count: int, *, number: int = 7) -> BatchSheet:
    codes = [new_slip_code() for _ in range(count)]
    return BatchSheet(words=words_of(collector_at(name)), label=label, number=number, codes=codes)


@pytest.mark.parametrize("name", ["第一小学", LONG_NAME])
def test_every_code_of_a_full_sheet_is_read_back_as_its_link(tmp_path, name):
    file = tmp_path / "slips.pdf"
    batch = batch_of(name, "三年级2班", PER_PAGE)
    assert slips_pdf(str(file), [batch], origin=ORIGIN) == 1
    [sheet] = look_at(file)
    assert PER_PAGE >= 24
    assert sheet.size_mm == (210, 297)
    assert sheet.links == tuple(sorted(link_of(code, origin=ORIGIN) for code in batch.codes))


def test_every_slip_says_school_class_batch_once_only_and_its_code_in_groups(tmp_path):
    file = tmp_path / "slips.pdf"
    batch = batch_of("第一小学", "三年级2班", 5)
    slips_pdf(str(file), [batch], origin=ORIGIN)
    [sheet] = look_at(file)
    for code in batch.codes:
        assert spaced_code(code) in sheet.text
    for said in ("第一小学", "三年级2班", "批次7", "仅限使用一次", "云川县教育体育局"):
        assert sheet.text.count(said) >= 5, said


def test_each_batch_begins_a_sheet_of_its_own(tmp_path):
    file = tmp_path / "slips.pdf"
    batches = [
        batch_of("第一小学", "三年级1班", 25, number=1),
        batch_of("第一小学", "三年级2班", 3, number=2),
    ]
    assert slips_pdf(str(file), batches, origin=ORIGIN) == 3
    sheets = look_at(file)
    assert [len(sheet.links) for sheet in sheets] == [24, 1, 3]
    assert "三年级2班" not in sheets[1].text
    assert "批次2，共3张" in sheets[2].text


def test_two_thousand_slips_take_little_memory_beyond_the_fonts(tmp_path):
    """Pages are packed as they are finished; measured as the growth after a first small sheet."""
    first = tmp_path / "first.pdf"
    slips_pdf(str(first), [batch_of("第一小学", "一班", 24)], origin=ORIGIN)
    before = resident_mb()
    file = tmp_path / "slips.pdf"
    pages = slips_pdf(str(file), [batch_of("第一小学", f"{n}班", 200) for n in range(10)], origin=ORIGIN)
    assert pages == 90
    assert resident_mb() - before < 12
    document = PdfDocument(file)
    assert len(document) == 90
    document.close()


def resident_mb() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 1e6


# --- Lines and modules


def test_text_is_set_on_one_somewhat_smaller_line_before_it_is_broken():
    text = "云川县第一实验小学"
    width = width_of(text, size=20) * 0.8
    size, lines = fitted(text, width=width, size=20, smallest=8, lines=2)
    assert lines == [text]
    assert width_of(text, size=size) <= width


def test_text_that_cannot_fit_ends_with_an_ellipsis():
    size, lines = fitted("云川" * 40, width=100, size=12, smallest=8)
    assert (size, len(lines), lines[0][-1]) == (8, 1, "…")
    assert width_of(lines[0], size=size) <= 100


def test_no_line_begins_with_a_closing_mark():
    lines = wrapped("云川县第一小学（东校区）。", width=width_of("云川县第一小学（东校区", size=10), size=10)
    assert len(lines) == 2
    assert lines[1][0] not in "）。"
    assert "".join(lines) == "云川县第一小学（东校区）。"


def test_rectangles_cover_the_dark_modules_and_no_others():
    rows = qr_modules(f"{ORIGIN}/r/B2K7N9QWXY")
    drawn = [[0] * len(rows) for _ in rows]
    rectangles = list(merged(rows))
    for left, top, width, height in rectangles:
        for y in range(top, top + height):
            for x in range(left, left + width):
                drawn[y][x] += 1
    assert drawn == [[int(dark) for dark in row] for row in rows]
    assert len(rectangles) < sum(map(sum, rows)) / 1.5
