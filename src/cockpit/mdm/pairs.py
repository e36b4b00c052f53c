"""Keep the compared pairs of the newest run: only what differs from the run before is written."""

from __future__ import annotations

import pandas as pd
from psycopg2.extensions import cursor as PgCursor

from cockpit.warehouse.copy import copy_rows

# `score` is a probability, `outcome` merge, review or no, `reasons` JSON as text or None.
COLUMNS = ("left_record", "right_record", "score", "outcome", "reasons", "model_version")
_COMPARED = "score, outcome, reasons, model_version"


def replace(cursor: PgCursor, entity: str, pairs: pd.DataFrame) -> None:
    """Make mdm.pair of an entity equal to these pairs.

    Args:
        cursor: In the transaction of the run.
        entity: Whose pairs they are.
        pairs: COLUMNS; the left record id is the lesser one.
    """
    cursor.execute("create temp table new_pair (like mdm.pair including defaults) on commit drop")
    columns = (pairs[name].tolist() for name in COLUMNS)
    copy_rows(
        cursor,
        "pg_temp.new_pair",
        ["entity", *COLUMNS],
        ((entity, *row) for row in zip(*columns, strict=True)),
    )
    cursor.execute("create unique index on new_pair (entity, left_record, right_record)")
    cursor.execute("analyze pg_temp.new_pair")
    new = ", ".join(f"new.{name}" for name in ("entity", *COLUMNS))
    row = ", ".join(f"{{0}}.{name}" for name in _COMPARED.split(", "))
    cursor.execute(
        "merge into mdm.pair as old using pg_temp.new_pair as new"
        " on old.entity = new.entity and old.left_record = new.left_record and old.right_record = new.right_record"
        f" when matched and ({row.format('old')}) is distinct from ({row.format('new')})"
        " then update set score = new.score, outcome = new.outcome, reasons = new.reasons,"
        " model_version = new.model_version"
        f" when not matched then insert (entity, {', '.join(COLUMNS)}) values ({new})"
        " when not matched by source and old.entity = %s then delete",
        (entity,),
    )
    cursor.execute("analyze mdm.pair")
