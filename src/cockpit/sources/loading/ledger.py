"""The import ledger: what each batch received and what became of it, written once, with the rows themselves."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from importlib import resources
from typing import TypedDict

from psycopg2.extensions import connection as PgConnection
from psycopg2.extensions import cursor as PgCursor

from cockpit.sources.loading.statements import statement


@dataclass(frozen=True)
class BatchResult:
    """One ledger row; received = loaded + unchanged + superseded + rejected.

    Attributes:
        batch_id: Number that the batch's rows carry in raw.
        label: Business day, name of the file, `full`, `incremental`, `back-fill` or `deletes`.
        loaded: Rows inserted or changed in raw.
        unchanged: Rows that raw holds already, as they are.
        superseded: Rows of which the same batch holds a newer one with the same key.
        rejected: Lines or rows that could not be read; listed in ops.rejected_line.
        deleted: Rows that are gone from the source; counted apart.
        bytes: Size of the received payloads as raw stores them.
        seconds: The batch's share, by rows, of the time of its transaction.
    """

    batch_id: int
    source: str
    entity: str
    label: str
    received: int
    loaded: int
    unchanged: int
    superseded: int
    rejected: int
    deleted: int
    bytes: int
    seconds: float


class Origin(TypedDict):
    """What a ledger row says about where its batch comes from; the texts are explained in schema.sql."""

    run_id: str
    cursor_from: str | None
    cursor_to: str | None
    holds_cursor: bool
    content_hash: str | None
    schema_hash: str | None


def prepare(connection: PgConnection) -> None:
    """Create or bring up to date the ledger's tables; can be repeated, also while loads are running."""
    definition = (resources.files("cockpit.sources.loading") / "schema.sql").read_text(encoding="utf-8")
    comment = f"Import ledger, definition {hashlib.sha256(definition.encode()).hexdigest()[:16]}"
    with connection, connection.cursor() as cursor:
        # Applied only when it has changed: even "if not exists" locks tables that running loads write to.
        cursor.execute("select obj_description(to_regclass('ops.import_batch'), 'pg_class')")
        if _value(cursor) == comment:
            return
        # "if not exists" alone fails when two sessions create the same table at the same moment.
        cursor.execute("select pg_advisory_xact_lock(hashtextextended('cockpit.sources.prepare', 0))")
        cursor.execute(definition)
        cursor.execute("comment on table ops.import_batch is %s", (comment,))


def next_batch_id(cursor: PgCursor) -> int:
    """Number of a new batch, before its ledger row is written."""
    cursor.execute("select nextval(pg_get_serial_sequence('ops.import_batch', 'batch_id'))")
    return int(str(_value(cursor)))


def write_batch(cursor: PgCursor, batch: BatchResult, origin: Origin) -> None:
    """Add the row to the transaction that wrote the batch's rows."""
    cursor.execute(statement("insert_batch"), {**asdict(batch), **origin})


def write_replacements(cursor: PgCursor, batch_id: int, replaced: dict[int, int], *, is_deletion: bool = False) -> None:
    """Note how many rows of which older batches this batch replaces or marks as deleted."""
    cursor.executemany(
        "insert into ops.batch_replacement (batch_id, replaced_by_batch_id, row_count, is_deletion)"
        " values (%s, %s, %s, %s)",
        [(older, batch_id, count, is_deletion) for older, count in replaced.items()],
    )


def last_cursor(cursor: PgCursor, source: str, entity: str) -> str | None:
    """Value of the cursor up to which everything has been read; None before the first load."""
    cursor.execute(
        "select cursor_to from ops.import_batch"
        " where source = %s and entity = %s and content_hash is null and cursor_to is not null and holds_cursor"
        " order by batch_id desc limit 1",
        (source, entity),
    )
    value = _value(cursor)
    return None if value is None else str(value)


def _value(cursor: PgCursor) -> object:
    row = cursor.fetchone()
    return row[0] if row else None
