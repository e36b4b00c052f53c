"""Write the CRM of a company, small tables at once and deals batch by batch, and say what is true about it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd
from psycopg2 import sql
from psycopg2.extensions import cursor as PgCursor

from cockpit.demo.bulk_copy import copy_frame
from cockpit.demo.company import Batch, Company
from cockpit.demo.crm.accounts import Accounts, make_accounts
from cockpit.demo.crm.activities import draw_activities, draw_attachments, make_account_attachments
from cockpit.demo.crm.deals import Book, Deals, draw_deals, make_framework_contracts
from cockpit.demo.crm.persons import Persons, make_contacts_table, make_leads
from cockpit.demo.crm.profile import CrmFile, load_crm
from cockpit.demo.crm.tables import CRM_KEYS, CRM_TABLES
from cockpit.demo.customers import CustomerTables
from cockpit.demo.draw import Stream, generator
from cockpit.demo.marks import ANOMALY, BOUNDARY_CASE, marks_of
from cockpit.demo.people import Staff, dialled, make_contacts, make_staff

SYSTEM = "crm"
SCHEMA = "public"


@dataclass
class CrmTruth:
    """What is true about the rows that were written; tables as in schema truth, money in cents."""

    clusters: list[pd.DataFrame] = field(default_factory=list)
    persons: list[pd.DataFrame] = field(default_factory=list)
    anomalies: list[pd.DataFrame] = field(default_factory=list)
    boundary_cases: list[pd.DataFrame] = field(default_factory=list)
    figures: Counter[str] = field(default_factory=Counter)

    def note(self, entity: str, frame: pd.DataFrame) -> None:
        """Take in the marks of rows of a table."""
        key = frame[CRM_KEYS[entity]]
        self.anomalies.append(marks_of(SYSTEM, entity, frame, key, ANOMALY))
        self.boundary_cases.append(marks_of(SYSTEM, entity, frame, key, BOUNDARY_CASE))

    def note_records(self, entity: str, clusters: pd.DataFrame, persons: pd.DataFrame | None = None) -> None:
        """Take in which company, and which person, records stand for."""
        self.clusters.append(clusters.assign(system=SYSTEM, entity=entity))
        if persons is not None:
            self.persons.append(persons.assign(system=SYSTEM, entity=entity))

    def note_deals(self, deals: Deals) -> None:
        """Add up the clean contracts."""
        clean = deals.contracts[deals.contracts[ANOMALY].isna().to_numpy()]
        self.figures.update({"clean_contracts": len(clean), "signed_cents": int(clean["amount_cents"].sum())})


@dataclass
class CrmWriter:
    """Writes into an empty CRM, in the caller's transaction.

    Attributes:
        cursor: As the database's owner.
        company: What the CRM belongs to.
        rows: Rows written per table.
        truth: About them.
    """

    cursor: PgCursor
    company: Company
    crm: CrmFile
    staff: Staff
    contacts: pd.DataFrame
    accounts: Accounts
    book: Book
    rows: Counter[str] = field(default_factory=Counter)
    truth: CrmTruth = field(default_factory=CrmTruth)

    @classmethod
    def of(cls, cursor: PgCursor, company: Company) -> CrmWriter:
        """Draw accounts, staff and contacts; nothing is written yet."""
        crm = load_crm()
        accounts, contacts = make_accounts(company, crm), make_contacts(company)
        book = Book.of(company, accounts, contacts)
        return cls(cursor, company, crm, make_staff(company), contacts, accounts, book)

    def write_records(self) -> None:
        """Staff, accounts, contacts, leads, framework contracts and business cards."""
        company, crm, clock = self.company, self.crm, self.company.clock
        founded = company.first_month.astype("datetime64[s]")
        self.put("org_unit", self.staff.org_units.assign(updated_at=founded))
        self.put("app_user", self.staff.users)
        self._put_marked("account", self.accounts.accounts)
        self.truth.note_records("account", self.accounts.clusters)
        for table, persons in (
            ("contact", make_contacts_table(company, crm, self.contacts)),
            ("lead", make_leads(company, crm, self.accounts, self.contacts)),
        ):
            self._put_persons(table, persons)
        rng = generator(company.seed, Stream.CRM_ACCOUNTS, 1)
        self._put_marked("contract", make_framework_contracts(rng, crm, self.accounts, clock))
        self._put_marked("attachment", make_account_attachments(rng, crm, self.accounts, clock))

    def write_batch(self, part: int, batch: Batch, contracts: pd.DataFrame) -> Deals:
        """The deals behind a batch of orders, and what reps entered about them."""
        seed, clock = self.company.seed, self.company.clock
        deals = draw_deals(generator(seed, Stream.CRM_DEALS, part), self.crm, self.book, batch, contracts, clock)
        rng = generator(seed, Stream.CRM_ACTIVITIES, part)
        activities = draw_activities(rng, self.crm, self.book, batch.orders, deals.opportunities, clock)
        self.put_deals(deals)
        self._put_marked("activity", activities)
        self._put_marked("attachment", draw_attachments(rng, self.crm, deals.opportunities, activities, clock))
        return deals

    def put_deals(self, deals: Deals) -> None:
        """Write deals and take in what is true about them."""
        self._put_marked("opportunity", deals.opportunities)
        self._put_marked("opportunity_stage_history", deals.stages)
        self._put_marked("contract", deals.contracts)
        self.truth.note_deals(deals)

    def _put_persons(self, table: str, persons: Persons) -> None:
        self._put_marked(table, persons.rows)
        self.truth.note_records(table, persons.clusters, persons.persons)

    def _put_marked(self, table: str, frame: pd.DataFrame) -> None:
        self.put(table, frame)
        self.truth.note(table, frame)

    def put(self, table: str, frame: pd.DataFrame) -> None:
        """Append rows to a table."""
        target = sql.Identifier(SCHEMA, table)
        self.rows[table] += copy_frame(
            self.cursor, target, CRM_TABLES[table], frame, self.company.clock.offset, is_new=True
        )


def shared_phones(contacts: pd.DataFrame, customers: CustomerTables) -> pd.DataFrame:
    """Grain: one row per phone and company that shares it with others: kind, phone (digits), true_customer_id."""
    shared = pd.concat([_agents_phones(contacts), _switchboards(customers)])
    return shared.drop_duplicates(["phone", "true_customer_id"], ignore_index=True)


def _switchboards(customers: CustomerTables) -> pd.DataFrame:
    """Numbers that branches and subsidiaries have in common with the company above them."""
    rows, hierarchy = customers.customers, customers.hierarchy
    numbers = {key: dialled(phone) for key, phone in zip(rows["customer_id"].tolist(), rows["phone"], strict=True)}
    pairs = zip(hierarchy["child_customer_id"].tolist(), hierarchy["parent_customer_id"].tolist(), strict=True)
    shared = [
        ("group_switchboard", numbers[child], member)
        for child, parent in pairs
        if numbers[child] and numbers[child] == numbers[parent]
        for member in (parent, child)
    ]
    return pd.DataFrame(shared, columns=["kind", "phone", "true_customer_id"])


def _agents_phones(contacts: pd.DataFrame) -> pd.DataFrame:
    agents = contacts[contacts["is_agent"].to_numpy() & contacts["phone"].notna().to_numpy()]
    return pd.DataFrame(
        {
            "kind": np.full(len(agents), "book_keeping_agent", dtype=object),
            "phone": agents["phone"].to_numpy(dtype=object),
            "true_customer_id": agents["customer_id"].to_numpy(),
        }
    )


def empty_crm(cursor: PgCursor) -> None:
    """Make the tables anew: a simulated day may have changed their columns."""
    cursor.execute("drop schema if exists generator cascade")
    cursor.execute(
        sql.SQL("drop table if exists {}").format(
            sql.SQL(", ").join(sql.Identifier(SCHEMA, table) for table in CRM_TABLES)
        )
    )
    cursor.execute((Path(__file__).parent / "schema.sql").read_text(encoding="utf-8"))
