"""What a form or an address sends, made safe: the methods of a page with a form, texts, whole numbers."""

from __future__ import annotations

from django.views.decorators.http import require_http_methods

LONGEST_TEXT = 500

read_and_send = require_http_methods(["GET", "HEAD", "POST"])


def clean_text(text: str) -> str:
    """Without blanks around it and without NUL, which no database takes; at most 500 characters."""
    return text.replace("\x00", "").strip()[:LONGEST_TEXT]


def number_in(text: str, *, digits: int = 15) -> int | None:
    """A whole number written in plain digits, at most so many; None for anything else."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= digits else None
