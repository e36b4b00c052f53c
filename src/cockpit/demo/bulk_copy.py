"""Stream tables into PostgreSQL by COPY, in blocks, without holding the text of a whole table."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from psycopg2 import sql
from psycopg2.extensions import cursor as PgCursor

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

_BLOCK_ROWS = 20_000
_READ_BYTES = 1 << 16
_NULL = r"\N"
_NOT_A_TIME = "NaT"
_ESCAPES = str.maketrans({"\\": r"\\", "\t": r"\t", "\n": r"\n", "\r": r"\r"})

Write = Callable[[pd.Series, str], list[str]]


def whole(values: pd.Series, _offset: str) -> list[str]:
    """Whole numbers without null."""
    return [str(value) for value in values.tolist()]


def nullable_id(values: pd.Series, _offset: str) -> list[str]:
    """Ids where a negative number stands for none."""
    return [str(value) if value >= 0 else _NULL for value in values.tolist()]


def text(values: pd.Series, _offset: str) -> list[str]:
    """Text, escaped; null as null."""
    is_null = values.isna()
    if isinstance(values.dtype, pd.CategoricalDtype):
        words = [*(str(word).translate(_ESCAPES) for word in values.cat.categories), _NULL]
        return [words[code] for code in values.cat.codes.tolist()]
    return [
        _NULL if null else str(value).translate(_ESCAPES)
        for value, null in zip(values.tolist(), is_null.tolist(), strict=True)
    ]


def moment(values: pd.Series, offset: str) -> list[str]:
    """Local time with the zone's offset; NaT as null."""
    written: list[str] = np.datetime_as_string(values.to_numpy(), unit="s").tolist()
    if values.isna().any():
        return [_NULL if value == _NOT_A_TIME else value + offset for value in written]
    return [value + offset for value in written]


def day(values: pd.Series, _offset: str) -> list[str]:
    """A date; NaT as null."""
    written: list[str] = np.datetime_as_string(values.to_numpy(), unit="D").tolist()
    return [_NULL if value == _NOT_A_TIME else value for value in written] if values.isna().any() else written


def boolean(values: pd.Series, _offset: str) -> list[str]:
    """Truth values without null."""
    return ["t" if value else "f" for value in values.tolist()]


def scaled(places: int) -> Write:
    """Whole numbers in units of 10**-places as decimals; exact below 2**53."""
    unit = float(10**places)
    template = f"%.{places}f"

    def write(values: pd.Series, _offset: str) -> list[str]:
        is_null = values.isna().tolist()
        numbers = (values.to_numpy(dtype=np.float64, na_value=np.nan) / unit).tolist()
        return [_NULL if null else template % number for number, null in zip(numbers, is_null, strict=True)]

    return write


cents, milli, e4 = scaled(2), scaled(3), scaled(4)


@dataclass(frozen=True)
class CopyColumn:
    """A column of the database, the column of the frame that it comes from, and how it is written."""

    name: str
    write: Write
    source: str | None = None


def copy_frame(
    cursor: PgCursor,
    table: sql.Composable,
    columns: Sequence[CopyColumn],
    frame: pd.DataFrame,
    offset: str,
    *,
    is_new: bool = False,
) -> int:
    """Append a frame to a table.

    Args:
        cursor: In the caller's transaction.
        table: Quoted name.
        columns: What to write; other columns of the frame stay out.
        frame: Local times, scaled money.
        offset: The zone's offset, `+08:00`.
        is_new: The table was made or emptied in this transaction: its rows are written frozen, which saves the
            first reader and the clean-up from touching every row again.

    Returns:
        Rows written.
    """
    names = sql.SQL(", ").join(sql.Identifier(column.name) for column in columns)
    options = sql.SQL(" with (freeze)" if is_new else "")
    statement = sql.SQL("copy {} ({}) from stdin{}").format(table, names, options)
    cursor.copy_expert(statement, _Blocks(_blocks(columns, frame, offset)), _READ_BYTES)
    return len(frame)


def _blocks(columns: Sequence[CopyColumn], frame: pd.DataFrame, offset: str) -> Iterator[bytes]:
    for begin in range(0, len(frame), _BLOCK_ROWS):
        block = frame.iloc[begin : begin + _BLOCK_ROWS]
        written = [column.write(block[column.source or column.name], offset) for column in columns]
        yield ("\n".join(map("\t".join, zip(*written, strict=True))) + "\n").encode()


class _Blocks(io.RawIOBase):
    """A readable file over generated blocks, as psycopg2's COPY wants one."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks = blocks
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        """Yes."""
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        """Fill the buffer from the current block; 0 after the last one."""
        if not self._rest:
            self._rest = memoryview(next(self._blocks, b""))
        target = memoryview(buffer)
        size = min(len(target), len(self._rest))
        target[:size] = self._rest[:size]
        self._rest = self._rest[size:]
        return size
