"""The weekly report as a Word file (整改工作周报), as a bureau sends it up: A4, 仿宋 text, 黑体 headings."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import date
from typing import Any

from django.utils.translation import gettext as _
from docx import Document
from docx.enum.section import WD_ORIENT
from docx.enum.table import WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Cm, Pt, RGBColor

from analysis.reports import weekly_words as words
from analysis.reports.files import FONT, HEADING_FONT
from analysis.reports.weekly import WeeklyReport

LATIN_FONT = "Times New Roman"
ITEM_WIDTHS_CM = (1.9, 6.2, 4.6, 3.6, 2.6, 2.0, 4.3)
CELL_SIZE = Pt(10.5)


def weekly_document(report: WeeklyReport) -> bytes:
    """The report as .docx, A4 across, in the active language."""
    document = Document()
    _page(document)
    _styles(document)
    _heading(document, words.title(report), size=Pt(22), centred=True)
    line = document.add_paragraph(words.period(report))
    line.alignment = WD_ALIGN_PARAGRAPH.CENTER
    opening = document.add_paragraph(words.summary(report))
    opening.paragraph_format.first_line_indent = Pt(32)
    _heading(document, _("Counts by department and state"), size=Pt(16))
    _table(document, words.state_headings(), words.state_rows(report), bold_last=True)
    for heading, items, nothing in words.sections(report):
        _heading(document, heading, size=Pt(16))
        if items:
            _table(document, words.item_headings(), [words.item_row(one) for one in items], ITEM_WIDTHS_CM)
        else:
            document.add_paragraph(nothing)
    _heading(document, _("By department"), size=Pt(16))
    for department in report.departments:
        _heading(document, words.department_heading(department), size=Pt(14))
        if department.items:
            rows = [words.item_row(one) for one in department.items]
            _table(document, words.item_headings(), rows, ITEM_WIDTHS_CM)
        else:
            document.add_paragraph(_("All items were closed in earlier weeks."))
    if not report.departments:
        document.add_paragraph(_("The ledger is empty."))
    ending = document.add_paragraph(f"{report.county.bureau_name}\n{words.day_text(report.week.as_of)}")
    ending.alignment = WD_ALIGN_PARAGRAPH.RIGHT
    stream = io.BytesIO()
    document.save(stream)
    return stream.getvalue()


def _page(document: Any) -> None:
    section = document.sections[0]
    section.orientation = WD_ORIENT.LANDSCAPE
    section.page_width, section.page_height = Cm(29.7), Cm(21)
    section.left_margin = section.right_margin = Cm(2.2)
    section.top_margin, section.bottom_margin = Cm(2.4), Cm(2)
    footer = section.footer.paragraphs[0]
    footer.alignment = WD_ALIGN_PARAGRAPH.CENTER
    _page_number(footer)


def _styles(document: Any) -> None:
    style = document.styles["Normal"]
    style.font.size = Pt(14)
    style.paragraph_format.space_after = Pt(4)
    style.paragraph_format.line_spacing = 1.25
    _set_fonts(style, FONT)


def _heading(document: Any, text: str, *, size: Pt, centred: bool = False) -> None:
    """A real heading, so that Word's outline shows the report's parts."""
    level = 0 if size >= Pt(22) else 1 if size >= Pt(16) else 2
    paragraph = document.add_heading(level=level)
    run = paragraph.add_run(text)
    run.font.size, run.font.bold = size, False
    run.font.color.rgb = RGBColor(0, 0, 0)
    _set_fonts(run, HEADING_FONT)
    paragraph.paragraph_format.space_before = Pt(0 if level == 0 else 10)
    paragraph.paragraph_format.keep_with_next = True
    if centred:
        paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
    if level == 0:
        for border in paragraph.style.element.findall(".//" + qn("w:pBdr")):
            border.getparent().remove(border)


def _table(
    document: Any,
    headings: Sequence[str],
    rows: Sequence[Sequence[Any]],
    widths_cm: Sequence[float] = (),
    *,
    bold_last: bool = False,
) -> None:
    table = document.add_table(rows=1, cols=len(headings))
    table.style = "Table Grid"
    table.alignment = WD_TABLE_ALIGNMENT.CENTER
    table.autofit = not widths_cm
    for cell, text in zip(table.rows[0].cells, headings, strict=True):
        _fill(cell, text, font=HEADING_FONT, centred=True)
    _repeat(table.rows[0])
    for number, row in enumerate(rows, start=1):
        cells = table.add_row().cells
        is_last = bold_last and number == len(rows)
        for cell, entry in zip(cells, row, strict=True):
            centred = isinstance(entry, int | date)
            text = words.day_text(entry) if isinstance(entry, date) else str(entry)
            _fill(cell, text, font=HEADING_FONT if is_last else FONT, centred=centred)
    for row in table.rows:
        for cell, width in zip(row.cells, widths_cm, strict=False):
            cell.width = Cm(width)
    document.add_paragraph().paragraph_format.space_after = Pt(0)


def _fill(cell: Any, text: str, *, font: str, centred: bool = False) -> None:
    paragraph = cell.paragraphs[0]
    paragraph.paragraph_format.space_after = Pt(0)
    paragraph.paragraph_format.line_spacing = 1.0
    run = paragraph.add_run(_printable(text))
    run.font.size = CELL_SIZE
    _set_fonts(run, font)
    if centred:
        paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER


def _set_fonts(styled: Any, chinese: str) -> None:
    """Word takes the font of Chinese letters from w:eastAsia alone."""
    styled.font.name = LATIN_FONT
    fonts = styled.element.get_or_add_rPr().get_or_add_rFonts()
    for theme in ("asciiTheme", "hAnsiTheme", "eastAsiaTheme", "cstheme"):
        fonts.attrib.pop(qn(f"w:{theme}"), None)
    fonts.set(qn("w:eastAsia"), chinese)


def _repeat(row: Any) -> None:
    """The headings stand again on every page."""
    mark = OxmlElement("w:tblHeader")
    mark.set(qn("w:val"), "true")
    row._tr.get_or_add_trPr().append(mark)


def _page_number(paragraph: Any) -> None:
    for kind, text in (("begin", ""), ("", "PAGE"), ("end", "")):
        run = paragraph.add_run()
        if kind:
            mark = OxmlElement("w:fldChar")
            mark.set(qn("w:fldCharType"), kind)
        else:
            mark = OxmlElement("w:instrText")
            mark.set(qn("xml:space"), "preserve")
            mark.text = text
        run._r.append(mark)


def _printable(text: str) -> str:
    """Without the control characters that XML does not take."""
    return "".join(sign for sign in text if sign in "\n\t" or ord(sign) >= 32)
