"""Every kind of page with every way of signing on, and what ends a walk through pages."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cockpit.errors import TerminalError
from cockpit.sources.loading.reading import Window
from cockpit.sources.rest import reader
from tests.integration.sources.rest.api import Asked, Behaviour, Reply, Server, moment, paged, serve
from tests.integration.sources.rest.world import declare, keys, opened, payloads, read, rows_of

ROWS = [{"id": number, "changed": moment(number), "name": f"客户 {number}"} for number in range(25)]
PAGES: dict[str, dict[str, Any]] = {
    "none": {"kind": "none"},
    "offset": {"kind": "offset", "size_param": "limit", "size": 10},
    "offset with total": {"kind": "offset", "size_param": "limit", "size": 10, "total": "data.total"},
    "page": {"kind": "page", "size_param": "limit", "size": 10},
    "page with count": {"kind": "page", "size_param": "limit", "size": 10, "page_count": "data.pages"},
    "cursor": {"kind": "cursor", "next": "next", "size_param": "limit", "size": 10},
    "cursor with has_more": {"kind": "cursor", "next": "next", "has_more": "more", "size_param": "limit", "size": 10},
    "link": {"kind": "link", "size_param": "limit", "size": 10},
    "next_url": {"kind": "next_url", "next": "links.next", "size_param": "limit", "size": 10},
}
PASSWORD = "p@ss/w:rd"


def header(asked: Asked, name: str) -> str:
    return {key.lower(): value for key, value in asked.headers.items()}.get(name.lower(), "")


def signed_by_us(asked: Asked) -> bool:
    """The server's own calculation of the signature."""
    stamp, nonce = header(asked, "X-Timestamp"), header(asked, "X-Nonce")
    text = "\n".join([asked.method, asked.path, asked.query, stamp, nonce, hashlib.sha256(asked.body).hexdigest()])
    wanted = base64.b64encode(hmac.digest(PASSWORD.encode(), text.encode(), "sha512")).decode()
    return (
        abs(int(stamp) - time.time()) < 5
        and header(asked, "X-Key-Id") == "me"
        and header(asked, "Authorization") == f"SIG {wanted}"
    )


AUTHS: dict[str, tuple[dict[str, Any], Callable[[Asked], bool]]] = {
    "none": ({"kind": "none"}, lambda asked: header(asked, "Authorization") == ""),
    "basic": (
        {"kind": "basic"},
        lambda asked: header(asked, "Authorization") == "Basic " + base64.b64encode(b"me:" + PASSWORD.encode()).decode(),
    ),
    "bearer": ({"kind": "bearer"}, lambda asked: header(asked, "Authorization") == f"Bearer {PASSWORD}"),
    "key in header": (
        {"kind": "api_key", "name": "X-Key", "credential": "extra"},
        lambda asked: header(asked, "X-Key") == "k+y" and "k%2By" not in asked.target,
    ),
    "key in query": (
        {"kind": "api_key", "place": "query", "name": "key", "credential": "extra"},
        lambda asked: [each for each in asked.query.split("&") if each.startswith("key=")] == ["key=k%2By"],
    ),
    "oauth2": (
        {"kind": "oauth2", "token_url": "oauth/token", "scope": "read"},
        lambda asked: header(asked, "Authorization") == "Bearer token-1",
    ),
    "oauth2 with basic": (
        {"kind": "oauth2", "token_url": "oauth/token", "client_in": "basic"},
        lambda asked: header(asked, "Authorization") == "Bearer token-1",
    ),
    "hmac": (
        {"kind": "hmac", "algorithm": "sha512", "encoding": "base64", "prefix": "SIG ", "key_id_header": "X-Key-Id",
         "signature_header": "Authorization", "nonce_header": "X-Nonce",
         "sign": ["method", "path", "query", "timestamp", "nonce", "body_sha256"]},
        signed_by_us,
    ),
}  # fmt: skip


