"""Read tables of a PostgreSQL source: COPY out of there, into COPY here, nothing in between but a pipe."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import BinaryIO

from psycopg2 import sql
from psycopg2.extensions import connection as PgConnection

from cockpit.errors import TerminalError
from cockpit.i18n import _
from cockpit.rulebook.sources import SqlEntity, SqlSource
from cockpit.sources.databases.tables import NO_CURSOR_TYPE, Located, check_cursor, locate, present_name
from cockpit.sources.loading.drift import schema_hash
from cockpit.sources.loading.keys import key_expression
from cockpit.sources.loading.loader import Portion, Provenance, newest_position
from cockpit.sources.loading.reading import Delivery, Observed, Window
from cockpit.sources.loading.reasons import EMPTY_KEY
from cockpit.sources.loading.statements import statement
from cockpit.warehouse.connections import connect
from cockpit.warehouse.faults import database_errors

COPY_COLUMNS = ("key", "payload", "hash", "label", "position", "reason", "raw_text")

_TYPE_MODIFIER = re.compile(r"\(.*?\)")


class PostgresReading:
    """One table of the source, looked up and fit to be read; see `Reading`.

    Attributes:
        position_type: PostgreSQL type of the cursor column; any type where there is none.
        observed: Names and types of all its columns, declared or not.
    """

    def __init__(
        self, connection: PgConnection, entity: SqlEntity, table: sql.Identifier, columns: dict[str, str], where: str
    ) -> None:
        self._connection = connection
        self._entity = entity
        self._table = table
        self._where = where
        self.observed = Observed(columns)
        cursor = present_name(entity, entity.cursor, columns) if entity.cursor else None
        self.position_type = _TYPE_MODIFIER.sub("", columns[cursor]) if cursor else NO_CURSOR_TYPE
        if cursor:
            check_cursor(where, entity, self.position_type)

    @cached_property
    def _located(self) -> Located:
        return locate(self._where, self._entity, self.observed.columns)

    def portions(self, window: Window) -> Iterator[Delivery]:
        """All rows of the window at once: they are in the order of the table, not of the cursor."""
        copy = statement(
            "copy_rows",
            label=sql.Literal(window.label),
            no_key=sql.Literal(EMPTY_KEY),
            key=key_expression(self._located.key),
            position=self._position(),
            table=self._table,
            condition=self._condition(window),
            limit=sql.Literal(window.limit),
        )
        # Asked before the output starts: until its end the connection can do nothing else.
        has_unique_keys = self.has_unique_keys
        with self._output(copy) as rows:
            provenance = Provenance(cursor=window.seen, schema_hash=schema_hash(self.observed))
            portion = Portion(rows, COPY_COLUMNS, is_binary=True, has_unique_keys=has_unique_keys)
            yield Delivery(portion, provenance)

    @cached_property
    def has_unique_keys(self) -> bool:
        """Whether a primary key or unique index of the source lies within the entity's key."""
        with self._connection.cursor() as cursor:
            cursor.execute(statement("list_unique_keys"), {"table": self._table.as_string(cursor)})
            return any(set(columns) <= set(self._located.key) for (columns,) in cursor.fetchall())

    def newest(self) -> str | None:
        """The greatest cursor of all rows that does not lie in the future."""
        newest = statement(
            "read_newest", newest=newest_position(self.position_type), position=self._position(), table=self._table
        )
        with self._connection.cursor() as cursor:
            cursor.execute(newest)
            row = cursor.fetchone()
        return None if row is None or row[0] is None else str(row[0])

    @contextmanager
    def straight(self, batch_id: int) -> Iterator[Portion]:
        """All rows in the columns of the raw table itself."""
        copy = statement(
            "copy_straight",
            batch_id=sql.Literal(batch_id),
            key=key_expression(self._located.key),
            table=self._table,
        )
        with self._output(copy) as rows:
            yield Portion(rows, ("key", "payload", "hash", "batch_id"), is_binary=True)

    @contextmanager
    def keys(self) -> Iterator[Portion]:
        """Every key that the table holds in this snapshot."""
        with self._output(statement("copy_keys", key=key_expression(self._located.key), table=self._table)) as rows:
            yield Portion(rows, ("key",), is_binary=True)

    @contextmanager
    def _output(self, copy: sql.Composed) -> Iterator[Pump]:
        pump = Pump(self._connection, copy.as_string(self._connection))
        try:
            yield pump
        finally:
            pump.close()

    def _position(self) -> sql.Composable:
        if self._located.cursor:
            return sql.Identifier("record", self._located.cursor)
        return sql.SQL("cast(null as {})").format(sql.SQL(self.position_type))

    def _condition(self, window: Window) -> sql.Composable:
        """Null cursors are read each time, but for a past interval, to which they do not belong."""
        if self._located.cursor is None or (window.start is None and window.end is None):
            return sql.SQL("")
        cursor = sql.Identifier("record", self._located.cursor)
        limits = [
            sql.SQL("{} {} cast({} as {})").format(
                cursor, sql.SQL(sign), sql.Literal(value), sql.SQL(self.position_type)
            )
            for sign, value in ((">=", window.start), ("<", window.end))
            if value is not None
        ]
        within = sql.SQL(" and ").join(limits)
        if window.end is not None:
            return sql.SQL("where {}").format(within)
        return sql.SQL("where {} or {} is null").format(within, cursor)


