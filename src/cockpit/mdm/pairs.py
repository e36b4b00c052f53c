"""Keep the compared pairs of the newest run: only what differs from the run before is written."""

from __future__ import annotations

from collections.abc import Collection

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
    _copy_new(cursor, entity, pairs)
    _merge(cursor, entity)
    cursor.execute("analyze mdm.pair")


def replace_some(
    cursor: PgCursor, entity: str, pairs: pd.DataFrame, touched: Collection[str], matched: Collection[str]
) -> None:
    """Write what a run found that followed a change.

    Args:
        cursor: In the transaction of the run.
        entity: Whose pairs they are.
        pairs: COLUMNS; all pairs that take the place of the others.
        touched: Records of which no earlier pair holds.
        matched: Records between which no earlier pair holds.
    """
    _copy_new(cursor, entity, pairs)
    cursor.execute("create temp table pair_end (record_id text primary key, is_touched boolean) on commit drop")
    copy_rows(
        cursor,
        "pg_temp.pair_end",
        ["record_id", "is_touched"],
        ((record, record in touched) for record in sorted({*touched, *matched})),
    )
    cursor.execute("analyze pg_temp.pair_end")
    # Looked up from the ends, so that the other pairs need not be read.
    cursor.execute(
        "create temp table old_pair on commit drop as"
        " select pair.left_record, pair.right_record from pg_temp.pair_end as one"
        " inner join mdm.pair on pair.entity = %(entity)s and pair.left_record = one.record_id"
        " left join pg_temp.pair_end as other on other.record_id = pair.right_record"
        " where one.is_touched or other.record_id is not null"
        " union"
        " select pair.left_record, pair.right_record from pg_temp.pair_end as one"
        " inner join mdm.pair on pair.entity = %(entity)s and pair.right_record = one.record_id"
        " where one.is_touched",
        {"entity": entity},
    )
    cursor.execute("create index on old_pair (left_record, right_record)")
    cursor.execute("analyze pg_temp.old_pair")
    cursor.execute(
        "delete from mdm.pair using pg_temp.old_pair as old"
        " where pair.entity = %s and pair.left_record = old.left_record and pair.right_record = old.right_record"
        " and not exists (select from pg_temp.new_pair as new"
        " where new.left_record = old.left_record and new.right_record = old.right_record)",
        (entity,),
    )
    cursor.execute(
        f"insert into mdm.pair as old (entity, {', '.join(COLUMNS)})"
        f" select entity, {', '.join(COLUMNS)} from pg_temp.new_pair"
        " on conflict (entity, left_record, right_record) do update set score = excluded.score,"
        " outcome = excluded.outcome, reasons = excluded.reasons, model_version = excluded.model_version"
        " where (old.score, old.outcome, old.reasons, old.model_version)"
        " is distinct from (excluded.score, excluded.outcome, excluded.reasons, excluded.model_version)"
    )


def _copy_new(cursor: PgCursor, entity: str, pairs: pd.DataFrame) -> None:
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


def _merge(cursor: PgCursor, entity: str) -> None:
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
