"""One further business day behind the web APIs: what their incremental readers have to find.

New shipments and signatures, tickets and their course, chats, members, shop orders that arrive late, and advertising
costs that the platforms correct afterwards.
"""

from __future__ import annotations

import json
import logging
from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
from psycopg2.extensions import connection as PgConnection
from psycopg2.extensions import cursor as PgCursor

from cockpit.demo.apis import ads, market_feed, scm, service_desk, shop, wecom
from cockpit.demo.apis.fill import put
from cockpit.demo.apis.marks import Marks
from cockpit.demo.apis.people import newly_met
from cockpit.demo.apis.profile import ApisFile, load_apis
from cockpit.demo.apis.truth import tell_truth
from cockpit.demo.clock import Clock
from cockpit.demo.draw import Ints, Stream, Times, column, generator, seconds
from cockpit.demo.profile import Profile, load_profile
from cockpit.demo.statements import statement

logger = logging.getLogger(__name__)

_DAYS_PER_MONTH = 30
_PER_MILLION = 1_000_000
_SHIFT_PER_DAY = 104_729
_POOL = 2_000
_COMPANIES = 200


@dataclass
class ApiDayResult:
    """What one day brought.

    Attributes:
        is_reused: The day was there already; nothing was written and the counts are those of then.
        counts: New rows per table; `<table>_changed` for rows that were there before.
        marks: What was planted; empty when reused.
    """

    is_reused: bool
    counts: Counter[str] = field(default_factory=Counter)
    marks: Marks = field(default_factory=Marks)


def simulate_apis_day(
    apis: PgConnection, erp: PgConnection, seed: int, day: date, truth: PgConnection | None = None
) -> ApiDayResult:
    """Add a business day; the same day twice changes nothing the second time.

    Truth is committed before the day. When the day then fails, it is drawn again the same, and truth knows it already.

    Args:
        apis: Owner of the filled database demo_apis.
        erp: Reads the ERP as it is at the end of that day; its own part of the day comes first.
        seed: Of the demo company.
        day: Later than every day that is there.
        truth: Owner of schema truth; nothing is told when absent.
    """
    with apis, apis.cursor() as cursor, erp, erp.cursor() as erp_cursor:
        cursor.execute("select counts from generator.simulated_day where business_date = %s", (day,))
        found = cursor.fetchone()
        if found is not None:
            return ApiDayResult(is_reused=True, counts=Counter(found[0]))
        simulation = _Day(cursor, erp_cursor, seed, day)
        simulation.run()
        if truth is not None:
            tell_truth(truth, simulation.marks)
        cursor.execute(
            "insert into generator.simulated_day (business_date, counts) values (%s, %s)",
            (day, json.dumps(simulation.counts)),
        )
    logger.info("simulated %s behind the web APIs: %s new rows", day, simulation.counts.total())
    return ApiDayResult(is_reused=False, counts=simulation.counts, marks=simulation.marks)


