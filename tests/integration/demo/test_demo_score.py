"""The score, on platform tables that are right, and then wrong in known ways."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from decimal import Decimal

import psycopg2
import pytest
from psycopg2.extensions import connection as PgConnection

from cockpit.demo.company import Company
from cockpit.demo.fill import fill
from cockpit.demo.score import score
from cockpit.errors import StackError
from tests.integration.demo.databases import TRUTH, WAREHOUSE, DemoDatabases

# A platform without a fault, in the columns that the score reads.
PERFECT_PLATFORM = f"""
    create schema core;
    create schema quality;
    create schema marts;
    create schema ops;
    create schema mdm;
    create table core.core_customer_source as
    select system as source, key as source_key, 'golden-' || true_customer_id as customer_key
    from truth.cluster where entity in ('customer', 'account');
    create table core.core_product_source as
    select system as source, key as source_key, 'golden-' || true_product_id as product_key from truth.product;
    create table mdm.pair (entity text, left_record text, right_record text, outcome text);
    create table quality.quarantine as
    select system as source, entity, key, kind as rule_id, cast(null as timestamptz) as released_at
    from truth.anomaly;
    create table quality.warning (source text, entity text, key text, rule_id text, gone_at timestamptz);
    create table ops.import_ledger as select 'erp' as source, 100000 as staged, 1000 as quarantined;
    create table marts.mart_region_attainment as
    select
        region_code, month, received_amount, ordered_amount, target_amount,
        received_amount / target_amount < 0.8 as is_below_pace
    from truth.region_month;
    grant usage on schema core, quality, marts, ops, mdm to {TRUTH};
    grant select on all tables in schema core, quality, marts, ops, mdm to {TRUTH};
