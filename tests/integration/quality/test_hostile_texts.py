"""Hostile texts in every field: runs go on, no row is lost, and what people see of them does nothing."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterable, Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import psycopg2
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from psycopg2.extras import execute_values

from cockpit.cli.output import inert, table
from cockpit.cli.sources import _preview, _rejected
from cockpit.pipelines.refresh import refresh
from cockpit.pipelines.report import report
from cockpit.pipelines.run_context import run_context
from cockpit.rulebook.sources import Entity
from cockpit.rulebook.workspace import REPOSITORY, Workspace, load_workspace
from cockpit.warehouse import staging
from cockpit.warehouse.rows import one_row
from cockpit.warehouse.staging import SourceEntity
from tests.conftest import Postgres
from tests.integration.sources.site import Site, described
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
    "long": _noise(10_000).hex(),
    "nesting": "[" * 30_000,
    "nul as text": "\\u0000 \\ud800 %00",
    "infinite": "NaN",
    "combining": "e" + "\u0301" * 3_000,
    "blank": " \u3000\u00a0",
    "far": "294276-12-31 23:59:59.999999+14",
    "exponent": "1e131071",
    "before": "4713-01-01 BC",
    "today": "tomorrow 10:00",
    "infinity": "-infinity",
    "largest": "9223372036854775807",
    "smallest": "-9223372036854775808",
    "largest integer": "2147483647",
    "last day": "9999-12-31",
    "empty": "",
}

MEGABYTE = _noise(500_000).hex()

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
    """One batch per entity, as a loader leaves it; returns the number of rows."""
    total = 0
    for entity in staging.source_entities(workspace):
        rows = keyed(entity, payloads(entity.entity))
        with warehouse.connection, warehouse.connection.cursor() as cursor:
            cursor.execute(
                "insert into ops.import_batch (run_id, source, entity, label, received, loaded, unchanged, superseded,"
                " rejected, started_at, finished_at) values ('test', %s, %s, 'full', %s, %s, 0, 0, 0, now(), now())"
                " returning batch_id",
                (entity.source, entity.name, len(rows), len(rows)),
            )
            (batch,) = one_row(cursor)
            execute_values(
                cursor,
                f"insert into raw.{entity.raw_table} (key, payload, hash, batch_id) values %s",
                [(key, json.dumps(payload), b"", batch) for key, payload in rows.items()],
            )
        total += len(rows)
    return total


def payloads(entity: Entity) -> Iterator[dict[str, object]]:
    """Each text in all columns, and in those of type text with plausible values beside it."""
    types = {name: column.type for name, column in entity.columns.items()}
    for text in TEXTS.values():
        yield dict.fromkeys(types, text)
        yield {name: PLAUSIBLE.get(kind, text) for name, kind in types.items()}
    # In one column only: whole rows of it would test the patience of whoever waits.
    yield {**{name: PLAUSIBLE.get(kind, "x") for name, kind in types.items()}, next(iter(types)): MEGABYTE}
    values: tuple[object, ...] = ({"a": [{"b": "<script>"}]}, [["x"], None], 10**400, -1e308, True, None)
    for value in values:
        yield dict.fromkeys(types, value)
    yield {}


def keyed(source: SourceEntity, rows: Iterable[dict[str, object]]) -> dict[str, dict[str, object]]:
    """Rows by their keys; a loader rejects keys that are too long."""
    found: dict[str, dict[str, object]] = {}
    for number, row in enumerate(rows):
        key, entity = f"{source.name} {number}", source.entity
        if entity.key != "line":
            given = {name: number if row.get(name) == PLAUSIBLE["bigint"] else row.get(name) for name in entity.key}
            row |= {name: value for name, value in given.items() if name in row}
            key = "|".join(str(value) for value in given.values())
        if len(key.encode()) <= 2000:
            found.setdefault(key, row)
    return found


def test_every_field_of_every_source(
    warehouse: Warehouse, workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cockpit.pipelines.refresh._load_all", lambda *_arguments: None)
    monkeypatch.setenv("COCKPIT_DATA_DOCS", str(tmp_path))
    total = deliver(warehouse, workspace)
    context = run_context(workspace, as_of=datetime(2026, 3, 5, tzinfo=UTC), run_id="hostile")
    result = refresh(context, lambda _stage: None)
    assert (result.failures, result.blocked) == ({}, {})

    # Nothing is lost: each row is staged, or held back with a reason and a task.
    found = report(context)
    assert found.ledger.is_balanced
    assert sum(each.staged + each.quarantined for each in found.ledger.entities) == total
    held = sum(each.quarantined for each in found.ledger.entities)
    assert (
        warehouse.query(
            "select count(distinct (source, entity, key)) from quality.quarantine where released_at is null"
        ),
        warehouse.query("select count(*) from quality.task where closed_at is null"),
    ) == ([(held,)], [(held,)])
    assert 0 < held < total
    # What cannot be added up or compared is held back too.
    for name in ("stg_order_line", "stg_receipt"):
        assert warehouse.query(f"select count(*) from staging.{name} where abs(amount) >= 1e30") == [(0,)]

    pages = [page.read_text(encoding="utf-8") for page in tmp_path.rglob("*.html")]
    assert pages
    for text in ("<script>", "=cmd|", "drop table", "\u202e", "\x1b"):
        assert not [page for page in pages if text in page]

    again = refresh(context, lambda _stage: None)
    assert again.table_rows_changed == 0


def test_a_terminal_obeys_nothing_of_a_row(
    postgres: Postgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_SITE_WAREHOUSE", postgres.create_database(f"{DATABASE}_files"))
    columns = described(number="bigint", note="text")
    source = Site(tmp_path, psycopg2.connect(postgres.dsn(f"{DATABASE}_files")))
    source.declare("till", "file", {
        "csv": {"path": "in/*.csv", "encoding": "utf-8", "key": "line", "columns": columns},
        "lines": {"path": "in/*.jsonl", "format": "json_lines", "key": "line", "columns": columns},
    })  # fmt: skip
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.csv").write_bytes(
        b"number,note\n1,\x1b]0;owned\x07\x1b[31m\n2,\xc2\x9b2J\xe2\x80\xaegnp.exe\n3,a\x00b\n4,\xff\xfe\n5\x1b[2J,x,too,many\n"
    )
    (tmp_path / "in" / "a.jsonl").write_bytes(
        b'{"number": 1, "note": "\\u001b[31m\\u0000\\ud800"}\n{"number": 2, "note": \x1b[2J}\n' + b"[" * 100_000 + b"\n"
    )
    with closing(source.warehouse):
        loaded = [source.load(f"till.{name}") for name in ("csv", "lines")]
        assert [each.received for each in loaded] == [5, 3]
        assert [each.loaded + each.rejected for each in loaded] == [5, 3]
        for name in ("csv", "lines"):
            _preview(source.workspace, f"till.{name}", 10)
        _rejected(source.workspace, "till", 10)
    shown = capsys.readouterr().out
    assert "owned" in shown
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e\ud800-\udfff]", shown)


@settings(max_examples=50)
@given(st.text(st.characters(), max_size=60))
def test_what_is_shown_can_be_written_and_is_the_same_json(text: str) -> None:
    shown = inert(json.dumps(text, ensure_ascii=False))
    assert json.loads(shown) == text
    shown.encode("utf-8")
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", shown)
    assert len(table(["a"], [[text]]).split("\n")) == 2
