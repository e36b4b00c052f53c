"""Read a list that somebody has: delimited text, a workbook or Parquet, of which nothing has been said.

Compression, encoding and delimiter are found by looking. Everything becomes text, as a person reads it.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from cockpit.errors import TerminalError, UsageError
from cockpit.i18n import _
from cockpit.rulebook.sources.file import FileEntity
from cockpit.sources.files.columns import named_header
from cockpit.sources.files.content import DAMAGED, Content, signature_of
from cockpit.sources.files.delimited import parse_line, read_records
from cockpit.sources.files.encodings import (
    LONGEST_MARK,
    TextEncoding,
    Utf8Check,
    declared_encoding,
    is_chinese_gb18030,
    marked_encoding,
)
from cockpit.sources.files.excel import open_sheet
from cockpit.sources.files.lines import Record, Rejected, physical_lines

# What the text may be in when it is neither UTF-8 nor Chinese.
_WESTERN = "cp1252"
_DELIMITERS = (",", ";", "\t", "|")
_WORKBOOKS = frozenset({".xlsx", ".xlsm", ".xls"})
_PARQUET = b"PAR1"
_BLOCK_BYTES = 1 << 20
# Lines that are looked at to tell the delimiter.
_SAMPLE = 200
_RECORDS_AT_A_TIME = 50_000


@dataclass(frozen=True)
class ListFile:
    """A list as it was read.

    Attributes:
        path: Where it lies.
        table: Its columns in their order, all text; null where nothing stands.
        lines: Line or row of each record in the file, from 1; of Parquet the number of the record.
        rejected: Line and reason of what is no record.
        encoding, delimiter: Of a text; None of others.
    """

    path: Path
    table: pa.Table
    lines: npt.NDArray[np.int64]
    rejected: tuple[tuple[int, str], ...]
    encoding: str | None = None
    delimiter: str | None = None

    @property
    def columns(self) -> list[str]:
        """Names of its columns."""
        return cast(list[str], self.table.column_names)

    def texts(self, column: str) -> npt.NDArray[np.object_]:
        """The texts of a column; None where nothing stands, or blanks only."""
        texts = pc.utf8_trim_whitespace(self.table.column(column))
        given = pc.if_else(pc.equal(texts, ""), pa.scalar(None, pa.string()), texts)
        return cast("npt.NDArray[np.object_]", given.to_numpy())


def read_list(path: Path, encoding: str | None = None) -> ListFile:
    """Read a file whose first line or row names its columns.

    Args:
        path: Text, also compressed; .xlsx, .xlsm or .xls, of which the first sheet is read; Parquet.
        encoding: Of a text; found by looking when None.

    Raises:
        TerminalError: not readable, empty, or no table.
        UsageError: no such encoding.
    """
    entity = _entity(path, encoding)
    try:
        with io.FileIO(path) as stream:
            content = Content(path, path.name, str(path), entity, stream, signature_of(stream))
            beginning = stream.read(len(_PARQUET))
            if not beginning:
                raise _empty(path)
            if beginning == _PARQUET:
                found = _read_parquet(path)
            elif content.is_workbook:
                found = _read_sheet(content)
            else:
                found = _read_text(content, encoding)
    except DAMAGED as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise TerminalError(_("the file cannot be read: {reason}", reason=reason), where=str(path)) from error
    if not found.table.num_rows:
        raise TerminalError(
            _("the file has no records"), where=str(path), fix=_("Below the line with the names there has to be one.")
        )
    return found


def _entity(path: Path, encoding: str | None) -> FileEntity:
    """What the readers of files want to know; a list has no contract, so its columns are nobody's."""
    if encoding is not None:
        try:
            "".encode(encoding)
        except LookupError:
            raise UsageError(_("unknown encoding"), found=encoding, allowed="utf-8, gb18030, cp1252, ...") from None
    return FileEntity.model_construct(
        path=str(path),
        key="line",
        columns={},
        format="excel" if path.suffix.lower() in _WORKBOOKS else "delimited",
        encoding=encoding or "auto",
    )


def _empty(path: Path) -> TerminalError:
    return TerminalError(_("the file is empty"), where=str(path), fix=_("Its first line has to name the columns."))


def _read_text(content: Content, declared: str | None) -> ListFile:
    encoding = _encoding_of(content, declared)
    lines = _lines(content, encoding)
    number, first = next(((number, line) for number, line in enumerate(lines, 1) if line.strip()), (0, ""))
    if not number:
        raise _empty(content.path)
    sample = list(islice(lines, _SAMPLE))
    delimiter, header = _header(content, number, first, sample)
    rejected: list[tuple[int, str]] = []
    records = read_records(
        islice(_lines(content, encoding), number, None),
        width=len(header),
        delimiter=delimiter,
        first_line_number=number + 1,
    )
    table, numbers = _table(header, _accepted(records, rejected))
    return ListFile(content.path, table, numbers, tuple(rejected), encoding.name, delimiter)


