"""Lists of which nothing is known: encoding, delimiter, kind of file and malformed lines are found by looking."""

from __future__ import annotations

import gzip
from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from openpyxl import Workbook

from cockpit.errors import TerminalError, UsageError
from cockpit.sources.lists import ListFile, read_list


def written(path: Path, content: str | bytes, encoding: str = "utf-8") -> Path:
    path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
    return path


def rows(file: ListFile) -> list[tuple[object, ...]]:
    return list(zip(*(file.texts(name).tolist() for name in file.columns), strict=True))


@pytest.mark.parametrize(
    ("content", "encoding", "found"),
    [
        pytest.param("name,city\n张三,苏州\n", "utf-8", "utf-8", id="UTF-8"),
        pytest.param("name,city\n张三,苏州\n", "utf-8-sig", "utf-8", id="UTF-8 with mark"),
        pytest.param("name,city\n张三,苏州\n", "gb18030", "gb18030", id="GB18030"),
        pytest.param("name,city\n张三,苏州\n", "utf-16", "utf-16-le", id="UTF-16"),
    ],
)
def test_encodings(tmp_path: Path, content: str, encoding: str, found: str) -> None:
    file = read_list(written(tmp_path / "a.csv", content, encoding))
    assert (file.columns, rows(file)) == (["name", "city"], [("张三", "苏州")])
    assert file.encoding == found


def test_western_texts_are_read_as_such(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", "name,city\nJosé Núñez,Málaga\nBjörn,Växjö\n", "cp1252")
    file = read_list(path)
    assert rows(file) == [("José Núñez", "Málaga"), ("Björn", "Växjö")]
    assert file.encoding == "cp1252"


def test_a_declared_encoding_counts(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", "name,city\nЖук,Омск\n", "cp1251")
    assert rows(read_list(path, "cp1251")) == [("Жук", "Омск")]
    with pytest.raises(UsageError, match="unknown encoding"):
        read_list(path, "klingon")


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiters(tmp_path: Path, delimiter: str) -> None:
    lines = [["name", "remark"], ["A", "x, y; z"], ["B", "1|2"]]
    quoted = "\n".join(delimiter.join(f'"{text}"' for text in line) for line in lines)
    file = read_list(written(tmp_path / "a.txt", quoted))
    assert (file.columns, file.delimiter) == (["name", "remark"], delimiter)
    assert rows(file) == [("A", "x, y; z"), ("B", "1|2")]


def test_a_delimiter_within_texts_does_not_mislead(tmp_path: Path) -> None:
    # Every line has more commas than semicolons.
    file = read_list(written(tmp_path / "a.csv", "name;address\nA;1, Hill, X, Y\nB;2, Dale\n"))
    assert rows(file) == [("A", "1, Hill, X, Y"), ("B", "2, Dale")]


def test_one_column(tmp_path: Path) -> None:
    assert rows(read_list(written(tmp_path / "a.csv", "name\nA B\nC\n"))) == [("A B",), ("C",)]


def test_a_record_may_span_lines_and_blank_lines_are_none(tmp_path: Path) -> None:
    file = read_list(written(tmp_path / "a.csv", '\nname,address\n"A","1 Hill\nTown"\n\nB,\n C , 2 Dale \n'))
    assert rows(file) == [("A", "1 Hill\nTown"), ("B", None), ("C", "2 Dale")]
    assert file.lines.tolist() == [3, 6, 7]


def test_malformed_lines_cost_themselves(tmp_path: Path) -> None:
    file = read_list(written(tmp_path / "a.csv", b'name,city\nA,X\nB\nC,Y,Z\nD,"x\nE,\x00\nF,W\n'))
    assert rows(file) == [("A", "X"), ("F", "W")]
    assert file.rejected == (
        (3, "wrong number of fields"),
        (4, "wrong number of fields"),
        (5, "quote that is not closed"),
        (6, "NUL character"),
    )


def test_names_that_come_twice_are_told_apart(tmp_path: Path) -> None:
    file = read_list(written(tmp_path / "a.csv", "name,name,,name_2\nA,B,C,D\n"))
    assert file.columns == ["name", "name_2", "column_3", "name_2_2"]


def test_compressed_lists(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv.gz", gzip.compress("name,city\n张三,苏州\n".encode("gb18030")))
    assert rows(read_list(path)) == [("张三", "苏州")]


def test_workbooks(tmp_path: Path) -> None:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    for row in (["姓名", "出生日期", "编号"], ["张三", date(1990, 2, 3), 17], ["李四", None, 18.0]):
        sheet.append(row)
    book.save(tmp_path / "a.xlsx")
    file = read_list(tmp_path / "a.xlsx")
    assert rows(file) == [("张三", "1990-02-03", "17"), ("李四", None, "18")]
    assert file.lines.tolist() == [2, 3]


def test_parquet(tmp_path: Path) -> None:
    table = pa.table(
        {
            "name": pa.array([" 张三 ", "", None]).dictionary_encode(),
            "born": pa.array([date(1990, 2, 3), None, None]),
            "phone": pa.array([13800000000.0, None, float("nan")]),
            "share": [0.5, 1.0, None],
            "tags": [["a"], [], None],
        }
    )
    pq.write_table(table, tmp_path / "list")
    file = read_list(tmp_path / "list")
    assert rows(file) == [
        ("张三", "1990-02-03", "13800000000", "0.5", None),
        (None, None, None, "1", None),
        (None, None, None, None, None),
    ]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        pytest.param("a.csv", b"", "the file is empty", id="empty"),
        pytest.param("a.csv", b"\n\n", "the file is empty", id="blank lines"),
        pytest.param("a.csv", b"name,city\n", "the file has no records", id="no records"),
        pytest.param("a.csv", b'"name,city\nA,B\n', "the header cannot be read: quote that is not closed", id="header"),
        pytest.param("a.csv", b"name\x00,city\nA,B\n", "the header cannot be read: NUL character", id="NUL"),
        pytest.param("a.gz", gzip.compress(b"name\nA\n" * 999)[:-9], "the file cannot be read", id="cut off"),
        pytest.param("a.parquet", b"PAR1nothing", "the file cannot be read", id="damaged Parquet"),
        pytest.param("a.xlsx", b"PK\x03\x04nothing", "the file cannot be read", id="damaged workbook"),
    ],
)
def test_what_is_no_list_is_refused(tmp_path: Path, name: str, content: bytes, message: str) -> None:
    path = written(tmp_path / name, content)
    with pytest.raises(TerminalError) as fault:
        read_list(path)
    assert message in str(fault.value)
    assert str(fault.value).startswith(str(path))


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(TerminalError, match="the file cannot be read: No such file or directory"):
        read_list(tmp_path / "nothing.csv")
    with pytest.raises(TerminalError, match="the file cannot be read: Is a directory"):
        read_list(tmp_path)
