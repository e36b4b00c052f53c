"""Tables that models read, changed as their own builds would: with the keys of what changed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from cockpit.warehouse import builds
from cockpit.warehouse.builds import Build
from cockpit.warehouse.models import Model
from cockpit.warehouse.rows import one_row
from cockpit.warehouse.runner import BuildContext, build, changed_columns
from tests.sql.database import Warehouse


class ChangingTables:
    """Writes rows of models that are not built themselves."""

    def __init__(self, warehouse: Warehouse, context: BuildContext) -> None:
        self._warehouse, self._context = warehouse, context

    def write(self, name: str, rows: Sequence[dict[str, Any]]) -> None:
        """Put the rows in the place of those of their keys; every third one only takes them away."""
        model = self._context.graph[name]
        table, grain = model.qualified_name, model.contract.grain
        self._warehouse.execute(f"create temp table before as select * from {table}")
        for number, row in enumerate(rows):
            where = " and ".join(f"{column} = %s" for column in grain)
            self._warehouse.execute(f"delete from {table} where {where}", [row[column] for column in grain])
            if number % 3 != 2:
                self._warehouse.insert(table, [row])
        with self._warehouse.connection as connection, connection.cursor() as cursor:
            changed = f"((table before except table {table}) union (table {table} except table before))"
            cursor.execute(f"select count(*) from {changed} as changed")
            (count,) = one_row(cursor)
            if count:
                made = Build(0, name, "incremental", 0, count, 0, "", {}, 0.0)
                build_id = builds.record(cursor, made, "test", self._context.as_of, has_changed_keys=True)
                for columns in changed_columns(model, self._context.graph):
                    cursor.execute(
                        "insert into ops.changed_key (build_id, model, columns, key)"
                        f" select distinct %s, %s, %s, jsonb_build_array({', '.join(columns)}) from {changed} as changed",
                        (build_id, name, ",".join(columns)),
                    )
        self._warehouse.execute("drop table before")


def build_in_part_then_in_full(warehouse: Warehouse, models: Iterable[Model], context: BuildContext) -> set[str]:
    """Build each model from what changed, then all of it, and require that the second time finds no difference.

    Returns:
        Models that were computed for some keys alone and changed.
    """
    results = [build(warehouse.connection, model, context) for model in models]
    differing = [
        result.model
        for result in (build(warehouse.connection, model, context, full=True) for model in models)
        if result.changed
    ]
    assert differing == []
    return {result.model for result in results if result.changed and result.kind == "incremental"}
