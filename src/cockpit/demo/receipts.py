"""Money received for orders: some in advance, most weeks later, some in parts, some never."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from cockpit.demo.clock import Clock
from cockpit.demo.draw import Bools, Ints, between, choose, seconds, unmarked
from cockpit.demo.orders import ActiveCause
from cockpit.demo.profile import Profile, ReceiptHabits

NO_ORDER = -1

_DAY_SECONDS = 86_400
_HOUR_SECONDS = 3600
_BANKING_HOURS = (9, 17)
_FIRST_PART_PERCENT = (30, 60)


def draw_receipts(
    rng: np.random.Generator,
    profile: Profile,
    orders: pd.DataFrame,
    order_cents: Ints,
    causes: Sequence[ActiveCause],
    first_id: int,
    clock: Clock,
) -> pd.DataFrame:
    """The receipts of these orders up to `as_of`, before any dirt.

    Args:
        rng: The batch's generator.
        profile: The company's description.
        orders: As drawn; cancelled ones and planted anomalies are not paid.
        order_cents: Total of each order.
        causes: Planted causes that delay payment.
        first_id: Id of the first receipt.
        clock: Later payments have not happened.

    Returns:
        Columns as the ERP's table receipt with `amount_cents` and `order_id` -1 for none, plus the markers
        `anomaly` and `boundary_case` (null); ascending by `received_at`.
    """
    habits = profile.company.receipts
    is_paid = (
        (rng.random(len(orders)) >= habits.unpaid_share)
        & ~orders["is_cancelled"].to_numpy(dtype=bool)
        & orders["anomaly"].isna().to_numpy()
        & (order_cents > 0)
    )
    paid = np.flatnonzero(is_paid)
    delay = _draw_delay_days(rng, habits, len(paid))
    for cause in causes:
        affected = cause.affects(orders["region"].to_numpy()[paid], orders["ordered_at"].to_numpy()[paid])
        delay[affected] += cause.rule.extra_payment_days

    order_row, part, cents = _split(rng, habits, paid, order_cents[paid])
    gap = between(rng, habits.part_gap_days, len(order_row)) * part
    day = (
        orders["ordered_at"].to_numpy()[order_row].astype("datetime64[D]")
        + np.repeat(delay, np.bincount(order_row, minlength=len(orders))[paid])
        + gap
    )
    day = np.busday_offset(day, 0, roll="forward")  # banks book on weekdays
    opening, closing = _BANKING_HOURS
    received_at = day.astype("datetime64[s]") + seconds(
        rng.integers(opening * _HOUR_SECONDS, closing * _HOUR_SECONDS, len(day))
    )
    # An advance payment of the same day still comes after its order.
    received_at = np.maximum(received_at, orders["ordered_at"].to_numpy()[order_row] + seconds(_HOUR_SECONDS))
    happened = (received_at <= clock.now) & (cents > 0)
    by_time = np.flatnonzero(happened)[np.argsort(received_at[happened], kind="stable")]

    order_row, cents, received_at = order_row[by_time], cents[by_time], received_at[by_time]
    count = len(order_row)
    ids = first_id + np.arange(count, dtype=np.int64)
    has_no_order = rng.random(count) < habits.without_order_share
    entered_at = received_at + seconds(between(rng, habits.entry_hours, count) * _HOUR_SECONDS)
    return pd.DataFrame(
        {
            "receipt_id": ids,
            "receipt_number": [f"RC{number:09d}" for number in ids.tolist()],
            "customer_id": orders["customer_id"].to_numpy()[order_row],
            "order_id": np.where(has_no_order, NO_ORDER, orders["order_id"].to_numpy()[order_row]),
            "region_code": orders["region_code"].array[order_row],
            "received_at": received_at,
            "amount_cents": cents,
            "currency": orders["currency"].array[order_row],
            "updated_at": np.minimum(entered_at, clock.now),
            "anomaly": unmarked(count),
            "boundary_case": unmarked(count),
        }
    )


def _draw_delay_days(rng: np.random.Generator, habits: ReceiptHabits, count: int) -> Ints:
    usual = rng.lognormal(np.log(habits.delay_days_median), habits.delay_days_sigma, count)
    is_advance: Bools = rng.random(count) < habits.advance_share
    return np.where(is_advance, rng.integers(0, 3, count), np.round(usual)).astype(np.int64)


def _split(rng: np.random.Generator, habits: ReceiptHabits, paid: Ints, cents: Ints) -> tuple[Ints, Ints, Ints]:
    """One to three parts per paid order that add up to its total: position of the order, part from 0, cents."""
    counts = choose(rng, habits.part_count_share, len(paid)) + 1
    order = np.repeat(np.arange(len(paid)), counts)
    part = np.arange(len(order)) - np.repeat(np.cumsum(counts) - counts, counts)
    left = np.repeat(counts, counts) - part
    percent = rng.integers(*_FIRST_PART_PERCENT, len(paid))
    first = np.where(counts > 1, cents * percent // 100, cents)
    rest = (cents - first)[order]
    # The middle part of three takes half of the rest, the last part what remains.
    halves = rest // 2
    amount = np.select(
        [part == 0, (part == 1) & (left == 1), part == 1], [first[order], rest, halves], default=rest - halves
    )
    return paid[order], part, amount
