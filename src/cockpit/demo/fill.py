"""Write a generated company into the databases of its ERP and its CRM, and its truth beside them."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path

import numpy as np
import pandas as pd
from psycopg2 import sql
from psycopg2.extensions import connection as PgConnection
from psycopg2.extensions import cursor as PgCursor

from cockpit.demo.articles import article_truth
from cockpit.demo.bulk_copy import copy_frame
from cockpit.demo.capacity import require_capacity
from cockpit.demo.company import Company
from cockpit.demo.crm.fill import SCHEMA as CRM_SCHEMA
from cockpit.demo.crm.fill import SYSTEM as CRM
from cockpit.demo.crm.fill import CrmWriter, empty_crm, shared_phones
from cockpit.demo.crm.tables import CRM_TABLES
from cockpit.demo.draw import Stream, generator
from cockpit.demo.finance import Payers, draw_finance, make_product_costs
from cockpit.demo.profile import Scale
from cockpit.demo.profile_finance import load_finance
from cockpit.demo.profile_groups import load_groups
from cockpit.demo.staff_targets import make_staff_targets
from cockpit.demo.statements import statement
from cockpit.demo.systems import Systems
from cockpit.demo.tables import ERP_TABLES, TRUTH_TABLES
from cockpit.demo.traps import trap_pairs
from cockpit.demo.truth import ERP, Truth, TruthBuilder
from cockpit.errors import StackError
from cockpit.i18n import _

logger = logging.getLogger(__name__)

ERP_SCHEMA = "public"
TRUTH_SCHEMA = "truth"
_TRUTH_STATE = ("generation", "simulated_day")


@dataclass(frozen=True)
class Generation:
    """What an ERP was filled from.

    Attributes:
        as_of: Business time of the fill.
        business_date: Its local date.
        last_order_id, last_receipt_id: Highest ids, days simulated since included.
        last_day: The last simulated day, else the business date.
    """

    seed: int
    scale: Scale
    as_of: datetime
    business_date: date
    last_order_id: int
    last_receipt_id: int
    last_day: date


@dataclass(frozen=True)
class FillReport:
    """What `fill` did.

    Attributes:
        is_reused: The same company was there already; nothing was written.
        rows: Rows per table, those of the CRM as `crm.<table>`; empty when reused.
    """

    is_reused: bool
    rows: dict[str, int]
    seconds: float


def fill(
    systems: Systems,
    company: Company,
    *,
    data_folder: Path | None = None,
    on_progress: Callable[[float], None] | None = None,
) -> FillReport:
    """Fill ERP, CRM and schema truth, unless the same company (seed, scale, business date) is there already.

    Everything that was in their tables is replaced. Each database changes in one transaction; truth.generation
    is committed last, so that a fill that was killed is done again.

    Args:
        systems: Owners of the databases.
        company: What to write.
        data_folder: Where the database server keeps its files, when it is on this machine; the scale's need
            of disk is checked there.
        on_progress: Called with the share of orders written, 0-1.

    Raises:
        StackError: not enough memory or disk for the scale, or the company there was made by an earlier version.
    """
    started = time.perf_counter()
    stored = stored_generation(systems.truth)
    wanted = (company.seed, company.scale, company.clock.today)
    if stored and (stored.seed, stored.scale, stored.business_date) == wanted and _holds(systems, stored):
        logger.info("demo company is already there: seed %s, scale %s", company.seed, company.scale.value)
        return FillReport(is_reused=True, rows={}, seconds=time.perf_counter() - started)
    require_capacity(company.profile, company.scale, data_folder)

    erp, crm, truth = systems.erp, systems.crm, systems.truth
    # Left in reverse order: the systems are committed before their truth.
    with truth, crm, erp, truth.cursor() as truth_cursor, crm.cursor() as crm_cursor, erp.cursor() as erp_cursor:
        _prepare(truth_cursor, "truth_schema", TRUTH_SCHEMA, [*TRUTH_TABLES, *_TRUTH_STATE])
        _prepare(erp_cursor, "erp_schema", ERP_SCHEMA, list(ERP_TABLES))
        empty_crm(crm_cursor)
        rows = _Filling(erp_cursor, crm_cursor, truth_cursor, company).run(on_progress or (lambda _share: None))
        erp_cursor.execute(statement("erp_indexes"))
        crm_cursor.execute(statement("crm/indexes"))
        # Statistics for the first readers; autovacuum would come too late.
        for cursor, schema, tables in (
            (erp_cursor, ERP_SCHEMA, ERP_TABLES),
            (crm_cursor, CRM_SCHEMA, CRM_TABLES),
            (truth_cursor, TRUTH_SCHEMA, TRUTH_TABLES),
        ):
            cursor.execute(
                sql.SQL("analyze {}").format(sql.SQL(", ").join(sql.Identifier(schema, table) for table in tables))
            )
    logger.info("demo company written: %s rows, scale %s", sum(rows.values()), company.scale.value)
    return FillReport(is_reused=False, rows=dict(rows), seconds=time.perf_counter() - started)


def stored_generation(truth: PgConnection) -> Generation | None:
    """What the systems were filled from, days simulated since included; None when they never were.

    Raises:
        StackError: the company was made by an earlier version, whose tables were others.
    """
    with truth, truth.cursor() as cursor:
        cursor.execute(
            "select to_regclass('truth.generation') is not null,"
            " to_regclass('truth.trap_pair') is not null and to_regclass('truth.product') is not null"
        )
        is_filled, is_current = cursor.fetchone() or (False, False)
        if not is_filled:
            return None
        if not is_current:
            raise StackError(
                _("the demo company was made by an earlier version"), fix=_("Remove it with './cockpit reset' first.")
            )
        cursor.execute(statement("stored_generation"))
        row = cursor.fetchone()
    if row is None:
        return None
    seed, scale, *rest = row
    return Generation(seed, Scale(scale), *rest)


def _holds(systems: Systems, stored: Generation) -> bool:
    """Whether ERP and CRM still have what truth says; one of them may have been reset alone."""
    return _has_row(
        systems.erp, "sales_order", "select exists (select from sales_order where order_id = %s)", stored.last_order_id
    ) and _has_row(systems.crm, "account", "select exists (select from account where account_id >= %s)", 0)


def _has_row(connection: PgConnection, table: str, query: str, value: int) -> bool:
    with connection, connection.cursor() as cursor:
        cursor.execute("select to_regclass(%s)", (f"public.{table}",))
        found = cursor.fetchone()
        if found is None or found[0] is None:
            return False
        cursor.execute(query, (value,))
        return cursor.fetchone() == (True,)


def _prepare(cursor: PgCursor, definition: str, schema: str, tables: list[str]) -> None:
    """Create what is missing and empty the rest; grants on existing tables stay."""
    cursor.execute(statement(definition))
    cursor.execute(sql.SQL("truncate {}").format(sql.SQL(", ").join(sql.Identifier(schema, table) for table in tables)))


@dataclass
class _Filling:
    """One fill, in the caller's transactions."""

    erp: PgCursor
    crm: PgCursor
    truth: PgCursor
    company: Company
    rows: Counter[str] = field(default_factory=Counter)

    def run(self, on_progress: Callable[[float], None]) -> Counter[str]:
        """Write everything; returns the rows per table, those of the CRM as `crm.<table>`."""
        company = self.company
        writer = CrmWriter.of(self.crm, company)
        self._put("region", company.regions)
        self._put("product", company.products)
        self._put("customer", company.customers.customers)
        writer.write_records()
        builder = TruthBuilder(company)
        rules = load_finance()
        payers = Payers.of(company.customers.customers, company.profile.dirt.unknown_customer_offset)
        total = company.profile.company.scales[company.scale].orders
        for part, batch in enumerate(company.batches()):
            finance = draw_finance(generator(company.seed, Stream.FINANCE, part), rules, payers, batch, company.clock)
            self._put("sales_order", batch.orders)
            self._put("sales_order_line", batch.lines)
            self._put("receipt", finance.receipts)
            for table, frame in finance.tables.items():
                self._put(table, frame)
            writer.write_batch(part, batch, finance.contracts)
            builder.add(batch)
            builder.add_finance(finance)
            on_progress(self.rows["sales_order"] / total)
        answers = builder.finish(writer.truth.figures)
        self._put("region_target", answers.targets)
        self._put("staff_target", make_staff_targets(rules, writer.staff.org_units, answers.targets, company.seed))
        months = np.arange(company.first_month, company.clock.month + 1).astype("datetime64[s]")
        costs = make_product_costs(generator(company.seed, Stream.COSTS), rules, company.products, months)
        self._put("product_cost", costs)
        self._tell_truth(answers, writer)
        return self.rows + Counter({f"crm.{table}": count for table, count in writer.rows.items()})

    def _put(self, table: str, frame: pd.DataFrame) -> None:
        target = sql.Identifier(ERP_SCHEMA, table)
        self.rows[table] += copy_frame(
            self.erp, target, ERP_TABLES[table], frame, self.company.clock.offset, is_new=True
        )

    def _trap_pairs(self, answers: Truth, writer: CrmWriter) -> pd.DataFrame:
        company, accounts = self.company, writer.accounts
        records = pd.concat([answers.clusters.assign(source=ERP), accounts.clusters.assign(source=CRM)])
        return trap_pairs(
            generator(company.seed, Stream.TRAPS),
            load_groups().traps.by_chance_share,
            accounts.companies,
            company.customers.neighbours,
            records[["source", "key", "true_customer_id"]],
        )

    def _tell_truth(self, answers: Truth, writer: CrmWriter) -> None:
        company, crm = self.company, writer.truth
        for table, frame in (
            ("cluster", pd.concat([answers.clusters, *crm.clusters])),
            ("person", pd.concat(crm.persons)),
            ("product", article_truth(company)),
            ("hierarchy", answers.hierarchy),
            ("trap_pair", self._trap_pairs(answers, writer)),
            ("shared_phone", shared_phones(writer.contacts, company.customers)),
            ("anomaly", pd.concat([answers.anomalies, *crm.anomalies])),
            ("boundary_case", pd.concat([answers.boundary_cases, *crm.boundary_cases])),
            ("cause", answers.causes),
            ("region_month", answers.region_months),
            ("expected", answers.expected),
        ):
            target = sql.Identifier(TRUTH_SCHEMA, table)
            copy_frame(self.truth, target, TRUTH_TABLES[table], frame, company.clock.offset, is_new=True)
        self.truth.execute(
            statement("add_generation"),
            {
                "seed": company.seed,
                "scale": company.scale.value,
                "as_of": company.clock.as_of,
                "business_date": company.clock.today,
                "last_order_id": self.rows["sales_order"],
                "last_receipt_id": self.rows["receipt"],
            },
        )