class PostgresSource:
    """A read-only session on a source, in one snapshot from beginning to end; made by `open_source`."""

    def __init__(self, connection: PgConnection, source: SqlSource) -> None:
        self.name = source.source
        self._connection = connection
        self._source = source

    def reading(self, entity_name: str) -> PostgresReading:
        """Look up an entity's table.

        Raises:
            TerminalError: no such table, or a cursor that cannot be compared.
        """
        entity = self._source.entities[entity_name]
        where = f"{self.name}.{entity_name}"
        name = sql.Identifier(*entity.table.split("."))
        with database_errors(where), self._connection.cursor() as cursor:
            cursor.execute(statement("list_columns"), {"table": name.as_string(cursor)})
            columns: dict[str, str] = dict(cursor.fetchall())
        if not columns:
            raise TerminalError(
                _("the source has no such table, or its user may not see it"), where=where, found=entity.table
            )
        return PostgresReading(self._connection, entity, name, columns, where)


class Pump:
    """Moves the output of COPY through a pipe, whose size bounds the memory, to the COPY that reads it.

    Attributes:
        failure: The error that ended the source's output early. The reader only sees an end, so the loader has to
            look here before it commits.
    """

    def __init__(self, connection: PgConnection, copy: str) -> None:
        reading, writing = os.pipe()
        self.failure: Exception | None = None
        self._output: BinaryIO = os.fdopen(reading, "rb")
        self._thread = threading.Thread(target=self._run, args=(connection, copy, writing), name="copy", daemon=True)
        self._thread.start()

    def _run(self, connection: PgConnection, copy: str, writing: int) -> None:
        try:
            with os.fdopen(writing, "wb") as sink, connection.cursor() as cursor:
                cursor.copy_expert(copy, sink)
        except Exception as error:
            self.failure = error

    def read(self, size: int = -1, /) -> bytes:
        """The next bytes; nothing when the source's output has ended, well or not."""
        data = self._output.read(size)
        if not data:
            # The failure is known only when the thread has ended.
            self._thread.join()
        return data

    def close(self) -> None:
        """Stop reading; the source's COPY ends with it."""
        self._output.close()
        self._thread.join()


@contextmanager
def open_source(source: SqlSource) -> Iterator[PostgresSource]:
    """Open a source for reading: one snapshot, so that tables read after each other fit together.

    Raises:
        StackError: connection unknown or refused.
        TransientError: no answer.
    """
    connection = connect(source.connection)
    try:
        with database_errors(source.source):
            connection.set_session(isolation_level="REPEATABLE READ", readonly=True)
            connection.set_client_encoding("UTF8")
            with connection.cursor() as cursor:
                # The text of a time, in keys and payloads, must not depend on the server's settings.
                cursor.execute("set time zone 'UTC'; set datestyle = 'ISO'; set intervalstyle = 'iso_8601'")
        yield PostgresSource(connection, source)
    finally:
        connection.close()
