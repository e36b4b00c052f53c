"""Every rule of include/rules/quality on the rows that it shows itself, and what the gate makes of such rules."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from psycopg2 import sql
from psycopg2.extensions import connection as PgConnection

from cockpit.pipelines import steps
from cockpit.pipelines.refresh import refresh
from cockpit.pipelines.run_context import run_context
from cockpit.pipelines.stage import stage_source
from cockpit.rulebook.contract import Check
from cockpit.rulebook.quality import COLUMN, PlacedRule, QualityExample
from cockpit.rulebook.workspace import REPOSITORY, find_workspace, load_workspace
from cockpit.warehouse.models import Model
from cockpit.warehouse.runner import BuildContext
from cockpit.warehouse.sql_text import parse_expression
from tests.conftest import Postgres
from tests.sql.database import Warehouse, context_of
from tests.workspaces import WorkspaceDatabase, make_workspace_database

# Business time of every example.
AS_OF = datetime.fromisoformat("2026-03-05T12:00+08:00")
WORKSPACE = find_workspace("huaxing")


def examples() -> Iterator[Any]:
    for placed in WORKSPACE.quality.rules:
        for number, example in enumerate(placed.rule.examples, 1):
            verdict = "wrong" if example.wrong else "right"
            yield pytest.param(placed, example, id=f"{placed.rule.id}-{number}-{verdict}")


@pytest.fixture(scope="module")
def context() -> BuildContext:
    return context_of(WORKSPACE, AS_OF)


@pytest.fixture(scope="module")
def warehouse(postgres: Postgres, context: BuildContext) -> Iterator[PgConnection]:
    """The typed tables of all sources, empty."""
    with closing(make_workspace_database(postgres, "test_anomaly_rules").connect()) as connection:
        Warehouse(connection).create_tables([m for m in context.graph.models.values() if m.is_source], context)
        yield connection


def checks_of(placed: PlacedRule, context: BuildContext) -> list[tuple[Model, Check]]:
    """Each check that the rule became."""
    return [
        (model, check)
        for model in context.graph.models.values()
        for check in model.contract.checks
        if check.origin == placed.origin
    ]


def insert(cursor: Any, model: Model, key: str, row: Mapping[str, Any]) -> None:
    values = {"source_key": key, **row}
    cursor.execute(
        sql.SQL("insert into {} ({}) values ({})").format(
            sql.Identifier(*model.qualified_name.split(".")),
            sql.SQL(", ").join(map(sql.Identifier, values)),
            sql.SQL(", ").join(sql.Placeholder() * len(values)),
        ),
        list(values.values()),
    )


def is_wrong(
    connection: PgConnection, context: BuildContext, model: Model, check: Check, example: QualityExample
) -> bool:
    column = check.rule_id.partition("__")[2]
    row = {name.replace(COLUMN, column): value for name, value in example.row.items()}
    condition = parse_expression(str(check.condition), model.origin).render(context.parameters())
    with connection.cursor() as cursor:
        cursor.execute("set local timezone to 'Asia/Shanghai'")
        insert(cursor, model, "example", row)
        for entity, rows in example.given.items():
            other = context.graph[f"stg_{entity.replace('.', '__')}"]
            for number, further in enumerate(rows):
                insert(cursor, other, f"given {number}", further)
        cursor.execute(
            f"select passes from (select t.source_key, coalesce({condition}, true) as passes"
            f" from {model.qualified_name} as t) as checked where source_key = 'example'"
        )
        (passes,) = cursor.fetchone()
    connection.rollback()
    return not passes


@pytest.mark.parametrize(("placed", "example"), list(examples()))
def test_a_rule_finds_what_it_shows(
    placed: PlacedRule, example: QualityExample, warehouse: PgConnection, context: BuildContext
) -> None:
    found = {
        f"{model.name} {check.rule_id}": is_wrong(warehouse, context, model, check, example)
        for model, check in checks_of(placed, context)
    }
    assert found, "the rule is about no column of any source"
    assert set(found.values()) == {example.wrong}, found


def test_every_rule_works_on_empty_tables(warehouse: PgConnection, context: BuildContext) -> None:
    parameters = context.parameters()
    with warehouse.cursor() as cursor:
        for placed in WORKSPACE.quality.rules:
            for model, check in checks_of(placed, context):
                condition = parse_expression(str(check.condition), placed.origin).render(parameters)
                cursor.execute(f"select {condition} from {model.qualified_name} as t")
                assert cursor.fetchall() == []
    warehouse.rollback()


def test_nearly_every_rule_shows_examples() -> None:
    without = {placed.rule.id for placed in WORKSPACE.quality.rules if not placed.rule.examples}
    # As the same rule over opportunities, whose examples are thirty rows long.
    assert without == {"line_amount_outlier"}


def test_rules_say_who_answers_where_the_row_does() -> None:
    for placed in WORKSPACE.quality.rules:
        rule = placed.rule
        if rule.entity and rule.severity == "quarantine":
            source, entity = rule.entity.split(".")
            columns = {
                column.name or name for name, column in WORKSPACE.sources[source].entities[entity].columns.items()
            }
            assert rule.owner_column or "owner_username" not in columns, rule.id


# A rule of one source that asks a table of another, in a workspace of its own.

SHOP = """
    workspace: two
    title: Two
    title_zh: 两个来源
    warehouse: two_warehouse
    sources: sources
    models: models
    quality: quality
    currency: CNY
    time_zone: Asia/Shanghai
