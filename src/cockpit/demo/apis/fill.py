"""Write what the web APIs serve into their database, from the generated company."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import numpy as np
import pandas as pd
from psycopg2 import sql
from psycopg2.extensions import connection as PgConnection
from psycopg2.extensions import cursor as PgCursor

from cockpit.demo.apis import ads, market_feed, scm, service_desk, shop, wecom
from cockpit.demo.apis.marks import Marks
from cockpit.demo.apis.people import at_customers
from cockpit.demo.apis.profile import ApisFile, load_apis
from cockpit.demo.apis.tables import TABLES
from cockpit.demo.apis.truth import tell_truth
from cockpit.demo.bulk_copy import copy_frame
from cockpit.demo.clock import Clock
from cockpit.demo.company import Batch, Company
from cockpit.demo.draw import Stream, Times, column, generator, seconds, times
from cockpit.demo.orders import DELIVERED, OPEN, STATUSES
from cockpit.demo.people import make_contacts

logger = logging.getLogger(__name__)

_FOLDER = Path(__file__).parent
_SCHEMA = "public"
_DAY_SECONDS = 86_400
_LATEST_TICKET_DAYS = 200


@dataclass
class ApisFilled:
    """What was written.

    Attributes:
        rows: Rows per table.
        marks: What was planted.
    """

    rows: Counter[str] = field(default_factory=Counter)
    marks: Marks = field(default_factory=Marks)


def fill_apis(
    connection: PgConnection, company: Company, truth: PgConnection | None = None, apis: ApisFile | None = None
) -> ApisFilled:
    """Replace everything behind the web APIs by what fits the company; one transaction.

    Truth is committed before it, so that a fill that was killed is seen (`holds_apis`) and done again.

    Args:
        connection: Owner of the database demo_apis.
        company: Whose customers and orders the systems know.
        truth: Owner of schema truth, whose tables are there; nothing is told when absent.
        apis: The description; include/rules/demo/apis.yml when absent.
    """
    with connection, connection.cursor() as cursor:
        cursor.execute((_FOLDER / "schema.sql").read_text(encoding="utf-8"))
        _empty(cursor)
        filled = _Filling(cursor, company, apis or load_apis()).run()
        if truth is not None:
            tell_truth(truth, filled.marks)
        cursor.execute((_FOLDER / "indexes.sql").read_text(encoding="utf-8"))
        cursor.execute(sql.SQL("analyze {}").format(sql.SQL(", ").join(map(_table, TABLES))))
        cursor.execute(
            "insert into generator.fill (seed, scale, as_of) values (%s, %s, %s)",
            (company.seed, company.scale.value, company.clock.as_of),
        )
    logger.info("web APIs filled: %s rows", filled.rows.total())
    return filled


def holds_apis(connection: PgConnection, company: Company) -> bool:
    """Whether the database holds what was made for this company; it may have been reset alone."""
    with connection, connection.cursor() as cursor:
        cursor.execute("select to_regclass('generator.fill')")
        found = cursor.fetchone()
        if found is None or found[0] is None:
            return False
        cursor.execute("select seed, scale, as_of from generator.fill")
        stored: list[tuple[int, str, datetime]] = cursor.fetchall()
    return stored == [(company.seed, company.scale.value, company.clock.as_of)]


def put(cursor: PgCursor, table: str, frame: pd.DataFrame, offset: str) -> int:
    """Append rows to a table of the APIs' database; returns their number."""
    return copy_frame(cursor, _table(table), TABLES[table], frame, offset)


def _table(name: str) -> sql.Identifier:
    return sql.Identifier(_SCHEMA, name)


def _empty(cursor: PgCursor) -> None:
    """Remove rows, and the indexes that are made anew after the fill."""
    cursor.execute(sql.SQL("truncate {}").format(sql.SQL(", ").join(map(_table, TABLES))))
    cursor.execute("truncate generator.fill, generator.simulated_day")
    cursor.execute(
        "select indexname from pg_indexes where schemaname = %s and (indexname like %s or indexname = %s)",
        (_SCHEMA, "%\\_changed", "scm_shipment_order"),
    )
    for (index,) in cursor.fetchall():
        cursor.execute(sql.SQL("drop index {}").format(_table(index)))


