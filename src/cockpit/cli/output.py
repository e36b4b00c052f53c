"""Text for a terminal: tables that align Chinese, numbers that people read, progress with seconds."""

from __future__ import annotations

import os
import re
import sys
import time
import unicodedata
from collections.abc import Callable, Sequence

# What a terminal obeys instead of showing it, what turns the direction of writing, and what cannot be encoded.
_COMMANDS = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
)

# Blanks, words, and single Chinese characters with the mark behind them.
_WORDS = r" +|[^ \u2e80-\uffef]+|[\u2e80-\uffef][，。；：）]?"
# Columns of a table are not made narrower than that, in columns of the screen; the last one at first no more than this.
_NARROWEST = 16
_NARROWEST_LAST = 24


def inert(text: str) -> str:
    """A text from data as a terminal may show it: what it would obey is written as JSON writes it, `\\u001b`.

    Line ends stay. A text in JSON stays the same text to whoever reads it as JSON.
    """
    return _COMMANDS.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def width(text: str) -> int:
    """Columns that a text takes in a terminal; Chinese characters take two."""
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


def screen_columns() -> int | None:
    """What fits on a line: `COLUMNS` where it is set, else the terminal's width; None where output goes elsewhere."""
    given = os.environ.get("COLUMNS", "")
    if given.isascii() and given.isdigit() and int(given):
        return int(given)
    try:
        return (os.get_terminal_size(sys.stdout.fileno()).columns or None) if sys.stdout.isatty() else None
    except (OSError, ValueError):
        # Not a file of the system, as in tests; or closed.
        return None


def table(header: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[int] = ()) -> str:
    """Columns as wide as their widest cell, two spaces between them; texts from data do nothing in it.

    Where it is too wide for the screen, cells go on in further lines, in the last column first; nothing is cut.
    Numbers and headings stay whole, so that a screen may be too narrow for any of it.

    Args:
        right: Numbers of the columns (from 0) whose cells are aligned to the right.
    """
    rows = [[inert(cell).replace("\n", "\\n") for cell in row] for row in rows]
    widths = [max(width(row[column]) for row in (header, *rows)) for column in range(len(header))]
    screen = screen_columns()
    if screen:
        _narrow(widths, header, right, screen)
    lines = []
    for row in (header, *rows):
        cells = [_parts(cell, columns) for cell, columns in zip(row, widths, strict=True)]
        for index in range(max(map(len, cells))):
            parts = [cell[index] if index < len(cell) else "" for cell in cells]
            padded = (_pad(part, widths[column], column in right) for column, part in enumerate(parts))
            lines.append("  ".join(padded).rstrip())
    return "\n".join(lines)


def _narrow(widths: list[int], header: Sequence[str], right: Sequence[int], screen: int) -> None:
    """Take from the columns what is too much for the screen: the last one first, then the widest."""
    last = len(widths) - 1
    texts = sorted((column for column in range(last) if column not in right), key=lambda column: -widths[column])
    ends = [] if last in right else [last]
    order = [*((column, _NARROWEST_LAST) for column in ends), *((column, _NARROWEST) for column in [*texts, *ends])]
    excess = sum(widths) + 2 * last - screen
    for column, narrowest in order:
        taken = min(max(excess, 0), max(widths[column] - max(width(header[column]), narrowest), 0))
        widths[column] -= taken
        excess -= taken


def _parts(text: str, columns: int) -> list[str]:
    """The text in lines of so many columns; between words where it can be, else within one. At least one line."""
    if width(text) <= columns:
        return [text]
    lines = [""]
    for found in re.findall(_WORDS, text):
        word = found
        does_fit = width(lines[-1]) + width(word) <= columns
        if word.isspace():
            # A blank at the end of a line is the break itself.
            if does_fit and (lines[-1] or len(lines) == 1):
                lines[-1] += word
            continue
        if not does_fit and lines[-1]:
            lines.append("")
        while width(word) > columns:
            fits = _fitting(word, columns)
            lines[-1:] = [word[:fits], ""]
            word = word[fits:]
        lines[-1] += word
    return [line for line in lines if line]


def _fitting(word: str, columns: int) -> int:
    """How many of the first characters fit; at least one."""
    used = 0
    for number, character in enumerate(word):
        used += width(character)
        if used > columns:
            return max(number, 1)
    return len(word)


def _pad(cell: str, columns: int, to_right: bool) -> str:
    space = " " * (columns - width(cell))
    return space + cell if to_right else cell + space


def folded(text: str, indent: int = 0, columns: int = 80) -> str:
    """A text in lines that fit a terminal; a word that is longer than a line is left whole.

    Args:
        indent: Blanks before each line.
        columns: Width of the terminal; Chinese characters take two and may be parted anywhere.
    """
    lines = [""]
    for word in re.findall(_WORDS, text):
        if width(lines[-1]) + width(word) > columns - indent and lines[-1]:
            lines.append("")
        lines[-1] += word if lines[-1] else word.lstrip()
    return "\n".join(" " * indent + line.rstrip() for line in lines)


def duration(seconds: float) -> str:
    """`45s`, `3m12s`, `5h02m`, `3d04h`."""
    whole = int(seconds)
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m{whole % 60:02}s"
    if whole < 86400:
        return f"{whole // 3600}h{whole % 3600 // 60:02}m"
    return f"{whole // 86400}d{whole % 86400 // 3600:02}h"


def stopwatch() -> Callable[[str], None]:
    """A progress function that prints each line with the seconds since it was made, on the error output."""
    begin = time.monotonic()

    def tell(text: str) -> None:
        print(f"{time.monotonic() - begin:5.1f} s  {text}", file=sys.stderr, flush=True)

    return tell