"""


def source(name: str, entity: str, *columns: str) -> str:
    listed = "\n".join(f"          {column}" for column in columns)
    return f"""
    source: {name}
    title: {name}
    title_zh: {name}
    owner: office
    connector: sql
    connection: two_warehouse
    entities:
      {entity}:
        table: {entity}
        key: [{entity}_id]
        cursor: changed_at
        columns:
          {entity}_id: {{type: bigint, required: true, description: Number, description_zh: 编号}}
{listed}
          changed_at: {{type: timestamp, description: Last change, description_zh: 修改时间}}
    """


RULES = """
    rules:
      - id: contract_overpaid
        entity: crm.contract
        wrong_when: >-
          number in (
            select paid.number from staging.stg_erp__payment as paid group by paid.number
            having sum(paid.amount) > 100
          )
        severity: quarantine
        owner_column: owner
        concerns_money: true
        offending: [number]
        message: More was paid than 100
        message_zh: 付款超过 100
      - id: contract_unpaid
        entity: crm.contract
        wrong_when: >-
          number not in (select paid.number from staging.stg_erp__payment as paid where paid.number is not null)
        severity: warn
        owner_column: owner
        offending: [number]
        message: Nothing was paid
        message_zh: 尚未付款
        why: It may be paid later
        why_zh: 以后可能会付
