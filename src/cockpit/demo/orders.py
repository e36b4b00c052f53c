"""Orders and their lines, drawn in batches.

Money and quantities are whole numbers in the unit that a column's name ends with (`_cents`, `_milli`, `_e4`), so
that every total is exact. Local time throughout; see `clock`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from cockpit.demo.clock import Clock
from cockpit.demo.draw import Bools, Floats, Ints, Times, between, categorical, choose, seconds, unmarked
from cockpit.demo.profile import Cause, OrderHabits, Profile

STATUSES = ("open", "delivered", "cancelled")
OPEN, DELIVERED, CANCELLED = range(3)

_DAY_SECONDS = 86_400
_MILLI = 1000
_E4_PER_CENT = 100
_CENTS_DIVISOR = _MILLI * _E4_PER_CENT


@dataclass(frozen=True)
class Buyers:
    """Who can order, ascending by the time of joining.

    Attributes:
        customer_ids: ERP ids.
        regions: Index into the profile's regions.
        industries: The ERP's text.
        joined_at: From when on they order.
        cumulative_size: Running sum of how often they order.
    """

    customer_ids: Ints
    regions: Ints
    industries: pd.Series
    joined_at: Times
    cumulative_size: Floats

    @classmethod
    def of(cls, customers: pd.DataFrame, region_codes: Sequence[str], sizes: Floats) -> Buyers:
        """The buyers of a customer table, with one size per row of it."""
        order = np.argsort(customers["created_at"].to_numpy(), kind="stable")
        rows = customers.iloc[order]
        region = pd.CategoricalDtype(list(region_codes))
        return cls(
            customer_ids=rows["customer_id"].to_numpy(dtype=np.int64),
            regions=np.asarray(rows["region_code"].astype(region).cat.codes, dtype=np.int64),
            industries=rows["industry"].reset_index(drop=True),
            joined_at=rows["created_at"].to_numpy().astype("datetime64[s]"),
            cumulative_size=np.cumsum(sizes[order]),
        )


@dataclass(frozen=True)
class ActiveCause:
    """A planted cause with its place in time and among the regions."""

    rule: Cause
    region: int
    starts_at: np.datetime64

    @classmethod
    def all(cls, profile: Profile, clock: Clock) -> list[ActiveCause]:
        """The profile's causes at this business time."""
        codes = [region.region_code for region in profile.regions]
        return [
            cls(
                rule=cause,
                region=codes.index(cause.region_code),
                starts_at=(clock.month - cause.starts_months_back).astype("datetime64[s]"),
            )
            for cause in profile.causes
        ]

    def affects(self, regions: Ints, ordered_at: Times) -> Bools:
        """Which orders fall under the cause, its industry aside."""
        affected: Bools = (regions == self.region) & (ordered_at >= self.starts_at)
        return affected


def draw_buyers(rng: np.random.Generator, buyers: Buyers, ordered_at: Times, causes: Sequence[ActiveCause]) -> Ints:
    """Index of the buyer of each order: joined before, larger ones more often, lost ones not."""
    known = np.searchsorted(buyers.joined_at, ordered_at, side="right")
    chosen = np.full(len(ordered_at), -1, dtype=np.int64)
    # Orders that a cause takes away go to others, so that a scale keeps its number of orders.
    todo = np.arange(len(ordered_at))
    while len(todo):
        reach = buyers.cumulative_size[known[todo] - 1]
        chosen[todo] = np.searchsorted(buyers.cumulative_size, rng.random(len(todo)) * reach, side="right")
        todo = todo[_is_lost(rng, buyers, chosen[todo], ordered_at[todo], causes)]
    return chosen


def _is_lost(
    rng: np.random.Generator, buyers: Buyers, chosen: Ints, ordered_at: Times, causes: Sequence[ActiveCause]
) -> Bools:
    is_lost = np.zeros(len(chosen), dtype=bool)
    for cause in causes:
        if not cause.rule.lost_order_share:
            continue
        affected = cause.affects(buyers.regions[chosen], ordered_at)
        if cause.rule.industry is not None:
            affected &= (buyers.industries.iloc[chosen] == cause.rule.industry).to_numpy()
        is_lost |= affected & (rng.random(len(chosen)) < cause.rule.lost_order_share)
    return is_lost


