"""The web APIs of the demo company through the connector, the checks and the models, then a further day."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from shutil import copyfile
from textwrap import dedent
from typing import Any

import psycopg2
import pytest
from psycopg2.extensions import connection as PgConnection

from cockpit.demo.apis.day import ApiDayResult, simulate_apis_day
from cockpit.demo.apis.fill import ApisFilled, fill_apis
from cockpit.demo.apis.marks import PLACEHOLDER_PHONE
from cockpit.demo.apis.server.config import SYSTEMS
from cockpit.demo.apis.tables import TABLES
from cockpit.demo.bulk_copy import copy_frame
from cockpit.demo.company import Company
from cockpit.demo.tables import ERP_TABLES
from cockpit.pipelines.refresh import Refresh, refresh
from cockpit.pipelines.run_context import run_context
from cockpit.rulebook.workspace import REPOSITORY, load_workspace
from cockpit.warehouse.runner import BuildContext
from tests.integration.demo.apis_process import Apis, serve
from tests.quality_rules import copy_quality_rules
from tests.workspaces import WorkspaceDatabase, make_workspace_database

NEXT_DAY = date(2026, 11, 19)
TABLE_OF = {
    "scm.shipment": "scm_shipment",
    "scm.inventory": "scm_stock",
    "scm.material": "scm_material",
    "wecom.external_contact": "wecom_contact",
    "wecom.chat": "wecom_chat",
    "market_feed.social_post": "feed_post",
    "market_feed.research_note": "feed_note",
    "service_desk.ticket": "desk_ticket",
    "service_desk.ticket_event": "desk_event",
    "shop.member": "shop_member",
    "shop.shop_order": "shop_order",
    "shop.pos_slip": "shop_slip",
    "ads.campaign_cost": "ads_cost",
}
# Only warned about: the row is right, its number stands for none.
NOT_HELD = {PLACEHOLDER_PHONE}


@dataclass
class Site:
    """The APIs' database, an ERP's few tables, a workspace that reads the APIs, and the running process.

    Attributes:
        truth: The workspace's database, where schema truth lies too.
    """

    apis: PgConnection
    erp: PgConnection
    truth: PgConnection
    process: Apis
    filled: ApisFilled
    workspace_file: Path
    context: BuildContext

    def refresh(self, moment: datetime) -> Refresh:
        self.context = run_context(load_workspace(self.workspace_file), as_of=moment)
        return refresh(self.context, lambda _text: None)

    def query(self, statement: str) -> list[tuple[Any, ...]]:
        with self.truth, self.truth.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall()


@dataclass(frozen=True)
class FurtherDay:
    """What a day after the fill brought, and what a run made of it."""

    day: ApiDayResult
    result: Refresh


@pytest.fixture(scope="module")
def warehouse(postgres: Any) -> WorkspaceDatabase:
    return make_workspace_database(postgres, "demo_test_apis_warehouse")


@pytest.fixture(scope="module")
def workspace_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The company's own sources and models, as far as they are about the APIs."""
    folder = tmp_path_factory.mktemp("workspace")
    include = REPOSITORY / "include"
    for layer in ("staging", "core", "marts"):
        (folder / "models" / layer).mkdir(parents=True)
    (folder / "sources").mkdir()
    for system in SYSTEMS:
        copyfile(include / "rules/sources" / f"{system}.yml", folder / "sources" / f"{system}.yml")
    for name in ("stg_shipment", "stg_ticket"):
        copyfile(include / "sql/staging" / f"{name}.yml", folder / "models/staging" / f"{name}.yml")
    copyfile(include / "rules/dictionary.yml", folder / "dictionary.yml")
    copy_quality_rules(folder / "quality", SYSTEMS)
    file = folder / "workspace.yml"
    file.write_text(
        dedent(f"""
            workspace: apis
            title: APIs
            title_zh: 接口
            warehouse: apis_warehouse
            sources: sources
            dictionary: dictionary.yml
            normalisation: {include / "rules/normalisation"}
            quality: quality
            models: models
            currency: CNY
            time_zone: Asia/Shanghai
        """)
    )
    return file


