"""The generated company: small tables at once, orders and receipts in batches of bounded size."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pandas as pd

from cockpit.demo.catalogue import make_products, make_regions
from cockpit.demo.clock import Clock
from cockpit.demo.customers import CustomerTables, make_customers
from cockpit.demo.dirt import ORDERED_AT_AS_OF, Planter
from cockpit.demo.draw import Ints, Stream, Times, generator, seconds
from cockpit.demo.orders import ActiveCause, Buyers, draw_lines, draw_orders, enter_times
from cockpit.demo.profile import Profile, Scale, load_profile
from cockpit.demo.receipts import draw_receipts
from cockpit.demo.rhythm import day_weights

_HOUR_SECONDS = 3600
FIRST_ORDER_ID = 1
FIRST_RECEIPT_ID = 1


@dataclass(frozen=True)
class Batch:
    """Orders of consecutive days with their lines and receipts, dirt included; see `orders` and `receipts`."""

    orders: pd.DataFrame
    lines: pd.DataFrame
    receipts: pd.DataFrame


@dataclass(frozen=True)
class Company:
    """A company at a business time; equal scale, seed and clock give equal tables.

    Attributes:
        regions, products: As the ERP's tables.
        customers: Records and what is true about them.
    """

    profile: Profile
    scale: Scale
    seed: int
    clock: Clock
    regions: pd.DataFrame
    products: pd.DataFrame
    customers: CustomerTables

    @property
    def first_month(self) -> np.datetime64:
        """First month of the history, `datetime64[M]`."""
        return self.clock.month - self.profile.company.history_months

    def batches(self) -> Iterator[Batch]:
        """Generate the history in order of time; each call starts anew and yields the same."""
        rng = generator(self.seed, Stream.CALENDAR)
        days, counts = self._orders_per_day(rng)
        sizes = rng.lognormal(0, self.profile.company.customers.size_sigma, len(self.customers.customers))
        region_codes = [region.region_code for region in self.profile.regions]
        buyers = Buyers.of(self.customers.customers, region_codes, sizes)
        order_id, receipt_id = FIRST_ORDER_ID, FIRST_RECEIPT_ID
        causes = ActiveCause.all(self.profile, self.clock)
        parts = _day_ranges(counts, self.profile.company.capacity.chunk_orders)
        for part, (begin, end) in enumerate(parts):
            rng = generator(self.seed, Stream.TRANSACTIONS, part)
            ordered_at = times_of_day(rng, self.profile, np.repeat(days[begin:end], counts[begin:end]), self.clock)
            is_last = end == len(days)
            if is_last and self.profile.dirt.boundary_cases.ordered_at_as_of:
                ordered_at[-self.profile.dirt.boundary_cases.ordered_at_as_of :] = self.clock.now
            batch = draw_batch(
                rng,
                self.profile,
                self.clock,
                buyers,
                self.products,
                causes,
                ordered_at,
                enter_times(rng, self.profile.company.orders, ordered_at, self.clock),
                first_order_id=order_id,
                first_receipt_id=receipt_id,
                is_history=True,
            )
            order_id += len(batch.orders)
            receipt_id += len(batch.receipts)
            yield batch

    def _orders_per_day(self, rng: np.random.Generator) -> tuple[Times, Ints]:
        days = np.arange(self.first_month.astype("datetime64[D]"), np.datetime64(self.clock.today) + 1)
        weights = day_weights(days, self.profile.company.rhythm)
        weights[-1] *= self._open_share_of_today()
        total = self.profile.company.scales[self.scale].orders
        return days, rng.multinomial(total, weights / weights.sum())

    def _open_share_of_today(self) -> float:
        rhythm = self.profile.company.rhythm
        now = self.clock.as_of
        hours = now.hour + now.minute / 60 - rhythm.opening_hour
        return float(np.clip(hours / (rhythm.closing_hour - rhythm.opening_hour), 0, 1))


def generate(scale: Scale, as_of: datetime, seed: int, profile: Profile | None = None) -> Company:
    """Describe the company; its orders and receipts come from `Company.batches`.

    Args:
        scale: How large.
        as_of: Business time, aware; the history ends here, planted future dates aside.
        seed: Not negative; decides every random choice.
        profile: The description; include/rules/demo when absent.

    Raises:
        RuleFileError: the description is wrong.
        ValueError: `as_of` has no time zone.
    """
    profile = profile or load_profile()
    return describe(profile, scale, profile.company.scales[scale].customers, as_of, seed)


def describe(profile: Profile, scale: Scale, customer_count: int, as_of: datetime, seed: int) -> Company:
    """As `generate`, with any number of customer records."""
    clock = Clock.at(as_of, profile.company.time_zone)
    start = (clock.month - profile.company.history_months).astype("datetime64[s]")
    return Company(
        profile=profile,
        scale=scale,
        seed=seed,
        clock=clock,
        regions=make_regions(profile.regions, start),
        products=make_products(profile.categories, seed, start),
        customers=make_customers(profile, customer_count, start, clock, seed),
    )


def times_of_day(rng: np.random.Generator, profile: Profile, days: Times, clock: Clock) -> Times:
    """A moment within business hours of each day, ascending, none after `as_of`."""
    rhythm = profile.company.rhythm
    opening, closing = rhythm.opening_hour * _HOUR_SECONDS, rhythm.closing_hour * _HOUR_SECONDS
    starts = days.astype("datetime64[s]") + seconds(opening)
    latest = np.minimum(starts + seconds(closing - opening), clock.now)
    open_seconds = (latest - starts).astype(np.int64)
    return np.sort(starts + seconds(rng.random(len(days)) * open_seconds))


def draw_batch(
    rng: np.random.Generator,
    profile: Profile,
    clock: Clock,
    buyers: Buyers,
    products: pd.DataFrame,
    causes: Sequence[ActiveCause],
    ordered_at: Times,
    entered_at: Times,
    *,
    first_order_id: int,
    first_receipt_id: int,
    is_history: bool,
) -> Batch:
    """Orders at given times with lines, receipts and dirt.

    Args:
        rng: The batch's generator.
        profile: The company's description.
        clock: Nothing but planted rows lies after its `as_of`.
        buyers: Who can order.
        products: As the ERP's table, with `list_price_cents`.
        causes: What takes orders and payments away.
        ordered_at: Ascending, local.
        entered_at: When each order reached the ERP.
        first_order_id: The others follow.
        first_receipt_id: The others follow.
        is_history: Plant at least one row of each kind and the boundary cases; a single day gets its share only.
    """
    planter = Planter(rng, profile.dirt, clock, at_least_one=is_history)
    orders = draw_orders(rng, profile, buyers, ordered_at, entered_at, causes, first_order_id, clock)
    orders.loc[orders["ordered_at"] == clock.now, "boundary_case"] = ORDERED_AT_AS_OF
    planter.plant_in_orders(orders)
    lines = draw_lines(rng, profile, orders, products)
    if is_history:
        planter.plant_boundary_lines(orders, lines)
    order_cents = lines.groupby("order_row")["amount_cents"].sum().to_numpy()
    planter.plant_in_lines(orders, lines)
    receipts = draw_receipts(rng, profile, orders, order_cents, causes, first_receipt_id, clock)
    planter.plant_in_receipts(receipts)
    return Batch(orders=orders, lines=lines, receipts=receipts)


def _day_ranges(counts: Ints, limit: int) -> list[tuple[int, int]]:
    """Consecutive ranges of days with at most `limit` orders each (a single day may have more)."""
    ranges: list[tuple[int, int]] = []
    begin, held = 0, 0
    for day, count in enumerate(counts.tolist()):
        if held and held + count > limit:
            ranges.append((begin, day))
            begin, held = day, 0
        held += count
    return [*ranges, (begin, len(counts))]