def guarded(behaviour: Behaviour, is_signed: Callable[[Asked], bool]) -> Behaviour:
    def behave(asked: Asked) -> Reply:
        if asked.path == "/oauth/token":
            form = asked.body.decode()
            is_client = (
                f"client_secret={'p%40ss%2Fw%3Ard'}" in form
                or header(asked, "Authorization") == "Basic " + base64.b64encode(b"me:" + PASSWORD.encode()).decode()
            )
            return Reply({"access_token": "token-1", "expires_in": 3600}) if is_client else Reply({}, 401)
        return behaviour(asked) if is_signed(asked) else Reply({"message": "not signed on"}, 401)

    return behave


@pytest.mark.parametrize("auth", AUTHS)
@pytest.mark.parametrize(
    ("page", "method"),
    # The address of a next page is asked for with GET.
    [*((page, "GET") for page in PAGES), *((page, "POST") for page in PAGES if page not in ("link", "next_url"))],
)
def test_all_rows_arrive_once(start: Callable[..., Server], tmp_path: Path, page: str, auth: str, method: str) -> None:
    rule, is_signed = AUTHS[auth]
    start(guarded(paged(ROWS, page.split()[0]), is_signed), "me:p%40ss%2Fw%3Ard", "?extra=k%2By")
    source = declare(tmp_path, source={"auth": rule}, page=PAGES[page], method=method)
    assert payloads(read(source)) == ROWS


@pytest.mark.parametrize("page", ["offset", "page with count", "cursor", "link", "next_url"])
def test_a_server_that_gives_less_than_asked_for_loses_no_row(
    start: Callable[..., Server], tmp_path: Path, page: str
) -> None:
    start(paged(ROWS, page.split()[0], most=4))
    source = declare(tmp_path, page=PAGES[page] | {"size": 500})
    assert keys(read(source)) == [str(number) for number in range(25)]


def test_parameters_are_sent_as_declared(start: Callable[..., Server], tmp_path: Path) -> None:
    server = start(paged(ROWS, "none"))
    read(declare(tmp_path, params={"status": "all & more", "deep": True, "ids": [1, 2]}))
    assert [asked.query for asked in server.asked] == ["deep=true&ids=1&ids=2&status=all+%26+more"]


@pytest.mark.parametrize(
    ("entity", "window", "query"),
    [
        pytest.param({"since_param": "since"}, Window(), "", id="everything"),
        pytest.param(
            {"since_param": "since", "until_param": "until"},
            Window("2026-03-01 00:00:05+00", "2026-03-01 00:00:08+00", None, "back-fill"),
            "since=2026-03-01T00%3A00%3A05Z&until=2026-03-01T00%3A00%3A08Z", id="interval",
        ),
        pytest.param(
            {"since_param": "since", "time_format": "unix"}, Window("2026-03-01 00:00:05.7+00"), "since=1772323205",
            id="seconds, rounded down",
        ),
        pytest.param(
            {"since_param": "since", "time_format": "unix_ms"}, Window("2026-03-01 00:00:05.75+00"),
            "since=1772323205750", id="milliseconds",
        ),
        pytest.param(
            {"since_param": "since", "time_format": "local"}, Window("2026-03-01 00:00:05+00"),
            "since=2026-03-01+08%3A00%3A05", id="local time",
        ),
        pytest.param(
            {"since_param": "since", "time_format": "date"}, Window("2026-02-28 20:00:00+00"), "since=2026-03-01",
            id="local date",
        ),
    ],
)  # fmt: skip
def test_the_window_is_asked_for(
    start: Callable[..., Server], tmp_path: Path, entity: dict[str, Any], window: Window, query: str
) -> None:
    server = start(lambda _asked: Reply({"data": {"items": []}}))
    read(declare(tmp_path, source={"time_zone": "Asia/Shanghai"}, **entity), window)
    assert [asked.query for asked in server.asked] == [query]


def test_a_back_fill_keeps_what_lies_in_its_interval_only(start: Callable[..., Server], tmp_path: Path) -> None:
    start(lambda _asked: Reply({"data": {"items": [*ROWS, {"id": 99}]}}))
    window = Window("2026-03-01 00:00:05+00", "2026-03-01 00:00:08+00", label="back-fill")
    assert keys(read(declare(tmp_path), window)) == ["5", "6", "7"]


