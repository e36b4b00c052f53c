"""A failed check stops the tables downstream of its own and nothing else: the company's own models."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from datetime import datetime

import pytest

from cockpit.errors import TerminalError
from cockpit.pipelines import steps
from cockpit.rulebook.workspace import REPOSITORY, load_workspace
from cockpit.warehouse.runner import BlockedError, BuildContext
from tests.conftest import Postgres
from tests.integration.quality.core_rows import fill_core
from tests.sql.database import (
    Warehouse,
    context_of,
    copy_database,
    drop_database,
    make_template,
    use_as_warehouse,
)
from tests.workspaces import WorkspaceDatabase

TEMPLATE, COPY = "test_gates_template", "test_gates"
# Whatever else reads receipts, directly or through others, waits with them.
RECEIPT_MARTS = {"mart_receipt_daily", "mart_region_attainment"}


@pytest.fixture(scope="module")
def template(postgres: Postgres) -> Iterator[WorkspaceDatabase]:
    yield make_template(postgres, TEMPLATE, load_workspace(REPOSITORY / "include" / "workspace.yml"))
    for name in (COPY, TEMPLATE):
        drop_database(postgres, name)


@pytest.fixture
def context() -> BuildContext:
    workspace = load_workspace(REPOSITORY / "include" / "workspace.yml")
    return context_of(workspace, datetime.fromisoformat("2026-03-05T10:00+08:00"))


@pytest.fixture
def warehouse(
    template: WorkspaceDatabase, context: BuildContext, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Warehouse]:
    """Core with a few good rows; marts that were built from them."""
    database = copy_database(template, COPY)
    use_as_warehouse(database, monkeypatch)
    with closing(database.connect()) as connection:
        made = Warehouse(connection)
        fill_core(made, context)
        check(context, "core")
        assert build_marts(context) == set()
        yield made


def check(context: BuildContext, layer: str) -> dict[str, tuple[str, ...]]:
    """Check a layer; returns the models that were stopped and the warnings of the others."""
    results = steps.check_models(context, context.graph.layer(layer))
    return {result.model: result.warnings for result in results if result.stop or result.warnings}


def build_marts(context: BuildContext, *, full: bool = False) -> set[str]:
    """Build every mart, in full also where nothing that it reads has changed; returns those that are blocked."""
    blocked = set()
    for mart in context.graph.layer("marts"):
        try:
            steps.build_model(context, mart.name, full=full)
        except BlockedError:
            blocked.add(mart.name)
    return blocked


def marts_behind(context: BuildContext, table: str) -> set[str]:
    """Marts whose rows hang on this table, by the tables that each model reads."""
    reached = {table}
    while more := {m.qualified_name for m in context.graph.models.values() if m.reads & reached} - reached:
        reached |= more
    return {mart.name for mart in context.graph.layer("marts") if mart.qualified_name in reached}


def change(warehouse: Warehouse, statement: str, *models: str) -> None:
    """Change rows of core as a build would: the next builds and checks notice."""
    warehouse.execute(statement)
    for model in models:
        warehouse.execute(
            "insert into ops.model_build (model, run_id, as_of, kind, inserted, updated, deleted, fingerprint,"
            " upstream, has_changed_keys, started_at, seconds)"
            " values (%s, 'test', now(), 'full', 0, 1, 0, '', '{}', false, now(), 0)",
            (model,),
        )


def test_good_rows_pass_every_check(warehouse: Warehouse, context: BuildContext) -> None:
    assert check(context, "core") == {}
    assert check(context, "marts") == {}
    assert warehouse.query("select distinct passed from quality.check_result") == [(True,)]


def test_what_lies_downstream_of_a_failed_check_keeps_its_rows_and_the_rest_goes_on(
    warehouse: Warehouse, context: BuildContext
) -> None:
    change(warehouse, "update core.core_receipt set amount = -5", "core_receipt")
    change(warehouse, "update core.core_order_line set net_amount = 70", "core_order_line")
    assert set(check(context, "core")) == {"core_receipt"}
    waiting = marts_behind(context, "core.core_receipt")
    assert waiting > RECEIPT_MARTS
    assert RECEIPT_MARTS <= build_marts(context) <= waiting
    assert build_marts(context, full=True) == waiting
    assert warehouse.query("select received_amount from marts.mart_receipt_daily") == [(100,)]
    assert warehouse.query("select net_amount from marts.mart_sales_monthly") == [(70,)]
    # Corrected rows open the gate at the next check, not before it.
    change(warehouse, "update core.core_receipt set amount = 8", "core_receipt")
    assert build_marts(context, full=True) == waiting
    assert check(context, "core") == {}
    assert build_marts(context) == set()
    assert warehouse.query("select received_amount from marts.mart_receipt_daily") == [(8,)]


def test_a_failed_check_blocks_through_the_tables_between(warehouse: Warehouse, context: BuildContext) -> None:
    # mart_region_attainment and mart_sales_monthly read orders, which read which customer a record belongs to.
    row = "('erp', 'x', 'x', null, 'single')"
    change(
        warehouse,
        "insert into core.core_customer_source (source, source_key, source_customer_key, customer_key, matched_by)"
        f" values {row}",
        "core_customer_source",
    )
    for model in ("core_receipt", "core_order_line", "core_order"):
        change(warehouse, "select", model)
    assert set(check(context, "core")) == {"core_customer_source"}
    waiting = marts_behind(context, "core.core_customer_source")
    assert waiting > RECEIPT_MARTS | {"mart_sales_monthly"}
    assert RECEIPT_MARTS | {"mart_sales_monthly"} <= build_marts(context) <= waiting
    assert build_marts(context, full=True) == waiting


def test_a_warning_lets_everything_go_on_and_is_recorded(warehouse: Warehouse, context: BuildContext) -> None:
    change(warehouse, "update core.core_receipt set currency = null, amount = 9", "core_receipt")
    assert check(context, "core") == {"core_receipt": ("currency_not_null",)}
    assert build_marts(context) == set()
    assert warehouse.query(
        "select on_fail, passed, row_count, failed_count from quality.check_result"
        " where rule_id = 'currency_not_null' and model = 'core_receipt' order by checked_at desc limit 1"
    ) == [("warn", False, 1, 1)]


def test_a_dangling_key_is_found(warehouse: Warehouse, context: BuildContext) -> None:
    change(warehouse, "update core.core_order set customer_key = 'nobody'", "core_order")
    assert set(check(context, "core")) == {"core_order"}
    change(warehouse, "insert into core.core_customer (customer_key) values ('nobody')", "core_customer")
    # The check looks again because the other table has changed; a customer without records or a name is told.
    found = check(context, "core")
    assert "core_order" not in found
    assert found["core_customer"] == ("customer_name_not_null",)


def test_the_run_tells_at_its_end(warehouse: Warehouse, context: BuildContext) -> None:
    change(warehouse, "update core.core_receipt set amount = -5", "core_receipt")
    results = steps.check_models(context, context.graph.layer("core"))
    with pytest.raises(TerminalError, match="core_receipt: check 'amount_between' failed for 1 rows"):
        steps.raise_stops(results)
