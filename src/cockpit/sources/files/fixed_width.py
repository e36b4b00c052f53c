"""Lines of fixed width, cut by the layout of the entity."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from cockpit.rulebook.sources.file import Layout
from cockpit.sources.files.lines import Record, Rejected, character_fault
from cockpit.sources.loading.reasons import UNDECODABLE, WRONG_WIDTH


def read_fixed(
    lines: Iterable[str], layout: Layout, *, encoding: str, needed: int, first_line_number: int
) -> Iterator[Record | Rejected]:
    """Records and malformed lines, in order; blank lines are neither.

    A line whose blanks at the end were cut off is a record too, as long as it reaches the columns that it needs.

    Args:
        layout: Its columns become the fields, in their order.
        encoding: Of the file; what bytes are counted in.
        needed: A line that ends before this place, counted from 1, is rejected; 0 for none.
    """
    in_bytes = layout.unit == "bytes"
    spans = [(span.start - 1, span.start - 1 + span.width) for span in layout.columns.values()]
    for number, received in enumerate(lines, start=first_line_number):
        line = received.removesuffix("\r")
        if not line or line.isspace():
            continue
        fault = character_fault(line)
        if fault:
            yield Rejected(number, number, fault, received)
            continue
        stored = line.encode(encoding) if in_bytes else line
        if len(stored) < needed or (layout.line_width is not None and len(stored) != layout.line_width):
            yield Rejected(number, number, WRONG_WIDTH, received)
            continue
        try:
            fields = [_text(stored[start:end], encoding).strip() for start, end in spans]
        except UnicodeDecodeError:
            # The cut goes through a character: the line is shifted.
            yield Rejected(number, number, UNDECODABLE, received)
            continue
        yield Record(number, number, fields, received)


def _text(piece: str | bytes, encoding: str) -> str:
    return piece.decode(encoding) if isinstance(piece, bytes) else piece