def test_portions_end_with_a_page_and_only_the_last_moves_the_cursor(
    start: Callable[..., Server], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader, "ROWS_PER_PORTION", 10)
    start(paged(ROWS[::-1], "offset"))
    for is_sorted, rows in ((False, ROWS[::-1]), (True, ROWS)):
        start(paged(rows, "offset", most=5))
        with opened(declare(tmp_path, page=PAGES["offset"], is_sorted=is_sorted)) as api:
            deliveries = [(len(rows_of(each)), each.provenance) for each in api.reading("row").portions(Window())]
        assert [count for count, _provenance in deliveries] == [10, 10, 5]
        assert [each.holds_cursor for _count, each in deliveries] == [is_sorted, is_sorted, True]
        # The greatest cursor of the earlier portions, so that a descending API moves on at all.
        assert deliveries[2][1].cursor == (
            "2026-03-01 00:00:24+00:00" if not is_sorted else "2026-03-01 00:00:19+00:00"
        )


def test_a_look_asks_for_no_more_pages_than_it_shows(start: Callable[..., Server], tmp_path: Path) -> None:
    server = start(paged(ROWS, "offset"))
    source = declare(tmp_path, page=PAGES["offset"])
    assert keys(read(source, Window(limit=3))) == ["0", "1", "2"]
    assert keys(read(source, Window(limit=12))) == [str(number) for number in range(12)]
    assert len(server.asked) == 3


def test_columns_and_their_types_are_told(start: Callable[..., Server], tmp_path: Path) -> None:
    rows = [{"id": 1, "a": None, "b": 1, "c": {"d": "x"}}, {"id": "2", "b": 1.5, "c": {"d": True}, "e": []}]
    start(lambda _asked: Reply({"data": {"items": rows}}))
    columns = declare(tmp_path).entities["row"].columns
    nested = {"c.d": {"type": "text", "name": "c_d", "description": "Nested", "description_zh": "嵌套"}}
    declared = {name: column.model_dump(exclude_unset=True) for name, column in columns.items()} | nested
    with opened(declare(tmp_path, columns=declared)) as api:
        (delivery,) = api.reading("row").portions(Window())
    assert delivery.observed is not None
    assert delivery.observed().is_complete is False
    assert delivery.observed().columns == {
        "id": "number|string", "a": "", "b": "number", "c": "object", "e": "array", "c.d": "boolean|string",
    }  # fmt: skip
    assert payloads(rows_of(delivery))[0]["c.d"] == "x"


def test_keys_may_be_nested_composite_or_called_otherwise(start: Callable[..., Server], tmp_path: Path) -> None:
    rows = [
        {"data": {"id": 7}, "地区": "a|b"},
        {"data": {"id": True}, "region": "c"},
        {"data": {"id": None}, "地区": "d"},
    ]
    start(lambda _asked: Reply({"data": {"items": rows}}))
    described = {"type": "text", "description": "Thing", "description_zh": "物"}
    columns = {"data.id": described | {"name": "id"}, "region": described | {"synonyms": ["地区"]}}
    source = declare(tmp_path, columns=columns, key=["data.id", "region"], cursor=None)
    assert [(row[0], row[6]) for row in read(source)] == [
        ("7|a\\|b", None), ("true|c", None), (None, "key is empty")
    ]  # fmt: skip


def test_numbers_lose_no_digit(start: Callable[..., Server], tmp_path: Path) -> None:
    body = b'{"data": {"items": [{"id": 1, "a": 0.1, "b": 12345678901234567.89, "c": 1e400, "d": %s, "e": 1e9999999999999999999}]}}'
    start(lambda _asked: Reply(body % (b"9" * 5000)))
    text = read(declare(tmp_path))[0][1]
    assert text is not None
    assert json.loads(text) == {
        "id": 1, "a": 0.1, "b": "12345678901234567.89", "c": "1E+400", "d": "9" * 5000, "e": "1e9999999999999999999",
    }  # fmt: skip


