"""Shipments of the ERP's orders, stock, and the warehouse's own list of articles."""

from __future__ import annotations

import numpy as np
import pandas as pd

from cockpit.demo.apis import marks as kinds
from cockpit.demo.apis.marks import Marks, Planting, pick, text_column
from cockpit.demo.apis.profile import Scm
from cockpit.demo.articles import WAREHOUSE, list_rows
from cockpit.demo.clock import Clock
from cockpit.demo.company import Company
from cockpit.demo.draw import Ints, Times, between, categorical, seconds

SYSTEM = "scm"
PICKED, SHIPPED, SIGNED = "PICKED", "SHIPPED", "SIGNED"
_STATUSES = (PICKED, SHIPPED, SIGNED)

_HOUR_SECONDS = 3600
_DAY_SECONDS = 86_400
_BOUNDARY_ROWS = 5
_NEVER = np.datetime64("NaT", "s")


def shipment_keys(ids: Ints) -> list[str]:
    """The numbers under which the API gives shipments."""
    return [f"SH{number:09d}" for number in ids.tolist()]


def draw_shipments(
    rng: np.random.Generator,
    rules: Scm,
    orders: pd.DataFrame,
    first_id: int,
    clock: Clock,
    marks: Marks,
    *,
    is_history: bool,
) -> pd.DataFrame:
    """Shipments of orders: one or two of a delivered one, sometimes one of an open one.

    Args:
        rng: The batch's generator.
        rules: How the company ships.
        orders: order_number, customer_id, begun_at (entered into the ERP), closed_at (delivered) and is_delivered;
            the others are open.
        first_id: Id of the first shipment.
        clock: Nothing but planted rows lies after its `as_of`.
        marks: Takes the planted rows.
        is_history: Plant each kind at least once.

    Returns:
        Columns as the table scm_shipment.
    """
    is_delivered = orders["is_delivered"].to_numpy(dtype=bool)
    draw = rng.random(len(orders))
    parts = np.where(draw < rules.collected_share, 0, np.where(draw > 1 - rules.split_share, 2, 1))
    parts[~is_delivered] = draw[~is_delivered] < rules.in_transit_share
    row = np.repeat(np.arange(len(orders)), parts)
    part = np.arange(len(row)) - np.repeat(np.cumsum(parts) - parts, parts) + 1
    count = len(row)
    begun = orders["begun_at"].to_numpy().astype("datetime64[s]")[row]
    closed = orders["closed_at"].to_numpy().astype("datetime64[s]")[row]
    signed = is_delivered[row]

    # A delivered order's last part is signed shortly before the ERP closes it; parts of open ones are on their way.
    transit = seconds(between(rng, rules.transit_hours, count) * _HOUR_SECONDS)
    signed_at = closed - seconds(rng.random(count) * 6 * _HOUR_SECONDS)
    left_at = np.where(signed, signed_at - transit, begun + seconds(rng.random(count) * 3 * _DAY_SECONDS))
    shipped_at = np.minimum(np.maximum(left_at, begun + seconds(60)), clock.now)
    signed_at = np.maximum(signed_at, shipped_at)
    has_left = signed | (rng.random(count) < 0.7)
    status = np.where(signed, 2, np.where(has_left, 1, 0))
    last = np.where(signed, signed_at, shipped_at)
    ids = first_id + np.arange(count, dtype=np.int64)
    shipments = pd.DataFrame(
        {
            "shipment_id": ids,
            "order_number": text_column(orders["order_number"].iloc[row]),
            "customer_id": orders["customer_id"].to_numpy(dtype=np.int64)[row],
            "part": part,
            "warehouse_code": pick(rng, rules.warehouses, count),
            "carrier": pick(rng, rules.carriers, count),
            "tracking_number": rng.integers(10**11, 10**12, count),
            "status": categorical(status, _STATUSES),
            "weight_grams": np.round(np.exp(rng.normal(8.2, 0.9, count))).astype(np.int64) + 100,
            "freight_cents": np.round(np.exp(rng.normal(8.3, 0.6, count))).astype(np.int64) + 800,
            "planned_on": (shipped_at + seconds(rng.integers(-1, 2, count) * _DAY_SECONDS)).astype("datetime64[D]"),
            "shipped_at": np.where(has_left, shipped_at, _NEVER),
            "signed_at": np.where(signed, signed_at, _NEVER),
            "changed_at": _entered(rng, rules, last, clock),
        }
    )
    shipments["planned_on"] = shipments["planned_on"].astype("datetime64[s]")
    _plant(rng, rules, shipments, clock, marks, is_history=is_history)
    return shipments


