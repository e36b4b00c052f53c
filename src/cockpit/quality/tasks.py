"""Each row that is held back is somebody's task: opened with the check that found it, closed when it passes."""

from __future__ import annotations

from psycopg2 import sql
from psycopg2.extensions import cursor as PgCursor

from cockpit.warehouse.models import Model
from cockpit.warehouse.tables import FLAG

# A longer text is nobody's name, and more than an index takes.
_LONGEST_OWNER = 200


def settle(cursor: PgCursor, model: Model, source: str, entity: str) -> None:
    """Open and close tasks so that they fit the rows that are held back now.

    Args:
        cursor: In the transaction of the check, after flags and entries are set.
        model: A gated model of that entity.
        source, entity: Whose rows.
    """
    owners = sorted({check.owner_column for check in model.contract.checks if check.owner_column})
    owner = sql.SQL("coalesce({})").format(
        sql.SQL(", ").join(
            [
                *(
                    sql.SQL("case when char_length(t.{0}) <= {1} then nullif(btrim(t.{0}), '') end").format(
                        sql.Identifier(name), sql.Literal(_LONGEST_OWNER)
                    )
                    for name in owners
                ),
                sql.Literal(model.contract.owner),
            ]
        )
    )
    table = sql.SQL(model.qualified_name)
    flag = sql.Identifier(FLAG)
    names = {"source": source, "entity": entity}
    cursor.execute(
        sql.SQL(
            "update quality.task as task set closed_at = now(), link_version = link_version + 1,"
            " state = case when exists (select from {table} as t where t.source_key = task.key) then 'released'"
            " else 'gone' end"
            " where task.source = %(source)s and task.entity = %(entity)s and task.closed_at is null"
            " and not exists (select from {table} as t where t.source_key = task.key and t.{flag})"
        ).format(table=table, flag=flag),
        names,
    )
    # The answer did not help: another rule holds the row back now.
    cursor.execute(
        "update quality.task set state = 'open' where source = %(source)s and entity = %(entity)s"
        " and closed_at is null and state = 'answered'",
        names,
    )
    cursor.execute(
        sql.SQL(
            "insert into quality.task (source, entity, key, owner, batch_id)"
            " select %(source)s, %(entity)s, t.source_key, {owner}, t.batch_id from {table} as t where t.{flag}"
            " on conflict (source, entity, key) where closed_at is null do nothing"
        ).format(table=table, flag=flag, owner=owner),
        names,
    )
