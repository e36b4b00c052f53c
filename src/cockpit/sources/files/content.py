"""The content of one file: opened, uncompressed, and read once to the end to know it again.

Compression is told by the first bytes, not by the name. What a file is known by is the hash of its uncompressed
content, so that the same export under another name or compressed anew is the same.
"""

from __future__ import annotations

import bz2
import gzip
import hashlib
import io
import lzma
import os
import zipfile
import zlib
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple, cast

from cockpit.errors import TerminalError, TransientError
from cockpit.i18n import _
from cockpit.rulebook.sources.file import FileEntity, FolderEntity
from cockpit.sources.files.encodings import (
    LONGEST_MARK,
    TextEncoding,
    Utf8Check,
    declared_encoding,
    end_of_last_line,
    is_chinese_gb18030,
    marked_encoding,
)
from cockpit.sources.files.lines import MARK_UNDECODABLE

_BLOCK_BYTES = 1 << 20
_BUFFER_BYTES = 1 << 17

_GZIP = b"\x1f\x8b"
_BZIP2 = b"BZh"
_XZ = b"\xfd7zXZ\x00"
_ZIP = (b"PK\x03\x04", b"PK\x05\x06")
_ZSTANDARD = b"\x28\xb5\x2f\xfd"
_LONGEST_MAGIC = 6

# What the modules for compression and archives raise on damaged or foreign content.
DAMAGED = (OSError, EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile)


class Signature(NamedTuple):
    """Size, in bytes as stored, and time of the last change, in nanoseconds since 1970."""

    stored_bytes: int
    modified_ns: int


class Beginning(NamedTuple):
    """The first part of a file: its hash and how many line feeds it has; it ends with one."""

    content_hash: str
    line_feeds: int


@dataclass(frozen=True)
class Fingerprint:
    """What reading a file to its end tells.

    Attributes:
        content_hash: SHA-256 of the uncompressed content, hexadecimal; of the complete lines, where the file grows.
        content_bytes: Length of what was hashed.
        encoding: Of its text; None for workbooks.
        beginnings: Length -> the first so many bytes, where they end with a line and their length was asked for.
    """

    content_hash: str
    content_bytes: int
    encoding: TextEncoding | None
    beginnings: dict[int, Beginning]


@dataclass(frozen=True)
class Content:
    """One open file; made by `open_content`.

    Attributes:
        name: Its path below the watched folder.
        where: `source.entity: name`, for messages.
        stream: As stored, perhaps compressed.
        signature: When it was opened.
    """

    path: Path
    name: str
    where: str
    entity: FolderEntity
    stream: io.FileIO
    signature: Signature

    def ensure_unchanged(self) -> None:
        """Refuse to go on with a file that somebody writes to while it is read; a growing one may become longer.

        Raises:
            TransientError: its size or time differs from when it was opened.
        """
        now = signature_of(self.stream)
        if now == self.signature or (self.entity.is_growing and now.stored_bytes > self.signature.stored_bytes):
            return
        raise TransientError(
            _("the file changed while it was read"), where=self.where, fix=_("Load it again when it is complete.")
        )

    def uncompressed(self) -> io.BufferedReader:
        """The content from its beginning.

        Raises:
            TerminalError: an archive of several files, or a compression that is not supported.
        """
        self.stream.seek(0)
        magic = self.stream.read(_LONGEST_MAGIC)
        self.stream.seek(0)
        # A view that leaves the file open: readers close what they read from.
        stored = _buffered(io.FileIO(self.stream.fileno(), closefd=False))
        if magic.startswith(_GZIP):
            return _buffered(gzip.GzipFile(fileobj=stored))
        if magic.startswith(_BZIP2):
            return _buffered(bz2.BZ2File(stored))
        if magic.startswith(_XZ):
            return _buffered(lzma.LZMAFile(stored))
        if magic.startswith(_ZIP):
            return self._only_member(stored)
        if magic.startswith(_ZSTANDARD):
            raise TerminalError(
                _("this compression is not supported"), where=self.where, found="zstd", allowed="gzip, bzip2, xz, zip"
            )
        return stored

    @property
    def is_workbook(self) -> bool:
        """Whether the entity says that it is one."""
        return isinstance(self.entity, FileEntity) and self.entity.format == "excel"

    def text(self, encoding: TextEncoding, start: int, length: int) -> io.TextIOWrapper:
        """Its text from one byte on, up to a length from the beginning; lines end with a line feed only."""
        content = self.uncompressed()
        _skip(content, start or encoding.mark_bytes)
        limited = _buffered(_Limited(content, length - (start or encoding.mark_bytes)))
        return io.TextIOWrapper(limited, encoding=encoding.name, errors=MARK_UNDECODABLE, newline="\n")

    def fingerprint(self, lengths: Collection[int] = ()) -> Fingerprint:
        """Read it to the end.

        Args:
            lengths: Of contents that were loaded before and may be its beginning.

        Raises:
            TerminalError: the encoding has to be declared, or the file is damaged.
        """
        content = self.uncompressed()
        beginning = content.peek(LONGEST_MARK)[:LONGEST_MARK]
        is_text = not self.is_workbook
        certain = _certain_encoding(self.entity, beginning) if is_text else None
        line_feed = certain.line_feed if certain else b"\n"
        check = Utf8Check() if is_text and certain is None else None
        wanted = frozenset(lengths) if is_text else frozenset()
        hashed = _Hash(line_feed, wanted)
        for block in _blocks(content, sorted(wanted)):
            hashed.feed(block)
            if check:
                check.feed(block)
        if is_text and self.entity.is_growing:
            content_hash, length = hashed.at_line_end.hexdigest(), hashed.line_end
        else:
            content_hash, length = hashed.digest.hexdigest(), hashed.length
            if check:
                check.end()
        encoding = certain
        if check:
            encoding = TextEncoding("utf-8") if check.is_valid else self._chinese(length)
        return Fingerprint(content_hash, length, encoding, hashed.beginnings)

    def _chinese(self, length: int) -> TextEncoding:
        if is_chinese_gb18030(_blocks(_buffered(_Limited(self.uncompressed(), length)))):
            return TextEncoding("gb18030")
        raise TerminalError(
            _("the encoding cannot be told: the text is neither UTF-8 nor Chinese GB18030"),
            where=self.where,
            fix=_("Declare it with 'encoding'; lines that do not fit are then rejected one by one."),
        )

    def _only_member(self, stored: io.BufferedReader) -> io.BufferedReader:
        """The one file of a zip archive; the archive itself when it is a workbook."""
        archive = zipfile.ZipFile(stored)
        names = [name for name in archive.namelist() if not name.endswith("/") and not name.startswith("__MACOSX/")]
        if "[Content_Types].xml" in names:
            if not self.is_workbook:
                raise TerminalError(
                    _("the file is a workbook"), where=self.where, fix=_("Write 'format: excel' for the entity.")
                )
            stored.seek(0)
            return stored
        if len(names) != 1:
            raise TerminalError(
                _("the archive has to hold exactly one file"),
                where=self.where,
                found=len(names),
                fix=_("Unpack it, or make one archive for each file."),
            )
        try:
            return _buffered(archive.open(names[0]))
        except (RuntimeError, NotImplementedError) as error:
            # Encrypted, or packed by a method that the standard library does not have.
            raise TerminalError(_("the file cannot be read: {reason}", reason=error), where=self.where) from error


