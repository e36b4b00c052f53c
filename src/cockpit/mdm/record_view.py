"""Source records as people look at them: their columns, what they are called, and which values are about persons."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from typing import Any, TypeAlias

from psycopg2 import sql
from psycopg2.errors import UndefinedTable
from psycopg2.extensions import connection as PgConnection
from psycopg2.extensions import cursor as PgCursor

from cockpit.rulebook.contract import Contract
from cockpit.rulebook.workspace import Workspace
from cockpit.warehouse.conformed import branches, entity_of

RecordRow: TypeAlias = Mapping[str, Any]

# Parts of a record's name, and what other columns are made of.
_KEYS = ("source", "source_key")
_WORD = re.compile(r"[a-z_][a-z0-9_]*")
# Columns of staging that stand beside a standardised one.
_BESIDE = re.compile(r"_(received|outcome|reason|confidence|details)$")
_FOUND_AT_ONCE = 1_000


def parted(record_id: str) -> tuple[str, str]:
    """Source and key of a record id; the key may hold a colon, the name of a source never does."""
    source, _colon, key = record_id.partition(":")
    return source, key


def shown_columns(staged: Contract) -> tuple[str, ...]:
    """Columns of a conformed table that are worth a look, in the order of the contract."""
    # Most often the same as the key in the record's id.
    keys = (*_KEYS, f"{entity_of(staged)}_key")
    return tuple(name for name, column in staged.columns.items() if name not in keys and column.type != "jsonb")


def read_records(cursor: PgCursor, staged: Contract, record_ids: Collection[str]) -> dict[str, RecordRow]:
    """Rows of a conformed table by record id; those that have gone are left out."""
    names = shown_columns(staged)
    wanted = [parted(record) for record in record_ids]
    cursor.execute(
        sql.SQL(
            "select record.source || ':' || record.source_key, {columns} from {table} as record"
            " inner join unnest(cast(%s as text[]), cast(%s as text[])) as wanted (source, source_key)"
            " on record.source = wanted.source and record.source_key = wanted.source_key"
        ).format(
            columns=sql.SQL(", ").join(sql.Identifier("record", name) for name in names),
            table=sql.Identifier("staging", staged.table),
        ),
        ([source for source, _key in wanted], [key for _source, key in wanted]),
    )
    return {row[0]: dict(zip(names, row[1:], strict=True)) for row in cursor.fetchall()}


def find_records(connection: PgConnection, staged: Contract, title: str, text: str) -> list[str]:
    """Records whose title holds a text, whatever its case: the first thousand; none before staging is there."""
    try:
        with connection.cursor() as cursor:
            cursor.execute(
                sql.SQL(
                    "select source || ':' || source_key from {table}"
                    " where position(lower(%s) in lower({title})) > 0 limit %s"
                ).format(table=sql.Identifier("staging", staged.table), title=sql.Identifier(title)),
                (text, _FOUND_AT_ONCE),
            )
            return [record for (record,) in cursor.fetchall()]
    except UndefinedTable:
        connection.rollback()
        return []


def personal_columns(workspace: Workspace, staged: Contract, entity: str) -> frozenset[str]:
    """Columns of a conformed table that any source fills from one about persons."""
    return frozenset(
        name
        for branch in branches(workspace, entity)
        for name in staged.columns
        if name in branch.conform.columns and _is_personal(branch.source.entity, branch.conform.columns[name])
    )


def _is_personal(entity: Any, expression: str) -> bool:
    personal = {entity.our_name(name) for name, column in entity.columns.items() if column.sensitivity == "personal"}
    return not personal.isdisjoint(_columns_in(expression))


def _columns_in(expression: str) -> Iterable[str]:
    for word in _WORD.findall(expression):
        yield word
        yield _BESIDE.sub("", word)
