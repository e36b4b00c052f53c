"""Many readers while core and marts are built from data that change: never an error, never half of a change.

Each round moves money between regions and months, so that the sum of everything stays the same: whoever sees a part of
a round sees another sum.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, date, datetime, timedelta

import pytest
from psycopg2.extensions import connection as PgConnection

from cockpit.pipelines.build_models import build_all
from cockpit.pipelines.run_context import run_context
from cockpit.pipelines.workspace import prepare
from cockpit.rulebook.workspace import find_workspace
from cockpit.warehouse import builds
from cockpit.warehouse.builds import Build
from cockpit.warehouse.copy import copy_rows
from cockpit.warehouse.models import Model
from cockpit.warehouse.runner import BuildContext
from cockpit.warehouse.tables import ensure_table
from tests.conftest import Postgres
from tests.workspaces import WorkspaceDatabase, make_workspace_database

REGIONS = ("CN-SH", "CN-GD", "CN-BJ", "CN-ZJ")
RECEIPTS = 4_000
AMOUNT = 100
TOTAL = RECEIPTS * AMOUNT
BUILT = ("core_receipt", "mart_receipt_daily")
PROCESSES = 3

# Runs on its own, so that a reader waits for nobody in this process; ends when its input is closed.
READER = """
import json, select, sys, psycopg2
connection = psycopg2.connect(sys.argv[1])
queries = json.loads(sys.argv[2])
reads, wrong = 0, []
while not select.select([sys.stdin], [], [], 0)[0]:
    for name, query, expected in queries:
        try:
            with connection, connection.cursor() as cursor:
                cursor.execute(query)
                found = [[str(value) for value in row] for row in cursor.fetchall()]
        except Exception as error:
            found = repr(error)
        reads += 1
        if found != expected:
            wrong.append([name, found])