def test_a_token_that_ends_early_is_renewed_once(start: Callable[..., Server], tmp_path: Path) -> None:
    issued: list[str] = []

    def behave(asked: Asked) -> Reply:
        if asked.path == "/oauth/token":
            issued.append(f"token-{len(issued)}")
            return Reply({"access_token": issued[-1], "expires_in": 3600})
        is_valid = header(asked, "Authorization") == f"Bearer {issued[-1]}" and len(issued) > 1
        return paged(ROWS, "offset")(asked) if is_valid else Reply({}, 401)

    start(behave, "me:secret")
    auth = {"kind": "oauth2", "token_url": "/oauth/token"}
    assert len(read(declare(tmp_path, source={"auth": auth}, page=PAGES["offset"]))) == 25
    assert issued == ["token-0", "token-1"]


def test_every_try_is_signed_anew(start: Callable[..., Server], tmp_path: Path) -> None:
    server = start(
        lambda _asked: Reply({}, 503) if len(server.asked) < 3 else Reply({"data": {"items": []}}), "me:secret"
    )
    read(declare(tmp_path, source={"auth": {"kind": "hmac", "nonce_header": "X-Nonce"}}))
    assert len({header(asked, "X-Nonce") for asked in server.asked}) == 3
    assert len({header(asked, "X-Signature") for asked in server.asked}) == 3


def endless(reply: Callable[[int, str], Reply]) -> Behaviour:
    """A server that answers by the number of the request."""
    count = iter(range(1_000_000))
    return lambda asked: reply(next(count), asked.headers["Host"])


def items(*numbers: int) -> dict[str, Any]:
    return {"data": {"items": [{"id": number, "changed": moment(number)} for number in numbers]}}


@pytest.mark.parametrize(
    ("page", "behaviour", "message"),
    [
        pytest.param(
            PAGES["offset"], endless(lambda _number, _host: Reply(items(1, 2))),
            "api.row: GET /v1/rows?limit=10&offset=2: the API gives the same page again", id="same page",
        ),
        pytest.param(
            PAGES["cursor"], endless(lambda number, _host: Reply(items(number) | {"next": "abc"})),
            "api.row: GET /v1/rows?limit=10&cursor=abc: the API leads back to a page that was read already", id="same token",
        ),
        pytest.param(
            PAGES["link"],
            endless(lambda number, _host: Reply(items(number), headers={"Link": f'</v1/rows?c={number % 3}>; rel="next"'})),
            "api.row: GET /v1/rows?c=0: the API leads back to a page that was read already", id="links in a circle",
        ),
        pytest.param(
            PAGES["link"] | {"max_pages": 7},
            endless(lambda number, _host: Reply(items(number), headers={"Link": f'</v1/rows?c={number}>; rel="next"'})),
            "api.row: GET /v1/rows?c=6: the pages do not end (found 7)", id="endless links",
        ),
        pytest.param(
            PAGES["link"],
            endless(lambda number, _host: Reply(items(), headers={"Link": f'</v1/rows?c={number}>; rel="next"'})),
            "api.row: GET /v1/rows?c=99: the pages do not end: 101 in a row have no record", id="endless empty pages",
        ),
        pytest.param(
            PAGES["next_url"], endless(lambda _number, _host: Reply(items(1) | {"links": {"next": "http://10.0.0.1/x"}})),
            "api.row: GET /v1/rows?limit=10: the next page lies on another server, which must not get the credentials"
            " (found 'http://10.0.0.1'; allowed: http://127.0.0.1:", id="another server",
        ),
        pytest.param(
            PAGES["next_url"],
            endless(lambda _number, host: Reply(items(1) | {"links": {"next": f"http://a:b@{host}/x"}})),
            "the next page lies on another server", id="another user",
        ),
        pytest.param(
            PAGES["next_url"], endless(lambda _number, host: Reply(items(1) | {"links": {"next": f"https://{host}/x"}})),
            "the next page lies on another server", id="another scheme",
        ),
        pytest.param(
            PAGES["next_url"], endless(lambda _number, _host: Reply(items(1) | {"links": {"next": 5}})),
            "'links.next' is not an address (found 'data, links')", id="no address",
        ),
        pytest.param(
            PAGES["cursor"], endless(lambda _number, _host: Reply(items(1) | {"next": {"a": 1}})),
            "'next' is not a token (found 'data, next')", id="no token",
        ),
        pytest.param(
            PAGES["cursor with has_more"], endless(lambda _number, _host: Reply(items(1) | {"more": True})),
            "'more' says that more follows, but 'next' holds no token (found 'data, more')", id="more without token",
        ),
        pytest.param(
            PAGES["cursor with has_more"], endless(lambda _number, _host: Reply(items(1) | {"more": "maybe"})),
            "'more' is neither true nor false", id="more is unclear",
        ),
        pytest.param(
            PAGES["offset with total"], endless(lambda _number, _host: Reply({"data": {"items": [], "total": 5}})),
            "the API has 5 records and stops after 0", id="less than total",
        ),
        pytest.param(
            PAGES["offset with total"], endless(lambda _number, _host: Reply(items(1))),
            "'data.total' is not a whole number (found 'data')", id="total is missing",
        ),
        pytest.param(
            PAGES["none"], endless(lambda _number, _host: Reply({"code": 40001, "msg": "张三"})),
            "api.row: GET /v1/rows: the answer has no list of records at 'data.items' (found 'code=40001, msg')", id="no list",
        ),
        pytest.param(
            PAGES["none"], endless(lambda _number, _host: Reply({"data": {"items": {"id": 1}}})),
            "the answer has no list of records at 'data.items' (found 'id')", id="object instead of list",
        ),
    ],
)  # fmt: skip
def test_a_walk_that_goes_astray_is_stopped(
    start: Callable[..., Server], tmp_path: Path, page: dict[str, Any], behaviour: Behaviour, message: str
) -> None:
    server = start(behaviour)
    with pytest.raises(TerminalError) as caught:
        read(declare(tmp_path, page=page))
    assert message in str(caught.value)
    assert len(server.asked) < 110


