"""Looking at printed sheets as people and phones do: rendered, the QR codes read, the text copied out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pypdfium2
import zxingcpp
from PIL import Image

SCREEN_DPI = 150


@dataclass(frozen=True)
class SheetSeen:
    """One page: its size in millimetres, what a phone reads off it, and its text."""

    size_mm: tuple[int, int]
    links: tuple[str, ...]
    text: str
    picture: Image.Image


def look_at(path: Path) -> list[SheetSeen]:
    document = pypdfium2.PdfDocument(path)
    seen = []
    for page in document:
        width, height = page.get_size()
        picture = page.render(scale=SCREEN_DPI / 72).to_pil()
        text = page.get_textpage()
        seen.append(
            SheetSeen(
                size_mm=(round(width / 72 * 25.4), round(height / 72 * 25.4)),
                links=tuple(sorted(code.text for code in zxingcpp.read_barcodes(picture))),
                text=text.get_text_range(),
                picture=picture,
            )
        )
        text.close()
        page.close()
    document.close()
    return seen
