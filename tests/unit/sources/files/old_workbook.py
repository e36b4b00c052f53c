"""A workbook in the format of Excel 97 (BIFF8 in a compound file), written byte by byte.

No library that the project uses writes it, and the connector has to read it.
"""

from __future__ import annotations

import struct

_SECTOR = 512
_END_OF_CHAIN, _FAT_SECTOR, _FREE = 0xFFFFFFFE, 0xFFFFFFFD, 0xFFFFFFFF


def old_workbook(title: str, rows: list[list[str | float]]) -> bytes:
    """One sheet with texts and numbers; empty texts are empty cells."""
    stream = _workbook_stream(title, rows)
    # Below this size streams lie in a part of their own, which this writer does not know.
    stream += b"\0" * max(0, 4096 - len(stream))
    stream += b"\0" * (-len(stream) % _SECTOR)
    count = len(stream) // _SECTOR
    # Sector 0 is the allocation table, 1 the directory, the stream follows.
    table = [_FAT_SECTOR, _END_OF_CHAIN, *range(3, count + 2), _END_OF_CHAIN]
    fat = struct.pack(f"<{len(table)}I", *table).ljust(_SECTOR, b"\xff")
    assert len(fat) == _SECTOR, "too large for this writer"
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 16 + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + b"\0" * 6
    header += struct.pack("<IIIIIIIII", 0, 1, 1, 0, 4096, _END_OF_CHAIN, 0, _END_OF_CHAIN, 0)
    header += struct.pack("<109I", 0, *[_FREE] * 108)
    directory = _entry("Root Entry", 5, _END_OF_CHAIN, 0, child=1) + _entry("Workbook", 2, 2, count * _SECTOR)
    return header + fat + directory.ljust(_SECTOR, b"\0") + stream


def _entry(name: str, kind: int, start: int, size: int, child: int = _FREE) -> bytes:
    encoded = (name + "\0").encode("utf-16-le")
    return (
        encoded.ljust(64, b"\0")
        + struct.pack("<HBB", len(encoded), kind, 1)
        + struct.pack("<III", _FREE, _FREE, child)
        + b"\0" * 36
        + struct.pack("<IQ", start, size)
    )


def _record(kind: int, body: bytes) -> bytes:
    return struct.pack("<HH", kind, len(body)) + body


def _text(text: str, length_format: str) -> bytes:
    return struct.pack(length_format, len(text)) + b"\x01" + text.encode("utf-16-le")


def _workbook_stream(title: str, rows: list[list[str | float]]) -> bytes:
    begin = _record(0x0809, struct.pack("<HHHHII", 0x0600, 0x0005, 0, 0, 0, 0))
    name = _text(title, "<B")
    end = _record(0x000A, b"")
    place = len(begin) + len(_record(0x0085, struct.pack("<IH", 0, 0) + name)) + len(end)
    sheet_entry = _record(0x0085, struct.pack("<IH", place, 0) + name)
    cells = b""
    for row, values in enumerate(rows):
        for column, value in enumerate(values):
            where = struct.pack("<HHH", row, column, 0)
            if isinstance(value, float):
                cells += _record(0x0203, where + struct.pack("<d", value))
            elif value:
                cells += _record(0x0204, where + _text(value, "<H"))
    sheet = _record(0x0809, struct.pack("<HHHHII", 0x0600, 0x0010, 0, 0, 0, 0)) + cells + end
    return begin + sheet_entry + end + sheet
