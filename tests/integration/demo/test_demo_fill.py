"""Filling and simulating on real databases; the tests of this file build on each other's data."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import psycopg2.errors
import pytest
from psycopg2.extensions import connection as PgConnection

from cockpit.demo.clock import Clock
from cockpit.demo.company import Company
from cockpit.demo.fill import fill, stored_generation
from cockpit.demo.simulate import SimulatedDay, simulate_day
from cockpit.errors import StackError, TerminalError

NEXT_DAY = date(2026, 11, 19)

# Anomalies by kind, found by looking at the rows alone.
VISIBLE_ANOMALIES = """
    select 'receipt', count(*) from receipt
    where
        amount <= 0 or currency is null or received_at > '2026-11-18 15:30+08'
        or customer_id not in (select customer_id from customer)
    union all
    select 'sales_order', count(*) from sales_order
    where
        currency is null or ordered_at > '2026-11-18 15:30+08'
        or customer_id not in (select customer_id from customer)
        or order_id not in (select min(order_id) from sales_order group by order_number)
    union all
    select 'sales_order_line', count(*) from sales_order_line
    where quantity <= 0 or abs(amount - quantity * unit_price) > 0.01
"""


def rows(connection: PgConnection, query: str) -> list[tuple[Any, ...]]:
    with connection, connection.cursor() as cursor:
        cursor.execute(query)
        return cursor.fetchall()


def content(erp: PgConnection, truth: PgConnection) -> list[tuple[Any, ...]]:
    """A hash of each table; equal content, equal hashes."""
    tables = ("region", "customer", "product", "sales_order", "sales_order_line", "receipt", "region_target")
    truths = ("generation", "customer_cluster", "anomaly", "boundary_case", "cause", "region_month", "expected")
    hashed = "select '{0}', count(*), sum(hashtextextended(cast({1} as text), 0)) from {0} as {1}"
    return sorted(
        rows(erp, " union all ".join(hashed.format(table, table) for table in tables))
        + rows(truth, " union all ".join(hashed.format(f"truth.{table}", table) for table in truths))
    )


@pytest.fixture
def filled(erp: PgConnection, truth: PgConnection, company: Company) -> None:
    fill(erp, truth, company)


def test_nothing_to_simulate_or_reuse_before_the_first_fill(erp: PgConnection, truth: PgConnection) -> None:
    assert stored_generation(truth) is None
    with pytest.raises(StackError, match="not been generated"):
        simulate_day(erp, truth, NEXT_DAY)


def test_fill_writes_the_company(erp: PgConnection, truth: PgConnection, company: Company) -> None:
    progress: list[float] = []
    report = fill(erp, truth, company, on_progress=progress.append)
    assert not report.is_reused
    assert report.rows["customer"] == 2000
    assert report.rows["sales_order"] == 20000
    counted = rows(erp, "select count(*) from sales_order_line union all select count(*) from receipt")
    assert counted == [(report.rows["sales_order_line"],), (report.rows["receipt"],)]
    assert progress[-1] == 1.0
    assert report.seconds < 10


@pytest.mark.usefixtures("filled")
def test_fill_twice_changes_nothing(erp: PgConnection, truth: PgConnection, company: Company) -> None:
    before = content(erp, truth)
    assert fill(erp, truth, company).is_reused
    assert content(erp, truth) == before


@pytest.mark.usefixtures("filled")
def test_later_on_the_same_day_is_the_same_company(erp: PgConnection, truth: PgConnection, company: Company) -> None:
    later = replace(company, clock=Clock(company.clock.as_of + timedelta(hours=2)))
    assert fill(erp, truth, later).is_reused


@pytest.mark.usefixtures("filled")
def test_an_erp_that_was_emptied_is_filled_again(erp: PgConnection, truth: PgConnection, company: Company) -> None:
    before = content(erp, truth)
    with erp, erp.cursor() as cursor:
        cursor.execute("truncate sales_order")
    assert not fill(erp, truth, company).is_reused
    assert [row for row in content(erp, truth) if row[0] != "truth.generation"] == [
        row for row in before if row[0] != "truth.generation"
    ]


def test_a_fill_that_fails_leaves_what_was_there(
    erp: PgConnection, truth: PgConnection, company: Company, filled: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = content(erp, truth)

    def stop(_share: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fill(erp, truth, replace(company, seed=8), on_progress=stop)
    assert content(erp, truth) == before


@pytest.mark.usefixtures("filled")
def test_truth_knows_every_visible_anomaly(erp: PgConnection, truth: PgConnection) -> None:
    known = rows(truth, "select entity, count(*) from truth.anomaly group by entity order by entity")
    assert sorted(rows(erp, VISIBLE_ANOMALIES)) == known


@pytest.mark.usefixtures("filled")
def test_truth_is_the_sum_of_the_clean_rows(erp: PgConnection, truth: PgConnection) -> None:
    wrong = [key for (key,) in rows(truth, "select cast(key as bigint) from truth.anomaly where entity = 'receipt'")]
    clean = f"""
        select
            region_code,
            cast(date_trunc('month', received_at at time zone 'Asia/Shanghai') as date) as month,
            sum(amount)
        from receipt
        where receipt_id <> all (array{wrong})
        group by 1, 2
        order by 1, 2
    """
    known = "select region_code, month, received_amount from truth.region_month where received_amount > 0 order by 1, 2"
    assert rows(erp, clean) == rows(truth, known)


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize("table", ["customer_cluster", "anomaly", "region_month", "generation"])
def test_pipelines_cannot_read_truth(etl: PgConnection, table: str) -> None:
    with pytest.raises(psycopg2.errors.InsufficientPrivilege):
        rows(etl, f"select count(*) from truth.{table}")


@pytest.mark.usefixtures("filled")
def test_a_simulated_day_adds_and_changes_rows(erp: PgConnection, truth: PgConnection) -> None:
    received = rows(truth, "select sum(received_amount) from truth.region_month")[0][0]
    day = simulate_day(erp, truth, NEXT_DAY)
    assert day.new_orders > 12
    assert day.late_orders == 3
    changed = rows(
        erp,
        """
        select
            count(*) filter (where order_id > 20000),
            count(*) filter (where order_id > 20000 and ordered_at < '2026-11-19 00:00+08'),
            count(*) filter (where order_id <= 20000)
        from sales_order where updated_at >= '2026-11-19 00:00+08'
        """,
    )
    assert changed == [(day.new_orders, day.late_orders, day.delivered_orders)]
    customers = rows(erp, "select count(*) from customer where updated_at >= '2026-11-19 00:00+08'")
    assert customers == [(day.corrected_customers,)]
    new_money = rows(erp, "select sum(amount), count(*) from receipt where updated_at >= '2026-11-19 00:00+08'")
    assert new_money[0][1] == day.new_receipts
    now_received = rows(truth, "select sum(received_amount) from truth.region_month")[0][0]
    assert now_received - received == new_money[0][0] > Decimal(0)
    assert rows(truth, "select value from truth.expected where figure = 'received_amount'") == [(now_received,)]


def test_the_same_day_twice_is_one_day(erp: PgConnection, truth: PgConnection) -> None:
    before = content(erp, truth)
    assert simulate_day(erp, truth, NEXT_DAY) == SimulatedDay(day=NEXT_DAY, is_reused=True)
    assert content(erp, truth) == before


def test_days_go_forward_only(erp: PgConnection, truth: PgConnection) -> None:
    with pytest.raises(TerminalError, match="after 2026-11-19"):
        simulate_day(erp, truth, date(2026, 11, 17))


def test_a_day_that_truth_does_not_know_is_done_again(erp: PgConnection, truth: PgConnection) -> None:
    """The process was killed between the two commits."""
    day = simulate_day(erp, truth, date(2026, 11, 20))
    complete = rows(erp, "select sum(hashtextextended(cast(o as text), 0)) from sales_order as o")
    with truth, truth.cursor() as cursor:
        cursor.execute("delete from truth.simulated_day where business_date = '2026-11-20'")
    again = simulate_day(erp, truth, date(2026, 11, 20))
    assert (again.new_orders, again.new_receipts) == (day.new_orders, day.new_receipts)
    assert rows(erp, "select sum(hashtextextended(cast(o as text), 0)) from sales_order as o") == complete


def test_the_demo_is_reused_after_simulated_days(erp: PgConnection, truth: PgConnection, company: Company) -> None:
    assert fill(erp, truth, company).is_reused
    stored = stored_generation(truth)
    assert stored is not None
    assert stored.last_day == date(2026, 11, 20)
