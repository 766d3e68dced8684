"""A link as a QR code: SVG for screens and print, PNG for chat groups, text for a terminal."""

from __future__ import annotations

import io

import qrcode
from qrcode.image.pure import PyPNGImage
from qrcode.image.svg import SvgPathImage


def _code(link: str, *, quiet_zone: int = 4) -> qrcode.QRCode:
    # Medium correction: a poster that is folded or smudged still reads.
    code = qrcode.QRCode(error_correction=qrcode.constants.ERROR_CORRECT_M, border=quiet_zone, box_size=10)
    code.add_data(link)
    code.make(fit=True)
    return code


def qr_svg(link: str) -> bytes:
    buffer = io.BytesIO()
    _code(link).make_image(image_factory=SvgPathImage).save(buffer)
    return buffer.getvalue()


def qr_png(link: str) -> bytes:
    buffer = io.BytesIO()
    _code(link).make_image(image_factory=PyPNGImage).save(buffer)
    return buffer.getvalue()


def qr_text(link: str) -> str:
    """For a dark terminal: half-block characters, two rows of modules to a line."""
    buffer = io.StringIO()
    _code(link, quiet_zone=2).print_ascii(out=buffer, invert=True)
    return buffer.getvalue()
