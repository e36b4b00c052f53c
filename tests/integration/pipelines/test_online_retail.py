"""Half a million real invoice lines, from the file to the marts, against an independent computation in pandas."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from subprocess import CompletedProcess

import pandas as pd
import psycopg2
import pytest
from psycopg2.extensions import connection as PgConnection

from tests.conftest import Postgres

Command = Callable[..., "CompletedProcess[str]"]

pytestmark = pytest.mark.realdata

LINES = 541_909


@pytest.fixture(scope="module")
def invoices(real_data: Path) -> pd.DataFrame:
    lines = pd.read_csv(real_data / "ecom_uci_online_retail" / "online_retail.csv.gz", dtype=str)
    lines["quantity"] = lines["Quantity"].astype(int)
    lines["pence"] = (pd.to_numeric(lines["UnitPrice"]) * 100_000).round().astype(int)
    lines["is_cancellation"] = lines["InvoiceNo"].str.startswith("C")
    lines["is_wrong"] = (lines["pence"] <= 0) | ((lines["quantity"] <= 0) & ~lines["is_cancellation"])
    lines["month"] = lines["InvoiceDate"].str[:7]
    return lines


@pytest.fixture(scope="module")
def first_run(invoices: pd.DataFrame, cockpit: Command) -> CompletedProcess[str]:
    result = cockpit("run", "online_retail")
    assert result.returncode == 0, result.stderr
    return result


@pytest.fixture
def warehouse(first_run: object, postgres: Postgres) -> PgConnection:
    url = postgres.settings.database_address("cockpit_etl", "cockpit_online_retail")
    with closing(psycopg2.connect(url.render_as_string(hide_password=False))) as connection:
        yield connection


def test_every_line_is_in_the_ledger(first_run: object, cockpit: Command, invoices: pd.DataFrame) -> None:
    (entry,) = json.loads(cockpit("report", "--json", "--workspace", "online_retail").stdout)["ledger"]["entities"]
    assert entry["is_balanced"]
    assert entry["batches"] == 305
    assert entry["received"] == entry["loaded"] == LINES
    assert entry["rejected"] == entry["superseded"] == entry["unchanged"] == 0
    assert entry["quarantined"] == int(invoices["is_wrong"].sum())
    assert entry["staged"] == LINES - entry["quarantined"]


def test_every_batch_is_one_invoice_day(warehouse: PgConnection, invoices: pd.DataFrame) -> None:
    expected = invoices.groupby(invoices["InvoiceDate"].str[:10]).size().to_dict()
    with warehouse.cursor() as cursor:
        cursor.execute("select label, sum(received) from ops.import_batch where received > 0 group by label")
        assert {label: int(count) for label, count in cursor} == expected


def test_wrong_lines_wait_in_quarantine_with_their_reasons(warehouse: PgConnection, invoices: pd.DataFrame) -> None:
    with warehouse.cursor() as cursor:
        cursor.execute(
            "select rule_id, count(*), count(nullif(message, '')), count(nullif(message_zh, ''))"
            " from quality.quarantine where released_at is null group by rule_id"
        )
        found = {rule: (rows, english, chinese) for rule, rows, english, chinese in cursor}
    prices = int((invoices["pence"] <= 0).sum())
    quantities = int(((invoices["quantity"] <= 0) & ~invoices["is_cancellation"]).sum())
    assert found == {
        "unit_price_not_positive": (prices,) * 3,
        "quantity_negative_outside_cancellation": (quantities,) * 3,
    }


def test_cancellations_and_anonymous_sales_are_facts(warehouse: PgConnection, invoices: pd.DataFrame) -> None:
    good = invoices[~invoices["is_wrong"]]
    with warehouse.cursor() as cursor:
        cursor.execute("select count(*) filter (where is_cancelled), count(*) from core.core_order_line")
        assert cursor.fetchone() == (int(good["is_cancellation"].sum()), len(good))
        cursor.execute("select count(*) filter (where customer_key is null), count(*) from core.core_order")
        per_invoice = good.groupby("InvoiceNo")["CustomerID"].first()
        assert cursor.fetchone() == (int(per_invoice.isna().sum()), len(per_invoice))
        cursor.execute("select count(*) from core.core_customer")
        assert cursor.fetchone() == (good["CustomerID"].nunique(),)


def test_monthly_sales_equal_an_independent_sum(warehouse: PgConnection, invoices: pd.DataFrame) -> None:
    good = invoices[~invoices["is_wrong"]].copy()
    # Each line is rounded to the penny, half away from zero, as on the invoice.
    exact = good["quantity"] * good["pence"]
    good["amount"] = (exact.abs() + 500) // 1000 * exact.map(lambda value: 1 if value > 0 else -1)
    expected = {month: Decimal(int(pennies)) / 100 for month, pennies in good.groupby("month")["amount"].sum().items()}
    with warehouse.cursor() as cursor:
        cursor.execute("select to_char(month, 'YYYY-MM'), sum(net_amount) from marts.mart_sales_monthly group by 1")
        assert dict(cursor.fetchall()) == expected


def test_a_second_run_changes_nothing_and_the_ledger_says_so(
    first_run: object, cockpit: Command, warehouse: PgConnection
) -> None:
    result = cockpit("run", "online_retail")
    assert result.returncode == 0, result.stderr
    assert "0 rows received, 0 loaded, 0 rows changed in tables" in result.stdout
    with warehouse.cursor() as cursor:
        cursor.execute("select received, loaded, label from ops.import_batch order by batch_id desc limit 1")
        received, loaded, label = cursor.fetchone()
    assert (received, loaded) == (0, 0)
    assert label.endswith("online_retail.csv.gz")
