"""Computing only what changed gives the same tables as computing everything: deals, contracts and contacts of a CRM."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timedelta

import psycopg2
import pytest

from cockpit.pipelines.refresh import Refresh, refresh
from cockpit.rulebook.completion import Completion
from cockpit.rulebook.quality import COLUMN
from cockpit.rulebook.workspace import Workspace
from cockpit.warehouse.runner import BuildContext
from cockpit.warehouse.sql_text import parse_expression
from tests.conftest import Postgres
from tests.sql.crm_changes import ChangingCrm
from tests.sql.database import Warehouse, context_of, drop_database
from tests.sql.erp_changes import ChangingErp

DATABASES = {"erp": "test_sql_crm_erp", "crm": "test_sql_crm"}
ERP_TABLES = ("region", "customer", "product", "sales_order", "sales_order_line")
CRM_TABLES = (
    "org_unit",
    "app_user",
    "account",
    "lead",
    "opportunity",
    "opportunity_stage_history",
    "contract",
    "activity",
)
# Those that have to have been computed for some keys alone, or the rounds would prove nothing about them.
INCREMENTAL = {
    "core_opportunity",
    "core_opportunity_stage",
    "core_contract_order",
    "core_contract",
    "core_activity",
    "core_customer_owner",
    "mart_opportunity",
    "mart_funnel",
    "mart_funnel_cohort",
    "mart_team_month",
}


@pytest.fixture
def company(postgres: Postgres, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[ChangingErp, ChangingCrm]]:
    """Both systems, empty; the connection ids `erp` and `crm` lead to them."""
    addresses = {name: postgres.create_database(database) for name, database in DATABASES.items()}
    for name, address in addresses.items():
        monkeypatch.setenv(f"AIRFLOW_CONN_{name.upper()}", address)
    with (
        closing(psycopg2.connect(addresses["erp"])) as erp,
        closing(psycopg2.connect(addresses["crm"])) as crm,
    ):
        yield ChangingErp(erp), ChangingCrm(crm)
    for database in DATABASES.values():
        drop_database(postgres, database)


@pytest.fixture
def context(huaxing: Workspace) -> BuildContext:
    """The company with the tables that the rounds change, and the rules that ask for no others."""
    wanted = {"erp": ERP_TABLES, "crm": CRM_TABLES}
    sources = {
        name: huaxing.sources[name].model_copy(
            update={"entities": {entity: huaxing.sources[name].entities[entity] for entity in entities}}
        )
        for name, entities in wanted.items()
    }
    tables = {f"staging.stg_{name}__{entity}" for name, entities in wanted.items() for entity in entities}
    rules = tuple(
        placed
        for placed in huaxing.quality.rules
        if parse_expression(placed.rule.wrong_when.replace(COLUMN, "x"), placed.origin).reads <= tables
    )
    small = huaxing.model_copy(
        update={
            "sources": sources,
            "quality": replace(huaxing.quality, rules=rules),
            "completion": Completion(),
        }
    )
    return context_of(small, datetime.fromisoformat("2026-03-20T10:00+08:00"))


def run(context: BuildContext, *, full: bool = False) -> Refresh:
    return refresh(context, lambda _stage: None, full=full)


def changed(result: Refresh) -> dict[str, tuple[int, int, int]]:
    return {
        build.model: (build.inserted, build.updated, build.deleted)
        for build in result.builds
        if build.changed and build.model not in result.bookkeeping
    }


@pytest.mark.parametrize("rounds", [6, pytest.param(40, marks=pytest.mark.full)])
def test_incremental_equals_full(
    warehouse: Warehouse, company: tuple[ChangingErp, ChangingCrm], context: BuildContext, rounds: int
) -> None:
    erp, crm = company
    erp.fill()
    crm.fill()
    run(context)
    for seed in range(rounds):
        crm.change(seed)
        if seed % 3 == 0:
            erp.change(seed)
        if seed % 4 == 3:
            context = replace(context, as_of=context.as_of + timedelta(days=1))
        run(context)
        assert changed(run(context, full=True)) == {}, f"after the changes of seed {seed}"

    crm.meet()
    run(context)
    assert changed(run(context, full=True)) == {}, "after the contacts"

    built = warehouse.query(
        "select distinct model from ops.model_build where kind = 'incremental' and inserted + updated + deleted > 0"
    )
    assert {name for (name,) in built} >= INCREMENTAL
    # Opportunities vanish between no two stages.
    reached = warehouse.query(
        "select sum(reached_count) filter (where stage_number = 1),"
        " sum(open_count + lost_count) + sum(reached_count) filter (where stage = 'won') from marts.mart_funnel"
    )
    ((total,),) = warehouse.query("select count(*) from core.core_opportunity")
    assert reached == [(total, total)]
    # What reps are credited with adds up to what was ordered, received and signed.
    credited = warehouse.query(
        "select sum(order_amount), sum(received_amount), sum(signed_amount) from marts.mart_team_month"
    )
    facts = warehouse.query(
        "select (select sum(net_amount) from core.core_order), (select coalesce(sum(amount), 0) from core.core_receipt),"
        " (select sum(signed_amount) from core.core_contract)"
    )
    assert credited == facts
