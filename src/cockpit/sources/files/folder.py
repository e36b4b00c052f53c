"""Delimited files as they lie in a folder: found, recognised by content, read once in constant memory.

A file is known by the hash of its uncompressed content, so that the same export under another name or compressed
anew is not loaded a second time.
"""

from __future__ import annotations

import codecs
import gzip
import hashlib
import io
import os
import re
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import groupby, islice
from json.encoder import encode_basestring as quote
from operator import itemgetter
from pathlib import Path
from typing import BinaryIO, cast

from cockpit.errors import TerminalError, TransientError
from cockpit.i18n import _
from cockpit.rulebook.sources import FileEntity
from cockpit.sources.files.delimited import (
    MARK_UNDECODABLE,
    Record,
    Rejected,
    parse_line,
    physical_lines,
    read_records,
)
from cockpit.sources.loading.copytext import CopyText, escape, printable
from cockpit.sources.loading.keys import join_key
from cockpit.sources.loading.reasons import EMPTY_KEY

# A transaction ends with the first batch that reaches it: one commit for many small batches, and a file that is
# not sorted by day is cut into this many rows at a time instead of a batch per line.
ROWS_PER_TRANSACTION = 50_000

COPY_COLUMNS = ("key", "payload", "hash", "label", "position", "line_number", "reason", "raw_text")

_ENVIRONMENT = re.compile(r"\$\{(\w+)\}")
_DATE_END = re.compile(r"[ T]")
_GZIP = b"\x1f\x8b"
_HASH_BYTES = 1 << 20


def find_files(entity: FileEntity, folder: Path, where: str) -> tuple[str, list[Path]]:
    """The files that the entity's path means now, by name.

    Args:
        folder: Relative paths begin here; a value from the environment begins at the working directory.
        where: `source.entity`, for messages.

    Returns:
        The pattern, and its files: none when it has a `*` that nothing fits.

    Raises:
        TerminalError: a variable is not set, or the file or the folder does not exist.
    """

    def value(match: re.Match[str]) -> str:
        text = os.environ.get(match[1])
        if not text:
            raise TerminalError(
                _("the environment variable {name} is not set", name=match[1]),
                where=where,
                fix=_("Set it; it is needed for the path {path}.", path=entity.path),
            )
        return str(Path(text).absolute()) if match.start() == 0 else text

    pattern = folder / _ENVIRONMENT.sub(value, entity.path)
    files = sorted(path for path in pattern.parent.glob(pattern.name) if path.is_file())
    if not files and ("*" not in pattern.name or not pattern.parent.is_dir()):
        raise TerminalError(
            _("no such file or folder"), where=where, found=str(pattern), fix=_("Correct 'path' or put the file there.")
        )
    return pattern.name, files


