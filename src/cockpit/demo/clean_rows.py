"""The rows of the demo company's systems without those that are planted as wrong, for pandas.

Read from the systems and from schema truth, not from the platform. Only who is whom comes from there: how right it is
about that is scored by itself. Money is in whole cents, because sums of binary fractions are not exact.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd
from psycopg2.extensions import connection as PgConnection

# Planted, found and told to a person, but no reason to hold the row: the contract is real, its date is in doubt.
_COUNTED = "receipt_before_signing"


@dataclass
class CleanRows:
    """Tables, each read when it is first asked for.

    Attributes:
        erp, crm, apis, truth: Open connections to the systems and to schema truth.
        warehouse: Open connection that may read core_customer_source.
        time_zone: In which days and months begin.
    """

    erp: PgConnection
    crm: PgConnection
    apis: PgConnection
    truth: PgConnection
    warehouse: PgConnection
    time_zone: str

    @cached_property
    def all_orders(self) -> pd.DataFrame:
        """order_id, order_number, customer_id, region_code, day, status."""
        columns = f"order_id, order_number, customer_id, region_code, {self._day('ordered_at')} as day, status"
        return self._clean("erp", "sales_order", "order_id", columns)

    @cached_property
    def orders(self) -> pd.DataFrame:
        """Those that were not cancelled, with customer_key and amount in cents."""
        orders = self.all_orders[self.all_orders["status"] != "cancelled"]
        amount = self.lines.groupby("order_id")["amount"].sum()
        return orders.assign(
            customer_key=orders["customer_id"].map(self._golden),
            amount=orders["order_id"].map(amount).fillna(0).astype(np.int64),
        )

    @cached_property
    def lines(self) -> pd.DataFrame:
        """order_id, category, amount in cents; of all orders."""
        key, columns = "concat_ws('|', order_id, line_number)", f"order_id, product_id, {_cents('amount')}"
        lines = self._clean("erp", "sales_order_line", key, columns)
        products = read_frame(self.erp, "select product_id, category from product")
        return lines.assign(category=lines["product_id"].map(products.set_index("product_id")["category"]))

    @cached_property
    def receipts(self) -> pd.DataFrame:
        """receipt_id, order_id, region_code, day, amount in cents."""
        columns = f"receipt_id, order_id, region_code, {self._day('received_at')} as day, {_cents('amount')}"
        return self._clean("erp", "receipt", "receipt_id", columns)

    @cached_property
    def claims(self) -> pd.DataFrame:
        """receipt_id, order_id, amount in cents, in the order in which they were made."""
        columns = f"claim_id, receipt_id, order_id, claimed_at, {_cents('amount')}"
        claims = self._clean("erp", "receipt_claim", "claim_id", columns)
        return claims.sort_values(["receipt_id", "claimed_at", "claim_id"])

    @cached_property
    def invoices(self) -> pd.DataFrame:
        """order_id, day, amount in cents; red ones are negative."""
        return self._clean("erp", "invoice", "invoice_id", f"order_id, issued_on as day, {_cents('amount')}")

    @cached_property
    def service_costs(self) -> pd.DataFrame:
        """customer_key, amount in cents."""
        costs = self._clean("erp", "service_cost", "service_cost_id", f"customer_id, {_cents('amount')}")
        return costs.assign(customer_key=costs["customer_id"].map(self._golden))

    @cached_property
    def shipments(self) -> pd.DataFrame:
        """order_number, day on which it left; those that have left."""
        key = "concat('SH', lpad(cast(shipment_id as text), 9, '0'))"
        columns = f"order_number, {self._day('shipped_at')} as day"
        return self._clean("scm", "shipment", key, columns, "scm_shipment").dropna(subset=["day"])

    @cached_property
    def contracts(self) -> pd.DataFrame:
        """day, business_unit_code of the owner on that day, amount with tax in cents; those that count."""
        columns = (
            f"signed_on as day, owner_username, {_cents('amount')}, tax_basis,"
            " cast(round(tax_rate * 1000) as integer) as rate, status, coalesce(is_framework, false) as is_framework"
        )
        contracts = self._clean("crm", "contract", "contract_id", columns)
        contracts = contracts[(contracts["status"] != "terminated") & (contracts["is_framework"] != "t")]
        # Half a cent goes up, as in the books.
        taxed = (contracts["amount"] * (1000 + contracts["rate"]) * 2 + 1000) // 2000
        return contracts.assign(
            amount=contracts["amount"].where(contracts["tax_basis"] != "without_tax", taxed),
            business_unit_code=contracts["owner_username"].map(self._unit_of_person).fillna("unknown"),
        )

    @cached_property
    def opportunities(self) -> pd.DataFrame:
        """day of creation, stage, amount in cents."""
        columns = f"opportunity_id, {self._day('created_at')} as day, stage, {_cents('amount')}"
        return self._clean("crm", "opportunity", "opportunity_id", columns)

    @cached_property
    def activities(self) -> pd.DataFrame:
        """owner_username, kind, day, minutes."""
        columns = f"owner_username, kind, {self._day('started_at')} as day, minutes"
        return self._clean("crm", "activity", "activity_id", columns)

    @cached_property
    def _unit_of_person(self) -> Mapping[str, str]:
        """Nobody of the company has changed the business unit."""
        rows = read_frame(
            self.crm,
            "select app_user.username, org_unit.business_unit_code"
            " from app_user join org_unit on app_user.org_unit_code = org_unit.org_unit_code",
        )
        return dict(zip(rows["username"], rows["business_unit_code"], strict=True))

    @cached_property
    def _golden(self) -> Mapping[int, str]:
        """The golden customer of each customer of the ERP."""
        rows = read_frame(
            self.warehouse,
            "select cast(source_customer_key as bigint) as customer_id, customer_key"
            " from core.core_customer_source where source = 'erp'",
        )
        return dict(zip(rows["customer_id"], rows["customer_key"], strict=True))

    @cached_property
    def _wrong(self) -> pd.DataFrame:
        rows = read_frame(
            self.truth, "select anomaly.system, anomaly.entity, anomaly.key, anomaly.kind from truth.anomaly"
        )
        return rows[rows["kind"] != _COUNTED]

    def _clean(self, system: str, entity: str, key: str, columns: str, table: str | None = None) -> pd.DataFrame:
        connection = {"erp": self.erp, "crm": self.crm, "scm": self.apis}[system]
        rows = read_frame(connection, f"select cast({key} as text) as known_as, {columns} from {table or entity}")
        is_here = (self._wrong["system"] == system) & (self._wrong["entity"] == entity)
        wrong = set(self._wrong.loc[is_here, "key"].astype(str))
        return rows[~rows["known_as"].astype(str).isin(wrong)].drop(columns="known_as").reset_index(drop=True)

    def _day(self, column: str) -> str:
        """SQL for the local day of a time."""
        return f"cast({column} at time zone '{self.time_zone}' as date)"


def _cents(column: str) -> str:
    """SQL for an amount in whole cents."""
    return f"cast(round({column} * 100) as bigint) as {column}"


def read_frame(connection: PgConnection, query: str) -> pd.DataFrame:
    """The rows of a query as pandas reads them; a column `day` as a date."""
    buffer = io.BytesIO()
    with connection, connection.cursor() as cursor:
        cursor.copy_expert(f"copy ({query}) to stdout with (format csv, header)", buffer)
    buffer.seek(0)
    rows = pd.read_csv(buffer)
    return rows.assign(day=pd.to_datetime(rows["day"])) if "day" in rows else rows
