"""Count how many rows of each import batch staging holds, as they come and go (ops.staged_batch, for the ledger)."""

from __future__ import annotations

from psycopg2.extensions import cursor as PgCursor

from cockpit.warehouse.models import Model
from cockpit.warehouse.rows import one_row

_TRIGGER = "count_staged"

# PostgreSQL shows a trigger the rows of one kind of change only.
_CHANGES = {
    "insert": "referencing new table as added",
    "update": "referencing old table as removed new table as added",
    "delete": "referencing old table as removed",
    "truncate": "",
}


def count_batches(cursor: PgCursor, model: Model) -> None:
    """Begin to count the rows of a typed staging table that exists; nothing happens where they are counted already."""
    cursor.execute(
        "select exists (select from pg_trigger where tgrelid = cast(%s as regclass) and tgname = %s)",
        (model.qualified_name, f"{_TRIGGER}_truncate"),
    )
    if one_row(cursor)[0]:
        return
    for change, rows in _CHANGES.items():
        cursor.execute(
            f"create or replace trigger {_TRIGGER}_{change} after {change} on {model.qualified_name} {rows}"
            " for each statement execute function ops.count_staged()"
        )
    # Nobody can write since the first trigger, until the transaction ends.
    cursor.execute("delete from ops.staged_batch where staging_table = %s", (model.name,))
    cursor.execute(
        "insert into ops.staged_batch (staging_table, batch_id, staged, quarantined)"
        " select %s, batch_id, count(*) filter (where not is_quarantined), count(*) filter (where is_quarantined)"
        f" from {model.qualified_name} where batch_id is not null group by batch_id",
        (model.name,),
    )
