"""Plant rows that a quality rule should find, and clean rows at the boundary that it should leave alone.

Each planted row is marked in place (`anomaly`, `boundary_case`), so that truth and data cannot drift apart. A row has
at most one mark.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from cockpit.demo.clock import Clock
from cockpit.demo.draw import Bools, Ints, Times, between, column, sample, seconds, times
from cockpit.demo.orders import line_amount_cents, line_amount_cents_rounded_down
from cockpit.demo.profile import DirtFile

UNKNOWN_CUSTOMER = "unknown_customer"
DATED_IN_FUTURE = "dated_in_future"
MISSING_CURRENCY = "missing_currency"
DUPLICATE_ORDER_NUMBER = "duplicate_order_number"
NEGATIVE_QUANTITY = "negative_quantity"
AMOUNT_DISAGREES = "amount_disagrees"
AMOUNT_NOT_POSITIVE = "amount_not_positive"

ORDERED_AT_AS_OF = "ordered_at_as_of"
SMALLEST_QUANTITY = "smallest_quantity"
AMOUNT_ROUNDED_DOWN = "amount_rounded_down"

_DAY_SECONDS = 86_400
_SMALLEST_QUANTITY_MILLI = 1
# Dearer than 10.0000 a unit, so that a thousandth is worth a cent.
_SMALLEST_QUANTITY_PRICE_E4 = 100_000
# Three units at x.xx33 end in 0.99 of a cent, as far as cutting off can be from the exact amount.
_ROUNDED_QUANTITY_MILLI, _ROUNDED_PRICE_TAIL_E4 = 3_000, 33
# Below 100.00 a wrong factor could vanish in the rounding.
_DISAGREEING_FROM_CENTS = 10_000


@dataclass(frozen=True)
class Planter:
    """Plants into one batch of rows.

    Attributes:
        rng: The batch's generator.
        dirt: Rates and limits.
        clock: "The future" begins after its `as_of`.
        at_least_one: Plant one row of each kind even where the rate gives less than half a row.
    """

    rng: np.random.Generator
    dirt: DirtFile
    clock: Clock
    at_least_one: bool

    def plant_in_orders(self, orders: pd.DataFrame) -> None:
        """Mark and change orders; before their lines are drawn."""
        rates = self.dirt.anomalies.sales_order
        everywhere = np.ones(len(orders), dtype=bool)
        self._repeat_orders(orders, rates.duplicate_order_number)
        rows = self._mark(orders, UNKNOWN_CUSTOMER, rates.unknown_customer, everywhere)
        orders.loc[rows, "customer_id"] += self.dirt.unknown_customer_offset
        rows = self._mark(orders, DATED_IN_FUTURE, rates.dated_in_future, everywhere)
        orders.loc[rows, "ordered_at"] = self._future(len(rows))
        rows = self._mark(orders, MISSING_CURRENCY, rates.missing_currency, everywhere)
        orders.loc[rows, "currency"] = None

    def plant_boundary_lines(self, orders: pd.DataFrame, lines: pd.DataFrame) -> None:
        """Change lines into unusual but right ones; before totals are taken."""
        cases = self.dirt.boundary_cases
        is_dear = column(lines, "unit_price_e4") > _SMALLEST_QUANTITY_PRICE_E4
        candidates = self._of_clean_orders(orders, lines) & is_dear
        rows = self._mark_boundary(lines, SMALLEST_QUANTITY, cases.smallest_quantity, candidates)
        lines.loc[rows, "quantity_milli"] = _SMALLEST_QUANTITY_MILLI
        lines.loc[rows, "amount_cents"] = line_amount_cents(*_quantity_and_price(lines, rows))
        rows = self._mark_boundary(lines, AMOUNT_ROUNDED_DOWN, cases.amount_rounded_down, candidates)
        lines.loc[rows, "quantity_milli"] = _ROUNDED_QUANTITY_MILLI
        lines.loc[rows, "unit_price_e4"] += _ROUNDED_PRICE_TAIL_E4
        lines.loc[rows, "amount_cents"] = line_amount_cents_rounded_down(*_quantity_and_price(lines, rows))

    def plant_in_lines(self, orders: pd.DataFrame, lines: pd.DataFrame) -> None:
        """Mark and change lines of clean orders; after totals are taken, since customers pay what is right."""
        rates = self.dirt.anomalies.sales_order_line
        is_large = column(lines, "amount_cents") >= _DISAGREEING_FROM_CENTS
        candidates = self._of_clean_orders(orders, lines) & is_large
        rows = self._mark(lines, NEGATIVE_QUANTITY, rates.negative_quantity, candidates)
        lines.loc[rows, ["quantity_milli", "amount_cents"]] *= -1
        rows = self._mark(lines, AMOUNT_DISAGREES, rates.amount_disagrees, candidates)
        factors = self.rng.choice(self.dirt.amount_factors, len(rows))
        wrong = np.round(column(lines.loc[rows], "amount_cents") * factors).astype(np.int64)
        lines.loc[rows, "amount_cents"] = wrong

    def plant_in_receipts(self, receipts: pd.DataFrame) -> None:
        """Mark and change receipts."""
        rates = self.dirt.anomalies.receipt
        everywhere = np.ones(len(receipts), dtype=bool)
        rows = self._mark(receipts, AMOUNT_NOT_POSITIVE, rates.amount_not_positive, everywhere)
        receipts.loc[rows, "amount_cents"] *= self.rng.integers(-1, 1, len(rows))
        rows = self._mark(receipts, DATED_IN_FUTURE, rates.dated_in_future, everywhere)
        receipts.loc[rows, "received_at"] = self._future(len(rows))
        rows = self._mark(receipts, UNKNOWN_CUSTOMER, rates.unknown_customer, everywhere)
        receipts.loc[rows, "customer_id"] += self.dirt.unknown_customer_offset
        rows = self._mark(receipts, MISSING_CURRENCY, rates.missing_currency, everywhere)
        receipts.loc[rows, "currency"] = None

    def _count(self, rate: float, rows: int) -> int:
        return max(round(rate * rows), int(self.at_least_one and rate > 0))

    def _future(self, count: int) -> Times:
        future: Times = self.clock.now + seconds(between(self.rng, self.dirt.future_days, count) * _DAY_SECONDS)
        return future

    def _mark(self, frame: pd.DataFrame, kind: str, rate: float, candidates: Bools) -> Ints:
        """Choose unmarked candidates, mark them and return their positions."""
        free = candidates & frame["anomaly"].isna().to_numpy() & frame["boundary_case"].isna().to_numpy()
        rows = sample(self.rng, np.flatnonzero(free), self._count(rate, len(frame)))
        frame.loc[rows, "anomaly"] = kind
        return rows

    def _mark_boundary(self, frame: pd.DataFrame, kind: str, count: int, candidates: Bools) -> Ints:
        rows = sample(self.rng, np.flatnonzero(candidates & frame["boundary_case"].isna().to_numpy()), count)
        frame.loc[rows, "boundary_case"] = kind
        return rows

    def _repeat_orders(self, orders: pd.DataFrame, rate: float) -> None:
        """Enter some orders twice; the later entry is marked, so that the sale counts once."""
        pair_count = self._count(rate, len(orders))
        # Pairs of neighbours, so that no order takes part twice; an odd last row stays out.
        firsts = np.arange(0, len(orders) - 1, 2)
        is_free = orders["boundary_case"].isna().to_numpy()
        rows = sample(self.rng, firsts[is_free[firsts] & is_free[firsts + 1]], pair_count)
        same = ["order_number", "customer_id", "region", "region_code", "ordered_at", "status", "is_cancelled"]
        for name in same:
            orders.loc[rows + 1, name] = orders[name].iloc[rows].array
        latest = np.maximum(times(orders, "updated_at")[rows], times(orders, "entered_at")[rows + 1])
        orders.loc[rows + 1, "updated_at"] = latest
        orders.loc[rows + 1, "same_as_row"] = rows
        orders.loc[rows + 1, "anomaly"] = DUPLICATE_ORDER_NUMBER

    @staticmethod
    def _of_clean_orders(orders: pd.DataFrame, lines: pd.DataFrame) -> Bools:
        chosen: Bools = orders["anomaly"].isna().to_numpy()[column(lines, "order_row")]
        return chosen


def _quantity_and_price(lines: pd.DataFrame, rows: Ints) -> tuple[Ints, Ints]:
    chosen = lines.loc[rows]
    return column(chosen, "quantity_milli"), column(chosen, "unit_price_e4")
