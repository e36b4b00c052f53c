from __future__ import annotations

import threading
import time
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from psycopg2.extensions import connection as PgConnection
from psycopg2.extras import execute_values

from cockpit.errors import RuleFileError, TerminalError, TransientError
from cockpit.rulebook.workspace import Workspace
from cockpit.sources.load import load_entity, load_source
from cockpit.sources.loading.ledger import prepare
from cockpit.sources.loading.loader import open_loader
from cockpit.sources.loading.window import Interval
from cockpit.warehouse.connections import connect
from tests.integration.sources.site import Site, described

NOON = datetime(2026, 3, 5, 12, tzinfo=UTC)
COLUMNS = described(sale_id="bigint", shop="text", amount="numeric", changed="timestamp")


def declare(site: Site, **entity: Any) -> None:
    sale = {"table": "sale", "key": ["sale_id"], "cursor": "changed", "overlap": "PT10M", "columns": COLUMNS}
    site.declare("erp", "sql", {"sale": {**sale, **entity}}, connection="shop")


def sell(shop: PgConnection, *rows: tuple[int | None, str | None, str, datetime | None]) -> None:
    with shop.cursor() as cursor:
        execute_values(cursor, "insert into sale (sale_id, shop, amount, changed) values %s", rows)


def run(shop: PgConnection, statement: str) -> None:
    with shop.cursor() as cursor:
        cursor.execute(statement)


def test_rows_arrive_as_received_with_key_hash_and_batch(site: Site, shop: PgConnection) -> None:
    declare(site)
    sell(shop, (1, '北京 \\ "A"\t', "10.50", NOON), (2, None, "0.1", None))
    result = site.load("erp.sale")
    assert (result.batches, result.received, result.loaded, result.rejected) == (1, 2, 2, 0)
    assert site.raw("erp__sale") == [
        ("1", {"sale_id": 1, "shop": "北京 \\ \"A\"\t", "amount": 10.50, "note": None,
               "changed": "2026-03-05T12:00:00+00:00"}),
        ("2", {"sale_id": 2, "shop": None, "amount": 0.1, "note": None, "changed": None}),
    ]  # fmt: skip
    assert site.query("select count(*) from raw.erp__sale where octet_length(hash) = 32 and deleted_at is null") == [
        (2,)
    ]
    ledger = site.query("select label, run_id, cursor_from, cursor_to, content_hash, bytes > 0 from ops.import_batch")
    assert ledger == [("full", "test-run", None, "2026-03-05 12:00:00+00", None, True)]
    site.assert_balanced()


def test_loading_twice_is_loading_once(site: Site, shop: PgConnection) -> None:
    declare(site)
    sell(shop, *((number, "a", "1", NOON + timedelta(seconds=number)) for number in range(100)))
    site.load("erp.sale")
    before = site.query("select key, batch_id, loaded_at, ctid::text, xmax::text from raw.erp__sale order by key")
    for full in (False, True):
        result = site.load("erp.sale", full=full)
        assert result.loaded == 0
        assert result.unchanged == result.received == 100
    after = site.query("select key, batch_id, loaded_at, ctid::text, xmax::text from raw.erp__sale order by key")
    assert after == before, "a load without news must not even lock rows"
    site.assert_balanced()


def test_a_run_without_news_says_so_in_the_ledger(site: Site, shop: PgConnection) -> None:
    declare(site, overlap="PT0S")
    assert site.load("erp.sale").batches == 1
    assert site.query("select label, received, loaded, cursor_to from ops.import_batch") == [("full", 0, 0, None)]
    sell(shop, (1, "a", "1", NOON))
    site.load("erp.sale")
    run(shop, "delete from sale")
    site.load("erp.sale")
    assert site.query("select label, received, loaded, cursor_from, cursor_to from ops.import_batch order by 1, 2") == [
        ("full", 0, 0, None, None),
        ("full", 1, 1, None, "2026-03-05 12:00:00+00"),
        ("incremental", 0, 0, "2026-03-05 12:00:00+00", "2026-03-05 12:00:00+00"),
    ]


def test_late_updates_within_the_overlap_and_rows_without_cursor_are_found(site: Site, shop: PgConnection) -> None:
    declare(site)
    sell(shop, (1, "a", "1", NOON), (2, "b", "2", NOON - timedelta(days=9)), (3, "c", "3", None))
    site.load("erp.sale")
    sell(shop, (4, "late", "4", NOON - timedelta(minutes=9)))  # committed after a younger row was read
    run(shop, "update sale set amount = 33 where sale_id = 3")
    run(shop, "update sale set amount = 11, changed = changed + interval '1 hour' where sale_id = 1")
    result = site.load("erp.sale")
    assert (result.received, result.loaded, result.unchanged) == (3, 3, 0)
    assert [(key, payload["amount"]) for key, payload in site.raw("erp__sale")] == [
        ("1", 11), ("2", 2), ("3", 33), ("4", 4)
    ]  # fmt: skip
    assert site.query("select row_count from ops.batch_replacement") == [(2,)]
    site.assert_balanced()