@contextmanager
def open_content(
    path: Path, name: str, entity: FolderEntity, where: str, signature: Signature | None = None
) -> Iterator[Content]:
    """Open a file.

    Args:
        name: Its path below the watched folder.
        where: `source.entity`, for messages.
        signature: When it was looked at; now when None.

    Raises:
        TerminalError: not readable, or compressed and damaged; also while the block reads it.
    """
    place = f"{where}: {name}"
    try:
        # Unbuffered, so that its position is that of the file for every reader.
        with io.FileIO(path) as stream:
            yield Content(path, name, place, entity, stream, signature or signature_of(stream))
    except DAMAGED as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise TerminalError(_("the file cannot be read: {reason}", reason=reason), where=place) from error


def signature_of(stream: io.FileIO) -> Signature:
    """Size and time of an open file."""
    status = os.fstat(stream.fileno())
    return Signature(status.st_size, status.st_mtime_ns)


class _Hash:
    """The hash of what was fed so far, of its complete lines, and of the beginnings that were asked for."""

    def __init__(self, line_feed: bytes, lengths: frozenset[int]) -> None:
        self._line_feed = line_feed
        self._lengths = lengths
        self._line_feeds = 0
        self.digest = hashlib.sha256()
        self.at_line_end = hashlib.sha256()
        self.length = 0
        self.line_end = 0
        self.beginnings: dict[int, Beginning] = {}

    def feed(self, block: bytes) -> None:
        """Add a block; the beginnings that are asked for end where blocks end."""
        end = end_of_last_line(block, self.length, self._line_feed)
        if end:
            self.digest.update(block[:end])
            self.at_line_end = self.digest.copy()
            self.line_end = self.length + end
            self.digest.update(block[end:])
        else:
            self.digest.update(block)
        self.length += len(block)
        # Of wide characters this is a guess; nobody uses it for them.
        self._line_feeds += block.count(b"\n")
        if self.length in self._lengths and self.line_end == self.length:
            self.beginnings[self.length] = Beginning(self.digest.hexdigest(), self._line_feeds)


class _Limited(io.RawIOBase):
    """The next bytes of a stream, up to a number."""

    def __init__(self, stream: io.BufferedReader, length: int) -> None:
        self._stream = stream
        self._left = max(length, 0)

    def readable(self) -> bool:
        """Always."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Fill the buffer as far as there is something."""
        block = self._stream.read(min(len(buffer), self._left))
        self._left -= len(block)
        buffer[: len(block)] = block
        return len(block)


def _certain_encoding(entity: FolderEntity, beginning: bytes) -> TextEncoding | None:
    """What the entity or the first bytes say; None when the whole text has to be tried."""
    if entity.encoding == "auto":
        return marked_encoding(beginning)
    return declared_encoding(entity.encoding, beginning)


def _blocks(content: io.BufferedReader, ends: Iterable[int] = ()) -> Iterator[bytes]:
    """The content in blocks, none of which spans one of the given places, in ascending order."""
    position = 0
    places = iter(ends)
    end = next(places, None)
    while True:
        while end is not None and end <= position:
            end = next(places, None)
        block = content.read(_BLOCK_BYTES if end is None else min(_BLOCK_BYTES, end - position))
        if not block:
            return
        position += len(block)
        yield block


def _buffered(stream: object) -> io.BufferedReader:
    """The stream with reads that give as many bytes as they are asked for."""
    return io.BufferedReader(cast(io.RawIOBase, stream), _BUFFER_BYTES)


def _skip(content: io.BufferedReader, length: int) -> None:
    """Go to a place; streams that cannot jump are read that far."""
    if isinstance(content.raw, io.FileIO):
        content.seek(length)
        return
    while length > 0 and (block := content.read(min(length, _BLOCK_BYTES))):
        length -= len(block)