print(json.dumps([reads, wrong[:5]]))
"""

QUERIES = [
    ["core", "select count(*), sum(amount) from core.core_receipt", [[str(RECEIPTS), str(TOTAL)]]],
    ["mart", "select sum(receipt_count), sum(received_amount) from marts.mart_receipt_daily", [[str(RECEIPTS), str(TOTAL)]]],
    # Two looks of one statement at a table and at its primary key.
    ["key", "select count(*) - count(distinct receipt_key) from core.core_receipt", [["0"]]],
]  # fmt: skip


@pytest.fixture
def database(postgres: Postgres) -> WorkspaceDatabase:
    return make_workspace_database(postgres, "test_readers_under_load")


@pytest.fixture
def context(database: WorkspaceDatabase, monkeypatch: pytest.MonkeyPatch) -> BuildContext:
    monkeypatch.setenv("AIRFLOW_CONN_WAREHOUSE", database.dsn("cockpit_etl"))
    monkeypatch.delenv("COCKPIT_HOME", raising=False)
    made = run_context(find_workspace("huaxing"), as_of=datetime(2026, 3, 5, tzinfo=UTC), run_id="test")
    prepare(made)
    with closing(database.connect()) as connection, connection, connection.cursor() as cursor:
        models = [made.graph[name] for name in BUILT]
        for model in [*(upstream for each in models for upstream in made.graph.upstream(each)), *models]:
            ensure_table(cursor, model, made.workspace.models_folder)
    return made


def staged(model: Model) -> Iterator[tuple[object, ...]]:
    """Receipts as staging has them, each of the same amount."""
    for number in range(RECEIPTS):
        row = {
            "source": "erp",
            "source_key": str(number),
            "receipt_key": str(number),
            "receipt_number": str(number),
            "region_code": REGIONS[number % len(REGIONS)],
            "received_at": date(2025, 9, 1) + timedelta(days=number % 150),
            "amount": AMOUNT,
            "currency": "CNY",
        }
        yield tuple(row.get(column) for column in model.contract.columns)


def note(connection: PgConnection, context: BuildContext, *, changed: int, keys: bool) -> None:
    """Say that a build changed staging, as the runner does; its keys lie in a temporary table `changes` or are lost."""
    model = context.graph["stg_receipt"]
    with connection.cursor() as cursor:
        build = Build(0, model.name, "full", 0, changed, 0, "", {}, 0.0)
        build_id = builds.record(cursor, build, "test", context.as_of, has_changed_keys=keys)
        if keys:
            sets = [
                columns
                for reader in context.graph.downstream(model)
                if reader.contract.incremental
                for columns in [reader.contract.incremental.reads.get(model.qualified_name)]
                if columns
            ]
            builds.record_changed_keys(cursor, build_id, model.name, "changes", list(dict.fromkeys(sets)))


def move(connection: PgConnection, context: BuildContext, round_number: int, *, keys: bool) -> None:
    """Receipts go to other regions and months, and as much from one to the other; late ones come, others go."""
    columns = list(context.graph["stg_receipt"].contract.columns)
    both = ", ".join(f"{side}.{name} as {side}_{name}" for name in columns for side in ("old", "new"))
    with connection, connection.cursor() as cursor:
        cursor.execute(
            "create temp table changes on commit drop as with change as ("
            " update staging.stg_receipt as t set"
            "  amount = t.amount + case when mod(cast(t.source_key as int), 2) = 0 then 7 else -7 end * %s,"
            "  region_code = (cast(%s as text[]))[1 + mod(cast(t.source_key as int) + %s, 4)],"
            "  received_at = t.received_at - interval '40 days' * %s"
            f" where mod(cast(t.source_key as int) / 2, 20) = %s returning {both})"
            " select *, true as old_exists, true as new_exists from change",
            (1 if round_number % 2 else -1, list(REGIONS), round_number, round_number % 3 - 1, round_number // 2 % 20),
        )
        note(connection, context, changed=RECEIPTS // 20, keys=keys)


@pytest.mark.parametrize("rounds", [24, pytest.param(400, marks=pytest.mark.full)])
def test_readers_see_every_change_whole_or_not_at_all(
    database: WorkspaceDatabase, context: BuildContext, rounds: int
) -> None:
    models = [context.graph[name] for name in BUILT]
    source = context.graph["stg_receipt"]
    kinds: set[str] = set()
    with closing(database.connect()) as connection:
        with connection, connection.cursor() as cursor:
            copy_rows(cursor, source.qualified_name, list(source.contract.columns), staged(source))
            note(connection, context, changed=RECEIPTS, keys=False)
        build_models(context, models)
        readers = [
            subprocess.Popen(
                [sys.executable, "-c", READER, database.dsn("cockpit_etl"), json.dumps(QUERIES)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            for _number in range(PROCESSES)
        ]
        try:
            for number in range(rounds):
                move(connection, context, number, keys=number % 4 != 3)
                built = build_models(context, models, full=number % 6 == 5)
                kinds |= {build.kind for build in built if build.changed}
        finally:
            answers = [reader.communicate("stop\n", timeout=60)[0] for reader in readers]
    results = [json.loads(answer) for answer in answers]
    assert [wrong for _reads, wrong in results] == [[]] * PROCESSES
    assert all(reads >= rounds for reads, _wrong in results), results
    # Both ways of building were under way.
    assert kinds == {"full", "incremental"}


def build_models(context: BuildContext, models: list[Model], *, full: bool = False) -> list[Build]:
    """One after the other as a run does, without its checks."""
    return [
        build
        for layer in ("core", "marts")
        for build in build_all(context, [model for model in models if model.layer == layer], {}, full=full)
    ]


def test_statistics_follow_a_large_change(database: WorkspaceDatabase, context: BuildContext) -> None:
    """Not a minute later: what reads the table is built at once."""
    model, source = context.graph["core_receipt"], context.graph["stg_receipt"]
    with closing(database.connect()) as connection:

        def analysed() -> object:
            with connection, connection.cursor() as cursor:
                cursor.execute("select pg_stat_force_next_flush()")
                cursor.execute("select last_analyze from pg_stat_user_tables where relname = %s", (model.name,))
                return cursor.fetchone()

        def change(share: int) -> int:
            with connection, connection.cursor() as cursor:
                cursor.execute(
                    f"update {source.qualified_name} set amount = amount + 1 where mod(cast(source_key as int), %s) = 0",
                    (share,),
                )
                note(connection, context, changed=cursor.rowcount, keys=False)
            return build_models(context, [model])[0].changed

        with connection, connection.cursor() as cursor:
            cursor.execute(f"delete from {source.qualified_name}")
            copy_rows(cursor, source.qualified_name, list(source.contract.columns), staged(source))
            note(connection, context, changed=RECEIPTS, keys=False)
        build_models(context, [model])
        before = analysed()
        assert change(100) == RECEIPTS // 100
        assert analysed() == before, "few rows change no statistics"
        assert change(1) == RECEIPTS
        assert analysed() != before