def test_of_a_repeated_key_the_newest_row_is_loaded(site: Site, shop: PgConnection) -> None:
    declare(site)
    sell(shop, (1, "old", "1", NOON - timedelta(days=1)), (1, "new", "3", NOON), (1, "undated", "2", None))
    result = site.load("erp.sale")
    assert (result.received, result.loaded, result.superseded) == (3, 1, 2)
    assert site.raw("erp__sale")[0][1]["shop"] == "new"
    site.assert_balanced()


def test_a_row_without_key_is_rejected_and_the_rest_loads(site: Site, shop: PgConnection) -> None:
    declare(site, key=["sale_id", "shop"])
    sell(shop, (1, "a|b\\", "1", NOON), (2, None, "2", NOON), (None, "c", "3", NOON))
    result = site.load("erp.sale")
    assert (result.received, result.loaded, result.rejected) == (3, 1, 2)
    assert [key for key, _payload in site.raw("erp__sale")] == [r"1|a\|b\\"]
    assert site.query("select reason, file, raw_text::jsonb ->> 'amount' from ops.rejected_line order by 3") == [
        ("key is empty", None, "2.00"), ("key is empty", None, "3.00")
    ]  # fmt: skip


def test_a_cursor_in_the_far_future_hides_no_later_row(site: Site, shop: PgConnection) -> None:
    declare(site)
    yesterday = datetime.now(UTC) - timedelta(days=1)
    sell(shop, (1, "a", "1", yesterday), (2, "typed 2099 for 2019", "2", datetime(2099, 1, 1, tzinfo=UTC)))
    site.load("erp.sale")
    sell(shop, (3, "b", "3", yesterday + timedelta(hours=1)))
    assert site.load("erp.sale").loaded == 1
    assert len(site.raw("erp__sale")) == 3


def test_a_deleted_row_that_comes_back_is_loaded_again(site: Site, shop: PgConnection) -> None:
    declare(site, deletes={})
    sell(shop, (1, "a", "1", NOON), (2, "b", "1", NOON))
    site.load("erp.sale")
    run(shop, "delete from sale where sale_id = 1")
    assert site.load("erp.sale").deleted == 1
    assert site.query("select key from raw.erp__sale where deleted_at is not null") == [("1",)]
    site.assert_balanced()
    sell(shop, (1, "a", "1", NOON))
    assert site.load("erp.sale").loaded == 1
    assert site.query("select count(*) from raw.erp__sale where deleted_at is null") == [(2,)]
    site.assert_balanced()


def test_a_source_that_suddenly_is_nearly_empty_deletes_nothing(site: Site, shop: PgConnection) -> None:
    declare(site, deletes={"max_share": 0.5, "tolerated_rows": 1})
    sell(shop, *((number, "a", "1", NOON) for number in range(1, 11)))
    site.load("erp.sale")
    run(shop, "delete from sale where sale_id > 4")
    with pytest.raises(TerminalError, match=r"erp.sale: 6 of 10 rows are gone from the source"):
        site.load("erp.sale")
    assert site.query("select count(*) from raw.erp__sale where deleted_at is null") == [(10,)]
    declare(site, deletes={"max_share": 0.6})
    assert site.load("erp.sale").deleted == 6
    site.assert_balanced()


def test_nothing_is_written_where_nothing_was_deleted(site: Site, shop: PgConnection) -> None:
    declare(site, deletes={})
    sell(shop, (1, "a", "1", NOON))
    site.load("erp.sale")
    before = site.query("select key, xmin, loaded_at from raw.erp__sale")
    assert site.load("erp.sale").deleted == 0
    assert site.query("select key, xmin, loaded_at from raw.erp__sale") == before
    assert site.query("select count(*) from ops.import_batch where label = 'deletes'") == [(0,)]


def test_a_past_interval_is_read_again_and_the_cursor_stays(site: Site, shop: PgConnection) -> None:
    declare(site, overlap="PT0S")
    days = [NOON + timedelta(days=number) for number in range(5)]
    sell(shop, *((number, "a", "1", day) for number, day in enumerate(days, start=1)))
    site.load("erp.sale")
    # Changed without touching updated_at: only reading the interval again brings it.
    run(shop, "update sale set shop = 'b'")
    assert site.load("erp.sale").loaded == 1
    result = site.load("erp.sale", interval=Interval("2026-03-06T20:00+08:00", "2026-03-08 20:00"))
    assert (result.received, result.loaded) == (2, 2)
    shops = {key: payload["shop"] for key, payload in site.raw("erp__sale")}
    assert shops == {"1": "a", "2": "b", "3": "b", "4": "a", "5": "b"}
    labels = site.query("select label, holds_cursor from ops.import_batch order by batch_id")
    assert labels == [("full", True), ("incremental", True), ("back-fill", False)]
    assert site.load("erp.sale").received == 1
    site.assert_balanced()


