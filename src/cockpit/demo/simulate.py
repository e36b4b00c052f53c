"""One further business day in the ERP: what an incremental load has to find.

New orders and receipts, orders of the days before that are entered late, deliveries and corrected customers. Truth
moves along, so that a score stays valid.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
from psycopg2 import sql
from psycopg2.extensions import connection as PgConnection
from psycopg2.extensions import cursor as PgCursor

from cockpit.demo.bulk_copy import copy_frame
from cockpit.demo.catalogue import make_products
from cockpit.demo.clock import Clock
from cockpit.demo.company import Batch, draw_batch, times_of_day
from cockpit.demo.draw import Stream, generator, sample, unmarked
from cockpit.demo.fill import ERP_SCHEMA, TRUTH_SCHEMA, Generation, stored_generation
from cockpit.demo.orders import ActiveCause, Buyers, enter_times
from cockpit.demo.profile import Profile, load_profile
from cockpit.demo.rhythm import day_weights
from cockpit.demo.statements import statement
from cockpit.demo.tables import ERP_TABLES, TRUTH_TABLES
from cockpit.demo.truth import ANOMALY, clean_figures, expected_table, marked_keys, region_month_money
from cockpit.errors import StackError, TerminalError
from cockpit.i18n import _

logger = logging.getLogger(__name__)

_RECENT_DAYS = 28
_UNPAID_DAYS = 90
_PER_MILLION = 1_000_000


@dataclass(frozen=True)
class SimulatedDay:
    """What one day brought.

    Attributes:
        is_reused: The day was there already; nothing was written and the counts are 0.
        new_orders: Orders entered on the day, those dated earlier included.
        late_orders: Of these, dated up to a week earlier.
        delivered_orders: Earlier orders whose status changed.
        corrected_customers: Customers whose phone changed.
    """

    day: date
    is_reused: bool
    new_orders: int = 0
    late_orders: int = 0
    new_lines: int = 0
    new_receipts: int = 0
    delivered_orders: int = 0
    corrected_customers: int = 0


def simulate_day(erp: PgConnection, truth: PgConnection, day: date) -> SimulatedDay:
    """Add a business day to the filled ERP; the same day twice changes nothing the second time.

    Args:
        erp: Owner of the ERP database.
        truth: Owner of schema truth.
        day: Later than every day that is there; days between are left without business.

    Raises:
        StackError: the ERP has not been filled.
        TerminalError: the day lies before the last one that is there.
    """
    stored = stored_generation(truth)
    if stored is None:
        raise StackError(_("the demo company has not been generated yet"), fix=_("Run './cockpit demo' first."))
    if _is_there(truth, day):
        return SimulatedDay(day=day, is_reused=True)
    if day <= stored.last_day:
        raise TerminalError(
            _("a day can only be added after the last one"),
            found=day.isoformat(),
            allowed=_("after {day}", day=stored.last_day.isoformat()),
        )
    simulation = _Simulation.of(stored, day)
    # Left in reverse order: the ERP is committed before its truth.
    with truth, erp, truth.cursor() as truth_cursor, erp.cursor() as erp_cursor:
        result = simulation.run(erp_cursor, truth_cursor)
    logger.info("simulated %s: %s orders, %s receipts", day, result.new_orders, result.new_receipts)
    return result


def _is_there(truth: PgConnection, day: date) -> bool:
    with truth, truth.cursor() as cursor:
        cursor.execute("select exists (select from truth.simulated_day where business_date = %s)", (day,))
        return cursor.fetchone() == (True,)


@dataclass(frozen=True)
class _Simulation:
    profile: Profile
    stored: Generation
    day: date
    clock: Clock
    rng: np.random.Generator

    @classmethod
    def of(cls, stored: Generation, day: date) -> _Simulation:
        profile = load_profile()
        closing = time(profile.company.rhythm.closing_hour, tzinfo=ZoneInfo(profile.company.time_zone))
        return cls(
            profile=profile,
            stored=stored,
            day=day,
            clock=Clock.at(datetime.combine(day, closing), profile.company.time_zone),
            rng=generator(stored.seed, Stream.SIMULATED_DAY, day.toordinal()),
        )

    def run(self, erp: PgCursor, truth: PgCursor) -> SimulatedDay:
        erp.execute(statement("simulate_remove_unfinished"), self._last_ids())
        late = self.profile.company.simulated_day.late_order_count
        batch = self._draw(erp, truth, late)
        delivered = self._deliver(erp)
        corrected = self._correct_customers(erp)
        for table, frame in (
            ("sales_order", batch.orders),
            ("sales_order_line", batch.lines),
            ("receipt", batch.receipts),
        ):
            copy_frame(erp, sql.Identifier(ERP_SCHEMA, table), ERP_TABLES[table], frame, self.clock.offset)
        self._tell_truth(truth, batch)
        return SimulatedDay(
            day=self.day,
            is_reused=False,
            new_orders=len(batch.orders),
            late_orders=late,
            new_lines=len(batch.lines),
            new_receipts=len(batch.receipts),
            delivered_orders=delivered,
            corrected_customers=corrected,
        )

    def _last_ids(self) -> dict[str, int]:
        return {"last_order_id": self.stored.last_order_id, "last_receipt_id": self.stored.last_receipt_id}

    def _draw(self, erp: PgCursor, truth: PgCursor, late: int) -> Batch:
        profile, stored = self.profile, self.stored
        today = np.datetime64(self.day)
        on_time = times_of_day(self.rng, profile, np.repeat(today, self._order_count(erp)), self.clock)
        days_late = self.rng.integers(1, profile.company.simulated_day.late_days_max, late, endpoint=True)
        dated_earlier = times_of_day(self.rng, profile, today - days_late, self.clock)
        entered_today = times_of_day(self.rng, profile, np.repeat(today, late), self.clock)
        began = Clock.at(stored.as_of, profile.company.time_zone)
        batch = draw_batch(
            self.rng,
            profile,
            self.clock,
            self._buyers(erp),
            make_products(profile.categories, stored.seed, began.now),
            # The causes keep the place in time that they had at the fill.
            ActiveCause.all(profile, began),
            np.concatenate([dated_earlier, on_time]),
            np.concatenate([entered_today, enter_times(self.rng, profile.company.orders, on_time, self.clock)]),
            first_order_id=stored.last_order_id + 1,
            first_receipt_id=stored.last_receipt_id + 1,
            is_history=False,
        )
        # A late order's advance payment may lie before the day; it was booked with the order.
        opening = self.clock.now.astype("datetime64[D]").astype("datetime64[s]")
        batch.receipts["updated_at"] = np.maximum(batch.receipts["updated_at"].to_numpy(), opening)
        paid = self._pay_open_orders(erp, truth, batch)
        return Batch(orders=batch.orders, lines=batch.lines, receipts=paid)

    def _order_count(self, erp: PgCursor) -> int:
        """As many as the weekday and the month's rhythm make of the last weeks' orders."""
        window = np.arange(np.datetime64(self.stored.last_day) - _RECENT_DAYS + 1, np.datetime64(self.day) + 1)
        weights = day_weights(window, self.profile.company.rhythm)
        erp.execute(
            "select count(*) from sales_order where ordered_at >= %s and ordered_at < %s",
            (self._midnight(self.stored.last_day - timedelta(_RECENT_DAYS - 1)), self._midnight(self.day)),
        )
        found = erp.fetchone()
        recent = int(found[0]) if found else 0
        usual = recent * float(weights[-1] / weights[:_RECENT_DAYS].sum())
        return max(round(usual), self.profile.company.simulated_day.min_order_count)

    def _midnight(self, day: date) -> datetime:
        return datetime.combine(day, time(), tzinfo=self.clock.as_of.tzinfo)

    def _buyers(self, erp: PgCursor) -> Buyers:
        erp.execute(statement("simulate_buyers"), {"zone": self.profile.company.time_zone})
        customers = pd.DataFrame(erp.fetchall(), columns=["customer_id", "region_code", "industry", "created_at"])
        sizes = self.rng.lognormal(0, self.profile.company.customers.size_sigma, len(customers))
        return Buyers.of(customers, [region.region_code for region in self.profile.regions], sizes)

    def _pay_open_orders(self, erp: PgCursor, truth: PgCursor, batch: Batch) -> pd.DataFrame:
        """The batch's receipts and as many for earlier orders, numbered in order of time."""
        erp.execute(statement("simulate_unpaid_orders"), {"day_start": self._midnight(self.day), "days": _UNPAID_DAYS})
        columns = ["order_id", "customer_id", "region_code", "amount_cents"]
        unpaid = pd.DataFrame(erp.fetchall(), columns=columns)
        truth.execute(
            "select cast(split_part(key, '|', 1) as bigint) from truth.anomaly where entity like 'sales_order%'"
        )
        wrong = [order_id for (order_id,) in truth.fetchall()]
        # One large payment would lift a region out of the miss that truth says it has.
        missing = [cause.region_code for cause in self.profile.causes]
        unpaid = unpaid[
            ~unpaid["order_id"].isin(wrong) & ~unpaid["region_code"].isin(missing) & (unpaid["amount_cents"] > 0)
        ]
        chosen = unpaid.iloc[np.sort(sample(self.rng, np.arange(len(unpaid)), len(batch.orders)))]
        received_at = times_of_day(self.rng, self.profile, np.repeat(np.datetime64(self.day), len(chosen)), self.clock)
        paid = chosen.assign(
            received_at=received_at,
            updated_at=received_at,
            currency=self.profile.company.currency,
            anomaly=unmarked(len(chosen)),
            boundary_case=unmarked(len(chosen)),
        )
        receipts = pd.concat([batch.receipts.astype({"region_code": str, "currency": object}), paid])
        receipts = receipts.sort_values("updated_at", kind="stable", ignore_index=True)
        ids = self.stored.last_receipt_id + 1 + np.arange(len(receipts))
        numbers = [f"RC{number:09d}" for number in ids.tolist()]
        return receipts.assign(receipt_id=ids, receipt_number=numbers)

    def _deliver(self, erp: PgCursor) -> int:
        habits = self.profile.company
        erp.execute(
            statement("simulate_deliver_orders"),
            {
                "delivered_at": self.clock.as_of,
                "last_order_id": self.stored.last_order_id,
                "min_days": habits.orders.delivery_days.min,
                "day_number": self.day.toordinal(),
                "per_million": round(habits.simulated_day.delivered_share * _PER_MILLION),
            },
        )
        return erp.rowcount

    def _correct_customers(self, erp: PgCursor) -> int:
        erp.execute("select customer_id from customer order by customer_id")
        ids = np.array([customer_id for (customer_id,) in erp.fetchall()], dtype=np.int64)
        chosen = sample(self.rng, ids, self.profile.company.simulated_day.corrected_customer_count)
        prefixes = self.profile.names.mobile_prefixes
        for customer_id in chosen.tolist():
            prefix = prefixes[int(self.rng.integers(len(prefixes)))]
            erp.execute(
                statement("simulate_correct_customers"),
                {
                    "customer_id": customer_id,
                    "phone": f"{prefix}{self.rng.integers(20_000_000, 90_000_000)}",
                    "updated_at": self.clock.as_of,
                },
            )
        return len(chosen)

    def _tell_truth(self, truth: PgCursor, batch: Batch) -> None:
        anomalies = marked_keys(batch, ANOMALY)
        table = sql.Identifier(TRUTH_SCHEMA, "anomaly")
        copy_frame(truth, table, TRUTH_TABLES["anomaly"], anomalies, self.clock.offset)
        for row in region_month_money(batch).to_dict("records"):
            truth.execute(
                statement("simulate_add_region_month"),
                {
                    "region_code": row["region_code"],
                    "month": row["month"].date(),
                    "received_amount": Decimal(row["received_cents"]).scaleb(-2),
                    "ordered_amount": Decimal(row["ordered_cents"]).scaleb(-2),
                },
            )
        for figure, value in expected_table(clean_figures(batch)).itertuples(index=False):
            truth.execute(statement("simulate_add_expected"), {"figure": figure, "value": value})
        truth.execute(
            statement("simulate_add_day"),
            {
                "business_date": self.day,
                "last_order_id": self.stored.last_order_id + len(batch.orders),
                "last_receipt_id": self.stored.last_receipt_id + len(batch.receipts),
            },
        )
