"""What systems whose rows change at random have in common."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any, ClassVar

from psycopg2.extensions import connection as PgConnection

BEGIN = datetime(2026, 3, 1, tzinfo=UTC)


class ChangingSystem:
    """A source system with rows of its schema, made anew.

    Args:
        connection: To an empty database, as its owner.
    """

    schema: ClassVar[Path]

    def __init__(self, connection: PgConnection) -> None:
        self._connection = connection
        self._random = Random(0)
        self._changed_at = BEGIN
        self._next_id = 1000
        with connection, connection.cursor() as cursor:
            cursor.execute(self.schema.read_text(encoding="utf-8"))

    def _new_id(self) -> int:
        self._next_id += 1
        return self._next_id

    def _write(self, table: str, **values: Any) -> None:
        values["updated_at"] = self._changed_at
        columns, places = ", ".join(values), ", ".join(["%s"] * len(values))
        updates = ", ".join(f"{column} = excluded.{column}" for column in values)
        with self._connection, self._connection.cursor() as cursor:
            cursor.execute(
                f"insert into {table} ({columns}) values ({places})"
                f" on conflict on constraint {table}_pkey do update set {updates}",
                list(values.values()),
            )
