"""One further business day in ERP and CRM: what an incremental load has to find.

New orders and receipts, orders of the days before that are entered late, deliveries and corrected customers, and what
follows from them in the CRM. Truth moves along, so that a score stays valid.
"""

from __future__ import annotations

import logging
from collections import Counter
from dataclasses import dataclass, field
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
from cockpit.demo.company import Batch, draw_batch, generate, times_of_day
from cockpit.demo.crm.day import CrmDay, simulate_crm_day
from cockpit.demo.draw import Stream, generator, sample, unmarked
from cockpit.demo.fill import ERP_SCHEMA, TRUTH_SCHEMA, Generation, stored_generation
from cockpit.demo.finance import (
    Finance,
    Payers,
    clean_orders,
    draw_bills,
    draw_claims,
    draw_contracts,
    draw_invoices,
    draw_payers,
    order_totals,
)
from cockpit.demo.marks import ANOMALY, BOUNDARY_CASE
from cockpit.demo.orders import ActiveCause, Buyers, enter_times
from cockpit.demo.profile import Between, Profile, load_profile
from cockpit.demo.profile_finance import FinanceFile, load_finance
from cockpit.demo.rhythm import day_weights
from cockpit.demo.statements import statement
from cockpit.demo.systems import Systems
from cockpit.demo.tables import ERP_TABLES, TRUTH_TABLES
from cockpit.demo.truth import clean_figures, expected_table, finance_marks, marked_keys, region_month_money
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
        crm: What changed in the CRM, by table and what happened to its rows, such as `lead.deleted`.
    """

    day: date
    is_reused: bool
    new_orders: int = 0
    late_orders: int = 0
    new_lines: int = 0
    new_receipts: int = 0
    delivered_orders: int = 0
    corrected_customers: int = 0
    crm: dict[str, int] = field(default_factory=dict)


def simulate_day(systems: Systems, day: date) -> SimulatedDay:
    """Add a business day to the filled systems; the same day twice changes nothing the second time.

    Args:
        systems: Owners of the databases.
        day: Later than every day that is there; days between are left without business.

    Raises:
        StackError: the systems have not been filled.
        TerminalError: the day lies before the last one that is there.
    """
    erp, crm, truth = systems.erp, systems.crm, systems.truth
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
    # Left in reverse order: the systems are committed before their truth.
    with truth, crm, erp, truth.cursor() as truth_cursor, crm.cursor() as crm_cursor, erp.cursor() as erp_cursor:
        result = simulation.run(erp_cursor, crm_cursor, truth_cursor)
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

    def run(self, erp: PgCursor, crm: PgCursor, truth: PgCursor) -> SimulatedDay:
        erp.execute(
            statement("simulate_remove_unfinished"), {**self._last_ids(), "day_start": self._midnight(self.day)}
        )
        late = self.profile.company.simulated_day.late_order_count
        customers = self._customers(erp)
        batch = self._draw(erp, truth, customers, late)
        delivered = self._deliver(erp)
        corrected = self._correct_customers(erp)
        finance = self._account(erp, crm, truth, customers, batch)
        for table, frame in (
            ("sales_order", batch.orders),
            ("sales_order_line", batch.lines),
            ("receipt", finance.receipts),
            *finance.tables.items(),
        ):
            copy_frame(erp, sql.Identifier(ERP_SCHEMA, table), ERP_TABLES[table], frame, self.clock.offset)
        crm_day = self._simulate_crm(crm, truth, batch, finance)
        self._tell_truth(truth, batch, finance)
        self._tell_truth_of_crm(truth, crm_day)
        self._finish(truth, batch)
        return SimulatedDay(
            day=self.day,
            is_reused=False,
            new_orders=len(batch.orders),
            late_orders=late,
            new_lines=len(batch.lines),
            new_receipts=len(batch.receipts),
            delivered_orders=delivered,
            corrected_customers=corrected,
            crm=crm_day.counts,
        )

    def _last_ids(self) -> dict[str, int]:
        return {"last_order_id": self.stored.last_order_id, "last_receipt_id": self.stored.last_receipt_id}

    def _draw(self, erp: PgCursor, truth: PgCursor, customers: pd.DataFrame, late: int) -> Batch:
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
            self._buyers(customers),
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

    def _customers(self, erp: PgCursor) -> pd.DataFrame:
        erp.execute(statement("simulate_buyers"), {"zone": self.profile.company.time_zone})
        columns = [column.name for column in erp.description or ()]
        return pd.DataFrame(erp.fetchall(), columns=columns)

    def _buyers(self, customers: pd.DataFrame) -> Buyers:
        sizes = self.rng.lognormal(0, self.profile.company.customers.size_sigma, len(customers))
        return Buyers.of(customers, [region.region_code for region in self.profile.regions], sizes)

    def _pay_open_orders(self, erp: PgCursor, truth: PgCursor, batch: Batch) -> pd.DataFrame:
        """The batch's receipts and as many for earlier orders, numbered in order of time."""
        erp.execute(statement("simulate_unpaid_orders"), {"day_start": self._midnight(self.day), "days": _UNPAID_DAYS})
        columns = ["order_id", "customer_id", "region_code", "amount_cents"]
        unpaid = pd.DataFrame(erp.fetchall(), columns=columns)
        wrong = self._wrong_orders(truth)
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

    def _wrong_orders(self, truth: PgCursor) -> list[int]:
        truth.execute(
            "select cast(split_part(key, '|', 1) as bigint) from truth.anomaly"
            " where system = 'erp' and entity like 'sales_order%'"
        )
        return [order_id for (order_id,) in truth.fetchall()]

    def _account(self, erp: PgCursor, crm: PgCursor, truth: PgCursor, customers: pd.DataFrame, batch: Batch) -> Finance:
        """Payers and claims of the day's receipts, invoices of what was delivered on it, contracts of the orders."""
        rng = generator(self.stored.seed, Stream.FINANCE, self.day.toordinal())
        rules = load_finance()
        payers = Payers.of(customers, self.profile.dirt.unknown_customer_offset)
        candidates = np.flatnonzero(clean_orders(batch))
        contracts = draw_contracts(rng, rules, batch.orders, order_totals(batch), candidates)
        receipts = draw_payers(rng, rules, payers, batch.receipts)
        crm.execute(
            "select contract_id from contract where contract_id = any(%s)", (receipts["order_id"].astype(int).tolist(),)
        )
        known = [order_id for (order_id,) in crm.fetchall()]
        contracted = receipts["order_id"].isin([*known, *contracts["order_id"].tolist()]).to_numpy()
        return Finance(
            tables={
                "invoice": self._invoice(rng, rules, erp, truth),
                "receipt_claim": draw_claims(rng, _at_once(rules), payers, receipts, contracted, self.clock),
                "acceptance_bill": draw_bills(rng, rules, receipts, self.clock),
            },
            receipts=receipts,
            contracts=contracts,
        )

    def _invoice(self, rng: np.random.Generator, rules: FinanceFile, erp: PgCursor, truth: PgCursor) -> pd.DataFrame:
        """Invoices of the orders that were delivered on the day, at its end."""
        erp.execute(statement("simulate_delivered_orders"), {"delivered_at": self.clock.as_of})
        columns = [column.name for column in erp.description or ()]
        delivered = pd.DataFrame(erp.fetchall(), columns=columns)
        delivered = delivered[~delivered["order_id"].isin(self._wrong_orders(truth)) & (delivered["amount_cents"] > 0)]
        opening = self.clock.now.astype("datetime64[D]") + np.timedelta64(self.profile.company.rhythm.opening_hour, "h")
        return draw_invoices(
            rng,
            _at_once(rules),
            delivered.assign(updated_at=opening.astype("datetime64[s]")),
            delivered["amount_cents"].to_numpy(dtype=np.int64),
            self.clock,
        )

    def _simulate_crm(self, crm: PgCursor, truth: PgCursor, batch: Batch, finance: Finance) -> CrmDay:
        truth.execute(
            "select cast(key as bigint) from truth.anomaly where system = 'crm' and entity = 'lead'"
            " union all select cast(key as bigint) from truth.boundary_case where system = 'crm' and entity = 'lead'"
        )
        planted = [lead_id for (lead_id,) in truth.fetchall()]
        company = generate(self.stored.scale, self.stored.as_of, self.stored.seed, self.profile)
        return simulate_crm_day(crm, company, self.clock, batch, finance.contracts, planted)

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

    def _tell_truth(self, truth: PgCursor, batch: Batch, finance: Finance) -> None:
        for table, mark in (("anomaly", ANOMALY), ("boundary_case", BOUNDARY_CASE)):
            marks = pd.concat([marked_keys(batch, mark), finance_marks(finance, mark)])
            target = sql.Identifier(TRUTH_SCHEMA, table)
            copy_frame(truth, target, TRUTH_TABLES[table], marks, self.clock.offset)
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

    def _tell_truth_of_crm(self, truth: PgCursor, crm: CrmDay) -> None:
        for table, rows in crm.marks.items():
            frame = pd.DataFrame(rows, columns=[column.name for column in TRUTH_TABLES[table]])
            if table == "deleted":
                frame["business_date"] = np.datetime64(self.day)
                for row in rows:
                    truth.execute(statement("simulate_forget_record"), row)
            elif table == "drift":
                frame["since"] = pd.to_datetime(frame["since"])
            target = sql.Identifier(TRUTH_SCHEMA, table)
            copy_frame(truth, target, TRUTH_TABLES[table], frame, self.clock.offset)
        for figure, value in expected_table(Counter(crm.figures)).itertuples(index=False):
            truth.execute(statement("simulate_add_expected"), {"figure": figure, "value": value})

    def _finish(self, truth: PgCursor, batch: Batch) -> None:
        truth.execute(
            statement("simulate_add_day"),
            {
                "business_date": self.day,
                "last_order_id": self.stored.last_order_id + len(batch.orders),
                "last_receipt_id": self.stored.last_receipt_id + len(batch.receipts),
            },
        )


def _at_once(rules: FinanceFile) -> FinanceFile:
    """The habits of a company that invoices and claims on the day itself, since no later day comes back to it."""
    invoices = rules.invoices.model_copy(update={"days_after_delivery": Between(min=0, max=0), "reversed_share": 0.0})
    claims = rules.claims.model_copy(update={"delay_hours": Between(min=0, max=2)})
    return rules.model_copy(update={"invoices": invoices, "claims": claims})
