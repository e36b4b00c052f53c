from __future__ import annotations

import csv
import io

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cockpit.i18n import catalogue
from cockpit.sources.files.delimited import read_records
from cockpit.sources.files.lines import MARK_UNDECODABLE, MAX_LINE_CHARACTERS, Record, Rejected, physical_lines
from cockpit.sources.loading import reasons
from cockpit.sources.loading.copytext import printable

WIDTH = 3


def read(content: bytes, width: int = WIDTH, encoding: str = "utf-8", delimiter: str = ",") -> list[Record | Rejected]:
    text = io.TextIOWrapper(io.BytesIO(content), encoding=encoding, errors=MARK_UNDECODABLE, newline="\n")
    return list(read_records(physical_lines(text), width=width, delimiter=delimiter, first_line_number=1))


def fields(items: list[Record | Rejected]) -> list[list[str]]:
    return [item.fields for item in items if isinstance(item, Record)]


def rejections(items: list[Record | Rejected]) -> list[tuple[int, str]]:
    return [(item.line_number, item.reason) for item in items if isinstance(item, Rejected)]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param(b"1,a,x\n2,b,y\n", [["1", "a", "x"], ["2", "b", "y"]], id="plain"),
        pytest.param(b"1,a,x\r\n2,b,y\r\n", [["1", "a", "x"], ["2", "b", "y"]], id="carriage-returns"),
        pytest.param(b"1,a,x", [["1", "a", "x"]], id="no-line-feed-at-the-end"),
        pytest.param(b"1,a,x\n\n\r\n2,b,y\n", [["1", "a", "x"], ["2", "b", "y"]], id="blank-lines"),
        pytest.param(b'1,"a,b","say ""hi"""\n', [["1", "a,b", 'say "hi"']], id="quoted"),
        pytest.param(b'1,5" pipe,x\n', [["1", '5" pipe', "x"]], id="quote-inside-a-field"),
        pytest.param(b'1,"a\nb",x\n2,b,y\n', [["1", "a\nb", "x"], ["2", "b", "y"]], id="two-lines"),
        pytest.param(b'1,"a\r\n\r\nb",x\r\n', [["1", "a\r\n\r\nb", "x"]], id="blank-line-inside"),
        pytest.param(b'"a\nb",1,x\n2,b,y\n', [["a\nb", "1", "x"], ["2", "b", "y"]], id="first-field-on-two-lines"),
        pytest.param("1,华星,x\n".encode(), [["1", "华星", "x"]], id="chinese"),
        pytest.param(b",,\n", [["", "", ""]], id="empty-fields"),
    ],
)
def test_well_formed_lines_are_read_as_the_csv_module_reads_them(content: bytes, expected: list[list[str]]) -> None:
    items = read(content)
    assert fields(items) == expected
    assert rejections(items) == []
    rows = csv.reader(io.StringIO(content.decode(), newline=""))
    assert [row for row in rows if row] == expected


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        pytest.param(b"1,a", reasons.WRONG_FIELD_COUNT, id="field-missing"),
        pytest.param(b"1,a,x,y", reasons.WRONG_FIELD_COUNT, id="field-too-many"),
        pytest.param(b"   ", reasons.WRONG_FIELD_COUNT, id="spaces-only"),
        pytest.param(b'"1","a"', reasons.WRONG_FIELD_COUNT, id="quoted-field-missing"),
        pytest.param(b"1,\xff\xfe,x", reasons.UNDECODABLE, id="bytes-that-are-not-utf-8"),
        pytest.param("1,客户,x".encode("gbk"), reasons.UNDECODABLE, id="gbk-in-a-utf-8-file"),
        pytest.param(b"1,a\x00b,x", reasons.NUL_CHARACTER, id="nul"),
        pytest.param(b'1,"a,x', reasons.UNCLOSED_QUOTE, id="quote-not-closed"),
        pytest.param(b'1,"a"b,x', reasons.TEXT_AFTER_QUOTE, id="text-after-quote"),
        pytest.param(b"1,a\rb,x", reasons.CARRIAGE_RETURN, id="stray-carriage-return"),
        pytest.param(b"1,a," + b"x" * MAX_LINE_CHARACTERS, reasons.TOO_LONG, id="too-long"),
    ],
)
@pytest.mark.parametrize("neighbour", [b"8,good,line", b'8,"good","line"', b'8,"go\nod",line'])
def test_a_malformed_line_costs_itself_only(bad: bytes, reason: str, neighbour: bytes) -> None:
    items = read(neighbour + b"\n" + bad + b"\n" + neighbour + b"\n" + neighbour + b"\n")
    assert [reason for _line, reason in rejections(items)] == [reason]
    assert rejections(items)[0][0] == neighbour.count(b"\n") + 2
    good = next(csv.reader(neighbour.decode().splitlines(keepends=True)))
    assert fields(items) == [good] * 3