@dataclass(frozen=True)
class DelimitedFile:
    """One open file, hashed but not yet parsed; made by `open_file`.

    Attributes:
        content_hash: SHA-256 of the uncompressed content, hexadecimal.
        stream: As stored, perhaps compressed.
        signature: Size and time of change when it was hashed.
    """

    path: Path
    entity: FileEntity
    where: str
    content_hash: str
    stream: io.FileIO
    signature: tuple[int, int]

    def ensure_unchanged(self) -> None:
        """Refuse to go on with a file that somebody writes to while it is read.

        Raises:
            TransientError: its size or time differs from when it was hashed.
        """
        if _signature(self.stream) != self.signature:
            raise TransientError(
                _("the file changed while it was read"), where=self.where, fix=_("Load it again when it is complete.")
            )

    def header(self) -> tuple[str, ...]:
        """Names of the columns as the file gives them, `column_<n>` where a name is empty.

        Raises:
            TerminalError: unknown encoding, no header, a declared column is missing or one is given twice.
        """
        line = next(self._lines(), None)
        if line is None:
            raise TerminalError(
                _("the file is empty"), where=self.where, fix=_("Its first line has to name the columns.")
            )
        fields = parse_line(line, self.entity.delimiter)
        if isinstance(fields, str):
            raise TerminalError(
                _("the header cannot be read: {reason}", reason=_(fields)),
                where=f"{self.where}:1",
                fix=_("Correct the file, or 'encoding' and 'delimiter' of the entity."),
            )
        names = tuple(field.strip() or f"column_{number}" for number, field in enumerate(fields, start=1))
        missing = [column for column in self.entity.columns if column not in names]
        if missing:
            raise TerminalError(
                _("the column {name} is missing", name=", ".join(missing)),
                where=f"{self.where}:1",
                found=", ".join(names),
                allowed=", ".join(self.entity.columns),
                fix=_("Correct the file, or 'columns', 'encoding' and 'delimiter' of the entity."),
            )
        repeated = sorted({name for name in names if names.count(name) > 1})
        if repeated:
            raise TerminalError(
                _("the header names a column twice"), where=f"{self.where}:1", found=", ".join(repeated)
            )
        return names

    def transactions(self, header: Sequence[str], after_line: int, label: str | None = None) -> Iterator[CopyText]:
        """Input of COPY for `COPY_COLUMNS`, one per transaction, each to be read to its end before the next.

        Args:
            header: From `header()`.
            after_line: Lines up to this one are loaded already; 0 for none.
            label: Batch of the line before; malformed lines and lines without a day go on in it.
        """
        first = max(after_line, 1) + 1
        records = read_records(
            islice(self._lines(), first - 1, None),
            width=len(header),
            delimiter=self.entity.delimiter,
            first_line_number=first,
        )
        for _number, rows in groupby(self._copy_rows(header, records, label or self.path.name), key=itemgetter(0)):
            yield CopyText(row for _same, row in rows)

    def _copy_rows(
        self, header: Sequence[str], records: Iterator[Record | Rejected], label: str
    ) -> Iterator[tuple[int, str]]:
        """Each record in COPY's text format, with the number of the transaction that it belongs to."""
        # Written out because json.dumps of a dict takes three times as long: only the values have to be quoted.
        payload_format = "{" + ", ".join(f"{quote(name)}: ".replace("%", "%%") + "%s" for name in header) + "}"
        day_column = header.index(self.entity.batch_by) if self.entity.batch_by else None
        key_columns = None if self.entity.key == "line" else [header.index(name) for name in self.entity.key]
        line_key = f"{self.content_hash[:16]}|"
        label = escape(label)
        day_value = ""
        transaction = row_count = 0
        for record in records:
            if isinstance(record, Rejected):
                row_count += 1
                yield transaction, _rejected_row(record, label)
                continue
            number, last_number, fields, text = record
            if day_column is not None and fields[day_column] != day_value:
                day_value = fields[day_column]
                day = escape(_DATE_END.split(day_value, maxsplit=1)[0]) or label
                if day != label and row_count >= ROWS_PER_TRANSACTION:
                    transaction += 1
                    row_count = 0
                label = day
            row_count += 1
            if key_columns is None:
                key = f"{line_key}{number}"
            elif all(fields[column] for column in key_columns):
                key = escape(join_key([fields[column] for column in key_columns]))
            else:
                yield transaction, _rejected_row(Rejected(number, last_number, EMPTY_KEY, text), label)
                continue
            payload = payload_format % tuple(map(quote, fields))
            digest = hashlib.sha256(payload.encode()).hexdigest()
            # Quoting leaves no control character; the backslashes are COPY's only concern.
            if "\\" in payload:
                payload = payload.replace("\\", "\\\\")
            yield transaction, f"{key}\t{payload}\t\\\\x{digest}\t{label}\t{last_number}\t{number}\t\\N\t\\N\n"

    def _lines(self) -> Iterator[str]:
        """Physical lines from the beginning."""
        declared = self.entity.encoding
        try:
            # Excel begins UTF-8 files with a byte order mark; it belongs to no column's name.
            encoding = "utf-8-sig" if codecs.lookup(declared).name == "utf-8" else declared
        except LookupError as error:
            raise TerminalError(
                _("unknown encoding"), where=self.where, found=declared, allowed="utf-8, gbk, utf-16, ..."
            ) from error
        content = _uncompressed(self.stream)
        return physical_lines(io.TextIOWrapper(content, encoding=encoding, errors=MARK_UNDECODABLE, newline="\n"))


@contextmanager
def open_file(path: Path, entity: FileEntity, where: str) -> Iterator[DelimitedFile]:
    """Open a file and hash its content.

    Raises:
        TerminalError: not readable, or compressed and damaged.
    """
    place = f"{where}: {path.name}"
    try:
        # Unbuffered, so that its position is that of the file for every reader.
        with io.FileIO(path) as stream:
            signature = _signature(stream)
            yield DelimitedFile(path, entity, place, _content_hash(stream), stream, signature)
    except (OSError, EOFError, zlib.error) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise TerminalError(_("the file cannot be read: {reason}", reason=reason), where=place) from error


def _content_hash(stream: io.FileIO) -> str:
    digest = hashlib.sha256()
    content = _uncompressed(stream)
    while block := content.read(_HASH_BYTES):
        digest.update(block)
    return digest.hexdigest()


def _uncompressed(stream: io.FileIO) -> BinaryIO:
    """The content from its beginning; compression is told by the first bytes, not by the name."""
    stream.seek(0)
    is_compressed = stream.read(len(_GZIP)) == _GZIP
    stream.seek(0)
    # A view that leaves the file open: readers close what they read from.
    stored = io.BufferedReader(io.FileIO(stream.fileno(), closefd=False))
    return cast(BinaryIO, gzip.GzipFile(fileobj=stored)) if is_compressed else stored


def _signature(stream: io.FileIO) -> tuple[int, int]:
    status = os.fstat(stream.fileno())
    return status.st_size, status.st_mtime_ns


def _rejected_row(rejected: Rejected, label: str) -> str:
    text = escape(printable(rejected.text))
    return f"\\N\t\\N\t\\N\t{label}\t{rejected.last_line_number}\t{rejected.line_number}\t{rejected.reason}\t{text}\n"