def _encoding_of(content: Content, declared: str | None) -> TextEncoding:
    stream = content.uncompressed()
    beginning = stream.peek(LONGEST_MARK)[:LONGEST_MARK]
    if declared:
        return declared_encoding(declared, beginning)
    if marked := marked_encoding(beginning):
        return marked
    check = Utf8Check()
    for block in _blocks(stream):
        check.feed(block)
    check.end()
    if check.is_valid:
        return TextEncoding("utf-8")
    return TextEncoding("gb18030" if is_chinese_gb18030(_blocks(content.uncompressed())) else _WESTERN)


def _blocks(stream: io.BufferedReader) -> Iterator[bytes]:
    return iter(lambda: stream.read(_BLOCK_BYTES), b"")


def _lines(content: Content, encoding: TextEncoding) -> Iterator[str]:
    return physical_lines(content.text(encoding, 0, sys.maxsize))


def _header(content: Content, number: int, line: str, sample: Sequence[str]) -> tuple[str, tuple[str, ...]]:
    """The delimiter by which most lines are whole records, of those the one with most columns; and the columns."""
    best: tuple[float, int, str, list[str]] | None = None
    fault = ""
    for delimiter in _DELIMITERS:
        fields = parse_line(line, delimiter)
        if isinstance(fields, str):
            fault = fields
            continue
        found = list(read_records(sample, width=len(fields), delimiter=delimiter, first_line_number=number + 1))
        # The last one may go on after the sample.
        whole = sum(isinstance(each, Record) for each in found[:-1] or found)
        share = whole / max(len(found[:-1] or found), 1)
        # One column is what every text has; it is taken where nothing else fits at all.
        chosen = (share if len(fields) > 1 else 0.0, len(fields), delimiter, fields)
        if best is None or chosen[:2] > best[:2]:
            best = chosen
    if best is None:
        raise TerminalError(_("the header cannot be read: {reason}", reason=_(fault)), where=f"{content.path}:{number}")
    return best[2], _distinct(named_header(best[3]))


def _distinct(names: Iterable[str]) -> tuple[str, ...]:
    """Names of which none comes twice: the second `name` becomes `name_2`."""
    found: dict[str, None] = {}
    for name in names:
        number, wanted = 1, name
        while wanted in found:
            number += 1
            wanted = f"{name}_{number}"
        found[wanted] = None
    return tuple(found)


def _accepted(
    records: Iterable[Record | Rejected | Any], rejected: list[tuple[int, str]]
) -> Iterator[tuple[int, list[str]]]:
    for record in records:
        if isinstance(record, Rejected):
            rejected.append((record.line_number, record.reason))
        else:
            yield record.line_number, record.fields


def _read_sheet(content: Content) -> ListFile:
    rejected: list[tuple[int, str]] = []
    with open_sheet(content, cast(FileEntity, content.entity)) as sheet:
        table, numbers = _table(_distinct(sheet.header), _accepted(sheet.records(1), rejected))
    return ListFile(content.path, table, numbers, tuple(rejected))


def _table(header: Sequence[str], records: Iterator[tuple[int, list[str]]]) -> tuple[pa.Table, npt.NDArray[np.int64]]:
    """Records as columns; some at a time, because a list of texts takes far more memory than a column."""
    schema = pa.schema([(name, pa.string()) for name in header])
    batches, numbers = [], []
    while some := list(islice(records, _RECORDS_AT_A_TIME)):
        columns = zip(*(fields for _number, fields in some), strict=True)
        batches.append(pa.record_batch([pa.array(column, pa.string()) for column in columns], schema=schema))
        numbers.append(np.array([number for number, _fields in some], dtype=np.int64))
    return (
        pa.Table.from_batches(batches, schema=schema),
        np.concatenate(numbers) if numbers else np.empty(0, dtype=np.int64),
    )


def _read_parquet(path: Path) -> ListFile:
    try:
        read = pq.read_table(path)
    except pa.ArrowException as error:
        raise TerminalError(
            _("the file cannot be read: {reason}", reason=str(error).splitlines()[0]), where=str(path)
        ) from error
    columns = {name: _as_text(column) for name, column in zip(_distinct(read.column_names), read.columns, strict=True)}
    return ListFile(path, pa.table(columns), np.arange(1, read.num_rows + 1), ())


def _as_text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Values as texts; whole numbers without decimals, however they are stored."""
    kind = column.type
    if pa.types.is_dictionary(kind):
        return _as_text(column.cast(kind.value_type))
    if pa.types.is_floating(kind):
        column = pc.if_else(pc.is_nan(column), pa.scalar(None, kind), column)
        given = pc.fill_null(column, 0)
        # A column of whole numbers with gaps is often stored so.
        if (
            pc.all(pc.and_(pc.is_finite(given), pc.less(pc.abs(given), 2**53))).as_py()
            and pc.all(pc.equal(pc.floor(given), given)).as_py()
        ):
            column = column.cast(pa.int64())
    if pa.types.is_nested(kind) or pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        # Nothing that can be compared.
        return pa.chunked_array([pa.nulls(len(column), pa.string())])
    return column.cast(pa.string())
