"""Write a generated company into its ERP database and its truth beside it."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import pandas as pd
from psycopg2 import sql
from psycopg2.extensions import connection as PgConnection
from psycopg2.extensions import cursor as PgCursor

from cockpit.demo.bulk_copy import copy_frame
from cockpit.demo.capacity import require_capacity
from cockpit.demo.company import Company
from cockpit.demo.profile import Scale
from cockpit.demo.statements import statement
from cockpit.demo.tables import ERP_TABLES, TRUTH_TABLES
from cockpit.demo.truth import TruthBuilder

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
        rows: Rows per ERP table, empty when reused.
    """

    is_reused: bool
    rows: dict[str, int]
    seconds: float


def fill(
    erp: PgConnection,
    truth: PgConnection,
    company: Company,
    *,
    data_folder: Path | None = None,
    on_progress: Callable[[float], None] | None = None,
) -> FillReport:
    """Fill the ERP and schema truth, unless the same company (seed, scale, business date) is there already.

    Everything that was in the ERP's tables is replaced. Each database changes in one transaction; truth.generation
    is committed last, so that a fill that was killed is done again.

    Args:
        erp: Owner of the ERP database.
        truth: Owner of schema truth.
        company: What to write.
        data_folder: Where the database server keeps its files, when it is on this machine; the scale's need
            of disk is checked there.
        on_progress: Called with the share of orders written, 0-1.

    Raises:
        StackError: not enough memory or disk for the scale.
    """
    started = time.perf_counter()
    stored = stored_generation(truth)
    wanted = (company.seed, company.scale, company.clock.today)
    if stored and (stored.seed, stored.scale, stored.business_date) == wanted and _holds(erp, stored):
        logger.info("demo company is already there: seed %s, scale %s", company.seed, company.scale.value)
        return FillReport(is_reused=True, rows={}, seconds=time.perf_counter() - started)
    require_capacity(company.profile, company.scale, data_folder)

    # Left in reverse order: the ERP is committed before its truth.
    with truth, erp, truth.cursor() as truth_cursor, erp.cursor() as erp_cursor:
        _prepare(truth_cursor, "truth_schema", TRUTH_SCHEMA, [*TRUTH_TABLES, *_TRUTH_STATE])
        _prepare(erp_cursor, "erp_schema", ERP_SCHEMA, list(ERP_TABLES))
        rows = _write(erp_cursor, truth_cursor, company, on_progress or (lambda _share: None))
        # Statistics for the first readers; autovacuum would come too late.
        for cursor, schema, tables in (
            (erp_cursor, ERP_SCHEMA, ERP_TABLES),
            (truth_cursor, TRUTH_SCHEMA, TRUTH_TABLES),
        ):
            cursor.execute(
                sql.SQL("analyze {}").format(sql.SQL(", ").join(sql.Identifier(schema, table) for table in tables))
            )
    logger.info("demo company written: %s rows, scale %s", sum(rows.values()), company.scale.value)
    return FillReport(is_reused=False, rows=dict(rows), seconds=time.perf_counter() - started)


def stored_generation(truth: PgConnection) -> Generation | None:
    """What the ERP was filled from, days simulated since included; None when it never was."""
    with truth, truth.cursor() as cursor:
        cursor.execute("select to_regclass('truth.generation')")
        found = cursor.fetchone()
        if found is None or found[0] is None:
            return None
        cursor.execute(statement("stored_generation"))
        row = cursor.fetchone()
    if row is None:
        return None
    seed, scale, *rest = row
    return Generation(seed, Scale(scale), *rest)


def _holds(erp: PgConnection, stored: Generation) -> bool:
    """Whether the ERP still has the last order of what truth says it has; it may have been reset alone."""
    with erp, erp.cursor() as cursor:
        cursor.execute("select to_regclass('public.sales_order')")
        found = cursor.fetchone()
        if found is None or found[0] is None:
            return False
        cursor.execute("select exists (select from public.sales_order where order_id = %s)", (stored.last_order_id,))
        return cursor.fetchone() == (True,)


def _prepare(cursor: PgCursor, definition: str, schema: str, tables: list[str]) -> None:
    """Create what is missing and empty the rest; grants on existing tables stay."""
    cursor.execute(statement(definition))
    cursor.execute(sql.SQL("truncate {}").format(sql.SQL(", ").join(sql.Identifier(schema, table) for table in tables)))


def _write(erp: PgCursor, truth: PgCursor, company: Company, on_progress: Callable[[float], None]) -> Counter[str]:
    offset = company.clock.offset
    rows: Counter[str] = Counter()

    def put(table: str, frame: pd.DataFrame) -> None:
        rows[table] += copy_frame(erp, sql.Identifier(ERP_SCHEMA, table), ERP_TABLES[table], frame, offset)

    put("region", company.regions)
    put("product", company.products)
    put("customer", company.customers.customers)
    builder = TruthBuilder(company)
    total = company.profile.company.scales[company.scale].orders
    for batch in company.batches():
        put("sales_order", batch.orders)
        put("sales_order_line", batch.lines)
        put("receipt", batch.receipts)
        builder.add(batch)
        on_progress(rows["sales_order"] / total)
    answers = builder.finish()
    put("region_target", answers.targets)
    for table, frame in (
        ("customer_cluster", answers.clusters),
        ("anomaly", answers.anomalies),
        ("boundary_case", answers.boundary_cases),
        ("cause", answers.causes),
        ("region_month", answers.region_months),
        ("expected", answers.expected),
    ):
        copy_frame(truth, sql.Identifier(TRUTH_SCHEMA, table), TRUTH_TABLES[table], frame, offset)
    truth.execute(
        statement("add_generation"),
        {
            "seed": company.seed,
            "scale": company.scale.value,
            "as_of": company.clock.as_of,
            "business_date": company.clock.today,
            "last_order_id": rows["sales_order"],
            "last_receipt_id": rows["receipt"],
        },
    )
    return rows
