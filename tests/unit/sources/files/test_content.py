"""Encodings and compressions are told from the bytes; a file is known by what it holds."""

from __future__ import annotations

import bz2
import gzip
import hashlib
import io
import lzma
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cockpit.errors import TerminalError
from cockpit.rulebook.sources import FileEntity
from cockpit.sources.files.content import Fingerprint, open_content
from cockpit.sources.files.encodings import TextEncoding, end_of_last_line

TEXT = "number,name\n1,华星仪器有限公司\n2,北京分公司，张三\n"


def entity(**keys: Any) -> FileEntity:
    columns = {"number": {"type": "text", "description": "Number", "description_zh": "号"}}
    return FileEntity.model_validate({"path": "x", "key": "line", "columns": columns, **keys})


def look(folder: Path, content: bytes, lengths: tuple[int, ...] = (), **keys: Any) -> tuple[Fingerprint, str]:
    """The fingerprint, and the text as it would be read."""
    path = folder / "file"
    path.write_bytes(content)
    with open_content(path, "file", entity(**keys), "till.line") as opened:
        fingerprint = opened.fingerprint(lengths)
        if fingerprint.encoding is None:
            return fingerprint, ""
        return fingerprint, opened.text(fingerprint.encoding, 0, fingerprint.content_bytes).read()


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        pytest.param(TEXT.encode(), TextEncoding("utf-8"), id="utf-8"),
        pytest.param(b"\xef\xbb\xbf" + TEXT.encode(), TextEncoding("utf-8", 3), id="utf-8-mark"),
        pytest.param(TEXT.encode("utf-16"), TextEncoding("utf-16-le", 2), id="utf-16-mark"),
        pytest.param(b"\xfe\xff" + TEXT.encode("utf-16-be"), TextEncoding("utf-16-be", 2), id="utf-16-be-mark"),
        pytest.param(TEXT.encode("utf-32"), TextEncoding("utf-32-le", 4), id="utf-32-mark"),
        pytest.param(TEXT.encode("gbk"), TextEncoding("gb18030"), id="gbk"),
        pytest.param((TEXT + "3,𠮷野\n").encode("gb18030"), TextEncoding("gb18030"), id="gb18030"),
        pytest.param(b"", TextEncoding("utf-8"), id="empty"),
        # The character is cut by the end of a block.
        pytest.param(b"a" * ((1 << 20) - 1) + "华\n".encode(), TextEncoding("utf-8"), id="cut-by-a-block"),
        pytest.param(b"a" * ((1 << 20) - 1) + "华星\n".encode("gbk"), TextEncoding("gb18030"), id="gbk-cut-by-a-block"),
    ],
)
def test_the_encoding_is_told_and_the_text_read(tmp_path: Path, content: bytes, encoding: TextEncoding) -> None:
    fingerprint, text = look(tmp_path, content)
    assert fingerprint.encoding == encoding
    assert text == content[encoding.mark_bytes :].decode(encoding.name)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param("number,name\n1,Müller\n2,Größe\n".encode("latin-1"), id="western"),
        pytest.param("number,name\n1,株式会社の\n".encode("shift-jis"), id="japanese"),
        pytest.param(TEXT.encode() + b"3,\xff\n", id="utf-8-with-a-bad-byte"),
        pytest.param(TEXT.encode() + "3,客户\n".encode("gbk"), id="two-encodings"),
        pytest.param("number,name\n1,客户".encode()[:-1], id="cut-off-character"),
    ],
)
def test_what_cannot_be_told_has_to_be_declared(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(TerminalError, match=r"the encoding cannot be told.*Declare it with 'encoding'"):
        look(tmp_path, content)


@pytest.mark.parametrize(
    ("declared", "content", "expected"),
    [
        pytest.param("latin-1", "Müller".encode("latin-1"), "Müller", id="latin-1"),
        pytest.param("utf-16", "华".encode("utf-16-le"), "华", id="utf-16-without-a-mark"),
        pytest.param("utf-16", b"\xfe\xff" + "华".encode("utf-16-be"), "华", id="utf-16-other-order"),
        pytest.param("utf-8", "\ufeff华".encode(), "华", id="mark"),
        pytest.param("utf-8-sig", "华".encode(), "华", id="mark-that-is-not-there"),
        pytest.param("utf-8", b"a\xff", "a\udcff", id="strict"),
    ],
)
def test_a_declared_encoding_is_taken_as_it_is(tmp_path: Path, declared: str, content: bytes, expected: str) -> None:
    # An undecodable byte stands for one code point each, by which its line is rejected.
    assert look(tmp_path, content, encoding=declared)[1] == expected


def packed(name: str, content: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.mkdir("folder")
        archive.writestr(name, content)
        archive.writestr("__MACOSX/._x", b"resource")
    return buffer.getvalue()


@pytest.mark.parametrize(
    "compress",
    [gzip.compress, bz2.compress, lzma.compress, lambda content: packed("folder/till.csv", content)],
    ids=["gzip", "bzip2", "xz", "zip"],
)
def test_compressed_content_is_the_same_content(tmp_path: Path, compress: Callable[[bytes], bytes]) -> None:
    content = TEXT.encode()
    fingerprint, text = look(tmp_path, compress(content), (12,))
    assert text == TEXT
    assert fingerprint.content_hash == hashlib.sha256(content).hexdigest()
    assert fingerprint.beginnings[12].content_hash == hashlib.sha256(content[:12]).hexdigest()


def archive_of(*names: str, encrypt: bool = False) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in names:
            archive.writestr(name, b"a,b\n")
    content = bytearray(buffer.getvalue())
    if encrypt:
        # The bit that says so, in the local header and in the directory.
        content[6] |= 1
        content[content.index(b"PK\x01\x02") + 8] |= 1
    return bytes(content)


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        pytest.param(archive_of("a.csv", "b.csv"), r"exactly one file \(found 2\)", id="two-files"),
        pytest.param(archive_of(), r"exactly one file \(found 0\)", id="empty-archive"),
        pytest.param(archive_of("a.csv", encrypt=True), "cannot be read", id="encrypted"),
        pytest.param(archive_of("[Content_Types].xml", "xl/workbook.xml"), "format: excel", id="workbook"),
        pytest.param(b"PK\x03\x04nonsense", "cannot be read", id="damaged-zip"),
        pytest.param(gzip.compress(TEXT.encode() * 99)[:-9], "cannot be read", id="cut-gzip"),
        pytest.param(bz2.compress(TEXT.encode() * 99)[:-9], "cannot be read", id="cut-bzip2"),
        pytest.param(lzma.compress(TEXT.encode() * 99)[:-9], "cannot be read", id="cut-xz"),
        pytest.param(b"\x28\xb5\x2f\xfd0000", "this compression is not supported", id="zstd"),
    ],
)
def test_what_cannot_be_unpacked_is_said(tmp_path: Path, content: bytes, complaint: str) -> None:
    with pytest.raises(TerminalError, match=complaint) as caught:
        look(tmp_path, content)
    assert str(caught.value).startswith("till.line: file: ")


