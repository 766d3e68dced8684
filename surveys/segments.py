"""Compressed once, sent many times: gzip files put together from pieces that were compressed before.

A deflate stream may be cut after a full flush and put together again, so a page whose long parts never
change needs no compression when it is sent: only the few bytes that differ are added, uncompressed,
and the checksum over all of it.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from dataclasses import dataclass

GZIP_HEAD = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\xff"  # deflate, no name, no time, unknown system
LAST_BLOCK = b"\x03\x00"  # an empty final block
LARGEST_STORED_BLOCK = 65_535


@dataclass(frozen=True, slots=True)
class Segment:
    """A piece of a body, as it is and as a cut of a deflate stream (ends on a byte, is not final)."""

    plain: bytes
    deflated: bytes


def compressed(text: str) -> Segment:
    """A piece that is sent often: compressed as small as it gets."""
    plain = text.encode()
    deflate = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    return Segment(plain, deflate.compress(plain) + deflate.flush(zlib.Z_FULL_FLUSH))


def stored(text: str) -> Segment:
    """A short piece that is sent once: kept as it is, at a cost of five bytes."""
    plain = text.encode()
    length = len(plain)
    if length > LARGEST_STORED_BLOCK:
        raise ValueError(f"{length} bytes; a stored piece holds at most {LARGEST_STORED_BLOCK}")
    head = b"\x00" + length.to_bytes(2, "little") + (length ^ 0xFFFF).to_bytes(2, "little")
    return Segment(plain, head + plain)


def plain_body(segments: Iterable[Segment]) -> bytes:
    return b"".join(segment.plain for segment in segments)


def gzip_body(segments: Iterable[Segment]) -> bytes:
    """The pieces as one gzip file."""
    pieces, checksum, length = [GZIP_HEAD], 0, 0
    for segment in segments:
        pieces.append(segment.deflated)
        checksum = zlib.crc32(segment.plain, checksum)
        length += len(segment.plain)
    pieces += (LAST_BLOCK, checksum.to_bytes(4, "little"), (length & 0xFFFFFFFF).to_bytes(4, "little"))
    return b"".join(pieces)
