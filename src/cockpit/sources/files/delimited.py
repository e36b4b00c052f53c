"""Split delimited text into records, line by line, so that a malformed line costs itself and nothing after it.

The csv module reads a stray quote as the start of a field that ends at the next quote, however far away. Here a
record may span lines only where nothing else fits: the quote closes within a few lines, the fields come out at
the right number, and no line in between is a record by itself.
"""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterable, Iterator

from cockpit.sources.files.lines import MAX_LINE_CHARACTERS, Record, Rejected, character_fault
from cockpit.sources.loading.reasons import CARRIAGE_RETURN, TEXT_AFTER_QUOTE, UNCLOSED_QUOTE, WRONG_FIELD_COUNT

MAX_LINES_PER_RECORD = 100

# The csv module tells its errors apart by text alone.
_CSV_UNCLOSED = "unexpected end of data"


def parse_line(line: str, delimiter: str) -> list[str] | str:
    """Split one line, without its line feed, into fields; or the reason why it cannot be."""
    fault = character_fault(line)
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
    ahead = _Lookahead(lines)
    number = first_line_number - 1
    while (line := ahead.take()) is not None:
        number += 1
        item = _read_line(number, line, width, delimiter)
        if isinstance(item, Rejected) and item.reason == UNCLOSED_QUOTE:
            record = _read_lines(item, ahead, width, delimiter)
            if record:
                ahead.skip(record.last_line_number - number)
                number = record.last_line_number
                item = record
        if item is not None:
            yield item


class _Lookahead:
    """Lines that can be looked at before they are taken."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._source = iter(lines)
        self._waiting: deque[str] = deque()

    def take(self) -> str | None:
        """The next line; None at the end."""
        return self._waiting.popleft() if self._waiting else next(self._source, None)

    def peek(self, index: int) -> str | None:
        """The line so many lines after the next; None beyond the end."""
        while len(self._waiting) <= index:
            line = next(self._source, None)
            if line is None:
                return None
            self._waiting.append(line)
        return self._waiting[index]

    def skip(self, count: int) -> None:
        """Take lines that were peeked at."""
        for _line in range(count):
            self._waiting.popleft()


def _read_line(number: int, line: str, width: int, delimiter: str) -> Record | Rejected | None:
    fault = character_fault(line)
    if fault:
        return Rejected(number, number, fault, line)
    if not line or line == "\r":
        return None
    fields = _split([line], delimiter)
    if isinstance(fields, str):
        return Rejected(number, number, fields, line)
    if len(fields) != width:
        return Rejected(number, number, WRONG_FIELD_COUNT, line)
    return Record(number, number, fields, line)


def _read_lines(first: Rejected, ahead: _Lookahead, width: int, delimiter: str) -> Record | None:
    """The record that an unclosed line begins, if the lines after it complete one; none of them is taken."""
    pieces = [first.text]
    while len(pieces) < MAX_LINES_PER_RECORD:
        line = ahead.peek(len(pieces) - 1)
        if line is None or character_fault(line) or _stands_alone(line, width, delimiter):
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
        last = first.line_number + len(pieces) - 1
        return Record(first.line_number, last, fields, "\n".join(pieces))
    return None


def _stands_alone(line: str, width: int, delimiter: str) -> bool:
    """Whether the line is a record by itself. With one column every line would be, which says nothing."""
    if width == 1 or line.count('"') % 2:
        return False
    fields = _split([line], delimiter)
    return not isinstance(fields, str) and len(fields) == width


def _split(pieces: list[str], delimiter: str) -> list[str] | str:
    """Fields of one record, or the reason why it has none."""
    last = pieces[-1].removesuffix("\r")
    if len(pieces) == 1 and '"' not in last and "\r" not in last:
        return last.split(delimiter)
    lines = [*(f"{piece}\n" for piece in pieces[:-1]), last]
    # The module's own limit is process-wide and lower than ours.
    csv.field_size_limit(MAX_LINE_CHARACTERS * MAX_LINES_PER_RECORD)
    try:
        rows = list(csv.reader(lines, delimiter=delimiter, strict=True))
    except csv.Error as error:
        if str(error) == _CSV_UNCLOSED:
            return UNCLOSED_QUOTE
        return CARRIAGE_RETURN if "new-line" in str(error) else TEXT_AFTER_QUOTE
    return rows[0] if len(rows) == 1 else WRONG_FIELD_COUNT
