"""A minimal writer of old Excel files (.xls, BIFF8 in a compound document), for tests only."""

import struct

SECTOR = 512
FREE, END, FAT = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD


def xls_bytes(sheets: dict[str, list[list[str | int | float | None]]]) -> bytes:
    """An .xls with these sheets: name → rows of cells; None leaves a cell out."""
    return _compound_document(_workbook(sheets))


def _record(kind: int, body: bytes) -> bytes:
    return struct.pack("<HH", kind, len(body)) + body


def _begin(substream: int) -> bytes:
    return _record(0x0809, struct.pack("<HHHHII", 0x0600, substream, 0x0DBB, 0x07CC, 0x41, 0x06))


def _workbook(sheets: dict[str, list[list]]) -> bytes:
    streams = [_sheet(rows) for rows in sheets.values()]
    entries = [
        struct.pack("<HBB", 0, len(name), 1) + name.encode("utf-16-le") for name in sheets
    ]  # visible worksheet, name in UTF-16
    globals_length = len(_begin(5)) + sum(4 + 4 + len(entry) for entry in entries) + 4
    position, records = globals_length, _begin(5)
    for entry, stream in zip(entries, streams, strict=True):
        records += _record(0x0085, struct.pack("<I", position) + entry)
        position += len(stream)
    return records + _record(0x000A, b"") + b"".join(streams)


def _sheet(rows: list[list]) -> bytes:
    width = max((len(row) for row in rows), default=0)
    records = _begin(0x10) + _record(0x0200, struct.pack("<IIHHH", 0, len(rows), 0, width, 0))
    for number, row in enumerate(rows):
        for column, value in enumerate(row):
            place = struct.pack("<HHH", number, column, 0)
            if isinstance(value, str):
                text = struct.pack("<HB", len(value), 1) + value.encode("utf-16-le")
                records += _record(0x0204, place + text)
            elif value is not None:
                records += _record(0x0203, place + struct.pack("<d", value))
    return records + _record(0x000A, b"")


def _compound_document(stream: bytes) -> bytes:
    stream = stream.ljust(4096, b"\0")  # shorter streams would live in the mini stream
    sectors = -(-len(stream) // SECTOR)
    stream = stream.ljust(sectors * SECTOR, b"\0")
    fat_sectors = 1
    while fat_sectors * 128 < fat_sectors + 1 + sectors:
        fat_sectors += 1
    first = fat_sectors + 1
    fat = [FAT] * fat_sectors + [END] + [*range(first + 1, first + sectors), END]
    fat += [FREE] * (fat_sectors * 128 - len(fat))
    header = (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
        + bytes(16)
        + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6)
        + bytes(6)
    )
    header += struct.pack("<IIIIIIIII", 0, fat_sectors, fat_sectors, 0, 4096, END, 0, END, 0)
    header += b"".join(struct.pack("<I", n) for n in range(fat_sectors)) + struct.pack("<I", FREE) * (
        109 - fat_sectors
    )
    directory = _entry("Root Entry", 5, child=1, start=END, size=0)
    directory += _entry("Workbook", 2, child=FREE, start=first, size=len(stream))
    return header + struct.pack(f"<{len(fat)}I", *fat) + directory.ljust(SECTOR, b"\0") + stream


def _entry(name: str, kind: int, *, child: int, start: int, size: int) -> bytes:
    text = (name + "\0").encode("utf-16-le")
    return (
        text.ljust(64, b"\0")
        + struct.pack("<HBBIII", len(text), kind, 1, FREE, FREE, child)
        + bytes(16) + bytes(4) + bytes(16) + struct.pack("<IQ", start, size)
    )  # fmt: skip