def test_the_raw_text_is_kept_in_a_form_that_a_database_can_hold() -> None:
    (item,) = read(b"1,\xffa\x00")
    assert item.text.startswith("1,")
    assert printable(item.text) == r"1,\xffa\x00"


def test_a_quote_that_never_closes_costs_one_line_of_a_long_file() -> None:
    good = b"".join(b"%d,a,b\n" % number for number in range(1000))
    items = read(b'x,"stray,y\n' + good)
    assert rejections(items) == [(1, reasons.UNCLOSED_QUOTE)]
    assert len(fields(items)) == 1000


def test_line_numbers_count_physical_lines() -> None:
    items = read(b'1,"a\nb\nc",x\n\n2,b,y\nbad\n')
    assert [(item.line_number, item.last_line_number) for item in items] == [(1, 3), (5, 5), (6, 6)]


@pytest.mark.parametrize(
    ("text", "encoding"), [("1,华星仪器,x\n2,北京,y\n", "gbk"), ("1,华星,x\n2,é,y\n", "utf-16"), ("1,é,x\n", "latin-1")]
)
def test_declared_encodings(text: str, encoding: str) -> None:
    items = read(text.encode(encoding), encoding=encoding)
    assert fields(items) == [line.split(",") for line in text.splitlines()]


def test_an_undecodable_byte_in_a_gbk_file_costs_its_line_only() -> None:
    content = "1,华星,x\n".encode("gbk") + b"2,\xff,y\n" + "3,北京,z\n".encode("gbk")
    items = read(content, encoding="gbk")
    assert fields(items) == [["1", "华星", "x"], ["3", "北京", "z"]]
    assert rejections(items) == [(2, reasons.UNDECODABLE)]


def test_every_reason_has_a_translation() -> None:
    assert set(reasons.REASONS) <= set(catalogue("zh"))


@given(st.binary(max_size=400), st.integers(1, 5), st.sampled_from([",", ";", "\t"]))
@example(b'"', 1, ",")
@example(b'"\n"\n"', 2, ",")
def test_no_content_makes_it_crash_and_no_line_is_lost(content: bytes, width: int, delimiter: str) -> None:
    items = read(content, width=width, delimiter=delimiter)
    covered = [line for item in items for line in range(item.line_number, item.last_line_number + 1)]
    lines = content.split(b"\n")
    not_blank = [number for number, line in enumerate(lines, start=1) if line not in (b"", b"\r")]
    assert covered == sorted(set(covered)), "a line was read twice"
    assert set(not_blank) <= set(covered), "a line was lost"
    assert all(len(item.fields) == width for item in items if isinstance(item, Record))


plain_field = st.text(st.characters(codec="utf-8", exclude_characters='",\r\n\0'), max_size=8)
quoted_field = st.text(st.characters(codec="utf-8", exclude_characters="\r\n\0"), max_size=8).map(
    lambda text: '"' + text.replace('"', '""') + '"'
)
good_line = st.tuples(
    st.integers(0, 9).map(str), st.one_of(plain_field, quoted_field), st.one_of(plain_field, quoted_field)
).map(",".join)
bad_line = st.sampled_from(
    [b"1,2", b"1,2,3,4", b"1,\xff,3", b"1,\0,3", b'1,"a"b,3', b'1,"stray,3', b"1,a\rb,3", b'"', b'a,"b']
)


@given(st.lists(st.one_of(good_line.map(str.encode), bad_line), max_size=30))
def test_no_good_line_is_lost_among_bad_ones(lines: list[bytes]) -> None:
    bad = {b"1,2", b"1,2,3,4", b"1,\xff,3", b"1,\0,3", b'1,"a"b,3', b'1,"stray,3', b"1,a\rb,3", b'"', b'a,"b'}
    good = [next(csv.reader([line.decode()])) for line in lines if line not in bad]
    found = fields(read(b"\n".join(lines)))
    for row in good:
        assert row in found
        found.remove(row)
