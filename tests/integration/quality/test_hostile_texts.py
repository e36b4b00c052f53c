"""Hostile texts in every field: runs go on, no row is lost, and what people see of them does nothing."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime

import pytest
from psycopg2.extras import execute_values

from cockpit.pipelines.refresh import refresh
from cockpit.pipelines.run_context import run_context
from cockpit.pipelines.report import report
from cockpit.rulebook.sources import FormSource, Source
from cockpit.rulebook.workspace import REPOSITORY, Workspace, load_workspace
from cockpit.sources.loading import keys
from cockpit.warehouse import staging
from cockpit.warehouse.runner import BuildContext
from tests.conftest import Postgres
from tests.sql.database import Warehouse, drop_database, make_template, use_as_warehouse
from tests.workspaces import WorkspaceDatabase

DATABASE = "test_hostile_texts"


def _noise(size: int) -> bytes:
    """What no compression makes small enough for an index."""
    return random.Random(1).randbytes(size)


TEXTS = {
    "html": "<script>alert(1)</script><img src=x onerror=alert(2)>\"'>",
    "sql": "'; drop table raw.crm__account; --",
    "formula": "=cmd|'/c calc'!A1",
    "braces": "{0} {x} {{ 7*7 }} ${env} %s %(x)s %",
    "copy": "\\N\t\\.\n\\\\x00\r\n\\",
    "right to left": "\u202e\u2066abc\u2069\u200f\u061c\ufeff\u200b",
    "emoji": "👩‍👩‍👧‍👦🏳️‍🌈\U0010ffff\ufffe",
    "control": "\x1b]0;owned\x07\x1b[31mred\x01\x7f\x9b2J",
    "digits": "".join(str(byte % 10) for byte in _noise(50_000)),
    "million": _noise(500_000).hex(),
    "nesting": "[" * 30_000,
    "nul as text": "\\u0000 \\ud800 %00",
    "infinite": "NaN",
    "combining": "e" + "\u0301" * 3_000,
    "blank": " \u3000\u00a0",
    "far": "294276-12-31 23:59:59.999999+14",
    "exponent": "1e131071",
    "before": "4713-01-01 BC",
    "empty": "",
}

PLAUSIBLE = {
    "bigint": "7",
    "integer": "7",
    "numeric": "120.50",
    "date": "2026-01-15",
    "timestamp": "2026-01-15 10:00:00",
    "boolean": "true",
}


@pytest.fixture(scope="module")
def workspace() -> Workspace:
    return load_workspace(REPOSITORY / "include" / "workspace.yml")


@pytest.fixture(scope="module")
def database(postgres: Postgres, workspace: Workspace) -> Iterator[WorkspaceDatabase]:
    yield make_template(postgres, DATABASE, workspace)
    drop_database(postgres, DATABASE)


@pytest.fixture
def warehouse(database: WorkspaceDatabase, monkeypatch: pytest.MonkeyPatch) -> Iterator[Warehouse]:
    use_as_warehouse(database, monkeypatch)
    with closing(database.connect()) as connection:
        yield Warehouse(connection)


def deliver(warehouse: Warehouse, workspace: Workspace) -> int:
    """One batch per entity: each text in all columns, and in those of type text with plausible values beside it."""
    total = 0
    for entity in staging.source_entities(workspace):
        rows = []
        columns = entity.entity.columns
        for name, text in TEXTS.items():
            rows.append((f"all {name}", dict.fromkeys(columns, text)))
            rows.append((f"text {name}", {
                each: text if column.type == "text" else PLAUSIBLE[column.type] for each, column in columns.items()
            }))
        rows.append(("objects", dict.fromkeys(columns, {"a": [{"b": "<script>"}]})))
        rows.append(("lists", dict.fromkeys(columns, [["x"] * 3, None])))
        rows.append(("numbers", dict.fromkeys(columns, 10**400)))
        rows.append(("nulls", dict.fromkeys(columns)))
        rows.append(("nothing", {}))
        with warehouse.connection, warehouse.connection.cursor() as cursor:
            cursor.execute(
                "insert into ops.import_batch (run_id, source, entity, label, received, loaded, unchanged, superseded,"
                " rejected, started_at, finished_at) values ('test', %s, %s, 'full', %s, %s, 0, 0, 0, now(), now())"
                " returning batch_id", (entity.source, entity.name, len(rows), len(rows)),
            )
            (batch,) = cursor.fetchone()
            execute_values(
                cursor, f"insert into raw.{entity.raw_table} (key, payload, hash, batch_id) values %s",
                [(key, json.dumps(payload), b"\0", batch) for key, payload in rows],
            )
        total += len(rows)
    return total


def test_company(warehouse: Warehouse, workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    import cockpit.pipelines.refresh as module
    monkeypatch.setattr(module, "_load_all", lambda *_: None)
    total = deliver(warehouse, workspace)
    context = run_context(workspace, as_of=datetime(2026, 3, 5, tzinfo=UTC), run_id="hostile")
    import time
    begin = time.monotonic()
    result = refresh(context, print)
    print(time.monotonic() - begin, result.blocked, result.failures)
    found = report(context)
    assert found.ledger.is_balanced
    print({l: {n: c for n, c in t.items() if c} for l, t in found.rows.items()})
    assert sum(e.staged + e.quarantined for e in found.ledger.entities) == total