"""


class Office:
    """Two sources in one database, and their warehouse."""

    def __init__(self, folder: Path, connection: PgConnection) -> None:
        self.folder = folder
        self.connection = connection

    def context(self) -> BuildContext:
        return run_context(load_workspace(self.folder / "workspace.yml"), as_of=datetime(2026, 3, 5, tzinfo=UTC))

    def execute(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        with self.connection, self.connection.cursor() as cursor:
            cursor.execute(statement, values)
            return cursor.fetchall() if cursor.description else []

    def pay(self, payment_id: int, number: str, amount: int) -> None:
        self.execute(
            "insert into public.payment values (%s, %s, %s, clock_timestamp()) on conflict (payment_id) do update"
            " set number = excluded.number, amount = excluded.amount, changed_at = excluded.changed_at",
            payment_id, number, amount,
        )  # fmt: skip

    def held(self) -> list[tuple[Any, ...]]:
        return self.execute("select key, rule_id from quality.quarantine where released_at is null order by key")

    def warned(self) -> list[tuple[Any, ...]]:
        return self.execute("select key, rule_id from quality.warning where gone_at is null order by key")


@pytest.fixture(scope="module")
def database(postgres: Postgres) -> WorkspaceDatabase:
    return make_workspace_database(postgres, "test_two_sources")


@pytest.fixture
def office(database: WorkspaceDatabase, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    monkeypatch.setenv("AIRFLOW_CONN_TWO_WAREHOUSE", database.dsn("cockpit_etl"))
    text = "{type: text, description: Text, description_zh: 文字}"
    number = "{type: numeric, description: Amount, description_zh: 金额}"
    for name, content in {
        "workspace.yml": SHOP,
        "quality/contracts.yml": RULES,
        "sources/crm.yml": source("crm", "contract", f"number: {text}", f"owner: {text}"),
        "sources/erp.yml": source("erp", "payment", f"number: {text}", f"amount: {number}"),
    }.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(content), encoding="utf-8")
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "security").symlink_to(REPOSITORY / "include" / "sql" / "security")
    with closing(database.connect()) as connection:
        made = Office(tmp_path, connection)
        schemas = ("ops", "raw", "staging", "core", "quality", "public")
        made.execute(f"drop schema if exists {', '.join(schemas)} cascade")
        for schema in schemas:
            made.execute(f"create schema {schema}")
        made.execute(
            "create table public.contract (contract_id bigint primary key, number text, owner text, changed_at timestamptz)"
        )
        made.execute(
            "create table public.payment (payment_id bigint primary key, number text, amount numeric, changed_at timestamptz)"
        )
        made.execute("insert into public.contract values (1, 'A', 'li.si', now()), (2, 'B', 'li.si', now())")
        yield made


def test_a_change_in_another_source_is_looked_at_when_that_one_is_staged(office: Office) -> None:
    office.pay(1, "A", 60)
    context = office.context()
    refresh(context, lambda _text: None)
    assert office.held() == []
    assert office.warned() == [("2", "contract_unpaid")]
    office.pay(2, "A", 50)
    office.pay(3, "B", 50)
    _load(context, "erp", "payment")
    built, checked = stage_source(context, "erp")
    assert [result.model for result in built] == ["stg_erp__payment"]
    assert {result.model for result in checked if not result.skipped} == {"stg_erp__payment", "stg_crm__contract"}
    assert office.held() == [("1", "contract_overpaid")]
    assert office.warned() == []
    assert office.execute("select source_key, is_quarantined from staging.stg_crm__contract order by 1") == [
        ("1", True),
        ("2", False),
    ]
    # Nothing has changed: nothing is looked at.
    _built, checked = stage_source(context, "erp")
    assert all(result.skipped for result in checked)
    office.pay(2, "A", 40)
    _load(context, "erp", "payment")
    stage_source(context, "erp")
    assert office.held() == []


def test_a_warning_keeps_the_time_at_which_it_was_first_seen_and_ends(office: Office) -> None:
    context = office.context()
    refresh(context, lambda _text: None)
    assert office.warned() == [("1", "contract_unpaid"), ("2", "contract_unpaid")]
    office.pay(1, "A", 60)
    refresh(context, lambda _text: None)
    entries = office.execute(
        "select key, gone_at is null, batch_id > 0, first_seen_at <= coalesce(gone_at, now()) from quality.warning order by key"
    )
    assert entries == [("1", False, True, True), ("2", True, True, True)]
    results = office.execute(
        "select passed, failed_count from quality.check_result where rule_id = 'contract_unpaid' order by checked_at"
    )
    assert results == [(False, 2), (False, 1)]


def test_no_table_of_the_check_stays_behind(office: Office) -> None:
    refresh(office.context(), lambda _text: None)
    left = office.execute(
        "select relname from pg_class where relnamespace = 'quality'::regnamespace and relname ~ '^check.*stg'"
    )
    assert left == []


def _load(context: BuildContext, source_name: str, entity: str) -> None:
    steps.load(context, source_name, entity)