@pytest.mark.parametrize(
    ("entity", "interval", "complaint"),
    [
        pytest.param({}, Interval("last week"), "not readable.*found 'last week'", id="no-time"),
        pytest.param({"cursor": None, "overlap": "PT0S"}, Interval("2026-03-05"), "has no cursor", id="no-cursor"),
        pytest.param(
            {"cursor": "sale_id", "overlap": "PT0S"}, Interval("x"), "not readable.*allowed: bigint", id="no-number"
        ),
    ],
)
def test_an_interval_that_cannot_be_read_is_refused(
    site: Site, shop: PgConnection, entity: dict[str, Any], interval: Interval, complaint: str
) -> None:
    declare(site, **entity)
    sell(shop, (1, "a", "1", NOON))
    with pytest.raises(TerminalError, match=complaint):
        site.load("erp.sale", interval=interval)
    assert site.query("select count(*) from ops.import_batch") == [(0,)]


@pytest.mark.parametrize(
    ("entity", "complaint"),
    [
        pytest.param({"table": "sales"}, "no such table", id="no-table"),
        pytest.param(
            {"columns": described(sale_id="bigint", price="numeric"), "drift": "stop"}, "price", id="column-missing"
        ),
        pytest.param({"cursor": "updated_at"}, "updated_at", id="cursor-missing"),
        pytest.param({"cursor": "note"}, "type that does not fit", id="cursor-is-text"),
        pytest.param({"cursor": "sale_id"}, "type that does not fit", id="overlap-on-a-number"),
    ],
)
def test_a_source_that_does_not_fit_is_refused_before_anything_is_written(
    site: Site, shop: PgConnection, entity: dict[str, Any], complaint: str
) -> None:
    declare(site, **entity)
    sell(shop, (1, "a", "1", NOON))
    with pytest.raises(TerminalError, match=complaint):
        site.load("erp.sale")
    assert site.query("select count(*) from ops.import_batch") == [(0,)]


def test_columns_that_nobody_declared_are_kept(site: Site, shop: PgConnection) -> None:
    declare(site)
    run(shop, "alter table sale add column colour text default 'red'")
    sell(shop, (1, "a", "1", NOON))
    site.load("erp.sale")
    assert site.raw("erp__sale")[0][1]["colour"] == "red"


def test_a_source_that_breaks_off_leaves_nothing_and_can_be_tried_again(site: Site, shop: PgConnection) -> None:
    declare(site, table="broken", cursor=None, overlap="PT0S")
    run(
        shop,
        "create view broken as select sale_id, shop, amount / (case sale_id when 900 then 0 else 1 end) as amount,"
        " changed from sale",
    )
    sell(shop, *((number, "a", "1", NOON) for number in range(1000)))
    with pytest.raises(TerminalError, match="division by zero"):
        site.load("erp.sale")
    assert site.query("select count(*) from raw.erp__sale") == [(0,)]
    assert site.query("select count(*) from ops.import_batch") == [(0,)]
    run(shop, "delete from sale where sale_id = 900")
    assert site.load("erp.sale").loaded == 999


