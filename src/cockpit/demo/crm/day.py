"""One further business day in the CRM: new deals and leads, late entries, changes, deletions, and once a changed table.

The day is committed with the CRM, together with what is true about it: a caller whose own transaction fails afterwards
gets the same day again instead of a second one.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from psycopg2 import sql
from psycopg2.extensions import cursor as PgCursor

from cockpit.demo.bulk_copy import CopyColumn, copy_frame, text
from cockpit.demo.clock import Clock
from cockpit.demo.company import Batch, Company, times_of_day
from cockpit.demo.crm.activities import draw_activities, make_activities
from cockpit.demo.crm.deals import NO_RECORD, draw_deals
from cockpit.demo.crm.fill import SCHEMA, SYSTEM, CrmTruth, CrmWriter
from cockpit.demo.crm.persons import draw_leads
from cockpit.demo.crm.spelling import typed_headcounts
from cockpit.demo.crm.tables import CRM_TABLES
from cockpit.demo.draw import Stream, Times, column, generator, sample, seconds, times
from cockpit.demo.statements import statement

ADDED, RENAMED = "added", "renamed"

_DAY_SECONDS = 86_400
# Activities that belong to no order have ids beyond those of any order.
_FREE_ACTIVITIES_FROM = 10**15
_PER_DAY = 1000
_LATE_DAYS = (4, 20)


@dataclass(frozen=True)
class CrmDay:
    """What the day brought.

    Attributes:
        counts: Rows by table and what happened to them, such as `lead.new`.
        marks: Rows of schema truth by table, columns as there.
        figures: What to add to truth.expected; money in cents where the name ends so.
    """

    counts: dict[str, int]
    marks: dict[str, list[dict[str, Any]]]
    figures: dict[str, int]


def simulate_crm_day(
    cursor: PgCursor,
    company: Company,
    clock: Clock,
    batch: Batch,
    contracts: pd.DataFrame,
    planted_leads: Sequence[int],
) -> CrmDay:
    """Add a business day, or return what an earlier call for it did.

    Args:
        cursor: As the CRM's owner, in the caller's transaction.
        company: As it was filled.
        clock: The end of the day, which is later than every day that is there.
        batch: The ERP's new orders, with the day's receipts.
        contracts: Which of the orders have a contract.
        planted_leads: Leads that truth knows as wrong or as a boundary case; they are not deleted.
    """
    day = clock.today
    cursor.execute("select result from generator.simulated_day where business_date = %s", (day,))
    found = cursor.fetchone()
    if found:
        return CrmDay(**found[0])
    result = _Day(cursor, CrmWriter.of(cursor, company), clock, planted_leads).run(batch, contracts)
    cursor.execute(
        "insert into generator.simulated_day (business_date, result) values (%s, %s)",
        (day, json.dumps(result.__dict__, ensure_ascii=False)),
    )
    return result


class _Day:
    def __init__(self, cursor: PgCursor, writer: CrmWriter, clock: Clock, planted_leads: Sequence[int]) -> None:
        self.cursor = cursor
        self.writer = writer
        self.crm = writer.crm
        self.company = replace(writer.company, clock=clock)
        self.clock = clock
        self.day = clock.today
        self.planted_leads = planted_leads
        self.rng = generator(writer.company.seed, Stream.CRM_DAY, self.day.toordinal())
        self.truth = CrmTruth()
        self.counts: Counter[str] = Counter()
        self.deleted: list[dict[str, Any]] = []
        self.drift: list[dict[str, Any]] = []

    @property
    def opening(self) -> np.datetime64:
        return np.datetime64(self.day, "s")

    def run(self, batch: Batch, contracts: pd.DataFrame) -> CrmDay:
        rules = self.crm.simulated_day
        self.cursor.execute("select count(*) from generator.simulated_day")
        if self._one() + 1 == rules.drift_day:
            self._change_table()
        self._add_deals(batch, contracts)
        self._move_stages()
        self._add_leads()
        self._add_late_activities()
        self._change_accounts()
        self._delete("activity", rules.deleted_activity_count)
        self._delete("lead", rules.deleted_lead_count)
        figures = {name: int(value) for name, value in self.truth.figures.items()}
        return CrmDay(counts=dict(self.counts), marks=self._marks(), figures=figures)

    def _one(self) -> int:
        row = self.cursor.fetchone()
        return int(row[0]) if row else 0

    def _marks(self) -> dict[str, list[dict[str, Any]]]:
        frames = {
            "cluster": self.truth.clusters,
            "person": self.truth.persons,
            "anomaly": self.truth.anomalies,
            "boundary_case": self.truth.boundary_cases,
        }
        marks = {table: _records(pd.concat(parts)) for table, parts in frames.items() if parts}
        return marks | {"deleted": self.deleted, "drift": self.drift}

    def _change_table(self) -> None:
        """A new release of the CRM: one column more, one under another name."""
        added, renamed = self.crm.simulated_day.added_column, self.crm.simulated_day.renamed_column
        name = sql.Identifier
        self.cursor.execute(sql.SQL("alter table {} add column {} text").format(name(added.table), name(added.column)))
        self.cursor.execute(
            sql.SQL("alter table {} rename column {} to {}").format(
                name(renamed.table), name(renamed.column), name(renamed.new_name)
            )
        )
        since = self.day.isoformat()
        self.drift += [
            {
                "system": SYSTEM,
                "entity": change.table,
                "kind": kind,
                "column_name": change.column,
                "new_name": change.new_name or None,
                "since": since,
            }
            for kind, change in ((ADDED, added), (RENAMED, renamed))
        ]

    def _add_deals(self, batch: Batch, contracts: pd.DataFrame) -> None:
        deals = draw_deals(self.rng, self.crm, self.writer.book, batch, contracts, self.clock)
        activities = draw_activities(
            self.rng, self.crm, self.writer.book, batch.orders, deals.opportunities, self.clock
        )
        for table, frame in (
            ("opportunity", deals.opportunities),
            ("opportunity_stage_history", deals.stages),
            ("contract", deals.contracts),
            ("activity", activities),
        ):
            self._put(table, frame)
        self.truth.note_deals(deals)

    def _move_stages(self) -> None:
        """Some open opportunities reach their next stage; from the last one they are lost."""
        stages = self.crm.deals.stages
        self.cursor.execute(
            statement("crm/move_stages"),
            {
                "as_of": self.clock.as_of,
                "day_number": self.day.toordinal(),
                "count": self.crm.simulated_day.moved_opportunity_count,
                "stages": list(stages[:-2]),
                "lost": stages[-1],
                "loss_reason": self.crm.deals.loss_reasons[0].code,
                "loss_remark": self.crm.deals.loss_reasons[0].text,
            },
        )
        self.counts["opportunity.moved"] = self.cursor.rowcount

    def _add_leads(self) -> None:
        count = self.crm.simulated_day.new_lead_count
        self.cursor.execute("select coalesce(max(lead_id), 0) from lead")
        leads = draw_leads(
            self.rng,
            self.company,
            self.crm,
            self.writer.accounts,
            self.writer.contacts,
            self._moments(count),
            first_id=max(self._one(), self._last_deleted_lead()) + 1,
            at_least_one=False,
        )
        self._put("lead", leads.rows)
        self.truth.note_records("lead", leads.clusters, leads.persons)

    def _last_deleted_lead(self) -> int:
        """No id is used twice, also not that of a lead that was deleted last."""
        self.cursor.execute(
            "select coalesce(max(cast(row ->> 'key' as bigint)), 0)"
            " from generator.simulated_day, jsonb_array_elements(result -> 'marks' -> 'deleted') as row"
            " where row ->> 'entity' = 'lead'"
        )
        return self._one()

    def _add_late_activities(self) -> None:
        """Reps enter what they did days ago."""
        count = self.crm.simulated_day.late_activity_count
        book = self.writer.book
        position = self.rng.integers(0, len(book.account_ids), count)
        days = self.rng.integers(*_LATE_DAYS, count)
        started = self._moments(count) - seconds(days * _DAY_SECONDS)
        frame = make_activities(
            self.rng,
            self.crm,
            self.clock,
            activity_ids=_FREE_ACTIVITIES_FROM + self.day.toordinal() * _PER_DAY + np.arange(count),
            account_ids=book.account_ids[position],
            opportunity_ids=np.full(count, NO_RECORD),
            contact_ids=book.contact_ids[position],
            owners=book.owners[position],
            started_at=started,
        )
        self.counts["activity.late"] = len(frame)
        self._put("activity", frame)

    def _change_accounts(self) -> None:
        accounts = self.writer.accounts.accounts
        rows = sample(self.rng, np.arange(len(accounts)), self.crm.simulated_day.changed_account_count)
        sizes = typed_headcounts(self.rng, self.crm.accounts.headcount_median, np.ones(len(rows), dtype=bool))
        for account_id, size in zip(column(accounts, "account_id")[rows].tolist(), sizes, strict=True):
            self.cursor.execute(
                "update account set headcount = %s, updated_at = %s where account_id = %s",
                (size, self.clock.as_of, account_id),
            )
            self.counts["account.changed"] += self.cursor.rowcount

    def _delete(self, table: str, count: int) -> None:
        """Remove rows for good, as users do; none that the day itself brought, none with a planted fault."""
        self.cursor.execute(
            statement(f"crm/delete_{table}"),
            {
                "day_number": self.day.toordinal(),
                "count": count,
                "opening": self.clock.as_of.replace(hour=0),
                "kept": list(self.planted_leads),
            },
        )
        keys = sorted(str(key) for (key,) in self.cursor.fetchall())
        self.counts[f"{table}.deleted"] = len(keys)
        self.deleted += [{"system": SYSTEM, "entity": table, "key": key} for key in keys]

    def _moments(self, count: int) -> Times:
        days = np.repeat(np.datetime64(self.day), count)
        return times_of_day(self.rng, self.company.profile, days, self.clock)

    def _put(self, table: str, frame: pd.DataFrame) -> None:
        """Append rows that reach the CRM today, whatever they are dated."""
        entered = frame.assign(updated_at=np.maximum(times(frame, "updated_at"), self.opening))
        columns, entered = self._as_table_is(table, entered)
        copy_frame(self.cursor, sql.Identifier(SCHEMA, table), columns, entered, self.clock.offset)
        self.truth.note(table, entered)
        self.counts[f"{table}.new"] += len(entered)

    def _as_table_is(self, table: str, frame: pd.DataFrame) -> tuple[list[CopyColumn], pd.DataFrame]:
        """The table's columns under the names that they have by now; what was added gets a text of its own."""
        self.cursor.execute(
            "select column_name from information_schema.columns where table_schema = %s and table_name = %s",
            (SCHEMA, table),
        )
        there = {name for (name,) in self.cursor.fetchall()}
        rules = self.crm.simulated_day
        columns = [
            replace(one, name=rules.renamed_column.new_name, source=one.source or one.name)
            if one.name not in there
            else one
            for one in CRM_TABLES[table]
        ]
        if table == rules.added_column.table and rules.added_column.column in there:
            columns.append(CopyColumn(rules.added_column.column, text))
            numbers = self.rng.integers(10**6, 10**7, len(frame)).tolist()
            frame = frame.assign(**{rules.added_column.column: [f"wx_{number}" for number in numbers]})
        return columns, frame


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Rows as plain values, null as None."""
    cleaned = frame.astype(object).where(frame.notna(), None)
    return [
        {str(name): value.item() if isinstance(value, np.generic) else value for name, value in row.items()}
        for row in cleaned.to_dict("records")
    ]