@pytest.fixture(scope="module")
def site(postgres: Any, warehouse: WorkspaceDatabase, workspace_file: Path, company: Company) -> Iterator[Site]:
    apis_address = str(postgres.create_database("demo_test_apis_data"))
    erp_address = str(postgres.create_database("demo_test_apis_erp"))
    with (
        closing(psycopg2.connect(apis_address)) as apis,
        closing(psycopg2.connect(erp_address)) as erp,
        closing(psycopg2.connect(postgres.dsn(warehouse.name))) as truth,
        pytest.MonkeyPatch.context() as patch,
    ):
        folder = REPOSITORY / "src/cockpit/demo"
        with truth, truth.cursor() as cursor:
            cursor.execute("create schema if not exists truth")
            cursor.execute((folder / "truth_schema.sql").read_text())
        _fill_erp(erp, folder / "erp_schema.sql", company)
        filled = fill_apis(apis, company, truth)
        with serve(apis_address) as process:
            patch.setenv("AIRFLOW_CONN_APIS_WAREHOUSE", warehouse.dsn("cockpit_etl"))
            for variable, address in process.connections().items():
                patch.setenv(variable, address)
            context = run_context(load_workspace(workspace_file), as_of=company.clock.as_of)
            yield Site(apis, erp, truth, process, filled, workspace_file, context)


def _fill_erp(erp: PgConnection, schema: Path, company: Company) -> None:
    (batch,) = company.batches()
    frames = {"customer": company.customers.customers, "product": company.products, "sales_order": batch.orders}
    with erp, erp.cursor() as cursor:
        cursor.execute(schema.read_text())
        for table, frame in frames.items():
            copy_frame(cursor, psycopg2.sql.Identifier(table), ERP_TABLES[table], frame, company.clock.offset)


@pytest.fixture(scope="module")
def first(site: Site, company: Company) -> Refresh:
    result = site.refresh(company.clock.as_of)
    assert result.failures == {}
    return result


def test_everything_arrives_and_the_ledger_balances(site: Site, first: Refresh) -> None:
    loaded = {f"{load.source}.{load.entity}": load.loaded for load in first.loads}
    assert loaded == {entity: site.filled.rows[table] for entity, table in TABLE_OF.items()}
    assert sum(load.rejected + load.unchanged + load.superseded for load in first.loads) == 0


def test_every_column_is_known(site: Site, first: Refresh) -> None:
    """The contracts say what the APIs deliver: no drift on the first day."""
    assert site.query("select source, entity, kind, column_name from ops.schema_change where kind <> 'first'") == []


def test_exactly_the_planted_rows_are_held_back(site: Site, first: Refresh) -> None:
    planted = {mark[:3] for mark in site.filled.marks.anomalies if mark[3] not in NOT_HELD}
    held = set(site.query("select source, entity, key from quality.quarantine where released_at is null"))
    assert held == planted
    kinds = Counter(mark[3] for mark in site.filled.marks.anomalies)
    assert min(kinds.values()) > 0
    assert len(kinds) == 17


def test_boundary_cases_pass(site: Site, first: Refresh) -> None:
    boundary = {mark[:3] for mark in site.filled.marks.boundary_cases}
    held = set(site.query("select source, entity, key from quality.quarantine"))
    assert len(boundary) > 30
    assert boundary & held == set()


def test_truth_is_told_with_its_system(site: Site, first: Refresh) -> None:
    told = Counter(dict(site.query("select system, count(*) from truth.anomaly group by system")))
    assert told == Counter(mark[0] for mark in site.filled.marks.anomalies)
    persons = site.query("select count(*) from truth.person where system in ('wecom', 'shop')")
    assert persons == [(len(site.filled.marks.persons),)]


def test_synonyms_and_nested_values_reach_staging(site: Site, first: Refresh) -> None:
    ((phones, companies, freight),) = site.query(
        "select count(phone), count(customer_name), count(freight_amount) from staging.stg_scm__shipment"
    )
    total = site.filled.rows["scm_shipment"]
    assert companies == freight == total
    assert phones > total * 0.9
    assert site.query("select count(*) from staging.stg_shop__member where contact_name is null") == [(0,)]


def test_times_without_an_offset_are_the_companys(site: Site, first: Refresh) -> None:
    with site.apis, site.apis.cursor() as cursor:
        cursor.execute("select shipped_at, signed_at from scm_shipment where shipment_id = 1000")
        expected = cursor.fetchall()
    found = site.query("select shipped_at, signed_at from staging.stg_scm__shipment where shipment_no = 'SH000001000'")
    assert found == expected


