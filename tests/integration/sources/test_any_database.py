"""Databases other than PostgreSQL, on a real SQLite file."""

from __future__ import annotations

import math
import resource
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cockpit.errors import StackError, TerminalError, TransientError
from cockpit.sources.databases.texts import text_of
from cockpit.sources.load import load_source
from cockpit.sources.loading.window import Interval
from tests.integration.sources.site import Site, described

COLUMNS = described(sale_id="bigint", shop="text", amount="numeric", changed="timestamp")
TABLE = "create table sale (sale_id integer, shop text, amount decimal(12, 2), note text, changed datetime)"


@pytest.fixture
def file(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "till.db"
    monkeypatch.setenv("AIRFLOW_CONN_TILL", f"sqlite:///{path}")
    return path


@pytest.fixture
def till(file: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        connection.execute(TABLE)
        yield connection


def declare(site: Site, **entity: Any) -> None:
    sale = {"table": "sale", "key": ["sale_id"], "cursor": "changed", "overlap": "PT10M", "columns": COLUMNS}
    site.declare("till", "sql", {"sale": {**sale, **entity}}, connection="till")


def sell(till: sqlite3.Connection, *rows: tuple[Any, ...]) -> None:
    till.executemany("insert into sale (sale_id, shop, amount, changed) values (?, ?, ?, ?)", rows)


def test_rows_arrive_as_received(site: Site, till: sqlite3.Connection) -> None:
    declare(site)
    sell(till, (1, '北京 \\ "A"\t', 10.5, "2026-03-05 12:00:00"), (2, None, "not a number", None))
    till.execute("update sale set note = x'00ff' where sale_id = 2")
    result = site.load("till.sale")
    assert (result.batches, result.received, result.loaded, result.rejected) == (1, 2, 2, 0)
    assert site.raw("till__sale") == [
        ("1", {"sale_id": 1, "shop": "北京 \\ \"A\"\t", "amount": 10.5, "note": None, "changed": "2026-03-05 12:00:00"}),
        ("2", {"sale_id": 2, "shop": None, "amount": "not a number", "note": "\\x00ff", "changed": None}),
    ]  # fmt: skip
    ledger = site.query("select label, run_id, cursor_from, cursor_to, content_hash, bytes > 0 from ops.import_batch")
    assert ledger == [("full", "test-run", None, "2026-03-05 12:00:00", None, True)]
    site.assert_balanced()


def test_loading_twice_is_loading_once(site: Site, till: sqlite3.Connection) -> None:
    declare(site)
    sell(till, *((number, "a", 1, f"2026-03-05 12:00:{number:02}") for number in range(60)))
    site.load("till.sale")
    before = site.query("select key, batch_id, loaded_at, ctid::text, xmax::text from raw.till__sale order by key")
    for full in (False, True):
        result = site.load("till.sale", full=full)
        assert (result.received, result.loaded, result.unchanged) == (60, 0, 60)
    after = site.query("select key, batch_id, loaded_at, ctid::text, xmax::text from raw.till__sale order by key")
    assert after == before
    site.assert_balanced()


def test_the_next_load_takes_up_at_the_cursor_less_the_overlap(site: Site, till: sqlite3.Connection) -> None:
    declare(site)
    sell(till, (1, "a", 1, "2026-03-05 12:00:00"), (2, "b", 2, "2026-03-01 12:00:00"), (3, "c", 3, None),
         (4, "d", 4, "2026-03-05T11:40:00"))  # fmt: skip
    site.load("till.sale")
    sell(till, (5, "late", 5, "2026-03-05T11:51:00"), (6, "unreadable", 6, "yesterday"))
    till.execute("update sale set amount = 33 where sale_id = 3")
    till.execute("update sale set amount = 11, changed = '2026-03-05 13:00:00' where sale_id = 1")
    till.execute("update sale set amount = 44 where sale_id = 4")  # without a trace in the cursor: not seen
    result = site.load("till.sale")
    assert (result.received, result.loaded, result.unchanged) == (4, 4, 0)
    assert [(key, payload["amount"]) for key, payload in site.raw("till__sale")] == [
        ("1", 11), ("2", 2), ("3", 33), ("4", 4), ("5", 5), ("6", 6)
    ]  # fmt: skip
    assert site.query("select label, cursor_from, cursor_to from ops.import_batch order by batch_id") == [
        ("full", None, "2026-03-05 12:00:00"),
        ("incremental", "2026-03-05 12:00:00", "2026-03-05 13:00:00"),
    ]
    site.assert_balanced()


def test_an_interval_of_the_past_takes_just_its_rows_and_leaves_the_cursor(
    site: Site, till: sqlite3.Connection
) -> None:
    declare(site)
    sell(till, *((day, "a", day, f"2026-03-{day:02}T00:00:00") for day in range(1, 10)), (99, "z", 0, None))
    site.load("till.sale")
    till.execute("update sale set amount = amount + 100")
    result = site.load("till.sale", interval=Interval("2026-03-03", "2026-03-05"))
    assert (result.received, result.loaded) == (2, 2)
    assert [key for key, payload in site.raw("till__sale") if payload["amount"] > 100] == ["3", "4"]
    sell(till, (10, "a", 10, "2026-03-10T00:00:00"))
    assert site.load("till.sale").received == 3  # the new one, the last one again, the one without a cursor


@pytest.mark.parametrize(
    ("column", "values", "cursor_to"),
    [
        pytest.param("integer", [7, 8, 9], "9", id="integer"),
        pytest.param("numeric", [7, 8.25, 9.5], "9.5", id="numeric"),
        pytest.param("date", ["2026-03-04", "2026-03-05", "2026-03-06"], "2026-03-06", id="date"),
        pytest.param(
            "text", ["2026-03-05T19:59:00+08:00", "2026-03-05T12:00:00Z", "2026-03-05 12:00:00.5"],
            "2026-03-05 12:00:00.5", id="text with offsets",
        ),
        pytest.param("", ["2026-03-05 11:00", "2026-03-05 12:00", None], "2026-03-05 12:00:00", id="no type"),
    ],
)  # fmt: skip
def test_cursors_of_every_type(
    site: Site, till: sqlite3.Connection, column: str, values: list[Any], cursor_to: str
) -> None:
    till.execute("drop table sale")
    till.execute(f"create table sale (sale_id integer, changed {column})")
    till.executemany("insert into sale values (?, ?)", enumerate(values))
    kind = "numeric" if column in ("integer", "numeric") else "timestamp"
    declare(site, overlap="PT0S", columns=described(sale_id="bigint", changed=kind))
    assert site.load("till.sale").loaded == 3
    assert site.query("select cursor_to from ops.import_batch") == [(cursor_to,)]
    result = site.load("till.sale")
    assert (result.received, result.unchanged) == ((2, 2) if None in values else (1, 1))


@pytest.mark.parametrize(
    ("entity", "complaint"),
    [
        pytest.param({"table": "sales"}, r"no such table.*found 'sales'", id="no-table"),
        pytest.param({"table": "other.sale"}, r"no such table|unknown database", id="no-schema"),
        pytest.param({"cursor": "updated_at"}, "updated_at", id="cursor-missing"),
        pytest.param({"cursor": "note"}, "type that does not fit", id="cursor-is-text"),
        pytest.param({"cursor": "sale_id"}, "type that does not fit", id="overlap-on-a-number"),
        pytest.param(
            {"key": ["till_no"], "columns": described(till_no="bigint")}, "the column till_no is missing", id="no-key"
        ),
    ],
)
def test_a_source_that_does_not_fit_is_refused_before_anything_is_written(
    site: Site, till: sqlite3.Connection, entity: dict[str, Any], complaint: str
) -> None:
    declare(site, **entity)
    sell(till, (1, "a", 1, None))
    with pytest.raises(TerminalError, match=complaint):
        site.load("till.sale")
    assert site.query("select count(*) from ops.import_batch") == [(0,)]


def test_key_and_cursor_may_come_under_a_synonym(site: Site, till: sqlite3.Connection) -> None:
    columns = described(sale_no="bigint", written="timestamp")
    columns["sale_no"]["synonyms"] = ["单号", "sale_id"]  # type: ignore[assignment]
    columns["written"]["synonyms"] = ["changed"]  # type: ignore[assignment]
    declare(site, key=["sale_no"], cursor="written", columns=columns)
    sell(till, (1, "a", 1, "2026-03-05 12:00:00"))
    site.load("till.sale")
    assert [(key, payload["sale_id"]) for key, payload in site.raw("till__sale")] == [("1", 1)]
    assert site.query("select cursor_to from ops.import_batch") == [("2026-03-05 12:00:00",)]


def test_rows_that_are_gone_are_marked(site: Site, till: sqlite3.Connection) -> None:
    declare(site, key=["sale_id", "shop"], deletes={"max_share": 0.5})
    sell(till, *((number, "a|b", 1, "2026-03-05 12:00:00") for number in range(9)), (10, None, 1, None))
    assert site.load("till.sale").rejected == 1
    till.execute("delete from sale where sale_id in (3, 4)")
    assert site.load("till.sale").deleted == 2
    assert site.query("select key from raw.till__sale where deleted_at is not null order by key") == [
        (r"3|a\|b",), (r"4|a\|b",)
    ]  # fmt: skip
    site.assert_balanced()


def test_a_view_and_awkward_names_can_be_read(site: Site, till: sqlite3.Connection) -> None:
    till.execute('create view "Order" as select sale_id as "select", shop as "店铺 ""A""", changed from sale')
    columns = {
        "select": {**described(x="bigint")["x"], "name": "sale_id"},
        '店铺 "A"': {**described(x="text")["x"], "name": "shop"},
    }
    declare(site, table="Order", key=["select"], columns=columns)
    sell(till, (1, "a", 1, "2026-03-05 12:00:00"))
    site.load("till.sale")
    assert site.raw("till__sale") == [
        ("1", {"select": 1, '店铺 "A"': "a", "changed": "2026-03-05 12:00:00"})
    ]  # fmt: skip


def test_what_raw_cannot_hold_is_rejected_and_the_rest_loads(site: Site, till: sqlite3.Connection) -> None:
    declare(site)
    sell(till, (1, "good", 1, None), (2, "nul\0", 2, None), (None, "no key", 3, None), (5, "good", math.inf, None))
    till.execute("insert into sale (sale_id, shop) values (4, cast(x'b1b1bea9' as text))")
    result = site.load("till.sale")
    assert (result.received, result.loaded, result.rejected) == (5, 2, 3)
    assert site.query(
        "select reason, substring(raw_text from 'sale_id\": (\\w+)') from ops.rejected_line order by 1"
    ) == [
        ("NUL character", "2"),
        ("bytes that the declared encoding does not have", "4"),
        ("key is empty", "null"),
    ]
    assert site.raw("till__sale")[1][1]["amount"] == "Infinity"
    site.assert_balanced()


def test_all_tables_are_read_in_one_snapshot_that_writes_nothing(
    site: Site, till: sqlite3.Connection, file: Path
) -> None:
    till.execute("pragma journal_mode = wal")
    declare(site)
    first = site.sources["till"]["entities"]["sale"]
    site.declare("till", "sql", {"first": first, "second": first}, connection="till")
    sell(till, (1, "a", 1, "2026-03-05 12:00:00"))
    sold_meanwhile = (2, "b", 1, "2026-03-05 12:00:00")
    results = load_source(site.workspace, "till", "test-run", on_batch=lambda _batch: sell(till, sold_meanwhile))
    assert [(result.entity, result.loaded) for result in results] == [("first", 1), ("second", 1)]


def test_a_locked_database_is_worth_another_try(site: Site, till: sqlite3.Connection, file: Path) -> None:
    declare(site)
    sell(till, (1, "a", 1, None))
    site.sources["till"]["connection"] = "till"
    till.execute("begin exclusive")
    with pytest.raises(TransientError, match=r"till\.sale: the source does not answer now: database is locked"):
        site.load("till.sale")
    till.execute("commit")
    assert site.load("till.sale").loaded == 1


@pytest.mark.parametrize(
    ("address", "kind", "complaint"),
    [
        pytest.param("sqlite:///{folder}/none.db", TerminalError, "no such file", id="missing file"),
        pytest.param("sqlite:///{folder}", TerminalError, "no such file", id="a folder"),
        pytest.param("sqlite:///{folder}/notes.txt", TerminalError, "file is not a database", id="no database"),
        pytest.param("mysql://u:secret@h/shop", TerminalError, "not installed: package mysqlclient", id="no driver"),
        pytest.param("mysql+pymysql://u:secret@h/s", TerminalError, "package PyMySQL", id="no chosen driver"),
        pytest.param("dbase://u:secret@h/shop", TerminalError, "found 'dbase'; allowed: postgresql", id="unknown"),
        pytest.param("nonsense", StackError, "is not a URL", id="no address"),
    ],
)
def test_a_connection_that_does_not_work_says_why(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, address: str, kind: type[Exception], complaint: str
) -> None:
    (tmp_path / "notes.txt").write_text("no database, but long enough to be taken for the header of one " * 20)
    monkeypatch.setenv("AIRFLOW_CONN_TILL", address.format(folder=tmp_path))
    declare(site)
    with pytest.raises(kind, match=complaint) as caught:
        site.load("till.sale")
    assert "secret" not in str(caught.value)
    assert not (tmp_path / "none.db").exists()


def test_memory_does_not_grow_with_the_table(site: Site, till: sqlite3.Connection) -> None:
    declare(site, cursor=None, overlap="PT0S")
    site.sources["till"]["batch_rows"] = 1000

    def load(rows: int) -> int:
        till.execute("delete from sale")
        till.execute(
            "insert into sale with recursive n(i) as (select 1 union all select i + 1 from n where i < ?)"
            " select i, 'shop', i, hex(zeroblob(400)), null from n",
            (rows,),
        )
        assert site.load("till.sale", full=True).received == rows
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    before = load(2_000)
    assert load(60_000) - before < 30_000, "kilobytes; the table has 50 MB"


VALUES: list[tuple[str, st.SearchStrategy[object]]] = [
    ("text", st.text(st.characters(codec="utf-8", exclude_characters="\0"))),
    ("bigint", st.integers(-(2**63), 2**63 - 1)),
    ("numeric", st.decimals(-(10**20), 10**20)),
    ("double precision", st.floats(-1e15, 1e15).map(lambda number: float(f"{number:.15g}"))),
    ("boolean", st.booleans()),
    ("date", st.dates()),
    ("timestamp", st.datetimes()),
    ("timestamptz", st.datetimes(timezones=st.just(UTC))),
    ("time", st.times()),
    ("bytea", st.binary()),
    ("uuid", st.uuids()),
]


@pytest.fixture(scope="session")
def text_in_postgres(database: str) -> Iterator[Callable[[object, str], str]]:
    with closing(psycopg2.connect(database)) as connection, connection.cursor() as cursor:
        connection.autocommit = True
        cursor.execute("set time zone 'UTC'; set datestyle = 'ISO'")

        def text(value: object, kind: str) -> str:
            sent = str(value) if kind in ("uuid", "double precision", "numeric") else value
            cursor.execute(f"select cast(cast(%s as {kind}) as text)", (sent,))
            row = cursor.fetchone()
            assert row
            return str(row[0])

        yield text


@pytest.mark.parametrize(("kind", "values"), VALUES, ids=[kind for kind, _values in VALUES])
def test_keys_are_written_as_postgresql_writes_them(
    text_in_postgres: Callable[[object, str], str], kind: str, values: st.SearchStrategy[object]
) -> None:
    @given(values)
    def same(value: object) -> None:
        assert text_of(value) == text_in_postgres(value, kind)

    same()


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1e15, "1e+15"), (123456789012345.0, "123456789012345"), (1.0, "1"), (-0.0, "-0"), (0.0001, "0.0001"), (1e-5, "1e-05"),
        (1.5e300, "1.5e+300"), (float("-inf"), "-Infinity"), (Decimal("1E+3"), "1000"), (Decimal("1.50"), "1.50"), (Decimal("-0.0"), "0.0"), (Decimal("sNaN"), "NaN"),
        (True, "true"), (datetime.fromisoformat("2026-03-05 12:00:00.5"), "2026-03-05 12:00:00.5"),
        (datetime(2026, 3, 5, 12, tzinfo=timezone(timedelta(hours=8))), "2026-03-05 04:00:00+00"),
        (date(987, 1, 2), "0987-01-02"), (time(12, 30), "12:30:00"), (b"\x00\xff", "\\x00ff"),
    ],
)  # fmt: skip
def test_texts_of_values(value: object, text: str) -> None:
    assert text_of(value) == text
