"""On the demo, what totals show and what is held back are together all that was delivered, to the cent."""

from __future__ import annotations

from contextlib import closing
from decimal import Decimal

import psycopg2
import pytest

from tests.conftest import Stack

# Rows of staging, rows of core, rows that are held back, for each currency.
SUBJECTS = {
    "orders": (
        (
            "select coalesce(nullif(btrim(o.currency), ''), 'CNY'), sum(l.amount)"
            " from staging.stg_erp__sales_order_line as l"
            " left join staging.stg_erp__sales_order as o using (order_id) group by 1"
        ),
        "select currency, sum(amount) from core.core_order where source = 'erp' group by 1",
    ),
    "receipts": (
        "select coalesce(nullif(btrim(currency), ''), 'CNY'), sum(amount) from staging.stg_erp__receipt group by 1",
        "select currency, sum(amount) from core.core_receipt where source = 'erp' group by 1",
    ),
}


@pytest.mark.parametrize("subject", SUBJECTS)
def test_staging_is_core_and_what_is_held_back(stack: Stack, subject: str) -> None:
    delivered, shown = SUBJECTS[subject]
    held = "select currency, sum(amount) from marts.mart_held_amount where subject = %s group by 1"
    with closing(psycopg2.connect(stack.dsn("cockpit_etl", "cockpit"))) as connection, connection.cursor() as cursor:
        found = []
        for statement in (delivered, shown, held):
            cursor.execute(statement, (subject,) if statement == held else None)
            found.append({currency: amount for currency, amount in cursor.fetchall() if amount})
    everything, in_core, held_back = found
    assert held_back
    for currency in {*everything, *in_core, *held_back}:
        zero = Decimal(0)
        assert everything.get(currency, zero) == in_core.get(currency, zero) + held_back.get(currency, zero), currency


def test_every_month_and_region_adds_up(stack: Stack) -> None:
    with closing(psycopg2.connect(stack.dsn("cockpit_etl", "cockpit"))) as connection, connection.cursor() as cursor:
        cursor.execute(
            "with staged as (select cast(date_trunc('month', received_at at time zone 'Asia/Shanghai') as date) as month,"
            " region_code, sum(amount) as amount from staging.stg_erp__receipt where received_at is not null"
            " and region_code is not null group by 1, 2),"
            " shown as (select received_month as month, region_code, sum(amount) as amount from core.core_receipt"
            " where source = 'erp' group by 1, 2),"
            " held as (select month, region_code, sum(amount) as amount from marts.mart_held_amount"
            " where subject = 'receipts' group by 1, 2)"
            " select month, region_code, staged.amount, shown.amount, held.amount from staged"
            " left join shown using (month, region_code) left join held using (month, region_code)"
            " where staged.amount <> coalesce(shown.amount, 0) + coalesce(held.amount, 0)"
        )
        assert cursor.fetchall() == []