def draw_orders(
    rng: np.random.Generator,
    profile: Profile,
    buyers: Buyers,
    ordered_at: Times,
    entered_at: Times,
    causes: Sequence[ActiveCause],
    first_id: int,
    clock: Clock,
) -> pd.DataFrame:
    """Orders at given times.

    Args:
        rng: The batch's generator.
        profile: The company's description.
        buyers: Who can order.
        ordered_at: Ascending, local.
        entered_at: When each order reached the ERP.
        causes: Planted causes that take orders away.
        first_id: Id of the first order; the others follow.
        clock: Nothing has happened after its `as_of`.

    Returns:
        Columns as the ERP's table sales_order, plus `region` (index), `entered_at`, `is_cancelled` (also when
        that lies ahead), `same_as_row` (position of the order that this one repeats, else its own) and the
        markers `anomaly` and `boundary_case` (null).
    """
    habits = profile.company.orders
    count = len(ordered_at)
    buyer = draw_buyers(rng, buyers, ordered_at, causes)
    region = buyers.regions[buyer]
    ids = first_id + np.arange(count, dtype=np.int64)

    is_cancelled = rng.random(count) < habits.cancelled_share
    days = np.where(is_cancelled, between(rng, habits.cancel_days, count), between(rng, habits.delivery_days, count))
    closed_at = entered_at + seconds(days * _DAY_SECONDS + rng.integers(0, _DAY_SECONDS // 3, count))
    is_closed = closed_at <= clock.now
    status = np.where(is_closed, np.where(is_cancelled, CANCELLED, DELIVERED), OPEN)
    return pd.DataFrame(
        {
            "order_id": ids,
            "order_number": [f"SO{number:09d}" for number in ids.tolist()],
            "customer_id": buyers.customer_ids[buyer],
            "region": region,
            "region_code": categorical(region, [item.region_code for item in profile.regions]),
            "ordered_at": ordered_at,
            "status": categorical(status, STATUSES),
            "currency": categorical(np.zeros(count, dtype=np.int64), [profile.company.currency]),
            "entered_at": entered_at,
            "updated_at": np.where(is_closed, closed_at, entered_at),
            "is_cancelled": is_cancelled,
            "same_as_row": np.arange(count),
            "anomaly": unmarked(count),
            "boundary_case": unmarked(count),
        }
    )


def enter_times(rng: np.random.Generator, habits: OrderHabits, ordered_at: Times, clock: Clock) -> Times:
    """When an order that came at `ordered_at` was typed into the ERP."""
    return np.minimum(ordered_at + seconds(between(rng, habits.entry_minutes, len(ordered_at)) * 60), clock.now)


def draw_lines(
    rng: np.random.Generator, profile: Profile, orders: pd.DataFrame, products: pd.DataFrame
) -> pd.DataFrame:
    """The lines of the orders, before any dirt; an order that repeats another one has the same lines.

    Returns:
        Columns as the ERP's table sales_order_line with `quantity_milli`, `unit_price_e4` and `amount_cents`, plus
        `order_row` (position of the order) and the markers `anomaly` and `boundary_case` (null).
    """
    habits = profile.company.orders
    drawn_counts = choose(rng, habits.line_count_share, len(orders)) + 1
    first_drawn = np.cumsum(drawn_counts) - drawn_counts
    count = int(drawn_counts.sum())
    product = rng.integers(0, len(products), count)
    quantity = rng.geometric(1 / habits.mean_quantity, count) * _MILLI
    is_fractional = rng.random(count) < habits.fractional_quantity_share
    quantity[is_fractional] = rng.integers(1, 50 * _MILLI, int(is_fractional.sum()))
    percents = np.round(np.asarray(habits.discounts) * 100).astype(np.int64)
    list_price_cents = products["list_price_cents"].to_numpy(dtype=np.int64)
    price_e4 = list_price_cents[product] * percents[rng.integers(0, len(percents), count)]

    template = orders["same_as_row"].to_numpy(dtype=np.int64)
    line_counts = drawn_counts[template]
    order_row = np.repeat(np.arange(len(orders)), line_counts)
    place = np.arange(len(order_row)) - np.repeat(np.cumsum(line_counts) - line_counts, line_counts)
    drawn = np.repeat(first_drawn[template], line_counts) + place
    return pd.DataFrame(
        {
            "order_id": orders["order_id"].to_numpy()[order_row],
            "line_number": place + 1,
            "product_id": products["product_id"].to_numpy()[product[drawn]],
            "quantity_milli": quantity[drawn],
            "unit_price_e4": price_e4[drawn],
            "amount_cents": line_amount_cents(quantity[drawn], price_e4[drawn]),
            "updated_at": orders["entered_at"].to_numpy()[order_row],
            "order_row": order_row,
            "anomaly": unmarked(len(order_row)),
            "boundary_case": unmarked(len(order_row)),
        }
    )


def line_amount_cents(quantity_milli: Ints, unit_price_e4: Ints) -> Ints:
    """Quantity times price, rounded half up to the cent (positive quantities)."""
    return (quantity_milli * unit_price_e4 + _CENTS_DIVISOR // 2) // _CENTS_DIVISOR


def line_amount_cents_rounded_down(quantity_milli: Ints, unit_price_e4: Ints) -> Ints:
    """Quantity times price, cut off at the cent."""
    return quantity_milli * unit_price_e4 // _CENTS_DIVISOR