"""


@pytest.fixture
def platform(databases: DemoDatabases, company: Company) -> Iterator[PgConnection]:
    """A superuser's connection to the filled warehouse with the perfect platform; undone afterwards."""
    systems = databases.systems()
    with closing(systems.erp), closing(systems.crm), closing(systems.truth):
        fill(systems, company)
    dsn = psycopg2.extensions.make_dsn(databases.admin_dsn, dbname=WAREHOUSE)
    with closing(psycopg2.connect(dsn)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(PERFECT_PLATFORM)
            yield connection
            cursor.execute("drop schema core, quality, marts, ops, mdm cascade")


def change(connection: PgConnection, statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


def test_says_what_to_do_before_the_pipelines_have_run(databases: DemoDatabases, truth: PgConnection) -> None:
    with pytest.raises(StackError, match="cannot be scored yet"):
        score(truth)


def test_a_perfect_platform(platform: PgConnection, truth: PgConnection) -> None:
    result = score(truth)
    assert (result.matching.precision, result.matching.recall) == (1.0, 1.0)
    assert result.matching.recall_with_review == 1.0
    assert result.matching.record_count == result.matching.matched_record_count > 4500
    assert all(variant.found_count == variant.planted_count for variant in result.matching.variants)
    assert {variant.system for variant in result.matching.variants} == {"erp", "crm"}
    assert len(result.matching.traps) == 9
    assert result.matching.merged_trap_share == 0.0
    assert [look_alike.merged_count for look_alike in result.matching.look_alikes] == [0] * 5
    assert (result.products.precision, result.products.recall) == (1.0, 1.0)
    assert result.products.record_count == result.products.matched_record_count == 497
    assert (result.products.near_pair_count, result.products.merged_near_pair_count) == (3730, 0)
    assert result.quality.recall == 1.0
    assert result.quality.false_alarm_count == 0
    assert {kind.system for kind in result.quality.kinds} == {"erp", "crm"}
    assert len(result.quality.kinds) == 31
    assert all(kind.recall == 1.0 and kind.held_count == kind.planted_count for kind in result.quality.kinds)
    planted = sum(kind.planted_count for kind in result.quality.kinds)
    assert (result.quality.clean_row_count, result.quality.wrongly_held_count) == (101_000 - planted, 0)
    assert result.attainment.difference_count == 0
    assert result.attainment.region_month_count > 900
    assert all(cause.is_shown for cause in result.causes)


def test_the_json_holds_the_computed_figures(platform: PgConnection, truth: PgConnection) -> None:
    document = score(truth).model_dump(mode="json")
    assert document["matching"]["precision"] == 1.0
    assert document["quality"]["false_alarm_count"] == 0


def test_nothing_matched(platform: PgConnection, truth: PgConnection) -> None:
    change(platform, "update core.core_customer_source set customer_key = source || source_key")
    matching = score(truth).matching
    assert (matching.precision, matching.recall) == (None, 0.0)
    # An account has its customer's number.
    assert {variant.found_count for variant in matching.variants if variant.system == "erp"} == {0}


def test_everybody_matched_to_everybody(platform: PgConnection, truth: PgConnection) -> None:
    change(platform, "update core.core_customer_source set customer_key = 'one'")
    matching = score(truth).matching
    assert matching.recall == 1.0
    assert matching.found_pair_count == matching.record_count * (matching.record_count - 1) / 2
    assert matching.precision == pytest.approx(matching.true_pair_count / matching.found_pair_count)
    assert all(item.merged_count == item.planted_count for item in matching.look_alikes)
    assert matching.merged_trap_share == 1.0


def test_products_of_one_family_matched_to_each_other(platform: PgConnection, truth: PgConnection) -> None:
    change(
        platform,
        """
        update core.core_product_source as golden set product_key = product.family
        from truth.product where product.system = golden.source and product.key = golden.source_key
        """,
    )
    products = score(truth).products
    assert products.recall == 1.0
    assert products.merged_near_pair_count == products.near_pair_count > 0
    assert products.found_pair_count == products.true_pair_count + products.near_pair_count


def test_what_a_person_is_asked_about_counts_as_found_when_it_is_right(
    platform: PgConnection, truth: PgConnection
) -> None:
    change(
        platform,
        """
        update core.core_customer_source set customer_key = source || source_key;
        insert into mdm.pair
        select 'customer', 'erp:' || cluster.key, 'crm:' || cluster.key, 'review'
        from truth.cluster where entity = 'account' and key = cast(true_customer_id as text) and key < '3';
        insert into mdm.pair
        select 'customer', left_source || ':' || left_key, right_source || ':' || right_key, 'review'
        from truth.trap_pair;
        insert into mdm.pair
        select 'customer', 'erp:' || key, 'crm:' || key, 'no' from truth.cluster where entity = 'account';
        """,
    )
    matching = score(truth).matching
    assert matching.right_pair_count == 0
    assert matching.review_pair_count == 1940, "one account of each customer"
    assert matching.recall_with_review == pytest.approx(1940 / matching.true_pair_count)


def test_records_that_never_reached_core_are_missed(platform: PgConnection, truth: PgConnection) -> None:
    change(platform, "delete from core.core_customer_source")
    matching = score(truth).matching
    assert matching.matched_record_count == 0
    assert matching.recall == 0.0


def test_missed_anomalies_and_false_alarms(platform: PgConnection, truth: PgConnection) -> None:
    change(
        platform,
        """
        delete from quality.quarantine where rule_id = 'negative_quantity';
        insert into quality.quarantine
        select 'erp', entity, key, 'too_greedy', null from truth.boundary_case where entity = 'sales_order_line';
        insert into quality.quarantine values ('another', 'receipt', '1', 'of_another_source', null);
        insert into quality.warning
        select 'crm', entity, key, 'watched', null from truth.anomaly where kind = 'stage_backwards';
        delete from quality.quarantine where rule_id = 'stage_backwards';
        insert into quality.warning values ('crm', 'account', '1', 'watched', null), ('crm', 'account', '1', 'gone', now());
        insert into quality.quarantine
        select 'erp', 'sales_order_line', key || '|1', 'order_is_wrong', null
        from truth.anomaly where system = 'erp' and entity = 'sales_order';
        update quality.quarantine set released_at = now() where rule_id = 'amount_not_positive';
        """,
    )
    quality = score(truth).quality
    kinds = {(kind.system, kind.entity, kind.kind): kind for kind in quality.kinds}
    assert kinds["erp", "sales_order_line", "negative_quantity"].caught_count == 0
    assert kinds["erp", "receipt", "amount_not_positive"].caught_count > 0, "released rows had been caught"
    watched = kinds["crm", "opportunity_stage_history", "stage_backwards"]
    assert (watched.recall, watched.held_count) == (1.0, 0), "a warning finds a row without holding it"
    assert [(alarm.system, alarm.rule_id, alarm.row_count, alarm.boundary_count) for alarm in quality.false_alarms] == [
        ("another", "of_another_source", 1, 0),
        ("erp", "too_greedy", 10, 10),
    ]
    assert [(entry.system, entry.rule_id, entry.row_count) for entry in quality.warnings] == [("crm", "watched", 1)]
    # Of systems that truth knows.
    assert quality.wrongly_held_count == 10


def test_a_cent_too_much_a_missing_row_and_one_that_should_not_be(platform: PgConnection, truth: PgConnection) -> None:
    change(
        platform,
        """
        update marts.mart_region_attainment set received_amount = received_amount + 0.01
        where region_code = 'CN-SH' and month = '2026-10-01';
        delete from marts.mart_region_attainment where region_code = 'CN-BJ' and month = '2026-12-01';
        insert into marts.mart_region_attainment values ('CN-XX', '2026-10-01', 0, 5, null, null);
        """,
    )
    attainment = score(truth).attainment
    found = {(item.region_code, str(item.month), item.figure) for item in attainment.differences}
    assert found == {
        ("CN-SH", "2026-10-01", "received_amount"),
        ("CN-BJ", "2026-12-01", "target_amount"),
        ("CN-XX", "2026-10-01", "ordered_amount"),
    }
    shanghai = next(item for item in attainment.differences if item.region_code == "CN-SH")
    assert shanghai.found is not None
    assert shanghai.expected is not None
    assert shanghai.found - shanghai.expected == Decimal("0.01")


def test_only_some_differences_are_listed(platform: PgConnection, truth: PgConnection) -> None:
    change(platform, "update marts.mart_region_attainment set ordered_amount = -1")
    attainment = score(truth).attainment
    assert attainment.difference_count == attainment.region_month_count
    assert len(attainment.differences) == 20


def test_a_mart_that_hides_its_rows_is_said_so(platform: PgConnection, truth: PgConnection) -> None:
    change(platform, "alter table marts.mart_region_attainment enable row level security")
    with pytest.raises(StackError, match="row policy"):
        score(truth)


def test_a_missing_right_is_said_so(platform: PgConnection, truth: PgConnection) -> None:
    change(platform, f"revoke select on quality.quarantine from {TRUTH}")
    with pytest.raises(StackError, match="quarantine"):
        score(truth)
