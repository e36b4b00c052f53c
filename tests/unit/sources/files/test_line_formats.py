"""JSON lines and lines of fixed width."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cockpit.rulebook.sources.file import Layout
from cockpit.sources.files.fixed_width import read_fixed
from cockpit.sources.files.json_lines import parse_object, read_objects
from cockpit.sources.files.lines import ObjectRecord, Record, Rejected
from cockpit.sources.loading import reasons


def test_objects_are_kept_as_they_were_written() -> None:
    lines = ['{"n": 0.10, "a": [1, {"b": null}]}', "", "  ", '  {"客": "户"}\r']
    records = list(read_objects(lines, first_line_number=5))
    assert all(isinstance(record, ObjectRecord) for record in records)
    assert [(record[0], record[2]) for record in records] == [(5, lines[0]), (8, '{"客": "户"}')]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        pytest.param('{"a": 1', reasons.NOT_JSON, id="cut-off"),
        pytest.param("{'a': 1}", reasons.NOT_JSON, id="single-quotes"),
        pytest.param('{"a": NaN}', reasons.NOT_JSON, id="not-a-number"),
        pytest.param('{"a": -Infinity}', reasons.NOT_JSON, id="infinity"),
        pytest.param('{"a": 1e400000}', reasons.NOT_JSON, id="exponent"),
        pytest.param(f'{{"a": {"9" * 5000}}}', reasons.NOT_JSON, id="digits"),
        pytest.param('{"a": 1} {"b": 2}', reasons.NOT_JSON, id="two-objects"),
        pytest.param("[1, 2]", reasons.NOT_AN_OBJECT, id="list"),
        pytest.param('"a"', reasons.NOT_AN_OBJECT, id="text"),
        pytest.param('{"a": "\\ud800"}', reasons.UNDECODABLE, id="half-a-character"),
        pytest.param('{"a": "\udcff"}', reasons.UNDECODABLE, id="undecodable"),
        pytest.param('{"a": "\\u0000"}', reasons.NUL_CHARACTER, id="nul"),
        pytest.param('{"\\u0000": 1}', reasons.NUL_CHARACTER, id="nul-in-a-name"),
        pytest.param('{"a": ' + "[" * 300 + "]" * 300 + "}", reasons.TOO_DEEP, id="deep"),
        pytest.param('{"a": ' + "[" * 100_000 + "]" * 100_000 + "}", reasons.TOO_DEEP, id="bottomless"),
        pytest.param('{"a": "' + "x" * (1 << 20) + '"}', reasons.TOO_LONG, id="long"),
    ],
)
def test_lines_that_are_no_object(line: str, reason: str) -> None:
    assert parse_object(3, line) == Rejected(3, 3, reason, line)


@pytest.mark.parametrize(
    "line",
    [
        pytest.param('{"a": "\\\\u0000"}', id="backslash-before-u"),
        pytest.param('{"a": "\\u534e"}', id="escaped-character"),
        pytest.param('{"a": "\\ud83d\\ude42"}', id="pair"),
        pytest.param('{"a": [' + "{}," * 300 + "{}]}", id="wide"),
        pytest.param('{"a": "' + "[" * 300 + '"}', id="brackets-in-a-text"),
    ],
)
def test_lines_that_look_odd_and_are_objects(line: str) -> None:
    record = parse_object(1, line)
    assert isinstance(record, ObjectRecord)
    assert record.payload == json.loads(line)


@given(st.text(max_size=60))
def test_any_line_is_an_object_or_has_a_reason(line: str) -> None:
    record = parse_object(1, line)
    assert isinstance(record, ObjectRecord) or record.reason in reasons.REASONS


def layout(unit: str = "characters", line_width: int | None = None, **spans: tuple[int, int]) -> Layout:
    columns: dict[str, Any] = {name: {"start": start, "width": width} for name, (start, width) in spans.items()}
    return Layout.model_validate({"unit": unit, "line_width": line_width, "columns": columns})


def cut(lines: list[str], form: Layout, encoding: str = "utf-8", needed: int = 0) -> list[Record | Rejected]:
    return list(read_fixed(lines, form, encoding=encoding, needed=needed, first_line_number=1))


def test_characters_are_counted() -> None:
    form = layout(number=(1, 4), name=(5, 6), amount=(11, 8))
    items = cut(["0001华星      12.50", "", "0002Ärger       1\r", "0003北京"], form)
    assert [(item.line_number, item[2]) for item in items] == [
        (1, ["0001", "华星", "12.50"]),
        (3, ["0002", "Ärger", "1"]),
        # The blanks at the end were cut off.
        (4, ["0003", "北京", ""]),
    ]


def test_bytes_are_counted() -> None:
    form = layout("bytes", 18, number=(1, 4), name=(5, 6), amount=(11, 8))
    # In GBK a Chinese character takes two places.
    items = cut(["0001华星     12.50", "0002华星仪     1.5"], form, "gb18030")
    assert [item[2] for item in items] == [["0001", "华星", "12.50"], ["0002", "华星仪", "1.5"]]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        pytest.param("000", reasons.WRONG_WIDTH, id="too-short-for-the-key"),
        pytest.param("0001华a星        1", reasons.UNDECODABLE, id="cut-through-a-character"),
        pytest.param("0001\0", reasons.NUL_CHARACTER, id="nul"),
        pytest.param("0001\udcff", reasons.UNDECODABLE, id="undecodable"),
    ],
)
def test_malformed_lines(line: str, reason: str) -> None:
    form = layout("bytes", None, number=(1, 4), name=(5, 4), amount=(9, 8))
    assert cut([line], form, "gb18030", needed=4) == [Rejected(1, 1, reason, line)]


def test_a_declared_width_holds_for_every_line() -> None:
    form = layout(line_width=4, number=(1, 2), name=(3, 2))
    items = cut(["1 a ", "1 a", "1 a  "], form)
    assert [isinstance(item, Record) for item in items] == [True, False, False]


@given(
    st.text(max_size=40), st.sampled_from(["characters", "bytes"]), st.sampled_from(["utf-8", "gb18030", "utf-16-le"])
)
def test_any_line_is_cut_or_has_a_reason(line: str, unit: str, encoding: str) -> None:
    for item in cut([line], layout(unit, None, a=(1, 3), b=(4, 5)), encoding, needed=2):
        assert isinstance(item, Record) or item.reason in reasons.REASONS
