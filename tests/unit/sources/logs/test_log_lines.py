"""Lines of logs become fields of page views, or the reason why they cannot; every field of each format by hand."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cockpit.sources.loading.reasons import NOT_A_LOG_LINE, NOT_AN_OBJECT, NOT_JSON, REASONS, TOO_DEEP
from cockpit.sources.logs.times import day_of, moment_of
from tests.unit.sources.logs.parsers import parser

COMBINED = (
    '83.149.9.216 - - [17/May/2015:10:05:03 +0000] "GET /a/b.html?utm_source=baidu&utm_campaign=%E6%98%A5%E5%AD%A3+1&x=1'
    ' HTTP/1.1" 200 203023 "http://www.example.com/from/?q=1#top" "Mozilla/5.0 (X11)"'
)


def without_visitor(fields: Any) -> Any:
    return {name: value for name, value in fields.items() if name != "visitor"} if isinstance(fields, dict) else fields


def test_every_field_of_a_combined_line() -> None:
    fields = parser("combined")(COMBINED)
    assert isinstance(fields, dict)
    assert without_visitor(fields) == {
        "visited_at": "2015-05-17T10:05:03+00:00",
        "method": "GET",
        "path": "/a/b.html",
        "query": "utm_source=baidu&utm_campaign=%E6%98%A5%E5%AD%A3+1&x=1",
        "status": 200,
        "bytes": 203023,
        "referrer": "http://www.example.com/from/?q=1",
        "user_agent": "Mozilla/5.0 (X11)",
        "network": "83.149.9.0",
        "utm_source": "baidu",
        "utm_campaign": "春季 1",
    }
    assert len(str(fields["visitor"])) == 24


@pytest.mark.parametrize(
    ("line", "fields"),
    [
        pytest.param('::1 - - [01/Jan/2026:00:00:00 +0800] "GET / HTTP/1.0" 304 - "-" "-"', {"visited_at": "2026-01-01T00:00:00+08:00", "status": 304, "method": "GET", "path": "/", "user_agent": "-", "network": "::"}, id="nothing but a request"),
        pytest.param('2001:db8:1:2::3 - - [01/Jan/2026:00:00:00 -0330] "GET / HTTP/2.0" 200 5 "" ""', {"visited_at": "2026-01-01T00:00:00-03:30", "status": 200, "bytes": 5, "method": "GET", "path": "/", "user_agent": "-", "network": "2001:db8:1::"}, id="IPv6"),
        pytest.param('::ffff:10.1.2.3 - - [01/Jan/2026:00:00:00 +0800] "GET / HTTP/1.1" 200 5 "-" "X"', {"visited_at": "2026-01-01T00:00:00+08:00", "status": 200, "bytes": 5, "method": "GET", "path": "/", "user_agent": "X", "network": "10.1.2.0"}, id="IPv4 within IPv6"),
        pytest.param('10.1.2.3, 192.168.0.1 - - [01/Jan/2026:00:00:00 +0800] "GET / HTTP/1.1" 200 5 "-" "X"', {"visited_at": "2026-01-01T00:00:00+08:00", "status": 200, "bytes": 5, "method": "GET", "path": "/", "user_agent": "X", "network": "10.1.2.0"}, id="behind a proxy"),
        pytest.param('pc7.example.com - - [01/Jan/2026:00:00:00 +0800] "GET / HTTP/1.1" 200 5 "-" "X"', {"visited_at": "2026-01-01T00:00:00+08:00", "status": 200, "bytes": 5, "method": "GET", "path": "/", "user_agent": "X"}, id="host name"),
        pytest.param('10.1.2.3 - li.lei [01/Jan/2026:00:00:00 +0800] "POST /crm HTTP/1.1" 200 5 "-" "X"', {"visited_at": "2026-01-01T00:00:00+08:00", "status": 200, "bytes": 5, "method": "POST", "path": "/crm", "user_agent": "X", "network": "10.1.2.0", "username": "li.lei"}, id="logged in"),
        pytest.param('10.1.2.3 - - [01/Jan/2026:00:00:00 +0800] "\\x16\\x03\\x01" 400 226 "-" "-"', {"visited_at": "2026-01-01T00:00:00+08:00", "status": 400, "bytes": 226, "user_agent": "-", "network": "10.1.2.0"}, id="no request"),
        pytest.param('10.1.2.3 - - [01/Jan/2026:00:00:00 +0800] "-" 408 - "-" "-"', {"visited_at": "2026-01-01T00:00:00+08:00", "status": 408, "user_agent": "-", "network": "10.1.2.0"}, id="nothing asked"),
        pytest.param('10.1.2.3 - - [01/Jan/2026:00:00:00 +0800] "GET /a b HTTP/1.1" 200 5 "-" "say \\"hi\\""', {"visited_at": "2026-01-01T00:00:00+08:00", "status": 200, "bytes": 5, "method": "GET", "path": "/a b", "user_agent": 'say \\"hi\\"', "network": "10.1.2.0"}, id="blank in the path, quotes in the agent"),
        pytest.param('10.1.2.3 - - [01/Jan/2026:00:00:00 +0800] "GET /a" 200 5 "-" "X"', {"visited_at": "2026-01-01T00:00:00+08:00", "status": 200, "bytes": 5, "method": "GET", "path": "/a", "user_agent": "X", "network": "10.1.2.0"}, id="HTTP 0.9"),
        pytest.param('10.1.2.3 - - [01/Jan/2026:00:00:00 +0800] "GET http://WWW.Example.com:8080/a HTTP/1.1" 200 5 "-" "X"', {"visited_at": "2026-01-01T00:00:00+08:00", "status": 200, "bytes": 5, "method": "GET", "host": "www.example.com", "path": "/a", "user_agent": "X", "network": "10.1.2.0"}, id="absolute address"),
        pytest.param('10.1.2.3 - - [01/Jan/2026:00:00:00 +0800] "GET /a HTTP/1.1" 200 5 "-" "X" 0.004 "more"\r', {"visited_at": "2026-01-01T00:00:00+08:00", "status": 200, "bytes": 5, "method": "GET", "path": "/a", "user_agent": "X", "network": "10.1.2.0"}, id="more at the end"),
    ],
)  # fmt: skip
def test_combined_lines(line: str, fields: dict[str, object]) -> None:
    assert without_visitor(parser("combined")(line)) == fields


def test_a_common_line_has_neither_referrer_nor_agent() -> None:
    line = '10.1.2.3 - - [01/Jan/2026:00:00:00 +0800] "GET /a HTTP/1.1" 200 5'
    assert without_visitor(parser("common")(line)) == {
        "visited_at": "2026-01-01T00:00:00+08:00", "status": 200, "bytes": 5, "method": "GET", "path": "/a", "network": "10.1.2.0",
    }  # fmt: skip


@pytest.mark.parametrize(
    "line",
    [
        pytest.param("", id="empty"),
        pytest.param(COMBINED[:-1], id="cut off"),
        pytest.param(COMBINED.replace("17/May", "31/Jun"), id="no such day"),
        pytest.param(COMBINED.replace("17/May", "17/Mai"), id="no such month"),
        pytest.param(COMBINED.replace("10:05:03", "24:05:03"), id="no such hour"),
        pytest.param(COMBINED.replace(" 200 ", " 2000 "), id="no such status"),
        pytest.param(COMBINED.replace(" 203023 ", f" {'9' * 5000} "), id="size without end"),
        pytest.param("2026-01-01 error: connection reset by 10.1.2.3", id="another log"),
    ],
)
def test_lines_that_are_none(line: str) -> None:
    assert parser("combined")(line) == NOT_A_LOG_LINE


def test_every_field_of_an_nginx_line() -> None:
    line = json.dumps({
        "time_iso8601": "2026-03-05T09:00:00+08:00", "remote_addr": "10.1.2.3", "remote_user": "", "request_method": "GET",
        "host": "www.huaxing.example", "request_uri": "/p/7?mobile=1", "status": "200", "body_bytes_sent": 12,
        "http_referer": "https://www.baidu.com/", "http_user_agent": "", "ssl": "TLSv1.3",
    })  # fmt: skip
    assert without_visitor(parser("nginx_json")(line)) == {
        "visited_at": "2026-03-05T09:00:00+08:00", "network": "10.1.2.0", "method": "GET", "host": "www.huaxing.example",
        "path": "/p/7", "query": "mobile=*", "status": "200", "bytes": 12, "referrer": "https://www.baidu.com/", "user_agent": "-",
    }  # fmt: skip


def test_every_field_of_a_click() -> None:
    entity = {
        "key": ["event_id"],
        "columns": {name: {"type": "text", "description": "As sent", "description_zh": "原样"} for name in ("event_id", "element", "detail")},
        "fields": {"visited_at": "ts", "url": "page.url", "dwell_seconds": "dwell_ms", "visitor": "device.id", "event": "type"},
        "dwell_unit": "milliseconds",
    }  # fmt: skip
    line = json.dumps({
        "event_id": "9e107d9d372bb6826bd81d3542a419d6", "ts": 1772672400123, "type": "page_view", "element": "button 13800138000",
        "page": {"url": "https://www.huaxing.example/p/7?utm_source=wechat", "title": "not asked for"}, "dwell_ms": 1500,
        "device": {"id": "d-17"}, "ip": "10.1.2.3", "username": "li.lei", "detail": {"tel": "13800138000", "n": 1},
        "utm_medium": "social",
    })  # fmt: skip
    assert parser("clicks", **entity)(line) == {
        "event_id": "9e107d9d372bb6826bd81d3542a419d6", "visited_at": "2026-03-05T01:00:00.123000+00:00", "event": "page_view",
        "element": "button *", "detail": '{"tel": "*", "n": 1}', "host": "www.huaxing.example", "path": "/p/7", "query": "utm_source=wechat",
        "utm_source": "wechat", "utm_medium": "social", "dwell_seconds": 1.5, "visitor": "d-17", "username": "li.lei", "network": "10.1.2.0",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        pytest.param("", NOT_JSON, id="empty"),
        pytest.param('{"visited_at": 1', NOT_JSON, id="cut off"),
        pytest.param("[1]", NOT_AN_OBJECT, id="a list"),
        pytest.param('{"url": "/a"}', NOT_A_LOG_LINE, id="no time"),
        pytest.param('{"visited_at": "yesterday"}', NOT_A_LOG_LINE, id="time that is none"),
        pytest.param("[" * 100_000, TOO_DEEP, id="nested without end"),
        pytest.param('{"visited_at": ' + "9" * 5000 + "}", NOT_JSON, id="number without end"),
    ],
)
def test_objects_that_are_none(line: str, reason: str) -> None:
    assert parser("clicks")(line) == reason


@pytest.mark.parametrize(
    ("value", "moment"),
    [
        pytest.param("2026-03-05T09:00:00+08:00", "2026-03-05T09:00:00+08:00", id="with offset"),
        pytest.param("2026-03-05T01:00:00Z", "2026-03-05T01:00:00+00:00", id="UTC"),
        pytest.param(" 2026-03-05 09:00:00 ", "2026-03-05T09:00:00", id="without offset"),
        pytest.param(1772672400, "2026-03-05T01:00:00+00:00", id="seconds"),
        pytest.param("1772672400.5", "2026-03-05T01:00:00.500000+00:00", id="seconds as text"),
        pytest.param(1772672400123, "2026-03-05T01:00:00.123000+00:00", id="milliseconds"),
        pytest.param(1772672400123456, "2026-03-05T01:00:00.123456+00:00", id="microseconds"),
        pytest.param(True, None, id="true"),
        pytest.param(float("nan"), None, id="no number"),
        pytest.param("inf", None, id="infinity"),
        pytest.param(10**30, None, id="beyond all time"),
        pytest.param("05/03/2026", None, id="another order"),
        pytest.param(None, None, id="nothing"),
        pytest.param([1], None, id="a list"),
    ],
)
def test_moments(value: object, moment: str | None) -> None:
    assert moment_of(value) == moment


@pytest.mark.parametrize(("text", "day"), [("29/Feb/2024", "2024-02-29"), ("29/Feb/2023", None), ("00/Jan/2024", None)])
def test_days(text: str, day: str | None) -> None:
    assert day_of(text) == day


FORMATS = {kind: parser(kind) for kind in ("combined", "common", "nginx_json", "clicks")}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)
CLICK_NAMES = st.sampled_from(
    [
        "visited_at",
        "url",
        "referrer",
        "ip",
        "visitor",
        "username",
        "user_agent",
        "event",
        "dwell_seconds",
        "host",
        "utm_source",
    ]
)
REQUESTS = st.builds(
    '{} - {} [{}] "{}" {} {} "{}" "{}"'.format,
    st.text(), st.text(), st.just("17/May/2015:10:05:03 +0000") | st.text(), st.text(), st.integers(), st.integers(), st.text(), st.text(),
)  # fmt: skip


@given(
    line=st.text()
    | REQUESTS
    | JSON.map(json.dumps)
    | st.dictionaries(CLICK_NAMES, JSON).map(json.dumps)
    | st.text(alphabet=st.characters(codec=None))
)
@example(line=COMBINED)
@example(line="\ud800")
def test_any_text_is_parsed_or_has_a_reason(line: str) -> None:
    for parse in FORMATS.values():
        result = parse(line)
        if isinstance(result, str):
            assert result in REASONS
            assert isinstance(parse.conceal(line), str)
        else:
            assert result["visited_at"]
            json.dumps(result)


@given(
    target=st.text(alphabet=st.characters(exclude_characters='"\\\r\n', codec="utf-8")),
    agent=st.text(alphabet=st.characters(exclude_characters='"\\\r\n', codec="utf-8")),
)
def test_every_line_that_a_server_writes_is_read(target: str, agent: str) -> None:
    line = f'10.1.2.3 - - [17/May/2015:10:05:03 +0000] "GET /{target} HTTP/1.1" 200 5 "-" "{agent}"'
    fields = parser_of_servers(line)
    assert isinstance(fields, dict)
    assert fields["method"] == "GET"
    assert fields["user_agent"] == (agent.replace("10.1.2.3", "10.1.2.0") or "-")


parser_of_servers = FORMATS["combined"]