def test_a_second_load_of_the_same_entity_is_told_to_wait(
    site: Site, shop: PgConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    declare(site)
    monkeypatch.setattr("cockpit.sources.loading.loader.LOCK_WAIT_SECONDS", 1)
    prepare(site.warehouse)
    with open_loader(site.warehouse, "erp", "sale", "other-run"):
        started = time.monotonic()
        with pytest.raises(TransientError, match="another load"):
            site.load("erp.sale")
        assert time.monotonic() - started < 5
    assert site.load("erp.sale").batches == 1


def test_all_tables_of_a_source_are_read_in_one_snapshot(site: Site, shop: PgConnection) -> None:
    declare(site)
    sell(shop, (1, "a", "1", NOON))
    first = site.sources["erp"]["entities"]["sale"]
    site.declare("erp", "sql", {"first": first, "second": first}, connection="shop")

    results = load_source(
        site.workspace, "erp", "test-run", on_batch=lambda _batch: sell(shop, (2, "sold meanwhile", "1", NOON))
    )
    assert [(result.entity, result.loaded) for result in results] == [("first", 1), ("second", 1)]


def test_unknown_names_are_told_with_the_known_ones(site: Site, shop: PgConnection) -> None:
    declare(site)
    workspace: Workspace = site.workspace
    with pytest.raises(RuleFileError, match=r"found 'crm'; allowed: erp"):
        load_entity(workspace, "crm", "sale", "test-run")
    with pytest.raises(RuleFileError, match=r"found 'sales'; allowed: sale"):
        load_entity(workspace, "erp", "sales", "test-run")


def test_the_ledger_cannot_be_rewritten(site: Site, shop: PgConnection) -> None:
    declare(site)
    sell(shop, (1, "a", "1", NOON))
    site.load("erp.sale")
    for statement in (
        "update ops.import_batch set loaded = 2, received = 2",
        "delete from ops.import_batch",
        "truncate ops.import_batch cascade",
    ):
        with pytest.raises(Exception, match="never changed"), site.warehouse, site.warehouse.cursor() as cursor:
            cursor.execute(statement)


@pytest.mark.parametrize("victim", ["cockpit site_warehouse", "cockpit shop"])
def test_a_connection_that_is_lost_is_worth_another_try(site: Site, shop: PgConnection, victim: str) -> None:
    declare(site)
    run(shop, "insert into sale select n, 'a', n, repeat('x', 500), now() from generate_series(1, 100000) as n")

    def cut() -> None:
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            if site.query(
                "select pg_terminate_backend(pid) from pg_stat_activity where application_name = %s"
                " and state = 'active' and query ilike '%%copy%%'",
                (victim,),
            ):
                return
            time.sleep(0.005)

    thread = threading.Thread(target=cut)
    thread.start()
    with pytest.raises(TransientError, match=r"erp\.sale: the database broke off"):
        site.load("erp.sale")
    thread.join()
    assert site.query("select count(*) from ops.import_batch") == [(0,)]
    assert site.load("erp.sale").loaded == 100_000
    site.assert_balanced()


def test_the_ledger_can_be_prepared_again_while_a_load_is_running(site: Site, shop: PgConnection) -> None:
    declare(site)
    sell(shop, (1, "a", "1", NOON))
    site.load("erp.sale")
    with site.warehouse, site.warehouse.cursor() as cursor, closing(connect("site_warehouse")) as other:
        cursor.execute("lock table ops.import_batch, ops.batch_replacement in row exclusive mode")
        with other.cursor() as other_cursor:
            other_cursor.execute("set lock_timeout = '1s'")
        prepare(other)


def test_first_rows_of_a_table_with_a_key_go_straight_into_raw(site: Site, shop: PgConnection) -> None:
    declare(site, overlap="PT0S")
    sell(shop, *((number, "北京", "1.50", NOON + timedelta(days=number)) for number in range(1, 101)))
    compared = site.load("erp.sale")
    expected = site.query("select key, payload, hash from raw.erp__sale order by key")
    ledger = "select label, received, loaded, bytes, cursor_from, cursor_to, schema_hash is null from ops.import_batch"
    before = site.query(ledger)

    site.query("drop schema raw, ops cascade; select 1")
    run(shop, "alter table sale add primary key (sale_id)")
    straight = site.load("erp.sale")

    assert (straight.received, straight.loaded) == (compared.received, compared.loaded) == (100, 100)
    assert site.query("select key, payload, hash from raw.erp__sale order by key") == expected
    assert site.query(ledger) == before
    assert site.load("erp.sale").loaded == 0
    site.assert_balanced()


@pytest.mark.parametrize(
    "definition",
    [
        pytest.param("create unique index on sale (sale_id)", id="nulls-are-allowed"),
        pytest.param(
            "create unique index on sale (sale_id) where sale_id < 3; alter table sale alter sale_id set not null",
            id="for-some-rows-only",
        ),
        pytest.param("alter table sale add primary key (sale_id, amount)", id="of-more-columns"),
        pytest.param(
            "alter table sale add primary key (sale_id); create table late_sale () inherits (sale)", id="children"
        ),
    ],
)
def test_rows_are_compared_where_the_source_does_not_keep_keys_apart(
    site: Site, shop: PgConnection, definition: str
) -> None:
    declare(site, overlap="PT0S")
    run(shop, definition)
    sell(shop, (1, "a", "1", NOON), (5, "b", "2", NOON))
    table = "late_sale" if "late_sale" in definition else "sale"
    if "sale_id) where" in definition or "sale_id, amount" in definition or table == "late_sale":
        run(shop, f"insert into {table} (sale_id, amount, changed) values (5, 3, now())")
    else:
        run(shop, "insert into sale (amount) values (3)")
    result = site.load("erp.sale")
    assert (result.received, result.loaded, result.superseded + result.rejected) == (3, 2, 1)
    site.assert_balanced()
