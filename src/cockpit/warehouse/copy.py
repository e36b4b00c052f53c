"""Write rows by COPY, streaming: memory stays constant whatever the number of rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import TextIO, cast

import psycopg2
from psycopg2.extensions import cursor as PgCursor

# PostgreSQL text cannot hold NUL.
_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r", "\x00": "\N{REPLACEMENT CHARACTER}"})
_CHUNK_CHARACTERS = 1 << 16


def copy_rows(cursor: PgCursor, table: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> int:
    """Append rows to a table.

    Args:
        cursor: In the transaction that the rows belong to.
        table: Schema-qualified name, trusted.
        columns: Column names in the order of the values.
        rows: Values that are None, text, numbers, dates, booleans or lists of texts.

    Returns:
        The number of rows written.

    Raises:
        TypeError: a value of another type.
        Whatever `rows` raises; nothing is written then.
    """
    lines = _Lines(rows)
    try:
        cursor.copy_expert(f"copy {table} ({', '.join(columns)}) from stdin", cast(TextIO, lines))
    except psycopg2.Error as error:
        # psycopg2 reports it as a cancelled statement, which looks like a fault of the server that may pass.
        if lines.failure is not None:
            raise lines.failure from error
        raise
    return lines.count


class _Lines:
    """A readable file over an iterator, which is what psycopg2's COPY asks for."""

    def __init__(self, rows: Iterable[Sequence[object]]) -> None:
        self.count = 0
        self.failure: Exception | None = None
        self._rows: Iterator[Sequence[object]] = iter(rows)
        self._buffer = ""

    def read(self, size: int = _CHUNK_CHARACTERS, /) -> str:
        try:
            return self._read(size)
        except Exception as error:
            self.failure = error
            raise

    def _read(self, wanted: int) -> str:
        parts = [self._buffer]
        length = len(self._buffer)
        while length < wanted:
            row = next(self._rows, None)
            if row is None:
                break
            line = "\t".join(_field(value) for value in row) + "\n"
            self.count += 1
            parts.append(line)
            length += len(line)
        text = "".join(parts)
        self._buffer = text[wanted:]
        return text[:wanted]


def _field(value: object) -> str:
    if value is None:
        return "\\N"
    if isinstance(value, bool):
        return "t" if value else "f"
    if isinstance(value, str):
        return _escaped(value)
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, int | float | Decimal):
        return str(value)
    if isinstance(value, list | tuple):
        return _escaped(_array(value))
    raise TypeError(f"copy_rows cannot write a {type(value).__name__}")


def _escaped(text: str) -> str:
    # Most texts need nothing, and a look is a hundred times cheaper than a translation of each character.
    if "\\" in text or "\t" in text or "\n" in text or "\r" in text or "\x00" in text:
        return text.translate(_ESCAPES)
    return text


def _array(values: Sequence[object]) -> str:
    def quote(value: object) -> str:
        if value is None:
            return "NULL"
        return '"' + str(value).replace("\\", "\\\\").replace('"', '\\"') + '"'

    return "{" + ",".join(quote(value) for value in values) + "}"
