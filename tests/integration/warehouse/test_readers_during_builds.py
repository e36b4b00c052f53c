"""What people see while a mart is built again and again: never a half table, never somebody else's rows."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, date, datetime, timedelta

import pytest
from psycopg2.extensions import ISOLATION_LEVEL_REPEATABLE_READ
from psycopg2.extensions import connection as PgConnection

from cockpit.bi.identity import sign_identity
from cockpit.bi.scopes import apply_security
from cockpit.pipelines.run_context import run_context
from cockpit.pipelines.workspace import prepare
from cockpit.rulebook.security import load_security
from cockpit.rulebook.workspace import REPOSITORY, find_workspace
from cockpit.warehouse.copy import copy_rows
from cockpit.warehouse.runner import BuildContext, build
from tests.conftest import Postgres
from tests.workspaces import WorkspaceDatabase, make_workspace_database

REGIONS = ("CN-SH", "CN-GD", "CN-BJ")
DAYS = 200
KEY = bytes(range(32))
MART = "marts.mart_receipt_daily"
RECEIPT_COLUMNS = (
    "receipt_key",
    "source",
    "source_receipt_key",
    "receipt_number",
    "region_code",
    "received_at",
    "received_date",
    "received_month",
    "amount",
    "currency",
)


@pytest.fixture(scope="module")
def database(postgres: Postgres) -> WorkspaceDatabase:
    return make_workspace_database(postgres, "test_readers")


@pytest.fixture
def context(database: WorkspaceDatabase, monkeypatch: pytest.MonkeyPatch) -> BuildContext:
    monkeypatch.setenv("AIRFLOW_CONN_WAREHOUSE", database.dsn("cockpit_etl"))
    monkeypatch.delenv("COCKPIT_HOME", raising=False)
    made = run_context(find_workspace("huaxing"), as_of=datetime(2026, 3, 5, tzinfo=UTC), run_id="test")
    prepare(made)
    with closing(database.connect()) as connection:
        apply_security(connection, load_security(REPOSITORY / "include/rules/security"), made.workspace.zone, KEY)
    return made


def receipts(factor: int) -> Iterator[tuple[object, ...]]:
    """One receipt per region and day; every amount is the factor, so that a mixture of two states shows."""
    for region in REGIONS:
        for day in range(DAYS):
            received = date(2025, 8, 1) + timedelta(days=day)
            key = f"{region}-{day}"
            yield (
                f"erp:{key}",
                "erp",
                key,
                key,
                region,
                received,
                received,
                received.replace(day=1),
                factor,
                "CNY",
            )


def write_receipts(connection: PgConnection, factor: int) -> None:
    with connection, connection.cursor() as cursor:
        cursor.execute("delete from core.core_receipt")
        copy_rows(cursor, "core.core_receipt", RECEIPT_COLUMNS, receipts(factor))


class Reader(threading.Thread):
    """Reads over and over until told to stop; keeps everything that was wrong."""

    def __init__(self, connection: PgConnection, read: Callable[[PgConnection], str | None]) -> None:
        super().__init__(daemon=True)
        self.connection = connection
        self.read = read
        self.stopped = threading.Event()
        self.reads = 0
        self.wrong: list[str] = []

    def run(self) -> None:
        while not self.stopped.is_set():
            try:
                fault = self.read(self.connection)
            except Exception as error:
                fault = f"error: {error}"
            self.reads += 1
            if fault:
                self.wrong.append(fault)


def whole(rows: list[tuple[str, int, object]]) -> str | None:
    """Nothing when the rows are one state of the table; else what is wrong."""
    states = {(count, amount) for _region, count, amount in rows}
    if len(rows) != len(REGIONS) or len(states) != 1 or next(iter(states))[0] != DAYS:
        return f"half a table: {rows}"
    return None


SUMMARY = f"select region_code, count(*), min(received_amount) + max(received_amount) from {MART} group by 1"


def read_plainly(connection: PgConnection) -> str | None:
    with connection, connection.cursor() as cursor:
        cursor.execute(SUMMARY)
        return whole(cursor.fetchall())


def read_prepared(connection: PgConnection) -> str | None:
    with connection, connection.cursor() as cursor:
        cursor.execute("select exists (select from pg_prepared_statements where name = 'summary')")
        if cursor.fetchone() == (False,):
            cursor.execute(f"prepare summary as {SUMMARY}")
        cursor.execute("execute summary")
        return whole(cursor.fetchall())


def read_repeatedly(connection: PgConnection) -> str | None:
    connection.set_session(isolation_level=ISOLATION_LEVEL_REPEATABLE_READ)
    with connection, connection.cursor() as cursor:
        cursor.execute(SUMMARY)
        first = cursor.fetchall()
        time.sleep(0.05)
        cursor.execute(SUMMARY)
        second = cursor.fetchall()
    return whole(first) or (None if sorted(first) == sorted(second) else f"changed within a snapshot: {first} {second}")


def read_as_manager(connection: PgConnection) -> str | None:
    with connection, connection.cursor() as cursor:
        cursor.execute(SUMMARY)
        rows = cursor.fetchall()
    if [(region, count) for region, count, _amount in rows] != [("CN-SH", DAYS)]:
        return f"not exactly the rows of CN-SH: {rows}"
    return None


@pytest.mark.parametrize("builds", [50, pytest.param(1000, marks=pytest.mark.full)])
def test_readers_never_see_a_wrong_row_during_builds(
    database: WorkspaceDatabase, context: BuildContext, builds: int
) -> None:
    model = context.graph["mart_receipt_daily"]
    identity = sign_identity("zhao.min", KEY, int(time.time()) + 3600)
    with closing(database.connect()) as connection:
        with connection, connection.cursor() as cursor:
            from cockpit.warehouse.tables import ensure_table

            ensure_table(cursor, context.graph["core_receipt"], context.workspace.models_folder)
        write_receipts(connection, factor=1)
        build(connection, model, context)
        readers = [
            Reader(database.connect(), read_plainly),
            Reader(database.connect(), read_prepared),
            Reader(database.connect(), read_repeatedly),
            Reader(database.connect("bi_reader", options=f"-c app.identity={identity}"), read_as_manager),
        ]
        for reader in readers:
            reader.start()
        changed = []
        for factor in range(2, builds + 2):
            write_receipts(connection, factor)
            changed.append(build(connection, model, context, full=True).changed)
        for reader in readers:
            reader.stopped.set()
        for reader in readers:
            reader.join(timeout=30)
            reader.connection.close()
    assert changed == [len(REGIONS) * DAYS] * builds
    assert [reader.wrong[:3] for reader in readers] == [[]] * len(readers)
    assert all(reader.reads >= builds // 5 for reader in readers), [reader.reads for reader in readers]


def test_a_failing_build_leaves_the_table_and_its_readers_alone(
    database: WorkspaceDatabase, context: BuildContext
) -> None:
    from cockpit.errors import TerminalError

    model = context.graph["mart_receipt_daily"]
    with closing(database.connect()) as connection:
        with connection, connection.cursor() as cursor:
            cursor.execute(f"select count(*), sum(received_amount) from {MART}")
            before = cursor.fetchone()
            cursor.execute("alter table core.core_receipt rename column region_code to region_code_lost")
        try:
            with pytest.raises(TerminalError, match="the database refused"):
                build(connection, model, context, full=True)
        finally:
            with connection, connection.cursor() as cursor:
                cursor.execute("alter table core.core_receipt rename column region_code_lost to region_code")
        with connection, connection.cursor() as cursor:
            cursor.execute(f"select count(*), sum(received_amount) from {MART}")
            assert cursor.fetchone() == before


def test_changed_policies_reach_marts_that_are_there_already(
    database: WorkspaceDatabase, context: BuildContext
) -> None:
    with closing(database.connect()) as connection:
        with connection, connection.cursor() as cursor:
            cursor.execute(f"drop policy reader_scope on {MART}")
            cursor.execute(f"comment on table {MART} is 'protected by an older file'")
        prepare(context)
        with connection, connection.cursor() as cursor:
            cursor.execute("select polname from pg_policy where polrelid = to_regclass(%s)", (MART,))
            assert ("reader_scope",) in cursor.fetchall()
