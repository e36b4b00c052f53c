"""Values of a cursor, paths into an answer, and how long to wait."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cockpit.rulebook.sources.base import FieldType
from cockpit.rulebook.sources.rest import TimeFormat
from cockpit.sources.rest.answers import NotJsonError, read_json
from cockpit.sources.rest.pace import Pace, Timing, back_off, retry_after_seconds
from cockpit.sources.rest.paths import MISSING, find, outline
from cockpit.sources.rest.positions import CursorFormat, is_before

SHANGHAI = ZoneInfo("Asia/Shanghai")


def cursor(kind: FieldType, time_format: TimeFormat = "iso") -> CursorFormat:
    return CursorFormat(kind, SHANGHAI, time_format)


@pytest.mark.parametrize(
    ("kind", "value", "text"),
    [
        ("timestamp", "2026-03-05T12:00:00Z", "2026-03-05 12:00:00+00:00"),
        ("timestamp", "2026-03-05T12:00:00.123456789+08:00", "2026-03-05 04:00:00.123456+00:00"),
        ("timestamp", "2026-03-05 12:00:00", "2026-03-05 04:00:00+00:00"),
        ("timestamp", " 2026/03/05 12:00:00 ", "2026-03-05 04:00:00+00:00"),
        ("timestamp", "2026-03-05", "2026-03-04 16:00:00+00:00"),
        ("timestamp", "2026-02-30T12:00:00Z", None),
        ("timestamp", "0001-01-01T00:00:00+14:00", None),
        ("timestamp", "soon", None),
        ("timestamp", 1772323205, None),
        ("timestamp", None, None),
        ("date", "2026-03-05", "2026-03-05"),
        ("date", "2026-03-05T23:00:00-08:00", "2026-03-05"),
        ("date", "20260305x", None),
        ("bigint", 5, "5"),
        ("bigint", " -7 ", "-7"),
        ("bigint", 9223372036854775807, "9223372036854775807"),
        ("bigint", 9223372036854775808, None),
        ("bigint", "１２", None),
        ("bigint", "1_000", None),
        ("bigint", 1.5, None),
        ("bigint", True, None),
        ("integer", 2147483648, None),
        ("numeric", "1.50", "1.50"),
        ("numeric", 1e300, None),
        ("numeric", float("nan"), None),
        ("numeric", "1e999999999", None),
        ("numeric", [], None),
    ],
)
def test_a_position_is_read(kind: FieldType, value: object, text: str | None) -> None:
    position = cursor(kind).parse(value)
    assert (None if position is None else cursor(kind).text(position)) == text


@given(value=st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.text(), max_size=2))
@pytest.mark.parametrize("kind", ["timestamp", "date", "bigint", "integer", "numeric"])
def test_no_value_is_an_error(kind: FieldType, value: object) -> None:
    position = cursor(kind).parse(value)
    if position is not None:
        assert cursor(kind).parse(cursor(kind).text(position)) == position
        assert not is_before(position, position)


@pytest.mark.parametrize(
    ("kind", "time_format", "text", "start", "end"),
    [
        ("timestamp", "iso", "2026-03-05 12:00:00.5+00", "2026-03-05T12:00:00.500000Z", "2026-03-05T12:00:00.500000Z"),
        ("timestamp", "local", "2026-03-05 12:00:00.5+00", "2026-03-05 20:00:00", "2026-03-05 20:00:01"),
        ("timestamp", "local", "2026-03-05 12:00:00+00", "2026-03-05 20:00:00", "2026-03-05 20:00:00"),
        ("timestamp", "date", "2026-03-05 16:00:00+00", "2026-03-06", "2026-03-06"),
        ("timestamp", "date", "2026-03-05 16:00:01+00", "2026-03-06", "2026-03-07"),
        ("timestamp", "unix", "2026-03-05 12:00:00.5+00", "1772712000", "1772712001"),
        ("timestamp", "unix_ms", "2026-03-05 12:00:00.0005+00", "1772712000000", "1772712000001"),
        ("date", "iso", "2026-03-05", "2026-03-05", "2026-03-05"),
        ("date", "date", "2026-03-05", "2026-03-05", "2026-03-05"),
        ("date", "unix", "2026-03-05", "1772640000", "1772640000"),
        ("bigint", "iso", "17", "17", "17"),
    ],
)
def test_a_parameter_never_leaves_a_row_out(
    kind: FieldType, time_format: TimeFormat, text: str, start: str, end: str
) -> None:
    assert cursor(kind, time_format).start(text) == start
    assert cursor(kind, time_format).end(text) == end


@pytest.mark.parametrize(
    ("document", "path", "found"),
    [
        ({"a": {"b": [1, 2]}}, "a.b", [1, 2]),
        ({"a": {"b": [1, {"c": 3}]}}, "a.b.1.c", 3),
        ({"a.b": 5, "a": {"b": 6}}, "a.b", 5),
        ([1], "", [1]),
        ({"a": None}, "a", None),
        ({"a": None}, "a.b", MISSING),
        ({"a": [1]}, "a.1", MISSING),
        ({"a": [1]}, "a.-1", MISSING),
        ("text", "a", MISSING),
    ],
)
def test_a_path_leads_to_its_part(document: object, path: str, found: object) -> None:
    assert find(document, path) == found


def test_an_outline_shows_names_and_codes_only() -> None:
    assert outline({"code": 7, "status": "张三", "data": "13800138000"}) == "code=7, status, data"
    assert outline(["13800138000"]) == "list"
    assert len(outline({f"name_{number}" * 9: 1 for number in range(50)})) <= 200


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0.1", 0.1), ("1.50", 1.5), ("100", 100), ("1e3", 1000.0), ("0.10000000000000000001", "0.10000000000000000001"),
        ("12345678901234567.89", "12345678901234567.89"), ("1e400", "1E+400"), ("9" * 5000, "9" * 5000),
    ],
)  # fmt: skip
def test_numbers_keep_their_digits(text: str, value: object) -> None:
    read: Any = read_json(text.encode())
    assert read == value or str(read) == value


@pytest.mark.parametrize(
    ("body", "is_broken"), [(b'{"a": [', True), (b"", False), (b"<html>", False), (b" [" * 9999, True)]
)
def test_what_is_no_json(body: bytes, is_broken: bool) -> None:
    with pytest.raises(NotJsonError) as caught:
        read_json(body)
    assert caught.value.is_broken is is_broken


NOW = datetime(2026, 3, 5, 12, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7), (" 0 ", 0), ("Thu, 05 Mar 2026 12:01:00 GMT", 60), ("Thu, 05 Mar 2026 11:00:00 GMT", 0),
        ("Thu, 05 Mar 2026 20:01:00 +0800", 60), (None, None), ("", None), ("-1", None), ("1.5", None), ("soon", None),
        ("²", None), ("Thu, 05 Mar 99999 12:01:00 GMT", None),
    ],
)  # fmt: skip
def test_retry_after(header: str | None, seconds: float | None) -> None:
    assert retry_after_seconds(header, NOW) == seconds


def test_waiting_doubles_with_jitter_up_to_a_minute() -> None:
    longest, shortest = Timing(chance=lambda: 1.0), Timing(chance=lambda: 0.0)
    assert [back_off(tries, longest) for tries in range(1, 9)] == [1, 2, 4, 8, 16, 32, 60, 60]
    assert [back_off(tries, shortest) for tries in range(1, 4)] == [0.5, 1, 2]
    assert back_off(1, shortest, 7) == 7
    assert back_off(1, shortest, 1e9) == 300


def test_a_pause_earns_no_burst() -> None:
    clock = [0.0]
    waits: list[float] = []

    def sleep(seconds: float) -> None:
        waits.append(seconds)
        clock[0] += seconds

    pace = Pace(60, Timing(monotonic=lambda: clock[0], sleep=sleep))
    pace.wait()
    clock[0] = 30.4
    for _request in range(3):
        pace.wait()
    assert waits == pytest.approx([1.0, 1.0])
