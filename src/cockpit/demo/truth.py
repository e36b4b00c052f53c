"""What is true about a generated company, computed from its clean rows while they pass."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal

import numpy as np
import pandas as pd

from cockpit.demo.company import Batch, Company
from cockpit.demo.draw import Ints
from cockpit.demo.finance import Finance
from cockpit.demo.marks import ANOMALY, BOUNDARY_CASE, marks_of
from cockpit.demo.orders import STATUSES
from cockpit.demo.tables import ERP_TABLES
from cockpit.demo.targets import MonthlyTotals, has_reliable_pace, make_targets

ERP = "erp"

_CANCELLED = STATUSES[-1]
_REGION_MONTH = ["region_code", "month"]


@dataclass(frozen=True)
class Truth:
    """The targets, which belong into the ERP, and the tables of schema truth; columns as in truth_schema.sql,
    money in `_cents`."""

    targets: pd.DataFrame
    clusters: pd.DataFrame
    hierarchy: pd.DataFrame
    anomalies: pd.DataFrame
    boundary_cases: pd.DataFrame
    causes: pd.DataFrame
    region_months: pd.DataFrame
    expected: pd.DataFrame


@dataclass
class TruthBuilder:
    """Collects marks and totals batch by batch; memory grows with the marked rows only."""

    company: Company
    _anomalies: list[pd.DataFrame] = field(default_factory=list)
    _boundary_cases: list[pd.DataFrame] = field(default_factory=list)
    _money: list[pd.DataFrame] = field(default_factory=list)
    _figures: Counter[str] = field(default_factory=Counter)

    def add(self, batch: Batch) -> None:
        """Take in one batch."""
        self._anomalies.append(marked_keys(batch, ANOMALY))
        self._boundary_cases.append(marked_keys(batch, BOUNDARY_CASE))
        self._money.append(region_month_money(batch))
        self._figures.update(clean_figures(batch))

    def add_finance(self, finance: Finance) -> None:
        """Take in what accounting made of the batch."""
        self._anomalies.append(finance_marks(finance, ANOMALY))
        self._boundary_cases.append(finance_marks(finance, BOUNDARY_CASE))

    def finish(self, further: Counter[str] | None = None) -> Truth:
        """The truth about everything that was taken in.

        Args:
            further: Figures of other systems.
        """
        company = self.company
        money = pd.concat(self._money).groupby(_REGION_MONTH, as_index=False).sum()
        targets = make_targets(company.profile, self._monthly_totals(money), company.clock, company.seed)
        wanted = targets[[*_REGION_MONTH, "amount_cents"]].rename(columns={"amount_cents": "target_cents"})
        region_months = money.merge(wanted, on=_REGION_MONTH, how="outer").sort_values(_REGION_MONTH)
        for column in ("received_cents", "ordered_cents"):
            region_months[column] = region_months[column].fillna(0).astype(np.int64)
        clusters = company.customers.clusters
        figures = self._figures | _customer_figures(clusters) | (further or Counter())
        return Truth(
            targets=targets,
            clusters=_erp_clusters(clusters),
            hierarchy=company.customers.hierarchy,
            anomalies=pd.concat(self._anomalies, ignore_index=True),
            boundary_cases=pd.concat(
                [company.customers.look_alikes.assign(system=ERP), *self._boundary_cases], ignore_index=True
            ),
            causes=_causes(company),
            region_months=region_months.reset_index(drop=True),
            expected=expected_table(figures),
        )

    def _monthly_totals(self, money: pd.DataFrame) -> MonthlyTotals:
        company = self.company
        first = company.first_month
        months = np.arange(first, company.clock.month + 1).astype("datetime64[D]").astype("datetime64[s]")
        codes = [region.region_code for region in company.profile.regions]

        def matrix(column: str) -> Ints:
            table = money.pivot(index="month", columns="region_code", values=column)
            return table.reindex(index=months, columns=codes).fillna(0).to_numpy(dtype=np.int64)

        return MonthlyTotals(first_month=first, received=matrix("received_cents"))


def clean_rows(batch: Batch) -> Batch:
    """The rows that every quality rule should let through; a line needs a clean order too."""
    is_clean_order = batch.orders[ANOMALY].isna().to_numpy()
    is_clean_line = batch.lines[ANOMALY].isna().to_numpy() & is_clean_order[batch.lines["order_row"].to_numpy()]
    return Batch(
        orders=batch.orders[is_clean_order],
        lines=batch.lines[is_clean_line],
        receipts=batch.receipts[batch.receipts[ANOMALY].isna()],
    )


def marked_keys(batch: Batch, mark: str) -> pd.DataFrame:
    """The rows with a mark: system, kind, entity (ERP table) and key (primary key, parts joined by `|`)."""
    order_id, line = batch.orders["order_id"].astype(str), batch.lines
    keys = {
        "sales_order": (batch.orders, order_id),
        "sales_order_line": (line, line["order_id"].astype(str) + "|" + line["line_number"].astype(str)),
        "receipt": (batch.receipts, batch.receipts["receipt_id"].astype(str)),
    }
    return pd.concat(
        [marks_of(ERP, entity, frame, key, mark) for entity, (frame, key) in keys.items()], ignore_index=True
    )


def finance_marks(finance: Finance, mark: str) -> pd.DataFrame:
    """The rows with a mark as `marked_keys` gives them; of receipts what accounting added to them."""
    tables = dict(finance.tables)
    if mark == BOUNDARY_CASE:
        tables["receipt"] = finance.receipts
    return pd.concat(
        [marks_of(ERP, table, frame, frame[ERP_TABLES[table][0].name], mark) for table, frame in tables.items()],
        ignore_index=True,
    )


def region_month_money(batch: Batch) -> pd.DataFrame:
    """Clean money of a batch by region_code and month (first day).

    Returns:
        `received_cents` of receipts by the month received; `ordered_cents` of the lines of orders that are not
        cancelled by the month ordered.
    """
    clean = clean_rows(batch)
    orders = batch.orders.iloc[clean.lines["order_row"]]
    is_kept = orders["status"].to_numpy() != _CANCELLED
    ordered = _by_region_month(
        orders[is_kept], orders["ordered_at"][is_kept], clean.lines["amount_cents"].to_numpy()[is_kept], "ordered_cents"
    )
    receipts = clean.receipts
    received = _by_region_month(
        receipts, receipts["received_at"], receipts["amount_cents"].to_numpy(), "received_cents"
    )
    money = received.merge(ordered, on=_REGION_MONTH, how="outer")
    return money.fillna({"received_cents": 0, "ordered_cents": 0}).astype(
        {"received_cents": np.int64, "ordered_cents": np.int64}
    )


def clean_figures(batch: Batch) -> Counter[str]:
    """Totals of the clean rows: counts, and money in cents where the name ends so."""
    clean = clean_rows(batch)
    is_cancelled = batch.orders["status"].to_numpy()[clean.lines["order_row"]] == _CANCELLED
    cents = clean.lines["amount_cents"].to_numpy()
    return Counter(
        {
            "clean_orders": len(clean.orders),
            "clean_order_lines": len(clean.lines),
            "clean_receipts": len(clean.receipts),
            "ordered_cents": int(cents[~is_cancelled].sum()),
            "cancelled_cents": int(cents[is_cancelled].sum()),
            "received_cents": int(clean.receipts["amount_cents"].sum()),
        }
    )


def expected_table(figures: Counter[str]) -> pd.DataFrame:
    """Figure and value (decimal text); money in the currency's unit, named `_amount`."""
    rows = []
    for figure, value in sorted(figures.items()):
        if figure.endswith("_cents"):
            rows.append((figure.removesuffix("_cents") + "_amount", str(Decimal(value).scaleb(-2))))
        else:
            rows.append((figure, str(value)))
    return pd.DataFrame(rows, columns=["figure", "value"])


