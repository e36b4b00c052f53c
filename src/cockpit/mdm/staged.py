"""Records of an entity as its conformed table has them, and which of them stand for somebody else than before."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pandas as pd
from psycopg2.extensions import cursor as PgCursor

from cockpit.domain.key_reuse import is_somebody_else
from cockpit.mdm.frames import read_texts
from cockpit.mdm.record_view import parted
from cockpit.rulebook.contract import Contract
from cockpit.rulebook.survivorship import Survivorship
from cockpit.warehouse.received_text import quoted

# The records that are asked for, where not all are.
_WANTED = (
    " inner join unnest(cast(%(sources)s as text[]), cast(%(keys)s as text[])) as wanted (source, source_key)"
    " using (source, source_key)"
)


def read_records(
    cursor: PgCursor,
    rule: Survivorship,
    staged: Contract,
    compared: Sequence[str],
    only: Iterable[str] | None = None,
) -> pd.DataFrame:
    """Records of an entity as texts: record_id, source, source_key, own_key and the columns that are compared.

    Args:
        cursor: In the transaction of the run.
        rule: Of the entity: names the key.
        staged: Contract of its conformed table.
        compared: Columns.
        only: Record ids, those that have gone are left out; all records when None.
    """
    columns = (f"{given(staged, name)} as {name}" for name in compared)
    record = "source || ':' || source_key as record_id, source, source_key"
    chosen = ", ".join([record, f"cast({rule.key} as text) as own_key", *columns])
    values = None if only is None else _wanted(only)
    return read_texts(
        cursor,
        f"select {chosen} from staging.{staged.table}{'' if values is None else _WANTED} order by source, source_key",
        values,
    )


def read_present(cursor: PgCursor, staged: Contract, records: Iterable[str]) -> set[str]:
    """Those of these records that are in their source now."""
    cursor.execute(f"select source || ':' || source_key from staging.{staged.table}{_WANTED}", _wanted(records))
    return {record for (record,) in cursor.fetchall()}


def given(staged: Contract, column: str) -> str:
    """SQL: a column as text, as its source gave it. One that a completion rule filled proves nothing, because its value
    may come from the record that it would be compared with.
    """
    text = f"cast({column} as text)"
    if staged.columns[column].type == "timestamptz":
        # The same text whatever the time zone of the session.
        text = f"cast({column} at time zone 'UTC' as text)"
    return f"case when completed -> {quoted(column)} is null then {text} end"


def find_reused(cursor: PgCursor, rule: Survivorship, staged: Contract, only: Iterable[str] | None = None) -> list[str]:
    """Records whose key stands for somebody else than at the last run, in order; among all when `only` is None."""
    if not rule.same_while_one_of:
        return []
    cursor.execute(
        "select seen.record_id, seen.content, now.content from mdm.record_seen as seen"
        f" inner join ({_now(rule, staged, only)}) as now on seen.record_id = now.record_id"
        " where seen.entity = %(entity)s and seen.content is distinct from now.content",
        {"entity": rule.entity, **({} if only is None else _wanted(only))},
    )
    name_at = rule.same_while_one_of.index(rule.same_name) if rule.same_name else None
    return sorted(
        record
        for record, before, now in cursor
        if is_somebody_else(before, now, name_at=name_at, other_name_below=rule.other_name_below)
    )


def remember_records(cursor: PgCursor, rule: Survivorship, staged: Contract, only: Iterable[str] | None = None) -> None:
    """Keep what tells records from others, for `find_reused` of the next run; of all when `only` is None."""
    if not rule.same_while_one_of:
        return
    cursor.execute(
        "insert into mdm.record_seen as seen (entity, record_id, content)"
        f" select %(entity)s, now.record_id, now.content from ({_now(rule, staged, only)}) as now"
        " left join mdm.record_seen as before on before.entity = %(entity)s and before.record_id = now.record_id"
        " where before.content is distinct from now.content"
        " on conflict (entity, record_id) do update set content = excluded.content",
        {"entity": rule.entity, **({} if only is None else _wanted(only))},
    )


def _now(rule: Survivorship, staged: Contract, only: Iterable[str] | None) -> str:
    content = ", ".join(given(staged, name) for name in rule.same_while_one_of)
    return (
        f"select source || ':' || source_key as record_id, array[{content}] as content"
        f" from staging.{staged.table}{'' if only is None else _WANTED}"
    )


def _wanted(records: Iterable[str]) -> dict[str, list[str]]:
    places = [parted(record) for record in records]
    return {"sources": [source for source, _key in places], "keys": [key for _source, key in places]}