def test_customer_numbers_of_tickets_are_the_erps(site: Site, first: Refresh) -> None:
    """However they are written; a ticket that has lost its number has none."""
    with site.apis, site.apis.cursor() as cursor:
        cursor.execute("select ticket_id, customer_id, number_style from desk_ticket")
        wanted = {str(key): None if style == "missing" else str(who) for key, who, style in cursor.fetchall()}
    found = dict(site.query("select ticket_key, customer_key from staging.stg_ticket"))
    assert found == {key: wanted[key] for key in found}
    assert len(found) > len(wanted) * 0.98


def test_a_second_load_writes_nothing(site: Site, first: Refresh, company: Company) -> None:
    again = site.refresh(company.clock.as_of)
    assert again.failures == {}
    assert sum(load.loaded for load in again.loads) == 0


@pytest.fixture(scope="module")
def further(site: Site, first: Refresh) -> FurtherDay:
    """A day on which some orders were delivered, in the APIs and then in the workspace."""
    with site.erp, site.erp.cursor() as cursor:
        cursor.execute(
            "update sales_order set status = 'delivered', updated_at = '2026-11-19 19:00+08' "
            "where order_id in (select order_id from sales_order where status = 'open' order by order_id limit 40)"
        )
    day = simulate_apis_day(site.apis, site.erp, 7, NEXT_DAY, site.truth)
    return FurtherDay(day, site.refresh(datetime(2026, 11, 19, 12, tzinfo=UTC)))


def test_a_further_day_is_found_incrementally(further: FurtherDay) -> None:
    day, result = further.day, further.result
    assert not day.is_reused
    assert day.counts["scm_shipment"] > 0
    assert day.counts["scm_shipment_changed"] > 0
    assert day.counts["ads_cost"] == 6
    assert day.counts["ads_cost_changed"] == 18
    assert result.failures == {}
    loaded = {TABLE_OF[f"{load.source}.{load.entity}"]: load.loaded for load in result.loads}
    assert loaded == {table: day.counts[table] + day.counts[f"{table}_changed"] for table in TABLE_OF.values()}


def test_late_orders_are_news_of_the_day(site: Site, further: FurtherDay) -> None:
    late = site.query(
        "select count(*) from staging.stg_shop__shop_order "
        "where ordered_at < '2026-11-19 00:00+08' and updated_unix_ms >= 1795017600000"
    )
    assert late == [(2,)]


def test_the_same_day_twice_is_one_day(site: Site, further: FurtherDay) -> None:
    before = _content(site.apis)
    again = simulate_apis_day(site.apis, site.erp, 7, NEXT_DAY, site.truth)
    assert again.is_reused
    assert again.counts["ads_cost"] == 6
    assert _content(site.apis) == before


def test_a_day_that_was_not_committed_is_drawn_the_same(site: Site, further: FurtherDay) -> None:
    """The process was killed between truth and the APIs' own database."""
    told = site.query("select * from truth.anomaly order by 1, 2, 3, 4")
    with site.apis.cursor() as cursor:
        cursor.execute("savepoint before")
    day = date(2026, 11, 20)
    lost = _simulate_and_undo(site, day)
    between = site.query("select * from truth.anomaly order by 1, 2, 3, 4")
    kept = simulate_apis_day(site.apis, site.erp, 7, day, site.truth)
    assert kept.counts == lost
    assert site.query("select * from truth.anomaly order by 1, 2, 3, 4") == between
    assert len(between) >= len(told)


def _simulate_and_undo(site: Site, day: date) -> Counter[str]:
    """The counts of a day whose commit never came."""

    class Lost(PgConnection):
        def commit(self) -> None:
            raise ConnectionAbortedError

        def __exit__(self, *error: Any) -> None:
            self.rollback()

    with closing(psycopg2.connect(site.apis.dsn, connection_factory=Lost, password=_password(site.apis))) as connection:
        return simulate_apis_day(connection, site.erp, 7, day, site.truth).counts


def _password(connection: PgConnection) -> str:
    return str(connection.info.password)


def _content(connection: PgConnection) -> dict[str, Any]:
    with connection, connection.cursor() as cursor:
        found = {}
        for table in TABLES:
            cursor.execute(f"select count(*), sum(hashtextextended(cast(t as text), 0)) from {table} as t")
            found[table] = cursor.fetchone()
        return found
