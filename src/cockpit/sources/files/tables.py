"""Read a file in its format: its columns, and its records from any line on."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import Protocol, TypeAlias

from cockpit.errors import TerminalError
from cockpit.i18n import _
from cockpit.rulebook.sources.file import FileEntity
from cockpit.sources.files.columns import named_header, require_columns, vital_columns
from cockpit.sources.files.content import Content, Fingerprint
from cockpit.sources.files.delimited import parse_line, read_records
from cockpit.sources.files.encodings import TextEncoding
from cockpit.sources.files.excel import open_sheet
from cockpit.sources.files.fixed_width import read_fixed
from cockpit.sources.files.json_lines import read_objects
from cockpit.sources.files.lines import ObjectRecord, Record, Rejected, character_fault, physical_lines

Records: TypeAlias = Iterator[Record | ObjectRecord | Rejected]


class LineParser(Protocol):
    """Understands a format line by line."""

    def __call__(self, line: str) -> Mapping[str, object] | str:
        """The fields of a line, or the reason why it has none."""

    def conceal(self, line: str) -> str:
        """What may be kept of a line that is rejected."""


@dataclass(frozen=True)
class Start:
    """Where reading begins.

    Attributes:
        after_line: Lines up to this one are loaded already; 0 for none.
        byte: Place of the next line in the file, where it is known; 0 where lines have to be counted.
    """

    after_line: int = 0
    byte: int = 0


class Table(Protocol):
    """An opened file.

    Attributes:
        header: Names of its columns; None when each record names its own.
    """

    @property
    def header(self) -> tuple[str, ...] | None:
        """Names of its columns; None when each record names its own."""

    def records(self, start: Start) -> Records:
        """Records and lines that are none, in order."""


@contextmanager
def open_table(content: Content, fingerprint: Fingerprint, line_parser: LineParser | None) -> Iterator[Table]:
    """Read as much of a file as is needed to know its columns.

    Args:
        fingerprint: Of the same content; nothing beyond it is read.
        line_parser: For logs; the entity says the format of any other file.

    Raises:
        TerminalError: the file does not fit its entity.
    """
    entity, encoding = content.entity, fingerprint.encoding
    if isinstance(entity, FileEntity) and entity.format == "excel":
        with open_sheet(content, entity) as sheet:
            yield _SheetTable(sheet.header, sheet.records)
        return
    if encoding is None:
        raise TypeError(f"{content.where} is read as text and has no encoding")
    lines = _Lines(content, encoding, fingerprint.content_bytes)
    if line_parser:
        yield _LogTable(lines, line_parser)
    elif not isinstance(entity, FileEntity):
        raise TypeError(f"{content.where} needs a line parser")
    elif entity.format == "json_lines":
        yield _JsonTable(lines)
    elif entity.format == "fixed_width":
        yield _FixedTable(lines, entity)
    else:
        yield _DelimitedTable(_delimited_header(lines, entity, content.where), lines, entity)


@dataclass(frozen=True)
class _Lines:
    """The lines of a text file."""

    content: Content
    encoding: TextEncoding
    length: int

    def after(self, start: Start) -> Iterator[str]:
        """Lines after a line."""
        lines = physical_lines(self.content.text(self.encoding, start.byte, self.length))
        return lines if start.byte else islice(lines, start.after_line, None)


@dataclass(frozen=True)
class _SheetTable:
    header: tuple[str, ...]
    rows: Callable[[int], Iterator[Record | Rejected]]

    def records(self, start: Start) -> Records:
        return self.rows(start.after_line)


@dataclass(frozen=True)
class _DelimitedTable:
    header: tuple[str, ...]
    lines: _Lines
    entity: FileEntity

    def records(self, start: Start) -> Records:
        start = _below_header(start, self.entity)
        return read_records(
            self.lines.after(start),
            width=len(self.header),
            delimiter=self.entity.delimiter,
            first_line_number=start.after_line + 1,
        )


@dataclass(frozen=True)
class _FixedTable:
    lines: _Lines
    entity: FileEntity

    @property
    def header(self) -> tuple[str, ...]:
        return tuple(self.entity.layout.columns) if self.entity.layout else ()

    def records(self, start: Start) -> Records:
        start = _below_header(start, self.entity)
        entity, layout = self.entity, self.entity.layout
        if layout is None:
            raise TypeError("lines of fixed width without layout")
        needed = max((layout.columns[name].start for name in vital_columns(entity)), default=0)
        return read_fixed(
            self.lines.after(start),
            layout,
            encoding=self.lines.encoding.name,
            needed=needed,
            first_line_number=start.after_line + 1,
        )


@dataclass(frozen=True)
class _JsonTable:
    lines: _Lines
    header: None = None

    def records(self, start: Start) -> Records:
        return read_objects(self.lines.after(start), first_line_number=start.after_line + 1)


@dataclass(frozen=True)
class _LogTable:
    lines: _Lines
    line_parser: LineParser
    header: None = None

    def records(self, start: Start) -> Records:
        parse, conceal = self.line_parser, self.line_parser.conceal
        for number, received in enumerate(self.lines.after(start), start=start.after_line + 1):
            line = received.removesuffix("\r")
            if not line or line.isspace():
                continue
            parsed = character_fault(line) or parse(line)
            if isinstance(parsed, str):
                yield Rejected(number, number, parsed, conceal(line))
            else:
                yield ObjectRecord(number, parsed, None, "")


def _below_header(start: Start, entity: FileEntity) -> Start:
    first = entity.first_data_line - 1
    return start if start.after_line >= first else Start(first)


def _delimited_header(lines: _Lines, entity: FileEntity, where: str) -> tuple[str, ...]:
    """Names of the columns.

    Raises:
        TerminalError: no header, or one that does not fit.
    """
    if entity.header_row == 0:
        return tuple(entity.columns)
    line = next(lines.after(Start(entity.header_row - 1)), None)
    if line is None:
        raise TerminalError(_("the file is empty"), where=where, fix=_("Its first line has to name the columns."))
    where = f"{where}:{entity.header_row}"
    fields = parse_line(line, entity.delimiter)
    if isinstance(fields, str):
        raise TerminalError(
            _("the header cannot be read: {reason}", reason=_(fields)),
            where=where,
            fix=_("Correct the file, or 'encoding' and 'delimiter' of the entity."),
        )
    header = named_header(fields)
    require_columns(entity, header, where)
    return header
