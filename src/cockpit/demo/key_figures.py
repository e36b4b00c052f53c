"""Key figures of the demo company, computed a second time: in pandas, from the clean rows of its systems.

Nothing of the platform's SQL is used, so that a mistake there shows here. figures/<figure>.sql reads the same figure
from the marts; both must agree to the cent.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pandas as pd
from pydantic import BaseModel, ConfigDict, Field

from cockpit.demo.clean_rows import CleanRows, read_frame

_MONTH = "month"
_LISTED = 20
_QUERIES = Path(__file__).parent / "figures"


def received_by_region(rows: CleanRows) -> pd.Series:
    """Receipts in cents by region and month."""
    return _sum(rows.receipts, ["region_code", _MONTH])


def ordered_by_region(rows: CleanRows) -> pd.Series:
    """Orders in cents by region and month."""
    return _sum(rows.orders, ["region_code", _MONTH])


def ordered_by_category(rows: CleanRows) -> pd.Series:
    """Lines of orders in cents by product category and month."""
    return _sum(rows.lines.merge(rows.orders[["order_id", "day"]], on="order_id"), ["category", _MONTH])


def amount_per_order(rows: CleanRows) -> pd.Series:
    """Cents per order, by month."""
    orders = _monthly(rows.orders)
    return _ratio(orders.groupby(_MONTH)["amount"].sum(), orders.groupby(_MONTH).size())


def amount_per_buyer(rows: CleanRows) -> pd.Series:
    """Cents per customer who bought, by month."""
    orders = _monthly(rows.orders[rows.orders["amount"] > 0])
    return _ratio(orders.groupby(_MONTH)["amount"].sum(), orders.groupby(_MONTH)["customer_key"].nunique())


def invoiced_by_region(rows: CleanRows) -> pd.Series:
    """Invoices in cents by month and region of their order."""
    regions = rows.all_orders.set_index("order_id")["region_code"]
    region = rows.invoices["order_id"].map(regions).fillna("unknown")
    return _sum(rows.invoices.assign(region_code=region), ["region_code", _MONTH])


def signed_by_business_unit(rows: CleanRows) -> pd.Series:
    """Contracts in cents with tax, by business unit and month of signing."""
    return _sum(rows.contracts, ["business_unit_code", _MONTH])


def open_by_region(rows: CleanRows) -> pd.Series:
    """What orders still owe, in cents, by region."""
    paid = _payments(rows).groupby("order_id")["amount"].sum()
    owed = rows.orders["amount"] - rows.orders["order_id"].map(paid).fillna(0).astype(np.int64)
    return _whole(rows.orders.assign(amount=owed.clip(lower=0)).groupby("region_code")["amount"].sum())


def days_to_pay(rows: CleanRows) -> pd.Series:
    """Days from the last shipment of an order, else from the order, to its payments, by amount; tenths, by customer."""
    shipped = rows.shipments.groupby("order_number")["day"].max().rename("shipped")
    orders = rows.orders.merge(shipped, on="order_number", how="left").set_index("order_id")
    start = orders["shipped"].fillna(orders["day"])
    payments = _payments(rows)
    payments = payments[payments["order_id"].isin(start.index)]
    days = (payments["day"] - payments["order_id"].map(start)).dt.days
    weighted = payments.assign(
        weighted=payments["amount"] * days, customer_key=payments["order_id"].map(orders["customer_key"])
    )
    by_customer = weighted.groupby("customer_key")
    return _tenths(by_customer["weighted"].sum(), by_customer["amount"].sum())


def won_share(rows: CleanRows) -> pd.Series:
    """Of the opportunities of a month that are decided, those that were won."""
    decided = _monthly(rows.opportunities[rows.opportunities["stage"].isin(["won", "lost"])])
    won = decided["stage"].eq("won").groupby(decided[_MONTH]).sum()
    return _ratio(won, decided.groupby(_MONTH).size())


def contact_minutes(rows: CleanRows) -> pd.Series:
    """Minutes of activities by person and month."""
    activities = _monthly(rows.activities)
    return _whole(activities.groupby(["owner_username", _MONTH])["minutes"].sum())


def returning_share(rows: CleanRows) -> pd.Series:
    """Of the customers who bought in a month, those who had bought in an earlier one."""
    orders = _monthly(rows.orders[rows.orders["amount"] > 0].dropna(subset=["customer_key"]))
    buyers = orders[["customer_key", _MONTH]].drop_duplicates()
    first = buyers.groupby("customer_key")[_MONTH].transform("min")
    again = (buyers[_MONTH] > first).groupby(buyers[_MONTH]).sum()
    return _ratio(again, buyers.groupby(_MONTH).size())


def value_before_risk(rows: CleanRows) -> pd.Series:
    """Cents of all orders without the cost of service, by customer: what the lifetime value divides."""
    ordered = rows.orders.groupby("customer_key")["amount"].sum()
    return _whole(ordered.sub(rows.service_costs.groupby("customer_key")["amount"].sum(), fill_value=0))


FIGURES: Mapping[str, Callable[[CleanRows], pd.Series]] = MappingProxyType(
    {
        figure.__name__: figure
        for figure in (
            received_by_region,
            ordered_by_region,
            ordered_by_category,
            amount_per_order,
            amount_per_buyer,
            invoiced_by_region,
            signed_by_business_unit,
            open_by_region,
            days_to_pay,
            won_share,
            contact_minutes,
            returning_share,
            value_before_risk,
        )
    }
)


class KeyFigure(BaseModel):
    """One figure, computed twice."""

    model_config = ConfigDict(frozen=True)

    figure: str = Field(description="name of the figure")
    value_count: int = Field(description="values that either side has, such as one per region and month; 0 is none")
    difference_count: int = Field(description="of these, those that differ; 0 is right")
    differences: tuple[str, ...] = Field(description=f"at most {_LISTED}: key, expected and found value")


def compare(rows: CleanRows) -> list[KeyFigure]:
    """Compare each figure with that of the marts.

    Args:
        rows: Its `warehouse` has to read the marts too.
    """
    return [_compared(name, figure(rows), _found(rows, name)) for name, figure in FIGURES.items()]


def _found(rows: CleanRows, figure: str) -> pd.Series:
    query = (_QUERIES / f"{figure}.sql").read_text(encoding="utf-8")
    found = read_frame(rows.warehouse, query)
    return found.set_index([column for column in found if column != "value"])["value"].astype(float)


def _compared(figure: str, expected: pd.Series, found: pd.Series) -> KeyFigure:
    both = pd.DataFrame({"expected": expected.astype(float), "found": found}).fillna(0.0)
    both = both[(both != 0).any(axis=1)]
    # Cents are whole; a ratio without end differs in the last digits of a binary fraction.
    differing = both[~np.isclose(both["expected"], both["found"], rtol=1e-9, atol=1e-6)]
    listed = [f"{key}: {row.expected:.6f}, {row.found:.6f}" for key, row in differing.head(_LISTED).iterrows()]
    return KeyFigure(figure=figure, value_count=len(both), difference_count=len(differing), differences=tuple(listed))


def _payments(rows: CleanRows) -> pd.DataFrame:
    """order_id, day, amount: what of each receipt was paid for which order.

    Claims are served in their order until the receipt is used up; a receipt that nobody claims is the order's it names.
    """
    receipts = rows.receipts.set_index("receipt_id")
    claims = rows.claims[rows.claims["receipt_id"].isin(receipts.index)]
    before = claims.groupby("receipt_id")["amount"].cumsum() - claims["amount"]
    left = (claims["receipt_id"].map(receipts["amount"]) - before).clip(lower=0)
    served = claims.assign(
        amount=np.minimum(claims["amount"], left).astype(np.int64), day=claims["receipt_id"].map(receipts["day"])
    )
    unclaimed = rows.receipts[~rows.receipts["receipt_id"].isin(claims["receipt_id"])]
    columns = ["order_id", "day", "amount"]
    return pd.concat([served[columns], unclaimed[columns]]).dropna(subset=["order_id"])


def _monthly(rows: pd.DataFrame) -> pd.DataFrame:
    return rows.assign(month=rows["day"].dt.strftime("%Y-%m"))


def _sum(rows: pd.DataFrame, keys: list[str]) -> pd.Series:
    return _whole(_monthly(rows).groupby(keys)["amount"].sum())


def _whole(values: pd.Series) -> pd.Series:
    """Without zeros: no row and a row with nothing are the same."""
    values = values.astype(np.int64)
    return values[values != 0]


def _tenths(above: pd.Series, below: pd.Series) -> pd.Series:
    """The quotient of whole numbers, rounded in whole numbers: half a tenth goes away from zero."""
    size = (abs(above) * 20 + below) // (below * 2)
    return size.where(above >= 0, -size)


def _ratio(above: pd.Series, below: pd.Series) -> pd.Series:
    return above.astype(float) / below.astype(float)