@dataclass
class _Filling:
    cursor: PgCursor
    company: Company
    apis: ApisFile
    filled: ApisFilled = field(default_factory=ApisFilled)

    def run(self) -> ApisFilled:
        customers = self.company.customers.customers
        self._put("party", customers)
        for part, batch in enumerate(self.company.batches()):
            self._add_orders(part, batch)
        rng = generator(self.company.seed, Stream.API_STOCK)
        self._put("scm_stock", scm.draw_stock(rng, self.apis.scm, self.company.products, self._clock, self._marks))
        self._put("scm_material", scm.list_materials(self.company))
        contacts = make_contacts(self.company)
        self._add_wecom(contacts)
        self._add_shop(contacts)
        self._add_market_feed(customers)
        self._add_ads()
        return self.filled

    @property
    def _clock(self) -> Clock:
        return self.company.clock

    @property
    def _marks(self) -> Marks:
        return self.filled.marks

    def _put(self, table: str, frame: pd.DataFrame) -> None:
        self.filled.rows[table] += put(self.cursor, table, frame, self.company.clock.offset)

    def _add_orders(self, part: int, batch: Batch) -> None:
        """Shipments and tickets of a batch's clean orders."""
        orders = batch.orders[batch.orders["anomaly"].isna()]
        status = np.asarray(orders["status"].cat.codes, dtype=np.int64)
        orders = orders[(status == OPEN) | (status == DELIVERED)]
        known = pd.DataFrame(
            {
                "order_number": orders["order_number"].to_numpy(),
                "customer_id": column(orders, "customer_id"),
                "begun_at": times(orders, "entered_at"),
                "closed_at": times(orders, "updated_at"),
                "is_delivered": (orders["status"] == STATUSES[DELIVERED]).to_numpy(),
            }
        )
        rng = generator(self.company.seed, Stream.API_SHIPMENTS, part)
        first_id = self.filled.rows["scm_shipment"] + 1
        self._put(
            "scm_shipment",
            scm.draw_shipments(rng, self.apis.scm, known, first_id, self._clock, self._marks, is_history=True),
        )
        self._add_tickets(part, known[known["is_delivered"]])

    def _add_tickets(self, part: int, delivered: pd.DataFrame) -> None:
        rng = generator(self.company.seed, Stream.API_TICKETS, part)
        chosen = delivered[rng.random(len(delivered)) < self.apis.service_desk.tickets_per_order]
        # Trouble begins soon after the delivery or much later, never on average.
        days = np.minimum(rng.exponential(_LATEST_TICKET_DAYS / 5, len(chosen)), _LATEST_TICKET_DAYS)
        opened_at = times(chosen, "closed_at") + seconds(days * _DAY_SECONDS)
        happened = np.flatnonzero(opened_at <= self._clock.now)
        by_time = happened[np.argsort(opened_at[happened], kind="stable")]
        tickets = service_desk.draw_tickets(
            rng,
            self.apis,
            column(chosen, "customer_id")[by_time],
            opened_at[by_time],
            self.company.products["product_code"].tolist(),
            self.filled.rows["desk_ticket"] + 1,
            self._clock,
            self._marks,
            is_history=True,
        )
        first_event = self.filled.rows["desk_event"] + 1
        self._put("desk_ticket", tickets)
        events = service_desk.draw_events(
            rng, self.apis, tickets, first_event, self._clock, self._marks, is_history=True
        )
        self._put("desk_event", events)

    def _add_wecom(self, contacts: pd.DataFrame) -> None:
        rng = generator(self.company.seed, Stream.API_WECOM)
        count = round(len(self.company.customers.customers) * self.apis.wecom.contacts_per_customer)
        since = self.company.first_month.astype("datetime64[s]")
        people = at_customers(rng, contacts, count)
        added = wecom.draw_contacts(
            rng, self.company.profile, self.apis, people, 1, self._clock, since, self._marks, is_history=True
        )
        self._put("wecom_contact", added)
        count = round(len(added) * self.apis.wecom.chats_per_contact)
        self._put("wecom_chat", wecom.draw_chats(rng, self.apis, added, count, 1, self._clock, self._marks))

    def _add_shop(self, contacts: pd.DataFrame) -> None:
        rng = generator(self.company.seed, Stream.API_SHOP)
        rules = self.apis.shop
        since = self._months_ago(rules.history_months)
        count = round(len(self.company.customers.customers) * rules.members_per_customer)
        people = at_customers(rng, contacts, round(count * rules.customer_member_share))
        members = shop.draw_members(
            rng,
            self.company.profile,
            self.apis,
            people,
            count,
            1,
            self._clock,
            since,
            self._marks,
            is_history=True,
        )
        self._put("shop_member", members)
        member_ids = column(members, "member_id")
        orders = self.company.profile.company.scales[self.company.scale].orders
        # In parts, so that memory stays bounded whatever the scale.
        for first_id, placed_at in self._parts(rng, round(orders * rules.orders_per_order), since):
            sold = shop.draw_shop_orders(
                rng,
                self.apis,
                member_ids,
                self.company.products,
                placed_at,
                first_id,
                self._clock,
                self._marks,
                is_history=True,
            )
            self._put("shop_order", sold.orders)
            self._put("shop_order_line", sold.lines)
        for first_id, paid_at in self._parts(rng, round(orders * rules.slips_per_order), since):
            slips = shop.draw_slips(
                rng, self.apis, member_ids, paid_at, first_id, self._clock, self._marks, is_history=True
            )
            self._put("shop_slip", slips)

    def _parts(self, rng: np.random.Generator, count: int, since: np.datetime64) -> Iterator[tuple[int, Times]]:
        """First id and ascending times of each part of `count` rows."""
        moments = shop.spread_times(rng, count, since, self._clock)
        step = self.company.profile.company.capacity.chunk_orders
        for begin in range(0, count, step):
            yield begin + 1, moments[begin : begin + step]

    def _add_market_feed(self, customers: pd.DataFrame) -> None:
        rng = generator(self.company.seed, Stream.API_MARKET_FEED)
        rules = self.apis.market_feed
        since = self.company.first_month.astype("datetime64[s]")
        months = int((self._clock.month - self.company.first_month).astype(np.int64)) + 1
        companies = customers["name"].head(200).tolist()
        posts = market_feed.draw_posts(
            rng, self.apis, companies, months * rules.posts_per_month, since, self._clock, self._marks
        )
        self._put("feed_post", posts)
        industries = sorted({trade.industry for trade in self.company.profile.names.trades})
        notes = market_feed.draw_notes(rng, self.apis, industries, months * rules.notes_per_month, since, self._clock)
        self._put("feed_note", notes)

    def _add_ads(self) -> None:
        rng = generator(self.company.seed, Stream.API_ADS)
        begin = self._months_ago(self.apis.ads.history_months).astype("datetime64[D]")
        # A day's report comes in the night after it.
        days = np.arange(begin, np.datetime64(self._clock.today))
        costs = ads.draw_costs(rng, self.apis.ads, days, 1, self._clock, self._marks, is_history=True)
        self._put("ads_cost", costs)

    def _months_ago(self, count: int) -> np.datetime64:
        moment: np.datetime64 = (self._clock.month - count).astype("datetime64[s]")
        return moment
