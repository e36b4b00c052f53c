"""Physical lines of a text file, and what becomes of them whatever the format: a record or a rejected line."""

from __future__ import annotations

import codecs
from collections.abc import Iterator, Mapping
from typing import NamedTuple, TextIO

from cockpit.sources.loading.copytext import is_decoded
from cockpit.sources.loading.reasons import NUL_CHARACTER, TOO_LONG, UNDECODABLE

MAX_LINE_CHARACTERS = 1 << 20

# Name of the codec error handler below, as `open(errors=...)` takes it.
MARK_UNDECODABLE = "cockpit-mark-undecodable"
_MARK = 0xDC00


class Record(NamedTuple):
    """A well-formed record; lines are physical, counted from 1, `text` is as received."""

    line_number: int
    last_line_number: int
    fields: list[str]
    text: str


class ObjectRecord(NamedTuple):
    """A record whose fields have names of their own.

    `json` is what raw keeps of it, as received; None where it has to be made of the payload.
    """

    line_number: int
    payload: Mapping[str, object]
    json: str | None
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


def character_fault(line: str) -> str | None:
    """Why a line can be no record in any format; None when it may be one."""
    if len(line) > MAX_LINE_CHARACTERS:
        return TOO_LONG
    if "\0" in line:
        return NUL_CHARACTER
    return None if is_decoded(line) else UNDECODABLE
