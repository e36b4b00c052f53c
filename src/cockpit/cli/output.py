"""Text for a terminal: tables that align Chinese, numbers that people read, progress with seconds."""

from __future__ import annotations

import re
import sys
import time
import unicodedata
from collections.abc import Callable, Sequence

# What a terminal obeys instead of showing it, what turns the direction of writing, and what cannot be encoded.
_COMMANDS = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff]"
)


def inert(text: str) -> str:
    """A text from data as a terminal may show it: what it would obey is written as JSON writes it, `\\u001b`.

    Line ends stay. A text in JSON stays the same text to whoever reads it as JSON.
    """
    return _COMMANDS.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def width(text: str) -> int:
    """Columns that a text takes in a terminal; Chinese characters take two."""
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)


def table(header: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[int] = ()) -> str:
    """Columns as wide as their widest cell, two spaces between them; texts from data do nothing in it.

    Args:
        right: Numbers of the columns (from 0) whose cells are aligned to the right.
    """
    rows = [[inert(cell).replace("\n", "\\n") for cell in row] for row in rows]
    widths = [max(width(row[column]) for row in (header, *rows)) for column in range(len(header))]
    return "\n".join(
        "  ".join(_pad(cell, widths[column], column in right) for column, cell in enumerate(row)).rstrip()
        for row in (header, *rows)
    )


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
    for word in re.findall(r" +|[^ \u2e80-\uffef]+|[\u2e80-\uffef][，。；：）]?", text):
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
