"""Marts about the whole company show their rows to people with full scope and to nobody else."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime

import pytest

from cockpit.bi.identity import connection_option, sign_identity
from cockpit.rulebook.workspace import REPOSITORY, load_workspace
from cockpit.warehouse.runner import build
from tests.conftest import Postgres
from tests.sql.database import Warehouse, context_of, drop_database, make_template

DATABASE = "test_company_rows"
MARTS = ("mart_import_ledger", "mart_schema_change")


@pytest.fixture(scope="module")
def rows_seen(postgres: Postgres) -> Iterator[Callable[[str | None, str], int]]:
    """How many rows of a mart bi_reader gets in a person's name; None is nobody's."""
    workspace = load_workspace(REPOSITORY / "include" / "workspace.yml")
    database = make_template(postgres, DATABASE, workspace)
    with closing(database.connect()) as connection:
        warehouse = Warehouse(connection)
        warehouse.execute(
            "insert into ops.import_batch (run_id, source, entity, label, received, loaded, unchanged, superseded,"
            " rejected, started_at, finished_at)"
            " select 'test', source, 'region', 'full', 0, 0, 0, 0, 0, now(), now()"
            # A region's key as the source's name would open a door, if kinds of scope were mixed up.
            " from unnest(array['erp', 'CN-SH']) as source"
        )
        warehouse.execute(
            "insert into ops.schema_change (run_id, source, entity, column_name, kind, policy, action)"
            " select 'test', source, 'region', 'x', 'new', 'warn', 'warned' from unnest(array['erp', 'CN-SH']) as source"
        )
        context = context_of(workspace, datetime.fromisoformat("2026-03-05T10:00+08:00"))
        for mart in MARTS:
            build(connection, context.graph[mart], context)
    key = bytes.fromhex(postgres.settings.secret("identity_key"))

    def count(username: str | None, mart: str) -> int:
        expiry = int(time.time()) + 60
        options = {"options": connection_option(sign_identity(username, key, expiry))} if username else {}
        with closing(database.connect("bi_reader", **options)) as reader:
            return int(Warehouse(reader).query(f"select count(*) from marts.{mart}")[0][0])

    yield count
    drop_database(postgres, DATABASE)


@pytest.mark.parametrize("mart", MARTS)
@pytest.mark.parametrize(
    ("username", "rows"),
    [
        pytest.param("admin", 2, id="administrator"),
        pytest.param("li.na", 2, id="platform team"),
        pytest.param("chen.jing", 2, id="executive"),
        pytest.param("zhao.min", 0, id="manager of CN-SH"),
        pytest.param("sun.hao", 0, id="manager of CN-GD"),
        pytest.param("wu.bin", 0, id="nobody's manager"),
        pytest.param("nobody.at.all", 0, id="unknown"),
        pytest.param(None, 0, id="unsigned"),
    ],
)
def test_only_full_scope_opens_them(
    username: str | None, rows: int, mart: str, rows_seen: Callable[[str | None, str], int]
) -> None:
    assert rows_seen(username, mart) == rows