class _Day:
    def __init__(self, cursor: PgCursor, erp: PgCursor, seed: int, day: date) -> None:
        self.counts: Counter[str] = Counter()
        self.marks = Marks()
        self._cursor = cursor
        self._erp = erp
        self._day = day
        self._profile: Profile = load_profile()
        self._apis: ApisFile = load_apis()
        self._rng = generator(seed, Stream.API_DAY, day.toordinal())
        company = self._profile.company
        closing = time(company.rhythm.closing_hour, tzinfo=ZoneInfo(company.time_zone))
        self._clock = Clock.at(datetime.combine(day, closing), company.time_zone)
        self._opening = self._clock.as_of.replace(hour=company.rhythm.opening_hour, minute=0, second=0)

    def run(self) -> None:
        """Everything in a fixed order, because each part draws from the same stream."""
        # The indexes and stored times are in the company's own zone, as in the ERP.
        self._cursor.execute("select set_config('TimeZone', %s, true)", (self._profile.company.time_zone,))
        self._refresh_customers()
        self._ship()
        self._serve()
        self._meet()
        self._sell()
        self._advertise()
        self._write_about_the_market()

    @property
    def _since(self) -> np.datetime64:
        return np.datetime64(self._opening.replace(tzinfo=None), "s")

    def _put(self, table: str, frame: pd.DataFrame) -> None:
        if len(frame):
            self.counts[table] += put(self._cursor, table, frame, self._clock.offset)

    def _change(self, table: str, name: str, **values: object) -> None:
        """Change rows that are there; `shift` makes each day choose others."""
        shift = self._day.toordinal() * _SHIFT_PER_DAY % _PER_MILLION
        self._cursor.execute(statement(f"apis/{name}"), {"as_of": self._clock.as_of, "shift": shift, **values})
        self.counts[f"{table}_changed"] += self._cursor.rowcount

    def _next_id(self, table: str, key: str) -> int:
        self._cursor.execute(f"select coalesce(max({key}), 0) + 1 from {table}")
        found = self._cursor.fetchone()
        return int(found[0]) if found else 1

    def _frame(self, query: str, columns: list[str], **values: object) -> pd.DataFrame:
        self._cursor.execute(query, values)
        return pd.DataFrame(self._cursor.fetchall(), columns=columns)

    def _moments(self, count: int) -> Times:
        """Within today's business hours, ascending."""
        return shop.spread_times(self._rng, count, self._since, self._clock)

    def _refresh_customers(self) -> None:
        """The address book follows the ERP."""
        names = ["customer_id", "name", "phone", "owner_username"]
        self._erp.execute(
            f"select {', '.join(names)} from customer where updated_at >= %s order by customer_id", (self._opening,)
        )
        for row in self._erp.fetchall():
            self._cursor.execute(statement("apis/day_refresh_party"), dict(zip(names, row, strict=True)))

    def _ship(self) -> None:
        """Orders that the ERP delivered today get their shipments; some shipments on the way arrive."""
        self._erp.execute(
            "select order_number, customer_id, ordered_at, updated_at from sales_order "
            "where status = 'delivered' and updated_at >= %s and updated_at <= %s order by order_id",
            (self._opening, self._clock.as_of),
        )
        delivered = pd.DataFrame(self._erp.fetchall(), columns=["order_number", "customer_id", "begun_at", "closed_at"])
        self._change(
            "scm_shipment",
            "day_sign_shipments",
            delivered=delivered["order_number"].tolist(),
            per_million=round(self._apis.simulated_day.signed_share * _PER_MILLION),
        )
        self._cursor.execute(
            "select order_number from scm_shipment where order_number = any(%s)", (delivered["order_number"].tolist(),)
        )
        shipped = {number for (number,) in self._cursor.fetchall()}
        fresh = delivered[~delivered["order_number"].isin(shipped)].assign(is_delivered=True)
        for name in ("begun_at", "closed_at"):
            fresh[name] = self._local(fresh[name])
        first_id = self._next_id("scm_shipment", "shipment_id")
        shipments = scm.draw_shipments(
            self._rng, self._apis.scm, fresh, first_id, self._clock, self.marks, is_history=False
        )
        self._put("scm_shipment", shipments)

    def _serve(self) -> None:
        """New tickets about what was shipped, and the solution of earlier ones."""
        rules = self._apis.simulated_day
        per_million = round(rules.solved_share * _PER_MILLION)
        self._change("desk_ticket", "day_solve_tickets", per_million=per_million)
        columns = ["ticket_id", "agent", "opened_at", "first_reply_at", "solved_at", "changed_at"]
        solved = self._frame(
            f"select {', '.join(columns)} from desk_ticket where changed_at = %(as_of)s order by ticket_id",
            columns,
            as_of=self._clock.as_of,
        )
        for name in columns[2:]:
            solved[name] = self._local(solved[name])
        solved["first_reply_at"] = np.datetime64("NaT", "s")  # that event is there already
        tickets = service_desk.draw_tickets(
            self._rng,
            self._apis,
            self._customer_ids(rules.new_tickets),
            self._moments(rules.new_tickets),
            self._products()["product_code"].tolist(),
            self._next_id("desk_ticket", "ticket_id"),
            self._clock,
            self.marks,
            is_history=False,
        )
        self._put("desk_ticket", tickets)
        told = pd.concat([solved, tickets[columns]], ignore_index=True)
        first_event = self._next_id("desk_event", "event_id")
        events = service_desk.draw_events(
            self._rng, self._apis, told, first_event, self._clock, self.marks, is_history=False
        )
        self._put("desk_event", events)

    def _meet(self) -> None:
        """New contacts in WeCom, and chats with old and new ones."""
        rules = self._apis.simulated_day
        people = newly_met(self._rng, self._apis.shop, self._customers(), rules.new_contacts)
        contacts = wecom.draw_contacts(
            self._rng,
            self._profile,
            self._apis,
            people,
            self._next_id("wecom_contact", "contact_id"),
            self._clock,
            self._since,
            self.marks,
            is_history=False,
        )
        self._put("wecom_contact", contacts)
        columns = ["contact_id", "owner_username"]
        known = self._frame(
            f"select {', '.join(columns)} from wecom_contact order by contact_id desc limit %(pool)s",
            columns,
            pool=_POOL,
        )
        chats = wecom.draw_chats(
            self._rng,
            self._apis,
            known,
            rules.chats,
            self._next_id("wecom_chat", "chat_id"),
            self._clock,
            self.marks,
            since=np.full(rules.chats, self._since),
        )
        self._put("wecom_chat", chats)

    def _sell(self) -> None:
        """Members, orders of the web shop (some of them late) and till slips."""
        rules = self._apis.simulated_day
        nobody = newly_met(self._rng, self._apis.shop, self._customers(), 0)
        members = shop.draw_members(
            self._rng,
            self._profile,
            self._apis,
            nobody,
            rules.members,
            self._next_id("shop_member", "member_id"),
            self._clock,
            self._since,
            self.marks,
            is_history=False,
        )
        self._put("shop_member", members)
        recent = self._frame(
            "select member_id from shop_member order by member_id desc limit %(pool)s", ["member_id"], pool=_POOL
        )
        member_ids = column(recent, "member_id")
        entered_at = self._moments(rules.late_shop_orders + rules.shop_orders)
        placed_at = entered_at.copy()
        late = self._rng.permutation(len(placed_at))[: rules.late_shop_orders]
        days_late = self._rng.integers(1, rules.late_days_max, len(late), endpoint=True)
        placed_at[late] -= seconds(days_late * 86_400)
        sold = shop.draw_shop_orders(
            self._rng,
            self._apis,
            member_ids,
            self._products(),
            placed_at,
            self._next_id("shop_order", "order_id"),
            self._clock,
            self.marks,
            is_history=False,
            entered_at=entered_at,
        )
        self._put("shop_order", sold.orders)
        self._put("shop_order_line", sold.lines)
        slips = shop.draw_slips(
            self._rng,
            self._apis,
            member_ids,
            self._moments(rules.slips),
            self._next_id("shop_slip", "slip_id"),
            self._clock,
            self.marks,
            is_history=False,
        )
        self._put("shop_slip", slips)

    def _advertise(self) -> None:
        """The reports of the days since the last one, and corrections of those before."""
        first_date = date.fromordinal(self._day.toordinal() - 1 - self._apis.ads.restated_days)
        self._change("ads_cost", "day_correct_costs", first_date=first_date)
        self._cursor.execute("select max(cost_date) from ads_cost")
        found = self._cursor.fetchone()
        last = found[0] if found and found[0] else self._day
        days = np.arange(np.datetime64(last) + 1, np.datetime64(self._day))
        first_id = self._next_id("ads_cost", "cost_id")
        costs = ads.draw_costs(self._rng, self._apis.ads, days, first_id, self._clock, self.marks, is_history=False)
        # A report that waited for its reader is news today.
        costs["changed_at"] = np.maximum(costs["changed_at"].to_numpy(), self._since)
        self._put("ads_cost", costs)

    def _write_about_the_market(self) -> None:
        rules = self._apis.market_feed
        names = self._frame("select name from party order by customer_id limit %(count)s", ["name"], count=_COMPANIES)
        posts = market_feed.draw_posts(
            self._rng,
            self._apis,
            names["name"].tolist(),
            int(self._rng.poisson(rules.posts_per_month / _DAYS_PER_MONTH)),
            self._since,
            self._clock,
            self.marks,
            self._next_id("feed_post", "post_id"),
            is_history=False,
        )
        self._put("feed_post", posts)
        industries = sorted({trade.industry for trade in self._profile.names.trades})
        notes = market_feed.draw_notes(
            self._rng,
            self._apis,
            industries,
            int(self._rng.poisson(rules.notes_per_month / _DAYS_PER_MONTH)),
            self._since,
            self._clock,
            self._next_id("feed_note", "note_id"),
        )
        self._put("feed_note", notes)

    def _customers(self) -> pd.DataFrame:
        columns = ["customer_id", "phone", "owner_username"]
        return self._frame(
            f"select {', '.join(columns)} from party order by customer_id desc limit %(pool)s", columns, pool=_POOL
        )

    def _customer_ids(self, count: int) -> Ints:
        """Customers of the latest shipments."""
        recent = self._frame(
            "select customer_id from scm_shipment order by changed_at desc, shipment_id limit %(pool)s",
            ["customer_id"],
            pool=_POOL,
        )
        return column(recent, "customer_id")[self._rng.integers(0, len(recent), count)]

    def _products(self) -> pd.DataFrame:
        self._erp.execute("select product_code, name_zh from product order by product_id")
        return pd.DataFrame(self._erp.fetchall(), columns=["product_code", "name_zh"])

    def _local(self, moments: pd.Series) -> pd.Series:
        """Database times as the generator has them: local, without a zone."""
        aware = pd.to_datetime(moments, utc=True)
        return aware.dt.tz_convert(self._profile.company.time_zone).dt.tz_localize(None).astype("datetime64[s]")