def _by_region_month(rows: pd.DataFrame, moments: pd.Series, cents: Ints, name: str) -> pd.DataFrame:
    table = pd.DataFrame(
        {
            "region_code": rows["region_code"].astype(str).to_numpy(),
            "month": moments.to_numpy().astype("datetime64[M]").astype("datetime64[s]"),
            name: cents,
        }
    )
    return table.groupby(_REGION_MONTH, as_index=False)[[name]].sum()


def _customer_figures(clusters: pd.DataFrame) -> Counter[str]:
    sizes = clusters["true_customer_id"].value_counts()
    return Counter(
        {
            "customer_records": len(clusters),
            "customers": len(sizes),
            "duplicate_pairs": int((sizes * (sizes - 1) // 2).sum()),
        }
    )


def _erp_clusters(clusters: pd.DataFrame) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "system": ERP,
            "entity": "customer",
            "key": clusters["customer_id"].astype(str),
            "true_customer_id": clusters["true_customer_id"],
            "variant": clusters["variant"],
        }
    )


def _causes(company: Company) -> pd.DataFrame:
    """One row per cause and month that it makes miss; not the current month while its pace says nothing yet."""
    first_back = 0 if has_reliable_pace(company.profile, company.clock) else 1
    rows = [
        (cause.kind, cause.description_en, cause.description_zh, cause.region_code, company.clock.month - back)
        for cause in company.profile.causes
        for back in range(first_back, cause.missed_months)
    ]
    table = pd.DataFrame(rows, columns=["kind", "description_en", "description_zh", "region_code", "month"])
    return table.assign(month=np.array([row[-1] for row in rows]).astype("datetime64[D]").astype("datetime64[s]"))