def test_beginnings_are_known_by_their_length(tmp_path: Path) -> None:
    content = b"a\nbc\ndef"
    fingerprint, _text = look(tmp_path, content, (2, 3, 5, 99))
    # Three bytes do not end with a line.
    assert {length: each.line_feeds for length, each in fingerprint.beginnings.items()} == {2: 1, 5: 2}
    assert fingerprint.beginnings[5].content_hash == hashlib.sha256(b"a\nbc\n").hexdigest()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16-le", "utf-16-be", "utf-32-le"])
def test_the_open_end_of_a_growing_file_is_left_out(tmp_path: Path, encoding: str) -> None:
    complete, rest = "1,华\n2,਀੊\n".encode(encoding), "3,".encode(encoding)
    fingerprint, text = look(tmp_path, complete + rest, is_growing=True, encoding=encoding)
    assert text == "1,华\n2,਀੊\n"
    assert fingerprint.content_hash == hashlib.sha256(complete).hexdigest()


@given(
    st.lists(st.sampled_from(["a", "\n", "਀", "\u0a0d", "华"]), max_size=8), st.sampled_from(["utf-16-le", "utf-16-be"])
)
def test_wide_line_feeds_stand_at_their_places_only(characters: list[str], encoding: str) -> None:
    text = "".join(characters)
    expected = len(text[: text.rfind("\n") + 1].encode(encoding))
    assert end_of_last_line(text.encode(encoding), 0, "\n".encode(encoding)) == expected


@given(content=st.binary(max_size=300))
def test_no_content_makes_it_crash(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    try:
        fingerprint, _text = look(tmp_path_factory.mktemp("any"), content)
    except TerminalError:
        return
    assert len(fingerprint.content_hash) == 64
