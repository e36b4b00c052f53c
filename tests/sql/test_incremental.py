"""Computing only what changed gives the same tables as computing everything: from the ERP to the marts."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta

import psycopg2
import pytest
from psycopg2.extensions import connection as PgConnection

from cockpit.pipelines.refresh import Refresh, refresh
from cockpit.rulebook.completion import Completion
from cockpit.rulebook.quality import COLUMN
from cockpit.rulebook.workspace import Workspace
from cockpit.warehouse.models import Model
from cockpit.warehouse.runner import BuildContext
from cockpit.warehouse.sql_text import parse_expression
from tests.conftest import Postgres
from tests.sql.database import Warehouse, context_of, drop_database
from tests.sql.erp_changes import ChangingErp

ERP = "test_sql_erp"
CHANGING_TABLES = (
    "region",
    "customer",
    "product",
    "sales_order",
    "sales_order_line",
    "receipt",
    "region_target",
    "staff_target",
    "invoice",
    "receipt_claim",
    "product_cost",
    "service_cost",
)

# Of core and marts those that the rounds have to reach.
EXERCISED = {
    "core_customer",
    "core_customer_owner",
    "core_customer_profile",
    "core_customer_stage",
    "core_invoice",
    "core_money_month",
    "core_order",
    "core_order_category",
    "core_order_line",
    "core_order_payment",
    "core_product",
    "core_product_month",
    "core_receipt",
    "core_receipt_allocation",
    "core_service_cost",
    "mart_customer",
    "mart_customer_timeline",
    "mart_receipt_daily",
    "mart_region_attainment",
    "mart_sales_cube",
    "mart_sales_monthly",
}


@pytest.fixture
def erp(postgres: Postgres, monkeypatch: pytest.MonkeyPatch) -> Iterator[PgConnection]:
    """An empty ERP database; the connection id `erp` leads to it."""
    address = postgres.create_database(ERP)
    monkeypatch.setenv("AIRFLOW_CONN_ERP", address)
    with closing(psycopg2.connect(address)) as connection:
        yield connection
    drop_database(postgres, ERP)


@pytest.fixture
def context(huaxing: Workspace) -> BuildContext:
    """The company with those tables of its ERP that the rounds change; the others have tests of their own."""
    erp = huaxing.sources["erp"]
    entities = {name: erp.entities[name] for name in CHANGING_TABLES}
    tables = {f"staging.stg_erp__{name}" for name in entities}
    quality = replace(
        huaxing.quality,
        rules=tuple(
            placed
            for placed in huaxing.quality.rules
            if parse_expression(placed.rule.wrong_when.replace(COLUMN, "x"), placed.origin).reads <= tables
        ),
    )
    # What is completed is taken from these tables alone, too.
    completion = Completion(
        tuple(
            replace(placed, rule=placed.rule.model_copy(update={"steps": steps}))
            for placed in huaxing.completion.rules
            if (steps := tuple(s for s in placed.rule.steps if s.source == "erp" and s.name in entities))
        )
    )
    only_erp = huaxing.model_copy(
        update={
            "sources": {"erp": erp.model_copy(update={"entities": entities})},
            "quality": quality,
            "completion": completion,
        }
    )
    return context_of(only_erp, datetime.fromisoformat("2026-03-20T10:00+08:00"))


def has_rows(warehouse: Warehouse, model: Model) -> bool:
    """Whether rows reach the model: entities of other systems are empty here."""
    return bool(warehouse.query(f"select 1 from {model.qualified_name} limit 1"))


def run(context: BuildContext, *, full: bool = False) -> Refresh:
    return refresh(context, lambda _stage: None, full=full)


def changed(result: Refresh) -> dict[str, tuple[int, int, int]]:
    return {
        build.model: (build.inserted, build.updated, build.deleted)
        for build in result.builds
        if build.changed and build.model not in result.bookkeeping
    }


@pytest.mark.parametrize("rounds", [10, pytest.param(60, marks=pytest.mark.full)])
def test_incremental_equals_full(warehouse: Warehouse, erp: PgConnection, context: BuildContext, rounds: int) -> None:
    company = ChangingErp(erp)
    company.fill()
    run(context)
    for seed in range(rounds):
        company.change(seed)
        if seed % 4 == 3:
            context = replace(context, as_of=context.as_of + timedelta(days=1))
        run(context)
        assert changed(run(context, full=True)) == {}, f"after the changes of seed {seed}"

    built = warehouse.query(
        "select distinct model from ops.model_build where kind = 'incremental' and inserted + updated + deleted > 0"
    )
    # Records of a short list are matched as a whole; tests/integration/mdm/test_following.py has a longer one.
    models = [model for model in context.graph.models.values() if model.contract.incremental and model.query]
    incremental = {model.name for model in models if has_rows(warehouse, model)}
    # What the rounds never changed would prove nothing.
    assert {name for (name,) in built} >= incremental >= EXERCISED
    # Some were completed, in rounds of both kinds.
    assert warehouse.query(
        "select 1 from ops.model_build where model = 'completion_customer' and updated + deleted > 0"
    )
    ledger = warehouse.query("select count(*), bool_and(is_balanced) from ops.import_ledger")
    assert ledger[0][0] > rounds
    assert ledger[0][1]


def test_a_run_without_changes_writes_nothing(warehouse: Warehouse, erp: PgConnection, context: BuildContext) -> None:
    company = ChangingErp(erp)
    company.fill()
    run(context)
    second = run(context)
    assert second.rows_changed == 0
    assert {build.kind for build in second.builds if build.model not in second.bookkeeping} == {"fresh"}


def test_a_row_that_left_the_source_leaves_the_marts(
    warehouse: Warehouse, erp: PgConnection, context: BuildContext
) -> None:
    company = ChangingErp(erp)
    company.fill()
    run(context)
    ((key, source_key),) = warehouse.query(
        "select receipt_key, source_receipt_key from core.core_receipt order by receipt_key limit 1"
    )
    before = warehouse.query("select sum(received_amount) from marts.mart_receipt_daily")
    ((amount,),) = warehouse.query("select amount from core.core_receipt where receipt_key = %s", (key,))
    with erp, erp.cursor() as cursor:
        cursor.execute("delete from receipt where receipt_id = %s", (source_key,))
    # What a comparison of keys with the source writes: the mark and its batch in the ledger.
    warehouse.execute(
        "with batch as ("
        " insert into ops.import_batch (run_id, source, entity, label, received, loaded, unchanged, superseded,"
        " rejected, deleted, started_at, finished_at)"
        " values ('test', 'erp', 'receipt', 'deletes', 0, 0, 0, 0, 0, 1, now(), now()) returning batch_id)"
        " update raw.erp__receipt as held set deleted_at = now(), batch_id = batch.batch_id from batch where key = %s",
        (source_key,),
    )
    result = changed(run(context))
    assert result["stg_erp__receipt"] == result["stg_receipt"] == result["core_receipt"] == (0, 0, 1)
    assert warehouse.query("select count(*) from core.core_receipt where receipt_key = %s", (key,)) == [(0,)]
    after = warehouse.query("select sum(received_amount) from marts.mart_receipt_daily")
    assert before[0][0] - after[0][0] == amount
    assert changed(run(context, full=True)) == {}
