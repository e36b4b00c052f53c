"""Which encoding a text file is in: told by its first bytes, else by whether the whole of it can be decoded.

Everything is looked at in blocks, so that the size of a file does not matter.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterable
from typing import NamedTuple

_BLOCK_BYTES = 1 << 20

# Longer marks first: UTF-32's little-endian mark begins with that of UTF-16.
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
LONGEST_MARK = 4

# Share of the characters beyond ASCII, 0-1, that are of GB 2312 in Chinese texts; names with rare characters have
# fewer. Western texts in an 8-bit encoding often decode as GB18030 too, but to rare characters.
_COMMON_CHINESE = 0.8


class TextEncoding(NamedTuple):
    """Python's name of an encoding without a mark of its own, and the length of the mark that the file begins with."""

    name: str
    mark_bytes: int = 0

    @property
    def line_feed(self) -> bytes:
        """The bytes that end a line."""
        return "\n".encode(self.name)


def marked_encoding(beginning: bytes) -> TextEncoding | None:
    """What the byte order mark at the beginning of a file says; None without one."""
    for mark, name in _MARKS:
        if beginning.startswith(mark):
            return TextEncoding(name, len(mark))
    return None


def declared_encoding(declared: str, beginning: bytes) -> TextEncoding:
    """The encoding that a source file names, with the mark that the file may begin with."""
    name = codecs.lookup(declared).name
    marked = marked_encoding(beginning)
    if name in ("utf-16", "utf-32"):
        # Without a mark most writers mean the order of their own machine.
        return marked if marked and marked.name.startswith(name) else TextEncoding(f"{name}-le")
    if name == "utf-8-sig":
        name = "utf-8"
    return marked if marked and marked.name == name else TextEncoding(name)


class Utf8Check:
    """Whether blocks, one after the other, are UTF-8."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("strict")
        self._is_between_characters = True
        self.is_valid = True

    def feed(self, block: bytes) -> None:
        """Look at the next block."""
        if not self.is_valid or (self._is_between_characters and block.isascii()):
            return
        try:
            self._decoder.decode(block)
        except UnicodeDecodeError:
            self.is_valid = False
        self._is_between_characters = not self._decoder.getstate()[0]

    def end(self) -> None:
        """A character that is cut off at the end is no UTF-8 either."""
        self.is_valid = self.is_valid and self._is_between_characters


def is_chinese_gb18030(blocks: Iterable[bytes]) -> bool:
    """Whether the blocks decode as GB18030 and to Chinese rather than to the garbage that Western bytes become."""
    decoder = codecs.getincrementaldecoder("gb18030")("strict")
    foreign = common = 0
    try:
        for block in blocks:
            text = decoder.decode(block)
            ascii_length = len(text.encode("ascii", "ignore"))
            foreign += len(text) - ascii_length
            common += (len(text.encode("gb2312", "ignore")) - ascii_length) // 2
        foreign += len(decoder.decode(b"", True))
    except UnicodeDecodeError:
        return False
    return common >= foreign * _COMMON_CHINESE


def end_of_last_line(block: bytes, offset: int, line_feed: bytes) -> int:
    """Length of a part of a file up to and with its last line feed; 0 when it has none.

    Args:
        offset: Place of the block in the file; a wide line feed stands at a multiple of its own length.
        line_feed: In the file's encoding.
    """
    width = len(line_feed)
    found = block.rfind(line_feed)
    while found >= 0 and (offset + found) % width:
        found = block.rfind(line_feed, 0, found + width - 1)
    return found + width if found >= 0 else 0
