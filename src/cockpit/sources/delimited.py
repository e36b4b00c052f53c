"""Split delimited text into records, line by line, so that a malformed line costs itself and nothing after it.

The csv module reads a stray quote as the start of a field that ends at the next quote, however far away. Here a
record may span lines only where nothing else fits: the quote closes within a few lines, the fields come out at
the right number, and no line in between is a record by itself.
"""

from __future__ import annotations

import codecs
import csv
from collections import deque
from collections.abc import Iterable, Iterator
from typing import NamedTuple, TextIO

MAX_LINE_CHARACTERS = 1 << 20
MAX_LINES_PER_RECORD = 100

# Reasons of a rejection; kept in ops.rejected_line in English and translated where they are shown.
WRONG_FIELD_COUNT = "wrong number of fields"
UNDECODABLE = "bytes that the declared encoding does not have"
NUL_CHARACTER = "NUL character"
UNCLOSED_QUOTE = "quote that is not closed"
TEXT_AFTER_QUOTE = "text after a closing quote"
CARRIAGE_RETURN = "carriage return inside the line"
TOO_LONG = "line is too long"
EMPTY_KEY = "key is empty"
REASONS = (
    WRONG_FIELD_COUNT,
    UNDECODABLE,
    NUL_CHARACTER,
    UNCLOSED_QUOTE,
    TEXT_AFTER_QUOTE,
    CARRIAGE_RETURN,
    TOO_LONG,
    EMPTY_KEY,
)

# Name of the codec error handler below, as `open(errors=...)` takes it.
MARK_UNDECODABLE = "cockpit-mark-undecodable"
_MARK = 0xDC00

# The csv module tells its errors apart by text alone.
_CSV_UNCLOSED = "unexpected end of data"


class Record(NamedTuple):
    """A well-formed record; lines are physical, counted from 1, `text` is as received."""

    line_number: int
    last_line_number: int
    fields: list[str]
    text: str


class Rejected(NamedTuple):
    """A line that is no record."""

    line_number: int
    last_line_number: int
    reason: str
    text: str


def _mark_undecodable(error: UnicodeError) -> tuple[str, int]:
    """Stand a lone surrogate for each undecodable byte, in any encoding; no valid text contains one."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return "".join(chr(_MARK + byte) for byte in error.object[error.start : error.end]), error.end


codecs.register_error(MARK_UNDECODABLE, _mark_undecodable)


def printable(text: str) -> str:
    """The text as a PostgreSQL text can hold it: undecodable bytes and NUL as `\\xNN`."""
    if "\0" not in text and _is_decoded(text):
        return text
    return "".join(
        f"\\x{code & 0xFF:02x}" if code == 0 or 0xD800 <= code <= 0xDFFF else character
        for character in text
        for code in (ord(character),)
    )


def physical_lines(stream: TextIO) -> Iterator[str]:
    """Lines without their line feed; a longer line than allowed is cut to one character more than that.

    Args:
        stream: Opened with `newline="\\n"`, so that a carriage return is seen where it stands.
    """
    while line := stream.readline(MAX_LINE_CHARACTERS + 1):
        if line[-1] == "\n":
            yield line[:-1]
        else:
            rest = line
            while rest and rest[-1] != "\n":
                rest = stream.readline(MAX_LINE_CHARACTERS)
            yield line


def parse_line(line: str, delimiter: str) -> list[str] | str:
    """Split one line, without its line feed, into fields; or the reason why it cannot be."""
    fault = _character_fault(line)
    return fault or _split([line], delimiter)


def read_records(
    lines: Iterable[str], *, width: int, delimiter: str, first_line_number: int
) -> Iterator[Record | Rejected]:
    """Records and malformed lines, in order; blank lines are neither.

    Args:
        lines: Physical lines without line feed.
        width: Number of fields of a record.
        first_line_number: Number of the first of the lines.
    """
    source = iter(lines)
    waiting: deque[str] = deque()
    number = first_line_number - 1
    while True:
        if waiting:
            line = waiting.popleft()
        else:
            following = next(source, None)
            if following is None:
                return
            line = following
        number += 1
        fault = _character_fault(line)
        if fault:
            yield Rejected(number, number, fault, line)
            continue
        if '"' not in line and "\r" not in line:
            if not line:
                continue
            fields = line.split(delimiter)
            if len(fields) == width:
                yield Record(number, number, fields, line)
            else:
                yield Rejected(number, number, WRONG_FIELD_COUNT, line)
            continue
        if line == "\r":
            continue
        parsed = _split([line], delimiter)
        if parsed == UNCLOSED_QUOTE:
            record = _join(number, line, waiting, source, width, delimiter)
            if record:
                for _used in range(record.last_line_number - number):
                    waiting.popleft()
                number = record.last_line_number
                yield record
            else:
                yield Rejected(number, number, UNCLOSED_QUOTE, line)
        elif isinstance(parsed, str):
            yield Rejected(number, number, parsed, line)
        elif len(parsed) != width:
            yield Rejected(number, number, WRONG_FIELD_COUNT, line)
        else:
            yield Record(number, number, parsed, line)


def _join(
    number: int, first: str, waiting: deque[str], source: Iterator[str], width: int, delimiter: str
) -> Record | None:
    """The record that the line begins, if the lines after it complete one; they stay in `waiting`."""
    pieces = [first]
    while len(pieces) < MAX_LINES_PER_RECORD:
        if len(pieces) > len(waiting):
            following = next(source, None)
            if following is None:
                return None
            waiting.append(following)
        line = waiting[len(pieces) - 1]
        if _character_fault(line) or _stands_alone(line, width, delimiter):
            return None
        pieces.append(line)
        # Without a quote the line cannot close the field.
        if '"' not in line:
            continue
        fields = _split(pieces, delimiter)
        if fields == UNCLOSED_QUOTE:
            continue
        if isinstance(fields, str) or len(fields) != width:
            return None
        return Record(number, number + len(pieces) - 1, fields, "\n".join(pieces))
    return None


def _stands_alone(line: str, width: int, delimiter: str) -> bool:
    """Whether the line is a record by itself. With one column every line would be, which says nothing."""
    if width == 1 or line.count('"') % 2:
        return False
    fields = _split([line], delimiter)
    return not isinstance(fields, str) and len(fields) == width


def _split(pieces: list[str], delimiter: str) -> list[str] | str:
    lines = [f"{piece}\n" for piece in pieces[:-1]]
    lines.append(pieces[-1].removesuffix("\r"))
    # The module's own limit is process-wide and lower than ours.
    csv.field_size_limit(MAX_LINE_CHARACTERS * MAX_LINES_PER_RECORD)
    try:
        rows = list(csv.reader(lines, delimiter=delimiter, strict=True))
    except csv.Error as error:
        if str(error) == _CSV_UNCLOSED:
            return UNCLOSED_QUOTE
        return CARRIAGE_RETURN if "new-line" in str(error) else TEXT_AFTER_QUOTE
    return rows[0] if len(rows) == 1 else WRONG_FIELD_COUNT


def _character_fault(line: str) -> str | None:
    if len(line) > MAX_LINE_CHARACTERS:
        return TOO_LONG
    if "\0" in line:
        return NUL_CHARACTER
    return None if _is_decoded(line) else UNDECODABLE


def _is_decoded(text: str) -> bool:
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