def test_credentials_never_reach_another_server(start: Callable[..., Server], tmp_path: Path) -> None:
    with serve(lambda _asked: Reply(items())) as other:
        start(lambda _asked: Reply(items(1), headers={"Link": f'<{other.url}/steal>; rel="next"'}), "me:secret")
        with pytest.raises(TerminalError, match="another server"):
            read(declare(tmp_path, source={"auth": {"kind": "bearer"}}, page={"kind": "link"}))
        start(lambda _asked: Reply({}, 302, {"Location": f"{other.url}/steal"}), "me:secret")
        with pytest.raises(TerminalError, match=r"302 Found\. Write the final address"):
            read(declare(tmp_path, source={"auth": {"kind": "bearer"}}))
        assert other.asked == []


def test_a_cursor_that_jumps_back_stops_an_api_that_says_it_is_sorted(
    start: Callable[..., Server], tmp_path: Path
) -> None:
    rows = [ROWS[3], {"id": 50, "changed": None}, {"id": 51, "changed": "soon"}, ROWS[3] | {"id": 52}, ROWS[2]]
    start(lambda _asked: Reply({"data": {"items": rows}}))
    with pytest.raises(TerminalError, match=r"api\.row: GET /v1/rows: the cursor jumps back"):
        read(declare(tmp_path, is_sorted=True))
    assert [(row[0], row[4]) for row in read(declare(tmp_path))] == [
        ("3", "2026-03-01 00:00:03+00:00"), ("50", None), ("51", None), ("52", "2026-03-01 00:00:03+00:00"),
        ("2", "2026-03-01 00:00:02+00:00"),
    ]  # fmt: skip


def test_keys_are_listed_in_full(start: Callable[..., Server], tmp_path: Path) -> None:
    rows = [*ROWS, {"id": None}, {"id": "nul\0"}, {"id": "\ud800"}, "no object", {"id": "tab\t\\"}]
    server = start(paged(rows, "offset", most=7, path="/v1/ids"))
    entity = {"since_param": "since", "deletes": {}, "keys_path": "v1/ids", "page": PAGES["offset"]}
    with opened(declare(tmp_path, **entity)) as api, api.reading("row").keys() as portion:
        assert portion.columns == ("key",)
        content = b"".join(iter(lambda: portion.rows.read(16), b""))
    assert content.decode().splitlines() == [*(str(number) for number in range(25)), "tab\\t\\\\"]
    assert all("since" not in asked.query for asked in server.asked)