def _entered(rng: np.random.Generator, rules: Scm, happened: Times, clock: Clock) -> Times:
    """When a scan reached the system; hours late, but never after now."""
    entered: Times = np.minimum(happened + seconds(between(rng, rules.entry_minutes, len(happened)) * 60), clock.now)
    return entered


def _plant(
    rng: np.random.Generator, rules: Scm, shipments: pd.DataFrame, clock: Clock, marks: Marks, *, is_history: bool
) -> None:
    planting = Planting(rng, len(shipments), at_least_one=is_history and len(shipments) > 0)
    rates = rules.anomalies
    is_signed = shipments["signed_at"].notna().to_numpy()
    rows = planting.choose(kinds.ORDER_NUMBER_MALFORMED, rates.order_number_malformed)
    shipments.loc[rows, "order_number"] = [number[2:] for number in shipments["order_number"].iloc[rows]]
    rows = planting.choose(kinds.SIGNED_BEFORE_SHIPPED, rates.signed_before_shipped, is_signed)
    shipments.loc[rows, "signed_at"] = shipments["shipped_at"].iloc[rows] - pd.Timedelta(hours=30)
    rows = planting.choose(kinds.DATED_IN_FUTURE, rates.dated_in_future, is_signed)
    future = clock.now + seconds(rng.integers(60, 400, len(rows)) * _DAY_SECONDS)
    shipments.loc[rows, "shipped_at"] = future
    shipments.loc[rows, "signed_at"] = future + seconds(_DAY_SECONDS)
    rows = planting.choose(kinds.FREIGHT_NEGATIVE, rates.freight_negative)
    shipments.loc[rows, "freight_cents"] *= -1
    rows = planting.choose_boundary(kinds.SIGNED_WHEN_SHIPPED, _BOUNDARY_ROWS, is_signed)
    shipments.loc[rows, "signed_at"] = shipments["shipped_at"].iloc[rows]
    rows = planting.choose_boundary(kinds.FREIGHT_ZERO, _BOUNDARY_ROWS)
    shipments.loc[rows, "freight_cents"] = 0
    planting.tell(marks, SYSTEM, "shipment", shipment_keys(shipments["shipment_id"].to_numpy(dtype=np.int64)))


def draw_stock(
    rng: np.random.Generator, rules: Scm, products: pd.DataFrame, clock: Clock, marks: Marks
) -> pd.DataFrame:
    """Stock of each product in each warehouse; columns as the table scm_stock."""
    count = len(products) * len(rules.warehouses)
    on_hand = between(rng, rules.stock, count)
    codes = np.tile(products["product_code"].to_numpy(dtype=object), len(rules.warehouses))
    warehouses = np.repeat(np.array(rules.warehouses, dtype=object), len(products))
    stock = pd.DataFrame(
        {
            "stock_id": 1 + np.arange(count, dtype=np.int64),
            "warehouse_code": warehouses,
            "product_code": codes,
            "on_hand": on_hand,
            "reserved": np.floor(rng.random(count) * (on_hand + 1) / 2).astype(np.int64),
            "changed_at": clock.now - seconds(rng.integers(0, 20 * _DAY_SECONDS, count)),
        }
    )
    planting = Planting(rng, count, at_least_one=True)
    rows = planting.choose(kinds.STOCK_NEGATIVE, rules.anomalies.stock_negative)
    stock.loc[rows, "on_hand"] = -rng.integers(1, 40, len(rows))
    rows = planting.choose_boundary(kinds.STOCK_ZERO, _BOUNDARY_ROWS)
    stock.loc[rows, ["on_hand", "reserved"]] = 0
    planting.tell(marks, SYSTEM, "inventory", [f"{w}|{c}" for w, c in zip(warehouses, codes, strict=True)])
    return stock


def list_materials(company: Company) -> pd.DataFrame:
    """The warehouse's articles, entered when the history begins; columns as the table scm_material."""
    rows = list_rows(company, WAREHOUSE)
    return pd.DataFrame(
        {
            "material_id": 1 + np.arange(len(rows), dtype=np.int64),
            "material_number": rows["key"],
            "name": rows["name"],
            "name_en": rows["other_name"],
            "specification": rows["size"],
            "unit": rows["unit"],
            "changed_at": company.first_month.astype("datetime64[s]"),
        }
    )
