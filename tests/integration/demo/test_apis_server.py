"""The web APIs of the demo company, asked over HTTP as their clients would."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import psutil
import psycopg2
import pytest
import requests
from psycopg2.extensions import connection as PgConnection

from cockpit.demo.apis.fill import ApisFilled, fill_apis, holds_apis
from cockpit.demo.apis.server.config import CLIENT
from cockpit.demo.company import Company
from tests.integration.demo.apis_process import SECRETS, Apis, free_port, serve, signed_headers

DATABASE = "demo_test_apis"


@pytest.fixture(scope="module")
def address(postgres: Any) -> str:
    return str(postgres.create_database(DATABASE))


@pytest.fixture(scope="module")
def database(address: str) -> Iterator[PgConnection]:
    with closing(psycopg2.connect(address)) as connection:
        connection.autocommit = False
        yield connection


@pytest.fixture(scope="module")
def filled(database: PgConnection, company: Company) -> ApisFilled:
    return fill_apis(database, company)


@pytest.fixture(scope="module")
def apis(address: str, filled: ApisFilled) -> Iterator[Apis]:
    with serve(address) as running:
        yield running


def rows_of(answer: Any, name: str) -> list[dict[str, Any]]:
    assert answer.status_code == 200, answer.text
    body = answer.json()
    found: list[dict[str, Any]] = body[name] if name else body
    return found


def by_page(number: str, size: str, rows: str) -> Callable[[Apis, str, int], Iterator[list[dict[str, Any]]]]:
    def read(apis: Apis, path: str, limit: int, **params: Any) -> Iterator[list[dict[str, Any]]]:
        page = 1
        while True:
            answer = apis.get(path, **{number: page, size: limit}, **params)
            yield rows_of(answer, rows)
            if not answer.json()["has_next"]:
                return
            page += 1

    return read


def by_offset(apis: Apis, path: str, limit: int, **params: Any) -> Iterator[list[dict[str, Any]]]:
    offset = 0
    while True:
        answer = apis.get(path, offset=offset, limit=limit, **params)
        rows = rows_of(answer, path.rsplit("/", 1)[1].removeprefix("ticket_"))
        yield rows
        offset += len(rows)
        if not answer.json()["meta"]["has_more"]:
            return


def by_cursor(apis: Apis, path: str, limit: int, **params: Any) -> Iterator[list[dict[str, Any]]]:
    rows = {"externalcontact": "external_contact_list", "chat": "chat_list"}[path.split("/")[-2]]
    cursor = ""
    while True:
        answer = apis.get(path, limit=limit, cursor=cursor, **params)
        yield rows_of(answer, rows)
        cursor = answer.json()["next_cursor"]
        if not cursor:
            return


def by_link(apis: Apis, path: str, limit: int, **params: Any) -> Iterator[list[dict[str, Any]]]:
    answer = apis.get(path, per_page=limit, **params)
    while True:
        yield rows_of(answer, "")
        if "next" not in answer.links:
            return
        answer = apis.get(answer.links["next"]["url"])


def by_next_url(apis: Apis, path: str, limit: int, **params: Any) -> Iterator[list[dict[str, Any]]]:
    answer = apis.get(path, page_size=limit, **params)
    while True:
        yield rows_of(answer, path.rsplit("/", 1)[1])
        following = answer.json()["next"]
        if not following:
            return
        answer = apis.get(following)


scm, ads = by_page("page", "page_size", "rows"), by_page("page_no", "page_size", "list")

# Path, how it is paged, rows of a page, key of a record, table behind it, incremental parameter.
LISTS = [
    pytest.param("/scm/v1/shipments", scm, 1000, "shipment_no", "scm_shipment", id="shipments"),
    pytest.param("/scm/v1/inventory", scm, 100, ("warehouse_code", "sku"), "scm_stock", id="inventory"),
    pytest.param("/scm/v1/materials", scm, 100, "material_no", "scm_material", id="materials"),
    pytest.param("/wecom/cgi-bin/externalcontact/list", by_cursor, 400, "external_userid", "wecom_contact", id="wecom"),
    pytest.param("/wecom/cgi-bin/chat/list", by_cursor, 1000, "chat_id", "wecom_chat", id="chats"),
    pytest.param("/market_feed/posts", by_link, 50, "id", "feed_post", id="posts"),
    pytest.param("/market_feed/notes", by_link, 200, "id", "feed_note", id="notes"),
    pytest.param("/service_desk/api/tickets", by_offset, 500, "id", "desk_ticket", id="tickets"),
    pytest.param("/service_desk/api/ticket_events", by_offset, 499, "id", "desk_event", id="ticket-events"),
    pytest.param("/shop/open/orders", by_next_url, 500, "order_sn", "shop_order", id="shop-orders"),
    pytest.param("/shop/open/members", by_next_url, 500, "member_id", "shop_member", id="members"),
    pytest.param("/shop/open/slips", by_next_url, 333, "slip_no", "shop_slip", id="slips"),
    pytest.param("/ads/report/daily", ads, 1000, ("date", "channel_code"), "ads_cost", id="ads"),
]


def keys_of(rows: list[dict[str, Any]], key: str | tuple[str, ...]) -> list[Any]:
    return [row[key] if isinstance(key, str) else tuple(row[part] for part in key) for row in rows]


@pytest.mark.parametrize(("path", "read", "limit", "key", "table"), LISTS)
def test_pages_together_are_the_whole_list(
    apis: Apis, filled: ApisFilled, path: str, read: Any, limit: int, key: Any, table: str
) -> None:
    pages = list(read(apis, path, limit))
    assert all(len(page) == limit for page in pages[:-1])
    keys = keys_of([row for page in pages for row in page], key)
    assert len(keys) == len(set(keys)) == filled.rows[table]


@pytest.mark.parametrize(("path", "read", "limit", "key", "table"), LISTS)
def test_strangers_get_nothing(apis: Apis, path: str, read: Any, limit: int, key: Any, table: str) -> None:
    answer = apis.get(path, sign_on=False)
    assert (answer.status_code, answer.json()) == (401, {"error": "unauthorized"})


SINCE = [
    pytest.param("/scm/v1/shipments", "updated_from", "2026-11-01T00:00:00+08:00", scm, "scm_shipment", id="scm"),
    pytest.param("/wecom/cgi-bin/chat/list", "start_time", "1793462400", by_cursor, "wecom_chat", id="wecom"),
    pytest.param("/market_feed/posts", "since", "2026-11-01T00:00:00+08:00", by_link, "feed_post", id="market-feed"),
    pytest.param("/service_desk/api/tickets", "updated_since", "2026-10-31T16:00:00Z", by_offset, "desk_ticket", id="service-desk"),
    pytest.param("/shop/open/orders", "modified_from", "1793462400000", by_next_url, "shop_order", id="shop"),
    pytest.param("/ads/report/daily", "modified_since", "2026-11-01T00:00:00+08:00", ads, "ads_cost", id="ads"),
]  # fmt: skip


@pytest.mark.parametrize(("path", "param", "value", "read", "table"), SINCE)
def test_incremental_reads_get_what_changed_since(
    apis: Apis, database: PgConnection, path: str, param: str, value: str, read: Any, table: str
) -> None:
    with database, database.cursor() as cursor:
        cursor.execute(f"select count(*) from {table} where changed_at >= '2026-11-01 00:00+08'")
        expected = cursor.fetchone()
    # Small pages, so that the condition has to hold on the later ones too.
    rows = [row for page in read(apis, path, 17, **{param: value}) for row in page]
    assert (len(rows),) == expected
    assert len(rows) > 0


def test_a_deep_page_is_found_without_the_ones_before(apis: Apis) -> None:
    rows = [row for page in scm(apis, "/scm/v1/shipments", 500) for row in page]
    answer = apis.get("/scm/v1/shipments", page=31, page_size=600)
    assert rows_of(answer, "rows") == rows[18_000:18_600]
    assert rows_of(apis.get("/scm/v1/shipments", page=4000, page_size=600), "rows") == []


def test_rows_that_change_while_they_are_read_are_not_lost(apis: Apis, database: PgConnection) -> None:
    """A changed row moves to the end of the list; an offset that counts anew would skip the one in its place."""
    reader = by_offset(apis, "/service_desk/api/tickets", 500)
    seen = {row["id"] for row in next(reader)}
    with database, database.cursor() as cursor:
        cursor.execute("update desk_ticket set changed_at = '2026-11-18 15:31+08' where ticket_id <= 50")
    seen |= {row["id"] for page in reader for row in page}
    with database, database.cursor() as cursor:
        cursor.execute("select count(*) from desk_ticket")
        assert cursor.fetchone() == (len(seen),)


@pytest.mark.parametrize(
    ("path", "params"),
    [
        pytest.param("/scm/v1/shipments", {"page": "0"}, id="page-zero"),
        pytest.param("/scm/v1/shipments", {"page": "two"}, id="page-in-words"),
        pytest.param("/service_desk/api/tickets", {"offset": "-1"}, id="negative-offset"),
        pytest.param("/service_desk/api/tickets", {"limit": "0"}, id="empty-page"),
        pytest.param("/wecom/cgi-bin/chat/list", {"cursor": "made-up"}, id="forged-cursor"),
        pytest.param("/market_feed/posts", {"since": "yesterday"}, id="time-in-words"),
        pytest.param("/shop/open/orders", {"modified_from": "9" * 30}, id="year-out-of-range"),
    ],
)
def test_a_wrong_parameter_is_refused(apis: Apis, path: str, params: dict[str, str]) -> None:
    answer = apis.get(path, **params)
    assert (answer.status_code, answer.json()) == (400, {"error": "invalid_parameter"})


def test_a_larger_page_than_allowed_is_cut(apis: Apis) -> None:
    assert len(rows_of(apis.get("/service_desk/api/tickets", limit=100_000), "tickets")) == 500


def test_a_record_is_as_its_system_writes_it(apis: Apis) -> None:
    shipment = rows_of(apis.get("/scm/v1/shipments", page_size=1), "rows")[0]
    assert set(shipment["consignee"]) == {"cust_name", "mobile"}
    assert shipment["freight"]["currency"] == "CNY"
    assert shipment["update_time"].endswith("+08:00")
    order = rows_of(apis.get("/shop/open/orders", page_size=1), "orders")[0]
    assert set(order["items"][0]) == {"sku", "title", "qty", "price"}
    assert {"姓名", "手机号"} < set(rows_of(apis.get("/shop/open/members", page_size=1), "members")[0])


class TestSignOn:
    @pytest.mark.parametrize(
        ("form", "status"),
        [
            pytest.param({"client_id": CLIENT, "client_secret": SECRETS["wecom"], "grant_type": "client_credentials"}, 200, id="right"),
            pytest.param({"client_id": CLIENT, "client_secret": "guess", "grant_type": "client_credentials"}, 401, id="wrong-secret"),
            pytest.param({"grant_type": "client_credentials"}, 401, id="no-client"),
            pytest.param({"client_id": CLIENT, "client_secret": SECRETS["wecom"], "grant_type": "password"}, 400, id="other-grant"),
        ],
    )  # fmt: skip
    def test_tokens_are_for_clients(self, apis: Apis, form: dict[str, str], status: int) -> None:
        assert apis.token(**form).status_code == status

    @pytest.mark.usefixtures("filled")
    def test_a_token_expires(self, address: str) -> None:
        with serve(address, token_seconds=1) as hasty:
            form = {"client_id": CLIENT, "client_secret": SECRETS["wecom"], "grant_type": "client_credentials"}
            token = hasty.token(**form).json()["access_token"]
            time.sleep(2.1)
            answer = _get(hasty, "/wecom/cgi-bin/chat/list", {"Authorization": f"Bearer {token}"})
        assert answer == 401

    @pytest.mark.parametrize("token", ["", "x", "9999999999.deadbeef", "x.y", "１.y"])
    def test_a_forged_token_is_refused(self, apis: Apis, token: str) -> None:
        header = {"Authorization": f"Bearer {token}".encode()}
        assert _get(apis, "/wecom/cgi-bin/chat/list", header) == 401

    def test_a_signature_serves_one_request_only(self, apis: Apis) -> None:
        headers = signed_headers(f"{apis.address}/shop/open/orders?page_size=1", SECRETS["shop"])
        assert _get(apis, "/shop/open/orders?page_size=1", headers) == 200
        assert _get(apis, "/shop/open/orders?page_size=2", headers) == 401
        assert _get(apis, "/shop/open/members?page_size=1", headers) == 401

    def test_an_old_signature_is_refused(self, apis: Apis) -> None:
        quarter_of_an_hour_ago = str(int(time.time()) - 900)
        headers = signed_headers(f"{apis.address}/shop/open/orders", SECRETS["shop"], quarter_of_an_hour_ago)
        assert _get(apis, "/shop/open/orders", headers) == 401

    @pytest.mark.parametrize("timestamp", ["0", "now", "-1"])
    def test_a_signature_of_no_possible_time_is_refused(self, apis: Apis, timestamp: str) -> None:
        headers = signed_headers(f"{apis.address}/shop/open/orders", SECRETS["shop"], timestamp)
        assert _get(apis, "/shop/open/orders", headers) == 401


def _get(apis: Apis, path: str, headers: dict[str, Any]) -> int:
    session = requests.Session()
    session.trust_env = False
    with session:
        return session.get(f"{apis.address}{path}", headers=headers, timeout=30).status_code


def test_the_hasty_are_told_to_wait(address: str, filled: ApisFilled) -> None:
    with serve(address, rate=2) as slow:
        answers = [slow.get("/market_feed/posts") for _ in range(6)]
        refused = [answer for answer in answers if answer.status_code == 429]
        assert refused
        assert {answer.headers["Retry-After"] for answer in refused} == {"1"}
        time.sleep(1.1)
        assert slow.get("/market_feed/posts").status_code == 200
        # Each system counts for itself.
        assert slow.get("/ads/report/daily").status_code == 200


def test_some_requests_fail_and_the_next_try_does_not(address: str, filled: ApisFilled) -> None:
    def outcomes() -> list[int]:
        with serve(address, failure_interval=5, seed=3) as shaky:
            return [shaky.get("/ads/report/daily", page_size=1).status_code for _ in range(40)]

    first = outcomes()
    assert set(first) == {200, 503}
    assert all(later == 200 for status, later in itertools.pairwise(first) if status == 503)
    assert outcomes() == first


def test_an_unreachable_database_is_a_temporary_failure() -> None:
    with serve(f"postgresql://nobody:x@127.0.0.1:{free_port()}/nothing") as alone:
        answer = alone.get("/ads/report/daily")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")


def test_before_the_fill_there_is_no_data_yet(postgres: Any) -> None:
    with serve(str(postgres.create_database("demo_test_apis_empty"))) as empty:
        answer = empty.get("/ads/report/daily")
    assert (answer.status_code, answer.json()) == (503, {"error": "no_data_yet"})


def test_the_process_stays_small(apis: Apis) -> None:
    for _ in scm(apis, "/scm/v1/shipments", 1000):
        pass
    assert psutil.Process(apis.process.pid).memory_info().rss < 80 << 20


def test_the_same_company_is_known_again(database: PgConnection, filled: ApisFilled, company: Company) -> None:
    assert holds_apis(database, company)
